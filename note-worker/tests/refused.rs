//! What an insider may try with well-formed bytes.

use loro::{ExportMode, LoroDoc};
use note_protocol::{Change, Document, Mark, NoteError, PeerId, Place, Refusal, Update};

use crate::author::{Author, client, document, part, refusal};

const FIRST: Place = Place::Update(0);
const SECOND: Place = Place::Update(1);

#[test]
fn refuses_changes_in_the_name_of_another_author() {
    let amina = Author::new(1);
    let forged = Author::new(2).write("Amina agrees.");
    let place = FIRST;
    let peer = PeerId::from(2);
    let as_amina = amina.signed(forged.bytes.clone());
    let expected = Refusal::ForeignPeer { place, peer };
    assert_eq!(refusal(document(&[as_amina])), expected);
    let as_nobody = Update {
        bytes: forged.bytes.clone(),
        peers: Vec::new(),
    };
    assert_eq!(refusal(document(&[as_nobody])), expected);
    let as_both = Update {
        bytes: forged.bytes,
        peers: vec![1.into(), 2.into()],
    };
    assert!(client().open(document(&[as_both])).is_ok());
}

/// Own operations beside those of somebody else, in one update.
#[test]
fn refuses_changes_of_another_author_among_own_ones() {
    let doc = LoroDoc::new();
    doc.set_peer_id(2).unwrap();
    doc.get_text("text").insert(0, "Amina agrees.").unwrap();
    doc.commit();
    doc.set_peer_id(1).unwrap();
    doc.get_text("text").insert(0, "own ").unwrap();
    doc.commit();
    let bytes = doc.export(ExportMode::all_updates()).unwrap();
    let update = Author::new(1).signed(bytes);
    let refused = refusal(document(&[update]));
    let expected = Refusal::ForeignPeer {
        place: FIRST,
        peer: 2.into(),
    };
    assert_eq!(refused, expected);
}

#[test]
fn refuses_changes_that_build_on_what_is_not_there() {
    let mut amina = Author::new(1);
    let first = amina.write("one");
    let second = amina.write("one two");
    let place = FIRST;
    let missing = Refusal::MissingOperations { place };
    assert_eq!(refusal(document(std::slice::from_ref(&second))), missing);
    assert_eq!(refusal(document(&[second.clone(), first.clone()])), missing);
    let mut badr = Author {
        peer: 2.into(),
        ..amina
    };
    let third = badr.write("one two three");
    let place = SECOND;
    let missing = Refusal::MissingOperations { place };
    assert_eq!(refusal(document(&[first, third.clone()])), missing);
    let previewed = client().preview(Document::default(), third);
    let place = Place::Proposal;
    let missing = Refusal::MissingOperations { place };
    assert!(matches!(previewed, Err(NoteError::Refused(refusal)) if refusal == missing));
}

/// Two texts under the same numbers: whoever had one would never see the other.
#[test]
fn refuses_other_changes_under_numbers_that_are_taken() {
    let mut amina = Author::new(1);
    let first = amina.write("yes");
    let other = Author::new(1).write("no");
    let place = SECOND;
    let known = Refusal::KnownOperations { place };
    assert_eq!(refusal(document(&[first.clone(), other])), known);
    assert_eq!(refusal(document(&[first.clone(), first.clone()])), known);
    let longer = Author::new(1).write("no, and never");
    assert_eq!(refusal(document(&[first, longer])), known);
}

#[test]
fn refuses_a_snapshot_in_place_of_an_update() {
    let mut amina = Author::new(1);
    amina.write("one");
    let snapshot = amina.note.snapshot.clone().unwrap();
    let update = amina.signed(snapshot);
    let place = FIRST;
    let expected = Refusal::Unreadable { place };
    assert_eq!(refusal(document(&[update])), expected);
}

#[test]
fn refuses_marks_of_parts_that_the_text_does_not_have() {
    let mut amina = Author::new(1);
    amina.write("é\n\nx");
    let refused = [
        (part(0, 1), Mark::Bold),
        (part(0, 99), Mark::Bold),
        (part(1, 0), Mark::Bold),
        (part(2, 2), Mark::Bold),
        (part(3, 3), Mark::Heading(1)),
        (part(u32::MAX, u32::MAX), Mark::Bold),
    ];
    for (range, mark) in refused {
        let fine = Change::Mark(part(0, 2), Mark::Italic);
        let changes = vec![fine, Change::Mark(range, mark)];
        let edited = client().edit(amina.note.clone(), amina.peer, changes);
        let expected = Refusal::Range { change: 1 };
        assert!(
            matches!(edited, Err(NoteError::Refused(refusal)) if refusal == expected),
            "{range:?}: {edited:?}"
        );
    }
}

/// A later version of the program, or somebody else's, may know more marks.
#[test]
fn passes_over_marks_that_this_version_does_not_know() {
    let doc = LoroDoc::new();
    doc.config_default_text_style(Some(loro::StyleConfig {
        expand: loro::ExpandType::After,
    }));
    doc.set_peer_id(1).unwrap();
    let text = doc.get_text("text");
    text.insert(0, "some words").unwrap();
    text.mark(0..4, "colour", "red").unwrap();
    text.mark(0..4, "heading", 9).unwrap();
    text.mark(0..4, "bold", "very").unwrap();
    text.mark(0..4, "link", "x".repeat(3000)).unwrap();
    text.mark(5..7, "italic", true).unwrap();
    doc.get_map("other").insert("key", "value").unwrap();
    doc.commit();
    let bytes = doc.export(ExportMode::all_updates()).unwrap();
    let opened = client()
        .open(document(&[Author::new(1).signed(bytes)]))
        .unwrap();
    assert_eq!(opened.content.text(), "some words");
    let spans = [crate::author::span(5, 7, Mark::Italic)];
    assert_eq!(opened.content.spans(), spans);
}

#[test]
fn refuses_to_write_under_the_one_peer_id_that_the_library_keeps_for_itself() {
    let changes = vec![Change::Text("x".to_owned())];
    let edited = client().edit(Document::default(), u64::MAX.into(), changes);
    let expected = Refusal::UnusablePeer;
    assert!(
        matches!(edited, Err(NoteError::Refused(refusal)) if refusal == expected),
        "{edited:?}"
    );
}
