//! What a vault does in its spaces by itself with every crossing: it lets in who accepted an
//! invitation, gives keys to who should have them, renews its own, confirms, and seals bundles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bundle_format::identity::DecapsulationKey;
use bundle_format::receipt::TakenBundle;
use pack_format::codec::Wire as _;
use team_core::blob::BlobId;
use team_core::control::Control;
use team_core::device_card::DeviceCard;
use team_core::epoch::{PrekeyAge, expired_prekeys, is_new_prekey_due};
use team_core::ids::{DeviceId, SegmentHash};
use team_core::limits::{
    CONTROL_KEPT_FOR_KEYS, SEGMENTS_NAMED_MAX, SYNC_PROOFS_MAX, SYNC_SEGMENTS_MAX,
};
use team_core::segment::Segment;
use team_core::sync::{
    Acknowledged, Due, Extent, Have, HaveBook, HaveDraft, Now, Payloads, SendState, SyncMessage,
    UncheckedSegment, acknowledged, due,
};

use super::brought::Brought;
use super::bundle::{Parting, SpaceContents, seal_for_peer};
use super::index::SqlIndex;
use super::portion::{in_turn, turn};
use super::session::{Session, find_space, in_space};
use super::take_in::send_state;
use super::view::View;
use super::wants::{Held, Wants};
use super::{TeamError, accepting, content, joining, shares};
use crate::clock::UnixTime;
use crate::files::remove_if_present;
use crate::store::{
    LaneKind, Peer, RecipientState, SpaceOutgoing, SpaceRow, SpaceState, StoredHave, StoredPrekey,
    Tables,
};
use crate::vault::Vault;

/// Does what is due in every space before bundles go out.
pub(crate) fn before_crossing(vault: &Vault, now: UnixTime) -> Result<Brought, TeamError> {
    let mut brought = Brought::default();
    for stored in vault.store().read().spaces()? {
        let name = stored.space.name.as_str();
        let done = open_more(vault, name, now).and_then(|opened| {
            // It counts, whatever becomes of the rest.
            brought.add(opened);
            keep_up(vault, name, stored.space.state, now)
        });
        match done {
            Ok(written) => brought.add(written),
            // What members of one space wrote must not hold the others up, and all other work.
            Err(err) if err.is_of_the_content() => {
                let text = format!("what is due in this space could not be done: {err}.");
                vault
                    .store()
                    .write(|changes| changes.note(now, &format!("{name}: {text}")))?;
                brought.tell(name, text);
                brought.failed_spaces = brought.failed_spaces.saturating_add(1);
            }
            Err(err) => return Err(err),
        }
    }
    // What was written has been sealed with it.
    brought.asks_for_answer = false;
    Ok(brought)
}

/// Does what is due in one space.
fn keep_up(
    vault: &Vault,
    name: &str,
    state: SpaceState,
    now: UnixTime,
) -> Result<Brought, TeamError> {
    let mut written = Ok(Brought::default());
    if state == SpaceState::Active {
        written = in_space(vault, name, now, |session| {
            joining::let_in(session)?;
            renew_prekey(session)?;
            shares::share_keys(session)?;
            confirm(session)?;
            Ok(std::mem::take(&mut session.brought))
        });
    }
    // What was written before leaves all the same: it may be what others wait for.
    let can_go_on = match &written {
        Ok(_) => true,
        Err(err) => err.is_of_the_content(),
    };
    if can_go_on && matches!(state, SpaceState::Active | SpaceState::Left) {
        seal_bundles(vault, name, now)?;
    }
    written
}

/// Goes on with opening what was too much for earlier crossings.
fn open_more(vault: &Vault, name: &str, now: UnixTime) -> Result<Brought, TeamError> {
    let mut brought = Brought::default();
    let tables = vault.store().read();
    let stored = find_space(&tables, name)?;
    let unopened = tables.unopened_content(stored.id, SYNC_SEGMENTS_MAX)?;
    // Most crossings have nothing to open, and need not work the space out for it.
    if unopened.is_empty() {
        return Ok(brought);
    }
    vault.store().write(|changes| {
        let view = View::of(changes, stored)?;
        let unopened = in_turn(unopened, turn(now));
        content::open_more(changes, &view, &unopened, &mut brought)?;
        Ok(brought)
    })
}

/// The private prekeys of this vault's device, by number.
pub(super) fn own_prekeys(
    tables: &Tables<'_>,
    space: SpaceRow,
) -> Result<BTreeMap<u32, DecapsulationKey>, TeamError> {
    let prekeys = tables.prekeys(space)?.into_iter();
    let by_number = prekeys.map(|it| (it.number, DecapsulationKey::from_seed(it.seed)));
    Ok(by_number.collect())
}

