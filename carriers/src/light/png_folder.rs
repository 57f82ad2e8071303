//! Codes as numbered pictures in a folder, for whoever shows or sends them in another way.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{
    CodeGrid, Correction, Display, DisplayError, OutputError, Sheet, Status, Version, Wanted,
};
use crate::{
    limits::{CODE_PICTURES_MAX, DIRECTORY_ENTRIES_MAX},
    qr::png_file,
};

/// A folder that gets one picture for each sheet: `code-000001.png`, `code-000002.png`, …
pub struct PngFolder {
    folder: PathBuf,
    grid: CodeGrid,
    picture_count: usize,
    picture_count_max: usize,
}

impl PngFolder {
    /// Prepares a folder, which is made where there is none, for at most this many pictures of
    /// one code each, and never more than [`CODE_PICTURES_MAX`].
    ///
    /// # Errors
    /// [`OutputError::Folder`], and [`OutputError::FolderInUse`] where there are such pictures
    /// already: two runs in one folder could not be told apart.
    pub fn create(folder: &Path, picture_count_max: usize) -> Result<Self, OutputError> {
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => refuse_used(folder)?,
            made => made.map_err(failed("making the folder for pictures"))?,
        }
        Ok(Self {
            folder: folder.to_owned(),
            grid: CodeGrid::new(PICTURE_VERSION, Correction::Screen, 1, 1),
            picture_count: 0,
            picture_count_max: picture_count_max.min(CODE_PICTURES_MAX),
        })
    }

    /// How many pictures were written.
    #[must_use]
    pub fn picture_count(&self) -> usize {
        self.picture_count
    }

    fn write(&mut self, sheet: &Sheet) -> Result<(), OutputError> {
        let file = png_file(&self.grid.draw(sheet, MODULE_PIXELS)?)?;
        let number = self.picture_count + 1;
        let path = self.folder.join(format!("{STEM}{number:06}{ENDING}"));
        let temporary = self.folder.join(format!(".{STEM}{number:06}.part"));
        write_new(&temporary, &file)
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(failed("writing a picture"))?;
        self.picture_count = number;
        Ok(())
    }
}

impl Display for PngFolder {
    fn wait(&mut self) -> Result<Wanted, DisplayError> {
        if self.picture_count >= self.picture_count_max {
            return Ok(Wanted::Nothing);
        }
        Ok(Wanted::Sheet(self.grid.demand()))
    }

    /// An empty sheet makes no picture.
    fn show(&mut self, sheet: &Sheet, _status: &Status) -> Result<(), DisplayError> {
        if !sheet.codes.is_empty() && self.picture_count < self.picture_count_max {
            self.write(sheet)?;
        }
        Ok(())
    }
}

fn refuse_used(folder: &Path) -> Result<(), OutputError> {
    let doing = "looking into the folder for pictures";
    let mut entry_count = 0_u64;
    for entry in fs::read_dir(folder).map_err(failed(doing))? {
        let name = entry.map_err(failed(doing))?.file_name();
        let is_ours = name
            .to_str()
            .is_some_and(|name| name.starts_with(STEM) && name.ends_with(ENDING));
        entry_count += 1;
        if is_ours || entry_count > DIRECTORY_ENTRIES_MAX {
            return Err(OutputError::FolderInUse);
        }
    }
    Ok(())
}

/// A leftover of an interrupted run is written over; nothing else has such a name.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file: File = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn failed(doing: &'static str) -> impl Fn(io::Error) -> OutputError {
    move |source| OutputError::Folder { doing, source }
}

const STEM: &str = "code-";

const ENDING: &str = ".png";

/// Read by every camera, and three large symbols each.
const PICTURE_VERSION: Version = Version::nearest(27);

const MODULE_PIXELS: usize = 6;
