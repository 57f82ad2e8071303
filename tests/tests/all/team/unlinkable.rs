//! Two people who share two spaces over one relay, with one courier each: nothing that the relay
//! is told about one space is found in what it is told about the other, and nothing on a stick is
//! found on another.

mod recorder;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::PathBuf;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

use super::Team;
use crate::people::{Site, entries, noise};
use crate::team::spaces::add_file;
use recorder::{Call, Recorder};

/// Bytes that must not be alike. Of a few megabytes of random bytes on either side, one run in
/// ten million has eight alike by chance.
const WINDOW_BYTES: usize = 8;
/// The relay's own key begins every statement: it is the same for everybody.
const RELAY_KEY: usize = 32;

/// Something that stands in both.
fn shared_window(one: &[Vec<u8>], other: &[Vec<u8>]) -> Option<Vec<u8>> {
    let windows = one.iter().flat_map(|piece| piece.windows(WINDOW_BYTES));
    let windows: HashSet<&[u8]> = windows.collect();
    let mut others = other.iter().flat_map(|piece| piece.windows(WINDOW_BYTES));
    let found = others.find(|window| windows.contains(window));
    found.map(<[u8]>::to_vec)
}

/// What the relay is told in a call, in pieces: without the relay's own key, sizes and sequence
/// numbers, which the formats share by construction. And a key of the mailbox that it is about.
fn told(call: &Call) -> Option<([u8; 32], Vec<Vec<u8>>)> {
    let mut pieces = Vec::new();
    let path = call.path();
    let identity = if path == "/v1/mailboxes" {
        pieces.push(call.body[RELAY_KEY..].to_vec());
        call.body[48..80].to_vec()
    } else if path == "/v1/acknowledgements" {
        // Behind the key stands a count.
        pieces.push(call.body[RELAY_KEY..64].to_vec());
        pieces.push(call.body[68..].to_vec());
        call.body[RELAY_KEY..64].to_vec()
    } else if let Some(ticket) = call.header("causeway-ticket") {
        let ticket = BASE64URL_NOPAD.decode(ticket.as_bytes()).unwrap();
        pieces.extend([ticket[RELAY_KEY..96].to_vec(), ticket[104..].to_vec()]);
        pieces.push(call.body.clone());
        if let Some(receipt) = call.answer_header("causeway-receipt") {
            let receipt = BASE64URL_NOPAD.decode(receipt.as_bytes()).unwrap();
            pieces.extend([receipt[RELAY_KEY..96].to_vec(), receipt[104..].to_vec()]);
        }
        ticket[RELAY_KEY..64].to_vec()
    } else if let Some(bearer) = call.header("authorization") {
        let token = bearer.strip_prefix("Bearer ").unwrap();
        let token = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
        pieces.push(token.clone());
        pieces.extend(content_ids(call));
        let context = "causeway/relay/v1 fetch id";
        blake3::derive_key(context, &token).to_vec()
    } else {
        assert_eq!(path, "/v1/relay");
        return None;
    };
    Some((identity.try_into().unwrap(), pieces))
}

/// The ids in a list, or the id and the bytes of a download.
fn content_ids(call: &Call) -> Vec<Vec<u8>> {
    if let Some(id) = call.path().strip_prefix("/v1/blobs/") {
        return vec![HEXLOWER.decode(id.as_bytes()).unwrap(), call.answer.clone()];
    }
    let list: serde_json::Value = serde_json::from_slice(&call.answer).unwrap();
    let items = list["items"].as_array().unwrap().iter();
    let ids = items.map(|it| it["content_id"].as_str().unwrap());
    ids.map(|id| HEXLOWER.decode(id.as_bytes()).unwrap())
        .collect()
}

/// Whose a key is: the mailboxes of a space are those that were opened while it was made.
fn owners(calls: &[Call], space: usize, owners: &mut BTreeMap<[u8; 32], usize>) {
    for call in calls.iter().filter(|call| call.path() == "/v1/mailboxes") {
        for at in [48, 80, 112] {
            let key = call.body[at..at + 32].try_into().unwrap();
            owners.entry(key).or_insert(space);
        }
    }
}

/// Everything that ever was on a stick, once.
#[derive(Default)]
struct Sticks(BTreeSet<Vec<u8>>);

impl Sticks {
    fn look(&mut self, folders: &[PathBuf]) {
        let files = folders.iter().flat_map(|folder| entries(folder));
        self.0.extend(files.map(|file| fs::read(file).unwrap()));
    }
}

