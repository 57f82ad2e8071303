//! Late work: what was written without knowing that its author had lost the right to, and who
//! takes it over.

use std::collections::BTreeSet;

use pack_format::shown::Shown;
use team_content::batch::decode_alone;
use team_content::fold::Item;
use team_content::operation::Operation;
use team_content::schema::{Field, Schema};
use team_content::value::Value;
use team_core::control::Control;
use team_core::ids::{DeviceId, SegmentHash};
use team_core::limits::SEGMENTS_NAMED_MAX;
use team_core::segment::Header;

use super::TeamError;
use super::brought::News;
use super::content;
use super::folder::Folder;
use super::session::{Session, find_space, in_space, look};
use super::view::{View, digits, full_digits};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{SpaceState, StoredItem, StoredOperation, StoredSegment};
use crate::vault::Vault;

/// A segment of late work.
#[derive(Clone, Debug)]
pub struct HeldSegment {
    /// Which; its first digits name it.
    pub hash: SegmentHash,
    /// Who wrote it, escaped.
    pub author: String,
    /// The device that wrote it.
    pub device: DeviceId,
    /// When, by its author's clock: a claim.
    pub claimed_at: UnixTime,
    /// When it came here.
    pub taken_at: UnixTime,
    /// What it would do.
    pub changes: Vec<HeldChange>,
}

/// What one operation of late work would do.
#[derive(Clone, Debug)]
pub struct HeldChange {
    /// The digits of the item.
    pub item: String,
    /// What kind of item it is.
    pub kind: &'static str,
    /// What would become of it, escaped.
    pub what: String,
    /// The text of a message, whole and not escaped.
    pub text: Option<String>,
    /// What the item is called now, escaped; nothing when it is not there without the late work.
    pub now: Option<String>,
}

/// The late work of a space, in the order in which it was taken in.
///
/// # Errors
/// [`TeamError::SpaceUnknown`].
pub fn held(vault: &Vault, space: &str) -> Result<(LocalName, Vec<HeldSegment>), TeamError> {
    look(vault, space, |view| {
        let mut folder = Folder::new(view);
        let mut found = Vec::new();
        for stored in view.tables.held_content(view.row())? {
            found.push(held_segment(view, &mut folder, &stored)?);
        }
        Ok((view.name().clone(), found))
    })
}

fn held_segment(
    view: &View<'_>,
    folder: &mut Folder<'_>,
    stored: &StoredSegment,
) -> Result<HeldSegment, TeamError> {
    let header = Header::dangerously_from_store(view.space_id(), &stored.header)
        .map_err(TeamError::Stored)?;
    let fields = header.fields();
    let mut changes = Vec::new();
    for item in view.tables.items_of_segment(stored.place.id)? {
        let operations = view.tables.operations_of_item(item.id)?;
        let held = operations
            .iter()
            .filter(|one| one.segment == stored.place.id && !one.in_effect);
        for operation in held {
            changes.push(held_change(view, folder, &item, operation)?);
        }
    }
    Ok(HeldSegment {
        hash: stored.place.hash,
        author: view.device_text(fields.device),
        device: fields.device,
        claimed_at: UnixTime::of_secs(fields.claimed_at),
        taken_at: stored.taken_at,
        changes,
    })
}

fn held_change(
    view: &View<'_>,
    folder: &mut Folder<'_>,
    item: &StoredItem,
    stored: &StoredOperation,
) -> Result<HeldChange, TeamError> {
    let body = stored.body.as_deref().unwrap_or_default();
    let operation = decode_alone(stored.dot, body).ok();
    let folded = folder.fold(view.tables, item)?;
    let now = folded.row(folder.schemas());
    let schema = match &folded.item {
        Some(Item::Record(record)) => folder.schemas().get(&record.schema()),
        _ => None,
    };
    let operation = operation.as_ref();
    Ok(HeldChange {
        item: digits(&item.item.0),
        kind: operation.map_or("thing", |it| it.item_kind().word()),
        what: operation.map_or_else(
            || "does something that cannot be read".to_owned(),
            |it| would_do(view, schema, it),
        ),
        text: match operation {
            Some(Operation::NewMessage(new)) => Some(new.text.clone()),
            Some(Operation::EditMessage(edit)) => Some(edit.text.clone()),
            _ => None,
        },
        now: now.map(|row| Shown(&row.title).to_string()),
    })
}

/// What an operation would do, in words; what it says is cut and escaped.
fn would_do(view: &View<'_>, schema: Option<&Schema>, operation: &Operation) -> String {
    match operation {
        Operation::NewMessage(new) => match new.attachments.len() {
            0 => "writes a message".to_owned(),
            count => format!("writes a message with {count} files"),
        },
        Operation::EditMessage(_) => "changes the text of the message".to_owned(),
        Operation::PutFile(put) => format!(
            "puts a new file of {} bytes: {}",
            put.version.content.size_bytes,
            Shown(put.path.as_str())
        ),
        Operation::PutVersion(put) => format!(
            "puts a new version of {} bytes",
            put.version.content.size_bytes
        ),
        Operation::MoveFile(moved) => format!("moves it to {}", Shown(moved.path.as_str())),
        Operation::RemoveFile(_) => "takes it out of the tree".to_owned(),
        Operation::CreateNote(create) => format!("begins it: {}", Shown(create.title.as_str())),
        Operation::RenameNote(rename) => format!("calls it {}", Shown(rename.title.as_str())),
        Operation::EditNote(edit) => format!("changes it ({} bytes)", edit.update.len()),
        Operation::ProposeEdit(proposal) => {
            format!("proposes a change: {}", Shown(&proposal.remark))
        }
        Operation::DecideProposal(decision) => {
            format!("decides about a proposal: {}", Shown(&decision.remark))
        }
        Operation::DefineSchema(define) => {
            format!("defines it: {}", Shown(define.version.name.as_str()))
        }
        Operation::ReviseSchema(revise) => {
            format!("defines it anew: {}", Shown(revise.version.name.as_str()))
        }
        record => would_do_to_record(view, schema, record),
    }
}

