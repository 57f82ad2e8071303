use bundle_format::manifest::BundlePath;
use team_content::blob::{Chunk, ChunkList, Chunks, Content};
use team_content::file::{Collision, File, FileVersion, PutFile, VersionState, collisions};
use team_content::fold::Item;
use team_content::item_id::{Dot, ItemId};
use team_content::limits::CHUNKS_INLINE_MAX;
use team_core::blob::{BlobId, BlobKey};

use crate::space::{Space, device_id};

fn path(text: &str) -> BundlePath {
    BundlePath::new(text).unwrap()
}

fn version(byte: u8) -> FileVersion {
    let chunk = Chunk {
        id: BlobId([byte; 32]),
        key: BlobKey([byte; 32]),
        size_bytes: 5,
    };
    FileVersion {
        executable: false,
        content: Content {
            size_bytes: 5,
            hash: [byte; 32],
            chunks: Chunks::Inline(vec![chunk]),
        },
    }
}

fn with_file() -> (Space, ItemId, Dot) {
    let mut space = Space::new(3);
    let nonce = [1; 16];
    let dot = space.write(
        0,
        PutFile {
            nonce,
            path: path("a/b.odt"),
            version: version(1),
        },
    );
    space.sync_all();
    (space, ItemId::of(device_id(0), &nonce), dot)
}

fn file(item: Option<Item>) -> File {
    match item {
        Some(Item::File(file)) => file,
        other => panic!("no file but {other:?}"),
    }
}

fn current(file: &File) -> Vec<u8> {
    file.current()
        .map(|version| version.value.content.hash[0])
        .collect()
}

#[test]
fn versions_follow_one_another_and_stay_listed() {
    let (mut space, item, first) = with_file();
    let put = file(space.fold(item).item).put(item, version(2));
    space.write(1, put);
    let file = file(space.fold(item).item);
    assert_eq!(current(&file), [2]);
    assert_eq!(file.versions.len(), 2);
    assert_eq!(
        (file.versions[0].0, file.versions[0].1.dot),
        (VersionState::Followed, first)
    );
    assert!(!file.has_conflict());
}

#[test]
fn versions_that_are_put_at_the_same_time_are_both_the_file() {
    let (mut space, item, _) = with_file();
    for device in [1, 2] {
        let put = file(space.fold_at(device, item).item).put(item, version(10 + device));
        space.write(device, put);
    }
    let both = file(space.fold(item).item);
    assert_eq!(current(&both), [11, 12]);
    assert!(space.fold(item).row(&space.schemas).unwrap().conflict);
    space.sync_all();
    space.write(0, both.put(item, version(3)));
    assert_eq!(current(&file(space.fold(item).item)), [3]);
}

#[test]
fn a_version_that_is_put_while_the_file_is_removed_keeps_it() {
    let (mut space, item, first) = with_file();
    let seen = file(space.fold(item).item);
    let removal = space.write(0, seen.remove(item));
    assert!(!file(space.fold(item).item).is_in_tree());
    assert!(!space.fold(item).row(&space.schemas).unwrap().listed);
    assert_eq!(file(space.fold(item).item).versions[0].1.dot, first);
    space.write(1, seen.put(item, version(2)));
    let kept = file(space.fold(item).item);
    assert_eq!(current(&kept), [2]);
    assert!(file(space.fold_without(item, &[removal]).item).is_in_tree());
}

#[test]
fn a_removed_file_is_put_back_by_a_new_version() {
    let (mut space, item, _) = with_file();
    let removal = file(space.fold(item).item).remove(item);
    space.write(0, removal);
    let back = file(space.fold(item).item).put(item, version(4));
    space.write(0, back);
    assert_eq!(current(&file(space.fold(item).item)), [4]);
}

#[test]
fn a_file_that_is_moved_to_two_places_is_shown_at_both() {
    let (mut space, item, _) = with_file();
    let seen = file(space.fold(item).item);
    space.write(1, seen.move_to(item, path("c.odt")));
    assert_eq!(space.fold(item).row(&space.schemas).unwrap().title, "c.odt");
    space.write(2, seen.move_to(item, path("d.odt")));
    let both = file(space.fold(item).item);
    let places: Vec<_> = both
        .places
        .iter()
        .map(|place| place.value.as_str())
        .collect();
    assert_eq!(places, ["c.odt", "d.odt"]);
    assert!(both.has_conflict());
    space.sync_all();
    space.write(0, both.move_to(item, path("e.odt")));
    assert!(!file(space.fold(item).item).has_conflict());
}

#[test]
fn files_in_each_others_way_are_named() {
    let id = |byte| ItemId([byte; 16]);
    let places = [
        (id(1), path("a")),
        (id(2), path("a/b/c")),
        (id(3), path("d")),
        (id(4), path("d")),
        (id(5), path("ab")),
        (id(6), path("d/e")),
    ];
    let found = collisions(places.iter().map(|(item, path)| (*item, path)));
    let pair = |one, other| Collision {
        one: id(one),
        other: id(other),
    };
    assert_eq!(found, [pair(1, 2), pair(3, 4), pair(3, 6), pair(4, 6)]);
}

#[test]
fn a_list_of_chunks_is_of_its_content_or_refused() {
    let chunk = Chunk {
        id: BlobId([1; 32]),
        key: BlobKey([2; 32]),
        size_bytes: 1000,
    };
    let list = ChunkList(vec![chunk; CHUNKS_INLINE_MAX + 1]);
    let mut content = Content {
        size_bytes: 201_000,
        hash: [0; 32],
        chunks: Chunks::Listed(vec![chunk]),
    };
    assert!(content.fits(&list));
    content.size_bytes += 1;
    assert!(!content.fits(&list));
    assert!(!content.fits(&ChunkList(vec![chunk; 2])));
}
