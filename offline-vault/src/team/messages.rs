//! Messages of a space: threads, replies, edits, attachments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bundle_format::content::{Contents as _, Progress};
use bundle_format::manifest::{BundlePath, EntryKind};
use team_content::fold::Item;
use team_content::index::ItemKind;
use team_content::item_id::ItemId;
use team_content::limits::{ATTACHMENTS_MAX, MESSAGE_TEXT_BYTES_MAX};
use team_content::message::{Attachment, Message, NewMessage};
use team_content::operation::Operation;
use team_core::ids::CompartmentId;
use team_core::role::Role;

use super::TeamError;
use super::delivery::{Deliveries, Delivery};
use super::files::{PieceCount, Pieces, Released, SealedContent, Sealer, release};
use super::folder::Folder;
use super::items::{Deletion, ItemReference, find, find_folded, made, need, text_of};
use super::session::{Session, in_space, look};
use super::view::{View, digits};
use crate::clock::UnixTime;
use crate::files::FileError;
use crate::store::{ItemFilter, ItemFlag, StoredItem};
use crate::vault::Vault;
use crate::work::WorkError;
use crate::work::walk::{NewContents, Special, walk};

/// What is to be said.
#[derive(Clone, Copy, Debug)]
pub struct MessageRequest<'a> {
    /// What this vault calls the space.
    pub space: &'a str,
    /// The text.
    pub text: &'a str,
    /// A message of the thread that it belongs to.
    pub thread: Option<&'a ItemReference>,
    /// The message that it answers.
    pub reply_to: Option<&'a ItemReference>,
    /// Files that belong to it.
    pub attachments: &'a [PathBuf],
    /// Who is to read it; a reply is read by those who read what it answers.
    pub compartment: Option<&'a str>,
}

/// A message that was written.
#[derive(Clone, Debug)]
pub struct WrittenMessage {
    /// `SPACE/DIGITS`.
    pub item: String,
    /// How many files belong to it.
    pub attachment_count: usize,
    /// Where it is.
    pub delivery: Delivery,
}

/// A message in a list.
#[derive(Clone, Debug)]
pub struct MessageLine {
    /// `SPACE/DIGITS`.
    pub item: String,
    /// All digits.
    pub id: String,
    /// How deep it is in the tree of replies.
    pub depth: usize,
    /// Who wrote it, escaped; none when it was deleted or has no effect.
    pub author: Option<String>,
    /// When, as its author's clock had it; when it changed last, where that is not known.
    pub sent_at: UnixTime,
    /// Its first line. Text of others.
    pub summary: String,
    /// How many files belong to it.
    pub attachment_count: usize,
    /// The compartment; none for the space as a whole.
    pub compartment: Option<String>,
    /// It was not shown here since it came or changed.
    pub unread: bool,
    /// The text is another one than at first.
    pub edited: bool,
    /// How many texts it has: several when two devices of its author edited it at once.
    pub text_count: usize,
    /// How far its deletion got, if it was deleted.
    pub deletion: Option<Deletion>,
    /// Its author had lost the right to write it, or to change it.
    pub late: bool,
}

/// The messages of a space.
#[derive(Clone, Debug)]
pub struct MessageList {
    /// Thread by thread, the one with the newest message first; in each the tree of replies.
    pub messages: Vec<MessageLine>,
    /// Whether there are older ones.
    pub is_cut: bool,
}

/// A file that belongs to a message.
#[derive(Clone, Debug)]
pub struct ShownAttachment {
    /// Its name. Text of others.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// How much of it is here.
    pub pieces: PieceCount,
}

/// One text of a message.
#[derive(Clone, Debug)]
pub struct ShownText {
    /// The device that wrote it, escaped.
    pub device: String,
    /// When, as its clock had it.
    pub written_at: UnixTime,
    /// The text, of others.
    pub text: String,
}

