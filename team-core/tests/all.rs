//! The tests of the crate's public face.
#![allow(missing_docs, reason = "tests")]

mod blob;
mod epoch;
mod invitation;
