//! What is on a stick and is not ours: counted, never opened, never touched.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Read as _,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::Path,
};

use carriers::stick::{PartName, Stick, StickError};
use rustix::fs::{FileType, Mode};
use tempfile::TempDir;

use crate::faulty_fs::FaultyFs;

fn name(stem: &str) -> PartName {
    PartName::new(stem).unwrap()
}

/// Things that a hostile or careless stick holds under names of ours and under others.
fn fill_with_oddities(path: &Path) -> u64 {
    let long = "x".repeat(251);
    let odd_names: [&[u8]; 9] = [
        b"holiday.jpg",
        b"two\nlines.bin",
        b"not-utf8-\xff\xfe.bin",
        b"-\x1b[31m.bin",
        b".bin",
        b"a.b.bin",
        b"abcdefghijklmnopqrstuvwxyz-0123456789.bin",
        "ümlaut.part".as_bytes(),
        long.as_bytes(),
    ];
    for odd in odd_names {
        fs::write(path.join(OsStr::from_bytes(odd)), b"someone else's").unwrap();
    }
    fs::write(path.join("empty.bin"), b"").unwrap();
    File::create(path.join("huge.bin"))
        .unwrap()
        .set_len((1 << 30) + 4097)
        .unwrap();
    symlink("/etc/passwd", path.join("link.bin")).unwrap();
    symlink("/etc/passwd", path.join("link.part")).unwrap();
    symlink("nowhere", path.join("dangling.bin")).unwrap();
    fs::create_dir(path.join("folder.bin")).unwrap();
    fs::create_dir(path.join("folder.part")).unwrap();
    let mode = Mode::RUSR | Mode::WUSR;
    for pipe in ["pipe.bin", "pipe.part"] {
        rustix::fs::mknodat(rustix::fs::CWD, path.join(pipe), FileType::Fifo, mode, 0).unwrap();
    }
    odd_names.len() as u64 + 9
}

#[test]
fn foreign_entries_are_counted_and_left_alone() {
    let dir = TempDir::new().unwrap();
    let foreign_count = fill_with_oddities(dir.path());
    fs::write(dir.path().join("ours-1.bin"), b"one").unwrap();
    fs::write(dir.path().join("OURS-2.BIN"), b"second").unwrap();
    let listed = || fs::read_dir(dir.path()).unwrap().count();
    let before = listed();

    let stick = Stick::open(dir.path()).unwrap();
    let scan = stick.scan().unwrap();
    let parts: Vec<_> = scan
        .parts
        .iter()
        .map(|part| (part.name.as_str(), part.size_bytes))
        .collect();
    assert_eq!(parts, [("ours-1", 3), ("ours-2", 6)]);
    assert_eq!(scan.leftovers, []);
    assert_eq!(scan.foreign_count, foreign_count);
    assert_eq!(stick.remove_leftovers(&[]).unwrap(), 0);
    assert_eq!(listed(), before);
}

#[test]
fn links_pipes_and_folders_are_never_written_or_removed() {
    let dir = TempDir::new().unwrap();
    fill_with_oddities(dir.path());
    let stick = Stick::open(dir.path()).unwrap();
    for stem in ["link", "pipe", "folder", "dangling", "empty", "huge"] {
        let err = stick.create_part(&name(stem), 10).unwrap_err();
        assert!(matches!(err, StickError::NotOurs { .. }), "{stem}: {err}");
    }
    for stem in ["link", "pipe", "folder", "dangling"] {
        let err = stick.remove_part(&name(stem)).unwrap_err();
        assert!(matches!(err, StickError::NotOurs { .. }), "{stem}: {err}");
    }
    // The final names are free, but the temporary ones are not regular files.
    for stem in ["link", "pipe"] {
        fs::remove_file(dir.path().join(format!("{stem}.bin"))).unwrap();
        let err = stick.create_part(&name(stem), 10).unwrap_err();
        assert!(matches!(err, StickError::NotOurs { .. }), "{stem}: {err}");
    }
}

#[test]
fn file_with_a_second_name_is_not_written_to() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("diary.txt"), b"dear diary").unwrap();
    fs::hard_link(dir.path().join("diary.txt"), dir.path().join("a.part")).unwrap();
    let stick = Stick::open(dir.path()).unwrap();
    let err = stick.create_part(&name("a"), 10).unwrap_err();
    assert!(matches!(err, StickError::NotOurs { .. }), "{err}");
    assert_eq!(
        fs::read(dir.path().join("diary.txt")).unwrap(),
        b"dear diary"
    );
}

