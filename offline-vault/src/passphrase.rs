//! What the person knows: typed at a terminal or read from a file, never an argument and never
//! the environment, where other programs would see it.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use pack_format::advice::{Advice, Exit};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::files::{FileError, read_bounded, shown};
use crate::limits::{PASSPHRASE_BYTES_MAX, PASSPHRASE_CHARS_MIN};

/// A passphrase: wiped when dropped, never printed.
pub struct Passphrase(Zeroizing<String>);

/// Why there is no passphrase to work with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// Nobody can be asked.
    #[error("there is no terminal to ask for the passphrase")]
    NoTerminal,
    /// The terminal failed or the person gave up.
    #[error("no passphrase was typed")]
    Terminal,
    /// The passphrase file failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The first line of the passphrase file is empty or not text.
    #[error("the first line of {} is not a passphrase", shown(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// A new passphrase is too easily guessed.
    #[error("the new passphrase has fewer than {PASSPHRASE_CHARS_MIN} characters")]
    Short,
    /// The second typing differs from the first.
    #[error("the two typings of the new passphrase differ")]
    Differ,
}

impl Advice for PassphraseError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoTerminal => "passphrase-no-terminal",
            Self::Terminal => "passphrase-not-typed",
            Self::File(err) => err.code(),
            Self::Unreadable { .. } => "passphrase-file-empty",
            Self::Short => "passphrase-short",
            Self::Differ => "passphrase-differs",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was opened and nothing was changed.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::NoTerminal | Self::Terminal => {
                "Run the command in a terminal, or give --passphrase-file FILE."
            }
            Self::File(_) | Self::Unreadable { .. } => {
                "Put the passphrase on the first line of a file that only you can read, and name \
                 it with --passphrase-file."
            }
            Self::Short => {
                "Choose a longer one: six random words from a list are easy to keep and hard to \
                 guess."
            }
            Self::Differ => "Run the command again and type the same passphrase twice.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Terminal => Exit::Failed,
            Self::File(err) => err.exit(),
            Self::NoTerminal | Self::Unreadable { .. } | Self::Short | Self::Differ => Exit::Usage,
        }
    }
}

/// Where a passphrase comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassphraseSource {
    /// The person types it, without echo.
    Terminal,
    /// The first line of a file.
    File(PathBuf),
}

impl Passphrase {
    /// An existing passphrase, of any length.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The bytes, UTF-8 as typed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// A second owner of the same passphrase, asked for by name so that copies can be found.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Checks a passphrase that is about to be set.
    ///
    /// # Errors
    /// [`PassphraseError::Short`].
    pub fn into_new(self) -> Result<Self, PassphraseError> {
        if self.0.chars().count() < PASSPHRASE_CHARS_MIN {
            return Err(PassphraseError::Short);
        }
        Ok(self)
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl PassphraseSource {
    /// A file if one was named, else the terminal.
    #[must_use]
    pub fn of_option(file: Option<&Path>) -> Self {
        file.map_or(Self::Terminal, |path| Self::File(path.to_path_buf()))
    }

    /// The passphrase of an existing vault.
    ///
    /// # Errors
    /// [`PassphraseError`].
    pub fn existing(&self) -> Result<Passphrase, PassphraseError> {
        match self {
            Self::Terminal => typed("Passphrase: "),
            Self::File(path) => first_line(path),
        }
    }

    /// A passphrase that is about to be set; it is typed twice.
    ///
    /// # Errors
    /// [`PassphraseError`].
    pub fn for_new(&self) -> Result<Passphrase, PassphraseError> {
        match self {
            Self::File(path) => first_line(path)?.into_new(),
            Self::Terminal => {
                let first = typed("New passphrase: ")?.into_new()?;
                if *typed("The same again: ")?.0 != *first.0 {
                    return Err(PassphraseError::Differ);
                }
                Ok(first)
            }
        }
    }

    /// What to tell the person about the file: others can read it.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let Self::File(path) = self else { return None };
        let mode = fs::metadata(path).ok()?.permissions().mode();
        (mode & 0o077 != 0).then(|| {
            let path = path.display();
            format!("other users of this machine can read {path}; run: chmod 600 {path}")
        })
    }
}

fn typed(prompt: &str) -> Result<Passphrase, PassphraseError> {
    rpassword::prompt_password(prompt)
        .map(Passphrase::new)
        .map_err(|err| match err.kind() {
            io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof => PassphraseError::Terminal,
            _ => PassphraseError::NoTerminal,
        })
}

fn first_line(path: &Path) -> Result<Passphrase, PassphraseError> {
    let bytes = Zeroizing::new(read_bounded(path, PASSPHRASE_BYTES_MAX)?);
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    std::str::from_utf8(line)
        .ok()
        .filter(|text| !text.is_empty())
        .map(|text| Passphrase::new(text.to_owned()))
        .ok_or_else(|| PassphraseError::Unreadable {
            path: path.to_path_buf(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_file(content: &[u8]) -> Result<Passphrase, PassphraseError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        fs::write(&path, content).unwrap();
        PassphraseSource::File(path).for_new()
    }

    #[test]
    fn the_first_line_of_a_file_is_the_passphrase() {
        for content in [
            &b"six random words"[..],
            b"six random words\r\nmore",
            b"six random words\n",
        ] {
            assert_eq!(of_file(content).unwrap().expose(), b"six random words");
        }
    }

    #[test]
    fn a_short_new_passphrase_is_refused() {
        assert!(matches!(of_file(b"123456789"), Err(PassphraseError::Short)));
        assert!(of_file(b"1234567890").is_ok());
        assert!(matches!(
            of_file(b"\nlater"),
            Err(PassphraseError::Unreadable { .. })
        ));
    }

    #[test]
    fn a_passphrase_file_that_others_can_read_is_pointed_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        fs::write(&path, "six random words").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let source = PassphraseSource::File(path.clone());
        assert!(source.warning().is_some());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(source.warning(), None);
    }
}
