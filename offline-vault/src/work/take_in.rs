//! Taking in one bundle: open it, verify all of it, and only then let it change anything.

use std::path::Path;

use bundle_format::card::Card;
use bundle_format::content::Progress;
use bundle_format::identity::IdentityKey;
use bundle_format::manifest::{EntryKind, Manifest};
use bundle_format::open::{BundleKey, Depth, OpenError, UncheckedBundle, VerifiedBundle};
use bundle_format::receipt::Receipt;
use bundle_format::sender::Sender;
use bundle_format::slot::{OpenedBy, SlotOpener};
use pack_format::chunked::ChunkedError;
use pack_format::codec::Wire as _;
use pack_format::ratchet::{PackIndex, ReceiveChain};
use pack_format::relay::ContentId;
use pack_format::secret::Secret32;
use zeroize::Zeroizing;

use super::bundle_file::BundleFile;
use super::{ItemId, WorkError};
use crate::clock::UnixTime;
use crate::store::{
    ChainDirection, ChainId, Changes, Contact, ContactId, NewIncoming, Outgoing, OutgoingId,
    RecipientState, Seen, StoredChain,
};
use crate::vault::Vault;

/// The chains on which bundles may come, with the rows they were read from.
pub(crate) struct Listening {
    rows: Vec<(ChainId, ContactId)>,
    chains: Vec<ReceiveChain>,
}

impl Listening {
    pub(crate) fn new(vault: &Vault) -> Result<Self, WorkError> {
        let mut listening = Self {
            rows: Vec::new(),
            chains: Vec::new(),
        };
        for stored in vault.store().read().chains(ChainDirection::Receive)? {
            listening.rows.push((stored.id, stored.contact_id));
            listening.chains.push(read_chain(&stored)?);
        }
        Ok(listening)
    }

    pub(crate) fn opener<'a>(&'a self, vault: &'a Vault) -> SlotOpener<'a> {
        let chains: Vec<&ReceiveChain> = self.chains.iter().collect();
        SlotOpener::new(vault.decapsulation_key(), &chains)
    }

    fn row(&self, chain: usize) -> Option<(ChainId, ContactId)> {
        self.rows.get(chain).copied()
    }
}

fn read_chain(stored: &StoredChain) -> Result<ReceiveChain, WorkError> {
    ReceiveChain::from_wire(&stored.state).map_err(WorkError::Stored)
}

/// A bundle of which every byte was verified, and what it says.
pub(crate) struct VerifiedArrival {
    content_id: ContentId,
    size_bytes: u64,
    sequence: u64,
    sender: Sender,
    key: BundleKey,
    way: Way,
    summary: String,
    card: Option<Card>,
    receipt: Option<Receipt>,
    invitation: Option<Vec<u8>>,
}

/// How its slot was opened.
enum Way {
    Chain {
        id: ChainId,
        contact: ContactId,
        index: PackIndex,
    },
    Kem {
        chain_root: Secret32,
    },
}

/// What became of a bundle that was applied.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// The new item of the inbox, when the file is to be kept.
    pub(crate) item: Option<ItemId>,
    /// Bundles that readers confirmed with it.
    pub(crate) confirmed: Vec<(OutgoingId, ContactId)>,
    /// Files that nobody needs any more.
    pub(crate) freed_files: Vec<String>,
    /// Why it was refused after all.
    pub(crate) refused: Option<String>,
    /// What a contact says about joining a space, as it came.
    pub(crate) invitation: Option<(ContactId, Vec<u8>)>,
}

/// Opens and verifies a whole bundle. Nothing of the vault changes.
pub(crate) fn verify(
    vault: &Vault,
    listening: &Listening,
    opener: &SlotOpener<'_>,
    path: &Path,
    content_id: ContentId,
    progress: &mut Progress<'_>,
) -> Result<VerifiedArrival, OpenError> {
    let file = BundleFile::open(path).map_err(ChunkedError::Read)?;
    let size_bytes = pack_format::chunked::ReadAt::size_bytes(&file);
    let (unlocked, opened) = UncheckedBundle::new(file).unlock(opener)?;
    let own = vault.identity().key().fingerprint();
    let signed = unlocked.verify_sender(Some(&own))?;
    let verified = signed.verify_content(Depth::Full, progress)?;
    let way = match opened.by {
        OpenedBy::Kem { chain_root } => Way::Kem { chain_root },
        OpenedBy::Chain { chain, index } => {
            let (id, contact) = listening.row(chain).ok_or(OpenError::NotForThisVault)?;
            Way::Chain { id, contact, index }
        }
    };
    Ok(VerifiedArrival {
        content_id,
        size_bytes,
        sequence: opened.sequence,
        sender: verified.sender().clone(),
        key: duplicate_key(verified.key()),
        way,
        summary: summary_of(verified.manifest()),
        card: small(&verified, &EntryKind::Card)?.and_then(|bytes| Card::from_bytes(&bytes).ok()),
        receipt: match small(&verified, &EntryKind::Receipts)? {
            Some(bytes) => Some(Receipt::from_wire(&bytes)?),
            None => None,
        },
        invitation: small(&verified, &EntryKind::Invitation)?,
    })
}

