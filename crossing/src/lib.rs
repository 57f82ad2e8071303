//! One trip between two paired machines: takes in what lies on a medium and writes what is due.
//!
//! Vault and courier run the same engine. It holds no key but those of its [`Lane`]s, reads no
//! clock and knows no SQL: what must be kept is handed to the [`Host`], one transaction at a
//! time, and nothing is removed from a medium before the host has it.
//! Spec: spec/pack.md, "Processing rules".

mod assembled;
mod compose;
mod error;
mod host;
mod intake;
mod lane;
mod lane_wire;
pub mod light;
pub mod limits;
mod look;
mod meter;
mod opening;
mod progress;
mod raw;
mod raw_owner;
mod raw_write;
mod receipts;
mod report;
mod sources;
mod spool;
mod stick;
mod write;

pub use error::CrossingError;
pub use host::{Host, HostError};
pub use lane::{Lane, LaneId, OutstandingPack};
pub use progress::{Phase, Progress, Quiet};
pub use raw::sync_raw;
pub use report::{Damage, DamagedPack, IncomingPack, LaneReport, OutgoingPack, SyncReport};
pub use spool::forget_lane;
pub use stick::sync_stick;

use limits::{PACK_SPLIT_BYTES, PART_BYTES_DEFAULT};

/// What a person may choose about a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The largest part that a new pack is cut into, in bytes of pack; rounded down to a power of
    /// two from 1 MiB to 1 GiB.
    pub part_bytes: u64,
    /// A pack is closed before its content passes this many bytes; a larger bundle has a pack of
    /// its own.
    pub pack_bytes: u64,
    /// Write over a raw medium that holds something else.
    pub overwrite: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            part_bytes: PART_BYTES_DEFAULT,
            pack_bytes: PACK_SPLIT_BYTES,
            overwrite: false,
        }
    }
}
