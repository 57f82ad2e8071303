//! What can go wrong with a camera or with files of pictures, in words.

use std::{io, path::PathBuf};

use pack_format::advice::{Advice, Exit};

use super::picture_file::PictureFileError;
use crate::{limits::DIRECTORY_ENTRIES_MAX, words};

/// Why there are no pictures, or no more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {
    /// The machine has no camera that films.
    #[error("this machine shows no camera")]
    NoCamera,
    /// The camera that was named is not there.
    #[error("there is no camera at {path:?}")]
    NotThere {
        /// What was asked for.
        path: PathBuf,
    },
    /// What was named is a device, but none that films.
    #[error("this device is not a camera: {path:?}")]
    NotACamera {
        /// What was asked for.
        path: PathBuf,
    },
    /// The person may not use the camera.
    #[error("the camera may not be used by this user: {path:?}")]
    NotPermitted {
        /// The camera.
        path: PathBuf,
    },
    /// Another program films.
    #[error("another program is using the camera: {path:?}")]
    Busy {
        /// The camera.
        path: PathBuf,
    },
    /// The camera has none of the formats that are understood.
    #[error("the camera gives neither MJPG nor YUYV pictures: {path:?}")]
    NoKnownFormat {
        /// The camera.
        path: PathBuf,
    },
    /// The camera went away in the middle.
    #[error("the camera was unplugged")]
    Unplugged {
        /// What the machine said.
        source: io::Error,
    },
    /// The camera is there and gives nothing.
    #[error("the camera gave no picture for {waited_secs} seconds")]
    Silent {
        /// How long it was waited for.
        waited_secs: u64,
    },
    /// The camera gives pictures that are all damaged.
    #[error("the last {count} pictures of the camera were damaged")]
    AllDamaged {
        /// How many in a row.
        count: u64,
    },
    /// The camera failed in another way.
    #[error("{doing}: {}", words::reason(source))]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the machine said.
        source: io::Error,
    },
    /// Nothing is at the path.
    #[error("there are no pictures at {path:?}")]
    NoSuchFile {
        /// What was asked for.
        path: PathBuf,
    },
    /// The file is of no kind that is understood.
    #[error("neither a camera, a folder, nor a file of pictures: {path:?}")]
    UnknownKind {
        /// What was asked for.
        path: PathBuf,
    },
    /// A pattern has its star in the name of a folder.
    #[error("a * can stand in the last part of a path only: {path:?}")]
    PatternInFolder {
        /// What was asked for.
        path: PathBuf,
    },
    /// The folder or the pattern has no picture.
    #[error("no PNG, JPEG or PGM pictures in {path:?}")]
    NoPictures {
        /// What was asked for.
        path: PathBuf,
    },
    /// The folder lists more than is looked at.
    #[error("the folder holds more than {DIRECTORY_ENTRIES_MAX} entries: {path:?}")]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
    },
    /// The one picture that was given has more pixels or bytes than is looked at.
    #[error("{problem}: {path:?}")]
    PictureTooLarge {
        /// The file.
        path: PathBuf,
        /// What exceeds which bound.
        problem: PictureFileError,
    },
    /// The one picture that was given cannot be read.
    #[error("{problem}: {path:?}")]
    PictureNotUnderstood {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: PictureFileError,
    },
    /// The file does not hold the film that its name promises.
    #[error("the film cannot be read, {problem}: {path:?}")]
    VideoNotUnderstood {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A file could not be read.
    #[error("{doing}: {}: {path:?}", words::reason(source))]
    FileIo {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the machine said.
        source: io::Error,
    },
    /// The program itself failed while it took pictures.
    #[error("taking pictures ended through a fault of the program")]
    Fault,
}

impl CameraError {
    /// A picture that was given by itself and cannot be read.
    pub(super) fn of_picture(path: PathBuf, problem: PictureFileError) -> Self {
        if let PictureFileError::Io { source } = problem {
            return Self::reading(path, source);
        }
        if problem.is_size() {
            return Self::PictureTooLarge { path, problem };
        }
        Self::PictureNotUnderstood { path, problem }
    }

    /// A file that could be opened and then not be read.
    pub(super) fn reading(path: PathBuf, source: io::Error) -> Self {
        Self::FileIo {
            doing: "reading pictures",
            path,
            source,
        }
    }
}