#[test]
fn file_swapped_after_the_scan_is_not_read() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a.bin");
    fs::write(&path, b"before").unwrap();
    let stick = Stick::open(dir.path()).unwrap();
    let part = stick.scan().unwrap().parts.remove(0);

    fs::write(&path, b"longer than before").unwrap();
    let err = stick.open_part(&part).unwrap_err();
    assert!(
        matches!(
            err,
            StickError::PartChangedSize {
                found_bytes: 18,
                ..
            }
        ),
        "{err}"
    );

    fs::remove_file(&path).unwrap();
    symlink("/etc/passwd", &path).unwrap();
    let err = stick.open_part(&part).unwrap_err();
    assert!(matches!(err, StickError::NotOurs { .. }), "{err}");

    fs::remove_file(&path).unwrap();
    let err = stick.open_part(&part).unwrap_err();
    assert!(matches!(err, StickError::Gone { .. }), "{err}");
}

#[test]
fn part_is_read_in_order_and_at_random() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("A.Bin"), b"0123456789").unwrap();
    let stick = Stick::open(dir.path()).unwrap();
    let part = stick.scan().unwrap().parts.remove(0);
    let mut reader = stick.open_part(&part).unwrap();
    assert_eq!(reader.size_bytes(), 10);
    let mut middle = [0; 4];
    reader.read_exact_at(&mut middle, 3).unwrap();
    assert_eq!(&middle, b"3456");
    let mut all = Vec::new();
    reader.read_to_end(&mut all).unwrap();
    assert_eq!(all, b"0123456789");
    let err = reader.read_exact_at(&mut middle, 8).unwrap_err();
    assert!(matches!(
        err,
        StickError::PartChangedSize {
            expected_bytes: 12,
            found_bytes: 10,
            ..
        }
    ));
    reader.read_exact_at(&mut middle, u64::MAX).unwrap_err();

    File::options()
        .write(true)
        .open(dir.path().join("A.Bin"))
        .unwrap()
        .set_len(5)
        .unwrap();
    let mut reader = stick.open_part(&stick.scan().unwrap().parts[0]).unwrap();
    File::options()
        .write(true)
        .open(dir.path().join("A.Bin"))
        .unwrap()
        .set_len(2)
        .unwrap();
    reader.read_to_end(&mut all).unwrap_err();
    reader.read_exact_at(&mut middle, 0).unwrap_err();
}

#[test]
fn two_spellings_of_one_name_are_one_part() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("SAME.BIN"), b"upper").unwrap();
    fs::write(dir.path().join("same.bin"), b"low").unwrap();
    let stick = Stick::open(dir.path()).unwrap();
    let scan = stick.scan().unwrap();
    assert_eq!(
        (
            scan.parts.len(),
            scan.parts[0].size_bytes,
            scan.foreign_count
        ),
        (1, 3, 1)
    );
    stick.remove_part(&name("same")).unwrap();
    assert!(!dir.path().join("same.bin").exists());
    stick.remove_part(&name("same")).unwrap();
    assert!(!dir.path().join("SAME.BIN").exists());
    stick.remove_part(&name("same")).unwrap();
}

#[test]
fn a_hundred_thousand_foreign_files_are_counted() {
    let dir = TempDir::new().unwrap();
    for index in 0..100_000 {
        File::create(dir.path().join(format!("{index}.txt"))).unwrap();
    }
    fs::write(dir.path().join("a.bin"), b"ours").unwrap();
    let scan = Stick::open(dir.path()).unwrap().scan().unwrap();
    assert_eq!((scan.parts.len(), scan.foreign_count), (1, 100_000));
}

#[test]
fn endless_directory_is_refused() {
    let dir = TempDir::new().unwrap();
    let fs = FaultyFs {
        endless: true,
        ..FaultyFs::default()
    };
    let err = Stick::with_fs(dir.path(), fs).unwrap().scan().unwrap_err();
    assert!(
        matches!(
            err,
            StickError::TooManyEntries {
                entries_max: 200_000
            }
        ),
        "{err}"
    );
}

#[test]
fn absent_directory_is_not_created() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("stick");
    assert!(matches!(
        Stick::open(&path),
        Err(StickError::NotThere { .. })
    ));
    assert!(!path.exists());
    fs::write(&path, b"a file").unwrap();
    assert!(matches!(
        Stick::open(&path),
        Err(StickError::NotADirectory { .. })
    ));
}

#[test]
fn free_space_is_told() {
    let dir = TempDir::new().unwrap();
    let stick = Stick::open(dir.path()).unwrap();
    assert!(stick.free_bytes().unwrap() > 0);
    assert!(stick.is_writable().unwrap());
}
