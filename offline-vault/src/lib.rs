//! The offline machine's program: a store that is sealed at rest, and what its owner does with it.
//!
//! Nothing here opens a socket, and the program gives up the right to ([`lockdown`]). SQL lives
//! under [`store`] only; the command line and any screen call the same service, [`vault`].

pub mod cli;
pub mod clock;
pub mod files;
pub mod foreign_keys;
pub mod limits;
pub mod names;
pub mod openpgp;
pub mod passphrase;
pub mod paths;
pub mod signing;
pub mod store;
pub mod team;
pub mod vault;
pub mod vault_key;
mod wording;
pub mod work;
