//! Keys that GnuPG made and exported, taken in; and keys of the vault, taken out again.

use offline_vault::openpgp::{KeyVersion, OpenPgpError, PassphrasePrompt, SecretCertificate};
use zeroize::Zeroizing;

use super::referees::{Gpg, file, said};
use super::{NOW, ageless, generated, later};

fn import(bytes: &[u8], passphrase: &str) -> Result<SecretCertificate, OpenPgpError> {
    SecretCertificate::import(bytes, later(1), &mut |_: &PassphrasePrompt| {
        Some(Zeroizing::new(passphrase.to_owned()))
    })
}

fn import_unprotected(bytes: &[u8]) -> Result<SecretCertificate, OpenPgpError> {
    SecretCertificate::import(bytes, later(1), &mut |_| panic!("no passphrase is needed"))
}

fn export(gpg: &Gpg, passphrase: &str) -> Vec<u8> {
    gpg.run(
        &[
            "--passphrase",
            passphrase,
            "--export-secret-keys",
            "--armor",
        ],
        b"",
    )
}

/// What the imported key signs is good to the GnuPG that made it.
fn assert_signs(key: &SecretCertificate, gpg: &Gpg) {
    let made = key.sign_bytes(b"a release", later(1)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "s.asc", made.armored());
    let verify = ["--status-fd=1", "--verify", path.to_str().unwrap(), "-"];
    let status = gpg.output(&verify, b"a release");
    let text = said(&status);
    assert!(text.contains("[GNUPG:] GOODSIG "), "{text}");
}

#[test]
fn keys_of_gnupg_are_imported_and_sign() {
    for (algorithm, text) in [
        ("ed25519", "Ed25519"),
        ("rsa2048", "RSA 2048"),
        ("rsa3072", "RSA 3072"),
        ("nistp256", "ECDSA NIST P-256"),
        ("nistp384", "ECDSA NIST P-384"),
        ("nistp521", "ECDSA NIST P-521"),
    ] {
        let gpg = Gpg::at(NOW.0);
        gpg.make_key("Amina <amina@example.org>", algorithm, "secret words");
        let key = import(&export(&gpg, "secret words"), "secret words").unwrap();
        assert_eq!(key.info(NOW).unwrap().keys[0].algorithm, text);
        gpg.set_clock(later(2).0);
        assert_signs(&key, &gpg);
        // Binary as well, and the store's own form.
        let binary = ["--passphrase", "secret words", "--export-secret-keys"];
        let binary = import(&gpg.run(&binary, b""), "secret words").unwrap();
        assert_eq!(binary.to_bytes().unwrap(), key.to_bytes().unwrap());
        let stored = SecretCertificate::from_bytes(&key.to_bytes().unwrap()).unwrap();
        assert_signs(&stored, &gpg);
    }
}

#[test]
fn the_newest_signing_subkey_of_an_imported_key_signs() {
    let gpg = Gpg::at(NOW.0);
    gpg.make_key("Amina <amina@example.org>", "ed25519", "p");
    let listed = gpg.text(&["--list-keys", "--with-colons"], b"");
    let fingerprint = listed.lines().find(|line| line.starts_with("fpr"));
    let fingerprint = fingerprint.unwrap().split(':').nth(9).unwrap();
    for subkey in [
        ["cv25519", "encr"],
        ["ed25519", "sign"],
        ["ed25519", "auth"],
    ] {
        let add = ["--quick-add-key", fingerprint, subkey[0], subkey[1], "1y"];
        gpg.set_clock(later(0).0 + 60);
        gpg.run(&[&["--passphrase", "p"], &add[..]].concat(), b"");
    }
    let mut asked = Vec::new();
    let bytes = export(&gpg, "p");
    let key = SecretCertificate::import(&bytes, later(1), &mut |prompt| {
        asked.push(prompt.clone());
        Some(Zeroizing::new("p".to_owned()))
    });
    let key = key.unwrap();
    assert_eq!(asked.len(), 1, "one passphrase opens all keys: {asked:?}");
    let info = key.info(later(1)).unwrap();
    assert_eq!(info.fingerprint, fingerprint);
    assert_eq!(info.keys.len(), 4);
    assert!(info.keys.iter().all(|key| key.alive && key.has_secret));
    let signing = info
        .keys
        .iter()
        .find(|key| key.uses.sign && !key.is_primary);
    assert_eq!(
        key.signing_key(later(1)).unwrap().to_string(),
        signing.unwrap().fingerprint
    );
    gpg.set_clock(later(2).0);
    assert_signs(&key, &gpg);
}

