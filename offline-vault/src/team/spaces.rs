//! Beginning a space, inviting into it, joining and leaving it.

use bundle_format::card::CardMailbox;
use bundle_format::random::HedgedRng;
use pack_format::relay::{FetchToken, Invitation as RelayInvitation};
use team_core::control::{Control, Genesis, Policy};
use team_core::device_card::Routes;
use team_core::invitation::{Admission, Invitation, LINKED_SPACES_MAX};
use team_core::log::{Draft, write};
use team_core::name::Name;
use team_core::role::{History, Role};
use team_core::segment::Kind;
use team_core::sync::SegmentStore as _;

use super::accepting::NewDevice;
use super::index::SqlLog;
use super::session::{find_space, in_space, look};
use super::view::View;
use super::{ClosedReason, TeamError};
use super::{accepting, joining};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{Contact, InvitationDirection, NewMailbox, SpaceState, StoredInvitation};
use crate::vault::{Vault, VaultError};

/// A space that is to begin.
#[derive(Debug)]
pub struct NewSpaceRequest<'a> {
    /// What it is called by everybody.
    pub name: &'a str,
    /// What the founder calls itself in it.
    pub own_name: &'a str,
    /// Invitations of relays for mailboxes of this space only.
    pub relays: &'a [RelayInvitation],
    /// How many devices a member may have.
    pub device_cap: u8,
    /// What new members may read of the past.
    pub history: History,
}

/// Begins a space. Its founder is the first owner. Returns what this vault calls it.
///
/// # Errors
/// [`TeamError::NameTaken`], [`TeamError::Format`], [`TeamError::Input`].
pub fn create(
    vault: &Vault,
    asked: &NewSpaceRequest<'_>,
    now: UnixTime,
) -> Result<LocalName, TeamError> {
    let mut rng = vault.rng()?;
    let local = local_name(asked.name)?;
    let device = NewDevice::make(&mut rng);
    let (mailboxes, routes) = mailboxes(asked.relays, &mut rng)?;
    let genesis = Genesis {
        nonce: rng.array(),
        space_name: name(asked.name)?,
        founder: device.id(),
        founder_name: name(asked.own_name)?,
        card: device.card(routes),
        policy: Policy {
            device_cap: asked.device_cap,
            history: asked.history,
        },
    };
    let space_id = genesis.space_id();
    vault.store().write(|changes| {
        let row = device.store(changes, space_id, &local, SpaceState::Active, now)?;
        accepting::store_mailboxes(changes, row, &mailboxes)?;
        let payload = team_core::control::encode_operations(&[Control::Genesis(Box::new(genesis))]);
        // The format's own rules are the judge of what was typed.
        team_core::control::decode_operations(&payload).map_err(TeamError::Format)?;
        let draft = Draft {
            kind: Kind::Control,
            payload,
            claimed_at: now.to_secs(),
        };
        let mut log = SqlLog::new(changes, row, space_id, now);
        let written = write(space_id, &device.identity, draft, &log);
        let (segment, accepted) = written.map_err(|err| TeamError::Input {
            what: err.to_string(),
        })?;
        log.store(&segment, &accepted)?;
        changes.note(now, &format!("The space {local} was begun."))?;
        Ok::<_, TeamError>(())
    })?;
    Ok(local)
}

/// Whom to invite, as what.
#[derive(Debug)]
pub struct InviteRequest<'a> {
    /// What this vault calls the space.
    pub space: &'a str,
    /// The contact.
    pub to: &'a str,
    /// As what they come in.
    pub role: Role,
    /// What they may read of the past; as the space has it without it.
    pub history: Option<History>,
    /// Until when the invitation holds.
    pub expires_at: UnixTime,
    /// Ask again before they are let in.
    pub asks: bool,
}

