//! Invitations, and what becomes of them: from an admin's command to the new member's first
//! bundle, one plug each way.

use bundle_format::identity::{DecapsulationKey, Identity};
use pack_format::codec::Wire as _;
use pack_format::shown::Shown;
use team_core::control::{AddDevice, AddMember, Control};
use team_core::device_card::{DeviceCard, Routes};
use team_core::ids::DeviceId;
use team_core::invitation::{
    Admission, Invitation, JoinRequest, LinkOffer, Parcel, UncheckedJoinRequest,
};
use team_core::name::Name;

use super::TeamError;
use super::brought::Brought;
use super::session::Session;
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{
    Changes, Contact, ContactId, InvitationDirection, InvitationId, InvitationState, NewInvitation,
    StoredInvitation, Tables,
};
use crate::vault::Vault;
use crate::work;

/// What a contact said about joining a space. Nothing of it takes effect here that the person has
/// not decided before.
pub(crate) fn take_in(
    changes: &Changes<'_>,
    contact: ContactId,
    parcel: &[u8],
    now: UnixTime,
) -> Result<Brought, TeamError> {
    let mut brought = Brought::default();
    let Some(contact) = changes.contact(contact)? else {
        return Ok(brought);
    };
    let Ok(parcel) = Parcel::from_wire(parcel) else {
        let text = format!(
            "{} sent something about joining a space that this version cannot read.",
            contact.nickname
        );
        changes.note(now, &text)?;
        return Ok(brought);
    };
    match parcel {
        Parcel::Invitation(invitation) => {
            invited(changes, &contact, &invitation, now, &mut brought)?;
        }
        Parcel::LinkOffer(offer) => {
            for invitation in offer.into_invitations() {
                invited(changes, &contact, &invitation, now, &mut brought)?;
            }
        }
        Parcel::Join(request) => asked(changes, &contact, *request, now, &mut brought)?,
        Parcel::LinkRequest(requests) => {
            for request in requests.into_requests() {
                asked(changes, &contact, request, now, &mut brought)?;
            }
        }
        _ => {}
    }
    Ok(brought)
}

fn invited(
    changes: &Changes<'_>,
    contact: &Contact,
    invitation: &Invitation,
    now: UnixTime,
    brought: &mut Brought,
) -> Result<(), TeamError> {
    let name = Shown(invitation.space_name.as_str()).to_string();
    let stored = changes.insert_invitation(&NewInvitation {
        direction: InvitationDirection::Received,
        space_id: invitation.space,
        contact_id: Some(contact.id),
        secret: invitation.secret.duplicate(),
        body: invitation.to_wire(),
        at: now,
    })?;
    let Some(id) = stored else { return Ok(()) };
    let what = match invitation.admission {
        Admission::Member { role, .. } => format!("invites you as {role}"),
        Admission::Device { .. } => "offers to make this vault one of your devices".to_owned(),
    };
    brought.tell(
        &name,
        format!(
            "{} {what}: offline-vault space join {}",
            contact.nickname, id.0
        ),
    );
    Ok(())
}