#[test]
fn an_expired_key_is_imported_and_signs_once_it_is_renewed() {
    let gpg = Gpg::at(later(-30).0);
    let make = [
        "--quick-generate-key",
        "Amina",
        "ed25519",
        "sign,cert",
        "2d",
    ];
    gpg.run(&[&["--passphrase", ""], &make[..]].concat(), b"");
    let key = import_unprotected(&export(&gpg, "")).unwrap();
    let info = key.info(later(1)).unwrap();
    let problem = info.problem.unwrap();
    assert!(problem.contains("Expired on"), "{problem}");
    assert_eq!(info.expires_at, Some(later(-28)));
    let refused = key.sign_bytes(b"x", later(1));
    assert!(matches!(refused, Err(OpenPgpError::NotAlive { .. })));
    let renewed = key.renew(Some(later(100)), NOW).unwrap();
    gpg.set_clock(later(2).0);
    gpg.run(&["--import"], renewed.export_public().unwrap().as_bytes());
    assert_signs(&renewed, &gpg);
}

#[test]
fn files_that_are_not_one_usable_secret_key_are_refused() {
    use OpenPgpError as E;
    let gpg = Gpg::at(NOW.0);
    gpg.make_key("Amina <amina@example.org>", "ed25519", "right");
    let bytes = export(&gpg, "right");
    assert!(matches!(
        import(&bytes, "wrong"),
        Err(E::WrongPassphrase { .. })
    ));
    let none = SecretCertificate::import(&bytes, later(1), &mut |_| None);
    assert!(matches!(none, Err(E::PassphraseNeeded { .. })));
    let public = gpg.run(&["--export"], b"");
    assert!(matches!(import(&public, "right"), Err(E::NoSecret { .. })));
    assert!(matches!(
        import(b"hello", "right"),
        Err(E::Unreadable { .. })
    ));
    assert!(matches!(import(b"", "right"), Err(E::Unreadable { .. })));
    let large = vec![0; (1 << 20) + 1];
    assert!(matches!(import(&large, "right"), Err(E::TooLarge { .. })));

    gpg.make_key("Boris <boris@example.org>", "ed25519", "right");
    let two = import(&export(&gpg, "right"), "right");
    let Err(E::SeveralCertificates { certificates }) = two else {
        panic!("{two:?}");
    };
    assert_eq!(certificates.len(), 2);
}

#[test]
fn weak_and_foreign_algorithms_are_refused_by_name() {
    for (algorithm, text) in [
        ("dsa2048", "DSA 2048"),
        ("rsa1024", "RSA 1024"),
        ("brainpoolP256r1", "ECDSA brainpoolP256r1"),
    ] {
        let gpg = Gpg::at(NOW.0);
        gpg.make_key("Amina <amina@example.org>", algorithm, "");
        match import_unprotected(&export(&gpg, "")) {
            Err(OpenPgpError::UnsupportedAlgorithm { algorithm, .. }) => {
                assert_eq!(algorithm, text);
            }
            other => panic!("{algorithm}: {other:?}"),
        }
    }
}

