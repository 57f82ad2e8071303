//! Who was ever given the key of an epoch.

use std::collections::BTreeSet;

use team_core::control::{
    Control, Epoch, KeyCommitment, Reason, SEALED_KEY_BYTES, ShareEpoch, Wrap,
};
use team_core::ids::{CompartmentId, DeviceId, EpochId, OperationId};
use team_core::membership::Refused;
use team_core::role::Role;

use super::world::{
    FOUNDER, World, add, add_device, device, lower, member, name, remove, remove_device, segment,
};

const ADMIN: usize = 1;
const EDITOR: usize = 2;
const READER: usize = 3;

fn team() -> World {
    World::with(&[Role::Admin, Role::Editor, Role::Reader])
}

fn wrap_for(device: DeviceId) -> Wrap {
    Wrap {
        device_prefix: *device.0.first_chunk().unwrap(),
        prekey_number: 1,
        sealed: Box::new([0; SEALED_KEY_BYTES]),
    }
}

fn wraps(places: &[usize]) -> Vec<Wrap> {
    let mut wraps: Vec<Wrap> = places.iter().map(|it| wrap_for(device(*it))).collect();
    wraps.sort_by_key(|wrap| wrap.device_prefix);
    wraps
}

fn epoch_of(compartment: CompartmentId, places: &[usize]) -> Control {
    Control::Epoch(Epoch {
        compartment,
        commitment: KeyCommitment([1; 32]),
        wraps: wraps(places),
    })
}

fn epoch(places: &[usize]) -> Control {
    epoch_of(CompartmentId::WHOLE, places)
}

fn id(place: usize) -> EpochId {
    EpochId::of(OperationId {
        segment: segment(place),
        index: 0,
    })
}

fn share(of: usize, places: &[usize]) -> Control {
    Control::ShareEpoch(ShareEpoch {
        epoch: id(of),
        wraps: wraps(places),
    })
}

fn recipients(world: &World, of: usize) -> BTreeSet<DeviceId> {
    world.evaluate().epoch(id(of)).unwrap().recipients.clone()
}

fn devices(places: &[usize]) -> BTreeSet<DeviceId> {
    places.iter().map(|place| device(*place)).collect()
}

#[test]
fn a_share_that_lost_its_effect_still_counts_its_holder() {
    let mut world = team();
    let made = world.write(EDITOR, epoch(&[FOUNDER, EDITOR]));
    world.see(ADMIN, EDITOR);
    let lost = world.write(ADMIN, share(made, &[READER]));
    let kept = world.write(EDITOR, share(made, &[ADMIN]));
    world.write(FOUNDER, remove(ADMIN));
    let membership = world.evaluate();
    assert_eq!(world.ignored(&membership, lost), Some(Refused::Overtaken));
    let operations = membership.epoch(id(made)).unwrap().wraps.iter();
    let segments: BTreeSet<_> = operations.map(|operation| operation.segment).collect();
    assert_eq!(segments, [made, lost, kept].map(segment).into());
    assert_eq!(
        recipients(&world, made),
        devices(&[FOUNDER, EDITOR, READER, ADMIN])
    );
}

#[test]
fn who_hides_that_it_was_removed_makes_no_epoch_useless() {
    let mut world = team();
    let known = world.known(ADMIN);
    world.write(FOUNDER, remove(ADMIN));
    world.see(EDITOR, FOUNDER);
    let made = world.write(EDITOR, epoch(&[FOUNDER, EDITOR]));
    world.write_on(ADMIN, known, vec![share(made, &[ADMIN])]);
    let seeing = world.known(EDITOR) | world.known(ADMIN);
    world.write_on(ADMIN, seeing, vec![share(made, &[ADMIN])]);
    assert_eq!(recipients(&world, made), devices(&[FOUNDER, EDITOR]));
}

#[test]
fn who_does_not_read_a_compartment_makes_no_epoch_of_it_useless() {
    let mut world = team();
    let board = CompartmentId([4; 16]);
    world.write_all(
        ADMIN,
        vec![
            Control::AddCompartment(board, name("Board")),
            Control::Admit(board, member(ADMIN)),
        ],
    );
    let made = world.write(ADMIN, epoch_of(board, &[ADMIN]));
    world.see(EDITOR, ADMIN);
    let lost = world.write(EDITOR, share(made, &[EDITOR]));
    assert!(world.ignored(&world.evaluate(), lost).is_some());
    assert_eq!(recipients(&world, made), devices(&[ADMIN]));
}

#[test]
fn who_was_given_a_key_by_a_grant_that_lost_its_effect_is_counted() {
    let mut world = team();
    world.write(ADMIN, add(20, Role::Reader));
    world.see(EDITOR, ADMIN);
    let made = world.write(EDITOR, epoch(&[FOUNDER, ADMIN, EDITOR, READER, 20]));
    world.write(FOUNDER, lower(ADMIN, Role::Reader));
    let membership = world.evaluate();
    assert_eq!(membership.role_of(member(20)), None);
    assert!(membership.device(device(20)).is_none());
    assert!(recipients(&world, made).contains(&device(20)));
}

/// A device whose id begins as that of a member's first one does.
fn twin(place: usize) -> DeviceId {
    let mut id = device(place);
    id.0[30] = 1;
    id
}

#[test]
fn a_device_that_is_named_alike_makes_no_epoch_useless() {
    let mut world = team();
    let Control::AddDevice(mut add) = add_device(ADMIN, 20) else {
        unreachable!()
    };
    add.device = twin(EDITOR);
    let known = world.known(ADMIN);
    world.write(ADMIN, Control::AddDevice(add.clone()));
    world.write(ADMIN, Control::RemoveDevice(twin(EDITOR), Reason::Lost));
    world.see(FOUNDER, ADMIN);
    let made = world.write(FOUNDER, epoch(&[FOUNDER, EDITOR]));
    assert_eq!(recipients(&world, made), devices(&[FOUNDER, EDITOR]));
    // Nor where it was granted by somebody who hides that it was removed.
    let mut world = team();
    world.write(FOUNDER, remove(ADMIN));
    world.write_on(ADMIN, known, vec![Control::AddDevice(add)]);
    let made = world.write(FOUNDER, epoch(&[FOUNDER, EDITOR]));
    assert_eq!(recipients(&world, made), devices(&[FOUNDER, EDITOR]));
    world.write(FOUNDER, remove_device(EDITOR));
    assert_eq!(recipients(&world, made), devices(&[FOUNDER, EDITOR]));
}