impl Advice for CameraError {
    fn code(&self) -> &'static str {
        match self {
            CameraError::NoCamera | CameraError::NotThere { .. } => "camera-not-found",
            CameraError::NotACamera { .. } => "camera-not-a-camera",
            CameraError::NotPermitted { .. } => "camera-not-permitted",
            CameraError::Busy { .. } => "camera-busy",
            CameraError::NoKnownFormat { .. } => "camera-format-unknown",
            CameraError::Unplugged { .. } => "camera-unplugged",
            CameraError::Silent { .. } => "camera-silent",
            CameraError::AllDamaged { .. } => "camera-pictures-damaged",
            CameraError::Io { .. } => "camera-io",
            CameraError::NoSuchFile { .. } => "pictures-not-there",
            CameraError::UnknownKind { .. } => "pictures-kind-unknown",
            CameraError::PatternInFolder { .. } => "pictures-pattern-in-folder",
            CameraError::NoPictures { .. } => "pictures-none",
            CameraError::TooManyFiles { .. } => "pictures-too-many",
            CameraError::PictureTooLarge { .. } => "picture-too-large",
            CameraError::PictureNotUnderstood { .. } => "picture-not-understood",
            CameraError::VideoNotUnderstood { .. } => "video-not-understood",
            CameraError::FileIo { .. } => "pictures-io",
            CameraError::Fault => "camera-fault",
        }
    }

    fn data_safe(&self) -> String {
        "What has arrived is kept.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            CameraError::NoCamera => {
                "Plug a camera in, or switch on the one that is built in, and run the same \
                 command again; or give a folder of pictures, for example `--camera photos/`."
            }
            CameraError::NotThere { .. } => {
                "Leave the name out to take the first camera, or see with `ls /dev/video*` what \
                 there is, and run the same command again."
            }
            CameraError::NotACamera { .. } => {
                "Leave the name out to take the first camera, and run the same command again."
            }
            CameraError::NotPermitted { .. } => {
                "Run `sudo usermod -aG video $USER`, sign out and in again, and run the same \
                 command again."
            }
            CameraError::Busy { .. } => {
                "Close the other program that films (a call, a browser, a camera window), and \
                 run the same command again."
            }
            CameraError::NoKnownFormat { .. } => {
                "Take another camera; or film with a phone and give its pictures as a folder."
            }
            CameraError::Unplugged { .. } => {
                "Plug the camera in again and run the same command: it goes on where it stopped."
            }
            CameraError::Silent { .. } => {
                "Open the camera's shutter or switch, unplug it and plug it in again, and run \
                 the same command: it goes on where it stopped."
            }
            CameraError::AllDamaged { .. } => {
                "Plug the camera in directly, without a hub, and run the same command: it goes \
                 on where it stopped."
            }
            CameraError::Io { .. } => {
                "Unplug the camera, plug it in again, and run the same command: it goes on where \
                 it stopped."
            }
            CameraError::NoSuchFile { .. } => "Check the path and run the same command again.",
            CameraError::UnknownKind { .. } => {
                "Give a camera such as /dev/video0, a folder, a pattern such as `photos/*.png`, \
                 or a file that ends in .png, .jpg, .pgm, .mjpeg or .y4m."
            }
            CameraError::PatternInFolder { .. } => {
                "Give one folder, with the * in the names of its files, for example \
                 `photos/*.png`."
            }
            CameraError::NoPictures { .. } => {
                "Give the folder that the pictures are in; their names end in .png, .jpg or .pgm."
            }
            CameraError::TooManyFiles { .. } => {
                "Move the pictures into a folder of their own and give that one."
            }
            CameraError::PictureTooLarge { .. } => {
                "Crop the picture to the codes and their white border, and give that file."
            }
            CameraError::PictureNotUnderstood { .. } => {
                "Save the picture as PNG and give that file."
            }
            CameraError::VideoNotUnderstood { .. } => {
                "Save the film as MJPEG or as y4m with 8 bits a sample, or as single pictures in \
                 a folder, and give that."
            }
            CameraError::FileIo { .. } => {
                "Check that the file may be read and that its medium is still there, and run the \
                 same command: it goes on where it stopped."
            }
            CameraError::Fault => "Run the same command again, and report this.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            CameraError::UnknownKind { .. } | CameraError::PatternInFolder { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
