//! What is refused takes nothing else with it but what builds on it.

use loro::{ExportMode, LoroDoc, VersionVector};
use note_protocol::{Opened, PeerId, Place, Refusal, RefusedUpdate, Update};

use crate::author::{Author, client, document};
use crate::bytes::joined;

const AMINA: u64 = 1;
const BADR: u64 = 2;
const CARLA: u64 = 3;

/// A device of somebody who has more than our program.
fn device(peer: u64, seen: &[&[u8]]) -> LoroDoc {
    let doc = LoroDoc::new();
    doc.set_peer_id(peer).unwrap();
    for bytes in seen {
        assert_eq!(doc.import(bytes).unwrap().pending, None);
    }
    doc
}

/// Writes at the end, and gives what the others need.
fn append(doc: &LoroDoc, words: &str) -> Vec<u8> {
    let before = doc.oplog_vv();
    let text = doc.get_text("text");
    text.insert(text.len_unicode(), words).unwrap();
    doc.commit();
    since(doc, &before)
}

fn since(doc: &LoroDoc, before: &VersionVector) -> Vec<u8> {
    doc.export(ExportMode::updates(before)).unwrap()
}

fn signed(peer: u64, bytes: &[u8]) -> Update {
    Author::new(peer).signed(bytes.to_vec())
}

fn open(updates: &[Update]) -> Opened {
    client().open(document(updates)).unwrap()
}

fn refusals(opened: &Opened) -> Vec<Refusal> {
    opened.refused.iter().map(|it| it.refusal).collect()
}

fn missing(index: u32) -> Refusal {
    let place = Place::Update(index);
    Refusal::MissingOperations { place }
}

#[test]
fn refused_updates_are_left_out_and_the_rest_is_read() {
    let mut amina = Author::new(AMINA);
    let first = amina.write("one");
    let second = amina.write("one two");
    let forged = amina.signed(Author::new(BADR).write("amina agrees").bytes);
    let garbage = amina.signed(b"loro".to_vec());
    let opened = open(&[forged, first.clone(), garbage, first, second]);
    assert_eq!(opened.content.text(), "one two");
    let refused = |index: u32, refusal: fn(Place) -> Refusal| RefusedUpdate {
        index,
        refusal: refusal(Place::Update(index)),
    };
    let foreign = |place| Refusal::ForeignPeer {
        place,
        peer: PeerId::from(BADR),
    };
    let unreadable = |place| Refusal::Unreadable { place };
    let known = |place| Refusal::KnownOperations { place };
    assert_eq!(
        opened.refused,
        [
            refused(0, foreign),
            refused(2, unreadable),
            refused(3, known)
        ]
    );
}

/// The work of a member who was removed is held, and others went on from it.
#[test]
fn what_builds_on_a_refused_update_is_refused_without_blaming_others() {
    let amina = device(AMINA, &[]);
    let start = append(&amina, "start ");
    let badr = device(BADR, &[&start]);
    let by_badr = append(&badr, "held ");
    let carla = device(CARLA, &[&start, &by_badr]);
    let on_it = [append(&carla, "on "), append(&carla, "it ")];
    let more = append(&amina, "more");
    let updates = [
        signed(AMINA, &start),
        signed(CARLA, &on_it[0]),
        signed(CARLA, &on_it[1]),
        signed(AMINA, &more),
    ];
    let opened = open(&updates);
    assert_eq!(opened.content.text(), "start more");
    assert_eq!(refusals(&opened), [missing(1), missing(2)]);
    let mut whole = updates.to_vec();
    whole.insert(1, signed(BADR, &by_badr));
    let opened = open(&whole);
    assert_eq!(opened.refused, []);
    assert!(opened.content.text().contains("held on it "));
}

