//! Whatever the order, whatever was taken out and put back: one set of operations, one state.

use bundle_format::manifest::BundlePath;
use proptest::prelude::*;
use proptest::sample::Index;
use team_content::blob::{Chunks, Content};
use team_content::file::{FileVersion, PutFile, RemoveFile};
use team_content::fold::{Item, fold};
use team_content::item_id::{Dot, ItemId};
use team_content::message::{EditMessage, NewMessage};
use team_content::note::{CreateNote, DecideProposal, Decision, EditNote, ProposeEdit, RenameNote};
use team_content::operation::{Operation, Stamped};
use team_content::record::{AddEvent, AddTag, CreateRecord, SetField};
use team_content::schema::{FieldType, ReviseSchema};
use team_content::title::Title;
use team_content::value::{Decimal, Value};

use crate::space::{SUM, Space, TAGS, all_types, device_id, name};

const DEVICES: u8 = 4;
const NONCE: [u8; 16] = [1; 16];

/// One step of a history: who acts, what it does, on what, and who takes in from whom after it.
type Step = (u8, u8, Index, (u8, u8));

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let device = 0..DEVICES;
    let step = (
        device.clone(),
        any::<u8>(),
        any::<Index>(),
        (device.clone(), device),
    );
    prop::collection::vec(step, 1..40)
}

/// Plays a history of one item. The devices do as they should, or name any operation that they
/// have seen.
fn played(kind: u8, steps: Vec<Step>) -> (Space, ItemId) {
    let (mut space, schema) = Space::with_schema(DEVICES);
    let item = match kind {
        4 => schema,
        _ => ItemId::of(device_id(0), &NONCE),
    };
    match kind {
        0 => drop(space.write(0, message())),
        1 => drop(space.write(
            0,
            PutFile {
                nonce: NONCE,
                path: path(0),
                version: version(0),
            },
        )),
        2 => drop(space.write(
            0,
            CreateNote {
                nonce: NONCE,
                title: title(0),
            },
        )),
        3 => drop(space.write(
            0,
            CreateRecord {
                nonce: NONCE,
                schema,
            },
        )),
        _ => {}
    }
    space.sync_all();
    for (device, what, which, (from, to)) in steps {
        let known: Vec<Dot> = space
            .operations_at(device, item)
            .iter()
            .map(|stamped| stamped.dot)
            .collect();
        let any_known = known[which.index(known.len())];
        let state = space.fold_at(device, item).item;
        let operation = match state {
            Some(Item::Message(message)) if what % 2 == 0 => message.edit(item, what.to_string()),
            Some(Item::File(file)) if what % 2 == 0 => match what % 3 {
                0 => file.put(item, version(what)),
                1 => file.move_to(item, path(what)),
                _ => file.remove(item),
            },
            Some(Item::Note(note)) if what % 4 == 0 => note.rename(item, title(what)),
            Some(Item::Record(record)) if what % 2 == 0 => {
                let value = (what % 5 > 0).then(|| Value::Text(what.to_string().into()));
                let tag = name(&format!("tag {}", what % 3));
                match what % 3 {
                    0 => record
                        .remove_tag(item, TAGS, &tag)
                        .unwrap_or(Operation::from(AddTag {
                            item,
                            field: TAGS,
                            tag,
                        })),
                    _ => record.set(item, u16::from(what % 10), value),
                }
            }
            Some(Item::Schema(schema)) if what % 2 == 0 => schema.revise(item, all_types()),
            _ => wild(kind, item, what, any_known),
        };
        space.write(device, operation);
        space.sync(from, to);
    }
    if kind == 4 {
        space.learn_schema(schema);
    }
    (space, item)
}

