//! SSHSIG: the form of signatures that `ssh-keygen -Y` makes and checks (PROTOCOL.sshsig).

use std::fmt;

use data_encoding::BASE64;
use ed25519_dalek::Signature;
use pack_format::advice::{Advice, Exit};
use pack_format::codec::{DecodeError, Reader, Writer};
use pack_format::shown::Shown;
use sha2::{Digest as _, Sha256, Sha512};
use thiserror::Error;

use super::namespace::{NAMESPACE_CHARS_MAX, Namespace, NamespaceError};
use super::{ED25519, SshKeyError, SshPublicKey, read_string, write_string};

/// What a message is hashed with before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// SHA-256: accepted when checking, never made.
    Sha256,
    /// SHA-512: what is made, here and by ssh-keygen.
    Sha512,
}

/// The hash of a whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageDigest {
    /// Of 32 bytes.
    Sha256([u8; 32]),
    /// Of 64 bytes.
    Sha512([u8; 64]),
}

/// A signature as SSH writes it into files and git commits: it names its key, its namespace and
/// its hash. Nothing about it is checked until [`SshSignature::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshSignature {
    public: SshPublicKey,
    namespace: Namespace,
    algorithm: HashAlgorithm,
    signature: [u8; 64],
}

/// Why bytes are not an SSH signature, or not one of this key over this message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SshSignatureError {
    /// Not the armor that ssh-keygen writes, byte for byte.
    #[error("this is not an SSH signature in the form that ssh-keygen writes")]
    Armor,
    /// The blob is damaged.
    #[error("the SSH signature is damaged")]
    Damaged(#[source] DecodeError),
    /// The key in it cannot be used here.
    #[error("the key of the SSH signature cannot be used")]
    Key(#[source] SshKeyError),
    /// The namespace in it is against the rules.
    #[error("the namespace of the SSH signature is not allowed")]
    NotANamespace(#[source] NamespaceError),
    /// A hash that SSHSIG does not allow.
    #[error(
        "the SSH signature names the hash {}, and sha256 and sha512 are known",
        Shown(found)
    )]
    UnknownHash {
        /// The name in the signature.
        found: String,
    },
    /// The signature itself is of another type than its key.
    #[error(
        "the SSH signature is of the type {}, and its key is {ED25519}",
        Shown(found)
    )]
    OtherType {
        /// The type in the signature.
        found: String,
    },
    /// Made for another purpose.
    #[error("the SSH signature is for the namespace {found}, not for {expected}")]
    OtherNamespace {
        /// The one that was asked about.
        expected: Namespace,
        /// The one in the signature.
        found: Namespace,
    },
    /// Made by another key.
    #[error("the SSH signature was made by the key {found}, not by {expected}")]
    OtherKey {
        /// The fingerprint of the key that was asked about.
        expected: String,
        /// The fingerprint of the key in the signature.
        found: String,
    },
    /// The message was hashed with another algorithm than the signature names.
    #[error("the SSH signature is over a {expected} hash, and the message was hashed with {found}")]
    OtherHash {
        /// What the signature names.
        expected: HashAlgorithm,
        /// What was given.
        found: HashAlgorithm,
    },
    /// The arithmetic says no: another message, or a forged signature.
    #[error("the SSH signature does not match the message")]
    DoesNotMatch,
}

impl Advice for SshSignatureError {
    fn code(&self) -> &'static str {
        match self {
            Self::Armor => "ssh-signature-form",
            Self::Damaged(_) | Self::OtherType { .. } => "ssh-signature-damaged",
            Self::Key(err) => err.code(),
            Self::NotANamespace(err) => err.code(),
            Self::UnknownHash { .. } | Self::OtherHash { .. } => "ssh-signature-hash",
            Self::OtherNamespace { .. } => "ssh-signature-namespace",
            Self::OtherKey { .. } => "ssh-signature-other-key",
            Self::DoesNotMatch => "ssh-signature-wrong",
        }
    }

    fn data_safe(&self) -> String {
        "The signature was not accepted, and nothing was changed.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::OtherKey { .. } => {
                "Check with the public key that the signature names, if you \
                                      know whose it is."
            }
            Self::OtherNamespace { .. } => {
                "Do not use it for this: it was made for something else. Ask for a new signature."
            }
            Self::DoesNotMatch => {
                "Do not trust the file: it or its signature was changed. Get both again."
            }
            _ => "Get the signature again from whoever made it.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Refused
    }
}

