//! Signatures that the vault makes, as the stock tools see them.

use std::path::Path;
use std::process::Command;

use offline_vault::openpgp::{KeyVersion, OpenPgpError, SecretCertificate};
use signing_format::digest_state::Sha512Stream;
use signing_format::openpgp::{
    CheckOutcome, Cleartext, DataSignature, EDDSA_LEGACY, Fingerprint, PublicKeys, SignatureFrame,
    SignatureType, SignedData,
};

use super::referees::{Gpg, file, run, said};
use super::{NOW, ageless, generated, later};

const COMMIT: &[u8] = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
    author A <a@example.org> 1767323045 +0000\n\
    committer A <a@example.org> 1767323045 +0000\n\nfirst\n";

/// GnuPG says that the signature is good.
fn assert_gpg_says_good(certificate: &SecretCertificate, signature: &str, data: &[u8]) {
    let gpg = Gpg::at(later(2).0);
    gpg.run(
        &["--import"],
        certificate.export_public().unwrap().as_bytes(),
    );
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "s.asc", signature);
    let path = path.to_str().unwrap();
    let status = gpg.text(&["--status-fd=1", "--verify", path, "-"], data);
    assert!(status.contains("[GNUPG:] GOODSIG "), "{status}");
    assert!(status.contains("[GNUPG:] VALIDSIG "), "{status}");
    let other = gpg.output(&["--status-fd=1", "--verify", path, "-"], b"other");
    assert!(said(&other).contains("[GNUPG:] BADSIG "), "{other:?}");
}

/// Whether `sq` has the options of its versions from 1.0; those before had others.
fn is_new_sq() -> bool {
    let help = run(Command::new("sq").args(["verify", "--help"]), b"");
    said(&help).contains("--signer-file")
}

fn sq_option(new: &'static str, old: &'static str) -> &'static str {
    if is_new_sq() { new } else { old }
}

fn sq_verify(keyring: &Path) -> Command {
    let mut sq = Command::new("sq");
    // Versions from 1.0 would look for certificates in a store of their own.
    sq.env("SEQUOIA_HOME", keyring.with_extension("home"));
    sq.args(["verify", sq_option("--signer-file", "--signer-cert")]);
    sq.arg(keyring);
    sq
}

/// `sqv` and `sq verify` say that the signature is good.
fn assert_sequoia_says_good(certificate: &SecretCertificate, signature: &str, data: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let keyring = file(dir.path(), "k.asc", certificate.export_public().unwrap());
    let signature = file(dir.path(), "s.asc", signature);
    let data = file(dir.path(), "data", data);
    let sqv = Command::new("sqv")
        .arg("--keyring")
        .args([&keyring, &signature, &data])
        .output()
        .unwrap();
    assert!(sqv.status.success(), "{}", said(&sqv));
    let detached = sq_option("--signature-file", "--detached");
    let sq = run(
        sq_verify(&keyring).arg(detached).args([&signature, &data]),
        b"",
    );
    assert!(sq.status.success(), "{}", said(&sq));
}

#[test]
fn the_stock_tools_verify_a_signature_over_bytes_and_over_a_git_commit() {
    let key = ageless(KeyVersion::V4);
    for data in [&b"a release\n"[..], COMMIT, &[0xff; 100_000], b""] {
        let made = key.sign_bytes(data, later(1)).unwrap();
        assert_gpg_says_good(&key, &made.armored(), data);
        assert_sequoia_says_good(&key, &made.armored(), data);
    }
}

#[test]
fn the_state_of_a_hash_gives_the_signature_that_the_file_gives() {
    let key = ageless(KeyVersion::V4);
    let data = vec![7; 12_345];
    let mut stream = Sha512Stream::new();
    stream.update(&data);
    let made = key.sign_state(&stream.into_state(), later(1)).unwrap();
    assert_eq!(made, key.sign_bytes(&data, later(1)).unwrap());
    assert_gpg_says_good(&key, &made.armored(), &data);
}

