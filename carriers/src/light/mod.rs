//! Crossing by light: codes on a screen or on paper, and a camera that reads them.
//!
//! What a code holds is an opaque frame of bytes; nothing here knows what it means, and nothing
//! read here is believed before its receiver has verified it. Spec: spec/light.md.

pub mod camera;
mod code;
mod density;
mod display;
mod grid;
mod output_error;
mod paper;
mod picture;
mod png_folder;
pub(crate) mod png_read;
mod reader;
pub mod screen;
mod terminal;
mod watcher;

pub use code::{Code, Correction, QUIET_MODULES, Version, capacity_bytes};
pub use density::Density;
pub use display::{Demand, Display, DisplayError, Sheet, Status, Wanted};
pub use grid::{CodeGrid, CornerPlace, draw_codes};
pub use output_error::OutputError;
pub use paper::PdfPages;
pub use picture::{GreyPicture, PictureError};
pub use png_folder::PngFolder;
pub use reader::{Reader, Seen, Sighting, Trouble};
pub use terminal::{TERMINAL_RESTORE, Terminal, TerminalSize};
pub use watcher::{Watched, Watcher, WatcherStats};
