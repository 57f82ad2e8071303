//! What a member may do. Each role may do what the ones below it may.

use std::fmt;

use pack_format::codec::{DecodeError, Reader, Writer};

/// A member's role, ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Carries what it cannot read.
    Courier,
    /// Reads.
    Reader,
    /// Writes messages and proposes changes.
    Suggester,
    /// Changes files, notes and records.
    Editor,
    /// Merges proposals and adopts late work.
    Approver,
    /// Adds, lowers and removes members below owner.
    Admin,
    /// Decides with the other owners who is one, and seals members.
    Owner,
}

impl Role {
    /// All roles, ascending.
    pub const ALL: [Self; 7] = [
        Self::Courier,
        Self::Reader,
        Self::Suggester,
        Self::Editor,
        Self::Approver,
        Self::Admin,
        Self::Owner,
    ];

    /// The word for it, in commands and on screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Courier => "courier",
            Self::Reader => "reader",
            Self::Suggester => "suggester",
            Self::Editor => "editor",
            Self::Approver => "approver",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Appends one byte: 1 for [`Role::Courier`] to 7 for [`Role::Owner`].
    pub fn write(self, writer: &mut Writer) {
        writer.u8(match self {
            Self::Courier => 1,
            Self::Reader => 2,
            Self::Suggester => 3,
            Self::Editor => 4,
            Self::Approver => 5,
            Self::Admin => 6,
            Self::Owner => 7,
        });
    }

    /// Reads a role.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let place = usize::from(reader.u8("role")?);
        let found = place.checked_sub(1).and_then(|place| Self::ALL.get(place));
        found.copied().ok_or(DecodeError::Unknown { what: "role" })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// How much of what was written before a new member joins it may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum History {
    /// Nothing: a new epoch begins with it.
    None,
    /// What was written in epochs that were in use at or after the newest checkpoint.
    Checkpoint,
    /// Everything.
    Full,
}

impl History {
    /// All, ascending.
    pub const ALL: [Self; 3] = [Self::None, Self::Checkpoint, Self::Full];

    /// The word for it, in commands and on screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Checkpoint => "checkpoint",
            Self::Full => "full",
        }
    }

    /// Appends one byte, 0 to 2.
    pub fn write(self, writer: &mut Writer) {
        writer.u8(match self {
            Self::None => 0,
            Self::Checkpoint => 1,
            Self::Full => 2,
        });
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let place = usize::from(reader.u8("history")?);
        let found = Self::ALL.get(place).copied();
        found.ok_or(DecodeError::Unknown { what: "history" })
    }
}

impl fmt::Display for History {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}
