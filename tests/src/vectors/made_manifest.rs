//! Vectors of manifests.

use pack_format::codec::Writer;

use super::file::VectorFile;
use super::run::out;

/// A manifest as it is written: entries as kind, path, size; frames as kind and length.
pub(super) struct Draft {
    version: u8,
    entries: Vec<(u8, Option<Vec<u8>>, u64)>,
    frames: Vec<(u8, u32)>,
}

impl Draft {
    fn new() -> Self {
        Self {
            version: 1,
            entries: Vec::new(),
            frames: Vec::new(),
        }
    }

    fn small(mut self, kind: u8, size_bytes: u64) -> Self {
        self.entries.push((kind, None, size_bytes));
        self
    }

    fn path(mut self, kind: u8, path: &[u8], size_bytes: u64) -> Self {
        self.entries.push((kind, Some(path.to_vec()), size_bytes));
        self
    }

    fn file(self, path: &str, size_bytes: u64) -> Self {
        self.path(5, path.as_bytes(), size_bytes)
    }

    fn frame(mut self, kind: u8, stored_bytes: u32) -> Self {
        self.frames.push((kind, stored_bytes));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(self.version).count(self.entries.len());
        for (kind, path, size_bytes) in &self.entries {
            writer.u8(*kind);
            if let Some(path) = path {
                writer.u16(u16::try_from(path.len()).unwrap()).put(path);
            }
            writer.u64(*size_bytes);
        }
        writer.count(self.frames.len());
        for (kind, stored_bytes) in &self.frames {
            writer.u8(*kind).u32(*stored_bytes).put(&FRAME_HASH);
        }
        writer.into_bytes()
    }
}

const FRAME_HASH: [u8; 32] = [0xab; 32];
const MIB: u64 = 1 << 20;
const CONTENT_MAX: u64 = 100 << 30;

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused_paths());
    files.extend(refused_sizes());
    files.extend(refused_frames());
    files.extend(refused_forms());
    files
}

fn success(condition: &str, comment: &str, draft: &Draft) -> VectorFile {
    let words = [
        "",
        "message",
        "card",
        "receipts",
        "folder",
        "file",
        "executable",
        "invitation",
    ];
    let entries = draft.entries.iter().map(|(kind, path, size_bytes)| {
        let path = path.clone().unwrap_or_default();
        let path = String::from_utf8(path).unwrap();
        let line = format!("{} {size_bytes} {path}", words[usize::from(*kind)]);
        out("entry", line.trim_end())
    });
    let frames = draft.frames.iter().map(|(kind, stored_bytes)| {
        let word = ["stored", "compressed"][usize::from(*kind)];
        let hash = data_encoding::HEXLOWER.encode(&FRAME_HASH);
        out("frame", format!("{word} {stored_bytes} {hash}"))
    });
    VectorFile::success("manifest", condition, comment)
        .with_all(entries.chain(frames).collect())
        .bytes(draft.bytes())
}

fn refused(condition: &str, kind: &str, reason: &str, comment: &str, draft: &Draft) -> VectorFile {
    VectorFile::failure("manifest", condition, kind, comment)
        .with("reason", reason)
        .bytes(draft.bytes())
}

fn accepted() -> Vec<VectorFile> {
    let deepest = ["d"; 32].join("/");
    vec![
        success(
            "empty",
            "Nothing is sealed; the bundle is still signed.",
            &Draft::new(),
        ),
        success(
            "message",
            "One entry, one stored frame.",
            &Draft::new().small(1, 5).frame(0, 5),
        ),
        success(
            "every_kind",
            "Message, card, receipts, invitation, then paths by component.",
            &Draft::new()
                .small(1, 5)
                .small(2, 10)
                .small(3, 15)
                .small(7, 25)
                .file("a", 20)
                .file("a!", 0)
                .path(4, b"b/c", 0)
                .path(6, b"b/d", 50)
                .frame(1, 99),
        ),
        success(
            "two_frames",
            "Every frame but the last holds 1 MiB.",
            &Draft::new().file("a", MIB + 1).frame(1, 50).frame(0, 1),
        ),
        success(
            "path_of_512_bytes",
            "The longest path.",
            &Draft::new().file(&"p".repeat(512), 0),
        ),
        success(
            "path_of_32_components",
            "The deepest path.",
            &Draft::new().file(&deepest, 0),
        ),
        success(
            "path_with_dots",
            "Dots are refused only as whole components.",
            &Draft::new().file("..a/b../.c", 0),
        ),
        success(
            "below_in_component_order",
            "a/b stands before a!, which sorts first as text.",
            &Draft::new().file("a/b", 0).file("a!", 0),
        ),
        success(
            "message_of_1_mib",
            "The largest message.",
            &Draft::new().small(1, MIB).frame(0, 1 << 20),
        ),
    ]
}

