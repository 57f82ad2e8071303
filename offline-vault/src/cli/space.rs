//! `space`: beginning, joining, looking at and leaving spaces.

use std::fmt::Write as _;
use std::path::PathBuf;

use pack_format::relay::Invitation as RelayInvitation;
use pack_format::shown::Shown;
use serde_json::{Value, json};
use team_content::index::ItemKind;
use team_core::role::{History, Role};

use super::member::{member_json, member_lines};
use super::relay::mailbox_state;
use super::space_args::{
    CreateSpace, Invite, Join, NamedSpace, RenameSpace, SpaceCommand, SpaceRelay,
};
use super::space_text::{
    asking_json, asking_text, carried_text, checkpoint_json, checkpoint_text, gaps_json, gaps_text,
    hex, short, vote_json, vote_text,
};
use super::{CommandError, Context, Report, read_text};
use crate::clock::UnixTime;
use crate::limits::CARD_FILE_BYTES_MAX;
use crate::store::SpaceState;
use crate::team::members::{history_of, role_of};
use crate::team::shown::{InvitationLine, MailboxLine, SpaceLine, SpaceShown};
use crate::team::spaces::{InviteRequest, JoinRequest, NewSpaceRequest};
use crate::team::{checkpoints, shown, spaces};
use crate::vault::VaultError;
use crate::wording::count_text;

/// Carries out one of the commands on spaces.
pub(super) fn space(context: &Context, command: SpaceCommand) -> Result<Report, CommandError> {
    match command {
        SpaceCommand::Create(asked) => create(context, &asked),
        SpaceCommand::List => list(context),
        SpaceCommand::Show(asked) => show(context, &asked),
        SpaceCommand::Invite(asked) => invite(context, &asked),
        SpaceCommand::Invitations => invitations(context),
        SpaceCommand::Join(asked) => join(context, &asked),
        SpaceCommand::Leave(asked) => leave(context, &asked),
        SpaceCommand::Relay(asked) => relay(context, &asked),
        SpaceCommand::Rename(asked) => rename(context, &asked),
        SpaceCommand::Forget(asked) => forget(context, &asked),
        SpaceCommand::Checkpoint(asked) => checkpoint(context, &asked),
    }
}

fn create(context: &Context, asked: &CreateSpace) -> Result<Report, CommandError> {
    let history = history_of(&asked.history)?;
    let relays = relay_invitations(&asked.relay)?;
    let request = NewSpaceRequest {
        name: &asked.name,
        own_name: &asked.own_name,
        relays: &relays,
        device_cap: asked.device_cap,
        history,
    };
    let name = spaces::create(context.vault()?, &request, context.now())?;
    let mut text = format!("The space {name} is begun; you are its owner.\n");
    if relays.is_empty() {
        let _ = writeln!(
            text,
            "It has no mailbox and goes by paired vaults only; `offline-vault space relay {name} \
             FILE` opens one."
        );
    }
    let _ = writeln!(
        text,
        "Next: `offline-vault space invite {name} --to NICK --role ROLE`."
    );
    let json = json!({
        "space": name.as_str(),
        "name": asked.name,
        "as": asked.own_name,
        "role": "owner",
        "device_cap": asked.device_cap,
        "history": history.word(),
        "mailbox_count": relays.len(),
    });
    Ok(Report::new(text, json))
}

fn relay_invitations(files: &[PathBuf]) -> Result<Vec<RelayInvitation>, CommandError> {
    let read = files.iter().map(|file| {
        let text = read_text(file, CARD_FILE_BYTES_MAX, "the invitation")?;
        Ok(RelayInvitation::from_text(&text).map_err(VaultError::Invitation)?)
    });
    read.collect()
}

