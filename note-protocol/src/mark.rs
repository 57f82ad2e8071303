//! The marks of a rich text: a fixed, small set.

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::limits::{HEADING_LEVEL_MAX, LINK_BYTES_MAX, LIST_DEPTH_MAX};

/// What a part of a text is marked as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Bold letters.
    Bold,
    /// Italic letters.
    Italic,
    /// The line is a heading of this level, from 1 to [`HEADING_LEVEL_MAX`].
    Heading(u8),
    /// A link to this target, which is not checked to be of any form: shown, never followed. From
    /// 1 to [`LINK_BYTES_MAX`] bytes.
    Link(String),
    /// The line is an item of a list at this depth, from 0 to [`LIST_DEPTH_MAX`].
    ListItem(u8),
}

/// A mark without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// [`Mark::Bold`].
    Bold,
    /// [`Mark::Italic`].
    Italic,
    /// [`Mark::Heading`].
    Heading,
    /// [`Mark::Link`].
    Link,
    /// [`Mark::ListItem`].
    ListItem,
}

impl MarkKind {
    /// All kinds, ascending.
    pub const ALL: [Self; 5] = [
        Self::Bold,
        Self::Italic,
        Self::Heading,
        Self::Link,
        Self::ListItem,
    ];

    /// Whether the mark is one of whole lines: it covers each line without its end.
    #[must_use]
    pub fn is_of_lines(self) -> bool {
        matches!(self, Self::Heading | Self::ListItem)
    }
}

impl Mark {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> MarkKind {
        match self {
            Self::Bold => MarkKind::Bold,
            Self::Italic => MarkKind::Italic,
            Self::Heading(_) => MarkKind::Heading,
            Self::Link(_) => MarkKind::Link,
            Self::ListItem(_) => MarkKind::ListItem,
        }
    }

    /// Whether the value is within its limits.
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        let is_allowed = match self {
            Self::Bold | Self::Italic => true,
            Self::Heading(level) => (1..=HEADING_LEVEL_MAX).contains(level),
            Self::Link(target) => (1..=usize::from(LINK_BYTES_MAX)).contains(&target.len()),
            Self::ListItem(depth) => *depth <= LIST_DEPTH_MAX,
        };
        if is_allowed {
            Ok(())
        } else {
            Err(DecodeError::Rule {
                what: "the value of a mark is outside its limits",
            })
        }
    }

    /// This mark, if its value is within its limits.
    #[must_use]
    pub fn checked(self) -> Option<Self> {
        self.check().is_ok().then_some(self)
    }
}

impl Wire for MarkKind {
    const WHAT: &'static str = "kind of mark";

    fn write(&self, writer: &mut Writer) {
        writer.u8(match self {
            Self::Bold => 1,
            Self::Italic => 2,
            Self::Heading => 3,
            Self::Link => 4,
            Self::ListItem => 5,
        });
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8(Self::WHAT)? {
            1 => Self::Bold,
            2 => Self::Italic,
            3 => Self::Heading,
            4 => Self::Link,
            5 => Self::ListItem,
            _ => return Err(DecodeError::Unknown { what: Self::WHAT }),
        })
    }
}

impl Wire for Mark {
    const WHAT: &'static str = "mark";

    fn write(&self, writer: &mut Writer) {
        self.kind().write(writer);
        match self {
            Self::Bold | Self::Italic => {}
            Self::Heading(value) | Self::ListItem(value) => {
                writer.u8(*value);
            }
            Self::Link(target) => {
                writer.text(target);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mark = match MarkKind::read(reader)? {
            MarkKind::Bold => Self::Bold,
            MarkKind::Italic => Self::Italic,
            MarkKind::Heading => Self::Heading(reader.u8("level")?),
            MarkKind::Link => Self::Link(reader.text(LINK_BYTES_MAX, "link")?.to_owned()),
            MarkKind::ListItem => Self::ListItem(reader.u8("depth")?),
        };
        mark.check()?;
        Ok(mark)
    }
}
