//! Each right gives itself and nothing else: courier, stranger, sender, owner.

use online_relay::client::{Opened, RelayError};
use pack_format::relay::{PublicKey, Statement as _};

use crate::common::{Person, TestRelay, bundle};

#[test]
fn a_bundle_goes_from_a_sender_to_the_owner() {
    let relay = TestRelay::start();
    let (amina, client) = (relay.member(1), relay.client());
    let sent = bundle(300_000, 1);
    let receipt = amina.send(&relay, &sent);
    assert_eq!(receipt.verify().unwrap().sequence, 1);

    let listing = client.list(&amina.token, 0).unwrap();
    assert!(!listing.more);
    let mut fetched = Vec::new();
    client
        .download(
            &amina.token,
            &listing.items[0],
            0,
            &mut fetched,
            &mut |_| (),
        )
        .unwrap();
    assert_eq!(fetched, sent);

    let done = amina.acknowledgement(&relay, &[&sent]);
    assert_eq!(client.acknowledge(&done).unwrap(), 1);
    assert_eq!(client.acknowledge(&done).unwrap(), 0);
    assert!(amina.waiting(&relay).is_empty());
}

#[test]
fn the_relay_shows_the_key_of_its_address() {
    let relay = TestRelay::start();
    relay.client().check_key().unwrap();
}

#[test]
fn opening_the_same_mailbox_again_changes_nothing() {
    let relay = TestRelay::start();
    let (amina, code) = (Person::new(1), relay.code());
    let wish = amina.wish(&relay, code);
    assert_eq!(relay.client().open_mailbox(&wish).unwrap(), Opened::Created);
    let again = relay.client().open_mailbox(&wish).unwrap();
    assert_eq!(again, Opened::AlreadyOpen);
}

#[test]
fn an_invitation_opens_one_mailbox_only() {
    let relay = TestRelay::start();
    let code = relay.code();
    relay
        .client()
        .open_mailbox(&Person::new(1).wish(&relay, code))
        .unwrap();
    let second = relay
        .client()
        .open_mailbox(&Person::new(2).wish(&relay, code));
    assert!(matches!(
        second,
        Err(RelayError::Refused {
            status: 403,
            reason: "code-unknown"
        })
    ));
}

#[test]
fn a_courier_with_ticket_and_token_cannot_acknowledge() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(1000, 1);
    amina.send(&relay, &sent);
    // The best a courier can do is to sign with the keys that it might get hold of.
    let stolen = amina.acknowledgement(&relay, &[&sent]);
    let forged = stolen.peek_statement().clone().sign(&amina.send);
    assert!(matches!(
        relay.client().acknowledge(&forged),
        Err(RelayError::Refused {
            status: 403,
            reason: "bad-signature"
        })
    ));
    let mut own = stolen.peek_statement().clone();
    own.ack_key = PublicKey::of_seed(&amina.send);
    let own = own.sign(&amina.send);
    assert!(matches!(
        relay.client().acknowledge(&own),
        Err(RelayError::MailboxUnknown)
    ));
    assert_eq!(amina.waiting(&relay).len(), 1);
}

#[test]
fn a_stranger_can_neither_send_nor_fetch() {
    let relay = TestRelay::start();
    let (amina, stranger) = (relay.member(1), Person::new(9));
    let sent = bundle(1000, 1);
    amina.send(&relay, &sent);
    let item = relay.client().list(&amina.token, 0).unwrap().items[0];

    let ticket = stranger.ticket(&relay, &sent);
    let client = relay.client();
    assert!(matches!(
        client.upload(&ticket, &sent, &mut |_| ()),
        Err(RelayError::MailboxUnknown)
    ));
    // Amina's send key on a ticket that somebody else signed.
    let forged = amina.ticket(&relay, &sent).peek_statement().clone();
    assert!(matches!(
        client.upload(&forged.sign(&stranger.send), &sent, &mut |_| ()),
        Err(RelayError::Refused {
            status: 403,
            reason: "bad-signature"
        })
    ));
    assert!(matches!(
        client.list(&stranger.token, 0),
        Err(RelayError::MailboxUnknown)
    ));
    let fetched = client.download(&stranger.token, &item, 0, &mut Vec::new(), &mut |_| ());
    assert!(matches!(fetched, Err(RelayError::MailboxUnknown)));
}

#[test]
fn another_member_cannot_fetch_or_acknowledge_what_is_not_theirs() {
    let relay = TestRelay::start();
    let (amina, badr) = (relay.member(1), relay.member(2));
    let sent = bundle(1000, 1);
    amina.send(&relay, &sent);
    let item = relay.client().list(&amina.token, 0).unwrap().items[0];
    let fetched = relay
        .client()
        .download(&badr.token, &item, 0, &mut Vec::new(), &mut |_| ());
    assert!(matches!(fetched, Err(RelayError::BundleUnknown)));
    let done = badr.acknowledgement(&relay, &[&sent]);
    assert_eq!(relay.client().acknowledge(&done).unwrap(), 0);
    assert_eq!(amina.waiting(&relay).len(), 1);
}

#[test]
fn a_ticket_for_another_relay_is_refused() {
    let (relay, other) = (TestRelay::start(), TestRelay::start());
    let amina = relay.member(1);
    let sent = bundle(1000, 1);
    let ticket = amina.ticket(&other, &sent);
    assert!(matches!(
        relay.client().upload(&ticket, &sent, &mut |_| ()),
        Err(RelayError::WrongKey { .. })
    ));
}

#[test]
fn one_bundle_for_two_people_is_stored_twice_under_unrelated_names() {
    let relay = TestRelay::start();
    let (amina, badr) = (relay.member(1), relay.member(2));
    let sent = bundle(1000, 1);
    amina.send(&relay, &sent);
    badr.send(&relay, &sent);
    assert_eq!(relay.blob_count(), 2);
    relay
        .client()
        .acknowledge(&amina.acknowledgement(&relay, &[&sent]))
        .unwrap();
    assert_eq!(badr.waiting(&relay).len(), 1);
}

#[test]
fn no_file_name_holds_a_key_an_id_or_a_url() {
    let relay = TestRelay::start();
    let amina = relay.member(1);
    let sent = bundle(1000, 1);
    amina.send(&relay, &sent);
    let ticket = amina.ticket(&relay, &sent);
    let ticket = ticket.peek_statement();
    let secrets = [
        ticket.content_id.to_string(),
        format!("{:?}", ticket.send_key),
        format!("{:?}", PublicKey::of_seed(&amina.ack)),
        data_encoding::HEXLOWER.encode(&amina.token.id().0),
        relay.socket.port().to_string(),
    ];
    for file in relay.files() {
        for secret in &secrets {
            // Also no piece of one: eight digits do not match by chance.
            let piece = secret.get(..8).unwrap_or(secret);
            assert!(piece.len() < 8 || !file.contains(piece), "{file}");
        }
    }
}
