//! Limits that no vector can hold, because the file would be too large.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use bundle_format::identity::DecapsulationKey;
use bundle_format::open::{OpenError, UncheckedBundle};
use bundle_format::slot::SlotOpener;
use pack_format::chunked::{ChunkedError, Cobblestone, ReadAt, SALT_BYTES};
use pack_format::codec::DecodeError;
use pack_format::item::Item;
use pack_format::limits::{
    BUNDLE_BYTES_MAX, PACK_BYTES_MAX, PACK_ITEMS_MAX, SIGNING_BYTES_MAX, SMALL_ITEM_BYTES_MAX,
};
use pack_format::pack::{ItemSink, OpenedPack, PackError};
use pack_format::padding::padme;
use pack_format::ratchet::PackSecret;
use pack_format::secret::Secret32;
use signing_format::git::limits::{OTHER_PARENTS_COMPARED_MAX, TREE_ENTRIES_MAX};
use signing_format::git::{
    Comparer, GitContent, ObjectFormat, ObjectKind, ParseError, RawObject, Tree,
};
use signing_format::openpgp::limits::{CERTIFICATE_BYTES_MAX, PACKETS_MAX};
use signing_format::openpgp::{self, DataSignature, OpenPgpFormatError, PublicKeys};

/// Says that it is as long as it likes, and must not be read.
struct Endless(u64);

impl ReadAt for Endless {
    fn read_exact_at(&self, _buf: &mut [u8], _offset: u64) -> io::Result<()> {
        panic!("what is too long is not read")
    }

    fn size_bytes(&self) -> u64 {
        self.0
    }
}

#[test]
fn a_bundle_over_its_limit_is_refused_before_it_is_read() {
    let key = DecapsulationKey::from_seed(Secret32::new([1; 32]));
    for size in [BUNDLE_BYTES_MAX + 1, u64::MAX] {
        let opened = UncheckedBundle::new(Endless(size)).unlock(&SlotOpener::new(&key, &[]));
        let refused = matches!(
            opened,
            Err(OpenError::Sealed(ChunkedError::Length { found_bytes })) if found_bytes == size
        );
        assert!(refused, "{size} bytes");
    }
}

#[test]
fn a_pack_over_its_limit_is_refused_before_it_is_read() {
    let secret = PackSecret::from_stored([1; 32]);
    for size in [PACK_BYTES_MAX + 1, u64::MAX] {
        let refused = matches!(
            OpenedPack::new(Endless(size), &secret),
            Err(PackError::Sealed(ChunkedError::Length { found_bytes })) if found_bytes == size
        );
        assert!(refused, "{size} bytes");
    }
}

#[derive(Default)]
struct Counted(u32);

impl ItemSink for Counted {
    fn bundle(&mut self, _size_bytes: u64, _body: &mut dyn Read) -> io::Result<()> {
        self.0 += 1;
        Ok(())
    }