impl HashAlgorithm {
    /// The name in signatures: `sha256` or `sha512`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl MessageDigest {
    /// Hashes a whole message that is at hand.
    #[must_use]
    pub fn of(algorithm: HashAlgorithm, message: &[u8]) -> Self {
        match algorithm {
            HashAlgorithm::Sha256 => Self::Sha256(Sha256::digest(message).into()),
            HashAlgorithm::Sha512 => Self::Sha512(Sha512::digest(message).into()),
        }
    }

    /// Which hash this is.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        match self {
            Self::Sha256(_) => HashAlgorithm::Sha256,
            Self::Sha512(_) => HashAlgorithm::Sha512,
        }
    }

    /// The bytes: 32 or 64.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }
}

/// `"SSHSIG" || string namespace || string reserved || string hash || string H(message)`: what the
/// key signs (PROTOCOL.sshsig, section 2). `reserved` is empty.
#[must_use]
pub fn signed_data(namespace: &Namespace, digest: &MessageDigest) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.put(MAGIC);
    write_string(&mut writer, namespace.as_str().as_bytes());
    write_string(&mut writer, RESERVED);
    write_string(&mut writer, digest.algorithm().name().as_bytes());
    write_string(&mut writer, digest.as_bytes());
    writer.into_bytes()
}

impl SshSignature {
    /// The signature of 64 bytes over [`signed_data`] with SHA-512. It is *not* verified here.
    #[must_use]
    pub fn from_raw(public: SshPublicKey, namespace: Namespace, signature: [u8; 64]) -> Self {
        Self {
            public,
            namespace,
            algorithm: HashAlgorithm::Sha512,
            signature,
        }
    }

    /// `"SSHSIG" || u32 1 || string key || string namespace || string reserved || string hash ||
    /// string signature` (PROTOCOL.sshsig, section 1).
    #[must_use]
    pub fn to_blob(&self) -> Vec<u8> {
        let mut signature = Writer::new();
        write_string(&mut signature, ED25519.as_bytes());
        write_string(&mut signature, &self.signature);
        let mut writer = Writer::new();
        writer.put(MAGIC).u32(VERSION);
        write_string(&mut writer, &self.public.to_blob());
        write_string(&mut writer, self.namespace.as_str().as_bytes());
        write_string(&mut writer, RESERVED);
        write_string(&mut writer, self.algorithm.name().as_bytes());
        write_string(&mut writer, &signature.into_bytes());
        writer.into_bytes()
    }

    /// Reads a blob that fills `bytes` exactly.
    ///
    /// # Errors
    /// Every [`SshSignatureError`] that says the form is wrong; none about the message.
    pub fn from_blob(bytes: &[u8]) -> Result<Self, SshSignatureError> {
        let mut reader = Reader::new(bytes);
        let fields = Fields::read(&mut reader).map_err(SshSignatureError::Damaged)?;
        reader
            .finish("SSH signature")
            .map_err(SshSignatureError::Damaged)?;
        let algorithm = match fields.hash {
            b"sha256" => HashAlgorithm::Sha256,
            b"sha512" => HashAlgorithm::Sha512,
            other => {
                let found = String::from_utf8_lossy(other).into_owned();
                return Err(SshSignatureError::UnknownHash { found });
            }
        };
        let namespace = String::from_utf8_lossy(fields.namespace);
        Ok(Self {
            public: SshPublicKey::from_blob(fields.key).map_err(SshSignatureError::Key)?,
            namespace: Namespace::new(&namespace).map_err(SshSignatureError::NotANamespace)?,
            algorithm,
            signature: read_signature(fields.signature)?,
        })
    }

