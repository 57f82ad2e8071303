//! Paper, a film and photos: what lies between a screen and a camera.

use std::process::Command;

use camera_model::{Camera, CameraSpec, Picture, Recording};

use super::desktop::is_there;
use super::pair::{Pair, film};
use super::pictures::{read_png, write_jpeg, write_y4m};
use crate::people::{entries, text_of};

#[test]
fn pack_arrives_on_paper() {
    if !is_there(&["pdftoppm"]) {
        return;
    }
    let pair = Pair::new();
    pair.amina.send("bilal", "Burn this page.");
    let pdf = pair.path("pages.pdf");
    pair.amina.vault(&["sync", "--pdf", text_of(&pdf)]).ok();
    let pages = pair.path("pages");
    std::fs::create_dir(&pages).unwrap();
    let mut printer = Command::new("pdftoppm");
    printer.args(["-r", "150", "-gray", "-png"]);
    printer.arg(&pdf).arg(pages.join("page"));
    assert!(printer.status().unwrap().success());
    film(&pair.bilal, &pages.join("*.png")).ok();
    assert_eq!(pair.bilal.messages(), ["Burn this page."]);
}

#[test]
fn pack_arrives_in_a_film_of_a_screen() {
    let pair = Pair::new();
    pair.send_noise(20_000);
    let pictures: Vec<_> = pair.pictures_of_amina("out");
    let pictures: Vec<Picture> = pictures.iter().map(|path| read_png(path)).collect();
    let (width, height) = (pictures[0].width, pictures[0].height);
    let mut camera = Camera::new(CameraSpec::laptop_720p(), width, height, 5);
    let frame_count = pictures.len() * 30 / PICTURES_PER_SECOND;
    let mut shown = pictures.into_iter().cycle();
    let interval_secs = 1.0 / PICTURES_PER_SECOND as f64;
    let recording = Recording::new(&mut camera, interval_secs, || shown.next().unwrap());
    let path = pair.path("film.y4m");
    write_y4m(&path, recording.take(frame_count));
    let taken = film(&pair.bilal, &path).ok();
    assert_eq!(taken["taken_in"].as_array().unwrap().len(), 1, "{taken}");
}

#[test]
fn pack_arrives_in_photos_that_were_saved_as_jpeg() {
    let pair = Pair::new();
    pair.amina.send("bilal", "Look at the photos.");
    pair.pictures_of_amina("out");
    let photos = pair.path("photos");
    std::fs::create_dir(&photos).unwrap();
    for (at, picture) in entries(&pair.path("out")).iter().enumerate() {
        write_jpeg(&photos.join(format!("{at:03}.JPG")), &read_png(picture));
    }
    film(&pair.bilal, &photos).ok();
    assert_eq!(pair.bilal.messages(), ["Look at the photos."]);
}

/// How fast the screen changes its picture.
const PICTURES_PER_SECOND: usize = 10;
