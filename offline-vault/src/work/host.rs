//! The vault as a crossing sees it: what it takes, what is due, what became of what was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::Path;

use bundle_format::card::Card;
use bundle_format::open::OpenError;
use bundle_format::random::HedgedRng;
use crossing::{Host, HostError, Lane, LaneId};
use pack_format::chunked::ReadAt;
use pack_format::codec::Wire as _;
use pack_format::item::Item;
use pack_format::pack::{BundleSource, PlannedItem};
use pack_format::relay::{ContentId, PublicKey, Signed, StoredReceipt};
use pack_format::shown::Shown;

use super::bundle_file::{BundleFile, NewBundleFile};
use super::due::{due, item_hash};
use super::outbox::seal_due_receipts;
use super::take_in::{Applied, Listening, apply, verify};
use super::{ItemId, WorkError};
use crate::clock::UnixTime;
use crate::files::remove_if_present;
use crate::signing;
use crate::signing::intake::Arrival as RequestArrival;
use crate::store::{
    Changes, ContactId, LaneKind, Outgoing, OutgoingId, OutgoingKind, RecipientState, Seen,
    SigningRequestId, StoredLane,
};
use crate::team::bundle::{SpaceArrival, SpaceListening};
use crate::team::{self, TeamError};
use crate::vault::Vault;

/// What a crossing brought, for the person.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// New items of the inbox.
    pub(crate) items: Vec<ItemId>,
    /// Bundles that readers confirmed.
    pub(crate) confirmed: Vec<(OutgoingId, ContactId)>,
    /// Bundles that were refused, with the reason.
    pub(crate) refused: Vec<String>,
    /// Bundles that were here already.
    pub(crate) duplicates: u64,
    /// Signing requests that wait for the person.
    pub(crate) requests: Vec<SigningRequestId>,
    /// What it changed in spaces.
    pub(crate) spaces: team::Brought,
}

/// One crossing of one vault.
pub(crate) struct VaultHost<'a> {
    vault: &'a Vault,
    now: UnixTime,
    spool: std::path::PathBuf,
    bundles: Vec<NewBundleFile>,
    items: Vec<(LaneId, Item)>,
    delivered: Vec<(LaneId, PlannedItem)>,
    receipts_sealed: bool,
    rng: Option<HedgedRng>,
    pub(crate) brought: Brought,
}

impl<'a> VaultHost<'a> {
    pub(crate) fn new(vault: &'a Vault, now: UnixTime) -> Self {
        Self {
            vault,
            now,
            spool: vault.paths().spool(),
            bundles: Vec::new(),
            items: Vec::new(),
            delivered: Vec::new(),
            receipts_sealed: false,
            rng: None,
            brought: Brought::default(),
        }
    }

    /// A name for a file; one generator serves a whole crossing.
    fn random_name(&mut self) -> Result<[u8; 16], WorkError> {
        if let Some(rng) = &mut self.rng {
            return Ok(rng.array());
        }
        Ok(self.rng.insert(self.vault.rng()?).array())
    }

