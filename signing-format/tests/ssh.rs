//! ssh-keygen as the referee of keys and signatures.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use data_encoding::BASE64_MIME_PERMISSIVE;
use ed25519_dalek::{Signer as _, SigningKey};
use signing_format::ssh::{
    HashAlgorithm, MessageDigest, Namespace, SshKeyError, SshKeyLine, SshPublicKey, SshSignature,
    SshSignatureError, signed_data,
};
use tempfile::TempDir;

/// A folder with a key that ssh-keygen made, and the same key in our hands.
struct Stage {
    folder: TempDir,
    key: SigningKey,
    line: SshKeyLine,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        make_key(
            folder.path(),
            "key",
            &["-t", "ed25519", "-C", "amina@vault"],
        );
        let line = fs::read_to_string(folder.path().join("key.pub")).unwrap();
        let line = SshKeyLine::parse(&line).unwrap();
        let key = seed_of(&folder.path().join("key"), line.key());
        fs::write(
            folder.path().join("allowed"),
            format!("amina@example.org {line}\n"),
        )
        .unwrap();
        Self { folder, key, line }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sign(&self, namespace: &Namespace, message: &[u8]) -> SshSignature {
        let digest = MessageDigest::of(HashAlgorithm::Sha512, message);
        let raw = self.key.sign(&signed_data(namespace, &digest)).to_bytes();
        SshSignature::from_raw(*self.line.key(), namespace.clone(), raw)
    }

    /// `ssh-keygen -Y sign` over the message.
    fn signed_by_keygen(&self, namespace: &str, message: &[u8], more: &[&str]) -> String {
        let message_path = self.path("message");
        let signature_path = self.path("message.sig");
        fs::write(&message_path, message).unwrap();
        let _ = fs::remove_file(&signature_path);
        let output = Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .arg(self.path("key"))
            .args(more)
            .arg(&message_path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        fs::read_to_string(signature_path).unwrap()
    }

    /// `ssh-keygen -Y` with a signature in a file and the message on its standard input.
    fn asked(&self, what: &[&str], signature: &SshSignature, message: &[u8]) -> Output {
        fs::write(self.path("ours.sig"), signature.to_armor()).unwrap();
        fs::write(self.path("input"), message).unwrap();
        Command::new("ssh-keygen")
            .arg("-Y")
            .args(what)
            .arg("-s")
            .arg(self.path("ours.sig"))
            .arg("-f")
            .arg(self.path("allowed"))
            .stdin(Stdio::from(File::open(self.path("input")).unwrap()))
            .output()
            .unwrap()
    }
}

fn make_key(folder: &Path, name: &str, args: &[&str]) {
    let output = Command::new("ssh-keygen")
        .args(["-q", "-N", "", "-f"])
        .arg(folder.join(name))
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// The seed in an unprotected key file: it stands before the second copy of the public key.
fn seed_of(path: &Path, public: &SshPublicKey) -> SigningKey {
    let text = fs::read_to_string(path).unwrap();
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let bytes = BASE64_MIME_PERMISSIVE.decode(base64.as_bytes()).unwrap();
    let at = bytes
        .windows(32)
        .rposition(|window| window == public.as_bytes())
        .unwrap();
    let key = SigningKey::from_bytes(&bytes[at - 32..at].try_into().unwrap());
    assert_eq!(key.verifying_key().as_bytes(), public.as_bytes());
    key
}

#[test]
fn armor_is_byte_for_byte_what_ssh_keygen_makes() {
    let stage = Stage::new();
    let long = "n".repeat(255);
    let cases: [(&str, &[u8]); 5] = [
        ("git", b"tree 1\n"),
        ("file", b""),
        ("name@example.org", &[0xff; 70_000]),
        ("x", b"\0"),
        (&long, b"long namespace"),
    ];
    for (namespace, message) in cases {
        let theirs = stage.signed_by_keygen(namespace, message, &[]);
        let ours = stage.sign(&Namespace::new(namespace).unwrap(), message);
        assert_eq!(ours.to_armor(), theirs, "{namespace}");
        assert_eq!(SshSignature::from_armor(theirs.as_bytes()), Ok(ours));
    }
}

#[test]
fn ssh_keygen_accepts_our_signature_and_finds_its_principal() {
    let stage = Stage::new();
    let namespace = Namespace::file();
    let signature = stage.sign(&namespace, b"message");
    let identity = "amina@example.org";
    let verify = ["verify", "-n", "file", "-I", identity];
    let output = stage.asked(&verify, &signature, b"message");
    assert!(output.status.success(), "{output:?}");
    let fingerprint = stage.line.key().fingerprint();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&fingerprint), "{said}");

