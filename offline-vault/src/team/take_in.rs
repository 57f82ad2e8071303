//! Taking in what a device of a space sent.

use std::collections::BTreeSet;

use pack_format::codec::Wire as _;
use team_core::control::{Control, decode_operations};
use team_core::epoch::{Binding, ContentCodec, unwrap};
use team_core::ids::{DeviceId, EpochId, SegmentHash};
use team_core::sync::{Have, SendState, SyncMessage, UncheckedHave, take_in};

use super::brought::Brought;
use super::bundle::{Settled, SpaceArrival, settle};
use super::index::SqlLog;
use super::portion::{Portion, in_turn, turn};
use super::view::View;
use super::{TeamError, content};
use crate::clock::UnixTime;
use crate::store::{Changes, SegmentKind, SpaceState, StoredFork, StoredHave, StoredSpace};
use crate::work::bundle_file::NewBundleFile;

/// What became of a bundle from a device of a space.
#[derive(Default)]
pub(crate) struct Taken {
    /// Blobs whose files are to be kept.
    pub(crate) blobs: Vec<NewBundleFile>,
    /// What changed.
    pub(crate) brought: Brought,
    /// Why nothing of it was taken in.
    pub(crate) refused: Option<String>,
}

impl Taken {
    /// Nothing was taken in.
    pub(crate) fn refused(reason: String) -> Self {
        Self {
            refused: Some(reason),
            ..Self::default()
        }
    }
}

/// Lets a verified bundle change its space, inside the transaction that also takes the pack in.
pub(crate) fn apply(
    changes: &Changes<'_>,
    arrival: SpaceArrival,
    now: UnixTime,
) -> Result<Taken, TeamError> {
    let Some(stored) = changes.space(arrival.space)? else {
        return Ok(Taken::default());
    };
    let name = stored.space.name.clone();
    let view = View::of(changes, stored)?;
    let refuse = |reason: &str| -> Result<Taken, TeamError> {
        changes.note(now, &format!("{name}: a bundle was refused: {reason}."))?;
        Ok(Taken::refused(format!("{name}: {reason}")))
    };
    let is_joining = view.stored.space.state == SpaceState::Joining;
    if !is_joining && view.membership.device(arrival.from).is_none() {
        return refuse("it comes from a device that is not in the space");
    }
    let Ok(message) = SyncMessage::from_wire(&arrival.sync) else {
        return refuse("what it says of the space does not read");
    };
    if message.space != view.space_id() {
        return refuse("it is about another space");
    }
    let (peer, is_copy) = match settle(changes, &arrival, now)? {
        Settled::OtherChain => return refuse("it is sealed with the chain of another device"),
        Settled::Taken { peer, is_copy } => (peer, is_copy),
    };
    changes.insert_seen(
        arrival.content_id,
        &crate::store::Seen {
            taken_at: now,
            refused: None,
        },
    )?;
    changes.set_seen_space(arrival.content_id, view.row())?;
    let mut taken = Taken::default();
    if is_copy {
        let who = view.device_text(arrival.from);
        let text = format!(
            "two different bundles of {who} carry one number: that vault may have been copied. \
             Ask them."
        );
        changes.note(now, &format!("{name}: {text}"))?;
        taken.brought.tell(name.as_str(), text);
    }
    if let Some(known) = changes.peer(peer)? {
        let mut sent = send_state(&known.sent)?;
        sent.received();
        changes.set_peer_sent(peer, &sent.to_wire())?;
    }
    let mut intake = Intake {
        changes,
        view,
        now,
        brought: std::mem::take(&mut taken.brought),
        is_forked: false,
    };
    intake.message(&arrival, message)?;
    taken.blobs = intake.blobs(arrival.blobs)?;
    taken.brought = intake.brought;
    Ok(taken)
}

/// What was sent to a peer lately; nothing for a new one.
pub(super) fn send_state(bytes: &[u8]) -> Result<SendState, TeamError> {
    if bytes.is_empty() {
        return Ok(SendState::new());
    }
    SendState::from_wire(bytes).map_err(TeamError::Stored)
}

struct Intake<'a> {
    changes: &'a Changes<'a>,
    view: View<'a>,
    now: UnixTime,
    brought: Brought,
    /// A fork was found: what its device wrote before is judged anew.
    is_forked: bool,
}