fn would_do_to_record(view: &View<'_>, schema: Option<&Schema>, operation: &Operation) -> String {
    let field = |number: u16| schema.and_then(|schema| schema.field(number));
    let called = |number: u16| match field(number) {
        Some(field) => Shown(field.name.as_str()).to_string(),
        None => format!("field {number}"),
    };
    match operation {
        Operation::CreateRecord(_) => "makes it".to_owned(),
        Operation::SetField(set) => match &set.value {
            Some(value) => format!(
                "sets {} to {}",
                called(set.field),
                value_text(view, field(set.field), value)
            ),
            None => format!("clears {}", called(set.field)),
        },
        Operation::AddTag(add) => {
            format!("adds {} to {}", Shown(add.tag.as_str()), called(add.field))
        }
        Operation::RemoveTag(remove) => format!("removes a tag from {}", called(remove.field)),
        Operation::AddEvent(event) => format!(
            "adds {} to {}: {}",
            event.amount,
            called(event.field),
            Shown(&event.remark)
        ),
        _ => "does something that this version does not know".to_owned(),
    }
}

/// A value as its field shows it.
fn value_text(view: &View<'_>, field: Option<&Field>, value: &Value) -> String {
    let person = |member| view.member_text(member);
    match (field, value) {
        (Some(field), value) => Shown(&field.field_type.shown(value, &person)).to_string(),
        (None, Value::Text(text)) => Shown(text).to_string(),
        (None, _) => "a value whose field is not known".to_owned(),
    }
}

/// What became of adopting late work.
#[derive(Debug)]
pub struct Adopted {
    /// What this vault calls the space.
    pub space: LocalName,
    /// The segments that take effect now.
    pub segments: Vec<HeldSegment>,
    /// What else came of it.
    pub news: Vec<News>,
}

/// Lets late work take effect all the same: segments named by their first digits.
///
/// # Errors
/// [`TeamError::NotFound`], [`TeamError::Ambiguous`]; [`TeamError::RoleNeeded`] for one who is no
/// approver.
pub fn adopt(
    vault: &Vault,
    space: &str,
    which: &[String],
    now: UnixTime,
) -> Result<Adopted, TeamError> {
    in_space(vault, space, now, |session| {
        let view = &session.view;
        let held = view.tables.held_content(view.row())?;
        let mut chosen = BTreeSet::new();
        for digits in which {
            chosen.insert(find_held(view, &held, digits)?);
        }
        let mut segments = Vec::new();
        let mut folder = Folder::new(view);
        for stored in held.iter().filter(|it| chosen.contains(&it.place.hash)) {
            segments.push(held_segment(view, &mut folder, stored)?);
        }
        let chosen: Vec<SegmentHash> = chosen.into_iter().collect();
        let at_once = usize::try_from(SEGMENTS_NAMED_MAX).unwrap_or(1);
        for some in chosen.chunks(at_once) {
            write_and_judge(session, &[Control::Adopt(some.to_vec())])?;
        }
        Ok(Adopted {
            space: session.view.name().clone(),
            segments,
            news: std::mem::take(&mut session.brought.news),
        })
    })
}

fn find_held(
    view: &View<'_>,
    held: &[StoredSegment],
    typed: &str,
) -> Result<SegmentHash, TeamError> {
    let hashes = held.iter().map(|stored| stored.place.hash);
    let found: Vec<SegmentHash> = hashes
        .filter(|hash| !typed.is_empty() && full_digits(&hash.0).starts_with(typed))
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(TeamError::NotFound {
            space: view.name().clone(),
            what: "late work",
            which: Shown(typed).to_string(),
        }),
        several => Err(TeamError::Ambiguous {
            space: view.name().clone(),
            which: Shown(typed).to_string(),
            count: several.len(),
        }),
    }
}

/// Writes what changes somebody's right, and lets content take or lose effect by it.
pub(super) fn write_and_judge(
    session: &mut Session<'_>,
    operations: &[Control],
) -> Result<SegmentHash, TeamError> {
    let stored = find_space(session.changes, session.view.name().as_str())?;
    let before = View::of(session.changes, stored)?;
    let segment = session.write_control(operations)?;
    content::judge_anew(
        session.changes,
        &before,
        &session.view,
        &mut session.brought,
    )?;
    if session.view.own_role().is_none() {
        // The person has removed this very device, or voted itself out.
        session
            .changes
            .set_space_state(session.view.row(), SpaceState::Left)?;
        session.tell("this vault is no device of a member any more; what is here can be read.");
    }
    Ok(segment)
}