    let output = stage.asked(&["check-novalidate", "-n", "file"], &signature, b"message");
    assert!(output.status.success(), "{output:?}");
    let output = stage.asked(&["find-principals"], &signature, b"");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, format!("{identity}\n").as_bytes());

    let changed = stage.asked(&verify, &signature, b"massage");
    assert!(!changed.status.success(), "{changed:?}");
    let other = ["verify", "-n", "git", "-I", identity];
    let other = stage.asked(&other, &signature, b"message");
    assert!(!other.status.success(), "{other:?}");
}

#[test]
fn a_signature_by_ssh_keygen_over_sha256_is_checked() {
    let stage = Stage::new();
    let armor = stage.signed_by_keygen("file", b"message", &["-O", "hashalg=sha256"]);
    let signature = SshSignature::from_armor(armor.as_bytes()).unwrap();
    assert_eq!(signature.algorithm(), HashAlgorithm::Sha256);
    assert_eq!(signature.to_armor(), armor);
    let digest = MessageDigest::of(HashAlgorithm::Sha256, b"message");
    let key = stage.line.key();
    assert_eq!(signature.verify(key, &Namespace::file(), &digest), Ok(()));
    let changed = MessageDigest::of(HashAlgorithm::Sha256, b"massage");
    assert_eq!(
        signature.verify(key, &Namespace::file(), &changed),
        Err(SshSignatureError::DoesNotMatch)
    );
}

#[test]
fn no_changed_byte_of_an_armor_by_ssh_keygen_verifies() {
    let stage = Stage::new();
    let armor = stage.signed_by_keygen("git", b"message", &[]).into_bytes();
    let digest = MessageDigest::of(HashAlgorithm::Sha512, b"message");
    for at in 0..armor.len() {
        for bit in 0..8 {
            let mut changed = armor.clone();
            changed[at] ^= 1 << bit;
            let verified = SshSignature::from_armor(&changed).and_then(|signature| {
                signature.verify(stage.line.key(), &Namespace::git(), &digest)
            });
            assert!(verified.is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn the_public_line_and_the_fingerprint_are_those_of_ssh_keygen() {
    let stage = Stage::new();
    let file = fs::read_to_string(stage.path("key.pub")).unwrap();
    assert_eq!(format!("{}\n", stage.line), file);
    assert_eq!(stage.line.comment(), "amina@vault");
    let output = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(stage.path("key.pub"))
        .output()
        .unwrap();
    let fingerprint = stage.line.key().fingerprint();
    let expected = format!("256 {fingerprint} amina@vault (ED25519)\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn keys_and_signatures_of_other_types_are_refused_by_their_name() {
    let mut stage = Stage::new();
    let types = [
        ("ssh-rsa", ["-t", "rsa", "-b", "2048"]),
        ("ecdsa-sha2-nistp256", ["-t", "ecdsa", "-b", "256"]),
    ];
    for (algorithm, args) in types {
        stage.folder = tempfile::tempdir().unwrap();
        make_key(stage.folder.path(), "key", &args);
        let line = fs::read_to_string(stage.path("key.pub")).unwrap();
        let algorithm = algorithm.to_owned();
        let expected = SshKeyError::Unsupported { algorithm };
        assert_eq!(SshKeyLine::parse(&line), Err(expected.clone()));
        let armor = stage.signed_by_keygen("file", b"message", &[]);
        assert_eq!(
            SshSignature::from_armor(armor.as_bytes()),
            Err(SshSignatureError::Key(expected))
        );
    }
}
