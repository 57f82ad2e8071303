//! Every bound of requests and replies, beside the reason for it. Checked before allocation.

/// Largest encoded request and largest sealed reply: they are pack items that are held in memory.
pub const REQUEST_BYTES_MAX: usize = 60 * 1024;
/// Largest content that crosses whole, in bytes before sealing. A larger file crosses as the state
/// of its hash, and the vault says that nobody has seen it.
pub const CONTENT_BYTES_MAX: u64 = 1 << 30;
/// Longest name of a requester, a file, a repository or a reference, in bytes.
pub const NAME_BYTES_MAX: u16 = 255;
/// Longest reason of a request or of a refusal, in bytes: a page of text.
pub const REASON_BYTES_MAX: u16 = 4096;
/// Longest trusted comment that is asked for, in bytes.
pub const COMMENT_BYTES_MAX: u16 = 1024;
/// Most user ids that one request asks to certify.
pub const USER_IDS_MAX: u32 = 64;
/// Longest user id, in bytes. OpenPGP allows more; nobody can review more.
pub const USER_ID_BYTES_MAX: u16 = 2048;
/// Longest life of a request, in seconds: 30 days. What waits longer is asked again.
pub const LIFE_SECS_MAX: u64 = 30 * 24 * 60 * 60;
/// Most commits and tags in one request: more than a person reviews at once.
pub const OBJECTS_MAX: u32 = 500;
/// Most approvals that accompany one request.
pub const APPROVALS_MAX: u32 = 8;
/// Largest single signature or set of certifications in a reply, in bytes.
pub const SIGNATURE_BYTES_MAX: u32 = 48 * 1024;
