//! Each rule of membership, by example.

use team_core::control::{Control, Reason};
use team_core::ids::CompartmentId;
use team_core::membership::{Refused, Removal};
use team_core::role::Role;

use super::world::{
    FOUNDER, World, add, add_device, card, device, lower, member, raise, reason, remove,
    remove_device, seal, segment, vote_add,
};

const ADMIN: usize = 1;
const OTHER: usize = 2;
const EDITOR: usize = 3;

/// A founder, two admins and an editor, all of whom know of each other.
fn team() -> World {
    World::with(&[Role::Admin, Role::Admin, Role::Editor])
}

#[test]
fn the_founder_is_the_owner() {
    let membership = World::new().evaluate();
    assert_eq!(membership.role_of(member(FOUNDER)), Some(Role::Owner));
    assert_eq!(membership.owners().len(), 1);
    assert_eq!(membership.space_name().unwrap().as_str(), "North");
    assert_eq!(membership.policy().unwrap().device_cap, 3);
    assert!(membership.ignored().is_empty());
    assert!(membership.prekey(device(FOUNDER)).is_some());
}

#[test]
fn a_member_has_the_role_it_was_given_and_how_it_came_is_told() {
    let membership = team().evaluate();
    let editor = membership.member(member(EDITOR)).unwrap();
    assert_eq!(editor.role, Some(Role::Editor));
    assert_eq!(editor.joined.by, device(FOUNDER));
    assert_eq!(editor.devices, [device(EDITOR)]);
    assert_eq!(membership.member_of(device(EDITOR)), Some(member(EDITOR)));
}

#[test]
fn who_removed_whom_and_why_is_told() {
    let mut world = team();
    let place = world.write(ADMIN, Control::RemoveMember(member(EDITOR), Reason::Lost));
    let membership = world.evaluate();
    let gone = membership.member(member(EDITOR)).unwrap();
    assert_eq!(gone.role, None);
    assert!(gone.devices.is_empty());
    let Some(Removal::Removed(deed, Reason::Lost)) = gone.removed else {
        panic!("{:?}", gone.removed);
    };
    assert_eq!(deed.operation.segment, segment(place));
    assert_eq!(deed.by, device(ADMIN));
}

#[test]
fn a_concurrent_grant_loses_against_a_removal() {
    let mut world = team();
    world.write(ADMIN, raise(EDITOR, Role::Approver));
    world.write(OTHER, remove(EDITOR));
    assert_eq!(world.role(EDITOR), None);
}

#[test]
fn a_grant_that_has_seen_the_removal_adds_the_member_again() {
    let mut world = team();
    world.write(ADMIN, remove(EDITOR));
    world.see(OTHER, ADMIN);
    world.write(OTHER, add(EDITOR, Role::Reader));
    assert_eq!(world.role(EDITOR), Some(Role::Reader));
}

#[test]
fn a_raise_does_not_bring_a_removed_member_back() {
    let mut world = team();
    world.write(ADMIN, remove(EDITOR));
    let place = world.write(ADMIN, raise(EDITOR, Role::Approver));
    let membership = world.evaluate();
    assert_eq!(membership.role_of(member(EDITOR)), None);
    assert_eq!(
        reason(&membership, place, 0),
        Some(Refused::NoSuchMember(member(EDITOR)))
    );
}

#[test]
fn a_lowered_member_keeps_the_lower_role() {
    let mut world = team();
    world.write(ADMIN, lower(EDITOR, Role::Reader));
    world.write(OTHER, raise(EDITOR, Role::Approver));
    assert_eq!(world.role(EDITOR), Some(Role::Reader));
    world.see(OTHER, ADMIN);
    world.write(OTHER, raise(EDITOR, Role::Suggester));
    assert_eq!(world.role(EDITOR), Some(Role::Suggester));
}

#[test]
fn in_a_mutual_removal_both_lose_and_an_owner_grants_again() {
    let mut world = team();
    world.write(ADMIN, remove(OTHER));
    world.write(OTHER, remove(ADMIN));
    assert_eq!((world.role(ADMIN), world.role(OTHER)), (None, None));
    world.see(FOUNDER, ADMIN);
    world.see(FOUNDER, OTHER);
    world.write(FOUNDER, add(ADMIN, Role::Admin));
    assert_eq!(
        (world.role(ADMIN), world.role(OTHER)),
        (Some(Role::Admin), None)
    );
}

#[test]
fn operations_of_one_segment_see_those_before_them() {
    let mut world = team();
    world.write_all(
        ADMIN,
        vec![
            remove(EDITOR),
            add(EDITOR, Role::Reader),
            lower(OTHER, Role::Courier),
        ],
    );
    assert_eq!(world.role(EDITOR), Some(Role::Reader));
    assert_eq!(world.role(OTHER), Some(Role::Courier));
    world.write_all(ADMIN, vec![add(9, Role::Editor), remove(9)]);
    assert_eq!(world.role(9), None);
}

