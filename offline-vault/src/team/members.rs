//! Who is in a space, as what, and how that is changed.

use team_core::control::{Change, Control, OwnerChange, Reason};
use team_core::ids::MemberId;
use team_core::membership::{Deed, Member, Removal};
use team_core::role::{History, Role};

use super::TeamError;
use super::brought::News;
use super::devices::{DeviceLine, device_lines};
use super::joining::{Asking, asking, let_in_named};
use super::late::write_and_judge;
use super::session::{Session, in_space, look};
use super::view::{View, digits};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::vault::Vault;

/// Who is in a space.
#[derive(Debug)]
pub struct Members {
    /// What this vault calls the space.
    pub space: LocalName,
    /// All who are or were members: those with the highest role first, then by name.
    pub members: Vec<MemberLine>,
    /// Who has accepted an invitation and waits to be let in.
    pub asking: Vec<Asking>,
}

/// A member as lists show it.
#[derive(Clone, Debug)]
pub struct MemberLine {
    /// Which; its first digits name it beside its name.
    pub id: MemberId,
    /// Its name, escaped, with the digits where several have it.
    pub name: String,
    /// Whether it is the person.
    pub is_own: bool,
    /// What it may do; none for one who is no member any more.
    pub role: Option<Role>,
    /// What it may read of what was written before it came.
    pub history: History,
    /// Since when, as the clock of whoever added it had it: a claim.
    pub joined_at: UnixTime,
    /// Who added it; nobody added the founder.
    pub added_by: Option<String>,
    /// How it was removed, in words, if it is no member any more.
    pub removed: Option<String>,
    /// The compartments that it reads beside the space as a whole.
    pub compartments: Vec<String>,
    /// Its devices, those that do not count any more among them.
    pub devices: Vec<DeviceLine>,
}

/// What became of a change of a member.
#[derive(Debug)]
pub struct MemberChanged {
    /// What this vault calls the space.
    pub space: LocalName,
    /// The member as it is now.
    pub member: MemberLine,
    /// What it was.
    pub was: Option<Role>,
    /// What the person may do.
    pub own_role: Option<Role>,
    /// Whether new content is sealed with a new key from now on, because the member read before.
    pub renews_key: bool,
    /// What else came of it.
    pub news: Vec<News>,
}

/// The members of a space.
///
/// # Errors
/// [`TeamError::SpaceUnknown`].
pub fn members(vault: &Vault, space: &str) -> Result<Members, TeamError> {
    look(vault, space, |view| {
        Ok(Members {
            space: view.name().clone(),
            members: member_lines(view)?,
            asking: asking(view.tables, view.space_id())?,
        })
    })
}

/// Lets somebody in who has accepted an invitation that asks first. Returns the name they gave
/// themself, unescaped, and what came of it.
///
/// # Errors
/// [`TeamError::NotAsking`] when nobody of that name waits.
pub fn add(
    vault: &Vault,
    space: &str,
    who: &str,
    now: UnixTime,
) -> Result<(String, Vec<News>), TeamError> {
    in_space(vault, space, now, |session| {
        let name = let_in_named(session, who).map_err(|err| match err {
            TeamError::MemberUnknown { space, who } => TeamError::NotAsking { space, who },
            err => err,
        })?;
        Ok((name, std::mem::take(&mut session.brought.news)))
    })
}

/// Gives a member another role.
///
/// # Errors
/// [`TeamError::MemberUnknown`], [`TeamError::StateAdvised`] when there is nothing to change,
/// [`TeamError::RoleNeeded`] and [`TeamError::NotAllowed`] when it is not the person's to do.
pub fn set_role(
    vault: &Vault,
    space: &str,
    who: &str,
    role: Role,
    now: UnixTime,
) -> Result<MemberChanged, TeamError> {
    in_space(vault, space, now, |session| {
        let member = session.view.find_member(who)?;
        let (id, was) = (member.id, member.role);
        let name = session.view.member_text(id);
        let space = session.view.name().clone();
        let state = |state: String, next: String| TeamError::StateAdvised {
            which: name.clone(),
            state,
            next,
        };
        let operation = match was {
            None => {
                let next = format!(
                    "Invite them again: offline-vault space invite {space} --to NICK --role {role}."
                );
                return Err(state("is no member any more".to_owned(), next));
            }
            Some(was) if was == role => {
                let next = "There is nothing to do.".to_owned();
                return Err(state(format!("is {role} already"), next));
            }
            Some(was) if was < role && role == Role::Owner => {
                let next = format!(
                    "The owners vote: offline-vault owner add {space} {}.",
                    digits(&id.0)
                );
                return Err(state("becomes an owner only by a vote".to_owned(), next));
            }
            Some(was) if was < role => Control::RaiseRole(id, role),
            Some(_) => Control::LowerRole(id, role),
        };
        write_and_judge(session, &[operation])?;
        let reads_no_more = role < Role::Reader;
        changed(session, id, was, reads_no_more)
    })
}

