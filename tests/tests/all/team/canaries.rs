//! Nothing of a space is readable outside its members' unlocked vaults: not on sticks, at
//! couriers, on the relay, or in a vault that is locked.

use std::fs;
use std::path::PathBuf;

use super::{Team, organisations};
use crate::people::{entries, files_below, text_of};
use crate::team::spaces::add_file;

const SPACE: &str = "lighthouse";
const TEXT: &str = "The ferryman brings the ledgers on Thursday.";
const FILE_NAME: &str = "minutes-of-the-ninth.txt";
const CONTENT: &str = "Present were all who signed the petition. ";
const COMPARTMENT: &str = "treasurers";
const CALLED: [&str; 3] = ["Amina", "Bilal", "Carla"];

/// Every file of everything outside the people's heads.
fn everything(team: &Team) -> Vec<PathBuf> {
    let mut folders = vec![team.relay.as_ref().unwrap().data.clone()];
    for (at, site) in team.sites.iter().enumerate() {
        folders.extend([site.stick(), site.courier_dir(), site.vault_dir()]);
        let sticks = (0..team.sites.len()).map(|other| team.stick(at, other));
        folders.extend(sticks.filter(|stick| stick.exists()));
    }
    folders
        .iter()
        .flat_map(|folder| files_below(folder))
        .collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|seen| seen == text.as_bytes())
}

fn assert_none_seen(team: &Team, step: &str) {
    let canaries = [
        SPACE,
        TEXT,
        "the ledgers on",
        FILE_NAME,
        CONTENT,
        COMPARTMENT,
    ];
    let files = everything(team);
    assert!(files.len() > 12, "{step}: {} files", files.len());
    for path in files {
        let bytes = fs::read(&path).unwrap();
        for canary in canaries.iter().chain(&CALLED) {
            assert!(
                !holds(&bytes, canary),
                "{step}: {canary} in {}",
                path.display()
            );
        }
    }
}

#[test]
fn nothing_of_a_space_is_seen_outside_unlocked_vaults() {
    let team = organisations::bridged();
    let (amina, carla) = (team.site(0), team.site(2));
    amina.create_space(SPACE, &[]);
    team.admit(0, 1, SPACE, "editor");
    let file = team.file(FILE_NAME, CONTENT.repeat(5000).as_bytes());
    amina
        .vault(&["compartment", "add", "desk", COMPARTMENT])
        .ok();
    for space in ["desk", SPACE] {
        amina.say(space, TEXT);
        add_file(amina, space, &file);
    }
    assert_none_seen(&team, "written");
    amina.vault_sync(&amina.stick()).ok();
    amina.vault_sync(&team.stick(0, 1)).ok();
    assert_none_seen(&team, "on stick");
    amina.courier_sync(&amina.stick()).ok();
    assert_none_seen(&team, "with the relay");
    carla.courier_sync(&carla.stick()).ok();
    assert_none_seen(&team, "with the courier");
    carla.vault_sync(&carla.stick()).ok();
    team.site(1).vault_sync(&team.stick(0, 1)).ok();
    assert_none_seen(&team, "taken in");
    assert_eq!(carla.said("desk"), [TEXT]);
    let item = amina.message_list("desk")[0]["item"].clone();
    amina
        .vault(&["message", "delete", item.as_str().unwrap()])
        .ok();
    team.courier_rounds(1);
    assert_none_seen(&team, "deleted");
}

/// The search itself finds what is there to be found.
#[test]
fn a_canary_that_is_carried_openly_is_found() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("open.bin"), format!("…{TEXT}…")).unwrap();
    let found = entries(dir.path());
    assert!(holds(&fs::read(text_of(&found[0])).unwrap(), TEXT));
}
