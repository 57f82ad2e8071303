//! Properties: what is read is written back as it was, and no input panics.

use proptest::{collection::vec, prelude::*, sample::Index};
use signing_format::git::{
    Commit, Comparer, FileMode, GitContent, LineKind, ObjectFormat, ObjectId, ObjectKind,
    RawObject, Signable, Tag, TextDiff, Tree,
};

const FORMATS: [ObjectFormat; 2] = [ObjectFormat::Sha1, ObjectFormat::Sha256];

fn format() -> impl Strategy<Value = ObjectFormat> {
    prop::sample::select(&FORMATS[..])
}

fn text() -> impl Strategy<Value = String> {
    "[^\0\n]{0,20}"
}

fn ident() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z ]{0,9} <[a-z@]{0,9}> [0-9]{1,11} [+-][0-9]{4}",
        text()
    ]
}

fn hex(format: ObjectFormat) -> impl Strategy<Value = String> {
    let digits = format.id_len() * 2;
    prop::string::string_regex(&format!("[0-9a-f]{{{digits}}}")).unwrap()
}

fn commit() -> impl Strategy<Value = (ObjectFormat, Vec<u8>)> {
    format().prop_flat_map(|format| {
        let ids = (hex(format), vec(hex(format), 0..4));
        let headers = vec(("x[a-z]{0,6}", vec(text(), 1..4)), 0..4);
        let message = "[^\0]{0,60}";
        (Just(format), ids, ident(), ident(), headers, message).prop_map(
            |(format, (tree, parents), author, committer, headers, message)| {
                let mut text = format!("tree {tree}\n");
                for parent in parents {
                    text += &format!("parent {parent}\n");
                }
                text += &format!("author {author}\ncommitter {committer}\n");
                for (name, lines) in headers {
                    text += &format!("{name} {}\n", lines.join("\n "));
                }
                (format, format!("{text}\n{message}").into_bytes())
            },
        )
    })
}

fn tag() -> impl Strategy<Value = (ObjectFormat, Vec<u8>)> {
    format().prop_flat_map(|format| {
        let kind = prop::sample::select(&["commit", "tag", "tree", "blob"][..]);
        let message = "[^\0]{0,60}";
        (Just(format), hex(format), kind, text(), ident(), message).prop_map(
            |(format, object, kind, name, tagger, message)| {
                let text = format!(
                    "object {object}\ntype {kind}\ntag {name}\ntagger {tagger}\n\n{message}"
                );
                (format, text.into_bytes())
            },
        )
    })
}

fn raw(kind: ObjectKind, bytes: &[u8]) -> RawObject {
    RawObject::new(kind, bytes.to_vec()).unwrap()
}

fn tree_of(entries: &[(FileMode, &str, ObjectId)]) -> RawObject {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend_from_slice(format!("{} {name}\0", mode.digits()).as_bytes());
        bytes.extend_from_slice(id.as_bytes());
    }
    raw(ObjectKind::Tree, &bytes)
}

/// A whole content of one commit with a directory and a file.
fn content(text: &str) -> GitContent {
    let format = ObjectFormat::Sha1;
    let blob = raw(ObjectKind::Blob, text.as_bytes());
    let inner = tree_of(&[(FileMode::File, "file", blob.id(format).unwrap())]);
    let root = tree_of(&[(FileMode::Tree, "dir", inner.id(format).unwrap())]);
    let id = root.id(format).unwrap();
    let commit = format!("tree {id}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\n{text}");
    let to_sign = [raw(ObjectKind::Commit, commit.as_bytes())];
    GitContent::new(format, &to_sign, vec![root, inner, blob]).unwrap()
}

/// Flips, cuts and doubles bytes at random places.
fn mutated(mut bytes: Vec<u8>, mutations: &[(Index, u8)]) -> Vec<u8> {
    for (index, how) in mutations {
        if bytes.is_empty() {
            break;
        }
        let at = index.index(bytes.len());
        match how % 4 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, *how),
            2 => drop(bytes.remove(at)),
            _ => bytes[at] ^= how,
        }
    }
    bytes
}

fn mutations() -> impl Strategy<Value = Vec<(Index, u8)>> {
    vec(any::<(Index, u8)>(), 1..5)
}