/// Removes a member.
///
/// # Errors
/// As for [`set_role`].
pub fn remove(
    vault: &Vault,
    space: &str,
    who: &str,
    reason: Reason,
    now: UnixTime,
) -> Result<MemberChanged, TeamError> {
    in_space(vault, space, now, |session| {
        let member = session.view.find_member(who)?;
        let (id, was) = (member.id, member.role);
        let name = session.view.member_text(id);
        if was.is_none() {
            return Err(TeamError::StateAdvised {
                which: name,
                state: "is no member any more".to_owned(),
                next: "There is nothing to do.".to_owned(),
            });
        }
        if session.view.own_member() == Some(id) {
            return Err(TeamError::StateAdvised {
                which: name,
                state: "is you".to_owned(),
                next: format!(
                    "Leave it: offline-vault space leave {}.",
                    session.view.name()
                ),
            });
        }
        write_and_judge(session, &[Control::RemoveMember(id, reason)])?;
        changed(session, id, was, was >= Some(Role::Reader))
    })
}

fn changed(
    session: &mut Session<'_>,
    id: MemberId,
    was: Option<Role>,
    renews_key: bool,
) -> Result<MemberChanged, TeamError> {
    let lines = member_lines(&session.view)?;
    let member = lines
        .into_iter()
        .find(|line| line.id == id)
        .ok_or_else(|| TeamError::MemberUnknown {
            space: session.view.name().clone(),
            who: digits(&id.0),
        })?;
    Ok(MemberChanged {
        space: session.view.name().clone(),
        member,
        was,
        own_role: session.view.own_role(),
        renews_key,
        news: std::mem::take(&mut session.brought.news),
    })
}

/// The owners of a space and what they vote on.
#[derive(Debug)]
pub struct Owners {
    /// What this vault calls the space.
    pub space: LocalName,
    /// The owners.
    pub owners: Vec<MemberLine>,
    /// How many have to vote for a change.
    pub needed: usize,
    /// Whether the person may vote now: it is an owner that has not voted since the last change.
    pub may_vote: bool,
    /// What some have voted for without effect so far.
    pub votes: Vec<Vote>,
}

/// A change of the owners that some have voted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Whether somebody becomes an owner by it, or ceases to be one.
    pub adds: bool,
    /// Who, escaped.
    pub member: String,
    /// Which member that is.
    pub id: MemberId,
    /// Who has voted for it.
    pub voters: Vec<String>,
    /// How many more have to; 0 when it has taken effect.
    pub missing: usize,
}

/// What became of a vote.
#[derive(Debug)]
pub struct Voted {
    /// What this vault calls the space.
    pub space: LocalName,
    /// The change as it stands with the vote.
    pub vote: Vote,
    /// What else came of it.
    pub news: Vec<News>,
}

/// The owners of a space.
///
/// # Errors
/// [`TeamError::SpaceUnknown`].
pub fn owners(vault: &Vault, space: &str) -> Result<Owners, TeamError> {
    look(vault, space, |view| {
        let lines = member_lines(view)?.into_iter();
        Ok(Owners {
            space: view.name().clone(),
            owners: lines
                .filter(|line| line.role == Some(Role::Owner))
                .collect(),
            needed: view.membership.votes_needed(),
            may_vote: may_vote(view),
            votes: votes(view),
        })
    })
}

/// Votes for making a member an owner, or for removing an owner.
///
/// # Errors
/// [`TeamError::MemberUnknown`]; [`TeamError::RoleNeeded`] and [`TeamError::NotAllowed`] when it
/// is not the person's to do, or it has voted already.
pub fn vote(
    vault: &Vault,
    space: &str,
    who: &str,
    adds: bool,
    now: UnixTime,
) -> Result<Voted, TeamError> {
    in_space(vault, space, now, |session| {
        let id = session.view.find_member(who)?.id;
        let change = if adds {
            Change::Add(id)
        } else {
            Change::Remove(id)
        };
        let generation = session.view.membership.generation();
        write_and_judge(
            session,
            &[Control::OwnerChange(OwnerChange { generation, change })],
        )?;
        let view = &session.view;
        let open = votes(view).into_iter();
        let mut open = open.filter(|vote| vote.adds == adds && vote.id == id);
        let vote = open.next().unwrap_or_else(|| Vote {
            adds,
            member: view.member_text(id),
            id,
            voters: Vec::new(),
            missing: 0,
        });
        Ok(Voted {
            space: view.name().clone(),
            vote,
            news: std::mem::take(&mut session.brought.news),
        })
    })
}

/// What owners have voted for without effect so far.
pub(super) fn votes(view: &View<'_>) -> Vec<Vote> {
    let open = view.membership.open_votes().into_iter();
    let votes = open.map(|open| {
        let (adds, member) = match open.change {
            Change::Add(member) => (true, member),
            Change::Remove(member) => (false, member),
        };
        Vote {
            adds,
            member: view.member_text(member),
            id: member,
            voters: open.voters.iter().map(|it| view.member_text(*it)).collect(),
            missing: open.missing,
        }
    });
    votes.collect()
}