    /// Makes everything taken and delivered durable, together with the lane.
    fn commit(&mut self, lane: &Lane) -> Result<(), WorkError> {
        let requests = RequestArrival::among(&self.items);
        let contents = self.contents_of(&requests)?;
        let arrivals = self.verify_bundles(&contents)?;
        let own_incarnation = self.vault.store().read().meta()?.incarnation;
        let (items, delivered) = (
            std::mem::take(&mut self.items),
            std::mem::take(&mut self.delivered),
        );
        let mut brought = Brought::default();
        let mut freed = Vec::new();
        let mut chunks = Vec::new();
        let kept = self.vault.store().write(|changes| {
            let mut kept = BTreeSet::new();
            for (at, arrival) in arrivals.into_iter().enumerate() {
                let name = self.bundles.get(at).map_or("", NewBundleFile::name);
                let applied = match arrival {
                    Arrival::Content => Applied::default(),
                    Arrival::Known(id) => {
                        let replaced = answer_again(changes, id, name)?;
                        if replaced.is_some() {
                            kept.insert(at);
                        } else {
                            brought.duplicates += 1;
                        }
                        Applied {
                            freed_files: replaced.into_iter().collect(),
                            ..Applied::default()
                        }
                    }
                    Arrival::Refused(id, reason) => {
                        note_refusal(changes, id, &reason, self.now)?;
                        brought.refused.push(reason);
                        Applied::default()
                    }
                    Arrival::Verified(arrival) => {
                        apply(changes, *arrival, own_incarnation, name, self.now)?
                    }
                    Arrival::Space(arrival) => {
                        // One member's bundle must not keep everybody else's from being taken in.
                        let id = arrival.content_id;
                        let taken =
                            changes.attempt(|| team::take_in::apply(changes, *arrival, self.now));
                        let taken = match taken {
                            Err(err) if err.is_of_the_content() => {
                                let reason = format!("a bundle for a space: {err}");
                                note_refusal(changes, id, &reason, self.now)?;
                                team::take_in::Taken::refused(reason)
                            }
                            taken => taken?,
                        };
                        chunks.extend(taken.blobs);
                        brought.spaces.add(taken.brought);
                        Applied {
                            refused: taken.refused,
                            ..Applied::default()
                        }
                    }
                };
                if let Some((contact, parcel)) = &applied.invitation {
                    let heard = team::joining::take_in(changes, *contact, parcel, self.now)?;
                    brought.spaces.add(heard);
                }
                brought.refused.extend(applied.refused);
                brought.confirmed.extend(applied.confirmed);
                freed.extend(applied.freed_files);
                if let Some(item) = applied.item {
                    kept.insert(at);
                    brought.items.push(item);
                }
            }
            for (lane, item) in &items {
                self.apply_item(changes, *lane, item)?;
            }
            for (lane, item) in &delivered {
                freed.extend(self.apply_delivered(changes, *lane, item)?);
            }
            let taken = signing::intake::take_in(changes, &requests, &contents, self.now)?;
            for (at, file) in self.bundles.iter().enumerate() {
                if taken.kept_files.iter().any(|kept| kept == file.name()) {
                    kept.insert(at);
                }
            }
            brought.requests.extend(taken.requests);
            brought.refused.extend(taken.refused);
            freed.extend(taken.freed_files);
            changes.set_lane_state(lane.id(), &zeroize::Zeroizing::new(lane.to_wire()))?;
            Ok::<_, WorkError>(kept)
        })?;
        for (at, mut file) in self.bundles.drain(..).enumerate() {
            if kept.contains(&at) {
                file.keep();
            }
        }
        for mut chunk in chunks {
            chunk.keep();
        }
        for name in freed {
            // The transaction is done; a file that stays is removed when the vault is next opened.
            let _ = remove_if_present(&self.vault.paths().bundles().join(name));
        }
        // What was taken in is receipted with the same crossing, also where it goes on.
        self.receipts_sealed &= brought.items.is_empty() && brought.spaces.is_empty();
        self.brought.add(brought);
        Ok(())
    }

    /// The files that are the contents of requests, by the contents' names: of those that came
    /// with them, and of those that came before and wait for theirs.
    fn contents_of(
        &self,
        requests: &[RequestArrival],
    ) -> Result<BTreeMap<ContentId, String>, WorkError> {
        // Most crossings bring none, and need not look for who wants one.
        if self.bundles.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut wanted: BTreeSet<_> = requests.iter().filter_map(|it| it.content_id()).collect();
        wanted.extend(signing::intake::wanted_contents(
            &self.vault.store().read(),
        )?);
        let files = self.bundles.iter();
        Ok(files
            .filter(|file| wanted.contains(&file.content_id()))
            .map(|file| (file.content_id(), file.name().to_owned()))
            .collect())
    }

