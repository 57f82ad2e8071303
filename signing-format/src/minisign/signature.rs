//! minisign's signature files: four lines, two signatures.

use blake2::{Blake2b512, Digest as _};
use data_encoding::BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use pack_format::advice::{Advice, Exit};
use pack_format::codec::{DecodeError, Reader, Writer};
use thiserror::Error;

use super::comment::{CommentError, TrustedComment, UntrustedComment};
use super::key::{COMMENT_PREFIX, MinisignKeyId, MinisignPublicKey};

/// A signature file. Nothing about it is checked until [`MinisignSignature::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinisignSignature {
    key_id: MinisignKeyId,
    signature: [u8; 64],
    trusted_comment: TrustedComment,
    global_signature: [u8; 64],
    untrusted_comment: UntrustedComment,
}

/// Why bytes are not a minisign signature, or not one of this key over this file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MinisignSignatureError {
    /// Not the four lines that minisign writes, byte for byte.
    #[error("this is not a signature file as minisign writes it")]
    Form,
    /// A comment is against the rules.
    #[error("a comment of the minisign signature is not allowed")]
    Comment(#[source] CommentError),
    /// The base64 does not hold what it should.
    #[error("the minisign signature is damaged")]
    Damaged(#[source] DecodeError),
    /// The form of minisign before version 0.10, or made with `-l`.
    #[error("this minisign signature has the old form, which does not hash the file first")]
    OldForm,
    /// Made by another key.
    #[error("the minisign signature was made by the key {found}, not by {expected}")]
    OtherKey {
        /// The key that was asked about.
        expected: MinisignKeyId,
        /// The key in the signature.
        found: MinisignKeyId,
    },
    /// The arithmetic says no: another file, or a forged signature.
    #[error("the minisign signature does not match the file")]
    DoesNotMatch,
    /// The file is right, and the trusted comment is not the one that was signed.
    #[error("the trusted comment is not the one that was signed")]
    CommentDoesNotMatch,
}

impl Advice for MinisignSignatureError {
    fn code(&self) -> &'static str {
        match self {
            Self::Form => "minisign-signature-form",
            Self::Comment(err) => err.code(),
            Self::Damaged(_) => "minisign-signature-damaged",
            Self::OldForm => "minisign-signature-old",
            Self::OtherKey { .. } => "minisign-signature-other-key",
            Self::DoesNotMatch => "minisign-signature-wrong",
            Self::CommentDoesNotMatch => "minisign-comment-wrong",
        }
    }

    fn data_safe(&self) -> String {
        "The signature was not accepted, and nothing was changed.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::OldForm => "Ask for a signature made by minisign 0.11 or newer, without -l.",
            Self::OtherKey { .. } => {
                "Check with the public key that the signature names, if you know whose it is."
            }
            Self::DoesNotMatch | Self::CommentDoesNotMatch => {
                "Do not trust the file: it or its signature was changed. Get both again."
            }
            Self::Form | Self::Comment(_) | Self::Damaged(_) => {
                "Get the signature again from whoever made it."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Refused
    }
}

/// `digest = BLAKE2b-512(file)`: what is signed instead of a file that is at hand.
#[must_use]
pub fn digest_of(file: &[u8]) -> [u8; 64] {
    Blake2b512::digest(file).into()
}

/// `signature || trusted comment`: what the second signature of the file signs, so that the
/// comment cannot be moved to another signature.
#[must_use]
pub fn global_signed_data(signature: &[u8; 64], trusted_comment: &TrustedComment) -> Vec<u8> {
    [signature.as_slice(), trusted_comment.as_str().as_bytes()].concat()
}

impl MinisignSignature {
    /// Signs the BLAKE2b-512 digest of a file, and the trusted comment.
    #[must_use]
    pub fn sign(
        signing_key: &SigningKey,
        key_id: MinisignKeyId,
        digest: &[u8; 64],
        trusted_comment: TrustedComment,
        untrusted_comment: UntrustedComment,
    ) -> Self {
        let signature = signing_key.sign(digest).to_bytes();
        let global_signature = signing_key
            .sign(&global_signed_data(&signature, &trusted_comment))
            .to_bytes();
        Self {
            key_id,
            signature,
            trusted_comment,
            global_signature,
            untrusted_comment,
        }
    }

    /// A signature from its parts. It is *not* verified here.
    #[must_use]
    pub fn from_raw(
        key_id: MinisignKeyId,
        signature: [u8; 64],
        global_signature: [u8; 64],
        trusted_comment: TrustedComment,
        untrusted_comment: UntrustedComment,
    ) -> Self {
        Self {
            key_id,
            signature,
            trusted_comment,
            global_signature,
            untrusted_comment,
        }
    }

    /// The `.minisig` file, byte for byte as minisign writes it: the untrusted comment,
    /// `base64("ED" || key id || signature)`, the trusted comment, `base64(global signature)`.
    #[must_use]
    pub fn to_file(&self) -> String {
        let mut writer = Writer::new();
        writer
            .put(PREHASHED)
            .put(&self.key_id.0)
            .put(&self.signature);
        format!(
            "{COMMENT_PREFIX}{}\n{}\n{TRUSTED_PREFIX}{}\n{}\n",
            self.untrusted_comment,
            BASE64.encode(&writer.into_bytes()),
            self.trusted_comment,
            BASE64.encode(&self.global_signature)
        )
    }

    /// Reads what [`MinisignSignature::to_file`] writes, and nothing that differs from it.
    ///
    /// # Errors
    /// Every [`MinisignSignatureError`] that says the form is wrong; none about the file.
    pub fn parse(bytes: &[u8]) -> Result<Self, MinisignSignatureError> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(MinisignSignatureError::Form);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| MinisignSignatureError::Form)?;
        let lines: Vec<&str> = text.split('\n').collect();
        let [untrusted, signature, trusted, global, ""] = lines.as_slice() else {
            return Err(MinisignSignatureError::Form);
        };
        let untrusted = untrusted
            .strip_prefix(COMMENT_PREFIX)
            .ok_or(MinisignSignatureError::Form)?;
        let trusted = trusted
            .strip_prefix(TRUSTED_PREFIX)
            .ok_or(MinisignSignatureError::Form)?;
        let (key_id, signature) = read_signature(&decode(signature)?)?;
        Ok(Self {
            key_id,
            signature,
            trusted_comment: TrustedComment::new(trusted)
                .map_err(MinisignSignatureError::Comment)?,
            global_signature: read_global(&decode(global)?)
                .map_err(MinisignSignatureError::Damaged)?,
            untrusted_comment: UntrustedComment::new(untrusted)
                .map_err(MinisignSignatureError::Comment)?,
        })
    }

    /// Checks that this key signed the file with this BLAKE2b-512 digest and the trusted comment.
    ///
    /// # Errors
    /// [`MinisignSignatureError::OtherKey`], [`MinisignSignatureError::DoesNotMatch`] and
    /// [`MinisignSignatureError::CommentDoesNotMatch`].
    pub fn verify(
        &self,
        public: &MinisignPublicKey,
        digest: &[u8; 64],
    ) -> Result<(), MinisignSignatureError> {
        if self.key_id != public.key_id() {
            return Err(MinisignSignatureError::OtherKey {
                expected: public.key_id(),
                found: self.key_id,
            });
        }
        let key = public.verifying_key();
        key.verify_strict(digest, &Signature::from_bytes(&self.signature))
            .map_err(|_| MinisignSignatureError::DoesNotMatch)?;
        let global = global_signed_data(&self.signature, &self.trusted_comment);
        key.verify_strict(&global, &Signature::from_bytes(&self.global_signature))
            .map_err(|_| MinisignSignatureError::CommentDoesNotMatch)
    }

    /// The number of the key that the signature says it is of.
    #[must_use]
    pub fn peek_key_id(&self) -> MinisignKeyId {
        self.key_id
    }

    /// The comment that is signed, once [`MinisignSignature::verify`] said so.
    #[must_use]
    pub fn peek_trusted_comment(&self) -> &TrustedComment {
        &self.trusted_comment
    }

    /// The comment that nobody signed.
    #[must_use]
    pub fn untrusted_comment(&self) -> &UntrustedComment {
        &self.untrusted_comment
    }

    /// The 64 bytes of the signature over the file's digest.
    #[must_use]
    pub fn raw(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The 64 bytes of the signature over [`global_signed_data`].
    #[must_use]
    pub fn raw_global(&self) -> &[u8; 64] {
        &self.global_signature
    }
}

