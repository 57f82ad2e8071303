//! What a second run does with what the first one left.

use std::{fs, path::Path};

use carriers::stick::{PartName, Stick, StickError};
use tempfile::TempDir;

const CHUNK: usize = 64 << 10;

fn content() -> Vec<u8> {
    (0..3_000_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 9).to_le_bytes()[0])
        .collect()
}

/// Writes all of `content` over a leftover and returns how many bytes of it were reused.
fn resume(dir: &Path, leftover: &[u8]) -> usize {
    let (name, content) = (PartName::new("part-1").unwrap(), content());
    fs::write(dir.join("part-1.part"), leftover).unwrap();
    let stick = Stick::open(dir).unwrap();
    assert_eq!(stick.scan().unwrap().leftovers, std::slice::from_ref(&name));
    let mut writer = stick.create_part(&name, content.len() as u64).unwrap();
    for piece in content.chunks(10_007) {
        writer.write_all(piece).unwrap();
    }
    let reused = usize::try_from(writer.bytes_reused()).unwrap();
    let written = writer.finish().unwrap();
    assert_eq!(written.digest(), blake3::hash(&content));
    assert_eq!(written.size_bytes(), content.len() as u64);
    stick.settle(&[written]).unwrap();
    assert!(fs::read(dir.join("part-1.bin")).unwrap() == content);
    assert!(!dir.join("part-1.part").exists());
    reused
}

#[test]
fn interrupted_part_goes_on_at_the_last_whole_chunk() {
    let dir = TempDir::new().unwrap();
    assert_eq!(
        resume(dir.path(), &content()[..1_000_000]),
        1_000_000 / CHUNK * CHUNK
    );
}

#[test]
fn damaged_leftover_heals_from_the_damaged_chunk_on() {
    let dir = TempDir::new().unwrap();
    let mut leftover = content()[..2_000_000].to_vec();
    leftover[700_000] ^= 0x80;
    assert_eq!(resume(dir.path(), &leftover), 700_000 / CHUNK * CHUNK);
}

#[test]
fn leftover_of_other_content_is_written_over() {
    let dir = TempDir::new().unwrap();
    assert_eq!(resume(dir.path(), &vec![0xa5; 4_000_000]), 0);
}

#[test]
fn complete_leftover_is_reused_and_cut_to_size() {
    let dir = TempDir::new().unwrap();
    let mut leftover = content();
    leftover.extend_from_slice(b"and bytes that a crash left behind");
    assert_eq!(resume(dir.path(), &leftover), content().len());
}

#[test]
fn small_part_is_reused_whole() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("a.part"), b"small").unwrap();
    let stick = Stick::open(dir.path()).unwrap();
    let mut writer = stick.create_part(&PartName::new("a").unwrap(), 5).unwrap();
    writer.write_all(b"sma").unwrap();
    assert_eq!(writer.bytes_reused(), 0);
    writer.write_all(b"ll").unwrap();
    assert_eq!(writer.bytes_reused(), 5);
    stick.settle(&[writer.finish().unwrap()]).unwrap();
}

#[test]
fn empty_leftover_is_filled() {
    let dir = TempDir::new().unwrap();
    assert_eq!(resume(dir.path(), &[]), 0);
}

#[test]
fn dropped_writer_leaves_what_it_wrote() {
    let dir = TempDir::new().unwrap();
    let (name, content) = (PartName::new("part-1").unwrap(), content());
    let stick = Stick::open(dir.path()).unwrap();
    let mut writer = stick.create_part(&name, content.len() as u64).unwrap();
    writer.write_all(&content[..2_500_000]).unwrap();
    drop(writer);
    let leftover = fs::read(dir.path().join("part-1.part")).unwrap();
    assert_eq!(leftover.len(), 2 << 20);
    assert_eq!(resume(dir.path(), &leftover), 2 << 20);
}

#[test]
fn refuses_to_begin_a_part_that_is_there() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("a.bin"), b"there").unwrap();
    let stick = Stick::open(dir.path()).unwrap();
    let err = stick
        .create_part(&PartName::new("a").unwrap(), 3)
        .unwrap_err();
    assert!(matches!(err, StickError::AlreadyThere { .. }), "{err}");
    let found = stick.scan().unwrap().parts;
    assert_eq!(
        stick.check_part(&found[0]).unwrap().digest(),
        blake3::hash(b"there")
    );
}

#[test]
fn refuses_more_and_fewer_bytes_than_announced() {
    let dir = TempDir::new().unwrap();
    let stick = Stick::open(dir.path()).unwrap();
    let name = PartName::new("a").unwrap();
    let mut writer = stick.create_part(&name, 3).unwrap();
    let err = writer.write_all(b"four").unwrap_err();
    assert!(
        matches!(err, StickError::WrongLength { given_bytes: 4, .. }),
        "{err}"
    );
    let mut writer = stick.create_part(&name, 3).unwrap();
    writer.write_all(b"no").unwrap();
    let err = writer.finish().unwrap_err();
    assert!(
        matches!(err, StickError::WrongLength { given_bytes: 2, .. }),
        "{err}"
    );
    assert_eq!(stick.scan().unwrap().parts, []);
    for size_bytes in [0, (1 << 30) + 4097, u64::MAX] {
        let err = stick.create_part(&name, size_bytes).unwrap_err();
        assert!(matches!(err, StickError::SizeOutOfRange { .. }), "{err}");
    }
}

#[test]
fn removes_leftovers_but_those_to_keep() {
    let dir = TempDir::new().unwrap();
    for file_name in ["a.part", "B.PART", "c.part", "c.bin", "download file.part"] {
        fs::write(dir.path().join(file_name), b"x").unwrap();
    }
    let stick = Stick::open(dir.path()).unwrap();
    assert_eq!(
        stick
            .remove_leftovers(&[PartName::new("a").unwrap()])
            .unwrap(),
        2
    );
    let mut left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["a.part", "c.bin", "download file.part"]);
}
