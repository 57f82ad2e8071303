//! Removal: of each other at the same time, behind somebody's back, of who keeps writing, and of
//! who never learns of it.

use super::{Team, organisations};
use crate::people::Site;

/// The first digits of all late work that waits.
fn late(site: &Site, space: &str) -> Vec<String> {
    let held = site.vault(&["adopt", space]).ok();
    let segments = held["late"].as_array().unwrap().iter();
    let digits = segments.map(|it| it["segment"].as_str().unwrap()[..8].to_owned());
    digits.collect()
}

#[test]
fn two_admins_who_remove_each_other_both_lose_the_role_and_an_owner_gives_it_back() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["admin", "admin"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    bilal
        .vault(&["member", "role", "desk", "Carla", "reader"])
        .ok();
    carla
        .vault(&["member", "role", "desk", "Bilal", "reader"])
        .ok();
    team.settle();
    for site in [amina, bilal, carla] {
        let roles = ["Amina", "Bilal", "Carla"].map(|name| site.role_of("desk", name));
        assert_eq!(roles, ["owner", "reader", "reader"], "{}", site.name);
    }
    let refused = bilal.vault(&["member", "role", "desk", "Carla", "editor"]);
    refused.failed(1, "space-role");
    for name in ["Bilal", "Carla"] {
        amina.vault(&["member", "role", "desk", name, "admin"]).ok();
    }
    team.settle();
    for site in [amina, bilal, carla] {
        let roles = ["Amina", "Bilal", "Carla"].map(|name| site.role_of("desk", name));
        assert_eq!(roles, ["owner", "admin", "admin"], "{}", site.name);
    }
    carla.say("desk", "friends again");
    team.settle();
    assert_eq!(bilal.said("desk"), ["friends again"]);
    team.agree("desk", &[0, 1, 2]);
}

#[test]
fn two_admins_who_expel_each_other_are_both_out_and_are_invited_again() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["admin", "admin"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    bilal.vault(&["member", "remove", "desk", "Carla"]).ok();
    carla.vault(&["member", "remove", "desk", "Bilal"]).ok();
    team.settle();
    for name in ["Bilal", "Carla"] {
        assert_eq!(amina.role_of("desk", name), "", "{name}");
    }
    team.expects_stale.set(true);
    for (at, site) in [(1, bilal), (2, carla)] {
        assert_eq!(site.space_state("desk"), "left");
        site.vault(&["space", "forget", "desk"]).ok();
        team.admit(0, at, "desk", "admin");
    }
    team.settle();
    bilal.say("desk", "back");
    team.settle();
    assert_eq!(amina.said("desk"), ["back"]);
    assert_eq!(carla.said("desk"), ["back"]);
}

#[test]
fn what_a_leaver_writes_without_knowing_is_held_until_it_is_adopted() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["editor", "approver"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    amina.vault(&["member", "remove", "desk", "Bilal"]).ok();
    bilal.say("desk", "one last thing");
    // It leaves before he hears of it.
    let stick = team.stick(0, 1);
    bilal.vault_sync(&stick).ok();
    team.settle();
    for site in [amina, carla] {
        assert_eq!(site.said("desk"), Vec::<String>::new());
        assert_eq!(site.space_line("desk")["late_segment_count"], 1);
    }
    let refused = bilal.vault(&["message", "send", "desk", "--message=and another"]);
    refused.failed(1, "space-closed");
    let segments = late(carla, "desk");
    assert_eq!(segments.len(), 1);
    carla.vault(&["adopt", "desk", &segments[0]]).ok();
    team.settle();
    for site in [amina, carla] {
        assert_eq!(site.said("desk"), ["one last thing"]);
        assert_eq!(site.space_line("desk")["late_segment_count"], 0);
        assert_eq!(site.role_of("desk", "Bilal"), "");
    }
}

#[test]
fn a_removal_that_arrives_after_a_month_takes_back_what_was_written_meanwhile() {
    let team = organisations::bridged();
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    bilal
        .vault(&["member", "role", "desk", "Carla", "approver"])
        .ok();
    amina.vault(&["owner", "add", "desk", "Bilal"]).ok();
    team.courier_rounds(2);
    // Amina writes the removal and takes no stick anywhere.
    amina.vault(&["member", "remove", "desk", "Carla"]).ok();
    for day in 0..3 {
        carla.say("desk", &format!("day {day}"));
        carla.carry_out();
        bilal.carry_in();
        bilal.say("desk", &format!("answer {day}"));
        bilal.carry_out();
        carla.carry_in();
    }
    assert_eq!(bilal.said("desk").len(), 6);
    assert_eq!(carla.said("desk").len(), 6);
    team.courier_rounds(3);
    let answers = ["answer 0", "answer 1", "answer 2"];
    for site in [amina, bilal] {
        assert_eq!(site.said("desk"), answers, "{}", site.name);
        assert_eq!(site.role_of("desk", "Carla"), "");
        assert_eq!(late(site, "desk").len(), 3, "{}", site.name);
    }
    assert_eq!(carla.space_state("desk"), "left");
    let segments = late(bilal, "desk");
    let adopt: Vec<&str> = segments.iter().map(String::as_str).collect();
    bilal.vault(&[&["adopt", "desk"], &adopt[..]].concat()).ok();
    team.courier_rounds(2);
    assert_eq!(amina.said("desk").len(), 6);
    assert_eq!(amina.view_of("desk"), bilal.view_of("desk"));
}

#[test]
fn a_member_who_never_learns_of_the_removal_changes_nothing_for_the_others() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["admin", "editor"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    amina.vault(&["member", "remove", "desk", "Bilal"]).ok();
    team.cross(0, 2);
    // What Amina has for Bilal is lost each time; what Bilal has for her arrives.
    for round in 0..3 {
        bilal.say("desk", &format!("still here {round}"));
        if round == 0 {
            bilal
                .vault(&["member", "role", "desk", "Carla", "reader"])
                .ok();
        }
        let stick = team.stick(0, 1);
        bilal.vault_sync(&stick).ok();
        amina.vault_sync(&stick).ok();
        crate::people::wipe(&stick);
        amina.say("desk", &format!("without him {round}"));
        team.cross(0, 2);
    }
    assert_eq!(bilal.space_state("desk"), "member");
    assert_eq!(bilal.said("desk").len(), 3, "he hears nothing");
    let without_him = ["without him 0", "without him 1", "without him 2"];
    for site in [amina, carla] {
        assert_eq!(site.said("desk"), without_him, "{}", site.name);
        assert_eq!(late(site, "desk").len(), 3, "{}", site.name);
        // A denial by somebody who was admin as far as he knew stands.
        assert_eq!(site.role_of("desk", "Carla"), "reader", "{}", site.name);
    }
    // His wish is no law: who has the right gives the role back, and it stays.
    amina
        .vault(&["member", "role", "desk", "Carla", "editor"])
        .ok();
    team.cross(0, 2);
    carla.say("desk", "still editor");
    team.cross(0, 2);
    assert_eq!(amina.said("desk").len(), 4);
}
