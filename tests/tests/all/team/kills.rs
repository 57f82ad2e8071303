//! Power cuts while a space is written and taken in (SIGKILL).

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::Team;
use crate::people::{Site, chance, entries, files_below, noise, run_killed, text_of};
use crate::team::spaces::saved;

/// How often each command is hit.
const HITS: u32 = 6;
/// Some runs end before they are hit.
const TRIES_MAX: u32 = 40;
/// What the commands take on a machine that is busy with nothing else.
const WORK: Duration = Duration::from_millis(600);

/// Kills a command again and again, at moments from a seed, and looks at what is left each time.
fn killed(seed: u64, site: &Site, arguments: &[&str], mut after: impl FnMut()) {
    let mut chance = chance(seed);
    let hits = Cell::new(0);
    for _ in 0..TRIES_MAX {
        if hits.get() == HITS {
            return;
        }
        let micros = u64::try_from(WORK.as_micros()).unwrap();
        let moment = Duration::from_micros(chance.below(micros));
        let begun = Instant::now();
        let is_time = || begun.elapsed() >= moment;
        match run_killed(&mut site.vault_command(arguments), is_time) {
            None => hits.set(hits.get() + 1),
            Some(ran) => assert_eq!(ran.exit, 0, "{arguments:?}: {ran:#?}"),
        }
        println!(
            "{arguments:?}: {} hits, after {moment:?} (seed {seed})",
            hits.get()
        );
        after();
    }
    assert!(hits.get() > 0, "{arguments:?}: nothing hit it");
}

/// The vault opens, has nothing unfinished, and its space reads.
fn is_whole(site: &Site) {
    let shown = site.vault(&["space", "show", "desk"]).ok();
    assert_eq!(shown["forks"], serde_json::json!([]), "{shown}");
    let spooled = files_below(&site.vault_dir().join("spool"));
    assert!(spooled.is_empty(), "{spooled:?}");
    // A journal that was begun and never synced holds nothing and goes with the next write.
    let journal = "vault.db-journal";
    let known = ["bundles", "lock", "spool", "vault.db", "vault.key", journal];
    for path in entries(&site.vault_dir()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(known.contains(&name), "left over: {}", path.display());
    }
}

#[test]
fn a_file_that_was_being_added_is_in_the_space_whole_or_not_at_all() {
    let team = Team::around_the_first(["Amina", "Bilal"]);
    team.space("desk", &["editor"]);
    let (amina, bilal) = (team.site(0), team.site(1));
    let bytes = noise(21, 6 * 1024 * 1024);
    let scan = team.file("scan.bin", &bytes);
    let whole = || {
        is_whole(bilal);
        for file in bilal.file_list("desk") {
            assert_eq!(file["missing_pieces"], 0, "{file}");
        }
    };
    killed(21, bilal, &["file", "add", "desk", text_of(&scan)], whole);
    bilal.vault(&["file", "add", "desk", text_of(&scan)]).ok();
    team.settle();
    let files = amina.file_list("desk");
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(saved(amina, files[0]["item"].as_str().unwrap(), None) == bytes);
}

#[test]
fn a_space_bundle_that_was_being_taken_in_has_effect_once_or_waits_on_the_stick() {
    let team = Team::around_the_first(["Amina", "Bilal"]);
    team.space("desk", &["editor"]);
    let (amina, bilal) = (team.site(0), team.site(1));
    let bytes = noise(22, 3 * 1024 * 1024);
    let scan = team.file("scan.bin", &bytes);
    amina.vault(&["file", "add", "desk", text_of(&scan)]).ok();
    for number in 0..20 {
        amina.say("desk", &format!("message {number}"));
    }
    let stick = team.stick(0, 1);
    amina.vault_sync(&stick).ok();
    let whole = || {
        is_whole(bilal);
        let count = bilal.message_list("desk").len();
        assert!(count == 0 || count == 20, "{count} of 20 messages");
    };
    killed(22, bilal, &["sync", "--stick", text_of(&stick)], whole);
    team.settle();
    assert_eq!(bilal.said("desk").len(), 20);
    let files = bilal.file_list("desk");
    assert!(saved(bilal, files[0]["item"].as_str().unwrap(), None) == bytes);
    team.agree("desk", &[0, 1]);
}

#[test]
fn messages_that_were_being_written_do_not_make_a_vault_its_own_copy() {
    let team = Team::around_the_first(["Amina", "Bilal"]);
    team.space("desk", &["editor"]);
    let (amina, bilal) = (team.site(0), team.site(1));
    let send = ["message", "send", "desk", "--message=once more"];
    killed(23, bilal, &send, || is_whole(bilal));
    let stick = team.stick(0, 1);
    killed(24, bilal, &["sync", "--stick", text_of(&stick)], || {
        is_whole(bilal);
        amina.vault_sync(&stick).ok();
        is_whole(amina);
    });
    team.settle();
    assert_eq!(amina.said("desk"), bilal.said("desk"));
    team.agree("desk", &[0, 1]);
    for site in [amina, bilal] {
        assert!(!site.vault_dir().join("vault.db-journal").exists());
    }
}
