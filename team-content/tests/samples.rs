//! One operation of every kind, with every kind of field in it.

use bundle_format::manifest::BundlePath;
use team_content::blob::{Chunk, Chunks, Content};
use team_content::file::{FileVersion, MoveFile, PutFile, PutVersion, RemoveFile};
use team_content::item_id::{Dot, ItemId};
use team_content::message::{Attachment, EditMessage, NewMessage};
use team_content::note::{CreateNote, DecideProposal, Decision, EditNote, ProposeEdit, RenameNote};
use team_content::operation::Operation;
use team_content::record::{AddEvent, AddTag, CreateRecord, RemoveTag, SetField};
use team_content::schema::{DefineSchema, ReviseSchema};
use team_content::title::Title;
use team_content::value::{Date, Decimal, Value};
use team_core::blob::{BlobId, BlobKey};
use team_core::ids::{DeviceId, MemberId};

use crate::space::{all_types, name};

/// The device that writes them, in this segment.
pub(crate) const AUTHOR: DeviceId = DeviceId([5; 32]);
pub(crate) const NUMBER: u64 = 300;

const ITEM: ItemId = ItemId([8; 16]);
const OTHER: ItemId = ItemId([2; 16]);
const NONCE: [u8; 16] = [6; 16];

/// Of another device, and of the author.
fn dots() -> Vec<Dot> {
    vec![
        Dot {
            device: DeviceId([3; 32]),
            number: 9000,
            index: 1,
        },
        Dot {
            device: AUTHOR,
            number: 299,
            index: 70,
        },
        Dot {
            device: DeviceId([7; 32]),
            number: 1,
            index: 0,
        },
    ]
}

fn content(chunks: Chunks) -> Content {
    Content {
        size_bytes: 70_000,
        hash: [1; 32],
        chunks,
    }
}

fn chunk(size_bytes: u32) -> Chunk {
    Chunk {
        id: BlobId([2; 32]),
        key: BlobKey([3; 32]),
        size_bytes,
    }
}

fn version() -> FileVersion {
    let chunks = Chunks::Inline(vec![chunk(40_000), chunk(30_000)]);
    FileVersion {
        executable: true,
        content: content(chunks),
    }
}

fn values() -> Vec<Option<Value>> {
    vec![
        None,
        Some(Value::Text("text".into())),
        Some(Value::Integer(i64::MIN)),
        Some(Value::Decimal(Decimal::new(-1234, 3).unwrap())),
        Some(Value::Date(Date::from_days(-400).unwrap())),
        Some(Value::Choice(300)),
        Some(Value::YesNo(true)),
        Some(Value::YesNo(false)),
        Some(Value::Person(Box::new(MemberId([4; 32])))),
    ]
}

pub(crate) fn every_operation() -> Vec<Operation> {
    let (item, nonce) = (ITEM, NONCE);
    let attachments = vec![Attachment {
        name: BundlePath::new("plan.odt").unwrap(),
        content: content(Chunks::Listed(vec![chunk(1_000)])),
    }];
    let path = || BundlePath::new("a/b c.odt").unwrap();
    let title = || Title::new("Plan für Süd").unwrap();
    let remark = || "because".to_owned();
    let text = || "Grüße\nund mehr".to_owned();
    let set = |value| {
        SetField {
            item,
            field: 700,
            value,
            replaces: dots(),
        }
        .into()
    };
    let mut operations: Vec<Operation> = values().into_iter().map(set).collect();
    operations.extend([
        Operation::from(NewMessage {
            nonce,
            thread: Some(OTHER),
            reply_to: None,
            text: text(),
            attachments,
        }),
        EditMessage {
            item,
            text: text(),
            replaces: dots(),
        }
        .into(),
        ProposeEdit {
            item,
            branch: u64::MAX,
            remark: remark(),
            update: [1, 2].into(),
        }
        .into(),
        PutFile {
            nonce,
            path: path(),
            version: version(),
        }
        .into(),
        PutVersion {
            item,
            version: version(),
            replaces: dots(),
        }
        .into(),
        MoveFile {
            item,
            path: path(),
            replaces: dots(),
        }
        .into(),
        RemoveFile {
            item,
            versions: dots(),
        }
        .into(),
        CreateRecord {
            nonce,
            schema: OTHER,
        }
        .into(),
        AddTag {
            item,
            field: 1,
            tag: name("tag"),
        }
        .into(),
        RemoveTag {
            item,
            field: 1,
            adds: dots(),
        }
        .into(),
        AddEvent {
            item,
            field: 0,
            amount: Decimal::new(5, 1).unwrap(),
            remark: remark(),
        }
        .into(),
        CreateNote {
            nonce,
            title: title(),
        }
        .into(),
        RenameNote {
            item,
            title: title(),
            replaces: dots(),
        }
        .into(),
        EditNote {
            item,
            branch: 0,
            update: [3].into(),
        }
        .into(),
        DefineSchema {
            nonce,
            version: all_types(),
        }
        .into(),
        ReviseSchema {
            item,
            version: all_types(),
            replaces: dots(),
        }
        .into(),
        DecideProposal {
            item,
            proposal: dots()[0],
            decision: Decision::Merge,
            remark: remark(),
        }
        .into(),
    ]);
    operations
}