fn decode(base64: &str) -> Result<Vec<u8>, MinisignSignatureError> {
    BASE64
        .decode(base64.as_bytes())
        .map_err(|_| MinisignSignatureError::Form)
}

fn read_signature(bytes: &[u8]) -> Result<(MinisignKeyId, [u8; 64]), MinisignSignatureError> {
    if bytes.starts_with(NOT_HASHED) {
        return Err(MinisignSignatureError::OldForm);
    }
    read_prehashed(bytes).map_err(MinisignSignatureError::Damaged)
}

fn read_prehashed(bytes: &[u8]) -> Result<(MinisignKeyId, [u8; 64]), DecodeError> {
    let mut reader = Reader::new(bytes);
    if reader.take_array("type of the minisign signature")? != *PREHASHED {
        return Err(DecodeError::Unknown {
            what: "type of the minisign signature",
        });
    }
    let key_id = MinisignKeyId(reader.take_array("number of the minisign key")?);
    let signature = reader.take_array("minisign signature")?;
    reader.finish("minisign signature")?;
    Ok((key_id, signature))
}

fn read_global(bytes: &[u8]) -> Result<[u8; 64], DecodeError> {
    let mut reader = Reader::new(bytes);
    let signature = reader.take_array("signature of the trusted comment")?;
    reader.finish("signature of the trusted comment")?;
    Ok(signature)
}

