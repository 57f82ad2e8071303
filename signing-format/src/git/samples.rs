//! Small objects for the tests of this module.

use super::{FileMode, ObjectFormat, ObjectId, ObjectKind, RawObject};

pub(super) const FORMAT: ObjectFormat = ObjectFormat::Sha1;

pub(super) const PERSON: &str = "A. Person <a@example.org> 1700000000 +0100";

pub(super) fn raw(kind: ObjectKind, bytes: &[u8]) -> RawObject {
    RawObject::new(kind, bytes.to_vec()).unwrap()
}

pub(super) fn id(object: &RawObject) -> ObjectId {
    object.id(FORMAT).unwrap()
}

pub(super) fn blob(text: &str) -> RawObject {
    raw(ObjectKind::Blob, text.as_bytes())
}

/// A tree; the entries have to be in git's order.
pub(super) fn tree(entries: &[(FileMode, &str, ObjectId)]) -> RawObject {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend_from_slice(format!("{} {name}\0", mode.digits()).as_bytes());
        bytes.extend_from_slice(id.as_bytes());
    }
    raw(ObjectKind::Tree, &bytes)
}

pub(super) fn commit(tree: ObjectId, parents: &[ObjectId], message: &str) -> RawObject {
    let mut text = format!("tree {tree}\n");
    for parent in parents {
        text.push_str(&format!("parent {parent}\n"));
    }
    text.push_str(&format!("author {PERSON}\ncommitter {PERSON}\n\n{message}"));
    raw(ObjectKind::Commit, text.as_bytes())
}

pub(super) fn tag(object: ObjectId, message: &str) -> RawObject {
    let text = format!("object {object}\ntype commit\ntag v1\ntagger {PERSON}\n\n{message}");
    raw(ObjectKind::Tag, text.as_bytes())
}

/// A commit with the given lines between the committer and the message.
pub(super) fn commit_with_headers(headers: &str, message: &[u8]) -> RawObject {
    let tree = id(&tree(&[]));
    let text = format!("tree {tree}\nauthor {PERSON}\ncommitter {PERSON}\n{headers}\n");
    raw(ObjectKind::Commit, &[text.as_bytes(), message].concat())
}
