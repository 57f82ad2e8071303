//! What one run or one medium has begun, another ends.

use std::fs;
use std::path::Path;

use super::pair::{Pair, film, film_in_part, show_in_pictures};
use super::pictures::folder_of;
use crate::people::{entries, files_below, run_interrupted, run_killed, text_of};

/// Amina's vault shows pictures until somebody has had enough of it.
fn show_some(pair: &Pair, folder: &Path, picture_count: usize) {
    let arguments = ["sync", "--images", text_of(folder), "--json"];
    let mut showing = pair.amina.vault_command(&arguments);
    let is_enough = || folder.exists() && entries(folder).len() >= picture_count;
    run_interrupted(&mut showing, is_enough).exits(&[1]);
}

#[test]
fn stick_ends_what_light_began() {
    let pair = Pair::new();
    let item = pair.send_noise(2_300_000);
    show_some(&pair, &pair.path("some"), 120);
    let (first, needed) = film_in_part(&pair.bilal, &pair.path("some"));
    assert!(first >= 300 && needed > 4_700, "{first} of {needed}");
    // Another run shows other pieces: each of them is of use.
    show_some(&pair, &pair.path("others"), 120);
    let seen = 3 * entries(&pair.path("others")).len() as u64;
    let (second, _) = film_in_part(&pair.bilal, &pair.path("others"));
    assert!(second > first + seen - 10, "{first}, {second} of {needed}");

    pair.amina.vault_sync(&pair.amina.stick()).ok();
    let taken = pair.bilal.vault_sync(&pair.amina.stick()).ok();
    assert_eq!(taken["taken_in"].as_array().unwrap().len(), 1, "{taken}");
    pair.amina.vault_sync(&pair.amina.stick()).ok();
    assert_eq!(pair.amina.state_of(&item), "Confirmed (signed receipt)");
    let left = pair.bilal.vault_dir().join("spool");
    assert!(files_below(&left).is_empty(), "{:?}", files_below(&left));
}

#[test]
fn folder_is_looked_at_to_its_end_although_its_first_pack_is_known() {
    let pair = Pair::new();
    pair.send_noise(200_000);
    show_in_pictures(&pair.amina, &pair.path("first"));
    film(&pair.bilal, &pair.path("first")).ok();
    // The first pack is not receipted yet: it is shown once more, before the second.
    pair.send_noise(60_000);
    show_in_pictures(&pair.amina, &pair.path("both"));
    let taken = film(&pair.bilal, &pair.path("both")).ok();
    assert_eq!(taken["taken_in"].as_array().unwrap().len(), 1, "{taken}");
}

#[test]
fn light_brings_only_the_part_that_a_stick_lost() {
    let pair = Pair::new();
    let item = pair.send_noise(1_500_000);
    let stick = pair.amina.stick();
    let arguments = ["sync", "--stick", text_of(&stick), "--part-mib", "1"];
    pair.amina.vault(&arguments).ok();
    let mut parts = entries(&stick);
    parts.sort_by_key(|part| fs::metadata(part).unwrap().len());
    assert_eq!(parts.len(), 2, "{parts:?}");
    let lost_bytes = fs::metadata(&parts[0]).unwrap().len();
    fs::remove_file(&parts[0]).unwrap();

    let answer = pair.bilal.vault_sync(&stick).exits(&[0, 1]);
    let missing = &answer["pairings"][0]["incomplete"][0]["missing"];
    assert_eq!(missing.as_array().unwrap().len(), 1, "{answer}");
    // The stick brings back what has arrived.
    pair.amina.vault_sync(&stick).ok();
    let picture_count = pair.pictures_of_amina("rest").len() as u64;
    // Three pieces of 480 bytes each in a picture, and a third more of them than is needed.
    let expected = lost_bytes / 1_440 * 134 / 100;
    assert!(
        picture_count.abs_diff(expected) < 20,
        "{picture_count} pictures for {lost_bytes} bytes"
    );
    let taken = film(&pair.bilal, &pair.path("rest")).ok();
    assert_eq!(taken["taken_in"].as_array().unwrap().len(), 1, "{taken}");
    pair.bilal.vault_sync(&pair.bilal.stick()).ok();
    pair.amina.vault_sync(&pair.bilal.stick()).ok();
    assert_eq!(pair.amina.state_of(&item), "Confirmed (signed receipt)");
}

#[test]
fn pieces_survive_that_the_filming_program_is_killed() {
    let pair = Pair::new();
    pair.send_noise(300_000);
    let pictures = pair.pictures_of_amina("all");
    let all = pair.path("all");
    let spool = pair.bilal.vault_dir().join("spool");
    let mut filming = pair
        .bilal
        .vault_command(&["sync", "--camera", text_of(&all), "--json"]);
    let has_begun = || {
        let files = files_below(&spool).into_iter();
        let sizes = files.filter_map(|file| fs::metadata(file).ok());
        sizes.map(|found| found.len()).sum::<u64>() > 50_000
    };
    let ended = run_killed(&mut filming, has_begun);
    assert!(ended.is_none(), "it ended before it was killed: {ended:?}");

    // A picture that was filmed before brings nothing new: what is there is what was kept.
    let again = folder_of(&pair.path("again"), &pictures[..1]);
    let (kept, needed) = film_in_part(&pair.bilal, &again);
    assert!(kept >= 90 && kept < needed, "{kept} of {needed}");
    let left = usize::try_from((needed - kept).div_ceil(3)).unwrap() + 6;
    let rest = folder_of(&pair.path("rest"), &pictures[pictures.len() - left..]);
    assert!(left < pictures.len(), "{kept} of {needed}");
    let taken = film(&pair.bilal, &rest).ok();
    assert_eq!(taken["taken_in"].as_array().unwrap().len(), 1, "{taken}");
}

#[test]
fn showing_is_no_failure_while_something_is_on_its_way() {
    let pair = Pair::new();
    pair.send_noise(100_000);
    pair.bilal.send("amina", "On my way.");
    let pictures = pair.pictures_of_amina("all");
    let some = folder_of(&pair.path("some"), &pictures[..9]);
    film_in_part(&pair.bilal, &some);
    show_in_pictures(&pair.bilal, &pair.path("answer"));
    film(&pair.amina, &pair.path("answer")).ok();
    assert_eq!(pair.amina.messages(), ["On my way."]);
}

#[test]
fn pieces_that_a_stick_overtook_hold_nothing_up() {
    let pair = Pair::new();
    let item = pair.send_noise(1_500_000);
    // One large part on a stick that is on its way: light cuts the pack anew.
    let stick = pair.amina.stick();
    pair.amina.vault_sync(&stick).ok();
    show_some(&pair, &pair.path("some"), 30);
    film_in_part(&pair.bilal, &pair.path("some"));
    pair.bilal.vault_sync(&stick).ok();
    pair.amina.vault_sync(&stick).ok();
    assert_eq!(pair.amina.state_of(&item), "Confirmed (signed receipt)");

    pair.amina.send("bilal", "Did it all arrive?");
    show_in_pictures(&pair.amina, &pair.path("more"));
    film(&pair.bilal, &pair.path("more")).ok();
    assert_eq!(pair.bilal.inbox().len(), 2);
}
