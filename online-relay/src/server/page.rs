//! The phone's page: a fixed list of files, read once when the server starts.
//!
//! Spec: spec/phone.md.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::error::ServerError;
use crate::limits::PAGE_FILE_BYTES_MAX;

/// The files of the page, in memory: no request reaches the disk, and no path is joined from one.
#[derive(Debug)]
pub(crate) struct PhonePage {
    files: HashMap<&'static str, PageFile>,
}

/// One file of the page.
#[derive(Clone, Debug)]
pub(crate) struct PageFile {
    /// Its media type.
    pub(crate) kind: &'static str,
    /// What is in it.
    pub(crate) bytes: axum::body::Bytes,
    /// Changes with what is in it.
    pub(crate) tag: String,
}

impl PhonePage {
    /// Reads all files of the page from a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, ServerError> {
        let mut files = HashMap::new();
        for (name, kind) in FILES {
            let path = folder.join(name);
            let bytes = read(&path).map_err(|source| ServerError::PhonePage { path, source })?;
            let tag = format!("\"{}\"", blake3::hash(&bytes).to_hex());
            let file = PageFile {
                kind,
                bytes: bytes.into(),
                tag,
            };
            files.insert(*name, file);
        }
        Ok(Self { files })
    }

    /// The file of this name, which is the path behind `/phone/`; nothing is its first page.
    pub(crate) fn file(&self, name: &str) -> Option<&PageFile> {
        let name = if name.is_empty() { "index.html" } else { name };
        self.files.get(name)
    }
}

/// The folder in which an installation has the page: beside the program, or where systems keep
/// what programs share. `None` when neither is there.
#[must_use]
pub fn installed_phone_page() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folder = program.parent()?;
    let places = [
        folder.join("phone-page"),
        folder.join("../share/causeway/phone-page"),
    ];
    places.into_iter().find(|place| place.is_dir())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(PAGE_FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > PAGE_FILE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Every file of the page and its media type. The page's own list is in `sw.js`.
const FILES: &[(&str, &str)] = &[
    ("index.html", HTML),
    ("style.css", "text/css; charset=utf-8"),
    ("manifest.webmanifest", "application/manifest+json"),
    ("icon.svg", "image/svg+xml"),
    ("sw.js", SCRIPT),
    ("app.js", SCRIPT),
    ("camera.js", SCRIPT),
    ("carry.js", SCRIPT),
    ("desk.js", SCRIPT),
    ("film.js", SCRIPT),
    ("frame.js", SCRIPT),
    ("relay.js", SCRIPT),
    ("screen.js", SCRIPT),
    ("show.js", SCRIPT),
    ("storage.js", SCRIPT),
    ("store.js", SCRIPT),
    ("text.js", SCRIPT),
    ("view.js", SCRIPT),
    ("worker.js", SCRIPT),
    ("zxing/full/index.js", SCRIPT),
    ("zxing/share.js", SCRIPT),
    ("zxing/full/zxing_full.wasm", "application/wasm"),
    ("zxing/LICENSE", "text/plain; charset=utf-8"),
];
