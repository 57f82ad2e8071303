use team_content::fold::{Ignored, Item, Reason};
use team_content::index::ItemKind;
use team_content::item_id::ItemId;
use team_content::operation::Operation;
use team_content::record::{AddEvent, AddTag, CreateRecord, SetField};
use team_content::schema::{Class, FieldKind};
use team_content::value::{Date, Decimal, Value};

use crate::space::{
    CHOICE, DATE, DECIMAL, INTEGER, OTHER_TEXT, PERSON, SUM, Space, TAGS, TEXT, YES_NO, device_id,
    name,
};

fn with_record() -> (Space, ItemId) {
    let (mut space, schema) = Space::with_schema(3);
    let nonce = [1; 16];
    space.write(0, CreateRecord { nonce, schema });
    space.sync_all();
    (space, ItemId::of(device_id(0), &nonce))
}

fn text(value: &str) -> Option<Value> {
    Some(Value::Text(value.into()))
}

fn set(space: &mut Space, device: u8, item: ItemId, field: u16, value: Option<Value>) {
    let operation = space.record_at(device, item).set(item, field, value);
    space.write(device, operation);
}

fn values(space: &Space, item: ItemId, field: u16) -> Vec<Option<Value>> {
    let record = space.record(item);
    record
        .values(field)
        .map(|written| written.value.cloned())
        .collect()
}

fn event(item: ItemId, amount: &str) -> Operation {
    Operation::from(AddEvent {
        item,
        field: SUM,
        amount: Decimal::parse(amount).unwrap(),
        remark: "because".to_owned(),
    })
}

#[test]
fn a_later_edit_replaces_what_its_author_saw() {
    let (mut space, item) = with_record();
    set(&mut space, 0, item, TEXT, text("one"));
    space.sync_all();
    set(&mut space, 1, item, TEXT, text("two"));
    assert_eq!(values(&space, item, TEXT), [text("two")]);
    assert!(!space.record(item).has_conflict());
    set(&mut space, 1, item, TEXT, None);
    assert_eq!(values(&space, item, TEXT), [None]);
}

#[test]
fn edits_at_the_same_time_are_both_shown_until_one_resolves_them() {
    let (mut space, item) = with_record();
    set(&mut space, 0, item, TEXT, text("one"));
    set(&mut space, 1, item, TEXT, text("two"));
    set(&mut space, 1, item, OTHER_TEXT, text("elsewhere"));
    let conflicts = space.record(item).conflicts();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].field, TEXT);
    let found: Vec<_> = conflicts[0]
        .values
        .iter()
        .map(|value| (value.author, &value.value))
        .collect();
    assert_eq!(
        found,
        [
            (space.member(0), &text("one")),
            (space.member(1), &text("two"))
        ]
    );
    assert!(space.fold(item).row(&space.schemas).unwrap().conflict);
    space.sync_all();
    set(&mut space, 2, item, TEXT, text("three"));
    assert_eq!(values(&space, item, TEXT), [text("three")]);
    assert!(!space.record(item).has_conflict());
}

#[test]
fn a_resolution_that_is_held_brings_the_conflict_back() {
    let (mut space, item) = with_record();
    set(&mut space, 0, item, TEXT, text("one"));
    set(&mut space, 1, item, TEXT, text("two"));
    space.sync_all();
    let operation = space.record(item).set(item, TEXT, text("three"));
    let resolution = space.write(2, operation);
    let Some(Item::Record(record)) = space.fold_without(item, &[resolution]).item else {
        panic!("no record");
    };
    assert_eq!(record.values(TEXT).count(), 2);
}

#[test]
fn two_that_agree_are_no_conflict() {
    let (mut space, item) = with_record();
    set(&mut space, 0, item, TEXT, text("same"));
    set(&mut space, 1, item, TEXT, text("same"));
    assert_eq!(space.record(item).values(TEXT).count(), 2);
    assert!(!space.record(item).has_conflict());
    set(&mut space, 1, item, TEXT, None);
    assert!(space.record(item).has_conflict(), "cleared against set");
}

#[test]
fn a_tag_that_is_added_while_it_is_removed_stays() {
    let (mut space, item) = with_record();
    let add = AddTag {
        item,
        field: TAGS,
        tag: name("red"),
    };
    space.write(0, add.clone());
    space.sync_all();
    let remove = space
        .record(item)
        .remove_tag(item, TAGS, &name("red"))
        .unwrap();
    space.write(0, remove);
    assert_eq!(space.record(item).tags(TAGS).count(), 0);
    space.write(1, add);
    let record = space.record(item);
    let tags: Vec<_> = record.tags(TAGS).map(|tag| tag.value.as_str()).collect();
    assert_eq!(tags, ["red"]);
    assert_eq!(record.remove_tag(item, TAGS, &name("blue")), None);
    assert!(!record.has_conflict());
}

#[test]
fn a_sum_counts_what_was_added_at_the_same_time() {
    let (mut space, item) = with_record();
    space.write(0, event(item, "1.25"));
    let wrong = space.write(1, event(item, "40"));
    space.write(2, event(item, "-0.75"));
    let sum = space.record(item).sum(SUM);
    assert_eq!(
        (sum.event_count, sum.total.to_string().as_str()),
        (3, "40.5")
    );
    let Some(Item::Record(record)) = space.fold_without(item, &[wrong]).item else {
        panic!("no record");
    };
    assert_eq!(record.sum(SUM).total.to_string(), "0.5");
}

