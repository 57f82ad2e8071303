//! The courier drops, keeps back, replays, reorders, exchanges, cuts and changes what is carried,
//! and leaves things on sticks.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::people::{World, copy_stick, entries, files_below, noise, text_of, wipe};

/// What somebody does to a stick, with what it is called.
pub(crate) type Attack = (&'static str, fn(&Path));

pub(crate) const ATTACKS: &[Attack] = &[
    ("drops everything", wipe),
    ("empties a part", |stick| cut(stick, |_| 0)),
    ("cuts a part behind one byte", |stick| cut(stick, |_| 1)),
    ("cuts a part within its header", |stick| cut(stick, |_| 63)),
    ("cuts a part behind its header", |stick| cut(stick, |_| 64)),
    ("cuts a part in half", |stick| cut(stick, |len| len / 2)),
    ("cuts off the last byte", |stick| cut(stick, |len| len - 1)),
    ("appends a byte", |stick| append(stick, 1)),
    ("appends a chunk", |stick| append(stick, 16 * 1024)),
    ("flips a bit of the header", |stick| flip(stick, &[20])),
    ("flips a bit in every 4 KiB", flip_everywhere),
    ("overwrites the end with zeros", zero_the_end),
];

/// The parts on a stick.
fn parts(stick: &Path) -> Vec<PathBuf> {
    let paths = entries(stick).into_iter();
    let parts: Vec<_> = paths.filter(|path| path.is_file()).collect();
    assert!(!parts.is_empty(), "nothing was written");
    parts
}

fn change(stick: &Path, mut change: impl FnMut(&fs::File, u64)) {
    for part in parts(stick) {
        let file = OpenOptions::new().read(true).write(true).open(&part);
        let file = file.unwrap();
        change(&file, file.metadata().unwrap().len());
    }
}

fn cut(stick: &Path, to: impl Fn(u64) -> u64) {
    change(stick, |file, len| file.set_len(to(len)).unwrap());
}

fn append(stick: &Path, more: usize) {
    let bytes = noise(7, more);
    change(stick, |file, len| file.write_all_at(&bytes, len).unwrap());
}

fn flip(stick: &Path, offsets: &[u64]) {
    change(stick, |file, _| {
        for offset in offsets {
            let mut byte = [0];
            file.read_exact_at(&mut byte, *offset).unwrap();
            file.write_all_at(&[byte[0] ^ 4], *offset).unwrap();
        }
    });
}

fn flip_everywhere(stick: &Path) {
    change(stick, |file, len| {
        let mut bytes = vec![0; usize::try_from(len).unwrap()];
        file.read_exact_at(&mut bytes, 0).unwrap();
        // The header is left alone, so that the part is found.
        for at in (100..bytes.len()).step_by(4096) {
            bytes[at] ^= 1;
        }
        file.write_all_at(&bytes, 0).unwrap();
    });
}

fn zero_the_end(stick: &Path) {
    change(stick, |file, len| {
        file.write_all_at(&[0; 40], len - 40).unwrap();
    });
}

/// Trips on which nobody is in the way bring what was sent, once: Bilal then has `count` items.
fn heals(world: &World, item: &str, count: usize, what: &str) {
    for _ in 0..3 {
        world.round();
        if world.amina.state_of(item) == "Confirmed (signed receipt)" {
            let came = world.bilal.inbox();
            assert_eq!(came.len(), count, "{what}: {came:?}");
            return;
        }
    }
    panic!(
        "{what}: {item} did not arrive: {}",
        world.amina.state_of(item)
    );
}

#[test]
fn a_courier_who_spoils_what_a_vault_wrote_takes_nothing_and_doubles_nothing() {
    let world = World::new();
    for (at, (what, attack)) in ATTACKS.iter().enumerate() {
        let item = world.amina.send("bilal", what);
        let stick = world.amina.stick();
        world.amina.vault_sync(&stick).ok();
        attack(&stick);
        let taken = world.amina.courier_sync(&stick).exits(&[0, 1, 3]);
        assert_eq!(taken["vaults"][0]["bundles_taken"], 0, "{what}: {taken}");
        heals(&world, &item, at + 1, what);
    }
    let attacks = ATTACKS.iter().map(|(what, _)| *what);
    assert_eq!(world.bilal.messages(), attacks.collect::<Vec<_>>());
}

#[test]
fn a_courier_who_spoils_what_a_vault_reads_gets_nothing_released() {
    let world = World::new();
    for (at, (what, attack)) in ATTACKS.iter().enumerate() {
        let item = world.amina.send("bilal", what);
        world.amina.carry_out();
        let stick = world.bilal.stick();
        world.bilal.courier_sync(&stick).ok();
        attack(&stick);
        let taken = world.bilal.vault_sync(&stick).exits(&[0, 1, 3]);
        let items = taken["taken_in"].as_array().unwrap();
        assert_eq!(items.len(), 0, "{what}: {taken}");
        heals(&world, &item, at + 1, what);
    }
    let attacks = ATTACKS.iter().map(|(what, _)| *what);
    assert_eq!(world.bilal.messages(), attacks.collect::<Vec<_>>());
}

#[test]
fn changed_bytes_are_refused_with_exit_code_3() {
    let world = World::new();
    world.amina.send("bilal", "changed");
    let stick = world.amina.stick();
    world.amina.vault_sync(&stick).ok();
    flip_everywhere(&stick);
    let refused = world.amina.courier_sync(&stick);
    refused.failed(3, "crossing-pack-damaged");
    wipe(&stick);
    world.amina.carry_out();
    let stick = world.bilal.stick();
    world.bilal.courier_sync(&stick).ok();
    flip_everywhere(&stick);
    let refused = world.bilal.vault_sync(&stick);
    refused.failed(3, "crossing-pack-damaged");
}

#[test]
fn an_old_copy_of_a_stick_changes_nothing_at_vault_and_courier() {
    let world = World::new();
    let (out, back) = (
        world.dir.path().join("old-out"),
        world.dir.path().join("old-in"),
    );
    let item = world.amina.send("bilal", "once");
    world.amina.vault_sync(&world.amina.stick()).ok();
    copy_stick(&world.amina.stick(), &out);
    world.amina.courier_sync(&world.amina.stick()).ok();
    world.bilal.courier_sync(&world.bilal.stick()).ok();
    copy_stick(&world.bilal.stick(), &back);
    world.bilal.vault_sync(&world.bilal.stick()).ok();
    for _ in 0..2 {
        copy_stick(&out, &world.amina.stick());
        let taken = world.amina.courier_sync(&world.amina.stick()).ok();
        assert_eq!(taken["vaults"][0]["bundles_taken"], 0, "{taken}");
        copy_stick(&back, &world.bilal.stick());
        let taken = world.bilal.vault_sync(&world.bilal.stick()).ok();
        assert_eq!(taken["taken_in"].as_array().unwrap().len(), 0, "{taken}");
        // The same copy at the machine that wrote it.
        copy_stick(&out, &world.amina.stick());
        world.amina.vault_sync(&world.amina.stick()).ok();
        copy_stick(&back, &world.bilal.stick());
        world.bilal.courier_sync(&world.bilal.stick()).ok();
    }
    heals(&world, &item, 1, "replayed");
}

#[test]
fn two_sticks_in_the_wrong_order_both_arrive() {
    let world = World::new();
    let sticks = [world.dir.path().join("one"), world.dir.path().join("two")];
    let mut items = Vec::new();
    for (number, stick) in sticks.iter().enumerate() {
        fs::create_dir(stick).unwrap();
        items.push(world.amina.send("bilal", &format!("stick {number}")));
        world.amina.vault_sync(stick).ok();
    }
    for stick in sticks.iter().rev() {
        world.amina.courier_sync(stick).ok();
    }
    world.bilal.carry_in();
    let mut came = world.bilal.messages();
    came.sort();
    assert_eq!(came, ["stick 0", "stick 1"]);
    for stick in &sticks {
        world.amina.vault_sync(stick).ok();
    }
    for item in &items {
        heals(&world, item, 2, "reordered");
    }
}

#[test]
fn parts_under_each_others_names_are_told_apart_by_what_is_in_them() {
    let world = World::new();
    let bytes = noise(11, 2_500_000);
    let item = world.amina.send_file("bilal", &world.file("photo", &bytes));
    let stick = world.amina.stick();
    let sync = ["sync", "--part-mib", "1", "--stick", text_of(&stick)];
    world.amina.vault(&sync).ok();
    let parts = parts(&stick);
    assert_eq!(parts.len(), 3);
    fs::rename(&parts[0], stick.join("x")).unwrap();
    fs::rename(&parts[1], &parts[0]).unwrap();
    fs::rename(stick.join("x"), &parts[1]).unwrap();
    let taken = world.amina.courier_sync(&stick).exits(&[0, 3]);
    assert!(taken["vaults"][0]["bundles_taken"].as_u64().unwrap() <= 1);
    heals(&world, &item, 1, "exchanged names");
    let saved = world.dir.path().join("saved");
    let save = ["save", "in-1", "--to", text_of(&saved)];
    world.bilal.vault(&save).ok();
    assert!(fs::read(saved.join("photo")).unwrap() == bytes);
}

/// Everything that a stick can hold besides parts. The names of `like` are those of real parts.
fn litter(stick: &Path, vault: &Path, like: &[String]) {
    fs::write(stick.join("holiday.jpg"), noise(3, 70_000)).unwrap();
    fs::write(stick.join("empty.bin"), []).unwrap();
    fs::write(
        stick.join("aaaaaaaaaaaaaaaaaaaaaaaaaa.bin"),
        noise(4, 16_536),
    )
    .unwrap();
    // The unfinished download of another program.
    fs::write(stick.join("holiday.jpg.part"), noise(5, 500)).unwrap();
    fs::write(stick.join("holiday.part"), noise(6, 500)).unwrap();
    fs::write(stick.join("..\u{202e}nib.yxe"), "x").unwrap();
    fs::create_dir(stick.join("cccccccccccccccccccccccccc.bin")).unwrap();
    symlink(
        vault.join("vault.key"),
        stick.join("dddddddddddddddddddddddddd.bin"),
    )
    .unwrap();
    symlink(
        vault.join("vault.db"),
        stick.join("eeeeeeeeeeeeeeeeeeeeeeeeee.part"),
    )
    .unwrap();
    symlink("/dev/zero", stick.join("ffffffffffffffffffffffffff.bin")).unwrap();
    symlink(stick, stick.join("again")).unwrap();
    let pipe = stick.join("gggggggggggggggggggggggggg.bin");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    for (at, name) in like.iter().enumerate() {
        let path = stick.join(name);
        let _ = fs::remove_file(&path);
        if at % 2 == 0 {
            fs::create_dir(&path).unwrap();
        } else {
            symlink(vault.join("vault.db"), &path).unwrap();
        }
    }
}

/// Every name on a stick that is not a part, and what it is.
fn strange(stick: &Path) -> Vec<(PathBuf, String)> {
    let is_part = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        path.is_file() && !path.is_symlink() && name.len() == 30 && !name.starts_with("aaa")
    };
    let paths = entries(stick).into_iter().filter(|path| !is_part(path));
    paths
        .map(|path| {
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            (path, format!("{kind:?}"))
        })
        .collect()
}