/// A new prekey when the newest is two weeks old; the private halves of old ones are destroyed.
fn renew_prekey(session: &mut Session<'_>) -> Result<(), TeamError> {
    let row = session.view.row();
    let prekeys = session.changes.prekeys(row)?;
    let ages: Vec<PrekeyAge> = prekeys
        .iter()
        .map(|it| PrekeyAge {
            number: it.number,
            made_at: it.made_at.to_secs(),
        })
        .collect();
    let now = session.now.to_secs();
    // A device says its prekey itself as soon as it is in: whoever let it in could have given
    // another one.
    let is_said = session
        .view
        .membership
        .says_own_prekey(session.view.own_device());
    if is_new_prekey_due(&ages, now) || !is_said {
        let newest = ages.iter().map(|age| age.number).max();
        let number = newest.unwrap_or(0).saturating_add(1);
        let key = DecapsulationKey::from_seed(session.rng().secret());
        session.changes.insert_prekey(
            row,
            &StoredPrekey {
                number,
                seed: key.seed().duplicate(),
                made_at: session.now,
            },
        )?;
        let prekey = Control::Prekey(number, Box::new(key.encapsulation_key()));
        let mut operations = vec![prekey];
        if !is_said {
            // And its mailboxes, for the same reason.
            let routes = accepting::own_routes(session.changes, row)?;
            operations.push(Control::Routes(routes));
        }
        session.write_control(&operations)?;
    }
    for number in expired_prekeys(&ages, now) {
        session.changes.remove_prekey(row, number)?;
    }
    Ok(())
}

/// Confirms checkpoints and deletions that this vault has not confirmed yet.
fn confirm(session: &mut Session<'_>) -> Result<(), TeamError> {
    let own = session.view.own_device();
    let mut open = BTreeSet::new();
    for checkpoint in session.view.membership.checkpoints() {
        let answered = checkpoint.confirmed.contains(&own)
            || checkpoint.contradicted.contains(&own)
            || checkpoint.deed.by == own;
        if !answered {
            let segment = checkpoint.deed.operation.segment;
            open.insert((session.view.places.of(segment), segment));
        }
    }
    // The newest say the most, and each takes as long as working the membership out.
    let newest = open.iter().rev().take(CHECKPOINTS_AT_ONCE_MAX);
    let mut operations: Vec<Control> = newest
        .map(|(_, segment)| {
            let digest = session.view.graph.digest_before(*segment);
            Control::ConfirmCheckpoint(*segment, digest)
        })
        .collect();
    let (view, changes) = (&session.view, session.changes);
    let mut destroyed: Vec<SegmentHash> = Vec::new();
    for segment in view.deleted()? {
        let place = changes.segment_place(view.row(), segment)?;
        let is_gone = place.is_some_and(|it| it.standing == crate::store::Standing::Destroyed);
        let confirmed = view.membership.confirmations_of_deletion(segment);
        if is_gone && !confirmed.contains(&own) {
            destroyed.push(segment);
        }
    }
    destroyed.truncate(usize::try_from(SEGMENTS_NAMED_MAX).unwrap_or(usize::MAX));
    if !destroyed.is_empty() {
        operations.push(Control::ConfirmDeletion(destroyed));
    }
    // Whoever asks for confirmations uses up no more than half of what this device may write.
    if !operations.is_empty() && session.has_control_left(CONTROL_KEPT_FOR_KEYS)? {
        session.write_control(&operations)?;
    }
    Ok(())
}

/// Seals what is due for each device of a space that there is a way to.
fn seal_bundles(vault: &Vault, name: &str, now: UnixTime) -> Result<(), TeamError> {
    let have = tell_have(vault, name, now)?;
    let (row, devices) = super::session::look(vault, name, |view| {
        let others = view.membership.devices().map(|device| device.id);
        let others = others.filter(|id| *id != view.own_device());
        Ok((view.row(), others.collect::<Vec<DeviceId>>()))
    })?;
    vault.store().write(|changes| {
        for device in &devices {
            changes.ensure_peer(row, *device)?;
        }
        Ok::<_, TeamError>(())
    })?;
    for device in devices {
        for _ in 0..BUNDLES_AT_ONCE_MAX {
            let parcel = super::session::look(vault, name, |view| {
                Outgoing::of(vault, view, device, &have, now)
            })?;
            let Some(parcel) = parcel else { break };
            let is_cut = parcel.is_cut;
            parcel.seal(vault, now)?;
            if !is_cut {
                break;
            }
        }
    }
    Ok(())
}

