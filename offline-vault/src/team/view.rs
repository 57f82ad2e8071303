//! A space whose membership was worked out, to be read.

use std::collections::{BTreeMap, BTreeSet};

use bundle_format::identity::EncapsulationKey;
use pack_format::shown::Shown;
use team_core::control::{Control, Wrap};
use team_core::epoch::{KnownEpoch, SpaceReader};
use team_core::ids::{CompartmentId, DeviceId, EpochId, MemberId, SegmentHash, SpaceId};
use team_core::membership::{ControlGraph, EpochInfo, Member, Membership};
use team_core::name::Name;
use team_core::role::Role;
use team_core::segment::{Header, Kind};

use super::TeamError;
use super::graph::{self, Places};
use crate::names::LocalName;
use crate::store::{SpaceRow, StoredSpace, Tables};

/// A space as the vault has it at one moment.
pub(crate) struct View<'a> {
    pub(crate) tables: &'a Tables<'a>,
    pub(crate) stored: StoredSpace,
    pub(crate) membership: Membership,
    pub(super) graph: ControlGraph,
    pub(super) places: Places,
}

impl<'a> View<'a> {
    /// Works the membership of a space out.
    pub(crate) fn of(tables: &'a Tables<'a>, stored: StoredSpace) -> Result<Self, TeamError> {
        let (graph, places) = graph::read(tables, stored.id, stored.space.space_id)?;
        let membership = graph.evaluate();
        Ok(Self {
            tables,
            stored,
            membership,
            graph,
            places,
        })
    }

    pub(crate) fn row(&self) -> SpaceRow {
        self.stored.id
    }

    pub(crate) fn space_id(&self) -> SpaceId {
        self.stored.space.space_id
    }

    /// What this vault calls the space.
    pub(crate) fn name(&self) -> &LocalName {
        &self.stored.space.name
    }

    pub(crate) fn own_device(&self) -> DeviceId {
        self.stored.space.device
    }

    /// The person's own member, once it is one.
    pub(crate) fn own_member(&self) -> Option<MemberId> {
        self.membership.member_of(self.own_device())
    }

    /// The person's role now.
    pub(crate) fn own_role(&self) -> Option<Role> {
        self.membership.device_role(self.own_device())
    }

    /// The member for whom a device writes; a device of nobody writes for itself.
    pub(crate) fn author(&self, device: DeviceId) -> MemberId {
        let member = self.membership.member_of(device);
        member.unwrap_or_else(|| device.as_member())
    }

    /// A member's name, and its digits where another one has the same name.
    pub(crate) fn member_text(&self, member: MemberId) -> String {
        let Some(found) = self.membership.member(member) else {
            return format!("somebody unknown ({})", digits(&member.0));
        };
        let name = Shown(found.name.as_str()).to_string();
        let mut others = self.membership.members();
        let is_shared = others.any(|it| it.id != member && it.name == found.name);
        if is_shared {
            format!("{name} ({})", digits(&member.0))
        } else {
            name
        }
    }

    /// What the space is called by everybody; what this vault calls it as long as that has not
    /// come.
    pub(crate) fn space_name(&self) -> Result<Name, TeamError> {
        match self.membership.space_name() {
            Some(name) => Ok(name.clone()),
            None => Name::new(self.name().as_str()).map_err(TeamError::Format),
        }
    }

    /// Whose device it is, and which where there are several.
    pub(crate) fn device_text(&self, device: DeviceId) -> String {
        let member = self.author(device);
        let text = self.member_text(member);
        let count = self
            .membership
            .devices()
            .filter(|it| it.member == member)
            .count();
        if count > 1 {
            format!("{text}’s device {}", digits(&device.0))
        } else {
            text
        }
    }

    /// The member that a person means by a name or by the digits beside it.
    pub(crate) fn find_member(&self, who: &str) -> Result<&Member, TeamError> {
        // As lists show somebody who shares a name: "Bilal (2fdbf399)".
        let digits_behind = who.strip_suffix(')').and_then(|it| it.rsplit_once(" ("));
        let who = digits_behind.map_or(who, |(_, digits)| digits);
        let is_meant = |member: &&Member| {
            member.name.as_str().eq_ignore_ascii_case(who)
                || (who.len() >= DIGITS_MIN && full_digits(&member.id.0).starts_with(who))
        };
        let members = self.membership.members();
        let mut found: Vec<&Member> = members.filter(is_meant).collect();
        // Somebody who is in is meant before somebody of the same name who is not any more.
        if found.iter().any(|member| member.role.is_some()) {
            found.retain(|member| member.role.is_some());
        }
        match found.as_slice() {
            [one] => Ok(one),
            [] => Err(TeamError::MemberUnknown {
                space: self.name().clone(),
                who: Shown(who).to_string(),
            }),
            several => Err(TeamError::MemberAmbiguous {
                space: self.name().clone(),
                who: Shown(who).to_string(),
                count: several.len(),
            }),
        }
    }