    /// The text of a `.sig` file and of a signed git object, byte for byte as ssh-keygen writes
    /// it: base64 in lines of 70 characters between two marks, every line ended.
    #[must_use]
    pub fn to_armor(&self) -> String {
        let mut text = format!("{BEGIN}\n");
        for (position, ch) in BASE64.encode(&self.to_blob()).chars().enumerate() {
            if position > 0 && position % LINE_CHARS == 0 {
                text.push('\n');
            }
            text.push(ch);
        }
        text.push_str(&format!("\n{END}\n"));
        text
    }

    /// Reads what [`SshSignature::to_armor`] writes, and nothing that differs from it.
    ///
    /// # Errors
    /// [`SshSignatureError::Armor`] for any other layout, and those of
    /// [`SshSignature::from_blob`].
    pub fn from_armor(bytes: &[u8]) -> Result<Self, SshSignatureError> {
        if bytes.len() > ARMOR_BYTES_MAX {
            return Err(SshSignatureError::Armor);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| SshSignatureError::Armor)?;
        let base64: String = text
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.trim_end().strip_suffix(END))
            .ok_or(SshSignatureError::Armor)?
            .lines()
            .collect();
        let blob = BASE64
            .decode(base64.as_bytes())
            .map_err(|_| SshSignatureError::Armor)?;
        let signature = Self::from_blob(&blob)?;
        if signature.to_armor() != text {
            return Err(SshSignatureError::Armor);
        }
        Ok(signature)
    }

    /// Checks that this key made the signature, for this namespace, over the message with this
    /// digest. The digest is made with [`SshSignature::algorithm`].
    ///
    /// # Errors
    /// [`SshSignatureError::OtherKey`], [`SshSignatureError::OtherNamespace`],
    /// [`SshSignatureError::OtherHash`] and [`SshSignatureError::DoesNotMatch`].
    pub fn verify(
        &self,
        public: &SshPublicKey,
        namespace: &Namespace,
        digest: &MessageDigest,
    ) -> Result<(), SshSignatureError> {
        if self.public != *public {
            return Err(SshSignatureError::OtherKey {
                expected: public.fingerprint(),
                found: self.public.fingerprint(),
            });
        }
        if self.namespace != *namespace {
            return Err(SshSignatureError::OtherNamespace {
                expected: namespace.clone(),
                found: self.namespace.clone(),
            });
        }
        if self.algorithm != digest.algorithm() {
            return Err(SshSignatureError::OtherHash {
                expected: self.algorithm,
                found: digest.algorithm(),
            });
        }
        let signature = Signature::from_bytes(&self.signature);
        public
            .verifying_key()
            .verify_strict(&signed_data(namespace, digest), &signature)
            .map_err(|_| SshSignatureError::DoesNotMatch)
    }

    /// The key that the signature says it is of.
    #[must_use]
    pub fn peek_public(&self) -> &SshPublicKey {
        &self.public
    }

    /// The namespace that the signature says it is for.
    #[must_use]
    pub fn peek_namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// What the message is to be hashed with before [`SshSignature::verify`].
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The 64 bytes of the Ed25519 signature, for [`SshSignature::from_raw`].
    #[must_use]
    pub fn raw(&self) -> &[u8; 64] {
        &self.signature
    }
}

