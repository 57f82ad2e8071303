//! Sending: files, folders and a message, sealed for contacts and ready to carry.

use std::path::PathBuf;

use bundle_format::content::Progress;
use bundle_format::limits::{CONTENT_BYTES_MAX, SMALL_ENTRY_BYTES_MAX};
use bundle_format::seal::SealError;
use pack_format::codec::DecodeError;
use pack_format::shown::Shown;

use super::seal::{Draft, seal_into_vault};
use super::walk::{Found, NewContents, Special, walk};
use super::{ItemId, WorkError};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{Changes, Contact, OutgoingKind, StoredLane};
use crate::vault::{Vault, VaultError};

/// What has to be typed to send to somebody whose words were never compared.
pub const UNVERIFIED_SENTENCE: &str = "I have not checked who this is";

/// What is to be sent, to whom.
#[derive(Debug)]
pub struct SendRequest {
    /// The readers, each once.
    pub to: Vec<LocalName>,
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// A text for the readers.
    pub message: Option<String>,
    /// What to do with links and special files.
    pub special: Special,
    /// The person has typed [`UNVERIFIED_SENTENCE`].
    pub unverified_accepted: bool,
}

/// What was sealed.
#[derive(Debug)]
pub struct Sent {
    /// The new item.
    pub item: ItemId,
    /// Bytes of the sealed bundle.
    pub size_bytes: u64,
    /// Bytes of content.
    pub content_bytes: u64,
    /// Files in it.
    pub file_count: usize,
    /// Links and special files that were left out.
    pub skipped: u64,
    /// The readers.
    pub to: Vec<LocalName>,
    /// Readers whom no pairing of this vault leads to yet.
    pub without_way: Vec<LocalName>,
}

/// Seals and stores a bundle. It is ready to carry when this returns.
///
/// # Errors
/// [`WorkError`]; nothing was stored then.
pub fn send(
    vault: &Vault,
    request: &SendRequest,
    now: UnixTime,
    progress: &mut Progress<'_>,
) -> Result<Sent, WorkError> {
    let contacts = readers(vault, request)?;
    if request.paths.is_empty() && request.message.is_none() {
        return Err(WorkError::Nothing);
    }
    let message_bytes = request.message.as_ref().map_or(0, String::len);
    if message_bytes as u64 > SMALL_ENTRY_BYTES_MAX {
        return Err(WorkError::MessageLong {
            found_bytes: message_bytes,
            limit_bytes: SMALL_ENTRY_BYTES_MAX,
        });
    }
    let found = walk(&request.paths, request.special)?;
    if found.total_bytes() > CONTENT_BYTES_MAX {
        let what = "content size";
        let found = found.total_bytes();
        let over = DecodeError::OverLimit {
            what,
            found,
            limit: CONTENT_BYTES_MAX,
        };
        return Err(WorkError::Seal(SealError::Format(over)));
    }
    check_room(vault, &found)?;
    let (file_count, skipped) = (found.count(), found.skipped());
    let summary = summary(request, &found);
    let contents = NewContents {
        message: request.message.clone(),
        ..NewContents::default()
    };
    let draft = Draft {
        kind: OutgoingKind::Work,
        contents: contents.with_files(found),
        summary,
    };
    let sealed = seal_into_vault(vault, &contacts, draft, now, progress, |_| Ok(()))?;
    let lanes = vault.store().read().lanes()?;
    let without_way = contacts.iter().filter(|contact| !has_way(contact, &lanes));
    Ok(Sent {
        item: ItemId::Out(sealed.id),
        size_bytes: sealed.size_bytes,
        content_bytes: sealed.content_bytes,
        file_count,
        skipped,
        without_way: without_way
            .map(|contact| contact.nickname.clone())
            .collect(),
        to: contacts
            .into_iter()
            .map(|contact| contact.nickname)
            .collect(),
    })
}

/// Seals what is said to a contact about joining a space. It is ready to carry when this returns,
/// and `also` has happened with it.
///
/// # Errors
/// [`TeamError`]; nothing was stored then.
pub(crate) fn send_invitation(
    vault: &Vault,
    contact: &Contact,
    invitation: Vec<u8>,
    summary: String,
    now: UnixTime,
    also: impl FnOnce(&Changes<'_>) -> Result<(), WorkError>,
) -> Result<(), WorkError> {
    let contents = NewContents {
        invitation: Some(invitation),
        ..NewContents::default()
    };
    let draft = Draft {
        kind: OutgoingKind::Work,
        contents,
        summary,
    };
    let contacts = std::slice::from_ref(contact);
    seal_into_vault(vault, contacts, draft, now, &mut |_| true, also)?;
    Ok(())
}

/// Whether one of the pairings leads to the contact: its own vault, or a courier and a mailbox.
pub(crate) fn has_way(contact: &Contact, lanes: &[StoredLane]) -> bool {
    let by_courier = !contact.card.mailboxes().is_empty();
    lanes.iter().any(|lane| match lane.contact_id {
        Some(id) => id == contact.id,
        None => by_courier && lane.kind == crate::store::LaneKind::Courier,
    })
}

fn readers(vault: &Vault, request: &SendRequest) -> Result<Vec<Contact>, WorkError> {
    let mut names = request.to.clone();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(WorkError::NoReader);
    }
    let mut contacts = Vec::new();
    for nickname in names {
        let contact =
            vault
                .store()
                .read()
                .contact_named(&nickname)?
                .ok_or(VaultError::ContactUnknown {
                    nickname: nickname.clone(),
                })?;
        if contact.verification.is_none() && !request.unverified_accepted {
            return Err(WorkError::Unverified { nickname });
        }
        contacts.push(contact);
    }
    Ok(contacts)
}

/// Content that does not shrink needs its own size and a little more.
fn check_room(vault: &Vault, found: &Found) -> Result<(), WorkError> {
    let needed_bytes = found.total_bytes() + found.total_bytes() / 16 + ROOM_BYTES;
    let free_bytes = rustix::fs::statvfs(vault.paths().dir())
        .map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize));
    if free_bytes < needed_bytes {
        return Err(WorkError::DiskFull {
            free_bytes,
            needed_bytes,
        });
    }
    Ok(())
}

fn summary(request: &SendRequest, found: &Found) -> String {
    let names = request
        .paths
        .iter()
        .filter_map(|path| path.file_name()?.to_str());
    let names: Vec<String> = names.map(|name| Shown(name).to_string()).collect();
    let files = match found.count() {
        0 => String::new(),
        1 => names.join(", "),
        count => format!("{count} files: {}", names.join(", ")),
    };
    match (&request.message, files.is_empty()) {
        (Some(_), true) => "a message".to_owned(),
        (Some(_), false) => format!("a message and {files}"),
        (None, _) => files,
    }
}

/// Slots, manifest, database.
const ROOM_BYTES: u64 = 16 * 1024 * 1024;
