//! Replies that are not what they say.

use pack_format::codec::Wire as _;
use signing_format::reply::Reply;
use signing_format::request::RequestParcel;

use super::keys::ssh_public;
use super::vault::ssh_signature;
use super::world::{World, done, finish_code, problem_codes, text};

/// A desk that waits for the signature of one file.
fn waiting() -> (World, String) {
    let mut world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let file = world.write("notes.txt", b"what was asked about");
    let id = world.ask(&file, &["--key", "work"]);
    world.carry_out();
    (world, id)
}

fn nothing_written(world: &World) {
    assert!(!world.path("notes.txt.sig").exists());
}

#[test]
fn a_signature_over_other_bytes_is_refused_and_ends_the_request() {
    let (mut world, id) = waiting();
    let parcel = world.vault.last();
    let lie = ssh_signature("file", b"what the vault would like").to_armor();
    world.vault.reply(&parcel, &Reply::File(lie.into_bytes()));
    let trip = world.carry_back();
    assert_eq!(trip.status.code(), Some(3), "{}", text(&trip));
    assert_eq!(finish_code(&trip), "signature-wrong");
    assert_eq!(world.state(&id), "failed");
    assert_eq!(world.blob_count(), 0);
    nothing_written(&world);
}

#[test]
fn a_signature_for_another_namespace_is_refused() {
    let (mut world, _) = waiting();
    let parcel = world.vault.last();
    let lie = ssh_signature("git", b"what was asked about").to_armor();
    world.vault.reply(&parcel, &Reply::File(lie.into_bytes()));
    assert_eq!(world.carry_back().status.code(), Some(3));
    nothing_written(&world);
}

#[test]
fn a_reply_of_another_kind_is_refused() {
    let (mut world, id) = waiting();
    let parcel = world.vault.last();
    world.vault.reply(&parcel, &Reply::OpenedInVault);
    let trip = world.carry_back();
    assert_eq!(finish_code(&trip), "reply-wrong-kind");
    assert_eq!(world.state(&id), "failed");
    nothing_written(&world);
}

#[test]
fn a_reply_to_another_request_opens_nothing_and_leaves_room_for_the_right_one() {
    let (mut world, id) = waiting();
    let first = world.vault.last();
    let other = world.write("other.txt", b"other");
    world.ask(&other, &["--key", "work"]);
    world.carry_out();
    let second = world.vault.last();
    // Sealed for the second, and named as if it were for the first.
    let honest = world.vault.honest_reply(second.request.peek_statement());
    let mut swapped = world.vault.reply(&second, &honest);
    swapped.request_id = first.request.peek_statement().id;
    world.vault.send(swapped.to_wire());
    let trip = world.carry_back();
    assert_eq!(trip.status.code(), Some(3));
    assert_eq!(problem_codes(&trip), ["reply-not-for-this-request"]);
    nothing_written(&world);
    assert_eq!(world.state(&id), "waiting");
    let honest = world.vault.honest_reply(first.request.peek_statement());
    world.vault.reply(&first, &honest);
    done(&world.carry_back());
    assert!(world.path("notes.txt.sig").exists());
}

#[test]
fn a_damaged_reply_is_refused_and_the_request_goes_on_waiting() {
    let (mut world, id) = waiting();
    let parcel = world.vault.last();
    let honest = world.vault.honest_reply(parcel.request.peek_statement());
    let good = seal(&parcel, &honest);
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    world.vault.send(bad);
    world.vault.send(b"no reply at all".to_vec());
    let trip = world.carry_back();
    assert_eq!(trip.status.code(), Some(3));
    assert_eq!(
        problem_codes(&trip),
        ["reply-not-for-this-request", "reply-unreadable"]
    );
    assert_eq!(world.state(&id), "waiting");
    nothing_written(&world);
    world.vault.send(good);
    done(&world.carry_back());
    assert_eq!(world.state(&id), "done");
}

fn seal(parcel: &RequestParcel, reply: &Reply) -> Vec<u8> {
    let request = parcel.request.peek_statement();
    let (id, key) = (request.id, &request.reply_key);
    signing_format::reply::SealedReply::seal(reply, id, &parcel.hash(), key, &[3; 24])
        .unwrap()
        .to_wire()
}

#[test]
fn a_replayed_reply_is_told_and_does_nothing_twice() {
    let (mut world, _) = waiting();
    let parcel = world.vault.last();
    let honest = world.vault.honest_reply(parcel.request.peek_statement());
    let sealed = world.vault.reply(&parcel, &honest);
    done(&world.carry_back());
    std::fs::remove_file(world.path("notes.txt.sig")).unwrap();
    world.vault.sync();
    world.vault.send(sealed.to_wire());
    let trip = world.carry_back();
    assert_eq!(problem_codes(&trip), ["reply-again"]);
    assert_eq!(trip.status.code(), Some(0));
    nothing_written(&world);
    // Another reply to the same request is no replay.
    world.vault.reply(&parcel, &honest);
    let trip = world.carry_back();
    assert_eq!(problem_codes(&trip), ["reply-late"]);
    assert_eq!(trip.status.code(), Some(1));
    nothing_written(&world);
}

#[test]
fn a_reply_to_a_request_that_was_withdrawn_or_has_expired_is_refused() {
    let (mut world, id) = waiting();
    world.vault.approve_last();
    done(&world.run(&["desk", "cancel", &id]));
    let trip = world.carry_back();
    assert_eq!(problem_codes(&trip), ["reply-late"]);
    nothing_written(&world);
    assert_eq!(world.state(&id), "cancelled");

    let file = world.path("notes.txt");
    let id = world.ask(&file, &["--key", "work", "--expires-in", "2s"]);
    done(&world.carry(&world.vault));
    world.vault.sync();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    world.vault.approve_last();
    let trip = world.carry_back();
    assert_eq!(problem_codes(&trip), ["reply-late"]);
    assert_eq!(world.state(&id), "expired");
    assert_eq!(world.blob_count(), 0);
    nothing_written(&world);
}

#[test]
fn a_refusal_is_shown_with_its_reason_made_harmless() {
    let (mut world, id) = waiting();
    let parcel = world.vault.last();
    let reason = "not today\u{1b}[2J\u{202e}".to_owned();
    world.vault.reply(&parcel, &Reply::Refused(reason));
    world.vault.sync();
    let stick = world.vault.stick.to_str().unwrap().to_owned();
    let trip = world.run(&["courier", "sync", "--offline", "--stick", &stick]);
    assert_eq!(trip.status.code(), Some(3));
    let said = text(&trip);
    assert!(said.contains("not today\\u{1b}[2J\\u{202e}"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said}");
    assert_eq!(world.state(&id), "refused");
    nothing_written(&world);
}

#[test]
fn a_reply_from_a_vault_that_was_not_asked_is_refused() {
    let (world, id) = waiting();
    let mut chen = world.pair("Chen");
    let parcel = world.vault.last();
    let honest = world.vault.honest_reply(parcel.request.peek_statement());
    chen.reply(&parcel, &honest);
    chen.sync();
    let trip = world.carry(&chen);
    assert_eq!(problem_codes(&trip), ["reply-unknown"]);
    assert_eq!(world.state(&id), "waiting");
    nothing_written(&world);
}
