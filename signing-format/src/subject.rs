//! What exactly is asked for: each kind of request, with everything a person has to see of it.
//!
//! Spec: spec/signing.md, "Subjects".

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::content::SealedContent;
use crate::digest_state::Sha512State;
use crate::limits::{
    COMMENT_BYTES_MAX, NAME_BYTES_MAX, OBJECTS_MAX, USER_ID_BYTES_MAX, USER_IDS_MAX,
};
use crate::minisign::TrustedComment;
use crate::ssh::Namespace;

/// What a request is about.
#[derive(Debug)]
#[non_exhaustive]
pub enum Subject {
    /// Sign a file.
    File(FileSubject),
    /// Sign git commits and tags.
    Git(GitSubject),
    /// Certify another OpenPGP certificate.
    Certify(CertifySubject),
    /// Open an OpenPGP message in the vault, for its owner to read there.
    Decrypt(DecryptSubject),
}

/// One file and the form of its signature.
#[derive(Debug)]
pub struct FileSubject {
    /// The file's name as the requester gives it, without folders: a claim.
    pub name: String,
    /// The file's size in bytes.
    pub size_bytes: u64,
    /// The form of the signature.
    pub form: FileForm,
    /// The file, or what has to stand for it.
    pub source: FileSource,
}

/// The form of a file's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileForm {
    /// An OpenPGP signature in a file of its own, over the bytes as they are.
    OpenPgp,
    /// A text and its OpenPGP signature in one file: the cleartext signature framework.
    OpenPgpClear,
    /// A minisign signature of the hashed form.
    Minisign {
        /// The line that the signature protects; a [`TrustedComment`] in what was read.
        trusted_comment: String,
    },
    /// An SSH signature.
    Ssh {
        /// What the signature is good for; a [`Namespace`] in what was read.
        namespace: String,
    },
}

/// What the vault signs.
#[derive(Debug)]
pub enum FileSource {
    /// The file itself.
    Content(SealedContent),
    /// Content not sent: the state of SHA-512 after the whole file, for OpenPGP and SSH.
    Sha512(Sha512State),
    /// Content not sent: the BLAKE2b-512 of the file, for minisign.
    Blake2b([u8; 64]),
}

/// The signature format that git is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GitForm {
    /// `gpg.format = openpgp`.
    OpenPgp,
    /// `gpg.format = ssh`.
    Ssh,
}

/// Commits and tags of one repository.
#[derive(Debug)]
pub struct GitSubject {
    /// What the requester calls the repository: a claim.
    pub repository: String,
    /// The branch or tag that is to move: a claim.
    pub reference: String,
    /// The signatures' format.
    pub form: GitForm,
    /// How many commits and tags are to be signed, from 1 to [`OBJECTS_MAX`].
    pub object_count: u32,
    /// The objects in the form of [`crate::git::material`].
    pub content: SealedContent,
}

/// A certificate of somebody else.
#[derive(Debug)]
pub struct CertifySubject {
    /// The user ids to be certified, each of them in the certificate; at least one.
    pub user_ids: Vec<String>,
    /// The certificate, as the desk has it.
    pub content: SealedContent,
}

/// A message that only the vault can open.
#[derive(Debug)]
pub struct DecryptSubject {
    /// The file's name as the requester gives it: a claim.
    pub name: String,
    /// The message.
    pub content: SealedContent,
}

impl Subject {
    /// The content that crosses beside the request, if there is any.
    #[must_use]
    pub fn content(&self) -> Option<&SealedContent> {
        match self {
            Self::File(file) => match &file.source {
                FileSource::Content(content) => Some(content),
                FileSource::Sha512(_) | FileSource::Blake2b(_) => None,
            },
            Self::Git(git) => Some(&git.content),
            Self::Certify(certify) => Some(&certify.content),
            Self::Decrypt(decrypt) => Some(&decrypt.content),
        }
    }
}

impl Wire for Subject {
    const WHAT: &'static str = "subject of a request";

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::File(file) => file.write(writer.u8(1)),
            Self::Git(git) => git.write(writer.u8(2)),
            Self::Certify(certify) => certify.write(writer.u8(3)),
            Self::Decrypt(decrypt) => {
                writer.u8(4).text(&decrypt.name);
                decrypt.content.write(writer);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8("kind of request")? {
            1 => Self::File(FileSubject::read(reader)?),
            2 => Self::Git(GitSubject::read(reader)?),
            3 => Self::Certify(CertifySubject::read(reader)?),
            4 => Self::Decrypt(DecryptSubject {
                name: name(reader, "file name")?,
                content: SealedContent::read(reader)?,
            }),
            _ => {
                return Err(DecodeError::Unknown {
                    what: "kind of request",
                });
            }
        })
    }
}

impl Wire for FileSubject {
    const WHAT: &'static str = "file to be signed";

