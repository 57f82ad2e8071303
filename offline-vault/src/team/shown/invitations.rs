//! The open invitations of a vault.

use pack_format::codec::Wire as _;
use pack_format::shown::Shown;
use team_core::invitation::{Admission, Invitation};
use team_core::role::{History, Role};

use super::super::TeamError;
use super::super::joining::given_of;
use super::super::session::look;
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{InvitationDirection, StoredInvitation, Tables};
use crate::vault::Vault;

/// An invitation that is open.
#[derive(Clone, Debug)]
pub struct InvitationLine {
    /// Its number in this vault.
    pub number: i64,
    /// The space, as the inviter calls it, escaped.
    pub space: String,
    /// Who gave it, or to whom this vault gave it.
    pub contact: Option<LocalName>,
    /// The role; none for an offer to link a device.
    pub role: Option<Role>,
    /// What of the past it lets one read; none for an offer to link a device.
    pub history: Option<History>,
    /// When it was given or came.
    pub at: UnixTime,
    /// Until when it holds, by the inviter's clock.
    pub expires_at: UnixTime,
    /// Whether that is over.
    pub has_expired: bool,
    /// Whether the inviter's person is asked again before somebody is let in by it.
    pub asks: bool,
}

/// The open invitations of a vault.
#[derive(Clone, Debug)]
pub struct Invitations {
    /// Those that it was given, oldest first.
    pub received: Vec<InvitationLine>,
    /// Those that it gave, oldest first.
    pub given: Vec<InvitationLine>,
}

/// The open invitations.
///
/// # Errors
/// [`TeamError::Stored`].
pub fn invitations(vault: &Vault, now: UnixTime) -> Result<Invitations, TeamError> {
    let tables = vault.store().read();
    let of = |direction| -> Result<Vec<InvitationLine>, TeamError> {
        let open = tables.open_invitations(direction)?.into_iter();
        open.map(|stored| invitation_line(&tables, &stored, now))
            .collect()
    };
    Ok(Invitations {
        received: of(InvitationDirection::Received)?,
        given: of(InvitationDirection::Given)?,
    })
}

/// The open invitations into a space that a contact was given and that hold still.
///
/// # Errors
/// [`TeamError::SpaceUnknown`].
pub fn invitations_to(
    vault: &Vault,
    space: &str,
    contact: &str,
    now: UnixTime,
) -> Result<Vec<InvitationLine>, TeamError> {
    look(vault, space, |view| {
        let mut lines = Vec::new();
        for stored in view.tables.open_invitations(InvitationDirection::Given)? {
            let line = invitation_line(view.tables, &stored, now)?;
            let nickname = line.contact.as_ref().map(LocalName::as_str);
            let is_meant = stored.invitation.space_id == view.space_id()
                && nickname == Some(contact.to_lowercase().as_str());
            if is_meant && line.role.is_some() && !line.has_expired {
                lines.push(line);
            }
        }
        Ok(lines)
    })
}

/// An error when the space of an invitation is in this vault already.
///
/// # Errors
/// [`TeamError::SpaceKnown`].
pub fn check_not_here(vault: &Vault, invitation: &str) -> Result<(), TeamError> {
    let tables = vault.store().read();
    let received = tables.open_invitations(InvitationDirection::Received)?;
    let mut meant = received
        .iter()
        .filter(|it| it.id.0.to_string() == invitation);
    let Some(meant) = meant.next() else {
        return Ok(());
    };
    match tables.space_with_id(meant.invitation.space_id)? {
        Some(stored) => Err(TeamError::SpaceKnown {
            name: stored.space.name,
            state: stored.space.state,
        }),
        None => Ok(()),
    }
}

fn invitation_line(
    tables: &Tables<'_>,
    stored: &StoredInvitation,
    now: UnixTime,
) -> Result<InvitationLine, TeamError> {
    let (asks, invitation) = if stored.invitation.direction == InvitationDirection::Given {
        given_of(stored)?
    } else {
        let read = Invitation::from_wire(&stored.invitation.body);
        (false, read.map_err(TeamError::Stored)?)
    };
    let contact = match stored.invitation.contact_id {
        Some(id) => tables.contact(id)?.map(|contact| contact.nickname),
        None => None,
    };
    let (role, history) = match invitation.admission {
        Admission::Member { role, history } => (Some(role), Some(history)),
        Admission::Device { .. } => (None, None),
    };
    Ok(InvitationLine {
        number: stored.id.0,
        space: Shown(invitation.space_name.as_str()).to_string(),
        contact,
        role,
        history,
        at: stored.invitation.at,
        expires_at: UnixTime::of_secs(invitation.expires_at),
        has_expired: invitation.has_expired(now.to_secs()),
        asks,
    })
}
