//! Finds and reads the codes in pictures, one picture after the other.

mod first;
mod second;
mod sighting;

use std::panic::{self, AssertUnwindSafe};

use super::GreyPicture;
pub use sighting::{Seen, Sighting, Trouble};

/// Reads the codes in the pictures of one camera.
///
/// No picture, however it was made, ends the program. What is read is bytes of unknown origin.
#[derive(Debug, Default)]
pub struct Reader {}

impl Reader {
    /// A reader that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads every code that it can in this picture.
    pub fn read(&mut self, picture: &GreyPicture) -> Sighting {
        let sighting = guarded(|| first::read(picture)).unwrap_or_default();
        if !sighting.payloads.is_empty() {
            return sighting;
        }
        match guarded(|| second::read(picture)) {
            Some(opinion) if !opinion.payloads.is_empty() => opinion,
            _ => sighting,
        }
    }
}

/// Runs a decoder that is known to panic on some pictures: one picture must not end the program.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}
