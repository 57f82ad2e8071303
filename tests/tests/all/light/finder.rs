//! Whoever finds the pictures, the pages or the pieces that have arrived reads nothing in them.

use std::fs;
use std::path::PathBuf;

use super::pair::{Pair, film_in_part, show_in_pictures};
use super::pictures::folder_of;
use crate::people::{
    AMINA, AMINAS_PASSPHRASE, BILAL, BILALS_PASSPHRASE, entries, files_below, text_of,
};

#[test]
fn nothing_that_crosses_by_light_shows_what_it_is_or_whose() {
    let pair = Pair::new();
    let file = pair.path(FILE_NAME);
    fs::write(&file, CONTENT.repeat(300)).unwrap();
    let message = format!("--message={MESSAGE}");
    let arguments = ["send", "--to", "bilal", text_of(&file), &message];
    pair.amina.vault(&arguments).ok();
    let shown = pair.path("shown");
    show_in_pictures(&pair.amina, &shown);
    let some = folder_of(&pair.path("some"), &entries(&shown)[..5]);
    film_in_part(&pair.bilal, &some);
    let pdf = pair.path("pages.pdf");
    pair.amina.vault(&["sync", "--pdf", text_of(&pdf)]).ok();

    let pieces = files_below(&pair.bilal.vault_dir().join("spool"));
    let is_by_light = |path: &&PathBuf| path.iter().any(|part| part == "light");
    let pieces: Vec<_> = pieces.iter().filter(is_by_light).cloned().collect();
    assert_eq!(pieces.len(), 1, "{pieces:?}");
    assert!(fs::metadata(&pieces[0]).unwrap().len() > 5 * 24 * 60);
    let found = entries(&shown).into_iter().chain(pieces).chain([pdf]);
    for path in found {
        let bytes = fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        for canary in CANARIES {
            let is_in = |bytes: &[u8]| {
                let mut windows = bytes.windows(canary.len());
                windows.any(|seen| seen.eq_ignore_ascii_case(canary.as_bytes()))
            };
            assert!(!is_in(&bytes), "{canary:?} in {path:?}");
            assert!(!is_in(name.as_bytes()), "{canary:?} in the name {path:?}");
        }
    }
}

const CANARIES: &[&str] = &[
    AMINA,
    BILAL,
    AMINAS_PASSPHRASE,
    BILALS_PASSPHRASE,
    MESSAGE,
    "before the magistrate",
    FILE_NAME,
    CONTENT,
    "harbour",
    "cellar",
];
const MESSAGE: &str = "Tell nobody before the magistrate has signed.";
const FILE_NAME: &str = "witness-seventeen.txt";
const CONTENT: &str = "She saw the lorry at the quay that night. ";