/// Ed25519 over BLAKE2b-512, as minisign names it.
const PREHASHED: &[u8; 2] = b"ED";
/// Ed25519 over the file itself, which is refused.
const NOT_HASHED: &[u8; 2] = b"Ed";
const TRUSTED_PREFIX: &str = "trusted comment: ";
/// Longest file: both comments at their limits and two signatures.
const FILE_BYTES_MAX: usize = 10 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (MinisignPublicKey, MinisignSignature, [u8; 64]) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let key_id = MinisignKeyId([1, 2, 3, 4, 5, 6, 7, 8]);
        let public = MinisignPublicKey::from_bytes(key_id, key.verifying_key().as_bytes()).unwrap();
        let digest = digest_of(b"message");
        let signature = MinisignSignature::sign(
            &key,
            key_id,
            &digest,
            TrustedComment::of_file(1_700_000_000, "file").unwrap(),
            UntrustedComment::default(),
        );
        (public, signature, digest)
    }

    #[test]
    fn a_file_is_read_as_it_was_written_and_verifies() {
        let (public, signature, digest) = signed();
        let file = signature.to_file();
        let read = MinisignSignature::parse(file.as_bytes()).unwrap();
        assert_eq!(read, signature);
        assert_eq!(read.to_file(), file);
        assert_eq!(read.verify(&public, &digest), Ok(()));
        let rebuilt = MinisignSignature::from_raw(
            read.peek_key_id(),
            *read.raw(),
            *read.raw_global(),
            read.peek_trusted_comment().clone(),
            read.untrusted_comment().clone(),
        );
        assert_eq!(rebuilt, signature);
    }

    #[test]
    fn another_key_file_or_comment_does_not_verify() {
        let (public, signature, digest) = signed();
        let number = MinisignKeyId([0; 8]);
        let other = MinisignPublicKey::from_bytes(number, public.as_bytes()).unwrap();
        assert!(matches!(
            signature.verify(&other, &digest),
            Err(MinisignSignatureError::OtherKey { .. })
        ));
        let forged = SigningKey::from_bytes(&[8; 32]).verifying_key();
        let forged = MinisignPublicKey::from_bytes(public.key_id(), forged.as_bytes()).unwrap();
        assert_eq!(
            signature.verify(&forged, &digest),
            Err(MinisignSignatureError::DoesNotMatch)
        );
        assert_eq!(
            signature.verify(&public, &digest_of(b"massage")),
            Err(MinisignSignatureError::DoesNotMatch)
        );
        let mut moved = signature;
        moved.trusted_comment = TrustedComment::new("timestamp:1700000001").unwrap();
        assert_eq!(
            moved.verify(&public, &digest),
            Err(MinisignSignatureError::CommentDoesNotMatch)
        );
    }

    #[test]
    fn only_the_untrusted_comment_can_change_without_notice() {
        let (public, signature, digest) = signed();
        let file = signature.to_file().into_bytes();
        let comment = COMMENT_PREFIX.len()..file.iter().position(|&b| b == b'\n').unwrap();
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                let verified = MinisignSignature::parse(&changed)
                    .and_then(|read| read.verify(&public, &digest));
                let allowed = comment.contains(&at);
                assert!(allowed || verified.is_err(), "byte {at}, bit {bit}");
            }
            assert!(MinisignSignature::parse(&file[..at]).is_err());
        }
    }

    #[test]
    fn each_wrong_form_is_refused_by_its_name() {
        let (_, signature, _) = signed();
        let file = signature.to_file();
        let with = |line: usize, text: &str| {
            let mut lines: Vec<&str> = file.split('\n').collect();
            lines[line] = text;
            MinisignSignature::parse(lines.join("\n").as_bytes()).unwrap_err()
        };
        let base64 = |start: &[u8], len: usize| {
            let mut bytes = start.to_vec();
            bytes.resize(len, 1);
            BASE64.encode(&bytes)
        };
        use MinisignSignatureError as E;
        assert_eq!(with(0, "comment: x"), E::Form);
        assert_eq!(with(2, "comment: x"), E::Form);
        assert_eq!(with(4, "more"), E::Form);
        assert_eq!(with(1, "?"), E::Form);
        assert_eq!(with(1, &base64(b"Ed", 74)), E::OldForm);
        assert!(matches!(with(1, &base64(b"EX", 74)), E::Damaged(_)));
        assert!(matches!(with(1, &base64(b"ED", 75)), E::Damaged(_)));
        assert!(matches!(with(3, &base64(b"", 63)), E::Damaged(_)));
        assert!(matches!(with(3, &base64(b"", 65)), E::Damaged(_)));
        let escape = "trusted comment: \u{1b}[2J";
        assert!(matches!(with(2, escape), E::Comment(_)));
        let windows = file.replace('\n', "\r\n");
        assert_eq!(MinisignSignature::parse(windows.as_bytes()), Err(E::Form));
        assert_eq!(MinisignSignature::parse(&[0xff]), Err(E::Form));
        assert_eq!(MinisignSignature::parse(&[b'x'; 20_000]), Err(E::Form));
    }
}
