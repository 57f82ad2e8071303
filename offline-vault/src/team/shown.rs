//! What lists and `space show` tell: how the person stands to each space, what waits, what is
//! missing, and what to do next.

mod invitations;

use std::collections::{BTreeMap, BTreeSet};

use pack_format::codec::Wire as _;
use pack_format::shown::Shown;
use team_content::index::ItemKind;
use team_core::ids::DeviceId;
use team_core::role::{History, Role};
use team_core::segment::UncheckedHeader;

use super::TeamError;
use super::checkpoints::{CheckpointLine, checkpoint_lines};
use super::joining::{Asking, asking};
use super::members::{MemberLine, Vote, member_lines, removal_text, votes};
use super::session::look;
use super::view::View;
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{ItemFlag, SpaceState, Standing};
use crate::vault::Vault;

pub use invitations::{InvitationLine, Invitations, check_not_here, invitations, invitations_to};

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
    /// Segments whose key has not come; those that a courier carries are not among them.
    pub waiting: u64,
    /// Segments that a courier carries and is not to read.
    pub carried: u64,
    /// Segments that are here and were too many to be opened at once.
    pub unopened: u64,
    /// How many people wait to be let in.
    pub asking: usize,
    /// How the person or this vault left or was removed, in words, if that is known.
    pub ended: Option<String>,
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
        self.unread_count() > 0
            || self.late > 0
            || self.waiting > 0
            || self.unopened > 0
            || self.asking > 0
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
    let count = |wanted| standing_count(&standings, wanted);
    let unread = tables.item_counts(view.row(), Some(ItemFlag::Unread))?;
    let members = view.membership.members();
    let without_key = count(Standing::Waiting);
    let is_courier = view.own_role() == Some(Role::Courier);
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
            // Nothing shows a schema alone, so that it would count for ever.
            .filter(|(kind, _)| *kind != ItemKind::Schema)
            .collect(),
        late: count(Standing::Held),
        waiting: if is_courier { 0 } else { without_key },
        carried: if is_courier { without_key } else { 0 },
        unopened: count(Standing::Unopened),
        asking: asking(tables, view.space_id())?.len(),
        ended: ended(view),
    })
}

fn standing_count(standings: &[(Standing, u64)], wanted: Standing) -> u64 {
    let found = standings.iter().find(|(standing, _)| *standing == wanted);
    found.map_or(0, |(_, count)| *count)
}

