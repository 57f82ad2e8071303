//! Vectors of the git objects of a request.
//!
//! Objects, ids and relinking are written from the specification; the compressed stream is made of
//! stored blocks, which any inflater reads.

use data_encoding::HEXLOWER;
use pack_format::codec::Writer;

use super::file::VectorFile;
use super::run::out;
use super::run_signing::EXAMPLE_ARMOR;

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused_streams());
    files.extend(refused_orders());
    files.extend(refused_objects());
    files
}

const PART: &str = "signing_git_content";
const PERSON: &str = "Amina <amina@example.org> 1800000000 +0100";

/// Which hash makes ids.
#[derive(Clone, Copy, PartialEq)]
enum Ids {
    Sha1,
    Sha256,
}

impl Ids {
    fn code(self) -> u8 {
        match self {
            Self::Sha1 => 1,
            Self::Sha256 => 2,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    fn header(self) -> &'static str {
        match self {
            Self::Sha1 => "gpgsig",
            Self::Sha256 => "gpgsig-sha256",
        }
    }
}

#[derive(Clone)]
struct Object {
    kind: &'static str,
    bytes: Vec<u8>,
}

impl Object {
    fn new(kind: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            bytes: bytes.into(),
        }
    }

    fn raw_id(&self, ids: Ids) -> Vec<u8> {
        let head = format!("{} {}\0", self.kind, self.bytes.len());
        let framed = [head.as_bytes(), &self.bytes].concat();
        match ids {
            Ids::Sha1 => <sha1_checked::Sha1 as sha1_checked::Digest>::digest(&framed).to_vec(),
            Ids::Sha256 => <sha2::Sha256 as sha2::Digest>::digest(&framed).to_vec(),
        }
    }

    fn id(&self, ids: Ids) -> String {
        HEXLOWER.encode(&self.raw_id(ids))
    }

    /// `kind || length || bytes`
    fn encoded(&self) -> Vec<u8> {
        let kinds = ["commit", "tree", "blob", "tag"];
        let kind = kinds.iter().position(|it| *it == self.kind).unwrap();
        let mut writer = Writer::new();
        writer.u8(u8::try_from(kind).unwrap() + 1);
        writer.count(self.bytes.len()).put(&self.bytes);
        writer.into_bytes()
    }
}

fn blob(text: &str) -> Object {
    Object::new("blob", text)
}

fn tree(ids: Ids, entries: &[(&str, &Object)]) -> Object {
    let mut bytes = Vec::new();
    for (name, object) in entries {
        bytes.extend(format!("100644 {name}\0").into_bytes());
        bytes.extend(object.raw_id(ids));
    }
    Object::new("tree", bytes)
}

/// A commit; `headers` are whole lines after the committer.
fn commit(tree: &str, parents: &[&str], headers: &str, message: &str) -> Object {
    let mut text = format!("tree {tree}\n");
    for parent in parents {
        text.push_str(&format!("parent {parent}\n"));
    }
    text.push_str(&format!(
        "author {PERSON}\ncommitter {PERSON}\n{headers}\n{message}"
    ));
    Object::new("commit", text)
}

fn tag(object: &str, kind: &str, message: &str) -> Object {
    Object::new(
        "tag",
        format!("object {object}\ntype {kind}\ntag v1.0\ntagger {PERSON}\n\n{message}"),
    )
}

/// The headers of a signed commit.
fn signed_header(ids: Ids) -> String {
    let lines = EXAMPLE_ARMOR.trim_end().replace('\n', "\n ");
    format!("{} {lines}\n", ids.header())
}

/// `version || format || count || objects || count || objects`
fn plain(version: u8, format: u8, to_sign: &[Object], material: &[Object]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(version).u8(format);
    for objects in [to_sign, material] {
        writer.count(objects.len());
        for object in objects {
            writer.put(&object.encoded());
        }
    }
    writer.into_bytes()
}

/// A zlib stream (RFC 1950) of stored blocks (RFC 1951, section 3.2.4).
#[must_use]
pub fn stored(plain: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x78, 0x01];
    let count = plain.chunks(0xffff).count().max(1);
    for index in 0..count {
        let from = index * 0xffff;
        let piece = &plain[from..(from + 0xffff).min(plain.len())];
        let len = u16::try_from(piece.len()).unwrap();
        bytes.push(u8::from(index + 1 == count));
        bytes.extend(len.to_le_bytes());
        bytes.extend((!len).to_le_bytes());
        bytes.extend(piece);
    }
    bytes.extend(adler32(plain).to_be_bytes());
    bytes
}

