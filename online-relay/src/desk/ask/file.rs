//! Asking for the signature of a file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use pack_format::shown::Shown;
use signing_format::key_reference::KeyReference;
use signing_format::limits::{CONTENT_BYTES_MAX, NAME_BYTES_MAX};
use signing_format::minisign::TrustedComment;
use signing_format::openpgp::Cleartext;
use signing_format::ssh::Namespace;
use signing_format::subject::{FileForm, FileSource, FileSubject, Subject};

use super::super::Desk;
use super::super::error::DeskError;
use super::super::hashes::Hashes;
use super::super::input;
use super::super::key::DeskKey;
use super::super::limits::{CONTENT_BYTES_DEFAULT, TEXT_BYTES_MAX};
use super::super::task::{FileTask, Task};
use super::{AskOptions, Content, Draft, Made};
use crate::courier::quantity::Bytes;

/// The form of signature that a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A detached OpenPGP signature.
    OpenPgp,
    /// A text with its OpenPGP signature.
    OpenPgpClear,
    /// A minisign signature.
    Minisign,
    /// An SSH signature in this namespace.
    Ssh(String),
}

impl Form {
    /// Reads `openpgp`, `openpgp-clear`, `minisign`, `ssh` or `ssh:NAMESPACE`.
    ///
    /// # Errors
    /// [`DeskError::BadForm`], [`DeskError::Namespace`].
    pub fn parse(text: &str) -> Result<Self, DeskError> {
        Ok(match text {
            "openpgp" => Self::OpenPgp,
            "openpgp-clear" => Self::OpenPgpClear,
            "minisign" => Self::Minisign,
            "ssh" => Self::Ssh(Namespace::file().as_str().to_owned()),
            _ => {
                let namespace = text
                    .strip_prefix("ssh:")
                    .ok_or_else(|| DeskError::BadForm {
                        form: text.to_owned(),
                    })?;
                Namespace::new(namespace).map_err(DeskError::Namespace)?;
                Self::Ssh(namespace.to_owned())
            }
        })
    }

    /// What a key makes when nobody says otherwise.
    fn of_key(key: &DeskKey) -> Self {
        match key.reference {
            KeyReference::OpenPgpV4(_) | KeyReference::OpenPgpV6(_) => Self::OpenPgp,
            KeyReference::Ssh(_) => Self::Ssh(Namespace::file().as_str().to_owned()),
            KeyReference::Minisign { .. } => Self::Minisign,
        }
    }

    /// What the signature's file is called, after the name of the signed one.
    fn extension(&self) -> &'static str {
        match self {
            Self::OpenPgp | Self::OpenPgpClear => "asc",
            Self::Minisign => "minisig",
            Self::Ssh(_) => "sig",
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::OpenPgp => "OpenPGP signature in a file of its own".to_owned(),
            Self::OpenPgpClear => "text with its OpenPGP signature in one file".to_owned(),
            Self::Minisign => "minisign signature".to_owned(),
            Self::Ssh(namespace) => format!("SSH signature, namespace {}", Shown(namespace)),
        }
    }

    fn fits(&self, key: &DeskKey) -> bool {
        match self {
            Self::OpenPgp | Self::OpenPgpClear => key.reference.is_openpgp(),
            Self::Minisign => matches!(key.reference, KeyReference::Minisign { .. }),
            Self::Ssh(_) => matches!(key.reference, KeyReference::Ssh(_)),
        }
    }
}

/// How one file is to be signed.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// The form; otherwise what the key makes.
    pub form: Option<Form>,
    /// Where the signature goes; otherwise beside the file.
    pub output: Option<PathBuf>,
    /// Whether a file there may be replaced.
    pub overwrite: bool,
    /// Largest file that crosses whole, in bytes.
    pub content_limit_bytes: u64,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            form: None,
            output: None,
            overwrite: false,
            content_limit_bytes: CONTENT_BYTES_DEFAULT,
        }
    }
}

