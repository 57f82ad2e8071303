//! Why something is not the person's to do, with the names of the people concerned, and who could
//! do it.

use team_core::ids::MemberId;
use team_core::membership::Refused;
use team_core::role::Role;

use super::TeamError;
use super::view::View;

/// The error for an operation that everybody would ignore.
pub(super) fn refuse(view: &View<'_>, refused: &Refused) -> TeamError {
    let name = view.name().clone();
    if let Refused::RoleTooLow { needed, held } = refused {
        return TeamError::RoleNeeded {
            name,
            needed: *needed,
            found: held.map_or_else(|| "none".to_owned(), |role| role.to_string()),
            ask: whom_to_ask(view, *needed),
        };
    }
    if let Refused::DeviceCap { cap } = refused {
        return TeamError::DevicesFull { name, cap: *cap };
    }
    let ask = match refused {
        Refused::AgainstOwner(_) | Refused::OwnerLeaves => whom_to_ask(view, Role::Owner),
        Refused::NotOwnMember(member) => vec![view.member_text(*member)],
        Refused::UnknownDevice
        | Refused::RemovedDevice
        | Refused::Overtaken
        | Refused::Sealed
        | Refused::Forked
        | Refused::NotAdmitted(_) => whom_to_ask(view, Role::Admin),
        _ => Vec::new(),
    };
    TeamError::NotAllowed {
        name,
        reason: reason(view, refused),
        ask,
    }
}

/// The members that may do what a role may, the lowest that suffice first, without the person.
pub(super) fn whom_to_ask(view: &View<'_>, needed: Role) -> Vec<String> {
    let own = view.own_member();
    let mut members: Vec<(Role, MemberId)> = view
        .membership
        .members()
        .filter_map(|member| Some((member.role?, member.id)))
        .filter(|(role, id)| *role >= needed && Some(*id) != own)
        .collect();
    members.sort_unstable();
    members.truncate(ASKED_MAX);
    let texts = members.into_iter();
    texts
        .map(|(role, id)| format!("{} ({role})", view.member_text(id)))
        .collect()
}

/// The reason, with names instead of digits.
fn reason(view: &View<'_>, refused: &Refused) -> String {
    let who = |member: &MemberId| view.member_text(*member);
    match refused {
        Refused::AgainstOwner(member) => format!(
            "{} is an owner, and only more than half of the owners together may do that",
            who(member)
        ),
        Refused::OwnerLeaves => {
            "an owner leaves by a vote of more than half of the owners (owner remove)".to_owned()
        }
        Refused::NoSuchMember(member) => format!("{} is no member", who(member)),
        Refused::OwnerAlready(member) => format!("{} is an owner already", who(member)),
        Refused::NoOwner(member) => format!("{} is no owner", who(member)),
        Refused::NotOwnMember(member) => {
            format!("only {} adds a device to their own", who(member))
        }
        Refused::NoSuchDevice(_) => "there is no such device".to_owned(),
        Refused::DeviceTaken(_) => "the device belongs to another member".to_owned(),
        Refused::SecondVote { .. } => {
            "each owner votes once until a change of the owners has come about, and you have voted"
                .to_owned()
        }
        Refused::NotAdmitted(compartment) => match view.compartment_text(*compartment) {
            Some(name) => format!("you do not read {name}"),
            None => "you do not read it".to_owned(),
        },
        Refused::UnknownDevice | Refused::RemovedDevice => {
            "this vault is no device of a member any more".to_owned()
        }
        Refused::Overtaken => "your right to it was taken away".to_owned(),
        Refused::Sealed => "an owner has sealed you".to_owned(),
        Refused::Forked => "this vault was copied, and both copies have written".to_owned(),
        other => other.to_string(),
    }
}

/// Names of people who could do it that are given.
const ASKED_MAX: usize = 5;