/// A message as it is shown.
#[derive(Clone, Debug)]
pub struct ShownMessage {
    /// Its line, as it was before it was shown.
    pub line: MessageLine,
    /// The thread that it belongs to.
    pub thread: Option<String>,
    /// What it answers.
    pub reply_to: Option<String>,
    /// Its texts: several after edits at the same time; none once it was deleted.
    pub texts: Vec<ShownText>,
    /// Its files.
    pub attachments: Vec<ShownAttachment>,
    /// Where it is.
    pub delivery: Delivery,
}

/// Writes a message.
///
/// # Errors
/// [`TeamError`]; nothing was written then.
pub fn send(
    vault: &Vault,
    asked: &MessageRequest<'_>,
    now: UnixTime,
    progress: &mut Progress<'_>,
) -> Result<WrittenMessage, TeamError> {
    check_text(asked.text)?;
    if asked.text.trim().is_empty() && asked.attachments.is_empty() {
        return Err(WorkError::Nothing.into());
    }
    let sealing = in_space(vault, asked.space, now, |session| {
        need(&session.view, Role::Suggester)?;
        let place = Place::of(session, asked)?;
        if asked.attachments.is_empty() {
            return Ok(None);
        }
        let (_, key) = session.epoch_for(place.compartment)?;
        Ok(Some((session.view.row(), place.compartment, key)))
    })?;
    let sealer = sealing.map(|(row, compartment, key)| Sealer::new(vault, row, compartment, &key));
    let mut sealer = sealer.transpose()?;
    let attached = match &mut sealer {
        Some(sealer) => attach(sealer, asked.attachments, progress)?,
        None => Vec::new(),
    };
    let written = in_space(vault, asked.space, now, |session| {
        let place = Place::of(session, asked)?;
        let nonce = session.rng().array();
        let id = ItemId::of(session.view.own_device(), &nonce);
        let message = NewMessage {
            nonce,
            thread: place.thread,
            reply_to: place.reply_to,
            text: asked.text.to_owned(),
            attachments: attached.iter().map(|(it, _)| it.clone()).collect(),
        };
        let dots = session.write_content(place.compartment, &[message.into()])?;
        if let Some(sealer) = &sealer {
            let contents: Vec<&SealedContent> = attached.iter().map(|(_, it)| it).collect();
            for dot in dots {
                sealer.note(session, dot, &contents)?;
            }
            sealer.store(session)?;
        }
        let view = &session.view;
        let stored = view
            .tables
            .item_with_id(view.row(), place.compartment, id)?;
        let delivery = match stored {
            Some(stored) => Deliveries::of(view)?.item(&stored)?,
            None => Delivery::default(),
        };
        Ok(WrittenMessage {
            item: format!("{}/{}", view.name(), digits(&id.0)),
            attachment_count: attached.len(),
            delivery,
        })
    })?;
    sealer.map(Sealer::keep);
    Ok(written)
}

fn check_text(text: &str) -> Result<(), TeamError> {
    if text.len() <= MESSAGE_TEXT_BYTES_MAX {
        return Ok(());
    }
    Err(TeamError::Input {
        what: format!(
            "a message has at most {MESSAGE_TEXT_BYTES_MAX} bytes, and this has {}: attach it as \
             a file",
            text.len()
        ),
    })
}

/// Where a new message belongs.
struct Place {
    compartment: CompartmentId,
    thread: Option<ItemId>,
    reply_to: Option<ItemId>,
}

impl Place {
    fn of(session: &Session<'_>, asked: &MessageRequest<'_>) -> Result<Self, TeamError> {
        let view = &session.view;
        let named = asked
            .compartment
            .map(|name| view.find_compartment(Some(name)));
        let mut compartment = named.transpose()?;
        let (mut thread, mut reply_to) = (None, None);
        for (reference, is_reply) in [(asked.thread, false), (asked.reply_to, true)] {
            let Some(reference) = reference else { continue };
            let (stored, folded) = find_folded(view, &reference.digits, ItemKind::Message)?;
            if compartment.is_some_and(|it| it != stored.compartment) {
                return Err(TeamError::Input {
                    what: format!("{} is read by others", text_of(view, &stored)),
                });
            }
            compartment = Some(stored.compartment);
            let begun = match &folded.item {
                Some(Item::Message(message)) => message.thread,
                _ => None,
            };
            let of_this = begun.unwrap_or(stored.item);
            if thread.is_some_and(|thread| thread != of_this) {
                return Err(TeamError::Input {
                    what: format!("{} is of another thread", text_of(view, &stored)),
                });
            }
            thread = Some(of_this);
            if is_reply {
                reply_to = Some(stored.item);
            }
        }
        Ok(Self {
            compartment: compartment.unwrap_or(CompartmentId::WHOLE),
            thread,
            reply_to,
        })
    }
}

