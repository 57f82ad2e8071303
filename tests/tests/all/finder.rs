//! The finder has the stick, the seizer the locked vault, the relay its own disk: none of them
//! reads anything. One trip is played once, and everything outside the vaults is kept after each
//! step.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::people::{
    AMINA, AMINAS_PASSPHRASE, BILAL, BILALS_PASSPHRASE, COURIER, Site, VAULT, World, entries,
    files_below, noise, words_of,
};

/// A file as somebody could have copied it.
struct Copied {
    step: &'static str,
    path: PathBuf,
    bytes: Vec<u8>,
}

/// What lay around during one trip of a folder and a message, and the receipt back.
struct Trip {
    /// Files on sticks.
    sticks: Vec<Copied>,
    /// Files of the relay, the couriers and the locked vaults; those of sticks too.
    all: Vec<Copied>,
    /// What must not be seen anywhere, and what of it this is.
    canaries: Vec<(&'static str, String)>,
    relay_url: String,
}

fn trip() -> &'static Trip {
    static TRIP: OnceLock<Trip> = OnceLock::new();
    TRIP.get_or_init(play)
}

fn play() -> Trip {
    let world = World::new();
    let (amina, bilal) = (&world.amina, &world.bilal);
    let mut canaries = vec![
        ("a name", AMINA.to_owned()),
        ("a name", BILAL.to_owned()),
        ("a nickname", "amina".to_owned()),
        ("a nickname", "bilal".to_owned()),
        ("the text", MESSAGE.to_owned()),
        ("a part of the text", "before the magistrate".to_owned()),
        ("a file's name", FILE_NAME.to_owned()),
        ("a folder's name", FOLDER_NAME.to_owned()),
        ("a file's content", CONTENT.to_owned()),
        ("a passphrase", AMINAS_PASSPHRASE.to_owned()),
        ("a passphrase", BILALS_PASSPHRASE.to_owned()),
        ("a pairing's name", COURIER.to_owned()),
        ("a pairing's name", VAULT.to_owned()),
        ("how words were heard", "by phone".to_owned()),
        ("the relay's address", world.relay.url.clone()),
    ];
    for site in [amina, bilal] {
        canaries.push(("words of a fingerprint", words_of(site)));
        let words = fs::read_to_string(site.dir.join("pairing-words")).unwrap();
        canaries.push(("words of a pairing", words.trim().to_owned()));
    }
    let mut trip = Trip {
        sticks: Vec::new(),
        all: Vec::new(),
        canaries,
        relay_url: world.relay.url.clone(),
    };
    send_a_folder(&world);
    let mut look = |step| trip.look(step, &world);
    look("sealed");
    amina.vault_sync(&amina.stick()).ok();
    look("written by the sender's vault");
    amina.courier_sync(&amina.stick()).ok();
    look("taken in by the sender's courier");
    bilal.courier_sync(&bilal.stick()).ok();
    look("written by the reader's courier");
    bilal.vault_sync(&bilal.stick()).ok();
    look("a receipt, written by the reader's vault");
    bilal.courier_sync(&bilal.stick()).ok();
    look("taken in by the reader's courier");
    amina.courier_sync(&amina.stick()).ok();
    look("written by the sender's courier");
    amina.vault_sync(&amina.stick()).ok();
    look("confirmed");
    assert_eq!(amina.state_of("out-1"), "Confirmed (signed receipt)");
    amina.send("bilal", "Short.");
    amina.vault_sync(&amina.stick()).ok();
    look("a short message, written by the vault");
    trip
}

fn send_a_folder(world: &World) {
    let folder = world.dir.path().join(FOLDER_NAME);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(FILE_NAME), CONTENT.repeat(2000)).unwrap();
    fs::write(folder.join("scan"), noise(1, 200_000)).unwrap();
    let message = format!("--message={MESSAGE}");
    let folder = folder.to_str().unwrap();
    world
        .amina
        .vault(&["send", "--to", "bilal", folder, &message])
        .ok();
}

impl Trip {
    fn look(&mut self, step: &'static str, world: &World) {
        let root = world.dir.path();
        let copy = |path: &PathBuf| Copied {
            step,
            path: path.strip_prefix(root).unwrap().to_owned(),
            bytes: fs::read(path).unwrap(),
        };
        let mut folders = vec![world.relay.data.clone()];
        for site in [&world.amina, &world.bilal] {
            self.sticks.extend(entries(&site.stick()).iter().map(copy));
            folders.extend([site.stick(), site.courier_dir(), site.vault_dir()]);
        }
        for folder in folders {
            self.all.extend(files_below(&folder).iter().map(copy));
        }
    }

    /// Every file that ever was on a stick, once.
    fn parts(&self) -> BTreeMap<&Path, &Copied> {
        let parts = self.sticks.iter();
        parts.map(|part| (part.path.as_path(), part)).collect()
    }
}

impl Copied {
    fn holds(&self, text: &str) -> bool {
        let needle = text.as_bytes();
        self.bytes.windows(needle.len()).any(|seen| seen == needle)
    }

    fn is_of(&self, folder: &str) -> bool {
        self.path
            .components()
            .any(|part| part.as_os_str() == folder)
    }
}

