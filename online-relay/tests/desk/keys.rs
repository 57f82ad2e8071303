//! The keys of the tests: one Ed25519 key for SSH and minisign, and GnuPG for OpenPGP.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use ed25519_dalek::SigningKey;
use signing_format::minisign::{MinisignKeyId, MinisignPublicKey};
use signing_format::ssh::{SshKeyLine, SshPublicKey};
use tempfile::TempDir;

/// The secret key behind both.
pub(super) fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

pub(super) fn ssh_public() -> SshKeyLine {
    let bytes = signing_key().verifying_key().to_bytes();
    SshKeyLine::new(SshPublicKey::from_bytes(&bytes).unwrap(), "amina").unwrap()
}

pub(super) fn minisign_public() -> MinisignPublicKey {
    MinisignPublicKey::of(MinisignKeyId([1, 2, 3, 4, 5, 6, 7, 8]), &signing_key())
}

/// An OpenPGP key packet of the same secret key, which no stock program takes for a certificate.
pub(super) fn openpgp_public() -> Vec<u8> {
    // Version 4, a time, EdDSA, the name of the curve, and the point behind its mark.
    let mut body = vec![4, 0x60, 0, 0, 0, 22, 9];
    body.extend([0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01]);
    body.extend([0x01, 0x07, 0x40]);
    body.extend(signing_key().verifying_key().to_bytes());
    let len = u8::try_from(body.len()).unwrap();
    [&[0xc6, len], body.as_slice()].concat()
}

/// A GnuPG key in a home of its own, standing for a vault's OpenPGP key.
pub(super) struct GnuPg {
    home: TempDir,
}

impl GnuPg {
    /// A fresh key of this kind for this user id.
    pub(super) fn new(algorithm: &str, user_id: &str) -> Self {
        // Sockets have short names: not below another temporary directory.
        let home = tempfile::Builder::new()
            .prefix("g")
            .tempdir_in("/tmp")
            .unwrap();
        let gnupg = Self { home };
        let key = [
            "--quick-generate-key",
            user_id,
            algorithm,
            "sign,cert",
            "never",
        ];
        gnupg.run(&key, b"");
        gnupg
    }

    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("gpg")
            .env("GNUPGHOME", self.home.path())
            .args(["--batch", "--quiet", "--no-tty", "--pinentry-mode=loopback"])
            .args(["--passphrase", ""])
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

    /// The fingerprint of its own primary key.
    pub(super) fn fingerprint(&self) -> String {
        let listed = self.run(&["--with-colons", "--list-secret-keys"], b"");
        let listed = String::from_utf8(listed).unwrap();
        let mut lines = listed.lines();
        let line = lines.find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    pub(super) fn certificate(&self) -> Vec<u8> {
        self.run(&["--armor", "--export"], b"")
    }

    /// The detached signature of bytes.
    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.run(&["--digest-algo=SHA512", "--armor", "--detach-sign"], bytes)
    }

    /// The armoured signature of a text, without the text.
    pub(super) fn sign_text(&self, text: &[u8]) -> Vec<u8> {
        let whole = self.run(&["--digest-algo=SHA512", "--clear-sign"], text);
        let whole = String::from_utf8(whole).unwrap();
        let start = whole.find("-----BEGIN PGP SIGNATURE-----").unwrap();
        whole.as_bytes()[start..].to_vec()
    }
}

impl Drop for GnuPg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .env("GNUPGHOME", self.home.path())
            .args(["--kill", "all"])
            .output();
    }
}