fn duplicate_key(key: &BundleKey) -> BundleKey {
    BundleKey {
        secret: key.secret.duplicate(),
        counts: key.counts,
    }
}

fn small(
    bundle: &VerifiedBundle<BundleFile>,
    kind: &EntryKind,
) -> Result<Option<Vec<u8>>, OpenError> {
    let entries = bundle.manifest().entries();
    let index = entries.iter().position(|entry| entry.kind == *kind);
    index.map(|index| bundle.small_entry(index)).transpose()
}

/// What a bundle holds, in a few words.
pub(crate) fn summary_of(manifest: &Manifest) -> String {
    let has = |kind: &EntryKind| manifest.entries().iter().any(|entry| entry.kind == *kind);
    let mut parts = Vec::new();
    if has(&EntryKind::Message) {
        parts.push("a message".to_owned());
    }
    let paths: Vec<_> = manifest
        .entries()
        .iter()
        .filter_map(|entry| entry.kind.path())
        .collect();
    match paths.as_slice() {
        [] => {}
        [only] => parts.push(pack_format::shown::Shown(only.as_str()).to_string()),
        [first, ..] => {
            let top = first.components().next().unwrap_or_default();
            let below_one = paths
                .iter()
                .all(|path| path.components().next() == Some(top));
            let shown = pack_format::shown::Shown(top);
            let place = if below_one {
                format!(" in {shown}")
            } else {
                String::new()
            };
            parts.push(format!("{} files{place}", paths.len()));
        }
    }
    if has(&EntryKind::Invitation) {
        parts.push("an invitation or its answer".to_owned());
    }
    if parts.is_empty() && has(&EntryKind::Card) {
        parts.push("a new card".to_owned());
    }
    parts.join(" and ")
}

/// Lets a verified bundle change the vault, inside the transaction that also takes the pack in.
pub(crate) fn apply(
    changes: &Changes<'_>,
    arrival: VerifiedArrival,
    own_incarnation: u32,
    file_name: &str,
    now: UnixTime,
) -> Result<Applied, WorkError> {
    let sender = arrival.sender.identity;
    let contact = changes.contact_with_identity(sender)?;
    let contact_id = contact.as_ref().map(|contact| contact.id);
    let mut applied = Applied::default();
    let seen = Seen {
        taken_at: now,
        refused: None,
    };
    if let Way::Chain { contact, .. } = &arrival.way
        && Some(*contact) != contact_id
    {
        // Whoever has the key of one chain signs with another identity: not what was agreed.
        let reason = "sealed with the chain of another contact".to_owned();
        changes.note(now, &format!("A bundle was refused: {reason}."))?;
        applied.refused = Some(reason.clone());
        changes.insert_seen(
            arrival.content_id,
            &Seen {
                refused: Some(reason),
                ..seen
            },
        )?;
        return Ok(applied);
    }
    changes.insert_seen(arrival.content_id, &seen)?;
    let is_counted = arrival.sequence > 0;
    let left_root = take_key(
        changes,
        arrival.way,
        contact_id.filter(|_| is_counted),
        arrival.content_id,
    )?;
    if let Some(contact) = &contact {
        if let Some(card) = &arrival.card {
            renew_card(changes, contact, card, now)?;
        }
        if let Some(receipt) = &arrival.receipt
            && receipt.incarnation == own_incarnation
        {
            apply_receipt(changes, contact, receipt, now, &mut applied)?;
        }
        applied.invitation = arrival
            .invitation
            .map(|invitation| (contact.id, invitation));
    }
    if arrival.sequence == 0 {
        return Ok(applied);
    }
    note_clone(
        changes,
        sender,
        arrival.sender.incarnation,
        arrival.sequence,
        now,
    )?;
    let id = changes.insert_incoming(&NewIncoming {
        content_id: arrival.content_id,
        file: file_name.to_owned(),
        size_bytes: arrival.size_bytes,
        bundle_key: arrival.key,
        chain_root: left_root,
        sender_identity: sender,
        contact_id,
        incarnation: arrival.sender.incarnation,
        sequence: arrival.sequence,
        created_at: UnixTime::of_secs(arrival.sender.created_at),
        taken_at: now,
        summary: arrival.summary,
    })?;
    applied.item = Some(ItemId::In(id));
    Ok(applied)
}

