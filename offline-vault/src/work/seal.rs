//! Sealing one bundle into the vault: the keys, the file, and the row, in an order that a pulled
//! plug cannot turn into a lost or doubled bundle.

use bundle_format::content::Progress;
use bundle_format::open::BundleKey;
use bundle_format::seal::{Reader, SealRequest, Sealed, seal};
use bundle_format::slot::SlotKey;
use pack_format::codec::Wire as _;
use pack_format::ratchet::{PackSecret, SendChain, Side};
use pack_format::relay::ContentId;
use zeroize::Zeroizing;

use super::WorkError;
use super::bundle_file::NewBundleFile;
use super::walk::NewContents;
use crate::clock::UnixTime;
use crate::store::{
    ChainDirection, Changes, Contact, ContactId, NewChain, NewOutgoing, OutgoingId, OutgoingKind,
    Recipient, RecipientState, SlotKind,
};
use crate::vault::Vault;

/// A bundle that is about to be sealed.
pub(crate) struct Draft {
    pub(crate) kind: OutgoingKind,
    pub(crate) contents: NewContents,
    pub(crate) summary: String,
}

/// A bundle that was sealed.
#[derive(Debug)]
pub(crate) struct SealedItem {
    pub(crate) id: OutgoingId,
    pub(crate) size_bytes: u64,
    pub(crate) content_bytes: u64,
}

/// How one reader will open the bundle.
enum Key {
    Chain(PackSecret),
    Kem,
}

/// Seals a draft for these contacts and stores it, ready to carry. `also` runs in the same
/// transaction as the new row.
pub(crate) fn seal_into_vault(
    vault: &Vault,
    contacts: &[Contact],
    draft: Draft,
    now: UnixTime,
    progress: &mut Progress<'_>,
    also: impl FnOnce(&Changes<'_>) -> Result<(), WorkError>,
) -> Result<SealedItem, WorkError> {
    let meta = vault.store().read().meta()?;
    let mut rng = vault.rng()?;
    let letters = address(contacts, take_chain_keys(vault, contacts)?, draft.kind);
    let mut contents = draft.contents;
    let card = due_card(&letters, meta.card_serial);
    if card.is_some() {
        contents.card = Some(vault.card()?.to_bytes());
    }
    let notes: Vec<_> = letters.iter().map(Letter::note).collect();
    let request = SealRequest {
        identity: vault.identity(),
        incarnation: meta.incarnation,
        created_at: now.to_secs(),
        readers: letters.into_iter().map(Letter::into_reader).collect(),
    };
    let mut file = NewBundleFile::create(&vault.paths().bundles(), rng.array())?;
    let sealed = seal(&request, &mut contents, &mut file, &mut rng, progress)?;
    file.sync()?;
    let content_id = file.content_id();
    let new = NewOutgoing {
        content_id: Some(content_id),
        file: file.name().to_owned(),
        size_bytes: sealed.size_bytes,
        created_at: now,
        kind: draft.kind,
        summary: draft.summary,
        bundle_key: BundleKey {
            secret: sealed.bundle_key.duplicate(),
            counts: sealed.counts,
        },
    };
    let id = vault.store().write(|changes| {
        let id = changes.insert_outgoing(&new)?;
        for note in notes {
            store_reader(changes, id, note, card, now)?;
        }
        store_new_chains(changes, contacts, &sealed, content_id, draft.kind)?;
        also(changes)?;
        Ok::<_, WorkError>(id)
    })?;
    file.keep();
    let content_bytes = sealed.manifest.content_bytes();
    Ok(SealedItem {
        id,
        size_bytes: sealed.size_bytes,
        content_bytes,
    })
}

/// One reader of the bundle that is being sealed.
struct Letter<'a> {
    contact: &'a Contact,
    key: Key,
    sequence: u64,
}

/// What is stored of a reader.
type ReaderNote = (ContactId, SlotKind, u64);

impl<'a> Letter<'a> {
    fn note(&self) -> ReaderNote {
        let slot = match self.key {
            Key::Chain(_) => SlotKind::Chain,
            Key::Kem => SlotKind::Kem,
        };
        (self.contact.id, slot, self.sequence)
    }

