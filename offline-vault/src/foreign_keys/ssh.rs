//! OpenSSH's private keys (`openssh-key-v1`, PROTOCOL.key), Ed25519 only.
//!
//! The outer fields are read here, so that what is refused is refused by its name and before any
//! work is done; decrypting and the fields inside are the crate `ssh-key`'s.

use std::fmt;

use ed25519_dalek::SigningKey;
use pack_format::advice::{Advice, Exit};
use pack_format::codec::{DecodeError, Reader};
use pack_format::secret::Secret32;
use pack_format::shown::Shown;
use signing_format::ssh::{SshKeyError, SshKeyLine, SshPublicKey};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::Ed25519PublicKey;
use ssh_key::{Cipher, Kdf, LineEnding, PrivateKey};
use thiserror::Error;
use zeroize::Zeroizing;

use super::file::{decoded, text_of};
use crate::passphrase::Passphrase;

/// An Ed25519 key for SSH signatures. Wiped when dropped, never printed.
pub struct SshSecretKey {
    seed: Secret32,
    line: SshKeyLine,
}

/// Why a private key was not read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SshSecretKeyError {
    /// Not a private key of OpenSSH.
    #[error("this is not a private key as OpenSSH writes it")]
    NotAKey,
    /// A private key in a form that OpenSSH itself no longer writes.
    #[error("this private key is in an older form, {}", Shown(label))]
    OldForm {
        /// What its first line says it is.
        label: String,
    },
    /// A key whose secret lies in a security key, not in the file.
    #[error("the secret of this key lies in a security key, not in the file")]
    SecurityKey,
    /// The public half is of another type, or its comment is not plain text.
    #[error("this private key cannot be used")]
    Public(#[source] SshKeyError),
    /// Encrypted in a way that is not supported.
    #[error(
        "this private key is encrypted with {}, which is not supported",
        Shown(name)
    )]
    UnsupportedCipher {
        /// The cipher or key derivation, as the file names it.
        name: String,
    },
    /// One guess at the passphrase would take too long, by accident or on purpose.
    #[error("this private key asks for {found} rounds of bcrypt, more than {ROUNDS_MAX}")]
    Rounds {
        /// How many the file asks for.
        found: u32,
    },
    /// The key is encrypted, and no passphrase was given.
    #[error("this private key is encrypted")]
    PassphraseNeeded,
    /// The passphrase does not open the key.
    #[error("the passphrase does not open this private key")]
    WrongPassphrase,
    /// The file is damaged outside of what is encrypted.
    #[error("this private key is damaged")]
    Damaged(#[source] DecodeError),
    /// The file is damaged in what the crate `ssh-key` reads.
    #[error("this private key is damaged inside: {0}")]
    DamagedInside(ssh_key::Error),
    /// The secret does not belong to the public key beside it.
    #[error("the secret and the public half of this private key do not belong together")]
    HalvesDiffer,
    /// A key is not written without protection.
    #[error("the passphrase for the private key is empty")]
    EmptyPassphrase,
    /// The key could not be written: a bug.
    #[error("the private key could not be written: {0}")]
    NotWritten(ssh_key::Error),
}

impl Advice for SshSecretKeyError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAKey => "ssh-secret-form",
            Self::OldForm { .. } => "ssh-secret-old-form",
            Self::SecurityKey => "ssh-secret-security-key",
            Self::Public(err) => err.code(),
            Self::UnsupportedCipher { .. } => "ssh-secret-cipher",
            Self::Rounds { .. } => "ssh-secret-rounds",
            Self::PassphraseNeeded => "ssh-secret-passphrase-needed",
            Self::WrongPassphrase => "ssh-secret-wrong-passphrase",
            Self::Damaged(_) | Self::DamagedInside(_) => "ssh-secret-damaged",
            Self::HalvesDiffer => "ssh-secret-halves-differ",
            Self::EmptyPassphrase => "ssh-secret-empty-passphrase",
            Self::NotWritten(_) => "ssh-secret-not-written",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::EmptyPassphrase | Self::NotWritten(_) => "The key is safe in the vault.",
            _ => "Nothing was imported, and the file was not changed.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::NotAKey => {
                "Give the private key, the file beside the .pub file; it begins with BEGIN \
                 OPENSSH PRIVATE KEY."
            }
            Self::OldForm { .. } | Self::UnsupportedCipher { .. } | Self::Rounds { .. } => {
                "Write a copy of the key anew with ssh-keygen -p -f COPY, and import the copy."
            }
            Self::SecurityKey => "Go on signing with the security key, or make a key in the vault.",
            Self::Public(SshKeyError::Comment) => {
                "Give the key a plain comment with ssh-keygen -c -f FILE."
            }
            Self::Public(_) => "Make an Ed25519 key in the vault, or import one.",
            Self::PassphraseNeeded | Self::WrongPassphrase => {
                "Run the command again and give the passphrase of this key."
            }
            Self::Damaged(_) | Self::DamagedInside(_) | Self::HalvesDiffer => {
                "Import the key from a copy of the file that still works with ssh-keygen -y -f."
            }
            Self::EmptyPassphrase => "Choose a passphrase for the exported key.",
            Self::NotWritten(_) => "Please report this; it is a mistake in the program.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::WrongPassphrase
            | Self::Damaged(_)
            | Self::DamagedInside(_)
            | Self::HalvesDiffer => Exit::Refused,
            Self::NotWritten(_) => Exit::Failed,
            _ => Exit::Usage,
        }
    }
}

