//! A desk whose courier lies as well: what crosses was made without the program of the desk.

use pack_format::item::{Item, SigningBytes};
use pack_format::relay::{PublicKey, Signed, Statement as _};
use pack_format::secret::Secret32;
use serde_json::Value;
use signing_format::approval::Approval;
use signing_format::request::{parcel_wire, request_hash};

use super::forgery::Forgery;
use super::lying_machine::LyingMachine;
use super::room::{Room, says};
use crate::people::{BILAL, BILALS_PASSPHRASE, Site, text_of};

/// A room whose vault is paired with a courier that lies, and a request that it may change.
fn asked() -> (Room, LyingMachine, Forgery) {
    let room = Room::new();
    room.key("work", "ssh");
    let (liar, forgery) = lie(&room);
    (room, liar, forgery)
}

fn lie(room: &Room) -> (LyingMachine, Forgery) {
    let shown = room.site.vault(&["pair", "show", "--name", "raft"]).ok();
    let liar = LyingMachine::typing(&shown["code"]);
    let file = room.file("notes.txt", b"What was decided\n");
    let sign = [
        "sign",
        text_of(&file),
        "--key",
        "work",
        "--vault",
        "glass-cellar",
    ];
    let id = room.ask(&sign);
    (liar, Forgery::of(room, &id))
}

/// The courier brings these bytes as a request, and the vault says what became of them.
fn bring(room: &Room, liar: &mut LyingMachine, wire: &[u8]) -> Value {
    liar.send(&Item::Request(SigningBytes::new(wire.to_vec()).unwrap()));
    let stick = room.path("raft");
    std::fs::create_dir_all(&stick).unwrap();
    liar.plug(&stick);
    room.site.vault_sync(&stick).exits(&[0, 1, 3])
}

/// The desk's own key: it is not the honest desk's, and each request says whose it is.
fn seed() -> Secret32 {
    Secret32::new([99; 32])
}

fn signed(mut forgery: Forgery) -> Signed<signing_format::request::Request> {
    forgery.request.requester_key = PublicKey::of_seed(&seed());
    forgery.request.sign(&seed())
}

fn is_refused(taken: &Value, words: &str) {
    let refused = taken["refused"].as_array().unwrap();
    let says = |it: &Value| it.as_str().unwrap().contains(words);
    assert!(refused.iter().any(says), "{taken}");
}

#[test]
fn a_request_with_a_changed_byte_is_refused() {
    let (room, mut liar, forgery) = asked();
    liar.send_bundle(&forgery.sealed);
    let whole = parcel_wire(&signed(forgery), &[]);
    for at in [
        0,
        1,
        20,
        60,
        whole.len() / 2,
        whole.len() - 10,
        whole.len() - 1,
    ] {
        let mut wire = whole.to_vec();
        wire[at] ^= 1;
        let taken = bring(&room, &mut liar, &wire);
        is_refused(
            &taken,
            "cannot be read, or the desk's signature does not verify",
        );
    }
    let taken = bring(&room, &mut liar, &[&whole[..], &[0]].concat());
    is_refused(&taken, "cannot be read");
    assert_eq!(room.requests().len(), 0);
}

#[test]
fn a_request_without_what_it_is_about_is_not_shown_until_that_has_come() {
    let (room, mut liar, forgery) = asked();
    let mut other = forgery.sealed.clone();
    other[40] ^= 1;
    let sealed = forgery.sealed.clone();
    let wire = parcel_wire(&signed(forgery), &[]);
    liar.send_bundle(&other);
    let taken = bring(&room, &mut liar, &wire);
    is_refused(&taken, "it is not a bundle");
    let show = ["show", "req-1", "--whole"];
    room.site.vault(&show).failed(3, "request-not-showable");
    room.approve("req-1").exits(&[3]);
    assert_eq!(room.journal(), []);
    liar.send_bundle(&sealed);
    bring(&room, &mut liar, &wire);
    assert!(says(&room.read("req-1"), "| What was decided"));
}

#[test]
fn a_request_that_comes_twice_is_signed_once() {
    let (room, mut liar, forgery) = asked();
    let sealed = forgery.sealed.clone();
    let wire = parcel_wire(&signed(forgery), &[]);
    for _ in 0..2 {
        liar.send_bundle(&sealed);
        bring(&room, &mut liar, &wire);
    }
    assert_eq!(room.requests().len(), 1);
    room.read("req-1");
    room.approve("req-1").ok();
    for _ in 0..2 {
        liar.send_bundle(&sealed);
        bring(&room, &mut liar, &wire);
        room.approve("req-1").failed(3, "request-decided");
    }
    assert_eq!(room.requests().len(), 1);
    assert_eq!(room.journal().len(), 1);
    // The reply that comes again is the same, to the byte.
    liar.plug(&room.path("raft"));
    let reply = |item: Item| match item {
        Item::Reply(bytes) => Some(bytes),
        _ => None,
    };
    let replies: Vec<_> = liar.taken().into_iter().filter_map(reply).collect();
    assert!(!replies.is_empty());
    assert!(replies.iter().all(|reply| *reply == replies[0]));
}

#[test]
fn an_approval_that_a_desk_has_forged_does_not_count() {
    let room = Room::new();
    let bilal = Site::new(room.path("").as_path(), BILAL, BILALS_PASSPHRASE);
    room.pair(&bilal, "bilals-safe");
    room.site.meet(&bilal);
    room.key("work", "ssh");
    let policy = [
        "key",
        "policy",
        "work",
        "--approver",
        "bilal",
        "--approvals",
        "1",
    ];
    room.site.vault(&policy).ok();
    let true_one = approval_of(&room, &bilal);
    let approver = true_one.peek_statement().approver;

    let (mut liar, forgery) = lie(&room);
    let sealed = forgery.sealed.clone();
    let request = signed(forgery);
    // What Bilal has said of another request.
    let moved = parcel_wire(&request, &[true_one]);
    is_refused(&bring(&room, &mut liar, &moved), "cannot be read");
    // What he never said.
    let forged = Approval {
        request_hash: request_hash(&request),
        approver,
        approved_at: 1_795_000_000,
    };
    let forged = parcel_wire(&request, &[forged.sign(&seed())]);
    liar.send_bundle(&sealed);
    bring(&room, &mut liar, &forged);
    let shown = room.read("req-1");
    assert!(!says(&shown, "Approved by"), "{shown:#?}");
    room.approve("req-1").failed(3, "policy-approvals");
    assert_eq!(room.journal(), []);
}

/// A true approval by Bilal, of a request that is then withdrawn.
fn approval_of(room: &Room, bilal: &Site) -> Signed<Approval> {
    let file = room.file("other.txt", b"Something else\n");
    let sign = [
        "sign",
        text_of(&file),
        "--key",
        "work",
        "--vault",
        "glass-cellar",
    ];
    let id = room.ask(&[&sign[..], &["--approver", "bilals-safe"]].concat());
    room.courier_plug().ok();
    bilal.vault_sync(&room.site.stick()).ok();
    bilal.vault(&["show", "req-1", "--whole"]).ok();
    bilal.vault(&["approve", "req-1"]).ok();
    bilal.vault_sync(&room.site.stick()).ok();
    room.courier_plug().ok();
    let path = room.path("approvals");
    room.desk(&["approvals", &id, "--to", text_of(&path)]).ok();
    room.desk(&["cancel", &id]).ok();
    let text = std::fs::read_to_string(path).unwrap();
    Signed::from_header(text.lines().nth(1).unwrap()).unwrap()
}