fn list(context: &Context) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let lines = shown::spaces(vault)?;
    let invitations = shown::invitations(vault, context.now())?;
    let received: Vec<InvitationLine> = invitations
        .received
        .into_iter()
        .filter(|line| !line.has_expired)
        .collect();
    let mut text = String::new();
    for line in &lines {
        let _ = writeln!(text, "{}", space_text(line));
    }
    write_received(&mut text, &received);
    if lines.is_empty() && received.is_empty() {
        text.push_str(
            "There are no spaces yet. Next: `offline-vault space create NAME --as YOUR-NAME`.",
        );
    }
    let json = json!({
        "spaces": lines.iter().map(space_json).collect::<Vec<_>>(),
        "invitations": received.iter().map(invitation_json).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

/// `desk  owner, as Amina  3 members  5 unread  2 late`.
fn space_text(line: &SpaceLine) -> String {
    let standing = match (line.state, line.role, &line.own_name) {
        (SpaceState::Joining, ..) => "asked to join, not let in yet".to_owned(),
        (SpaceState::Left, ..) => format!(
            "{}; what came before can be read",
            line.ended.as_deref().unwrap_or("left")
        ),
        (SpaceState::Stopped, ..) => "STOPPED: another copy of this vault has written".to_owned(),
        (SpaceState::Active, Some(role), Some(name)) => format!("{role}, as {name}"),
        (SpaceState::Active, ..) => "no member".to_owned(),
    };
    let mut text = format!("{}  {standing}", line.name);
    if line.state != SpaceState::Joining {
        let members = u64::try_from(line.member_count).unwrap_or(u64::MAX);
        let _ = write!(text, "  {}", count_text(members, "member"));
    }
    let waits = waits_text(line);
    if !waits.is_empty() {
        let _ = write!(text, "  {waits}");
    }
    text
}

/// What of a space waits for the person; nothing when nothing does.
pub(super) fn waits_text(line: &SpaceLine) -> String {
    let mut parts = Vec::new();
    if line.unread_count() > 0 {
        let kinds = line.unread.iter();
        let kinds: Vec<String> = kinds
            .map(|(kind, count)| count_text(*count, kind.word()))
            .collect();
        parts.push(format!("unread: {}", kinds.join(", ")));
    }
    if line.late > 0 {
        parts.push(format!("{} of late work", count_text(line.late, "segment")));
    }
    if line.waiting > 0 {
        parts.push(format!(
            "{} without a key",
            count_text(line.waiting, "segment")
        ));
    }
    if line.unopened > 0 {
        let count = count_text(line.unopened, "segment");
        parts.push(format!("{count} to be opened by the next syncs"));
    }
    if line.asking > 0 {
        parts.push(format!("{} to be let in", line.asking));
    }
    parts.join("; ")
}

pub(super) fn space_json(line: &SpaceLine) -> Value {
    let unread: serde_json::Map<String, Value> = line
        .unread
        .iter()
        .map(|(kind, count): &(ItemKind, u64)| (kind.word().to_owned(), json!(count)))
        .collect();
    json!({
        "space": line.name.as_str(),
        "name": line.common_name,
        "state": state_word(line.state),
        "as": line.own_name,
        "role": line.role.map(Role::word),
        "member_count": line.member_count,
        "unread": unread,
        "late_segment_count": line.late,
        "segments_without_key": line.waiting,
        "segments_carried": line.carried,
        "unopened_segment_count": line.unopened,
        "ended": line.ended,
        "asking_count": line.asking,
    })
}

fn state_word(state: SpaceState) -> &'static str {
    match state {
        SpaceState::Joining => "joining",
        SpaceState::Active => "member",
        SpaceState::Left => "left",
        SpaceState::Stopped => "stopped",
    }
}

/// Invitations into spaces one by one; offers to link this vault together, by who made them.
fn write_received(text: &mut String, received: &[InvitationLine]) {
    for line in received.iter().filter(|line| line.role.is_some()) {
        let _ = writeln!(text, "{}", received_text(line));
        let _ = writeln!(
            text,
            "  Accept: `offline-vault space join {} --as YOUR-NAME`.",
            line.number
        );
    }
    let links: Vec<&InvitationLine> = received.iter().filter(|it| it.role.is_none()).collect();
    if !links.is_empty() {
        for line in &links {
            let _ = writeln!(text, "{}", received_text(line));
        }
        text.push_str("  Accept all device links: `offline-vault space join all`.\n");
    }
}

fn received_text(line: &InvitationLine) -> String {
    let from = contact_text(line);
    let what = match (line.role, line.history) {
        (Some(role), Some(history)) => {
            format!("as {role} who may read {}", readable_text(role, history))
        }
        _ => "as a further device of yours".to_owned(),
    };
    format!(
        "invitation {}  from {from} into {}, {what}, came {}, holds until {}",
        line.number, line.space, line.at, line.expires_at
    )
}

/// What somebody may read of what was written before they came in as this.
fn readable_text(role: Role, history: History) -> &'static str {
    match role {
        Role::Courier => "nothing: a courier carries what it cannot read",
        _ => history_text(history),
    }
}