    /// The device whose id begins with these digits.
    pub(crate) fn find_device(&self, which: &str) -> Result<DeviceId, TeamError> {
        let devices = self.membership.devices().map(|device| device.id);
        let found: Vec<DeviceId> = devices
            .filter(|id| which.len() >= DIGITS_MIN && full_digits(&id.0).starts_with(which))
            .collect();
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(TeamError::NotFound {
                space: self.name().clone(),
                what: "device",
                which: Shown(which).to_string(),
            }),
            several => Err(TeamError::Ambiguous {
                space: self.name().clone(),
                which: Shown(which).to_string(),
                count: several.len(),
            }),
        }
    }

    /// The compartment of this name; the space as a whole without one.
    pub(crate) fn find_compartment(&self, name: Option<&str>) -> Result<CompartmentId, TeamError> {
        let Some(name) = name else {
            return Ok(CompartmentId::WHOLE);
        };
        let mut compartments = self.membership.compartments();
        let found = compartments.find(|it| it.name.as_str().eq_ignore_ascii_case(name));
        found
            .map(|compartment| compartment.id)
            .ok_or_else(|| TeamError::NotFound {
                space: self.name().clone(),
                what: "compartment",
                which: Shown(name).to_string(),
            })
    }

    /// What a compartment is called; nothing for the space as a whole.
    pub(crate) fn compartment_text(&self, id: CompartmentId) -> Option<String> {
        let mut compartments = self.membership.compartments();
        let found = compartments.find(|compartment| compartment.id == id)?;
        Some(Shown(found.name.as_str()).to_string())
    }

    /// The devices that read what is written into a compartment now, with the prekeys that keys
    /// are wrapped to.
    pub(crate) fn readers(
        &self,
        compartment: CompartmentId,
    ) -> BTreeMap<DeviceId, (u32, &EncapsulationKey)> {
        let devices = self.membership.reading_devices(compartment);
        let with_prekey = devices.into_iter().filter_map(|device| {
            let prekey = self.membership.prekey(device)?;
            Some((device, prekey))
        });
        with_prekey.collect()
    }

    /// The epochs of a compartment that may be used for new content, each behind those that its
    /// author knew.
    pub(crate) fn known_epochs(&self, compartment: CompartmentId) -> Vec<KnownEpoch> {
        self.epochs_that(compartment, |epoch| epoch.refused.is_none())
    }

    /// The epochs of a compartment whose keys are given to readers that lack them: of those that
    /// count, and of those whose late work was adopted, each that something here is sealed under.
    /// Who makes epochs for nothing so makes no work for others.
    pub(crate) fn shared_epochs(
        &self,
        compartment: CompartmentId,
    ) -> Result<Vec<KnownEpoch>, TeamError> {
        let used = self.tables.used_epochs(self.row())?;
        let mut adopted = BTreeSet::new();
        for segment in self.membership.adopted() {
            adopted.extend(self.epoch_of(*segment)?);
        }
        Ok(self.epochs_that(compartment, |epoch| {
            used.contains(&epoch.id) && (epoch.refused.is_none() || adopted.contains(&epoch.id))
        }))
    }

    /// Under which epoch a segment is sealed; none for one that is not here or is not content.
    pub(super) fn epoch_of(&self, segment: SegmentHash) -> Result<Option<EpochId>, TeamError> {
        let Some(stored) = self.tables.segment_header(self.row(), segment)? else {
            return Ok(None);
        };
        let header = Header::dangerously_from_store(self.space_id(), &stored.header);
        Ok(match &header.map_err(TeamError::Stored)?.fields().kind {
            Kind::Content(sealing) => Some(sealing.epoch),
            Kind::Control => None,
        })
    }

    fn epochs_that(
        &self,
        compartment: CompartmentId,
        counts: impl Fn(&EpochInfo) -> bool,
    ) -> Vec<KnownEpoch> {
        let epochs = self.membership.epochs();
        let mut found: Vec<&EpochInfo> = epochs
            .filter(|epoch| epoch.compartment == compartment && counts(epoch))
            .collect();
        found.sort_by_key(|epoch| (self.places.of(epoch.operation.segment), epoch.id));
        let mut known: Vec<KnownEpoch> = found.iter().map(|epoch| self.known(epoch)).collect();
        let since = self.epochs_before_checkpoint(&found);
        for (epoch, before) in known.iter_mut().zip(since) {
            if !before {
                epoch.set_in_use_since_checkpoint();
            }
        }
        known
    }

    fn known(&self, epoch: &EpochInfo) -> KnownEpoch {
        let mut known = KnownEpoch::new(epoch.id, epoch.author, &[]);
        for operation in &epoch.wraps {
            let author = self.graph.node(operation.segment).map(|node| node.device);
            let author = author.unwrap_or(epoch.author);
            known.add_share(author, self.wraps_of(*operation));
        }
        known
    }

    fn wraps_of(&self, operation: team_core::ids::OperationId) -> &[Wrap] {
        match self.membership.operation(operation) {
            Some(Control::Epoch(epoch)) => &epoch.wraps,
            Some(Control::ShareEpoch(share)) => &share.wraps,
            _ => &[],
        }
    }

    /// For each epoch, in order, whether it was out of use before the newest checkpoint: all that
    /// the checkpoint's author knew, but the last.
    fn epochs_before_checkpoint(&self, epochs: &[&EpochInfo]) -> Vec<bool> {
        let checkpoints = self.membership.checkpoints().iter();
        let newest = checkpoints.max_by_key(|it| self.places.of(it.deed.operation.segment));
        let Some(newest) = newest else {
            return vec![false; epochs.len()];
        };
        let past = self.graph.past_of(newest.deed.operation.segment);
        let is_past = |epoch: &&EpochInfo| past.node(epoch.operation.segment).is_some();
        let last = epochs.iter().copied().rfind(is_past);
        let before = |epoch: &&EpochInfo| is_past(epoch) && last.map(|it| it.id) != Some(epoch.id);
        epochs.iter().map(before).collect()
    }

    /// The wrapped keys of an epoch for a device.
    pub(crate) fn wraps_for(&self, epoch: &EpochInfo, device: DeviceId) -> Vec<&Wrap> {
        let lists = epoch.wraps.iter().flat_map(|it| self.wraps_of(*it));
        lists.filter(|wrap| wrap.is_for(device)).collect()
    }

    /// Who may read a compartment, and how far back, of those that lack one of these epochs.
    pub(crate) fn readers_without(
        &self,
        compartment: CompartmentId,
        epochs: &[KnownEpoch],
    ) -> Vec<SpaceReader> {
        let mut readers = Vec::new();
        for device in self.membership.reading_devices(compartment) {
            if epochs.iter().all(|epoch| epoch.is_held_by(device)) {
                continue;
            }
            let member = self.author(device);
            let Some(member) = self.membership.member(member) else {
                continue;
            };
            // Not since it joined: who was a courier, or not admitted, was not to read it either.
            let since = self.membership.reads_since(member.id, compartment);
            let pasts = since.iter().map(|it| self.graph.past_of(it.segment));
            let pasts: Vec<ControlGraph> = pasts.collect();
            let is_earlier = |epoch: &&EpochInfo| {
                let has = |past: &ControlGraph| past.node(epoch.operation.segment).is_some();
                pasts.iter().any(has)
            };
            let earlier = self.membership.epochs().filter(is_earlier);
            readers.push(SpaceReader {
                device,
                history: member.history,
                earlier: earlier.map(|epoch| epoch.id).collect(),
            });
        }
        readers
    }

    /// Whose content each epoch seals.
    pub(crate) fn compartments_of_epochs(&self) -> BTreeMap<EpochId, CompartmentId> {
        let epochs = self.membership.epochs();
        epochs.map(|epoch| (epoch.id, epoch.compartment)).collect()
    }

    /// The segments whose payloads are to be destroyed everywhere.
    pub(crate) fn deleted(&self) -> Result<BTreeSet<SegmentHash>, TeamError> {
        let mut authors = BTreeMap::new();
        let devices = self.tables.devices(self.row())?;
        for request in self.membership.deletion_requests() {
            for segment in &request.segments {
                let place = self.tables.segment_place(self.row(), *segment)?;
                let author = place.and_then(|place| {
                    let found = devices.iter().find(|device| device.id == place.device);
                    found.map(|device| device.device)
                });
                authors.insert(*segment, author);
            }
        }
        let author_of = |segment| authors.get(&segment).copied().flatten();
        Ok(self.membership.deleted(author_of))
    }
}

/// The first digits of an id, as lists show it.
pub(crate) fn digits(id: &[u8]) -> String {
    full_digits(id).chars().take(DIGITS_SHOWN).collect()
}

pub(super) fn full_digits(id: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(id)
}

/// Digits that lists show of an id.
const DIGITS_SHOWN: usize = 8;
/// Fewest digits that name something.
const DIGITS_MIN: usize = 4;
