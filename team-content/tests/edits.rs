//! A hundred thousand edits of records, as ten devices write them: the same in every run.

use std::collections::BTreeMap;

use team_content::fold::{Item, fold};
use team_content::item_id::{Dot, ItemId};
use team_content::operation::{Operation, Stamped};
use team_content::record::{AddEvent, CreateRecord, SetField};
use team_content::schema::{ChoiceOption, DefineSchema, Field, FieldType, Schema, SchemaVersion};
use team_content::value::{Date, Decimal, Value};
use team_core::ids::DeviceId;
use team_core::name::Name;

pub(crate) const DEVICES: u8 = 10;
pub(crate) const RECORDS: u64 = 2_000;
pub(crate) const EDITS: usize = 100_000;

/// What one device wrote at once.
pub(crate) struct Segment {
    pub(crate) device: DeviceId,
    pub(crate) number: u64,
    order: u64,
    pub(crate) operations: Vec<Operation>,
}

pub(crate) struct Edits {
    pub(crate) segments: Vec<Segment>,
    /// Segments that make the records, before the edits.
    pub(crate) created: Vec<Segment>,
    pub(crate) schemas: BTreeMap<ItemId, Schema>,
}

impl Edits {
    /// Devices take turns: each writes a segment, then takes in what the others wrote. Whoever
    /// opens a record changes some of its fields.
    pub(crate) fn made(per_segment: usize, fields_at_once: u64) -> Self {
        let (schema, schemas) = schema();
        let mut random = Random(7);
        let items: Vec<_> = (0..RECORDS)
            .map(|record| nonce(&mut random, record))
            .collect();
        let create = |nonce: &[u8; 16]| {
            CreateRecord {
                nonce: *nonce,
                schema,
            }
            .into()
        };
        let created = Segment {
            device: device(0),
            number: 1,
            order: 1,
            operations: items.iter().map(create).collect(),
        };
        let items: Vec<_> = items
            .iter()
            .map(|nonce| ItemId::of(device(0), nonce))
            .collect();
        let mut made = Self {
            segments: Vec::new(),
            created: vec![created],
            schemas,
        };
        let mut live: BTreeMap<(ItemId, u16), Vec<Dot>> = BTreeMap::new();
        let rounds = EDITS / per_segment / usize::from(DEVICES);
        for round in 0..u64::try_from(rounds).unwrap() {
            let seen = live.clone();
            for writer in 0..DEVICES {
                let segment = Segment {
                    device: device(writer),
                    number: round + 2,
                    order: 1 + (round + 1) * u64::from(DEVICES),
                    operations: Vec::new(),
                };
                made.write(
                    segment,
                    per_segment,
                    fields_at_once,
                    &items,
                    &seen,
                    &mut live,
                    &mut random,
                );
            }
        }
        made
    }

    #[allow(clippy::too_many_arguments, reason = "one loop of a generator")]
    fn write(
        &mut self,
        mut segment: Segment,
        per_segment: usize,
        fields_at_once: u64,
        items: &[ItemId],
        seen: &BTreeMap<(ItemId, u16), Vec<Dot>>,
        live: &mut BTreeMap<(ItemId, u16), Vec<Dot>>,
        random: &mut Random,
    ) {
        let mut own: BTreeMap<(ItemId, u16), Dot> = BTreeMap::new();
        while segment.operations.len() < per_segment {
            let item = items[usize::try_from(random.below(RECORDS)).unwrap()];
            for _ in 0..fields_at_once {
                let field = u16::try_from(random.below(FIELDS.into())).unwrap();
                let dot = Dot {
                    device: segment.device,
                    number: segment.number,
                    index: u32::try_from(segment.operations.len()).unwrap(),
                };
                let replaces = match own.get(&(item, field)) {
                    Some(own) => vec![*own],
                    None => seen.get(&(item, field)).cloned().unwrap_or_default(),
                };
                segment
                    .operations
                    .push(edit(item, field, replaces.clone(), random));
                let now = live.entry((item, field)).or_default();
                now.retain(|dot| !replaces.contains(dot));
                now.push(dot);
                now.sort_unstable();
                own.insert((item, field), dot);
            }
        }
        segment.operations.truncate(per_segment);
        self.segments.push(segment);
    }