/// What [`stored`] was given, of at most one block.
#[must_use]
pub fn unstored(stream: &[u8]) -> &[u8] {
    &stream[STORED_HEAD_BYTES..stream.len() - 4]
}

/// The head of the stream and of its first block.
const STORED_HEAD_BYTES: usize = 2 + 5;

fn adler32(plain: &[u8]) -> u32 {
    let sums = plain.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    (sums.1 << 16) | sums.0
}

/// Two commits, the second a merge, and a tag on it: with all that has to be shown.
struct Story {
    ids: Ids,
    base: Object,
    first: Object,
    merge: Object,
    tag: Object,
    material: Vec<Object>,
}

impl Story {
    fn new(ids: Ids) -> Self {
        let (old, new) = (blob("one\n"), blob("one\ntwo\n"));
        let old_tree = tree(ids, &[("a.txt", &old)]);
        let new_tree = tree(ids, &[("a.txt", &new)]);
        let base = commit(&old_tree.id(ids), &[], "", "begin\n");
        let first = commit(&new_tree.id(ids), &[&base.id(ids)], "", "add a line\n");
        let parents = [first.id(ids), base.id(ids)];
        let parents = [parents[0].as_str(), parents[1].as_str()];
        let merge = commit(&new_tree.id(ids), &parents, "encoding UTF-8\n", "merge\n");
        let tag = tag(&merge.id(ids), "commit", "version 1.0\n");
        Self {
            ids,
            first,
            merge,
            tag,
            material: vec![base.clone(), old_tree, new_tree, old, new],
            base,
        }
    }

    fn to_sign(&self) -> Vec<Object> {
        vec![self.first.clone(), self.merge.clone(), self.tag.clone()]
    }

    /// The ids after signing with [`EXAMPLE_ARMOR`]: each over the new ids of what it builds on.
    fn signed_ids(&self) -> [String; 3] {
        let ids = self.ids;
        let new_tree = self.material[2].id(ids);
        let header = signed_header(ids);
        let base = self.base.id(ids);
        let first = commit(&new_tree, &[&base], &header, "add a line\n").id(ids);
        let headers = format!("encoding UTF-8\n{header}");
        let merge = commit(&new_tree, &[&first, &base], &headers, "merge\n").id(ids);
        let mut tag = tag(&merge, "commit", "version 1.0\n");
        tag.bytes.extend(EXAMPLE_ARMOR.as_bytes());
        [first, merge, tag.id(ids)]
    }
}

fn success(
    condition: &str,
    comment: &str,
    ids: Ids,
    to_sign: &[Object],
    material: &[Object],
    signed: &[String],
) -> VectorFile {
    let line = |key: &str, object: &Object| out(key, format!("{} {}", object.kind, object.id(ids)));
    let mut outs = vec![out("format", ids.name())];
    outs.extend(to_sign.iter().map(|it| line("to-sign", it)));
    outs.extend(material.iter().map(|it| line("material", it)));
    outs.extend(signed.iter().map(|id| out("signed", id)));
    VectorFile::success(PART, condition, comment)
        .with_all(outs)
        .bytes(stored(&plain(1, ids.code(), to_sign, material)))
}

fn accepted() -> Vec<VectorFile> {
    let story = |condition, comment, ids| {
        let story = Story::new(ids);
        let (to_sign, signed) = (story.to_sign(), story.signed_ids());
        success(condition, comment, ids, &to_sign, &story.material, &signed)
    };
    let ids = Ids::Sha1;
    let sha1 = Story::new(ids);
    let first = commit(
        &sha1.material[2].id(ids),
        &[&sha1.base.id(ids)],
        &signed_header(ids),
        "add a line\n",
    );
    let mut release = tag(&sha1.material[4].id(ids), "blob", "a file\n");
    let target = release.clone();
    release.bytes.extend(EXAMPLE_ARMOR.as_bytes());
    vec![
        story("sha1", "A commit, a merge and a tag.", Ids::Sha1),
        story(
            "sha256",
            "The same in a repository of SHA-256.",
            Ids::Sha256,
        ),
        success(
            "without_material",
            "What did not come is not shown, which is for the person to accept.",
            ids,
            std::slice::from_ref(&sha1.first),
            &[],
            &[first.id(ids)],
        ),
        success(
            "tag_of_a_file",
            "Tags may name any kind of object.",
            ids,
            &[target],
            &[sha1.material[4].clone()],
            &[release.id(ids)],
        ),
    ]
}

