//! Every status code of spec/relay.md, "Refusals", by name.

use pack_format::codec::Wire as _;
use pack_format::relay::{PublicKey, Statement as _};

use crate::common::{Answer, Person, TestRelay, bundle};

struct Put<'a> {
    relay: &'a TestRelay,
    path: String,
    ticket: String,
}

impl<'a> Put<'a> {
    fn new(relay: &'a TestRelay, person: &Person, sent: &[u8]) -> Self {
        let ticket = person.ticket(relay, sent);
        Self {
            relay,
            path: format!("/v1/blobs/{}", ticket.peek_statement().content_id),
            ticket: ticket.to_header(),
        }
    }

    fn at(&self, offset: &str, body: &[u8]) -> Answer {
        let headers = [
            ("causeway-ticket", self.ticket.as_str()),
            ("upload-offset", offset),
        ];
        self.relay.call("PUT", &self.path, &headers, body)
    }
}

#[test]
fn malformed_requests_are_400() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(1000, 1);
    let put = Put::new(&relay, &amina, &sent);
    let bearer = amina.bearer();
    let auth = ("authorization", bearer.as_str());
    let upper = put.path.to_uppercase().replace("/V1/BLOBS", "/v1/blobs");
    let ticket = ("causeway-ticket", put.ticket.as_str());
    let answers = [
        relay.call("POST", "/v1/mailboxes", &[], b"junk"),
        relay.call("POST", "/v1/acknowledgements", &[], b""),
        relay.call("PUT", &put.path, &[ticket], &sent),
        relay.call("PUT", &put.path, &[("upload-offset", "0")], &sent),
        relay.call("PUT", "/v1/blobs/xyz", &[ticket], &sent),
        relay.call("HEAD", &upper, &[ticket], b""),
        relay.call("HEAD", &put.path, &[ticket, ticket], b""),
        put.at("-1", &sent),
        put.at("00", &sent),
        put.at("0", &sent[..999]),
        relay.call("GET", "/v1/mailbox?limit=1001", &[auth], b""),
        relay.call("GET", "/v1/mailbox?before=1", &[auth], b""),
        relay.call("GET", &put.path, &[auth, ("range", "bytes=1-2")], b""),
    ];
    for (at, answer) in answers.iter().enumerate() {
        assert_eq!(answer.refusal(), (400, "malformed"), "request {at}");
    }
}

#[test]
fn one_key_for_two_rights_is_400() {
    let relay = TestRelay::start();
    let amina = Person::new(1);
    let mut wish = amina.open_mailbox(&relay, relay.code());
    wish.send_key = wish.ack_key;
    let body = wish.sign(&amina.ack).to_wire();
    let answer = relay.call("POST", "/v1/mailboxes", &[], &body);
    assert_eq!(answer.refusal(), (400, "malformed"));
}

#[test]
fn a_missing_or_broken_fetch_token_is_401() {
    let relay = TestRelay::start();
    for headers in [
        &[][..],
        &[("authorization", "Bearer x")],
        &[("authorization", "Basic eDp5")],
    ] {
        let answer = relay.call("GET", "/v1/mailbox", headers, b"");
        assert_eq!(answer.refusal(), (401, "token-missing"));
    }
    let path = format!("/v1/blobs/{}", "0".repeat(64));
    let answer = relay.call("GET", &path, &[], b"");
    assert_eq!(answer.refusal(), (401, "token-missing"));
}

#[test]
fn a_bad_signature_is_403() {
    let relay = TestRelay::start();
    let (amina, stranger) = (relay.member(1), Person::new(9));
    let wish = Person::new(2).open_mailbox(&relay, relay.code());
    let body = wish.sign(&stranger.ack).to_wire();
    let answer = relay.call("POST", "/v1/mailboxes", &[], &body);
    assert_eq!(answer.refusal(), (403, "bad-signature"));

    let done = amina.acknowledgement(&relay, &[]).peek_statement().clone();
    let body = done.sign(&stranger.ack).to_wire();
    let answer = relay.call("POST", "/v1/acknowledgements", &[], &body);
    assert_eq!(answer.refusal(), (403, "bad-signature"));

    let sent = bundle(10, 1);
    let mut put = Put::new(&relay, &amina, &sent);
    let forged = amina.ticket(&relay, &sent).peek_statement().clone();
    put.ticket = forged.sign(&stranger.send).to_header();
    assert_eq!(put.at("0", &sent).refusal(), (403, "bad-signature"));
}

