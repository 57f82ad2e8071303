//! Brings index and files together again after a kill or a loss.

use std::collections::HashSet;

use rusqlite::{Connection, TransactionBehavior};

use super::files::{BundleFiles, FileName, Place};
use super::{StoreError, all, size};

/// Repairs what a kill or a failing disk can leave.
pub(super) fn recover(index: &mut Connection, files: &BundleFiles) -> Result<(), StoreError> {
    let failed = StoreError::index("repairing it");
    let change = index
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let blobs = check_blobs(&change, files)?;
    let partials = check_partials(&change, files)?;
    change.commit().map_err(failed)?;
    files.keep_only(Place::Blobs, &blobs)?;
    files.keep_only(Place::Incoming, &partials)
}

/// Forgets bundles whose files are gone: fetched ones are wanted again, and tickets wait without
/// their bundle, which the vault is told.
fn check_blobs(index: &Connection, files: &BundleFiles) -> Result<HashSet<FileName>, StoreError> {
    let mut known = HashSet::new();
    for (name, size_bytes) in rows(index, "SELECT file, size_bytes FROM bundles")? {
        if files.size_bytes(Place::Blobs, &name)? == Some(size_bytes) {
            known.insert(name);
            continue;
        }
        let failed = StoreError::index("forgetting a bundle that is gone");
        let want_again = "UPDATE listed SET state = 0, arrival = NULL WHERE state = 1
             AND content_id = (SELECT content_id FROM bundles WHERE file = ?1)";
        index.execute(want_again, [name.as_str()]).map_err(failed)?;
        index
            .execute("DELETE FROM bundles WHERE file = ?1", [name.as_str()])
            .map_err(failed)?;
    }
    Ok(known)
}

/// Begins downloads anew whose durable bytes are not there.
fn check_partials(
    index: &Connection,
    files: &BundleFiles,
) -> Result<HashSet<FileName>, StoreError> {
    let mut known = HashSet::new();
    let select = "SELECT file, durable_bytes AS size_bytes FROM listed WHERE file IS NOT NULL";
    for (name, durable_bytes) in rows(index, select)? {
        if files.size_bytes(Place::Incoming, &name)?.is_none()
            && files.size_bytes(Place::Blobs, &name)?.is_some()
        {
            // A kill between the last byte and its entry in the index.
            files.demote(&name)?;
        }
        let found = files.size_bytes(Place::Incoming, &name)?;
        if found.is_some_and(|found| found >= durable_bytes) {
            known.insert(name);
            continue;
        }
        let update = "UPDATE listed SET file = NULL, durable_bytes = 0 WHERE file = ?1";
        index
            .execute(update, [name.as_str()])
            .map_err(StoreError::index("beginning a download anew"))?;
    }
    Ok(known)
}

