//! Every bound of bundles and cards, beside the reason for it. Checked before allocation.

/// Content bytes in every frame but the last: large enough to compress well, small enough to
/// hold several in memory and to read at random.
pub const FRAME_BYTES: usize = 1024 * 1024;
/// Most slots of one kind: a bundle for more readers is sealed as several.
pub const SLOTS_MAX: usize = 128;
/// Largest manifest. It is held in memory on both sides.
pub const MANIFEST_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// Most entries in a bundle; reached only with very short names, because of the manifest's size.
pub const ENTRIES_MAX: u32 = 1_000_000;
/// Longest path, in bytes of UTF-8.
pub const PATH_BYTES_MAX: u16 = 512;
/// Deepest path, in components.
pub const PATH_DEPTH_MAX: usize = 32;
/// Largest message text, receipt list or card inside a bundle: these are held in memory.
pub const SMALL_ENTRY_BYTES_MAX: u64 = 1024 * 1024;
/// Largest invitation inside a bundle: it is held in memory with the bundle's other small entries.
pub const INVITATION_BYTES_MAX: u64 = 64 * 1024;
/// Most content in one bundle.
pub const CONTENT_BYTES_MAX: u64 = 100 * 1024 * 1024 * 1024;
/// Longest name on a card, in bytes of UTF-8.
pub const NAME_BYTES_MAX: u16 = 64;
/// Most relays on a card.
pub const CARD_RELAYS_MAX: u8 = 4;
/// Largest sequence number: it has six bytes in a slot.
pub const SEQUENCE_MAX: u64 = (1 << 48) - 1;
