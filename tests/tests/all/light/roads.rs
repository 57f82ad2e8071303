//! The whole way of a message and of its receipt, by light and over a relay.

use super::pair::{film, show_in_pictures};
use crate::people::{Ran, Site, World, entries, text_of};

fn courier_shows(site: &Site, folder: &std::path::Path) -> Ran {
    site.courier(&["sync", "--images", text_of(folder)])
}

fn courier_films(site: &Site, folder: &std::path::Path) -> Ran {
    site.courier(&["sync", "--camera", text_of(folder)])
}

#[test]
fn message_and_receipt_go_all_the_way_by_light() {
    let world = World::new();
    let (amina, bilal) = (&world.amina, &world.bilal);
    let path = |name: &str| world.dir.path().join(name);
    let item = amina.send("bilal", "Come to the harbour at nine.");

    show_in_pictures(amina, &path("1"));
    assert!(entries(&path("1")).len() > 3);
    courier_films(amina, &path("1")).ok();
    courier_shows(bilal, &path("2")).ok();
    let taken = film(bilal, &path("2")).ok();
    assert_eq!(taken["taken_in"].as_array().unwrap().len(), 1, "{taken}");
    assert_eq!(bilal.messages(), ["Come to the harbour at nine."]);

    show_in_pictures(bilal, &path("3"));
    courier_films(bilal, &path("3")).ok();
    courier_shows(amina, &path("4")).ok();
    let taken = film(amina, &path("4")).ok();
    assert_eq!(taken["confirmed"][0]["item"], item.as_str(), "{taken}");
    assert_eq!(amina.state_of(&item), "Confirmed (signed receipt)");
}

#[test]
fn vaults_that_are_paired_need_nothing_but_light() {
    let pair = super::pair::Pair::new();
    let (amina, bilal) = (&pair.amina, &pair.bilal);
    let item = amina.send("bilal", "The boat is green.");
    show_in_pictures(amina, &pair.path("out"));
    film(bilal, &pair.path("out")).ok();
    assert_eq!(bilal.messages(), ["The boat is green."]);
    show_in_pictures(bilal, &pair.path("back"));
    film(amina, &pair.path("back")).ok();
    assert_eq!(amina.state_of(&item), "Confirmed (signed receipt)");
    // What was seen before is no error, and changes nothing.
    film(bilal, &pair.path("out")).ok();
    assert_eq!(bilal.messages().len(), 1);
}
