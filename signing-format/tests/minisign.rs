//! minisign as the referee of keys and signatures.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use data_encoding::BASE64;
use ed25519_dalek::SigningKey;
use signing_format::minisign::{
    MinisignKeyId, MinisignPublicKey, MinisignSignature, MinisignSignatureError,
    TRUSTED_COMMENT_BYTES_MAX, TrustedComment, UNTRUSTED_COMMENT_BYTES_MAX, UntrustedComment,
    digest_of,
};
use tempfile::TempDir;

/// A folder with an unprotected key that minisign made, and the same key in our hands.
struct Stage {
    folder: TempDir,
    key: SigningKey,
    public: MinisignPublicKey,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new("minisign")
            .current_dir(folder.path())
            .args(["-G", "-W", "-p", "key.pub", "-s", "key.sec"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let public = fs::read_to_string(folder.path().join("key.pub")).unwrap();
        let secret = fs::read_to_string(folder.path().join("key.sec")).unwrap();
        let bytes = BASE64
            .decode(secret.lines().nth(1).unwrap().as_bytes())
            .unwrap();
        Self {
            public: MinisignPublicKey::parse(&public).unwrap(),
            key: SigningKey::from_bytes(&bytes[62..94].try_into().unwrap()),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new("minisign")
            .current_dir(self.folder.path())
            .args(args)
            .output()
            .unwrap()
    }

    fn sign(&self, message: &[u8], trusted: &str, untrusted: &str) -> MinisignSignature {
        MinisignSignature::sign(
            &self.key,
            self.public.key_id(),
            &digest_of(message),
            TrustedComment::new(trusted).unwrap(),
            UntrustedComment::new(untrusted).unwrap(),
        )
    }

    /// What minisign says of a signature file over the message.
    fn checked(&self, signature: &str, message: &[u8]) -> Output {
        fs::write(self.path("message"), message).unwrap();
        fs::write(self.path("message.minisig"), signature).unwrap();
        self.run(&["-V", "-p", "key.pub", "-m", "message"])
    }
}

#[test]
fn a_signature_is_byte_for_byte_what_minisign_makes() {
    let stage = Stage::new();
    let cases: [(&[u8], &str, &str); 3] = [
        (b"message", "timestamp:1\tfile:message\thashed", "from us"),
        (b"", "x", "y"),
        (&[0xff; 70_000], "größer\u{202e}", "größer"),
    ];
    for (message, trusted, untrusted) in cases {
        fs::write(stage.path("message"), message).unwrap();
        let args = ["-S", "-s", "key.sec", "-m", "message"];
        let output = stage.run(&[&args[..], &["-t", trusted, "-c", untrusted]].concat());
        assert!(output.status.success(), "{output:?}");
        let theirs = fs::read(stage.path("message.minisig")).unwrap();
        let ours = stage.sign(message, trusted, untrusted);
        assert_eq!(ours.to_file().as_bytes(), theirs);
        let read = MinisignSignature::parse(&theirs).unwrap();
        assert_eq!(read.verify(&stage.public, &digest_of(message)), Ok(()));
    }
}

#[test]
fn the_comments_that_nobody_chose_are_those_of_minisign() {
    let stage = Stage::new();
    fs::write(stage.path("message"), "x").unwrap();
    let output = stage.run(&["-S", "-s", "key.sec", "-m", "message"]);
    assert!(output.status.success(), "{output:?}");
    let read = MinisignSignature::parse(&fs::read(stage.path("message.minisig")).unwrap()).unwrap();
    assert_eq!(*read.untrusted_comment(), UntrustedComment::default());
    let trusted = read.peek_trusted_comment().as_str();
    let time = trusted.strip_prefix("timestamp:").unwrap();
    let (time, _) = time.split_once('\t').unwrap();
    let expected = TrustedComment::of_file(time.parse().unwrap(), "message").unwrap();
    assert_eq!(trusted, expected.as_str());
}

#[test]
fn minisign_accepts_our_signature_up_to_the_limits_of_its_comments() {
    let stage = Stage::new();
    let trusted = "t".repeat(TRUSTED_COMMENT_BYTES_MAX);
    let untrusted = "u".repeat(UNTRUSTED_COMMENT_BYTES_MAX);
    for (trusted, untrusted) in [("", ""), (trusted.as_str(), untrusted.as_str())] {
        let file = stage.sign(b"message", trusted, untrusted).to_file();
        let output = stage.checked(&file, b"message");
        assert!(output.status.success(), "{output:?}");
        let changed = stage.checked(&file, b"massage");
        assert!(!changed.status.success(), "{changed:?}");
    }
    // One byte more in either comment is more than minisign reads.
    let file = stage.sign(b"message", &trusted, &untrusted).to_file();
    for longer in [
        file.replacen(": t", ": tt", 1),
        file.replacen(": u", ": uu", 1),
    ] {
        assert!(!stage.checked(&longer, b"message").status.success());
        assert!(matches!(
            MinisignSignature::parse(longer.as_bytes()),
            Err(MinisignSignatureError::Comment(_))
        ));
    }
}

#[test]
fn the_old_form_is_refused_by_its_name() {
    let stage = Stage::new();
    fs::write(stage.path("message"), "x").unwrap();
    let output = stage.run(&["-S", "-l", "-s", "key.sec", "-m", "message"]);
    assert!(output.status.success(), "{output:?}");
    let file = fs::read(stage.path("message.minisig")).unwrap();
    assert_eq!(
        MinisignSignature::parse(&file),
        Err(MinisignSignatureError::OldForm)
    );
}

#[test]
fn the_public_key_file_is_byte_for_byte_what_minisign_makes() {
    let stage = Stage::new();
    let file = fs::read_to_string(stage.path("key.pub")).unwrap();
    assert_eq!(stage.public.to_file(), file);

    // A number that begins with zeros, which minisign shows without them.
    let secret = fs::read_to_string(stage.path("key.sec")).unwrap();
    let (comment, base64) = secret.trim_end().split_once('\n').unwrap();
    let mut bytes = BASE64.decode(base64.as_bytes()).unwrap();
    bytes[54..62].copy_from_slice(&[1, 2, 3, 4, 5, 6, 0, 0]);
    let changed = format!("{comment}\n{}\n", BASE64.encode(&bytes));
    fs::write(stage.path("zeros.sec"), changed).unwrap();
    let output = stage.run(&["-R", "-s", "zeros.sec", "-p", "zeros.pub"]);
    assert!(output.status.success(), "{output:?}");
    let key_id = MinisignKeyId([1, 2, 3, 4, 5, 6, 0, 0]);
    let ours = MinisignPublicKey::from_bytes(key_id, stage.public.as_bytes()).unwrap();
    let theirs = fs::read_to_string(stage.path("zeros.pub")).unwrap();
    assert_eq!(ours.to_file(), theirs);
}

#[test]
fn minisign_accepts_the_public_key_as_text() {
    let stage = Stage::new();
    let file = stage.sign(b"message", "trusted", "untrusted").to_file();
    fs::write(stage.path("message"), "message").unwrap();
    fs::write(stage.path("message.minisig"), file).unwrap();
    let base64 = stage.public.to_base64();
    let output = stage.run(&["-V", "-P", &base64, "-Q", "-m", "message"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"trusted\n");
}
