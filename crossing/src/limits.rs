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

/// A pack that may go by light is closed before its content passes this: at the slowest it is
/// then shown in minutes, and what is in it is of use before the next one begins.
pub const LIGHT_PACK_BYTES: u64 = 4 << 20;

/// Largest bundle that goes by light: with padding and framing it stays within a transfer.
pub const LIGHT_BUNDLE_BYTES_MAX: u64 = 60 << 20;

/// Size of the parts of a pack that may go by light: that of a block, so that each block that is
/// complete is a part that has arrived, whatever medium brings the others.
pub const LIGHT_PART_BYTES: u64 = 1 << 20;

/// Most transfers that are received at a time; the one with the fewest symbols gives way. Frames
/// are believed only when a pack verifies, and anybody can show frames that look like others.
pub const RECEIVING_MAX: usize = 8;

/// Symbols of one block that are kept beyond those it needs. So many fail together once in 2^64
/// times by chance: they were altered, and the block begins again.
pub const SYMBOLS_BEYOND_MAX: usize = 64;
