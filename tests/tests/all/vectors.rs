//! Runs every file of `spec/vectors`.

use std::collections::BTreeSet;
use std::fs;

use causeway_tests::vectors::file::VectorFile;
use causeway_tests::vectors::kind::KINDS;
use causeway_tests::vectors::run::{parts, run};
use causeway_tests::vectors::{all, spec_folder, with_example};

/// Every vector on disk: the folders are listed, and each must hold something.
pub(crate) fn read_all() -> Vec<VectorFile> {
    let folder = spec_folder().join("vectors");
    let mut files = Vec::new();
    for part in fs::read_dir(folder).unwrap() {
        let part = part.unwrap();
        let before = files.len();
        for file in fs::read_dir(part.path()).unwrap() {
            let file = file.unwrap();
            let names = [part.file_name(), file.file_name()];
            let names = names.map(|name| name.into_string().unwrap());
            let text = fs::read_to_string(file.path()).unwrap();
            files.push(VectorFile::from_text(&names.join("/"), &text));
        }
        assert!(files.len() > before, "{:?} is empty", part.path());
    }
    files.sort_by_key(VectorFile::path);
    files
}

#[test]
fn every_vector_has_the_outcome_that_it_says() {
    for vector in read_all() {
        let path = vector.path();
        match (vector.expect(), run(&vector)) {
            ("success", Ok(outs)) => assert_eq!(outs, vector.outs(), "{path}"),
            ("success", Err(failure)) => panic!("{path}: refused: {failure:?}"),
            (expected, Ok(_)) => panic!("{path}: accepted, not {expected}"),
            (expected, Err(failure)) => {
                let found = (failure.kind, failure.reason);
                assert_eq!(found, (expected, vector.header("reason")), "{path}");
            }
        }
    }
}

#[test]
fn every_key_of_every_vector_is_known() {
    for vector in read_all() {
        let path = vector.path();
        let part = parts().into_iter().find(|part| part.name == vector.part);
        let inputs = part
            .unwrap_or_else(|| panic!("{path}: no such part"))
            .inputs;
        for (key, _) in &vector.headers {
            let general = ["comment", "expect", "reason", "form"].contains(&key.as_str());
            let known = general || key.starts_with("out-") || inputs.contains(&key.as_str());
            assert!(known, "{path}: the key {key} means nothing");
        }
        let refused = vector.expect() != "success";
        assert!(
            !refused || vector.outs().is_empty(),
            "{path}: a refusal has no outcome"
        );
        assert!(
            refused || vector.header("reason").is_none(),
            "{path}: a success has no reason"
        );
    }
}

#[test]
fn every_part_and_every_kind_of_failure_has_a_vector() {
    let files = read_all();
    let found: BTreeSet<_> = files.iter().map(|file| file.part.as_str()).collect();
    assert_eq!(found, parts().iter().map(|part| part.name).collect());
    let kinds: BTreeSet<_> = files.iter().map(VectorFile::expect).collect();
    assert_eq!(kinds, KINDS.into_iter().chain(["success"]).collect());
}

#[test]
fn making_the_vectors_again_gives_the_same_files() {
    let mut made = all();
    made.sort_by_key(VectorFile::path);
    let on_disk = read_all();
    let names = |files: &[VectorFile]| files.iter().map(VectorFile::path).collect::<Vec<_>>();
    assert_eq!(names(&made), names(&on_disk), "run make_vectors");
    for (made, path) in made.iter().zip(names(&on_disk)) {
        let text = fs::read_to_string(spec_folder().join("vectors").join(&path)).unwrap();
        assert_eq!(made.to_text(), text, "{path}: run make_vectors");
    }
}

#[test]
fn the_example_of_the_specification_is_what_the_code_makes() {
    let document = fs::read_to_string(spec_folder().join("bundle.md")).unwrap();
    assert_eq!(with_example(&document), document, "run make_vectors");
}

/// The names in backticks on lines that begin with `Vector:` or `Vectors:`.
fn named(page: &str) -> BTreeSet<&str> {
    let lines = page.lines();
    let rest = lines.filter_map(|line| {
        line.strip_prefix("Vectors: ")
            .or_else(|| line.strip_prefix("Vector: "))
    });
    rest.flat_map(|names| names.split('`').skip(1).step_by(2))
        .collect()
}

#[test]
fn every_vector_that_a_page_names_exists() {
    let files = read_all();
    let names: BTreeSet<_> = files
        .iter()
        .map(|file| format!("{}_{}", file.part, file.condition))
        .collect();
    let mut found = 0;
    for page in fs::read_dir(spec_folder()).unwrap() {
        let path = page.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        for name in named(&fs::read_to_string(&path).unwrap()) {
            assert!(names.contains(name), "{}: no vector {name}", path.display());
            found += 1;
        }
    }
    assert!(found > 0, "no page names a vector");
}

#[test]
fn every_vector_of_signing_is_named_by_its_page() {
    let page = fs::read_to_string(spec_folder().join("signing.md")).unwrap();
    let named = named(&page);
    for file in read_all() {
        let name = format!("{}_{}", file.part, file.condition);
        let is_named = named.contains(name.as_str());
        assert!(is_named || !name.starts_with("signing_"), "{name}");
    }
}

#[test]
fn every_vector_of_a_space_is_named_by_its_page() {
    let page = fs::read_to_string(spec_folder().join("team.md")).unwrap();
    let named = named(&page);
    for file in read_all() {
        let name = format!("{}_{}", file.part, file.condition);
        let is_named = named.contains(name.as_str());
        assert!(is_named || !name.starts_with("team_"), "{name}");
    }
}

#[test]
fn the_request_of_the_page_is_the_one_of_the_vector() {
    let page = fs::read_to_string(spec_folder().join("signing.md")).unwrap();
    let path = "signing_request/signing_request_file_openpgp.txt";
    let text = fs::read_to_string(spec_folder().join("vectors").join(path)).unwrap();
    let vector = VectorFile::from_text(path, &text);
    let (_, rest) = page.split_once(path).unwrap();
    let (example, _) = rest.split_once("\n### ").unwrap();
    let hash = vector.header("out-request-hash").unwrap();
    assert!(example.contains(&format!("request hash: `{hash}`")));
    let mut at = 0;
    for row in example.lines().filter(|line| line.ends_with("` |")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let number = |cell: usize| cells[cell].parse::<usize>().unwrap();
        assert_eq!(number(1), at, "{row}");
        at += number(2);
        let bytes = data_encoding::HEXLOWER.encode(&vector.payload[number(1)..at]);
        let shown = cells[4].trim_matches('`');
        match shown.split_once('…') {
            Some((begin, end)) => {
                assert!(bytes.starts_with(begin) && bytes.ends_with(end), "{row}");
            }
            None => assert_eq!(bytes, shown, "{row}"),
        }
    }
    assert_eq!(at, vector.payload.len());
}
