//! A relay that lies, stalls, breaks off and floods: the client believes nothing.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use online_relay::client::{ClientOptions, Listed, RelayClient, RelayError};
use pack_format::relay::{
    ContentId, PublicKey, RelayAddress, Signed, Statement as _, StoredReceipt, Ticket,
};
use pack_format::secret::Secret32;

use crate::common::{Person, bundle, quick};

const STALL: Duration = Duration::from_millis(200);

/// Answers each connection with the next of `answers`, after it has read a request's head; stays
/// silent after the last.
fn hostile(answers: Vec<Vec<u8>>) -> RelayClient {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            read_head(&mut stream);
            let _ = stream.write_all(&answer);
            kept.push(stream);
        }
        std::thread::sleep(Duration::from_secs(5));
    });
    let address = RelayAddress::new(&url, relay_key()).unwrap();
    let options = ClientOptions {
        stall: STALL,
        ..quick()
    };
    RelayClient::new(&address, &options).unwrap()
}

fn read_head(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|len| len == 1) {
        seen.push(byte[0]);
    }
}

fn relay_seed() -> Secret32 {
    Secret32::new([42; 32])
}

fn relay_key() -> PublicKey {
    PublicKey::of_seed(&relay_seed())
}

fn ok(headers: &str, body: &str) -> Vec<u8> {
    let len = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n{headers}connection: close\r\n\r\n{body}")
        .into_bytes()
}

fn lied<T: std::fmt::Debug>(result: Result<T, RelayError>) -> &'static str {
    match result {
        Err(RelayError::Lied { what }) => what,
        other => panic!("{other:?}"),
    }
}

fn ticket(sent: &[u8]) -> Signed<Ticket> {
    Person::new(1).ticket_for(relay_key(), sent)
}

fn upload(answers: Vec<Vec<u8>>, sent: &[u8]) -> Result<Signed<StoredReceipt>, RelayError> {
    hostile(answers).upload(&ticket(sent), &sent, &mut |_| ())
}

/// A HEAD answer with this receipt.
fn with_receipt(receipt: StoredReceipt, seed: &Secret32) -> Vec<u8> {
    let receipt = receipt.sign(seed).to_header();
    ok(
        &format!("upload-complete: 1\r\ncauseway-receipt: {receipt}\r\n"),
        "",
    )
}

fn good_receipt(sent: &[u8]) -> StoredReceipt {
    StoredReceipt {
        relay_key: relay_key(),
        send_key: ticket(sent).peek_statement().send_key,
        content_id: ContentId::of(sent),
        sequence: 1,
    }
}

#[test]
fn a_relay_with_another_key_is_noticed() {
    let body = format!("{{\"key\":\"{}\",\"version\":1}}", "ab".repeat(32));
    let checked = hostile(vec![ok("", &body)]).check_key();
    assert!(matches!(checked, Err(RelayError::WrongKey { .. })));
}

#[test]
fn a_relay_of_another_version_is_noticed() {
    let body = format!("{{\"key\":\"{}\",\"version\":2}}", "ab".repeat(32));
    let what = lied(hostile(vec![ok("", &body)]).check_key());
    assert_eq!(what, "it speaks another version");
}

#[test]
fn receipts_that_prove_nothing_are_refused() {
    let sent = bundle(100, 1);
    let good = good_receipt(&sent);
    let other = Secret32::new([43; 32]);
    let by_other = StoredReceipt {
        relay_key: PublicKey::of_seed(&other),
        ..good.clone()
    };
    let other_bundle = StoredReceipt {
        content_id: ContentId::of(b"something else"),
        ..good.clone()
    };
    let other_mailbox = StoredReceipt {
        send_key: PublicKey([1; 32]),
        ..good.clone()
    };
    for (answer, expected) in [
        (
            with_receipt(good.clone(), &other),
            "the receipt does not verify",
        ),
        (
            with_receipt(by_other, &other),
            "the receipt is signed by another relay",
        ),
        (
            with_receipt(other_bundle, &relay_seed()),
            "the receipt is for something else",
        ),
        (
            with_receipt(other_mailbox, &relay_seed()),
            "the receipt is for something else",
        ),
        (ok("upload-complete: 1\r\n", ""), "it gives no receipt"),
    ] {
        assert_eq!(lied(upload(vec![answer], &sent)), expected);
    }
    assert!(upload(vec![with_receipt(good, &relay_seed())], &sent).is_ok());
}