#[test]
fn a_statement_for_another_relay_is_403() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let elsewhere = PublicKey([7; 32]);
    let mut wish = Person::new(2).open_mailbox(&relay, relay.code());
    wish.relay_key = elsewhere;
    let body = wish.sign(&Person::new(2).ack).to_wire();
    let answer = relay.call("POST", "/v1/mailboxes", &[], &body);
    assert_eq!(answer.refusal(), (403, "other-relay"));

    let mut done = amina.acknowledgement(&relay, &[]).peek_statement().clone();
    done.relay_key = elsewhere;
    let body = done.sign(&amina.ack).to_wire();
    let answer = relay.call("POST", "/v1/acknowledgements", &[], &body);
    assert_eq!(answer.refusal(), (403, "other-relay"));

    let sent = bundle(10, 1);
    let mut put = Put::new(&relay, &amina, &sent);
    put.ticket = amina.ticket_for(elsewhere, &sent).to_header();
    assert_eq!(put.at("0", &sent).refusal(), (403, "other-relay"));
}

#[test]
fn a_code_that_was_never_made_is_403() {
    let relay = TestRelay::start();
    let body = Person::new(1).wish(&relay, [0; 16]).to_wire();
    let answer = relay.call("POST", "/v1/mailboxes", &[], &body);
    assert_eq!(answer.refusal(), (403, "code-unknown"));
}

#[test]
fn an_unknown_mailbox_is_404_in_every_call() {
    let relay = TestRelay::start();
    let stranger = Person::new(9);
    let sent = bundle(10, 1);
    let put = Put::new(&relay, &stranger, &sent);
    let bearer = stranger.bearer();
    let auth = ("authorization", bearer.as_str());
    let done = stranger.acknowledgement(&relay, &[&sent]).to_wire();
    let ticket = ("causeway-ticket", put.ticket.as_str());
    for answer in [
        put.at("0", &sent),
        relay.call("HEAD", &put.path, &[ticket], b""),
        relay.call("GET", "/v1/mailbox", &[auth], b""),
        relay.call("GET", &put.path, &[auth], b""),
        relay.call("POST", "/v1/acknowledgements", &[], &done),
    ] {
        assert_eq!(answer.refusal(), (404, "mailbox-unknown"));
    }
}

#[test]
fn a_bundle_that_is_not_or_no_longer_there_is_404() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(10, 1);
    let put = Put::new(&relay, &amina, &sent);
    let bearer = amina.bearer();
    let get = || relay.call("GET", &put.path, &[("authorization", &bearer)], b"");
    assert_eq!(get().refusal(), (404, "bundle-unknown"));
    amina.send(&relay, &sent);
    assert_eq!(get().status, 200);
    let done = amina.acknowledgement(&relay, &[&sent]);
    relay.client().acknowledge(&done).unwrap();
    assert_eq!(get().refusal(), (404, "bundle-unknown"));
}

#[test]
fn paths_and_methods_that_do_not_exist_are_404_and_405() {
    let relay = TestRelay::start();
    assert_eq!(relay.call("GET", "/", &[], b"").status, 404);
    assert_eq!(relay.call("GET", "/v2/relay", &[], b"").status, 404);
    assert_eq!(relay.call("DELETE", "/v1/mailbox", &[], b"").status, 405);
}

#[test]
fn an_upload_at_another_offset_is_409_and_says_the_right_one() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(1000, 1);
    let answer = Put::new(&relay, &amina, &sent).at("400", &sent[400..]);
    assert_eq!(answer.refusal(), (409, "wrong-offset"));
    assert_eq!(answer.header("upload-offset"), Some("0"));
}