/// A life in one space, over couriers, with everything that lay on sticks meanwhile.
fn live(team: &Team, space: &str, sticks: &mut Sticks) {
    let (amina, bilal) = (team.site(0), team.site(1));
    let folders = [amina.stick(), bilal.stick()];
    let mut trip = |from: &Site, to: &Site| {
        from.vault_sync(&from.stick()).ok();
        sticks.look(&folders);
        from.courier_sync(&from.stick()).exits(&[0, 1]);
        to.courier_sync(&to.stick()).exits(&[0, 1]);
        sticks.look(&folders);
        to.vault_sync(&to.stick()).ok();
        sticks.look(&folders);
    };
    trip(amina, bilal);
    trip(bilal, amina);
    // The same words and the same file in both spaces.
    let scan = team.file("scan.bin", &noise(31, 300_000));
    amina.say(space, "The same words in both.");
    add_file(amina, space, &scan);
    trip(amina, bilal);
    bilal.say(space, "The same answer in both.");
    trip(bilal, amina);
    trip(amina, bilal);
    trip(bilal, amina);
}

#[test]
fn nothing_that_a_relay_or_a_finder_sees_of_one_space_is_seen_of_the_other() {
    let mut recorder = None;
    let mut team = Team::of(["Amina", "Bilal"]);
    team.pair(0, 1);
    team.with_relay(|relay| {
        let before = Recorder::before(&relay.url);
        let url = before.url.clone();
        recorder = Some(before);
        url
    });
    let recorder = recorder.unwrap();
    let spaces = ["desk", "attic"];
    let mut sticks = Sticks::default();
    let (mut calls, mut whose) = (Vec::new(), BTreeMap::new());
    for (at, space) in spaces.into_iter().enumerate() {
        begin(&team, space);
        live(&team, space, &mut sticks);
        let fresh = recorder.take();
        owners(&fresh, at, &mut whose);
        calls.extend(fresh);
    }
    // Both go on at the same time.
    for space in spaces {
        team.site(0).say(space, "Once more.");
    }
    team.courier_rounds(1);
    calls.extend(recorder.take());

    let mut traffic = [Vec::new(), Vec::new()];
    for call in &calls {
        assert_plain_head(call);
        if let Some((key, pieces)) = told(call) {
            let space = whose.get(&key).unwrap_or_else(|| panic!("{}", call.head));
            traffic[*space].extend(pieces);
        }
    }
    let sizes = traffic
        .each_ref()
        .map(|it| it.iter().map(Vec::len).sum::<usize>());
    assert!(sizes.iter().all(|size| *size > 600_000), "{sizes:?}");
    assert_eq!(whose.len(), 12, "three keys of four mailboxes");
    let [desk, mut attic] = traffic;
    assert_eq!(shared_window(&desk, &attic), None);
    finder(&sticks, &desk);

    // The comparison finds what is there: eight bytes of one space in the other.
    let planted = desk.last().unwrap()[1..1 + WINDOW_BYTES].to_vec();
    let at = attic.len() / 2;
    let piece: Vec<u8> = [&attic[at][..], &planted, b"x"].concat();
    attic[at] = piece;
    assert_eq!(shared_window(&desk, &attic), Some(planted));
    pseudonyms(&team);
}

/// No two parts on sticks have anything alike, and none shows what the relay sees.
fn finder(sticks: &Sticks, traffic: &[Vec<u8>]) {
    let parts: Vec<Vec<u8>> = sticks.0.iter().cloned().collect();
    assert!(parts.len() > 20, "{} parts", parts.len());
    for (at, part) in parts.iter().enumerate() {
        let one = std::slice::from_ref(part);
        assert_eq!(shared_window(one, &parts[at + 1..]), None, "part {at}");
    }
    assert_eq!(shared_window(traffic, &parts), None);
}

/// A space of Amina's with Bilal; each has a mailbox for it and nothing else.
fn begin(team: &Team, space: &str) {
    let (amina, bilal) = (team.site(0), team.site(1));
    let names = [0, 1].map(|number| format!("{space}{number}"));
    let invitations = names.map(|name| team.relay_invitation(&name));
    amina.create_space(space, &[&invitations[0]]);
    amina.invite(space, bilal, "editor");
    team.cross(0, 1);
    bilal.join_newest(&[&invitations[1]]);
    team.cross(1, 0);
    assert_eq!(bilal.space_state(space), "member");
}

/// The ids under which one person is known differ, also inside.
fn pseudonyms(team: &Team) {
    let ids = |space: &str| -> Vec<String> {
        let members = team.site(0).members(space).into_iter();
        members.map(|it| it["id"].to_string()).collect()
    };
    let (desk, attic) = (ids("desk"), ids("attic"));
    assert_eq!((desk.len(), attic.len()), (2, 2));
    assert!(desk.iter().all(|id| !attic.contains(id)));
}

/// The head of a call names nothing but what the calls are made of.
fn assert_plain_head(call: &Call) {
    let known = [
        "accept",
        "accept-encoding",
        "authorization",
        "causeway-ticket",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "range",
        "transfer-encoding",
        "upload-offset",
        "user-agent",
    ];
    for name in call.header_names() {
        assert!(known.contains(&name.as_str()), "{name}: {}", call.head);
    }
}