    /// Opens and verifies everything that came, before the transaction: it may take a while.
    fn verify_bundles(
        &self,
        contents: &BTreeMap<ContentId, String>,
    ) -> Result<Vec<Arrival>, WorkError> {
        if self.bundles.is_empty() {
            return Ok(Vec::new());
        }
        let listening = Listening::new(self.vault)?;
        let opener = listening.opener(self.vault);
        let mut spaces = None;
        let mut here = BTreeSet::new();
        let mut arrivals = Vec::new();
        for file in &self.bundles {
            let id = file.content_id();
            if contents.contains_key(&id) {
                arrivals.push(Arrival::Content);
                continue;
            }
            let seen = self.vault.store().read().seen(id)?;
            // What was refused is looked at again: a copy may open that did not before.
            let known = seen.is_some_and(|seen| seen.refused.is_none());
            if known || !here.insert(id) {
                arrivals.push(Arrival::Known(id));
                continue;
            }
            let verified = verify(
                self.vault,
                &listening,
                &opener,
                file.path(),
                id,
                &mut |_| true,
            );
            arrivals.push(match verified {
                Ok(arrival) => Arrival::Verified(Box::new(arrival)),
                Err(OpenError::NotForThisVault) => {
                    match self.verify_for_space(&mut spaces, file)? {
                        Some(arrival) => arrival,
                        None => Arrival::Refused(id, refusal(&OpenError::NotForThisVault)),
                    }
                }
                Err(err) if err.is_refusal() => Arrival::Refused(id, refusal(&err)),
                Err(source) => return Err(WorkError::TakeIn(source)),
            });
        }
        Ok(arrivals)
    }

    /// Opens a bundle that is not for the person's own key with those of the spaces.
    fn verify_for_space(
        &self,
        listening: &mut Option<SpaceListening>,
        file: &NewBundleFile,
    ) -> Result<Option<Arrival>, WorkError> {
        let listening = match listening {
            Some(listening) => listening,
            None => listening.insert(SpaceListening::new(self.vault)?),
        };
        match listening.verify(self.vault, file) {
            Ok(arrival) => Ok(arrival.map(|arrival| Arrival::Space(Box::new(arrival)))),
            Err(TeamError::Open(err)) if err.is_refusal() => {
                let reason = refusal(&err);
                Ok(Some(Arrival::Refused(file.content_id(), reason)))
            }
            Err(TeamError::Open(source)) => Err(WorkError::TakeIn(source)),
            Err(err) => Err(err.into()),
        }
    }

    fn apply_item(
        &self,
        changes: &Changes<'_>,
        lane: LaneId,
        item: &Item,
    ) -> Result<(), WorkError> {
        let name = changes
            .lane(lane)?
            .map_or_else(String::new, |lane| lane.name.to_string());
        match item {
            Item::Stored(signed) => apply_stored(changes, signed, self.now),
            Item::Report(report) => {
                let about = match changes.outgoing_with_content(report.content_id)? {
                    Some(outgoing) => format!("{}: ", ItemId::Out(outgoing.id)),
                    None => String::new(),
                };
                let (code, text) = (Shown(&report.code), Shown(&report.text));
                let text = format!("{name} reports: {about}{text} [{code}]");
                changes.note(self.now, &text)?;
                Ok(())
            }
            // Taken in by themselves, together with their contents.
            Item::Request(_) => Ok(()),
            _ => {
                let text =
                    format!("{name} sent something that only a vault sends; it was ignored.");
                changes.note(self.now, &text)?;
                Ok(())
            }
        }
    }

