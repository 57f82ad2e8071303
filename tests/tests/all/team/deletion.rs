//! What is deleted for everyone, who is counted, and which keys are used after a removal.

use std::fs;

use serde_json::{Value, json};

use super::{Team, strings};
use crate::people::{Site, noise, text_of};
use crate::team::spaces::{add_file, saved};

fn deletion_of(site: &Site, item: &str) -> Value {
    site.vault(&["explain", item]).ok();
    let list = site.message_list("desk");
    let id = item.split_once('/').unwrap().1;
    let line = list
        .iter()
        .find(|it| it["id"].as_str().unwrap().starts_with(id));
    line.unwrap()["deletion"].clone()
}

#[test]
fn a_message_is_destroyed_everywhere_and_each_device_is_counted() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["reader", "approver"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    let item = amina.say("desk", "regretted at once");
    amina.say("desk", "kept");
    team.settle();
    assert_eq!(bilal.said("desk").len(), 2);
    let deleted = amina.vault(&["message", "delete", &item]).ok();
    assert_eq!(deleted["deletion"], json!({ "asked": 3, "confirmed": 1 }));
    // Carla's stick is late.
    team.cross(0, 1);
    team.cross(0, 1);
    assert_eq!(bilal.said("desk"), ["", "kept"].map(str::to_owned)[1..]);
    assert_eq!(
        deletion_of(amina, &item),
        json!({ "asked": 3, "confirmed": 2 })
    );
    assert_eq!(carla.said("desk").len(), 2);
    team.settle();
    for site in [amina, bilal, carla] {
        assert_eq!(site.said("desk"), ["kept"], "{}", site.name);
        let count = deletion_of(site, &item);
        assert_eq!(
            count,
            json!({ "asked": 3, "confirmed": 3 }),
            "{}",
            site.name
        );
        let shown = site.vault_as_text(&["message", "show", &item]).stdout;
        assert!(!shown.contains("regretted"), "{shown}");
    }
    team.agree("desk", &[0, 1, 2]);
}

#[test]
fn a_deleted_file_leaves_no_piece_behind() {
    let team = Team::around_the_first(["Amina", "Bilal"]);
    team.space("desk", &["editor"]);
    let (amina, bilal) = (team.site(0), team.site(1));
    let pieces = |site: &Site| {
        let files = fs::read_dir(site.vault_dir().join("bundles")).unwrap();
        let sizes = files.map(|file| file.unwrap().metadata().unwrap().len());
        sizes.sum::<u64>()
    };
    let scan = team.file("scan.bin", &noise(8, 1_500_000));
    let item = add_file(bilal, "desk", &scan);
    team.settle();
    assert!(saved(amina, &item, None) == fs::read(&scan).unwrap());
    assert!(pieces(amina) > 1_500_000);
    bilal.vault(&["file", "delete", &item]).ok();
    team.settle();
    for site in [amina, bilal] {
        // Opening it tidies up.
        site.vault(&["status"]).ok();
        assert!(pieces(site) < 300_000, "{}: {}", site.name, pieces(site));
        assert_eq!(site.file_list("desk").len(), 0);
        let out = site.dir.join("out");
        let save = ["file", "save", &item, "--to", text_of(&out)];
        let refused = site.vault(&save);
        assert_ne!(refused.exit, 0, "{refused:#?}");
        let removed = site.vault(&["file", "list", "desk", "--removed"]).ok();
        let count = &removed["files"][0]["deletion"];
        assert_eq!(*count, json!({ "asked": 2, "confirmed": 2 }), "{removed}");
    }
}

#[test]
fn a_removal_changes_the_key_and_who_can_read_says_who_had_it() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["editor", "editor"]);
    let (amina, carla) = (team.site(0), team.site(2));
    let early = amina.say("desk", "early");
    team.settle();
    amina.vault(&["member", "remove", "desk", "Bilal"]).ok();
    let later = amina.say("desk", "later");
    team.settle();
    let epochs = carla.vault(&["epoch", "list", "desk"]).ok();
    let epochs = epochs["epochs"].as_array().unwrap();
    let in_use: Vec<_> = epochs.iter().filter(|it| it["in_use"] == true).collect();
    assert_eq!(in_use.len(), 1, "{epochs:?}");
    let mut recipients = strings(&in_use[0]["recipients"]);
    recipients.sort_unstable();
    assert_eq!(recipients, ["Amina", "Carla"]);
    let names = |item: &str, which: &str| {
        let found = carla.vault(&["who-can-read", item]).ok();
        let rows = found[which].as_array().unwrap().iter();
        let mut names: Vec<_> = rows
            .map(|it| it["who"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&early, "now"), ["Amina", "Carla"]);
    assert_eq!(names(&early, "before"), ["Bilal"]);
    assert_eq!(names(&later, "before"), Vec::<String>::new());
    // A compartment has keys of its own.
    amina.vault(&["compartment", "add", "desk", "inner"]).ok();
    let send = ["message", "send", "desk", "--compartment", "inner"];
    amina
        .vault(&[&send[..], &["--message=for me"]].concat())
        .ok();
    team.settle();
    assert_eq!(carla.said("desk"), ["early", "later"]);
    let admit = ["compartment", "admit", "desk", "inner", "Carla"];
    amina.vault(&admit).ok();
    amina
        .vault(&[&send[..], &["--message=for Carla too"]].concat())
        .ok();
    team.settle();
    assert!(carla.said("desk").contains(&"for Carla too".to_owned()));
}
