//! The way of frames over a tray, in both directions.

use online_relay::client::RelayError;

use super::frames::{Frame, Tray, small, transfer};
use crate::common::TestRelay;

#[test]
fn what_a_phone_leaves_reaches_the_courier_in_order_and_once() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    let frames: Vec<_> = (0..5).map(|at| small(1, at * 4, 4)).collect();
    assert_eq!(tray.film(&relay, &frames[..3]), 3);
    assert_eq!(tray.film(&relay, &frames), 2);
    let page = tray.courier.frames(0).unwrap();
    assert_eq!(page.frames, frames);
    assert!(!page.more);
    assert!(tray.courier.frames(page.next).unwrap().frames.is_empty());
    assert_eq!(tray.film(&relay, &[small(1, 500, 1)]), 1);
    assert_eq!(tray.courier.frames(page.next).unwrap().frames.len(), 1);
}

#[test]
fn what_the_courier_leaves_reaches_the_phone() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    let frames: Vec<_> = (0..700).map(|at| small(2, at, 10)).collect();
    assert_eq!(tray.courier.post(&frames).unwrap(), 700);
    assert_eq!(tray.courier.post(&frames).unwrap(), 0);
    // The body's bound cuts the page before the number of frames does.
    let (mut found, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let path = format!("/v1/tray/frames?after={after}&limit=1000");
        let page = tray.phone(&relay, "GET", &path, b"");
        assert!(page.body.len() <= 256 * 1024);
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let some = online_relay::tray::split_frames(&page.body).unwrap();
        found.extend(some.into_iter().map(<[u8]>::to_vec));
        after = page.header("causeway-place").unwrap().to_owned();
        if page.header("causeway-more") == Some("0") {
            break;
        }
    }
    assert_eq!(found, frames);
    // Neither reads what it left itself.
    assert!(tray.courier.frames(0).unwrap().frames.is_empty());
}

#[test]
fn the_state_counts_symbols_once_however_they_came() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    tray.film(&relay, &[small(1, 0, 10), small(1, 5, 10), small(2, 0, 1)]);
    let list = tray.courier.state().unwrap().from_phone;
    assert_eq!(list.transfers.len(), 2);
    let first = &list.transfers[0];
    assert_eq!(first.transfer, transfer(1));
    assert_eq!((first.frames, first.symbols, first.needed), (2, 15, 1000));
    assert_eq!(list.bytes, 2 * (20 + 600) + 20 + 60);
    assert!(!first.done && tray.courier.state().unwrap().for_phone.transfers.is_empty());
}

#[test]
fn symbols_of_several_blocks_are_told_apart() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    let mut single = Frame::large(0);
    single.flags |= 0b1000;
    tray.film(&relay, &[Frame::large(0).bytes(), single.bytes()]);
    let list = tray.courier.state().unwrap().from_phone;
    // One symbol of each of six blocks, then six of one block, of which one was there.
    assert_eq!(list.transfers[0].symbols, 11);
    assert_eq!(list.transfers[0].needed, 64 * 2185);
}

#[test]
fn a_transfer_that_was_taken_in_is_freed_and_remembered() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    tray.film(&relay, &[small(1, 0, 10), small(2, 0, 10)]);
    assert_eq!(tray.courier.done(&[transfer(1), transfer(9)]).unwrap(), 1);
    let list = tray.courier.state().unwrap().from_phone;
    assert!(list.transfers[0].done && !list.transfers[1].done);
    assert_eq!(list.bytes, 620);
    assert_eq!(tray.courier.frames(0).unwrap().frames, [small(2, 0, 10)]);
    // What comes late is not kept again.
    assert_eq!(tray.film(&relay, &[small(1, 10, 10)]), 0);
    assert_eq!(tray.courier.frames(0).unwrap().frames.len(), 1);
    // The person at the phone can take it back, and then leave it anew.
    let forget = br#"{"list":"from-phone","transfers":["01010101-60000"]}"#;
    let answer = tray.phone(&relay, "POST", "/v1/tray/done", forget);
    assert_eq!(answer.body, br#"{"done":1}"#);
    assert_eq!(tray.film(&relay, &[small(1, 10, 10)]), 1);
}

#[test]
fn the_courier_takes_back_what_it_left_and_the_phone_says_when_it_was_shown() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    tray.courier
        .post(&[small(1, 0, 1), small(2, 0, 1)])
        .unwrap();
    assert_eq!(tray.courier.withdraw(&[transfer(1)]).unwrap(), 1);
    let shown = br#"{"list":"for-phone","transfers":["02020202-60000"]}"#;
    assert_eq!(
        tray.phone(&relay, "POST", "/v1/tray/done", shown).status,
        200
    );
    let list = tray.courier.state().unwrap().for_phone;
    assert_eq!(list.transfers.len(), 1);
    assert!(list.transfers[0].done && list.transfers[0].transfer == transfer(2));
    assert_eq!(list.bytes, 0);
}