fn refused_paths() -> Vec<VectorFile> {
    let leaves = |condition, path: &str| {
        let comment = format!("The path {path:?}.");
        let draft = Draft::new().file(path, 0);
        refused(
            condition,
            "rule",
            "a path could leave its folder",
            &comment,
            &draft,
        )
    };
    let hides = |condition, comment, path: &str| {
        let reason = "a path has hidden characters or a backslash";
        refused(
            condition,
            "rule",
            reason,
            comment,
            &Draft::new().file(path, 0),
        )
    };
    let order = "entries are not in order, or twice";
    let below = "a path lies below a file or empty folder";
    let deep = ["d"; 33].join("/");
    vec![
        leaves("path_empty", ""),
        leaves("path_absolute", "/etc/passwd"),
        leaves("path_parent", ".."),
        leaves("path_parent_inside", "a/../../b"),
        leaves("path_dot", "./a"),
        leaves("path_empty_component", "a//b"),
        leaves("path_final_slash", "a/"),
        hides(
            "path_backslash",
            "Other systems would see a folder.",
            "a\\b",
        ),
        hides("path_nul", "A path that ends early.", "a\0b"),
        hides("path_escape", "A path that moves the cursor.", "a\u{1b}[2J"),
        hides(
            "path_direction_mark",
            "A path whose ending is shown elsewhere.",
            "a\u{202e}fdp.exe",
        ),
        refused(
            "path_not_utf8",
            "rule",
            "text is not UTF-8",
            "Paths are UTF-8.",
            &Draft::new().path(5, &[0xff], 0),
        ),
        refused(
            "path_of_513_bytes",
            "over-limit",
            "path",
            "One byte too long.",
            &Draft::new().file(&"p".repeat(513), 0),
        ),
        refused(
            "path_of_33_components",
            "rule",
            "a path is too deep",
            "One component too deep.",
            &Draft::new().file(&deep, 0),
        ),
        refused(
            "path_twice",
            "rule",
            order,
            "One path, two contents.",
            &Draft::new().file("a", 0).file("a", 0),
        ),
        refused(
            "path_twice_as_folder",
            "rule",
            order,
            "One path as file and as folder.",
            &Draft::new().file("a", 0).path(4, b"a", 0),
        ),
        refused(
            "paths_not_in_order",
            "rule",
            order,
            "Ascending by component.",
            &Draft::new().file("b", 0).file("a", 0),
        ),
        refused(
            "paths_in_text_order",
            "rule",
            order,
            "a! sorts before a/b only as text.",
            &Draft::new().file("a!", 0).file("a/b", 0),
        ),
        refused(
            "message_behind_file",
            "rule",
            order,
            "Message, card, receipts come first.",
            &Draft::new().file("a", 0).small(1, 0),
        ),
        refused(
            "two_messages",
            "rule",
            order,
            "At most one of each.",
            &Draft::new().small(1, 0).small(1, 0),
        ),
        refused(
            "invitation_behind_file",
            "rule",
            order,
            "An invitation comes before paths, although its kind is higher.",
            &Draft::new().file("a", 0).small(7, 0),
        ),
        refused(
            "two_invitations",
            "rule",
            order,
            "At most one of each.",
            &Draft::new().small(7, 0).small(7, 0),
        ),
        refused(
            "path_below_file",
            "rule",
            below,
            "a cannot be a file and a folder.",
            &Draft::new().file("a", 0).file("a/b", 0),
        ),
        refused(
            "path_below_empty_folder",
            "rule",
            below,
            "A listed folder is empty.",
            &Draft::new().path(4, b"a", 0).file("a/b", 0),
        ),
    ]
}

fn refused_sizes() -> Vec<VectorFile> {
    let entry = |condition, comment, draft: Draft| {
        refused(condition, "over-limit", "entry size", comment, &draft)
    };
    vec![
        entry(
            "message_over_1_mib",
            "Messages are held in memory.",
            Draft::new().small(1, MIB + 1).frame(0, 1 << 20).frame(0, 1),
        ),
        entry(
            "receipts_over_1_mib",
            "Receipts are held in memory.",
            Draft::new().small(3, MIB + 1).frame(0, 1 << 20).frame(0, 1),
        ),
        entry(
            "invitation_over_64_kib",
            "Invitations are held in memory.",
            Draft::new().small(7, 65_537).frame(0, 65_537),
        ),
        entry(
            "folder_with_content",
            "A folder has no bytes.",
            Draft::new().path(4, b"a", 1).frame(0, 1),
        ),
        entry(
            "file_over_100_gib",
            "More than a bundle holds.",
            Draft::new().file("a", CONTENT_MAX + 1),
        ),
        entry(
            "file_of_2_to_the_64",
            "A size that overflows when it is added to.",
            Draft::new().file("a", u64::MAX).file("b", 1),
        ),
        refused(
            "content_over_100_gib",
            "over-limit",
            "content size",
            "Together more than a bundle holds.",
            &Draft::new().file("a", CONTENT_MAX).file("b", 1),
        ),
    ]
}

