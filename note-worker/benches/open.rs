//! What a note of 260,000 edits costs to open.
//!
//! `cargo bench -p note-worker` prints the processor time and the peak memory of whole processes
//! of the worker, each with all that it takes to start, to confine itself, to read the request and
//! to answer. The peer that it is compared with is the import of all updates again, and an empty
//! note for what a process costs by itself. Memory counts the pages of the program and the
//! request, which is held beside what is made of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on must stop"
)]

#[path = "../tests/random.rs"]
mod random;
#[path = "../tests/trace.rs"]
mod trace;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use loro::{ExportMode, LoroDoc, VersionVector};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use note_protocol::{Change, Document, Request, Response, Update};
use pack_format::codec::Wire as _;

const WORKER: &str = env!("CARGO_BIN_EXE_causeway-note");
const PEER: u64 = 1;
/// How often each is measured; the median is shown.
const RUNS: usize = 9;

/// What one process has used up.
#[derive(Clone, Copy)]
struct Cost {
    cpu_micros: i64,
    peak_kib: i64,
}

fn main() {
    // The benchmark starts itself for each measurement: what a process has used at its peak counts
    // for the one that it starts, and this one has made documents.
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next()) {
        (Some("measure"), Some(request)) => measure(Path::new(&request)),
        _ => compare(),
    }
}

fn measure(request: &Path) {
    let mut worker = Command::new(WORKER);
    let ran = worker
        .stdin(File::open(request).unwrap())
        .stdout(Stdio::null())
        .status();
    assert!(ran.unwrap().success());
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let cpu = used.user_time() + used.system_time();
    println!("{} {}", cpu.num_microseconds(), used.max_rss());
}

fn compare() {
    let empty = cost(&Request::Open(Document::default()));
    println!(
        "{:<44} {:>9} {:>7} {:>10} {:>7}",
        "", "CPU ms", "ratio", "peak MiB", "beyond"
    );
    show("an empty note", empty, empty, empty);
    let (whole, updates) = paper(EDITS_BETWEEN);
    let update_bytes: usize = updates.iter().map(|update| update.bytes.len()).sum();
    let snapshot = whole.export(ExportMode::Snapshot).unwrap();
    println!(
        "\n260,000 edits, {} letters left: snapshot {} KiB, {} updates of {} KiB",
        whole.get_text("text").len_unicode(),
        snapshot.len() / 1024,
        updates.len(),
        update_bytes / 1024,
    );
    let kept = Document {
        snapshot: Some(snapshot),
        updates: Vec::new(),
    };
    let opened = cost(&Request::Open(kept.clone()));
    show("open from the snapshot", opened, opened, empty);
    let late = Document {
        updates: vec![late_update(&whole)],
        ..kept.clone()
    };
    let with_update = cost(&Request::Open(late));
    show(
        "open from it with one new update",
        with_update,
        opened,
        empty,
    );
    let mut text = whole.get_text("text").to_string();
    text.insert_str(0, "First words. ");
    let edit = Request::Edit {
        document: kept,
        peer: 2.into(),
        changes: vec![Change::Text(text)],
    };
    show("edit it", cost(&edit), opened, empty);
    let all = Document {
        snapshot: None,
        updates,
    };
    let imported = cost(&Request::Open(all));
    show("import all updates again", imported, opened, empty);
}

/// The paper as it ended, and its updates.
fn paper(edits_between: usize) -> (LoroDoc, Vec<Update>) {
    let mut updates = Vec::new();
    let mut known = VersionVector::new();
    let whole = trace::write(PEER, edits_between, |doc| {
        let bytes = doc.export(ExportMode::updates(&known)).unwrap();
        known = doc.oplog_vv();
        let peers = vec![PEER.into()];
        updates.push(Update { bytes, peers });
    });
    (whole, updates)
}

/// What somebody else writes into the middle.
fn late_update(whole: &LoroDoc) -> Update {
    let other = whole.fork();
    other.set_peer_id(3).unwrap();
    let before = other.oplog_vv();
    other
        .get_text("text")
        .insert(50_000, "a word from afar")
        .unwrap();
    other.commit();
    Update {
        bytes: other.export(ExportMode::updates(&before)).unwrap(),
        peers: vec![3.into()],
    }
}

/// The median of several runs.
fn cost(request: &Request) -> Cost {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = dir.join("note-request");
    fs::write(&path, request.to_message().unwrap()).unwrap();
    assert_answered(&path);
    let this = std::env::current_exe().unwrap();
    let mut costs: Vec<Cost> = (0..RUNS)
        .map(|_| {
            let output = Command::new(&this)
                .arg("measure")
                .arg(&path)
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let numbers: Vec<i64> = text.split_whitespace().flat_map(str::parse).collect();
            Cost {
                cpu_micros: numbers[0],
                peak_kib: numbers[1],
            }
        })
        .collect();
    costs.sort_by_key(|cost| cost.cpu_micros);
    costs[RUNS / 2]
}

/// A refusal would be fast.
fn assert_answered(request: &Path) {
    let mut worker = Command::new(WORKER);
    let output = worker.stdin(File::open(request).unwrap()).output().unwrap();
    let response = Response::from_wire(&output.stdout).unwrap();
    assert!(!matches!(response, Response::Refused(_)), "{response:?}");
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn show(name: &str, cost: Cost, peer: Cost, empty: Cost) {
    let mib = |kib: i64| kib as f64 / 1024.0;
    println!(
        "{name:<44} {:>9.1} {:>7.1} {:>10.1} {:>7.1}",
        cost.cpu_micros as f64 / 1000.0,
        cost.cpu_micros as f64 / peer.cpu_micros as f64,
        mib(cost.peak_kib),
        mib(cost.peak_kib - empty.peak_kib),
    );
}

/// One update for so many edits: some minutes of writing.
const EDITS_BETWEEN: usize = 260;
