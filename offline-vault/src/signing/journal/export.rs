//! A signature journal for others: readable on any machine, without the vault.
//!
//! Spec: spec/keys.md, "Export".

use std::fmt::Write as _;

use bundle_format::identity::{Identity, IdentityKey};
use data_encoding::BASE64;
use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::{PublicKey, Signed, Statement};

use super::{Entry, EntryHash, JournalError, verify_chain};
use crate::clock::UnixTime;
use crate::store::Tables;

/// What a vault says of its journal as a whole, so that nobody can cut off its end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    vault: PublicKey,
    entry_count: u64,
    last: EntryHash,
    at: UnixTime,
}

impl Wire for Head {
    const WHAT: &'static str = "head of a signature journal";

    fn write(&self, writer: &mut Writer) {
        writer.u8(VERSION).put(&self.vault.0).u64(self.entry_count);
        writer.put(&self.last.0).put(&self.at.0.to_be_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("journal head version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "journal head version",
            });
        }
        Ok(Self {
            vault: PublicKey(reader.take_array("vault")?),
            entry_count: reader.u64("entry count")?,
            last: EntryHash(reader.take_array("last entry")?),
            at: UnixTime(i64::from_be_bytes(reader.take_array("time")?)),
        })
    }
}

impl Statement for Head {
    const LABEL: &'static str = "causeway/signing/v1 journal head";

    fn signer(&self) -> PublicKey {
        self.vault
    }
}

/// A journal of which every entry was checked.
#[derive(Debug)]
pub struct CheckedJournal {
    /// Whose it is.
    pub vault: IdentityKey,
    /// When it was exported, by that vault's clock.
    pub exported_at: UnixTime,
    /// All entries, oldest first.
    pub entries: Vec<Entry>,
}

/// The whole journal as text: a title, the head, one line for each entry.
///
/// # Errors
/// [`JournalError`]: what does not verify is not given away.
pub fn export(
    tables: &Tables<'_>,
    identity: &Identity,
    now: UnixTime,
) -> Result<String, JournalError> {
    let entries = tables.signature_entries()?;
    verify_chain(&entries, identity.key())?;
    let head = Head {
        vault: PublicKey(identity.key().0),
        entry_count: entries.len() as u64,
        last: last_hash(&entries),
        at: now,
    };
    let head = head.sign(identity.seed());
    let mut text = format!("{TITLE}\n{}\n", BASE64.encode(&head.to_wire()));
    for entry in &entries {
        let _ = writeln!(text, "{}", BASE64.encode(&entry.to_wire()));
    }
    Ok(text)
}

/// Reads an export and checks all of it. Whose vault it is, the caller has to compare.
///
/// # Errors
/// [`JournalError::Format`], [`JournalError::Altered`], [`JournalError::Broken`],
/// [`JournalError::Cut`].
pub fn check_export(text: &str) -> Result<CheckedJournal, JournalError> {
    let mut lines = text.lines();
    if lines.next() != Some(TITLE) {
        return Err(DecodeError::Rule {
            what: "the first line is not its title",
        }
        .into());
    }
    let head: Signed<Head> = line_of(lines.next().unwrap_or_default())?;
    let head = head
        .verify()
        .map_err(|source| JournalError::Altered { number: 0, source })?;
    let entries: Vec<Signed<Entry>> = lines.map(line_of).collect::<Result<_, _>>()?;
    let vault = IdentityKey(head.vault.0);
    verify_chain(&entries, vault)?;
    let found = entries.len() as u64;
    if found != head.entry_count {
        let stated = head.entry_count;
        return Err(JournalError::Cut { found, stated });
    }
    if last_hash(&entries) != head.last {
        return Err(JournalError::Broken { number: found });
    }
    Ok(CheckedJournal {
        vault,
        exported_at: head.at,
        entries: entries
            .iter()
            .map(|it| it.peek_statement().clone())
            .collect(),
    })
}

fn last_hash(entries: &[Signed<Entry>]) -> EntryHash {
    let last = entries.last();
    last.map_or(EntryHash::BEFORE_THE_FIRST, EntryHash::of)
}

fn line_of<T: Wire>(line: &str) -> Result<T, DecodeError> {
    let bytes = BASE64
        .decode(line.as_bytes())
        .map_err(|_| DecodeError::Rule {
            what: "a line is not base64",
        })?;
    T::from_wire(&bytes)
}

/// The first line of every export.
const TITLE: &str = "causeway-signature-journal-1";
/// The version of heads.
const VERSION: u8 = 1;
