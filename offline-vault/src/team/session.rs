//! One space, opened for one use case inside one transaction.

use std::collections::BTreeSet;

use bundle_format::identity::Identity;
use bundle_format::random::HedgedRng;
use team_content::batch::{encode_batch, split};
use team_content::item_id::Dot;
use team_content::operation::Operation;
use team_core::content::encode_operations as encode_content;
use team_core::control::{Control, encode_operations as encode_control};
use team_core::epoch::{Choice, ContentCodec, ContentPlace, EpochKey, Recipient, choose, mint};
use team_core::ids::{CompartmentId, EpochId, OperationId, SegmentHash};
use team_core::limits::{CONTROL_KEPT_FOR_PEOPLE, CONTROL_WRITTEN_MAX};
use team_core::log::{Accepted, Draft, SegmentIndex as _, WriteError, write};
use team_core::role::Role;
use team_core::segment::{Kind, Sealing, Segment};
use team_core::sync::SegmentStore as _;

use super::brought::Brought;
use super::content;
use super::index::{SqlIndex, SqlLog};
use super::portion::Portion;
use super::view::View;
use super::{ClosedReason, TeamError, refusal};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{Changes, SpaceState, StoredSpace, Tables};
use crate::vault::Vault;

/// A space in which something is written.
pub(crate) struct Session<'a> {
    pub(crate) changes: &'a Changes<'a>,
    pub(crate) view: View<'a>,
    pub(crate) now: UnixTime,
    pub(crate) brought: Brought,
    rng: HedgedRng,
    identity: Identity,
}