/// A file that can be asked about.
struct Prepared {
    key: DeskKey,
    form: Form,
    task: FileTask,
    file: File,
    size_bytes: u64,
    crosses: bool,
    name: String,
    wire_form: FileForm,
}

impl Desk<'_> {
    /// Finds out whether the signature of a file can be asked for, and makes no request.
    ///
    /// # Errors
    /// Any [`DeskError`] that says why not.
    pub fn check_file(
        &self,
        path: &Path,
        ask: &AskOptions,
        options: &FileOptions,
    ) -> Result<(), DeskError> {
        self.prepared(path, ask, options).map(drop)
    }

    /// Asks for the signature of one file.
    ///
    /// # Errors
    /// Any [`DeskError`] that says why the request cannot be made.
    pub fn sign_file(
        &mut self,
        path: &Path,
        ask: &AskOptions,
        options: &FileOptions,
    ) -> Result<Made, DeskError> {
        let prepared = self.prepared(path, ask, options)?;
        let (form, size_bytes) = (&prepared.form, prepared.size_bytes);
        let mut about = format!(
            "Sign the file {} ({})\nForm: {}\nSignature: {}\n",
            Shown(&prepared.task.path.to_string_lossy()),
            Bytes(size_bytes),
            form.describe(),
            Shown(&prepared.task.output.to_string_lossy()),
        );
        let mut source = None;
        let mut content = None;
        match prepared.crosses {
            true => {
                content = Some(Content {
                    bytes: Box::new(prepared.file),
                    size_bytes,
                });
            }
            false => {
                let hashes =
                    Hashes::of(prepared.file).map_err(DeskError::file("reading it", path))?;
                if hashes.size_bytes != size_bytes {
                    return Err(DeskError::ChangedWhileRead);
                }
                about.push_str(&not_sent(form, &hashes));
                source = Some(hash_source(form, hashes));
            }
        }
        let draft = Draft {
            key: &prepared.key,
            content,
            task: Task::File(prepared.task),
            about,
        };
        let (name, form) = (prepared.name, prepared.wire_form);
        let mut made = self.submit(ask, draft, |sealed| {
            let source = sealed.map(FileSource::Content).or(source);
            Ok(Subject::File(FileSubject {
                name,
                size_bytes,
                form,
                source: source.ok_or(DeskError::ChangedWhileRead)?,
            }))
        })?;
        made.content_not_sent = !prepared.crosses;
        Ok(made)
    }

    fn prepared(
        &self,
        path: &Path,
        ask: &AskOptions,
        options: &FileOptions,
    ) -> Result<Prepared, DeskError> {
        let key = self.key(&ask.key)?;
        let form = options.form.clone().unwrap_or_else(|| Form::of_key(&key));
        if !form.fits(&key) {
            let form = form.describe();
            let name = key.name.clone();
            return Err(DeskError::FormOfKey { form, key: name });
        }
        let task = file_task(path, &form, options)?;
        let file = input::open(&task.path).map_err(input::failed("opening it", path))?;
        let meta = file.metadata();
        let meta = meta.map_err(DeskError::file("looking at it", path))?;
        let size_bytes = meta.len();
        let crosses = size_bytes <= options.content_limit_bytes.min(CONTENT_BYTES_MAX);
        check_content(&task.path, &key, &form, size_bytes, crosses)?;
        let name = file_name(&task.path);
        let wire_form = self.wire_form(&form, &name)?;
        Ok(Prepared {
            key,
            form,
            task,
            file,
            size_bytes,
            crosses,
            name,
            wire_form,
        })
    }

    fn wire_form(&self, form: &Form, name: &str) -> Result<FileForm, DeskError> {
        Ok(match form {
            Form::OpenPgp => FileForm::OpenPgp,
            Form::OpenPgpClear => FileForm::OpenPgpClear,
            Form::Minisign => {
                let comment = TrustedComment::of_file(self.now, name);
                FileForm::Minisign {
                    trusted_comment: comment.map_err(DeskError::Comment)?.as_str().to_owned(),
                }
            }
            Form::Ssh(namespace) => FileForm::Ssh {
                namespace: namespace.clone(),
            },
        })
    }
}

