//! Every refusal of spec/relay.md, "Trays", by name.

use online_relay::client::RelayError;

use super::frames::{Frame, Tray, join, small, transfer};
use crate::common::TestRelay;

const CALLS: [(&str, &str); 6] = [
    ("GET", "/v1/tray"),
    ("DELETE", "/v1/tray"),
    ("GET", "/v1/tray/frames"),
    ("POST", "/v1/tray/frames"),
    ("POST", "/v1/tray/done"),
    ("POST", "/v1/tray/wanted"),
];

#[test]
fn a_missing_or_broken_token_is_401_in_every_call() {
    let relay = TestRelay::start();
    for (method, path) in CALLS {
        for headers in [&[][..], &[("authorization", "Bearer x")]] {
            let answer = relay.call(method, path, headers, b"");
            assert_eq!(answer.refusal(), (401, "token-missing"), "{method} {path}");
        }
    }
}

#[test]
fn a_token_that_was_never_made_is_404_in_every_call() {
    let relay = TestRelay::start();
    Tray::of(&relay);
    let bearer = format!("Bearer {}", data_encoding::BASE64URL_NOPAD.encode(&[7; 32]));
    for (method, path) in CALLS {
        let answer = relay.call(method, path, &[("authorization", &bearer)], b"");
        assert_eq!(answer.refusal(), (404, "tray-unknown"), "{method} {path}");
    }
}

#[test]
fn another_tray_s_token_sees_and_clears_nothing() {
    let relay = TestRelay::start();
    let (tray, other) = (Tray::of(&relay), Tray::of(&relay));
    tray.film(&relay, &[small(1, 0, 1)]);
    assert!(other.courier.frames(0).unwrap().frames.is_empty());
    assert_eq!(other.courier.done(&[transfer(1)]).unwrap(), 0);
    assert_eq!(tray.courier.frames(0).unwrap().frames.len(), 1);
    // The same frame on another tray is another frame.
    assert_eq!(other.film(&relay, &[small(1, 0, 1)]), 1);
}

#[test]
fn a_body_that_is_not_frames_of_a_pack_is_400_and_keeps_nothing() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    let altered = |change: fn(&mut Frame)| {
        let mut frame = Frame::small(1, 0, 2);
        change(&mut frame);
        frame.bytes()
    };
    let mut damaged = small(1, 0, 2);
    damaged[30] ^= 1;
    let frames = [
        altered(|it| it.mark = 0xc9),
        altered(|it| it.flags = 0x20),
        altered(|it| it.flags = 0x17),
        altered(|it| it.flags = 0x18),
        altered(|it| it.block = 1),
        altered(|it| it.count = 3),
        altered(|it| it.total_bytes = 0),
        altered(|it| it.total_bytes = (64 << 20) + 1),
        altered(|it| it.first = u32::MAX),
        altered(|it| {
            it.count = 0;
            it.symbols.clear();
        }),
        damaged,
        b"https://example.org".to_vec(),
    ];
    for (at, frame) in frames.into_iter().enumerate() {
        let body = join(&[small(1, 100, 1), frame]);
        let answer = tray.phone(&relay, "POST", "/v1/tray/frames", &body);
        assert_eq!(answer.refusal(), (400, "malformed"), "frame {at}");
    }
    for body in [&b""[..], b"\0", b"\0\0", b"\0\x05x"] {
        let answer = tray.phone(&relay, "POST", "/v1/tray/frames", body);
        assert_eq!(answer.refusal(), (400, "malformed"), "{body:?}");
    }
    assert!(tray.courier.frames(0).unwrap().frames.is_empty());
}

