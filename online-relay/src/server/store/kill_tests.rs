//! The states that a kill leaves between two steps, each made by hand and opened again.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;

use pack_format::relay::{ContentId, FetchId, OpenMailbox, PublicKey, Ticket};
use tempfile::TempDir;

use super::mailboxes::add_invitation;
use super::{Finished, Found, MailboxNumber, Opening, Recovered, Store, Upload};

const BUNDLE: &[u8] = b"the sealed bytes of a bundle";

/// A store that can be closed and opened again, with one mailbox.
struct Bench {
    dir: TempDir,
    store: Arc<Store>,
}

impl Bench {
    fn new() -> Self {
        Self::with_quota(None)
    }

    fn with_quota(quota_bytes: Option<u64>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path(), quota_bytes, false).unwrap();
        add_invitation(&store.index(), &[7; 16]).unwrap();
        let wish = OpenMailbox {
            relay_key: PublicKey([0; 32]),
            code: [7; 16],
            send_key: PublicKey([1; 32]),
            fetch_id: FetchId([2; 32]),
            ack_key: PublicKey([3; 32]),
        };
        assert_eq!(store.open_mailbox(&wish).unwrap(), Opening::Created);
        Self {
            dir,
            store: Arc::new(store),
        }
    }

    /// Ends the process, as far as the store can tell, and starts the next.
    fn restart(self) -> (Self, Recovered) {
        let Self { dir, store } = self;
        drop(Arc::into_inner(store).expect("every upload is gone"));
        let (store, recovered) = Store::open(dir.path(), None, false).unwrap();
        let store = Arc::new(store);
        (Self { dir, store }, recovered)
    }

    fn mailbox(&self) -> MailboxNumber {
        let found = self.store.mailbox_of_sender(&PublicKey([1; 32])).unwrap();
        found.unwrap()
    }

    fn begin(&self) -> Upload {
        Upload::begin(Arc::clone(&self.store), self.mailbox(), &ticket()).unwrap()
    }

    fn found(&self) -> Found {
        let size = BUNDLE.len() as u64;
        let id = ContentId::of(BUNDLE);
        self.store.find(self.mailbox(), &id, size).unwrap()
    }

    fn upload_rest(&self) -> Finished {
        let mut upload = self.begin();
        let Found::Partial { durable_bytes } = self.found() else {
            panic!("stored already");
        };
        let at = usize::try_from(durable_bytes).unwrap();
        upload.write(&BUNDLE[at..]).unwrap();
        assert!(upload.is_whole());
        upload.finish().unwrap()
    }

    /// The only bundle file.
    fn file(&self) -> Option<PathBuf> {
        let dirs = fs::read_dir(self.dir.path().join("blobs")).unwrap();
        let files: Vec<_> = dirs
            .flat_map(|dir| fs::read_dir(dir.unwrap().path()).unwrap())
            .map(|file| file.unwrap().path())
            .collect();
        assert!(files.len() < 2, "{files:?}");
        files.into_iter().next()
    }

    /// Does the index's half of an acknowledgement.
    fn acknowledge_in_index_only(&self) {
        let index = self.store.index();
        index
            .execute_batch(
                "INSERT INTO removals SELECT file FROM bundles; UPDATE bundles SET file = NULL;",
            )
            .unwrap();
    }
}

fn ticket() -> Ticket {
    Ticket {
        relay_key: PublicKey([0; 32]),
        send_key: PublicKey([1; 32]),
        content_id: ContentId::of(BUNDLE),
        size_bytes: BUNDLE.len() as u64,
    }
}

const NOTHING: Found = Found::Partial { durable_bytes: 0 };
const FIRST: Finished = Finished::Stored { sequence: 1 };

#[test]
fn killed_between_the_row_and_the_file_of_an_upload() {
    let bench = Bench::new();
    drop(bench.begin());
    fs::remove_file(bench.file().unwrap()).unwrap();
    let (bench, recovered) = bench.restart();
    assert_eq!(recovered.uploads_dropped, 1);
    assert_eq!(bench.found(), NOTHING);
    assert_eq!(bench.upload_rest(), FIRST);
}

#[test]
fn killed_while_bytes_are_written_that_are_not_durable() {
    let bench = Bench::new();
    let mut upload = bench.begin();
    upload.write(b"half of something").unwrap();
    drop(upload);
    let (bench, recovered) = bench.restart();
    assert_eq!(recovered, Recovered::default());
    assert_eq!(bench.found(), NOTHING);
    assert_eq!(bench.upload_rest(), FIRST);
    assert_eq!(fs::read(bench.file().unwrap()).unwrap(), BUNDLE);
}

