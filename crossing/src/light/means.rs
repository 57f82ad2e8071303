//! What a crossing by light shows on and films with, as a person has chosen it on either program.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use carriers::{
    light::{
        Display, DisplayError, OutputError, PdfPages, PngFolder, Terminal, Watcher, camera,
        screen::{Machine, RemoteScreen, ScreenError, ScreenProcess},
    },
    limits::CODE_PICTURES_MAX,
};

use super::drive::{Ending, Eyes};
use crate::CrossingError;

/// What a person has chosen. At most one of the first four is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Show in a window.
    pub window: bool,
    /// Show in the terminal.
    pub terminal: bool,
    /// Write pictures into this new folder.
    pub images: Option<PathBuf>,
    /// Write pages into this new file.
    pub pdf: Option<PathBuf>,
    /// Film with this; empty for the first camera.
    pub camera: Option<String>,
}

/// Everything that a crossing by light needs, opened.
pub struct Means {
    shows: Shows,
    watcher: Option<Watcher>,
}

enum Shows {
    Nothing,
    Window(RemoteScreen),
    Terminal(Terminal<io::Stdout>),
    Images(PngFolder),
    Pages { pages: PdfPages, path: PathBuf },
}

impl Means {
    /// Opens what was chosen. `screen` is the process for a window, where one was chosen.
    ///
    /// # Errors
    /// [`CrossingError::Display`], [`CrossingError::Camera`].
    pub fn open(
        choice: &Choice,
        machine: Machine,
        screen: Option<Result<ScreenProcess, ScreenError>>,
    ) -> Result<Self, CrossingError> {
        // A camera that is not there is said before a window comes up.
        let source = choice.camera.as_deref().map(camera::open_source);
        let source = source.transpose().map_err(CrossingError::Camera)?;
        let shows = Shows::open(choice, machine, screen).map_err(CrossingError::Display)?;
        Ok(Self {
            shows,
            watcher: source.map(|source| Watcher::start(source, READERS)),
        })
    }

    /// When the crossing ends: pictures and pages end where they are enough, all else when both
    /// machines have everything.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self.shows {
            Shows::Images(_) | Shows::Pages { .. } => Ending::WhenShown {
                percent_more: PERCENT_MORE,
            },
            _ => Ending::WhenComplete,
        }
    }

    /// What is shown on and filmed with.
    pub fn parts(&mut self) -> (Option<&mut dyn Display>, Option<&mut dyn Eyes>) {
        let display: Option<&mut dyn Display> = match &mut self.shows {
            Shows::Nothing => None,
            Shows::Window(window) => Some(window),
            Shows::Terminal(terminal) => Some(terminal),
            Shows::Images(images) => Some(images),
            Shows::Pages { pages, .. } => Some(pages),
        };
        let eyes = self
            .watcher
            .as_mut()
            .map(|watcher| watcher as &mut dyn Eyes);
        (display, eyes)
    }

    /// Ends showing and filming, and writes what is written at the end. Gives what a person finds
    /// where, if anything.
    ///
    /// # Errors
    /// [`CrossingError::Display`] when pages could not be written.
    pub fn close(self) -> Result<Option<Written>, CrossingError> {
        match self.shows {
            Shows::Images(images) if images.picture_count() > 0 => {
                Ok(Some(Written::Pictures(images.picture_count())))
            }
            Shows::Pages { pages, path } if pages.page_count() > 0 => {
                let count = pages.page_count();
                write_pages(pages, &path)
                    .map_err(|err| CrossingError::Display(DisplayError::new(err)))?;
                Ok(Some(Written::Pages(count)))
            }
            _ => Ok(None),
        }
    }
}

/// What was written, and how many of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Pictures in the folder.
    Pictures(usize),
    /// Pages in the file.
    Pages(usize),
}

impl Shows {
    fn open(
        choice: &Choice,
        machine: Machine,
        screen: Option<Result<ScreenProcess, ScreenError>>,
    ) -> Result<Self, DisplayError> {
        if choice.window {
            return screen
                .unwrap_or(Err(ScreenError::Ended))
                .and_then(|screen| screen.open(machine))
                .map(Self::Window)
                .map_err(DisplayError::new);
        }
        if choice.terminal {
            let terminal = Terminal::on_stdout();
            return terminal.map(Self::Terminal).map_err(DisplayError::new);
        }
        if let Some(folder) = &choice.images {
            let images = PngFolder::create(folder, CODE_PICTURES_MAX);
            return images.map(Self::Images).map_err(DisplayError::new);
        }
        if let Some(path) = &choice.pdf {
            // It is written at the end: that it cannot be is said at the beginning.
            if path.symlink_metadata().is_ok() {
                let path = path.clone();
                return Err(DisplayError::new(OutputError::FileExists { path }));
            }
            return Ok(Self::Pages {
                pages: PdfPages::new(match machine {
                    Machine::Offline => "Causeway vault",
                    Machine::Online => "Causeway relay",
                }),
                path: path.clone(),
            });
        }
        Ok(Self::Nothing)
    }
}

fn write_pages(pages: PdfPages, path: &Path) -> Result<(), OutputError> {
    let bytes = pages.into_pdf()?;
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            let written = file.write_all(&bytes).and_then(|()| file.sync_all());
            if written.is_err() {
                // Half a document would be taken for a whole one.
                fs::remove_file(path)?;
            }
            written
        });
    written.map_err(|source| OutputError::Folder {
        doing: "writing the pages",
        source,
    })
}

/// Decoding takes less than a picture lasts; a second reader takes over when it does not.
const READERS: usize = 2;

/// Pictures and pages are not shown again: a quarter of them may be lost.
const PERCENT_MORE: u64 = 34;
