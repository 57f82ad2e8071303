//! What a worker answers.

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::bytes::{read_optional, write_optional};
use crate::content::Content;
use crate::error::Refusal;
use crate::limits::{SNAPSHOT_BYTES_MAX, UPDATE_BYTES_MAX, UPDATES_MAX};
use crate::version::Version;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To [`Request::Open`](crate::Request::Open).
    Opened(Opened),
    /// To [`Request::Edit`](crate::Request::Edit).
    Edited(Edited),
    /// To [`Request::Preview`](crate::Request::Preview).
    Previewed(Previewed),
    /// To any: the reason why not.
    Refused(Refusal),
}

/// A document that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What it says.
    pub content: Content,
    /// What stands for the document from now on, with all its updates. None where nothing was
    /// added to the snapshot that was handed in, which then still stands.
    pub snapshot: Option<Vec<u8>>,
    /// Which operations are in it.
    pub version: Version,
    /// The updates that were left out: in the order they were handed in, each once.
    pub refused: Vec<RefusedUpdate>,
}

/// An update that is not in a document, although it was handed in with it: for itself, or for what
/// it builds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedUpdate {
    /// The update, from 0. [`Client`](crate::Client) gives only those that there are.
    pub index: u32,
    /// Why it was left out.
    pub refusal: Refusal,
}

/// A document that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// What makes the changes for everybody else; none if there was nothing to change.
    pub update: Option<Vec<u8>>,
    /// The document with the changes.
    pub after: Opened,
}

/// A document without and with a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previewed {
    /// What it says now.
    pub before: Content,
    /// The document with the proposal.
    pub after: Opened,
}

impl Response {
    /// The document, unless all was refused.
    pub(crate) fn opened(&self) -> Option<&Opened> {
        match self {
            Self::Opened(opened) => Some(opened),
            Self::Edited(edited) => Some(&edited.after),
            Self::Previewed(previewed) => Some(&previewed.after),
            Self::Refused(_) => None,
        }
    }
}

impl Wire for Response {
    const WHAT: &'static str = "response about a note";

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Opened(opened) => {
                writer.u8(1);
                opened.write(writer);
            }
            Self::Edited(edited) => {
                writer.u8(2);
                write_optional(writer, edited.update.as_deref());
                edited.after.write(writer);
            }
            Self::Previewed(previewed) => {
                writer.u8(3);
                previewed.before.write(writer);
                previewed.after.write(writer);
            }
            Self::Refused(refusal) => {
                writer.u8(4);
                refusal.write(writer);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8(Self::WHAT)? {
            1 => Self::Opened(Opened::read(reader)?),
            2 => Self::Edited(Edited {
                update: read_optional(reader, UPDATE_BYTES_MAX, "update")?,
                after: Opened::read(reader)?,
            }),
            3 => Self::Previewed(Previewed {
                before: Content::read(reader)?,
                after: Opened::read(reader)?,
            }),
            4 => Self::Refused(Refusal::read(reader)?),
            _ => return Err(DecodeError::Unknown { what: Self::WHAT }),
        })
    }
}

impl Wire for Opened {
    const WHAT: &'static str = "opened note";

    fn write(&self, writer: &mut Writer) {
        self.content.write(writer);
        write_optional(writer, self.snapshot.as_deref());
        self.version.write(writer);
        writer.count(self.refused.len());
        self.refused.iter().for_each(|update| update.write(writer));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            content: Content::read(reader)?,
            snapshot: read_optional(reader, SNAPSHOT_BYTES_MAX, "snapshot")?,
            version: Version::read(reader)?,
            refused: read_refused(reader)?,
        })
    }
}

fn read_refused(reader: &mut Reader<'_>) -> Result<Vec<RefusedUpdate>, DecodeError> {
    let mut refused: Vec<RefusedUpdate> = Vec::new();
    for _ in 0..reader.count(UPDATES_MAX, "refused updates")? {
        let update = RefusedUpdate::read(reader)?;
        if refused
            .last()
            .is_some_and(|last| last.index >= update.index)
        {
            return Err(DecodeError::Rule {
                what: "the refused updates are not in order",
            });
        }
        refused.push(update);
    }
    Ok(refused)
}

impl Wire for RefusedUpdate {
    const WHAT: &'static str = "refused update";

    fn write(&self, writer: &mut Writer) {
        self.refusal.write(writer.u32(self.index));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            index: reader.u32("index")?,
            refusal: Refusal::read(reader)?,
        })
    }
}
