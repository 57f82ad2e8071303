//! From the operations of one item to what it is.
//!
//! A pure function of the set of operations: the order in which they came makes no difference, and
//! one that is taken out is as if it had never been. What an operation may not do is ignored by
//! every reader alike, and reported.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use team_core::ids::MemberId;

use crate::file::File;
use crate::item_id::{Dot, ItemId};
use crate::message::Message;
use crate::note::Note;
use crate::operation::{Operation, Stamped};
use crate::record::Record;
use crate::schema::Schema;

/// A value, and who wrote it where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// The operation that wrote it.
    pub dot: Dot,
    /// The member who wrote it.
    pub author: MemberId,
    /// Seconds since 1970 on the author's clock: a claim.
    pub claimed_at: u64,
    /// The value.
    pub value: T,
}

impl<T> Written<T> {
    pub(crate) fn of(stamped: &Stamped, value: T) -> Self {
        Self {
            dot: stamped.dot,
            author: stamped.author,
            claimed_at: stamped.claimed_at,
            value,
        }
    }
}

/// An item as its operations make it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item {
    /// A message.
    Message(Message),
    /// A file.
    File(File),
    /// A note.
    Note(Note),
    /// A record.
    Record(Record),
    /// A schema.
    Schema(Schema),
}

/// What a fold makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The item; none when the operation that makes it is not among those given: it has not
    /// arrived, is held, or was destroyed.
    pub item: Option<Item>,
    /// The latest claimed time of an operation with an effect; zero without one.
    pub updated_at: u64,
    /// What has no effect, and why; ascending.
    pub ignored: Vec<Ignored>,
}

/// An operation without effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ignored {
    /// The operation.
    pub dot: Dot,
    /// Why.
    pub reason: Reason,
}

/// Why an operation has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing made the item, as far as is known here.
    NotMade,
    /// The item was made before.
    MadeTwice,
    /// The item is of another kind.
    OtherKind,
    /// The operation is about another item.
    OtherItem,
    /// Two different operations have one name: both branches of a fork.
    NamedTwice,
    /// Only the author of a message edits it.
    NotTheAuthor,
    /// The schema of the record is not known here.
    SchemaMissing,
    /// The schema does not have this field.
    FieldMissing,
    /// The value, or what is done, is not of the type of the field.
    WrongType,
    /// A revision drops a field, or gives it another type.
    FieldChanged,
    /// There is no such proposal.
    ProposalMissing,
    /// The branch of a change is that of a proposal, or the other way round.
    BranchTaken,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotMade => "the operation that makes the item is not here",
            Self::MadeTwice => "the item was made before",
            Self::OtherKind => "the item is of another kind",
            Self::OtherItem => "it is about another item",
            Self::NamedTwice => "two different operations have its name",
            Self::NotTheAuthor => "only the author of a message may edit it",
            Self::SchemaMissing => "the schema of the record is not here",
            Self::FieldMissing => "the schema does not have the field",
            Self::WrongType => "it is not of the type of the field",
            Self::FieldChanged => "it drops a field or gives it another type",
            Self::ProposalMissing => "the proposal is not here",
            Self::BranchTaken => "its branch belongs to another proposal or change",
        })
    }
}

/// Where folds find the schemas of records.
pub trait Schemas {
    /// The schema of this name.
    fn schema(&self, item: ItemId) -> Option<&Schema>;
}

impl Schemas for BTreeMap<ItemId, Schema> {
    fn schema(&self, item: ItemId) -> Option<&Schema> {
        self.get(&item)
    }
}

/// Folds the operations of `item`: those that are in effect now, in any order.
///
/// Whether the role of the author allows an operation was decided before, by its kind. A record
/// has to be folded again when its schema changes.
#[must_use]
pub fn fold(item: ItemId, operations: &[Stamped], schemas: &dyn Schemas) -> Folded {
    let mut ignored = IgnoredList(Vec::new());
    let mut sorted = in_order(operations, &mut ignored);
    sorted.retain(|stamped| {
        let about_this = stamped.operation.item(stamped.dot.device) == item;
        if !about_this {
            ignored.ignore(stamped.dot, Reason::OtherItem);
        }
        about_this
    });
    let Some(by) = sorted.iter().find(|stamped| stamped.operation.creates()) else {
        let dots = sorted.iter().map(|stamped| stamped.dot);
        dots.for_each(|dot| ignored.ignore(dot, Reason::NotMade));
        return Folded {
            item: None,
            updated_at: 0,
            ignored: ignored.sorted(),
        };
    };
    let mut folding = Folding {
        rest: changes(by, &sorted, &mut ignored),
        ignored,
    };
    let item = folding.make(item, by, schemas);
    let ignored = folding.ignored.sorted();
    let has_effect = |stamped: &&&Stamped| {
        let found = ignored.binary_search_by_key(&stamped.dot, |ignored| ignored.dot);
        found.is_err()
    };
    let effective = sorted.iter().filter(has_effect);
    Folded {
        item,
        updated_at: effective
            .map(|stamped| stamped.claimed_at)
            .max()
            .unwrap_or(0),
        ignored,
    }
}