    fn into_reader(self) -> Reader<'a> {
        Reader {
            fingerprint: self.contact.card.fingerprint(),
            sequence: self.sequence,
            key: match self.key {
                Key::Chain(secret) => SlotKey::Chain(secret),
                Key::Kem => SlotKey::Kem(self.contact.card.encapsulation_key()),
            },
        }
    }
}

fn address(contacts: &[Contact], keys: Vec<Key>, kind: OutgoingKind) -> Vec<Letter<'_>> {
    let letter = |(contact, key): (_, _)| Letter {
        sequence: number_for(contact, kind),
        contact,
        key,
    };
    contacts.iter().zip(keys).map(letter).collect()
}

/// Receipts are not counted: the next one says again what a lost one said.
fn number_for(contact: &Contact, kind: OutgoingKind) -> u64 {
    match kind {
        OutgoingKind::Work => contact.next_sequence,
        OutgoingKind::Receipt => 0,
    }
}

/// The serial of the card that goes with the bundle: with the first bundle to somebody, and after
/// the card has changed.
fn due_card(letters: &[Letter<'_>], serial: u32) -> Option<u32> {
    let is_due =
        |letter: &Letter<'_>| matches!(letter.key, Key::Kem) || letter.contact.card_given != serial;
    letters.iter().any(is_due).then_some(serial)
}

fn store_reader(
    changes: &Changes<'_>,
    id: OutgoingId,
    (contact_id, slot, sequence): ReaderNote,
    card: Option<u32>,
    now: UnixTime,
) -> Result<(), WorkError> {
    if sequence > 0 {
        changes.take_sequence(contact_id)?;
    }
    // A receipt is kept by nobody once it is under way: a card that went with it counts for little.
    if let Some(serial) = card.filter(|_| sequence > 0) {
        changes.set_card_given(contact_id, serial)?;
    }
    changes.insert_recipient(&Recipient {
        outgoing_id: id,
        contact_id,
        sequence,
        slot,
        state: RecipientState::Ready,
        state_at: now,
        resend: false,
        stranded: false,
    })?;
    Ok(())
}

/// Takes the next key of each contact's chain and makes that durable before anything is sealed
/// with it: a key that is lost with a pulled plug is a number that nobody misses, while one that
/// is used twice would open both bundles.
fn take_chain_keys(vault: &Vault, contacts: &[Contact]) -> Result<Vec<Key>, WorkError> {
    vault.store().write(|changes| {
        let mut keys = Vec::new();
        for contact in contacts {
            let chains = changes.chains_with(contact.id, ChainDirection::Send)?;
            let usable = chains.into_iter().find(|chain| chain.confirmed);
            let Some(stored) = usable else {
                keys.push(Key::Kem);
                continue;
            };
            let mut chain = SendChain::from_wire(&stored.state).map_err(WorkError::Stored)?;
            if chain.next_index() >= CHAIN_KEYS_MAX {
                keys.push(Key::Kem);
                continue;
            }
            keys.push(Key::Chain(chain.advance().1));
            changes.set_chain_state(stored.id, &Zeroizing::new(chain.to_wire()))?;
        }
        Ok(keys)
    })
}

/// A KEM slot begins a new chain to its reader, to be used once the reader has receipted it.
fn store_new_chains(
    changes: &Changes<'_>,
    contacts: &[Contact],
    sealed: &Sealed,
    born_of: ContentId,
    kind: OutgoingKind,
) -> Result<(), WorkError> {
    // Nobody confirms a receipt, so that a chain begun by one could never be used.
    if kind == OutgoingKind::Receipt {
        return Ok(());
    }
    for (contact, root) in contacts.iter().zip(&sealed.chain_roots) {
        let Some(root) = root else { continue };
        let chain = SendChain::new(root, Side::Showed);
        changes.insert_chain(&NewChain {
            contact_id: contact.id,
            direction: ChainDirection::Send,
            born_of,
            state: Zeroizing::new(chain.to_wire()),
            confirmed: false,
        })?;
    }
    Ok(())
}

/// Keys taken from one chain before a new one is begun. The reader looks for somewhat more from
/// the beginning on, so that it finds each of them whatever was lost before.
const CHAIN_KEYS_MAX: u64 = 200;
const _: () = assert!(CHAIN_KEYS_MAX < pack_format::limits::WINDOW as u64);
