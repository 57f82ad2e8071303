//! What came: listing it, reading it, saving its files, and accepting its sender.

use std::path::{Path, PathBuf};

use bundle_format::card::Card;
use bundle_format::content::Progress;
use bundle_format::identity::Fingerprint;
use bundle_format::manifest::EntryKind;
use bundle_format::open::{BundleKey, Depth, OpenError, UncheckedBundle, VerifiedBundle};
use pack_format::chunked::ChunkedError;

use super::bundle_file::BundleFile;
use super::outbox::find_outgoing;
use super::release::Release;
use super::{ItemId, WorkError};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{Incoming, IncomingId, OutgoingId};
use crate::vault::{AddedCard, Vault};

/// Who a bundle is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A contact.
    Contact {
        /// What the person calls them.
        nickname: LocalName,
        /// Their words were compared.
        verified: bool,
    },
    /// Somebody whose card was never added. The signature is good; who they are is not known.
    Unknown {
        /// The eight words of their key.
        words: String,
    },
}

/// One bundle that came.
#[derive(Debug)]
pub struct InboxItem {
    /// Its name here.
    pub item: ItemId,
    /// Who sealed it.
    pub from: Origin,
    /// Its number from the sender.
    pub sequence: u64,
    /// When the sender's clock says it was sealed.
    pub created_at: UnixTime,
    /// When it was taken in.
    pub taken_at: UnixTime,
    /// What it holds.
    pub summary: String,
    /// Bytes of the sealed bundle.
    pub size_bytes: u64,
    /// It was read or saved.
    pub is_read: bool,
    /// Its files were saved.
    pub is_saved: bool,
    /// It does not verify any more: the disk has damaged it.
    pub is_damaged: bool,
}

/// Everything that came, oldest first.
///
/// # Errors
/// [`WorkError::Vault`].
pub fn inbox(vault: &Vault) -> Result<Vec<InboxItem>, WorkError> {
    let rows = vault.store().read().incoming()?;
    rows.into_iter()
        .map(|row| inbox_item(vault, &row))
        .collect()
}

pub(crate) fn inbox_item(vault: &Vault, row: &Incoming) -> Result<InboxItem, WorkError> {
    Ok(InboxItem {
        item: ItemId::In(row.id),
        from: origin(vault, row)?,
        sequence: row.bundle.sequence,
        created_at: row.bundle.created_at,
        taken_at: row.bundle.taken_at,
        summary: row.bundle.summary.clone(),
        size_bytes: row.bundle.size_bytes,
        is_read: row.read_at.is_some(),
        is_saved: row.saved_at.is_some(),
        is_damaged: row.damaged,
    })
}

fn origin(vault: &Vault, row: &Incoming) -> Result<Origin, WorkError> {
    let contact = match row.bundle.contact_id {
        Some(id) => vault.store().read().contact(id)?,
        None => None,
    };
    Ok(match contact {
        Some(contact) => Origin::Contact {
            verified: contact.verification.is_some(),
            nickname: contact.nickname,
        },
        None => Origin::Unknown {
            words: row.bundle.sender_identity.fingerprint().words().join(" "),
        },
    })
}

/// What a bundle says and holds.
#[derive(Debug)]
pub struct Message {
    /// The item.
    pub item: InboxItem,
    /// Its text. From outside: shown escaped.
    pub text: Option<String>,
    /// Its files and empty folders: path, bytes, executable.
    pub files: Vec<(String, u64, bool)>,
}

