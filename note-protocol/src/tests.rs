//! Requests and responses have one encoding each, and no bytes are a surprise.

use pack_format::codec::Wire;
use proptest::prelude::*;

use crate::{
    Change, Content, Document, Edited, Mark, MarkKind, Opened, Part, Place, Previewed, Refusal,
    RefusedUpdate, Request, Response, Span, TextRange, Update,
};

fn document() -> Document {
    Document {
        snapshot: Some(vec![1, 2, 3]),
        updates: vec![update(4), update(5)],
    }
}

fn update(seed: u8) -> Update {
    Update {
        bytes: vec![seed; 3],
        peers: vec![7.into(), u64::from(seed).into()],
    }
}

fn opened() -> Opened {
    let range = TextRange { start: 0, end: 2 };
    let mark = Mark::Link("to".to_owned());
    Opened {
        content: Content::new("é".to_owned(), vec![Span { range, mark }]).unwrap(),
        snapshot: Some(vec![9; 4]),
        version: [(1.into(), 2), (3.into(), 4)].into_iter().collect(),
        refused: vec![refused(0), refused(7)],
    }
}

fn refused(index: u32) -> RefusedUpdate {
    let place = Place::Update(index);
    RefusedUpdate {
        index,
        refusal: Refusal::MissingOperations { place },
    }
}

fn requests() -> Vec<Request> {
    let range = TextRange { start: 0, end: 9 };
    let changes = vec![
        Change::Text("text".to_owned()),
        Change::Mark(range, Mark::Heading(3)),
        Change::Clear(range, MarkKind::ListItem),
    ];
    vec![
        Request::Open(Document::default()),
        Request::Edit {
            document: document(),
            peer: 8.into(),
            changes,
        },
        Request::Preview {
            document: document(),
            proposal: update(6),
        },
    ]
}

fn responses() -> Vec<Response> {
    let place = Place::Update(3);
    let peer = 5.into();
    let refusals = [
        Refusal::Request,
        Refusal::Unreadable {
            place: Place::Snapshot,
        },
        Refusal::ForeignPeer { place, peer },
        Refusal::MissingOperations {
            place: Place::Proposal,
        },
        Refusal::KnownOperations { place },
        Refusal::Range { change: 1 },
        Refusal::UnusablePeer,
        Refusal::TooLarge {
            part: Part::Authors,
        },
        Refusal::Unconfined,
        Refusal::NotStable,
        Refusal::Fault,
    ];
    let answers = [
        Response::Opened(opened()),
        Response::Edited(Edited {
            update: None,
            after: opened(),
        }),
        Response::Edited(Edited {
            update: Some(vec![1]),
            after: opened(),
        }),
        Response::Previewed(Previewed {
            before: Content::default(),
            after: opened(),
        }),
    ];
    let refused = refusals.into_iter().map(Response::Refused);
    answers.into_iter().chain(refused).collect()
}

/// What can be read is written as it was read.
fn has_one_encoding<T: Wire>(bytes: &[u8]) {
    if let Ok(value) = T::from_wire(bytes) {
        assert_eq!(value.to_wire(), bytes);
    }
}

#[test]
fn every_message_arrives_as_it_was_sent() {
    for request in requests() {
        let message = request.to_message().unwrap();
        assert_eq!(Request::from_wire(&message), Ok(request));
    }
    for response in responses() {
        let read = Response::from_wire(&response.to_wire());
        assert_eq!(read, Ok(response));
    }
}

#[test]
fn a_message_cut_at_any_length_is_refused() {
    for request in requests() {
        let message = request.to_wire();
        for len in 0..message.len() {
            assert!(Request::from_wire(&message[..len]).is_err());
        }
    }
    for response in responses() {
        let message = response.to_wire();
        for len in 0..message.len() {
            assert!(Response::from_wire(&message[..len]).is_err());
        }
    }
}

#[test]
fn refused_updates_are_named_once_and_in_order() {
    for indices in [[1, 0], [1, 1]] {
        let opened = Opened {
            refused: indices.map(refused).to_vec(),
            ..opened()
        };
        let message = Response::Opened(opened).to_wire();
        assert!(Response::from_wire(&message).is_err(), "{indices:?}");
    }
}

proptest! {
    #[test]
    fn mutated_messages_are_refused_or_have_one_encoding(
        which: prop::sample::Index,
        place: prop::sample::Index,
        byte: u8,
    ) {
        let mut message = which.get(&responses()).to_wire();
        *place.get_mut(&mut message) = byte;
        has_one_encoding::<Response>(&message);
        let mut message = which.get(&requests()).to_wire();
        *place.get_mut(&mut message) = byte;
        has_one_encoding::<Request>(&message);
    }
}
