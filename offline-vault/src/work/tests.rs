//! Two vaults and a folder that stands for the stick between them.

use std::fs;
use std::path::{Path, PathBuf};

use crossing::{Options, Quiet};
use pack_format::advice::Advice as _;

use super::{
    Crossed, ItemId, Medium, Origin, SendRequest, Special, WorkError, accept_sender, explain, gaps,
    inbox, outbox, read_message, save, send, send_again, sync,
};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::passphrase::Passphrase;
use crate::store::RecipientState;
use crate::vault::{NewVault, Unconfirmed, Vault};
use crate::vault_key::KdfCost;

pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);

pub(crate) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("stick")).unwrap();
        Self { dir }
    }

    pub(crate) fn stick(&self) -> PathBuf {
        self.dir.path().join("stick")
    }

    pub(crate) fn vault(&self, name: &str) -> Vault {
        let new = NewVault {
            dir: &self.dir.path().join(name),
            name,
            key_file: None,
            cost: KdfCost::new(64, 1).unwrap(),
            now: NOW,
        };
        Vault::create(&new, &Passphrase::new("a long passphrase".to_owned())).unwrap()
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

pub(crate) fn name(text: &str) -> LocalName {
    LocalName::new(text).unwrap()
}

pub(crate) fn introduce(to: &Vault, other: &Vault, nickname: &str) {
    let card = other.card().unwrap();
    to.add_contact(&card, Some(&name(nickname)), NOW).unwrap();
    let words = card.fingerprint().words().join(" ");
    to.verify_contact(&name(nickname), &words, "in person", NOW)
        .unwrap();
}

/// Amina and Bilal know each other and have paired their vaults.
pub(crate) fn friends(place: &Place) -> (Vault, Vault) {
    let (amina, bilal) = (place.vault("amina"), place.vault("bilal"));
    introduce(&amina, &bilal, "bilal");
    introduce(&bilal, &amina, "amina");
    let code = amina
        .show_pairing(&name("b"), Some(&name("bilal")), NOW)
        .unwrap();
    bilal
        .type_pairing(
            &name("a"),
            Some(&name("amina")),
            &code.words().join(" "),
            NOW,
        )
        .unwrap();
    (amina, bilal)
}

fn message(to: &str, text: &str) -> SendRequest {
    SendRequest {
        to: vec![name(to)],
        paths: Vec::new(),
        message: Some(text.to_owned()),
        special: Special::Refuse,
        unverified_accepted: false,
    }
}

pub(crate) fn cross(vault: &Vault, stick: &Path) -> Crossed {
    let crossed = sync(
        vault,
        Medium::Stick(stick),
        &Options::default(),
        NOW,
        &mut Quiet,
    )
    .unwrap();
    assert!(crossed.outcome.is_ok(), "{:?}", crossed.outcome);
    crossed
}

fn state_of(vault: &Vault, item: ItemId) -> RecipientState {
    let items = outbox(vault).unwrap();
    items.iter().find(|it| it.item == item).unwrap().readers[0].state
}

fn incoming(item: ItemId) -> crate::store::IncomingId {
    match item {
        ItemId::In(id) => id,
        ItemId::Out(_) => panic!("not of the inbox"),
    }
}

#[test]
fn a_folder_crosses_and_its_receipt_comes_back() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    let folder = place.dir.path().join("report");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("text"), "words ".repeat(100_000)).unwrap();
    let mut request = message("bilal", "Please check.");
    request.paths = vec![folder];
    let sent = send(&amina, &request, NOW, &mut |_| true).unwrap();
    assert_eq!(state_of(&amina, sent.item), RecipientState::Ready);

    cross(&amina, &place.stick());
    assert_eq!(state_of(&amina, sent.item), RecipientState::OnStick);
    let crossed = cross(&bilal, &place.stick());
    let [item] = crossed.new_items[..] else {
        panic!("{:?}", crossed.new_items)
    };
    let read = read_message(&bilal, incoming(item), NOW).unwrap();
    assert_eq!(read.text.as_deref(), Some("Please check."));
    assert_eq!(
        read.item.from,
        Origin::Contact {
            nickname: name("amina"),
            verified: true
        }
    );
    let out = place.dir.path().join("out");
    save(&bilal, item, &out, NOW, &mut |_| true).unwrap();
    assert_eq!(
        fs::read_to_string(out.join("report/text")).unwrap(),
        "words ".repeat(100_000)
    );
    assert_eq!(
        fs::read_to_string(out.join("message.txt")).unwrap(),
        "Please check."
    );

    let crossed = cross(&amina, &place.stick());
    assert_eq!(crossed.confirmed, [(sent.item, name("bilal"))]);
    assert_eq!(state_of(&amina, sent.item), RecipientState::Confirmed);
    assert!(outbox(&amina).unwrap()[0].is_freed);
    assert_eq!(
        fs::read_dir(amina.paths().bundles()).unwrap().count(),
        0,
        "copies were freed"
    );
    // Nothing is left to say: the trips end.
    cross(&bilal, &place.stick());
    cross(&amina, &place.stick());
    assert_eq!(fs::read_dir(place.stick()).unwrap().count(), 0);
}

