//! Private keys that ssh-keygen made, and ours that it reads.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use data_encoding::BASE64;
use offline_vault::foreign_keys::ssh::{SshSecretKey, SshSecretKeyError};
use pack_format::advice::Advice as _;
use pack_format::secret::Secret32;
use signing_format::ssh::{SshKeyError, SshKeyLine};
use tempfile::TempDir;

use super::{passphrase, ran, run};

/// A key file by ssh-keygen and its public line.
fn made(args: &[&str]) -> (TempDir, Vec<u8>, String) {
    let folder = tempfile::tempdir().unwrap();
    let common = ["-q", "-f", "key", "-C", "amina on the train"];
    ran(
        folder.path(),
        "ssh-keygen",
        &[&common[..], args].concat(),
        "",
    );
    let file = fs::read(folder.path().join("key")).unwrap();
    let line = fs::read_to_string(folder.path().join("key.pub")).unwrap();
    (folder, file, line)
}

fn import(file: &[u8], text: Option<&str>) -> Result<SshSecretKey, SshSecretKeyError> {
    SshSecretKey::import(file, text.map(passphrase).as_ref())
}

/// The body of a key file, changed.
fn changed(file: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let text = std::str::from_utf8(file).unwrap();
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let mut bytes = BASE64.decode(base64.as_bytes()).unwrap();
    change(&mut bytes);
    let kind = "OPENSSH PRIVATE KEY";
    let base64 = BASE64.encode(&bytes);
    format!("-----BEGIN {kind}-----\n{base64}\n-----END {kind}-----\n").into_bytes()
}

/// Where bytes stand, the first time.
fn at(bytes: &[u8], wanted: &[u8]) -> usize {
    let mut windows = bytes.windows(wanted.len());
    windows.position(|window| window == wanted).unwrap()
}

#[test]
fn an_unprotected_key_is_imported_with_its_comment() {
    let (_folder, file, line) = made(&["-t", "ed25519", "-N", ""]);
    for given in [None, Some("not needed")] {
        let key = import(&file, given).unwrap();
        assert_eq!(format!("{}\n", key.line()), line);
        assert_eq!(key.line().comment(), "amina on the train");
        let signing = key.signing_key();
        assert_eq!(
            signing.verifying_key().as_bytes(),
            key.line().key().as_bytes()
        );
        assert_eq!(signing.as_bytes(), key.seed().expose());
        assert_eq!(format!("{key:?}"), "[redacted]");
    }
}

#[test]
fn a_protected_key_is_imported_whatever_its_cipher() {
    for cipher in [
        "aes128-cbc",
        "aes192-cbc",
        "aes256-cbc",
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "chacha20-poly1305@openssh.com",
    ] {
        let args = ["-t", "ed25519", "-N", "päss word", "-a", "2", "-Z", cipher];
        let (_folder, file, line) = made(&args);
        let key = import(&file, Some("päss word")).unwrap();
        assert_eq!(format!("{}\n", key.line()), line, "{cipher}");
        let wrong = import(&file, Some("pass word")).unwrap_err();
        assert!(
            matches!(wrong, SshSecretKeyError::WrongPassphrase),
            "{cipher}: {wrong:?}"
        );
        let none = import(&file, None).unwrap_err();
        assert!(
            matches!(none, SshSecretKeyError::PassphraseNeeded),
            "{cipher}: {none:?}"
        );
    }
    let (_folder, file, line) = made(&["-t", "ed25519", "-N", "päss word"]);
    let key = import(&file, Some("päss word")).unwrap();
    assert_eq!(format!("{}\n", key.line()), line);
}

