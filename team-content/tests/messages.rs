use bundle_format::manifest::BundlePath;
use team_content::blob::{Chunk, Chunks, Content};
use team_content::fold::{Ignored, Item, Reason};
use team_content::item_id::ItemId;
use team_content::message::{Attachment, EditMessage, Message, NewMessage};
use team_core::blob::{BlobId, BlobKey};

use crate::space::{Space, device_id};

fn new(nonce: u8, text: &str) -> NewMessage {
    NewMessage {
        nonce: [nonce; 16],
        thread: None,
        reply_to: None,
        text: text.to_owned(),
        attachments: Vec::new(),
    }
}

fn message(item: Option<Item>) -> Message {
    match item {
        Some(Item::Message(message)) => message,
        other => panic!("no message but {other:?}"),
    }
}

fn texts(message: &Message) -> Vec<&str> {
    message
        .texts
        .iter()
        .map(|text| text.value.as_str())
        .collect()
}

#[test]
fn an_answer_names_its_thread_and_carries_files() {
    let mut space = Space::new(2);
    space.write(0, new(1, "When?"));
    let thread = ItemId::of(device_id(0), &[1; 16]);
    space.sync_all();
    let chunk = Chunk {
        id: BlobId([3; 32]),
        key: BlobKey([4; 32]),
        size_bytes: 5,
    };
    let answer = NewMessage {
        thread: Some(thread),
        reply_to: Some(thread),
        attachments: vec![Attachment {
            name: BundlePath::new("plan.odt").unwrap(),
            content: Content {
                size_bytes: 5,
                hash: [9; 32],
                chunks: Chunks::Inline(vec![chunk]),
            },
        }],
        ..new(2, "\n  At noon.\nBring water.")
    };
    space.write(1, answer.clone());
    let item = ItemId::of(device_id(1), &[2; 16]);
    let folded = space.fold(item);
    let row = folded.row(&space.schemas).unwrap();
    assert_eq!((row.title.as_str(), row.parent), ("At noon.", Some(thread)));
    let message = message(folded.item);
    assert_eq!(message.attachments, answer.attachments);
    assert_eq!(
        (message.thread, message.reply_to),
        (Some(thread), Some(thread))
    );
    assert!(!message.edited);
}

#[test]
fn an_author_edits_from_any_device_and_edits_at_the_same_time_are_all_shown() {
    let mut space = Space::new(3);
    space.write(0, new(1, "first"));
    let item = ItemId::of(device_id(0), &[1; 16]);
    space.sync_all();
    for (device, text) in [(0, "from the desk"), (2, "from the road")] {
        let edit = message(space.fold_at(device, item).item).edit(item, text.to_owned());
        space.write(device, edit);
    }
    let both = message(space.fold(item).item);
    assert_eq!(texts(&both), ["from the desk", "from the road"]);
    assert!(both.edited && space.fold(item).row(&space.schemas).unwrap().conflict);
    space.sync_all();
    let edit = both.edit(item, "settled".to_owned());
    let last = space.write(0, edit);
    assert_eq!(texts(&message(space.fold(item).item)), ["settled"]);
    assert_eq!(
        texts(&message(space.fold_without(item, &[last]).item)).len(),
        2
    );
}

#[test]
fn insider_cannot_edit_the_message_of_another() {
    let mut space = Space::new(3);
    let first = space.write(0, new(1, "mine"));
    let item = ItemId::of(device_id(0), &[1; 16]);
    space.sync_all();
    let text = "forged".to_owned();
    let dot = space.write(
        1,
        EditMessage {
            item,
            text,
            replaces: vec![first],
        },
    );
    let folded = space.fold(item);
    assert_eq!(
        folded.ignored,
        [Ignored {
            dot,
            reason: Reason::NotTheAuthor
        }]
    );
    assert_eq!(texts(&message(folded.item)), ["mine"]);
}

#[test]
fn insider_cannot_make_the_message_of_another() {
    let mut space = Space::new(2);
    space.write(0, new(1, "mine"));
    space.write(1, new(1, "mine too"));
    let item = ItemId::of(device_id(0), &[1; 16]);
    assert_ne!(item, ItemId::of(device_id(1), &[1; 16]));
    assert_eq!(texts(&message(space.fold(item).item)), ["mine"]);
}

#[test]
fn edits_of_a_message_that_is_not_here_show_nothing() {
    let mut space = Space::new(2);
    let first = space.write(0, new(1, "first"));
    let item = ItemId::of(device_id(0), &[1; 16]);
    let edit = message(space.fold(item).item).edit(item, "second".to_owned());
    let dot = space.write(0, edit);
    let folded = space.fold_without(item, &[first]);
    assert_eq!(folded.item, None);
    assert_eq!(
        folded.ignored,
        [Ignored {
            dot,
            reason: Reason::NotMade
        }]
    );
    assert_eq!(folded.row(&space.schemas), None);
}

#[test]
fn an_item_is_made_once() {
    let mut space = Space::new(1);
    space.write(0, new(1, "first"));
    let dot = space.write(0, new(1, "again"));
    let folded = space.fold(ItemId::of(device_id(0), &[1; 16]));
    assert_eq!(
        folded.ignored,
        [Ignored {
            dot,
            reason: Reason::MadeTwice
        }]
    );
    assert_eq!(texts(&message(folded.item)), ["first"]);
}

#[test]
fn two_operations_of_one_name_have_no_effect() {
    let mut space = Space::new(1);
    space.write(0, new(1, "first"));
    let item = ItemId::of(device_id(0), &[1; 16]);
    let mut operations = space.operations(item);
    operations.push(operations[0].clone());
    let same = team_content::fold::fold(item, &operations, &space.schemas);
    assert_eq!(same, space.fold(item));
    operations[1].operation = new(1, "other branch").into();
    for _ in 0..2 {
        let folded = team_content::fold::fold(item, &operations, &space.schemas);
        assert_eq!(folded.item, None);
        assert_eq!(folded.ignored[0].reason, Reason::NamedTwice);
        operations.reverse();
    }
}