#[test]
fn a_key_of_another_mailbox_is_409() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let badr = Person::new(2);
    let good = badr.open_mailbox(&relay, relay.code());
    let amina_s = amina.open_mailbox(&relay, [0; 16]);
    let mut same_send = good.clone();
    same_send.send_key = amina_s.send_key;
    let mut same_fetch = good.clone();
    same_fetch.fetch_id = amina_s.fetch_id;
    for wish in [same_send, same_fetch] {
        let body = wish.sign(&badr.ack).to_wire();
        let answer = relay.call("POST", "/v1/mailboxes", &[], &body);
        assert_eq!(answer.refusal(), (409, "key-taken"));
    }
    // The refusals did not use the invitation up.
    let answer = relay.call(
        "POST",
        "/v1/mailboxes",
        &[],
        &good.sign(&badr.ack).to_wire(),
    );
    assert_eq!(answer.status, 201);
}

#[test]
fn an_upload_without_a_length_is_411() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let put = Put::new(&relay, &amina, b"some bytes");
    let mut request = crate::common::head(
        "PUT",
        &put.path,
        &[
            ("causeway-ticket", &put.ticket),
            ("upload-offset", "0"),
            ("transfer-encoding", "chunked"),
        ],
    );
    request.push_str("\r\na\r\nsome bytes\r\n0\r\n\r\n");
    let answer = relay.raw(request.as_bytes());
    assert_eq!(answer.refusal(), (411, "length-missing"));
}

#[test]
fn a_body_longer_than_the_ticket_is_413() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(1000, 1);
    let put = Put::new(&relay, &amina, &sent);
    assert_eq!(put.at("0", &[0; 1001]).refusal(), (413, "too-long"));
    assert_eq!(put.at("1000", &[0; 1]).refusal(), (413, "too-long"));
    let huge = u64::MAX.to_string();
    assert_eq!(put.at(&huge, &[0; 1]).refusal(), (413, "too-long"));
}

#[test]
fn a_statement_longer_than_any_is_413() {
    let relay = TestRelay::start();
    let answer = relay.call("POST", "/v1/acknowledgements", &[], &[0; 41 * 1024]);
    assert_eq!(answer.refusal(), (413, "too-long"));
}

#[test]
fn a_range_behind_the_end_is_416() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(10, 1);
    amina.send(&relay, &sent);
    let put = Put::new(&relay, &amina, &sent);
    let bearer = amina.bearer();
    let headers = [("authorization", bearer.as_str()), ("range", "bytes=10-")];
    let answer = relay.call("GET", &put.path, &headers, b"");
    assert_eq!(answer.refusal(), (416, "range-beyond-end"));
}

#[test]
fn other_bytes_than_the_ticket_s_are_422() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let put = Put::new(&relay, &amina, &bundle(1000, 1));
    let answer = put.at("0", &bundle(1000, 2));
    assert_eq!(answer.refusal(), (422, "hash-differs"));
}

#[test]
fn a_request_head_over_the_limit_is_431() {
    let relay = TestRelay::start();
    let long = "x".repeat(20 * 1024);
    let answer = relay.call("GET", "/v1/relay", &[("x-long", &long)], b"");
    assert_eq!(answer.status, 431);
    let many = vec![("x-many", "1"); 40];
    assert_eq!(relay.call("GET", "/v1/relay", &many, b"").status, 431);
}

#[test]
fn a_disk_that_fails_is_500_and_tells_nothing() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(1000, 1);
    amina.send(&relay, &sent);
    std::fs::remove_dir_all(relay.data_dir.join("blobs")).unwrap();
    let put = Put::new(&relay, &amina, &sent);
    let bearer = amina.bearer();
    let answer = relay.call("GET", &put.path, &[("authorization", &bearer)], b"");
    assert_eq!(answer.refusal(), (500, "server-failed"));
    assert_eq!(answer.body, b"server-failed");
}

#[test]
fn an_upload_beyond_the_quota_is_507() {
    let relay = TestRelay::start_with(|config| config.quota_bytes = Some(999));
    let amina = relay.member(1);
    let sent = bundle(1000, 1);
    let answer = Put::new(&relay, &amina, &sent).at("0", &sent);
    assert_eq!(answer.refusal(), (507, "relay-full"));
}

#[test]
fn an_answer_has_no_date() {
    let relay = TestRelay::start();
    let answer = relay.call("GET", "/v1/relay", &[], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("date"), None);
}