/// This device's own summary: the last one, as long as it still says what is held.
fn tell_have(vault: &Vault, name: &str, now: UnixTime) -> Result<Have, TeamError> {
    vault.store().write(|changes| {
        let stored = super::session::find_space(changes, name)?;
        let (row, space_id) = (stored.id, stored.space.space_id);
        let index = SqlIndex::new(changes, row, space_id);
        // Who has left is given nothing more and asks for nothing.
        let is_member = stored.space.state == SpaceState::Active;
        let wants = |counter| match is_member {
            true => Wants::of(changes, row, counter),
            false => Ok(Wants::default()),
        };
        let last = changes.have_of(row, stored.space.device)?;
        if let Some(last) = last {
            let have = Have::dangerously_from_store(&last.have).map_err(TeamError::Stored)?;
            let same = wants(have.counter())?;
            // Where more is missing than one summary asks for, it is others' turn after a while.
            let turn = last.received_at.to_secs().saturating_add(WANTS_TURN_SECS);
            let is_due = same.is_cut && now.to_secs() >= turn;
            if !is_due && have.still_says(&same.wants, &index)? {
                return Ok(have);
            }
        }
        let counter = changes.take_have_counter(row)?;
        let draft = HaveDraft {
            counter,
            claimed_at: now.to_secs(),
            wants: wants(counter)?.wants,
        };
        let identity =
            bundle_format::identity::Identity::from_seed(stored.space.device_seed.duplicate());
        let have = Have::sign(space_id, &identity, draft, &index)?;
        changes.insert_have(
            row,
            &StoredHave {
                device: stored.space.device,
                counter: have.counter(),
                have: have.to_wire(),
                received_at: now,
            },
        )?;
        Ok(have)
    })
}

/// What goes to one device with the next bundle.
struct Outgoing {
    space: crate::store::StoredSpace,
    peer: Peer,
    card: DeviceCard,
    contents: SpaceContents,
    holds: Extent,
    sent: SendState,
    superseded: Vec<SpaceOutgoing>,
    is_cut: bool,
}

impl Outgoing {
    fn of(
        vault: &Vault,
        view: &View<'_>,
        device: DeviceId,
        own_have: &Have,
        at: UnixTime,
    ) -> Result<Option<Self>, TeamError> {
        let tables = view.tables;
        let peers = tables.peers(view.row())?;
        let known = peers.iter().find(|peer| peer.device == device).cloned();
        let (Some(card), Some(mut peer)) = (card_of(view, device), known) else {
            return Ok(None);
        };
        if !has_way(tables, &card, &peer)? || is_replaced(view, &peer, &peers) {
            return Ok(None);
        }
        let index = SqlIndex::new(tables, view.row(), view.space_id());
        let have = theirs(tables, view, device)?;
        let base = match &have {
            Some(have) => acknowledged(have, &index)?,
            None => Acknowledged::default(),
        };
        let mut held = Extent::new();
        for stored in tables.devices(view.row())? {
            held.raise(stored.device, stored.tip.map_or(0, |tip| tip.number));
        }
        let book = book(tables, view)?;
        let counters = book.counters();
        let now = Now {
            at: at.to_secs(),
            own: view.own_device(),
            peer: device,
            acknowledged: &base,
            held: &held,
            counters: &counters,
            // Who holds nothing yet waits for whoever comes first.
            is_reached_by_others: base.extent.iter().next().is_some()
                && !card.routes.mailboxes().is_empty(),
        };
        let earlier = tables.outgoing_of_space(view.row())?.into_iter();
        let earlier: Vec<SpaceOutgoing> = earlier.filter(|it| it.bundle.peer == peer.id).collect();
        let wants = have.as_ref().map(Have::wants).cloned().unwrap_or_default();
        let is_member = view.membership.device_role(device).is_some();
        let wanted = if is_member {
            Held::of(tables, view, &wants)?
        } else {
            Held::default()
        };
        let proofs = unknown_forks(tables, view, &base)?;
        let sent = send_state(&peer.sent)?;
        let asks = !proofs.is_empty() || !wanted.is_empty();
        if !(sent.is_due(&now) || asks) {
            return Ok(None);
        }
        // What never left is sealed again, with what is new since.
        let unsent = earlier
            .last()
            .filter(|it| it.state == RecipientState::Ready);
        if let Some(unsent) = unsent {
            peer.sent = unsent.bundle.sent_before.clone();
        }
        let before = send_state(&peer.sent)?;
        let plan = before.plan(&now);
        let payloads = if is_member {
            Payloads::All
        } else {
            Payloads::Control
        };
        let selected = due(&index, &plan, &wanted.payloads, payloads, LOG_BYTES_MAX)?;
        let relayed = book.relays(view.own_device(), device, &plan.relays_above);
        let relayed: Vec<&Have> = relayed.into_iter().take(RELAYED_MAX).collect();
        let message = SyncMessage {
            space: view.space_id(),
            have: own_have.to_unchecked(),
            relayed: relayed.into_iter().map(Have::to_unchecked).collect(),
            proofs,
            segments: carry(view, &selected)?,
        };
        let mut blobs = BTreeMap::new();
        if is_member {
            blobs = new_blobs(tables, view, &selected, &before)?;
            blobs.extend(wanted.blobs);
        }
        let (files, blobs_cut) = files_of(vault, blobs);
        let taken = tables.taken_from_peer(peer.id)?.into_iter();
        let mut next = before;
        next.record(&now, &plan, selected.sent.clone());
        let acknowledged_holds = |it: &SpaceOutgoing| {
            Extent::from_wire(&it.bundle.holds).is_ok_and(|holds| base.extent.covers(&holds))
        };
        let last = unsent.map(|it| it.id);
        let crowded = earlier.len().saturating_sub(UNFREED_MAX);
        let superseded = earlier
            .iter()
            .enumerate()
            .filter(|(at, it)| Some(it.id) == last || acknowledged_holds(it) || *at < crowded);
        Ok(Some(Self {
            superseded: superseded.map(|(_, it)| it.clone()).collect(),
            space: tables
                .space(view.row())?
                .ok_or_else(|| TeamError::SpaceUnknown {
                    name: view.name().to_string(),
                })?,
            card,
            contents: SpaceContents {
                taken: taken
                    .map(|(sequence, content_id)| TakenBundle {
                        sequence,
                        content_id,
                    })
                    .collect(),
                sync: message.to_wire(),
                blobs: files,
            },
            holds: selected.sent,
            sent: next,
            is_cut: selected.is_cut || blobs_cut,
            peer,
        }))
    }