/// Invites a contact. The invitation is sealed for it and leaves with the next crossing. Tells what
/// the contact may read of the past.
///
/// # Errors
/// [`TeamError::Unverified`], [`TeamError::NotAllowed`], [`TeamError::SpaceUnknown`].
pub fn invite(
    vault: &Vault,
    asked: &InviteRequest<'_>,
    now: UnixTime,
) -> Result<History, TeamError> {
    if asked.role == Role::Owner {
        return Err(TeamError::Input {
            what: format!(
                "nobody is invited as an owner: invite them as admin, then the owners vote: \
                 offline-vault owner add {} MEMBER",
                pack_format::shown::Shown(asked.space)
            ),
        });
    }
    let contact = verified_contact(vault, asked.to)?;
    let history = match asked.history {
        Some(history) => history,
        None => look(vault, asked.space, |view| {
            let policy = view.membership.policy();
            Ok(policy.map_or(History::Checkpoint, |policy| policy.history))
        })?,
    };
    let admission = Admission::Member {
        role: asked.role,
        history,
    };
    let invitation = joining::invite(
        vault,
        asked.space,
        &contact,
        admission,
        asked.expires_at,
        asked.asks,
        now,
    )?;
    let parcel = team_core::invitation::Parcel::Invitation(Box::new(invitation));
    let summary = format!("an invitation to {}", asked.space);
    joining::send_parcel(vault, &contact, &parcel, summary, now)?;
    Ok(history)
}

/// Offers a contact, which is the person's other laptop, to be a device in these spaces; in all
/// of them where none is named. Returns the names of the spaces.
///
/// # Errors
/// [`TeamError::Unverified`], [`TeamError::NotAllowed`], [`TeamError::SpaceUnknown`].
pub fn link(
    vault: &Vault,
    to: &str,
    spaces: &[String],
    now: UnixTime,
) -> Result<Vec<LocalName>, TeamError> {
    let contact = verified_contact(vault, to)?;
    let tables = vault.store().read();
    let mut chosen = Vec::new();
    if spaces.is_empty() {
        let all = tables.spaces()?.into_iter();
        chosen.extend(all.filter(|stored| stored.space.state == SpaceState::Active));
    }
    for space in spaces {
        chosen.push(find_space(&tables, space)?);
    }
    let names: Vec<LocalName> = chosen.into_iter().map(|it| it.space.name).collect();
    if names.is_empty() {
        return Err(TeamError::Input {
            what: "there is no space to link".to_owned(),
        });
    }
    let expires_at = UnixTime::of_secs(now.to_secs().saturating_add(LINK_SECS));
    let at_once = usize::try_from(LINKED_SPACES_MAX).unwrap_or(1);
    for some in names.chunks(at_once) {
        let mut invitations = Vec::new();
        for name in some {
            let member = look(vault, name.as_str(), |view| {
                view.own_member().ok_or_else(|| TeamError::Closed {
                    name: view.name().clone(),
                    reason: ClosedReason::Left,
                })
            })?;
            let admission = Admission::Device { member };
            let space = name.as_str();
            invitations.push(joining::invite(
                vault, space, &contact, admission, expires_at, false, now,
            )?);
        }
        joining::offer_link(vault, &contact, invitations, now)?;
    }
    Ok(names)
}

/// An invitation that is to be accepted.
#[derive(Debug)]
pub struct JoinRequest<'a> {
    /// Its number; `all` for every open offer to link a device.
    pub invitation: &'a str,
    /// What the person calls itself in the space; for a device link not needed.
    pub own_name: Option<&'a str>,
    /// What this vault calls the space; the space's own name without it.
    pub name: Option<&'a str>,
    /// Invitations of relays for mailboxes of this space only.
    pub relays: &'a [RelayInvitation],
}