/// Somebody accepts an invitation of this vault. The request waits until the next crossing, which
/// writes it into the space.
fn asked(
    changes: &Changes<'_>,
    contact: &Contact,
    request: UncheckedJoinRequest,
    now: UnixTime,
    brought: &mut Brought,
) -> Result<(), TeamError> {
    let wire = request.to_wire();
    let refuse = |reason: &str| {
        let nickname = &contact.nickname;
        let text = format!("{nickname} asked to join a space and was not let in: {reason}.");
        changes.note(now, &text)
    };
    let Ok(request) = request.verify() else {
        return Ok(refuse("the request is altered")?);
    };
    let given = changes
        .invitation_with_secret(InvitationDirection::Given, request.secret())?
        .filter(|given| given.state == InvitationState::Open);
    let Some(given) = given else {
        return Ok(refuse("there is no open invitation for it")?);
    };
    let (_, invitation) = given_of(&given)?;
    if !request.answers(&invitation) {
        return Ok(refuse("it is not for the space of the invitation")?);
    }
    if given.invitation.contact_id != Some(contact.id) {
        return Ok(refuse("the invitation was somebody else's")?);
    }
    if invitation.has_expired(now.to_secs()) {
        changes.set_invitation_state(given.id, InvitationState::Closed)?;
        return Ok(refuse("the invitation had expired")?);
    }
    changes.set_invitation_state(given.id, InvitationState::Used)?;
    changes.insert_invitation(&NewInvitation {
        direction: InvitationDirection::Asked,
        space_id: request.space(),
        contact_id: Some(contact.id),
        secret: request.secret().duplicate(),
        body: wire,
        at: now,
    })?;
    let name = Shown(invitation.space_name.as_str()).to_string();
    let nickname = &contact.nickname;
    let line = match invitation.admission {
        Admission::Device { .. } => {
            format!("{nickname} accepts your offer to be a device of yours.")
        }
        Admission::Member { .. } => {
            let called = Shown(request.name().as_str());
            format!("{nickname} accepts your invitation, as {called}.")
        }
    };
    brought.tell(&name, line);
    brought.asks_for_answer = true;
    Ok(())
}

/// An invitation that this vault gave, and whether its person wants to be asked again before
/// somebody is let in by it.
pub(super) fn given_of(stored: &StoredInvitation) -> Result<(bool, Invitation), TeamError> {
    let (asks, wire) = match stored.invitation.body.split_first() {
        Some((asks, wire)) => (*asks != 0, wire),
        None => (true, &[][..]),
    };
    let invitation = Invitation::from_wire(wire).map_err(TeamError::Stored)?;
    Ok((asks, invitation))
}

/// Somebody who has accepted and waits to be let in.
#[derive(Debug)]
pub struct Asking {
    /// Its number here.
    pub id: i64,
    /// The contact.
    pub contact: Option<LocalName>,
    /// What they want to be called.
    pub name: String,
    /// As what they come in.
    pub as_what: String,
    /// Since when.
    pub at: UnixTime,
}

/// Who asks to be let into a space.
pub(crate) fn asking(
    tables: &Tables<'_>,
    space: team_core::ids::SpaceId,
) -> Result<Vec<Asking>, TeamError> {
    let mut asking = Vec::new();
    for stored in tables.open_invitations(InvitationDirection::Asked)? {
        if stored.invitation.space_id != space {
            continue;
        }
        let request = request_of(&stored)?;
        let given = given_for(tables, &request)?;
        let as_what = match given.map(|(_, invitation)| invitation.admission) {
            Some(Admission::Member { role, .. }) => role.to_string(),
            Some(Admission::Device { .. }) => "a further device".to_owned(),
            None => "nothing".to_owned(),
        };
        let contact = match stored.invitation.contact_id {
            Some(id) => tables.contact(id)?.map(|contact| contact.nickname),
            None => None,
        };
        asking.push(Asking {
            id: stored.id.0,
            contact,
            name: request.name().as_str().to_owned(),
            as_what,
            at: stored.invitation.at,
        });
    }
    Ok(asking)
}

fn request_of(stored: &StoredInvitation) -> Result<JoinRequest, TeamError> {
    let request = UncheckedJoinRequest::from_wire(&stored.invitation.body);
    let request = request.map_err(TeamError::Stored)?;
    request.verify().map_err(|_| {
        TeamError::Stored(pack_format::codec::DecodeError::Rule {
            what: "a stored request to join is altered",
        })
    })
}

fn given_for(
    tables: &Tables<'_>,
    request: &JoinRequest,
) -> Result<Option<(bool, Invitation)>, TeamError> {
    let given = tables.invitation_with_secret(InvitationDirection::Given, request.secret())?;
    given.map(|given| given_of(&given)).transpose()
}

