//! Accepting an invitation: keys and mailboxes for one space only, and the answer that names them.

use bundle_format::card::CardMailbox;
use bundle_format::identity::{DecapsulationKey, Identity};
use bundle_format::random::HedgedRng;
use pack_format::shown::Shown;
use team_core::device_card::{DeviceCard, Routes};
use team_core::ids::DeviceId;
use team_core::invitation::{Admission, Invitation, JoinDraft, JoinRequest, LinkRequest, Parcel};
use team_core::name::Name;

use super::TeamError;
use super::joining::send_parcel_and;
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{
    Changes, Contact, InvitationState, NewMailbox, NewSpace, SpaceRow, SpaceState,
    StoredInvitation, StoredPrekey, Tables,
};
use crate::vault::Vault;

/// An invitation, and what the person says to it.
pub(super) struct Acceptance {
    pub(super) stored: StoredInvitation,
    pub(super) invitation: Invitation,
    /// What this vault calls the space.
    pub(super) name: LocalName,
    /// What the person calls itself in it.
    pub(super) own_name: Name,
    pub(super) routes: Routes,
    pub(super) mailboxes: Vec<NewMailbox>,
}

/// The keys of a device that is new in a space.
pub(super) struct NewDevice {
    pub(super) identity: Identity,
    pub(super) prekey: DecapsulationKey,
}

impl NewDevice {
    pub(super) fn make(rng: &mut HedgedRng) -> Self {
        Self {
            identity: Identity::from_seed(rng.secret()),
            prekey: DecapsulationKey::from_seed(rng.secret()),
        }
    }

    pub(super) fn id(&self) -> DeviceId {
        DeviceId(self.identity.key().0)
    }

    pub(super) fn card(&self, routes: Routes) -> DeviceCard {
        DeviceCard {
            prekey_number: FIRST_PREKEY,
            prekey: self.prekey.encapsulation_key(),
            routes,
        }
    }

    /// Stores a space with this device in it.
    pub(super) fn store(
        &self,
        changes: &Changes<'_>,
        space_id: team_core::ids::SpaceId,
        name: &LocalName,
        state: SpaceState,
        now: UnixTime,
    ) -> Result<crate::store::SpaceRow, TeamError> {
        if changes.space_named(name)?.is_some() {
            return Err(TeamError::NameTaken { name: name.clone() });
        }
        let row = changes.insert_space(&NewSpace {
            space_id,
            name: name.clone(),
            state,
            device: self.id(),
            device_seed: self.identity.seed().duplicate(),
            joined_at: now,
        })?;
        changes.insert_prekey(
            row,
            &StoredPrekey {
                number: FIRST_PREKEY,
                seed: self.prekey.seed().duplicate(),
                made_at: now,
            },
        )?;
        Ok(row)
    }
}

/// The number of a device's first prekey.
const FIRST_PREKEY: u32 = 1;

/// Answers invitations of one contact with new devices, one in each space.
pub(super) fn accept(
    vault: &Vault,
    contact: &Contact,
    accepted: Vec<Acceptance>,
    now: UnixTime,
) -> Result<(), TeamError> {
    let mut rng = vault.rng()?;
    let is_link = accepted
        .iter()
        .all(|one| matches!(one.invitation.admission, Admission::Device { .. }));
    let (mut requests, mut joining) = (Vec::new(), Vec::new());
    for mut one in accepted {
        let space = one.invitation.space;
        if vault.store().read().space_with_id(space)?.is_some() {
            return Err(TeamError::State {
                which: Shown(one.invitation.space_name.as_str()).to_string(),
                state: "is a space of this vault already".to_owned(),
            });
        }
        let device = NewDevice::make(&mut rng);
        let draft = JoinDraft {
            card: device.card(std::mem::take(&mut one.routes)),
            name: one.own_name.clone(),
        };
        let request = JoinRequest::sign(&one.invitation, draft, &device.identity);
        requests.push(request.into_unchecked());
        joining.push((one, device));
    }
    let parcel = match (is_link, requests.len()) {
        (true, _) => Parcel::LinkRequest(LinkRequest::new(requests).map_err(TeamError::Format)?),
        (false, _) => {
            let first = requests.into_iter().next();
            Parcel::Join(Box::new(first.ok_or_else(|| {
                TeamError::InvitationUnknown {
                    which: "all".to_owned(),
                }
            })?))
        }
    };
    let summary = "your answer to an invitation".to_owned();
    // Keys and mailboxes are stored with the answer that names them, or neither is.
    send_parcel_and(vault, contact, &parcel, summary, now, |changes| {
        for (one, device) in &joining {
            let (space, state) = (one.invitation.space, SpaceState::Joining);
            let row = device.store(changes, space, &one.name, state, now)?;
            let peer = changes.ensure_peer(row, one.invitation.inviter)?;
            changes.set_peer_contact(peer, contact.id)?;
            changes.set_invitation_state(one.stored.id, InvitationState::Used)?;
            store_mailboxes(changes, row, &one.mailboxes)?;
        }
        Ok(())
    })
}

/// The mailboxes of this vault's device in a space, as others are told of them.
pub(super) fn own_routes(tables: &Tables<'_>, space: SpaceRow) -> Result<Routes, TeamError> {
    let mailboxes = tables.mailboxes_of_space(space)?.into_iter();
    let routes = mailboxes.map(|mailbox| CardMailbox {
        relay: mailbox.keys.relay,
        send_seed: mailbox.keys.send_seed,
    });
    Routes::new(routes.collect()).map_err(TeamError::Format)
}

/// Stores the mailboxes of this vault's device in a space.
pub(super) fn store_mailboxes(
    changes: &Changes<'_>,
    space: SpaceRow,
    mailboxes: &[NewMailbox],
) -> Result<(), TeamError> {
    for mailbox in mailboxes {
        // The relay would know two mailboxes that one code asks for as one person's.
        if changes.has_mailbox_with_code(&mailbox.code)? {
            return Err(TeamError::Input {
                what: "this relay invitation was used by this vault before: it opens one mailbox. \
                       Ask the operator for another one"
                    .to_owned(),
            });
        }
        changes.insert_mailbox(mailbox, Some(space))?;
    }
    Ok(())
}