    fn item(&mut self, _item: Item) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_pack_has_at_most_as_many_items_as_it_may() {
    let secret = PackSecret::from_stored([1; 32]);
    let cipher = Cobblestone::new(&secret.seal_key(), &[0; SALT_BYTES], b"causeway/pack/v1");
    for (items, accepted) in [(PACK_ITEMS_MAX, true), (PACK_ITEMS_MAX + 1, false)] {
        // Bundles of no bytes, and the end mark.
        let mut plain = [1, 0, 0, 0, 0, 0, 0, 0, 0].repeat(usize::try_from(items).unwrap());
        plain.extend_from_slice(&[0; 9]);
        plain.resize(usize::try_from(padme(plain.len() as u64)).unwrap(), 0);
        let mut pack = cipher.prefix().to_vec();
        cipher.seal_run(0, &plain, true, &mut pack);
        let mut sink = Counted::default();
        let read = OpenedPack::new(pack, &secret)
            .unwrap()
            .read_items(&mut sink);
        let too_many = matches!(&read, Err(PackError::Content(DecodeError::Rule { what }))
            if *what == "a pack has too many items");
        assert_eq!(
            (read.is_ok(), too_many),
            (accepted, !accepted),
            "{items} items"
        );
        assert!(sink.0 <= PACK_ITEMS_MAX + 1);
    }
}

#[test]
fn a_request_and_a_reply_have_at_most_60_kib() {
    for kind in [9, 10] {
        let item = Item::from_body(kind, &vec![0; SIGNING_BYTES_MAX]).unwrap();
        assert_eq!(item.body().len(), SIGNING_BYTES_MAX);
        let refused = Item::from_body(kind, &vec![0; SIGNING_BYTES_MAX + 1]);
        let over = matches!(refused, Err(DecodeError::OverLimit { found, limit, .. })
            if found == limit + 1 && limit == SIGNING_BYTES_MAX as u64);
        assert!(over, "kind {kind}");
    }
    assert!(SIGNING_BYTES_MAX < usize::try_from(SMALL_ITEM_BYTES_MAX).unwrap());
}

#[test]
fn what_is_told_of_requests_fits_into_an_item() {
    assert_eq!(signing_format::limits::REQUEST_BYTES_MAX, SIGNING_BYTES_MAX);
}

/// Every limit of signing-format, by file, and a vector or a test that stands on it.
const SIGNING_LIMITS: [(&str, &[(&str, &str)]); 3] = [
    ("limits.rs", FORMAT_LIMITS),
    ("git/limits.rs", GIT_LIMITS),
    ("openpgp/limits.rs", OPENPGP_LIMITS),
];
const FORMAT_LIMITS: &[(&str, &str)] = &[
    (
        "REQUEST_BYTES_MAX",
        "a_request_and_a_reply_have_at_most_60_kib",
    ),
    ("CONTENT_BYTES_MAX", "signing_request_content_over_1_gib"),
    ("NAME_BYTES_MAX", "signing_request_requester_over_255"),
    ("REASON_BYTES_MAX", "signing_request_reason_over_4096"),
    ("COMMENT_BYTES_MAX", "signing_request_comment_over_1024"),
    ("USER_IDS_MAX", "signing_request_certify_65"),
    ("USER_ID_BYTES_MAX", "signing_request_user_id_over_2048"),
    ("LIFE_SECS_MAX", "signing_request_life_over_30_days"),
    ("OBJECTS_MAX", "signing_request_git_501_objects"),
    ("APPROVALS_MAX", "signing_request_nine_approvals"),
    ("SIGNATURE_BYTES_MAX", "signing_reply_signature_over_48_kib"),
];
const GIT_LIMITS: &[(&str, &str)] = &[
    ("OBJECT_BYTES_MAX", "signing_git_content_object_over_32_mib"),
    ("MATERIAL_OBJECTS_MAX", "signing_git_content_20001_to_show"),
    (
        "DECOMPRESSED_BYTES_MAX",
        "rejects_a_bomb_and_what_follows_the_stream",
    ),
    (
        "SIGNED_BYTES_MAX",
        "rejects_trees_and_blobs_and_what_is_too_long_to_read",
    ),
    ("PARENTS_MAX", "signing_git_content_commit_of_129_parents"),
    (
        "HEADERS_MAX",
        "rejects_more_parents_and_headers_than_are_read",
    ),
    ("TREE_ENTRIES_MAX", "a_tree_of_too_many_entries_is_refused"),
    ("TREE_DEPTH_MAX", "a_directory_that_is_too_deep_is_named"),
    ("PATH_BYTES_MAX", "a_path_that_is_too_long_is_named"),
    ("DIFFERENCES_MAX", "a_bomb_of_trees_ends_and_is_named"),
    (
        "DIFFERENCE_PATHS_BYTES_MAX",
        "the_bytes_of_paths_that_are_listed_are_bounded",
    ),
    (
        "TREE_BYTES_COMPARED_MAX",
        "the_bytes_of_trees_that_are_read_are_bounded",
    ),
    (
        "OTHER_PARENTS_COMPARED_MAX",
        "a_merge_of_too_many_parents_does_not_say_what_is_its_own",
    ),
    (
        "TEXT_BYTES_MAX",
        "a_text_over_the_limit_is_not_shown_and_says_its_size",
    ),
    (
        "TEXT_BYTES_PER_REQUEST_MAX",
        "five_hundred_commits_of_huge_texts_stay_within_one_budget_of_bytes",
    ),
    (
        "LINES_PER_REQUEST_MAX",
        "five_hundred_commits_of_many_lines_stay_within_one_budget_of_lines",
    ),
    (
        "DIFF_LINES_MAX",
        "texts_of_very_many_lines_are_shown_as_removed_and_added",
    ),
    (
        "ARMOR_BYTES_MAX",
        "rejects_signatures_that_would_break_the_object",
    ),
];
const OPENPGP_LIMITS: &[(&str, &str)] = &[
    (
        "CERTIFICATE_BYTES_MAX",
        "openpgp_input_over_its_limit_is_refused",
    ),
    ("PACKETS_MAX", "openpgp_input_over_its_limit_is_refused"),
    (
        "SIGNATURE_BYTES_MAX",
        "openpgp_input_over_its_limit_is_refused",
    ),
    (
        "CLEARTEXT_LINE_BYTES_MAX",
        "texts_that_the_framework_would_change_are_refused",
    ),
    (
        "CLEARTEXT_BYTES_MAX",
        "texts_that_the_framework_would_change_are_refused",
    ),
];

#[test]
fn every_limit_of_signing_has_a_vector_or_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let sources = root.join("signing-format/src");
    let mut proofs: Vec<String> = crate::vectors::read_all()
        .iter()
        .map(|file| format!("{}_{}", file.part, file.condition))
        .collect();
    for folder in [
        &sources,
        &sources.join("git"),
        &sources.join("openpgp"),
        &root.join("tests/tests/all"),
    ] {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                let text = fs::read_to_string(path).unwrap();
                let tests = text.split("#[test]\n").skip(1);
                let names = tests.filter_map(|it| it.trim_start().strip_prefix("fn "));
                proofs.extend(names.filter_map(|it| Some(it.split_once('(')?.0.to_owned())));
            }
        }
    }
    for (file, table) in SIGNING_LIMITS {
        let text = fs::read_to_string(sources.join(file)).unwrap();
        let constants = text
            .lines()
            .filter_map(|line| line.strip_prefix("pub const "));
        let found: Vec<_> = constants
            .filter_map(|it| Some(it.split_once(':')?.0))
            .collect();
        let known: Vec<_> = table.iter().map(|(name, _)| *name).collect();
        assert_eq!(found, known, "{file}: each limit has a row here");
        for (name, proof) in table {
            assert!(
                proofs.iter().any(|it| it == proof),
                "{name}: no test {proof}"
            );
        }
    }
}

