//! A camera as a source of pictures: everything but the system calls.

use std::{
    io,
    time::{Duration, Instant},
};

use rustix::io::Errno;

use super::{
    CameraError, FrameSource, Skipped, StopSignal, jpeg,
    luma::{self, LumaLayout},
};
use crate::light::GreyPicture;

/// The system calls on a camera that films.
pub(super) trait Frames: Send {
    /// Waits for a picture at most this long; says whether there is one, or an error to fetch.
    fn wait(&mut self, longest: Duration) -> io::Result<bool>;

    /// Takes the bytes of the next picture; `None` for one that the machine itself says is
    /// damaged.
    fn take(&mut self) -> io::Result<Option<Vec<u8>>>;
}

/// How the pictures of a camera are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packed {
    /// Each is a JPEG picture.
    Jpeg,
    /// Uncompressed.
    Luma {
        layout: LumaLayout,
        sides: (usize, usize),
        row_bytes: usize,
    },
}

impl Packed {
    /// Unpacks one picture; `None` for a damaged one.
    fn grey(self, bytes: &[u8]) -> Option<GreyPicture> {
        match self {
            Packed::Jpeg => jpeg::decode(bytes).ok(),
            Packed::Luma {
                layout,
                sides,
                row_bytes,
            } => luma::grey(sides, layout, row_bytes, bytes).ok().flatten(),
        }
    }
}

/// A camera that films.
pub(super) struct LiveCamera<F> {
    frames: F,
    packed: Packed,
    silent_max: Duration,
    skipped: Skipped,
    /// Damaged pictures since the last good one.
    damaged_count: u64,
    stop: StopSignal,
}

impl<F: Frames> LiveCamera<F> {
    pub(super) fn new(frames: F, packed: Packed) -> Self {
        Self {
            frames,
            packed,
            silent_max: SILENT_MAX,
            skipped: Skipped::default(),
            damaged_count: 0,
            stop: StopSignal::default(),
        }
    }

    /// The bytes of the next picture; `None` when it is damaged.
    fn take(&mut self) -> Result<Option<Vec<u8>>, CameraError> {
        match self.frames.take() {
            Err(err) if is_passing(&err) => Ok(None),
            result => result.map_err(filming_failed),
        }
    }

    fn count_damaged(&mut self) -> Result<(), CameraError> {
        self.skipped.add_nameless();
        self.damaged_count = self.damaged_count.saturating_add(1);
        if self.damaged_count >= DAMAGED_MAX {
            return Err(CameraError::AllDamaged {
                count: self.damaged_count,
            });
        }
        Ok(())
    }
}

impl<F: Frames> FrameSource for LiveCamera<F> {
    fn next_picture(&mut self) -> Result<Option<GreyPicture>, CameraError> {
        let mut last_sign = Instant::now();
        while !self.stop.is_given() {
            let is_there = match self.frames.wait(WAIT_STEP) {
                Err(err) if is_passing(&err) => false,
                result => result.map_err(filming_failed)?,
            };
            if !is_there {
                if last_sign.elapsed() >= self.silent_max {
                    return Err(CameraError::Silent {
                        waited_secs: self.silent_max.as_secs(),
                    });
                }
                continue;
            }
            last_sign = Instant::now();
            let bytes = self.take()?;
            let picture = bytes.and_then(|bytes| self.packed.grey(&bytes));
            if picture.is_some() {
                self.damaged_count = 0;
                return Ok(picture);
            }
            self.count_damaged()?;
        }
        Ok(None)
    }

    fn is_live(&self) -> bool {
        true
    }

    fn stop_with(&mut self, stop: StopSignal) {
        self.stop = stop;
    }

    fn take_skipped(&mut self) -> Skipped {
        std::mem::take(&mut self.skipped)
    }
}

/// What a camera says when it fails in the middle.
pub(super) fn filming_failed(source: io::Error) -> CameraError {
    if crate::words::is_gone(&source) {
        return CameraError::Unplugged { source };
    }
    CameraError::Io {
        doing: "filming",
        source,
    }
}