/// The parts of a blob before they are looked into.
struct Fields<'a> {
    key: &'a [u8],
    namespace: &'a [u8],
    hash: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        if reader.take(MAGIC.len(), "mark of SSH signatures")? != MAGIC {
            return Err(DecodeError::Rule {
                what: "this is not an SSH signature",
            });
        }
        if reader.u32("version of the SSH signature")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "version of the SSH signature",
            });
        }
        let key = read_string(reader, FIELD_BYTES_MAX, "key of the SSH signature")?;
        let limit = u32::try_from(NAMESPACE_CHARS_MAX).unwrap_or(u32::MAX);
        let namespace = read_string(reader, limit, "namespace of the SSH signature")?;
        // OpenSSH skips what stands here; it could carry anything, so that it has to be empty.
        read_string(reader, 0, "reserved field of the SSH signature")?;
        let hash = read_string(reader, FIELD_BYTES_MAX, "hash of the SSH signature")?;
        let signature = read_string(reader, FIELD_BYTES_MAX, "signature")?;
        Ok(Self {
            key,
            namespace,
            hash,
            signature,
        })
    }
}

/// `string "ssh-ed25519" || string signature`, 64 bytes (RFC 8709, section 6).
fn read_signature(bytes: &[u8]) -> Result<[u8; 64], SshSignatureError> {
    let mut reader = Reader::new(bytes);
    let what = "type of the signature";
    let algorithm =
        read_string(&mut reader, FIELD_BYTES_MAX, what).map_err(SshSignatureError::Damaged)?;
    if algorithm != ED25519.as_bytes() {
        let found = String::from_utf8_lossy(algorithm).into_owned();
        return Err(SshSignatureError::OtherType { found });
    }
    let signature =
        read_string(&mut reader, 64, "signature").map_err(SshSignatureError::Damaged)?;
    reader
        .finish("signature")
        .map_err(SshSignatureError::Damaged)?;
    signature.try_into().map_err(|_| {
        SshSignatureError::Damaged(DecodeError::Rule {
            what: "an Ed25519 signature has 64 bytes",
        })
    })
}

