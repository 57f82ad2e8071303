//! Bad weather without anybody's ill will: two processes, wrong passphrases, sticks that are
//! missing, full, small or crowded.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::people::{
    AMINA, AMINAS_PASSPHRASE, Site, World, entries, files_below, noise, program, run, text_of, wipe,
};

#[test]
fn a_second_process_on_a_vault_is_turned_away_and_the_first_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::new(dir.path(), AMINA, AMINAS_PASSPHRASE);
    let mut session = site.vault_command(&["unlock", "--json"]);
    session.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut session = session.stderr(Stdio::null()).spawn().unwrap();
    let mut input = session.stdin.take().unwrap();
    let mut output = BufReader::new(session.stdout.take().unwrap());
    let mut ask = |line: &str| {
        writeln!(input, "{line}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        serde_json::from_str::<serde_json::Value>(&answer).unwrap()
    };
    assert_eq!(ask("status")["name"], AMINA);
    for command in [&["status"][..], &["inbox"], &["sync", "--stick", "."]] {
        site.vault(command).failed(1, "vault-in-use");
    }
    assert_eq!(ask("status")["name"], AMINA);
    assert!(ask("lock")["locked"].is_string());
    assert!(session.wait().unwrap().success());
    site.vault(&["status"]).ok();
}

#[test]
fn a_wrong_passphrase_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::new(dir.path(), AMINA, AMINAS_PASSPHRASE);
    let before = snapshot(&site.vault_dir());
    site.secret_file("passphrase", "ledger violin tundra paddle");
    for command in ["status", "inbox", "card"] {
        let refused = site.vault(&[command]);
        refused.exits(&[3]);
        assert_eq!(refused.stdout.matches(AMINA).count(), 0, "{refused:?}");
    }
    assert!(snapshot(&site.vault_dir()) == before);
    site.secret_file("passphrase", AMINAS_PASSPHRASE);
    site.vault(&["status"]).ok();
}

fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = files_below(folder).into_iter();
    paths
        .map(|path| {
            let bytes = fs::read(&path).unwrap();
            (path, bytes)
        })
        .collect()
}

#[test]
fn a_stick_that_is_no_folder_or_not_there_is_named() {
    let world = World::new();
    let item = world.amina.send("bilal", "where to");
    let file = world.file("stick.img", b"no folder");
    let absent = world.dir.path().join("absent");
    for (path, code) in [(&file, "stick-not-a-folder"), (&absent, "stick-not-there")] {
        let vault = world.amina.vault_sync(path);
        vault.failed(1, code);
        let courier = world.amina.courier_sync(path);
        courier.failed(1, code);
        for said in [vault.stderr, courier.stderr] {
            assert!(
                said.contains(path.file_name().unwrap().to_str().unwrap()),
                "{said}"
            );
        }
    }
    assert_eq!(fs::read(&file).unwrap(), b"no folder");
    assert!(!absent.exists());
    assert_eq!(world.amina.state_of(&item), "Ready to carry");
}

#[test]
fn three_thousand_foreign_files_are_left_alone() {
    let world = World::new();
    let item = world.amina.send("bilal", "in a crowd");
    for site in [&world.amina, &world.bilal] {
        for number in 0..3000 {
            // Half of them with names that parts could have.
            let name = match number % 2 {
                0 => format!("IMG_{number}.JPG"),
                _ => format!("photo-{number}.bin"),
            };
            fs::write(site.stick().join(name), vec![7; number]).unwrap();
        }
    }
    world.round();
    assert_eq!(world.amina.state_of(&item), "Confirmed (signed receipt)");
    for site in [&world.amina, &world.bilal] {
        for number in [0, 1, 2998, 2999] {
            let names = [format!("IMG_{number}.JPG"), format!("photo-{number}.bin")];
            let path = site.stick().join(&names[number % 2]);
            assert_eq!(fs::read(path).unwrap(), vec![7; number]);
        }
        let count = entries(&site.stick()).len();
        assert!(count >= 3000, "{count}");
    }
    let said = world.bilal.vault_sync(&world.bilal.stick()).ok();
    assert_eq!(said["foreign_files"], 3000);
}

#[test]
fn saving_over_a_file_is_refused_and_saving_elsewhere_works() {
    let world = World::new();
    let file = world.file("report.txt", b"theirs");
    let file = text_of(&file);
    let send = ["send", "--to", "bilal", file, "--message=see page 4"];
    world.amina.vault(&send).ok();
    world.round();
    let folder = world.dir.path().join("work");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("report.txt"), "mine").unwrap();
    let save = |to: &Path| world.bilal.vault(&["save", "in-1", "--to", text_of(to)]);
    let refused = save(&folder);
    refused.failed(2, "file-exists");
    assert!(refused.stderr.contains("--to"), "{refused:?}");
    assert!(!refused.stderr.contains("--force"), "{refused:?}");
    assert_eq!(fs::read(folder.join("report.txt")).unwrap(), b"mine");
    assert_eq!(entries(&folder).len(), 1);
    let elsewhere = folder.join("elsewhere");
    save(&elsewhere).ok();
    assert_eq!(fs::read(elsewhere.join("report.txt")).unwrap(), b"theirs");
    assert_eq!(
        fs::read(elsewhere.join("message.txt")).unwrap(),
        b"see page 4"
    );
}

/// A stick with room for so much, which is taken out at the end. `None` where this machine does
/// not let a test mount anything.
struct SmallStick(PathBuf);

