//! A note as long as a paper.

use loro::{ExportMode, VersionVector};
use note_protocol::{Change, Document};

use crate::author::{Author, client, document};
use crate::trace;

#[test]
fn a_note_of_260_000_edits_reads_the_same_from_its_updates_and_its_snapshot() {
    let amina = Author::new(1);
    let mut updates = Vec::new();
    let mut known = VersionVector::new();
    let doc = trace::write(1, 2600, |doc| {
        updates.push(amina.signed(doc.export(ExportMode::updates(&known)).unwrap()));
        known = doc.oplog_vv();
    });
    assert_eq!(updates.len(), 100);
    let text = doc.get_text("text").to_string();
    let from_updates = client().open(document(&updates)).unwrap();
    assert_eq!(from_updates.content.text(), text);
    let edit_count = u32::try_from(trace::EDIT_COUNT).unwrap();
    assert_eq!(from_updates.version.operation_count(amina.peer), edit_count);
    let note = Document {
        snapshot: from_updates.snapshot,
        updates: Vec::new(),
    };
    let from_snapshot = client().open(note.clone()).unwrap();
    assert_eq!(from_snapshot.content, from_updates.content);
    assert_eq!(from_snapshot.version, from_updates.version);
    let changed = text.replace("the", "THE");
    let changes = vec![Change::Text(changed.clone())];
    let edited = client().edit(note, 2.into(), changes).unwrap();
    assert_eq!(edited.after.content.text(), changed);
    assert!(edited.after.version.covers(&from_snapshot.version));
}