fn rows(index: &Connection, select: &str) -> Result<Vec<(FileName, u64)>, StoreError> {
    let doing = "looking for the bundle files";
    let rows = all(index, doing, select, [], |row| {
        Ok((row.get::<_, String>("file")?, size(row, "size_bytes")?))
    })?;
    rows.into_iter()
        .map(|(file, size_bytes)| Ok((FileName::from_index(&file)?, size_bytes)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::path::Path;

    use crossing::{Lane, LaneId};
    use pack_format::item::Item;
    use pack_format::ratchet::Side;
    use pack_format::relay::{
        ContentId, FetchToken, PublicKey, RelayAddress, Signed, Statement as _, StoredReceipt,
        Ticket,
    };
    use pack_format::secret::Secret32;
    use tempfile::TempDir;

    use super::super::{LaneNumber, Store, Wanted};
    use crate::client::Listed;

    const BUNDLE: &[u8] = b"what the relay holds";

    fn address() -> RelayAddress {
        RelayAddress::new("https://relay.example", PublicKey([1; 32])).unwrap()
    }

    fn lane() -> Lane {
        Lane::new(LaneId([1; 16]), &Secret32::new([1; 32]), Side::Showed)
    }

    /// A store with one pairing and one mailbox, in which `BUNDLE` waits.
    fn store(dir: &Path) -> (Store, LaneNumber, Wanted) {
        let mut store = Store::open(dir).unwrap();
        let lane_number = store
            .transact(|change| {
                change.insert_lane("Amina", &lane())?;
                let lane = change.lane_number(lane().id())?;
                let relay = change.relay_number(&address())?;
                let token = FetchToken(Secret32::new([2; 32]));
                change.put_mailbox_to_fetch(lane, relay, &token)?;
                Ok(lane)
            })
            .unwrap();
        let wanted = list(&mut store);
        (store, lane_number, wanted)
    }

    fn list(store: &mut Store) -> Wanted {
        list_at(store, 1).remove(0)
    }

    /// What is wanted once the relay lists `BUNDLE` under this sequence number.
    fn list_at(store: &mut Store, sequence: u64) -> Vec<Wanted> {
        let relay = store.relays_to_visit().unwrap().remove(0).number;
        let mailbox = store.mailboxes(relay).unwrap().remove(0).number;
        let listed = Listed {
            sequence,
            content_id: ContentId::of(BUNDLE),
            size_bytes: BUNDLE.len() as u64,
        };
        store
            .transact(|change| change.note_page(mailbox, &[listed]))
            .unwrap();
        store.wanted(mailbox, 0).unwrap()
    }

    fn count(dir: &TempDir, name: &str) -> usize {
        std::fs::read_dir(dir.path().join(name)).unwrap().count()
    }

    fn take(store: &mut Store, lane: LaneNumber, mut bytes: &[u8]) {
        let size_bytes = bytes.len() as u64;
        let body: &mut dyn Read = &mut bytes;
        let mut change = store.begin().unwrap();
        change.take_bundle(lane, size_bytes, body).unwrap();
    }

    #[test]
    fn a_kill_before_the_commit_of_a_pack_leaves_nothing_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, lane, _) = store(dir.path());
        take(&mut store, lane, b"first");
        assert_eq!(count(&dir, "blobs"), 1);
        drop(store);
        let mut store = Store::open(dir.path()).unwrap();
        assert_eq!(count(&dir, "blobs"), 0);
        assert!(store.open_bundle(&ContentId::of(b"first")).is_err());

        take(&mut store, lane, b"first");
        take(&mut store, lane, b"first");
        store.commit().unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert!(store.open_bundle(&ContentId::of(b"first")).is_ok());
        assert_eq!(count(&dir, "blobs"), 1);
    }

    #[test]
    fn a_pack_that_is_discarded_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, lane, _) = store(dir.path());
        take(&mut store, lane, b"first");
        store.rollback();
        assert_eq!(count(&dir, "blobs"), 0);
        assert_eq!(store.status().unwrap().bundles_here, 0);
    }

    /// The only file in `blobs/`.
    fn only_blob(dir: &TempDir) -> std::path::PathBuf {
        let mut files = std::fs::read_dir(dir.path().join("blobs")).unwrap();
        let path = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none());
        path
    }

    #[test]
    fn a_fresh_copy_takes_the_place_of_a_lost_or_damaged_bundle() {
        let damages: [fn(&Path); 3] = [
            |path| std::fs::write(path, b"fjrst").unwrap(),
            |path| std::fs::write(path, b"fir").unwrap(),
            |path| std::fs::remove_file(path).unwrap(),
        ];
        for damage in damages {
            let dir = tempfile::tempdir().unwrap();
            let (mut store, lane, _) = store(dir.path());
            take(&mut store, lane, b"first");
            store.commit().unwrap();
            damage(&only_blob(&dir));
            take(&mut store, lane, b"first");
            store.commit().unwrap();
            assert_eq!(std::fs::read(only_blob(&dir)).unwrap(), b"first");
            assert!(store.open_bundle(&ContentId::of(b"first")).is_ok());
        }
    }

    #[test]
    fn a_bundle_that_ends_early_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, lane, _) = store(dir.path());
        let mut change = store.begin().unwrap();
        let taken = change.take_bundle(lane, 100, &mut &b"short"[..]);
        assert!(taken.is_err());
        assert_eq!(count(&dir, "blobs"), 0);
    }

    #[test]
    fn a_kill_after_every_step_of_a_download_loses_and_doubles_nothing() {
        for steps in 0..5 {
            let dir = tempfile::tempdir().unwrap();
            let (mut killed, lane, wanted) = store(dir.path());
            download(&mut killed, &wanted, steps);
            drop(killed);

            let mut store = Store::open(dir.path()).unwrap();
            if store.due_bundles(lane).unwrap().is_empty() {
                let wanted = list(&mut store);
                download(&mut store, &wanted, usize::MAX);
            }
            assert_eq!(store.due_bundles(lane).unwrap().len(), 1, "{steps}");
            assert!(store.open_bundle(&ContentId::of(BUNDLE)).is_ok(), "{steps}");
            assert_eq!((count(&dir, "blobs"), count(&dir, "incoming")), (1, 0));
        }
    }

    /// The steps of a download, of which only the first ones happen.
    fn download(store: &mut Store, wanted: &Wanted, steps: usize) {
        let mut partial = store.open_partial(wanted).unwrap();
        let missing = usize::try_from(partial.len_bytes()).unwrap();
        if steps == 0 {
            return;
        }
        partial.append(&BUNDLE[missing..], store).unwrap();
        if steps == 1 {
            return;
        }
        let whole = partial.into_whole(store).unwrap();
        assert_eq!(whole.content_id(), ContentId::of(BUNDLE));
        if steps == 2 {
            return;
        }
        if steps == 3 {
            store.files.promote(&whole.written.name).unwrap();
            return;
        }
        store.keep_whole(wanted, &whole).unwrap();
    }

    #[test]
    fn a_bundle_that_was_sent_again_is_wanted_again() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, lane, wanted) = store(dir.path());
        download(&mut store, &wanted, usize::MAX);
        store
            .transact(|change| change.bundle_told(lane, &ContentId::of(BUNDLE)))
            .unwrap();
        assert!(list_at(&mut store, 1).is_empty());
        assert_eq!(list_at(&mut store, 2).len(), 1);
    }

    #[test]
    fn a_download_whose_durable_bytes_are_gone_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, _, wanted) = store(dir.path());
        download(&mut store, &wanted, 2);
        for entry in std::fs::read_dir(dir.path().join("incoming")).unwrap() {
            std::fs::write(entry.unwrap().path(), b"cut").unwrap();
        }
        drop(store);
        let mut store = Store::open(dir.path()).unwrap();
        let partial = store.open_partial(&wanted).unwrap();
        assert_eq!(partial.len_bytes(), 0);
        assert_eq!(count(&dir, "incoming"), 1);
    }

    #[test]
    fn files_of_other_programs_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        drop(store(dir.path()));
        let foreign = dir.path().join("blobs/notes.txt");
        std::fs::write(&foreign, b"somebody's").unwrap();
        std::fs::write(dir.path().join("blobs").join("ab".repeat(16)), b"ours").unwrap();
        drop(Store::open(dir.path()).unwrap());
        assert!(foreign.exists());
        assert_eq!(count(&dir, "blobs"), 1);
    }

    #[test]
    fn a_receipt_that_the_vault_has_frees_its_bundle_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, lane, _) = store(dir.path());
        let seed = Secret32::new([5; 32]);
        for bytes in [b"first", b"other"] {
            take(&mut store, lane, bytes);
            let mut change = store.begin().unwrap();
            let relay = change.relay_number(&address()).unwrap();
            let ticket = Ticket {
                relay_key: address().key(),
                send_key: PublicKey::of_seed(&seed),
                content_id: ContentId::of(bytes),
                size_bytes: 5,
            };
            change.put_ticket(lane, relay, &ticket.sign(&seed)).unwrap();
            store.commit().unwrap();
        }
        let relay = store.relays_to_visit().unwrap().remove(0).number;
        let ticket = store.waiting_tickets(relay, 0).unwrap().remove(0);
        let receipt: Signed<StoredReceipt> = StoredReceipt {
            relay_key: address().key(),
            send_key: PublicKey::of_seed(&seed),
            content_id: ContentId::of(b"first"),
            sequence: 1,
        }
        .sign(&seed);
        store
            .transact(|change| change.note_stored(relay, &ticket, &receipt))
            .unwrap();
        assert_eq!(count(&dir, "blobs"), 2);
        let told = Item::Stored(receipt).body();
        store
            .transact(|change| change.receipt_told(lane, &told))
            .unwrap();
        assert_eq!(count(&dir, "blobs"), 1);
        assert!(store.open_bundle(&ContentId::of(b"other")).is_ok());
    }
}
