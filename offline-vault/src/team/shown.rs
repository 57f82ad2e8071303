//! What lists and `space show` tell: how the person stands to each space, what waits, what is
//! missing, and what to do next.

use std::collections::{BTreeMap, BTreeSet};

use pack_format::codec::Wire as _;
use pack_format::shown::Shown;
use team_content::index::ItemKind;
use team_core::ids::DeviceId;
use team_core::invitation::{Admission, Invitation};
use team_core::role::{History, Role};
use team_core::segment::UncheckedHeader;

use super::TeamError;
use super::checkpoints::{CheckpointLine, checkpoint_lines};
use super::joining::{Asking, asking};
use super::members::{MemberLine, Vote, member_lines, votes};
use super::session::look;
use super::view::View;
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{InvitationDirection, ItemFlag, SpaceState, Standing, StoredInvitation, Tables};
use crate::vault::Vault;

/// A space in the list of spaces.
#[derive(Clone, Debug)]
pub struct SpaceLine {
    /// What this vault calls it.
    pub name: LocalName,
    /// What everybody calls it, escaped; none before it is known.
    pub common_name: Option<String>,
    /// How this vault stands to it.
    pub state: SpaceState,
    /// What the person is called in it, escaped.
    pub own_name: Option<String>,
    /// What the person may do.
    pub role: Option<Role>,
    /// How many members there are.
    pub member_count: usize,
    /// What was not read, by kind.
    pub unread: Vec<(ItemKind, u64)>,
    /// Segments of late work.
    pub late: u64,
    /// Segments whose key has not come.
    pub waiting: u64,
    /// How many people wait to be let in.
    pub asking: usize,
}

impl SpaceLine {
    /// How many items were not read.
    #[must_use]
    pub fn unread_count(&self) -> u64 {
        self.unread.iter().map(|(_, count)| count).sum()
    }

    /// Whether something in it waits for the person.
    #[must_use]
    pub fn has_something(&self) -> bool {
        self.unread_count() > 0 || self.late > 0 || self.waiting > 0 || self.asking > 0
    }
}

/// The spaces of a vault, by name.
///
/// # Errors
/// [`TeamError`] of the store.
pub fn spaces(vault: &Vault) -> Result<Vec<SpaceLine>, TeamError> {
    let tables = vault.store().read();
    let mut lines = Vec::new();
    for stored in tables.spaces()? {
        lines.push(space_line(&View::of(&tables, stored)?)?);
    }
    Ok(lines)
}

fn space_line(view: &View<'_>) -> Result<SpaceLine, TeamError> {
    let tables = view.tables;
    let standings = tables.standing_counts(view.row())?;
    let count = |wanted: Standing| {
        let found = standings.iter().find(|(standing, _)| *standing == wanted);
        found.map_or(0, |(_, count)| *count)
    };
    let unread = tables.item_counts(view.row(), Some(ItemFlag::Unread))?;
    let members = view.membership.members();
    Ok(SpaceLine {
        name: view.name().clone(),
        common_name: view
            .membership
            .space_name()
            .map(|name| Shown(name.as_str()).to_string()),
        state: view.stored.space.state,
        own_name: view.own_member().map(|own| view.member_text(own)),
        role: view.own_role(),
        member_count: members.filter(|member| member.role.is_some()).count(),
        unread: unread
            .into_iter()
            .filter_map(|(kind, count)| Some((kind?, count)))
            .collect(),
        late: count(Standing::Held),
        waiting: count(Standing::Waiting),
        asking: asking(tables, view.space_id())?.len(),
    })
}

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

