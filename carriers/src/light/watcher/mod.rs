//! Watches a source of pictures: one thread takes them, others read the codes in them.

mod hand_over;
mod hints;
mod recent;
mod shared;

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    GreyPicture, Reader, Sighting, Trouble,
    camera::{CameraError, FrameSource},
};
use hand_over::Taken;
use shared::{Shared, Task};

/// What a watcher has to tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum Watched {
    /// The payload of a code: bytes of unknown origin. One that stays in view is told again about
    /// once a second.
    Payload(Vec<u8>),
    /// For a while there was nothing that looks like a code.
    Nothing,
    /// For a while there were codes, and none could be read.
    Unreadable {
        /// What is probably the matter.
        trouble: Trouble,
        /// The side of one module in pixels of the picture.
        module_pixels: f32,
    },
    /// A file was left out: its name and what is wrong with it, safe to show.
    Skipped(String),
    /// There will be no further picture, because of this. Told once; [`Watched::Ended`] follows.
    Failed(CameraError),
    /// All pictures were looked at and all was told. Told again however often it is asked.
    Ended,
}

/// What a watcher has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatcherStats {
    /// Pictures that the source gave.
    pub captured_count: u64,
    /// Pictures of a live source that nobody had time for.
    pub dropped_count: u64,
    /// Pictures that the source left out because it could not understand them.
    pub skipped_count: u64,
    /// Pictures that were looked at.
    pub read_count: u64,
    /// Codes that were read, repetitions included.
    pub code_count: u64,
    /// Pictures at which a reader failed through a fault of the program.
    pub fault_count: u64,
}

/// Threads that watch a source and read what it shows.
///
/// The pictures in flight are bounded in number and in pixels. A live source is never slowed
/// down: its oldest picture is dropped when the readers are busy. A file is read as fast as the
/// readers go and no faster, and nothing of it is dropped. Dropping the watcher ends its threads.
pub struct Watcher {
    shared: Arc<Shared>,
    is_live: bool,
}

impl Watcher {
    /// Starts to watch, with this many readers (at least one, at most sixteen).
    #[must_use]
    pub fn start(source: Box<dyn FrameSource>, workers: usize) -> Watcher {
        Self::start_with(source, workers, Reader::new)
    }

    /// Starts to watch with readers of another make.
    fn start_with<L: Look>(
        mut source: Box<dyn FrameSource>,
        workers: usize,
        make: impl Fn() -> L + Clone + Send + 'static,
    ) -> Watcher {
        let workers = workers.clamp(1, WORKERS_MAX);
        let is_live = source.is_live();
        let shared = Arc::new(Shared::new(is_live, workers));
        source.stop_with(shared.stop.clone());
        shared.spawn(Task::Capture, move |shared| capture(shared, source));
        for number in 1..=workers {
            let make = make.clone();
            shared.spawn(Task::Read { number }, move |shared| read_all(shared, make));
        }
        Watcher { shared, is_live }
    }

    /// The next thing to tell; `None` when nothing came in time.
    #[must_use]
    pub fn next(&self, timeout: Duration) -> Option<Watched> {
        match self.shared.told.take(timeout) {
            Taken::Thing(watched) => Some(watched),
            Taken::TimedOut => None,
            Taken::Closed => Some(
                self.shared
                    .take_failure()
                    .map_or(Watched::Ended, Watched::Failed),
            ),
        }
    }

    /// Whether pictures go on for ever, as those of a camera do. Others end by themselves.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// What was done so far.
    #[must_use]
    pub fn stats(&self) -> WatcherStats {
        self.shared.counts.stats()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.end();
    }
}

/// What looks at a picture.
trait Look {
    fn look(&mut self, picture: &GreyPicture) -> Sighting;
}

impl Look for Reader {
    fn look(&mut self, picture: &GreyPicture) -> Sighting {
        self.read(picture)
    }
}

/// Takes pictures until there are no more, and says why.
fn capture(shared: &Shared, mut source: Box<dyn FrameSource>) {
    let taken = panic::catch_unwind(AssertUnwindSafe(|| capture_all(shared, source.as_mut())));
    if let Err(err) = taken.unwrap_or(Err(CameraError::Fault)) {
        shared.fail(err);
    }
}

fn capture_all(shared: &Shared, source: &mut dyn FrameSource) -> Result<(), CameraError> {
    let counts = &shared.counts;
    while !shared.stop.is_given() {
        let picture = source.next_picture();
        let skipped = source.take_skipped();
        counts.skipped.fetch_add(skipped.count, Ordering::Relaxed);
        for name in skipped.named {
            shared.tell(Watched::Skipped(name));
        }
        let Some(picture) = picture? else {
            break;
        };
        counts.captured.fetch_add(1, Ordering::Relaxed);
        let dropped_count = shared.put(picture);
        counts.dropped.fetch_add(dropped_count, Ordering::Relaxed);
    }
    Ok(())
}

/// Reads pictures until there are no more.
fn read_all<L: Look>(shared: &Shared, make: impl Fn() -> L) {
    let mut reader = make();
    while !shared.stop.is_given() {
        let picture = match shared.pictures.take(TAKE_STEP) {
            Taken::Thing(picture) => picture,
            Taken::TimedOut => continue,
            Taken::Closed => return,
        };
        let looked = panic::catch_unwind(AssertUnwindSafe(|| reader.look(&picture)));
        drop(picture);
        shared.counts.read.fetch_add(1, Ordering::Relaxed);
        if let Ok(sighting) = looked {
            shared.tell_sighting(sighting);
        } else {
            // What it remembered may be half changed.
            reader = make();
            shared.counts.faults.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// More readers than this find no more: a camera gives 30 pictures a second.
const WORKERS_MAX: usize = 16;

/// How long a reader sleeps at a time; it is woken earlier by a picture and by the end.
const TAKE_STEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
