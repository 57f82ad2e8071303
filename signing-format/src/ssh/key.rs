//! SSH public keys: the blob, the line of a `.pub` file, the fingerprint.

use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD};
use ed25519_dalek::{SigningKey, VerifyingKey};
use pack_format::advice::{Advice, Exit};
use pack_format::codec::{DecodeError, Reader, Writer};
use pack_format::shown::{Shown, is_hidden};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::{ED25519, read_string, write_string};
use crate::ed25519::key_of;

/// An Ed25519 public key as SSH uses it. A point of the curve, and not one of the few weak ones
/// for which anybody can make signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshPublicKey(VerifyingKey);

/// The one line of a `.pub` file: a key and the comment that its owner gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshKeyLine {
    key: SshPublicKey,
    comment: String,
}

/// Why bytes are not a public key that can be used here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SshKeyError {
    /// An SSH key, of a type that does not sign here.
    #[error(
        "this is an SSH key of the type {}, and only {ED25519} is supported",
        Shown(algorithm)
    )]
    Unsupported {
        /// The type, as the key names it.
        algorithm: String,
    },
    /// Not the line of a public key.
    #[error("this is not the line of an SSH public key")]
    NotAKeyLine,
    /// More than one line, or more than a line holds.
    #[error("the SSH public key is not one line of at most {LINE_BYTES_MAX} bytes")]
    NotOneLine,
    /// The comment holds a control character or an invisible one, or is too long.
    #[error(
        "the comment of the SSH public key holds a hidden character or is longer than \
         {COMMENT_BYTES_MAX} bytes"
    )]
    Comment,
    /// The key's blob is damaged.
    #[error("the SSH public key is damaged")]
    Damaged(#[source] DecodeError),
    /// The base64 of the line is damaged.
    #[error("the base64 of the SSH public key is damaged")]
    Base64,
    /// The bytes are no Ed25519 key, or a weak one.
    #[error("the SSH public key is not a point that Ed25519 allows as a key")]
    NotAPoint,
}

impl Advice for SshKeyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "ssh-key-unsupported",
            Self::NotAKeyLine | Self::NotOneLine => "ssh-key-not-a-line",
            Self::Comment => "ssh-key-comment",
            Self::Damaged(_) | Self::Base64 => "ssh-key-damaged",
            Self::NotAPoint => "ssh-key-not-a-point",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was signed and nothing was changed.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Unsupported { .. } => {
                "Use an Ed25519 key: ssh-keygen -t ed25519 makes one, and so does the vault."
            }
            Self::NotAKeyLine | Self::NotOneLine => {
                "Give the .pub file: one line that begins with ssh-ed25519."
            }
            Self::Comment => "Shorten the comment to plain text, for example a name.",
            Self::Damaged(_) | Self::Base64 | Self::NotAPoint => {
                "Copy the .pub file again from where the key was made."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Damaged(_) | Self::Base64 | Self::NotAPoint => Exit::Refused,
            _ => Exit::Usage,
        }
    }
}

impl SshPublicKey {
    /// The key of these 32 bytes.
    ///
    /// # Errors
    /// [`SshKeyError::NotAPoint`] when they are no point of the curve, a weak one, or not its
    /// one encoding.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SshKeyError> {
        key_of(bytes).map(Self).ok_or(SshKeyError::NotAPoint)
    }

    /// The public half of a secret key.
    #[must_use]
    pub fn of(signing_key: &SigningKey) -> Self {
        Self(signing_key.verifying_key())
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// `blob = string "ssh-ed25519" || string key`: the key as SSH passes it around, 51 bytes
    /// (RFC 8709, section 4).
    #[must_use]
    pub fn to_blob(&self) -> Vec<u8> {
        blob(self.as_bytes())
    }

    /// Reads a blob that fills `bytes` exactly.
    ///
    /// # Errors
    /// [`SshKeyError::Unsupported`] for other types, [`SshKeyError::Damaged`] and
    /// [`SshKeyError::NotAPoint`].
    pub fn from_blob(bytes: &[u8]) -> Result<Self, SshKeyError> {
        let mut reader = Reader::new(bytes);
        let algorithm = read_string(&mut reader, ALGORITHM_BYTES_MAX, "type of the SSH key")
            .map_err(SshKeyError::Damaged)?;
        if algorithm != ED25519.as_bytes() {
            let algorithm = String::from_utf8_lossy(algorithm).into_owned();
            return Err(SshKeyError::Unsupported { algorithm });
        }
        let key = read_key(&mut reader).map_err(SshKeyError::Damaged)?;
        reader
            .finish("SSH public key")
            .map_err(SshKeyError::Damaged)?;
        Self::from_bytes(&key)
    }

    /// `SHA256:` and the unpadded base64 of `SHA-256(blob)`, as `ssh-keygen -l` shows it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(self.as_bytes())
    }

    /// The key itself, for verifying.
    pub(super) fn verifying_key(&self) -> &VerifyingKey {
        &self.0
    }
}