fn attach(
    sealer: &mut Sealer<'_>,
    paths: &[PathBuf],
    progress: &mut Progress<'_>,
) -> Result<Vec<(Attachment, SealedContent)>, TeamError> {
    let found = walk(paths, Special::Refuse).map_err(WorkError::from)?;
    if found.count() > ATTACHMENTS_MAX {
        return Err(TeamError::Input {
            what: format!("a message has at most {ATTACHMENTS_MAX} attachments"),
        });
    }
    let mut contents = NewContents::default().with_files(found);
    let unreadable = |err| FileError::of("read", Path::new("the attachments"))(err);
    let mut attached = Vec::new();
    while let Some((kind, source)) = contents.next_entry().map_err(unreadable)? {
        let EntryKind::File { path, .. } = kind else {
            continue;
        };
        if path.components().count() > 1 {
            return Err(TeamError::Input {
                what: "a folder cannot be attached: put it into the space with `file add`"
                    .to_owned(),
            });
        }
        let failed = |err| FileError::of("read", Path::new(path.as_str()))(err).into();
        let sealed = sealer.seal(source, failed, progress)?;
        let attachment = Attachment {
            name: path,
            content: sealed.content.clone(),
        };
        attached.push((attachment, sealed));
    }
    Ok(attached)
}

/// Lists the newest messages of a space, or those of one thread.
///
/// # Errors
/// [`TeamError`].
pub fn list(
    vault: &Vault,
    space: &str,
    thread: Option<&ItemReference>,
    limit: u32,
) -> Result<MessageList, TeamError> {
    look(vault, space, |view| {
        let thread = thread
            .map(|it| find_folded(view, &it.digits, ItemKind::Message))
            .transpose()?;
        let began = thread.as_ref().map(|(stored, folded)| match &folded.item {
            Some(Item::Message(message)) => message.thread.unwrap_or(stored.item),
            _ => stored.item,
        });
        let place = began.map(|item| item.to_string());
        let mut stored = Vec::new();
        let mut is_cut = false;
        for flag in [None, Some(ItemFlag::Deleted)] {
            let filter = ItemFilter {
                place: place.as_deref(),
                flag,
                ..ItemFilter::default()
            };
            let kind = Some(ItemKind::Message);
            let found = view.tables.items(view.row(), kind, &filter, limit)?;
            is_cut |= u32::try_from(found.len()).is_ok_and(|count| count >= limit);
            stored.extend(found);
        }
        if let Some(began) = began {
            let digits = began.to_string();
            stored.push(find(view, &digits, Some(ItemKind::Message))?);
        }
        let mut folder = Folder::new(view);
        let mut nodes = Vec::new();
        for item in stored {
            let message = match folder.fold(view.tables, &item)?.item {
                Some(Item::Message(message)) => Some(message),
                _ => None,
            };
            nodes.push((item, message));
        }
        let mut messages = Vec::new();
        for (depth, at) in in_tree(&nodes) {
            if let Some((item, message)) = nodes.get(at) {
                messages.push(line(view, item, message.as_ref(), depth)?);
            }
        }
        Ok(MessageList { messages, is_cut })
    })
}

type Node = (StoredItem, Option<Message>);

