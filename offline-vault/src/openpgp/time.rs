//! Between the vault's times and the library's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::OpenPgpError;
use crate::clock::UnixTime;

/// The library's form of a time. OpenPGP ends in 2106, when 32 bits of seconds do.
pub(super) fn to_library(time: UnixTime) -> Result<SystemTime, OpenPgpError> {
    let seconds = u64::from(seconds(time)?);
    Ok(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// The seconds as OpenPGP writes them.
pub(super) fn seconds(time: UnixTime) -> Result<u32, OpenPgpError> {
    u32::try_from(time.0).map_err(|_| OpenPgpError::TimeOutOfRange { time })
}

/// The vault's form of a time.
pub(super) fn from_library(time: SystemTime) -> UnixTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::of_secs(since.as_secs())
}
