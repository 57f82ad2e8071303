//! Every call of a whole run goes wrong once, in every way.

use std::{collections::BTreeMap, fs, path::Path};

use carriers::stick::{PartName, Stick, StickError, StickFs};
use pack_format::advice::Advice as _;
use rustix::io::Errno;
use tempfile::TempDir;

use crate::faulty_fs::{Fault, FaultyFs};

/// Two parts: one of more than one write, one small.
pub(crate) fn two_parts() -> Vec<(PartName, Vec<u8>)> {
    let bytes = |len: u32, step: u32| -> Vec<u8> {
        (0..len)
            .map(|at| (at.wrapping_mul(step) >> 7).to_le_bytes()[0])
            .collect()
    };
    vec![
        (
            PartName::new("k3v9-first").unwrap(),
            bytes((1 << 20) + 70_017, 2_654_435_761),
        ),
        (PartName::new("q7").unwrap(), bytes(5_000, 40_503)),
    ]
}

/// What the pack layer does with a stick: check what is there, write what is missing, settle.
pub(crate) fn carry<F: StickFs>(
    path: &Path,
    fs: F,
    parts: &[(PartName, Vec<u8>)],
) -> Result<(), StickError> {
    let stick = Stick::with_fs(path, fs)?;
    let scan = stick.scan()?;
    let mut written = Vec::new();
    for (name, bytes) in parts {
        if let Some(found) = scan.parts.iter().find(|found| found.name == *name) {
            if stick.check_part(found)?.digest() == blake3::hash(bytes) {
                continue;
            }
            stick.remove_part(name)?;
        }
        let mut writer = stick.create_part(name, bytes.len() as u64)?;
        for piece in bytes.chunks(300_000) {
            writer.write_all(piece)?;
        }
        written.push(writer.finish()?);
    }
    stick.settle(&written)?;
    stick.remove_leftovers(&[]).map(|_| ())
}

fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(path)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

fn expected_files(parts: &[(PartName, Vec<u8>)]) -> BTreeMap<String, Vec<u8>> {
    parts
        .iter()
        .map(|(name, bytes)| (format!("{name}.bin"), bytes.clone()))
        .collect()
}

/// Runs with a fault at each call in turn, and once more without one.
fn fault_at_every_call(fault: Fault, prepare: impl Fn(&Path)) -> u32 {
    let parts = two_parts();
    let expected = expected_files(&parts);
    let mut failed_count = 0;
    for call_index in 0.. {
        let dir = TempDir::new().unwrap();
        prepare(dir.path());
        let fs = FaultyFs::with_fault(call_index, fault);
        let result = carry(dir.path(), fs.clone(), &parts);
        let context = format!(
            "{fault:?} at call {call_index}: {:?}",
            fs.calls().get(call_index)
        );
        for (file_name, bytes) in files(dir.path()) {
            if file_name.ends_with(".bin") {
                assert_eq!(
                    expected.get(&file_name),
                    Some(&bytes),
                    "{context}: {file_name}"
                );
            }
        }
        if let Err(err) = &result {
            failed_count += 1;
            assert!(err.code().starts_with("stick-"), "{context}: {err}");
            assert!(!err.to_string().contains("os error"), "{context}: {err}");
        }
        let is_over = fs.calls().len() <= call_index;
        let must_fail = matches!(fault, Fault::Fails(_) | Fault::Pulled) && !is_over;
        assert!(result.is_err() || !must_fail, "{context} was not reported");
        carry(dir.path(), FaultyFs::default(), &parts).expect(&context);
        assert!(
            files(dir.path()) == expected,
            "{context}: a second run does not complete the first"
        );
        if is_over {
            assert!(
                call_index > 30,
                "the scenario is shorter than it was: {call_index}"
            );
            return failed_count;
        }
    }
    unreachable!("every scenario ends")
}

/// What a run that was interrupted, and a stick that then decayed, leave behind.
fn leave_damaged_leftover(path: &Path) {
    let (name, bytes) = &two_parts()[0];
    let mut leftover = bytes[..900_000].to_vec();
    leftover[500_000] ^= 1;
    fs::write(path.join(format!("{name}.part")), leftover).unwrap();
    fs::write(
        path.join("older-run.part"),
        b"from a pack that is long confirmed",
    )
    .unwrap();
}

#[test]
fn any_failing_call_is_reported_and_a_second_run_completes() {
    for errno in [Errno::NOSPC, Errno::ROFS, Errno::IO, Errno::NODEV] {
        fault_at_every_call(Fault::Fails(errno), |_| ());
    }
}

#[test]
fn any_failing_call_while_resuming_is_reported_and_a_second_run_completes() {
    for errno in [Errno::NOSPC, Errno::IO] {
        fault_at_every_call(Fault::Fails(errno), leave_damaged_leftover);
    }
}

#[test]
fn stick_pulled_at_any_call_is_reported_and_a_second_run_completes() {
    fault_at_every_call(Fault::Pulled, |_| ());
    fault_at_every_call(Fault::Pulled, leave_damaged_leftover);
}

