//! The names of items and of single operations.

use std::fmt;

use pack_format::codec::{DecodeError, Reader, Writer};
use team_core::ids::DeviceId;

/// An item: a message, a file, a note, a record, a schema.
///
/// `item id = BLAKE3-derive-key("causeway/team/v1 item", device || nonce)[0..16]`: only the device
/// that makes an item can make one of this name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub [u8; 16]);

impl ItemId {
    /// The item that a device makes with this nonce.
    #[must_use]
    pub fn of(device: DeviceId, nonce: &[u8; 16]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("causeway/team/v1 item");
        hasher.update(&device.0);
        hasher.update(nonce);
        let hash = hasher.finalize();
        Self(hash.as_bytes().first_chunk().copied().unwrap_or_default())
    }

    /// Appends the bytes.
    pub fn write(&self, writer: &mut Writer) {
        writer.put(&self.0);
    }

    /// Reads the bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.take_array("item id").map(Self)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ItemId({self})")
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// One content operation: its author, the author's segment, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// The author.
    pub device: DeviceId,
    /// The number of the segment.
    pub number: u64,
    /// From 0.
    pub index: u32,
}
