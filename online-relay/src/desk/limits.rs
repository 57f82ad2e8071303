//! Every bound of the desk, beside the reason for it.

use std::time::Duration;

/// Largest file that crosses whole unless the person says otherwise, in bytes: a stick takes it in
/// seconds. Larger ones cross as a hash, which is said loudly.
pub const CONTENT_BYTES_DEFAULT: u64 = 256 << 20;
/// Largest file of a public key, in bytes: a certificate with hundreds of certifications.
pub const KEY_FILE_BYTES_MAX: u64 = 4 << 20;
/// Largest text, certificate or message that is read into memory, in bytes.
pub const TEXT_BYTES_MAX: u64 = 32 << 20;
/// Most bytes of files that go along with commits, so that the vault can show what changed.
pub const DIFF_BYTES_MAX: usize = 24 << 20;
/// Longest name of a key, in characters.
pub const KEY_NAME_CHARS_MAX: usize = 64;
/// How much of a file is read at once.
pub const COPY_BYTES: usize = 256 * 1024;
/// Largest request that was exported to a file, without its content, in bytes.
pub const PARCEL_BYTES_MAX: u64 = 128 * 1024;
/// Most bytes that a program may print: raw objects of a whole request.
pub const OUTPUT_BYTES_MAX: u64 = 128 << 20;
/// How often a waiting program looks whether the reply is there.
pub const LOOK_PAUSE: Duration = Duration::from_millis(400);
/// How long a waiting program tries to get at a courier that is in use, before it says so.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(20);
/// How long a waiting program waits, if nobody says otherwise: a walk to the vault and back.
pub const WAIT_SECS_DEFAULT: u64 = 60 * 60;
/// How long a request lives, if nobody says otherwise, in days.
pub const LIFE_DAYS_DEFAULT: u64 = 7;
