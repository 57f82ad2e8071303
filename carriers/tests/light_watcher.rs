//! A watcher over files, with the readers of the product.

use std::{collections::BTreeSet, fs, time::Duration};

use carriers::light::{GreyPicture, Watched, Watcher, camera::open_source};
use tempfile::TempDir;

use crate::light_camera::{drawn, jpeg, pgm, y4m};

const LONG: Duration = Duration::from_secs(60);

struct Told {
    payloads: BTreeSet<Vec<u8>>,
    skipped: Vec<String>,
    hint_count: usize,
}

fn watch(path: &std::path::Path) -> Told {
    let watcher = Watcher::start(open_source(path).unwrap(), 2);
    let mut told = Told {
        payloads: BTreeSet::new(),
        skipped: Vec::new(),
        hint_count: 0,
    };
    loop {
        match watcher.next(LONG).expect("a file ends in time") {
            Watched::Payload(payload) => {
                told.payloads.insert(payload);
            }
            Watched::Skipped(name) => told.skipped.push(name),
            Watched::Nothing | Watched::Unreadable { .. } => told.hint_count += 1,
            Watched::Ended => return told,
            other => assert!(!matches!(other, Watched::Failed(_)), "{other:?}"),
        }
    }
}

fn payloads(count: u8) -> Vec<Vec<u8>> {
    (0..count).map(|number| vec![number; 60]).collect()
}

#[test]
fn all_codes_of_a_folder_are_told_and_the_bad_files_named() {
    let folder = TempDir::new().unwrap();
    let payloads = payloads(6);
    for (number, payload) in payloads.iter().enumerate() {
        let picture = drawn(payload);
        let (extension, bytes) = match number % 2 {
            0 => ("pgm", pgm(&picture)),
            _ => ("jpg", jpeg(&picture)),
        };
        fs::write(folder.path().join(format!("{number}.{extension}")), bytes).unwrap();
    }
    fs::write(folder.path().join("bad.png"), b"bad").unwrap();
    let told = watch(folder.path());
    assert_eq!(told.payloads, payloads.into_iter().collect());
    assert_eq!(told.skipped.len(), 1);
    assert!(told.skipped[0].contains("bad.png"), "{:?}", told.skipped);
}

#[test]
fn all_codes_of_a_film_are_told() {
    let folder = TempDir::new().unwrap();
    let payloads = payloads(20);
    let pictures: Vec<_> = payloads.iter().map(|payload| drawn(payload)).collect();
    let path = folder.path().join("film.y4m");
    fs::write(&path, y4m(&pictures)).unwrap();
    assert_eq!(watch(&path).payloads, payloads.into_iter().collect());
}

#[test]
fn picture_without_a_code_gives_a_hint() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("white.pgm");
    let white = GreyPicture::new(200, 200, vec![255; 200 * 200]).unwrap();
    fs::write(&path, pgm(&white)).unwrap();
    let told = watch(&path);
    assert!(told.payloads.is_empty());
    assert_eq!(told.hint_count, 1);
}
