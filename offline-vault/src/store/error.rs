//! What can go wrong with the database.

use pack_format::advice::{Advice, Exit};
use rusqlite::ErrorCode;
use thiserror::Error;

/// Why the database did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The machine failed, or a use case broke a rule of the tables.
    #[error("could not {doing}: {source}")]
    Failed {
        /// What was being done, as a verb.
        doing: &'static str,
        /// The library's reason.
        source: rusqlite::Error,
    },
    /// The disk is full.
    #[error("could not {doing}: the disk is full")]
    Full {
        /// What was being done, as a verb.
        doing: &'static str,
    },
    /// The file is not the database that was written, or a value in it makes no sense.
    #[error("could not {doing}: the database is damaged: {source}")]
    Damaged {
        /// What was being done, as a verb.
        doing: &'static str,
        /// The library's reason.
        source: rusqlite::Error,
    },
    /// The check of the database found something.
    #[error("the database is damaged: {found}")]
    Inconsistent {
        /// What the check said.
        found: String,
    },
    /// A newer program changed the tables in a way that this one cannot read.
    #[error(
        "the database needs a program that knows version {readable_by}, this one knows {known}"
    )]
    Newer {
        /// The lowest version that may read the database.
        readable_by: u32,
        /// The version of this program.
        known: u32,
    },
}

impl StoreError {
    /// Sorts the library's errors by who can do something about them.
    pub(super) fn of(doing: &'static str, source: rusqlite::Error) -> Self {
        let value_makes_no_sense = matches!(
            source,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::QueryReturnedNoRows
        );
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged { doing, source }
            }
            Some(ErrorCode::DiskFull) => Self::Full { doing },
            _ if value_makes_no_sense => Self::Damaged { doing, source },
            _ => Self::Failed { doing, source },
        }
    }

    /// Whether the fault is in what was to be stored, rather than in the machine.
    pub(crate) fn is_of_the_content(&self) -> bool {
        let Self::Failed { source, .. } = self else {
            return false;
        };
        let breaks_rule = matches!(
            source.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
        );
        breaks_rule || matches!(source, rusqlite::Error::ToSqlConversionFailure(_))
    }
}

impl Advice for StoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "store-failed",
            Self::Full { .. } => "store-full",
            Self::Damaged { .. } | Self::Inconsistent { .. } => "store-damaged",
            Self::Newer { .. } => "store-newer",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Failed { .. } | Self::Full { .. } => {
                "The change did not happen, and everything stored before is as it was."
            }
            Self::Damaged { .. } | Self::Inconsistent { .. } => {
                "Nothing was changed now, but something in the vault cannot be read any more."
            }
            Self::Newer { .. } => "Nothing was changed, and everything is there.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Failed { .. } => "Run the command again; if it fails again, check the disk.",
            Self::Full { .. } => "Make room on the disk, then run the command again.",
            Self::Damaged { .. } | Self::Inconsistent { .. } => {
                "Copy the vault directory as it is to another disk, then restore your newest \
                 backup."
            }
            Self::Newer { .. } => "Use the newer offline-vault that last opened this vault.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Damaged { .. } | Self::Inconsistent { .. } | Self::Newer { .. } => Exit::Refused,
            Self::Failed { .. } | Self::Full { .. } => Exit::Failed,
        }
    }
}