fn refused(condition: &str, kind: &str, comment: &str, bytes: Vec<u8>) -> VectorFile {
    VectorFile::failure(PART, condition, kind, comment).bytes(bytes)
}

fn refused_plain(
    condition: &str,
    kind: &str,
    reason: &str,
    comment: &str,
    plain: &[u8],
) -> VectorFile {
    refused(condition, kind, comment, stored(plain)).with("reason", reason)
}

fn refused_streams() -> Vec<VectorFile> {
    let story = Story::new(Ids::Sha1);
    let right_plain = plain(1, 1, &story.to_sign(), &story.material);
    let right = stored(&right_plain);
    let kind = "not-compressed";
    let mut other_sum = right.clone();
    *other_sum.last_mut().unwrap() ^= 1;
    let counted = |counts: &[u32]| {
        let counts = counts.iter().flat_map(|count| count.to_be_bytes());
        [1, 1].into_iter().chain(counts).collect::<Vec<u8>>()
    };
    let huge = [counted(&[1]), vec![1, 0x02, 0, 0, 1]].concat();
    let object = [counted(&[1]), vec![5, 0, 0, 0, 0]].concat();
    vec![
        refused("no_bytes", kind, "Not even a header.", Vec::new()),
        refused(
            "not_compressed",
            kind,
            "The format without its envelope.",
            right_plain.clone(),
        ),
        refused(
            "stream_cut",
            kind,
            "The stream does not end.",
            right[..right.len() - 1].to_vec(),
        ),
        refused(
            "stream_followed",
            kind,
            "What follows the stream would cross unseen.",
            [right.as_slice(), &[0]].concat(),
        ),
        refused("other_checksum", kind, "Adler-32 is checked.", other_sum),
        refused_plain(
            "version_2",
            "unknown",
            "version of git content",
            "Another version.",
            &plain(2, 1, &story.to_sign(), &[]),
        ),
        refused_plain(
            "format_3",
            "unknown",
            "object format",
            "Neither SHA-1 nor SHA-256.",
            &plain(1, 3, &story.to_sign(), &[]),
        ),
        refused_plain(
            "object_kind_5",
            "unknown",
            "object kind",
            "No kind of git.",
            &object,
        ),
        refused_plain(
            "501_to_sign",
            "over-limit",
            "git objects to sign",
            "A count over the limit is refused before an object is read.",
            &counted(&[501]),
        ),
        refused_plain(
            "20001_to_show",
            "over-limit",
            "git objects to show",
            "A count over the limit is refused before an object is read.",
            &counted(&[0, 20_001]),
        ),
        refused_plain(
            "object_over_32_mib",
            "over-limit",
            "length of a git object",
            "A length over the limit is refused before it is read.",
            &huge,
        ),
        refused_plain(
            "cut",
            "truncated",
            "git object",
            "The last file ends early.",
            &right_plain[..right_plain.len() - 1],
        ),
        refused_plain(
            "trailing_byte",
            "trailing-bytes",
            "git content",
            "A byte behind the last object.",
            &[right_plain.as_slice(), &[0]].concat(),
        ),
    ]
}

fn refused_orders() -> Vec<VectorFile> {
    let story = Story::new(Ids::Sha1);
    let (first, merge, tag_object) = (&story.first, &story.merge, &story.tag);
    let rule = |condition, reason, comment, to_sign: &[&Object], material: &[Object]| {
        let to_sign: Vec<Object> = to_sign.iter().map(|it| (*it).clone()).collect();
        refused_plain(
            condition,
            "rule",
            reason,
            comment,
            &plain(1, 1, &to_sign, material),
        )
    };
    let order = "an object comes before what it builds on";
    let twice = "an object is there twice";
    let tree_called_commit = tag(&story.material[1].id(Ids::Sha1), "commit", "x\n");
    let commit_called_tree = tag(&first.id(Ids::Sha1), "tree", "x\n");
    let kind = "a tag calls its object another kind";
    vec![
        rule(
            "nothing_to_sign",
            "nothing to sign",
            "Only things to show.",
            &[],
            &story.material,
        ),
        rule(
            "child_before_parent",
            order,
            "It would be signed over the old id of its parent.",
            &[merge, first],
            &[],
        ),
        rule(
            "tag_before_commit",
            order,
            "It would be signed over the old id of the commit.",
            &[first, tag_object, merge],
            &[],
        ),
        rule(
            "signed_twice",
            twice,
            "One object, one signature.",
            &[first, first],
            &[],
        ),
        rule(
            "signed_and_shown",
            twice,
            "What is signed is shown anyway.",
            &[first],
            std::slice::from_ref(first),
        ),
        rule(
            "shown_twice",
            twice,
            "Each object once.",
            &[first],
            &[story.base.clone(), story.base.clone()],
        ),
        rule(
            "tag_to_show",
            "a tag is only shown",
            "Nothing that is signed is explained by a tag.",
            &[first],
            std::slice::from_ref(tag_object),
        ),
        rule(
            "tag_calls_tree_a_commit",
            kind,
            "git would not read it.",
            &[&tree_called_commit],
            &[story.material[1].clone()],
        ),
        rule(
            "tag_calls_commit_a_tree",
            kind,
            "The same of an object that is signed as well.",
            &[first, &commit_called_tree],
            &[],
        ),
    ]
}

