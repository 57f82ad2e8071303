//! Watchers with readers that are slow, or fail.

use std::{sync::atomic::AtomicBool, thread, time::Instant};

use super::*;
use crate::light::Seen;

/// Gives pictures of one pixel, as many as there are, as fast as they are taken.
struct Numbers {
    left: u64,
    is_live: bool,
    end: fn() -> Result<Option<GreyPicture>, CameraError>,
}

impl FrameSource for Numbers {
    fn next_picture(&mut self) -> Result<Option<GreyPicture>, CameraError> {
        let Some(left) = self.left.checked_sub(1) else {
            return (self.end)();
        };
        self.left = left;
        let side = usize::try_from(left + 1).unwrap();
        Ok(Some(GreyPicture::new(side, 1, vec![0; side]).unwrap()))
    }

    fn is_live(&self) -> bool {
        self.is_live
    }
}

/// Reads the width of a picture as a code.
struct Widths {
    pause: Duration,
}

impl Look for Widths {
    fn look(&mut self, picture: &GreyPicture) -> Sighting {
        thread::sleep(self.pause);
        assert!(!picture.width().is_multiple_of(10), "a reader that fails");
        Sighting {
            payloads: vec![picture.width().to_string().into_bytes()],
            seen: Seen::Codes(1),
        }
    }
}

fn watch(source: Numbers, pause: Duration) -> Watcher {
    Watcher::start_with(Box::new(source), 2, move || Widths { pause })
}

fn all(watcher: &Watcher) -> (Vec<usize>, Option<CameraError>) {
    let (mut widths, mut failure) = (Vec::new(), None);
    loop {
        match watcher.next(LONG).unwrap() {
            Watched::Payload(payload) => {
                widths.push(str::from_utf8(&payload).unwrap().parse().unwrap());
            }
            Watched::Failed(err) => failure = Some(err),
            Watched::Ended => {
                widths.sort_unstable();
                return (widths, failure);
            }
            _ => {}
        }
    }
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn file_loses_no_picture_however_slow_the_readers_are() {
    let source = Numbers {
        left: 9,
        is_live: false,
        end: || Ok(None),
    };
    let watcher = watch(source, Duration::from_millis(2));
    let (widths, failure) = all(&watcher);
    assert_eq!(widths, (1..=9).collect::<Vec<_>>());
    assert!(failure.is_none());
    let stats = watcher.stats();
    assert_eq!((stats.captured_count, stats.dropped_count), (9, 0));
    assert_eq!((stats.read_count, stats.code_count), (9, 9));
}

#[test]
fn live_source_is_never_slowed_down() {
    let source = Numbers {
        left: 1_009,
        is_live: true,
        end: || Ok(None),
    };
    let watcher = watch(source, Duration::from_millis(20));
    let (widths, _) = all(&watcher);
    let stats = watcher.stats();
    assert_eq!(stats.captured_count, 1_009);
    assert!(stats.dropped_count > 500, "{stats:?}");
    assert_eq!(stats.captured_count, stats.dropped_count + stats.read_count);
    assert_eq!(widths.first(), Some(&1), "the last picture is the freshest");
}

#[test]
fn source_that_fails_in_the_middle_says_so_after_what_it_gave() {
    let source = Numbers {
        left: 5,
        is_live: false,
        end: || {
            Err(CameraError::Unplugged {
                source: rustix::io::Errno::NODEV.into(),
            })
        },
    };
    let watcher = watch(source, Duration::ZERO);
    let (widths, failure) = all(&watcher);
    assert_eq!(widths.len(), 5);
    assert!(matches!(failure, Some(CameraError::Unplugged { .. })));
    assert!(matches!(watcher.next(LONG), Some(Watched::Ended)));
}

#[test]
fn reader_that_panics_costs_one_picture() {
    let source = Numbers {
        left: 30,
        is_live: false,
        end: || Ok(None),
    };
    let watcher = watch(source, Duration::ZERO);
    let (widths, failure) = all(&watcher);
    assert_eq!(widths.len(), 27);
    assert!(failure.is_none());
    assert_eq!(watcher.stats().fault_count, 3);
}

#[test]
fn source_that_panics_is_a_failure_and_not_the_end_of_the_program() {
    let source = Numbers {
        left: 3,
        is_live: true,
        end: || panic!("a source that fails"),
    };
    let (_, failure) = all(&watch(source, Duration::ZERO));
    assert!(matches!(failure, Some(CameraError::Fault)));
}

#[test]
fn dropping_a_watcher_ends_it_though_nobody_took_anything() {
    for is_live in [false, true] {
        let source = Numbers {
            left: u64::MAX,
            is_live,
            end: || Ok(None),
        };
        let watcher = Watcher::start_with(Box::new(Endless(source)), 4, || Widths {
            pause: Duration::from_millis(1),
        });
        while watcher.stats().read_count < 20 {
            thread::yield_now();
        }
        let begun = Instant::now();
        drop(watcher);
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
}

/// The same small picture for ever.
struct Endless(Numbers);

impl FrameSource for Endless {
    fn next_picture(&mut self) -> Result<Option<GreyPicture>, CameraError> {
        self.0.left = 7;
        self.0.next_picture()
    }

    fn is_live(&self) -> bool {
        self.0.is_live
    }
}

#[test]
fn source_that_waits_is_told_to_stop() {
    static STOPPED: AtomicBool = AtomicBool::new(false);
    struct Waiting(crate::light::camera::StopSignal);

    impl FrameSource for Waiting {
        fn next_picture(&mut self) -> Result<Option<GreyPicture>, CameraError> {
            while !self.0.is_given() {
                thread::sleep(Duration::from_millis(1));
            }
            STOPPED.store(true, Ordering::Release);
            Ok(None)
        }

        fn stop_with(&mut self, stop: crate::light::camera::StopSignal) {
            self.0 = stop;
        }
    }

    let watcher = Watcher::start(Box::new(Waiting(Default::default())), 1);
    assert!(watcher.next(Duration::from_millis(1)).is_none());
    drop(watcher);
    assert!(STOPPED.load(Ordering::Acquire));
}

#[test]
fn code_that_stays_in_view_is_told_once_in_a_while() {
    struct Same;

    impl Look for Same {
        fn look(&mut self, _picture: &GreyPicture) -> Sighting {
            Sighting {
                payloads: vec![b"same".to_vec()],
                seen: Seen::Codes(1),
            }
        }
    }

    let source = Numbers {
        left: 500,
        is_live: false,
        end: || Ok(None),
    };
    let begun = Instant::now();
    let watcher = Watcher::start_with(Box::new(source), 2, || Same);
    let mut told = 0;
    while let Some(Watched::Payload(_)) = watcher.next(LONG) {
        told += 1;
    }
    assert!(
        told >= 1 && told <= 1 + begun.elapsed().as_secs(),
        "told {told} times"
    );
    assert_eq!(watcher.stats().code_count, 500);
}
