use team_content::fold::{Ignored, Reason};
use team_content::item_id::ItemId;
use team_content::operation::Operation;
use team_content::record::{CreateRecord, SetField};
use team_content::schema::{ChoiceOption, Field, FieldType, ReviseSchema, SchemaVersion};
use team_content::value::Value;

use crate::space::{CHOICE, Space, TEXT, all_types, device_id, name};

fn with_field(number: u16, field_type: FieldType) -> SchemaVersion {
    let mut version = all_types();
    let name = name("added");
    version.fields.push(Field {
        number,
        name,
        retired: false,
        field_type,
    });
    version
}

#[test]
fn a_revision_adds_fields_and_keeps_numbers() {
    let (mut space, item) = Space::with_schema(2);
    let before = space.learn_schema(item);
    let number = before.unused_number().unwrap();
    assert_eq!(number, 10);
    space.write(1, before.revise(item, with_field(number, FieldType::Date)));
    let after = space.learn_schema(item);
    assert!(!after.has_conflict());
    assert_eq!(after.field_named("added").unwrap().number, number);
    assert_eq!(after.unused_number(), Some(11));
}

#[test]
fn a_revision_that_drops_or_changes_a_field_is_ignored() {
    let (mut space, item) = Space::with_schema(1);
    let before = space.learn_schema(item);
    let mut dropped = all_types();
    dropped.fields.pop();
    let mut changed = all_types();
    changed.fields[usize::from(TEXT)].field_type = FieldType::Integer;
    for version in [dropped, changed] {
        let dot = space.write(0, before.revise(item, version));
        let reason = Reason::FieldChanged;
        assert!(space.fold(item).ignored.contains(&Ignored { dot, reason }));
    }
    assert_eq!(space.learn_schema(item), before);
}

#[test]
fn revisions_at_the_same_time_are_a_conflict_until_one_follows_both() {
    let (mut space, item) = Space::with_schema(3);
    let before = space.learn_schema(item);
    space.write(0, before.revise(item, with_field(10, FieldType::Date)));
    space.write(1, before.revise(item, with_field(10, FieldType::Integer)));
    let both = space.learn_schema(item);
    assert!(both.has_conflict());
    assert!(space.fold(item).row(&space.schemas).unwrap().conflict);

    // Either type is taken while it is open.
    space.sync_all();
    let nonce = [2; 16];
    space.write(
        2,
        CreateRecord {
            nonce,
            schema: item,
        },
    );
    let record = ItemId::of(device_id(2), &nonce);
    let value = Some(Value::Integer(3));
    space.write(
        2,
        SetField {
            item: record,
            field: 10,
            value,
            replaces: Vec::new(),
        },
    );
    assert_eq!(space.fold(record).ignored, []);

    let dot = space.write(2, both.revise(item, with_field(10, FieldType::Text)));
    assert_eq!(
        space.fold(item).ignored,
        [Ignored {
            dot,
            reason: Reason::FieldChanged
        }]
    );
    space.write(2, both.revise(item, with_field(10, FieldType::Date)));
    let settled = space.learn_schema(item);
    assert!(!settled.has_conflict());
    assert_eq!(settled.field(10).unwrap().field_type, FieldType::Date);
    assert_eq!(space.fold(record).ignored, [], "what was right stays right");
}

#[test]
fn an_option_that_is_dropped_stays_right_where_it_was_chosen() {
    let (mut space, item) = Space::with_schema(1);
    let before = space.learn_schema(item);
    let nonce = [2; 16];
    space.write(
        0,
        CreateRecord {
            nonce,
            schema: item,
        },
    );
    let record = ItemId::of(device_id(0), &nonce);
    let set: Operation = space
        .record(record)
        .set(record, CHOICE, Some(Value::Choice(1)));
    space.write(0, set);
    let mut version = all_types();
    let options = vec![ChoiceOption {
        number: 2,
        name: name("done"),
    }];
    version.fields[usize::from(CHOICE)].field_type = FieldType::Choice { options };
    let revision = space.write(0, before.revise(item, version));
    let after = space.learn_schema(item);
    assert_eq!(space.record(record).values(CHOICE).count(), 1);
    let shown = after
        .field(CHOICE)
        .unwrap()
        .field_type
        .shown(&Value::Choice(1), &|_| String::new());
    assert_eq!(shown, "option 1");
    assert!(space.fold_without(item, &[revision]).ignored.is_empty());
}

#[test]
fn a_revision_of_nothing_stands_beside_the_others() {
    let (mut space, item) = Space::with_schema(1);
    let version = with_field(10, FieldType::YesNo);
    space.write(
        0,
        ReviseSchema {
            item,
            version,
            replaces: Vec::new(),
        },
    );
    assert!(space.learn_schema(item).has_conflict());
}