/// What anybody may write, right or wrong.
fn wild(kind: u8, item: ItemId, what: u8, dot: Dot) -> Operation {
    let replaces = vec![dot];
    match (kind, what % 4) {
        (0, _) => EditMessage {
            item,
            text: "forged".to_owned(),
            replaces,
        }
        .into(),
        (1, _) => RemoveFile {
            item,
            versions: replaces,
        }
        .into(),
        (2, 0) => RenameNote {
            item,
            title: title(what),
            replaces,
        }
        .into(),
        (2, 1) => EditNote {
            item,
            branch: u64::from(what % 3),
            update: [what].into(),
        }
        .into(),
        (2, 2) => {
            let (branch, remark) = (u64::from(what % 5), String::new());
            ProposeEdit {
                item,
                branch,
                remark,
                update: [what].into(),
            }
            .into()
        }
        (2, _) => {
            let decision = if what > 128 {
                Decision::Merge
            } else {
                Decision::Refuse
            };
            let remark = String::new();
            DecideProposal {
                item,
                proposal: dot,
                decision,
                remark,
            }
            .into()
        }
        (3, 0) => {
            let amount = Decimal::new(what.into(), what % 4).unwrap();
            AddEvent {
                item,
                field: SUM,
                amount,
                remark: String::new(),
            }
            .into()
        }
        (3, _) => {
            let value = Some(Value::Integer(what.into()));
            SetField {
                item,
                field: u16::from(what % 12),
                value,
                replaces,
            }
            .into()
        }
        _ => {
            let mut version = all_types();
            match what % 3 {
                0 => drop(version.fields.pop()),
                1 => version.fields[0].field_type = FieldType::Date,
                _ => version.name = name(&what.to_string()),
            }
            ReviseSchema {
                item,
                version,
                replaces,
            }
            .into()
        }
    }
}

fn message() -> NewMessage {
    let (text, attachments) = ("first".to_owned(), Vec::new());
    NewMessage {
        nonce: NONCE,
        thread: None,
        reply_to: None,
        text,
        attachments,
    }
}

fn path(number: u8) -> BundlePath {
    BundlePath::new(&format!("folder/{number}")).unwrap()
}

fn version(number: u8) -> FileVersion {
    let chunks = Chunks::Inline(Vec::new());
    let content = Content {
        size_bytes: 0,
        hash: [number; 32],
        chunks,
    };
    FileVersion {
        executable: false,
        content,
    }
}

fn title(number: u8) -> Title {
    Title::new(&number.to_string()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1000)
    })]

    #[test]
    fn any_order_gives_one_state_and_what_is_held_can_come_back(
        kind in 0u8..5,
        steps in steps(),
        keys in prop::collection::vec(any::<u32>(), 64),
        held in any::<u64>(),
    ) {
        let (space, item) = played(kind, steps);
        let straight = space.operations(item);
        let whole = space.fold(item);
        prop_assert!(whole.item.is_some());

        let mut keyed: Vec<_> = keys.iter().cycle().zip(straight).collect();
        keyed.sort_by_key(|(key, _)| **key);
        let mut shuffled: Vec<Stamped> = keyed.into_iter().map(|(_, stamped)| stamped).collect();
        prop_assert_eq!(&fold(item, &shuffled, &space.schemas), &whole);

        // Some are held: in any order without them, as if they had never been.
        let is_held = |place: u32, stamped: &Stamped| {
            !stamped.operation.creates() && held.rotate_right(place) & 1 == 1
        };
        let (held, kept): (Vec<_>, Vec<_>) = (0..)
            .zip(shuffled)
            .partition(|(place, stamped)| is_held(*place, stamped));
        let held: Vec<Stamped> = held.into_iter().map(|(_, stamped)| stamped).collect();
        shuffled = kept.into_iter().map(|(_, stamped)| stamped).collect();
        let dots: Vec<Dot> = held.iter().map(|stamped| stamped.dot).collect();
        let without = space.fold_without(item, &dots);
        prop_assert_eq!(&fold(item, &shuffled, &space.schemas), &without);

        // And adopted.
        shuffled.extend(held);
        prop_assert_eq!(&fold(item, &shuffled, &space.schemas), &whole);
    }

    #[test]
    fn nothing_that_only_its_author_has_seen_is_lost(
        kind in 1u8..4,
        steps in steps(),
    ) {
        let (mut space, item) = played(kind, steps);
        let at_once: Vec<Dot> = (0..DEVICES)
            .filter_map(|device| {
                let operation = match space.fold_at(device, item).item? {
                    Item::File(file) => file.put(item, version(device)),
                    Item::Record(record) => {
                        record.set(item, 0, Some(Value::Text(device.to_string().into())))
                    }
                    Item::Note(note) => note.rename(item, title(device)),
                    _ => return None,
                };
                Some(space.write(device, operation))
            })
            .collect();
        let shown: Vec<Dot> = match space.fold(item).item {
            Some(Item::File(file)) => file.current().map(|version| version.dot).collect(),
            Some(Item::Record(record)) => record.values(0).map(|value| value.dot).collect(),
            Some(Item::Note(note)) => note.titles.iter().map(|title| title.dot).collect(),
            _ => Vec::new(),
        };
        for dot in at_once {
            prop_assert!(shown.contains(&dot), "{dot:?} is not among {shown:?}");
        }
    }
}
