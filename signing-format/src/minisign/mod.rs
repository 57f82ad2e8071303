//! minisign: public keys, signature files, and checking them.
//!
//! The layout is that of minisign 0.11, byte for byte. Only the form that hashes the file first
//! (`ED`, BLAKE2b-512) is made and accepted; the old one needs the whole file in memory.

mod comment;
mod key;
mod signature;

pub use comment::{
    CommentError, TRUSTED_COMMENT_BYTES_MAX, TrustedComment, UNTRUSTED_COMMENT_BYTES_MAX,
    UntrustedComment,
};
pub use key::{MinisignKeyError, MinisignKeyId, MinisignPublicKey};
pub use signature::{MinisignSignature, MinisignSignatureError, digest_of, global_signed_data};
