//! A vault that lies, and replies that come where they do not belong. The desk writes nothing.

use std::fs;

use pack_format::chunked::SALT_BYTES;
use pack_format::codec::Wire as _;
use pack_format::item::{Item, SigningBytes};
use signing_format::reply::{GitSignatures, Reply, SealedReply};
use signing_format::request::{Request, RequestHash, RequestParcel};

use super::lying_machine::LyingMachine;
use super::room::Room;
use crate::people::{Ran, copy_stick, entries, text_of, wipe};

/// A vault as far as a courier can see one, which replies what a test says.
struct LyingVault(LyingMachine);

impl LyingVault {
    /// Paired with the desk of this room, under the name `liar`.
    fn of(room: &Room) -> Self {
        let shown = room.site.courier(&["pair", "show", "--name", "liar"]).ok();
        Self(LyingMachine::typing(&shown["words"]))
    }

    /// Takes the one request that waits at the desk.
    fn take(&mut self, room: &Room) -> RequestParcel {
        room.courier_plug().ok();
        self.0.plug(&room.site.stick());
        let taken = self.0.taken();
        let request = taken.iter().find_map(|item| match item {
            Item::Request(bytes) => Some(RequestParcel::from_wire(bytes.expose()).unwrap()),
            _ => None,
        });
        request.unwrap()
    }

    /// Sends these bytes as a reply, and gives what the courier says.
    fn send(&mut self, room: &Room, bytes: Vec<u8>) -> Ran {
        self.0.send(&Item::Reply(SigningBytes::new(bytes).unwrap()));
        self.0.plug(&room.site.stick());
        room.courier_plug()
    }
}

/// A reply that is sealed as it has to be.
fn sealed(request: &Request, hash: &RequestHash, reply: &Reply) -> Vec<u8> {
    let salt = [3; SALT_BYTES];
    let sealed = SealedReply::seal(reply, request.id, hash, &request.reply_key, &salt);
    sealed.unwrap().to_wire()
}

/// A desk that has asked a lying vault for a signature of a file.
struct Asked {
    room: Room,
    liar: LyingVault,
    id: String,
    parcel: RequestParcel,
}

impl Asked {
    fn new() -> Self {
        let room = Room::new();
        room.key("work", "ssh");
        let mut liar = LyingVault::of(&room);
        let file = room.file("notes.txt", b"What was decided\n");
        let id = room.ask(&["sign", text_of(&file), "--key", "work", "--vault", "liar"]);
        let parcel = liar.take(&room);
        Self {
            room,
            liar,
            id,
            parcel,
        }
    }

    fn seal(&self, reply: &Reply) -> Vec<u8> {
        let request = self.parcel.request.peek_statement();
        sealed(request, &self.parcel.hash(), reply)
    }

    fn send(&mut self, bytes: Vec<u8>) -> Ran {
        self.liar.send(&self.room, bytes)
    }

    /// Nothing was written, and the request still waits for its own reply.
    fn nothing_came_of_it(&self) {
        assert!(!self.room.path("notes.txt.sig").exists());
        assert_eq!(self.room.state(&self.id), "waiting");
    }
}

#[test]
fn a_signature_over_other_bytes_is_not_written() {
    let mut asked = Asked::new();
    // A true signature by the true key, of another file.
    let other = asked.room.file("other.txt", b"Something else\n");
    asked.room.ask(&[
        "sign",
        text_of(&other),
        "--key",
        "work",
        "--vault",
        "glass-cellar",
    ]);
    asked.room.sign("req-1");
    let signature = fs::read(asked.room.path("other.txt.sig")).unwrap();
    let reply = asked.seal(&Reply::File(signature));
    let refused = asked.send(reply);
    refused.exits(&[3]);
    assert!(!asked.room.path("notes.txt.sig").exists());
    assert_ne!(asked.room.state(&asked.id), "done");
}

#[test]
fn what_is_no_signature_is_not_written() {
    for bytes in [&b""[..], b"-----BEGIN SSH SIGNATURE-----\n", &[0xff; 200]] {
        let mut asked = Asked::new();
        let reply = asked.seal(&Reply::File(bytes.to_vec()));
        asked.send(reply).exits(&[3]);
        assert!(!asked.room.path("notes.txt.sig").exists());
    }
}

