//! Two people whose vaults are paired with each other, without couriers.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::people::{
    AMINA, AMINAS_PASSPHRASE, BILAL, BILALS_PASSPHRASE, Ran, Site, entries, noise, text_of,
};

/// Amina and Bilal, who know each other and whose vaults are paired.
pub(crate) struct Pair {
    pub(crate) amina: Site,
    pub(crate) bilal: Site,
    pub(crate) dir: TempDir,
}

impl Pair {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let amina = Site::new(dir.path(), AMINA, AMINAS_PASSPHRASE);
        let bilal = Site::new(dir.path(), BILAL, BILALS_PASSPHRASE);
        amina.meet(&bilal);
        bilal.meet(&amina);
        let arguments = ["pair", "show", "--name", "harbour", "--contact", "bilal"];
        let shown = amina.vault(&arguments).ok();
        let words = bilal.secret_file("pairing-words", &words(&shown["code"]));
        let arguments = ["pair", "type", "--name", "cellar", "--contact", "amina"];
        let file = ["--code-file", text_of(&words)];
        bilal.vault(&[&arguments[..], &file].concat()).ok();
        Self { amina, bilal, dir }
    }

    /// A path that nothing is at.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Amina sends Bilal a file of noise of so many bytes.
    pub(crate) fn send_noise(&self, bytes: usize) -> String {
        let path = self.path("noise.bin");
        std::fs::write(&path, noise(17, bytes)).unwrap();
        self.amina.send_file("bilal", &path)
    }

    /// Amina's vault writes what is due as pictures.
    pub(crate) fn pictures_of_amina(&self, name: &str) -> Vec<PathBuf> {
        let folder = self.path(name);
        show_in_pictures(&self.amina, &folder);
        entries(&folder)
    }
}

/// The vault writes what is due as pictures into a new folder.
pub(crate) fn show_in_pictures(site: &Site, folder: &Path) {
    site.vault(&["sync", "--images", text_of(folder)]).ok();
}

/// The vault films pictures.
pub(crate) fn film(site: &Site, source: &Path) -> Ran {
    site.vault(&["sync", "--camera", text_of(source)])
}

/// The vault films pictures of a pack, of which pieces are missing afterwards: how many have
/// arrived, of how many.
pub(crate) fn film_in_part(site: &Site, source: &Path) -> (u64, u64) {
    let answer = film(site, source).failed(1, "crossing-light-incomplete");
    assert_eq!(answer["taken_in"], Value::Array(Vec::new()), "{answer}");
    let pack = &answer["light"]["incoming"][0];
    let count = |name: &str| pack[name].as_u64().unwrap_or_else(|| panic!("{answer}"));
    (count("pieces"), count("needed"))
}

pub(crate) fn words(words: &Value) -> String {
    let words = words.as_array().unwrap().iter();
    let words: Vec<_> = words.map(|word| word.as_str().unwrap()).collect();
    words.join(" ")
}
