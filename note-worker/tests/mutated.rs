//! Snapshots and updates in which something was changed, with checksums that are right again.

use std::collections::BTreeMap;
use std::thread;

use loro::{ExportMode, LoroDoc};
use note_protocol::{Content, Document, NoteError, Opened, Refusal, Update, Version};

use crate::author::{client, document};
use crate::bytes::set_checksum;
use crate::random::Random;

const PEERS: [u64; 3] = [1, 2, 300];

/// A text by several authors with marks, and other parts that notes do not have: its snapshot, and
/// its updates in order.
struct Sample {
    snapshot: Vec<u8>,
    updates: Vec<Vec<u8>>,
}

fn sample(seed: u64) -> Sample {
    let mut random = Random::new(seed);
    let doc = LoroDoc::new();
    let text = doc.get_text("text");
    let mut updates = Vec::new();
    for round in 0..6 {
        let before = doc.oplog_vv();
        doc.set_peer_id(PEERS[round % PEERS.len()]).unwrap();
        for _ in 0..20 {
            let at = random.below(text.len_unicode() + 1);
            text.insert(at, ["words ", "é\n", "x"][random.below(3)])
                .unwrap();
            let len = text.len_unicode();
            let (start, other) = (random.below(len), random.below(len));
            let range = start.min(other)..start.max(other) + 1;
            match random.below(6) {
                0 => text.mark(range, "bold", true).unwrap(),
                1 => text.mark(range, "link", "to").unwrap(),
                2 => text.unmark(range, "bold").unwrap(),
                3 if len > 9 => text.delete(start, (len - start).min(3)).unwrap(),
                _ => {}
            }
        }
        doc.get_map("other")
            .insert("key", text.to_string())
            .unwrap();
        doc.get_tree("tree").create(None).unwrap();
        doc.commit();
        updates.push(doc.export(ExportMode::updates(&before)).unwrap());
    }
    let snapshot = doc.export(ExportMode::Snapshot).unwrap();
    Sample { snapshot, updates }
}

/// Changes a few bytes, mostly behind the checksum.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = 20 + random.below(bytes.len().saturating_sub(20));
        let byte = random.next().to_le_bytes()[0];
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), byte),
            2 => {
                let len = random.below(32);
                let part: Vec<_> = bytes.iter().skip(at).take(len).copied().collect();
                let to = random.below(bytes.len());
                bytes.splice(to..to, part);
            }
            3 => bytes
                .iter_mut()
                .skip(at)
                .take(5)
                .for_each(|byte| *byte = 0xff),
            _ => bytes
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|found| *found ^= byte | 1),
        }
    }
    if random.below(8) > 0 && bytes.len() > 20 {
        set_checksum(bytes);
    }
}

/// A note of which one part was mutated.
fn mutant(samples: &[Sample], random: &mut Random) -> Document {
    let sample = &samples[random.below(samples.len())];
    if random.below(3) == 0 {
        let mut snapshot = sample.snapshot.clone();
        mutate(&mut snapshot, random);
        return Document {
            snapshot: Some(snapshot),
            updates: Vec::new(),
        };
    }
    let mut updates = sample.updates.clone();
    let which = random.below(updates.len());
    mutate(&mut updates[which], random);
    let peers: Vec<_> = PEERS.into_iter().map(Into::into).collect();
    let updates = updates.into_iter().map(|bytes| Update {
        bytes,
        peers: peers.clone(),
    });
    Document {
        snapshot: None,
        updates: updates.collect(),
    }
}

/// Opens a mutant. What is opened must read the same again from the snapshot that was made of it,
/// and never another text by way of a snapshot that was made of the first half: it may be refused
/// there, which somebody notices.
fn outcome(note: &Document) -> &'static str {
    let opened = match client().open(note.clone()) {
        Ok(opened) => opened,
        Err(NoteError::Refused(Refusal::Fault)) => return "panicked",
        Err(NoteError::Refused(Refusal::NotStable)) => return "not stable",
        Err(NoteError::Refused(_)) => return "refused",
        Err(NoteError::Ended { signal: Some(6) }) => return "out of memory",
        Err(NoteError::Ended { signal: Some(24) }) => return "out of time",
        Err(NoteError::Ended { .. } | NoteError::TooSlow { .. }) => return "ended",
        Err(err) => panic!("{err:?} of {note:?}"),
    };
    if !opened.refused.is_empty() {
        assert_reads_again_without(&opened, note);
        return "opened without some";
    }
    let expected = (opened.content, opened.version);
    if note.snapshot.is_none() {
        assert_eq!(
            read(opened.snapshot, &[]),
            Some(expected.clone()),
            "{note:?}"
        );
    }
    if note.snapshot.is_none() {
        let (early, late) = note.updates.split_at(note.updates.len() / 2);
        let early = client().open(document(early)).ok();
        match early.and_then(|early| read(early.snapshot, late)) {
            None => return "opened, but not by way of a snapshot",
            again => assert_eq!(again, Some(expected), "{note:?}"),
        }
    }
    "opened"
}

/// What is left reads as if those that were refused had never been there.
fn assert_reads_again_without(opened: &Opened, note: &Document) {
    let is_refused = |index| opened.refused.iter().any(|it| it.index as usize == index);
    let updates = note.updates.iter().enumerate();
    let accepted = updates.filter(|(index, _)| !is_refused(*index));
    let accepted: Vec<_> = accepted.map(|(_, update)| update.clone()).collect();
    let expected = (opened.content.clone(), opened.version.clone());
    assert_eq!(read(None, &accepted), Some(expected.clone()), "{note:?}");
    let snapshot = opened.snapshot.clone();
    assert_eq!(read(snapshot, &[]), Some(expected), "{note:?}");
}

fn read(snapshot: Option<Vec<u8>>, updates: &[Update]) -> Option<(Content, Version)> {
    let updates = updates.to_vec();
    let opened = client().open(Document { snapshot, updates }).ok()?;
    let is_whole = opened.refused.is_empty();
    is_whole.then_some((opened.content, opened.version))
}

fn run(seed: u64, count: usize) {
    let samples: Vec<_> = (0..8).map(sample).collect();
    let thread_count = thread::available_parallelism().map_or(1, usize::from);
    let outcomes = thread::scope(|scope| {
        let workers: Vec<_> = (0..thread_count)
            .map(|part| {
                let samples = &samples;
                scope.spawn(move || {
                    let mut outcomes = BTreeMap::new();
                    for number in (part..count).step_by(thread_count) {
                        let mut random = Random::new(seed + number as u64);
                        let note = mutant(samples, &mut random);
                        *outcomes.entry(outcome(&note)).or_insert(0) += 1;
                    }
                    outcomes
                })
            })
            .collect();
        let parts = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap());
        parts.fold(BTreeMap::new(), |mut all, (name, found)| {
            *all.entry(name).or_insert(0) += found;
            all
        })
    });
    println!("{count} mutants from seed {seed}: {outcomes:?}");
    assert_eq!(outcomes.values().sum::<usize>(), count);
    let opened = outcomes.get("opened").copied().unwrap_or(0);
    assert!(opened > 0 && opened < count, "{outcomes:?}");
}

#[test]
fn mutated_notes_are_refused_or_end_the_worker_alone() {
    run(1, 2_000);
}

#[test]
#[ignore = "runs for some minutes"]
fn many_mutated_notes_are_refused_or_end_the_worker_alone() {
    run(1_000_000, 100_000);
}