impl SshKeyLine {
    /// A key with a comment.
    ///
    /// # Errors
    /// [`SshKeyError::Comment`] when the comment is longer than [`COMMENT_BYTES_MAX`] bytes or
    /// holds a character that can forge what stands around it.
    pub fn new(key: SshPublicKey, comment: &str) -> Result<Self, SshKeyError> {
        let comment = comment.trim_matches(' ');
        if comment.len() > COMMENT_BYTES_MAX || comment.chars().any(is_hidden) {
            return Err(SshKeyError::Comment);
        }
        Ok(Self {
            key,
            comment: comment.to_owned(),
        })
    }

    /// Reads the content of a `.pub` file: type, base64, and the comment if there is one. A line
    /// end may follow. Options, as `authorized_keys` has them, are not part of a key.
    ///
    /// # Errors
    /// [`SshKeyError`], per variant.
    pub fn parse(text: &str) -> Result<Self, SshKeyError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.len() > LINE_BYTES_MAX || line.contains(['\n', '\r']) {
            return Err(SshKeyError::NotOneLine);
        }
        let (algorithm, rest) = line.split_once(' ').ok_or(SshKeyError::NotAKeyLine)?;
        if algorithm != ED25519 {
            return Err(not_ed25519(algorithm));
        }
        let rest = rest.trim_start_matches(' ');
        let (base64, comment) = rest.split_once(' ').unwrap_or((rest, ""));
        let blob = BASE64
            .decode(base64.as_bytes())
            .map_err(|_| SshKeyError::Base64)?;
        Self::new(SshPublicKey::from_blob(&blob)?, comment)
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &SshPublicKey {
        &self.key
    }

    /// The comment; empty if there is none.
    #[must_use]
    pub fn comment(&self) -> &str {
        &self.comment
    }
}

impl fmt::Display for SshKeyLine {
    /// The line without a line end, as `ssh-keygen -y` prints it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.key)?;
        if self.comment.is_empty() {
            return Ok(());
        }
        write!(formatter, " {}", self.comment)
    }
}

impl fmt::Display for SshPublicKey {
    /// Type and base64 without a comment.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{ED25519} {}", BASE64.encode(&self.to_blob()))
    }
}

/// The fingerprint of a key's 32 bytes, whether or not they are a usable key.
pub(crate) fn fingerprint(key: &[u8; 32]) -> String {
    let text = BASE64_NOPAD.encode(&Sha256::digest(blob(key)));
    format!("SHA256:{text}")
}

fn blob(key: &[u8; 32]) -> Vec<u8> {
    let mut writer = Writer::new();
    write_string(&mut writer, ED25519.as_bytes());
    write_string(&mut writer, key);
    writer.into_bytes()
}

fn read_key(reader: &mut Reader<'_>) -> Result<[u8; 32], DecodeError> {
    let what = "Ed25519 key";
    read_string(reader, 32, what)?
        .try_into()
        .map_err(|_| DecodeError::Rule {
            what: "an Ed25519 key has 32 bytes",
        })
}