/// What new members may read of what was written before.
fn history_text(history: History) -> &'static str {
    match history {
        History::None => "nothing that was written before",
        History::Checkpoint => {
            "what was written before with keys in use now or since the newest checkpoint"
        }
        History::Full => "everything that was written before",
    }
}

fn contact_text(line: &InvitationLine) -> String {
    line.contact.as_ref().map_or_else(
        || "a contact that was removed".to_owned(),
        ToString::to_string,
    )
}

fn invitation_json(line: &InvitationLine) -> Value {
    json!({
        "invitation": line.number,
        "space": line.space,
        "contact": line.contact.as_ref().map(crate::names::LocalName::as_str),
        "kind": if line.role.is_some() { "member" } else { "device" },
        "role": line.role.map(Role::word),
        "history": line.history.map(History::word),
        "at": line.at.0,
        "expires_at": line.expires_at.0,
        "expired": line.has_expired,
        "asks": line.asks,
    })
}

fn show(context: &Context, asked: &NamedSpace) -> Result<Report, CommandError> {
    let found = shown::space(context.vault()?, &asked.space)?;
    let mut text = format!("{}\n", space_text(&found.line));
    if let Some(name) = &found.line.common_name {
        let _ = writeln!(text, "name       {name}");
    }
    if let (Some(cap), Some(history)) = (found.device_cap, found.history) {
        let _ = writeln!(
            text,
            "policy     at most {} a member; who joins may read {}",
            count_text(u64::from(cap), "device"),
            history_text(history)
        );
    }
    if let Some(carried) = carried_text(found.line.carried) {
        let _ = writeln!(text, "{carried}");
    }
    for mailbox in &found.mailboxes {
        let _ = writeln!(
            text,
            "mailbox    {}  {}",
            Shown(&mailbox.url),
            mailbox_state(mailbox.is_handed_over)
        );
    }
    text.push_str("Members:\n");
    for member in &found.members {
        for line in member_lines(member) {
            let _ = writeln!(text, "  {line}");
        }
    }
    write_waiting(&mut text, &found);
    write_troubles(&mut text, &found);
    for step in &found.next {
        let _ = writeln!(text, "Next: {step}");
    }
    Ok(Report::new(text, shown_json(&found)))
}

fn write_waiting(text: &mut String, found: &SpaceShown) {
    for asking in &found.asking {
        let _ = writeln!(text, "{}", asking_text(asking));
    }
    for vote in &found.votes {
        let _ = writeln!(text, "{}", vote_text(vote));
    }
    for line in gaps_text(&found.gaps) {
        let _ = writeln!(text, "MISSING: {line}");
    }
}

fn write_troubles(text: &mut String, found: &SpaceShown) {
    for fork in &found.forks {
        let _ = writeln!(
            text,
            "TWO LOGS: {} signed two segments with the number {}; found {}. What it wrote from \
             there on is held.",
            fork.whose, fork.number, fork.found_at
        );
    }
    for line in found.checkpoints.iter().take(CHECKPOINTS_SHOWN) {
        let _ = writeln!(text, "{}", checkpoint_text(line));
    }
    if !found.ignored.is_empty() {
        text.push_str("Without effect:\n");
    }
    for line in &found.ignored {
        let _ = writeln!(
            text,
            "  {} {} ({}, by their clock): {}",
            line.by, line.what, line.claimed_at, line.reason
        );
    }
    if found.ignored_more > 0 {
        let _ = writeln!(text, "  and {} more, older ones", found.ignored_more);
    }
}

