//! What the threads of a watcher share.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Watched, WatcherStats,
    hand_over::{HandOver, WhenFull},
    hints::Hints,
    recent::Recent,
};
use crate::light::{
    GreyPicture, Seen, Sighting,
    camera::{CameraError, StopSignal},
};

/// What a thread of a watcher is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    Capture,
    Read { number: usize },
}

/// Everything between the threads of a watcher and whoever asks it.
pub(super) struct Shared {
    pub(super) stop: StopSignal,
    pub(super) pictures: HandOver<GreyPicture>,
    pub(super) told: HandOver<Watched>,
    pub(super) counts: Counts,
    failure: Mutex<Option<CameraError>>,
    noticed: Mutex<Noticed>,
    running: Mutex<Running>,
    ended: Condvar,
}

/// What was noticed in the pictures of the last moment.
struct Noticed {
    recent: Recent,
    hints: Hints,
}

/// The threads that have not ended.
struct Running {
    capture_count: usize,
    reader_count: usize,
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) captured: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) skipped: AtomicU64,
    pub(super) read: AtomicU64,
    pub(super) codes: AtomicU64,
    pub(super) faults: AtomicU64,
}

impl Counts {
    pub(super) fn stats(&self) -> WatcherStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WatcherStats {
            captured_count: count(&self.captured),
            dropped_count: count(&self.dropped),
            skipped_count: count(&self.skipped),
            read_count: count(&self.read),
            code_count: count(&self.codes),
            fault_count: count(&self.faults),
        }
    }
}

impl Shared {
    pub(super) fn new(is_live: bool, reader_count: usize) -> Self {
        let when_full = if is_live {
            WhenFull::DropOldest
        } else {
            WhenFull::Wait
        };
        Self {
            stop: StopSignal::default(),
            pictures: HandOver::new(PICTURES_BYTES_MAX, when_full),
            told: HandOver::new(TOLD_BYTES_MAX, when_full),
            counts: Counts::default(),
            failure: Mutex::default(),
            noticed: Mutex::new(Noticed {
                recent: Recent::default(),
                hints: Hints::new(is_live.then(Instant::now)),
            }),
            running: Mutex::new(Running {
                capture_count: 1,
                reader_count,
            }),
            ended: Condvar::new(),
        }
    }

    /// Starts a thread; where the machine has none left, that is the failure that is told.
    pub(super) fn spawn(self: &Arc<Self>, task: Task, work: impl FnOnce(&Shared) + Send + 'static) {
        // Moved into the thread, or dropped with it when there is none.
        let running = OnEnd {
            shared: Arc::clone(self),
            task,
        };
        let name = match task {
            Task::Capture => "light-camera".to_owned(),
            Task::Read { number } => format!("light-reader-{number}"),
        };
        let started = thread::Builder::new().name(name).spawn(move || {
            let running = running;
            work(&running.shared);
        });
        if let Err(source) = started {
            self.fail(starting_failed(source));
        }
    }

    /// Hands a picture to the readers; says how many others were dropped for it.
    pub(super) fn put(&self, picture: GreyPicture) -> u64 {
        let weight = picture.pixels().len().max(PICTURE_WEIGHT_MIN);
        self.pictures.put(picture, weight)
    }

    pub(super) fn tell(&self, watched: Watched) {
        let weight = match &watched {
            Watched::Payload(payload) => payload.len(),
            Watched::Skipped(name) => name.len(),
            _ => 0,
        };
        self.told.put(watched, weight.saturating_add(TOLD_WEIGHT));
    }

    /// Tells what is new in what was seen in a picture.
    pub(super) fn tell_sighting(&self, sighting: Sighting) {
        if let Seen::Codes(count) = sighting.seen {
            self.counts.codes.fetch_add(count as u64, Ordering::Relaxed);
        }
        let now = Instant::now();
        let (fresh, hint) = {
            let mut noticed = lock(&self.noticed);
            let hint = noticed.hints.note(sighting.seen, now);
            let mut fresh = sighting.payloads;
            fresh.retain(|payload| noticed.recent.note(payload, now));
            (fresh, hint)
        };
        for payload in fresh {
            self.tell(Watched::Payload(payload));
        }
        if let Some(hint) = hint {
            self.tell(hint);
        }
    }

    /// Keeps the first failure.
    pub(super) fn fail(&self, err: CameraError) {
        lock(&self.failure).get_or_insert(err);
    }

    pub(super) fn take_failure(&self) -> Option<CameraError> {
        lock(&self.failure).take()
    }

    /// Ends all threads and waits for them, but not without end: a source may be held up by the
    /// machine, and its thread then ends by itself.
    pub(super) fn end(&self) {
        self.stop.give();
        self.pictures.close();
        self.told.close();
        let running = lock(&self.running);
        let is_running = |running: &mut Running| running.capture_count + running.reader_count > 0;
        drop(
            self.ended
                .wait_timeout_while(running, END_MAX, is_running)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Without pictures the readers have nothing to wait for; without readers, nobody has.
    fn has_ended(&self, task: Task) {
        let mut running = lock(&self.running);
        match task {
            Task::Capture => running.capture_count = running.capture_count.saturating_sub(1),
            Task::Read { .. } => running.reader_count = running.reader_count.saturating_sub(1),
        }
        if running.capture_count == 0 || running.reader_count == 0 {
            self.pictures.close();
        }
        if running.reader_count == 0 {
            self.told.close();
        }
        self.ended.notify_all();
    }
}

/// Takes note of the end of a thread, however it ends.
struct OnEnd {
    shared: Arc<Shared>,
    task: Task,
}

impl Drop for OnEnd {
    fn drop(&mut self) {
        self.shared.has_ended(self.task);
    }
}

fn starting_failed(source: io::Error) -> CameraError {
    CameraError::Io {
        doing: "starting to watch",
        source,
    }
}

/// A thread that panicked leaves nothing half done behind these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Four pictures in full HD wait for a reader at most.
const PICTURES_BYTES_MAX: usize = 8 << 20;

/// Also of small pictures no more than four wait: older ones are of no use.
const PICTURE_WEIGHT_MIN: usize = PICTURES_BYTES_MAX / 4;

/// A thousand codes of the densest kind wait to be told.
const TOLD_BYTES_MAX: usize = 3 << 20;

/// What something told weighs besides its bytes.
const TOLD_WEIGHT: usize = 64;

/// A reader may be busy with a very large picture.
const END_MAX: Duration = Duration::from_secs(5);