/// The places of messages in the order of their trees, each with its depth.
///
/// Which message is answered is the word of an author: what goes round in a circle is shown as if
/// it answered nothing.
fn in_tree(nodes: &[Node]) -> Vec<(usize, usize)> {
    let at: BTreeMap<String, usize> = (0..)
        .zip(nodes)
        .map(|(place, (item, _))| (item.item.to_string(), place))
        .collect();
    let mut below: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut roots = Vec::new();
    for (place, (item, message)) in (0usize..).zip(nodes) {
        let answered = message.as_ref().and_then(|it| it.reply_to);
        let answered = answered.and_then(|id| at.get(&id.to_string()));
        let above = answered.or_else(|| at.get(&item.line.place));
        match above.copied().filter(|above| *above != place) {
            Some(above) => below.entry(above).or_default().push(place),
            None => roots.push(place),
        }
    }
    let sent_at = |place: &usize| {
        let node = nodes.get(*place);
        node.map_or((UnixTime(0), *place), |node| (node_sent_at(node), *place))
    };
    for children in below.values_mut() {
        children.sort_by_key(&sent_at);
        // The last is taken from the stack first.
        children.reverse();
    }
    roots.sort_by_key(|root| {
        let updated = newest_below(nodes, &below, *root);
        (std::cmp::Reverse(updated), *root)
    });
    let mut seen = BTreeSet::new();
    let mut order = Vec::new();
    for root in roots.into_iter().chain(0..nodes.len()) {
        let mut stack = vec![(0usize, root)];
        while let Some((depth, place)) = stack.pop() {
            if !seen.insert(place) {
                continue;
            }
            order.push((depth, place));
            let children = below.get(&place).into_iter().flatten();
            stack.extend(children.map(|child| (depth.saturating_add(1), *child)));
        }
    }
    order
}

fn node_sent_at((item, message): &Node) -> UnixTime {
    message.as_ref().map_or(item.line.updated_at, |message| {
        UnixTime::of_secs(message.sent_at)
    })
}

fn newest_below(
    nodes: &[Node],
    below: &BTreeMap<usize, Vec<usize>>,
    root: usize,
) -> Option<UnixTime> {
    let mut seen = BTreeSet::new();
    let mut stack = vec![root];
    let mut newest = None;
    while let Some(place) = stack.pop() {
        if seen.insert(place) {
            newest = newest.max(nodes.get(place).map(|(item, _)| item.line.updated_at));
            stack.extend(below.get(&place).into_iter().flatten());
        }
    }
    newest
}

fn line(
    view: &View<'_>,
    stored: &StoredItem,
    message: Option<&Message>,
    depth: usize,
) -> Result<MessageLine, TeamError> {
    let has = |flag| stored.line.flags.has(flag);
    Ok(MessageLine {
        item: text_of(view, stored),
        id: stored.item.to_string(),
        depth,
        author: message.map(|it| view.member_text(it.author)),
        sent_at: message.map_or(stored.line.updated_at, |it| UnixTime::of_secs(it.sent_at)),
        summary: message.map_or_else(String::new, |_| stored.line.title.clone()),
        attachment_count: message.map_or(0, |it| it.attachments.len()),
        compartment: view.compartment_text(stored.compartment),
        unread: has(ItemFlag::Unread),
        edited: message.is_some_and(|it| it.edited),
        text_count: message.map_or(0, |it| it.texts.len()),
        deletion: match message {
            Some(_) => None,
            None => Deletion::of(view, stored)?,
        },
        late: has(ItemFlag::Late),
    })
}

