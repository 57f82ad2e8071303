//! Trays: where a phone leaves frames for a courier, and finds frames for the vault.
//!
//! What server, client and operator share: the two rights, the text that hands them over, and how
//! frames lie behind one another in a body.
//! Spec: spec/relay.md, "Trays".

pub(crate) mod frame;
mod pass;

use std::fmt;

use pack_format::codec::Reader;
use pack_format::light::TransferId;
use pack_format::secret::Secret32;
use serde::{Deserialize, Serialize};

pub use self::pass::{PassError, TrayLinks, TrayPass};

use crate::limits::TRAY_FRAME_BYTES_MAX;

/// A transfer on its way by light, as a tray names it: by its id and its length.
///
/// As text `<8 hex>-<decimal>`. The id is the sender's and proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TransferName {
    /// The transfer id of its frames.
    pub id: TransferId,
    /// The length of what is sent, which every frame names.
    pub total_bytes: u32,
}

impl TransferName {
    /// Reads the text form; any other spelling of the same is refused.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (id, total) = text.split_once('-')?;
        let id = data_encoding::HEXLOWER.decode(id.as_bytes()).ok()?;
        let found = Self {
            id: TransferId(id.try_into().ok()?),
            total_bytes: total.parse().ok()?,
        };
        (found.to_string() == text).then_some(found)
    }
}

impl fmt::Display for TransferName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = data_encoding::HEXLOWER.encode(&self.id.0);
        write!(formatter, "{id}-{}", self.total_bytes)
    }
}

/// Who stands at a tray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Empties what a phone left, and leaves what the vault is to have.
    Courier,
    /// The page on a phone.
    Phone,
}

/// One of the two lists of a tray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrayList {
    /// From the vault: the phone fills it, the courier empties it.
    FromPhone,
    /// For the vault: the courier fills it, the phone shows it.
    ForPhone,
}

impl Face {
    /// The list that this one puts frames on.
    #[must_use]
    pub fn fills(self) -> TrayList {
        match self {
            Self::Courier => TrayList::ForPhone,
            Self::Phone => TrayList::FromPhone,
        }
    }

    /// The list that this one takes frames from.
    #[must_use]
    pub fn reads(self) -> TrayList {
        match self {
            Self::Courier => TrayList::FromPhone,
            Self::Phone => TrayList::ForPhone,
        }
    }
}

/// The right to use one face of one tray: a bearer secret of which the server keeps the
/// [`TrayId`] only.
#[derive(Debug)]
pub struct TrayToken(pub Secret32);

/// `tray id = BLAKE3-derive-key("causeway/relay/v1 tray id", token)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrayId(pub [u8; 32]);

impl TrayToken {
    /// The id under which the server finds the tray.
    #[must_use]
    pub fn id(&self) -> TrayId {
        TrayId(blake3::derive_key(
            "causeway/relay/v1 tray id",
            self.0.expose(),
        ))
    }
}

/// `(u16 length || frame)*`: frames behind one another in a body.
#[must_use]
pub fn join_frames<'a>(frames: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut body = Vec::new();
    for frame in frames {
        // A frame is at most `TRAY_FRAME_BYTES_MAX` bytes, far below what a u16 counts.
        let len = u16::try_from(frame.len()).unwrap_or(u16::MAX);
        body.extend_from_slice(&len.to_be_bytes());
        body.extend_from_slice(frame);
    }
    body
}

/// The inverse of [`join_frames`]; `None` for an empty or over-long frame and for trailing bytes.
#[must_use]
pub fn split_frames(body: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = Reader::new(body);
    let mut frames = Vec::new();
    while reader.remaining() > 0 {
        let len = usize::from(reader.u16("length of a frame").ok()?);
        if len == 0 || len > TRAY_FRAME_BYTES_MAX {
            return None;
        }
        frames.push(reader.take(len, "frame").ok()?);
    }
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_has_one_spelling() {
        let found = TransferName::from_text("0a1b2c3d-874").unwrap();
        assert_eq!(found.to_string(), "0a1b2c3d-874");
        for text in [
            "0A1b2c3d-874",
            "0a1b2c3d-0874",
            "0a1b2c3d-+874",
            "0a1b2c-874",
            "0a1b2c3d",
            "0a1b2c3d-",
            "0a1b2c3d-4294967296",
        ] {
            assert_eq!(TransferName::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn frames_come_out_of_a_body_as_they_went_in() {
        let frames: [&[u8]; 2] = [b"one", b"another"];
        assert_eq!(split_frames(&join_frames(frames)).unwrap(), frames);
        assert_eq!(split_frames(b"").unwrap(), Vec::<&[u8]>::new());
        for body in [&b"\0"[..], b"\0\0", b"\0\x02x", b"\xff\xff", b"\0\x01xy"] {
            assert_eq!(split_frames(body), None, "{body:?}");
        }
        let long = join_frames([&[0; TRAY_FRAME_BYTES_MAX + 1][..]]);
        assert_eq!(split_frames(&long), None);
    }
}