/// Lets in who has accepted an invitation that needs no further word.
pub(super) fn let_in(session: &mut Session<'_>) -> Result<(), TeamError> {
    for stored in session
        .changes
        .open_invitations(InvitationDirection::Asked)?
    {
        if stored.invitation.space_id != session.view.space_id() {
            continue;
        }
        let request = request_of(&stored)?;
        let given = given_for(session.changes, &request)?;
        if let Some((false, invitation)) = given {
            admit(session, &stored, &request, &invitation)?;
        }
    }
    Ok(())
}

/// Lets somebody in who has accepted an invitation that asks first.
pub(super) fn let_in_named(session: &mut Session<'_>, who: &str) -> Result<String, TeamError> {
    for stored in session
        .changes
        .open_invitations(InvitationDirection::Asked)?
    {
        let request = request_of(&stored)?;
        let contact = match stored.invitation.contact_id {
            Some(id) => session.changes.contact(id)?,
            None => None,
        };
        let is_meant = request.name().as_str().eq_ignore_ascii_case(who)
            || contact.is_some_and(|contact| contact.nickname.as_str() == who);
        if stored.invitation.space_id != session.view.space_id() || !is_meant {
            continue;
        }
        if let Some((_, invitation)) = given_for(session.changes, &request)? {
            admit(session, &stored, &request, &invitation)?;
            return Ok(request.name().as_str().to_owned());
        }
    }
    Err(TeamError::MemberUnknown {
        space: session.view.name().clone(),
        who: Shown(who).to_string(),
    })
}

/// Writes a new member or device into the space.
fn admit(
    session: &mut Session<'_>,
    stored: &StoredInvitation,
    request: &JoinRequest,
    invitation: &Invitation,
) -> Result<(), TeamError> {
    let card = request.card().clone();
    let operation = match invitation.admission {
        Admission::Member { role, history } => Control::AddMember(Box::new(AddMember {
            member: request.device().as_member(),
            card,
            name: request.name().clone(),
            role,
            history,
        })),
        Admission::Device { member } => Control::AddDevice(Box::new(AddDevice {
            member,
            device: request.device(),
            card,
        })),
    };
    let called = Shown(request.name().as_str()).to_string();
    if let Err(err) = session.check(&operation) {
        session
            .changes
            .set_invitation_state(stored.id, InvitationState::Closed)?;
        let text = format!("{called} accepted your invitation and cannot be let in: {err}.");
        let name = session.view.name();
        session
            .changes
            .note(session.now, &format!("{name}: {text}"))?;
        session.tell(text);
        return Ok(());
    }
    session.write_control(&[operation])?;
    session
        .changes
        .set_invitation_state(stored.id, InvitationState::Used)?;
    let peer = session
        .changes
        .ensure_peer(session.view.row(), request.device())?;
    if let Some(contact) = stored.invitation.contact_id {
        session.changes.set_peer_contact(peer, contact)?;
    }
    session.tell(match invitation.admission {
        Admission::Member { role, .. } => format!("{called} is a member now, as {role}."),
        Admission::Device { .. } => "your other laptop is a device of yours now.".to_owned(),
    });
    Ok(())
}

/// Makes an invitation and hands it to the next crossing, sealed for the contact.
pub(super) fn invite(
    vault: &Vault,
    space: &str,
    contact: &Contact,
    admission: Admission,
    expires_at: UnixTime,
    asks: bool,
    now: UnixTime,
) -> Result<Invitation, TeamError> {
    let invitation = super::session::in_space(vault, space, now, |session| {
        let member = session.view.own_member();
        let probe = probe(session, admission, member)?;
        session.check(&probe)?;
        let own = session.view.own_device();
        let card = super::upkeep::card_of(&session.view, own);
        let invitation = Invitation {
            space: session.view.space_id(),
            space_name: session.view.space_name()?,
            inviter: own,
            card: card.ok_or_else(|| TeamError::Closed {
                name: session.view.name().clone(),
                reason: super::ClosedReason::Left,
            })?,
            admission,
            secret: session.rng().secret(),
            expires_at: expires_at.to_secs(),
        };
        let mut body = vec![u8::from(asks)];
        body.extend(invitation.to_wire());
        session.changes.insert_invitation(&NewInvitation {
            direction: InvitationDirection::Given,
            space_id: invitation.space,
            contact_id: Some(contact.id),
            secret: invitation.secret.duplicate(),
            body,
            at: now,
        })?;
        Ok(invitation)
    })?;
    Ok(invitation)
}

