//! Media without a file system: a block device, a tape, or the plain image of one.
//!
//! Parts lie one after another, each from a 512-byte boundary on, with random bytes in the gaps
//! and nothing else: no magic, no table. Who has the keys recognises the beginning of a part; to
//! anyone else the medium holds noise. Spec: stick, "Raw media".

mod error;
mod medium;
mod reader;
mod target;
mod writer;

pub use error::RawError;
pub use reader::RawReader;
pub use writer::{RawPartWriter, RawWriter};

/// Where a part lies on a raw medium; its content is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawFound {
    /// The first byte, counted from the beginning of the medium.
    pub offset_bytes: u64,
    /// The length in bytes, within [`PART_BYTES_MAX`](crate::limits::PART_BYTES_MAX).
    pub size_bytes: u64,
}
