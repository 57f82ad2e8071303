//! Making a new vault from a backup: the same person, the next incarnation.

use std::path::Path;

use bundle_format::content::Progress;
use bundle_format::identity::IdentityKey;
use bundle_format::random::HedgedRng;

use super::read::{CheckedBackup, Records};
use super::record::{IncomingRecord, Record};
use super::{BackupError, check_room};
use crate::clock::UnixTime;
use crate::files::FileError;
use crate::names::LocalName;
use crate::passphrase::Passphrase;
use crate::store::{Changes, ContactId, NewIncoming, OutgoingKind, PastItem, RecipientState};
use crate::vault::{EarlierLife, NewVault, Vault};
use crate::vault_key::{KdfCost, KeyFile};
use crate::work::bundle_file::NewBundleFile;
use crate::work::seal::{Draft, seal_into_vault};
use crate::work::walk::NewContents;

/// The new vault.
#[derive(Debug)]
pub struct RestoreRequest<'a> {
    /// Its directory; it is made, or is empty.
    pub dir: &'a Path,
    /// Must be at hand at each unlocking, too.
    pub key_file: Option<&'a KeyFile>,
    /// How much work one guess of its passphrase is.
    pub cost: KdfCost,
    /// What this machine's clock says.
    pub now: UnixTime,
}

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// The number of the new incarnation.
    pub incarnation: u32,
    /// Contacts for whom the new card lies in the outbox.
    pub told: Vec<LocalName>,
    /// Contacts who were never verified, and to whom nothing is sent by itself.
    pub not_told: Vec<LocalName>,
}

impl CheckedBackup {
    /// Makes a vault from the backup. It does not exist before all is in it.
    ///
    /// Encryption key, vault seed and master key are new, and there are no chains and no pairings.
    /// The new card is sealed to every verified contact, ready to carry.
    ///
    /// # Errors
    /// [`BackupError`]; nothing is left in the directory then.
    pub fn restore(
        &self,
        request: &RestoreRequest<'_>,
        passphrase: &Passphrase,
        progress: &mut Progress<'_>,
    ) -> Result<(Vault, Restored), BackupError> {
        let contents = self.contents();
        check_room(&request.dir.join("vault.db"), contents.bundle_bytes)?;
        let mut entropy = [0; 1];
        getrandom::fill(&mut entropy).map_err(|_| crate::vault::VaultError::Random)?;
        let incarnation = next_incarnation(
            contents.incarnation,
            [request.now, contents.made_at],
            entropy,
        );
        let before = EarlierLife {
            identity_seed: self.identity_seed().duplicate(),
            next_incarnation: incarnation,
        };
        let new = NewVault {
            dir: request.dir,
            name: &contents.name,
            key_file: request.key_file,
            cost: request.cost,
            now: request.now,
        };
        let mut restored = Restored {
            incarnation,
            told: Vec::new(),
            not_told: Vec::new(),
        };
        let vault = Vault::create_filled(&new, passphrase, Some(before), |vault| {
            self.fill(vault, request.now, progress)?;
            tell_contacts(vault, request.now, &mut restored)
        })?;
        Ok((vault, restored))
    }

    fn fill(
        &self,
        vault: &Vault,
        now: UnixTime,
        progress: &mut Progress<'_>,
    ) -> Result<(), BackupError> {
        let mut rng = vault.rng()?;
        let mut records = self.records()?;
        let incarnation = vault.store().read().meta()?.incarnation;
        vault.store().write(|changes| {
            while put(vault, changes, &mut records, &mut rng, progress)? {}
            let (before, made_at) = (self.contents().incarnation, self.contents().made_at);
            let text = format!(
                "This vault was made from a backup of {made_at}. Its incarnation is {incarnation}; \
                 the one in the backup was {before}."
            );
            changes.note(now, &text)?;
            Ok(())
        })
    }
}

/// `incarnation = max(old + 1, minutes) + random(0..64)`, where `minutes` is what the two clocks
/// say at most, counted from 1970 and ignored beyond the year 6000.
///
/// Contacts keep the card with the highest number, so that the number has to rise even when one
/// backup is restored twice; nothing but a clock knows which restore was later. The clock is
/// trusted with nothing else: a wrong one gives a number that still is above the old. The random
/// part tells two vaults apart that were restored under one stopped clock.
pub(super) fn next_incarnation(old: u32, clocks: [UnixTime; 2], [random]: [u8; 1]) -> u32 {
    let minutes = clocks
        .into_iter()
        .filter_map(|time| u32::try_from(time.0 / 60).ok())
        .filter(|minutes| *minutes < CLOCK_MINUTES_MAX)
        .max();
    old.saturating_add(1)
        .max(minutes.unwrap_or_default())
        .saturating_add(u32::from(random % 64))
}