fn refused_frames() -> Vec<VectorFile> {
    let cover = "the frames do not cover the content";
    let length = "a frame has a length it cannot have";
    let file = |size_bytes| Draft::new().file("a", size_bytes);
    let refused = |condition, reason, comment, draft: Draft| {
        refused(condition, "rule", reason, comment, &draft)
    };
    vec![
        refused("frame_missing", cover, "Content without a frame.", file(5)),
        refused(
            "frame_too_many",
            cover,
            "A frame without content.",
            file(5).frame(0, 5).frame(0, 1),
        ),
        refused(
            "frame_without_content",
            cover,
            "A frame in an empty bundle.",
            Draft::new().frame(0, 1),
        ),
        refused(
            "frame_short",
            length,
            "A stored frame has the length of its content.",
            file(5).frame(0, 4),
        ),
        refused(
            "frame_long",
            length,
            "A stored frame has the length of its content.",
            file(5).frame(0, 6),
        ),
        refused(
            "frame_of_no_bytes",
            length,
            "A compressed frame has bytes.",
            file(5).frame(1, 0),
        ),
        refused(
            "frame_compressed_to_more",
            length,
            "What does not shrink is stored: a compressed frame is shorter than its content.",
            file(5).frame(1, 5),
        ),
        refused(
            "frame_of_4_gib",
            length,
            "No frame is longer than 1 MiB.",
            file(5).frame(1, u32::MAX),
        ),
        refused(
            "frame_first_not_full",
            length,
            "Every frame but the last holds 1 MiB.",
            file(MIB + 5).frame(0, 5).frame(0, 1 << 20),
        ),
    ]
}

fn refused_forms() -> Vec<VectorFile> {
    let right = Draft::new().small(1, 5).frame(0, 5);
    let bytes = right.bytes();
    let raw = |condition, kind, reason, comment: &str, bytes: Vec<u8>| {
        VectorFile::failure("manifest", condition, kind, comment)
            .with("reason", reason)
            .bytes(bytes)
    };
    let cut = |condition, field: &'static str, len: usize| {
        let comment = format!("Cut inside the field: {field}.");
        raw(
            condition,
            "truncated",
            field,
            &comment,
            bytes[..len].to_vec(),
        )
    };
    let mut writer = Writer::new();
    writer.u8(1).u32(1_000_001);
    let too_many_entries = writer.into_bytes();
    let mut writer = Writer::new();
    writer.u8(1).u32(0).u32(u32::MAX);
    let too_many_frames = writer.into_bytes();
    vec![
        refused(
            "version_2",
            "unknown",
            "manifest version",
            "A version that is not known.",
            &Draft {
                version: 2,
                ..Draft::new()
            },
        ),
        refused(
            "entry_kind_0",
            "unknown",
            "entry kind",
            "Kinds begin at 1.",
            &Draft::new().small(0, 0),
        ),
        refused(
            "entry_kind_8",
            "unknown",
            "entry kind",
            "A kind that is not known.",
            &Draft::new().small(8, 0),
        ),
        refused(
            "frame_kind_2",
            "unknown",
            "frame kind",
            "Stored or compressed, nothing else.",
            &Draft::new().small(1, 5).frame(2, 5),
        ),
        raw(
            "entries_over_limit",
            "over-limit",
            "entries",
            "A count over the limit is refused before an entry is read.",
            too_many_entries,
        ),
        raw(
            "frames_over_limit",
            "over-limit",
            "frames",
            "A count over the limit is refused before a frame is read.",
            too_many_frames,
        ),
        cut("zero_bytes", "manifest version", 0),
        cut("cut_in_count", "entries", 3),
        cut("cut_in_entry", "entry size", 9),
        cut("cut_in_frames", "frame hash", bytes.len() - 1),
        raw(
            "trailing_byte",
            "trailing-bytes",
            "manifest",
            "Nothing follows the frames.",
            [bytes.as_slice(), &[0]].concat(),
        ),
    ]
}
