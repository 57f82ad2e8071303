//! The OpenPGP data signatures that the vault makes: packet, armour, cleartext, and checking them.
//!
//! Not an implementation of OpenPGP: certificates, messages and secret keys are for the vault,
//! which has a library for them. Source: RFC 9580. Spec: spec/signing.md, "OpenPGP".

mod armor;
mod cleartext;
mod error;
mod fingerprint;
pub mod limits;
mod packet;
mod parsed;
mod public_keys;
mod signature;

pub use armor::{ArmorKind, armor, dearmor, is_armored};
pub use cleartext::{Cleartext, CleartextError};
pub use error::OpenPgpFormatError;
pub use fingerprint::Fingerprint;
pub use parsed::DataSignature;
pub use public_keys::{CheckOutcome, PublicKey, PublicKeys, SignedData};
pub use signature::{
    CompactSignature, ED25519, EDDSA_LEGACY, SALT_BYTES, SignatureFrame, SignatureType,
};
