//! The devices of a space: whose each is, when something was last heard of it, and how far it has
//! what is here.

use std::collections::{BTreeMap, BTreeSet};

use team_core::control::{Control, Reason};
use team_core::ids::{DeviceId, MemberId};
use team_core::membership::Device;
use team_core::role::Role;
use team_core::sync::{Have, acknowledged};

use super::TeamError;
use super::index::SqlIndex;
use super::late::write_and_judge;
use super::members::removal_text;
use super::session::{in_space, look};
use super::upkeep::{card_of, has_way};
use super::view::{View, digits};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{LaneKind, Peer};
use crate::vault::Vault;

/// A device as lists show it.
#[derive(Clone, Debug)]
pub struct DeviceLine {
    /// Which; its first digits name it.
    pub id: DeviceId,
    /// Whose it is, escaped.
    pub member: String,
    /// Which member that is.
    pub member_id: MemberId,
    /// Whether it is this vault.
    pub is_this: bool,
    /// The role with which it writes; none when it does not count.
    pub role: Option<Role>,
    /// Whether it counts.
    pub is_active: bool,
    /// How it was removed, in words.
    pub removed: Option<String>,
    /// The number from which on it signed two different logs.
    pub forked_from: Option<u64>,
    /// When something was last heard of it.
    pub heard: Option<Heard>,
    /// How many segments that are here it had not, when it was last heard of; of this vault, and
    /// of one that was never heard of, nothing is known.
    pub lacks: Option<u64>,
    /// The contact whose paired vault it is.
    pub vault_of: Option<LocalName>,
    /// Whether one of the pairings leads to it: its own vault, or a courier and a mailbox.
    pub has_way: bool,
}

/// The newest that a device said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When it came here, by this machine's clock.
    pub received_at: UnixTime,
    /// When it was said, by the device's clock: a claim.
    pub claimed_at: UnixTime,
}

/// The devices of a space.
///
/// # Errors
/// [`TeamError::SpaceUnknown`].
pub fn devices(vault: &Vault, space: &str) -> Result<(LocalName, Vec<DeviceLine>), TeamError> {
    look(vault, space, |view| {
        Ok((view.name().clone(), device_lines(view)?))
    })
}

/// Removes a device. Returns it as it is now.
///
/// # Errors
/// [`TeamError::NotFound`], [`TeamError::Ambiguous`]; [`TeamError::RoleNeeded`] and
/// [`TeamError::NotAllowed`] when it is not the person's to do.
pub fn remove(
    vault: &Vault,
    space: &str,
    which: &str,
    reason: Reason,
    now: UnixTime,
) -> Result<(LocalName, DeviceLine), TeamError> {
    in_space(vault, space, now, |session| {
        let device = session.view.find_device(which)?;
        let known = session.view.membership.device(device);
        if known.is_some_and(|known| !known.active) {
            return Err(TeamError::StateAdvised {
                which: format!("the device {}", digits(&device.0)),
                state: "was removed before".to_owned(),
                next: "There is nothing to do.".to_owned(),
            });
        }
        write_and_judge(session, &[Control::RemoveDevice(device, reason)])?;
        let name = session.view.name().clone();
        let mut lines = device_lines(&session.view)?.into_iter();
        let line = lines.find(|line| line.id == device);
        let line = line.ok_or_else(|| TeamError::NotFound {
            space: name.clone(),
            what: "device",
            which: digits(&device.0),
        })?;
        Ok((name, line))
    })
}

/// What became of the silent devices of a space.
#[derive(Debug)]
pub struct Retired {
    /// What this vault calls the space.
    pub space: LocalName,
    /// Devices that were removed.
    pub removed: Vec<DeviceLine>,
    /// Silent devices that are not the person's to remove, each with the reason.
    pub kept: Vec<(DeviceLine, String)>,
}

/// Removes every device of which nothing was heard since `since`.
///
/// # Errors
/// [`TeamError::RoleNeeded`] for one who is no admin.
pub fn retire(
    vault: &Vault,
    space: &str,
    since: UnixTime,
    now: UnixTime,
) -> Result<Retired, TeamError> {
    in_space(vault, space, now, |session| {
        let (name, own) = (session.view.name().clone(), session.view.own_device());
        if session.view.own_role() < Some(Role::Admin) {
            let probe = Control::RemoveDevice(silent_or_any(&session.view), Reason::Silent);
            session.check(&probe)?;
        }
        let (mut operations, mut leaving, mut kept) = (Vec::new(), BTreeSet::new(), Vec::new());
        for device in silent(&session.view, since)? {
            let operation = Control::RemoveDevice(device, Reason::Silent);
            if device == own {
                continue;
            }
            match session.check(&operation) {
                Ok(()) => {
                    leaving.insert(device);
                    operations.push(operation);
                }
                Err(err) => kept.push((device, err.to_string())),
            }
        }
        for some in operations.chunks(RETIRED_AT_ONCE_MAX) {
            write_and_judge(session, some)?;
        }
        let lines = device_lines(&session.view)?;
        let find = |id: DeviceId| lines.iter().find(|line| line.id == id).cloned();
        let kept = kept.into_iter();
        Ok(Retired {
            space: name,
            removed: leaving.iter().filter_map(|id| find(*id)).collect(),
            kept: kept
                .filter_map(|(id, reason)| Some((find(id)?, reason)))
                .collect(),
        })
    })
}

