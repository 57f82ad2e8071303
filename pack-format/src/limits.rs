//! Every bound of packs, parts and codes, beside the reason for it. Checked before allocation.

/// Largest pack, in sealed bytes: 256 GiB. A pack is one trip of one stick set.
pub const PACK_BYTES_MAX: u64 = 256 * GIB;
/// Smallest padded pack content. Below it every pack has the same size, so that a lone receipt
/// cannot be told from a short message.
pub const PACK_CONTENT_BYTES_MIN: u64 = 16 * 1024;
/// Largest part, in bytes of pack: FAT32 holds no file of 4 GiB, and a part is what is lost when
/// one file is damaged.
pub const PART_BYTES_MAX: u64 = GIB;
/// Smallest part but the last, in bytes of pack.
pub const PART_BYTES_MIN: u64 = 1024 * 1024;
/// Most parts in one pack.
pub const PARTS_MAX: u32 = 4096;
/// Most items in one pack.
pub const PACK_ITEMS_MAX: u32 = 200_000;
/// Largest item that is not a bundle: these are held in memory.
pub const SMALL_ITEM_BYTES_MAX: u32 = 64 * 1024;
/// Largest signing request or reply: what is long crosses beside it as a bundle does.
pub const SIGNING_BYTES_MAX: usize = 60 * 1024;
/// Largest bundle, in sealed bytes.
pub const BUNDLE_BYTES_MAX: u64 = 128 * GIB;
/// How far ahead of the newest pack it has seen a receiver looks: that many packs in a row may be
/// lost before the two machines must be paired again.
pub const WINDOW: usize = 256;
/// Most taken packs a receiver remembers, so that it can say "already taken in" of a duplicate.
pub const TAKEN_MAX: usize = 1024;
/// Longest relay URL, in bytes.
pub const URL_BYTES_MAX: u16 = 255;
/// Most content ids in one acknowledgement.
pub const ACK_IDS_MAX: u32 = 1000;
/// Longest report text from a courier, in bytes.
pub const REPORT_BYTES_MAX: u16 = 512;
/// Largest transfer by light: 64 MiB take minutes, and a stick is quicker. It bounds what a header
/// can announce.
pub const TRANSFER_BYTES_MAX: u64 = 64 << 20;
/// Most blocks in a transfer by light: an answer names them in 64 bits.
pub const BLOCKS_MAX: u8 = 64;
/// Most symbols that a block consists of: 1 MiB in symbols of 480 bytes, and 128 KiB in symbols of
/// 60. The time that it takes to solve for them grows by the square.
pub const SOURCE_SYMBOLS_MAX: u32 = 2185;
/// Largest symbol id. No screen shows as many; below it no sum of ids overflows.
pub const SYMBOL_ID_MAX: u32 = (1 << 31) - 1;
/// Longest light frame: the largest code, version 40 with the least error correction, holds no
/// more.
pub const FRAME_BYTES_MAX: usize = 2953;
/// The largest part that a light frame names has 2 to this power MiB: the largest transfer.
pub const PART_EXPONENT_MAX: u8 = 6;
/// Most entries in an answer: its code stays small.
pub const ANSWER_ENTRIES_MAX: u8 = 4;

const GIB: u64 = 1024 * 1024 * 1024;
