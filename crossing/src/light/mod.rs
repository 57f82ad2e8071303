//! A crossing by light: packs as codes on a screen or on paper, read by a camera.
//!
//! [`LightCrossing`] is the state: frames in, frames out. [`cross`] drives it with a display and
//! with whatever films. Pieces that arrive are kept on the disk; a part that is complete lies
//! where a stick would have put it, so that each medium goes on with what the others brought.
//! Spec: spec/light.md.

mod arrivals;
mod departures;
mod drive;
mod heard;
mod means;
mod message;
mod noticed;
mod receiving;
mod session;
mod symbols;
mod told;

pub(crate) use arrivals::{forget, lane_dir};
pub use drive::{Ending, Eyes, Glimpse, LightReport, Path, cross};
pub use means::{Choice, Means, Written};
pub use message::{MessageEyes, MessageShow, film_message, show_message};
pub use noticed::Noticed;
pub use session::{LightCrossing, Pieces};
