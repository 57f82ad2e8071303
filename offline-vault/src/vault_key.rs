//! `vault.key`: the master key, sealed under what the person knows and, if wanted, has.
//!
//! Spec: spec/store.md, "vault.key".

use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use pack_format::advice::{Advice, Exit};
use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::secret::Secret32;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::files::FileError;
use crate::limits::{
    KDF_MEMORY_MIB_MAX, KDF_MEMORY_MIB_MIN, KDF_PASSES_MAX, KEY_FILE_BYTES_MAX, KEY_FILE_BYTES_MIN,
};
use crate::passphrase::Passphrase;

/// Why a master key could not be sealed or opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VaultKeyError {
    /// Passphrase or key file are not those that the key was sealed with.
    #[error("the passphrase or the key file is not the right one")]
    Wrong,
    /// The key is sealed with a key file too, and none was given.
    #[error("this vault also needs its key file")]
    KeyFileNeeded,
    /// A key file was given, and the key is sealed without one.
    #[error("this vault was made without a key file")]
    KeyFileUnused,
    /// The file is not what was written.
    #[error("vault.key is damaged: {0}")]
    Damaged(#[from] DecodeError),
    /// A newer program wrote the file.
    #[error("vault.key has version {found}, and this program knows {VERSION}")]
    Newer {
        /// The version in the file.
        found: u8,
    },
    /// The machine cannot spare the memory that the passphrase hash needs.
    #[error(
        "the passphrase hash needs {memory_mib} MiB of memory, which the machine does not have"
    )]
    Memory {
        /// How much it needs.
        memory_mib: u32,
    },
    /// The asked memory or number of passes is outside its limits.
    #[error(
        "the passphrase hash takes {KDF_MEMORY_MIB_MIN} to {KDF_MEMORY_MIB_MAX} MiB and 1 to \
         {KDF_PASSES_MAX} passes"
    )]
    Cost,
}

impl Advice for VaultKeyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Wrong => "vault-wrong-passphrase",
            Self::KeyFileNeeded => "key-file-needed",
            Self::KeyFileUnused => "key-file-unused",
            Self::Damaged(_) => "vault-key-damaged",
            Self::Newer { .. } => "vault-key-newer",
            Self::Memory { .. } => "kdf-memory",
            Self::Cost => "kdf-cost",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Damaged(_) => "Nothing was changed; without vault.key the rest stays sealed.",
            _ => "The vault is untouched and still locked.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Wrong => {
                "Type the passphrase again; check the keyboard layout and, if the vault has one, \
                 the key file."
            }
            Self::KeyFileNeeded => "Run the command again with --key-file FILE.",
            Self::KeyFileUnused => "Run the command again without --key-file.",
            Self::Damaged(_) => {
                "Put vault.key back from a copy of the vault directory, or restore your newest \
                 backup into a new directory."
            }
            Self::Newer { .. } => "Use the newer offline-vault that last opened this vault.",
            Self::Memory { .. } => "End other programs, or open the vault on a larger machine.",
            Self::Cost => "Choose values inside these limits.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Wrong | Self::Damaged(_) | Self::Newer { .. } => Exit::Refused,
            Self::Memory { .. } => Exit::Failed,
            Self::KeyFileNeeded | Self::KeyFileUnused | Self::Cost => Exit::Usage,
        }
    }
}

/// How much work one guess of the passphrase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfCost {
    memory_mib: u32,
    passes: u32,
}

impl KdfCost {
    /// The cost of every backup: fixed, because a number in front would tell a backup from noise.
    /// It is above what a vault takes, because a backup is opened rarely and may be guessed at for
    /// years. Spec: spec/backup.md, "Key".
    pub const OF_BACKUP: Self = Self {
        memory_mib: 256,
        passes: 4,
    };

    /// A cost that the person chose.
    ///
    /// # Errors
    /// [`VaultKeyError::Cost`].
    pub fn new(memory_mib: u32, passes: u32) -> Result<Self, VaultKeyError> {
        let memory_fits = (KDF_MEMORY_MIB_MIN..=KDF_MEMORY_MIB_MAX).contains(&memory_mib);
        if !memory_fits || !(1..=KDF_PASSES_MAX).contains(&passes) {
            return Err(VaultKeyError::Cost);
        }
        Ok(Self { memory_mib, passes })
    }

