//! Uploads and downloads that are interrupted, damaged, repeated, or do not fit.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use online_relay::client::RelayError;
use pack_format::relay::ContentId;

use crate::common::{TestRelay, bundle, eventually, head};

/// Sends the head of an upload and the first bytes of its body, and keeps the connection.
pub(crate) fn begin_upload(
    relay: &TestRelay,
    path: &str,
    ticket: &str,
    size: usize,
    first: &[u8],
) -> TcpStream {
    let mut request = head(
        "PUT",
        path,
        &[
            ("causeway-ticket", ticket),
            ("upload-offset", "0"),
            ("content-length", &size.to_string()),
        ],
    );
    request.push_str("\r\n");
    let mut stream = TcpStream::connect(relay.socket).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.write_all(first).unwrap();
    stream
}

pub(crate) fn upload_offset(relay: &TestRelay, path: &str, ticket: &str) -> Option<u64> {
    let answer = relay.call("HEAD", path, &[("causeway-ticket", ticket)], b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("upload-offset").map(|it| it.parse().unwrap())
}

#[test]
fn an_interrupted_upload_goes_on_where_it_stopped() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(400_000, 1);
    let ticket = amina.ticket(&relay, &sent);
    let path = format!("/v1/blobs/{}", ticket.peek_statement().content_id);
    let stream = begin_upload(
        &relay,
        &path,
        &ticket.to_header(),
        400_000,
        &sent[..150_000],
    );
    eventually("the part has come", || relay.blob_bytes() == 150_000);
    assert_eq!(
        upload_offset(&relay, &path, &ticket.to_header()),
        Some(150_000)
    );
    drop(stream);
    let mut heard = Vec::new();
    let receipt = relay
        .client()
        .upload(&ticket, &sent, &mut |done| heard.push(done))
        .unwrap();
    assert_eq!(receipt.verify().unwrap().sequence, 1);
    assert!(heard.first().is_some_and(|first| *first > 150_000));
    assert_eq!(heard.last(), Some(&400_000));
}

#[test]
fn a_newer_request_takes_an_upload_over_from_a_dead_connection() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(100_000, 1);
    let ticket = amina.ticket(&relay, &sent);
    let path = format!("/v1/blobs/{}", ticket.peek_statement().content_id);
    let hanging = begin_upload(&relay, &path, &ticket.to_header(), 100_000, &sent[..5_000]);
    eventually("the relay has the first bytes", || relay.blob_count() == 1);
    relay.client().upload(&ticket, &sent, &mut |_| ()).unwrap();
    drop(hanging);
    assert_eq!(amina.waiting(&relay).len(), 1);
}

#[test]
fn a_stalled_upload_is_cut_and_keeps_its_part() {
    let relay = TestRelay::start_with(|config| config.stall = Duration::from_millis(100));
    let amina = relay.member(1);
    let sent = bundle(10_000, 1);
    let ticket = amina.ticket(&relay, &sent);
    let path = format!("/v1/blobs/{}", ticket.peek_statement().content_id);
    let mut stream = begin_upload(&relay, &path, &ticket.to_header(), 10_000, &sent[..4_000]);
    let answer = crate::common::Answer::read(&mut stream);
    assert_eq!(answer.refusal(), (408, "stalled"));
    assert_eq!(
        upload_offset(&relay, &path, &ticket.to_header()),
        Some(4_000)
    );
}

#[test]
fn bytes_that_do_not_have_the_ticket_s_hash_leave_nothing() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(100_000, 1);
    let ticket = amina.ticket(&relay, &sent);
    let mut damaged = sent.clone();
    damaged[50_000] ^= 1;
    assert!(matches!(
        relay.client().upload(&ticket, &damaged, &mut |_| ()),
        Err(RelayError::HashDiffers)
    ));
    assert_eq!(relay.blob_count(), 0);
    assert!(amina.waiting(&relay).is_empty());
    let receipt = relay.client().upload(&ticket, &sent, &mut |_| ()).unwrap();
    assert_eq!(receipt.verify().unwrap().sequence, 1);
}

#[test]
fn a_resumed_upload_is_checked_as_a_whole() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(20_000, 1);
    let ticket = amina.ticket(&relay, &sent);
    let path = format!("/v1/blobs/{}", ticket.peek_statement().content_id);
    let other = bundle(20_000, 2);
    drop(begin_upload(
        &relay,
        &path,
        &ticket.to_header(),
        20_000,
        &other[..8_000],
    ));
    eventually("the part has come", || relay.blob_bytes() == 8_000);
    assert_eq!(
        upload_offset(&relay, &path, &ticket.to_header()),
        Some(8_000)
    );
    assert!(matches!(
        relay.client().upload(&ticket, &sent, &mut |_| ()),
        Err(RelayError::HashDiffers)
    ));
    assert_eq!(relay.blob_count(), 0);
}

