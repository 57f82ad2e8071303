//! Every message that the relay's programs can show, as a person sees it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use online_relay::client::RelayError;
use online_relay::report::{Form, render};
use online_relay::server::{ServerError, StoreError};
use pack_format::advice::Advice;
use pack_format::codec::DecodeError;

fn all<E: Advice>(errors: &[E]) -> String {
    errors
        .iter()
        .map(|err| format!("{}exit {}\n\n", render(err, Form::Text), err.exit() as u8))
        .collect()
}

fn denied() -> io::Error {
    io::Error::from_raw_os_error(13)
}

fn url() -> String {
    "https://relay.example".to_owned()
}

fn client_errors() -> Vec<RelayError> {
    let source = denied;
    vec![
        RelayError::BadUrl {
            what: "proxy",
            url: "http://host".to_owned(),
        },
        RelayError::PlainHttp {
            url: "http://relay.example".to_owned(),
        },
        RelayError::OnionWithoutProxy {
            url: "http://abc.onion".to_owned(),
        },
        RelayError::Unreachable {
            url: url(),
            source: source(),
        },
        RelayError::Interrupted {
            url: url(),
            source: source(),
        },
        RelayError::Stalled {
            waited: Duration::from_secs(60),
            url: url(),
        },
        RelayError::WrongKey { url: url() },
        RelayError::Refused {
            status: 403,
            reason: "code-unknown",
        },
        RelayError::MailboxUnknown,
        RelayError::BundleUnknown,
        RelayError::TrayUnknown,
        RelayError::TransferUnknown,
        RelayError::TrayFull,
        RelayError::Full,
        RelayError::Busy,
        RelayError::Lied {
            what: "the list is out of order",
        },
        RelayError::HashDiffers,
        RelayError::ServerFailed { status: 500 },
        RelayError::Source { source: source() },
        RelayError::Sink { source: source() },
    ]
}

fn server_errors() -> Vec<ServerError> {
    let path = || PathBuf::from("/srv/relay");
    let store = [
        StoreError::Index {
            doing: "storing a bundle",
            source: rusqlite::Error::QueryReturnedNoRows,
        },
        StoreError::IndexDamaged {
            what: "a number is negative",
        },
        StoreError::IndexTooNew { found: 3, known: 2 },
        StoreError::Disk {
            doing: "writing an upload",
            source: denied(),
        },
        StoreError::Full {
            wanted_bytes: 1_000_000,
        },
        StoreError::BundlesMissing { count: 3 },
        StoreError::Randomness {
            source: getrandom::Error::UNSUPPORTED,
        },
    ];
    let server = [
        ServerError::DataDir {
            doing: "making it",
            path: path(),
            source: denied(),
        },
        ServerError::InUse { path: path() },
        ServerError::NotARelay { path: path() },
        ServerError::KeyMissing { path: path() },
        ServerError::KeyDamaged {
            found_bytes: 31,
            path: path(),
        },
        ServerError::Listen {
            address: "127.0.0.1:80".parse().unwrap(),
            source: denied(),
        },
        ServerError::UrlUnknown,
        ServerError::UrlUnusable {
            source: DecodeError::Rule {
                what: "relay URL is not http(s)://host without a final slash",
            },
        },
        ServerError::Runtime { source: denied() },
        ServerError::Output {
            path: path(),
            source: denied(),
        },
        ServerError::PhonePage {
            path: path().join("app.js"),
            source: denied(),
        },
        ServerError::Picture {
            source: carriers::qr::QrError::NoCode,
        },
    ];
    store
        .into_iter()
        .map(ServerError::Store)
        .chain(server)
        .collect()
}

#[test]
fn every_message_of_the_client() {
    insta::assert_snapshot!(all(&client_errors()));
}

#[test]
fn every_message_of_the_server() {
    insta::assert_snapshot!(all(&server_errors()));
}

#[test]
fn a_message_for_programs_is_one_json_object_on_one_line() {
    let text = render(&RelayError::Full, Form::Json);
    assert_eq!(text.matches('\n').count(), 1);
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["error"]["code"], "relay-full");
    assert_eq!(read["error"]["what"], "the relay is full");
}

#[test]
fn codes_are_hyphenated_and_mean_one_thing_in_each_program() {
    let (client, server) = (client_errors(), server_errors());
    let client: Vec<_> = client.iter().map(Advice::code).collect();
    let server: Vec<_> = server.iter().map(Advice::code).collect();
    for mut codes in [client, server] {
        let fine = |found: char| found.is_ascii_lowercase() || found == '-';
        assert!(codes.iter().all(|code| code.chars().all(fine)));
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }
}

#[test]
fn a_cause_cannot_paint_the_terminal() {
    let err = RelayError::Sink {
        source: io::Error::other("\u{1b}[31mred\u{202e}\n".repeat(1000)),
    };
    let text = render(&err, Form::Text);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    assert!(text.contains(r"\u{1b}[31mred\u{202e}\u{a}"), "{text}");
    assert_eq!(text.lines().count(), 3);
    // 1,000 characters, of which three in ten are written as an escape.
    assert!(text.len() < 3500, "{} bytes", text.len());
}
