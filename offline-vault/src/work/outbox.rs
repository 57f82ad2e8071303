//! What was sealed here, how far each bundle got, and what to do about those that are stuck.

use bundle_format::receipt::{Receipt, TAKEN_MAX, TakenBundle, missing_ranges};
use pack_format::codec::Wire as _;

use super::inbox::{InboxItem, inbox_item};
use super::seal::{Draft, seal_into_vault};
use super::send::has_way;
use super::walk::NewContents;
use super::{ItemId, WorkError};
use crate::clock::UnixTime;
use crate::files::remove_if_present;
use crate::names::LocalName;
use crate::store::{
    Contact, Incoming, Outgoing, OutgoingId, OutgoingKind, Recipient, RecipientState,
};
use crate::vault::Vault;

/// How far a bundle got towards one reader.
#[derive(Debug)]
pub struct ReaderStatus {
    /// The reader.
    pub nickname: LocalName,
    /// The bundle's number for this reader.
    pub sequence: u64,
    /// How far it got.
    pub state: RecipientState,
    /// Since when this vault knows.
    pub state_at: UnixTime,
    /// It goes out once more with the next crossing.
    pub is_sent_again: bool,
    /// The reader has restored their vault since and cannot open it any more.
    pub is_stranded: bool,
}

/// One bundle that was sealed here.
#[derive(Debug)]
pub struct OutboxItem {
    /// Its name here.
    pub item: ItemId,
    /// What it holds.
    pub summary: String,
    /// Bytes of the sealed bundle.
    pub size_bytes: u64,
    /// When it was sealed.
    pub created_at: UnixTime,
    /// Every reader has confirmed it and the vault's copy is gone.
    pub is_freed: bool,
    /// Its readers.
    pub readers: Vec<ReaderStatus>,
}

/// Everything that was sent, oldest first. Receipts, which the vault sends by itself, are left
/// out.
///
/// # Errors
/// [`WorkError::Vault`].
pub fn outbox(vault: &Vault) -> Result<Vec<OutboxItem>, WorkError> {
    let rows = vault.store().read().outgoing()?;
    let work = rows.iter().filter(|row| row.kind == OutgoingKind::Work);
    work.map(|row| outbox_item(vault, row)).collect()
}

fn outbox_item(vault: &Vault, row: &Outgoing) -> Result<OutboxItem, WorkError> {
    let tables = vault.store().read();
    let mut readers = Vec::new();
    for recipient in tables.recipients(row.id)? {
        let Some(contact) = tables.contact(recipient.contact_id)? else {
            continue;
        };
        readers.push(reader_status(contact, &recipient));
    }
    Ok(OutboxItem {
        item: ItemId::Out(row.id),
        summary: row.summary.clone(),
        size_bytes: row.size_bytes,
        created_at: row.created_at,
        is_freed: row.freed,
        readers,
    })
}

fn reader_status(contact: Contact, recipient: &Recipient) -> ReaderStatus {
    ReaderStatus {
        nickname: contact.nickname,
        sequence: recipient.sequence,
        state: recipient.state,
        state_at: recipient.state_at,
        is_sent_again: recipient.resend,
        is_stranded: recipient.stranded,
    }
}

/// One bundle that a person sent.
pub(crate) fn find_outgoing(vault: &Vault, id: OutgoingId) -> Result<Outgoing, WorkError> {
    let rows = vault.store().read().outgoing()?;
    let found = rows
        .into_iter()
        .find(|row| row.id == id && row.kind == OutgoingKind::Work);
    found.ok_or(WorkError::ItemUnknown {
        item: ItemId::Out(id),
    })
}