    pub(crate) fn stamped(&self) -> Vec<Stamped> {
        let all = self.created.iter().chain(&self.segments);
        all.flat_map(Segment::stamped).collect()
    }
}

impl Segment {
    fn stamped(&self) -> impl Iterator<Item = Stamped> {
        (0..)
            .zip(&self.operations)
            .map(|(index, operation)| Stamped {
                dot: Dot {
                    device: self.device,
                    number: self.number,
                    index,
                },
                author: self.device.as_member(),
                claimed_at: 1_800_000_000 + self.order * 60,
                order: self.order,
                operation: operation.clone(),
            })
    }
}

fn edit(item: ItemId, field: u16, replaces: Vec<Dot>, random: &mut Random) -> Operation {
    let value = match field {
        0..=3 => {
            let len = 4 + random.below(12);
            let text: String = (0..len).map(|_| letter(random)).collect();
            Value::Text(text.into())
        }
        4 => Value::Integer(i64::try_from(random.below(1_000)).unwrap()),
        5 => {
            let cents = i64::try_from(random.below(100_000)).unwrap();
            Value::Decimal(Decimal::new(cents, 2).unwrap())
        }
        6 => Value::Date(
            Date::from_days(20_000 + i32::try_from(random.below(900)).unwrap()).unwrap(),
        ),
        7 => Value::Choice(u16::try_from(random.below(3)).unwrap()),
        8 => Value::YesNo(random.below(2) == 1),
        _ => {
            let quarters = i64::try_from(random.below(32)).unwrap();
            let amount = Decimal::new(quarters * 25, 2).unwrap();
            return AddEvent {
                item,
                field,
                amount,
                remark: String::new(),
            }
            .into();
        }
    };
    SetField {
        item,
        field,
        value: Some(value),
        replaces,
    }
    .into()
}

const FIELDS: u16 = 10;

fn schema() -> (ItemId, BTreeMap<ItemId, Schema>) {
    let name = |text: &str| Name::new(text).unwrap();
    let option = |number| ChoiceOption {
        number,
        name: name(&format!("option {number}")),
    };
    let options = (0..3).map(option).collect();
    let types = [
        FieldType::Text,
        FieldType::Text,
        FieldType::Text,
        FieldType::Text,
        FieldType::Integer,
        FieldType::Decimal { places: 2 },
        FieldType::Date,
        FieldType::Choice { options },
        FieldType::YesNo,
        FieldType::Sum {
            places: 2,
            unit: None,
        },
    ];
    let fields = (0..FIELDS).zip(types).map(|(number, field_type)| Field {
        number,
        name: name(&format!("field {number}")),
        retired: false,
        field_type,
    });
    let version = SchemaVersion {
        name: name("Visit"),
        fields: fields.collect(),
    };
    let nonce = [1; 16];
    let item = ItemId::of(device(0), &nonce);
    let define = Stamped {
        dot: Dot {
            device: device(0),
            number: 1,
            index: 0,
        },
        author: device(0).as_member(),
        claimed_at: 0,
        order: 0,
        operation: DefineSchema { nonce, version }.into(),
    };
    match fold(item, &[define], &BTreeMap::new()).item {
        Some(Item::Schema(schema)) => (item, BTreeMap::from([(item, schema)])),
        other => panic!("no schema but {other:?}"),
    }
}

/// Looks like the key that it would be: no two devices share a byte for long.
fn device(number: u8) -> DeviceId {
    let mut random = Random(u64::from(number) + 100);
    DeviceId(std::array::from_fn(|_| {
        u8::try_from(random.below(256)).unwrap()
    }))
}

fn nonce(random: &mut Random, record: u64) -> [u8; 16] {
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&record.to_be_bytes());
    nonce[8..].copy_from_slice(&random.next().to_be_bytes());
    nonce
}

fn letter(random: &mut Random) -> char {
    let letters = b"etaoinshrdlcumwfgypbvkjxqz      ";
    char::from(letters[usize::try_from(random.below(32)).unwrap()])
}

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
