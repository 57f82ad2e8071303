//! Motion JPEG: one JPEG picture after the other, with whatever may lie between them.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use super::{CameraError, FrameSource, Skipped, StopSignal, jpeg};
use crate::{light::GreyPicture, limits::PICTURE_FILE_BYTES_MAX};

/// A file of pictures in a row, read as far as is needed for the next one.
pub(super) struct MjpegFile<R = File> {
    path: PathBuf,
    input: R,
    /// What was read and not yet used.
    buffer: Vec<u8>,
    is_read_to_end: bool,
    picture_count: u64,
    skipped: Skipped,
    stop: StopSignal,
}

impl<R: Read + Send> MjpegFile<R> {
    pub(super) fn new(path: PathBuf, input: R) -> Self {
        Self {
            path,
            input,
            buffer: Vec::new(),
            is_read_to_end: false,
            picture_count: 0,
            skipped: Skipped::default(),
            stop: StopSignal::default(),
        }
    }

    /// The bytes of the next picture; damaged ones too.
    fn next_jpeg(&mut self) -> io::Result<Option<Vec<u8>>> {
        if !self.skip_to_start()? {
            return Ok(None);
        }
        let mut walk = Walk::default();
        loop {
            match walk.step(&self.buffer) {
                Step::Ends { at } => return Ok(Some(self.take(at))),
                Step::Reads if self.buffer.len() >= PICTURE_FILE_BYTES_MAX => {
                    // Junk that looks like the start of a picture. All of it goes: looking for
                    // another start in it, again and again, would take hours of a hostile film.
                    return Ok(Some(std::mem::take(&mut self.buffer)));
                }
                Step::Reads => {
                    if !self.read_more()? {
                        return Ok(Some(std::mem::take(&mut self.buffer)));
                    }
                }
            }
        }
    }

    /// Drops everything before the next start of a picture.
    fn skip_to_start(&mut self) -> io::Result<bool> {
        loop {
            let start = self
                .buffer
                .windows(START.len())
                .position(|bytes| bytes == START);
            if let Some(start) = start {
                self.buffer.drain(..start);
                return Ok(true);
            }
            // The start could lie across the end of what was read.
            let kept = self.buffer.len().min(START.len() - 1);
            self.buffer.drain(..self.buffer.len() - kept);
            if self.stop.is_given() || !self.read_more()? {
                return Ok(false);
            }
        }
    }

    fn read_more(&mut self) -> io::Result<bool> {
        if self.is_read_to_end {
            return Ok(false);
        }
        let mut within = self.input.by_ref().take(READ_BYTES);
        let read_bytes = within.read_to_end(&mut self.buffer)?;
        self.is_read_to_end = read_bytes == 0;
        Ok(read_bytes > 0)
    }

    fn take(&mut self, end: usize) -> Vec<u8> {
        self.buffer.drain(..end.min(self.buffer.len())).collect()
    }

    /// A film in which nothing was a picture is none.
    fn ended(&self) -> Result<Option<GreyPicture>, CameraError> {
        if self.picture_count > 0 || self.stop.is_given() {
            return Ok(None);
        }
        Err(CameraError::VideoNotUnderstood {
            path: self.path.clone(),
            problem: "no JPEG picture is in it",
        })
    }
}

impl<R: Read + Send> FrameSource for MjpegFile<R> {
    fn next_picture(&mut self) -> Result<Option<GreyPicture>, CameraError> {
        while !self.stop.is_given() {
            let bytes = self
                .next_jpeg()
                .map_err(|source| CameraError::reading(self.path.clone(), source))?;
            let Some(bytes) = bytes else {
                break;
            };
            match jpeg::decode(&bytes) {
                Ok(picture) => {
                    self.picture_count = self.picture_count.saturating_add(1);
                    return Ok(Some(picture));
                }
                Err(_) => self.skipped.add_nameless(),
            }
        }
        self.ended()
    }

    fn stop_with(&mut self, stop: StopSignal) {
        self.stop = stop;
    }

    fn take_skipped(&mut self) -> Skipped {
        std::mem::take(&mut self.skipped)
    }
}

/// Walks from the start of a picture to its end, over as many bytes as there are so far.
///
/// Segments are jumped over by their length: they can hold small pictures of their own.
#[derive(Default)]
struct Walk {
    at: usize,
    is_in_pixels: bool,
}

enum Step {
    /// The picture ends before this byte.
    Ends { at: usize },
    /// More bytes are needed.
    Reads,
}

impl Walk {
    fn step(&mut self, bytes: &[u8]) -> Step {
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            match rest {
                [] | [_] => return Step::Reads,
                [0xff, 0xd9, ..] => {
                    return Step::Ends {
                        at: self.at.saturating_add(2),
                    };
                }
                // Another picture begins before this one has ended: it has lost its end.
                [0xff, 0xd8, ..] if self.at > 0 => return Step::Ends { at: self.at },
                [0xff, 0xff, ..] => self.jump(1),
                // Markers without a length, and in the pixels a byte that only looks like one.
                [0xff, 0x00 | 0x01 | 0xd0..=0xd8, ..] => self.jump(2),
                [0xff, _] | [0xff, _, _] => return Step::Reads,
                [0xff, marker, l1, l0, ..] => {
                    self.is_in_pixels = *marker == 0xda;
                    self.jump(usize::from(u16::from_be_bytes([*l1, *l0])).max(2));
                    self.jump(2);
                }
                _ if self.is_in_pixels => {
                    let next = rest.iter().position(|byte| *byte == 0xff);
                    self.jump(next.unwrap_or(rest.len()));
                }
                // No marker stands where one must: the decoder says what that is.
                _ => return Step::Ends { at: self.at },
            }
        }
    }

    fn jump(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }
}

/// How a picture starts: its own marker, and the first byte of the next.
const START: &[u8] = &[0xff, 0xd8, 0xff];

const READ_BYTES: u64 = 64 << 10;
