//! minisign's secret keys: a file of two lines, protected by scrypt or not at all.

use std::fmt;

use blake2::{Blake2b256, Digest as _};
use data_encoding::BASE64;
use ed25519_dalek::SigningKey;
use pack_format::advice::{Advice, Exit};
use pack_format::codec::{DecodeError, Reader, Writer};
use pack_format::secret::Secret32;
use signing_format::minisign::{MinisignKeyId, MinisignPublicKey};
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::Zeroizing;

use super::file::{decoded, text_of};
use super::scrypt_cost::{CostError, ScryptCost};
use crate::passphrase::Passphrase;

/// An Ed25519 key for minisign's signatures, with its number. Wiped when dropped, never printed.
pub struct MinisignSecretKey {
    seed: Secret32,
    key_id: MinisignKeyId,
}

/// Why a secret key was not read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MinisignSecretKeyError {
    /// Not a secret key of minisign.
    #[error("this is not a secret key as minisign writes it")]
    NotAKey,
    /// The file is damaged outside of what is protected.
    #[error("this minisign secret key is damaged")]
    Damaged(#[source] DecodeError),
    /// What the file asks of scrypt is refused.
    #[error("the protection of this minisign secret key is refused")]
    Cost(#[source] CostError),
    /// The key is protected, and no passphrase was given.
    #[error("this minisign secret key is protected by a passphrase")]
    PassphraseNeeded,
    /// The passphrase does not open the key, or the key is damaged: the checksum cannot tell.
    #[error("the passphrase does not open this minisign secret key")]
    WrongPassphrase,
    /// An unprotected key whose checksum is wrong.
    #[error("the checksum of this minisign secret key is wrong")]
    Checksum,
    /// The secret does not belong to the public key beside it.
    #[error("the secret and the public half of this minisign key do not belong together")]
    HalvesDiffer,
    /// A key is not written without protection.
    #[error("the passphrase for the minisign secret key is empty")]
    EmptyPassphrase,
    /// The passphrase would not be typed as a line of minisign's.
    #[error("minisign takes a passphrase of at most {PASSPHRASE_BYTES_MAX} bytes in one line")]
    UntypablePassphrase,
}

impl Advice for MinisignSecretKeyError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAKey => "minisign-secret-form",
            Self::Damaged(_) | Self::Checksum => "minisign-secret-damaged",
            Self::Cost(err) => err.code(),
            Self::PassphraseNeeded => "minisign-secret-passphrase-needed",
            Self::WrongPassphrase => "minisign-secret-wrong-passphrase",
            Self::HalvesDiffer => "minisign-secret-halves-differ",
            Self::EmptyPassphrase => "minisign-secret-empty-passphrase",
            Self::UntypablePassphrase => "minisign-secret-long-passphrase",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::EmptyPassphrase | Self::UntypablePassphrase => "The key is safe in the vault.",
            Self::Cost(CostError::Memory { .. }) => "Nothing was changed.",
            _ => "Nothing was imported, and the file was not changed.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::NotAKey => {
                "Give the file that minisign -G saved with -s, by default \
                 ~/.minisign/minisign.key."
            }
            Self::Damaged(_) | Self::Checksum | Self::HalvesDiffer => {
                "Import the key from a copy of the file that still signs with minisign -S."
            }
            Self::Cost(err) => return err.next_step(),
            Self::PassphraseNeeded | Self::WrongPassphrase => {
                "Run the command again and give the passphrase of this key."
            }
            Self::EmptyPassphrase | Self::UntypablePassphrase => {
                "Choose another passphrase for the exported key."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Damaged(_) | Self::Checksum | Self::HalvesDiffer | Self::WrongPassphrase => {
                Exit::Refused
            }
            Self::Cost(err) => err.exit(),
            _ => Exit::Usage,
        }
    }
}

impl MinisignSecretKey {
    /// The key of a seed and a number: of 32 and 8 random bytes, a new one.
    #[must_use]
    pub fn from_seed(seed: Secret32, key_id: MinisignKeyId) -> Self {
        Self { seed, key_id }
    }

