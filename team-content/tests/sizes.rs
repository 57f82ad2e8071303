//! How many bytes an edit of a record takes.

use std::collections::BTreeMap;

use team_content::batch::{encode_alone, encode_batch};
use team_content::fold::fold;
use team_content::item_id::ItemId;

use crate::edits::{DEVICES, EDITS, Edits, RECORDS};

/// What a segment adds to its content: header with one dependency on each other device, signature,
/// frame, tag of the cipher.
const SEGMENT_BYTES: usize = 300 + 9 * 32;

#[test]
fn a_hundred_thousand_edits_take_no_more_than_forty_bytes_each() {
    for (per_segment, fields_at_once) in [(500, 3), (100, 3), (100, 1)] {
        let edits = Edits::made(per_segment, fields_at_once);
        let mut content_bytes = 0;
        for segment in &edits.segments {
            let encoded = encode_batch(segment.device, segment.number, &segment.operations);
            let content = team_core::content::encode_operations(&encoded.unwrap());
            content_bytes += content.len();
        }
        let all_bytes = content_bytes + edits.segments.len() * SEGMENT_BYTES;
        let each = |bytes: usize| bytes as f64 / EDITS as f64;
        println!(
            "{EDITS} edits of {RECORDS} records by {DEVICES} devices, {per_segment} a segment, \
             {fields_at_once} of a record at once: \
             {:.1} bytes each, {:.1} with segments",
            each(content_bytes),
            each(all_bytes),
        );
        assert!(each(all_bytes) <= 40.0, "{}", each(all_bytes));
    }
}

#[test]
fn an_edit_on_its_own_takes_its_names_along() {
    let edits = Edits::made(100, 3);
    let stamped = edits.stamped();
    let bytes: usize = stamped
        .iter()
        .map(|stamped| encode_alone(stamped.dot.device, &stamped.operation).len())
        .sum();
    println!(
        "kept one by one: {:.1} bytes each",
        bytes as f64 / stamped.len() as f64
    );
}

#[test]
fn folded_records_stay_small() {
    let edits = Edits::made(100, 3);
    let mut by_item: BTreeMap<ItemId, Vec<_>> = BTreeMap::new();
    for stamped in edits.stamped() {
        let item = stamped.operation.item(stamped.dot.device);
        by_item.entry(item).or_default().push(stamped);
    }
    let mut sizes: Vec<usize> = by_item
        .iter()
        .map(
            |(item, operations)| match fold(*item, operations, &edits.schemas).item {
                Some(team_content::fold::Item::Record(record)) => {
                    size_of_val(&record) + record.heap_bytes()
                }
                other => panic!("no record but {other:?}"),
            },
        )
        .collect();
    sizes.sort_unstable();
    println!(
        "records: median {} bytes, largest {}",
        sizes[sizes.len() / 2],
        sizes[sizes.len() - 1]
    );
    assert!(sizes[sizes.len() / 2] <= 1024);
}
