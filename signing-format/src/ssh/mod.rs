//! SSH signatures: public keys, the SSHSIG form, and checking them.
//!
//! Only Ed25519 signs and is checked; every other type of key is refused by its name. The forms
//! are OpenSSH's: RFC 4253 section 6.6 and RFC 8709 for keys, PROTOCOL.sshsig for signatures.

mod key;
mod namespace;
mod signature;

pub use key::{COMMENT_BYTES_MAX, SshKeyError, SshKeyLine, SshPublicKey};
pub use namespace::{NAMESPACE_CHARS_MAX, Namespace, NamespaceError};
pub use signature::{HashAlgorithm, MessageDigest, SshSignature, SshSignatureError, signed_data};

use pack_format::codec::{DecodeError, Reader, Writer};

/// The only type of key that signs here, as SSH names it.
const ED25519: &str = "ssh-ed25519";

/// Reads `string`: a length of four bytes and at most `limit` bytes (RFC 4251, section 5).
fn read_string<'a>(
    reader: &mut Reader<'a>,
    limit: u32,
    what: &'static str,
) -> Result<&'a [u8], DecodeError> {
    let len = reader.count(limit, what)?;
    reader.take(len, what)
}

/// Writes `string`.
fn write_string(writer: &mut Writer, bytes: &[u8]) {
    writer.count(bytes.len()).put(bytes);
}