#[test]
fn after_the_first_receipt_bundles_use_the_chain_and_are_small() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    let first = send(&amina, &message("bilal", "one"), NOW, &mut |_| true).unwrap();
    for vault in [&amina, &bilal, &amina] {
        cross(vault, &place.stick());
    }
    let second = send(&amina, &message("bilal", "two"), NOW, &mut |_| true).unwrap();
    assert!(first.size_bytes > 2500, "{}", first.size_bytes);
    assert!(second.size_bytes < 600, "{}", second.size_bytes);
    cross(&amina, &place.stick());
    let crossed = cross(&bilal, &place.stick());
    assert_eq!(crossed.new_items.len(), 1);
    assert_eq!(gaps(&bilal).unwrap(), []);
}

#[test]
fn a_lost_stick_loses_nothing() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    for text in ["one", "two", "three"] {
        send(&amina, &message("bilal", text), NOW, &mut |_| true).unwrap();
        cross(&amina, &place.stick());
        for entry in fs::read_dir(place.stick()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
    cross(&amina, &place.stick());
    assert_eq!(cross(&bilal, &place.stick()).new_items.len(), 3);
    assert_eq!(inbox(&bilal).unwrap().len(), 3);
}

#[test]
fn a_replayed_stick_changes_nothing() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    send(&amina, &message("bilal", "one"), NOW, &mut |_| true).unwrap();
    cross(&amina, &place.stick());
    let copies: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(place.stick())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    cross(&bilal, &place.stick());
    for (path, bytes) in &copies {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(cross(&bilal, &place.stick()).new_items, []);
    assert_eq!(inbox(&bilal).unwrap().len(), 1);
}

#[test]
fn a_missing_bundle_is_named_and_can_be_sent_again() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    let other = tempfile::tempdir().unwrap();
    let first = send(&amina, &message("bilal", "one"), NOW, &mut |_| true).unwrap();
    super::withdraw(
        &amina,
        match first.item {
            ItemId::Out(id) => id,
            ItemId::In(_) => panic!(),
        },
        NOW,
    )
    .unwrap();
    send(&amina, &message("bilal", "two"), NOW, &mut |_| true).unwrap();
    cross(&amina, other.path());
    cross(&bilal, other.path());
    let found = gaps(&bilal).unwrap();
    assert_eq!((found.len(), found[0].first, found[0].last), (1, 1, 1));
}

#[test]
fn sending_again_reaches_a_vault_that_lost_everything_on_the_way() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    let sent = send(&amina, &message("bilal", "one"), NOW, &mut |_| true).unwrap();
    let ItemId::Out(id) = sent.item else {
        panic!("not of the outbox")
    };
    send_again(&amina, id).unwrap();
    cross(&amina, &place.stick());
    assert_eq!(cross(&bilal, &place.stick()).new_items.len(), 1);
    let words = explain(&amina, sent.item).unwrap();
    assert!(!words.known.is_empty());
}

#[test]
fn an_unverified_contact_is_not_written_to_by_mistake() {
    let place = Place::new();
    let (amina, bilal) = (place.vault("amina"), place.vault("bilal"));
    amina
        .add_contact(&bilal.card().unwrap(), Some(&name("bilal")), NOW)
        .unwrap();
    let refused = send(&amina, &message("bilal", "one"), NOW, &mut |_| true).unwrap_err();
    assert!(matches!(refused, WorkError::Unverified { .. }));
    assert_eq!(refused.code(), "contact-unverified");
    let request = SendRequest {
        unverified_accepted: true,
        ..message("bilal", "one")
    };
    assert_eq!(
        send(&amina, &request, NOW, &mut |_| true)
            .unwrap()
            .without_way,
        [name("bilal")]
    );
}

#[test]
fn a_stranger_is_shown_as_one_and_can_be_accepted() {
    let place = Place::new();
    let (amina, bilal) = (place.vault("amina"), place.vault("bilal"));
    introduce(&amina, &bilal, "bilal");
    // Bilal has paired with somebody's machine, but has never seen Amina's card.
    let code = amina
        .show_pairing(&name("b"), Some(&name("bilal")), NOW)
        .unwrap();
    bilal
        .type_pairing(&name("unknown"), None, &code.words().join(" "), NOW)
        .unwrap();
    send(&amina, &message("bilal", "It is me."), NOW, &mut |_| true).unwrap();
    cross(&amina, &place.stick());
    let crossed = cross(&bilal, &place.stick());
    let item = crossed.new_items[0];
    let words = amina.card().unwrap().fingerprint().words().join(" ");
    assert_eq!(inbox(&bilal).unwrap()[0].from, Origin::Unknown { words });
    let accepted = accept_sender(&bilal, incoming(item), None, NOW).unwrap();
    assert_eq!(accepted.items, [item]);
    let from = &inbox(&bilal).unwrap()[0].from;
    assert_eq!(
        *from,
        Origin::Contact {
            nickname: name("amina"),
            verified: false
        }
    );
}

