//! What is sealed comes back, to its readers and nobody else.

use bundle_format::manifest::{BundlePath, EntryKind};
use bundle_format::open::{OpenError, UncheckedBundle};
use bundle_format::seal::Reader;
use bundle_format::slot::{OpenedBy, SlotKey, SlotOpener};
use pack_format::ratchet::{ReceiveChain, SendChain, Side};
use pack_format::secret::Secret32;
use proptest::prelude::*;

use crate::support::{Person, Released, file, noise, open, seal_to, seal_with};

fn released(reader: &Person, bundle: &[u8]) -> Vec<(EntryKind, Vec<u8>)> {
    let mut sink = Released::default();
    open(reader, bundle)
        .unwrap()
        .release(&mut sink, &mut |_| true)
        .unwrap();
    sink.0
}

#[test]
fn files_folders_and_messages_come_back_whole_and_in_order() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let big = noise(3 * 1024 * 1024 + 5);
    let text = b"line of text\n".repeat(300_000);
    let folder = EntryKind::Folder(BundlePath::new("empty/inside").unwrap());
    let script = EntryKind::File {
        path: BundlePath::new("run").unwrap(),
        executable: true,
    };
    let entries: Vec<(EntryKind, &[u8])> = vec![
        (EntryKind::Message, b"hello"),
        (file("a/big"), &big),
        (file("a/empty"), b""),
        (folder, b""),
        (script, b"#!"),
        (file("text"), &text),
        (file("zz-last-empty"), b""),
    ];
    let (bundle, sealed) = seal_to(&amina, &[&bilal], entries.clone());
    let back = released(&bilal, &bundle);
    assert_eq!(back.len(), entries.len());
    for ((kind, bytes), (back_kind, back_bytes)) in entries.iter().zip(&back) {
        assert_eq!((kind, *bytes), (back_kind, back_bytes.as_slice()));
    }
    assert!(
        sealed.size_bytes < (big.len() + text.len() / 4) as u64,
        "text was compressed"
    );
    assert_eq!(
        open(&bilal, &bundle).unwrap().small_entry(0).unwrap(),
        b"hello"
    );
}

#[test]
fn an_empty_bundle_is_a_bundle() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let (bundle, _) = seal_to(&amina, &[&bilal], vec![]);
    assert_eq!(released(&bilal, &bundle), vec![]);
}

#[test]
fn every_reader_opens_it_and_a_stranger_does_not() {
    let amina = Person::new(1);
    let readers: Vec<Person> = (2..7).map(Person::new).collect();
    let (bundle, sealed) = seal_to(
        &amina,
        &readers.iter().collect::<Vec<_>>(),
        vec![(EntryKind::Message, b"all")],
    );
    assert_eq!(
        sealed.counts.kem(),
        8,
        "five readers hide among eight slots"
    );
    for reader in &readers {
        let verified = open(reader, &bundle).unwrap();
        assert_eq!(verified.sender().identity, amina.identity.key());
        assert_eq!(verified.sender().readers.len(), 5);
    }
    assert!(matches!(
        open(&Person::new(50), &bundle),
        Err(OpenError::NotForThisVault)
    ));
}

#[test]
fn a_first_bundle_begins_a_chain_that_carries_the_next() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let (first, sealed) = seal_to(&amina, &[&bilal], vec![(EntryKind::Message, b"one")]);
    let opener = SlotOpener::new(&bilal.key, &[]);
    let (_, opened) = UncheckedBundle::new(first.as_slice())
        .unlock(&opener)
        .unwrap();
    let OpenedBy::Kem { chain_root } = opened.by else {
        panic!("no chain began")
    };
    let mut receive = ReceiveChain::new(&chain_root, Side::Typed);
    let sent_root = sealed.chain_roots[0].as_ref().unwrap();
    let mut send = SendChain::new(sent_root, Side::Showed);

    let message = b"the second message";
    for sequence in 2..5 {
        let (index, secret) = send.advance();
        let reader = Reader {
            fingerprint: bilal.identity.key().fingerprint(),
            sequence,
            key: SlotKey::Chain(secret),
        };
        let (bundle, sealed) = seal_with(
            &amina,
            vec![reader],
            vec![(EntryKind::Message, message.as_slice())],
        );
        assert!(
            sealed.unpadded_bytes <= message.len() as u64 + 512,
            "{} bytes over the content",
            sealed.unpadded_bytes - message.len() as u64
        );
        let opener = SlotOpener::new(&bilal.key, &[&receive]);
        let (_, opened) = UncheckedBundle::new(bundle.as_slice())
            .unlock(&opener)
            .unwrap();
        assert_eq!(opened.sequence, sequence);
        assert!(matches!(opened.by, OpenedBy::Chain { chain: 0, index: at } if at == index));
        receive.take(index);
        let opener = SlotOpener::new(&bilal.key, &[&receive]);
        let again = UncheckedBundle::new(bundle.as_slice()).unlock(&opener);
        assert!(
            matches!(again, Err(OpenError::NotForThisVault)),
            "its key is gone"
        );
    }
}

#[test]
fn the_sender_can_open_its_own_copy_with_the_kept_key() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let (bundle, sealed) = seal_to(&amina, &[&bilal], vec![(EntryKind::Message, b"kept")]);
    let key = bundle_format::open::BundleKey {
        secret: Secret32::new(*sealed.bundle_key.expose()),
        counts: sealed.counts,
    };
    let unlocked = UncheckedBundle::new(bundle.as_slice())
        .unlock_with(key)
        .unwrap();
    assert_eq!(
        unlocked.verify_sender(None).unwrap().manifest(),
        &sealed.manifest
    );
}

#[test]
fn overhead_before_padding_is_about_a_thousandth() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let content = noise(64 * 1024 * 1024);
    let (_, sealed) = seal_to(&amina, &[&bilal], vec![(file("noise"), &content)]);
    let over = sealed.unpadded_bytes - content.len() as u64;
    // Tags are 16 bytes in 16 KiB, frames 37 bytes in 1 MiB; slots and sender are constant.
    let marginal = over - 1176 - 1024;
    assert!(
        marginal * 10_000 <= content.len() as u64 * 11,
        "{over} bytes"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_content_comes_back(files in proptest::collection::btree_map("[a-z]{1,8}", proptest::collection::vec(any::<u8>(), 0..5000), 0..20)) {
        let (amina, bilal) = (Person::new(1), Person::new(2));
        let entries = files.iter().map(|(path, bytes)| (file(path), bytes.as_slice())).collect();
        let (bundle, _) = seal_to(&amina, &[&bilal], entries);
        let back = released(&bilal, &bundle);
        prop_assert_eq!(back.len(), files.len());
        for ((path, bytes), (kind, back)) in files.iter().zip(back) {
            prop_assert_eq!((file(path), bytes), (kind, &back));
        }
    }
}