/// Accepts an invitation: makes keys for the space and hands the answer to the next crossing.
/// Returns what this vault calls the spaces.
///
/// # Errors
/// [`TeamError::InvitationUnknown`], [`TeamError::InvitationExpired`], [`TeamError::NameTaken`],
/// [`TeamError::Unverified`], [`TeamError::Input`].
pub fn join(
    vault: &Vault,
    asked: &JoinRequest<'_>,
    now: UnixTime,
) -> Result<Vec<LocalName>, TeamError> {
    let tables = vault.store().read();
    let found = match asked.invitation {
        "all" => all_links(vault, now)?,
        which => vec![joining::received(&tables, which, now)?],
    };
    let first = found.first().and_then(|(it, _)| it.invitation.contact_id);
    let contact = match first {
        Some(id) => tables.contact(id)?,
        None => None,
    };
    let contact = contact.ok_or_else(|| TeamError::InvitationUnknown {
        which: asked.invitation.to_owned(),
    })?;
    check_verified(&contact)?;
    let mut rng = vault.rng()?;
    let mut accepted = Vec::new();
    let mut names = Vec::new();
    for (stored, invitation) in found {
        if stored.invitation.contact_id != Some(contact.id) {
            // Each other laptop is answered on its own.
            continue;
        }
        let local = match asked.name {
            Some(name) => local_name(name)?,
            None => free_name(vault, invitation.space_name.as_str())?,
        };
        let own_name = match (asked.own_name, invitation.admission) {
            (Some(text), _) => name(text)?,
            (None, Admission::Device { .. }) => name("device")?,
            (None, Admission::Member { .. }) => {
                return Err(TeamError::Input {
                    what: "say what you call yourself in the space: --as NAME".to_owned(),
                });
            }
        };
        let (mailboxes, routes) = mailboxes(asked.relays, &mut rng)?;
        names.push(local.clone());
        accepted.push(accepting::Acceptance {
            stored,
            invitation,
            name: local,
            own_name,
            routes,
            mailboxes,
        });
    }
    accepting::accept(vault, &contact, accepted, now)?;
    Ok(names)
}

/// Every open offer to link this vault to its person's spaces.
fn all_links(
    vault: &Vault,
    now: UnixTime,
) -> Result<Vec<(StoredInvitation, Invitation)>, TeamError> {
    let tables = vault.store().read();
    let mut links = Vec::new();
    for open in tables.open_invitations(InvitationDirection::Received)? {
        let Ok((stored, invitation)) = joining::received(&tables, &open.id.0.to_string(), now)
        else {
            continue;
        };
        if matches!(invitation.admission, Admission::Device { .. }) {
            links.push((stored, invitation));
        }
    }
    links.truncate(usize::try_from(LINKED_SPACES_MAX).unwrap_or(1));
    Ok(links)
}

/// Leaves a space: nothing is written there from this vault any more.
///
/// # Errors
/// [`TeamError::NotAllowed`] for an owner, whom the owners have to let go.
pub fn leave(vault: &Vault, space: &str, now: UnixTime) -> Result<(), TeamError> {
    in_space(vault, space, now, |session| {
        session.write_control(&[Control::Leave])?;
        session
            .changes
            .set_space_state(session.view.row(), SpaceState::Left)?;
        Ok(())
    })
}

/// Opens a mailbox for the person's device in one space only.
///
/// # Errors
/// [`TeamError::Input`] where the relay is one of the space's already, or there are too many.
pub fn open_mailbox(
    vault: &Vault,
    space: &str,
    relay: &RelayInvitation,
    now: UnixTime,
) -> Result<(), TeamError> {
    in_space(vault, space, now, |session| {
        let row = session.view.row();
        let known = session.changes.mailboxes_of_space(row)?;
        let is_known = known
            .iter()
            .any(|it| it.keys.relay.key() == relay.relay.key());
        if is_known {
            return Err(TeamError::Input {
                what: "this space has a mailbox on that relay already".to_owned(),
            });
        }
        let (mailboxes, _) = mailboxes(std::slice::from_ref(relay), session.rng())?;
        accepting::store_mailboxes(session.changes, row, &mailboxes)?;
        let routes = accepting::own_routes(session.changes, row)?;
        session.write_control(&[Control::Routes(routes)])?;
        Ok(())
    })
}

/// Gives a space another name in this vault.
///
/// # Errors
/// [`TeamError::NameTaken`], [`TeamError::SpaceUnknown`].
pub fn rename(vault: &Vault, space: &str, to: &str) -> Result<LocalName, TeamError> {
    let to = local_name(to)?;
    vault.store().write(|changes| {
        let stored = find_space(changes, space)?;
        if changes.space_named(&to)?.is_some() {
            return Err(TeamError::NameTaken { name: to.clone() });
        }
        changes.rename_space(stored.id, &to)?;
        Ok(to)
    })
}