fn refused_objects() -> Vec<VectorFile> {
    let ids = Ids::Sha1;
    let story = Story::new(ids);
    let tree_id = story.material[1].id(ids);
    let base = story.base.id(ids);
    let one = |condition, reason, comment, object: Object| {
        refused_plain(
            condition,
            "rule",
            reason,
            comment,
            &plain(1, 1, &[object], &[]),
        )
    };
    let form = |condition, comment, object: Object| {
        one(condition, "not an object as git writes it", comment, object)
    };
    let commit_of = |text: String| Object::new("commit", text);
    let person = format!("author {PERSON}\ncommitter {PERSON}\n");
    let with = |headers: &str| commit(&tree_id, &[], headers, "x\n");
    let unended = tag(&base, "commit", "no line feed");
    let inside = format!("x\n{EXAMPLE_ARMOR}");
    let no_kind = tag(&base, "file", "x\n");
    let mut more = tag(&base, "commit", "x\n").bytes;
    let end = more.windows(2).position(|pair| pair == b"\n\n").unwrap();
    more.splice(end..end, b"\nencoding UTF-8".iter().copied());
    let signed = "it is signed already";
    let kinds = "only commits and tags are signed";
    vec![
        one(
            "tree_to_sign",
            kinds,
            "A directory.",
            story.material[1].clone(),
        ),
        one("blob_to_sign", kinds, "A file.", story.material[3].clone()),
        one(
            "commit_signed_already",
            signed,
            "It has a gpgsig.",
            with(&signed_header(ids)),
        ),
        one(
            "commit_signed_for_sha256",
            signed,
            "A signature of the other format of ids.",
            with(&signed_header(Ids::Sha256)),
        ),
        one(
            "tag_signed_already",
            signed,
            "git takes what stands there for the signature.",
            tag(&base, "commit", &inside),
        ),
        one(
            "tag_without_line_feed",
            "the tag does not end with a line feed",
            "git would not find the signature.",
            unended,
        ),
        form(
            "commit_without_tree",
            "The first line is missing.",
            commit_of(format!("{person}\nx\n")),
        ),
        form(
            "commit_of_two_trees",
            "Programs differ in which they take.",
            with(&format!("tree {tree_id}\n")),
        ),
        form(
            "commit_with_late_parent",
            "A parent that some programs do not see.",
            with(&format!("parent {base}\n")),
        ),
        form(
            "commit_of_two_encodings",
            "Programs differ in which they take.",
            with("encoding UTF-8\nencoding UTF-7\n"),
        ),
        form(
            "commit_with_zero_byte",
            "Programs in C show what stands before it.",
            commit(&tree_id, &[], "", "x\0y\n"),
        ),
        form(
            "commit_without_end",
            "No empty line ends the headers.",
            commit_of(format!("tree {tree_id}\n{person}")),
        ),
        form(
            "commit_with_upper_case_id",
            "One id has one form.",
            commit(&tree_id.to_uppercase(), &[], "", "x\n"),
        ),
        form(
            "commit_with_long_id",
            "An id of the other format.",
            commit(&"0".repeat(64), &[], "", "x\n"),
        ),
        form(
            "commit_of_129_parents",
            "One too many.",
            commit(&tree_id, &[base.as_str(); 129], "", "x\n"),
        ),
        form("tag_of_no_kind", "A kind that there is not.", no_kind),
        form(
            "tag_with_more_headers",
            "Tags have four headers.",
            Object::new("tag", more),
        ),
    ]
}
