//! Power cuts (SIGKILL) in the middle of signing: everything of a request is done, or nothing.

use std::time::{Duration, Instant};

use super::commits::ask_for;
use super::referees::{allowed_signers, ssh};
use super::repository::Repository;
use super::room::Room;
use crate::people::{run_killed, text_of};

#[test]
fn a_vault_that_is_killed_while_it_signs_has_signed_a_request_whole_or_not_at_all() {
    let room = Room::new();
    let repository = Repository::new(&room.path("work"));
    repository.trust_ssh(&room.key("work", "ssh"));
    let per_day = ["key", "policy", "work", "--per-day", "1000"];
    room.site.vault(&per_day).ok();
    let base = repository.commit("README", "Begin\n", "begin");
    repository.grow(1);
    let range = format!("{base}..main");
    for number in 1..=REQUESTS {
        // The same commits for other branches, so that every reply is of use.
        repository.git(&["branch", &format!("copy-{number}"), "main"]);
        ask_for(&room, &repository, &[&format!("{base}..copy-{number}")]);
    }
    room.carry_in();
    for number in 1..=REQUESTS {
        room.read(&format!("req-{number}"));
    }
    let mut kills = 0;
    for millis in (0..).map(|step| 40 + step * 12).take(KILLS) {
        let mut approve = room.site.vault_command(&["approve", "--all-shown"]);
        let begun = Instant::now();
        let is_time = || begun.elapsed() > Duration::from_millis(millis);
        kills += u32::from(run_killed(&mut approve, is_time).is_none());
        let requests = room.requests();
        let signed = requests.iter().filter(|it| it["state"] == "signed").count();
        // The journal is checked to its end before it is shown.
        assert_eq!(room.journal().len(), 10 * signed, "after {millis} ms");
    }
    assert!(kills > 0, "it is over before it can be killed");
    room.site.vault(&["approve", "--all-shown"]).ok();
    assert_eq!(room.journal().len(), 10 * REQUESTS);
    room.carry_back().ok();
    for number in 1..=REQUESTS {
        let commits = repository.commits(&format!("{base}..copy-{number}"));
        repository.verify(&commits);
    }
    assert_eq!(repository.commits(&range).len(), 10);
}

const REQUESTS: usize = 6;
const KILLS: usize = 14;

#[test]
fn a_desk_that_is_killed_behind_the_written_signature_is_content_with_it_later() {
    let room = Room::new();
    let public = room.key("work", "ssh");
    let file = room.file("notes.txt", b"Written once\n");
    let id = room.ask(&["sign", text_of(&file), "--key", "work"]);
    room.carry_in();
    room.read("req-1");
    room.approve("req-1").ok();
    room.vault_plug().ok();
    let signature = room.path("notes.txt.sig");
    let stick = room.site.stick();
    let sync = ["sync", "--offline", "--stick", text_of(&stick)];
    let mut command = room.site.courier_command(&sync);
    run_killed(&mut command, || signature.exists());
    room.courier_plug().ok();
    assert_eq!(room.state(&id), "done");
    ssh(
        &allowed_signers(&public, &room.path("signers")),
        "file",
        &signature,
        &file,
    );
}