#[test]
fn the_stock_tools_verify_cleartext() {
    let key = ageless(KeyVersion::V4);
    let text = "- a list\nFrom here\n\n-----BEGIN\n\u{fc}ber\n";
    let text = Cleartext::parse(text.as_bytes()).unwrap();
    let made = key.sign_cleartext(&text, later(1)).unwrap();
    let signed = text.signed(&made.armored());

    let gpg = Gpg::at(later(2).0);
    gpg.run(&["--import"], key.export_public().unwrap().as_bytes());
    let status = gpg.output(&["--status-fd=2", "--decrypt"], &signed);
    assert!(said(&status).contains("[GNUPG:] GOODSIG "), "{status:?}");
    assert_eq!(status.stdout, text.as_str().as_bytes());

    let dir = tempfile::tempdir().unwrap();
    let keyring = file(dir.path(), "k.asc", key.export_public().unwrap());
    let mut sq = sq_verify(&keyring);
    if is_new_sq() {
        sq.arg("--cleartext");
    }
    let checked = run(sq.arg(file(dir.path(), "text.asc", &signed)), b"");
    assert!(checked.status.success(), "{}", said(&checked));

    let changed = String::from_utf8(signed).unwrap().replace("list", "lust");
    let status = gpg.output(&["--status-fd=2", "--verify"], changed.as_bytes());
    assert!(said(&status).contains("[GNUPG:] BADSIG "), "{status:?}");
}

/// The tools of this distribution do not read version 6; the library that made it and the code
/// that the desk has are the referees.
#[test]
fn a_version_6_signature_is_good_to_the_library_and_the_desk_only() {
    let key = ageless(KeyVersion::V6);
    let keys = PublicKeys::from_certificate(&key.public_bytes().unwrap()).unwrap();
    let made = key.sign_bytes(b"a release", later(1)).unwrap();
    assert_eq!(made.compact(), None);
    let signature = DataSignature::parse(made.armored().as_bytes()).unwrap();
    let outcome = keys.verify(&signature, SignedData::Bytes(b"a release"));
    let by = made.issuer();
    let created_at = made.created_at();
    assert_eq!(outcome, CheckOutcome::Good { by, created_at });
    let outcome = keys.verify(&signature, SignedData::Bytes(b"another"));
    assert_eq!(outcome, CheckOutcome::Bad);

    let text = Cleartext::parse(b"text\n").unwrap();
    let made = key.sign_cleartext(&text, later(1)).unwrap();
    let signature = DataSignature::parse(made.packet()).unwrap();
    let outcome = keys.verify(&signature, SignedData::Text(text));
    assert!(matches!(outcome, CheckOutcome::Good { .. }));
}

#[test]
fn a_version_6_key_refuses_a_file_that_has_not_crossed() {
    let key = ageless(KeyVersion::V6);
    let state = Sha512Stream::new().into_state();
    let refused = key.sign_state(&state, later(1));
    assert!(matches!(refused, Err(OpenPgpError::NeedsContent)));
}

#[test]
fn the_desk_rebuilds_the_same_packet_from_64_bytes() {
    let key = ageless(KeyVersion::V4);
    let signer = key.data_signer(later(1)).unwrap();
    let Fingerprint::V4(issuer) = signer.issuer() else {
        panic!("not a version 4 key");
    };
    let created_at = signer.created_at();
    let frame = SignatureFrame::v4(SignatureType::Binary, EDDSA_LEGACY, created_at, issuer);
    // Enough that some have leading zeros.
    for number in 0..600_u32 {
        let data = number.to_be_bytes();
        let made = signer.sign_bytes(&data).unwrap();
        let compact = made.compact().unwrap();
        let digest = frame.digest_of_bytes(&data);
        assert_eq!(compact.packet(&frame, &digest), made.packet());
    }
}

#[test]
fn nothing_is_signed_at_a_time_when_the_key_was_not_valid() {
    let key = generated(KeyVersion::V4).certificate;
    let before = key.sign_bytes(b"x", later(-1));
    assert!(
        matches!(before, Err(OpenPgpError::PolicyRefused { .. })),
        "{before:?}"
    );
    let after = key.sign_bytes(b"x", later(366));
    assert!(
        matches!(after, Err(OpenPgpError::NotAlive { .. })),
        "{after:?}"
    );
    assert!(key.sign_bytes(b"x", NOW).is_ok());
}

#[test]
fn a_text_that_cleartext_would_change_is_refused_with_the_line() {
    let err = Cleartext::parse(b"one\ntwo \n").map_err(OpenPgpError::from);
    let shown = pack_format::advice::as_text("offline-vault", &err.unwrap_err());
    assert!(shown.contains("[openpgp-cleartext]"), "{shown}");
    assert!(shown.contains("line 2 ends in white space"), "{shown}");
}