fn shown_json(found: &SpaceShown) -> Value {
    let forks = found.forks.iter().map(|fork| {
        json!({
            "device": hex(&fork.device.0),
            "whose": fork.whose,
            "number": fork.number,
            "found_at": fork.found_at.0,
        })
    });
    let ignored = found.ignored.iter().map(|line| {
        json!({
            "by": line.by,
            "claimed_at": line.claimed_at.0,
            "what": line.what,
            "reason": line.reason,
        })
    });
    json!({
        "space": space_json(&found.line),
        "device_cap": found.device_cap,
        "history": found.history.map(History::word),
        "mailboxes": found.mailboxes.iter().map(mailbox_json).collect::<Vec<_>>(),
        "members": found.members.iter().map(member_json).collect::<Vec<_>>(),
        "asking": found.asking.iter().map(asking_json).collect::<Vec<_>>(),
        "votes": found.votes.iter().map(vote_json).collect::<Vec<_>>(),
        "missing": gaps_json(&found.gaps),
        "forks": forks.collect::<Vec<_>>(),
        "ignored": ignored.collect::<Vec<_>>(),
        "ignored_more": found.ignored_more,
        "checkpoints": found.checkpoints.iter().map(checkpoint_json).collect::<Vec<_>>(),
        "next": found.next,
    })
}

fn mailbox_json(mailbox: &MailboxLine) -> Value {
    json!({ "relay": mailbox.url, "handed_to_courier": mailbox.is_handed_over })
}

fn invite(context: &Context, asked: &Invite) -> Result<Report, CommandError> {
    let role = role_of(&asked.role)?;
    let history = asked.history.as_deref().map(history_of).transpose()?;
    let now = context.now();
    let secs = u64::from(asked.days).saturating_mul(DAY_SECS);
    let expires_at = UnixTime::of_secs(now.to_secs().saturating_add(secs));
    let request = InviteRequest {
        space: &asked.space,
        to: &asked.to,
        role,
        history,
        expires_at,
        asks: asked.ask,
    };
    let vault = context.vault()?;
    let earlier = shown::invitations_to(vault, &asked.space, &asked.to, now)?;
    let history = spaces::invite(vault, &request, now)?;
    let (space, to) = (&asked.space, &asked.to);
    let mut text = format!(
        "The invitation for {to} as {role} into {space} is ready to carry; it holds until \
         {expires_at}.\n"
    );
    let _ = writeln!(text, "They may read {}.", readable_text(role, history));
    text.push_str(if asked.ask {
        "When they accept, you are asked before they are let in.\n"
    } else {
        "When their answer comes, they are let in with the same sync.\n"
    });
    if let Some(earlier) = earlier.first() {
        let as_what = earlier.role.map_or("", Role::word);
        let _ = writeln!(
            text,
            "NOTE: {to} has an open invitation into {space} already, as {as_what}, given {}; it \
             holds too, until {}.",
            earlier.at, earlier.expires_at
        );
    }
    text.push_str("Next: sync, so that it leaves.");
    let json = json!({
        "space": space,
        "to": to,
        "open_before": earlier.len(),
        "role": role.word(),
        "history": history.word(),
        "expires_at": expires_at.0,
        "asks": asked.ask,
    });
    Ok(Report::new(text, json))
}

fn invitations(context: &Context) -> Result<Report, CommandError> {
    let found = shown::invitations(context.vault()?, context.now())?;
    let mut text = String::new();
    for line in &found.received {
        let _ = writeln!(text, "{}{}", received_text(line), expired_text(line));
    }
    for line in &found.given {
        let what = match line.role {
            Some(role) => format!("as {role}"),
            None => "as a further device of yours".to_owned(),
        };
        let asks = if line.asks { ", asks you first" } else { "" };
        let _ = writeln!(
            text,
            "given {}  to {} into {}, {what}, {}, holds until {}{asks}{}",
            line.number,
            contact_text(line),
            line.space,
            line.at,
            line.expires_at,
            expired_text(line)
        );
    }
    if text.is_empty() {
        text.push_str("There are no open invitations.");
    }
    let all = |lines: &[InvitationLine]| lines.iter().map(invitation_json).collect::<Vec<_>>();
    let json = json!({ "received": all(&found.received), "given": all(&found.given) });
    Ok(Report::new(text, json))
}

