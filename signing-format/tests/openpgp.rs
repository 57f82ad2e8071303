//! Signatures by GnuPG, read and checked here; certificates of GnuPG, read and damaged.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use signing_format::digest_state::Sha512Stream;
use signing_format::openpgp::{
    ArmorKind, CheckOutcome, Cleartext, DataSignature, Fingerprint, OpenPgpFormatError, PublicKeys,
    SignedData, armor, dearmor, limits,
};
use tempfile::TempDir;

/// A keyring of GnuPG that is gone, with its agent, when the test ends.
struct Gpg {
    home: TempDir,
}

impl Gpg {
    fn with_key(user_id: &str, algorithm: &str) -> Self {
        let home = tempfile::Builder::new().prefix("g").tempdir_in("/tmp");
        let gpg = Self {
            home: home.unwrap(),
        };
        let make = [
            "--quick-generate-key",
            user_id,
            algorithm,
            "sign,cert",
            "1y",
        ];
        gpg.run(&make, b"");
        gpg
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = gpg(self.home.path())
            .args(["--pinentry-mode", "loopback", "--passphrase", ""])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {arguments:?}: {said}");
        output.stdout
    }

    fn certificate(&self) -> Vec<u8> {
        self.run(&["--export"], b"")
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .env("GNUPGHOME", self.home.path())
            .args(["--kill", "all"])
            .status();
    }
}

fn gpg(home: &Path) -> Command {
    let mut command = Command::new("gpg");
    command.env("GNUPGHOME", home).args(["--batch", "--quiet"]);
    command
}

#[test]
fn a_signature_by_gpg_is_good_over_its_bytes_and_bad_over_others() {
    let gpg = Gpg::with_key("Amina <amina@example.org>", "ed25519");
    let keys = PublicKeys::from_certificate(&gpg.certificate()).unwrap();
    let armored = gpg.run(&["--export", "--armor"], b"");
    assert_eq!(PublicKeys::from_certificate(&armored), Ok(keys.clone()));

    let made = gpg.run(&["--digest-algo", "SHA512", "-bao", "-"], b"a release");
    let signature = DataSignature::parse(&made).unwrap();
    let good = CheckOutcome::Good {
        by: keys.fingerprint().unwrap(),
        created_at: signature.created_at().unwrap(),
    };
    assert_eq!(
        keys.verify(&signature, SignedData::Bytes(b"a release")),
        good
    );
    let mut stream = Sha512Stream::new();
    stream.update(b"a release");
    let state = stream.into_state();
    assert_eq!(keys.verify(&signature, SignedData::State(&state)), good);
    let bad = keys.verify(&signature, SignedData::Bytes(b"a Release"));
    assert_eq!(bad, CheckOutcome::Bad);
    // A signature over bytes is not one over a text.
    let text = Cleartext::parse(b"a release\n").unwrap();
    let bad = keys.verify(&signature, SignedData::Text(text));
    assert_eq!(bad, CheckOutcome::Bad);

    // Its armour is the one that is written here.
    let (kind, packet) = dearmor(&made).unwrap();
    assert_eq!(kind, ArmorKind::Signature);
    assert_eq!(armor(&packet), String::from_utf8(made).unwrap());
}

#[test]
fn the_cleartext_of_gpg_is_the_cleartext_here() {
    let gpg = Gpg::with_key("Amina <amina@example.org>", "ed25519");
    let keys = PublicKeys::from_certificate(&gpg.certificate()).unwrap();
    let written = "- a list\n\n-----BEGIN\nFrom here, \u{fc}ber all\n\n";
    let made = gpg.run(
        &["--digest-algo", "SHA512", "--clearsign"],
        written.as_bytes(),
    );
    let made = String::from_utf8(made).unwrap();
    let start = made.find("-----BEGIN PGP SIGNATURE").unwrap();
    let text = Cleartext::parse(written.as_bytes()).unwrap();
    let signature = DataSignature::parse(&made.as_bytes()[start..]).unwrap();
    let outcome = keys.verify(&signature, SignedData::Text(text));
    assert!(matches!(outcome, CheckOutcome::Good { .. }), "{outcome:?}");
    assert_eq!(text.signed(&made[start..]), made.as_bytes());
}

#[test]
fn the_fingerprints_and_ids_are_the_ones_that_gpg_shows() {
    let gpg = Gpg::with_key("Amina <amina@example.org>", "ed25519");
    let listed = gpg.run(&["--list-keys", "--with-colons"], b"");
    let listed = String::from_utf8(listed).unwrap();
    let field = |record: &str, index: usize| {
        let mut lines = listed.lines().filter(|line| line.starts_with(record));
        let line = lines.next().unwrap();
        line.split(':').nth(index).unwrap().to_owned()
    };
    let keys = PublicKeys::from_certificate(&gpg.certificate()).unwrap();
    let fingerprint = keys.fingerprint().unwrap();
    assert_eq!(fingerprint.to_string(), field("fpr", 9));
    let id = data_encoding::HEXUPPER.encode(&fingerprint.key_id());
    assert_eq!(id, field("pub", 4));
    let key = &keys.keys()[0];
    assert_eq!(key.created_at.to_string(), field("pub", 5));
    assert!(key.is_ed25519());
    assert!(matches!(fingerprint, Fingerprint::V4(_)));
}

