//! How our types lie in columns.

use bundle_format::open::BundleKey;
use bundle_format::slot::SlotCounts;
use pack_format::codec::{DecodeError, Wire};
use pack_format::secret::Secret32;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::types::{FromSqlError, Type};
use zeroize::{Zeroize as _, Zeroizing};

use super::StoreError;
use crate::clock::UnixTime;
use crate::names::LocalName;

/// Says what was being done when the library failed.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::of(doing, source))
    }
}

/// An id that the database gave.
macro_rules! stored_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) i64);

        impl rusqlite::types::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                i64::column_result(value).map(Self)
            }
        }
    };
}

/// A choice that lies in the database as a number.
macro_rules! stored_choice {
    ($name:ident { $($variant:ident = $number:literal),+ $(,)? }) => {
        impl rusqlite::types::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                let number: i64 = match self { $(Self::$variant => $number),+ };
                Ok(number.into())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                match i64::column_result(value)? {
                    $($number => Ok(Self::$variant),)+
                    other => Err(rusqlite::types::FromSqlError::OutOfRange(other)),
                }
            }
        }
    };
}

pub(super) use {stored_choice, stored_id};

impl ToSql for UnixTime {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for UnixTime {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}

impl ToSql for LocalName {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.as_str().to_sql()
    }
}

impl FromSql for LocalName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::new(value.as_str()?).map_err(|err| FromSqlError::Other(Box::new(err)))
    }
}

/// A secret column; the copy in between is wiped.
pub(super) fn secret(row: &Row<'_>, column: &str) -> rusqlite::Result<Secret32> {
    let mut bytes: [u8; 32] = row.get(column)?;
    let secret = Secret32::new(bytes);
    bytes.zeroize();
    Ok(secret)
}

/// A secret column that may be empty.
pub(super) fn optional_secret(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Secret32>> {
    let bytes: Option<[u8; 32]> = row.get(column)?;
    Ok(bytes.map(Secret32::new))
}

/// The two columns with which a bundle is opened again.
pub(super) fn bundle_key(row: &Row<'_>) -> rusqlite::Result<BundleKey> {
    let slots: [u8; 2] = row.get("slots")?;
    let counts = SlotCounts::from_bytes(slots).map_err(not_what_was_stored)?;
    Ok(BundleKey {
        secret: secret(row, "bundle_key")?,
        counts,
    })
}

/// A column of secret bytes of any length.
pub(super) fn secret_bytes(row: &Row<'_>, column: &str) -> rusqlite::Result<Zeroizing<Vec<u8>>> {
    row.get(column).map(Zeroizing::new)
}

/// A column that holds a wire encoding.
pub(super) fn wire<T: Wire>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let bytes: Vec<u8> = row.get(column)?;
    T::from_wire(&bytes).map_err(not_what_was_stored::<DecodeError>)
}

/// What was written once does not read any more.
pub(super) fn not_what_was_stored<E: std::error::Error + Send + Sync + 'static>(
    err: E,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, Box::new(err))
}
