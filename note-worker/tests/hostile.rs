//! Bytes that are meant to do harm end the worker, never the one who asks.

use std::time::{Duration, Instant};

use loro::{ExportMode, LoroDoc};
use note_protocol::{Document, NoteError, Part, Place, Refusal, Update};

use crate::author::{Author, client, document, refusal};
use crate::random::Random;

fn doc_of(peer: u64, text: &str) -> LoroDoc {
    let doc = LoroDoc::new();
    doc.set_peer_id(peer).unwrap();
    doc.get_text("text").insert(0, text).unwrap();
    doc.commit();
    doc
}

fn snapshot_of(doc: &LoroDoc) -> Document {
    Document {
        snapshot: Some(doc.export(ExportMode::Snapshot).unwrap()),
        updates: Vec::new(),
    }
}

/// A hundred bytes that say they are a megabyte.
#[test]
fn refuses_a_text_that_unpacks_beyond_its_limit() {
    let note = snapshot_of(&doc_of(1, &"a".repeat(5 << 20)));
    let packed_bytes = note.snapshot.as_ref().map(Vec::len).unwrap();
    assert!(packed_bytes < 64 << 10, "{packed_bytes} bytes");
    let part = Part::Text;
    assert_eq!(refusal(note), Refusal::TooLarge { part });
}

#[test]
fn a_memory_bomb_ends_the_worker() {
    let note = snapshot_of(&doc_of(1, &"a".repeat(200 << 20)));
    let packed_bytes = note.snapshot.as_ref().map(Vec::len).unwrap();
    assert!(packed_bytes < 2 << 20, "{packed_bytes} bytes");
    let opened = client().open(note);
    assert!(
        matches!(opened, Err(NoteError::Ended { signal: Some(6) })),
        "{opened:?}"
    );
}

/// Many authors who all write at one place without having seen each other.
#[test]
fn a_time_bomb_ends_the_worker() {
    let mut updates = Vec::new();
    for peer in 1..=30_000 {
        let bytes = doc_of(peer, "ab").export(ExportMode::all_updates());
        updates.push(Author::new(peer).signed(bytes.unwrap()));
    }
    let patient = client().with_deadline(Duration::from_secs(300));
    let opened = patient.open(document(&updates));
    assert!(
        matches!(opened, Err(NoteError::Ended { signal: Some(24) })),
        "{opened:?}"
    );
    let begun = Instant::now();
    let hurried = client().with_deadline(Duration::from_millis(200));
    let opened = hurried.open(document(&updates));
    assert!(
        matches!(opened, Err(NoteError::TooSlow { .. })),
        "{opened:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[test]
fn refuses_garbage() {
    let mut random = Random::new(3);
    for len in [0, 1, 21, 22, 23, 4096] {
        let mut bytes: Vec<u8> = (0..len).map(|_| random.next().to_le_bytes()[0]).collect();
        for has_magic in [false, true] {
            if has_magic && len >= 4 {
                bytes[..4].copy_from_slice(b"loro");
            }
            let place = Place::Update(0);
            let update = Update {
                bytes: bytes.clone(),
                peers: Vec::new(),
            };
            let unreadable = Refusal::Unreadable { place };
            assert_eq!(refusal(document(&[update])), unreadable, "{len}");
            let place = Place::Snapshot;
            let note = Document {
                snapshot: Some(bytes.clone()),
                updates: Vec::new(),
            };
            assert_eq!(refusal(note), Refusal::Unreadable { place }, "{len}");
        }
    }
}

#[test]
fn refuses_a_snapshot_or_an_update_that_was_cut() {
    let doc = doc_of(1, "some words that are cut");
    let snapshot = doc.export(ExportMode::Snapshot).unwrap();
    for len in (0..snapshot.len()).step_by(7) {
        let note = Document {
            snapshot: Some(snapshot[..len].to_vec()),
            updates: Vec::new(),
        };
        let place = Place::Snapshot;
        assert_eq!(refusal(note), Refusal::Unreadable { place }, "{len}");
    }
    let update = doc.export(ExportMode::all_updates()).unwrap();
    for len in (0..update.len()).step_by(7) {
        let update = Author::new(1).signed(update[..len].to_vec());
        let place = Place::Update(0);
        let unreadable = Refusal::Unreadable { place };
        assert_eq!(refusal(document(&[update])), unreadable, "{len}");
    }
}