/// Whatever is read is written back as it was.
fn read_all(format: ObjectFormat, bytes: &[u8]) {
    if let Ok(commit) = Commit::parse(&raw(ObjectKind::Commit, bytes), format) {
        assert_eq!(commit.to_bytes(), bytes);
        let _ = (commit.author().person(), commit.committer().person());
    }
    if let Ok(tag) = Tag::parse(&raw(ObjectKind::Tag, bytes), format) {
        assert_eq!(tag.to_bytes(), bytes);
    }
    if let Ok(tree) = Tree::parse(&raw(ObjectKind::Tree, bytes), format) {
        assert_eq!(tree.to_bytes(), bytes);
    }
    for kind in [ObjectKind::Commit, ObjectKind::Tag] {
        if let Ok(signable) = Signable::parse(&raw(kind, bytes), format) {
            assert_eq!(signable.to_bytes(), bytes);
        }
    }
}

proptest! {
    #[test]
    fn a_commit_is_written_back_as_it_was_read((format, bytes) in commit()) {
        let commit = Commit::parse(&raw(ObjectKind::Commit, &bytes), format).unwrap();
        prop_assert_eq!(commit.to_bytes(), bytes);
    }

    #[test]
    fn a_tag_is_written_back_as_it_was_read((format, bytes) in tag()) {
        let tag = Tag::parse(&raw(ObjectKind::Tag, &bytes), format).unwrap();
        prop_assert_eq!(tag.to_bytes(), bytes);
    }

    #[test]
    fn mutated_objects_do_not_panic_and_are_written_back(
        (format, bytes) in prop_oneof![commit(), tag()],
        mutations in mutations(),
    ) {
        read_all(format, &mutated(bytes, &mutations));
    }

    #[test]
    fn mutated_trees_do_not_panic_and_are_written_back(mutations in mutations()) {
        let id = raw(ObjectKind::Blob, b"").id(ObjectFormat::Sha1).unwrap();
        let tree = tree_of(&[(FileMode::File, "a", id), (FileMode::Tree, "b", id)]);
        read_all(ObjectFormat::Sha1, &mutated(tree.into_bytes(), &mutations));
    }

    #[test]
    fn content_is_read_back(text in "[a-z\n]{0,99}") {
        let content = content(&text);
        let read = GitContent::decode(&content.encode().unwrap());
        prop_assert_eq!(read, Ok(content));
    }

    /// Compressed again after the mutation, so that it gets past the checksum.
    #[test]
    fn mutated_content_does_not_panic(mutations in mutations(), outside in any::<bool>()) {
        let whole = content("text").encode().unwrap();
        let bytes = if outside {
            mutated(whole, &mutations)
        } else {
            let inner = miniz_oxide::inflate::decompress_to_vec_zlib(&whole).unwrap();
            miniz_oxide::deflate::compress_to_vec_zlib(&mutated(inner, &mutations), 1)
        };
        if let Ok(read) = GitContent::decode(&bytes) {
            for object in read.to_sign() {
                let _ = object.commit().map(|commit| Comparer::new(&read).changes_of(commit));
            }
        }
    }

    /// Applying the lines to the old text gives the new one.
    #[test]
    fn the_lines_of_a_difference_are_the_whole_difference(
        old in "[abc\n]{0,80}",
        new in "[abc\n]{0,80}",
    ) {
        let diff = TextDiff::between(old.as_bytes(), new.as_bytes(), usize::MAX).unwrap();
        let mut lines = old.split_inclusive('\n');
        let mut out = String::new();
        let mut at = 0;
        for hunk in &diff.hunks {
            let start = hunk.old_start - usize::from(hunk.old_count > 0);
            out.extend(lines.by_ref().take(start - at));
            at = start + hunk.old_count;
            for line in &hunk.lines {
                let text = String::from_utf8(line.bytes.clone()).unwrap();
                let text = if line.ended { text + "\n" } else { text };
                if line.kind != LineKind::Added {
                    prop_assert_eq!(lines.next(), Some(&text[..]));
                }
                if line.kind != LineKind::Removed {
                    out += &text;
                }
            }
        }
        out.extend(lines);
        prop_assert_eq!(out, new);
    }
}