#[test]
fn an_offset_behind_the_end_is_refused() {
    let sent = bundle(100, 1);
    for offset in ["101", "-1", "x"] {
        let answer = ok(&format!("upload-offset: {offset}\r\n"), "");
        assert_eq!(
            lied(upload(vec![answer], &sent)),
            "it holds more of the bundle than there is"
        );
    }
}

#[test]
fn a_relay_that_forgets_every_upload_does_not_hold_the_courier() {
    let sent = bundle(100, 1);
    let forgets = ok("upload-offset: 0\r\n", "");
    let breaks = Vec::new();
    let result = upload(vec![forgets.clone(), breaks, forgets], &sent);
    assert!(
        matches!(result, Err(RelayError::Stalled { .. })),
        "{result:?}"
    );
}

#[test]
fn a_silent_relay_is_left_after_the_stall_time() {
    let result = hostile(vec![Vec::new()]).check_key();
    assert!(
        matches!(result, Err(RelayError::Stalled { .. })),
        "{result:?}"
    );
}

#[test]
fn a_relay_that_fails_is_told_from_one_that_refuses() {
    let answer = |status: &str| {
        format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
    };
    let token = Person::new(1).token;
    let list = |status| hostile(vec![answer(status)]).list(&token, 0).unwrap_err();
    assert!(matches!(
        list("500 x"),
        RelayError::ServerFailed { status: 500 }
    ));
    assert!(matches!(
        list("302 x"),
        RelayError::ServerFailed { status: 302 }
    ));
    assert!(matches!(list("503 x"), RelayError::Busy));
    assert!(matches!(list("507 x"), RelayError::Full));
    assert!(matches!(
        list("418 x"),
        RelayError::Refused { status: 418, .. }
    ));
    assert!(matches!(
        list("404 x"),
        RelayError::Refused { status: 404, .. }
    ));
}

#[test]
fn a_redirect_is_not_followed() {
    let answer = b"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let result = hostile(vec![answer.to_vec()]).list(&Person::new(1).token, 0);
    assert!(matches!(
        result,
        Err(RelayError::ServerFailed { status: 307 })
    ));
}

#[test]
fn the_relay_s_own_words_are_not_shown() {
    let answer = b"HTTP/1.1 400 x\r\ncauseway-error: \x1b[31mcall-me\r\ncontent-length: 0\r\n\r\n";
    let result = hostile(vec![answer.to_vec()]).list(&Person::new(1).token, 0);
    let text = result.unwrap_err().to_string();
    assert!(!text.contains("call-me"), "{text}");
}

#[test]
fn endless_and_malformed_lists_are_refused() {
    let list = |body: &str| hostile(vec![ok("", body)]).list(&Person::new(1).token, 5);
    let id = "ab".repeat(32);
    let item = |sequence: u64, size: u64| {
        format!("{{\"sequence\":{sequence},\"content_id\":\"{id}\",\"size_bytes\":{size}}}")
    };
    let page =
        |items: &[String], more| format!("{{\"items\":[{}],\"more\":{more}}}", items.join(","));
    assert!(list(&page(&[item(6, 1)], false)).is_ok());
    assert_eq!(
        lied(list("[]")),
        "its answer is not of the form of this call"
    );
    assert_eq!(
        lied(list(&page(&[item(5, 1)], false))),
        "the list is out of order"
    );
    let twice = [item(6, 1), item(6, 1)];
    assert_eq!(lied(list(&page(&twice, false))), "the list is out of order");
    assert_eq!(
        lied(list(&page(&[], true))),
        "the list is empty and yet goes on"
    );
    assert_eq!(
        lied(list(&page(&[item(6, u64::MAX)], false))),
        "the list has an id or a size that cannot be"
    );
    let long: Vec<_> = (6..1007).map(|sequence| item(sequence, 1)).collect();
    assert_eq!(
        lied(list(&page(&long, false))),
        "the list is longer than asked for"
    );
    let endless = " ".repeat(5 * 1024 * 1024);
    assert_eq!(lied(list(&endless)), "it sends more than it should");
}

