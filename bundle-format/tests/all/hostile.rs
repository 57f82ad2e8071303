//! Bundles that a courier, a relay, an outsider or an insider has had in hand.

use bundle_format::content::HeldContents;
use bundle_format::manifest::EntryKind;
use bundle_format::open::{Depth, OpenError, UncheckedBundle};
use bundle_format::seal::{Reader, SealError, SealRequest, seal};
use bundle_format::slot::{SlotKey, SlotOpener};
use pack_format::chunked::{Cobblestone, PREFIX_BYTES};

use crate::support::{Person, file, noise, open, rng, seal_to};

#[test]
fn courier_cannot_flip_any_byte() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let (mut bundle, _) = seal_to(&amina, &[&bilal], vec![(EntryKind::Message, b"hello")]);
    for at in 0..bundle.len() {
        bundle[at] ^= 1;
        assert!(
            open(&bilal, &bundle).is_err(),
            "byte {at} of {}",
            bundle.len()
        );
        bundle[at] ^= 1;
    }
    assert!(open(&bilal, &bundle).is_ok());
}

#[test]
fn courier_cannot_cut_a_bundle_at_any_length() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let (bundle, _) = seal_to(&amina, &[&bilal], vec![(EntryKind::Message, b"hello")]);
    for len in 0..bundle.len() {
        assert!(open(&bilal, &bundle[..len]).is_err(), "cut to {len}");
    }
}

#[test]
fn courier_cannot_append_to_a_bundle() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let (bundle, _) = seal_to(&amina, &[&bilal], vec![(EntryKind::Message, b"hello")]);
    for extra in [1, 16, 17, 1000, 20_000] {
        let longer = [bundle.as_slice(), &vec![0; extra]].concat();
        assert!(open(&bilal, &longer).is_err(), "{extra} more");
    }
}

#[test]
fn relay_cannot_graft_the_slots_of_one_bundle_onto_another() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let (one, sealed) = seal_to(&amina, &[&bilal], vec![(EntryKind::Message, b"one")]);
    let (two, _) = seal_to(&amina, &[&bilal], vec![(EntryKind::Message, b"two")]);
    let front = sealed.counts.bytes();
    let grafted = [&one[..front], &two[front..]].concat();
    assert!(open(&bilal, &grafted).is_err());
}

/// A courier's or relay's copy: bits, cuts, pieces that are missing, repeated, moved or of another
/// bundle.
fn alter(bundle: &[u8], other: &[u8], next: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut altered = bundle.to_vec();
    for _ in 0..=next(3) {
        let at = next(altered.len());
        let end = altered.len().min(at + 1 + next(600));
        match next(6) {
            0 | 1 => altered[at] ^= 1 << next(8),
            2 => altered.truncate(at + 1),
            3 => drop(altered.drain(at..end)),
            4 => {
                let piece = altered[at..end].to_vec();
                let to = next(altered.len());
                altered.splice(to..to, piece);
            }
            _ => {
                let end = end.min(other.len());
                let start = at.min(end);
                altered[start..end].copy_from_slice(&other[start..end]);
            }
        }
        if altered.is_empty() {
            altered.push(0);
        }
    }
    altered
}

fn alter_many(runs: u64) {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let message = noise(40_000);
    let entries = || {
        vec![
            (EntryKind::Message, b"hello".as_slice()),
            (file("a"), &message),
        ]
    };
    let (bundle, _) = seal_to(&amina, &[&bilal], entries());
    let (other, _) = seal_to(&amina, &[&bilal], entries());
    // SplitMix64: the run is the same each time.
    let mut state = 5_u64;
    let mut next = |bound: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((word ^ (word >> 31)) % bound.max(1) as u64).unwrap()
    };
    let mut unaltered = 0;
    for run in 0..runs {
        let altered = alter(&bundle, &other, &mut next);
        if altered == bundle {
            unaltered += 1;
        } else {
            assert!(open(&bilal, &altered).is_err(), "run {run}");
        }
    }
    assert!(unaltered < runs / 10);
    assert!(open(&bilal, &bundle).is_ok());
}

#[test]
fn altered_bundles_do_not_open() {
    alter_many(1_000);
}

#[test]
#[ignore = "takes minutes"]
fn a_million_altered_bundles_do_not_open() {
    alter_many(1_000_000);
}

/// Re-encrypts a bundle's plaintext with `change` applied, as a reader who knows the key can.
fn insider_rewrites(bundle: &[u8], insider: &Person, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let opener = SlotOpener::new(&insider.key, &[]);
    let (payload, _) = opener.open(bundle).unwrap();
    let front = &bundle[..payload.counts.bytes()];
    let prefix: &[u8; PREFIX_BYTES] = bundle[front.len()..].first_chunk().unwrap();
    let context = [
        b"causeway/bundle/v1".as_slice(),
        blake3::hash(front).as_bytes(),
    ]
    .concat();
    let cipher = Cobblestone::for_opening(&payload.bundle_key, prefix, &context).unwrap();
    let message =
        pack_format::chunked::OpenedMessage::new(bundle, front.len() as u64, cipher).unwrap();
    let len = usize::try_from(message.plain_bytes()).unwrap();
    let mut plain = message.read(0, len).unwrap().to_vec();
    change(&mut plain);
    let salt = prefix.first_chunk().unwrap();
    let cipher = Cobblestone::new(&payload.bundle_key, salt, &context);
    let mut rewritten = [front, prefix].concat();
    cipher.seal_run(0, &plain, true, &mut rewritten);
    rewritten
}

