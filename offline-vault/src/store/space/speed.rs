//! How much processor time the store takes. Run by hand: `cargo test --release -p offline-vault --lib
//! store::space::speed -- --ignored --nocapture`.

use std::collections::BTreeSet;
use std::time::Duration;

use team_content::index::ItemKind;
use team_content::item_id::ItemId;
use team_core::ids::CompartmentId;
use team_core::segment::Segment;

use super::super::Changes;
use super::fixture::{Author, Fixture, take_in};
use super::{ItemFilter, ItemFlag, ItemFlags, ItemLine, ItemRow, NewOperation, Standing};
use crate::clock::UnixTime;

/// Processor time of this thread, so that a busy machine measures the same.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// A number that looks random, the same in every run.
fn scattered(number: u64) -> [u8; 16] {
    let hash = blake3::hash(&number.to_be_bytes());
    *hash.as_bytes().first_chunk().unwrap()
}

fn edit(changes: &Changes<'_>, fixture: &Fixture, new: (u64, &Segment, u32)) -> ItemRow {
    let (item, segment, place) = new;
    let whole = CompartmentId::WHOLE;
    let name = ItemId(scattered(item));
    let item = changes.ensure_item(fixture.space, whole, name).unwrap();
    let hash = segment.header().hash();
    let segment = changes.segment_place(fixture.space, hash).unwrap().unwrap();
    let new = NewOperation {
        item,
        segment: segment.id,
        place,
        kind: 0x40,
        body: &[9; 32],
        in_effect: true,
    };
    changes.insert_operation(&new).unwrap();
    item
}

fn show(changes: &Changes<'_>, item: ItemRow, updated_at: i64) {
    let line = ItemLine {
        kind: Some(ItemKind::Record),
        title: "a title of some words".to_owned(),
        place: "schema".to_owned(),
        updated_at: UnixTime(updated_at),
        flags: ItemFlags::default().with(ItemFlag::Unread, true),
    };
    changes.set_item_line(item, &line).unwrap();
}

/// Takes in one edit of each of these items, `per_segment` in one segment, in one transaction.
fn bundle(fixture: &Fixture, author: &mut Author, items: &[u64], per_segment: usize) -> Duration {
    let runs = items.chunks(per_segment);
    let segments: Vec<_> = runs.map(|run| (author.content(1, &[7; 90]), run)).collect();
    let begun = cpu();
    fixture.write(|changes| {
        let mut changed = BTreeSet::new();
        for (segment, run) in &segments {
            take_in(changes, fixture.space, segment, Standing::InEffect);
            for (place, item) in (0_u32..).zip(*run) {
                changed.insert(edit(changes, fixture, (*item, segment, place)));
            }
        }
        for item in changed {
            show(changes, item, i64::try_from(segments.len()).unwrap());
        }
    });
    cpu() - begun
}

#[test]
#[ignore = "measures; run by hand"]
fn a_hundred_thousand_edits() {
    for per_segment in [1_000, 1] {
        let fixture = Fixture::new();
        let items: Vec<u64> = (0..100_000).map(|edit| edit * 7 % 10_000).collect();
        let took = bundle(&fixture, &mut Author::new(1), &items, per_segment);
        println!("100,000 edits of 10,000 records, {per_segment} a segment: {took:?}");
    }
}

#[test]
#[ignore = "measures; run by hand"]
fn a_bundle_beside_a_million_items() {
    let fixture = Fixture::new();
    let mut author = Author::new(1);
    let mut count = 0;
    for target in [1_000, 10_000, 100_000, 300_000, 1_000_000] {
        while count < target {
            let upto = (count + 50_000).min(target);
            let items: Vec<u64> = (count..upto).collect();
            bundle(&fixture, &mut author, &items, 1_000);
            count = upto;
        }
        // Half of them are new, half of them change what is there.
        let old = (0..500).map(|edit| edit * 7_919 % count);
        let items: Vec<u64> = old.chain(count..count + 500).collect();
        let begun = cpu();
        let again = fixture.reopened();
        let opened = cpu() - begun;
        let took = bundle(&again, &mut author, &items, 1);
        let begun = cpu();
        let tables = again.store.read();
        let kind = Some(ItemKind::Record);
        let filter = ItemFilter::default();
        for _ in 0..100 {
            let listed = tables.items(fixture.space, kind, &filter, 50).unwrap();
            assert_eq!(listed.len(), 50);
        }
        let list = (cpu() - begun) / 100;
        let begun = cpu();
        tables.item_counts(fixture.space, None).unwrap();
        let counted = cpu() - begun;
        println!(
            "{count} items: opened in {opened:?}, 1,000 operations in {took:?}, a list in {list:?}, \
             counted in {counted:?}, {} MB",
            fixture.size_bytes() / 1_000_000,
        );
        count += 500;
    }
}
