//! Two organisations in one space, over a relay: they meet in one person, and have no common root.

use super::Team;
use crate::people::{Relay, Site, text_of};

/// Amina knows Bilal, Bilal knows Carla; everybody has a mailbox for this space only.
pub(super) fn bridged() -> Team {
    bridged_behind(|relay| relay.url.clone())
}

/// The same, with something between the couriers and the relay.
pub(super) fn bridged_behind(url_of: impl FnOnce(&Relay) -> String) -> Team {
    let mut team = Team::of(["Amina", "Bilal", "Carla"]);
    team.pair(0, 1);
    team.pair(1, 2);
    team.with_relay(url_of);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    amina.create_space("desk", &[&team.relay_invitation("amina")]);
    amina.invite("desk", bilal, "admin");
    team.cross(0, 1);
    bilal.join_newest(&[&team.relay_invitation("bilal")]);
    team.cross(1, 0);
    bilal.invite("desk", carla, "editor");
    team.cross(1, 2);
    carla.join_newest(&[&team.relay_invitation("carla")]);
    team.cross(2, 1);
    team.open_mailboxes();
    team.courier_rounds(2);
    let carla = team.site(2);
    assert_eq!(carla.space_state("desk"), "member");
    team
}

#[test]
fn two_organisations_share_a_space_though_their_people_never_exchanged_cards() {
    let team = bridged();
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    let item = amina.say("desk", "from one house");
    carla.say("desk", "from the other");
    team.courier_rounds(1);
    for site in [amina, bilal, carla] {
        assert_eq!(
            site.said("desk"),
            ["from one house", "from the other"],
            "{}",
            site.name
        );
        assert_eq!(site.role_of("desk", "Carla"), "editor");
    }
    for (site, stranger) in [(amina, "carla"), (carla, "amina")] {
        let contacts = site.vault_as_text(&["contact", "list"]).stdout;
        assert!(!contacts.contains(stranger), "{contacts}");
    }
    // Mailboxes of a space are none of the person's own.
    for site in [amina, bilal, carla] {
        let card = site.vault_as_text(&["card"]).stdout;
        assert!(card.len() > 100);
        let listed = site.vault_as_text(&["relay", "list"]).stdout;
        assert!(listed.contains("no mailboxes"), "{listed}");
    }
    team.courier_rounds(2);
    let told = amina.vault(&["explain", &item]).ok();
    let summary = told["delivery"]["summary"].as_str().unwrap();
    assert_eq!(summary, "confirmed by 2 of 2 devices");
    amina.vault(&["space", "checkpoint", "desk"]).ok();
    team.courier_rounds(2);
    let shown = carla.vault(&["space", "show", "desk"]).ok();
    let checkpoint = &shown["checkpoints"][0];
    let mut confirmed = super::strings(&checkpoint["confirmed"]);
    confirmed.sort_unstable();
    assert_eq!(confirmed, ["Bilal", "Carla"], "{checkpoint}");
    assert_eq!(checkpoint["contradicted"], serde_json::json!([]));
    assert_eq!(amina.view_of("desk"), carla.view_of("desk"));
    assert_eq!(amina.view_of("desk"), bilal.view_of("desk"));
}

#[test]
fn the_states_of_a_message_on_its_way_are_those_of_every_program() {
    let team = bridged();
    let (amina, carla) = (team.site(0), team.site(2));
    let item = amina.say("desk", "step by step");
    let state = || {
        let shown = amina.vault(&["message", "show", &item]).ok();
        let devices = shown["delivery"]["devices"].as_array().unwrap().clone();
        let of_carla = devices.iter().find(|it| it["who"] == "Carla").unwrap();
        of_carla["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(), "ready to carry");
    amina.vault_sync(&amina.stick()).ok();
    assert_eq!(state(), "on stick (checked)");
    amina.courier_sync(&amina.stick()).ok();
    amina.vault_sync(&amina.stick()).ok();
    assert_eq!(state(), "with the relay");
    carla.carry_in();
    assert_eq!(carla.said("desk"), ["step by step"]);
    assert_eq!(state(), "with the relay");
    carla.courier_sync(&carla.stick()).ok();
    amina.carry_in();
    assert_eq!(state(), "confirmed");
}

#[test]
fn a_newcomer_is_let_in_by_mailboxes_alone_while_the_founder_is_away() {
    let mut team = Team::of(["Amina", "Bilal", "Carla"]);
    team.with_relay(|relay| relay.url.clone());
    for site in &team.sites {
        let invitation = team.relay_invitation(&format!("{}-own", site.name));
        site.vault(&["relay", "add", text_of(&invitation)]).ok();
    }
    for (one, other) in [(0, 1), (1, 2)] {
        team.site(one).meet(team.site(other));
        team.site(other).meet(team.site(one));
    }
    team.open_mailboxes();
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    amina.create_space("desk", &[&team.relay_invitation("amina")]);
    amina.invite("desk", bilal, "admin");
    team.courier_rounds(1);
    bilal.join_newest(&[&team.relay_invitation("bilal")]);
    team.open_mailboxes();
    team.courier_rounds(3);
    amina.say("desk", "before you came");
    team.courier_rounds(1);
    assert_eq!(bilal.said("desk"), ["before you came"]);
    // From here on Amina is on a journey.
    bilal.invite("desk", carla, "editor");
    let trip = |sites: [&Site; 2]| {
        for site in sites {
            site.vault_sync(&site.stick()).ok();
            site.courier_sync(&site.stick()).exits(&[0, 1]);
            site.vault_sync(&site.stick()).ok();
        }
    };
    trip([bilal, carla]);
    trip([carla, bilal]);
    carla.join_newest(&[&team.relay_invitation("carla")]);
    for _ in 0..2 {
        trip([carla, bilal]);
    }
    trip([bilal, carla]);
    assert_eq!(carla.space_state("desk"), "member");
    assert_eq!(carla.said("desk"), ["before you came"]);
}