#[test]
fn insider_cannot_replace_content_in_a_bundle_for_several() {
    let (amina, bilal, insider) = (Person::new(1), Person::new(2), Person::new(3));
    let content = noise(2_000_000);
    let (bundle, _) = seal_to(&amina, &[&bilal, &insider], vec![(file("noise"), &content)]);
    let forged = insider_rewrites(&bundle, &insider, |plain| plain[1_500_000] ^= 1);
    assert!(matches!(
        open(&bilal, &forged),
        Err(OpenError::FrameReplaced { index: 1 })
    ));
}

#[test]
fn insider_cannot_change_any_byte_of_manifest_sender_or_padding() {
    let (amina, bilal, insider) = (Person::new(1), Person::new(2), Person::new(3));
    let (bundle, _) = seal_to(
        &amina,
        &[&bilal, &insider],
        vec![(EntryKind::Message, b"hello")],
    );
    let opener = SlotOpener::new(&insider.key, &[]);
    let (payload, _) = opener.open(&bundle).unwrap();
    let sealed = bundle.len() - payload.counts.bytes();
    let plain_bytes = sealed - PREFIX_BYTES - 16;
    for at in 0..plain_bytes {
        let forged = insider_rewrites(&bundle, &insider, |plain| plain[at] ^= 1);
        assert!(open(&bilal, &forged).is_err(), "byte {at} of {plain_bytes}");
    }
}

#[test]
fn insider_cannot_change_the_length_of_the_padding() {
    let (amina, bilal, insider) = (Person::new(1), Person::new(2), Person::new(3));
    let (bundle, _) = seal_to(
        &amina,
        &[&bilal, &insider],
        vec![(EntryKind::Message, b"hello")],
    );
    let forged = insider_rewrites(&bundle, &insider, |plain| {
        let trailer = plain.split_off(plain.len() - 16);
        plain.extend_from_slice(&[0; 512]);
        plain.extend_from_slice(&trailer);
    });
    assert!(matches!(open(&bilal, &forged), Err(OpenError::Content(_))));
}

#[test]
fn a_reader_cannot_pass_a_bundle_on_as_if_it_were_for_another() {
    let (amina, bilal, carol) = (Person::new(1), Person::new(2), Person::new(3));
    let (bundle, _) = seal_to(&amina, &[&bilal], vec![(EntryKind::Message, b"for Bilal")]);
    // Bilal hands Carol the key itself; the sender block still names Bilal alone.
    let opener = SlotOpener::new(&bilal.key, &[]);
    let (unlocked, _) = UncheckedBundle::new(bundle.as_slice())
        .unlock(&opener)
        .unwrap();
    let carol = carol.identity.key().fingerprint();
    assert!(matches!(
        unlocked.verify_sender(Some(&carol)),
        Err(OpenError::PassedOn)
    ));
}

#[test]
fn outsider_junk_of_any_length_is_refused() {
    let bilal = Person::new(2);
    for len in [0, 1, 79, 80, 1175, 1176, 1231, 1232, 1233, 5000, 400_000] {
        assert!(open(&bilal, &noise(len)).is_err(), "{len} bytes");
    }
}

#[test]
fn stopping_leaves_an_error_not_a_bundle() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let key = bilal.key.encapsulation_key();
    let request = SealRequest {
        identity: &amina.identity,
        incarnation: 1,
        created_at: 0,
        readers: vec![Reader {
            fingerprint: bilal.identity.key().fingerprint(),
            sequence: 1,
            key: SlotKey::Kem(&key),
        }],
    };
    let content = noise(4_000_000);
    let mut contents = HeldContents::new(vec![(file("noise"), content.as_slice())]);
    let stopped = seal(
        &request,
        &mut contents,
        &mut Vec::new(),
        &mut rng(1),
        &mut |_| false,
    );
    assert!(matches!(stopped, Err(SealError::Stopped)));
}

#[test]
fn a_full_sink_is_an_error_of_the_sink() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let key = bilal.key.encapsulation_key();
    let request = SealRequest {
        identity: &amina.identity,
        incarnation: 1,
        created_at: 0,
        readers: vec![Reader {
            fingerprint: bilal.identity.key().fingerprint(),
            sequence: 1,
            key: SlotKey::Kem(&key),
        }],
    };
    let content = noise(4_000_000);
    let mut small = [0_u8; 2_000_000];
    let mut contents = HeldContents::new(vec![(file("noise"), content.as_slice())]);
    let full = seal(
        &request,
        &mut contents,
        &mut small.as_mut_slice(),
        &mut rng(1),
        &mut |_| true,
    );
    assert!(matches!(full, Err(SealError::Sink(_))));
}

#[test]
fn a_bundle_that_changed_after_it_was_verified_releases_nothing_wrong() {
    let (amina, bilal) = (Person::new(1), Person::new(2));
    let content = noise(2_000_000);
    let (bundle, _) = seal_to(&amina, &[&bilal], vec![(file("noise"), &content)]);
    let opener = SlotOpener::new(&bilal.key, &[]);
    let (unlocked, _) = UncheckedBundle::new(bundle.as_slice())
        .unlock(&opener)
        .unwrap();
    let key = unlocked.verify_sender(None).unwrap();
    let verified = key.verify_content(Depth::Hashes, &mut |_| true).unwrap();
    let mut sink = crate::support::Released::default();
    verified.release(&mut sink, &mut |_| true).unwrap();
    assert_eq!(sink.0[0].1, content);
}