#[test]
fn an_exported_key_is_read_by_ssh_keygen_and_by_us() {
    let folder = tempfile::tempdir().unwrap();
    let key = SshSecretKey::from_seed(Secret32::new([7; 32]), "amina on the train").unwrap();
    let text = key.export(&passphrase("päss word"), &[9; 20]).unwrap();
    let path = folder.path().join("key");
    fs::write(&path, text.as_bytes()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let args = ["-y", "-f", "key", "-P"];
    let right = [&args[..], &["päss word"]].concat();
    let output = ran(folder.path(), "ssh-keygen", &right, "");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, format!("{}\n", key.line()));
    let wrong = [&args[..], &["pass word"]].concat();
    assert!(
        !run(folder.path(), "ssh-keygen", &wrong, "")
            .status
            .success()
    );

    let again = import(text.as_bytes(), Some("päss word")).unwrap();
    assert_eq!(again.seed().expose(), key.seed().expose());
    assert_eq!(again.line(), key.line());

    // ssh-keygen takes the protection off and puts its own on: it understood all of it.
    let args = [
        "-q",
        "-p",
        "-f",
        "key",
        "-P",
        "päss word",
        "-N",
        "other",
        "-a",
        "1",
    ];
    ran(folder.path(), "ssh-keygen", &args, "");
    let again = import(&fs::read(&path).unwrap(), Some("other")).unwrap();
    assert_eq!(again.seed().expose(), key.seed().expose());
}

#[test]
fn the_same_layout_as_ssh_keygens_is_written() {
    let (_folder, theirs, _) = made(&["-t", "ed25519", "-N", "x", "-a", "64"]);
    let key = import(&theirs, Some("x")).unwrap();
    let ours = key.export(&passphrase("x"), &[9; 20]).unwrap();
    let theirs = String::from_utf8(theirs).unwrap();
    let shape = |text: &str| text.lines().map(str::len).collect::<Vec<_>>();
    assert_eq!(shape(&ours), shape(&theirs));
    // All before the salt: mark, cipher, key derivation.
    assert_eq!(
        ours.lines().nth(1).map(|l| &l[..60]),
        theirs.lines().nth(1).map(|l| &l[..60])
    );
}

#[test]
fn a_key_is_never_exported_without_protection() {
    let key = SshSecretKey::from_seed(Secret32::new([7; 32]), "").unwrap();
    let err = key.export(&passphrase(""), &[9; 20]).unwrap_err();
    assert!(matches!(err, SshSecretKeyError::EmptyPassphrase));
}

#[test]
fn other_types_of_key_are_refused_by_their_name() {
    let types: [(&str, &[&str]); 4] = [
        ("ssh-rsa", &["-t", "rsa", "-b", "2048", "-N", ""]),
        (
            "ssh-rsa",
            &["-t", "rsa", "-b", "2048", "-N", "x", "-a", "1"],
        ),
        (
            "ecdsa-sha2-nistp256",
            &["-t", "ecdsa", "-b", "256", "-N", ""],
        ),
        (
            "ecdsa-sha2-nistp521",
            &["-t", "ecdsa", "-b", "521", "-N", "x", "-a", "1"],
        ),
    ];
    for (name, args) in types {
        let (_folder, file, _) = made(args);
        let err = import(&file, None).unwrap_err();
        let SshSecretKeyError::Public(SshKeyError::Unsupported { algorithm }) = &err else {
            panic!("{err:?}");
        };
        assert_eq!(algorithm, name);
        assert_eq!(err.code(), "ssh-key-unsupported");
    }
}

#[test]
fn a_key_whose_secret_lies_elsewhere_is_refused() {
    let (_folder, file, _) = made(&["-t", "ed25519", "-N", ""]);
    let file = changed(&file, |bytes| {
        let start = at(bytes, b"\0\0\0\x0bssh-ed25519");
        let name = b"\0\0\0\x1ask-ssh-ed25519@openssh.com";
        bytes.splice(start..start + 15, name.iter().copied());
        bytes[start - 1] += 15;
    });
    let err = import(&file, None).unwrap_err();
    assert!(matches!(err, SshSecretKeyError::SecurityKey), "{err:?}");
}