/// Every type that SSH knows begins with one of these; anything else is no key at all.
fn not_ed25519(word: &str) -> SshKeyError {
    let is_type = ["ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|start| word.starts_with(start));
    if is_type {
        let algorithm = word.to_owned();
        return SshKeyError::Unsupported { algorithm };
    }
    SshKeyError::NotAKeyLine
}

/// Longest comment, in bytes; ssh-keygen itself writes `user@host`.
pub const COMMENT_BYTES_MAX: usize = 1024;
/// Longest line, in bytes: that of an RSA key, so that it is refused by its name.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// Longest name of a type of key; the longest that SSH knows has 42 bytes.
const ALGORITHM_BYTES_MAX: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8032, section 7.1, test 1.
    const KEY: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07,
        0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07,
        0x51, 0x1a,
    ];

    fn key() -> SshPublicKey {
        SshPublicKey::from_bytes(&KEY).unwrap()
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        for comment in ["", "amina", "amina on the train"] {
            let line = SshKeyLine::new(key(), comment).unwrap();
            assert_eq!(SshKeyLine::parse(&line.to_string()).unwrap(), line);
            assert_eq!(SshKeyLine::parse(&format!("{line}\n")).unwrap(), line);
            assert_eq!(SshKeyLine::parse(&format!("{line}\r\n")).unwrap(), line);
        }
    }

    #[test]
    fn another_type_of_key_is_refused_by_its_name() {
        for algorithm in [
            "ssh-rsa",
            "ssh-dss",
            "ecdsa-sha2-nistp256",
            "sk-ssh-ed25519@openssh.com",
            "ssh-ed25519-cert-v01@openssh.com",
        ] {
            let err = SshKeyLine::parse(&format!("{algorithm} AAAA")).unwrap_err();
            let algorithm = algorithm.to_owned();
            assert_eq!(err, SshKeyError::Unsupported { algorithm });
        }
        let mut writer = Writer::new();
        write_string(&mut writer, b"ssh-rsa");
        let blob = writer.into_bytes();
        assert!(matches!(
            SshPublicKey::from_blob(&blob),
            Err(SshKeyError::Unsupported { .. })
        ));
    }

    #[test]
    fn what_is_no_key_line_is_refused() {
        let line = key().to_string();
        let cases = [
            (String::new(), SshKeyError::NotAKeyLine),
            ("ssh-ed25519".to_owned(), SshKeyError::NotAKeyLine),
            (format!("command=\"x\" {line}"), SshKeyError::NotAKeyLine),
            (format!("{line}\n{line}"), SshKeyError::NotOneLine),
            ("x".repeat(LINE_BYTES_MAX + 1), SshKeyError::NotOneLine),
            (format!("{line}x"), SshKeyError::Base64),
            (format!("{line} a\u{202e}b"), SshKeyError::Comment),
            (format!("{line} a\u{1b}[2J"), SshKeyError::Comment),
            (format!("{line} {}", "x".repeat(1025)), SshKeyError::Comment),
        ];
        for (text, expected) in cases {
            assert_eq!(SshKeyLine::parse(&text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_damaged_or_longer_blob_is_refused() {
        let blob = key().to_blob();
        assert_eq!(SshPublicKey::from_blob(&blob).unwrap(), key());
        for len in 0..blob.len() {
            assert!(SshPublicKey::from_blob(&blob[..len]).is_err());
        }
        let longer = [blob.as_slice(), &[0]].concat();
        assert!(matches!(
            SshPublicKey::from_blob(&longer),
            Err(SshKeyError::Damaged(DecodeError::TrailingBytes { .. }))
        ));
    }

    #[test]
    fn a_weak_point_is_no_key() {
        let mut writer = Writer::new();
        write_string(&mut writer, ED25519.as_bytes());
        write_string(&mut writer, &[0; 32]);
        let read = SshPublicKey::from_blob(&writer.into_bytes());
        assert_eq!(read, Err(SshKeyError::NotAPoint));
    }
}