fn may_vote(view: &View<'_>) -> bool {
    let Some(own) = view.own_member() else {
        return false;
    };
    let open = view.membership.open_votes();
    view.own_role() == Some(Role::Owner) && !open.iter().any(|open| open.voters.contains(&own))
}

/// Seals a member: what it wrote and this vault has not seen is void.
///
/// # Errors
/// As for [`set_role`].
pub fn seal(
    vault: &Vault,
    space: &str,
    who: &str,
    now: UnixTime,
) -> Result<MemberChanged, TeamError> {
    in_space(vault, space, now, |session| {
        let member = session.view.find_member(who)?;
        let (id, was) = (member.id, member.role);
        write_and_judge(session, &[Control::Seal(id)])?;
        changed(session, id, was, false)
    })
}

/// The members of a space as lists show them.
pub(super) fn member_lines(view: &View<'_>) -> Result<Vec<MemberLine>, TeamError> {
    let devices = device_lines(view)?;
    let members = view.membership.members();
    let mut lines: Vec<MemberLine> = members
        .map(|member| member_line(view, member, &devices))
        .collect();
    lines.sort_by(|one, other| {
        let key = |line: &MemberLine| (std::cmp::Reverse(line.role), line.name.to_lowercase());
        key(one).cmp(&key(other))
    });
    Ok(lines)
}

fn member_line(view: &View<'_>, member: &Member, devices: &[DeviceLine]) -> MemberLine {
    let compartments = member.compartments.iter();
    let is_founder = member.joined.by.as_member() == member.id;
    MemberLine {
        name: view.member_text(member.id),
        is_own: view.own_member() == Some(member.id),
        role: member.role,
        history: member.history,
        joined_at: UnixTime::of_secs(member.joined.claimed_at),
        added_by: (!is_founder).then(|| view.device_text(member.joined.by)),
        removed: member
            .removed
            .filter(|_| member.role.is_none())
            .map(|removal| removal_text(view, removal)),
        compartments: compartments
            .filter_map(|id| view.compartment_text(*id))
            .collect(),
        devices: devices
            .iter()
            .filter(|device| device.member_id == member.id)
            .cloned()
            .collect(),
        id: member.id,
    }
}

/// How somebody or something was removed, in words.
pub(super) fn removal_text(view: &View<'_>, removal: Removal) -> String {
    let when = |deed: Deed| UnixTime::of_secs(deed.claimed_at);
    match removal {
        Removal::Removed(deed, reason) => {
            let by = view.device_text(deed.by);
            match reason_word(reason) {
                Some(word) => format!("removed by {by} {}: {word}", when(deed)),
                None => format!("removed by {by} {}", when(deed)),
            }
        }
        Removal::Left(deed) => format!("left {}", when(deed)),
        Removal::Voted(_) => "removed by a vote of the owners".to_owned(),
    }
}

fn reason_word(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::Unsaid => None,
        Reason::Retired => Some("retired"),
        Reason::Lost => Some("lost"),
        Reason::Silent => Some("silent"),
    }
}

/// The reason that a word stands for.
///
/// # Errors
/// [`TeamError::Input`].
pub fn reason_of(word: Option<&str>) -> Result<Reason, TeamError> {
    match word {
        None => Ok(Reason::Unsaid),
        Some("retired") => Ok(Reason::Retired),
        Some("lost") => Ok(Reason::Lost),
        Some("silent") => Ok(Reason::Silent),
        Some(other) => Err(TeamError::Input {
            what: format!(
                "{} is no reason: retired, lost or silent",
                pack_format::shown::Shown(other)
            ),
        }),
    }
}

/// The role that a word stands for.
///
/// # Errors
/// [`TeamError::Input`].
pub fn role_of(word: &str) -> Result<Role, TeamError> {
    Role::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
        TeamError::Input {
            what: format!(
                "{} is no role: {}",
                pack_format::shown::Shown(word),
                words.join(", ")
            ),
        }
    })
}

/// How much of the past a word stands for.
///
/// # Errors
/// [`TeamError::Input`].
pub fn history_of(word: &str) -> Result<History, TeamError> {
    let found = History::ALL
        .into_iter()
        .find(|history| history.word() == word);
    found.ok_or_else(|| TeamError::Input {
        what: format!(
            "{} says not how much of the past: none, checkpoint or full",
            pack_format::shown::Shown(word)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_people_type_become_roles_reasons_and_histories() {
        assert_eq!(role_of("editor").unwrap(), Role::Editor);
        assert_eq!(reason_of(None).unwrap(), Reason::Unsaid);
        assert_eq!(reason_of(Some("lost")).unwrap(), Reason::Lost);
        assert_eq!(history_of("full").unwrap(), History::Full);
        for err in [
            role_of("boss").unwrap_err(),
            reason_of(Some("angry")).unwrap_err(),
            history_of("some").unwrap_err(),
        ] {
            assert!(matches!(err, TeamError::Input { .. }), "{err:?}");
        }
    }
}