#[test]
fn killed_with_a_part_durable_and_more_behind_it() {
    let bench = Bench::new();
    let mut upload = bench.begin();
    upload.write(&BUNDLE[..10]).unwrap();
    assert_eq!(upload.suspend().unwrap(), 10);
    let mut upload = bench.begin();
    upload.write(b"never made durable").unwrap();
    drop(upload);
    let (bench, _) = bench.restart();
    assert_eq!(bench.found(), Found::Partial { durable_bytes: 10 });
    assert_eq!(bench.upload_rest(), FIRST);
    assert_eq!(fs::read(bench.file().unwrap()).unwrap(), BUNDLE);
}

#[test]
fn killed_between_the_last_byte_and_the_commit() {
    let bench = Bench::new();
    let mut upload = bench.begin();
    upload.write(BUNDLE).unwrap();
    let size = upload.suspend().unwrap();
    let (bench, recovered) = bench.restart();
    assert_eq!(recovered, Recovered::default());
    assert_eq!(
        bench.found(),
        Found::Partial {
            durable_bytes: size
        }
    );
    assert_eq!(bench.upload_rest(), FIRST);
}

#[test]
fn killed_between_the_commit_and_the_receipt() {
    let bench = Bench::new();
    assert_eq!(bench.upload_rest(), FIRST);
    let (bench, recovered) = bench.restart();
    assert_eq!(recovered, Recovered::default());
    assert_eq!(bench.found(), Found::Stored { sequence: 1 });
}

#[test]
fn killed_between_an_acknowledgement_and_the_removal() {
    let bench = Bench::new();
    bench.upload_rest();
    bench.acknowledge_in_index_only();
    let (bench, recovered) = bench.restart();
    assert_eq!(recovered.removals_finished, 1);
    assert_eq!(recovered.unknown_files, 0);
    assert_eq!(bench.file(), None);
    assert_eq!(bench.found(), NOTHING);
}

#[test]
fn killed_between_a_removal_and_its_last_note() {
    let bench = Bench::new();
    bench.upload_rest();
    bench.acknowledge_in_index_only();
    fs::remove_file(bench.file().unwrap()).unwrap();
    let (bench, recovered) = bench.restart();
    assert_eq!(recovered.removals_finished, 1);
    let (_, recovered) = bench.restart();
    assert_eq!(recovered, Recovered::default());
}

#[test]
fn a_disk_that_lost_durable_bytes_costs_the_upload_and_nothing_else() {
    let bench = Bench::new();
    let mut upload = bench.begin();
    upload.write(&BUNDLE[..10]).unwrap();
    upload.suspend().unwrap();
    let file = OpenOptions::new().write(true).open(bench.file().unwrap());
    file.unwrap().set_len(9).unwrap();
    let (bench, recovered) = bench.restart();
    assert_eq!(recovered.uploads_dropped, 1);
    assert_eq!(bench.file(), None);
    assert_eq!(bench.upload_rest(), FIRST);
}

#[test]
fn a_ticket_of_another_size_begins_anew() {
    let bench = Bench::new();
    let mut upload = bench.begin();
    upload.write(&BUNDLE[..10]).unwrap();
    upload.suspend().unwrap();
    let wrong = Ticket {
        size_bytes: 11,
        ..ticket()
    };
    let mut upload = Upload::begin(Arc::clone(&bench.store), bench.mailbox(), &wrong).unwrap();
    upload.write(&BUNDLE[..11]).unwrap();
    assert_eq!(upload.finish().unwrap(), Finished::HashDiffers);
    assert_eq!(bench.file(), None);
    assert_eq!(bench.upload_rest(), FIRST);
}

#[test]
fn the_room_that_was_taken_is_what_is_on_the_disk() {
    let size = BUNDLE.len() as u64;
    let bench = Bench::with_quota(Some(size));
    let mut upload = bench.begin();
    upload.write(&BUNDLE[..10]).unwrap();
    assert!(
        !bench.store.budget.fits(1),
        "the rest is reserved while it comes"
    );
    upload.suspend().unwrap();
    assert!(bench.store.budget.fits(size - 10) && !bench.store.budget.fits(size - 9));
    assert_eq!(bench.upload_rest(), FIRST);
    assert!(!bench.store.budget.fits(1));
    let id = ContentId::of(BUNDLE);
    assert_eq!(bench.store.acknowledge(bench.mailbox(), &[id]).unwrap(), 1);
    assert!(bench.store.budget.fits(size) && !bench.store.budget.fits(size + 1));
}

#[test]
fn a_bundle_that_is_acknowledged_while_it_is_looked_up_is_not_there() {
    let bench = Bench::new();
    bench.upload_rest();
    let id = ContentId::of(BUNDLE);
    let found = bench.store.waiting(bench.mailbox(), &id).unwrap().unwrap();
    assert!(bench.store.open_waiting(&found, 0).unwrap().is_some());
    fs::remove_file(bench.file().unwrap()).unwrap();
    assert!(bench.store.open_waiting(&found, 0).is_err());
    bench.store.acknowledge(bench.mailbox(), &[id]).unwrap();
    assert!(bench.store.open_waiting(&found, 0).unwrap().is_none());
}
