//! Why a note could not be read or changed.

use std::{fmt, io, path::PathBuf, time::Duration};

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use thiserror::Error;

use crate::version::PeerId;

/// Which bytes of a request are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The snapshot.
    Snapshot,
    /// The update at this index, from 0.
    Update(u32),
    /// The proposal.
    Proposal,
}

/// Which part of a result is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The text.
    Text,
    /// The marked ranges.
    Spans,
    /// The update that was made.
    Update,
    /// The snapshot that was made.
    Snapshot,
    /// The authors.
    Authors,
}

/// Why a worker does not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The request itself could not be read: the two programs are of different versions.
    #[error("the request was not understood")]
    Request,
    /// The bytes are not what the place is for.
    #[error("{place} cannot be read")]
    Unreadable {
        /// Where they are.
        place: Place,
    },
    /// An update holds operations of somebody who is not its author: they would be taken for
    /// his, and his own would be passed over.
    #[error("{place} holds changes in the name of another author")]
    ForeignPeer {
        /// Where they are.
        place: Place,
        /// In whose name.
        peer: PeerId,
    },
    /// An update builds on operations that are not in the document.
    #[error("{place} builds on changes that are not there")]
    MissingOperations {
        /// Which.
        place: Place,
    },
    /// An update does not begin where its author's operations in the document end: it would
    /// replace some, or is there already.
    #[error("{place} repeats changes that are there")]
    KnownOperations {
        /// Which.
        place: Place,
    },
    /// A range is empty, leaves the text, or cuts a character.
    #[error("change {change} is of a part that the text does not have")]
    Range {
        /// The change, from 0.
        change: u32,
    },
    /// The peer id is one that cannot be written under.
    #[error("nobody can write under this peer id")]
    UnusablePeer,
    /// The result is over a limit.
    #[error("{part} too large")]
    TooLarge {
        /// What is.
        part: Part,
    },
    /// What was made of the updates reads otherwise a second time, or not at all.
    #[error("the changes do not read the same a second time")]
    NotStable,
    /// The machine did not take the confinement, so that nothing was read.
    #[error("the machine does not confine the process that reads notes")]
    Unconfined,
    /// The library that reads notes stumbled.
    #[error("the process that reads notes failed")]
    Fault,
}

/// Why there is no response, or why it is a refusal.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The program is not there or cannot be started.
    #[error("the program that reads notes is not there: {path:?}")]
    NotInstalled {
        /// Where it should be.
        path: PathBuf,
    },
    /// The request is over a limit.
    #[error("the note is too large")]
    TooLarge(#[source] DecodeError),
    /// The machine failed while the process ran.
    #[error("the process that reads notes could not be run")]
    Machine(#[source] io::Error),
    /// The process did not answer in time, and was ended.
    #[error("the note was not read within {} seconds", limit.as_secs())]
    TooSlow {
        /// How long was waited.
        limit: Duration,
    },
    /// The process ended without an answer: it used more memory or time than it may, or failed.
    #[error("the process that reads notes has ended{}", SignalShown(*signal))]
    Ended {
        /// The signal that ended it.
        signal: Option<i32>,
    },
    /// The answer is none.
    #[error("the process that reads notes gave no proper answer")]
    Nonsense(#[source] DecodeError),
    /// It refused.
    #[error("the note was refused")]
    Refused(#[source] Refusal),
}

/// `SIGXCPU`.
const TIME_USED_UP: i32 = 24;
/// `SIGABRT`, which is how an allocation that fails ends a program.
const ABORTED: i32 = 6;

struct SignalShown(Option<i32>);

impl fmt::Display for SignalShown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(TIME_USED_UP) => formatter.write_str(": it needed more time than it may use"),
            Some(ABORTED) => formatter.write_str(": it needed more memory than it may use"),
            Some(number) => write!(formatter, " by signal {number}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot => formatter.write_str("the snapshot"),
            Self::Update(index) => write!(formatter, "update {index}"),
            Self::Proposal => formatter.write_str("the proposal"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "the text is",
            Self::Spans => "the number of marks is",
            Self::Update => "the change is",
            Self::Snapshot => "the history is",
            Self::Authors => "the number of authors is",
        })
    }
}

impl Wire for Place {
    const WHAT: &'static str = "place";

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Snapshot => writer.u8(1),
            Self::Update(index) => writer.u8(2).u32(*index),
            Self::Proposal => writer.u8(3),
        };
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8(Self::WHAT)? {
            1 => Self::Snapshot,
            2 => Self::Update(reader.u32("index")?),
            3 => Self::Proposal,
            _ => return Err(DecodeError::Unknown { what: Self::WHAT }),
        })
    }
}

impl Wire for Part {
    const WHAT: &'static str = "part";

    fn write(&self, writer: &mut Writer) {
        writer.u8(match self {
            Self::Text => 1,
            Self::Spans => 2,
            Self::Update => 3,
            Self::Snapshot => 4,
            Self::Authors => 5,
        });
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8(Self::WHAT)? {
            1 => Self::Text,
            2 => Self::Spans,
            3 => Self::Update,
            4 => Self::Snapshot,
            5 => Self::Authors,
            _ => return Err(DecodeError::Unknown { what: Self::WHAT }),
        })
    }
}

impl Wire for Refusal {
    const WHAT: &'static str = "refusal";

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Request => {
                writer.u8(1);
            }
            Self::Unreadable { place } => place.write(writer.u8(2)),
            Self::ForeignPeer { place, peer } => {
                place.write(writer.u8(3));
                peer.write(writer);
            }
            Self::MissingOperations { place } => place.write(writer.u8(4)),
            Self::KnownOperations { place } => place.write(writer.u8(5)),
            Self::Range { change } => {
                writer.u8(6).u32(*change);
            }
            Self::UnusablePeer => {
                writer.u8(7);
            }
            Self::TooLarge { part } => part.write(writer.u8(8)),
            Self::Unconfined => {
                writer.u8(9);
            }
            Self::Fault => {
                writer.u8(10);
            }
            Self::NotStable => {
                writer.u8(11);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8(Self::WHAT)? {
            1 => Self::Request,
            2 => Self::Unreadable {
                place: Place::read(reader)?,
            },
            3 => Self::ForeignPeer {
                place: Place::read(reader)?,
                peer: PeerId::read(reader)?,
            },
            4 => Self::MissingOperations {
                place: Place::read(reader)?,
            },
            5 => Self::KnownOperations {
                place: Place::read(reader)?,
            },
            6 => Self::Range {
                change: reader.u32("change")?,
            },
            7 => Self::UnusablePeer,
            8 => Self::TooLarge {
                part: Part::read(reader)?,
            },
            9 => Self::Unconfined,
            10 => Self::Fault,
            11 => Self::NotStable,
            _ => return Err(DecodeError::Unknown { what: Self::WHAT }),
        })
    }
}
