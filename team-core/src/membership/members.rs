//! The outcome: everything that is asked of membership is answered here.

use std::collections::{BTreeMap, BTreeSet};

use bundle_format::identity::EncapsulationKey;

use super::authorise::Authorised;
use super::cards::card_in;
use super::engine::{Place, Point, View};
use super::evaluate::{Walked, walk};
use super::graph::{ControlGraph, ControlNode};
use super::order::{Key, index};
use super::outcome::{
    Checkpoint, Compartment, DeletionRequest, Device, EpochInfo, Ignored, Member, OpenVote,
};
use super::owners::ChangeOf;
use super::refused::Refused;
use super::rights::{Court, Known, Memo};
use crate::control::{Control, Policy};
use crate::device_card::Routes;
use crate::ids::{CompartmentId, DeviceId, EpochId, MemberId, OperationId, SegmentHash};
use crate::name::Name;
use crate::role::Role;

/// The membership of a space: a pure function of the set of its control segments and forks.
#[derive(Clone, Debug)]
pub struct Membership {
    pub(super) walked: Walked,
    pub(super) memo: Memo,
    pub(super) members: BTreeMap<MemberId, Member>,
    pub(super) devices: BTreeMap<DeviceId, Device>,
    pub(super) compartments: BTreeMap<CompartmentId, Compartment>,
    pub(super) epochs: BTreeMap<EpochId, EpochInfo>,
    pub(super) prekeys: BTreeMap<DeviceId, (u32, OperationId)>,
    pub(super) routes: BTreeMap<DeviceId, OperationId>,
    pub(super) checkpoints: Vec<Checkpoint>,
    pub(super) deletions: Vec<DeletionRequest>,
    pub(super) confirmed_deletions: BTreeMap<SegmentHash, BTreeSet<DeviceId>>,
    pub(super) adopted: BTreeSet<SegmentHash>,
    pub(super) ignored: Vec<Ignored>,
}

impl ControlGraph {
    /// Works out the membership.
    #[must_use]
    pub fn evaluate(&self) -> Membership {
        Membership::new(walk(self))
    }

    /// The digest of the membership in the past of a control segment, without that segment: what
    /// a checkpoint in it says, and what others confirm.
    #[must_use]
    pub fn digest_before(&self, segment: SegmentHash) -> [u8; 32] {
        self.past_of(segment).evaluate().digest()
    }
}

impl Membership {
    /// What the space is called; none as long as its beginning is not known.
    #[must_use]
    pub fn space_name(&self) -> Option<&Name> {
        match self.operation(self.walked.engine.founding?.operation)? {
            Control::Genesis(genesis) => Some(&genesis.space_name),
            _ => None,
        }
    }

    /// What holds for everybody; none as long as the beginning of the space is not known.
    #[must_use]
    pub fn policy(&self) -> Option<Policy> {
        self.walked.engine.founding.map(|founding| founding.policy)
    }

    /// The owners, ascending.
    #[must_use]
    pub fn owners(&self) -> BTreeSet<MemberId> {
        let state = self.walked.engine.owners(self.walked.state);
        state
            .owners
            .iter()
            .filter_map(|key| self.member_id(*key))
            .collect()
    }

