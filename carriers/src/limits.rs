//! Every bound that input from a medium is held to, with its reason.

/// The largest part: 1 GiB of content and the framing around it.
///
/// FAT32 ends at 4 GiB, and a part is what is written again after an interruption.
pub const PART_BYTES_MAX: u64 = (1 << 30) + (4 << 10);

/// The longest stem of a part's name; with the extension it stays within 40 characters.
pub const PART_STEM_BYTES_MAX: usize = 36;

/// How many directory entries a scan looks at before it refuses the directory.
///
/// A stick formatted by an attacker can list entries for ever; an honest one does not come near.
pub const DIRECTORY_ENTRIES_MAX: u64 = 200_000;

/// The size of one write to a medium: sticks are slow with small ones.
pub const WRITE_BYTES: usize = 1 << 20;

/// The granularity at which a leftover of an interrupted run is compared and reused.
pub const RESUME_CHUNK_BYTES: usize = 64 << 10;
