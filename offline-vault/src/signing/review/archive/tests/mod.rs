//! What programs would unpack is what is listed, or the list says that it is not whole.

mod tar;
mod zip;

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

impl Bytes for Vec<u8> {
    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }

    fn bytes_at(&self, offset: u64, len: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        let begin = usize::try_from(offset).unwrap();
        let bytes = begin
            .checked_add(len)
            .and_then(|end| self.get(begin..end))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Zeroizing::new(bytes.to_vec()))
    }

    fn stream(&self) -> impl Read {
        self.as_slice()
    }
}

fn listing(bytes: &[u8]) -> Listing {
    let bytes = bytes.to_vec();
    list_bytes(type_of(&bytes), &bytes)
}

/// The lines of an archive of which all is listed.
#[track_caller]
fn whole(bytes: &[u8]) -> Vec<String> {
    match listing(bytes) {
        Listing::Whole(entries) => entries.iter().map(ToString::to_string).collect(),
        Listing::Partial(_, why) => panic!("not all is listed: {why}"),
        Listing::NotAnArchive => panic!("not an archive"),
    }
}

/// The lines of an archive that is listed in part, and why.
#[track_caller]
fn partial(bytes: &[u8]) -> (Vec<String>, String) {
    match listing(bytes) {
        Listing::Partial(entries, why) => (entries.iter().map(ToString::to_string).collect(), why),
        Listing::Whole(entries) => panic!("all is listed: {entries:?}"),
        Listing::NotAnArchive => panic!("not an archive"),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// Whatever it is, the list of it stays small.
fn must_stay_bounded(bytes: &[u8]) {
    if let Listing::Whole(entries) | Listing::Partial(entries, _) = listing(bytes) {
        assert!(entries.len() <= ENTRIES_MAX);
        let shown: usize = entries.iter().map(|entry| entry.to_string().len()).sum();
        assert!(shown <= NAME_BYTES_MAX + 128 * entries.len());
    }
}

proptest! {
    #[test]
    fn no_changed_archive_panics(
        kind in 0..3_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end in proptest::option::of(any::<prop::sample::Index>()),
        twice in any::<bool>(),
    ) {
        let sample = [tar::sample(), gzip(&tar::sample()), zip::sample()];
        let mut bytes = sample[kind].clone();
        for (at, byte) in changes {
            let len = bytes.len();
            bytes[at.index(len)] = byte;
        }
        if kind == 0 && twice {
            tar::mend_sums(&mut bytes);
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len()));
        }
        must_stay_bounded(&bytes);
    }

    #[test]
    fn no_bytes_behind_a_magic_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for found in [Type::Tar, Type::Gzip, Type::Zstd, Type::Zip] {
            list_bytes(found, &bytes);
        }
    }

    #[test]
    fn a_target_between_quotation_marks_is_told_from_every_other(
        one in "[\\\\\"u{2} ]{0,8}", other in "[\\\\\"u{2} ]{0,8}",
    ) {
        let shown = [&one, &other].map(|text| in_quotation_marks(text.as_bytes()));
        prop_assert_eq!(shown[0].matches('"').count(), 2);
        prop_assert_eq!(shown[0] == shown[1], one == other);
    }
}

#[test]
fn paths_that_leave_their_folder_are_found() {
    for path in ["/etc/passwd", "a/../../b", "..", "C:\\x", "\\x", "a\\..\\b"] {
        assert!(leaves_folder(path.as_bytes()), "{path}");
    }
    for path in ["a/b", "a..b/c", "./a", ".git"] {
        assert!(!leaves_folder(path.as_bytes()), "{path}");
    }
}

#[test]
fn a_file_is_named_by_its_first_bytes() {
    assert_eq!(type_of(b"\x7fELF\x02"), Type::Elf);
    assert_eq!(type_of(b"nothing in particular"), Type::Unknown);
    assert_eq!(type_of(b""), Type::Unknown);
}

#[test]
fn names_do_not_fill_the_memory() {
    let mut entries = Entries::default();
    let name = vec![b'x'; 60_000];
    let pushed = (0..1000).map(|_| entries.push(Entry::new(Kind::File, 0, &name, None)));
    let failed = pushed.filter(Result::is_err).count();
    assert!(failed > 900);
    assert!(entries.listed.len() < 100);
}