/// Runs a use case that writes into a space of this vault, in one transaction.
pub(crate) fn in_space<T>(
    vault: &Vault,
    name: &str,
    now: UnixTime,
    use_case: impl FnOnce(&mut Session<'_>) -> Result<T, TeamError>,
) -> Result<T, TeamError> {
    let rng = vault.rng()?;
    vault.store().write(|changes| {
        let stored = find_space(changes, name)?;
        check_open(&stored)?;
        let mut session = Session::new(changes, stored, rng, now)?;
        use_case(&mut session)
    })
}

/// Looks at a space of this vault.
pub(crate) fn look<T>(
    vault: &Vault,
    name: &str,
    use_case: impl FnOnce(&View<'_>) -> Result<T, TeamError>,
) -> Result<T, TeamError> {
    let tables = vault.store().read();
    let stored = find_space(&tables, name)?;
    use_case(&View::of(&tables, stored)?)
}

/// The space that the person calls so.
pub(crate) fn find_space(tables: &Tables<'_>, name: &str) -> Result<StoredSpace, TeamError> {
    let unknown = || TeamError::SpaceUnknown {
        name: pack_format::shown::Shown(name).to_string(),
    };
    let local = LocalName::new(name).map_err(|_| unknown())?;
    tables.space_named(&local)?.ok_or_else(unknown)
}

fn check_open(stored: &StoredSpace) -> Result<(), TeamError> {
    let reason = match stored.space.state {
        SpaceState::Active => return Ok(()),
        SpaceState::Joining => ClosedReason::Joining,
        SpaceState::Left => ClosedReason::Left,
        SpaceState::Stopped => ClosedReason::Stopped,
    };
    Err(TeamError::Closed {
        name: stored.space.name.clone(),
        reason,
    })
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        changes: &'a Changes<'a>,
        stored: StoredSpace,
        rng: HedgedRng,
        now: UnixTime,
    ) -> Result<Self, TeamError> {
        let identity = Identity::from_seed(stored.space.device_seed.duplicate());
        Ok(Self {
            changes,
            view: View::of(changes, stored)?,
            now,
            brought: Brought::default(),
            rng,
            identity,
        })
    }

    pub(crate) fn rng(&mut self) -> &mut HedgedRng {
        &mut self.rng
    }

    pub(super) fn view_and_rng(&mut self) -> (&View<'a>, &mut HedgedRng) {
        (&self.view, &mut self.rng)
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn tell(&mut self, what: impl Into<String>) {
        let name = self.view.name().to_string();
        self.brought.tell(&name, what);
    }

    /// Whether the person may write such an operation now.
    pub(crate) fn check(&self, operation: &Control) -> Result<(), TeamError> {
        let may = self.view.membership.may(self.view.own_device(), operation);
        may.map_err(|refused| refusal::refuse(&self.view, &refused))
    }

    /// Writes control operations in one segment, after checking that the person may.
    pub(crate) fn write_control(
        &mut self,
        operations: &[Control],
    ) -> Result<SegmentHash, TeamError> {
        for operation in operations {
            self.check(operation)?;
        }
        self.write_unasked(operations)
    }

    /// Writes control operations that nobody has to be asked about.
    pub(super) fn write_unasked(
        &mut self,
        operations: &[Control],
    ) -> Result<SegmentHash, TeamError> {
        let payload = encode_control(operations);
        let segment = self.write_segment(Kind::Control, payload)?;
        self.refresh()?;
        Ok(segment)
    }

    /// Writes content into a compartment, in as few segments as it takes, and lets it take effect.
    pub(crate) fn write_content(
        &mut self,
        compartment: CompartmentId,
        operations: &[Operation],
    ) -> Result<Vec<Dot>, TeamError> {
        let mut dots = Vec::new();
        let device = self.view.own_device();
        for batch in split(device, operations) {
            self.check_role(batch)?;
            let (epoch, key) = self.epoch_for(compartment)?;
            let mut codec = ContentCodec::new().map_err(content::error)?;
            let (number, sealing, payload) = self.seal(&mut codec, (epoch, &key), batch)?;
            let hash = self.write_segment(Kind::Content(sealing), payload)?;
            for index in (0u32..).take(batch.len()) {
                dots.push(Dot {
                    device,
                    number,
                    index,
                });
            }
            content::take_in(
                self.changes,
                &self.view,
                &mut codec,
                &[hash],
                &mut Portion::unlimited(),
                &mut self.brought,
            )?;
        }
        Ok(dots)
    }

    /// Seals operations as the content of this device's next segment; also gives its number.
    pub(super) fn seal(
        &mut self,
        codec: &mut ContentCodec,
        (epoch, key): (EpochId, &EpochKey),
        operations: &[Operation],
    ) -> Result<(u64, Sealing, Vec<u8>), TeamError> {
        let device = self.view.own_device();
        let index = SqlIndex::new(self.changes, self.view.row(), self.view.space_id());
        let tip = index.chain(device)?.map_or(0, |chain| chain.tip);
        let number = tip.saturating_add(1);
        let encoded = encode_batch(device, number, operations).map_err(|err| TeamError::Input {
            what: err.to_string(),
        })?;
        let sealing = Sealing {
            epoch,
            salt: self.rng.array(),
        };
        let place = ContentPlace {
            epoch,
            device,
            number,
            salt: sealing.salt,
        };
        let payload = codec.seal(key, &place, &encode_content(&encoded));
        Ok((number, sealing, payload.map_err(content::error)?))
    }

    fn check_role(&self, operations: &[Operation]) -> Result<(), TeamError> {
        let found = self.view.own_role();
        let kinds = operations.iter().map(Operation::kind);
        let needed = kinds.filter_map(team_core::content::required_role).max();
        match needed {
            Some(needed) if found < Some(needed) => Err(TeamError::RoleNeeded {
                name: self.view.name().clone(),
                needed,
                found: found.map_or_else(|| "none".to_owned(), |role| role.to_string()),
                ask: refusal::whom_to_ask(&self.view, Role::Admin),
            }),
            _ => Ok(()),
        }
    }

    /// The epoch for new content: one whose recipients are exactly those who read the
    /// compartment now, or a new one.
    pub(crate) fn epoch_for(
        &mut self,
        compartment: CompartmentId,
    ) -> Result<(EpochId, EpochKey), TeamError> {
        let readers = self.view.membership.reading_devices(compartment);
        let held = self.changes.epoch_keys(self.view.row())?;
        let known = self.view.known_epochs(compartment);
        let known: Vec<_> = known
            .into_iter()
            .filter(|epoch| held.iter().any(|(id, _)| *id == epoch.id()))
            .collect();
        let own = self.view.own_device();
        if !BTreeSet::contains(&readers, &own) {
            return Err(TeamError::NotAllowed {
                name: self.view.name().clone(),
                reason: "you do not read this compartment".to_owned(),
                ask: refusal::whom_to_ask(&self.view, Role::Admin),
            });
        }
        if let Choice::Use(epoch) = choose(&known, &readers)
            && let Some((_, key)) = held.into_iter().find(|(id, _)| *id == epoch)
        {
            return Ok((epoch, EpochKey::from_stored(key)));
        }
        self.new_epoch(compartment)
    }

    /// Begins a new epoch for those who read a compartment now.
    pub(crate) fn new_epoch(
        &mut self,
        compartment: CompartmentId,
    ) -> Result<(EpochId, EpochKey), TeamError> {
        if !self.has_control_left(CONTROL_KEPT_FOR_PEOPLE)? {
            return Err(control_full());
        }
        let readers = self.view.readers(compartment);
        let recipients: Vec<Recipient<'_>> = readers
            .iter()
            .map(|(device, (prekey_number, prekey))| Recipient {
                device: *device,
                prekey_number: *prekey_number,
                prekey,
            })
            .collect();
        let space = self.view.space_id();
        let minted = mint(space, compartment, &recipients, &mut self.rng);
        let secret = minted.key.secret().duplicate();
        let segment = self.write_control(&[Control::Epoch(minted.epoch.clone())])?;
        let epoch = EpochId::of(OperationId { segment, index: 0 });
        self.changes
            .insert_epoch_key(self.view.row(), epoch, &secret)?;
        for share in minted.into_shares(epoch) {
            self.write_control(&[Control::ShareEpoch(share)])?;
        }
        Ok((epoch, EpochKey::from_stored(secret)))
    }

    /// Works the membership out anew.
    pub(super) fn refresh(&mut self) -> Result<(), TeamError> {
        let stored = find_space(self.changes, self.view.name().as_str())?;
        self.view = View::of(self.changes, stored)?;
        Ok(())
    }

    /// Whether more than so much is left of what this device may write about members and keys.
    pub(super) fn has_control_left(&self, kept: u64) -> Result<bool, TeamError> {
        let index = SqlIndex::new(self.changes, self.view.row(), self.view.space_id());
        let own = self.view.own_device();
        let tip = index.chain(own)?.map_or(0, |chain| chain.tip);
        let control = match index.one_at(own, tip)? {
            Some(tip) => index.newest_control(tip)?,
            None => None,
        };
        let written = match control {
            Some(control) => index.control_written(control)?,
            None => 0,
        };
        Ok(CONTROL_WRITTEN_MAX.saturating_sub(written) > kept)
    }

    pub(super) fn write_segment(
        &mut self,
        kind: Kind,
        payload: Vec<u8>,
    ) -> Result<SegmentHash, TeamError> {
        let (row, space) = (self.view.row(), self.view.space_id());
        let mut log = SqlLog::new(self.changes, row, space, self.now);
        let (segment, accepted) = self.draft(kind, payload, &log)?;
        log.store(&segment, &accepted)?;
        Ok(segment.header().hash())
    }

    /// The next segment of this vault's device, signed and not stored.
    pub(super) fn draft(
        &self,
        kind: Kind,
        payload: Vec<u8>,
        log: &SqlLog<'_>,
    ) -> Result<(Segment, Accepted), TeamError> {
        let draft = Draft {
            kind,
            payload,
            claimed_at: self.now.to_secs(),
        };
        write(self.view.space_id(), &self.identity, draft, log).map_err(|err| match err {
            WriteError::Store(err) => err,
            WriteError::ControlFull => control_full(),
            err => TeamError::Input {
                what: err.to_string(),
            },
        })
    }
}

/// The device has written about members and keys what it may.
fn control_full() -> TeamError {
    TeamError::InputAdvised {
        what: WriteError::<TeamError>::ControlFull.to_string(),
        next: "Link another vault of yours (offline-vault device link), and go on with that one."
            .to_owned(),
    }
}
