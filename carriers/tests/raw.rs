//! Parts on a medium without a file system.

use std::{fs, os::unix::fs::FileExt as _, path::Path};

use carriers::{
    limits::{PART_BYTES_MAX, RAW_HEAD_BYTES},
    raw::{RawError, RawFound, RawReader, RawWriter},
};
use tempfile::TempDir;

const JUNK: u8 = 0x5a;
const FILL: u8 = 0xc3;

/// A stand-in for a keyed mark: the pack layer's is not a fixed text.
const MARK: &[u8; 16] = b"only the test's ";

fn part(size_bytes: usize, seed: u8) -> Vec<u8> {
    let mut part = vec![seed; size_bytes];
    part[..16].copy_from_slice(MARK);
    part[16..24].copy_from_slice(&(size_bytes as u64).to_le_bytes());
    part
}

fn recognise(head: &[u8; RAW_HEAD_BYTES]) -> Option<u64> {
    head.starts_with(MARK)
        .then(|| u64::from_le_bytes(*head[16..].first_chunk().unwrap()))
}

fn image(dir: &TempDir, size_bytes: usize) -> std::path::PathBuf {
    let path = dir.path().join("image.raw");
    fs::write(&path, vec![JUNK; size_bytes]).unwrap();
    path
}

fn write(path: &Path, start_bytes: u64, parts: &[Vec<u8>]) -> Vec<RawFound> {
    let mut raw = RawWriter::open(path, start_bytes, |gap| gap.fill(FILL)).unwrap();
    let mut places = Vec::new();
    for bytes in parts {
        let mut part = raw.begin_part(bytes.len() as u64).unwrap();
        for piece in bytes.chunks(100_003) {
            part.write_all(piece).unwrap();
        }
        places.push(part.finish().unwrap());
    }
    raw.finish().unwrap();
    places
}

fn find_all(path: &Path) -> Vec<RawFound> {
    let mut reader = RawReader::open(path).unwrap();
    std::iter::from_fn(|| reader.find_next(recognise).unwrap()).collect()
}

#[test]
fn three_parts_are_found_among_junk() {
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 6 << 20);
    let parts = [part(1_500_001, 1), part(64, 2), part(1_048_576, 3)];
    let places = write(&path, 1_000_001, &parts);
    assert_eq!(places[0].offset_bytes, 1_003_520);
    assert_eq!(find_all(&path), places);

    let mut reader = RawReader::open(&path).unwrap();
    for (place, bytes) in places.iter().zip(&parts) {
        assert_eq!(place.offset_bytes % 512, 0);
        let mut read = vec![0; bytes.len()];
        reader.read_exact_at(place, &mut read, 0).unwrap();
        assert!(read == *bytes);
        let last = bytes.len() as u64 - 1;
        reader.read_exact_at(place, &mut [0], last).unwrap();
        let err = reader.read_exact_at(place, &mut [0, 0], last).unwrap_err();
        assert!(matches!(err, RawError::Ended { .. }), "{err}");
        reader.read_exact_at(place, &mut [0], u64::MAX).unwrap_err();
    }
}

#[test]
fn gaps_hold_only_what_the_caller_gives_and_the_rest_stays() {
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 16_384);
    write(&path, 4096, &[part(700, 1), part(100, 2)]);
    let bytes = fs::read(&path).unwrap();
    assert!(bytes[..4096].iter().all(|byte| *byte == JUNK));
    assert!(
        bytes[4096 + 700..4096 + 1024]
            .iter()
            .all(|byte| *byte == FILL)
    );
    assert!(
        bytes[4096 + 1124..4096 + 1536]
            .iter()
            .all(|byte| *byte == FILL)
    );
    assert!(bytes[4096 + 1536..].iter().all(|byte| *byte == JUNK));
    assert_eq!(bytes.len(), 16_384);
}

#[test]
fn copied_beginning_does_not_hide_the_parts_behind_it() {
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 4 << 20);
    let places = write(&path, 8192, &[part(5_000, 1), part(2_000_000, 2)]);
    let mut bytes = fs::read(&path).unwrap();
    let big = usize::try_from(places[1].offset_bytes).unwrap();
    let head = bytes[big..big + 64].to_vec();
    bytes[512..576].copy_from_slice(&head);
    fs::write(&path, bytes).unwrap();
    let found = find_all(&path);
    assert_eq!(found.len(), 3);
    assert_eq!(found[1..], places);
}

