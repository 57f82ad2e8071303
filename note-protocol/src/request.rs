//! What a worker is asked for.

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::bytes::{check_len, read_text, write_text};
use crate::content::TextRange;
use crate::document::{Document, Update};
use crate::limits::{CHANGES_MAX, REQUEST_BYTES_MAX, TEXT_BYTES_MAX};
use crate::mark::{Mark, MarkKind};
use crate::version::PeerId;

/// One question; a worker answers one and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// What does the document say?
    Open(Document),
    /// What update makes these changes?
    Edit {
        /// The document.
        document: Document,
        /// Who writes; nobody else may ever write other operations under it.
        peer: PeerId,
        /// What changes, one after the other.
        changes: Vec<Change>,
    },
    /// What would the document say with this proposal?
    Preview {
        /// The document without it.
        document: Document,
        /// The update that is proposed.
        proposal: Update,
    },
}

/// A change of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The text becomes this one, by the smallest difference, so that what others change at the
    /// same time stays.
    Text(String),
    /// A part of the text is marked. A mark of lines covers each line that the part touches.
    Mark(TextRange, Mark),
    /// Marks of one kind are taken off a part of the text, or off each line that it touches.
    Clear(TextRange, MarkKind),
}

impl Request {
    /// The bytes for a worker.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] for a part that the worker would refuse to read.
    pub fn to_message(&self) -> Result<Vec<u8>, DecodeError> {
        self.document().check()?;
        match self {
            Self::Open(_) => {}
            Self::Edit { changes, .. } => {
                check_len("changes", changes.len(), CHANGES_MAX)?;
                changes.iter().try_for_each(Change::check)?;
            }
            Self::Preview { proposal, .. } => proposal.check()?,
        }
        let message = self.to_wire();
        check_len(Self::WHAT, message.len(), REQUEST_BYTES_MAX)?;
        Ok(message)
    }

    pub(crate) fn document(&self) -> &Document {
        match self {
            Self::Open(document) | Self::Edit { document, .. } | Self::Preview { document, .. } => {
                document
            }
        }
    }
}

impl Change {
    fn check(&self) -> Result<(), DecodeError> {
        match self {
            Self::Text(text) => check_len("text", text.len(), TEXT_BYTES_MAX),
            Self::Mark(_, mark) => mark.check(),
            Self::Clear(..) => Ok(()),
        }
    }
}

impl Wire for Request {
    const WHAT: &'static str = "request about a note";

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Open(document) => {
                writer.u8(KIND_OPEN);
                document.write(writer);
            }
            Self::Edit {
                document,
                peer,
                changes,
            } => {
                writer.u8(KIND_EDIT);
                document.write(writer);
                peer.write(writer);
                writer.count(changes.len());
                changes.iter().for_each(|change| change.write(writer));
            }
            Self::Preview { document, proposal } => {
                writer.u8(KIND_PREVIEW);
                document.write(writer);
                proposal.write(writer);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = reader.u8(Self::WHAT)?;
        let document = Document::read(reader)?;
        Ok(match kind {
            KIND_OPEN => Self::Open(document),
            KIND_EDIT => {
                let peer = PeerId::read(reader)?;
                let mut changes = Vec::new();
                for _ in 0..reader.count(CHANGES_MAX, "changes")? {
                    changes.push(Change::read(reader)?);
                }
                Self::Edit {
                    document,
                    peer,
                    changes,
                }
            }
            KIND_PREVIEW => Self::Preview {
                document,
                proposal: Update::read(reader)?,
            },
            _ => return Err(DecodeError::Unknown { what: Self::WHAT }),
        })
    }
}

impl Wire for Change {
    const WHAT: &'static str = "change of a note";

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Text(text) => {
                writer.u8(1);
                write_text(writer, text);
            }
            Self::Mark(range, mark) => {
                writer.u8(2);
                range.write(writer);
                mark.write(writer);
            }
            Self::Clear(range, kind) => {
                writer.u8(3);
                range.write(writer);
                kind.write(writer);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8(Self::WHAT)? {
            1 => Self::Text(read_text(reader)?),
            2 => Self::Mark(TextRange::read(reader)?, Mark::read(reader)?),
            3 => Self::Clear(TextRange::read(reader)?, MarkKind::read(reader)?),
            _ => return Err(DecodeError::Unknown { what: Self::WHAT }),
        })
    }
}

const KIND_OPEN: u8 = 1;
const KIND_EDIT: u8 = 2;
const KIND_PREVIEW: u8 = 3;