/// Removes a space with everything in it from this vault.
///
/// # Errors
/// [`TeamError::SpaceUnknown`]; [`TeamError::State`] while the person is a member, because the
/// others would wait for the device for ever.
pub fn forget(vault: &Vault, space: &str, now: UnixTime) -> Result<(), TeamError> {
    vault.store().write(|changes| {
        let stored = find_space(changes, space)?;
        let (row, name) = (stored.id, stored.space.name.clone());
        if stored.space.state == SpaceState::Active {
            check_forgettable(&View::of(changes, stored)?)?;
        }
        changes.remove_space(row)?;
        changes.note(now, &format!("The space {name} was forgotten."))?;
        Ok(())
    })
}

/// Nobody is left with a member who is not there: who is in a space leaves it first, unless nobody
/// else is in it.
fn check_forgettable(view: &View<'_>) -> Result<(), TeamError> {
    let own = view.own_member();
    let mut others = view.membership.members();
    let has_others = others.any(|member| member.role.is_some() && Some(member.id) != own);
    let is_owner = view.own_role() == Some(Role::Owner);
    let state = match (has_others, is_owner) {
        (false, _) => return Ok(()),
        (true, false) => "has you as a member: leave it first, and sync".to_owned(),
        (true, true) => format!(
            "has you as an owner: let the owners vote another one in and you out (offline-vault \
             owner add {0} MEMBER; owner remove {0} yourself), leave it, and sync",
            view.name()
        ),
    };
    Err(TeamError::State {
        which: view.name().to_string(),
        state,
    })
}

/// Keys of mailboxes, and how others are told of them.
fn mailboxes(
    relays: &[RelayInvitation],
    rng: &mut HedgedRng,
) -> Result<(Vec<NewMailbox>, Routes), TeamError> {
    let mut mailboxes = Vec::new();
    for relay in relays {
        mailboxes.push(NewMailbox {
            relay: relay.relay.clone(),
            send_seed: rng.secret(),
            fetch_token: FetchToken(rng.secret()),
            ack_seed: rng.secret(),
            code: relay.code,
        });
    }
    let routes = mailboxes.iter().map(|mailbox| CardMailbox {
        relay: mailbox.relay.clone(),
        send_seed: mailbox.send_seed.duplicate(),
    });
    let routes = Routes::new(routes.collect()).map_err(TeamError::Format)?;
    Ok((mailboxes, routes))
}

fn verified_contact(vault: &Vault, nickname: &str) -> Result<Contact, TeamError> {
    let nickname = LocalName::new(nickname).map_err(|err| TeamError::Input {
        what: err.to_string(),
    })?;
    let contact = vault.store().read().contact_named(&nickname)?;
    let contact = contact.ok_or(VaultError::ContactUnknown { nickname })?;
    check_verified(&contact)?;
    Ok(contact)
}

/// Who is let in, or lets in, is somebody whose words were compared.
fn check_verified(contact: &Contact) -> Result<(), TeamError> {
    if contact.verification.is_none() {
        return Err(TeamError::Unverified {
            nickname: contact.nickname.clone(),
        });
    }
    Ok(())
}

fn name(text: &str) -> Result<Name, TeamError> {
    Name::new(text).map_err(TeamError::Format)
}

fn local_name(text: &str) -> Result<LocalName, TeamError> {
    LocalName::from_card_name(text).map_err(|err| TeamError::Input {
        what: err.to_string(),
    })
}

/// A name for a space that no other space of this vault has.
fn free_name(vault: &Vault, wished: &str) -> Result<LocalName, TeamError> {
    let base = LocalName::from_card_name(wished).or_else(|_| local_name("space"))?;
    let tables = vault.store().read();
    if tables.space_named(&base)?.is_none() {
        return Ok(base);
    }
    for number in 2..NAMES_TRIED {
        let next = local_name(&format!("{base}-{number}"))?;
        if tables.space_named(&next)?.is_none() {
            return Ok(next);
        }
    }
    Err(TeamError::NameTaken { name: base })
}

/// How long an offer to link a device holds: a week.
const LINK_SECS: u64 = 7 * 24 * 60 * 60;
/// Names that are tried for a space before the person is asked.
const NAMES_TRIED: u32 = 1000;
