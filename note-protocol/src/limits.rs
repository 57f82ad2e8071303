//! How large each part of a request or a response may be, and why.

/// A snapshot: the history and the text of a long document several times over. The 260,000 edits
/// of a whole paper take less than half a MiB.
pub const SNAPSHOT_BYTES_MAX: u32 = 32 << 20;
/// One update: what one segment can carry, decompressed.
pub const UPDATE_BYTES_MAX: u32 = 1 << 20;
/// Updates in one request. A document that is kept with a snapshot has few.
pub const UPDATES_MAX: u32 = 65_536;
/// Authors whose operations one update may hold.
pub const UPDATE_PEERS_MAX: u32 = 64;
/// The text of a document in UTF-8 bytes: a long book.
pub const TEXT_BYTES_MAX: u32 = 4 << 20;
/// Marked ranges of a document.
pub const SPANS_MAX: u32 = 65_536;
/// Changes in one edit.
pub const CHANGES_MAX: u32 = 1024;
/// The target of a link.
pub const LINK_BYTES_MAX: u16 = 2048;
/// The deepest level of a heading.
pub const HEADING_LEVEL_MAX: u8 = 6;
/// The deepest level of a list item, from 0.
pub const LIST_DEPTH_MAX: u8 = 7;
/// Authors of a document, where each proposal counts as one.
pub const VERSION_PEERS_MAX: u32 = 65_536;
/// A whole request. It is held twice by the worker while it is read, beside the document.
pub const REQUEST_BYTES_MAX: u32 = 64 << 20;
/// A whole response.
pub const RESPONSE_BYTES_MAX: u32 = 64 << 20;
/// The address space of the worker.
pub const WORKER_BYTES_MAX: u64 = 512 << 20;
/// The processor time of the worker.
pub const WORKER_CPU_SECS_MAX: u64 = 5;