#[test]
fn a_second_upload_gets_the_same_receipt_until_the_acknowledgement() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(5_000, 1);
    let first = amina.send(&relay, &sent);
    assert_eq!(amina.send(&relay, &sent), first);
    let ticket = amina.ticket(&relay, &sent);
    let path = format!("/v1/blobs/{}", ticket.peek_statement().content_id);
    relay
        .client()
        .acknowledge(&amina.acknowledgement(&relay, &[&sent]))
        .unwrap();
    assert_eq!(relay.blob_count(), 0);
    let headers = [
        ("causeway-ticket", ticket.to_header()),
        ("upload-offset", "0".to_owned()),
    ];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    assert_eq!(upload_offset(&relay, &path, &ticket.to_header()), Some(0));
    let again = relay.call("PUT", &path, &headers, &sent);
    assert_eq!(again.status, 201);
    let receipt = amina.send(&relay, &sent);
    assert_eq!(
        again.header("causeway-receipt"),
        Some(receipt.to_header().as_str())
    );
    assert_eq!(receipt.verify().unwrap().sequence, 2);
    assert_eq!(amina.waiting(&relay), [ContentId::of(&sent)]);
    assert_eq!(relay.blob_count(), 1);
}

#[test]
fn a_full_relay_refuses_and_evicts_nothing() {
    let relay = TestRelay::start_with(|config| config.quota_bytes = Some(25_000));
    let amina = relay.member(1);
    let (first, second, third) = (bundle(10_000, 1), bundle(10_000, 2), bundle(10_000, 3));
    amina.send(&relay, &first);
    amina.send(&relay, &second);
    let ticket = amina.ticket(&relay, &third);
    let client = relay.client();
    assert!(matches!(
        client.upload(&ticket, &third, &mut |_| ()),
        Err(RelayError::Full)
    ));
    assert_eq!(amina.waiting(&relay).len(), 2);
    client
        .acknowledge(&amina.acknowledgement(&relay, &[&first]))
        .unwrap();
    client.upload(&ticket, &third, &mut |_| ()).unwrap();
    assert_eq!(amina.waiting(&relay).len(), 2);
}

#[test]
fn a_bundle_larger_than_one_durable_step_arrives_whole() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(40 * 1024 * 1024 + 17, 1);
    amina.send(&relay, &sent);
    let item = relay.client().list(&amina.token, 0).unwrap().items[0];
    let mut fetched = Vec::new();
    relay
        .client()
        .download(&amina.token, &item, 0, &mut fetched, &mut |_| ())
        .unwrap();
    assert!(fetched == sent);
}

#[test]
fn a_download_goes_on_from_any_offset() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(200_000, 1);
    amina.send(&relay, &sent);
    let item = relay.client().list(&amina.token, 0).unwrap().items[0];
    for from in [0, 1, 65_536, 199_999, 200_000] {
        let mut fetched = Vec::new();
        let at = usize::try_from(from).unwrap();
        relay
            .client()
            .download(&amina.token, &item, from, &mut fetched, &mut |_| ())
            .unwrap();
        assert!(fetched == sent[at..], "from {from}");
    }
}

#[test]
fn a_long_mailbox_is_listed_in_pages() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let bundles: Vec<_> = (0..5).map(|seed| bundle(100, seed)).collect();
    for sent in &bundles {
        amina.send(&relay, sent);
    }
    let bearer = amina.bearer();
    let answer = relay.call(
        "GET",
        "/v1/mailbox?after=1&limit=3",
        &[("authorization", &bearer)],
        b"",
    );
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("\"sequence\":2") && text.contains("\"sequence\":4"));
    assert!(!text.contains("\"sequence\":5") && text.contains("\"more\":true"));
}

#[test]
fn a_client_that_never_sends_its_head_is_cut_off() {
    // Only that the connection ends without an answer; the bound itself is in limits.rs.
    let relay = TestRelay::start();
    let mut stream = TcpStream::connect(relay.socket).unwrap();
    stream.write_all(b"GET /v1/relay HTTP/1.1\r\n").unwrap();
    let mut large = format!("x-junk: {}\r\n\r\n", "j".repeat(100_000)).into_bytes();
    large.truncate(100_000);
    let _ = stream.write_all(&large);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
}

#[test]
fn a_client_that_reads_nothing_is_cut_off() {
    let relay = TestRelay::start_with(|config| config.stall = Duration::from_millis(100));
    let amina = relay.member(1);
    for seed in 0..20 {
        amina.send(&relay, &bundle(100, seed));
    }
    let bearer = amina.bearer();
    let request =
        format!("GET /v1/mailbox HTTP/1.1\r\nhost: relay\r\nauthorization: {bearer}\r\n\r\n");
    let mut stream = TcpStream::connect(relay.socket).unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let cut_off = (0..1_000_000)
        .find_map(|_| stream.write_all(request.as_bytes()).err())
        .unwrap();
    let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(kinds.contains(&cut_off.kind()), "{cut_off}");
}
