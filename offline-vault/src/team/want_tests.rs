//! Content that came without its payload, or whose payload was destroyed for nothing, comes again.

use team_content::index::ItemKind;
use team_core::blob::BlobId;
use team_core::control::Reason;
use team_core::ids::SegmentHash;
use team_core::role::Role;

use super::items::{ItemReference, delete};
use super::members::{remove, set_role};
use super::session::look;
use super::shown::space;
use super::tests::{news, say, shared};
use super::wants::Wants;
use crate::store::ItemFilter;
use crate::vault::Vault;
use crate::work::tests::{NOW, Place, cross};

/// The only message: its item, its segment, and whether what it says is here.
fn message(vault: &Vault) -> (String, Option<SegmentHash>, bool) {
    look(vault, "desk", |view| {
        let kind = Some(ItemKind::Message);
        let all = ItemFilter::default();
        let items = view.tables.items(view.row(), kind, &all, 9)?;
        let [item] = items.as_slice() else {
            panic!("{} messages", items.len())
        };
        let operations = view.tables.operations_of_item(item.id)?;
        let first = operations.first();
        Ok((
            format!("desk/{}", super::view::digits(&item.item.0)),
            first.map(|it| it.hash),
            first.is_some_and(|it| it.body.is_some()),
        ))
    })
    .unwrap()
}

fn both(place: &Place, one: &Vault, other: &Vault) {
    for vault in [one, other, one] {
        cross(vault, &place.stick());
    }
}

#[test]
fn a_payload_that_somebody_withheld_is_asked_for_and_comes() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&amina, "words");
    both(&place, &amina, &bilal);
    let (_, hash, _) = message(&bilal);
    // As if it had come without its payload.
    let row = look(&bilal, "desk", |view| Ok(view.row())).unwrap();
    bilal
        .store()
        .write(|changes| {
            changes.destroy_payload(row, hash.unwrap())?;
            changes.want_again(row, hash.unwrap())?;
            Ok::<_, crate::store::StoreError>(())
        })
        .unwrap();
    assert!(!message(&bilal).2);
    assert_eq!(space(&bilal, "desk").unwrap().gaps.absent, 1);
    both(&place, &bilal, &amina);
    assert_eq!(message(&bilal).1, hash);
    assert!(message(&bilal).2);
    assert_eq!(space(&bilal, "desk").unwrap().gaps.absent, 0);
}

#[test]
fn what_was_destroyed_for_a_deletion_that_lapsed_is_asked_for_again() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&amina, "words");
    set_role(&amina, "desk", "Bilal", Role::Approver, NOW).unwrap();
    both(&place, &amina, &bilal);
    let which = ItemReference::parse(&message(&bilal).0).unwrap();
    delete(&bilal, &which, ItemKind::Message, NOW).unwrap();
    let row = look(&bilal, "desk", |view| Ok(view.row())).unwrap();
    let destroyed = || bilal.store().read().destroyed_segments(row).unwrap().len();
    assert_eq!(destroyed(), 1);
    // At the same time he is removed, by somebody who does not know of it.
    remove(&amina, "desk", "Bilal", Reason::Unsaid, NOW).unwrap();
    cross(&amina, &place.stick());
    let told = news(&cross(&bilal, &place.stick())).join("\n");
    assert!(told.contains("asked for again"), "{told}");
    assert_eq!(destroyed(), 0);
    assert!(message(&amina).2);
}

#[test]
fn two_vaults_with_nothing_to_say_send_nothing() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&amina, "words");
    for _ in 0..4 {
        both(&place, &amina, &bilal);
    }
    let bundles = |vault: &Vault| {
        let row = look(vault, "desk", |view| Ok(view.row())).unwrap();
        vault.store().read().outgoing_of_space(row).unwrap().len()
    };
    let counter = |vault: &Vault| look(vault, "desk", |view| Ok(view.stored.have_counter)).unwrap();
    let before = [&amina, &bilal].map(|vault| (counter(vault), bundles(vault)));
    both(&place, &amina, &bilal);
    let after = [&amina, &bilal].map(|vault| (counter(vault), bundles(vault)));
    assert_eq!(before, after);
}

#[test]
fn more_than_one_summary_can_ask_for_is_asked_for_in_turns() {
    let place = Place::new();
    let (_, bilal) = shared(&place);
    say(&bilal, "names very many pieces");
    let segment = message(&bilal).1.unwrap();
    let row = look(&bilal, "desk", |view| Ok(view.row())).unwrap();
    for (named, is_cut) in [(0..999u32, false), (999..1000, false), (1000..1001, true)] {
        bilal
            .store()
            .write(|changes| {
                let place = changes.segment_place(row, segment)?.unwrap();
                for number in named {
                    let chunk = BlobId(*blake3::hash(&number.to_be_bytes()).as_bytes());
                    changes.note_chunk(row, chunk, 10, place.id)?;
                }
                Ok::<_, crate::store::StoreError>(())
            })
            .unwrap();
        let tables = bilal.store().read();
        let [one, other] = [1, 2].map(|counter| Wants::of(&tables, row, counter).unwrap());
        assert_eq!(one.is_cut, is_cut);
        assert!(one.wants.len() <= 1000);
        assert_eq!(one.wants == other.wants, !is_cut);
    }
}
