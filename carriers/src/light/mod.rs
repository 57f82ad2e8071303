//! Crossing by light: codes on a screen or on paper, and a camera that reads them.
//!
//! What a code holds is an opaque frame of bytes; nothing here knows what it means, and nothing
//! read here is believed before its receiver has verified it. Spec: spec/light.md.

mod code;
mod display;
mod grid;
mod picture;
pub(crate) mod png_read;
mod reader;

pub use code::{Code, Correction, QUIET_MODULES, Version, capacity_bytes};
pub use display::{Demand, Display, DisplayError, Sheet, Status, Wanted};
pub use grid::{CodeGrid, CornerPlace, draw_codes};
pub use picture::{GreyPicture, PictureError};
pub use reader::{Reader, Seen, Sighting, Trouble};
