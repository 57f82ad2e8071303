//! A second laptop of one person.

use super::Team;

#[test]
fn a_second_laptop_sees_the_list_of_spaces_at_once_reads_and_writes() {
    let team = linked();
    let (amina, laptop, bilal) = (team.site(0), team.site(1), team.site(2));
    assert_eq!(laptop.said("desk"), ["before"]);
    laptop.say("desk", "from the laptop");
    team.settle();
    for site in [amina, laptop, bilal] {
        assert_eq!(site.said("desk"), ["before", "from the laptop"]);
        let members = site.members("desk");
        assert_eq!(members.len(), 2, "one person, one member: {members:?}");
    }
    let list = bilal.message_list("desk");
    let from_laptop = list.iter().find(|it| it["summary"] == "from the laptop");
    assert_eq!(from_laptop.unwrap()["author"], "Amina");
    team.agree("desk", &[0, 1, 2]);
}

#[test]
fn a_lost_laptop_reads_nothing_that_is_written_after_its_removal() {
    let team = linked();
    let (amina, laptop, bilal) = (team.site(0), team.site(1), team.site(2));
    let devices = amina.vault(&["device", "list", "desk"]).ok();
    let devices = devices["devices"].as_array().unwrap();
    let lost = devices
        .iter()
        .find(|it| it["vault_of"] == "laptop")
        .unwrap();
    let lost = &lost["id"].as_str().unwrap()[..8];
    let remove = ["device", "remove", "desk", lost, "--reason", "lost"];
    amina.vault(&remove).ok();
    let item = amina.say("desk", "after the loss");
    team.settle();
    assert_eq!(bilal.said("desk"), ["after the loss", "before"]);
    assert_eq!(laptop.said("desk"), ["before"]);
    assert_eq!(laptop.space_state("desk"), "left");
    let refused = laptop.vault(&["message", "send", "desk", "--message=x"]);
    refused.failed(1, "space-closed");
    // The other space is untouched.
    assert_eq!(laptop.space_state("attic"), "member");
    let readers = amina.vault(&["who-can-read", &item]).ok();
    let now = readers["now"].as_array().unwrap();
    let with_keys = now.iter().filter(|it| it["has_keys"] == true).count();
    assert_eq!(with_keys, now.len(), "{readers}");
    assert!(!readers.to_string().contains(lost), "{readers}");
}

/// Amina with a second laptop in two spaces, and Bilal in one of them.
fn linked() -> Team {
    let team = Team::around_the_first(["Amina", "Laptop", "Bilal"]);
    let (amina, laptop) = (team.site(0), team.site(1));
    amina.create_space("desk", &[]);
    amina.create_space("attic", &[]);
    team.admit(0, 2, "desk", "editor");
    amina.say("desk", "before");
    amina.vault(&["device", "link", "laptop"]).ok();
    team.cross(0, 1);
    let listed = laptop.vault(&["space", "list"]).ok();
    let mut names: Vec<_> = listed["invitations"].as_array().unwrap().iter().collect();
    names.sort_by_key(|it| it["space"].as_str());
    assert_eq!(names.len(), 2, "{listed}");
    assert_eq!(
        (&names[0]["space"], &names[1]["space"]),
        (&"attic".into(), &"desk".into())
    );
    laptop.vault(&["space", "join", "all"]).ok();
    team.cross(1, 0);
    for space in ["desk", "attic"] {
        let line = laptop.space_line(space);
        assert_eq!(
            (&line["state"], &line["role"]),
            (&"member".into(), &"owner".into())
        );
    }
    team.settle();
    team
}