#[test]
fn whoever_left_is_no_member_and_an_owner_does_not_leave_alone() {
    let mut world = team();
    world.write(EDITOR, Control::Leave);
    assert_eq!(world.role(EDITOR), None);
    let membership = world.evaluate();
    let gone = membership.member(member(EDITOR)).unwrap();
    assert!(matches!(gone.removed, Some(Removal::Left(_))));
    let place = world.write(FOUNDER, Control::Leave);
    assert_eq!(world.role(FOUNDER), Some(Role::Owner));
    assert_eq!(
        world.ignored(&world.evaluate(), place),
        Some(Refused::OwnerLeaves)
    );
}

#[test]
fn a_member_adds_own_devices_up_to_the_cap() {
    let mut world = team();
    world.write(EDITOR, add_device(EDITOR, 10));
    world.write(EDITOR, add_device(EDITOR, 11));
    let fourth = world.write(EDITOR, add_device(EDITOR, 12));
    let membership = world.evaluate();
    assert_eq!(membership.member(member(EDITOR)).unwrap().devices.len(), 3);
    assert_eq!(
        reason(&membership, fourth, 0),
        Some(Refused::DeviceCap { cap: 3 })
    );
    world.see(11, EDITOR);
    world.write(11, remove_device(EDITOR));
    world.see(11, 11);
    world.write(11, add_device(EDITOR, 12));
    let membership = world.evaluate();
    let devices = &membership.member(member(EDITOR)).unwrap().devices;
    assert!(devices.contains(&device(12)) && !devices.contains(&device(EDITOR)));
    assert_eq!(membership.role_of(member(EDITOR)), Some(Role::Editor));
    assert_eq!(membership.device_role(device(11)), Some(Role::Editor));
    assert_eq!(membership.device_role(device(EDITOR)), None);
}

#[test]
fn a_removed_device_keeps_nothing_and_adds_nothing_unseen() {
    let mut world = team();
    world.write(EDITOR, add_device(EDITOR, 10));
    world.see(10, EDITOR);
    world.write(EDITOR, remove_device(10));
    let late = world.write(10, add_device(EDITOR, 11));
    let membership = world.evaluate();
    assert_eq!(reason(&membership, late, 0), Some(Refused::Overtaken));
    let devices = &membership.member(member(EDITOR)).unwrap().devices;
    assert_eq!(devices, &[device(EDITOR)]);
    assert!(!membership.device(device(10)).unwrap().active);
    assert!(membership.device(device(10)).unwrap().removed.is_some());
}

#[test]
fn devices_of_a_removed_member_do_not_come_back_with_it() {
    let mut world = team();
    world.write(EDITOR, add_device(EDITOR, 10));
    world.see(ADMIN, EDITOR);
    world.write_all(ADMIN, vec![remove(EDITOR), add(EDITOR, Role::Editor)]);
    let membership = world.evaluate();
    let devices = &membership.member(member(EDITOR)).unwrap().devices;
    assert_eq!(devices, &[device(EDITOR)]);
}

#[test]
fn a_seal_voids_what_was_not_seen_also_denials() {
    let mut world = team();
    let seen = world.write(ADMIN, lower(OTHER, Role::Approver));
    world.see(FOUNDER, ADMIN);
    let denial = world.write(ADMIN, remove(EDITOR));
    let grant = world.write(ADMIN, add(8, Role::Approver));
    assert_eq!(world.role(EDITOR), None);
    world.write(FOUNDER, seal(ADMIN));
    let membership = world.evaluate();
    assert_eq!(reason(&membership, denial, 0), Some(Refused::Sealed));
    assert_eq!(reason(&membership, grant, 0), Some(Refused::Sealed));
    assert_eq!(reason(&membership, seen, 0), None);
    assert_eq!(membership.role_of(member(EDITOR)), Some(Role::Editor));
    assert_eq!(membership.role_of(member(OTHER)), Some(Role::Approver));
    assert_eq!(membership.role_of(member(8)), None);
    world.see(ADMIN, FOUNDER);
    let after = world.write(ADMIN, remove(EDITOR));
    let membership = world.evaluate();
    assert_eq!(reason(&membership, after, 0), None);
    assert_eq!(membership.role_of(member(EDITOR)), None);
}

#[test]
fn an_owner_is_not_sealed() {
    let mut world = World::with(&[Role::Owner, Role::Admin]);
    let place = world.write(FOUNDER, seal(1));
    let kept = world.write(1, remove(2));
    let membership = world.evaluate();
    assert_eq!(
        reason(&membership, place, 0),
        Some(Refused::AgainstOwner(member(1)))
    );
    assert_eq!(reason(&membership, kept, 0), None);
    assert_eq!(membership.role_of(member(2)), None);
}

