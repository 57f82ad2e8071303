//! What a person names as the place where pictures come from.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    os::unix::{ffi::OsStrExt as _, fs::FileTypeExt as _},
    path::{Path, PathBuf},
};

use super::{
    CameraError, FrameSource,
    images::{PictureFile, Pictures, is_picture_name},
    mjpeg::MjpegFile,
    v4l2,
    y4m::Y4mFile,
};

/// Where pictures come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The first camera of this machine that gives pictures.
    FirstCamera,
    /// One camera, by its path below `/dev`.
    Camera(PathBuf),
    /// All pictures of a folder, in the order of their names.
    Folder(PathBuf),
    /// Those pictures of a folder whose names match a pattern with `*`.
    Matching {
        /// The folder.
        folder: PathBuf,
        /// The pattern.
        pattern: OsString,
    },
    /// One picture: PNG, JPEG or PGM.
    Picture(PathBuf),
    /// A film of JPEG pictures in a row.
    Mjpeg(PathBuf),
    /// An uncompressed film.
    Y4m(PathBuf),
}

impl Source {
    /// Says what a person means by the value of `--camera`: nothing for the first camera, a
    /// device, a folder, a pattern, or a file by its ending.
    ///
    /// Looks up what is at the path and opens nothing.
    ///
    /// # Errors
    /// [`CameraError::NoSuchFile`], [`CameraError::UnknownKind`],
    /// [`CameraError::PatternInFolder`].
    pub fn parse(named: impl AsRef<Path>) -> Result<Source, CameraError> {
        let path = named.as_ref();
        if path.as_os_str().is_empty() {
            return Ok(Source::FirstCamera);
        }
        let is_below_dev = path.starts_with("/dev");
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Source::Folder(path.to_owned())),
            Ok(found) if found.is_file() => Self::of_file(path),
            Ok(found) if is_below_dev || found.file_type().is_char_device() => {
                Ok(Source::Camera(path.to_owned()))
            }
            Ok(_) => Err(CameraError::UnknownKind {
                path: path.to_owned(),
            }),
            Err(_) if is_below_dev => Ok(Source::Camera(path.to_owned())),
            Err(_) => Self::of_pattern(path),
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// Any [`CameraError`] but those of the middle of a film.
    pub fn open(&self) -> Result<Box<dyn FrameSource>, CameraError> {
        Ok(match self {
            Source::FirstCamera => Box::new(v4l2::open_first()?),
            Source::Camera(path) => Box::new(v4l2::open(path)?),
            Source::Folder(folder) => Box::new(Pictures::list(folder.clone(), None)?),
            Source::Matching { folder, pattern } => {
                Box::new(Pictures::list(folder.clone(), Some(pattern))?)
            }
            Source::Picture(path) => Box::new(PictureFile::new(path.clone())),
            Source::Mjpeg(path) => Box::new(MjpegFile::new(path.clone(), open_film(path)?)),
            Source::Y4m(path) => Box::new(Y4mFile::new(path.clone(), open_film(path)?)?),
        })
    }

    fn of_file(path: &Path) -> Result<Source, CameraError> {
        let extension = path.extension().unwrap_or_default();
        let extension = extension.to_ascii_lowercase();
        if is_picture_name(path.as_os_str()) {
            Ok(Source::Picture(path.to_owned()))
        } else if ["mjpeg", "mjpg"]
            .map(OsStr::new)
            .contains(&extension.as_os_str())
        {
            Ok(Source::Mjpeg(path.to_owned()))
        } else if extension == "y4m" {
            Ok(Source::Y4m(path.to_owned()))
        } else {
            Err(CameraError::UnknownKind {
                path: path.to_owned(),
            })
        }
    }

    /// Only what does not exist as it stands is looked at as a pattern.
    fn of_pattern(path: &Path) -> Result<Source, CameraError> {
        let has_star = |text: &OsStr| text.as_bytes().contains(&b'*');
        let folder = path.parent().unwrap_or(Path::new(""));
        if has_star(folder.as_os_str()) {
            return Err(CameraError::PatternInFolder {
                path: path.to_owned(),
            });
        }
        let not_there = || CameraError::NoSuchFile {
            path: path.to_owned(),
        };
        let pattern = path.file_name().filter(|name| has_star(name));
        let pattern = pattern.ok_or_else(not_there)?;
        let here = Path::new(".");
        let folder = Some(folder).filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(here);
        if !folder.is_dir() {
            return Err(not_there());
        }
        Ok(Source::Matching {
            folder: folder.to_owned(),
            pattern: pattern.to_owned(),
        })
    }
}

/// Opens what a person names as the value of `--camera`; see [`Source::parse`].
///
/// # Errors
/// Any [`CameraError`] but those of the middle of a film.
pub fn open_source(named: impl AsRef<Path>) -> Result<Box<dyn FrameSource>, CameraError> {
    Source::parse(named)?.open()
}

fn open_film(path: &Path) -> Result<File, CameraError> {
    File::open(path).map_err(|source| CameraError::FileIo {
        doing: "opening a film",
        path: path.to_owned(),
        source,
    })
}