#[test]
fn impossible_lengths_and_cut_parts_are_skipped() {
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 1 << 20);
    let mut bytes = fs::read(&path).unwrap();
    for (at, claimed) in [
        (512, 0),
        (1024, PART_BYTES_MAX + 1),
        (1536, u64::MAX),
        (2048, 1 << 20),
    ] {
        bytes[at..at + 64].copy_from_slice(&part(64, 0));
        bytes[at + 16..at + 24].copy_from_slice(&claimed.to_le_bytes());
    }
    // A beginning of which less than 64 bytes are left.
    let end = bytes.len();
    bytes.extend_from_slice(&part(64, 0)[..63]);
    bytes[end - 512..end - 448].copy_from_slice(&part(64, 0));
    fs::write(&path, bytes).unwrap();
    let found = find_all(&path);
    let places: Vec<_> = found
        .iter()
        .map(|place| (place.offset_bytes, place.size_bytes))
        .collect();
    assert_eq!(places, [(end as u64 - 512, 64)]);
}

#[test]
fn empty_image_holds_nothing() {
    let dir = TempDir::new().unwrap();
    assert_eq!(find_all(&image(&dir, 0)), []);
}

#[test]
fn image_grows_with_its_parts() {
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 0);
    let places = write(&path, 0, &[part(3_000_000, 1)]);
    assert_eq!(find_all(&path), places);
    assert_eq!(fs::metadata(&path).unwrap().len(), 3_000_320);
}

#[test]
fn medium_that_changes_what_it_was_given_is_caught() {
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 1 << 20);
    let bytes = part(600_000, 1);
    let mut raw = RawWriter::open(&path, 4096, |gap| gap.fill(FILL)).unwrap();
    let mut writer = raw.begin_part(bytes.len() as u64).unwrap();
    writer.write_all(&bytes).unwrap();
    writer.finish().unwrap();
    // The first writes are on the medium by now, the last one comes with `finish`.
    let image = fs::File::options().write(true).open(&path).unwrap();
    image.write_all_at(b"\x00", 100_000).unwrap();
    let err = raw.finish().unwrap_err();
    assert!(matches!(err, RawError::ReadBackDiffers), "{err}");
}

#[test]
fn unfinished_part_fails_the_medium() {
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 10_000);
    let open = || RawWriter::open(&path, 0, |gap| gap.fill(FILL)).unwrap();

    let mut raw = open();
    raw.begin_part(100).unwrap().write_all(&[0; 99]).unwrap();
    assert!(matches!(
        raw.begin_part(1).err(),
        Some(RawError::WrongLength { .. })
    ));
    let err = raw.finish().unwrap_err();
    assert!(
        matches!(
            err,
            RawError::WrongLength {
                announced_bytes: 100,
                given_bytes: 99
            }
        ),
        "{err}"
    );

    let mut raw = open();
    let mut part = raw.begin_part(100).unwrap();
    part.write_all(&[0; 101]).unwrap_err();
    part.finish().unwrap_err();

    let mut raw = open();
    for size_bytes in [0, PART_BYTES_MAX + 1] {
        let err = raw.begin_part(size_bytes).err();
        assert!(matches!(err, Some(RawError::SizeOutOfRange { .. })));
    }
}

#[test]
fn only_media_and_existing_images_are_written() {
    let dir = TempDir::new().unwrap();
    let open = |path: &Path| {
        RawWriter::open(path, 0, |gap| gap.fill(FILL))
            .err()
            .unwrap()
    };
    let absent = dir.path().join("absent");
    assert!(matches!(open(&absent), RawError::NotThere { .. }));
    assert!(!absent.exists());
    let socket = dir.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [
        dir.path(),
        &socket,
        Path::new("/dev/null"),
        Path::new("/dev/tty"),
    ] {
        let err = open(path);
        assert!(
            matches!(err, RawError::NotAMedium { .. }),
            "{path:?}: {err}"
        );
    }
}

/// Where the machine shows no such device, for instance in a container, there is nothing to refuse.
#[test]
fn device_of_the_running_system_is_refused() {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let device = mounts.lines().find_map(|line| {
        let source = line.split(" - ").nth(1)?.split(' ').nth(1)?;
        (source.starts_with("/dev/") && Path::new(source).exists()).then(|| source.to_owned())
    });
    let Some(device) = device else { return };
    let err = RawWriter::open(Path::new(&device), 0, |gap| gap.fill(FILL))
        .err()
        .unwrap();
    assert!(matches!(err, RawError::Mounted { .. }), "{err}");
}