#[test]
fn wishes_of_another_form_are_400() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    let many = vec!["\"01010101-1\""; 33].join(",");
    let many = format!(r#"{{"list":"from-phone","transfers":[{many}]}}"#);
    let cases: [(&str, &str, &[u8]); 8] = [
        ("POST", "/v1/tray/done", b"{}"),
        (
            "POST",
            "/v1/tray/done",
            br#"{"list":"both","transfers":[]}"#,
        ),
        (
            "POST",
            "/v1/tray/done",
            br#"{"list":"from-phone","transfers":["x"]}"#,
        ),
        ("POST", "/v1/tray/done", many.as_bytes()),
        (
            "POST",
            "/v1/tray/wanted",
            br#"{"transfer":"x","symbols":1}"#,
        ),
        (
            "POST",
            "/v1/tray/wanted",
            br#"{"transfer":"01010101-1","symbols":-1}"#,
        ),
        ("GET", "/v1/tray/frames?limit=1001", b""),
        ("GET", "/v1/tray/frames?from=1", b""),
    ];
    for (method, path, body) in cases {
        let answer = tray.phone(&relay, method, path, body);
        assert_eq!(answer.refusal(), (400, "malformed"), "{path}");
    }
}

#[test]
fn bodies_over_their_limits_are_413() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    let long = vec![b' '; 256 * 1024 + 1];
    let answer = tray.phone(&relay, "POST", "/v1/tray/frames", &long);
    assert_eq!(answer.refusal(), (413, "too-long"));
    let answer = tray.phone(&relay, "POST", "/v1/tray/done", &long[..5000]);
    assert_eq!(answer.refusal(), (413, "too-long"));
}

#[test]
fn a_phone_that_closes_the_tray_is_403() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    let answer = tray.phone(&relay, "DELETE", "/v1/tray", b"");
    assert_eq!(answer.refusal(), (403, "courier-only"));
}

#[test]
fn more_wanted_of_what_is_not_there_is_404() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    let wish = br#"{"transfer":"01010101-60000","symbols":1}"#;
    let answer = tray.phone(&relay, "POST", "/v1/tray/wanted", wish);
    assert_eq!(answer.refusal(), (404, "transfer-unknown"));
}

#[test]
fn frames_beyond_the_quota_are_507_and_none_is_kept() {
    let relay = TestRelay::start_with(|config| config.quota_bytes = Some(1000));
    let tray = Tray::of(&relay);
    let body = join(&[small(1, 0, 10), small(1, 10, 10)]);
    let answer = tray.phone(&relay, "POST", "/v1/tray/frames", &body);
    assert_eq!(answer.refusal(), (507, "relay-full"));
    assert!(tray.courier.frames(0).unwrap().frames.is_empty());
    assert!(matches!(
        tray.courier.post(&[small(1, 0, 17)]),
        Err(RelayError::Full)
    ));
    // What was refused took no room, and what is taken in gives its room back.
    assert_eq!(tray.film(&relay, &[small(1, 0, 10)]), 1);
    tray.courier.done(&[transfer(1)]).unwrap();
    assert_eq!(tray.film(&relay, &[small(2, 0, 15)]), 1);
}

#[test]
fn more_transfers_than_a_list_shows_are_507_until_one_was_taken_in() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    let frames: Vec<_> = (1..=32).map(|seed| small(seed, 0, 1)).collect();
    tray.film(&relay, &frames);
    let one_more = join(&[small(33, 0, 1)]);
    let leave = || tray.phone(&relay, "POST", "/v1/tray/frames", &one_more);
    assert_eq!(leave().refusal(), (507, "tray-full"));
    tray.courier.done(&[transfer(5)]).unwrap();
    assert_eq!(leave().status, 200);
    let list = tray.courier.state().unwrap().from_phone;
    assert_eq!(list.transfers.len(), 32);
    assert!(!list.transfers.iter().any(|it| it.transfer == transfer(5)));
}

#[test]
fn frames_beyond_the_largest_transfer_and_a_tenth_are_507() {
    let relay = TestRelay::start();
    let tray = Tray::of(&relay);
    // 26,400 frames of 2,900 bytes are more than 70.4 MiB; each counts another first symbol.
    let frames: Vec<_> = (0..26_400).map(|at| Frame::large(at).bytes()).collect();
    let left = tray.courier.post(&frames);
    assert!(matches!(left, Err(RelayError::TrayFull)), "{left:?}");
    let list = tray.courier.state().unwrap().for_phone;
    assert!(list.bytes <= list.limit_bytes);
    assert!(list.bytes > list.limit_bytes - 256 * 1024);
    // Room for a whole transfer of 64 MiB was there.
    assert!(list.transfers[0].symbols >= list.transfers[0].needed);
}