#[test]
fn a_signature_of_somebody_else_or_by_another_algorithm_is_not_called_bad() {
    let amina = Gpg::with_key("Amina <amina@example.org>", "ed25519");
    let boris = Gpg::with_key("Boris <boris@example.org>", "rsa2048");
    let by_boris = boris.run(&["--digest-algo", "SHA512", "-bo", "-"], b"x");
    let by_boris = DataSignature::parse(&by_boris).unwrap();
    let of = |gpg: &Gpg| PublicKeys::from_certificate(&gpg.certificate()).unwrap();
    let data = SignedData::Bytes(b"x");
    assert_eq!(of(&amina).verify(&by_boris, data), CheckOutcome::KeyMissing);
    let outcome = of(&boris).verify(&by_boris, data);
    assert_eq!(outcome, CheckOutcome::AlgorithmNeedsTool);
    let other_hash = amina.run(&["--digest-algo", "SHA256", "-bo", "-"], b"x");
    let other_hash = DataSignature::parse(&other_hash).unwrap();
    let outcome = of(&amina).verify(&other_hash, data);
    assert_eq!(outcome, CheckOutcome::AlgorithmNeedsTool);
}

#[test]
fn what_is_not_one_certificate_is_refused() {
    use OpenPgpFormatError as E;
    let gpg = Gpg::with_key("Amina <amina@example.org>", "ed25519");
    let certificate = gpg.certificate();
    let read = |bytes: &[u8]| PublicKeys::from_certificate(bytes);
    let secret = gpg.run(&["--export-secret-keys"], b"");
    assert_eq!(read(&secret), Err(E::SecretKey));
    let twice = [certificate.clone(), certificate.clone()].concat();
    assert!(matches!(read(&twice), Err(E::Several { .. })));
    let signature = gpg.run(&["-bo", "-"], b"x");
    assert!(matches!(read(&signature), Err(E::UnexpectedPacket { .. })));
    assert!(matches!(read(b""), Err(E::Damaged(_))));
    assert!(matches!(read(b"hello"), Err(E::Armor { .. })));
    let large = vec![0x99; limits::CERTIFICATE_BYTES_MAX + 1];
    assert!(matches!(read(&large), Err(E::TooLarge { .. })));

    let parse = DataSignature::parse;
    let twice = [signature.clone(), signature].concat();
    assert!(matches!(parse(&twice), Err(E::Several { .. })));
    assert!(matches!(
        parse(&certificate),
        Err(E::UnexpectedPacket { .. })
    ));
    let expiring = gpg.run(&["--default-sig-expire", "1d", "-bo", "-"], b"x");
    assert!(matches!(parse(&expiring), Err(E::Unsupported { .. })));
    let critical = ["--sig-notation", "!a@example.org=b", "-bo", "-"];
    assert!(matches!(
        parse(&gpg.run(&critical, b"x")),
        Err(E::Unsupported { .. })
    ));
}

/// No mutation of a certificate or signature panics, and none of a signature is found good.
#[test]
fn damaged_certificates_and_signatures_are_read_or_refused_without_a_panic() {
    let gpg = Gpg::with_key("Amina <amina@example.org>", "ed25519");
    let certificate = gpg.certificate();
    let keys = PublicKeys::from_certificate(&certificate).unwrap();
    let signature = gpg.run(&["--digest-algo", "SHA512", "-bo", "-"], b"x");
    let data = SignedData::Bytes(b"x");
    let mut still_good = 0;
    for (position, changed) in mutations(&signature) {
        if let Ok(parsed) = DataSignature::parse(&changed)
            && matches!(keys.verify(&parsed, data), CheckOutcome::Good { .. })
        {
            // Only the unhashed area can change without notice: the key id, a hint.
            assert!(
                position > 30 && position < signature.len() - 70,
                "{position}"
            );
            still_good += 1;
        }
    }
    assert!(still_good < 200, "{still_good}");
    let parsed = DataSignature::parse(&signature).unwrap();
    for (_, changed) in mutations(&certificate) {
        if let Ok(keys) = PublicKeys::from_certificate(&changed) {
            let _ = keys.verify(&parsed, data);
        }
    }
}

/// Every cut, and several other values at every position.
fn mutations(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    let cuts = (0..bytes.len()).map(|len| (0, bytes[..len].to_vec()));
    let changes = (0..bytes.len()).flat_map(move |position| {
        [1, 0x40, 0x80, 0xff, 0x1e].map(|mask| {
            let mut changed = bytes.to_vec();
            changed[position] ^= mask;
            (position, changed)
        })
    });
    cuts.chain(changes)
}