/// Reads a bundle's text and list of files. No file is written.
///
/// # Errors
/// [`WorkError::ItemUnknown`], [`WorkError::Open`].
pub fn read_message(vault: &Vault, id: IncomingId, now: UnixTime) -> Result<Message, WorkError> {
    let (row, bundle) = open_stored(vault, id, &mut |_| true)?;
    let entries = bundle.manifest().entries();
    let text = match entries
        .iter()
        .position(|entry| entry.kind == EntryKind::Message)
    {
        Some(index) => {
            let bytes = bundle
                .small_entry(index)
                .map_err(|source| failed(id, source))?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        None => None,
    };
    let files = entries.iter().filter_map(|entry| {
        let executable = matches!(
            entry.kind,
            EntryKind::File {
                executable: true,
                ..
            }
        );
        let path = entry.kind.path()?;
        Some((path.as_str().to_owned(), entry.size_bytes, executable))
    });
    let files = files.collect();
    vault
        .store()
        .write(|changes| changes.set_incoming_read(id, now))?;
    Ok(Message {
        item: inbox_item(vault, &row)?,
        text,
        files,
    })
}

/// Writes a bundle's files, and its text as `message.txt`, into a folder: all of them or none.
/// A bundle of the outbox can be saved as long as the vault has its copy. Returns what was put
/// into the folder.
///
/// # Errors
/// [`WorkError::File`] when something of that name is there; [`WorkError::Open`] when the bundle
/// does not verify any more: nothing of it was written out then; [`WorkError::ItemFreed`].
pub fn save(
    vault: &Vault,
    item: ItemId,
    folder: &Path,
    now: UnixTime,
    progress: &mut Progress<'_>,
) -> Result<Vec<PathBuf>, WorkError> {
    let bundle = match item {
        ItemId::In(id) => open_stored(vault, id, progress)?.1,
        ItemId::Out(id) => open_own(vault, id, progress)?,
    };
    let has_files = bundle
        .manifest()
        .entries()
        .iter()
        .any(|entry| entry.kind.path().is_some() || entry.kind == EntryKind::Message);
    if !has_files {
        return Err(WorkError::ItemHolds {
            item,
            what: "no files and no message",
        });
    }
    let mut release = Release::prepare(folder, bundle.manifest())?;
    let failed = |source| WorkError::Open { item, source };
    bundle.release(&mut release, progress).map_err(failed)?;
    let placed = release.finish()?;
    if let ItemId::In(id) = item {
        vault.store().write(|changes| {
            changes.set_incoming_read(id, now)?;
            changes.set_incoming_saved(id, now)
        })?;
    }
    Ok(placed)
}

/// What became of accepting a sender.
#[derive(Debug)]
pub struct Accepted {
    /// The contact, new or renewed.
    pub card: AddedCard,
    /// Items that are theirs.
    pub items: Vec<ItemId>,
}

/// Adds the sender of a bundle as a contact, from the card that came with it. They are not
/// verified by this.
///
/// # Errors
/// [`WorkError::ItemHolds`] when no card came with the bundle; [`WorkError::Vault`].
pub fn accept_sender(
    vault: &Vault,
    id: IncomingId,
    nickname: Option<&LocalName>,
    now: UnixTime,
) -> Result<Accepted, WorkError> {
    let (row, bundle) = open_stored(vault, id, &mut |_| true)?;
    let none = || WorkError::ItemHolds {
        item: ItemId::In(id),
        what: "no card of its sender",
    };
    let entries = bundle.manifest().entries();
    let index = entries
        .iter()
        .position(|entry| entry.kind == EntryKind::Card)
        .ok_or_else(none)?;
    let bytes = bundle
        .small_entry(index)
        .map_err(|source| failed(id, source))?;
    let card = Card::from_bytes(&bytes).map_err(|_| none())?;
    // The card of somebody else inside a bundle introduces nobody.
    if card.identity() != row.bundle.sender_identity {
        return Err(none());
    }
    let identity = card.identity();
    let added = vault.add_contact(&card, nickname, now)?;
    let rows = vault.store().read().incoming()?;
    let theirs = rows
        .iter()
        .filter(|row| row.bundle.sender_identity == identity);
    let items = theirs.map(|row| ItemId::In(row.id)).collect();
    Ok(Accepted { card: added, items })
}

/// Opens a stored bundle again and checks all of it.
fn open_stored(
    vault: &Vault,
    id: IncomingId,
    progress: &mut Progress<'_>,
) -> Result<(Incoming, VerifiedBundle<BundleFile>), WorkError> {
    let item = ItemId::In(id);
    let tables = vault.store().read();
    let row = tables
        .incoming_bundle(id)?
        .ok_or(WorkError::ItemUnknown { item })?;
    let own = vault.identity().key().fingerprint();
    let (file, key) = (&row.bundle.file, &row.bundle.bundle_key);
    let opened = open_file(vault, file, key, Some(&own), progress);
    match opened {
        Ok(bundle) => Ok((row, bundle)),
        Err(source) => {
            if source.is_refusal() {
                vault
                    .store()
                    .write(|changes| changes.set_incoming_damaged(id))?;
            }
            Err(failed(id, source))
        }
    }
}

/// Opens the vault's own copy of something that it sealed.
fn open_own(
    vault: &Vault,
    id: OutgoingId,
    progress: &mut Progress<'_>,
) -> Result<VerifiedBundle<BundleFile>, WorkError> {
    let item = ItemId::Out(id);
    let row = find_outgoing(vault, id)?;
    if row.freed {
        return Err(WorkError::ItemFreed { item });
    }
    open_file(vault, &row.file, &row.bundle_key, None, progress)
        .map_err(|source| WorkError::Open { item, source })
}

fn open_file(
    vault: &Vault,
    file: &str,
    key: &BundleKey,
    reader: Option<&Fingerprint>,
    progress: &mut Progress<'_>,
) -> Result<VerifiedBundle<BundleFile>, OpenError> {
    let path = vault.paths().bundles().join(file);
    let key = BundleKey {
        secret: key.secret.duplicate(),
        counts: key.counts,
    };
    let file = BundleFile::open(&path).map_err(ChunkedError::Read)?;
    let unlocked = UncheckedBundle::new(file).unlock_with(key)?;
    unlocked
        .verify_sender(reader)?
        .verify_content(Depth::Hashes, progress)
}

fn failed(id: IncomingId, source: OpenError) -> WorkError {
    WorkError::Open {
        item: ItemId::In(id),
        source,
    }
}
