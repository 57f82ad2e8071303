//! The outsider has a card of Bilal's, who has never heard of them.

use crate::people::World;

#[test]
fn somebody_unknown_is_shown_as_one_and_gets_a_receipt_only_when_verified() {
    let world = World::of_strangers(|relay| relay.url.clone());
    let (stranger, bilal) = (&world.amina, &world.bilal);
    stranger.meet(bilal);
    let item = stranger.send("bilal", "You do not know me.");
    world.round();
    let came = bilal.inbox();
    assert_eq!(came.len(), 1);
    assert!(came[0]["from"].is_null(), "{came:?}");
    let words = crate::people::words_of(stranger);
    assert_eq!(came[0]["unknown_sender_words"], words.as_str());
    let shown = bilal.vault_as_text(&["inbox"]).stdout;
    assert!(
        shown.contains(&format!("UNKNOWN SENDER ({words})")),
        "{shown}"
    );
    world.round();
    assert_eq!(stranger.state_of(&item), "With the relay");

    let accepted = bilal.vault(&["contact", "accept", "in-1"]).ok();
    assert_eq!(accepted["nickname"], "amina");
    world.round();
    assert_eq!(
        stranger.state_of(&item),
        "With the relay",
        "not verified yet"
    );
    let shown = bilal.vault_as_text(&["inbox"]).stdout;
    assert!(shown.contains("amina (NOT VERIFIED)"), "{shown}");

    bilal.meet(stranger);
    world.round();
    assert_eq!(stranger.state_of(&item), "Confirmed (signed receipt)");
    assert_eq!(bilal.inbox().len(), 1);
}

#[test]
fn an_unverified_contact_is_not_written_to() {
    let world = World::of_strangers(|relay| relay.url.clone());
    world.amina.add_card_of(&world.bilal);
    let send = ["send", "--to", "bilal", "--message=hello"];
    let refused = world.amina.vault(&send);
    refused.exits(&[1, 2, 3]);
    assert_eq!(refused.codes, ["contact-unverified"]);
    let outbox = world.amina.vault(&["outbox"]).ok();
    assert_eq!(outbox["items"].as_array().unwrap().len(), 0);
}
