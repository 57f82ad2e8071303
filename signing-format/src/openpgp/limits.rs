//! Bounds of what is read here, each checked before anything is allocated.

/// Largest certificate, in bytes. One with a thousand third-party certifications has half of it.
pub const CERTIFICATE_BYTES_MAX: usize = 1 << 20;
/// Most packets of one certificate.
pub const PACKETS_MAX: usize = 8192;
/// Largest signature, in bytes, armoured or not: an SLH-DSA signature has 50,000.
pub const SIGNATURE_BYTES_MAX: usize = 96 * 1024;
/// Longest line of a cleartext-signed text, in bytes. GnuPG cuts longer ones off and then finds
/// the signature bad.
pub const CLEARTEXT_LINE_BYTES_MAX: usize = 19_000;
/// Largest text in one cleartext signature, in bytes: what the vault shows whole.
pub const CLEARTEXT_BYTES_MAX: usize = 1 << 20;