fn invitation_line(
    tables: &Tables<'_>,
    stored: &StoredInvitation,
    now: UnixTime,
) -> Result<InvitationLine, TeamError> {
    let (asks, invitation) = if stored.invitation.direction == InvitationDirection::Given {
        super::joining::given_of(stored)?
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

/// All that is told of one space.
#[derive(Debug)]
pub struct SpaceShown {
    /// The line of the list.
    pub line: SpaceLine,
    /// How many devices a member may have; none before it is known.
    pub device_cap: Option<u8>,
    /// What new members read of the past, unless their invitation says otherwise.
    pub history: Option<History>,
    /// Its members with their devices.
    pub members: Vec<MemberLine>,
    /// Who waits to be let in.
    pub asking: Vec<Asking>,
    /// What owners have voted for without effect so far.
    pub votes: Vec<Vote>,
    /// What is known to be missing.
    pub gaps: Gaps,
    /// Devices with two logs.
    pub forks: Vec<ForkLine>,
    /// Operations without effect, newest first.
    pub ignored: Vec<IgnoredLine>,
    /// How many more there are.
    pub ignored_more: usize,
    /// The checkpoints, newest first.
    pub checkpoints: Vec<CheckpointLine>,
    /// What to do next, most urgent first.
    pub next: Vec<String>,
}

/// What is known to be missing of a space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Segments that others follow: of whom, from which number to which.
    pub segments: Vec<(String, u64, u64)>,
    /// Segments that wait for others.
    pub pending: u64,
    /// Segments whose key has not come: for each compartment, none for the space as a whole, with
    /// whoever made the key.
    pub without_key: Vec<(Option<String>, String, u64)>,
    /// Segments whose content has not come.
    pub absent: u64,
    /// Segments that do not open with their key, or do not read.
    pub unreadable: u64,
    /// Pieces of files that have not come; at most [`PIECES_COUNTED_MAX`] are counted.
    pub pieces: u64,
}

impl Gaps {
    /// Nothing is missing, as far as is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A device with two logs.
#[derive(Clone, Debug)]
pub struct ForkLine {
    /// Which.
    pub device: DeviceId,
    /// Whose it is, escaped.
    pub whose: String,
    /// The first number with two segments.
    pub number: u64,
    /// When the proof came here.
    pub found_at: UnixTime,
}

/// An operation without effect.
#[derive(Clone, Debug)]
pub struct IgnoredLine {
    /// Who wrote it, escaped.
    pub by: String,
    /// When, by its author's clock: a claim.
    pub claimed_at: UnixTime,
    /// What it was to do.
    pub what: &'static str,
    /// Why it has none.
    pub reason: String,
}

/// Everything that is told of one space.
///
/// # Errors
/// [`TeamError::SpaceUnknown`].
pub fn space(vault: &Vault, name: &str) -> Result<SpaceShown, TeamError> {
    look(vault, name, |view| {
        let line = space_line(view)?;
        let policy = view.membership.policy();
        let ignored = ignored(view);
        let mut shown = SpaceShown {
            device_cap: policy.map(|policy| policy.device_cap),
            history: policy.map(|policy| policy.history),
            members: member_lines(view)?,
            asking: asking(view.tables, view.space_id())?,
            votes: votes(view),
            gaps: gaps(view)?,
            forks: forks(view)?,
            ignored_more: ignored.len().saturating_sub(IGNORED_SHOWN_MAX),
            ignored: ignored.into_iter().take(IGNORED_SHOWN_MAX).collect(),
            checkpoints: checkpoint_lines(view),
            next: Vec::new(),
            line,
        };
        shown.next = next_steps(view, &shown);
        Ok(shown)
    })
}

fn gaps(view: &View<'_>) -> Result<Gaps, TeamError> {
    let (tables, row) = (view.tables, view.row());
    let mut waiting: BTreeMap<DeviceId, BTreeSet<u64>> = BTreeMap::new();
    let mut gaps = Gaps::default();
    for pending in tables.pending_segments(row)? {
        let header = UncheckedHeader::from_wire(&pending.header).map_err(TeamError::Stored)?;
        let fields = header.peek_fields();
        waiting
            .entry(fields.device)
            .or_default()
            .insert(fields.number);
        gaps.pending = gaps.pending.saturating_add(1);
    }
    for (device, numbers) in waiting {
        let tip = tables.device_chain(row, device)?;
        let tip = tip.map_or(0, |chain| chain.tip_number);
        let whose = view.device_text(device);
        let missing = missing_runs(tip, &numbers).into_iter();
        gaps.segments
            .extend(missing.map(|(first, last)| (whose.clone(), first, last)));
    }
    for (epoch, count) in tables.waiting_epochs(row)? {
        let known = view.membership.epoch(epoch);
        let compartment = known.and_then(|known| view.compartment_text(known.compartment));
        let by = known.map_or_else(
            || "somebody unknown".to_owned(),
            |known| view.device_text(known.author),
        );
        gaps.without_key.push((compartment, by, count));
    }
    for (standing, count) in tables.standing_counts(row)? {
        match standing {
            Standing::Absent => gaps.absent = count,
            Standing::Unreadable => gaps.unreadable = count,
            _ => {}
        }
    }
    let pieces = tables.missing_chunks(row, PIECES_COUNTED_MAX)?.len();
    gaps.pieces = u64::try_from(pieces).unwrap_or(u64::MAX);
    Ok(gaps)
}

/// The runs of numbers after the newest segment that is here and before or between those that
/// wait.
fn missing_runs(tip: u64, waiting: &BTreeSet<u64>) -> Vec<(u64, u64)> {
    let mut runs = Vec::new();
    let mut next = tip.saturating_add(1);
    for number in waiting.range(next..) {
        if *number > next {
            runs.push((next, number.saturating_sub(1)));
        }
        next = number.saturating_add(1);
    }
    runs
}

fn forks(view: &View<'_>) -> Result<Vec<ForkLine>, TeamError> {
    let forks = view.tables.forks(view.row())?.into_iter();
    let lines = forks.map(|fork| ForkLine {
        device: fork.device,
        whose: view.device_text(fork.device),
        number: fork.number,
        found_at: fork.found_at,
    });
    Ok(lines.collect())
}

fn ignored(view: &View<'_>) -> Vec<IgnoredLine> {
    let mut ignored = view.membership.ignored().to_vec();
    ignored.sort_by_key(|it| {
        let segment = it.deed.operation.segment;
        std::cmp::Reverse((view.places.of(segment), it.deed.operation.index))
    });
    let lines = ignored.into_iter().map(|it| IgnoredLine {
        by: view.device_text(it.deed.by),
        claimed_at: UnixTime::of_secs(it.deed.claimed_at),
        what: kind_text(it.kind),
        reason: it.reason.to_string(),
    });
    lines.collect()
}

/// What a control operation of a kind is to do.
fn kind_text(kind: u8) -> &'static str {
    match kind {
        1 => "begin the space",
        2 => "add a member",
        3 => "raise a role",
        4 => "lower a role",
        5 => "remove a member",
        6 => "add a device",
        7 => "remove a device",
        8 => "leave",
        9 => "vote on the owners",
        10 => "seal a member",
        11 => "begin a compartment",
        12 => "admit to a compartment",
        13 => "expel from a compartment",
        14 => "begin an epoch",
        15 => "share a key",
        16 => "renew a prekey",
        17 => "change mailboxes",
        18 => "write a checkpoint",
        19 => "confirm a checkpoint",
        20 => "delete content",
        21 => "confirm a deletion",
        22 => "adopt late work",
        _ => "do something that this version does not know",
    }
}

/// What to do next, most urgent first.
fn next_steps(view: &View<'_>, shown: &SpaceShown) -> Vec<String> {
    let name = view.name();
    let mut steps = Vec::new();
    match shown.line.state {
        SpaceState::Active => {}
        SpaceState::Joining => {
            return vec!["Sync with whoever invited you: they let you in.".to_owned()];
        }
        SpaceState::Left => {
            return vec![format!(
                "What is here can be read. Sync once more, so that the others hear of it; \
                 then `offline-vault space forget {name}` removes it."
            )];
        }
        SpaceState::Stopped => {
            return vec![format!(
                "Nothing is written here any more. Ask an admin to remove this device, then \
                 `offline-vault space forget {name}` and be invited again."
            )];
        }
    }
    if shown
        .checkpoints
        .iter()
        .any(|it| !it.contradicted.is_empty())
    {
        steps.push(
            "ALARM: a device comes to another state. Compare with its owner what you both see."
                .to_owned(),
        );
    }
    if !shown.forks.is_empty() && view.own_role() >= Some(Role::Admin) {
        steps.push(format!(
            "A device has two logs: ask its owner, then `offline-vault device remove {name} \
             DEVICE --reason lost`."
        ));
    }
    for asking in &shown.asking {
        steps.push(format!(
            "{} has accepted your invitation: the next sync lets them in, or `offline-vault \
             member add {name} NAME` where it asks first.",
            Shown(&asking.name)
        ));
    }
    steps.extend(vote_steps(view, shown));
    if shown.line.late > 0 {
        steps.push(format!(
            "Late work waits: `offline-vault adopt {name}` shows it."
        ));
    }
    if !shown.gaps.is_empty() {
        steps.push(
            "Something is missing: sync with the others; what is missing is asked for.".to_owned(),
        );
    }
    let is_lone = shown.line.member_count == 1;
    if is_lone && shown.asking.is_empty() {
        steps.push(format!(
            "Invite somebody: `offline-vault space invite {name} --to NICK --role ROLE`."
        ));
    }
    steps.extend(owner_steps(view));
    steps
}

fn vote_steps(view: &View<'_>, shown: &SpaceShown) -> Vec<String> {
    if view.own_role() != Some(Role::Owner) {
        return Vec::new();
    }
    let own = view.own_member().map(|own| view.member_text(own));
    let open = shown.votes.iter().filter(|vote| {
        let mut voters = vote.voters.iter();
        !voters.any(|voter| Some(voter) == own.as_ref())
    });
    open.map(|vote| {
        let verb = if vote.adds { "add" } else { "remove" };
        format!(
            "A vote is open: `offline-vault owner {verb} {} {}` votes for it too.",
            view.name(),
            super::view::digits(&vote.id.0)
        )
    })
    .collect()
}

/// One owner alone is a risk that somebody should hear of once others are there.
fn owner_steps(view: &View<'_>) -> Option<String> {
    let members = view.membership.members();
    let present = members.filter(|member| member.role >= Some(Role::Reader));
    let is_only = view.membership.owners().len() == 1 && view.own_role() == Some(Role::Owner);
    (is_only && present.count() > 2).then(|| {
        format!(
            "You are the only owner, and nobody could replace you: `offline-vault owner add {} \
             MEMBER`.",
            view.name()
        )
    })
}

/// Operations without effect that are shown.
const IGNORED_SHOWN_MAX: usize = 20;
/// Pieces of files that are counted.
pub const PIECES_COUNTED_MAX: u32 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_missing_segments_lie_before_and_between_those_that_wait() {
        let waiting = |numbers: &[u64]| numbers.iter().copied().collect::<BTreeSet<u64>>();
        for (tip, numbers, runs) in [
            (0, &[1, 2][..], vec![]),
            (0, &[3], vec![(1, 2)]),
            (4, &[6, 9, 10, 12], vec![(5, 5), (7, 8), (11, 11)]),
            (9, &[4, 10], vec![]),
        ] {
            assert_eq!(
                missing_runs(tip, &waiting(numbers)),
                runs,
                "{tip} {numbers:?}"
            );
        }
    }
}