    /// As many passes over `memory_mib` as this machine does in about a second.
    ///
    /// # Errors
    /// [`VaultKeyError::Cost`], [`VaultKeyError::Memory`].
    pub fn measured(memory_mib: u32) -> Result<Self, VaultKeyError> {
        let one_pass = Self::new(memory_mib, 1)?;
        let begun = Instant::now();
        one_pass.hash(b"measurement", &[0; SALT_BYTES], None)?;
        let millis = begun.elapsed().as_millis().max(1);
        let passes = u32::try_from(TARGET_MILLIS / millis).unwrap_or(KDF_PASSES_MAX);
        Self::new(memory_mib, passes.clamp(1, KDF_PASSES_MAX))
    }

    /// `Argon2id(password, salt, secret, m = memory, t = passes, p = 1, version 0x13)`, 32 bytes
    /// (RFC 9106).
    pub(crate) fn hash(
        self,
        password: &[u8],
        salt: &[u8; SALT_BYTES],
        secret: Option<&KeyFile>,
    ) -> Result<Secret32, VaultKeyError> {
        let params = Params::new(self.memory_mib * 1024, self.passes, 1, Some(32))
            .map_err(|_| VaultKeyError::Cost)?;
        let argon2 = match secret {
            None => Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            Some(KeyFile(secret)) => Argon2::new_with_secret(
                secret.expose(),
                Algorithm::Argon2id,
                Version::V0x13,
                params,
            )
            .map_err(|_| VaultKeyError::Cost)?,
        };
        let mut key = Zeroizing::new([0; 32]);
        argon2
            .hash_password_into(password, salt, key.as_mut())
            .map_err(|_| VaultKeyError::Memory {
                memory_mib: self.memory_mib,
            })?;
        Ok(Secret32::new(*key))
    }
}

/// What the person has: `BLAKE3-derive-key("causeway/vault/v1 key file", content)`.
#[derive(Debug)]
pub struct KeyFile(Secret32);

/// A key file cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The machine refused to read it.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is shorter than a key.
    #[error("the key file has fewer than {KEY_FILE_BYTES_MIN} bytes")]
    Short,
}

impl Advice for KeyFileError {
    fn code(&self) -> &'static str {
        match self {
            Self::File(err) => err.code(),
            Self::Short => "key-file-short",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was opened and nothing was changed.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::File(_) => "Check that the key file is at hand and readable.",
            Self::Short => "Use a file of at least 32 random bytes.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::File(err) => err.exit(),
            Self::Short => Exit::Usage,
        }
    }
}

impl KeyFile {
    /// Reads and hashes a key file.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let file = std::fs::File::open(path).map_err(FileError::of("open", path))?;
        let mut hasher = blake3::Hasher::new_derive_key("causeway/vault/v1 key file");
        hasher
            .update_reader(file.take(KEY_FILE_BYTES_MAX + 1))
            .map_err(FileError::of("read", path))?;
        let len = hasher.count();
        if len > KEY_FILE_BYTES_MAX {
            return Err(KeyFileError::File(FileError::Large {
                path: path.to_path_buf(),
                limit_bytes: KEY_FILE_BYTES_MAX,
            }));
        }
        if len < KEY_FILE_BYTES_MIN {
            return Err(KeyFileError::Short);
        }
        Ok(Self(Secret32::new(*hasher.finalize().as_bytes())))
    }
}

/// The master key as it lies on the disk.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedMasterKey {
    cost: KdfCost,
    needs_key_file: bool,
    salt: [u8; SALT_BYTES],
    sealed: [u8; SEALED_BYTES],
}

impl SealedMasterKey {
    /// `sealed = ChaCha20-Poly1305(key = Argon2id(…), nonce = 0, aad = header, master key)`.
    ///
    /// `salt` is fresh from a generator: with it the sealing key is used once, so that the nonce
    /// may be fixed.
    ///
    /// # Errors
    /// [`VaultKeyError::Memory`].
    pub fn seal(
        master: &Secret32,
        passphrase: &Passphrase,
        key_file: Option<&KeyFile>,
        cost: KdfCost,
        salt: [u8; SALT_BYTES],
    ) -> Result<Self, VaultKeyError> {
        let mut key = Self {
            cost,
            needs_key_file: key_file.is_some(),
            salt,
            sealed: [0; SEALED_BYTES],
        };
        let payload = Payload {
            msg: master.expose(),
            aad: &key.header(),
        };
        let cipher = key.cipher(passphrase, key_file)?;
        let sealed = cipher.encrypt(&Nonce::default(), payload);
        key.sealed = sealed
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(VaultKeyError::Cost)?;
        Ok(key)
    }