/// The schema that the records among these operations are of: what has to be at hand to fold them.
#[must_use]
pub fn schema_of(operations: &[Stamped]) -> Option<ItemId> {
    let creations = operations
        .iter()
        .filter_map(|stamped| match &stamped.operation {
            Operation::CreateRecord(create) => Some((stamped.order, stamped.dot, create.schema)),
            _ => None,
        });
    creations.min().map(|(_, _, schema)| schema)
}

/// What is at hand while one item is folded.
#[derive(Debug)]
pub(crate) struct Folding<'a> {
    /// The operations that change the item, those that others follow first.
    pub(crate) rest: Vec<&'a Stamped>,
    /// What turned out to have no effect.
    pub(crate) ignored: IgnoredList,
}

/// Collects what has no effect.
#[derive(Debug)]
pub(crate) struct IgnoredList(Vec<Ignored>);

impl IgnoredList {
    /// Reports one operation.
    pub(crate) fn ignore(&mut self, dot: Dot, reason: Reason) {
        self.0.push(Ignored { dot, reason });
    }

    fn sorted(mut self) -> Vec<Ignored> {
        self.0.sort_unstable();
        self.0
    }
}

impl Folding<'_> {
    fn make(&mut self, item: ItemId, by: &Stamped, schemas: &dyn Schemas) -> Option<Item> {
        match &by.operation {
            Operation::NewMessage(new) => Some(Item::Message(Message::fold(new, by, self))),
            Operation::PutFile(put) => Some(Item::File(File::fold(put, by, self))),
            Operation::CreateNote(create) => Some(Item::Note(Note::fold(item, create, by, self))),
            Operation::CreateRecord(create) => {
                Some(Item::Record(Record::fold(create, self, schemas)))
            }
            Operation::DefineSchema(define) => Some(Item::Schema(Schema::fold(define, by, self))),
            _ => None,
        }
    }
}

/// The values that no other one of these replaces, ascending by the operation that wrote them.
///
/// Each comes with the operations that it replaces. One that names an operation which is not among
/// these replaces nothing.
pub(crate) fn live<T: Clone>(values: Vec<(&Stamped, &T, &[Dot])>) -> Vec<Written<T>> {
    let replaced: HashSet<Dot> = values
        .iter()
        .flat_map(|(_, _, replaces)| replaces.iter().copied())
        .collect();
    let mut live: Vec<_> = values
        .into_iter()
        .filter(|(stamped, _, _)| !replaced.contains(&stamped.dot))
        .map(|(stamped, value, _)| Written::of(stamped, value.clone()))
        .collect();
    live.sort_unstable_by_key(|written| written.dot);
    live
}

/// The operations, those before others first; each once.
fn in_order<'a>(operations: &'a [Stamped], ignored: &mut IgnoredList) -> Vec<&'a Stamped> {
    let mut by_name: Vec<_> = operations.iter().collect();
    by_name.sort_unstable_by_key(|stamped| stamped.dot);
    let mut sorted = Vec::with_capacity(by_name.len());
    for one_name in by_name.chunk_by(|one, other| one.dot == other.dot) {
        let Some((first, rest)) = one_name.split_first() else {
            continue;
        };
        if rest.iter().all(|other| other.operation == first.operation) {
            sorted.push(*first);
        } else {
            ignored.ignore(first.dot, Reason::NamedTwice);
        }
    }
    sorted.sort_by_key(|stamped| stamped.order);
    sorted
}

/// Those that change the item that `by` makes.
fn changes<'a>(
    by: &Stamped,
    sorted: &[&'a Stamped],
    ignored: &mut IgnoredList,
) -> Vec<&'a Stamped> {
    let mut changes = Vec::with_capacity(sorted.len());
    for stamped in sorted {
        let operation = &stamped.operation;
        if stamped.dot == by.dot {
            continue;
        }
        if operation.creates() {
            ignored.ignore(stamped.dot, Reason::MadeTwice);
        } else if operation.item_kind() == by.operation.item_kind() {
            changes.push(*stamped);
        } else {
            ignored.ignore(stamped.dot, Reason::OtherKind);
        }
    }
    changes
}
