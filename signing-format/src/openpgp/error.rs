//! Why bytes are not a signature or a certificate of the kinds that are read here.

use pack_format::codec::DecodeError;
use thiserror::Error;

/// Bytes are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenPgpFormatError {
    /// A field ends early or breaks a rule.
    #[error("the OpenPGP data is damaged")]
    Damaged(#[from] DecodeError),
    /// More bytes than are read here.
    #[error("{what}: {found_bytes} bytes are over the limit of {limit_bytes}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        found_bytes: usize,
        /// The most that is read.
        limit_bytes: usize,
    },
    /// The armour is not armour.
    #[error("{what}")]
    Armor {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A packet of another kind than should be here.
    #[error("a packet with tag {tag} where {expected} belongs")]
    UnexpectedPacket {
        /// The tag that was found.
        tag: u8,
        /// What belongs here.
        expected: &'static str,
    },
    /// Secret keys where only public ones belong.
    #[error("this holds secret keys, not a certificate")]
    SecretKey,
    /// More than one certificate or signature.
    #[error("this holds more than one {what}")]
    Several {
        /// What there should be one of.
        what: &'static str,
    },
    /// A version, length form or subpacket that is not read here.
    #[error("{what} is not read here")]
    Unsupported {
        /// What it is.
        what: &'static str,
    },
    /// A key packet that was made to have another key's fingerprint.
    #[error("a key was made to collide with another one's fingerprint")]
    Collision,
}
