//! A vault that was copied, and one that was restored from a backup.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Team;
use crate::people::{AMINA, BILAL, Site, init_arguments, text_of};

/// A copy of a vault's and a courier's folders, as somebody makes with a file manager.
fn copied(team: &Team, site: &Site, name: &str) -> Site {
    let dir = team.dir.path().join(name);
    let copy = Command::new("cp")
        .arg("-a")
        .arg(&site.dir)
        .arg(&dir)
        .status();
    assert!(copy.unwrap().success());
    Site {
        name: site.name.clone(),
        dir,
    }
}

fn forks(site: &Site) -> usize {
    let shown = site.vault(&["space", "show", "desk"]).ok();
    shown["forks"].as_array().unwrap().len()
}

#[test]
fn a_cloned_vault_is_found_out_and_both_copies_stop_writing() {
    let team = Team::around_the_first([AMINA, BILAL, "Carla"]);
    team.space("desk", &["editor", "editor"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    let before = bilal.say("desk", "before the copy");
    team.settle();
    let clone = copied(&team, bilal, "clone");
    let sticks = [team.stick(0, 1), team.dir.path().join("clones-stick")];
    fs::create_dir(&sticks[1]).unwrap();
    for round in 0..4 {
        for (site, stick) in [bilal, &clone].into_iter().zip(&sticks) {
            // Who has been told writes no more.
            let text = format!("--message=round {round}");
            let said = site.vault(&["message", "send", "desk", &text]);
            said.exits(&[0, 1]);
            for each in [site, amina, site] {
                each.vault_sync(stick).exits(&[0]);
            }
        }
        team.cross(0, 2);
    }
    for site in [amina, carla] {
        assert_eq!(forks(site), 1, "{}", site.name);
        let text = site.vault_as_text(&["space", "show", "desk"]).stdout;
        assert!(text.contains("TWO LOGS: Bilal"), "{text}");
    }
    for site in [bilal, &clone] {
        assert_eq!(
            site.space_state("desk"),
            "stopped",
            "{}",
            site.dir.display()
        );
        let refused = site.vault(&["message", "send", "desk", "--message=more"]);
        refused.failed(1, "space-closed");
        // What is here can be read.
        site.vault(&["message", "show", &before]).ok();
    }
    // What was written before the copy was made stands; of the rest nothing has effect.
    for site in [amina, carla] {
        assert_eq!(site.said("desk"), ["before the copy"], "{}", site.name);
    }
    start_again(&team, amina, bilal);
}

/// The owner of the copied vault is invited again, under keys that the copy has not.
fn start_again(team: &Team, amina: &Site, bilal: &Site) {
    amina.vault(&["member", "remove", "desk", "Bilal"]).ok();
    team.settle();
    bilal.vault(&["space", "forget", "desk"]).ok();
    team.expects_stale.set(true);
    team.admit(0, 1, "desk", "editor");
    bilal.say("desk", "it is me again");
    team.settle();
    let said = team.site(2).said("desk");
    assert_eq!(said, ["before the copy", "it is me again"]);
}

#[test]
fn a_restored_vault_has_no_keys_of_spaces_and_is_invited_again() {
    let team = Team::around_the_first([AMINA, BILAL]);
    team.space("desk", &["editor"]);
    let (amina, bilal) = (team.site(0), team.site(1));
    bilal.say("desk", "before the fire");
    team.settle();
    let backup = team.dir.path().join("notes.bin");
    let passphrase = bilal.secret_file("backup-passphrase", "six words that are for a backup");
    let secret = ["--backup-passphrase-file", text_of(&passphrase)];
    let write = ["backup", text_of(&backup)];
    bilal.vault(&[&write[..], &secret].concat()).ok();
    fs::remove_dir_all(bilal.vault_dir()).unwrap();
    restore(bilal, &backup, &secret);
    team.expects_stale.set(true);

    let listed = bilal.vault(&["space", "list"]).ok();
    assert_eq!(listed["spaces"], serde_json::json!([]), "{listed}");
    assert_eq!(listed["invitations"], serde_json::json!([]), "{listed}");
    amina.vault(&["pair", "remove", "bilal"]).ok();
    amina.pair_vault(bilal);
    amina.say("desk", "where are you?");
    team.cross(0, 1);
    let listed = bilal.vault(&["space", "list"]).ok();
    assert_eq!(listed["spaces"], serde_json::json!([]), "{listed}");

    amina
        .vault(&["member", "remove", "desk", "Bilal", "--reason", "lost"])
        .ok();
    team.admit(0, 1, "desk", "editor");
    bilal.say("desk", "here");
    team.settle();
    let said = amina.said("desk");
    assert_eq!(said, ["before the fire", "here", "where are you?"]);
    assert_eq!(forks(amina), 0);
    let members = amina.members("desk");
    let active = members.iter().filter(|it| !it["role"].is_null());
    assert_eq!(active.count(), 2, "{members:?}");
}

fn restore(site: &Site, backup: &Path, secret: &[&str]) {
    let fast = &init_arguments("")[3..];
    let restore = ["restore", text_of(backup)];
    site.vault(&[&restore[..], secret, fast].concat()).ok();
}