/// Has a bundle go out once more with the next crossing, to everybody who has not confirmed it.
///
/// # Errors
/// [`WorkError::ItemUnknown`], [`WorkError::ItemFreed`], [`WorkError::ItemStranded`].
pub fn send_again(vault: &Vault, id: OutgoingId) -> Result<OutboxItem, WorkError> {
    let row = find_outgoing(vault, id)?;
    if row.freed {
        return Err(WorkError::ItemFreed {
            item: ItemId::Out(id),
        });
    }
    let recipients = vault.store().read().recipients(id)?;
    let waiting = |it: &&Recipient| it.state < RecipientState::Confirmed && !it.stranded;
    if recipients.iter().find(waiting).is_none() {
        return Err(WorkError::ItemStranded {
            item: ItemId::Out(id),
        });
    }
    vault.store().write(|changes| {
        for recipient in changes.recipients(id)? {
            if recipient.state < RecipientState::Confirmed && !recipient.stranded {
                changes.set_recipient_resend(id, recipient.contact_id, true)?;
            }
        }
        Ok::<_, WorkError>(())
    })?;
    outbox_item(vault, &row)
}

/// Forgets a bundle that was sealed here. What has left the vault cannot be called back; a reader
/// who does not get it sees that a number is missing.
///
/// # Errors
/// [`WorkError::ItemUnknown`], [`WorkError::Vault`].
pub fn withdraw(vault: &Vault, id: OutgoingId, now: UnixTime) -> Result<OutboxItem, WorkError> {
    let row = find_outgoing(vault, id)?;
    let item = outbox_item(vault, &row)?;
    vault.store().write(|changes| {
        changes.remove_outgoing(id)?;
        changes.note(now, &format!("{} was withdrawn.", ItemId::Out(id)))
    })?;
    remove_if_present(&vault.paths().bundles().join(&row.file))?;
    Ok(item)
}

/// Bundles of a contact that were sent and have not arrived, although later ones have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Who sent them.
    pub from: LocalName,
    /// The first missing number.
    pub first: u64,
    /// The last missing number in a row.
    pub last: u64,
}

/// Every gap, by contact.
///
/// # Errors
/// [`WorkError::Vault`].
pub fn gaps(vault: &Vault) -> Result<Vec<Gap>, WorkError> {
    let tables = vault.store().read();
    let mut gaps = Vec::new();
    for contact in tables.contacts()? {
        let (incarnation, _) = contact.card.age();
        let taken = tables.sequences_from(contact.card.identity(), incarnation)?;
        for (first, last) in missing_ranges(&taken) {
            gaps.push(Gap {
                from: contact.nickname.clone(),
                first,
                last,
            });
        }
    }
    Ok(gaps)
}

