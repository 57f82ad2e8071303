//! One picture that holds a short sealed message: a pairing, a key on paper.
//!
//! The payload is any bytes; what they mean is verified by whoever reads them.

mod error;
mod read;
mod render;

pub use error::QrError;
pub use read::read_png;
pub(crate) use render::{half_block_lines, png_file};
pub use render::{render_png, render_terminal};