/// How the person's membership ended, or that of this vault alone.
fn ended(view: &View<'_>) -> Option<String> {
    if view.stored.space.state != SpaceState::Left {
        return None;
    }
    let member = view
        .own_member()
        .and_then(|own| view.membership.member(own));
    let of_member = member
        .filter(|member| member.role.is_none())
        .and_then(|member| member.removed);
    let device = view.membership.device(view.own_device());
    let of_device = device
        .filter(|device| !device.active)
        .and_then(|device| device.removed);
    match (of_member, of_device) {
        (Some(removal), _) => Some(removal_text(view, removal)),
        (None, Some(removal)) => Some(format!("this device: {}", removal_text(view, removal))),
        (None, None) => None,
    }
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
    /// The mailboxes of this vault that serve the space alone, oldest first.
    pub mailboxes: Vec<MailboxLine>,
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

/// A mailbox that serves one space.
#[derive(Clone, Debug)]
pub struct MailboxLine {
    /// Where its relay is. Text of others.
    pub url: String,
    /// Whether a courier was handed what opens it.
    pub is_handed_over: bool,
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
    /// What its author did, to no effect.
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
            mailboxes: mailboxes(view)?,
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

/// How many segments of a space this vault carries for others and is not to read.
///
/// # Errors
/// [`TeamError::SpaceUnknown`].
pub fn carried(vault: &Vault, space: &str) -> Result<u64, TeamError> {
    look(vault, space, |view| {
        if view.own_role() != Some(Role::Courier) {
            return Ok(0);
        }
        let standings = view.tables.standing_counts(view.row())?;
        Ok(standing_count(&standings, Standing::Waiting))
    })
}

fn mailboxes(view: &View<'_>) -> Result<Vec<MailboxLine>, TeamError> {
    let own = view.tables.mailboxes_of_space(view.row())?.into_iter();
    let lines = own.map(|mailbox| MailboxLine {
        url: mailbox.keys.relay.url().to_owned(),
        is_handed_over: mailbox.opened,
    });
    Ok(lines.collect())
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
    let is_courier = view.own_role() == Some(Role::Courier);
    for (epoch, count) in tables.waiting_epochs(row)? {
        if is_courier {
            // What a courier carries is not missing.
            continue;
        }
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

/// What a control operation of a kind did, or would have done.
fn kind_text(kind: u8) -> &'static str {
    match kind {
        1 => "began the space",
        2 => "added a member",
        3 => "raised a role",
        4 => "lowered a role",
        5 => "removed a member",
        6 => "added a device",
        7 => "removed a device",
        8 => "left",
        9 => "voted on the owners",
        10 => "sealed a member",
        11 => "began a compartment",
        12 => "admitted to a compartment",
        13 => "expelled from a compartment",
        14 => "began a new key",
        15 => "shared a key",
        16 => "renewed a prekey",
        17 => "changed mailboxes",
        18 => "wrote a checkpoint",
        19 => "confirmed a checkpoint",
        20 => "deleted content",
        21 => "confirmed a deletion",
        22 => "adopted late work",
        _ => "did something that this version does not know",
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
                "What came before can be read. Sync once more, so that the others hear of it; \
                 then `offline-vault space forget {name}` deletes all of it from this vault."
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
    steps.extend(shown.asking.iter().map(|asking| asking_step(name, asking)));
    steps.extend(vote_steps(view, shown));
    if shown.line.late > 0 {
        steps.push(format!(
            "Late work waits: `offline-vault adopt {name}` shows it."
        ));
    }
    if shown.line.unopened > 0 {
        steps.push(
            "More came than is opened at once: each `offline-vault sync` opens more of it."
                .to_owned(),
        );
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

/// How somebody who has accepted is let in.
pub(crate) fn asking_step(space: &LocalName, asking: &Asking) -> String {
    let who = Shown(&asking.name).to_string();
    let typed = match &asking.contact {
        Some(nickname) => nickname.to_string(),
        None if who.contains(' ') => format!("\"{who}\""),
        None => who.clone(),
    };
    format!(
        "{who} has accepted your invitation: the next sync lets them in, or `offline-vault member \
         add {space} {typed}` where it asks first."
    )
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
    use pack_format::advice::Advice as _;
    use team_content::schema::SchemaVersion;
    use team_core::control::Reason;
    use team_core::name::Name;

    use super::*;
    use crate::team::members::{remove, set_role};
    use crate::team::records::define;
    use crate::team::tests::{invite_bilal, say, shared};
    use crate::work::tests::{NOW, Place, cross};

    fn cross_both(one: &Vault, other: &Vault, place: &Place) {
        for vault in [one, other, one, other] {
            cross(vault, &place.stick());
        }
    }

    #[test]
    fn what_a_courier_carries_is_counted_and_not_missed() {
        let place = Place::new();
        let (amina, bilal) = shared(&place);
        cross_both(&bilal, &amina, &place);
        set_role(&amina, "desk", "Bilal", Role::Courier, NOW).unwrap();
        say(&amina, "not for couriers");
        cross_both(&amina, &bilal, &place);
        let line = spaces(&bilal).unwrap().remove(0);
        assert_eq!((line.waiting, line.carried), (0, 1), "{line:?}");
        assert!(!line.has_something());
        let shown = space(&bilal, "desk").unwrap();
        assert!(shown.gaps.is_empty(), "{:?}", shown.gaps);
        assert!(shown.next.is_empty(), "{:?}", shown.next);
    }

    #[test]
    fn a_schema_is_nothing_to_read() {
        let place = Place::new();
        let (amina, bilal) = shared(&place);
        let version = SchemaVersion {
            name: Name::new("Expense").unwrap(),
            fields: Vec::new(),
        };
        define(&amina, "desk", version, None, None, NOW).unwrap();
        cross_both(&amina, &bilal, &place);
        assert_eq!(spaces(&bilal).unwrap()[0].unread_count(), 0);
    }

    #[test]
    fn who_was_removed_is_told_by_whom_and_forgets_before_joining_again() {
        let place = Place::new();
        let (amina, bilal) = shared(&place);
        remove(&amina, "desk", "Bilal", Reason::Lost, NOW).unwrap();
        cross_both(&amina, &bilal, &place);
        let ended = spaces(&bilal).unwrap().remove(0).ended.unwrap();
        assert!(ended.starts_with("removed by Amina "), "{ended}");
        assert!(ended.ends_with(": lost"), "{ended}");
        invite_bilal(&amina, Role::Reader);
        assert_eq!(
            invitations_to(&amina, "desk", "bilal", NOW).unwrap().len(),
            1
        );
        cross_both(&amina, &bilal, &place);
        let again = invitations(&bilal, NOW).unwrap().received.remove(0);
        let number = again.number.to_string();
        let known = check_not_here(&bilal, &number).unwrap_err();
        assert!(known.next_step().contains("space forget desk"), "{known}");
        crate::team::spaces::forget(&bilal, "desk", NOW).unwrap();
        check_not_here(&bilal, &number).unwrap();
    }

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
