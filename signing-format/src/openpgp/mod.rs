//! The OpenPGP data signatures that the vault makes: packet, armour, cleartext, and checking them.
//!
//! Not an implementation of OpenPGP: certificates, messages and secret keys are for the vault,
//! which has a library for them.
