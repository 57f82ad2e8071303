//! Two vaults: one approves, the other one signs.

use super::keys::ssh_public;
use super::world::{World, done, id, object, problem_codes};
use signing_format::reply::Reply;

#[test]
fn the_vault_that_signs_is_asked_after_the_one_that_approves_and_sees_its_approval() {
    let mut world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let mut chen = world.pair("Chen");
    let file = world.write("notes.txt", b"text");
    let asked = ["--key", "work", "--vault", "Amina", "--approver", "Chen"];
    let id = world.ask(&file, &asked);
    world.carry_out();
    assert_eq!(world.vault.request_count(), 0);
    done(&world.carry(&chen));
    chen.sync();
    let parcel = chen.last();
    assert!(parcel.approvals.is_empty());
    assert!(chen.has_content(parcel.request.peek_statement().subject.content().unwrap()));
    // Chen's vault may approve, and nothing else.
    let honest = chen.honest_reply(parcel.request.peek_statement());
    chen.reply(&parcel, &honest);
    chen.sync();
    assert_eq!(problem_codes(&world.carry(&chen)), ["reply-wrong-kind"]);
    chen.give_approval(5);
    chen.sync();
    let trip = object(&done(&world.carry(&chen)));
    assert_eq!(trip["approved"][0]["vault"], "Chen");
    world.carry_out();
    let parcel = world.vault.last();
    assert_eq!(parcel.approvals.len(), 1);
    assert!(parcel.approvals[0].verify().is_ok());
    world.vault.approve_last();
    done(&world.carry_back());
    assert_eq!(world.state(&id), "done");
    assert!(world.path("notes.txt.sig").exists());
}

#[test]
fn a_refusal_of_the_vault_that_approves_ends_the_request() {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let mut chen = world.pair("Chen");
    let file = world.write("notes.txt", b"text");
    let id = world.ask(
        &file,
        &["--key", "work", "--vault", "Amina", "--approver", "Chen"],
    );
    done(&world.carry(&chen));
    chen.sync();
    chen.reply(&chen.last(), &Reply::Refused("no".to_owned()));
    chen.sync();
    assert_eq!(world.carry(&chen).status.code(), Some(3));
    assert_eq!(world.state(&id), "refused");
}

#[test]
fn an_approval_travels_from_another_desk_in_a_file() {
    let mut home = World::new();
    home.add_key("work", ssh_public().to_string().as_bytes());
    let mut away = World::new();
    let file = home.write("notes.txt", b"text");
    let path = file.to_str().unwrap();
    let made = home.json(&["desk", "sign", path, "--key", "work", "--approvals", "1"]);
    let id = id(&made);
    home.carry_out();
    assert_eq!(home.vault.request_count(), 0);
    let parcel = home.path("request");
    home.json(&["desk", "export", &id, "--to", parcel.to_str().unwrap()]);

    let import = [
        "desk",
        "import",
        parcel.to_str().unwrap(),
        "--vault",
        "Amina",
    ];
    away.json(&import);
    let again = away.run(&import);
    assert_eq!(again.status.code(), Some(1));
    away.carry_out();
    away.vault.give_approval(6);
    done(&away.carry_back());
    let approvals = away.path("approvals");
    away.json(&[
        "desk",
        "approvals",
        &id,
        "--to",
        approvals.to_str().unwrap(),
    ]);

    let approve = ["desk", "approve-with", approvals.to_str().unwrap()];
    assert_eq!(home.json(&approve)["new"], 1);
    assert_eq!(home.json(&approve)["new"], 0);
    home.carry_out();
    let parcel = home.vault.last();
    assert_eq!(parcel.approvals.len(), 1);
    home.vault.approve_last();
    done(&home.carry_back());
    assert_eq!(home.state(&id), "done");
}

#[test]
fn damaged_files_of_another_desk_are_refused() {
    let home = World::new();
    home.add_key("work", ssh_public().to_string().as_bytes());
    let file = home.write("notes.txt", b"text");
    let id = home.ask(&file, &["--key", "work"]);
    let parcel = home.path("request");
    home.json(&["desk", "export", &id, "--to", parcel.to_str().unwrap()]);
    let away = World::new();
    let good = std::fs::read(&parcel).unwrap();
    for (at, len) in [
        (0, good.len()),
        (60, good.len()),
        (good.len() - 1, good.len()),
        (0, 100),
    ] {
        let mut bad = good[..len].to_vec();
        if len == good.len() {
            bad[at] ^= 1;
        }
        let path = home.write("bad", &bad);
        let path = path.to_str().unwrap();
        let refused = away.run(&["desk", "import", path, "--vault", "Amina"]);
        assert_eq!(refused.status.code(), Some(3), "byte {at} of {len}");
    }
    assert_eq!(away.blob_count(), 0);
    let approvals = format!("causeway approvals 1 {id}\nAAAA\n");
    let path = home.write("approvals", approvals.as_bytes());
    let refused = home.run(&["desk", "approve-with", path.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(3));
}
