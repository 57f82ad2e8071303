//! Single pictures: one file, or those of a folder in the order of their names.

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use super::{
    CameraError, FrameSource, Skipped, StopSignal,
    picture_file::{self, PictureFileError},
};
use crate::{light::GreyPicture, limits::DIRECTORY_ENTRIES_MAX};

/// Whether a name ends like that of a picture.
pub(super) fn is_picture_name(name: &OsStr) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| {
        PICTURE_EXTENSIONS
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// One picture.
pub(super) struct PictureFile {
    path: PathBuf,
    is_read: bool,
}

impl PictureFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            is_read: false,
        }
    }
}

impl FrameSource for PictureFile {
    fn next_picture(&mut self) -> Result<Option<GreyPicture>, CameraError> {
        if std::mem::replace(&mut self.is_read, true) {
            return Ok(None);
        }
        let picture = picture_file::read(&self.path);
        picture
            .map(Some)
            .map_err(|problem| CameraError::of_picture(self.path.clone(), problem))
    }
}

/// The pictures of a folder. One that cannot be read is left out, counted and named.
pub(super) struct Pictures {
    folder: PathBuf,
    names: std::vec::IntoIter<OsString>,
    skipped: Skipped,
    stop: StopSignal,
}

impl Pictures {
    /// Lists the pictures of a folder, or those of them that match a pattern.
    ///
    /// Links and what else is not a file are passed over.
    ///
    /// # Errors
    /// [`CameraError::FileIo`], [`CameraError::TooManyFiles`], [`CameraError::NoPictures`].
    pub(super) fn list(folder: PathBuf, pattern: Option<&OsStr>) -> Result<Self, CameraError> {
        let failed = |source| CameraError::FileIo {
            doing: "listing pictures",
            path: folder.clone(),
            source,
        };
        let mut names = Vec::new();
        let mut entry_count = 0_u64;
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            entry_count = entry_count.saturating_add(1);
            if entry_count > DIRECTORY_ENTRIES_MAX {
                return Err(CameraError::TooManyFiles { path: folder });
            }
            let name = entry.file_name();
            let is_asked_for = pattern.is_none_or(|pattern| matches(pattern, &name));
            if is_asked_for
                && is_picture_name(&name)
                && entry.file_type().map_err(failed)?.is_file()
            {
                names.push(name);
            }
        }
        if names.is_empty() {
            let path = pattern.map_or_else(|| folder.clone(), |pattern| folder.join(pattern));
            return Err(CameraError::NoPictures { path });
        }
        names.sort_unstable();
        Ok(Self {
            folder,
            names: names.into_iter(),
            skipped: Skipped::default(),
            stop: StopSignal::default(),
        })
    }
}

impl FrameSource for Pictures {
    fn next_picture(&mut self) -> Result<Option<GreyPicture>, CameraError> {
        for name in self.names.by_ref() {
            if self.stop.is_given() {
                return Ok(None);
            }
            match picture_file::read(&self.folder.join(&name)) {
                Ok(picture) => return Ok(Some(picture)),
                // The whole medium is gone, not this one file.
                Err(PictureFileError::Io { source }) if crate::words::is_gone(&source) => {
                    return Err(CameraError::reading(self.folder.clone(), source));
                }
                Err(problem) => self.skipped.add(&name.to_string_lossy(), &problem),
            }
        }
        Ok(None)
    }

    fn stop_with(&mut self, stop: StopSignal) {
        self.stop = stop;
    }

    fn take_skipped(&mut self) -> Skipped {
        std::mem::take(&mut self.skipped)
    }
}

/// Whether a name matches a pattern in which each `*` stands for any bytes, also none.
pub(super) fn matches(pattern: &OsStr, name: &OsStr) -> bool {
    let mut pieces = pattern.as_bytes().split(|byte| *byte == b'*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.as_bytes().strip_prefix(first) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    // The earliest place of each piece leaves the most room for those after it.
    for piece in pieces {
        let place =
            (0..=rest.len()).find(|at| rest.get(*at..).is_some_and(|r| r.starts_with(piece)));
        let Some(place) = place else {
            return false;
        };
        rest = rest
            .get(place.saturating_add(piece.len())..)
            .unwrap_or_default();
    }
    rest.ends_with(last)
}

/// What the names of pictures end in, in any case of letters.
const PICTURE_EXTENSIONS: [&str; 4] = ["png", "jpg", "jpeg", "pgm"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_bytes() {
        for (pattern, name, is_match) in [
            ("*", "a.png", true),
            ("*.png", "a.png", true),
            ("*.png", ".png", true),
            ("*.png", "a.jpg", false),
            ("a*", "ba", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("**", "x", true),
            ("plain", "plain", true),
            ("plain", "plainer", false),
        ] {
            let found = matches(OsStr::new(pattern), OsStr::new(name));
            assert_eq!(found, is_match, "{pattern} {name}");
        }
    }
}