    /// The other machine has an item. Returns the files that are not needed any more.
    fn apply_delivered(
        &self,
        changes: &Changes<'_>,
        lane: LaneId,
        item: &PlannedItem,
    ) -> Result<Vec<String>, WorkError> {
        let Some(stored) = changes.lane(lane)? else {
            return Ok(Vec::new());
        };
        changes.insert_lane_item(lane, item_hash(item))?;
        match item {
            PlannedItem::Bundle { content_id, .. } => {
                let Some(outgoing) = changes.outgoing_with_content(*content_id)? else {
                    let freed = team::due::delivered(changes, &stored, *content_id, self.now)?;
                    return Ok(freed.into_iter().collect());
                };
                self.bundle_delivered(changes, &stored, &outgoing)
            }
            PlannedItem::Small { kind, body } => {
                match Item::from_body(*kind, body) {
                    Ok(Item::Open(_, signed)) => {
                        // A relay may hold several: one for the card and one for each space.
                        let opened = signed.peek_statement().ack_key;
                        for mailbox in changes.mailboxes()? {
                            if PublicKey::of_seed(&mailbox.keys.ack_seed) == opened {
                                changes.set_mailbox_opened(mailbox.id)?;
                            }
                        }
                    }
                    Ok(Item::Acknowledge(_, signed)) => {
                        for id in &signed.peek_statement().content_ids {
                            changes.set_acknowledged(*id, true)?;
                        }
                    }
                    Ok(Item::Reply(reply)) => {
                        changes.set_reply_delivered(lane, reply.expose())?;
                    }
                    _ => {}
                }
                Ok(Vec::new())
            }
        }
    }

    fn bundle_delivered(
        &self,
        changes: &Changes<'_>,
        lane: &StoredLane,
        outgoing: &Outgoing,
    ) -> Result<Vec<String>, WorkError> {
        for recipient in changes.recipients(outgoing.id)? {
            let state = match lane.kind {
                LaneKind::Courier => RecipientState::WithCourier,
                LaneKind::Vault if lane.contact_id == Some(recipient.contact_id) => {
                    RecipientState::TakenIn
                }
                LaneKind::Vault => continue,
            };
            changes.advance_recipient(outgoing.id, recipient.contact_id, state, self.now)?;
            changes.set_recipient_resend(outgoing.id, recipient.contact_id, false)?;
        }
        // Nobody confirms receipts; with the courier they are as safe as they can be.
        if outgoing.kind == OutgoingKind::Receipt && !outgoing.freed {
            changes.set_outgoing_freed(outgoing.id)?;
            return Ok(vec![outgoing.file.clone()]);
        }
        Ok(Vec::new())
    }
}

impl Brought {
    fn add(&mut self, more: Self) {
        self.items.extend(more.items);
        self.confirmed.extend(more.confirmed);
        self.refused.extend(more.refused);
        self.duplicates += more.duplicates;
        self.requests.extend(more.requests);
        self.spaces.add(more.spaces);
    }
}

enum Arrival {
    /// The sealed content of a signing request.
    Content,
    Known(ContentId),
    Refused(ContentId, String),
    Verified(Box<super::take_in::VerifiedArrival>),
    /// For a device of a space.
    Space(Box<SpaceArrival>),
}

fn refusal(err: &OpenError) -> String {
    match std::error::Error::source(err) {
        Some(cause) => format!("{err}: {cause}"),
        None => err.to_string(),
    }
}

/// Another copy of a known bundle means that an answer to the first was lost. It replaces a copy
/// that the disk has damaged: the same hash is the same bundle. Returns the file it replaces.
fn answer_again(
    changes: &Changes<'_>,
    id: ContentId,
    file: &str,
) -> Result<Option<String>, WorkError> {
    changes.set_acknowledged(id, false)?;
    let Some(incoming) = changes.incoming_with_content(id)? else {
        return Ok(None);
    };
    changes.set_incoming_receipted(incoming.id, false)?;
    if !incoming.damaged {
        return Ok(None);
    }
    changes.repair_incoming(incoming.id, file)?;
    Ok(Some(incoming.bundle.file))
}