#[test]
fn the_courier_asks_for_more_until_it_has_come() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    assert!(!tray.courier.want(transfer(1), 12).unwrap());
    tray.film(&relay, &[small(1, 0, 10)]);
    assert!(tray.courier.want(transfer(1), 12).unwrap());
    let wanted = || tray.courier.state().unwrap().from_phone.transfers[0].wanted;
    assert_eq!(wanted(), 12);
    tray.film(&relay, &[small(1, 5, 10)]);
    assert_eq!(wanted(), 7);
    tray.film(&relay, &[small(1, 500, 10)]);
    assert_eq!(wanted(), 0);
}

#[test]
fn a_restart_keeps_frames_places_and_room() {
    let dir = tempfile::tempdir().unwrap();
    let quota = |config: &mut online_relay::server::ServerConfig| config.quota_bytes = Some(700);
    let relay = TestRelay::start_in(dir.path(), quota);
    let tray = Tray::of(&relay);
    tray.film(&relay, &[small(1, 0, 10)]);
    let next = tray.courier.frames(0).unwrap().next;
    tray.courier.done(&[transfer(1)]).unwrap();
    tray.film(&relay, &[small(2, 0, 10)]);
    relay.stop();

    let relay = TestRelay::start_in(dir.path(), quota);
    let (auth, path) = (
        [("authorization", tray.courier_bearer.as_str())],
        format!("/v1/tray/frames?after={next}"),
    );
    let page = relay.call("GET", &path, &auth, b"");
    assert_eq!(page.body[2..], small(2, 0, 10));
    // The bytes from before the restart still count against the quota.
    let body = super::frames::join(&[small(2, 10, 10)]);
    let answer = relay.call("POST", "/v1/tray/frames", &auth, &body);
    assert_eq!(answer.refusal(), (507, "relay-full"));
}

#[test]
fn a_closed_tray_is_gone_for_both() {
    let relay = TestRelay::start();
    let (tray, other) = (Tray::of(&relay), Tray::of(&relay));
    tray.film(&relay, &[small(1, 0, 1)]);
    tray.courier.post(&[small(2, 0, 1)]).unwrap();
    other.film(&relay, &[small(3, 0, 1)]);
    tray.courier.close().unwrap();
    let auth = [("authorization", tray.courier_bearer.as_str())];
    let answers = [
        relay.call("GET", "/v1/tray", &auth, b""),
        relay.call(
            "GET",
            "/v1/tray",
            &[("authorization", tray.phone_bearer.as_str())],
            b"",
        ),
    ];
    for answer in answers {
        assert_eq!(answer.refusal(), (404, "tray-unknown"));
    }
    let status = online_relay::server::status(&relay.data_dir).unwrap();
    assert_eq!((status.trays, status.bytes_on_trays), (1, 80));
    assert_eq!(other.courier.frames(0).unwrap().frames.len(), 1);
}

#[test]
fn a_relay_that_gives_out_nonsense_is_not_believed() {
    use std::io::{Read as _, Write as _};
    let cases: [(&str, &[u8]); 5] = [
        ("causeway-place: 1\r\ncauseway-more: 0\r\n", b"\0\x05x"),
        ("causeway-place: 0\r\ncauseway-more: 0\r\n", b"\0\x01x"),
        ("causeway-place: 5\r\ncauseway-more: 0\r\n", b""),
        ("causeway-place: 0\r\ncauseway-more: 1\r\n", b""),
        ("causeway-more: 0\r\n", b"\0\x01x"),
    ];
    for (headers, body) in cases {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
            let answer = [head.as_bytes(), headers.as_bytes(), b"\r\n", body].concat();
            stream.write_all(&answer).unwrap();
        });
        let pass = online_relay::tray::TrayPass {
            relay: pack_format::relay::RelayAddress::new(
                &url,
                pack_format::relay::PublicKey([1; 32]),
            )
            .unwrap(),
            token: online_relay::tray::TrayToken(pack_format::secret::Secret32::new([1; 32])),
        };
        let client = online_relay::client::TrayClient::new(pass, &crate::common::quick()).unwrap();
        let found = client.frames(0);
        assert!(
            matches!(found, Err(RelayError::Lied { .. })),
            "{headers}{found:?}"
        );
        server.join().unwrap();
    }
}
