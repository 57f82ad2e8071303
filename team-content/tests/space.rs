//! A space of a few devices that write, and take in what others wrote when the test says so.

use std::collections::BTreeMap;

use team_content::batch::{decode_batch, encode_batch};
use team_content::fold::{Folded, Item, fold};
use team_content::item_id::{Dot, ItemId};
use team_content::operation::{Operation, Stamped};
use team_content::record::Record;
use team_content::schema::{ChoiceOption, DefineSchema, Field, FieldType, Schema, SchemaVersion};
use team_core::ids::{DeviceId, MemberId};
use team_core::name::Name;

/// What a device has written and taken in: how far it has seen each device.
type Seen = BTreeMap<DeviceId, u64>;

/// Every device here is a member of its own, but the last, which is the first member's second.
pub(crate) struct Space {
    seen: Vec<Seen>,
    log: Vec<(Stamped, Seen)>,
    pub(crate) schemas: BTreeMap<ItemId, Schema>,
}

impl Space {
    pub(crate) fn new(devices: u8) -> Self {
        Self {
            seen: vec![Seen::new(); usize::from(devices)],
            log: Vec::new(),
            schemas: BTreeMap::new(),
        }
    }

    pub(crate) fn member(&self, device: u8) -> MemberId {
        let last = usize::from(device) + 1 == self.seen.len() && device > 0;
        if last {
            device_id(0)
        } else {
            device_id(device)
        }
        .as_member()
    }

    /// Writes one operation in a segment of its own.
    pub(crate) fn write(&mut self, device: u8, operation: impl Into<Operation>) -> Dot {
        self.write_all(device, &[operation.into()])[0]
    }

    /// Writes operations in one segment, through their encoding.
    pub(crate) fn write_all(&mut self, device: u8, operations: &[Operation]) -> Vec<Dot> {
        let author = self.member(device);
        let id = device_id(device);
        let seen = &mut self.seen[usize::from(device)];
        let number = seen.get(&id).copied().unwrap_or(0) + 1;
        let past = seen.clone();
        seen.insert(id, number);
        let order = seen.values().sum();
        let encoded = encode_batch(id, number, operations).expect("writable");
        let known = |other| past.get(&other).copied().unwrap_or(0);
        let decoded = decode_batch(id, number, &known, &encoded).expect("names are in order");
        let mut dots = Vec::new();
        for (decoded, operation) in decoded.into_iter().zip(operations) {
            assert_eq!(decoded.operation.as_ref(), Ok(operation));
            let stamped = Stamped {
                dot: decoded.dot,
                author,
                claimed_at: 1_000 + order,
                order,
                operation: operation.clone(),
            };
            dots.push(stamped.dot);
            self.log
                .push((stamped, self.seen[usize::from(device)].clone()));
        }
        dots
    }

    /// `to` takes in all that `from` has written and taken in.
    pub(crate) fn sync(&mut self, from: u8, to: u8) {
        let from = self.seen[usize::from(from)].clone();
        let to = &mut self.seen[usize::from(to)];
        for (device, number) in from {
            let known = to.entry(device).or_insert(0);
            *known = number.max(*known);
        }
    }

    pub(crate) fn sync_all(&mut self) {
        let all: Vec<_> = (0..self.seen.len())
            .map(|at| u8::try_from(at).unwrap())
            .collect();
        for one in &all {
            for other in &all {
                self.sync(*one, *other);
                self.sync(*other, *one);
            }
        }
    }

    /// The operations of an item that all devices wrote together.
    pub(crate) fn operations(&self, item: ItemId) -> Vec<Stamped> {
        let all = self.log.iter().map(|(stamped, _)| stamped);
        all.filter(|stamped| stamped.operation.item(stamped.dot.device) == item)
            .cloned()
            .collect()
    }

    /// Those that a device has.
    pub(crate) fn operations_at(&self, device: u8, item: ItemId) -> Vec<Stamped> {
        let seen = &self.seen[usize::from(device)];
        let mut operations = self.operations(item);
        operations.retain(|stamped| {
            seen.get(&stamped.dot.device)
                .is_some_and(|number| *number >= stamped.dot.number)
        });
        operations
    }

    pub(crate) fn fold(&self, item: ItemId) -> Folded {
        fold(item, &self.operations(item), &self.schemas)
    }

    pub(crate) fn fold_at(&self, device: u8, item: ItemId) -> Folded {
        fold(item, &self.operations_at(device, item), &self.schemas)
    }

    /// Folds without the operations named, as when they are held.
    pub(crate) fn fold_without(&self, item: ItemId, held: &[Dot]) -> Folded {
        let mut operations = self.operations(item);
        operations.retain(|stamped| !held.contains(&stamped.dot));
        fold(item, &operations, &self.schemas)
    }

    pub(crate) fn record(&self, item: ItemId) -> Record {
        record(self.fold(item))
    }

    pub(crate) fn record_at(&self, device: u8, item: ItemId) -> Record {
        record(self.fold_at(device, item))
    }

    /// Folds a schema and keeps it for the records.
    pub(crate) fn learn_schema(&mut self, item: ItemId) -> Schema {
        let Some(Item::Schema(schema)) = self.fold(item).item else {
            panic!("no schema");
        };
        self.schemas.insert(item, schema.clone());
        schema
    }

    /// Device 0 defines the schema of [`all_types`], and everybody takes it in.
    pub(crate) fn with_schema(devices: u8) -> (Self, ItemId) {
        let mut space = Self::new(devices);
        let nonce = [7; 16];
        let version = all_types();
        space.write(0, DefineSchema { nonce, version });
        let schema = ItemId::of(device_id(0), &nonce);
        space.learn_schema(schema);
        space.sync_all();
        (space, schema)
    }
}

fn record(folded: Folded) -> Record {
    match folded.item {
        Some(Item::Record(record)) => record,
        other => panic!("no record but {other:?}"),
    }
}

pub(crate) fn device_id(device: u8) -> DeviceId {
    DeviceId([device + 1; 32])
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) const TEXT: u16 = 0;
pub(crate) const INTEGER: u16 = 1;
pub(crate) const DECIMAL: u16 = 2;
pub(crate) const DATE: u16 = 3;
pub(crate) const CHOICE: u16 = 4;
pub(crate) const YES_NO: u16 = 5;
pub(crate) const PERSON: u16 = 6;
pub(crate) const TAGS: u16 = 7;
pub(crate) const SUM: u16 = 8;
pub(crate) const OTHER_TEXT: u16 = 9;

/// One field of every type, numbered from 0.
pub(crate) fn all_types() -> SchemaVersion {
    let options = vec![
        ChoiceOption {
            number: 1,
            name: name("open"),
        },
        ChoiceOption {
            number: 2,
            name: name("done"),
        },
    ];
    let types = [
        ("name", FieldType::Text),
        ("beds", FieldType::Integer),
        ("price", FieldType::Decimal { places: 2 }),
        ("due", FieldType::Date),
        ("state", FieldType::Choice { options }),
        ("urgent", FieldType::YesNo),
        ("who", FieldType::Person),
        ("tags", FieldType::Tags),
        (
            "hours",
            FieldType::Sum {
                places: 2,
                unit: Some(name("h")),
            },
        ),
        ("place", FieldType::Text),
    ];
    let fields = (0..).zip(types).map(|(number, (text, field_type))| Field {
        number,
        name: name(text),
        retired: false,
        field_type,
    });
    SchemaVersion {
        name: name("Task"),
        fields: fields.collect(),
    }
}