    fn seal(self, vault: &Vault, now: UnixTime) -> Result<(), TeamError> {
        let parting = Parting {
            holds: self.holds.to_wire(),
            sent: self.sent.to_wire(),
        };
        seal_for_peer(
            vault,
            &self.space,
            &self.peer,
            &self.card,
            self.contents,
            parting,
            now,
        )?;
        vault.store().write(|changes| {
            for old in &self.superseded {
                changes.set_space_outgoing_freed(old.id)?;
            }
            Ok::<_, TeamError>(())
        })?;
        for old in &self.superseded {
            // A file that stays is removed when the vault is next opened.
            let _ = remove_if_present(&vault.paths().bundles().join(&old.bundle.file));
        }
        Ok(())
    }
}

/// How a device is reached and what is sealed to it.
pub(super) fn card_of(view: &View<'_>, device: DeviceId) -> Option<DeviceCard> {
    let (prekey_number, prekey) = view.membership.prekey(device)?;
    Some(DeviceCard {
        prekey_number,
        prekey: prekey.clone(),
        routes: view.membership.routes(device).cloned().unwrap_or_default(),
    })
}

/// Whether one of the pairings leads to a device: its own vault, or a courier and a mailbox.
pub(super) fn has_way(
    tables: &Tables<'_>,
    card: &DeviceCard,
    peer: &Peer,
) -> Result<bool, TeamError> {
    let has_mailbox = !card.routes.mailboxes().is_empty();
    Ok(tables.lanes()?.iter().any(|lane| match lane.kind {
        LaneKind::Courier => has_mailbox,
        LaneKind::Vault => lane.contact_id.is_some() && lane.contact_id == peer.contact_id,
    }))
}

/// Whether a removed device was a contact's vault that has come in again since: it has no keys of
/// the old device any more.
fn is_replaced(view: &View<'_>, peer: &Peer, peers: &[Peer]) -> bool {
    let is_in = |device| view.membership.device_role(device).is_some();
    let again = |other: &Peer| other.contact_id == peer.contact_id && is_in(other.device);
    peer.contact_id.is_some() && !is_in(peer.device) && peers.iter().any(again)
}

/// What a device said last that it has.
pub(super) fn theirs(
    tables: &Tables<'_>,
    view: &View<'_>,
    device: DeviceId,
) -> Result<Option<Have>, TeamError> {
    let stored = tables.have_of(view.row(), device)?;
    let have = stored.map(|stored| Have::dangerously_from_store(&stored.have));
    have.transpose().map_err(TeamError::Stored)
}