    /// Reads a secret key file, with its passphrase if it is protected. A passphrase that is not
    /// needed is not looked at. Takes seconds and as much memory as the file asks for, at most
    /// 1 GiB, which is also what minisign itself asks for.
    ///
    /// # Errors
    /// [`MinisignSecretKeyError`], per variant; [`MinisignSecretKeyError::PassphraseNeeded`] asks
    /// for another call with a passphrase.
    pub fn import(
        file: &[u8],
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, MinisignSecretKeyError> {
        let bytes = body_of(file)?;
        let outer = Outer::read(&bytes).map_err(MinisignSecretKeyError::Damaged)?;
        let Some(protection) = outer.protection else {
            let inner = Inner::read(outer.inner)?;
            // minisign leaves the checksum out of keys that it does not protect.
            if *inner.checksum != [0; 32] && !inner.checksum_is_right() {
                return Err(MinisignSecretKeyError::Checksum);
            }
            return inner.into_key();
        };
        let cost = protection.cost().map_err(MinisignSecretKeyError::Cost)?;
        let passphrase = passphrase.ok_or(MinisignSecretKeyError::PassphraseNeeded)?;
        let opened = cost
            .applied(passphrase.expose(), &protection.salt, outer.inner)
            .map_err(MinisignSecretKeyError::Cost)?;
        let inner = Inner::read(&opened)?;
        if !inner.checksum_is_right() {
            return Err(MinisignSecretKeyError::WrongPassphrase);
        }
        inner.into_key()
    }

    /// Writes the key as a file that minisign reads, protected as minisign protects its own:
    /// scrypt with 1 GiB of memory. `salt` is fresh for every call.
    ///
    /// # Errors
    /// [`MinisignSecretKeyError::EmptyPassphrase`],
    /// [`MinisignSecretKeyError::UntypablePassphrase`] and [`MinisignSecretKeyError::Cost`] when
    /// the machine does not have the memory.
    pub fn export(
        &self,
        passphrase: &Passphrase,
        salt: &[u8; 32],
    ) -> Result<Zeroizing<String>, MinisignSecretKeyError> {
        let typed = passphrase.expose();
        if typed.is_empty() {
            return Err(MinisignSecretKeyError::EmptyPassphrase);
        }
        if typed.len() > PASSPHRASE_BYTES_MAX || typed.contains(&b'\n') || typed.contains(&b'\r') {
            return Err(MinisignSecretKeyError::UntypablePassphrase);
        }
        let protection = Protection {
            salt: *salt,
            operations: EXPORT_OPERATIONS,
            memory_bytes: EXPORT_MEMORY_BYTES,
        };
        let sealed = protection
            .cost()
            .and_then(|cost| cost.applied(typed, salt, self.inner_bytes().as_slice()))
            .map_err(MinisignSecretKeyError::Cost)?;
        let mut writer = Writer::new();
        writer
            .put(ED25519)
            .put(SCRYPT)
            .put(BLAKE2B)
            .put(salt)
            .put(&protection.operations.to_le_bytes())
            .put(&protection.memory_bytes.to_le_bytes())
            .put(&sealed);
        let base64 = BASE64.encode(&writer.into_bytes());
        Ok(Zeroizing::new(format!(
            "{COMMENT_PREFIX}minisign encrypted secret key\n{base64}\n"
        )))
    }

    /// The seed, for the sealed store.
    #[must_use]
    pub fn seed(&self) -> &Secret32 {
        &self.seed
    }

    /// The key's number.
    #[must_use]
    pub fn key_id(&self) -> MinisignKeyId {
        self.key_id
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> MinisignPublicKey {
        MinisignPublicKey::of(self.key_id, &self.signing_key())
    }

    /// The key, for signing; wiped when dropped.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(self.seed.expose())
    }

    /// `key id || seed || public key || checksum`, before protection.
    fn inner_bytes(&self) -> Zeroizing<[u8; INNER_BYTES]> {
        let key = Zeroizing::new(self.signing_key().to_keypair_bytes());
        let sum = checksum(&self.key_id.0, &key);
        let mut bytes = Zeroizing::new([0; INNER_BYTES]);
        let parts = self.key_id.0.iter().chain(key.iter()).chain(&sum);
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = *from;
        }
        bytes
    }
}

impl fmt::Debug for MinisignSecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// The file's second line: how the rest is protected, and the rest.
struct Outer<'a> {
    protection: Option<Protection>,
    inner: &'a [u8],
}