/// Shows a message; it counts as read from then on.
///
/// # Errors
/// [`TeamError`].
pub fn show(vault: &Vault, which: &ItemReference) -> Result<ShownMessage, TeamError> {
    let folder = vault.paths().bundles();
    let (row, shown) = look(vault, &which.space, |view| {
        let (stored, folded) = find_folded(view, &which.digits, ItemKind::Message)?;
        let message = match &folded.item {
            Some(Item::Message(message)) => Some(message),
            _ => None,
        };
        let mut pieces = Pieces::new(view.tables, view.row(), &folder)?;
        let mut attachments = Vec::new();
        for attachment in message.into_iter().flat_map(|it| &it.attachments) {
            attachments.push(ShownAttachment {
                name: attachment.name.as_str().to_owned(),
                size_bytes: attachment.content.size_bytes,
                pieces: pieces.count(&attachment.content)?,
            });
        }
        let texts = message.into_iter().flat_map(|it| &it.texts);
        let named = |id: ItemId| format!("{}/{}", view.name(), digits(&id.0));
        let shown = ShownMessage {
            line: line(view, &stored, message, 0)?,
            thread: message.and_then(|it| it.thread).map(named),
            reply_to: message.and_then(|it| it.reply_to).map(named),
            texts: texts
                .map(|text| ShownText {
                    device: view.device_text(text.dot.device),
                    written_at: UnixTime::of_secs(text.claimed_at),
                    text: text.value.clone(),
                })
                .collect(),
            attachments,
            delivery: Deliveries::of(view)?.item(&stored)?,
        };
        Ok((stored.id, shown))
    })?;
    vault.store().write(|changes| changes.mark_read(row))?;
    Ok(shown)
}

/// Gives a message of one's own another text; that settles edits at the same time, too.
///
/// # Errors
/// [`TeamError::StateAdvised`] for a message of somebody else.
pub fn edit(
    vault: &Vault,
    which: &ItemReference,
    text: &str,
    now: UnixTime,
) -> Result<(), TeamError> {
    check_text(text)?;
    in_space(vault, &which.space, now, |session| {
        let (stored, message) = message_of(&session.view, which)?;
        if Some(message.author) != session.view.own_member() {
            return Err(TeamError::StateAdvised {
                which: text_of(&session.view, &stored),
                state: "was written by somebody else: only its author changes a message".to_owned(),
                next: format!(
                    "Answer it: offline-vault message send {} --reply-to {}.",
                    session.view.name(),
                    text_of(&session.view, &stored)
                ),
            });
        }
        let operation: Operation = message.edit(stored.item, text.to_owned());
        session.write_content(stored.compartment, &[operation])?;
        Ok(())
    })
}

fn message_of(view: &View<'_>, which: &ItemReference) -> Result<(StoredItem, Message), TeamError> {
    let (stored, folded) = find_folded(view, &which.digits, ItemKind::Message)?;
    match made(view, &stored, folded)? {
        Item::Message(message) => Ok((stored, message)),
        _ => Err(TeamError::State {
            which: text_of(view, &stored),
            state: "is not a message".to_owned(),
        }),
    }
}

/// Writes the files that belong to a message into a folder: all of them whole, or none.
///
/// # Errors
/// [`TeamError::Incomplete`] while pieces are missing.
pub fn save(vault: &Vault, which: &ItemReference, to: &Path) -> Result<Vec<PathBuf>, TeamError> {
    let folder = vault.paths().bundles();
    look(vault, &which.space, |view| {
        let (stored, message) = message_of(view, which)?;
        if message.attachments.is_empty() {
            return Err(TeamError::StateAdvised {
                which: text_of(view, &stored),
                state: "has no attachments".to_owned(),
                next: format!(
                    "Read it: offline-vault message show {}.",
                    text_of(view, &stored)
                ),
            });
        }
        let mut released = Vec::new();
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for attachment in &message.attachments {
            let name = free_name(attachment.name.as_str(), &taken)?;
            taken.insert(name.as_str().to_owned());
            released.push(Released {
                which: format!("{} of {}", name.as_str(), text_of(view, &stored)),
                name,
                executable: false,
                content: &attachment.content,
            });
        }
        let mut pieces = Pieces::new(view.tables, view.row(), &folder)?;
        release(&mut pieces, &released, to)
    })
}

/// The name, or with a number in front where another attachment has it.
fn free_name(name: &str, taken: &BTreeSet<String>) -> Result<BundlePath, TeamError> {
    let numbered = (2..).map(|number| format!("{number}-{name}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    let free = names.find(|name| !taken.contains(name));
    BundlePath::new(&free.unwrap_or_default()).map_err(TeamError::Format)
}