impl SshSecretKey {
    /// The key of a seed: of 32 random bytes, a new one.
    ///
    /// # Errors
    /// [`SshSecretKeyError::Public`] when the comment is not plain text of one line.
    pub fn from_seed(seed: Secret32, comment: &str) -> Result<Self, SshSecretKeyError> {
        let public = SshPublicKey::of(&SigningKey::from_bytes(seed.expose()));
        let line = SshKeyLine::new(public, comment).map_err(SshSecretKeyError::Public)?;
        Ok(Self { seed, line })
    }

    /// Reads a private key file, with its passphrase if it is encrypted. A passphrase that is not
    /// needed is not looked at.
    ///
    /// # Errors
    /// [`SshSecretKeyError`], per variant; [`SshSecretKeyError::PassphraseNeeded`] asks for another
    /// call with a passphrase.
    pub fn import(file: &[u8], passphrase: Option<&Passphrase>) -> Result<Self, SshSecretKeyError> {
        let bytes = body_of(file)?;
        let outer = Outer::read(&bytes).map_err(SshSecretKeyError::Damaged)?;
        let public = outer.supported()?;
        let key = PrivateKey::from_bytes(&bytes).map_err(SshSecretKeyError::DamagedInside)?;
        let key = match (outer.is_encrypted(), passphrase) {
            (false, _) => key,
            (true, None) => return Err(SshSecretKeyError::PassphraseNeeded),
            (true, Some(passphrase)) => decrypted(&key, passphrase)?,
        };
        let KeypairData::Ed25519(pair) = key.key_data() else {
            return Err(SshSecretKeyError::HalvesDiffer);
        };
        let seed = Zeroizing::new(pair.private.to_bytes());
        let imported = Self::from_seed(Secret32::new(*seed), key.comment())?;
        // The crate does not compute the public half, and another one would make signatures with
        // this seed that give it away.
        if *imported.line.key() != public {
            return Err(SshSecretKeyError::HalvesDiffer);
        }
        Ok(imported)
    }

    /// Writes the key as a file that `ssh-keygen` and `ssh` read, encrypted with AES-256-CTR under
    /// bcrypt of the passphrase. `random` is fresh for every call.
    ///
    /// # Errors
    /// [`SshSecretKeyError::EmptyPassphrase`]; [`SshSecretKeyError::NotWritten`] never, unless
    /// the program is wrong.
    pub fn export(
        &self,
        passphrase: &Passphrase,
        random: &[u8; EXPORT_RANDOM_BYTES],
    ) -> Result<Zeroizing<String>, SshSecretKeyError> {
        if passphrase.expose().is_empty() {
            return Err(SshSecretKeyError::EmptyPassphrase);
        }
        let [salt @ .., a, b, c, d] = random;
        let kdf = Kdf::Bcrypt {
            salt: salt.to_vec(),
            rounds: EXPORT_ROUNDS,
        };
        let pair = KeypairData::Ed25519(Ed25519Keypair {
            public: Ed25519PublicKey(*self.line.key().as_bytes()),
            private: Ed25519PrivateKey::from_bytes(self.seed.expose()),
        });
        let check = u32::from_be_bytes([*a, *b, *c, *d]);
        PrivateKey::new(pair, self.line.comment())
            .and_then(|key| key.encrypt_with(Cipher::Aes256Ctr, kdf, check, passphrase.expose()))
            .and_then(|key| key.to_openssh(LineEnding::LF))
            .map_err(SshSecretKeyError::NotWritten)
    }

    /// The seed, for the sealed store.
    #[must_use]
    pub fn seed(&self) -> &Secret32 {
        &self.seed
    }

    /// The public half and the comment.
    #[must_use]
    pub fn line(&self) -> &SshKeyLine {
        &self.line
    }

    /// The key, for signing; wiped when dropped.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(self.seed.expose())
    }
}

impl fmt::Debug for SshSecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// The fields around the secret (PROTOCOL.key, section 1).
struct Outer<'a> {
    cipher: &'a [u8],
    kdf: &'a [u8],
    kdf_options: &'a [u8],
    public: &'a [u8],
}