    /// The master key.
    ///
    /// # Errors
    /// [`VaultKeyError::Wrong`], [`VaultKeyError::KeyFileNeeded`],
    /// [`VaultKeyError::KeyFileUnused`], [`VaultKeyError::Memory`].
    pub fn open(
        &self,
        passphrase: &Passphrase,
        key_file: Option<&KeyFile>,
    ) -> Result<Secret32, VaultKeyError> {
        match (self.needs_key_file, key_file) {
            (true, None) => return Err(VaultKeyError::KeyFileNeeded),
            (false, Some(_)) => return Err(VaultKeyError::KeyFileUnused),
            _ => {}
        }
        let payload = Payload {
            msg: &self.sealed,
            aad: &self.header(),
        };
        let cipher = self.cipher(passphrase, key_file)?;
        let master = cipher
            .decrypt(&Nonce::default(), payload)
            .map(Zeroizing::new)
            .map_err(|_| VaultKeyError::Wrong)?;
        let master = master.first_chunk::<32>().ok_or(VaultKeyError::Wrong)?;
        Ok(Secret32::new(*master))
    }

    /// The cost that it was sealed with.
    #[must_use]
    pub fn cost(&self) -> KdfCost {
        self.cost
    }

    /// The bytes of `vault.key`, with a checksum that tells damage from a wrong passphrase.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.to_wire();
        let check = checksum(&bytes);
        bytes.extend_from_slice(&check);
        bytes
    }

    /// Reads the bytes of `vault.key`.
    ///
    /// # Errors
    /// [`VaultKeyError::Damaged`], [`VaultKeyError::Newer`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultKeyError> {
        let (body, check) = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or(DecodeError::Truncated { what: "vault.key" })?;
        if checksum(body) != *check {
            return Err(VaultKeyError::Damaged(DecodeError::Rule {
                what: "its checksum is not right",
            }));
        }
        let mut reader = Reader::new(body);
        reader.take(MAGIC.len(), "vault.key")?;
        match reader.u8("version")? {
            VERSION => Ok(Self::from_wire(body)?),
            found => Err(VaultKeyError::Newer { found }),
        }
    }

    fn cipher(
        &self,
        passphrase: &Passphrase,
        key_file: Option<&KeyFile>,
    ) -> Result<ChaCha20Poly1305, VaultKeyError> {
        let key = self.cost.hash(passphrase.expose(), &self.salt, key_file)?;
        Ok(ChaCha20Poly1305::new(&Key::from(*key.expose())))
    }

    fn header(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.put(MAGIC).u8(VERSION);
        writer.u8(u8::from(self.needs_key_file));
        writer.u32(self.cost.memory_mib).u32(self.cost.passes);
        writer.put(&self.salt);
        writer.into_bytes()
    }
}

impl Wire for SealedMasterKey {
    const WHAT: &'static str = "vault.key";

    fn write(&self, writer: &mut Writer) {
        writer.put(&self.header()).put(&self.sealed);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.take(MAGIC.len(), "vault.key")? != MAGIC || reader.u8("version")? != VERSION {
            return Err(DecodeError::Unknown { what: "vault.key" });
        }
        let needs_key_file = match reader.u8("key file flag")? {
            0 => false,
            1 => true,
            _ => {
                return Err(DecodeError::Unknown {
                    what: "key file flag",
                });
            }
        };
        let (memory_mib, passes) = (reader.u32("memory")?, reader.u32("passes")?);
        let cost = KdfCost::new(memory_mib, passes).map_err(|_| DecodeError::Rule {
            what: "the cost is outside its limits",
        })?;
        Ok(Self {
            cost,
            needs_key_file,
            salt: reader.take_array("salt")?,
            sealed: reader.take_array("sealed master key")?,
        })
    }
}

impl fmt::Debug for SealedMasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SealedMasterKey")
            .field("cost", &self.cost)
            .field("needs_key_file", &self.needs_key_file)
            .finish_non_exhaustive()
    }
}

/// `checksum = BLAKE3-derive-key("causeway/vault/v1 checksum", body)[:16]`. It finds accidents;
/// what finds attackers is the seal.
fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = blake3::derive_key("causeway/vault/v1 checksum", body);
    hash.first_chunk().copied().unwrap_or_default()
}