/// Seals a receipt to every verified contact whose bundles were taken in since the last one, so
/// that it leaves with the same crossing.
pub(crate) fn seal_due_receipts(vault: &Vault, now: UnixTime) -> Result<(), WorkError> {
    let tables = vault.store().read();
    let lanes = tables.lanes()?;
    let incoming = tables.incoming()?;
    for contact in tables.contacts()? {
        if contact.verification.is_none() || !has_way(&contact, &lanes) {
            continue;
        }
        // Only the newest incarnation is there to read a receipt.
        let (incarnation, _) = contact.card.age();
        let due: Vec<&Incoming> = incoming
            .iter()
            .filter(|row| row.bundle.contact_id == Some(contact.id) && !row.receipted)
            .filter(|row| row.bundle.incarnation == incarnation)
            .take(RECEIPT_MAX)
            .collect();
        if due.is_empty() {
            continue;
        }
        let of_row = |row: &&Incoming| TakenBundle {
            sequence: row.bundle.sequence,
            content_id: row.bundle.content_id,
        };
        // The newest that were receipted before are named again, in case that receipt was lost.
        let repeated = incoming
            .iter()
            .rev()
            .filter(|row| row.bundle.contact_id == Some(contact.id) && row.receipted)
            .filter(|row| row.bundle.incarnation == incarnation)
            .take(RECEIPTS_REPEATED.min(RECEIPT_MAX - due.len()));
        let mut taken: Vec<TakenBundle> = due
            .iter()
            .copied()
            .chain(repeated)
            .map(|row| of_row(&row))
            .collect();
        taken.sort_unstable();
        let sequences = tables.sequences_from(contact.card.identity(), incarnation)?;
        let receipt = Receipt {
            incarnation,
            taken,
            missing: missing_ranges(&sequences),
        };
        let draft = Draft {
            kind: OutgoingKind::Receipt,
            contents: NewContents {
                receipt: Some(receipt.to_wire()),
                ..NewContents::default()
            },
            summary: format!("receipt for {} bundles", due.len()),
        };
        seal_into_vault(vault, &[contact], draft, now, &mut |_| true, |changes| {
            for row in &due {
                changes.set_incoming_receipted(row.id, true)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// One bundle and where it is, in words.
#[derive(Debug)]
pub struct Explanation {
    /// The item.
    pub letter: Letter,
    /// What is known, one sentence each.
    pub known: Vec<String>,
    /// What to do, one sentence each; empty when nothing is to be done.
    pub next: Vec<String>,
}

/// Either kind of item.
#[derive(Debug)]
pub enum Letter {
    /// One that came.
    In(InboxItem),
    /// One that was sealed here.
    Out(OutboxItem),
}

/// Says where a bundle is, why it has not arrived, and what to do.
///
/// # Errors
/// [`WorkError::ItemUnknown`].
pub fn explain(vault: &Vault, item: ItemId) -> Result<Explanation, WorkError> {
    match item {
        ItemId::Out(id) => explain_out(vault, id),
        ItemId::In(id) => {
            let row = vault.store().read().incoming_bundle(id)?;
            explain_in(vault, &row.ok_or(WorkError::ItemUnknown { item })?)
        }
    }
}

fn explain_out(vault: &Vault, id: OutgoingId) -> Result<Explanation, WorkError> {
    let row = find_outgoing(vault, id)?;
    let item = outbox_item(vault, &row)?;
    let tables = vault.store().read();
    let lanes = tables.lanes()?;
    let (mut known, mut next) = (Vec::new(), Vec::new());
    if row.freed {
        known.push("Every reader has confirmed it; the vault's own copy was freed.".to_owned());
    }
    for reader in &item.readers {
        let (name, at) = (&reader.nickname, reader.state_at);
        known.push(match reader.state {
            RecipientState::Ready => format!("For {name}: ready to carry, in this vault only."),
            RecipientState::OnStick => format!(
                "For {name}: on a stick that was read back, as of {at}. Whether the stick has \
                 arrived is not known."
            ),
            RecipientState::WithCourier => format!("For {name}: with the courier, as of {at}."),
            RecipientState::WithRelay => format!(
                "For {name}: with the relay, which has signed for it, as of {at}. Not known since."
            ),
            RecipientState::TakenIn => {
                format!("For {name}: taken in by {name}'s vault, as of {at}.")
            }
            RecipientState::Confirmed => format!("Confirmed by {name} (signed receipt), {at}."),
        });
        let contact = tables.contact_named(name)?;
        if let Some(contact) = contact.filter(|contact| !has_way(contact, &lanes)) {
            next.push(no_way(&contact));
        } else if let Some(step) = next_for(reader, item.item) {
            next.push(step);
        }
    }
    let mention = format!("{}: ", item.item);
    known.extend(notes_about(vault, &mention)?);
    Ok(Explanation {
        letter: Letter::Out(item),
        known,
        next,
    })
}

fn no_way(contact: &Contact) -> String {
    let name = &contact.nickname;
    if contact.card.mailboxes().is_empty() {
        return format!(
            "There is no way to {name} yet: their card names no relay. Pair the two vaults \
             (offline-vault pair show --name {name} --contact {name}), or ask for a newer card."
        );
    }
    "There is no way out yet: pair this vault with a courier (offline-vault pair show --name \
     courier)."
        .to_owned()
}

fn next_for(reader: &ReaderStatus, item: ItemId) -> Option<String> {
    let name = &reader.nickname;
    if reader.is_stranded {
        return Some(format!(
            "{name} has restored their vault since and cannot open it. Send it anew: \
             `offline-vault save {item} --to DIR`, then `offline-vault send`."
        ));
    }
    if reader.is_sent_again {
        return Some("It goes out once more with the next crossing.".to_owned());
    }
    match reader.state {
        RecipientState::Ready => {
            Some("Plug in a stick: offline-vault sync --stick PATH.".to_owned())
        }
        RecipientState::OnStick => Some(format!(
            "Carry the stick to the courier and back. If the stick is lost, any other stick does: \
             the vault writes {item} again until the courier has signed for it."
        )),
        RecipientState::WithCourier => Some(
            "The courier has to go online (online-relay courier sync), and its next stick brings \
             the news."
                .to_owned(),
        ),
        RecipientState::WithRelay => Some(format!(
            "{name}'s courier has to fetch it and {name} has to take it in. If that should have \
             happened long ago, ask {name}, or send it again: offline-vault outbox again {item}."
        )),
        RecipientState::TakenIn => Some(format!(
            "The signed receipt comes with the next stick from {name}."
        )),
        RecipientState::Confirmed => None,
    }
}

fn explain_in(vault: &Vault, row: &Incoming) -> Result<Explanation, WorkError> {
    let item = inbox_item(vault, row)?;
    let mut known = vec![
        format!(
            "Every byte of it was verified when it was taken in, {}.",
            row.bundle.taken_at
        ),
        format!(
            "Its sender's clock said {}; this is a claim, not a proof.",
            row.bundle.created_at
        ),
    ];
    let mut next = Vec::new();
    match &item.from {
        super::Origin::Contact {
            nickname,
            verified: true,
        } => {
            known.push(format!(
                "It is signed by {nickname}, whose words you have compared."
            ));
            let contact = vault.store().read().contact_named(nickname)?;
            let lanes = vault.store().read().lanes()?;
            let has_way_back = contact.is_some_and(|contact| has_way(&contact, &lanes));
            let receipt = match (row.receipted, has_way_back) {
                (true, _) => "A receipt was sealed",
                (false, true) => "A receipt is sealed with the next crossing",
                (false, false) => "There is no way back to them yet, so no receipt can go out",
            };
            known.push(format!("{receipt}."));
        }
        super::Origin::Contact {
            nickname,
            verified: false,
        } => {
            known.push(format!(
                "It is signed by {nickname}, whose words you have not compared; no receipt goes \
                 out until you have."
            ));
            next.push(format!(
                "Compare the words: offline-vault contact verify {nickname}."
            ));
        }
        super::Origin::Unknown { words } => {
            known.push(format!(
                "It is signed by a key that no contact has. Its words: {words}."
            ));
            next.push(format!(
                "If you know who it is, add them: offline-vault contact accept {}.",
                item.item
            ));
        }
    }
    if row.damaged {
        known.push("The disk has damaged it since: it does not verify any more.".to_owned());
        next.push("Ask the sender to send it again.".to_owned());
    }
    Ok(Explanation {
        letter: Letter::In(item),
        known,
        next,
    })
}

/// What the journal says about one item.
fn notes_about(vault: &Vault, mention: &str) -> Result<Vec<String>, WorkError> {
    let journal = vault.store().read().journal(JOURNAL_LOOKED_AT)?;
    let about = journal.iter().filter(|entry| entry.text.contains(mention));
    Ok(about
        .map(|entry| format!("{}: {}", entry.at, entry.text))
        .collect())
}

/// Bundles in one receipt.
const RECEIPT_MAX: usize = TAKEN_MAX as usize;
/// Bundles that a receipt names again although one before has named them.
const RECEIPTS_REPEATED: usize = 50;
/// Newest journal entries searched for an item.
const JOURNAL_LOOKED_AT: u32 = 1000;
