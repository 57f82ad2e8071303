//! The signing keys that the desk knows: their public halves, as vaults and other tools export
//! them.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use pack_format::shown::is_hidden;
use signing_format::key_reference::KeyReference;
use signing_format::minisign::MinisignPublicKey;
use signing_format::openpgp::{Fingerprint, PublicKeys, dearmor, is_armored};
use signing_format::ssh::SshKeyLine;

use super::error::DeskError;
use super::limits::{KEY_FILE_BYTES_MAX, KEY_NAME_CHARS_MAX};
use crate::courier::store::StoredKey;

/// A signing key's public half.
#[derive(Clone, Debug)]
pub enum PublicHalf {
    /// An OpenPGP certificate.
    OpenPgp {
        /// The certificate without armour.
        certificate: Vec<u8>,
        /// Its keys.
        keys: PublicKeys,
    },
    /// An SSH key.
    Ssh(SshKeyLine),
    /// A minisign key.
    Minisign(MinisignPublicKey),
}

/// A signing key that requests can name.
#[derive(Clone, Debug)]
pub struct DeskKey {
    /// What its user calls it.
    pub name: String,
    /// How requests name it.
    pub reference: KeyReference,
    /// Its public half.
    pub public: PublicHalf,
}

/// What adding a key did.
#[derive(Clone, Debug)]
pub struct AddedKey {
    /// The key, with the name that it has now.
    pub key: DeskKey,
    /// Otherwise its public half took the place of an older one.
    pub is_new: bool,
}

impl PublicHalf {
    /// Reads an OpenPGP certificate, the line of an SSH key, or a minisign key, whichever it is.
    ///
    /// # Errors
    /// [`DeskError::KeySsh`], [`DeskError::KeyMinisign`], [`DeskError::KeyOpenPgp`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DeskError> {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        if text.starts_with("ssh-") || text.starts_with("ecdsa-") || text.starts_with("sk-") {
            return SshKeyLine::parse(text)
                .map(Self::Ssh)
                .map_err(DeskError::KeySsh);
        }
        let is_minisign = text.starts_with("untrusted comment:")
            || (text.starts_with("RW") && text.trim_end().len() == MINISIGN_CHARS);
        if is_minisign {
            let key = MinisignPublicKey::parse(text).map_err(DeskError::KeyMinisign)?;
            return Ok(Self::Minisign(key));
        }
        let certificate = match is_armored(bytes) {
            true => dearmor(bytes).map_err(DeskError::KeyOpenPgp)?.1,
            false => bytes.to_vec(),
        };
        let keys = PublicKeys::from_certificate(&certificate).map_err(DeskError::KeyOpenPgp)?;
        Ok(Self::OpenPgp { certificate, keys })
    }

    /// How requests name the key.
    #[must_use]
    pub fn reference(&self) -> Option<KeyReference> {
        match self {
            Self::OpenPgp { keys, .. } => match keys.fingerprint()? {
                Fingerprint::V4(bytes) => Some(KeyReference::OpenPgpV4(bytes)),
                Fingerprint::V6(bytes) => Some(KeyReference::OpenPgpV6(bytes)),
            },
            Self::Ssh(line) => Some(KeyReference::Ssh(*line.key().as_bytes())),
            Self::Minisign(key) => Some(KeyReference::Minisign {
                key_id: key.key_id().0,
                key: *key.as_bytes(),
            }),
        }
    }
}

impl DeskKey {
    /// Reads a key from its file.
    ///
    /// # Errors
    /// [`DeskError::BadKeyName`], [`DeskError::File`], and those of [`PublicHalf::parse`].
    pub fn read(path: &Path, name: Option<&str>) -> Result<Self, DeskError> {
        let mut bytes = Vec::new();
        let read =
            File::open(path).and_then(|file| file.take(KEY_FILE_BYTES_MAX).read_to_end(&mut bytes));
        read.map_err(DeskError::file("reading the key", path))?;
        let stem = || {
            path.file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
        };
        let name = name
            .map(ToOwned::to_owned)
            .or_else(stem)
            .unwrap_or_default();
        let count = name.chars().count();
        if count == 0 || count > KEY_NAME_CHARS_MAX || name.chars().any(is_hidden) {
            return Err(DeskError::BadKeyName {
                name: name.chars().take(KEY_NAME_CHARS_MAX).collect(),
            });
        }
        Self::new(name, PublicHalf::parse(&bytes)?)
    }

    fn new(name: String, public: PublicHalf) -> Result<Self, DeskError> {
        let reference = public.reference().ok_or(DeskError::KeyWithoutName)?;
        Ok(Self {
            name,
            reference,
            public,
        })
    }

    /// For the index.
    pub(super) fn to_stored(&self) -> StoredKey {
        let public = match &self.public {
            PublicHalf::OpenPgp { certificate, .. } => certificate.clone(),
            PublicHalf::Ssh(line) => line.to_string().into_bytes(),
            PublicHalf::Minisign(key) => key.to_file().into_bytes(),
        };
        StoredKey {
            name: self.name.clone(),
            reference: self.reference,
            public,
        }
    }

    /// From the index.
    pub(super) fn from_stored(stored: StoredKey) -> Result<Self, DeskError> {
        Self::new(stored.name, PublicHalf::parse(&stored.public)?)
    }
}

/// The base64 of a minisign key without its comment.
const MINISIGN_CHARS: usize = 56;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_public_key_is_told_by_its_bytes() {
        let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea \
                   amina@desk\n";
        let ssh = ssh.replace("  ", "");
        let parsed = PublicHalf::parse(ssh.as_bytes()).unwrap();
        assert!(matches!(parsed.reference(), Some(KeyReference::Ssh(_))));
        assert!(matches!(
            PublicHalf::parse(b"untrusted comment: x\nnothing\n"),
            Err(DeskError::KeyMinisign(_))
        ));
        assert!(matches!(
            PublicHalf::parse(b"\x99nothing"),
            Err(DeskError::KeyOpenPgp(_))
        ));
        assert!(matches!(
            PublicHalf::parse(b"ssh-rsa AAAA x"),
            Err(DeskError::KeySsh(_))
        ));
    }
}