#[test]
fn stubs_of_secret_keys_that_are_elsewhere_are_refused() {
    let gpg = Gpg::at(NOW.0);
    let make = ["--quick-generate-key", "Amina", "default", "default", "1y"];
    gpg.run(&[&["--passphrase", ""], &make[..]].concat(), b"");
    let mut stub = gpg.run(&["--passphrase", "", "--export-secret-subkeys"], b"");
    let is_elsewhere = |bytes: &[u8]| {
        let refused = import_unprotected(bytes);
        matches!(refused, Err(OpenPgpError::SecretElsewhere { .. }))
    };
    assert!(is_elsewhere(&stub));
    // GnuPG marks a key on a smartcard with the number 2 in the same place.
    let marker = stub.windows(4).position(|window| window == b"GNU\x01");
    stub[marker.unwrap() + 3] = 2;
    assert!(is_elsewhere(&stub));
}

#[test]
fn a_protected_export_opens_in_gnupg_and_here() {
    let key = ageless(KeyVersion::V4);
    let exported = key.export_protected("a passphrase").unwrap();
    assert!(exported.starts_with("-----BEGIN PGP PRIVATE KEY BLOCK-----"));
    assert!(matches!(
        import(exported.as_bytes(), "another"),
        Err(OpenPgpError::WrongPassphrase { .. })
    ));
    let again = import(exported.as_bytes(), "a passphrase").unwrap();
    assert_eq!(again.to_bytes().unwrap(), key.to_bytes().unwrap());

    let gpg = Gpg::at(later(1).0);
    gpg.run(
        &["--passphrase", "a passphrase", "--import"],
        exported.as_bytes(),
    );
    let sign = ["--passphrase", "a passphrase", "-bao", "-"];
    let signature = gpg.run(&sign, b"made by gpg");
    assert!(signature.starts_with(b"-----BEGIN PGP SIGNATURE-----"));
}

#[test]
fn a_protected_export_of_version_6_opens_here() {
    let key = ageless(KeyVersion::V6);
    let exported = key.export_protected("a passphrase").unwrap();
    let again = import(exported.as_bytes(), "a passphrase").unwrap();
    assert_eq!(again.to_bytes().unwrap(), key.to_bytes().unwrap());
}

#[test]
fn a_protection_that_would_take_all_memory_is_refused() {
    let key = ageless(KeyVersion::V6);
    let exported = key.export_protected("a passphrase").unwrap();
    let (_, mut bytes) = signing_format::openpgp::dearmor(exported.as_bytes()).unwrap();
    // The parameters of Argon2id: passes, lanes, memory.
    let found = bytes.windows(3).position(|window| window == [3, 4, 16]);
    bytes[found.unwrap() + 2] = 31;
    assert!(matches!(
        import(&bytes, "a passphrase"),
        Err(OpenPgpError::CostlyProtection { .. })
    ));
}

#[test]
fn a_public_export_and_a_debug_line_hold_no_secret() {
    let key = generated(KeyVersion::V4).certificate;
    let public = key.public_bytes().unwrap();
    let keys = signing_format::openpgp::PublicKeys::from_certificate(&public).unwrap();
    assert_eq!(keys.fingerprint(), Some(key.fingerprint().unwrap()));
    let armored = key.export_public().unwrap();
    assert!(armored.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----"));
    assert_eq!(format!("{key:?}"), "SecretCertificate([redacted])");
    let signer = format!("{:?}", key.data_signer(NOW).unwrap());
    assert!(signer.ends_with("[redacted])"), "{signer}");
}

/// A key whose owner's signatures are SHA-1 could be anybody's today.
#[test]
fn a_key_that_holds_together_by_sha1_only_is_refused() {
    let gpg = Gpg::at(NOW.0);
    let sha1 = ["--cert-digest-algo", "SHA1", "--passphrase", ""];
    let make = [
        "--quick-generate-key",
        "Amina",
        "rsa2048",
        "sign,cert",
        "1y",
    ];
    gpg.run(&[&sha1[..], &make].concat(), b"");
    let refused = import_unprotected(&export(&gpg, ""));
    let Err(err @ OpenPgpError::PolicyRefused { .. }) = refused else {
        panic!("{refused:?}");
    };
    let shown = pack_format::advice::as_text("offline-vault", &err);
    assert!(shown.contains("[openpgp-policy]"), "{shown}");
}
