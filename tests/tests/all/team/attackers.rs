//! Courier and relay against a space: they drop, cut, change, replay, reorder and hide, and
//! nothing comes in that nobody wrote.

use std::fs;

use super::Team;
use super::organisations::{bridged, bridged_behind};
use crate::attackers::courier::ATTACKS;
use crate::attackers::hostile::{HostileRelay, Manner};
use crate::people::{Site, copy_stick, files_below, wipe};

fn forks(site: &Site) -> usize {
    let shown = site.vault(&["space", "show", "desk"]).ok();
    shown["forks"].as_array().unwrap().len()
}

#[test]
fn a_courier_who_spoils_a_stick_brings_nothing_of_a_space_in_and_keeps_nothing_out() {
    let team = Team::around_the_first(["Amina", "Bilal"]);
    team.space("desk", &["editor"]);
    let (amina, bilal) = (team.site(0), team.site(1));
    let stick = team.stick(0, 1);
    for (at, (what, attack)) in ATTACKS.iter().enumerate() {
        amina.say("desk", what);
        amina.vault_sync(&stick).ok();
        attack(&stick);
        bilal.vault_sync(&stick).exits(&[0, 1, 3]);
        assert_eq!(bilal.said("desk").len(), at, "{what}");
        team.cross(0, 1);
        team.cross(1, 0);
        assert_eq!(bilal.said("desk").len(), at + 1, "{what}");
    }
    assert_eq!(amina.said("desk"), bilal.said("desk"));
    assert_eq!((forks(amina), forks(bilal)), (0, 0));
    team.agree("desk", &[0, 1]);
}

#[test]
fn old_sticks_and_sticks_in_the_wrong_order_change_nothing_twice() {
    let team = Team::around_the_first(["Amina", "Bilal"]);
    team.space("desk", &["editor"]);
    let (amina, bilal) = (team.site(0), team.site(1));
    let copies = [0, 1, 2].map(|number| team.dir.path().join(format!("copy{number}")));
    let stick = team.stick(0, 1);
    for (number, copy) in copies.iter().enumerate() {
        amina.say("desk", &format!("stick {number}"));
        wipe(&stick);
        amina.vault_sync(&stick).ok();
        copy_stick(&stick, copy);
    }
    for copy in [2, 0, 1, 2, 1, 0].map(|at| &copies[at]) {
        wipe(&stick);
        copy_stick(copy, &stick);
        bilal.vault_sync(&stick).ok();
        let mut said = bilal.said("desk");
        said.dedup();
        assert_eq!(said, bilal.said("desk"), "nothing twice");
    }
    team.settle();
    assert_eq!(bilal.said("desk"), ["stick 0", "stick 1", "stick 2"]);
    assert_eq!((forks(amina), forks(bilal)), (0, 0));
    team.agree("desk", &[0, 1]);
}

#[test]
fn what_a_relay_loses_is_named_and_comes_with_later_bundles() {
    let mut team = bridged();
    for number in 0..4 {
        team.site(0).say("desk", &format!("lost {number}"));
        team.site(0).carry_out();
        forget_everything(&mut team);
    }
    let mut was_named = false;
    for number in 0..6 {
        let (amina, carla) = (team.site(0), team.site(2));
        amina.say("desk", &format!("later {number}"));
        amina.carry_out();
        carla.carry_in();
        let said = carla.said("desk");
        let missing = carla.missing("desk");
        let waits =
            missing["pending_segment_count"] != 0 || missing["segments"] != serde_json::json!([]);
        if said.len() == number + 5 {
            println!("all came with bundle {}", number + 5);
            assert!(!waits, "{missing}");
            let said = amina.said("desk");
            assert_eq!(carla.said("desk"), said);
            return;
        }
        was_named |= waits;
        println!("{} of {}, missing {missing}", said.len(), number + 5);
    }
    panic!("it did not heal; the gap was named: {was_named}");
}

/// The relay's disk loses every bundle that waits.
fn forget_everything(team: &mut Team) {
    let relay = team.relay.as_mut().unwrap();
    relay.kill();
    let blobs = files_below(&relay.data.join("blobs"));
    assert!(!blobs.is_empty());
    for blob in blobs {
        fs::remove_file(blob).unwrap();
    }
    relay.start_again(&["--accept-loss"]);
}

#[test]
fn a_relay_that_lies_about_a_space_is_believed_nothing() {
    let mut hostile = None;
    let team = bridged_behind(|relay| {
        let before = HostileRelay::before(&relay.url);
        let url = before.url.clone();
        hostile = Some(before);
        url
    });
    let hostile = hostile.unwrap();
    let (amina, carla) = (team.site(0), team.site(2));
    let lies = [
        Manner::GivesOtherBytes,
        Manner::HidesEverything,
        Manner::BreaksDownloads(700),
        Manner::Fails,
    ];
    for (at, lie) in lies.into_iter().enumerate() {
        let item = amina.say("desk", &format!("before {lie:?}"));
        amina.carry_out();
        hostile.turn(lie);
        carla.courier_sync(&carla.stick()).exits(&[0, 1, 3]);
        carla.vault_sync(&carla.stick()).ok();
        assert_eq!(carla.said("desk").len(), at, "{lie:?}");
        let told = amina.vault(&["explain", &item]).ok();
        let summary = told["delivery"]["summary"].as_str().unwrap();
        assert!(summary.starts_with("confirmed by 0"), "{lie:?}: {summary}");
        hostile.turn(Manner::Honest);
        team.courier_rounds(2);
        assert_eq!(carla.said("desk").len(), at + 1, "{lie:?}");
    }
    assert_eq!(amina.view_of("desk"), carla.view_of("desk"));
    assert_eq!((forks(amina), forks(carla)), (0, 0));
}
