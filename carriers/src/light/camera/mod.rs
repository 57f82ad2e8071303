//! Where pictures come from: a camera, or files that a camera or a program has written.
//!
//! A source gives one grey picture after the other and never more than one at a time, so a file
//! may be larger than memory. What it cannot understand it leaves out, counts and names; only
//! what ends it is an error.

mod error;
mod images;
mod jpeg;
mod jpeg_tables;
mod live;
mod luma;
mod mjpeg;
mod mode;
mod pgm;
mod picture_file;
mod source;
mod v4l2;
mod y4m;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::GreyPicture;

pub use error::CameraError;
pub use picture_file::PictureFileError;
pub use source::{Source, open_source};
pub use v4l2::{CameraInfo, cameras};

/// Gives one picture after the other.
pub trait FrameSource: Send {
    /// The next picture; `None` when there are no more. A camera has always more.
    ///
    /// # Errors
    /// [`CameraError`] when there will be no further picture. What was given before stays good.
    fn next_picture(&mut self) -> Result<Option<GreyPicture>, CameraError>;

    /// Whether pictures pass by if nobody takes them, as those of a camera do.
    fn is_live(&self) -> bool {
        false
    }

    /// Takes note of the signal that ends the waiting: once it is given, `next_picture` returns
    /// `None` soon, also where no picture comes.
    fn stop_with(&mut self, _stop: StopSignal) {}

    /// What was left out since the last call, because it could not be understood.
    fn take_skipped(&mut self) -> Skipped {
        Skipped::default()
    }
}

/// Tells a source, from another thread, that nobody waits for its pictures any more.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// Gives the signal; it stays given.
    pub fn give(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Pictures that were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// The first of them: the name and what is wrong with it, safe to show. The pictures of a
    /// camera have no names.
    pub named: Vec<String>,
}

impl Skipped {
    fn add(&mut self, name: &str, why: &dyn std::fmt::Display) {
        self.count = self.count.saturating_add(1);
        if self.named.len() < SKIPPED_NAMED_MAX {
            self.named.push(format!("{name:?}: {why}"));
        }
    }

    fn add_nameless(&mut self) {
        self.count = self.count.saturating_add(1);
    }
}

/// Enough to see what is wrong with a folder; the count says the rest.
const SKIPPED_NAMED_MAX: usize = 8;
