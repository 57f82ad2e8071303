//! Files that are too large to cross: their hash does, and the vault says so loudly.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::referees::{Gnupg, allowed_signers, minisign, sqv, ssh};
use super::room::{Room, says};
use crate::people::text_of;

/// A file of this size that is empty but for a word in the middle and one at its end.
fn sparse(room: &Room, size_bytes: u64) -> PathBuf {
    let path = room.path("disk.img");
    let file = File::create(&path).unwrap();
    file.set_len(size_bytes).unwrap();
    file.write_all_at(b"middle", size_bytes / 2).unwrap();
    file.write_all_at(b"end", size_bytes - 3).unwrap();
    path
}

/// Signs a file that does not cross.
fn sign_unseen(room: &Room, file: &Path, key: &str, request: &str, more: &[&str]) {
    let sign = ["sign", text_of(file), "--key", key];
    let made = room.desk(&[&sign[..], more].concat());
    assert!(made.stderr.contains("CONTENT NOT SENT"), "{made:?}");
    let made = made.ok();
    assert_eq!(made["requests"][0]["content_not_sent"], true);
    let crossed = room.courier_plug().ok();
    assert_eq!(crossed["vaults"][0]["on_medium"]["bundles"], 0, "{crossed}");
    room.vault_plug().ok();
    let shown = room.read(request);
    assert!(says(&shown, "CONTENT NOT SEEN"), "{shown:#?}");
    room.approve(request).failed(3, "request-risk");
    let accept = ["approve", request, "--accept-risk", "content-not-seen"];
    room.site.vault(&accept).ok();
    room.carry_back().ok();
}

fn sign_large(size_bytes: u64, more: &[&str]) {
    let room = Room::new();
    let file = sparse(&room, size_bytes);
    let public = room.key("work", "ssh");
    sign_unseen(&room, &file, "work", "req-1", more);
    let signers = allowed_signers(&public, &room.path("signers"));
    ssh(&signers, "file", &room.path("disk.img.sig"), &file);

    let certificate = room.key("release", "openpgp");
    sign_unseen(&room, &file, "release", "req-2", more);
    Gnupg::knowing(&certificate).verify(&room.path("disk.img.asc"), &file);
    sqv(&certificate, &room.path("disk.img.asc"), &file);

    let public = room.key("files", "minisign");
    sign_unseen(&room, &file, "files", "req-3", more);
    minisign(&public, &file);
}

#[test]
fn a_file_that_does_not_cross_is_signed_when_the_risk_is_named() {
    sign_large(300 << 20, &["--content-limit", "64MiB"]);
}

#[test]
#[ignore = "hashes ten gigabytes nine times, which takes minutes"]
fn a_file_of_ten_gigabytes_is_signed_without_crossing() {
    sign_large(10_000_000_007, &[]);
}

#[test]
fn what_needs_the_content_is_not_asked_with_a_hash() {
    let room = Room::new();
    room.key("new", "openpgp-v6");
    room.key("release", "openpgp");
    let file = sparse(&room, 5 << 20);
    let limit = ["--content-limit", "1MiB"];
    for (key, form) in [("new", "openpgp"), ("release", "openpgp-clear")] {
        let sign = ["sign", text_of(&file), "--key", key, "--as", form];
        let refused = room.desk(&[&sign[..], &limit].concat());
        refused.exits(&[1]);
        assert_eq!(refused.codes, ["desk-content-needed"], "{refused:?}");
    }
}
