//! Whoever has the same updates reads the same, in whatever order they came.

use note_protocol::{Change, Content, Document, Mark, Update, Version};

use crate::author::{Author, client, document, part};

/// An update with the places of those that it builds on.
struct Step {
    update: Update,
    after: Vec<usize>,
}

/// Two authors who write at the same time, see each other once, and write on.
fn story() -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut amina = Author::new(11);
    let start = amina.write("The plan\nis to cross at night.");
    let mut badr = Author {
        peer: 5.into(),
        ..amina.clone()
    };
    let mut add = |update: &Update, after: &[usize]| {
        steps.push(Step {
            update: update.clone(),
            after: after.to_vec(),
        });
    };
    add(&start, &[]);
    let by_amina = amina.write("The new plan\nis to cross at dawn.");
    add(&by_amina, &[0]);
    let marked = amina.mark(part(0, 12), Mark::Bold);
    add(&marked, &[1]);
    let by_badr = badr.write("The old plan\nis not to cross at night!");
    add(&by_badr, &[0]);
    let badly_marked = badr.change(vec![
        Change::Mark(part(4, 20), Mark::Italic),
        Change::Mark(part(0, 1), Mark::Heading(1)),
    ]);
    add(&badly_marked.unwrap(), &[3]);
    badr.take_in(&by_amina);
    let seen = badr.write("Both plans\nare bad.");
    add(&seen, &[1, 4]);
    let more = amina.write("");
    add(&more, &[2]);
    steps
}

/// Every order in which each update comes after what it builds on.
fn orders(steps: &[Step], begun: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    if begun.len() == steps.len() {
        found.push(begun.clone());
    }
    for (index, step) in steps.iter().enumerate() {
        if !begun.contains(&index) && step.after.iter().all(|before| begun.contains(before)) {
            begun.push(index);
            orders(steps, begun, found);
            begun.pop();
        }
    }
}

fn read(note: Document) -> (Content, Version) {
    let opened = client().open(note).unwrap();
    (opened.content, opened.version)
}

#[test]
fn two_authors_converge_in_every_order_that_causality_allows() {
    let steps = story();
    let mut found = Vec::new();
    orders(&steps, &mut Vec::new(), &mut found);
    assert_eq!(found.len(), 19);
    let mut first = None;
    for order in found {
        let updates: Vec<_> = order.iter().map(|at| steps[*at].update.clone()).collect();
        let whole = read(document(&updates));
        assert_eq!(
            first.get_or_insert_with(|| whole.clone()),
            &whole,
            "{order:?}"
        );
    }
}

#[test]
fn a_snapshot_taken_anywhere_changes_nothing() {
    let updates: Vec<_> = story().into_iter().map(|step| step.update).collect();
    let whole = read(document(&updates));
    for at in 0..updates.len() {
        let (early, late) = updates.split_at(at);
        let snapshot = client().open(document(early)).unwrap().snapshot;
        let note = Document {
            snapshot,
            updates: late.to_vec(),
        };
        assert_eq!(read(note), whole, "a snapshot after {at} updates");
    }
}

#[test]
fn what_two_wrote_at_the_same_time_is_all_there() {
    let mut amina = Author::new(1);
    amina.write("one\ntwo\nthree\n");
    let mut badr = Author {
        peer: 2.into(),
        ..amina.clone()
    };
    let by_amina = amina.write("one\nTWO\nthree\n");
    let by_badr = badr.write("zero\none\ntwo\nthree\nfour\n");
    amina.take_in(&by_badr);
    badr.take_in(&by_amina);
    assert_eq!(amina.content().text(), "zero\none\nTWO\nthree\nfour\n");
    assert_eq!(amina.content(), badr.content());
}
