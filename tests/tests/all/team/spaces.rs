//! One space that goes by sticks only: what three people write comes to all of them alike.

use std::fs;
use std::path::Path;

use super::{Team, strings};
use crate::people::{Site, noise, text_of};

/// Puts a file into a space and returns its reference in this vault.
pub(super) fn add_file(site: &Site, space: &str, file: &Path) -> String {
    let added = site.vault(&["file", "add", space, text_of(file)]).ok();
    added["files"][0]["item"].as_str().unwrap().to_owned()
}

/// Writes a file of a space into a new folder and gives what is in it.
pub(super) fn saved(site: &Site, item: &str, version: Option<&str>) -> Vec<u8> {
    let folder = tempfile::tempdir_in(&site.dir).unwrap();
    let mut save = vec!["file", "save", item, "--to", text_of(folder.path())];
    save.extend(version.iter().flat_map(|number| ["--version", number]));
    let saved = site.vault(&save).ok();
    fs::read(strings(&saved["saved"])[0]).unwrap()
}

#[test]
fn three_people_with_nothing_but_sticks_come_to_the_same_space() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["editor", "approver"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));

    let question = amina.say("desk", "Where do we meet?");
    let scan = team.file("scan.bin", &noise(3, 3 * 1024 * 1024));
    add_file(bilal, "desk", &scan);
    let photo = team.file("photo.jpg", &noise(4, 70_000));
    let attach = ["message", "send", "desk", "--attach", text_of(&photo)];
    let sent = [&attach[..], &["--message=As you asked."]].concat();
    let sent = carla.vault(&sent).ok();
    assert_eq!(sent["attachments"], 1);
    team.settle();

    let reply = ["message", "send", "desk", "--reply-to", &question];
    let answers = ["At the quay.", "By the old pump."];
    for (site, answer) in [bilal, carla].into_iter().zip(answers) {
        let text = format!("--message={answer}");
        site.vault(&[&reply[..], &[&text]].concat()).ok();
    }
    team.settle();
    let thread = amina.vault(&["message", "list", "desk", "--thread", &question]);
    let thread = thread.ok();
    let lines = thread["messages"].as_array().unwrap();
    assert_eq!(lines.len(), 3, "{thread}");
    let everything = [
        "As you asked.",
        "At the quay.",
        "By the old pump.",
        "Where do we meet?",
    ];
    for site in [amina, bilal, carla] {
        assert_eq!(site.said("desk"), everything, "{}", site.name);
        let files = site.file_list("desk");
        let item = files[0]["item"].as_str().unwrap();
        let pieces = files[0]["pieces"].as_u64().unwrap();
        assert!(pieces > 10, "cut into {pieces} pieces");
        assert!(saved(site, item, None) == fs::read(&scan).unwrap());
        assert_eq!(site.missing("desk")["missing_piece_count"], 0);
    }
    team.agree("desk", &[0, 1, 2]);
}

#[test]
fn versions_of_a_file_that_two_people_put_at_once_are_both_kept() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["editor", "editor"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    let plan = team.file("plan.txt", b"first");
    add_file(amina, "desk", &plan);
    team.settle();
    for (site, text) in [(bilal, "of Bilal"), (carla, "of Carla")] {
        team.file("plan.txt", text.as_bytes());
        add_file(site, "desk", &plan);
    }
    team.settle();
    for site in [amina, bilal, carla] {
        let files = site.file_list("desk");
        assert_eq!(files.len(), 1, "{files:?}");
        assert_eq!(files[0]["conflict"], true);
        let item = files[0]["item"].as_str().unwrap();
        let shown = site.vault(&["file", "versions", item]).ok();
        let versions = shown["versions"].as_array().unwrap();
        let current = versions.iter().filter(|it| it["state"] == "current");
        let numbers: Vec<String> = current.map(|it| it["version"].to_string()).collect();
        let mut texts: Vec<_> = numbers
            .iter()
            .map(|number| saved(site, item, Some(number)))
            .collect();
        texts.sort();
        assert_eq!(texts, [b"of Bilal", b"of Carla"]);
    }
    team.file("plan.txt", b"of both");
    add_file(amina, "desk", &plan);
    team.settle();
    for site in [bilal, carla] {
        let files = site.file_list("desk");
        assert_eq!(files[0]["conflict"], false, "{files:?}");
        let item = files[0]["item"].as_str().unwrap();
        assert_eq!(saved(site, item, None), b"of both");
    }
    team.agree("desk", &[0, 1, 2]);
}

#[test]
fn a_file_without_changes_is_not_carried_twice() {
    let team = Team::around_the_first(["Amina", "Bilal"]);
    team.space("desk", &["editor"]);
    let (amina, bilal) = (team.site(0), team.site(1));
    let mut bytes = noise(5, 2 * 1024 * 1024);
    let scan = team.file("scan.bin", &bytes);
    let first = amina.vault(&["file", "add", "desk", text_of(&scan)]).ok();
    let all = first["new_pieces"].as_u64().unwrap();
    team.settle();
    let again = bilal.vault(&["file", "add", "desk", text_of(&scan)]).ok();
    assert_eq!(again["files"][0]["change"], "the same already", "{again}");
    assert_eq!(again["new_pieces"], 0, "{again}");
    bytes[1_000_000] ^= 1;
    team.file("scan.bin", &bytes);
    let next = bilal.vault(&["file", "add", "desk", text_of(&scan)]).ok();
    assert_eq!(next["files"][0]["change"], "new version");
    let few = next["new_pieces"].as_u64().unwrap();
    assert!(few > 0 && few * 4 < all, "{few} of {all}");
    team.settle();
    let files = amina.file_list("desk");
    let item = files[0]["item"].as_str().unwrap();
    assert!(saved(amina, item, None) == bytes);
}

#[test]
fn who_has_a_lesser_role_is_told_so_and_writes_nothing() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["reader", "suggester"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    let message = amina.say("desk", "hands off");
    let file = team.file("mine.txt", b"mine");
    team.settle();
    let before = amina.view_of("desk");
    let say = ["message", "send", "desk", "--message=x"];
    let delete = ["message", "delete", &message];
    let attempts: &[(&Site, &[&str])] = &[
        (bilal, &say),
        (bilal, &delete),
        (bilal, &["epoch", "new", "desk"]),
        (bilal, &["space", "checkpoint", "desk"]),
        (
            bilal,
            &[
                "space", "invite", "desk", "--to", "amina", "--role", "editor",
            ],
        ),
        (bilal, &["owner", "add", "desk", "Bilal"]),
        (bilal, &["seal", "desk", "Carla"]),
        (carla, &["file", "add", "desk", text_of(&file)]),
        (carla, &delete),
        (carla, &["member", "remove", "desk", "Bilal"]),
        (carla, &["member", "role", "desk", "Carla", "owner"]),
        (carla, &["compartment", "add", "desk", "inner"]),
    ];
    for (site, arguments) in attempts {
        let refused = site.vault(arguments);
        let exit = refused.exit;
        assert!(exit == 1 || exit == 2, "{arguments:?}: {refused:#?}");
        let said = &refused.stderr;
        let is_told = said.contains("needs the role") || said.contains("owner");
        assert!(is_told, "{arguments:?}: {said}");
    }
    carla.say("desk", "a suggester may speak");
    team.settle();
    for site in [amina, bilal, carla] {
        assert_eq!(site.said("desk"), ["a suggester may speak", "hands off"]);
        assert_eq!(site.view_of("desk")["members"], before["members"]);
        assert_eq!(site.file_list("desk").len(), 0);
    }
}