#[test]
fn an_older_form_is_refused_with_the_way_on() {
    let (_folder, file, _) = made(&["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    let err = import(&file, None).unwrap_err();
    assert!(err.to_string().contains("RSA PRIVATE KEY"), "{err}");
    assert!(err.next_step().contains("ssh-keygen -p"));
    let (_folder, file, line) = made(&["-t", "ed25519", "-N", ""]);
    for no_key in [
        b"",
        line.as_bytes(),
        &file[1..],
        &[0xff; 10],
        &[b'x'; 70_000],
    ] {
        let err = import(no_key, None).unwrap_err();
        assert!(matches!(err, SshSecretKeyError::NotAKey), "{err:?}");
    }
}

#[test]
fn a_cipher_that_is_not_supported_is_named() {
    let args = ["-t", "ed25519", "-N", "x", "-a", "1", "-Z", "3des-cbc"];
    let (_folder, file, _) = made(&args);
    let err = import(&file, Some("x")).unwrap_err();
    assert!(err.to_string().contains("3des-cbc"), "{err}");
    let other = changed(&file, |bytes| {
        let start = at(bytes, b"bcrypt");
        bytes[start..start + 6].copy_from_slice(b"argon9");
    });
    let err = import(&other, Some("x")).unwrap_err();
    assert!(err.to_string().contains("argon9"), "{err}");
}

#[test]
fn a_file_cannot_ask_for_endless_work() {
    let (_folder, file, _) = made(&["-t", "ed25519", "-N", "x", "-a", "1"]);
    let with_rounds = |rounds: u32| {
        let file = changed(&file, |bytes| {
            let start = at(bytes, b"bcrypt") + 6 + 4 + 4 + 16;
            assert_eq!(bytes[start..start + 4], [0, 0, 0, 1]);
            bytes[start..start + 4].copy_from_slice(&rounds.to_be_bytes());
        });
        import(&file, Some("x")).map(|_| ())
    };
    assert!(with_rounds(1).is_ok());
    for found in [4097, u32::MAX] {
        let err = with_rounds(found).unwrap_err();
        assert!(
            matches!(err, SshSecretKeyError::Rounds { found: f } if f == found),
            "{err:?}"
        );
    }
    assert!(with_rounds(0).is_err());
}

#[test]
fn a_secret_beside_the_wrong_public_key_is_refused() {
    let (_folder, file, line) = made(&["-t", "ed25519", "-N", ""]);
    let public = *SshKeyLine::parse(&line).unwrap().key().as_bytes();
    let other = SshSecretKey::from_seed(Secret32::new([7; 32]), "").unwrap();
    // Every copy of the public key replaced: nothing in the file contradicts it but the secret.
    let file = changed(&file, |bytes| {
        for _ in 0..3 {
            let start = at(bytes, &public);
            bytes[start..start + 32].copy_from_slice(other.line().key().as_bytes());
        }
    });
    let err = import(&file, None).unwrap_err();
    assert!(matches!(err, SshSecretKeyError::HalvesDiffer), "{err:?}");
}

#[test]
fn no_changed_byte_gives_another_key_or_a_panic() {
    for cipher in ["none", "aes256-ctr", "aes256-gcm@openssh.com"] {
        let protected = cipher != "none";
        let protection: &[&str] = if protected {
            &["-N", "x", "-a", "1", "-Z", cipher]
        } else {
            &["-N", ""]
        };
        let (_folder, file, line) = made(&[&["-t", "ed25519"], protection].concat());
        let expected = *SshKeyLine::parse(&line).unwrap().key();
        let mut len = 0;
        changed(&file, |bytes| len = bytes.len());
        for position in 0..len {
            let flipped = changed(&file, |bytes| bytes[position] ^= 0x80);
            let cut = changed(&file, |bytes| bytes.truncate(position));
            if let Ok(key) = import(&flipped, Some("x")) {
                assert_eq!(*key.line().key(), expected, "{cipher}, byte {position}");
            }
            assert!(
                import(&cut, Some("x")).is_err(),
                "{cipher}, cut at {position}"
            );
        }
    }
    let (_folder, file, line) = made(&["-t", "ed25519", "-N", ""]);
    let expected = *SshKeyLine::parse(&line).unwrap().key();
    for position in 0..file.len() {
        for bit in 0..8 {
            let mut flipped = file.clone();
            flipped[position] ^= 1 << bit;
            if let Ok(key) = import(&flipped, None) {
                assert_eq!(*key.line().key(), expected, "byte {position} of the text");
            }
        }
    }
}

#[test]
fn a_comment_that_could_forge_a_screen_is_refused() {
    let seed = || Secret32::new([7; 32]);
    for comment in ["a\u{1b}[2J", "a\u{202e}b", "two\nlines"] {
        let err = SshSecretKey::from_seed(seed(), comment).unwrap_err();
        assert!(matches!(
            err,
            SshSecretKeyError::Public(SshKeyError::Comment)
        ));
        assert!(err.next_step().contains("ssh-keygen -c"));
    }
}
