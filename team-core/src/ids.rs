//! The names of things in a space. Each is a type of its own, so that none passes for another.

use std::fmt;

use bundle_format::identity::IdentityKey;
use pack_format::codec::{DecodeError, Reader, Writer};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// Appends the bytes.
            pub fn write(&self, writer: &mut Writer) {
                writer.put(&self.0);
            }

            /// Reads the bytes.
            ///
            /// # Errors
            /// [`DecodeError::Truncated`].
            pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                reader.take_array($what).map(Self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({self})", stringify!($name))
            }
        }

        impl fmt::Display for $name {
            /// The first eight bytes in hexadecimal.
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                for byte in self.0.iter().take(8) {
                    write!(formatter, "{byte:02x}")?;
                }
                Ok(())
            }
        }
    };
}

id! {
    /// A space: the hash of its genesis operation.
    SpaceId, 32, "space id"
}
id! {
    /// A device of a member in one space: its Ed25519 public key, made for this space and this
    /// incarnation of the vault and used nowhere else.
    DeviceId, 32, "device id"
}
id! {
    /// A member of one space: the [`DeviceId`] of its first device.
    MemberId, 32, "member id"
}
id! {
    /// A segment: the hash of its signed header.
    SegmentHash, 32, "segment hash"
}
id! {
    /// An epoch: the hash of the operation that made it.
    EpochId, 32, "epoch id"
}
id! {
    /// A compartment: random, and all zero for the space as a whole.
    CompartmentId, 16, "compartment id"
}

impl DeviceId {
    /// The key as the one that verifies signatures.
    #[must_use]
    pub fn key(self) -> IdentityKey {
        IdentityKey(self.0)
    }

    /// The member whose first device this is.
    #[must_use]
    pub fn as_member(self) -> MemberId {
        MemberId(self.0)
    }
}

impl CompartmentId {
    /// The compartment that every member but couriers reads: the space as a whole.
    pub const WHOLE: Self = Self([0; 16]);
}

/// One control operation: the segment that holds it, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId {
    /// The segment.
    pub segment: SegmentHash,
    /// From 0.
    pub index: u16,
}

impl EpochId {
    /// `epoch id = BLAKE3-derive-key("causeway/team/v1 epoch id", segment hash || u16(index))`.
    #[must_use]
    pub fn of(operation: OperationId) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("causeway/team/v1 epoch id");
        hasher.update(&operation.segment.0);
        hasher.update(&operation.index.to_be_bytes());
        Self(*hasher.finalize().as_bytes())
    }
}