fn note_refusal(
    changes: &Changes<'_>,
    id: ContentId,
    reason: &str,
    now: UnixTime,
) -> Result<(), WorkError> {
    changes.insert_seen(
        id,
        &Seen {
            taken_at: now,
            refused: Some(reason.to_owned()),
        },
    )?;
    changes.note(now, &format!("A bundle was refused: {reason}."))?;
    Ok(())
}

/// The relay's signed word that it holds a bundle, if it is about one of ours and a reader's own
/// mailbox.
fn apply_stored(
    changes: &Changes<'_>,
    signed: &Signed<StoredReceipt>,
    now: UnixTime,
) -> Result<(), WorkError> {
    let Ok(receipt) = signed.verify() else {
        changes.note(now, "A relay's receipt did not verify and was ignored.")?;
        return Ok(());
    };
    let Some(outgoing) = changes.outgoing_with_content(receipt.content_id)? else {
        team::due::stored(changes, receipt, now)?;
        return Ok(());
    };
    for recipient in changes.recipients(outgoing.id)? {
        let Some(contact) = changes.contact(recipient.contact_id)? else {
            continue;
        };
        let is_theirs = contact.card.mailboxes().iter().any(|mailbox| {
            mailbox.relay.key() == receipt.relay_key
                && PublicKey::of_seed(&mailbox.send_seed) == receipt.send_key
        });
        if is_theirs {
            let state = RecipientState::WithRelay;
            changes.advance_recipient(outgoing.id, recipient.contact_id, state, now)?;
        }
    }
    Ok(())
}

impl BundleSource for VaultHost<'_> {
    fn bundle(&self, content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
        let tables = self.vault.store().read();
        let found = tables.outgoing_with_content(*content_id);
        let file = match found.map_err(io::Error::other)? {
            Some(outgoing) => outgoing.file,
            None => {
                let found = tables.space_outgoing_with_content(*content_id);
                let found = found.map_err(io::Error::other)?;
                found.ok_or(io::ErrorKind::NotFound)?.bundle.file
            }
        };
        let path = self.vault.paths().bundles().join(file);
        Ok(Box::new(BundleFile::open(&path)?))
    }
}

impl Host for VaultHost<'_> {
    fn take_bundle(
        &mut self,
        _lane: LaneId,
        _size_bytes: u64,
        body: &mut dyn Read,
    ) -> io::Result<()> {
        let random = self.random_name().map_err(io::Error::other)?;
        let folder = self.vault.paths().bundles();
        let mut file = NewBundleFile::create(&folder, random).map_err(io::Error::other)?;
        file.copy_from(body)?;
        file.sync().map_err(io::Error::other)?;
        self.bundles.push(file);
        Ok(())
    }

    fn take_item(&mut self, lane: LaneId, item: Item) -> io::Result<()> {
        self.items.push((lane, item));
        Ok(())
    }

    fn commit_pack(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.commit(lane).map_err(HostError::new)
    }

    fn discard_pack(&mut self) {
        self.bundles.clear();
        self.items.clear();
        self.delivered.clear();
    }

    fn delivered(&mut self, lane: LaneId, items: &[PlannedItem]) -> Result<(), HostError> {
        self.delivered
            .extend(items.iter().map(|item| (lane, item.clone())));
        Ok(())
    }

    fn save_lane(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.commit(lane).map_err(HostError::new)
    }

    fn due(&mut self, lane: LaneId) -> Result<Vec<PlannedItem>, HostError> {
        if !std::mem::replace(&mut self.receipts_sealed, true) {
            let written = team::upkeep::before_crossing(self.vault, self.now);
            self.brought.spaces.add(written.map_err(HostError::new)?);
            seal_due_receipts(self.vault, self.now).map_err(HostError::new)?;
        }
        due(self.vault, lane, self.now).map_err(HostError::new)
    }

    fn is_card(&self, payload: &[u8]) -> bool {
        Card::from_bytes(payload).is_ok()
    }

    fn spool_dir(&self) -> &Path {
        &self.spool
    }
}