#[test]
fn a_reply_of_another_kind_is_not_used() {
    for reply in [
        Reply::Git(GitSignatures::Ssh(vec![[1; 64]])),
        Reply::Certifications(vec![1; 100]),
        Reply::OpenedInVault,
    ] {
        let mut asked = Asked::new();
        let reply = asked.seal(&reply);
        asked.send(reply).failed(3, "reply-wrong-kind");
        assert!(!asked.room.path("notes.txt.sig").exists());
    }
}

#[test]
fn a_reply_with_one_byte_changed_is_not_taken() {
    let mut asked = Asked::new();
    let mut reply = asked.seal(&Reply::Refused(String::new()));
    let last = reply.len() - 1;
    reply[last] ^= 1;
    asked.send(reply).failed(3, "reply-not-for-this-request");
    asked.nothing_came_of_it();
}

#[test]
fn a_reply_that_was_made_for_another_request_is_not_taken() {
    let mut asked = Asked::new();
    let file = asked.room.file("other.txt", b"Something else\n");
    asked
        .room
        .ask(&["sign", text_of(&file), "--key", "work", "--vault", "liar"]);
    let other = asked.liar.take(&asked.room);
    // Sealed for the other request, with the name of the first.
    let reply = Reply::Refused(String::new());
    let mut bytes = sealed(other.request.peek_statement(), &other.hash(), &reply);
    bytes[..16].copy_from_slice(&asked.parcel.request.peek_statement().id.0);
    asked.send(bytes).failed(3, "reply-not-for-this-request");
    asked.nothing_came_of_it();
    // With the right key and the other request's hash.
    let request = asked.parcel.request.peek_statement();
    let bytes = sealed(request, &other.hash(), &reply);
    asked.send(bytes).failed(3, "reply-not-for-this-request");
    asked.nothing_came_of_it();
}

#[test]
fn a_reply_to_a_request_that_another_vault_was_asked_is_not_taken() {
    let mut asked = Asked::new();
    let file = asked.room.file("other.txt", b"Something else\n");
    let sign = [
        "sign",
        text_of(&file),
        "--key",
        "work",
        "--vault",
        "glass-cellar",
    ];
    let id = asked.room.ask(&sign);
    let honest = super::forgery::Forgery::copy_of(&asked.room, &id);
    let reply = Reply::Refused("by the wrong one".to_owned());
    // It would have to have seen the request to seal this; even then it is not its to decide.
    let bytes = sealed(&honest.request, &RequestHash([0; 32]), &reply);
    asked.send(bytes).failed(3, "reply-unknown");
    assert_eq!(asked.room.state(&id), "waiting");
}

#[test]
fn bytes_that_are_no_reply_are_not_taken() {
    let mut asked = Asked::new();
    asked.send(vec![1; 10]).failed(3, "reply-unreadable");
    asked.nothing_came_of_it();
}

#[test]
fn a_reply_that_comes_again_does_nothing_twice() {
    let mut asked = Asked::new();
    let reply = asked.seal(&Reply::Refused("no".to_owned()));
    asked.send(reply.clone()).failed(3, "request-refused");
    assert_eq!(asked.room.state(&asked.id), "refused");
    let again = asked.send(reply);
    again.exits(&[0]);
    let late = asked.seal(&Reply::Refused("no, I said".to_owned()));
    asked.send(late).failed(1, "reply-late");
    assert_eq!(asked.room.state(&asked.id), "refused");
}

#[test]
fn an_old_copy_of_the_stick_brings_no_signature_back() {
    let room = Room::new();
    room.key("work", "ssh");
    let file = room.file("notes.txt", b"What was decided\n");
    let id = room.ask(&["sign", text_of(&file), "--key", "work"]);
    room.carry_in();
    room.read("req-1");
    room.approve("req-1").ok();
    room.vault_plug().ok();
    let copy = room.path("copy");
    copy_stick(&room.site.stick(), &copy);
    room.courier_plug().ok();
    let signature = room.path("notes.txt.sig");
    fs::remove_file(&signature).unwrap();
    for _ in 0..2 {
        wipe(&room.site.stick());
        copy_stick(&copy, &room.site.stick());
        room.courier_plug().ok();
        assert!(!signature.exists(), "the same reply was used twice");
    }
    assert_eq!(room.state(&id), "done");
    assert!(!entries(&copy).is_empty());
}
