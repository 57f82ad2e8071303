//! Records: typed fields of a schema.
//!
//! A field that is set at the same time in two places holds both values until somebody chooses;
//! tags and sums merge. What a field is, its schema says: see [`crate::schema::FieldKind::class`].

mod fold;
mod operations;

use std::fmt;
use std::mem::size_of;

use team_core::ids::{DeviceId, MemberId};
use team_core::name::Name;

pub use self::operations::{AddEvent, AddTag, CreateRecord, RemoveTag, SetField};
use crate::fold::Written;
use crate::item_id::{Dot, ItemId};
use crate::limits::SUM_PLACES_MAX;
use crate::operation::Operation;
use crate::value::{Decimal, Value, write_scaled};

/// A record as its operations make it, in little memory: authors are kept once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    schema: ItemId,
    authors: Box<[(DeviceId, MemberId)]>,
    live: Box<[Live]>,
    sums: Box<[(u16, Sum)]>,
}

/// A value or tag that nothing replaces, ascending by field and then by its operation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Live {
    author: u16,
    field: u16,
    index: u32,
    number: u64,
    claimed_at: u64,
    holds: Holds,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Holds {
    Value(Value),
    Nothing,
    Tag(Box<Name>),
}

/// What was added to a sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many amounts.
    pub event_count: u64,
    /// Their sum.
    pub total: Total,
}

/// A sum of amounts, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Total {
    /// In units of the last of [`SUM_PLACES_MAX`] decimal places.
    smallest_units: i128,
}

impl Total {
    /// An amount has at most [`SUM_PLACES_MAX`] places: its schema said so.
    fn add(&mut self, amount: Decimal) {
        let places = SUM_PLACES_MAX.saturating_sub(amount.places());
        let units = i128::from(amount.units()) * 10i128.pow(places.into());
        self.smallest_units = self.smallest_units.saturating_add(units);
    }
}

impl fmt::Display for Total {
    /// All the digits, without zeros at the end of the decimal places.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut units, mut places) = (self.smallest_units, SUM_PLACES_MAX);
        while places > 0 && units % 10 == 0 {
            units /= 10;
            places -= 1;
        }
        write_scaled(formatter, units, places)
    }
}

/// A field that holds several values: a task for whoever knows which is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The field.
    pub field: u16,
    /// What it holds, none standing for nothing.
    pub values: Vec<Written<Option<Value>>>,
}

impl Record {
    /// What fields it has.
    #[must_use]
    pub fn schema(&self) -> ItemId {
        self.schema
    }

    /// What a field holds: several values when it was set at the same time, none standing for
    /// nothing; empty when it was never set.
    pub fn values(&self, field: u16) -> impl Iterator<Item = Written<Option<&Value>>> {
        self.of_field(field).filter_map(|live| match &live.holds {
            Holds::Value(value) => Some(self.written(live, Some(value))),
            Holds::Nothing => Some(self.written(live, None)),
            Holds::Tag(_) => None,
        })
    }

    /// The tags of a field, each once for every time it was added.
    pub fn tags(&self, field: u16) -> impl Iterator<Item = Written<&Name>> {
        self.of_field(field).filter_map(|live| match &live.holds {
            Holds::Tag(tag) => Some(self.written(live, &**tag)),
            Holds::Value(_) | Holds::Nothing => None,
        })
    }

    /// The sum of a field.
    #[must_use]
    pub fn sum(&self, field: u16) -> Sum {
        let found = self.sums.iter().find(|(number, _)| *number == field);
        found.map(|(_, sum)| *sum).unwrap_or_default()
    }

    /// The fields that hold several values. Two that are the same are no conflict.
    #[must_use]
    pub fn conflicts(&self) -> Vec<Conflict> {
        let runs = self.live.chunk_by(|one, other| one.field == other.field);
        let fields = runs.filter_map(|run| run.first().map(|live| live.field));
        let conflict = |field| {
            let values: Vec<_> = self.values(field).map(Written::cloned).collect();
            let differ = values.windows(2).any(|pair| match pair {
                [one, other] => one.value != other.value,
                _ => false,
            });
            differ.then_some(Conflict { field, values })
        };
        fields.filter_map(conflict).collect()
    }

    /// Whether somebody has to choose between values.
    #[must_use]
    pub fn has_conflict(&self) -> bool {
        !self.conflicts().is_empty()
    }

    /// Sets or clears a field, in place of every value there is now: also how a conflict is
    /// resolved.
    #[must_use]
    pub fn set(&self, item: ItemId, field: u16, value: Option<Value>) -> Operation {
        let replaces = self.values(field).map(|written| written.dot).collect();
        Operation::from(SetField {
            item,
            field,
            value,
            replaces,
        })
    }

    /// Removes a tag, as often as it was added; none when the field does not have it.
    #[must_use]
    pub fn remove_tag(&self, item: ItemId, field: u16, tag: &Name) -> Option<Operation> {
        let added = self.tags(field).filter(|written| written.value == tag);
        let adds: Vec<_> = added.map(|written| written.dot).collect();
        (!adds.is_empty()).then(|| Operation::from(RemoveTag { item, field, adds }))
    }

    /// Bytes of memory that it takes beside its own size, as far as it asks for them.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let values = self.live.iter().map(|live| match &live.holds {
            Holds::Value(Value::Text(text)) => text.len(),
            Holds::Value(Value::Person(_)) => size_of::<MemberId>(),
            Holds::Tag(tag) => size_of::<Name>() + tag.as_str().len(),
            Holds::Value(_) | Holds::Nothing => 0,
        });
        size_of_val(&*self.authors)
            + size_of_val(&*self.live)
            + size_of_val(&*self.sums)
            + values.sum::<usize>()
    }

    fn of_field(&self, field: u16) -> impl Iterator<Item = &Live> {
        let from = self.live.partition_point(|live| live.field < field);
        let rest = self.live.get(from..).unwrap_or_default();
        rest.iter().take_while(move |live| live.field == field)
    }

    fn written<T>(&self, live: &Live, value: T) -> Written<T> {
        let author = self.authors.get(usize::from(live.author)).copied();
        let (device, author) = author.unwrap_or((DeviceId([0; 32]), MemberId([0; 32])));
        Written {
            dot: Dot {
                device,
                number: live.number,
                index: live.index,
            },
            author,
            claimed_at: live.claimed_at,
            value,
        }
    }
}

impl Written<Option<&Value>> {
    fn cloned(self) -> Written<Option<Value>> {
        Written {
            dot: self.dot,
            author: self.author,
            claimed_at: self.claimed_at,
            value: self.value.cloned(),
        }
    }
}
