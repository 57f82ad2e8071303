//! Every message that the courier can show, as a person sees it.

use std::io;
use std::path::PathBuf;

use crossing::CrossingError;
use online_relay::client::RelayError;
use online_relay::courier::{CourierError, StoreError, Trouble};
use online_relay::report::{Form, render};
use pack_format::advice::Advice;
use pack_format::words::WordsError;

fn denied() -> io::Error {
    io::Error::from_raw_os_error(13)
}

fn all<E: Advice>(errors: &[E]) -> String {
    errors
        .iter()
        .map(|err| format!("{}exit {}\n\n", render(err, Form::Text), err.exit() as u8))
        .collect()
}

#[test]
fn every_message_of_the_courier() {
    let path = || PathBuf::from("/home/ben/.local/share/causeway/courier");
    let name = || "Amina".to_owned();
    let url = || "https://relay.example".to_owned();
    insta::assert_snapshot!(all(&[
        CourierError::NoHome,
        CourierError::NotACourier { path: path() },
        CourierError::AlreadyThere { path: path() },
        CourierError::InUse { path: path() },
        CourierError::Directory {
            doing: "making it",
            path: path(),
            source: denied(),
        },
        CourierError::BadServer {
            url: "relay.example".to_owned(),
        },
        CourierError::ServerUnknown { url: url() },
        CourierError::BadName {
            name: "a\u{202e}b".to_owned(),
        },
        CourierError::NameTaken { name: name() },
        CourierError::NameUnknown { name: name() },
        CourierError::Words(WordsError::NotOnList { position: 4 }),
        CourierError::NoTerminal,
        CourierError::CodeFile {
            path: PathBuf::from("code.txt"),
            source: denied(),
        },
        CourierError::NoPairing,
        CourierError::NothingToDo,
        CourierError::Crossing(CrossingError::Cancelled),
        CourierError::Signals {
            source: ctrlc::Error::MultipleHandlers,
        },
        CourierError::Output { source: denied() },
    ]));
}

#[test]
fn every_message_of_the_courier_s_store() {
    insta::assert_snapshot!(all(&[
        StoreError::Index {
            doing: "storing a bundle",
            source: rusqlite::Error::QueryReturnedNoRows,
        },
        StoreError::IndexDamaged {
            what: "a size is negative",
        },
        StoreError::IndexTooNew { found: 3, known: 1 },
        StoreError::Disk {
            doing: "writing a download",
            source: denied(),
        },
        StoreError::Full {
            wanted_bytes: 1_000_000,
        },
        StoreError::Randomness {
            source: getrandom::Error::UNSUPPORTED,
        },
    ]));
}

#[test]
fn every_message_about_a_relay() {
    let url = || "https://relay.example".to_owned();
    insta::assert_snapshot!(all(&[
        Trouble::Relay {
            url: url(),
            source: RelayError::Full,
        },
        Trouble::ServerNotAllowed { url: url() },
        Trouble::FetchedWrong { url: url() },
        Trouble::BundleMissing { url: url() },
        Trouble::StatementRefused {
            url: url(),
            what: "ticket",
        },
        Trouble::ListedTooMany {
            url: url(),
            listed_max: 50_000,
        },
        Trouble::NotKept {
            url: url(),
            source: StoreError::Full {
                wanted_bytes: 1_000_000,
            },
        },
    ]));
}
