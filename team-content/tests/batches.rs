use std::collections::BTreeSet;

use pack_format::codec::{DecodeError, Wire};
use proptest::prelude::*;
use team_content::batch::{
    Decoded, EncodeError, KIND_NAMES, Unusable, decode_alone, decode_batch, encode_alone,
    encode_batch, split,
};
use team_content::item_id::{Dot, ItemId};
use team_content::limits::{MESSAGE_TEXT_BYTES_MAX, OPERATION_BYTES_MAX};
use team_content::message::{EditMessage, NewMessage};
use team_content::operation::{Operation, order};
use team_core::content::{ContentOperation, decode_operations, encode_operations, required_role};
use team_core::ids::DeviceId;
use team_core::limits::PAYLOAD_BYTES_MAX;
use team_core::log::SeenHeads;
use team_core::role::Role;

use crate::samples::{AUTHOR, NUMBER, every_operation};

fn all_seen(_: DeviceId) -> u64 {
    u64::MAX
}

fn decode(operations: &[ContentOperation]) -> Result<Vec<Decoded>, DecodeError> {
    decode_batch(AUTHOR, NUMBER, &all_seen, operations)
}

fn edit_of(dot: Dot) -> Operation {
    let (item, text) = (ItemId([1; 16]), "text".to_owned());
    EditMessage {
        item,
        text,
        replaces: vec![dot],
    }
    .into()
}

fn message(text_bytes: usize) -> Operation {
    let text = "x".repeat(text_bytes);
    let (nonce, attachments) = ([1; 16], Vec::new());
    NewMessage {
        nonce,
        thread: None,
        reply_to: None,
        text,
        attachments,
    }
    .into()
}

#[test]
fn every_kind_reads_back_as_it_was_written() {
    let operations = every_operation();
    let kinds: BTreeSet<u8> = operations.iter().map(Operation::kind).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), Operation::kinds());
    let encoded = encode_batch(AUTHOR, NUMBER, &operations).unwrap();
    assert_eq!(encoded[0].kind, KIND_NAMES);
    let content = encode_operations(&encoded);
    let decoded = decode(&decode_operations(&content).unwrap()).unwrap();
    for (place, (decoded, operation)) in decoded.iter().zip(&operations).enumerate() {
        assert_eq!(decoded.operation.as_ref(), Ok(operation));
        assert_eq!(usize::try_from(decoded.dot.index).unwrap(), place);
        let alone = encode_alone(AUTHOR, operation);
        assert_eq!(decode_alone(decoded.dot, &alone).as_ref(), Ok(operation));
    }
    assert_eq!(decoded.len(), operations.len());
}

#[test]
fn each_kind_needs_the_role_of_what_it_does() {
    for operation in every_operation() {
        let role = match operation {
            Operation::NewMessage(_) | Operation::EditMessage(_) | Operation::ProposeEdit(_) => {
                Role::Suggester
            }
            Operation::DefineSchema(_)
            | Operation::ReviseSchema(_)
            | Operation::DecideProposal(_) => Role::Approver,
            _ => Role::Editor,
        };
        assert_eq!(required_role(operation.kind()), Some(role));
    }
    assert_eq!(required_role(KIND_NAMES), Some(Role::Suggester));
}

#[test]
fn an_operation_tells_which_blobs_it_names() {
    let operations = every_operation();
    let chunks = operations
        .iter()
        .flat_map(Operation::contents)
        .map(|content| {
            let chunks = content.named_chunks().iter();
            chunks.map(|chunk| chunk.size_bytes).collect()
        });
    let expected = [vec![1_000], vec![40_000, 30_000], vec![40_000, 30_000]];
    assert_eq!(chunks.collect::<Vec<Vec<u32>>>(), expected);
}

#[test]
fn insider_cannot_replace_what_is_not_written_yet() {
    let other = DeviceId([9; 32]);
    let dot = |device, number, index| Dot {
        device,
        number,
        index,
    };
    let seen = |device| if device == other { 7 } else { 0 };
    let cases = [
        (dot(other, 7, 3), true),
        (dot(other, 8, 0), false),
        (dot(other, 0, 0), false),
        (dot(DeviceId([1; 32]), 1, 0), false),
        (dot(AUTHOR, NUMBER - 1, 9), true),
        (dot(AUTHOR, NUMBER, 0), true),
        (dot(AUTHOR, NUMBER, 1), false),
        (dot(AUTHOR, NUMBER + 1, 0), false),
    ];
    for (dot, allowed) in cases {
        let operations = [message(1), edit_of(dot)];
        // Written by one who does not keep to the rule: the place is that of a later segment.
        let encoded = encode_batch(AUTHOR, NUMBER + 2, &operations);
        let Ok(encoded) = encoded else {
            assert_eq!(dot.number, 0);
            continue;
        };
        let decoded = decode_batch(AUTHOR, NUMBER, &seen, &encoded).unwrap();
        let refused = Err(Unusable::Malformed(DecodeError::Rule {
            what: "an operation names one that its author had not taken in",
        }));
        let expected = if allowed {
            Ok(operations[1].clone())
        } else {
            refused
        };
        assert_eq!(decoded[1].operation, expected, "{dot:?}");
        assert_eq!(
            decoded[0].operation.as_ref(),
            Ok(&operations[0]),
            "the other one counts"
        );
    }
}

#[test]
fn one_who_names_the_future_is_not_let_write() {
    let dot = Dot {
        device: AUTHOR,
        number: NUMBER,
        index: 0,
    };
    let refused = encode_batch(AUTHOR, NUMBER, &[edit_of(dot)]);
    assert!(matches!(
        refused,
        Err(EncodeError::Operation { position: 0, .. })
    ));
}