impl Intake<'_> {
    fn tell(&mut self, what: String) -> Result<(), TeamError> {
        let name = self.view.name().to_string();
        self.changes.note(self.now, &format!("{name}: {what}"))?;
        self.brought.tell(&name, what);
        Ok(())
    }

    fn message(&mut self, arrival: &SpaceArrival, message: SyncMessage) -> Result<(), TeamError> {
        let (space, own) = (self.view.space_id(), self.view.own_device());
        let brings_segments = !message.segments.is_empty();
        let mut log = SqlLog::new(self.changes, self.view.row(), space, self.now);
        let mut pending = log.pending()?;
        let taken = take_in(
            space,
            own,
            arrival.from,
            message.segments,
            &mut log,
            &mut pending,
        )?;
        log.save_pending(&pending)?;
        // Behind the segments, which name the devices of whom there are summaries and proofs.
        self.have(message.have)?;
        for have in message.relayed {
            self.have(have)?;
        }
        for proof in message.proofs {
            let Ok(proof) = proof.verify(space) else {
                continue;
            };
            // Anybody can make keys that sign twice: of strangers nothing is kept or passed on.
            if !self.is_named(proof.device())? {
                continue;
            }
            if proof.device() == own {
                self.stop()?;
            }
            self.fork(&proof)?;
        }
        if taken.is_clone {
            self.stop()?;
        }
        for proof in &taken.forks {
            self.fork(proof)?;
        }
        for (device, number, rule) in &taken.broken {
            let who = self.view.device_text(*device);
            self.tell(format!(
                "segment {number} of {who} breaks a rule and is left out, with all that follows \
                 it: {rule}."
            ))?;
        }
        if !taken.forged.is_empty() || !taken.withheld.is_empty() {
            let who = self.view.device_text(arrival.from);
            let count = taken.forged.len() + taken.withheld.len();
            self.tell(format!(
                "{who} passed on {count} segments that are altered or not whole; they were left \
                 out."
            ))?;
        }
        if taken.dropped > 0 {
            self.tell(format!(
                "{} segments follow others that have not come and found no room to wait; they \
                 will be sent again.",
                taken.dropped
            ))?;
        }
        self.brought.asks_for_answer |= brings_segments;
        let mut fresh = taken.accepted;
        fresh.extend(taken.payloads);
        self.take_effect(&fresh)
    }

    /// Keeps a have-summary, if it is a newer one.
    fn have(&mut self, have: UncheckedHave) -> Result<(), TeamError> {
        let Ok(have): Result<Have, _> = have.verify(self.view.space_id()) else {
            return Ok(());
        };
        if have.device() == self.view.own_device() {
            let known = self.changes.have_of(self.view.row(), have.device())?;
            let is_another =
                known.is_some_and(|it| it.counter == have.counter() && it.have != have.to_wire());
            if is_another || have.counter() > self.view.stored.have_counter {
                self.stop()?;
            }
            return Ok(());
        }
        if !self.is_named(have.device())? {
            return Ok(());
        }
        self.changes.insert_have(
            self.view.row(),
            &StoredHave {
                device: have.device(),
                counter: have.counter(),
                have: have.to_wire(),
                received_at: self.now,
            },
        )?;
        Ok(())
    }

    /// Whether an operation makes this one a device of the space.
    fn is_named(&self, device: DeviceId) -> Result<bool, TeamError> {
        let chain = self.changes.device_chain(self.view.row(), device)?;
        Ok(chain.is_some_and(|chain| chain.named))
    }

    /// Something bears the signature of this vault's device that this vault has not written.
    fn stop(&mut self) -> Result<(), TeamError> {
        if self.view.stored.space.state == SpaceState::Stopped {
            return Ok(());
        }
        self.changes
            .set_space_state(self.view.row(), SpaceState::Stopped)?;
        self.view.stored.space.state = SpaceState::Stopped;
        self.tell(
            "this vault was copied or restored: something was written in its name that it has not \
             written. It writes nothing there any more. Ask an admin to remove this device and to \
             invite you again."
                .to_owned(),
        )
    }

    fn fork(&mut self, proof: &team_core::log::ForkProof) -> Result<(), TeamError> {
        let is_new = self.changes.insert_fork(
            self.view.row(),
            &StoredFork {
                device: proof.device(),
                number: proof.number(),
                proof: proof.to_unchecked().to_wire(),
                found_at: self.now,
            },
        )?;
        let device = self
            .changes
            .ensure_device(self.view.row(), proof.device())?;
        self.changes.set_device_forked(device, proof.number())?;
        self.is_forked |= is_new;
        if is_new {
            let who = self.view.device_text(proof.device());
            self.tell(format!(
                "{who} signed two different segments with the number {}: the vault was copied, or \
                 its owner deceives. What it wrote from there on is held, and the proof is passed \
                 on.",
                proof.number()
            ))?;
        }
        Ok(())
    }

    /// Lets segments that were accepted take effect.
    fn take_effect(&mut self, fresh: &[SegmentHash]) -> Result<(), TeamError> {
        let row = self.view.row();
        let (mut controls, mut contents) = (Vec::new(), Vec::new());
        for hash in fresh {
            match self.changes.segment_place(row, *hash)? {
                Some(place) if place.kind == SegmentKind::Control => controls.push(*hash),
                Some(place) => contents.push((place.device, *hash)),
                None => {}
            }
        }
        let mut codec = ContentCodec::new().map_err(content::error)?;
        let mut portion = Portion::new();
        if !controls.is_empty() || self.is_forked {
            self.membership_changed(&controls, &mut codec, &mut portion)?;
        }
        content::take_in(
            self.changes,
            &self.view,
            &mut codec,
            &in_turn(contents, turn(self.now)),
            &mut portion,
            &mut self.brought,
        )
    }

    fn membership_changed(
        &mut self,
        controls: &[SegmentHash],
        codec: &mut ContentCodec,
        portion: &mut Portion,
    ) -> Result<(), TeamError> {
        let stored = self.stored()?;
        let after = View::of(self.changes, stored)?;
        let before = std::mem::replace(&mut self.view, after);
        for line in super::changes::between(&before, &self.view) {
            self.tell(line)?;
        }
        self.let_in_or_out()?;
        content::judge_anew(self.changes, &before, &self.view, &mut self.brought)?;
        let keys = self.take_keys()?;
        content::open_waiting(
            self.changes,
            &self.view,
            codec,
            &keys,
            portion,
            &mut self.brought,
        )?;
        self.want_again()?;
        self.destroy(controls)
    }

    fn stored(&self) -> Result<StoredSpace, TeamError> {
        let found = self.changes.space(self.view.row())?;
        found.ok_or_else(|| TeamError::SpaceUnknown {
            name: self.view.name().to_string(),
        })
    }

    /// The person has been let in, or is in no more.
    fn let_in_or_out(&mut self) -> Result<(), TeamError> {
        let is_in = self.view.own_role().is_some();
        let next = match (self.view.stored.space.state, is_in) {
            (SpaceState::Joining | SpaceState::Left, true) => SpaceState::Active,
            (SpaceState::Active, false) => SpaceState::Left,
            _ => return Ok(()),
        };
        self.changes.set_space_state(self.view.row(), next)?;
        self.view.stored.space.state = next;
        match (next, self.view.own_role()) {
            (SpaceState::Active, Some(role)) => self.tell(format!("you are in, as {role}.")),
            _ => self.tell(
                "you are not a member any more. What came before stays readable here.".to_owned(),
            ),
        }
    }

    /// Unwraps the keys of epochs that were given to this device.
    fn take_keys(&mut self) -> Result<Vec<EpochId>, TeamError> {
        let own = self.view.own_device();
        let prekeys = super::upkeep::own_prekeys(self.changes, self.view.row())?;
        let mut fresh = Vec::new();
        for epoch in self.view.membership.epochs() {
            if self.changes.epoch_key(self.view.row(), epoch.id)?.is_some() {
                continue;
            }
            let binding = Binding {
                space: self.view.space_id(),
                compartment: epoch.compartment,
                commitment: epoch.commitment,
            };
            for wrap in self.view.wraps_for(epoch, own) {
                let find = |number| prekeys.get(&number);
                if let Ok(key) = unwrap(wrap, &binding, own, find) {
                    self.changes
                        .insert_epoch_key(self.view.row(), epoch.id, key.secret())?;
                    fresh.push(epoch.id);
                    break;
                }
            }
        }
        Ok(fresh)
    }

    /// A deletion that has no effect any more, because its author had lost the right to it, undoes
    /// nothing: what was destroyed for it is asked for again.
    fn want_again(&mut self) -> Result<(), TeamError> {
        let row = self.view.row();
        let destroyed = self.changes.destroyed_segments(row)?;
        if destroyed.is_empty() {
            return Ok(());
        }
        let deleted = self.view.deleted()?;
        let mut items = BTreeSet::new();
        let mut count = 0u64;
        for hash in destroyed {
            if !deleted.contains(&hash) {
                items.extend(self.changes.want_again(row, hash)?);
                count = count.saturating_add(1);
            }
        }
        if count > 0 {
            self.tell(format!(
                "a deletion has no effect any more, because its author had lost the right to it; \
                 {count} segments that were destroyed for it are asked for again."
            ))?;
            content::fold_anew(self.changes, &self.view, items, &mut self.brought)?;
        }
        Ok(())
    }

    /// Destroys what is to be destroyed everywhere, if one of these segments asks for it.
    fn destroy(&mut self, controls: &[SegmentHash]) -> Result<(), TeamError> {
        for hash in controls {
            let stored = self.changes.segment_with_hash(self.view.row(), *hash)?;
            let payload = stored.and_then(|stored| stored.payload).unwrap_or_default();
            let operations = decode_operations(&payload).unwrap_or_default();
            if operations.iter().any(|it| matches!(it, Control::Delete(_))) {
                return destroy_deleted(self.changes, &self.view, &mut self.brought).map(|_| ());
            }
        }
        Ok(())
    }

    /// Keeps the blobs that something names.
    fn blobs(&mut self, files: Vec<NewBundleFile>) -> Result<Vec<NewBundleFile>, TeamError> {
        let (mut kept, mut rest) = (Vec::new(), files);
        // The list of a large file's pieces is a piece itself: what it names is known only once
        // it is here, and came with it.
        loop {
            let (mut named, mut others) = (Vec::new(), Vec::new());
            for file in rest {
                let id = team_core::blob::BlobId(file.content_id().0);
                let known = self.changes.chunk(self.view.row(), id)?;
                if known.is_some_and(|chunk| chunk.file.is_none()) {
                    self.changes
                        .set_chunk_file(self.view.row(), id, Some(file.name()))?;
                    named.push(file);
                } else {
                    others.push(file);
                }
            }
            if named.is_empty() {
                break;
            }
            super::files::learn_lists(self.changes, &self.view, &named)?;
            kept.extend(named);
            rest = others;
        }
        if !kept.is_empty() {
            let missing = self.changes.missing_chunks(self.view.row(), 1)?;
            let text = match (kept.len(), missing.is_empty()) {
                (1, true) => "one piece of a file came; all files are complete.".to_owned(),
                (1, false) => "one piece of a file came; more are to come.".to_owned(),
                (count, true) => format!("{count} pieces of files came; all files are complete."),
                (count, false) => format!("{count} pieces of files came; more are to come."),
            };
            let name = self.view.name().to_string();
            self.brought.tell(&name, text);
        }
        Ok(kept)
    }
}

/// Destroys the payloads that the space wants destroyed and that are still here. Returns how many
/// there were.
pub(super) fn destroy_deleted(
    changes: &Changes<'_>,
    view: &View<'_>,
    brought: &mut Brought,
) -> Result<Vec<SegmentHash>, TeamError> {
    let mut items = BTreeSet::new();
    let mut destroyed = Vec::new();
    for hash in view.deleted()? {
        let place = changes.segment_place(view.row(), hash)?;
        let is_there = place.is_some_and(|it| it.standing != crate::store::Standing::Destroyed);
        if is_there {
            items.extend(changes.destroy_payload(view.row(), hash)?);
            destroyed.push(hash);
        }
    }
    content::fold_anew(changes, view, items, brought)?;
    // Their files are removed when the vault is next opened, if not before.
    super::files::remove_unused(changes, view.row())?;
    Ok(destroyed)
}