/// Stores one record; `false` after the last.
fn put(
    vault: &Vault,
    changes: &Changes<'_>,
    records: &mut Records<'_>,
    rng: &mut HedgedRng,
    progress: &mut Progress<'_>,
) -> Result<bool, BackupError> {
    match records.next()? {
        Record::Owner(_) | Record::End => return Ok(false),
        Record::Contact(contact) => {
            let id = changes.insert_contact(&contact.nickname, &contact.card, contact.added_at)?;
            if let Some(verification) = &contact.verification {
                changes.set_contact_verified(id, verification)?;
            }
        }
        Record::Mailbox(mailbox) => {
            let id = changes.insert_mailbox(&mailbox.keys, None)?;
            if mailbox.opened {
                changes.set_mailbox_opened(id)?;
            }
        }
        Record::Past(item) => changes.insert_past(&item)?,
        Record::Seen(record) => {
            changes.insert_seen(record.content_id, &record.seen)?;
            changes.set_acknowledged(record.content_id, record.acknowledged)?;
        }
        Record::SigningKey(key) => {
            changes.insert_signing_key(&key.as_new())?;
        }
        Record::SignatureEntry(entry) => changes.insert_signature_entry(&entry)?,
        Record::Incoming(incoming) => {
            let mut file = NewBundleFile::create(&vault.paths().bundles(), rng.array())?;
            let path = file.path().to_path_buf();
            let mut sink = |bytes: &[u8]| {
                use std::io::Write as _;
                file.write_all(bytes)
                    .map_err(|err| FileError::of("write", &path)(err).into())
            };
            let is_intact = records.copy_bundle(&incoming, &mut sink, progress)?;
            file.sync()?;
            put_incoming(changes, *incoming, file.name(), is_intact)?;
            // Should the rest fail, the whole new vault is removed, and this with it.
            file.keep();
        }
    }
    Ok(true)
}

fn put_incoming(
    changes: &Changes<'_>,
    incoming: IncomingRecord,
    file: &str,
    is_intact: bool,
) -> Result<(), BackupError> {
    let id = changes.insert_incoming(&NewIncoming {
        content_id: incoming.content_id,
        file: file.to_owned(),
        size_bytes: incoming.body_bytes,
        bundle_key: incoming.bundle_key,
        chain_root: None,
        contact_id: contact_of(changes, incoming.sender_identity, incoming.of_contact)?,
        sender_identity: incoming.sender_identity,
        incarnation: incoming.incarnation,
        sequence: incoming.sequence,
        created_at: incoming.created_at,
        taken_at: incoming.taken_at,
        summary: incoming.summary,
    })?;
    if let Some(at) = incoming.read_at {
        changes.set_incoming_read(id, at)?;
    }
    if let Some(at) = incoming.saved_at {
        changes.set_incoming_saved(id, at)?;
    }
    if !is_intact {
        changes.set_incoming_damaged(id)?;
    }
    changes.set_incoming_receipted(id, incoming.receipted)?;
    Ok(())
}

fn contact_of(
    changes: &Changes<'_>,
    identity: IdentityKey,
    of_contact: bool,
) -> Result<Option<ContactId>, BackupError> {
    if !of_contact {
        return Ok(None);
    }
    let contact = changes.contact_with_identity(identity)?;
    Ok(contact.map(|contact| contact.id))
}

/// Seals the new card to everybody whose words were compared, each alone: one bundle for all would
/// tell them of one another. It waits in the outbox until a pairing leads to them.
fn tell_contacts(vault: &Vault, now: UnixTime, restored: &mut Restored) -> Result<(), BackupError> {
    for contact in vault.contacts()? {
        let nickname = contact.nickname.clone();
        if contact.verification.is_none() {
            restored.not_told.push(nickname);
            continue;
        }
        let draft = Draft {
            kind: OutgoingKind::Work,
            // The sealing adds the card: nobody has been given one of this incarnation.
            contents: NewContents::default(),
            summary: "your new card".to_owned(),
        };
        seal_into_vault(vault, &[contact], draft, now, &mut |_| true, |_| Ok(()))?;
        restored.told.push(nickname);
    }
    Ok(())
}

/// What earlier incarnations had sent, and for each reader a sentence on what is known of it.
///
/// # Errors
/// [`BackupError::Vault`].
pub fn past_outbox(vault: &Vault) -> Result<Vec<(PastItem, Vec<String>)>, BackupError> {
    let items = vault.store().read().past()?;
    Ok(items
        .into_iter()
        .map(|item| {
            let known = item.readers.iter().map(|reader| {
                let (name, at) = (&reader.nickname, reader.state_at);
                match reader.state {
                    RecipientState::Ready => format!(
                        "For {name}: not sent out yet when the backup was made. Send it again."
                    ),
                    RecipientState::Confirmed => {
                        format!("Confirmed by {name} (signed receipt), {at}.")
                    }
                    RecipientState::TakenIn => format!(
                        "For {name}: taken in by {name}'s vault, as of {at}; no receipt had come."
                    ),
                    _ => format!(
                        "For {name}: on the way, as of {at}. It may still arrive, and no receipt \
                         for it can reach this vault. Ask {name}, or send it again."
                    ),
                }
            });
            let known = known.collect();
            (item, known)
        })
        .collect())
}

/// Minutes from 1970 beyond which a clock is taken to be broken: the year 6053. What is above is
/// left for incarnations counted one by one.
const CLOCK_MINUTES_MAX: u32 = 1 << 31;