#[test]
fn what_readers_refuse_cannot_be_written() {
    assert_eq!(
        encode_batch(AUTHOR, NUMBER, &[]),
        Err(EncodeError::Count { found: 0 })
    );
    assert!(encode_batch(AUTHOR, NUMBER, &[message(MESSAGE_TEXT_BYTES_MAX)]).is_ok());
    let refused = encode_batch(
        AUTHOR,
        NUMBER,
        &[message(1), message(MESSAGE_TEXT_BYTES_MAX + 1)],
    );
    assert!(matches!(
        refused,
        Err(EncodeError::Operation {
            position: 1,
            source: DecodeError::OverLimit { .. }
        })
    ));
    let dot = Dot {
        device: AUTHOR,
        number: 1,
        index: 0,
    };
    let Operation::EditMessage(mut twice) = edit_of(dot) else {
        panic!("no edit");
    };
    twice.replaces.push(dot);
    assert!(encode_batch(AUTHOR, NUMBER, &[twice.into()]).is_err());
}

#[test]
fn a_later_kind_takes_nothing_from_the_others() {
    let mut encoded = encode_batch(AUTHOR, NUMBER, &every_operation()).unwrap();
    encoded.insert(
        1,
        ContentOperation {
            kind: 0x7f,
            body: vec![1, 2, 3],
        },
    );
    let decoded = decode(&encoded).unwrap();
    assert_eq!(
        decoded[0].operation,
        Err(Unusable::UnknownKind { kind: 0x7f })
    );
    assert!(decoded[1..].iter().all(|decoded| decoded.operation.is_ok()));
}

#[test]
fn malformed_names_leave_a_segment_without_effect() {
    let id = |byte: u8| [byte; 16];
    let names = |devices: &[[u8; 32]], items: &[[u8; 16]]| {
        let mut body = vec![u8::try_from(devices.len()).unwrap()];
        body.extend(devices.concat());
        body.push(u8::try_from(items.len()).unwrap());
        body.extend(items.concat());
        ContentOperation {
            kind: KIND_NAMES,
            body,
        }
    };
    let edit = ContentOperation {
        kind: 0x22,
        body: vec![0, 0, b'x'],
    };
    assert!(decode(&[names(&[], &[id(1), id(2)]), edit.clone()]).is_ok());
    for names in [
        names(&[], &[]),
        names(&[], &[id(2), id(1)]),
        names(&[], &[id(1), id(1)]),
        names(&[[3; 32], [2; 32]], &[]),
        names(&[AUTHOR.0], &[id(1)]),
        ContentOperation {
            kind: KIND_NAMES,
            body: vec![0, 1],
        },
    ] {
        assert!(decode(&[names, edit.clone()]).is_err());
    }
    let late = decode(&[edit.clone(), names(&[], &[id(1)])]).unwrap();
    assert!(
        matches!(late[0].operation, Err(Unusable::Malformed(_))),
        "nothing is named yet"
    );
    assert!(
        matches!(late[1].operation, Err(Unusable::Malformed(_))),
        "names stand in front"
    );
}

#[test]
fn an_import_is_cut_so_that_each_run_fits_a_segment() {
    let operations: Vec<_> = (0..200).map(|place| message(place * 150)).collect();
    let runs = split(AUTHOR, &operations);
    assert!(runs.len() > 10);
    assert_eq!(runs.concat(), operations);
    for run in runs {
        let content = encode_operations(&encode_batch(AUTHOR, NUMBER, run).unwrap());
        assert!(content.len() <= OPERATION_BYTES_MAX);
        assert!(content.len() + 256 <= usize::try_from(PAYLOAD_BYTES_MAX).unwrap());
    }
    let small: Vec<_> = (0..40_000).map(|_| message(0)).collect();
    assert!(
        split(AUTHOR, &small)
            .iter()
            .all(|run| run.len() < 16 * 1024)
    );
}

#[test]
fn a_segment_stands_after_all_that_its_author_had_seen() {
    let mut bytes = vec![2];
    for (device, number) in [(1u8, 5u8), (2, 9)] {
        bytes.extend([device; 32]);
        bytes.extend([1, number]);
        bytes.extend([0; 32]);
    }
    let seen = SeenHeads::from_wire(&bytes).unwrap();
    assert_eq!(order(3, &seen), 17);
    assert_eq!(order(1, &SeenHeads::new()), 1);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2000)
    })]

    #[test]
    fn altered_segments_are_refused_or_have_one_form(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        chosen in any::<prop::sample::Index>(),
    ) {
        let all = every_operation();
        let chosen = chosen.index(all.len());
        let operations = &all[chosen..all.len().min(chosen + 2)];
        let mut content = encode_operations(&encode_batch(AUTHOR, NUMBER, operations).unwrap());
        for (place, byte) in changes {
            let place = place.index(content.len());
            content[place] = byte;
        }
        if let Some(cut) = cut {
            content.truncate(cut.index(content.len()));
        }
        let Ok(altered) = decode_operations(&content) else {
            return Ok(());
        };
        let Ok(decoded) = decode(&altered) else {
            return Ok(());
        };
        for decoded in decoded {
            let Ok(operation) = decoded.operation else {
                continue;
            };
            let alone = encode_alone(AUTHOR, &operation);
            prop_assert_eq!(decode_alone(decoded.dot, &alone), Ok(operation.clone()));
            let again = encode_batch(AUTHOR, NUMBER, &[operation]).unwrap();
            // With the names that it was given in, its body has one form.
            let names = altered.iter().find(|found| found.kind == KIND_NAMES);
            if names == again.iter().find(|found| found.kind == KIND_NAMES) {
                prop_assert!(altered.contains(again.last().unwrap()));
            }
        }
    }
}
