//! What a worker answers.

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::bytes::{read_optional, write_optional};
use crate::content::Content;
use crate::error::Refusal;
use crate::limits::{SNAPSHOT_BYTES_MAX, UPDATE_BYTES_MAX};
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
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            content: Content::read(reader)?,
            snapshot: read_optional(reader, SNAPSHOT_BYTES_MAX, "snapshot")?,
            version: Version::read(reader)?,
        })
    }
}