#[test]
fn foreign_things_on_a_stick_are_neither_followed_nor_touched() {
    let world = World::new();
    let (amina, bilal) = (&world.amina, &world.bilal);
    let item = amina.send("bilal", "among litter");
    let before = |site: &crate::people::Site| {
        let kept = ["vault.key", "vault.db"].map(|name| site.vault_dir().join(name));
        kept.map(|path| fs::metadata(path).unwrap().len())
    };
    let sizes = before(amina);
    for site in [amina, bilal] {
        litter(&site.stick(), &site.vault_dir(), &[]);
    }
    let litter_before = [strange(&amina.stick()), strange(&bilal.stick())];
    amina.carry_out();
    bilal.carry_in();
    assert_eq!(bilal.messages(), ["among litter"]);
    bilal.carry_out();
    amina.carry_in();
    assert_eq!(amina.state_of(&item), "Confirmed (signed receipt)");
    let litter_after = [strange(&amina.stick()), strange(&bilal.stick())];
    assert_eq!(litter_before, litter_after);
    assert_eq!(before(amina)[0], sizes[0]);
}

#[test]
fn a_folder_or_a_link_under_the_name_of_a_part_stops_nobody_for_long() {
    let world = World::new();
    let item = world
        .amina
        .send_file("bilal", &world.file("photo", &noise(12, 1_500_000)));
    let stick = world.amina.stick();
    let sync = ["sync", "--part-mib", "1", "--stick", text_of(&stick)];
    world.amina.vault(&sync).ok();
    let names: Vec<_> = parts(&stick)
        .iter()
        .map(|part| part.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let key_before = fs::read(world.amina.vault_dir().join("vault.key")).unwrap();
    litter(&stick, &world.amina.vault_dir(), &names);
    // The vault wants these names and may say so, but may not write through a link.
    world.amina.vault(&sync).exits(&[0, 1]);
    world.amina.courier_sync(&stick).exits(&[0, 1]);
    let key = fs::read(world.amina.vault_dir().join("vault.key")).unwrap();
    assert!(key == key_before);
    assert_eq!(world.bilal.inbox().len(), 0);
    // Another stick does.
    let other = world.dir.path().join("other");
    fs::create_dir(&other).unwrap();
    world.amina.vault_sync(&other).ok();
    world.amina.courier_sync(&other).ok();
    world.bilal.carry_in();
    world.bilal.carry_out();
    world.amina.courier_sync(&other).ok();
    world.amina.vault_sync(&other).ok();
    assert_eq!(world.bilal.inbox().len(), 1);
    assert_eq!(world.amina.state_of(&item), "Confirmed (signed receipt)");
    let spooled = files_below(&world.amina.vault_dir().join("spool"));
    assert!(spooled.is_empty(), "{spooled:?}");
}