#[test]
fn a_sum_of_the_largest_amounts_stays_exact() {
    let (mut space, item) = with_record();
    let largest = "92233720368547758.07";
    for _ in 0..3 {
        space.write(0, event(item, largest));
    }
    assert_eq!(
        space.record(item).sum(SUM).total.to_string(),
        "276701161105643274.21"
    );
}

#[test]
fn each_type_of_value_is_kept() {
    let (mut space, item) = with_record();
    let all = [
        (TEXT, Value::Text("name".into())),
        (INTEGER, Value::Integer(-3)),
        (DECIMAL, Value::Decimal(Decimal::parse("1.50").unwrap())),
        (DATE, Value::Date(Date::parse("2026-11-03").unwrap())),
        (CHOICE, Value::Choice(2)),
        (YES_NO, Value::YesNo(true)),
        (PERSON, Value::Person(Box::new(space.member(1)))),
    ];
    for (field, value) in &all {
        set(&mut space, 0, item, *field, Some(value.clone()));
    }
    let shown = ["name", "-3", "1.5", "2026-11-03", "done", "yes", "Amina"];
    for ((field, value), shown) in all.iter().zip(shown) {
        assert_eq!(values(&space, item, *field), [Some(value.clone())]);
        let schema = space.schemas.values().next().unwrap();
        let field_type = &schema.field(*field).unwrap().field_type;
        assert_eq!(field_type.shown(value, &|_| "Amina".to_owned()), shown);
        if *field != PERSON {
            assert_eq!(field_type.parse(shown).as_ref(), Ok(value));
        }
        assert_eq!(field_type.kind().class(), Class::Surfaced);
    }
    assert_eq!(FieldKind::Tags.class(), Class::Merged);
    assert_eq!(space.fold(item).ignored, []);
    let row = space.fold(item).row(&space.schemas).unwrap();
    assert_eq!((row.kind, row.title.as_str()), (ItemKind::Record, "name"));
}

#[test]
fn what_is_not_of_the_type_of_its_field_is_ignored_and_reported() {
    let (mut space, item) = with_record();
    set(&mut space, 0, item, INTEGER, Some(Value::Integer(5)));
    let replaces: Vec<_> = space
        .record(item)
        .values(INTEGER)
        .map(|value| value.dot)
        .collect();
    let set = |field, value| {
        let replaces = replaces.clone();
        Operation::from(SetField {
            item,
            field,
            value,
            replaces,
        })
    };
    let forged = [
        (set(INTEGER, text("five")), Reason::WrongType),
        (
            set(
                DECIMAL,
                Some(Value::Decimal(Decimal::parse("0.123").unwrap())),
            ),
            Reason::WrongType,
        ),
        (set(CHOICE, Some(Value::Choice(3))), Reason::WrongType),
        (set(TAGS, None), Reason::WrongType),
        (set(SUM, Some(Value::Integer(5))), Reason::WrongType),
        (set(99, None), Reason::FieldMissing),
        (set(99, text("x")), Reason::FieldMissing),
        (
            AddTag {
                item,
                field: TEXT,
                tag: name("red"),
            }
            .into(),
            Reason::WrongType,
        ),
        (event(item, "0.001"), Reason::WrongType),
    ];
    for (operation, reason) in forged {
        let dot = space.write(0, operation);
        let folded = space.fold(item);
        assert!(
            folded.ignored.contains(&Ignored { dot, reason }),
            "{reason}"
        );
    }
    assert_eq!(values(&space, item, INTEGER), [Some(Value::Integer(5))]);
    assert_eq!(space.fold(item).ignored.len(), 9);
}

#[test]
fn a_record_without_its_schema_waits_for_it() {
    let (mut space, item) = with_record();
    set(&mut space, 0, item, TEXT, text("one"));
    let schemas = std::mem::take(&mut space.schemas);
    let folded = space.fold(item);
    assert_eq!(folded.ignored[0].reason, Reason::SchemaMissing);
    assert_eq!(folded.ignored.len(), 1);
    space.schemas = schemas;
    assert_eq!(values(&space, item, TEXT), [text("one")]);
}

#[test]
fn an_edit_of_another_field_replaces_nothing_here() {
    let (mut space, item) = with_record();
    set(&mut space, 0, item, TEXT, text("one"));
    let replaces = space
        .record(item)
        .values(TEXT)
        .map(|value| value.dot)
        .collect();
    let value = text("two");
    space.write(
        0,
        SetField {
            item,
            field: OTHER_TEXT,
            value,
            replaces,
        },
    );
    assert_eq!(values(&space, item, TEXT), [text("one")]);
}

#[test]
fn a_record_of_ten_fields_takes_no_more_than_a_kibibyte() {
    let (mut space, item) = with_record();
    for (field, value) in [
        (TEXT, Value::Text("Clinic in the north".into())),
        (OTHER_TEXT, Value::Text("Second street on the left".into())),
        (INTEGER, Value::Integer(40)),
        (DECIMAL, Value::Decimal(Decimal::parse("19.99").unwrap())),
        (DATE, Value::Date(Date::parse("2026-11-03").unwrap())),
        (CHOICE, Value::Choice(1)),
        (YES_NO, Value::YesNo(false)),
        (PERSON, Value::Person(Box::new(space.member(1)))),
    ] {
        let device = u8::try_from(field % 3).unwrap();
        set(&mut space, device, item, field, Some(value));
    }
    space.write(
        1,
        AddTag {
            item,
            field: TAGS,
            tag: name("urgent"),
        },
    );
    space.write(2, event(item, "7.5"));
    let record = space.record(item);
    let bytes = size_of_val(&record) + record.heap_bytes();
    println!("a record of ten fields by three devices: {bytes} bytes");
    assert!(bytes <= 1024, "{bytes}");
}
