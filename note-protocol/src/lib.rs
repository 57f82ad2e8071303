//! What is said to `causeway-note`, the process that reads the bytes of rich-text notes, and what
//! it answers.
//!
//! A note is a document that several people edit at the same time, kept as updates by its authors.
//! The library that merges them allocates without bound, hangs or panics when their bytes are
//! hostile, so that no program with keys links it: it runs in a process of its own without keys,
//! files, sockets or a second chance. [`Client`] starts that process for one [`Request`], reads one
//! [`Response`] and ends it.
//!
//! A response is not trusted either, since what wrote it may have been taken over by an update:
//! reading it checks every length, range and order.

mod advice;
mod bytes;
mod client;
mod content;
mod document;
mod error;
pub mod limits;
mod mark;
mod request;
mod response;
mod version;

pub use client::{Client, DEADLINE};
pub use content::{Content, Span, TextRange};
pub use document::{Document, Update};
pub use error::{NoteError, Part, Place, Refusal};
pub use mark::{Mark, MarkKind};
pub use request::{Change, Request};
pub use response::{Edited, Opened, Previewed, RefusedUpdate, Response};
pub use version::{PeerId, Version};

#[cfg(test)]
mod tests;
