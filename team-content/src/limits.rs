//! Every bound of content, beside the reason for it. Checked before allocation.

/// Longest body of one operation: alone in a segment it fits without being compressed, beside its
/// own frame, the names in front and the tag of the cipher.
pub const OPERATION_BYTES_MAX: usize = 62 * 1024;
/// Longest text of a message: what remains of an operation holds its attachments.
pub const MESSAGE_TEXT_BYTES_MAX: usize = 60 * 1024;
/// Most attachments of one message; each of them is a list of chunks or one blob that holds it.
pub const ATTACHMENTS_MAX: usize = 32;
/// Most chunks that stand in an operation; a longer list is in chunks of its own, so that a large
/// file does not fill segments.
pub const CHUNKS_INLINE_MAX: usize = 200;
/// Most chunks of one file: 64 GiB in chunks of 256 KiB, with a list of 17 MiB.
pub const CHUNKS_MAX: usize = 1 << 18;
/// Most operations that one operation replaces or names: as many as a space has devices, since a
/// device that has seen its own edit replaces it.
pub const REFERENCES_MAX: usize = 1024;
/// Most devices, and most items, in the names in front of a segment: one for each operation.
pub const NAMES_MAX: usize = team_core::limits::CONTENT_OPERATIONS_MAX;
/// Most fields of one schema.
pub const FIELDS_MAX: usize = 256;
/// Most options of one field.
pub const OPTIONS_MAX: usize = 256;
/// Longest text in a field of a record: longer text is a note or a file.
pub const FIELD_TEXT_BYTES_MAX: usize = 16 * 1024;
/// Most decimal places of a number: what 64 bits hold.
pub const PLACES_MAX: u8 = 18;
/// Most decimal places of a sum: 18 billion events of the largest amount do not overflow it.
pub const SUM_PLACES_MAX: u8 = 9;
/// Longest remark on an event, a proposal or a decision.
pub const REMARK_BYTES_MAX: usize = 1024;
/// Longest title of a note.
pub const TITLE_BYTES_MAX: usize = 256;
/// Longest change of a note in one operation; a longer one is exported in several.
pub const NOTE_UPDATE_BYTES_MAX: usize = 60 * 1024;
/// Characters of a message that a list shows.
pub const SUMMARY_CHARS_MAX: usize = 120;
