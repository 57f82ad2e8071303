//! Secret keys in the file formats of the programs that made them: OpenSSH and minisign.
//!
//! What comes in is a file and its passphrase, what goes out is a seed of 32 bytes that the sealed
//! store keeps; and back. `OpenPGP` keys are another module's. Nothing here touches the disk.

mod file;
pub mod minisign;
mod scrypt_cost;
pub mod ssh;

pub use scrypt_cost::CostError;