/// Bytes of the salt.
pub const SALT_BYTES: usize = 32;
const MAGIC: &[u8; 14] = b"causeway-vault";
const VERSION: u8 = 1;
const SEALED_BYTES: usize = 48;
const CHECKSUM_BYTES: usize = 16;
const TARGET_MILLIS: u128 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned())
    }

    fn sealed(key_file: Option<&KeyFile>) -> SealedMasterKey {
        let cost = KdfCost::new(KDF_MEMORY_MIB_MIN, 1).unwrap();
        let master = Secret32::new([9; 32]);
        SealedMasterKey::seal(&master, &passphrase("six words"), key_file, cost, [5; 32]).unwrap()
    }

    #[test]
    fn only_the_passphrase_and_the_key_file_together_open_the_key() {
        let (right, other) = (
            KeyFile(Secret32::new([1; 32])),
            KeyFile(Secret32::new([2; 32])),
        );
        let key = sealed(Some(&right));
        let master = key.open(&passphrase("six words"), Some(&right)).unwrap();
        assert_eq!(master.expose(), &[9; 32]);
        for refused in [
            key.open(&passphrase("six Words"), Some(&right)),
            key.open(&passphrase("six words"), Some(&other)),
        ] {
            assert!(matches!(refused, Err(VaultKeyError::Wrong)));
        }
        let without = key.open(&passphrase("six words"), None);
        assert!(matches!(without, Err(VaultKeyError::KeyFileNeeded)));
    }

    #[test]
    fn a_key_file_that_protects_nothing_is_pointed_out() {
        let file = KeyFile(Secret32::new([1; 32]));
        let refused = sealed(None).open(&passphrase("six words"), Some(&file));
        assert!(matches!(refused, Err(VaultKeyError::KeyFileUnused)));
    }

    #[test]
    fn damage_at_every_byte_is_told_from_a_wrong_passphrase() {
        let mut bytes = sealed(None).to_bytes();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            let refused = SealedMasterKey::from_bytes(&bytes);
            assert!(
                matches!(refused, Err(VaultKeyError::Damaged(_))),
                "byte {at}: {refused:?}"
            );
            bytes[at] ^= 1;
            assert!(
                SealedMasterKey::from_bytes(&bytes[..at]).is_err(),
                "cut to {at}"
            );
        }
        assert_eq!(
            SealedMasterKey::from_bytes(&bytes).unwrap().to_bytes(),
            bytes
        );
    }

    /// A seizer can make the checksum right again; the seal still covers every byte.
    #[test]
    fn a_changed_byte_with_a_right_checksum_never_opens() {
        let mut body = sealed(None).to_wire();
        for at in (MAGIC.len() + 1..body.len()).step_by(5) {
            body[at] ^= 1;
            let mut bytes = body.clone();
            bytes.extend_from_slice(&checksum(&body));
            if let Ok(key) = SealedMasterKey::from_bytes(&bytes)
                && key.cost == KdfCost::new(KDF_MEMORY_MIB_MIN, 1).unwrap()
            {
                assert!(
                    key.open(&passphrase("six words"), None).is_err(),
                    "byte {at}"
                );
            }
            body[at] ^= 1;
        }
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let mut body = sealed(None).to_wire();
        body[MAGIC.len()] = 2;
        let check = checksum(&body);
        body.extend_from_slice(&check);
        assert!(matches!(
            SealedMasterKey::from_bytes(&body),
            Err(VaultKeyError::Newer { found: 2 })
        ));
    }

    #[test]
    fn a_cost_outside_its_limits_is_refused() {
        assert!(KdfCost::new(KDF_MEMORY_MIB_MIN - 1, 1).is_err());
        assert!(KdfCost::new(KDF_MEMORY_MIB_MIN, 0).is_err());
        assert!(KdfCost::new(u32::MAX, u32::MAX).is_err());
    }

    #[test]
    fn the_examples_of_the_specification_hold() {
        let specification = include_str!("../../spec/store.md").replace('\n', "");
        let file = KeyFile(Secret32::new(blake3::derive_key(
            "causeway/vault/v1 key file",
            &[7; 32],
        )));
        for key in [sealed(None), sealed(Some(&file))] {
            let hex = data_encoding::HEXLOWER.encode(&key.to_bytes());
            assert!(specification.contains(&hex), "{hex}");
        }
        let database_key = Secret32::new([9; 32]).derive("causeway/vault/v1 database", b"");
        let hex = data_encoding::HEXLOWER.encode(database_key.expose());
        assert!(specification.contains(&hex), "{hex}");
    }

    #[test]
    fn a_short_key_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, [1; 31]).unwrap();
        assert!(matches!(KeyFile::read(&path), Err(KeyFileError::Short)));
        std::fs::write(&path, [1; 32]).unwrap();
        assert!(KeyFile::read(&path).is_ok());
    }
}
