//! The append-only, hash-chained, signed list of what the keys of this vault were used for.
//!
//! Spec: spec/keys.md, "Signature journal".

mod entry;
mod export;

#[cfg(test)]
mod tests;

use bundle_format::identity::{Identity, IdentityKey};
use pack_format::advice::{Advice, Exit};
use pack_format::codec::DecodeError;
use pack_format::relay::{BadSignature, Signed};
use signing_format::key_reference::KeyReference;
use thiserror::Error;

pub use entry::{Digest, Draft, Entry, EntryHash, EntryKind};
pub use export::{CheckedJournal, check_export, export};

use crate::clock::UnixTime;
use crate::store::{Changes, StoreError, Tables};

/// Why a signature journal is not what a vault wrote.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signature of an entry is not its vault's.
    #[error("entry {number} of the signature journal was altered: {source}")]
    Altered {
        /// Which.
        number: u64,
        /// What was found.
        source: BadSignature,
    },
    /// Entries are missing, exchanged or of another vault.
    #[error("entry {number} of the signature journal does not follow the one before it")]
    Broken {
        /// Where one should be that is not.
        number: u64,
    },
    /// The export does not end where its vault said that it ends.
    #[error("the export ends at entry {found}, and its vault said {stated}")]
    Cut {
        /// The last entry that is there.
        found: u64,
        /// The last entry that was there.
        stated: u64,
    },
    /// The file is no export of a signature journal.
    #[error("this is not an export of a signature journal: {0}")]
    Format(#[from] DecodeError),
}

impl Advice for JournalError {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(err) => err.code(),
            Self::Altered { .. } => "signature-journal-altered",
            Self::Broken { .. } => "signature-journal-broken",
            Self::Cut { .. } => "signature-journal-cut",
            Self::Format(_) => "signature-journal-unreadable",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Store(err) => err.data_safe(),
            _ => "Nothing was changed.".to_owned(),
        }
    }

    fn next_step(&self) -> String {
        match self {
            Self::Store(err) => err.next_step(),
            Self::Altered { .. } | Self::Broken { .. } | Self::Cut { .. } => {
                "Do not rely on this journal; get the export again from the vault itself, and \
                 compare it with one that was made earlier."
                    .to_owned()
            }
            Self::Format(_) => {
                "Check that this is the right file; `offline-vault journal --signatures --export \
                 FILE` makes one."
                    .to_owned()
            }
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Store(err) => err.exit(),
            _ => Exit::Refused,
        }
    }
}

/// Notes what the same transaction does, and returns the entry's number.
///
/// The entry has the time of the clock, or of its floor where that is later, so that times in the
/// journal never fall.
///
/// # Errors
/// [`StoreError`].
pub fn append(
    changes: &Changes<'_>,
    draft: Draft,
    identity: &Identity,
    now: UnixTime,
) -> Result<u64, StoreError> {
    let at = now_by_floor(changes, now)?;
    let last = changes.last_signature_entry()?;
    let entry = Entry::sign(last.as_ref(), draft, identity, at);
    let number = entry.peek_statement().number();
    changes.insert_signature_entry(&entry)?;
    Ok(number)
}

/// How many signatures a key has made, and messages it has opened, within the last 24 hours.
///
/// A clock that was put back does not make room for more: the vault's floor counts as now.
///
/// # Errors
/// [`StoreError`].
pub fn made_within_a_day(
    tables: &Tables<'_>,
    key: &KeyReference,
    now: UnixTime,
) -> Result<u32, StoreError> {
    let since = UnixTime(now_by_floor(tables, now)?.0.saturating_sub(DAY_SECS));
    let mut count = 0_u32;
    let mut below = u64::MAX;
    loop {
        let page = tables.signature_entries_before(below, PAGE_ENTRIES)?;
        let Some(oldest) = page.last() else {
            return Ok(count);
        };
        below = oldest.peek_statement().number();
        for entry in page.iter().map(Signed::peek_statement) {
            if entry.at() <= since {
                return Ok(count);
            }
            let draft = entry.draft();
            count = count.saturating_add(u32::from(draft.kind.is_use() && draft.key == *key));
        }
    }
}

/// Checks the whole journal of a vault: every signature, every link, every number.
///
/// # Errors
/// [`JournalError`].
pub fn verify(tables: &Tables<'_>, vault: IdentityKey) -> Result<Vec<Entry>, JournalError> {
    let signed = tables.signature_entries()?;
    verify_chain(&signed, vault)?;
    Ok(signed
        .iter()
        .map(|it| it.peek_statement().clone())
        .collect())
}

/// Whether entries are one vault's, from the first on, each after the one before.
///
/// # Errors
/// [`JournalError::Altered`], [`JournalError::Broken`].
pub fn verify_chain(entries: &[Signed<Entry>], vault: IdentityKey) -> Result<(), JournalError> {
    let mut before = EntryHash::BEFORE_THE_FIRST;
    for (number, signed) in (1_u64..).zip(entries) {
        let entry = signed
            .verify()
            .map_err(|source| JournalError::Altered { number, source })?;
        if entry.number() != number || entry.before() != before || entry.vault() != vault {
            return Err(JournalError::Broken { number });
        }
        before = EntryHash::of(signed);
    }
    Ok(())
}

/// The clock, or the latest that it has ever shown.
fn now_by_floor(tables: &Tables<'_>, now: UnixTime) -> Result<UnixTime, StoreError> {
    Ok(now.max(tables.meta()?.clock_floor))
}

/// A day, sliding.
const DAY_SECS: i64 = 24 * 60 * 60;
/// Entries looked at in one go when counting.
const PAGE_ENTRIES: u32 = 256;
