//! Signing keys in a backup. Spec: spec/backup.md, "Records".

use pack_format::codec::{DecodeError, Reader, Wire as _, Writer};
use signing_format::key_reference::KeyReference;
use zeroize::Zeroizing;

use super::record::{local_name, optional, put_optional, put_time, time};
use crate::clock::UnixTime;
use crate::limits::KEY_BYTES_MAX;
use crate::names::LocalName;
use crate::signing::policy::Policy;
use crate::store::{NewSigningKey, SigningKey};

/// A signing key with its secret.
pub(super) struct SigningKeyRecord {
    pub(super) name: LocalName,
    pub(super) reference: KeyReference,
    public: Vec<u8>,
    secret: Zeroizing<Vec<u8>>,
    comment: String,
    revocation: Option<String>,
    added_at: UnixTime,
    retired_at: Option<UnixTime>,
    policy: Policy,
}

impl SigningKeyRecord {
    pub(super) fn new(key: SigningKey, secret: Zeroizing<Vec<u8>>) -> Self {
        Self {
            name: key.name,
            reference: key.reference,
            public: key.public,
            secret,
            comment: key.comment,
            revocation: key.revocation,
            added_at: key.added_at,
            retired_at: key.retired_at,
            policy: key.policy,
        }
    }

    /// The key for the store of a new vault.
    pub(super) fn as_new(&self) -> NewSigningKey<'_> {
        NewSigningKey {
            name: &self.name,
            reference: &self.reference,
            public: &self.public,
            secret: &self.secret,
            comment: &self.comment,
            revocation: self.revocation.as_deref(),
            added_at: self.added_at,
            retired_at: self.retired_at,
            policy: &self.policy,
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.text(self.name.as_str());
        self.reference.write(writer);
        put_bytes(writer, &self.public);
        put_bytes(writer, &self.secret);
        put_bytes(writer, self.comment.as_bytes());
        put_optional(writer, self.revocation.as_ref(), |writer, text| {
            put_bytes(writer, text.as_bytes());
        });
        put_time(writer, self.added_at);
        put_optional(writer, self.retired_at.as_ref(), |writer, at| {
            put_time(writer, *at);
        });
        self.policy.write(writer);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: local_name(reader)?,
            reference: KeyReference::read(reader)?,
            public: bytes(reader, "public half")?.to_vec(),
            secret: Zeroizing::new(bytes(reader, "secret half")?.to_vec()),
            comment: text(reader, "comment of a key")?,
            revocation: optional(reader, |reader| text(reader, "revocation"))?,
            added_at: time(reader)?,
            retired_at: optional(reader, time)?,
            policy: Policy::read(reader)?,
        })
    }
}

fn put_bytes(writer: &mut Writer, bytes: &[u8]) {
    writer.count(bytes.len()).put(bytes);
}

fn bytes<'a>(reader: &mut Reader<'a>, what: &'static str) -> Result<&'a [u8], DecodeError> {
    let limit = u32::try_from(KEY_BYTES_MAX).unwrap_or(u32::MAX);
    let len = reader.count(limit, what)?;
    reader.take(len, what)
}

fn text(reader: &mut Reader<'_>, what: &'static str) -> Result<String, DecodeError> {
    let bytes = bytes(reader, what)?;
    let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::Rule { what })?;
    Ok(text.to_owned())
}

/// Longest record of a signing key: two halves, and what is beside them.
pub(super) const KEY_RECORD_BYTES_MAX: u32 = 8 * 1024 * 1024;