    fn write(&self, writer: &mut Writer) {
        writer.text(&self.name).u64(self.size_bytes);
        match &self.form {
            FileForm::OpenPgp => writer.u8(1),
            FileForm::OpenPgpClear => writer.u8(2),
            FileForm::Minisign { trusted_comment } => writer.u8(3).text(trusted_comment),
            FileForm::Ssh { namespace } => writer.u8(4).text(namespace),
        };
        match &self.source {
            FileSource::Content(content) => content.write(writer.u8(1)),
            FileSource::Sha512(state) => state.write(writer.u8(2)),
            FileSource::Blake2b(hash) => {
                writer.u8(3).put(hash);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let name = name(reader, "file name")?;
        let size_bytes = reader.u64("file size")?;
        let form = match reader.u8("form of signature")? {
            1 => FileForm::OpenPgp,
            2 => FileForm::OpenPgpClear,
            3 => FileForm::Minisign {
                trusted_comment: trusted_comment(reader)?,
            },
            4 => FileForm::Ssh {
                namespace: namespace(reader)?,
            },
            _ => {
                return Err(DecodeError::Unknown {
                    what: "form of signature",
                });
            }
        };
        let source = match reader.u8("source of the file")? {
            1 => FileSource::Content(SealedContent::read(reader)?),
            2 => FileSource::Sha512(Sha512State::read(reader)?),
            3 => FileSource::Blake2b(reader.take_array("BLAKE2b hash")?),
            _ => {
                return Err(DecodeError::Unknown {
                    what: "source of the file",
                });
            }
        };
        let file = Self {
            name,
            size_bytes,
            form,
            source,
        };
        file.check()?;
        Ok(file)
    }
}

impl FileSubject {
    /// A hash fits its form of signature, and every size that is told is the same.
    fn check(&self) -> Result<(), DecodeError> {
        let rule = |what| Err(DecodeError::Rule { what });
        let told = match (&self.source, &self.form) {
            (FileSource::Content(content), _) => content.plain_bytes,
            (FileSource::Sha512(state), FileForm::OpenPgp | FileForm::Ssh { .. }) => {
                state.total_bytes()
            }
            (FileSource::Blake2b(_), FileForm::Minisign { .. }) => self.size_bytes,
            _ => return rule("this form of signature cannot be made from that hash"),
        };
        if told != self.size_bytes {
            return rule("the file has two sizes");
        }
        Ok(())
    }
}

impl Wire for GitSubject {
    const WHAT: &'static str = "git objects to be signed";

    fn write(&self, writer: &mut Writer) {
        writer
            .text(&self.repository)
            .text(&self.reference)
            .u8(match self.form {
                GitForm::OpenPgp => 1,
                GitForm::Ssh => 2,
            })
            .u32(self.object_count);
        self.content.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let repository = name(reader, "repository name")?;
        let reference = name(reader, "reference name")?;
        let form = match reader.u8("format of git signatures")? {
            1 => GitForm::OpenPgp,
            2 => GitForm::Ssh,
            _ => {
                return Err(DecodeError::Unknown {
                    what: "format of git signatures",
                });
            }
        };
        let object_count = reader.count_u32(OBJECTS_MAX, "commits and tags")?;
        if object_count == 0 {
            return Err(DecodeError::Rule {
                what: "a git request names no commit and no tag",
            });
        }
        Ok(Self {
            repository,
            reference,
            form,
            object_count,
            content: SealedContent::read(reader)?,
        })
    }
}

impl Wire for CertifySubject {
    const WHAT: &'static str = "certificate to be certified";

    fn write(&self, writer: &mut Writer) {
        writer.count(self.user_ids.len());
        for user_id in &self.user_ids {
            writer.text(user_id);
        }
        self.content.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut user_ids: Vec<String> = Vec::new();
        for _ in 0..reader.count(USER_IDS_MAX, "user ids")? {
            let user_id = reader.text(USER_ID_BYTES_MAX, "user id")?.to_owned();
            if user_ids.last().is_some_and(|before| *before >= user_id) {
                return Err(DecodeError::Rule {
                    what: "user ids are not in order",
                });
            }
            user_ids.push(user_id);
        }
        if user_ids.is_empty() {
            return Err(DecodeError::Rule {
                what: "no user id is to be certified",
            });
        }
        Ok(Self {
            user_ids,
            content: SealedContent::read(reader)?,
        })
    }
}

fn name(reader: &mut Reader<'_>, what: &'static str) -> Result<String, DecodeError> {
    Ok(reader.text(NAME_BYTES_MAX, what)?.to_owned())
}

/// What `minisign` can write on a line, so that nobody reviews what cannot be signed.
fn trusted_comment(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let text = reader.text(COMMENT_BYTES_MAX, "trusted comment")?;
    let comment = TrustedComment::new(text).map_err(|_| DecodeError::Rule {
        what: "a trusted comment holds a control character",
    })?;
    Ok(comment.as_str().to_owned())
}

/// What SSHSIG can name, so that nobody reviews what cannot be signed.
fn namespace(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let text = reader.text(NAME_BYTES_MAX, "namespace")?;
    let namespace = Namespace::new(text).map_err(|_| DecodeError::Rule {
        what: "a namespace is empty or not visible ASCII",
    })?;
    Ok(namespace.as_str().to_owned())
}
