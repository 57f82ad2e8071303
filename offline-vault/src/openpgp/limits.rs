//! Bounds of what is read from others, each checked before anything is allocated for it.

/// Largest file of secret keys that is imported, in bytes.
pub const SECRET_FILE_BYTES_MAX: usize = 1 << 20;
/// Largest certificate that is reviewed, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 1 << 20;
/// Largest encrypted message that is opened, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// Largest text or file inside a message, in bytes: it is held in memory until all of it is
/// authenticated.
pub const PLAINTEXT_BYTES_MAX: usize = 64 << 20;
/// Most recipients of a message that are listed.
pub const RECIPIENTS_MAX: usize = 1000;
/// Longest user id of a new key, in bytes.
pub const USER_ID_BYTES_MAX: usize = 1024;
/// How often a passphrase is asked for before an import is given up.
pub const PASSPHRASE_TRIES_MAX: u32 = 3;
/// Most memory that a passphrase of an imported key may take to check, as a power of two of KiB:
/// 1 GiB. The file says how much; without a bound a bad file stops the machine.
pub const ARGON2_MEMORY_EXPONENT_MAX: u8 = 20;