/// What would be written if somebody accepted now, to find out whether it may be.
fn probe(
    session: &mut Session<'_>,
    admission: Admission,
    own: Option<team_core::ids::MemberId>,
) -> Result<Control, TeamError> {
    let seed = session.rng().secret();
    let device = DeviceId(Identity::from_seed(seed).key().0);
    let prekey = DecapsulationKey::from_seed(session.rng().secret()).encapsulation_key();
    let card = DeviceCard {
        prekey_number: 1,
        prekey,
        routes: Routes::default(),
    };
    Ok(match admission {
        Admission::Member { role, history } => Control::AddMember(Box::new(AddMember {
            member: device.as_member(),
            card,
            name: Name::new("somebody").map_err(TeamError::Format)?,
            role,
            history,
        })),
        Admission::Device { member } => Control::AddDevice(Box::new(AddDevice {
            member: own.unwrap_or(member),
            device,
            card,
        })),
    })
}

/// Seals what is said about joining for a contact, ready to carry.
pub(super) fn send_parcel(
    vault: &Vault,
    contact: &Contact,
    parcel: &Parcel,
    summary: String,
    now: UnixTime,
) -> Result<(), TeamError> {
    send_parcel_and(vault, contact, parcel, summary, now, |_| Ok(()))
}

/// The same; `also` happens with it or not at all.
pub(super) fn send_parcel_and(
    vault: &Vault,
    contact: &Contact,
    parcel: &Parcel,
    summary: String,
    now: UnixTime,
    also: impl FnOnce(&Changes<'_>) -> Result<(), TeamError>,
) -> Result<(), TeamError> {
    let wire = parcel.to_wire();
    let also = |changes: &Changes<'_>| Ok(also(changes)?);
    let sent = work::send_invitation(vault, contact, wire, summary, now, also);
    sent.map_err(|err| match err {
        work::WorkError::Team(err) => err,
        err => TeamError::Work(Box::new(err)),
    })
}

/// An invitation that this vault was given and that is still open.
pub(super) fn received(
    tables: &Tables<'_>,
    which: &str,
    now: UnixTime,
) -> Result<(StoredInvitation, Invitation), TeamError> {
    let unknown = || TeamError::InvitationUnknown {
        which: Shown(which).to_string(),
    };
    let id: i64 = which.parse().map_err(|_| unknown())?;
    let stored = tables.invitation(InvitationId(id))?;
    let stored = stored.filter(|it| {
        it.state == InvitationState::Open
            && it.invitation.direction == InvitationDirection::Received
    });
    let stored = stored.ok_or_else(unknown)?;
    let invitation = Invitation::from_wire(&stored.invitation.body).map_err(TeamError::Stored)?;
    if invitation.has_expired(now.to_secs()) {
        return Err(TeamError::InvitationExpired {
            space: Shown(invitation.space_name.as_str()).to_string(),
            expired_at: UnixTime::of_secs(invitation.expires_at),
        });
    }
    Ok((stored, invitation))
}

/// Offers a contact, which is the person's other laptop, to become a device in these spaces.
pub(super) fn offer_link(
    vault: &Vault,
    contact: &Contact,
    invitations: Vec<Invitation>,
    now: UnixTime,
) -> Result<(), TeamError> {
    let offer = LinkOffer::new(invitations).map_err(TeamError::Format)?;
    let summary = "an offer to link a device".to_owned();
    send_parcel(vault, contact, &Parcel::LinkOffer(offer), summary, now)
}