fn book(tables: &Tables<'_>, view: &View<'_>) -> Result<HaveBook, TeamError> {
    let mut book = HaveBook::new();
    for stored in tables.haves(view.row())? {
        let have = Have::dangerously_from_store(&stored.have).map_err(TeamError::Stored)?;
        book.enter(have, stored.received_at.to_secs());
    }
    Ok(book)
}

/// The proofs of forks that a device does not seem to know of.
fn unknown_forks(
    tables: &Tables<'_>,
    view: &View<'_>,
    base: &Acknowledged,
) -> Result<Vec<team_core::log::UncheckedForkProof>, TeamError> {
    let mut unknown = Vec::new();
    for stored in tables.forks(view.row())? {
        let has_room = unknown.len() < SYNC_PROOFS_MAX as usize;
        if has_room && !base.known_forks.contains(&stored.device) {
            let proof = team_core::log::UncheckedForkProof::from_wire(&stored.proof);
            unknown.push(proof.map_err(TeamError::Stored)?);
        }
    }
    Ok(unknown)
}

/// The selected segments as they go into the message.
fn carry(view: &View<'_>, selected: &Due) -> Result<Vec<UncheckedSegment>, TeamError> {
    let mut carried = Vec::new();
    for one in &selected.segments {
        let Some(stored) = view.tables.segment_with_hash(view.row(), one.hash)? else {
            continue;
        };
        let header =
            team_core::segment::Header::dangerously_from_store(view.space_id(), &stored.header);
        let header = header.map_err(TeamError::Stored)?;
        let segment = Segment::new(header, stored.payload).map_err(|_| {
            TeamError::Stored(pack_format::codec::DecodeError::Rule {
                what: "a stored payload does not fit its header",
            })
        })?;
        carried.push(UncheckedSegment::carry(&segment, one.with_payload));
    }
    Ok(carried)
}

/// The blobs of segments that go to a device for the first time.
fn new_blobs(
    tables: &Tables<'_>,
    view: &View<'_>,
    selected: &Due,
    before: &SendState,
) -> Result<BTreeMap<BlobId, (String, u64)>, TeamError> {
    let nothing = Extent::new();
    let sent = before.sent().unwrap_or(&nothing);
    let mut blobs = BTreeMap::new();
    for one in selected.segments.iter().filter(|one| one.with_payload) {
        let Some(stored) = tables.segment_with_hash(view.row(), one.hash)? else {
            continue;
        };
        let devices = tables.devices(view.row())?;
        let author = devices.iter().find(|it| it.id == stored.place.device);
        let was_sent =
            author.is_some_and(|author| stored.place.number <= sent.number(author.device));
        if was_sent {
            continue;
        }
        for chunk in tables.chunks_of_segment(stored.place.id)? {
            if let Some(file) = chunk.file {
                blobs.insert(chunk.id, (file, chunk.size_bytes));
            }
        }
    }
    Ok(blobs)
}

/// The files of blobs, as many as one bundle takes, and whether some were left for the next.
fn files_of(
    vault: &Vault,
    blobs: BTreeMap<BlobId, (String, u64)>,
) -> (BTreeMap<[u8; 32], PathBuf>, bool) {
    let mut files = BTreeMap::new();
    let (mut room, mut is_cut) = (BLOB_BYTES_IN_BUNDLE, false);
    for (id, (file, size_bytes)) in blobs {
        match room.checked_sub(size_bytes) {
            Some(rest) => {
                room = rest;
                files.insert(id.0, vault.paths().bundles().join(file));
            }
            None => is_cut = true,
        }
    }
    (files, is_cut)
}

/// How long one summary asks for the same where it cannot ask for all: three days.
const WANTS_TURN_SECS: u64 = 3 * 24 * 60 * 60;
/// Checkpoints that are answered in one crossing.
const CHECKPOINTS_AT_ONCE_MAX: usize = 16;
/// Bundles for one device in one crossing; what is left goes with the next.
const BUNDLES_AT_ONCE_MAX: usize = 16;
/// Bytes of the log in one bundle.
const LOG_BYTES_MAX: u64 = 48 * 1024 * 1024;
/// Bytes of sealed chunks in one bundle.
const BLOB_BYTES_IN_BUNDLE: u64 = 1024 * 1024 * 1024;
/// Summaries of others in one bundle.
const RELAYED_MAX: usize = 1024;
/// Bundles for one device that are kept until they have left.
const UNFREED_MAX: usize = 8;
