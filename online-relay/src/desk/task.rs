//! What the desk does with the reply to a request, kept in the index until it comes.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use signing_format::git::{ObjectFormat, ObjectId};

/// What to do with a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Check the signature against the file and write it out.
    File(FileTask),
    /// Put the signatures into git objects, and move references to them.
    Git(GitTask),
    /// Write a certificate with the certifications.
    Certify(FileTask),
    /// Nothing is written: the message stays in the vault.
    Decrypt,
    /// Hand the signature to a program that waits for it.
    Program,
    /// The request is another desk's: its approvals go back there.
    Guest,
}

/// A file that is asked about, and where the result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileTask {
    /// The file, absolute.
    pub(crate) path: PathBuf,
    /// The file that is written, absolute.
    pub(crate) output: PathBuf,
    /// Whether a file there may be replaced.
    pub(crate) overwrite: bool,
}

/// What moves in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GitTask {
    /// A directory of the repository, absolute.
    pub(crate) repository: PathBuf,
    /// The references that move.
    pub(crate) moves: Vec<RefMove>,
}

/// A branch or tag that moves to a signed object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefMove {
    /// Its whole name, such as `refs/heads/main`.
    pub(crate) reference: String,
    /// Where it stood when it was asked for.
    pub(crate) old: ObjectId,
}

impl Task {
    /// Whether both write the same file, or move the same branch or tag.
    pub(crate) fn has_same_result(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one) | Self::Certify(one), Self::File(other) | Self::Certify(other)) => {
                one.output == other.output
            }
            (Self::Git(one), Self::Git(other)) => {
                let moves = |moved: &RefMove| {
                    let mut all = other.moves.iter();
                    all.any(|it| it.reference == moved.reference)
                };
                one.repository == other.repository && one.moves.iter().any(moves)
            }
            _ => false,
        }
    }
}

impl Wire for Task {
    const WHAT: &'static str = "task of a request";

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::File(file) => file.write(writer.u8(1)),
            Self::Git(git) => {
                path(writer.u8(2), &git.repository);
                writer.count(git.moves.len());
                for moved in &git.moves {
                    writer.text(&moved.reference);
                    moved.old.format().write(writer);
                    writer.put(moved.old.as_bytes());
                }
            }
            Self::Certify(file) => file.write(writer.u8(3)),
            Self::Decrypt => drop(writer.u8(4)),
            Self::Program => drop(writer.u8(5)),
            Self::Guest => drop(writer.u8(6)),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8(Self::WHAT)? {
            1 => Self::File(FileTask::read(reader)?),
            2 => {
                let repository = read_path(reader)?;
                let mut moves = Vec::new();
                for _ in 0..reader.count(MOVES_MAX, "references")? {
                    moves.push(read_move(reader)?);
                }
                Self::Git(GitTask { repository, moves })
            }
            3 => Self::Certify(FileTask::read(reader)?),
            4 => Self::Decrypt,
            5 => Self::Program,
            6 => Self::Guest,
            _ => return Err(DecodeError::Unknown { what: Self::WHAT }),
        })
    }
}

impl Wire for FileTask {
    const WHAT: &'static str = "file of a request";

    fn write(&self, writer: &mut Writer) {
        path(writer, &self.path);
        path(writer, &self.output);
        writer.u8(u8::from(self.overwrite));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            path: read_path(reader)?,
            output: read_path(reader)?,
            overwrite: reader.u8("whether to overwrite")? != 0,
        })
    }
}

fn read_move(reader: &mut Reader<'_>) -> Result<RefMove, DecodeError> {
    let reference = reader.text(u16::MAX, "reference")?.to_owned();
    let format = ObjectFormat::read(reader)?;
    let bytes = reader.take(format.id_len(), "object id")?;
    let old = ObjectId::from_bytes(format, bytes).map_err(|_| DecodeError::Rule {
        what: "an object id has another length",
    })?;
    Ok(RefMove { reference, old })
}

fn path(writer: &mut Writer, path: &Path) {
    let bytes = path.as_os_str().as_bytes();
    writer.count(bytes.len()).put(bytes);
}

fn read_path(reader: &mut Reader<'_>) -> Result<PathBuf, DecodeError> {
    let len = reader.count(PATH_BYTES_MAX, "path")?;
    let bytes = reader.take(len, "path")?.to_vec();
    Ok(OsString::from_vec(bytes).into())
}

/// Longest path of Linux.
const PATH_BYTES_MAX: u32 = 4096;
/// A branch and a tag.
const MOVES_MAX: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_survives_its_encoding() {
        let file = FileTask {
            path: PathBuf::from(OsString::from_vec(b"/home/\xff/a".to_vec())),
            output: "/home/a.sig".into(),
            overwrite: true,
        };
        let moves = vec![RefMove {
            reference: "refs/heads/main".to_owned(),
            old: "1".repeat(40).parse().unwrap(),
        }];
        let tasks = [
            Task::File(file.clone()),
            Task::Git(GitTask {
                repository: "/src".into(),
                moves,
            }),
            Task::Certify(file),
            Task::Decrypt,
            Task::Program,
            Task::Guest,
        ];
        for task in tasks {
            assert_eq!(Task::from_wire(&task.to_wire()), Ok(task));
        }
        assert!(Task::from_wire(&[9]).is_err());
    }
}