fn file_task(path: &Path, form: &Form, options: &FileOptions) -> Result<FileTask, DeskError> {
    let absolute = located(path)?;
    let output = match &options.output {
        Some(output) => std::path::absolute(output)
            .map_err(DeskError::file("finding out where it is", output))?,
        None => beside(&absolute, form.extension()),
    };
    let is_same = |one: &Path, other: &Path| match (fs::canonicalize(one), fs::canonicalize(other))
    {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    };
    if is_same(&output, &absolute) {
        return Err(DeskError::OutputIsInput { path: output });
    }
    if !options.overwrite && output.symlink_metadata().is_ok() {
        return Err(DeskError::OutputExists { path: output });
    }
    Ok(FileTask {
        path: absolute,
        output,
        overwrite: options.overwrite,
    })
}

/// The absolute path of a file, under the name that the person has given: a link stays one, so that
/// what is written beside it is found there.
pub(super) fn located(path: &Path) -> Result<PathBuf, DeskError> {
    let failed = DeskError::file("looking for it", path);
    path.metadata().map_err(&failed)?;
    let Some(name) = path.file_name() else {
        return fs::canonicalize(path).map_err(failed);
    };
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    Ok(fs::canonicalize(dir).map_err(failed)?.join(name))
}

/// `FILE.extension`.
pub(super) fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// Forms for which the vault has to see all of it.
fn check_content(
    path: &Path,
    key: &DeskKey,
    form: &Form,
    size_bytes: u64,
    crosses: bool,
) -> Result<(), DeskError> {
    let needed_by = match (form, key.reference) {
        (Form::OpenPgpClear, _) => Some("a text with its signature in one file"),
        (_, KeyReference::OpenPgpV6(_)) => Some("an OpenPGP key of version 6"),
        _ => None,
    };
    if let (Some(needed_by), false) = (needed_by, crosses) {
        let path = path.to_owned();
        return Err(DeskError::ContentNeeded {
            path,
            size_bytes,
            needed_by,
        });
    }
    if *form == Form::OpenPgpClear {
        if size_bytes > TEXT_BYTES_MAX {
            return Err(DeskError::ContentNeeded {
                path: path.to_owned(),
                size_bytes,
                needed_by: "a text with its signature in one file",
            });
        }
        let text = input::read(path, TEXT_BYTES_MAX);
        let text = text.map_err(input::failed("reading it", path))?;
        Cleartext::parse(&text).map_err(|source| DeskError::Cleartext {
            path: path.to_owned(),
            source,
        })?;
    }
    Ok(())
}

fn not_sent(form: &Form, hashes: &Hashes) -> String {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let sum = match form {
        Form::Minisign => format!("BLAKE2b-512 {}", hex(&hashes.blake2b)),
        _ => format!("SHA-512 {}", hex(&hashes.sha512.digest())),
    };
    format!("CONTENT NOT SENT: the vault shows only its {sum}\n")
}

fn hash_source(form: &Form, hashes: Hashes) -> FileSource {
    match form {
        Form::Minisign => FileSource::Blake2b(hashes.blake2b),
        _ => FileSource::Sha512(hashes.sha512),
    }
}

/// The last part of a path, as far as a request has room for it.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut end = name.len().min(usize::from(NAME_BYTES_MAX));
    while !name.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    name.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_they_are_written() {
        assert_eq!(Form::parse("openpgp").unwrap(), Form::OpenPgp);
        assert_eq!(Form::parse("ssh").unwrap(), Form::Ssh("file".to_owned()));
        assert_eq!(Form::parse("ssh:git").unwrap(), Form::Ssh("git".to_owned()));
        assert!(matches!(Form::parse("ssh:"), Err(DeskError::Namespace(_))));
        assert!(matches!(Form::parse("pgp"), Err(DeskError::BadForm { .. })));
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let name = "ä".repeat(200);
        assert_eq!(file_name(Path::new(&name)), "ä".repeat(127));
    }
}