impl<'a> Outer<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let reader = &mut Reader::new(bytes);
        if reader.take(MAGIC.len(), "mark of the private key")? != MAGIC {
            return Err(DecodeError::Rule {
                what: "this is not a private key of OpenSSH",
            });
        }
        let cipher = string(reader, "cipher")?;
        let kdf = string(reader, "key derivation")?;
        let kdf_options = string(reader, "options of the key derivation")?;
        if reader.u32("number of keys")? != 1 {
            return Err(DecodeError::Rule {
                what: "the file holds more than one key or none",
            });
        }
        let public = string(reader, "public key")?;
        Ok(Self {
            cipher,
            kdf,
            kdf_options,
            public,
        })
    }

    fn is_encrypted(&self) -> bool {
        self.cipher != NONE
    }

    /// Refuses what is not supported, before any work is done.
    fn supported(&self) -> Result<SshPublicKey, SshSecretKeyError> {
        let public = SshPublicKey::from_blob(self.public).map_err(|err| match err {
            SshKeyError::Unsupported { algorithm } if algorithm.starts_with("sk-") => {
                SshSecretKeyError::SecurityKey
            }
            err => SshSecretKeyError::Public(err),
        })?;
        match (self.cipher, self.kdf) {
            (NONE, NONE) => return Ok(public),
            (NONE, _) | (_, NONE) => {
                return Err(SshSecretKeyError::Damaged(DecodeError::Rule {
                    what: "cipher and key derivation do not belong together",
                }));
            }
            (cipher, BCRYPT) => check_cipher(cipher)?,
            (_, other) => return Err(unsupported(other)),
        }
        let rounds = rounds(self.kdf_options).map_err(SshSecretKeyError::Damaged)?;
        if rounds > ROUNDS_MAX {
            return Err(SshSecretKeyError::Rounds { found: rounds });
        }
        Ok(public)
    }
}

fn string<'a>(reader: &mut Reader<'a>, what: &'static str) -> Result<&'a [u8], DecodeError> {
    let len = reader.count(FIELD_BYTES_MAX, what)?;
    reader.take(len, what)
}

/// `string salt || u32 rounds`.
fn rounds(options: &[u8]) -> Result<u32, DecodeError> {
    let mut reader = Reader::new(options);
    string(&mut reader, "salt")?;
    let rounds = reader.u32("rounds of bcrypt")?;
    reader.finish("options of bcrypt")?;
    Ok(rounds)
}

fn check_cipher(name: &[u8]) -> Result<(), SshSecretKeyError> {
    let cipher = std::str::from_utf8(name)
        .ok()
        .and_then(|name| Cipher::new(name).ok());
    match cipher {
        None | Some(Cipher::TDesCbc) => Err(unsupported(name)),
        Some(_) => Ok(()),
    }
}

fn unsupported(name: &[u8]) -> SshSecretKeyError {
    let name = String::from_utf8_lossy(name).into_owned();
    SshSecretKeyError::UnsupportedCipher { name }
}

/// The bytes between the two marks of the file.
fn body_of(file: &[u8]) -> Result<Zeroizing<Vec<u8>>, SshSecretKeyError> {
    let text = text_of(file).ok_or(SshSecretKeyError::NotAKey)?;
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let [first, body @ .., last] = lines.as_slice() else {
        return Err(SshSecretKeyError::NotAKey);
    };
    if *first != BEGIN {
        return Err(other_form(first));
    }
    if *last != END {
        return Err(SshSecretKeyError::NotAKey);
    }
    decoded(body.iter().copied()).ok_or(SshSecretKeyError::NotAKey)
}

/// `BEGIN RSA PRIVATE KEY` and its like are keys, and the person is told how to go on with them.
fn other_form(first: &str) -> SshSecretKeyError {
    let label = first
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.strip_suffix("-----"));
    match label {
        Some(label) if label.ends_with("PRIVATE KEY") => SshSecretKeyError::OldForm {
            label: label.to_owned(),
        },
        _ => SshSecretKeyError::NotAKey,
    }
}

fn decrypted(key: &PrivateKey, passphrase: &Passphrase) -> Result<PrivateKey, SshSecretKeyError> {
    key.decrypt(passphrase.expose()).map_err(|err| match err {
        // A tag, or the two equal numbers in front of the secret.
        ssh_key::Error::Crypto => SshSecretKeyError::WrongPassphrase,
        err => SshSecretKeyError::DamagedInside(err),
    })
}

/// Random bytes that an export takes: 16 for the salt of bcrypt, 4 for the number that shows
/// whether the passphrase was right.
pub const EXPORT_RANDOM_BYTES: usize = 20;
/// Rounds of bcrypt of an export: four times those of ssh-keygen 9.2.
const EXPORT_ROUNDS: u32 = 64;
/// Most rounds that a file may ask for: half a minute of work. People use up to 1,000.
const ROUNDS_MAX: u32 = 4096;
/// Longest field around the secret: the public half of an RSA key of 16,384 bits has 2 KB.
const FIELD_BYTES_MAX: u32 = 8 * 1024;
const MAGIC: &[u8] = b"openssh-key-v1\0";
const NONE: &[u8] = b"none";
const BCRYPT: &[u8] = b"bcrypt";
const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
