//! Payloads of content segments: compressed where that helps, and sealed under an epoch's key.
//!
//! Spec: spec/team.md, "Content payload".

use std::io;

use chacha20poly1305::aead::array::Array;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use pack_format::advice::{Advice, Exit};
use pack_format::codec::Writer;
use pack_format::secret::Secret32;
use thiserror::Error;
use zeroize::Zeroizing;

use super::key::EpochKey;
use crate::ids::{DeviceId, EpochId};
use crate::limits::{CONTENT_BYTES_MAX, PAYLOAD_BYTES_MAX};
use crate::packed::Packer;

/// Which segment a payload is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentPlace {
    /// The epoch whose key it is under.
    pub epoch: EpochId,
    /// The author.
    pub device: DeviceId,
    /// The segment's number.
    pub number: u64,
    /// The segment's salt.
    pub salt: [u8; 24],
}

/// Why content was not sealed or not opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContentError {
    /// There is none.
    #[error("a content segment has no content")]
    Empty,
    /// There is more than one segment may hold.
    #[error("the content has {found} bytes, over the limit of {limit}")]
    OverLimit {
        /// Bytes of content, or of the payload that it makes.
        found: u64,
        /// The most that may be.
        limit: u64,
    },
    /// It is under another key, of another segment, or altered.
    #[error("the content of segment {number} does not open with the key of its epoch")]
    Unopenable {
        /// The segment's number.
        number: u64,
    },
    /// It opens, and breaks a rule of the format: its author's program is wrong, or hostile.
    #[error("the content of segment {number} is not what it must be: {rule}")]
    Form {
        /// The segment's number.
        number: u64,
        /// The rule.
        rule: &'static str,
    },
    /// The compressor could not be set up.
    #[error("no memory to compress with")]
    Machine(#[source] io::Error),
}

impl Advice for ContentError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "content-empty",
            Self::OverLimit { .. } => "content-over-limit",
            Self::Unopenable { .. } => "content-unopenable",
            Self::Form { .. } => "content-malformed",
            Self::Machine(_) => "content-machine",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Empty | Self::OverLimit { .. } => {
                "Nothing was written and the space is as it was."
            }
            _ => "What is in the vault is safe; this content has no effect.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Empty => "Write something, or nothing.",
            Self::OverLimit { .. } => "Send it in several pieces, or as a file.",
            Self::Unopenable { .. } | Self::Form { .. } => {
                "Ask its author to write it again, and tell an admin of the space."
            }
            Self::Machine(_) => "Close other programs and try again.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Empty | Self::OverLimit { .. } => Exit::Usage,
            Self::Unopenable { .. } | Self::Form { .. } => Exit::Refused,
            Self::Machine(_) => Exit::Failed,
        }
    }
}

/// Seals and opens payloads. Keep one for many: what compresses and expands is made once.
pub struct ContentCodec {
    packer: Packer,
}

impl ContentCodec {
    /// A codec.
    ///
    /// # Errors
    /// [`ContentError::Machine`].
    pub fn new() -> Result<Self, ContentError> {
        let packer = Packer::new().map_err(ContentError::Machine)?;
        Ok(Self { packer })
    }

    /// `payload = nonce || AEAD(key, nonce, form || body)`, where `body` is `content` (form 0) or,
    /// only if that is shorter, one zstd frame of it that states its length (form 1);
    /// `key = HKDF-Expand(epoch key, "causeway/team/v1 content key" || place)`,
    /// `nonce = BLAKE3-keyed(HKDF-Expand(epoch key, "causeway/team/v1 content nonce" || place),
    /// form || body)[..12]`, `place = epoch id || device id || u64(number) || salt`.
    ///
    /// The nonce is bound to what is encrypted, so that two vaults of which one is the copy of the
    /// other never encrypt two contents with one key stream. That a payload opens to one content
    /// only, also for who knows several keys, follows from the header: it signs the payload's
    /// hash and the epoch's id, and the epoch commits to its key.
    ///
    /// # Errors
    /// [`ContentError::Empty`], [`ContentError::OverLimit`].
    pub fn seal(
        &mut self,
        key: &EpochKey,
        place: &ContentPlace,
        content: &[u8],
    ) -> Result<Vec<u8>, ContentError> {
        if content.is_empty() {
            return Err(ContentError::Empty);
        }
        check_len(content.len(), CONTENT_BYTES_MAX as u64)?;
        let mut body = self.packer.pack(content);
        check_len(
            body.len() + NONCE_BYTES + TAG_BYTES,
            u64::from(PAYLOAD_BYTES_MAX),
        )?;
        let nonce = nonce(key, place, &body);
        #[expect(
            clippy::expect_used,
            reason = "64 KiB are far below the cipher's limit"
        )]
        let tag = cipher(key, place)
            .encrypt_inout_detached(&Nonce::from(nonce), b"", body.as_mut_slice().into())
            .expect("64 KiB are below the cipher's limit");
        Ok([nonce.as_slice(), body.as_slice(), tag.as_slice()].concat())
    }

    /// The content that [`ContentCodec::seal`] sealed: 1 to [`CONTENT_BYTES_MAX`] bytes. Nothing
    /// expands beyond that.
    ///
    /// # Errors
    /// [`ContentError::Unopenable`], [`ContentError::Form`].
    pub fn open(
        &mut self,
        key: &EpochKey,
        place: &ContentPlace,
        payload: &[u8],
    ) -> Result<Vec<u8>, ContentError> {
        let number = place.number;
        let body = decrypt(key, place, payload).ok_or(ContentError::Unopenable { number })?;
        self.packer
            .unpack(&body, CONTENT_BYTES_MAX)
            .map_err(|rule| ContentError::Form { number, rule })
    }
}

fn check_len(len: usize, limit: u64) -> Result<(), ContentError> {
    let found = len as u64;
    if found > limit {
        return Err(ContentError::OverLimit { found, limit });
    }
    Ok(())
}

fn decrypt(key: &EpochKey, place: &ContentPlace, payload: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = payload.split_first_chunk::<NONCE_BYTES>()?;
    let (body, tag) = sealed.split_last_chunk::<TAG_BYTES>()?;
    let mut body = Zeroizing::new(body.to_vec());
    cipher(key, place)
        .decrypt_inout_detached(
            &Nonce::from(*nonce),
            b"",
            body.as_mut_slice().into(),
            &Array::from(*tag),
        )
        .ok()?;
    Some(body)
}

fn cipher(key: &EpochKey, place: &ContentPlace) -> ChaCha20Poly1305 {
    let key = of_place(key, "causeway/team/v1 content key", place);
    ChaCha20Poly1305::new(key.expose().into())
}

fn nonce(key: &EpochKey, place: &ContentPlace, body: &[u8]) -> [u8; NONCE_BYTES] {
    let key = of_place(key, "causeway/team/v1 content nonce", place);
    let hash = blake3::keyed_hash(key.expose(), body);
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

fn of_place(key: &EpochKey, label: &str, place: &ContentPlace) -> Secret32 {
    let mut writer = Writer::new();
    place.epoch.write(&mut writer);
    place.device.write(&mut writer);
    writer.u64(place.number).put(&place.salt);
    key.secret().derive(label, &writer.into_bytes())
}

/// Bytes that sealing adds to content that does not shrink: nonce, form and tag.
pub const CONTENT_OVERHEAD_BYTES: usize = NONCE_BYTES + 1 + TAG_BYTES;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