/// Uses the slot's key up, or begins the chain that it brought. Gives the root back when there is
/// no contact to begin it with. Receipts begin no chain: nobody confirms them.
fn take_key(
    changes: &Changes<'_>,
    way: Way,
    contact: Option<ContactId>,
    content_id: ContentId,
) -> Result<Option<Secret32>, WorkError> {
    match (way, contact) {
        (Way::Chain { id, contact, index }, _) => {
            let chains = changes.chains_with(contact, ChainDirection::Receive)?;
            if let Some(stored) = chains.iter().find(|stored| stored.id == id) {
                let mut chain = read_chain(stored)?;
                chain.take(index);
                changes.set_chain_state(id, &Zeroizing::new(chain.to_wire()))?;
            }
            Ok(None)
        }
        (Way::Kem { chain_root }, Some(contact)) => {
            changes.begin_receive_chain(contact, &chain_root, content_id)?;
            Ok(None)
        }
        (Way::Kem { chain_root }, None) => Ok(Some(chain_root)),
    }
}

/// A newer card of a known person replaces the one the vault has: same key, same person.
fn renew_card(
    changes: &Changes<'_>,
    contact: &Contact,
    card: &Card,
    now: UnixTime,
) -> Result<(), WorkError> {
    if card.identity() != contact.card.identity() || card.age() <= contact.card.age() {
        return Ok(());
    }
    changes.set_contact_card(contact.id, card)?;
    if card.age().0 > contact.card.age().0 {
        changes.begin_incarnation(contact.id)?;
        let text = format!(
            "{} has restored or moved their vault, and its encryption key is a new one. If they \
             have not told you so, ask them before you send anything.",
            contact.nickname
        );
        changes.note(now, &text)?;
    } else {
        changes.note(now, &format!("{} sent a new card.", contact.nickname))?;
    }
    Ok(())
}

fn apply_receipt(
    changes: &Changes<'_>,
    contact: &Contact,
    receipt: &Receipt,
    now: UnixTime,
    applied: &mut Applied,
) -> Result<(), WorkError> {
    for taken in &receipt.taken {
        let Some(outgoing) = changes.outgoing_with_content(taken.content_id)? else {
            continue;
        };
        let recipients = changes.recipients(outgoing.id)?;
        let named = recipients
            .iter()
            .find(|it| it.contact_id == contact.id && it.sequence == taken.sequence);
        let Some(named) = named else { continue };
        if named.state < RecipientState::Confirmed {
            changes.advance_recipient(outgoing.id, contact.id, RecipientState::Confirmed, now)?;
            changes.set_recipient_resend(outgoing.id, contact.id, false)?;
            applied.confirmed.push((outgoing.id, contact.id));
        }
        changes.confirm_chain(contact.id, taken.content_id)?;
        free_if_confirmed(changes, &outgoing, applied)?;
    }
    for recipient in changes.recipients_of_contact(contact.id)? {
        let is_missing = receipt
            .missing
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&recipient.sequence));
        let was_sent = recipient.state >= RecipientState::WithCourier;
        let is_open = recipient.state < RecipientState::Confirmed && !recipient.stranded;
        if is_missing && was_sent && is_open {
            changes.set_recipient_resend(recipient.outgoing_id, contact.id, true)?;
            // Perhaps the reader cannot follow the chain: the next bundles use its card's key.
            changes.unconfirm_chains(contact.id)?;
        }
    }
    Ok(())
}

/// The sender's copy is freed only when every reader has confirmed it.
fn free_if_confirmed(
    changes: &Changes<'_>,
    outgoing: &Outgoing,
    applied: &mut Applied,
) -> Result<(), WorkError> {
    let recipients = changes.recipients(outgoing.id)?;
    let all = recipients
        .iter()
        .all(|it| it.state == RecipientState::Confirmed);
    if all && !outgoing.freed {
        changes.set_outgoing_freed(outgoing.id)?;
        applied.freed_files.push(outgoing.file.clone());
    }
    Ok(())
}

/// Two different bundles with one number mean that somebody runs a copy of the sender's vault.
fn note_clone(
    changes: &Changes<'_>,
    sender: IdentityKey,
    incarnation: u32,
    sequence: u64,
    now: UnixTime,
) -> Result<(), WorkError> {
    if changes.has_sequence_from(sender, incarnation, sequence)? {
        let words = sender.fingerprint().words().join(" ");
        let text = format!(
            "Two different bundles carry the number {sequence} of {words}: their vault may have \
             been copied. Ask them."
        );
        changes.note(now, &text)?;
    }
    Ok(())
}