/// The sum over all byte values of (seen − expected)² / expected; around 255 for random bytes.
fn chi_squared(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes
        .iter()
        .for_each(|byte| counts[usize::from(*byte)] += 1);
    let expected = bytes.len() as f64 / 256.0;
    let deviation = |count: &u32| (f64::from(*count) - expected).powi(2) / expected;
    counts.iter().map(deviation).sum()
}

#[test]
fn a_finder_sees_random_bytes_on_every_stick() {
    let parts = trip().parts();
    assert!(parts.len() >= 6, "{} parts", parts.len());
    for part in parts.values() {
        assert!(part.bytes.len() >= 4096, "{:?}", part.path);
        // Of random bytes, one in 10⁷ is as far out as this.
        let found = chi_squared(&part.bytes);
        let step = part.step;
        assert!(
            (150.0..400.0).contains(&found),
            "{found}: {:?}, {step}",
            part.path
        );
    }
}

#[test]
fn a_finder_learns_nothing_from_names_on_sticks() {
    let mut letters = BTreeSet::new();
    for path in trip().parts().keys() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (stem, extension) = name.split_once('.').unwrap();
        assert_eq!((stem.len(), extension), (26, "bin"), "{name}");
        assert!(
            stem.bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')),
            "{name}"
        );
        letters.extend(stem.bytes());
    }
    assert!(
        letters.len() > 24,
        "names use {} letters only",
        letters.len()
    );
}

#[test]
fn no_two_parts_on_sticks_begin_alike() {
    let parts = trip().parts();
    for offset in (0..4096).step_by(8) {
        let begins: BTreeSet<&[u8]> = parts
            .values()
            .map(|part| &part.bytes[offset..offset + 16])
            .collect();
        assert_eq!(begins.len(), parts.len(), "at {offset}");
    }
}

#[test]
fn a_short_message_and_a_lone_receipt_have_one_size_on_a_stick() {
    let trip = trip();
    let sizes_at = |step: &str, site: &str| {
        let of_step = trip.sticks.iter().filter(move |part| part.step == step);
        let sizes = of_step.filter(|part| part.is_of(site));
        let sizes: BTreeSet<_> = sizes.map(|part| part.bytes.len()).collect();
        assert!(!sizes.is_empty(), "{step}");
        sizes
    };
    let message = sizes_at("a short message, written by the vault", AMINA);
    assert_eq!(message.len(), 1, "{message:?}");
    for (step, site) in [
        ("taken in by the sender's courier", AMINA),
        ("a receipt, written by the reader's vault", BILAL),
        ("taken in by the reader's courier", BILAL),
    ] {
        assert_eq!(sizes_at(step, site), message, "{step}");
    }
}

#[test]
fn nothing_that_was_sent_is_seen_outside_the_vaults() {
    let trip = trip();
    for copied in &trip.all {
        for (what, canary) in &trip.canaries {
            // A courier has to know where its relay is, and what it calls its vault.
            let is_url = canary == &trip.relay_url;
            if copied.is_of("courier") && (is_url || canary == VAULT) {
                continue;
            }
            // And a relay what its own address is.
            if copied.is_of("relay") && is_url {
                continue;
            }
            let (path, step) = (&copied.path, copied.step);
            assert!(!copied.holds(canary), "{what} in {path:?}: {step}");
        }
    }
}

#[test]
fn a_seizer_reads_nothing_in_a_locked_vault() {
    let trip = trip();
    let vaults = || trip.all.iter().filter(|copied| copied.is_of("vault"));
    assert!(vaults().count() > 20);
    for copied in vaults() {
        for (what, canary) in &trip.canaries {
            assert!(
                !copied.holds(canary),
                "{what} in {:?}: {}",
                copied.path,
                copied.step
            );
        }
        let small = copied.bytes.len() < 2048;
        if small || copied.path.ends_with("vault.db") {
            continue;
        }
        let found = chi_squared(&copied.bytes);
        assert!(found < 400.0, "{found}: {:?}", copied.path);
    }
    // SQLite says its name in every database that is not sealed.
    let database = vaults().find(|copied| copied.path.ends_with("vault.db"));
    let database = database.unwrap();
    assert!(!database.holds("SQLite"));
    assert!(
        chi_squared(&database.bytes) < 400.0,
        "{}",
        chi_squared(&database.bytes)
    );
}

#[test]
fn inspect_says_that_a_finder_sees_sealed_bytes_only() {
    let world_dir = tempfile::tempdir().unwrap();
    let site = Site::new(world_dir.path(), AMINA, AMINAS_PASSPHRASE);
    for (at, part) in trip().parts().values().enumerate() {
        fs::write(site.stick().join(format!("copy{at}.bin")), &part.bytes).unwrap();
    }
    let seen = site
        .vault(&["inspect", site.stick().to_str().unwrap()])
        .ok();
    assert_eq!(seen["telling"], 0, "{seen}");
    fs::write(site.stick().join("letter.txt"), CONTENT.repeat(100)).unwrap();
    let seen = site
        .vault(&["inspect", site.stick().to_str().unwrap()])
        .ok();
    assert_eq!(seen["telling"], 1, "{seen}");
}

const MESSAGE: &str = "The hearing was moved; tell nobody before the magistrate has signed.";
const FOLDER_NAME: &str = "affidavits-of-march";
const FILE_NAME: &str = "witness-seventeen.txt";
const CONTENT: &str = "She saw the lorry at the quay that night. ";
