//! The cameras of a Linux machine, and the system calls on them.
//!
//! What is decided is decided elsewhere, because no test has a camera: which mode is asked for in
//! `mode`, what becomes of the bytes in `live`.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    panic,
    path::{Path, PathBuf},
    time::Duration,
};

use linuxvideo::{
    BufType, CapabilityFlags, Device, Fract, VideoCaptureDevice,
    format::{Format, FrameIntervals, FrameSizes, PixFormat, PixelFormat},
    stream::ReadStream,
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{
    CameraError,
    live::{Frames, LiveCamera, Packed},
    luma::LumaLayout,
    mode::{self, Mode, Packing},
};

/// A camera of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraInfo {
    /// Its path, for example `/dev/video0`.
    pub path: PathBuf,
    /// What it calls itself. The camera chose this: show it through a wrapper.
    pub name: String,
}

/// Lists what this machine shows as cameras, in the order of their numbers; some of them may not
/// film.
#[must_use]
pub fn cameras() -> Vec<CameraInfo> {
    let numbers = fs::read_dir("/dev").map(|entries| numbers(entries.flatten()));
    let mut numbers = numbers.unwrap_or_default();
    numbers.sort_unstable();
    numbers.into_iter().map(camera_info).collect()
}

fn numbers(entries: impl Iterator<Item = fs::DirEntry>) -> Vec<u32> {
    entries
        .filter_map(|entry| {
            let name = entry.file_name();
            name.to_str()?.strip_prefix("video")?.parse().ok()
        })
        .take(CAMERAS_MAX)
        .collect()
}

fn camera_info(number: u32) -> CameraInfo {
    // Not asked of the camera itself: that would open it, and light its lamp.
    let name = fs::read_to_string(format!("/sys/class/video4linux/video{number}/name"));
    let name = name.map(|name| name.trim().chars().take(NAME_CHARS_MAX).collect());
    CameraInfo {
        path: PathBuf::from(format!("/dev/video{number}")),
        name: name.unwrap_or_default(),
    }
}

/// Opens the first camera that films in a format that is understood.
///
/// # Errors
/// Those of [`open`]: of the first camera that films, else of the first that is there;
/// [`CameraError::NoCamera`] without any.
pub(super) fn open_first() -> Result<LiveCamera<V4l2Frames>, CameraError> {
    let mut reason = CameraError::NoCamera;
    for camera in cameras() {
        match open(&camera.path) {
            Ok(opened) => return Ok(opened),
            // A machine shows several devices for one camera; most of them do not film.
            Err(CameraError::NotACamera { .. }) => {}
            Err(err) if matches!(reason, CameraError::NoCamera) => reason = err,
            Err(_) => {}
        }
    }
    Err(reason)
}

/// Opens a camera and starts to film.
///
/// # Errors
/// [`CameraError::NotThere`], [`CameraError::NotACamera`], [`CameraError::NotPermitted`],
/// [`CameraError::Busy`], [`CameraError::NoKnownFormat`], [`CameraError::Unplugged`],
/// [`CameraError::Io`], [`CameraError::Fault`].
pub(super) fn open(path: &Path) -> Result<LiveCamera<V4l2Frames>, CameraError> {
    // linuxvideo takes every answer of a driver for granted and panics at the others.
    panic::catch_unwind(|| open_and_film(path)).unwrap_or(Err(CameraError::Fault))
}

fn open_and_film(path: &Path) -> Result<LiveCamera<V4l2Frames>, CameraError> {
    let failed = |source| opening_failed(path, source);
    let found = fs::metadata(path).map_err(failed)?;
    // Opening another device may do something to it: a tape, for one, rewinds.
    let is_video =
        found.file_type().is_char_device() && rustix::fs::major(found.rdev()) == VIDEO_MAJOR;
    let not_a_camera = || CameraError::NotACamera {
        path: path.to_owned(),
    };
    if !is_video {
        return Err(not_a_camera());
    }
    let device = Device::open(path).map_err(failed)?;
    let offered = device.capabilities().map_err(failed)?.device_capabilities();
    if !offered.contains(CapabilityFlags::VIDEO_CAPTURE | CapabilityFlags::STREAMING) {
        return Err(not_a_camera());
    }
    let capture = ask_for_mode(path, device).map_err(failed)?;
    let packed = packed(&capture).ok_or_else(|| CameraError::NoKnownFormat {
        path: path.to_owned(),
    })?;
    // Some cameras have one rate only and refuse to be asked; theirs is then the one.
    let _ = capture.set_frame_interval(Fract::new(1, mode::WANTED_RATE));
    let stream = capture.into_stream().map_err(failed)?;
    Ok(LiveCamera::new(V4l2Frames { stream }, packed))
}

/// Sets the best mode; the camera may then choose another that is close.
fn ask_for_mode(path: &Path, device: Device) -> io::Result<VideoCaptureDevice> {
    let asked_for = mode::choose(&modes(&device)).unwrap_or(mode::FALLBACK);
    let asked = device.video_capture(pix_format(asked_for));
    let is_refused = |err: &io::Error| Errno::from_io_error(err) == Some(Errno::INVAL);
    match asked {
        Err(err) if is_refused(&err) => {
            // Virtual cameras refuse all modes but the one that they are in.
            let device = Device::open(path)?;
            match device.format(BufType::VIDEO_CAPTURE)? {
                Format::VideoCapture(current) => device.video_capture(current),
                _ => Err(err),
            }
        }
        asked => asked,
    }
}