/// A device of somebody else, to ask whether the person may remove one.
fn silent_or_any(view: &View<'_>) -> DeviceId {
    let own = view.own_member();
    let mut others = view.membership.devices();
    let other = others.find(|device| Some(device.member) != own && device.active);
    other.map_or(view.own_device(), |device| device.id)
}

/// The devices that count and of which nothing was heard since a time: of one that never said
/// anything, since it was added or this vault came into the space.
fn silent(view: &View<'_>, since: UnixTime) -> Result<Vec<DeviceId>, TeamError> {
    let mut heard: BTreeMap<DeviceId, UnixTime> = granted_at(view);
    for have in view.tables.haves(view.row())? {
        heard.insert(have.device, have.received_at);
    }
    let joined_at = view.stored.space.joined_at;
    let devices = view.membership.devices().filter(|device| device.active);
    let silent = devices.filter(|device| {
        let last = heard.get(&device.id).copied().unwrap_or(joined_at);
        last < since
    });
    Ok(silent.map(|device| device.id).collect())
}

/// When each device was added, as its adder's clock had it, but not before this vault came into
/// the space and could hear of it.
fn granted_at(view: &View<'_>) -> BTreeMap<DeviceId, UnixTime> {
    let joined_at = view.stored.space.joined_at;
    let mut granted = BTreeMap::new();
    for node in view.graph.nodes() {
        for operation in &node.operations {
            let device = match operation {
                Control::AddMember(add) => DeviceId(add.member.0),
                Control::AddDevice(add) => add.device,
                _ => continue,
            };
            let at = UnixTime::of_secs(node.claimed_at).max(joined_at);
            let known = granted.entry(device).or_insert(at);
            *known = at.max(*known);
        }
    }
    granted
}

/// The devices of a space as lists show them: those that count first, by their members.
pub(super) fn device_lines(view: &View<'_>) -> Result<Vec<DeviceLine>, TeamError> {
    let peers = view.tables.peers(view.row())?;
    let mut lines = Vec::new();
    for device in view.membership.devices() {
        let peer = peers.iter().find(|peer| peer.device == device.id);
        lines.push(device_line(view, device, peer)?);
    }
    lines.sort_by_key(|line| (!line.is_active, line.member.to_lowercase()));
    Ok(lines)
}

fn device_line(
    view: &View<'_>,
    device: &Device,
    peer: Option<&Peer>,
) -> Result<DeviceLine, TeamError> {
    let is_this = device.id == view.own_device();
    let stored = view.tables.have_of(view.row(), device.id)?;
    let (mut heard, mut lacks) = (None, None);
    if let Some(stored) = stored.filter(|_| !is_this) {
        let have = Have::dangerously_from_store(&stored.have).map_err(TeamError::Stored)?;
        heard = Some(Heard {
            received_at: stored.received_at,
            claimed_at: UnixTime::of_secs(have.claimed_at()),
        });
        lacks = Some(lacking(view, &have)?);
    }
    let contact = match peer.and_then(|peer| peer.contact_id) {
        Some(id) => view.tables.contact(id)?,
        None => None,
    };
    Ok(DeviceLine {
        id: device.id,
        member: view.member_text(device.member),
        member_id: device.member,
        is_this,
        role: view.membership.device_role(device.id),
        is_active: device.active,
        removed: device
            .removed
            .filter(|_| !device.active)
            .map(|removal| removal_text(view, removal)),
        forked_from: device.forked,
        heard,
        lacks,
        vault_of: contact.map(|contact| contact.nickname),
        has_way: is_this || leads_to(view, device.id, peer)?,
    })
}

/// How many segments that are here a device had not when it said what it has.
fn lacking(view: &View<'_>, have: &Have) -> Result<u64, TeamError> {
    let index = SqlIndex::new(view.tables, view.row(), view.space_id());
    let theirs = acknowledged(have, &index)?;
    let mut count: u64 = 0;
    for stored in view.tables.devices(view.row())? {
        let tip = stored.tip.map_or(0, |tip| tip.number);
        let missing = tip.saturating_sub(theirs.extent.number(stored.device));
        count = count.saturating_add(missing);
    }
    Ok(count)
}

fn leads_to(view: &View<'_>, device: DeviceId, peer: Option<&Peer>) -> Result<bool, TeamError> {
    let Some(card) = card_of(view, device) else {
        return Ok(false);
    };
    if let Some(peer) = peer {
        return has_way(view.tables, &card, peer);
    }
    let lanes = view.tables.lanes()?;
    let has_courier = lanes.iter().any(|lane| lane.kind == LaneKind::Courier);
    Ok(has_courier && !card.routes.mailboxes().is_empty())
}

/// Removals in one segment.
const RETIRED_AT_ONCE_MAX: usize = 100;
