//! Every bound of a crossing, with its reason.

/// The part size where the medium has room: what is lost when one file is damaged, and what is
/// read and written again after an interruption.
pub const PART_BYTES_DEFAULT: u64 = 256 << 20;

/// A pack is closed before its content passes this: more than a stick set holds in one trip.
pub const PACK_SPLIT_BYTES: u64 = 64 << 30;

/// Most packs that wait for a receipt in one lane. One new pack then replaces them all, so that a
/// machine that is never answered does not carry its whole past on every trip.
pub const OUTSTANDING_MAX: usize = 32;

/// Free space that is left on a stick: directories and allocation units need room too.
pub const RESERVE_BYTES: u64 = 512 << 10;

/// Bytes between two looks at whether the person has cancelled.
pub const STEP_BYTES: usize = 1 << 20;

/// Names of parts that are of no use any more, kept so that they are removed when their stick
/// returns. The oldest are forgotten first; their files then stay until a person deletes them.
pub const RETIRED_NAMES_MAX: usize = 1024;

/// Largest list of receipts that is written: an item holds 64 KiB.
pub const RECEIPTS_BYTES_MAX: usize = 60 << 10;
