//! What stands where a file should: pipes, devices, links, and results that a kill left.

use std::path::Path;
use std::process::Command;

use super::keys::{GnuPg, ssh_public};
use super::world::{World, done, finish_code, text};

fn with_ssh() -> World {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    world
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn pipes_and_devices_are_refused_at_once() {
    let world = with_ssh();
    let gnupg = GnuPg::new("ed25519", "Amina <amina@example.org>");
    world.add_key("amina", &gnupg.certificate());
    let pipe = world.path("pipe");
    make_pipe(&pipe);
    let pipe = pipe.to_str().unwrap();
    for arguments in [
        &["sign", pipe, "--key", "work"][..],
        &["sign", "/dev/zero", "--key", "work"],
        &["decrypt", pipe, "--key", "amina"],
        &["decrypt", "/dev/zero", "--key", "amina"],
        &["certify", pipe, "--key", "amina", "--user-id", "x"],
        &["import", pipe, "--vault", "Amina"],
        &["approve-with", pipe],
    ] {
        let refused = world.run(&[&["desk"], arguments].concat());
        let said = text(&refused);
        assert!(said.contains("[desk-not-a-file]"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_file_that_became_a_pipe_does_not_hold_the_trip() {
    let mut world = with_ssh();
    let file = world.write("notes.txt", b"text");
    let id = world.ask(&file, &["--key", "work"]);
    world.carry_out();
    world.vault.approve_last();
    std::fs::remove_file(&file).unwrap();
    make_pipe(&file);
    assert_eq!(finish_code(&world.carry_back()), "desk-not-a-file");
    assert_eq!(world.state(&id), "replied");
}

#[test]
fn the_signature_of_a_link_lies_beside_the_link() {
    let mut world = with_ssh();
    std::fs::create_dir(world.path("releases")).unwrap();
    world.write("releases/v1.txt", b"text");
    let link = world.path("current.txt");
    std::os::unix::fs::symlink("releases/v1.txt", &link).unwrap();
    world.ask(&link, &["--key", "work"]);
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    assert!(world.path("current.txt.sig").exists());
    assert!(!world.path("releases/v1.txt.sig").exists());
}

#[test]
fn a_signature_that_was_written_before_a_kill_counts_as_done() {
    let mut world = with_ssh();
    let file = world.write("notes.txt", b"text");
    world.ask(&file, &["--key", "work"]);
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    // The same bytes are there again, as Ed25519 makes them.
    let signature = std::fs::read(world.path("notes.txt.sig")).unwrap();
    std::fs::remove_file(world.path("notes.txt.sig")).unwrap();
    let id = world.ask(&file, &["--key", "work"]);
    world.write("notes.txt.sig", &signature);
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    assert_eq!(world.state(&id), "done");
}

#[test]
fn one_file_that_cannot_be_asked_about_stops_all_of_them() {
    let world = with_ssh();
    let (one, other) = (world.write("a", b"a"), world.path("none"));
    let (one, other) = (one.to_str().unwrap(), other.to_str().unwrap());
    let refused = world.run(&["desk", "sign", one, other, "--key", "work"]);
    assert!(text(&refused).contains("Nothing was changed."));
    let listed = world.json(&["desk", "list"]);
    assert_eq!(listed["requests"].as_array().unwrap().len(), 0);
}

#[test]
fn a_name_that_a_comment_cannot_hold_is_said_to_be_one() {
    let world = World::new();
    let key = super::keys::minisign_public().to_base64();
    world.add_key("release", key.as_bytes());
    let file = world.write("a\u{7}b", b"a");
    let refused = text(&world.run(&["desk", "sign", file.to_str().unwrap(), "--key", "release"]));
    assert!(refused.contains("[desk-bad-file-name]"), "{refused}");
}

#[test]
fn what_would_wait_for_ever_or_be_done_twice_is_said() {
    let world = with_ssh();
    let file = world.write("notes.txt", b"text");
    let ask = ["desk", "sign", file.to_str().unwrap(), "--key", "work"];
    let first = world.json(&[ask.as_slice(), &["--approvals", "2"]].concat());
    let warnings = |made: &serde_json::Value| made["requests"][0]["warnings"].to_string();
    let said = warnings(&first);
    assert!(said.contains("2 more approvals"), "{said}");
    let said = warnings(&world.json(&ask));
    assert!(said.contains("is for the same result"), "{said}");
}