/// Nothing is wrong; the machine was only disturbed while it waited.
fn is_passing(err: &io::Error) -> bool {
    let passing = [Errno::AGAIN, Errno::INTR];
    Errno::from_io_error(err).is_some_and(|errno| passing.contains(&errno))
}

/// How long one wait lasts: the signal to stop is seen this soon.
const WAIT_STEP: Duration = Duration::from_millis(100);

/// How long a camera may give nothing: slow ones need a few seconds before the first picture.
const SILENT_MAX: Duration = Duration::from_secs(10);

/// How many damaged pictures in a row are put up with: ten seconds of them.
const DAMAGED_MAX: u64 = 300;

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    type Taken = io::Result<Option<Vec<u8>>>;

    /// Plays back what a camera would give; then nothing for ever.
    struct Script(VecDeque<Taken>);

    impl Frames for Script {
        fn wait(&mut self, _longest: Duration) -> io::Result<bool> {
            Ok(!self.0.is_empty())
        }

        fn take(&mut self) -> Taken {
            self.0.pop_front().unwrap()
        }
    }

    fn camera(script: Vec<Taken>) -> LiveCamera<Script> {
        let packed = Packed::Luma {
            layout: LumaLayout::EverySecond,
            sides: (2, 1),
            row_bytes: 4,
        };
        let mut camera = LiveCamera::new(Script(script.into()), packed);
        camera.silent_max = Duration::ZERO;
        camera
    }

    fn good() -> Taken {
        Ok(Some(vec![7, 128, 9, 128]))
    }

    #[test]
    fn damaged_pictures_are_left_out_and_counted() {
        let mut camera = camera(vec![
            Ok(None),
            Ok(Some(vec![7])),
            Err(Errno::INTR.into()),
            good(),
        ]);
        let picture = camera.next_picture().unwrap().unwrap();
        assert_eq!(picture.pixels(), [7, 9]);
        assert_eq!(camera.take_skipped().count, 3);
        assert_eq!(camera.take_skipped().count, 0);
    }

    #[test]
    fn unplugged_camera_says_so_after_its_last_picture() {
        for errno in [Errno::NODEV, Errno::NXIO, Errno::IO] {
            let mut camera = camera(vec![good(), Err(errno.into())]);
            assert!(camera.next_picture().unwrap().is_some());
            assert!(matches!(
                camera.next_picture(),
                Err(CameraError::Unplugged { .. })
            ));
        }
    }

    #[test]
    fn silent_camera_is_not_waited_for_without_end() {
        let mut camera = camera(vec![good()]);
        assert!(camera.next_picture().unwrap().is_some());
        assert!(matches!(
            camera.next_picture(),
            Err(CameraError::Silent { .. })
        ));
    }

    #[test]
    fn camera_with_damaged_pictures_only_is_given_up() {
        let script = (0..DAMAGED_MAX).map(|_| Ok(None)).collect();
        assert!(matches!(
            camera(script).next_picture(),
            Err(CameraError::AllDamaged { count: DAMAGED_MAX })
        ));
    }

    #[test]
    fn signal_to_stop_ends_the_waiting() {
        let mut camera = camera(Vec::new());
        camera.silent_max = Duration::MAX;
        let stop = StopSignal::default();
        camera.stop_with(stop.clone());
        stop.give();
        assert!(camera.next_picture().unwrap().is_none());
    }

    #[test]
    fn jpeg_pictures_that_are_none_are_damaged() {
        let script = Script(vec![Ok(Some(b"\xff\xd8\xff".to_vec()))].into());
        let mut camera = LiveCamera::new(script, Packed::Jpeg);
        camera.silent_max = Duration::ZERO;
        assert!(camera.next_picture().is_err());
        assert_eq!(camera.take_skipped().count, 1);
    }
}
