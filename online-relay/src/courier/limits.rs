//! Every bound of the courier, beside the reason for it.

/// How much of a bundle is held in memory on its way; enough for BLAKE3 to use wide registers.
pub(crate) const COPY_BYTES: usize = 256 * 1024;
/// Longest name of a pairing, in characters: it is shown in the middle of lines.
pub const NAME_CHARS_MAX: usize = 64;
/// Longest pairing code that is read: thirteen words of up to eight letters, and room for spaces.
pub const CODE_BYTES_MAX: u64 = 1024;
/// Most bundles of one mailbox that are looked at in one visit: a relay can invent any number.
pub const LISTED_MAX: usize = 50_000;

/// The most bytes that are read of an operator's file for a tray: two codes and what they are for.
pub const PASS_BYTES_MAX: u64 = 8192;