#[test]
fn a_tree_of_too_many_entries_is_refused() {
    let entries = |count: usize| {
        let names = (0..count).map(|number| format!("100644 {number:06}\0{}", "i".repeat(20)));
        RawObject::new(ObjectKind::Tree, names.collect::<String>().into_bytes()).unwrap()
    };
    let right = entries(TREE_ENTRIES_MAX);
    assert!(Tree::parse(&right, ObjectFormat::Sha1).is_ok());
    let over = Tree::parse(&entries(TREE_ENTRIES_MAX + 1), ObjectFormat::Sha1);
    assert!(matches!(over, Err(ParseError::TooMany { limit, .. }) if limit == TREE_ENTRIES_MAX));
}

/// A merge of `count` parents, all of which come with it.
fn merge_of(count: usize) -> GitContent {
    const PERSON: &str = "Amina <amina@example.org> 1800000000 +0100";
    let format = ObjectFormat::Sha1;
    let tree = RawObject::new(ObjectKind::Tree, Vec::new()).unwrap();
    let tree_id = tree.id(format).unwrap();
    let commit = |parents: &str, message: String| {
        let people = format!("author {PERSON}\ncommitter {PERSON}\n");
        let text = format!("tree {tree_id}\n{parents}{people}\n{message}\n");
        RawObject::new(ObjectKind::Commit, text.into_bytes()).unwrap()
    };
    let parents: Vec<_> = (0..count).map(|it| commit("", it.to_string())).collect();
    let lines: String = parents
        .iter()
        .map(|parent| format!("parent {}\n", parent.id(format).unwrap()))
        .collect();
    let merge = commit(&lines, "merge".to_owned());
    let material = parents.into_iter().chain([tree]).collect();
    GitContent::new(format, &[merge], material).unwrap()
}

#[test]
fn a_merge_of_too_many_parents_does_not_say_what_is_its_own() {
    for (others, known) in [
        (OTHER_PARENTS_COMPARED_MAX, true),
        (OTHER_PARENTS_COMPARED_MAX + 1, false),
    ] {
        let content = merge_of(others + 1);
        let merge = content.to_sign()[0].commit().unwrap();
        let changes = Comparer::new(&content).changes_of(merge);
        assert_eq!(changes.own_of_merge.is_some(), known, "{others} others");
    }
}

#[test]
fn openpgp_input_over_its_limit_is_refused() {
    let too_large = |len: usize| vec![0xc0; len];
    let certificate = PublicKeys::from_certificate(&too_large(CERTIFICATE_BYTES_MAX + 1));
    assert!(matches!(
        certificate,
        Err(OpenPgpFormatError::TooLarge { .. })
    ));
    let signature = DataSignature::parse(&too_large(openpgp::limits::SIGNATURE_BYTES_MAX + 1));
    assert!(matches!(
        signature,
        Err(OpenPgpFormatError::TooLarge { .. })
    ));
    // Markers, which mean nothing.
    let marker = [0xca, 3, b'P', b'G', b'P'];
    let packets = |count: usize| PublicKeys::from_certificate(&marker.repeat(count));
    let (right, over) = (packets(PACKETS_MAX), packets(PACKETS_MAX + 1));
    assert_ne!(format!("{right:?}"), format!("{over:?}"));
}