fn expired_text(line: &InvitationLine) -> &'static str {
    if line.has_expired { "  EXPIRED" } else { "" }
}

fn join(context: &Context, asked: &Join) -> Result<Report, CommandError> {
    let relays = relay_invitations(&asked.relay)?;
    let request = JoinRequest {
        invitation: &asked.invitation,
        own_name: asked.own_name.as_deref(),
        name: asked.name.as_deref(),
        relays: &relays,
    };
    let vault = context.vault()?;
    shown::check_not_here(vault, &asked.invitation)?;
    let names = spaces::join(vault, &request, context.now())?;
    let names: Vec<&str> = names.iter().map(crate::names::LocalName::as_str).collect();
    let text = format!(
        "You ask to join {}. The answer is ready to carry.\n\
         Next: sync; you are in once the inviter has synced and you have synced again.",
        names.join(", ")
    );
    let json = json!({ "spaces": names, "state": "joining", "mailbox_count": relays.len() });
    Ok(Report::new(text, json))
}

fn leave(context: &Context, asked: &NamedSpace) -> Result<Report, CommandError> {
    let name = &asked.space;
    spaces::leave(context.vault()?, name, context.now())?;
    let text = format!(
        "You have left {name}; what is here can be read. What you wrote stays with the others.\n\
         Next: sync, so that they hear of it; then `offline-vault space forget {name}` removes it \
         from this vault."
    );
    Ok(Report::new(text, json!({ "space": name, "state": "left" })))
}

fn relay(context: &Context, asked: &SpaceRelay) -> Result<Report, CommandError> {
    let text = read_text(&asked.invitation, CARD_FILE_BYTES_MAX, "the invitation")?;
    let invitation = RelayInvitation::from_text(&text).map_err(VaultError::Invitation)?;
    spaces::open_mailbox(context.vault()?, &asked.space, &invitation, context.now())?;
    let url = invitation.relay.url();
    let text = format!(
        "Your device in {} has a mailbox on {}; your courier opens it at the next crossing, and \
         the others hear of it with your next bundle.",
        asked.space,
        Shown(url)
    );
    Ok(Report::new(
        text,
        json!({ "space": asked.space, "relay": url }),
    ))
}

fn rename(context: &Context, asked: &RenameSpace) -> Result<Report, CommandError> {
    let name = spaces::rename(context.vault()?, &asked.space, &asked.name)?;
    let text = format!("This vault calls {} {name} now.", asked.space);
    Ok(Report::new(
        text,
        json!({ "space": name.as_str(), "before": asked.space }),
    ))
}

fn forget(context: &Context, asked: &NamedSpace) -> Result<Report, CommandError> {
    spaces::forget(context.vault()?, &asked.space, context.now())?;
    let text = format!(
        "{} is removed from this vault with all that was in it.",
        asked.space
    );
    Ok(Report::new(text, json!({ "forgotten": asked.space })))
}

fn checkpoint(context: &Context, asked: &NamedSpace) -> Result<Report, CommandError> {
    let (name, line) = checkpoints::checkpoint(context.vault()?, &asked.space, context.now())?;
    let mut text = format!("The checkpoint {} is written.\n", short(&line.segment.0));
    let _ = writeln!(
        text,
        "Every device compares it with what it comes to; `offline-vault space show {name}` says \
         who has confirmed it."
    );
    let json = json!({ "space": name.as_str(), "checkpoint": checkpoint_json(&line) });
    Ok(Report::new(text, json))
}

/// Seconds of a day.
pub(super) const DAY_SECS: u64 = 24 * 60 * 60;
/// Checkpoints that `space show` prints; all are in its JSON.
const CHECKPOINTS_SHOWN: usize = 3;