#[test]
fn flipped_bit_in_any_write_is_caught_when_settling() {
    let write_count = 3;
    assert_eq!(fault_at_every_call(Fault::FlipsBit, |_| ()), write_count);
}

#[test]
fn short_write_is_completed() {
    assert_eq!(fault_at_every_call(Fault::WritesShort, |_| ()), 0);
}

#[test]
fn flipped_bit_is_named_and_the_part_is_removed() {
    let dir = TempDir::new().unwrap();
    let counting = FaultyFs::default();
    carry(dir.path(), counting.clone(), &two_parts()).unwrap();
    let write_at = counting
        .calls()
        .iter()
        .position(|call| *call == "write_at")
        .unwrap();

    let dir = TempDir::new().unwrap();
    let fs = FaultyFs::with_fault(write_at, Fault::FlipsBit);
    let err = carry(dir.path(), fs, &two_parts()).unwrap_err();
    assert!(
        matches!(err, StickError::ReadBackDiffers { removed: true, .. }),
        "{err}"
    );
    assert_eq!(
        files(dir.path()).into_keys().collect::<Vec<_>>(),
        ["q7.bin"]
    );
}

#[test]
fn syncs_before_renaming_and_reads_back_last() {
    let dir = TempDir::new().unwrap();
    let fs = FaultyFs::default();
    let stick = Stick::with_fs(dir.path(), fs.clone()).unwrap();
    let mut writer = stick.create_part(&PartName::new("a").unwrap(), 3).unwrap();
    writer.write_all(b"abc").unwrap();
    let written = writer.finish().unwrap();
    stick.settle(&[written]).unwrap();
    let order = [
        "write_at",
        "sync_file",
        "rename_new",
        "sync_dir",
        "sync_all",
        "read_at",
    ];
    let calls = fs.calls();
    let mut rest = calls.iter();
    for call in order {
        assert!(
            rest.any(|made| *made == call),
            "{call} is missing or too early: {calls:?}"
        );
    }
}

#[test]
fn works_without_direct_reads_and_one_step_renames() {
    let dir = TempDir::new().unwrap();
    let fs = FaultyFs {
        renames_in_two_steps: true,
        direct_refused: true,
        ..FaultyFs::default()
    };
    carry(dir.path(), fs.clone(), &two_parts()).unwrap();
    assert_eq!(files(dir.path()), expected_files(&two_parts()));
    assert!(fs.calls().contains(&"forget_cached"));
}

#[test]
fn two_step_rename_never_replaces() {
    let dir = TempDir::new().unwrap();
    for renames_in_two_steps in [true, false] {
        let fs = FaultyFs {
            renames_in_two_steps,
            ..FaultyFs::default()
        };
        let stick = Stick::with_fs(dir.path(), fs).unwrap();
        let mut writer = stick.create_part(&PartName::new("a").unwrap(), 3).unwrap();
        writer.write_all(b"new").unwrap();
        fs::write(dir.path().join("a.bin"), b"old").unwrap();
        let err = writer.finish().unwrap_err();
        assert!(matches!(err, StickError::AlreadyThere { .. }), "{err}");
        assert_eq!(fs::read(dir.path().join("a.bin")).unwrap(), b"old");
        fs::remove_file(dir.path().join("a.bin")).unwrap();
    }
}

#[test]
fn full_stick_is_refused_before_a_byte_is_written() {
    let dir = TempDir::new().unwrap();
    let fs = FaultyFs {
        free_bytes: Some(1_000_000),
        ..FaultyFs::default()
    };
    let err = carry(dir.path(), fs.clone(), &two_parts()).unwrap_err();
    assert!(
        matches!(
            err,
            StickError::Full {
                free_bytes: 1_000_000,
                ..
            }
        ),
        "{err}"
    );
    assert_eq!(files(dir.path()), BTreeMap::new());
    assert!(!fs.calls().contains(&"write_at"));
}

#[test]
fn space_of_a_leftover_counts_as_free() {
    let dir = TempDir::new().unwrap();
    let parts = two_parts();
    let (name, bytes) = &parts[0];
    fs::write(dir.path().join(format!("{name}.part")), &bytes[..1_000_000]).unwrap();
    let fs = FaultyFs {
        free_bytes: Some(200_000),
        ..FaultyFs::default()
    };
    carry(dir.path(), fs, &parts).unwrap();
}

#[test]
fn read_only_stick_is_refused_before_a_byte_is_written() {
    let dir = TempDir::new().unwrap();
    let fs = FaultyFs {
        read_only: true,
        ..FaultyFs::default()
    };
    let stick = Stick::with_fs(dir.path(), fs.clone()).unwrap();
    assert!(!stick.is_writable().unwrap());
    let err = carry(dir.path(), fs, &two_parts()).unwrap_err();
    assert!(matches!(err, StickError::ReadOnly { .. }), "{err}");
    assert_eq!(files(dir.path()), BTreeMap::new());
}