#[test]
fn compartments_are_read_by_whom_an_admin_admitted() {
    let mut world = team();
    let id = CompartmentId([4; 16]);
    world.write_all(
        ADMIN,
        vec![
            Control::AddCompartment(id, super::world::name("Board")),
            Control::Admit(id, member(EDITOR)),
            Control::Admit(id, member(OTHER)),
        ],
    );
    let readers = world.evaluate().readers(id);
    assert_eq!(readers, [member(OTHER), member(EDITOR)].into());
    world.see(OTHER, ADMIN);
    world.write(OTHER, Control::Expel(id, member(EDITOR)));
    world.write(ADMIN, Control::Admit(id, member(EDITOR)));
    assert_eq!(world.evaluate().readers(id), [member(OTHER)].into());
    assert_eq!(world.evaluate().readers(CompartmentId::WHOLE).len(), 4);
    assert_eq!(world.evaluate().reading_devices(id), [device(OTHER)].into());
}

#[test]
fn couriers_read_nothing() {
    let mut world = team();
    world.write(ADMIN, add(7, Role::Courier));
    let membership = world.evaluate();
    assert!(
        !membership
            .readers(CompartmentId::WHOLE)
            .contains(&member(7))
    );
    assert!(
        !membership
            .reading_devices(CompartmentId::WHOLE)
            .contains(&device(7))
    );
}

#[test]
fn a_new_prekey_and_new_mailboxes_replace_the_old() {
    let mut world = team();
    let mut key = card().prekey.as_bytes().to_owned();
    key[0] = 1;
    let key = bundle_format::identity::EncapsulationKey::new(key).unwrap();
    world.write(EDITOR, Control::Prekey(2, Box::new(key.clone())));
    let membership = world.evaluate();
    assert_eq!(membership.prekey(device(EDITOR)).unwrap(), (2, &key));
    world.write(EDITOR, Control::Prekey(1, Box::new(card().prekey)));
    assert_eq!(world.evaluate().prekey(device(EDITOR)).unwrap().0, 2);
    assert!(world.evaluate().routes(device(EDITOR)).is_some());
}

#[test]
fn a_checkpoint_counts_who_comes_to_the_same() {
    let mut world = team();
    let digest = world.evaluate_only(world.known(EDITOR)).digest();
    let place = world.write(EDITOR, Control::Checkpoint(digest));
    world.write(OTHER, remove(9));
    for reader in [ADMIN, OTHER] {
        world.see(reader, EDITOR);
        let own = world.graph().digest_before(segment(place));
        assert_eq!(own, digest);
        world.write(reader, Control::ConfirmCheckpoint(segment(place), own));
    }
    world.see(FOUNDER, EDITOR);
    world.write(FOUNDER, Control::ConfirmCheckpoint(segment(place), [0; 32]));
    let membership = world.evaluate();
    let checkpoint = &membership.checkpoints()[0];
    assert_eq!(checkpoint.confirmed, [device(ADMIN), device(OTHER)].into());
    assert_eq!(checkpoint.contradicted, [device(FOUNDER)].into());
}

#[test]
fn authors_and_approvers_delete_and_devices_confirm() {
    let mut world = team();
    let own = segment(100);
    let others = segment(101);
    world.write(EDITOR, Control::Delete(vec![own, others]));
    let author_of = |hash| {
        Some(if hash == own {
            device(EDITOR)
        } else {
            device(OTHER)
        })
    };
    assert_eq!(world.evaluate().deleted(author_of), [own].into());
    world.write(ADMIN, Control::Delete(vec![others]));
    assert_eq!(world.evaluate().deleted(author_of), [own, others].into());
    world.write(OTHER, Control::ConfirmDeletion(vec![own]));
    assert_eq!(
        world.evaluate().confirmations_of_deletion(own),
        [device(OTHER)].into()
    );
}

#[test]
fn what_may_be_written_now_is_what_everybody_will_take() {
    let mut world = team();
    let membership = world.evaluate();
    assert!(
        membership
            .may(device(ADMIN), &add(30, Role::Approver))
            .is_ok()
    );
    assert!(
        membership
            .may(device(EDITOR), &add_device(EDITOR, 31))
            .is_ok()
    );
    assert_eq!(
        membership.may(device(EDITOR), &remove(OTHER)),
        Err(Refused::RoleTooLow {
            needed: Role::Admin,
            held: Some(Role::Editor)
        })
    );
    assert_eq!(
        membership.may(device(ADMIN), &remove(FOUNDER)),
        Err(Refused::AgainstOwner(member(FOUNDER)))
    );
    assert!(membership.may(device(FOUNDER), &vote_add(0, ADMIN)).is_ok());
    assert_eq!(
        membership.may(device(FOUNDER), &vote_add(1, ADMIN)),
        Err(Refused::WrongGeneration {
            expected: 0,
            found: 1
        })
    );
    world.write(ADMIN, remove(EDITOR));
    assert_eq!(
        world.evaluate().may(device(EDITOR), &Control::Leave),
        Err(Refused::RemovedDevice)
    );
}

#[test]
fn unknown_operations_change_no_authority() {
    let mut world = team();
    let before = world.evaluate().digest();
    world.write(EDITOR, Control::from_body(200, b"later").unwrap());
    world.write(40, Control::from_body(200, b"later").unwrap());
    let membership = world.evaluate();
    assert_eq!(membership.digest(), before);
    assert!(membership.ignored().is_empty());
}