#[test]
fn a_flipped_bit_on_the_stick_is_refused_and_the_bundle_comes_with_the_next() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    send(&amina, &message("bilal", "one"), NOW, &mut |_| true).unwrap();
    cross(&amina, &place.stick());
    let part = fs::read_dir(place.stick())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = fs::read(&part).unwrap();
    bytes[5000] ^= 1;
    fs::write(&part, &bytes).unwrap();
    let options = Options::default();
    let crossed = sync(
        &bilal,
        Medium::Stick(&place.stick()),
        &options,
        NOW,
        &mut Quiet,
    )
    .unwrap();
    assert!(crossed.outcome.is_err());
    assert_eq!(
        (crossed.new_items.len(), inbox(&bilal).unwrap().len()),
        (0, 0)
    );
    cross(&amina, &place.stick());
    assert_eq!(cross(&bilal, &place.stick()).new_items.len(), 1);
}

#[test]
fn damage_on_the_vaults_disk_is_found_and_nothing_is_written_out() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    let mut request = message("bilal", "one");
    request.paths = vec![place.file("data", &[7; 100_000])];
    send(&amina, &request, NOW, &mut |_| true).unwrap();
    cross(&amina, &place.stick());
    let item = cross(&bilal, &place.stick()).new_items[0];
    let row = bilal
        .store()
        .read()
        .incoming_bundle(incoming(item))
        .unwrap()
        .unwrap();
    let stored = bilal.paths().bundles().join(row.bundle.file);
    let mut bytes = fs::read(&stored).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&stored, &bytes).unwrap();
    let out = place.dir.path().join("out");
    let refused = save(&bilal, item, &out, NOW, &mut |_| true).unwrap_err();
    assert_eq!(refused.code(), "bundle-refused");
    assert!(!out.exists() || fs::read_dir(&out).unwrap().count() == 0);
    assert!(inbox(&bilal).unwrap()[0].is_damaged);

    // Another copy, by another way, makes it whole again.
    let code = amina
        .show_pairing(&name("new"), Some(&name("bilal")), NOW)
        .unwrap();
    let words = code.words().join(" ");
    bilal
        .type_pairing(&name("new"), Some(&name("amina")), &words, NOW)
        .unwrap();
    let other = tempfile::tempdir().unwrap();
    cross(&amina, other.path());
    assert_eq!(cross(&bilal, other.path()).new_items, []);
    save(&bilal, item, &out, NOW, &mut |_| true).unwrap();
    assert_eq!(fs::read(out.join("data")).unwrap(), [7; 100_000]);
}

/// Copies a vault's folder, as somebody does who images the disk.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn two_vaults_that_write_as_one_person_are_noticed() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    let dir = amina.paths().dir().to_path_buf();
    drop(amina);
    copy_folder(&dir, &place.dir.path().join("copy"));
    let open = |dir: &Path| {
        let passphrase = Passphrase::new("a long passphrase".to_owned());
        Vault::open(dir, &passphrase, None, NOW).unwrap()
    };
    let (amina, copy) = (open(&dir), open(&place.dir.path().join("copy")));
    let code = copy
        .show_pairing(&name("again"), Some(&name("bilal")), NOW)
        .unwrap();
    let words = code.words().join(" ");
    bilal
        .type_pairing(&name("other"), Some(&name("amina")), &words, NOW)
        .unwrap();
    let mut told = Vec::new();
    for (vault, text) in [(&amina, "from Amina"), (&copy, "from whoever has the copy")] {
        send(vault, &message("bilal", text), NOW, &mut |_| true).unwrap();
        let stick = tempfile::tempdir().unwrap();
        cross(vault, stick.path());
        told.extend(cross(&bilal, stick.path()).notes);
    }
    assert!(
        told.iter()
            .any(|note| note.contains("may have been copied")),
        "{told:?}"
    );
}

