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

/// Where a part may begin on a medium without a file system: the sector of every disk and tape.
pub const RAW_BOUNDARY_BYTES: u64 = 512;

/// What the whole run of parts on such a medium begins at: direct reads ask for it.
pub const RAW_START_BYTES: u64 = 4096;

/// How many bytes at a boundary the caller sees to recognise a part.
pub const RAW_HEAD_BYTES: usize = 64;

/// The size of one read from a medium without a file system; no record of a tape is longer.
pub const RAW_READ_BYTES: usize = 1 << 20;

/// The size of one write to such a medium: a record that every tape drive takes.
pub const RAW_WRITE_BYTES: usize = 256 << 10;

/// The largest payload of one QR code: version 40 holds 2,953 bytes at the lowest correction.
pub const QR_PAYLOAD_BYTES_MAX: usize = 2_900;

/// The largest picture file that is looked at.
pub const PICTURE_FILE_BYTES_MAX: usize = 16 << 20;

/// The largest picture that is unpacked, in pixels: a few bytes can announce any size.
pub const PICTURE_PIXELS_MAX: u64 = 50_000_000;

/// How many pictures of codes one folder gets: enough for the largest transfer, with a margin.
pub const CODE_PICTURES_MAX: usize = 100_000;

/// How many pages one document gets: some two megabytes, more than anybody prints.
pub const PAPER_PAGES_MAX: usize = 400;