/// What a failure to open means. `Busy` comes from the calls that start to film.
fn opening_failed(path: &Path, source: io::Error) -> CameraError {
    let path = path.to_owned();
    match Errno::from_io_error(&source) {
        Some(Errno::NOENT | Errno::NODEV | Errno::NXIO) => CameraError::NotThere { path },
        Some(Errno::ACCESS | Errno::PERM) => CameraError::NotPermitted { path },
        Some(Errno::BUSY) => CameraError::Busy { path },
        Some(Errno::NOTTY) => CameraError::NotACamera { path },
        _ => CameraError::Io {
            doing: "starting the camera",
            source,
        },
    }
}

/// The modes that a camera lists in the formats that are understood; those that cannot be listed
/// are left out.
fn modes(device: &Device) -> Vec<Mode> {
    let mut modes = Vec::new();
    let formats = device.formats(BufType::VIDEO_CAPTURE).flatten();
    for format in formats.take(LISTED_MAX) {
        let pixel_format = format.pixel_format();
        let packing = match pixel_format {
            PixelFormat::MJPG | PixelFormat::JPEG => Packing::Mjpg,
            PixelFormat::YUYV => Packing::Yuyv,
            _ => continue,
        };
        for (width, height) in sizes(device, pixel_format) {
            modes.push(Mode {
                packing,
                width,
                height,
                rate: rate(device, pixel_format, (width, height)),
            });
        }
    }
    modes
}

fn sizes(device: &Device, pixel_format: PixelFormat) -> Vec<(u32, u32)> {
    match device.frame_sizes(pixel_format) {
        Ok(FrameSizes::Discrete(sizes)) => {
            let sizes = sizes.iter().take(LISTED_MAX);
            sizes.map(|size| (size.width(), size.height())).collect()
        }
        Ok(FrameSizes::Stepwise(range) | FrameSizes::Continuous(range)) => mode::WANTED_SIZES
            .into_iter()
            .filter(|(width, height)| {
                (range.min_width()..=range.max_width()).contains(width)
                    && (range.min_height()..=range.max_height()).contains(height)
            })
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// Whole pictures a second, at the fastest.
fn rate(device: &Device, pixel_format: PixelFormat, (width, height): (u32, u32)) -> Option<u32> {
    let per_second = |interval: &Fract| interval.denominator().checked_div(interval.numerator());
    match device.frame_intervals(pixel_format, width, height).ok()? {
        FrameIntervals::Discrete(list) => list
            .iter()
            .filter_map(|interval| per_second(interval.fract()))
            .max(),
        FrameIntervals::Stepwise(range) | FrameIntervals::Continuous(range) => {
            per_second(range.min())
        }
    }
}

fn pix_format(mode: Mode) -> PixFormat {
    let pixel_format = match mode.packing {
        Packing::Mjpg => PixelFormat::MJPG,
        Packing::Yuyv => PixelFormat::YUYV,
    };
    PixFormat::new(mode.width, mode.height, pixel_format)
}

/// How the camera packs what it gives, which may differ from what it was asked for.
fn packed(capture: &VideoCaptureDevice) -> Option<Packed> {
    let format = capture.format();
    let layout = match &format.pixel_format().as_fourcc() {
        b"MJPG" | b"JPEG" => return Some(Packed::Jpeg),
        b"YUYV" => LumaLayout::EverySecond,
        b"GREY" | b"NV12" | b"NV21" | b"YU12" | b"YV12" => LumaLayout::Plain,
        _ => return None,
    };
    Some(Packed::Luma {
        layout,
        sides: (
            usize::try_from(format.width()).ok()?,
            usize::try_from(format.height()).ok()?,
        ),
        row_bytes: usize::try_from(format.bytes_per_line()).ok()?,
    })
}

/// A camera that films into memory that it shares with us.
pub(super) struct V4l2Frames {
    stream: ReadStream,
}

impl Frames for V4l2Frames {
    fn wait(&mut self, longest: Duration) -> io::Result<bool> {
        let longest = Timespec::try_from(longest).map_err(io::Error::other)?;
        // A camera that was unplugged is ready too: the error is then fetched like a picture.
        let mut waited_for = [PollFd::new(&self.stream, PollFlags::IN)];
        Ok(poll(&mut waited_for, Some(&longest))? > 0)
    }

    fn take(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.stream
            .dequeue(|picture| Ok((!picture.is_error()).then(|| picture.to_vec())))
    }
}

/// The major number of all video devices of Linux.
const VIDEO_MAJOR: u32 = 81;

/// No machine shows more; a hostile one could list for ever.
const CAMERAS_MAX: usize = 256;

/// How many formats, and sizes of each, are looked at.
const LISTED_MAX: usize = 64;

/// The kernel's own field for the name has 32 bytes.
const NAME_CHARS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_to_open_has_its_own_error() {
        let failed = |errno: Errno| opening_failed(Path::new("/dev/video0"), errno.into());
        assert!(matches!(failed(Errno::NOENT), CameraError::NotThere { .. }));
        assert!(matches!(
            failed(Errno::ACCESS),
            CameraError::NotPermitted { .. }
        ));
        assert!(matches!(failed(Errno::BUSY), CameraError::Busy { .. }));
        assert!(matches!(
            failed(Errno::NOTTY),
            CameraError::NotACamera { .. }
        ));
        assert!(matches!(failed(Errno::NOMEM), CameraError::Io { .. }));
    }

    #[test]
    fn other_devices_are_not_opened() {
        assert!(matches!(
            open(Path::new("/dev/null")),
            Err(CameraError::NotACamera { .. })
        ));
        assert!(matches!(
            open(Path::new("/dev/video-none")),
            Err(CameraError::NotThere { .. })
        ));
    }
}