/// The library has taken the first part when it finds that the middle is not there.
#[test]
fn an_update_with_a_gap_leaves_nothing_behind() {
    let badr = device(BADR, &[]);
    let parts = ["one ", "two ", "three"].map(|words| append(&badr, words));
    let amina = device(AMINA, &[&parts[0]]);
    let on_it = append(&amina, "on it");
    let carla = device(CARLA, &[]);
    let updates = [
        signed(BADR, &joined(&parts[0], &parts[2])),
        signed(CARLA, &append(&carla, "carla ")),
        signed(BADR, &parts[0]),
        signed(BADR, &parts[1]),
        signed(AMINA, &on_it),
        signed(CARLA, &append(&carla, "goes on")),
    ];
    let opened = open(&updates);
    assert_eq!(opened.content.text(), "carla goes on");
    assert_eq!(refusals(&opened), [0, 2, 3, 4].map(missing));
    assert_eq!(opened.version.iter().count(), 1);
}

/// An update hides in what it builds on something that is to come, so that the library keeps it
/// back until then: what comes must not be taken for work in another's name.
#[test]
fn nobody_is_blamed_for_what_another_has_left_waiting() {
    let amina = device(AMINA, &[]);
    let first = append(&amina, "first");
    let second = append(&amina, "second");
    let carla = device(CARLA, &[]);
    let by_carla = append(&carla, "some words that make the time go on");
    let early = device(BADR, &[&first, &second]);
    let waiting = append(&early, "bad");
    let late = device(BADR, &[]);
    let plain = append(&late, "plain");
    late.import(&first).unwrap();
    late.import(&by_carla).unwrap();
    let hiding = joined(&waiting, &append(&late, "hides"));
    let updates = [
        signed(CARLA, &by_carla),
        signed(AMINA, &first),
        signed(BADR, &hiding),
        signed(AMINA, &second),
        signed(BADR, &plain),
    ];
    let opened = open(&updates);
    assert_eq!(refusals(&opened), [missing(2)]);
    assert!(opened.content.text().contains("firstsecond"));
    assert!(opened.content.text().contains("plain"));
    assert!(!opened.content.text().contains("bad"));
}

#[test]
fn a_note_with_a_hundred_refused_changes_still_opens() {
    let amina = device(AMINA, &[]);
    let start = append(&amina, "start ");
    let badr = device(BADR, &[&start]);
    let by_badr = append(&badr, "held ");
    let carla = device(CARLA, &[&start, &by_badr]);
    let mut updates = vec![signed(AMINA, &start)];
    updates.extend((0..150).map(|_| signed(CARLA, &append(&carla, "word "))));
    updates.push(signed(AMINA, &append(&amina, "more")));
    let opened = open(&updates);
    assert_eq!(opened.content.text(), "start more");
    assert_eq!(opened.refused.len(), 150);
    // Carla goes on in a run of her own, since what she wrote before may count again.
    let mut carla = Author::new(CARLA + 1);
    carla.note.snapshot = opened.snapshot;
    updates.push(carla.write("start more and on"));
    let opened = open(&updates);
    assert_eq!(opened.content.text(), "start more and on");
    assert_eq!(opened.refused.len(), 150);
    updates.insert(1, signed(BADR, &by_badr));
    let opened = open(&updates);
    assert_eq!(opened.refused, []);
    assert_eq!(opened.content.text().matches("word ").count(), 150);
}

/// As many runs of changes as somebody likes, each with its own gap, cost no more than two runs
/// over all.
#[test]
fn many_late_refusals_do_not_use_up_the_time() {
    let mut updates = Vec::new();
    for peer in 10..1010 {
        let doc = device(peer, &[]);
        let parts = ["a", "b", "c"].map(|words| append(&doc, words));
        updates.push(signed(peer, &joined(&parts[0], &parts[2])));
    }
    let amina = device(AMINA, &[]);
    updates.push(signed(AMINA, &append(&amina, "there")));
    let opened = open(&updates);
    assert_eq!(opened.content.text(), "there");
    assert_eq!(opened.refused.len(), 1000);
}
