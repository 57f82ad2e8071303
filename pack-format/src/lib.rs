//! What crosses the gap: packs, parts, the keys of a pairing, and what a relay may know.
//!
//! Everything here can be linked by the relay. Nothing here can open a bundle.

pub mod advice;
pub mod chunked;
pub mod codec;
pub mod item;
pub mod light;
pub mod limits;
pub mod pack;
pub mod padding;
pub mod part;
pub mod ratchet;
pub mod relay;
pub mod secret;
pub mod shown;
pub mod words;