    /// How many changes of the owners there were: the generation that a vote now is for.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.walked.engine.owners(self.walked.state).generation
    }

    /// What owners have voted for in this generation without effect so far.
    #[must_use]
    pub fn open_votes(&self) -> Vec<OpenVote> {
        let engine = &self.walked.engine;
        let state = engine.owners(self.walked.state);
        let mut open: BTreeMap<ChangeOf, BTreeSet<MemberId>> = BTreeMap::new();
        let votes = engine.votes.iter();
        for vote in votes.filter(|vote| vote.generation == state.generation) {
            let voters = vote.voters.iter().filter(|key| state.has(**key));
            let voters = voters.filter_map(|key| self.member_id(*key));
            open.entry(vote.change).or_default().extend(voters);
        }
        let needed = state.owners.len() / 2 + 1;
        let open = open.into_iter().filter_map(|(change, voters)| {
            Some(OpenVote {
                change: change.to_change(engine)?,
                missing: needed.saturating_sub(voters.len()),
                voters,
            })
        });
        open.collect()
    }

    /// How many owners have to vote for a change of the owners.
    #[must_use]
    pub fn votes_needed(&self) -> usize {
        self.walked.engine.owners(self.walked.state).owners.len() / 2 + 1
    }

    /// All who are or were members, ascending.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.members.values()
    }

    /// A member, also one who is none any more.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// What a member may do; nothing for one who is none.
    #[must_use]
    pub fn role_of(&self, id: MemberId) -> Option<Role> {
        self.members.get(&id)?.role
    }

    /// The member whose device this is or was.
    #[must_use]
    pub fn member_of(&self, device: DeviceId) -> Option<MemberId> {
        Some(self.devices.get(&device)?.member)
    }

    /// All devices that were ever rightly granted to somebody, ascending.
    pub fn devices(&self) -> impl ExactSizeIterator<Item = &Device> {
        self.devices.values()
    }

    /// A device.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.get(&id)
    }

    /// The role with which a device would write now: that of its member; none when it is removed
    /// or forked.
    #[must_use]
    pub fn device_role(&self, id: DeviceId) -> Option<Role> {
        let device = self.devices.get(&id)?;
        if !device.active || device.forked.is_some() {
            return None;
        }
        self.role_of(device.member)
    }

    /// The named compartments, ascending.
    pub fn compartments(&self) -> impl ExactSizeIterator<Item = &Compartment> {
        self.compartments.values()
    }

    /// The members who read a compartment, or the space as a whole; ascending.
    #[must_use]
    pub fn readers(&self, compartment: CompartmentId) -> BTreeSet<MemberId> {
        if compartment != CompartmentId::WHOLE {
            let found = self.compartments.get(&compartment);
            return found.map_or_else(BTreeSet::new, |found| found.readers.clone());
        }
        let members = self.members.values();
        let readers = members.filter(|member| member.role >= Some(Role::Reader));
        readers.map(|member| member.id).collect()
    }

    /// The devices that a key of a compartment is to be wrapped to, ascending: those of its
    /// readers that count and have not forked.
    #[must_use]
    pub fn reading_devices(&self, compartment: CompartmentId) -> BTreeSet<DeviceId> {
        let readers = self.readers(compartment);
        let devices = self.devices.values();
        let reading = devices.filter(|device| {
            device.active && device.forked.is_none() && readers.contains(&device.member)
        });
        reading.map(|device| device.id).collect()
    }

    /// All epochs, those without effect among them, ascending by id.
    pub fn epochs(&self) -> impl ExactSizeIterator<Item = &EpochInfo> {
        self.epochs.values()
    }

    /// An epoch.
    #[must_use]
    pub fn epoch(&self, id: EpochId) -> Option<&EpochInfo> {
        self.epochs.get(&id)
    }

    /// The newest prekey of a device, with its number: the one that it says itself, else that of
    /// the card it was let in with. None while it has said nothing and two who could let it in at
    /// once gave different cards: nothing may be wrapped to it then.
    #[must_use]
    pub fn prekey(&self, device: DeviceId) -> Option<(u32, &EncapsulationKey)> {
        let (_, operation) = self.prekeys.get(&device)?;
        match self.operation(*operation)? {
            Control::Prekey(number, key) => Some((*number, key)),
            other => card_in(other).map(|card| (card.prekey_number, &card.prekey)),
        }
    }

    /// Whether the newest prekey of a device is one that it has said itself. Until it has, whoever
    /// let it in may have given another one.
    #[must_use]
    pub fn says_own_prekey(&self, device: DeviceId) -> bool {
        let known = self.prekeys.get(&device);
        known.is_some_and(|(_, operation)| self.is_said_by(device, *operation))
    }

    pub(super) fn is_said_by(&self, device: DeviceId, operation: OperationId) -> bool {
        let node = self.node(operation.segment);
        node.is_some_and(|node| node.device == device)
    }

    /// The mailboxes of a device; none where it has no prekey for want of a card, until it says
    /// them itself.
    #[must_use]
    pub fn routes(&self, device: DeviceId) -> Option<&Routes> {
        match self.operation(*self.routes.get(&device)?)? {
            Control::Routes(routes) => Some(routes),
            other => card_in(other).map(|card| &card.routes),
        }
    }

    /// The checkpoints, ascending by operation.
    #[must_use]
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.checkpoints
    }

    /// The demands to destroy payloads, ascending by operation.
    #[must_use]
    pub fn deletion_requests(&self) -> &[DeletionRequest] {
        &self.deletions
    }

    /// The segments whose payloads are to be destroyed, given who wrote each: their own authors
    /// and approvers may demand it.
    #[must_use]
    pub fn deleted(
        &self,
        author_of: impl Fn(SegmentHash) -> Option<DeviceId>,
    ) -> BTreeSet<SegmentHash> {
        let mut deleted = BTreeSet::new();
        for request in &self.deletions {
            let may = |segment: &&SegmentHash| {
                request.any
                    || author_of(**segment)
                        .and_then(|device| self.member_of(device))
                        .is_some_and(|member| request.members.contains(&member))
            };
            deleted.extend(request.segments.iter().filter(may));
        }
        deleted
    }

    /// The devices that say they have destroyed a payload, ascending.
    #[must_use]
    pub fn confirmations_of_deletion(&self, segment: SegmentHash) -> BTreeSet<DeviceId> {
        let found = self.confirmed_deletions.get(&segment);
        found.cloned().unwrap_or_default()
    }

    /// The segments of late work that take effect all the same, ascending.
    #[must_use]
    pub fn adopted(&self) -> &BTreeSet<SegmentHash> {
        &self.adopted
    }

    /// The operations without effect, ascending by operation.
    #[must_use]
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }

    /// An operation that membership was worked out from.
    #[must_use]
    pub fn operation(&self, id: OperationId) -> Option<&Control> {
        self.node(id.segment)?.operations.get(usize::from(id.index))
    }

    /// Whether a device may write an operation now, on top of everything that is known.
    ///
    /// # Errors
    /// [`Refused`]: the reason for which everybody would ignore it.
    pub fn may(&self, device: DeviceId, operation: &Control) -> Result<(), Refused> {
        let engine = &self.walked.engine;
        let Some(device) = engine.order.key(device) else {
            return Err(Refused::UnknownDevice);
        };
        if engine.is_forked(&self.view(), device, u64::MAX) {
            return Err(Refused::Forked);
        }
        let point = self.top(device);
        if let Control::ShareEpoch(share) = operation {
            let Some(epoch) = self.epochs.get(&share.epoch) else {
                return Err(Refused::NoSuchEpoch(share.epoch));
            };
            let refused = Err(Refused::NotAdmitted(epoch.compartment));
            self.ask(refused, |court| {
                court.judge_epoch(&point, epoch.compartment)
            })?;
        }
        match self.ask(Err(Refused::UnknownDevice), |court| {
            court.judge(&point, operation)
        })? {
            Authorised::Unknown => Err(Refused::UnknownKind(operation.kind())),
            _ => Ok(()),
        }
    }

    pub(super) fn view(&self) -> View<'_> {
        View {
            of: None,
            state: self.walked.engine.owners(self.walked.state),
        }
    }

    /// What a device would write now.
    pub(super) fn top(&self, device: Key) -> Point<'_> {
        Point {
            past: None,
            own: 0..0,
            mark: None,
            place: None,
            device,
            number: u64::MAX,
            state: self.walked.engine.owners(self.walked.state),
        }
    }

    /// Answers a question on everything that is known. All grants were settled for that, so
    /// `otherwise` is the answer only if there are more of them than can be counted.
    pub(super) fn ask<T>(&self, otherwise: T, question: impl Fn(Court<'_>) -> Known<T>) -> T {
        let view = self.view();
        let court = Court {
            engine: &self.walked.engine,
            view: &view,
            memo: &self.memo,
        };
        question(court).unwrap_or(otherwise)
    }

    pub(super) fn member_id(&self, key: Key) -> Option<MemberId> {
        let devices = &self.walked.engine.order.devices;
        devices.get(index(key)).map(|device| device.as_member())
    }

    pub(super) fn device_id(&self, key: Key) -> Option<DeviceId> {
        self.walked.engine.order.devices.get(index(key)).copied()
    }

    pub(super) fn node(&self, segment: SegmentHash) -> Option<&ControlNode> {
        let order = &self.walked.engine.order;
        let place = order.place(segment)?;
        order
            .nodes
            .get(index(place))
            .map(|ordered| ordered.node.as_ref())
    }

    pub(super) fn operation_at(&self, at: Place) -> Option<(&ControlNode, &Control)> {
        let ordered = self.walked.engine.order.nodes.get(index(at.node))?;
        let operation = ordered.node.operations.get(usize::from(at.index))?;
        Some((&ordered.node, operation))
    }
}