fn download(answer: Vec<u8>, sent: &mut Vec<u8>) -> Result<(), RelayError> {
    let item = Listed {
        sequence: 1,
        content_id: ContentId::of(b""),
        size_bytes: 10,
    };
    hostile(vec![answer]).download(&Person::new(1).token, &item, 4, sent, &mut |_| ())
}

fn partial(range: &str, len: usize, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 206 x\r\ncontent-range: bytes {range}\r\ncontent-length: {len}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn a_bundle_of_another_length_than_listed_is_refused() {
    let what = "the bundle has another length than was listed";
    for answer in [
        partial("4-9/10", 7, b"1234567"),
        partial("0-9/10", 6, b"123456"),
        partial("4-9/11", 6, b"123456"),
        b"HTTP/1.1 206 x\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
    ] {
        assert_eq!(lied(download(answer, &mut Vec::new())), what);
    }
    let mut fetched = Vec::new();
    download(partial("4-9/10", 6, b"123456 and more"), &mut fetched).unwrap();
    assert_eq!(fetched, b"123456");
}

#[test]
fn a_download_that_stops_keeps_what_came() {
    let mut fetched = Vec::new();
    let result = download(partial("4-9/10", 6, b"123"), &mut fetched);
    assert!(
        matches!(result, Err(RelayError::Stalled { .. })),
        "{result:?}"
    );
    assert_eq!(fetched, b"123");
}

#[test]
fn what_is_no_http_is_refused() {
    let result = hostile(vec![b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec()]).check_key();
    assert_eq!(lied(result), "it does not speak HTTP");
}

#[test]
fn a_closed_port_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let address = RelayAddress::new(&url, relay_key()).unwrap();
    let client = RelayClient::new(&address, &quick()).unwrap();
    assert!(matches!(
        client.check_key(),
        Err(RelayError::Unreachable { .. })
    ));
}

#[test]
fn a_dead_proxy_is_not_passed_by() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let address = RelayAddress::new(&url, relay_key()).unwrap();
    let options = ClientOptions {
        proxy: Some("socks5://127.0.0.1:1".to_owned()),
        ..quick()
    };
    let client = RelayClient::new(&address, &options).unwrap();
    assert!(matches!(
        client.check_key(),
        Err(RelayError::Unreachable { .. })
    ));
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}

#[test]
fn the_proxy_is_given_the_relay_s_name_unresolved() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = ClientOptions {
        proxy: Some(format!("socks5://{}", proxy.local_addr().unwrap())),
        stall: STALL,
        ..quick()
    };
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut hello = [0; 3];
        stream.read_exact(&mut hello).unwrap();
        stream.write_all(&[5, 0]).unwrap();
        let mut request = [0; 5 + 14 + 2];
        stream.read_exact(&mut request).unwrap();
        request
    });
    let address = RelayAddress::new("http://relay123.onion", relay_key()).unwrap();
    let client = RelayClient::new(&address, &options).unwrap();
    assert!(client.check_key().is_err());
    let request = heard.join().unwrap();
    assert_eq!(&request[..5], &[5, 1, 0, 3, 14]);
    assert_eq!(&request[5..19], b"relay123.onion");
}