#[test]
fn a_chain_of_one_contact_does_not_serve_another() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    for vault in [&amina, &bilal] {
        send_first(vault);
    }
    // Amina hands her chain to Carol, who signs with her own identity.
    let carol = place.vault("carol");
    introduce(&bilal, &carol, "carol");
    introduce(&carol, &bilal, "bilal");
    for vault in [&amina, &bilal, &amina] {
        cross(vault, &place.stick());
    }
    let taken = amina
        .store()
        .read()
        .chains(crate::store::ChainDirection::Send)
        .unwrap();
    let lent = taken.iter().find(|chain| chain.confirmed).unwrap();
    let bilal_at_carol = carol
        .store()
        .read()
        .contact_named(&name("bilal"))
        .unwrap()
        .unwrap();
    carol
        .store()
        .write(|changes| {
            changes.insert_chain(&crate::store::NewChain {
                contact_id: bilal_at_carol.id,
                direction: crate::store::ChainDirection::Send,
                born_of: lent.born_of,
                state: lent.state.clone(),
                confirmed: true,
            })
        })
        .unwrap();
    let code = carol
        .show_pairing(&name("b"), Some(&name("bilal")), NOW)
        .unwrap();
    let words = code.words().join(" ");
    bilal
        .type_pairing(&name("c"), Some(&name("carol")), &words, NOW)
        .unwrap();
    send(&carol, &message("bilal", "I am Amina."), NOW, &mut |_| true).unwrap();
    let stick = tempfile::tempdir().unwrap();
    cross(&carol, stick.path());
    assert_eq!(cross(&bilal, stick.path()).new_items, []);
}

fn send_first(vault: &Vault) {
    let contact = vault.contacts().unwrap()[0].nickname.to_string();
    send(vault, &message(&contact, "first"), NOW, &mut |_| true).unwrap();
}

#[test]
fn what_a_restored_reader_cannot_open_is_said_and_can_be_saved_and_sent_anew() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    let sent = send(&amina, &message("bilal", "one"), NOW, &mut |_| true).unwrap();
    let ItemId::Out(id) = sent.item else {
        panic!("not of the outbox")
    };
    let contact = amina.contact(&name("bilal")).unwrap();
    amina
        .store()
        .write(|changes| changes.strand_recipients(contact.id))
        .unwrap();
    let refused = send_again(&amina, id).unwrap_err();
    assert_eq!(refused.code(), "item-stranded");
    cross(&amina, &place.stick());
    assert_eq!(cross(&bilal, &place.stick()).new_items, []);
    let out = place.dir.path().join("own");
    save(&amina, sent.item, &out, NOW, &mut |_| true).unwrap();
    assert_eq!(fs::read_to_string(out.join("message.txt")).unwrap(), "one");
}

#[test]
fn somebody_added_later_owns_what_they_sent_before_and_gets_a_receipt() {
    let place = Place::new();
    let (amina, bilal) = (place.vault("amina"), place.vault("bilal"));
    introduce(&amina, &bilal, "bilal");
    let code = amina
        .show_pairing(&name("b"), Some(&name("bilal")), NOW)
        .unwrap();
    bilal
        .type_pairing(&name("unknown"), None, &code.words().join(" "), NOW)
        .unwrap();
    let sent = send(&amina, &message("bilal", "It is me."), NOW, &mut |_| true).unwrap();
    cross(&amina, &place.stick());
    cross(&bilal, &place.stick());
    introduce(&bilal, &amina, "amina");
    let from = &inbox(&bilal).unwrap()[0].from;
    assert_eq!(
        *from,
        Origin::Contact {
            nickname: name("amina"),
            verified: true
        }
    );
    let code = bilal
        .show_pairing(&name("a"), Some(&name("amina")), NOW)
        .unwrap();
    amina
        .type_pairing(
            &name("new"),
            Some(&name("bilal")),
            &code.words().join(" "),
            NOW,
        )
        .unwrap();
    let other = tempfile::tempdir().unwrap();
    cross(&bilal, other.path());
    assert_eq!(
        cross(&amina, other.path()).confirmed,
        [(sent.item, name("bilal"))]
    );
}

#[test]
fn a_contact_removed_and_added_again_goes_on_where_it_was() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    for vault in [&amina, &bilal] {
        send_first(vault);
    }
    for vault in [&amina, &bilal, &amina, &bilal] {
        cross(vault, &place.stick());
    }
    bilal
        .remove_contact(&name("amina"), Unconfirmed::Keep, NOW)
        .unwrap();
    introduce(&bilal, &amina, "amina");
    assert_eq!(
        bilal.contact(&name("amina")).unwrap().next_sequence,
        2,
        "numbers go on"
    );
    // Amina still seals on the chain that Bilal knew.
    send(&amina, &message("bilal", "two"), NOW, &mut |_| true).unwrap();
    let code = amina
        .show_pairing(&name("new"), Some(&name("bilal")), NOW)
        .unwrap();
    bilal
        .type_pairing(
            &name("new"),
            Some(&name("amina")),
            &code.words().join(" "),
            NOW,
        )
        .unwrap();
    let other = tempfile::tempdir().unwrap();
    cross(&amina, other.path());
    assert_eq!(cross(&bilal, other.path()).new_items.len(), 1);
}