impl SmallStick {
    fn plug_in(path: &Path, size: &str) -> Option<Self> {
        fs::create_dir(path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        let mounted = mount.arg(path).stderr(Stdio::null()).status();
        mounted
            .is_ok_and(|status| status.success())
            .then(|| Self(path.to_owned()))
    }
}

impl Drop for SmallStick {
    fn drop(&mut self) {
        // Whatever is left in memory ends with the machine.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn small_sticks(world: &World, size: &str, count: usize) -> Option<Vec<SmallStick>> {
    let sticks = (0..count).map(|number| {
        let path = world.dir.path().join(format!("small{number}"));
        SmallStick::plug_in(&path, size)
    });
    let sticks: Option<Vec<_>> = sticks.collect();
    if sticks.is_none() {
        println!("not tested: this machine does not let the test mount a small stick");
    }
    sticks
}

/// The vault's sync with parts of 1 MiB.
fn sync_in_pieces(site: &Site, stick: &Path) -> serde_json::Value {
    let sync = ["sync", "--part-mib", "1", "--stick", text_of(stick)];
    site.vault(&sync).ok()
}

/// The parts of which a courier says that they have not arrived, in its words and for programs.
fn missing_parts(site: &Site, stick: &Path) -> Vec<u64> {
    let sync = ["sync", "--offline", "--stick", text_of(stick)];
    let said = site.courier(&sync).ok();
    let incoming = said["vaults"][0]["incoming"].as_array().unwrap().clone();
    let Some(pack) = incoming.first() else {
        return Vec::new();
    };
    let missing = pack["missing"].as_array().unwrap().iter();
    let missing: Vec<_> = missing.map(|part| part.as_u64().unwrap()).collect();
    let mut in_words = program("online-relay");
    in_words.arg("courier").args(sync);
    let in_words = run(in_words.arg("--courier").arg(site.courier_dir())).stdout;
    for part in &missing {
        let line = format!("Part {part} of {} of a pack from vault", pack["part_count"]);
        assert!(in_words.contains(&line), "{in_words}");
    }
    missing
}

#[test]
fn a_pack_larger_than_a_stick_crosses_on_three_in_any_order() {
    let world = World::new();
    let Some(sticks) = small_sticks(&world, "3m", 3) else {
        return;
    };
    let bytes = noise(51, 5_000_000);
    let item = world.amina.send_file("bilal", &world.file("film", &bytes));
    let mut to_carry = Vec::new();
    for stick in &sticks {
        let said = sync_in_pieces(&world.amina, &stick.0);
        to_carry.push(said["pairings"][0]["parts_to_carry"].as_u64().unwrap());
    }
    assert_eq!(to_carry, [3, 1, 0]);
    let mut counts = Vec::new();
    for at in [2, 0, 1] {
        world.amina.courier_sync(&sticks[at].0).ok();
        counts.push(missing_parts(&world.amina, &sticks[at].0).len());
    }
    assert!(
        counts[0] > counts[1] && counts[1] > 0 && counts[2] == 0,
        "{counts:?}"
    );
    world.bilal.carry_in();
    world.bilal.carry_out();
    world.amina.courier_sync(&sticks[0].0).ok();
    world.amina.vault_sync(&sticks[0].0).ok();
    assert_eq!(world.amina.state_of(&item), "Confirmed (signed receipt)");
}

#[test]
fn both_sides_say_which_part_was_lost_with_its_stick() {
    let world = World::new();
    let Some(sticks) = small_sticks(&world, "3m", 3) else {
        return;
    };
    let item = world
        .amina
        .send_file("bilal", &world.file("film", &noise(52, 5_000_000)));
    for stick in &sticks {
        sync_in_pieces(&world.amina, &stick.0);
    }
    wipe(&sticks[1].0);
    for at in [0, 2] {
        world.amina.courier_sync(&sticks[at].0).ok();
    }
    let missing = missing_parts(&world.amina, &sticks[2].0);
    assert!(!missing.is_empty());
    // The vault hears of it with the next stick, and writes what was lost and nothing else.
    let said = sync_in_pieces(&world.amina, &sticks[2].0);
    assert_eq!(
        said["pairings"][0]["parts_written"],
        missing.len(),
        "{said}"
    );
    assert_eq!(said["pairings"][0]["parts_to_carry"], 0, "{said}");
    world.amina.courier_sync(&sticks[2].0).ok();
    world.bilal.carry_in();
    assert_eq!(world.bilal.inbox().len(), 1);
    world.bilal.carry_out();
    world.amina.courier_sync(&sticks[2].0).ok();
    world.amina.vault_sync(&sticks[2].0).ok();
    assert_eq!(world.amina.state_of(&item), "Confirmed (signed receipt)");
}

#[test]
fn a_full_stick_is_said_to_be_full_and_another_does() {
    let world = World::new();
    let Some(sticks) = small_sticks(&world, "3m", 1) else {
        return;
    };
    let full = &sticks[0].0;
    let filler = full.join("film.mkv");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    let filled = fs::metadata(&filler).unwrap().len();
    let item = world.amina.send("bilal", "no room");
    let said = world.amina.vault_sync(full);
    assert_eq!(said.ok()["pairings"][0]["items_waiting"], 2, "{said:?}");
    assert_eq!(entries(full), std::slice::from_ref(&filler), "{said:?}");
    assert_eq!(fs::metadata(&filler).unwrap().len(), filled);
    assert_eq!(world.amina.state_of(&item), "Ready to carry");
    let words = world
        .amina
        .vault_as_text(&["sync", "--stick", text_of(full)]);
    let words = words.stdout + &words.stderr;
    assert!(
        words.contains("did not fit") || words.contains("full"),
        "{words}"
    );
    assert!(!words.contains("On stick (checked)"), "{words}");
    assert!(!words.contains("nothing new"), "{words}");
    let said = world.amina.courier_sync(full);
    said.exits(&[0, 1]);
    world.round();
    assert_eq!(world.amina.state_of(&item), "Confirmed (signed receipt)");
}
