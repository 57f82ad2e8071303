//! What only OpenPGP keys can do: end later, change subkeys, certify, be revoked.

use super::KeyError;
use super::import::{AskPassphrase, ReadKey};
use crate::clock::UnixTime;

pub(super) fn read(
    _file: &[u8],
    _ask: &mut AskPassphrase<'_>,
    _now: UnixTime,
) -> Result<ReadKey, KeyError> {
    Err(KeyError::NotAKeyFile)
}
