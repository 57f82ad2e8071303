//! What 100,000 edits of records cost: to write, to read, to fold and to keep.
//!
//! `cargo bench -p team-content` prints CPU times of one thread, bytes, and ratios. The peers are
//! the same edits as lines of JSON through serde_json, and the least that a fold could do with
//! them: the last writer wins, in a hash map.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a measurement that cannot go on must stop"
)]

#[path = "../tests/edits.rs"]
mod edits;

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::time::Duration;

use edits::{DEVICES, EDITS, Edits, RECORDS};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use team_content::batch::{decode_batch, encode_batch};
use team_content::fold::{Folded, fold};
use team_content::item_id::ItemId;
use team_content::operation::{Operation, Stamped};
use team_content::value::Value;
use team_core::content::{decode_operations, encode_operations};
use team_core::ids::DeviceId;

/// One edit as a line of JSON.
#[derive(Deserialize, Serialize)]
struct Line {
    item: String,
    field: u16,
    value: String,
    replaces: Vec<(String, u64, u32)>,
}

fn main() {
    println!("{EDITS} edits of {RECORDS} records by {DEVICES} devices, 100 a segment");
    let edits = Edits::made(100, 3);
    let (contents, ours_written) = timed(|| write(&edits));
    let ((), ours_read) = timed(|| read(&edits, &contents));
    let stamped = edits.stamped();
    let (lines, json_written) = timed(|| write_json(&stamped));
    let ((), json_read) = timed(|| read_json(&lines));
    let ours_bytes: usize = contents.iter().map(Vec::len).sum();
    let json_bytes: usize = lines.iter().map(String::len).sum();
    println!(
        "write: {}",
        against(ours_written, json_written, "JSON lines")
    );
    println!("read:  {}", against(ours_read, json_read, "JSON lines"));
    println!(
        "bytes: {:.1} an edit; JSON lines {:.1}; ratio {:.2}",
        each(ours_bytes),
        each(json_bytes),
        each(ours_bytes) / each(json_bytes),
    );

    let by_item = by_item(stamped);
    let (_, folded) = timed(|| fold_all(&edits, &by_item));
    let (_, won) = timed(|| last_writer_wins(&by_item));
    println!("fold:  {}", against(folded, won, "last writer wins"));
    keep(&edits, &by_item);
}

fn write(edits: &Edits) -> Vec<Vec<u8>> {
    let segments = edits.segments.iter();
    segments
        .map(|segment| {
            let encoded = encode_batch(segment.device, segment.number, &segment.operations);
            encode_operations(&encoded.unwrap())
        })
        .collect()
}

fn read(edits: &Edits, contents: &[Vec<u8>]) {
    for (segment, content) in edits.segments.iter().zip(contents) {
        let operations = decode_operations(content).unwrap();
        let all_seen = |_: DeviceId| u64::MAX;
        let decoded = decode_batch(segment.device, segment.number, &all_seen, &operations);
        assert!(
            decoded
                .unwrap()
                .iter()
                .all(|decoded| decoded.operation.is_ok())
        );
    }
}

fn write_json(stamped: &[Stamped]) -> Vec<String> {
    let lines = stamped.iter().filter_map(as_line);
    lines
        .map(|line| serde_json::to_string(&line).unwrap())
        .collect()
}

fn read_json(lines: &[String]) {
    for line in lines {
        black_box(serde_json::from_str::<Line>(line).unwrap());
    }
}

fn as_line(stamped: &Stamped) -> Option<Line> {
    let (item, field, value, replaces) = match &stamped.operation {
        Operation::SetField(set) => {
            let value = set.value.as_ref().map_or_else(String::new, value_text);
            (set.item, set.field, value, set.replaces.as_slice())
        }
        Operation::AddEvent(event) => (event.item, event.field, event.amount.to_string(), &[][..]),
        _ => return None,
    };
    let names = replaces
        .iter()
        .map(|dot| (dot.device.to_string(), dot.number, dot.index));
    Some(Line {
        item: item.to_string(),
        field,
        value,
        replaces: names.collect(),
    })
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Choice(option) => option.to_string(),
        Value::YesNo(yes) => yes.to_string(),
        other => format!("{other:?}"),
    }
}

fn by_item(stamped: Vec<Stamped>) -> BTreeMap<ItemId, Vec<Stamped>> {
    let mut by_item: BTreeMap<ItemId, Vec<Stamped>> = BTreeMap::new();
    for stamped in stamped {
        let item = stamped.operation.item(stamped.dot.device);
        by_item.entry(item).or_default().push(stamped);
    }
    by_item
}

fn fold_all(edits: &Edits, by_item: &BTreeMap<ItemId, Vec<Stamped>>) -> Vec<Folded> {
    let items = by_item.iter();
    let folded: Vec<_> = items
        .map(|(item, operations)| fold(*item, operations, &edits.schemas))
        .collect();
    assert!(folded.iter().all(|folded| folded.ignored.is_empty()));
    folded
}

fn last_writer_wins(by_item: &BTreeMap<ItemId, Vec<Stamped>>) -> usize {
    let mut held: HashMap<(ItemId, u16), (u64, Option<Value>)> = HashMap::new();
    for stamped in by_item.values().flatten() {
        if let Operation::SetField(set) = &stamped.operation {
            let now = (stamped.claimed_at, set.value.clone());
            let held = held.entry((set.item, set.field)).or_default();
            if now.0 >= held.0 {
                *held = now;
            }
        }
    }
    black_box(held).len()
}

/// What the memory of the process grows by for one record, as the system counts it.
fn keep(edits: &Edits, by_item: &BTreeMap<ItemId, Vec<Stamped>>) {
    let before = resident_bytes();
    let kept: Vec<Vec<Folded>> = (0..20).map(|_| fold_all(edits, by_item)).collect();
    let after = resident_bytes();
    let count: usize = kept.iter().map(Vec::len).sum();
    let grown = after.saturating_sub(before) / count;
    println!("heap:  {grown} bytes a folded record of ten fields, {count} of them");
    black_box(kept);
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

fn timed<T>(run: impl Fn() -> T) -> (T, Duration) {
    let mut best = Duration::MAX;
    let mut made = None;
    for _ in 0..5 {
        let before = cpu_time();
        made = Some(run());
        best = best.min(cpu_time().saturating_sub(before));
    }
    (made.unwrap(), best)
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        now.tv_sec.try_into().unwrap(),
        now.tv_nsec.try_into().unwrap(),
    )
}

fn against(ours: Duration, theirs: Duration, peer: &str) -> String {
    let [ours, theirs] = [ours, theirs].map(|time| time.as_secs_f64() * 1e3);
    format!(
        "{ours:.1} ms; {peer} {theirs:.1} ms; ratio {:.2}",
        ours / theirs
    )
}

fn each(bytes: usize) -> f64 {
    bytes as f64 / EDITS as f64
}