const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
const RESERVED: &[u8] = b"";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// Characters of base64 on a line, as ssh-keygen breaks them.
const LINE_CHARS: usize = 70;
/// Longest key, hash name or signature in a blob: those of RSA, so that they are refused by name.
const FIELD_BYTES_MAX: u32 = 4096;
/// Longest armor: a blob with every field at its limit.
const ARMOR_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    fn signed(namespace: &str) -> (SshPublicKey, SshSignature, MessageDigest) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = SshPublicKey::of(&key);
        let namespace = Namespace::new(namespace).unwrap();
        let digest = MessageDigest::of(HashAlgorithm::Sha512, b"message");
        let raw = key.sign(&signed_data(&namespace, &digest)).to_bytes();
        (
            public,
            SshSignature::from_raw(public, namespace, raw),
            digest,
        )
    }

    #[test]
    fn armor_of_every_length_is_read_as_it_was_written() {
        for len in 1..=NAMESPACE_CHARS_MAX {
            let (public, signature, digest) = signed(&"n".repeat(len));
            let armor = signature.to_armor();
            let read = SshSignature::from_armor(armor.as_bytes()).unwrap();
            assert_eq!(read, signature);
            assert_eq!(read.to_armor(), armor);
            read.verify(&public, signature.peek_namespace(), &digest)
                .unwrap();
        }
    }

    #[test]
    fn another_key_namespace_hash_or_message_does_not_verify() {
        let (public, signature, digest) = signed("git");
        let other = SshPublicKey::of(&SigningKey::from_bytes(&[8; 32]));
        let git = Namespace::git();
        assert!(matches!(
            signature.verify(&other, &git, &digest),
            Err(SshSignatureError::OtherKey { .. })
        ));
        assert!(matches!(
            signature.verify(&public, &Namespace::file(), &digest),
            Err(SshSignatureError::OtherNamespace { .. })
        ));
        let short = MessageDigest::of(HashAlgorithm::Sha256, b"message");
        assert!(matches!(
            signature.verify(&public, &git, &short),
            Err(SshSignatureError::OtherHash { .. })
        ));
        let changed = MessageDigest::of(HashAlgorithm::Sha512, b"massage");
        assert_eq!(
            signature.verify(&public, &git, &changed),
            Err(SshSignatureError::DoesNotMatch)
        );
        // The same bytes under another namespace: the namespace is part of what is signed.
        let moved = SshSignature::from_raw(public, Namespace::file(), *signature.raw());
        assert_eq!(
            moved.verify(&public, &Namespace::file(), &digest),
            Err(SshSignatureError::DoesNotMatch)
        );
    }

    #[test]
    fn no_changed_byte_and_no_cut_of_a_blob_verifies() {
        let (public, signature, digest) = signed("git");
        let blob = signature.to_blob();
        for at in 0..blob.len() {
            assert!(SshSignature::from_blob(&blob[..at]).is_err());
            for bit in 0..8 {
                let mut changed = blob.clone();
                changed[at] ^= 1 << bit;
                let verified = SshSignature::from_blob(&changed)
                    .and_then(|read| read.verify(&public, &Namespace::git(), &digest));
                assert!(verified.is_err(), "byte {at}, bit {bit}");
            }
        }
        assert!(SshSignature::from_blob(&[blob.as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn every_other_layout_of_the_armor_is_refused() {
        let (_, signature, _) = signed("git");
        let armor = signature.to_armor();
        let broken = [
            armor.replace('\n', "\r\n"),
            armor.trim_end().to_owned(),
            format!("{armor}\n"),
            format!(" {armor}"),
            armor.replacen("-----\n", "-----\n\n", 1),
            armor.replace("SSH", "PGP"),
            String::new(),
            format!("{BEGIN}\n?\n{END}\n"),
            "x".repeat(ARMOR_BYTES_MAX + 1),
        ];
        for text in broken {
            let read = SshSignature::from_armor(text.as_bytes());
            assert_eq!(read, Err(SshSignatureError::Armor), "{text}");
        }
        assert!(SshSignature::from_armor(&[0xff; 10]).is_err());
    }

    #[test]
    fn a_field_against_the_rules_is_refused_by_its_name() {
        let (public, signature, _) = signed("git");
        let with = |namespace: &[u8], reserved: &[u8], hash: &[u8], kind: &[u8], raw: &[u8]| {
            let mut inner = Writer::new();
            write_string(&mut inner, kind);
            write_string(&mut inner, raw);
            let mut writer = Writer::new();
            writer.put(MAGIC).u32(VERSION);
            write_string(&mut writer, &public.to_blob());
            write_string(&mut writer, namespace);
            write_string(&mut writer, reserved);
            write_string(&mut writer, hash);
            write_string(&mut writer, &inner.into_bytes());
            SshSignature::from_blob(&writer.into_bytes())
        };
        let kind = ED25519.as_bytes();
        let raw = signature.raw();
        assert_eq!(
            with(b"git", b"", b"sha512", kind, raw),
            Ok(signature.clone())
        );
        assert!(matches!(
            with(b"git", b"x", b"sha512", kind, raw),
            Err(SshSignatureError::Damaged(DecodeError::OverLimit { .. }))
        ));
        assert!(matches!(
            with(b"", b"", b"sha512", kind, raw),
            Err(SshSignatureError::NotANamespace(NamespaceError::Empty))
        ));
        assert!(matches!(
            with(b"g\xff", b"", b"sha512", kind, raw),
            Err(SshSignatureError::NotANamespace(
                NamespaceError::Character { .. }
            ))
        ));
        assert!(matches!(
            with(b"git", b"", b"sha1", kind, raw),
            Err(SshSignatureError::UnknownHash { .. })
        ));
        assert!(matches!(
            with(b"git", b"", b"sha512", b"ssh-rsa", raw),
            Err(SshSignatureError::OtherType { .. })
        ));
        assert!(matches!(
            with(b"git", b"", b"sha512", kind, &raw[1..]),
            Err(SshSignatureError::Damaged(DecodeError::Rule { .. }))
        ));
    }
}