/// What goes into scrypt besides the passphrase, in the terms of libsodium.
struct Protection {
    salt: [u8; 32],
    operations: u64,
    memory_bytes: u64,
}

impl<'a> Outer<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let algorithm: [u8; 2] = reader.take_array("type of the minisign key")?;
        let kdf: [u8; 2] = reader.take_array("protection of the minisign key")?;
        let hash: [u8; 2] = reader.take_array("checksum of the minisign key")?;
        let known = algorithm == *ED25519 && hash == *BLAKE2B;
        if !known || (kdf != *SCRYPT && kdf != *UNPROTECTED) {
            return Err(DecodeError::Unknown {
                what: "kind of the minisign secret key",
            });
        }
        let protection = Protection {
            salt: reader.take_array("salt of scrypt")?,
            operations: u64::from_le_bytes(reader.take_array("operations of scrypt")?),
            memory_bytes: u64::from_le_bytes(reader.take_array("memory of scrypt")?),
        };
        let inner = reader.take(INNER_BYTES, "minisign secret key")?;
        reader.finish("minisign secret key")?;
        Ok(Self {
            protection: (kdf == *SCRYPT).then_some(protection),
            inner,
        })
    }
}

impl Protection {
    fn cost(&self) -> Result<ScryptCost, CostError> {
        ScryptCost::of_libsodium(self.operations, self.memory_bytes)
    }
}

/// What is protected.
struct Inner {
    key_id: [u8; 8],
    key: Zeroizing<[u8; 64]>,
    checksum: Zeroizing<[u8; 32]>,
}

impl Inner {
    fn read(bytes: &[u8]) -> Result<Self, MinisignSecretKeyError> {
        Self::fields(&mut Reader::new(bytes)).map_err(MinisignSecretKeyError::Damaged)
    }

    fn fields(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            key_id: reader.take_array("number of the minisign key")?,
            key: Zeroizing::new(reader.take_array("minisign secret key")?),
            checksum: Zeroizing::new(reader.take_array("checksum of the minisign key")?),
        })
    }

    fn checksum_is_right(&self) -> bool {
        let expected = checksum(&self.key_id, &self.key);
        expected.ct_eq(self.checksum.as_slice()).into()
    }

    fn into_key(self) -> Result<MinisignSecretKey, MinisignSecretKeyError> {
        // Another public half would make signatures with this seed that give it away.
        let key = SigningKey::from_keypair_bytes(&self.key)
            .map_err(|_| MinisignSecretKeyError::HalvesDiffer)?;
        let seed = Secret32::new(*key.as_bytes());
        Ok(MinisignSecretKey::from_seed(
            seed,
            MinisignKeyId(self.key_id),
        ))
    }
}

/// `checksum = BLAKE2b-256("Ed" || key id || seed || public key)`.
fn checksum(key_id: &[u8; 8], key: &[u8; 64]) -> [u8; 32] {
    Blake2b256::new()
        .chain_update(ED25519)
        .chain_update(key_id)
        .chain_update(key)
        .finalize()
        .into()
}

fn body_of(file: &[u8]) -> Result<Zeroizing<Vec<u8>>, MinisignSecretKeyError> {
    let text = text_of(file).ok_or(MinisignSecretKeyError::NotAKey)?;
    let mut lines = text.lines();
    lines
        .next()
        .and_then(|comment| comment.strip_prefix(COMMENT_PREFIX))
        .and(lines.next())
        .filter(|_| lines.next().is_none())
        .and_then(|line| decoded(std::iter::once(line)))
        .ok_or(MinisignSecretKeyError::NotAKey)
}

const COMMENT_PREFIX: &str = "untrusted comment: ";
const ED25519: &[u8; 2] = b"Ed";
const SCRYPT: &[u8; 2] = b"Sc";
const UNPROTECTED: &[u8; 2] = &[0, 0];
const BLAKE2B: &[u8; 2] = b"B2";
/// Key number, seed, public key and checksum.
const INNER_BYTES: usize = 8 + 64 + 32;
/// What minisign itself asks for: libsodium's "sensitive" limits.
const EXPORT_OPERATIONS: u64 = 33_554_432;
const EXPORT_MEMORY_BYTES: u64 = 1_073_741_824;
/// Longest line that minisign reads as a passphrase.
const PASSPHRASE_BYTES_MAX: usize = 1023;
