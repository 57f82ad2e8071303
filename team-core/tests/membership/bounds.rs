//! What one who may do little can make the work for everybody.

use std::time::Instant;

use team_core::control::Control;
use team_core::ids::CompartmentId;
use team_core::limits::{CONTROL_OPERATIONS_MAX, DEVICES_ADDED_MAX, GRANTS_ALIKE_MAX};
use team_core::membership::{Fork, Membership, Refused};
use team_core::role::Role;

use super::world::{
    FOUNDER, World, add, add_device, device, lower, member, name, raise, reason, remove,
    remove_device, seal,
};

const ADMIN: usize = 1;
const OTHER: usize = 2;
const EDITOR: usize = 3;
const COURIER: usize = 4;

fn team() -> World {
    World::with(&[Role::Admin, Role::Admin, Role::Editor, Role::Courier])
}

fn ignored_as(membership: &Membership, reason: Refused) -> usize {
    let ignored = membership.ignored().iter();
    ignored.filter(|ignored| ignored.reason == reason).count()
}

#[test]
fn a_denial_that_was_made_before_is_not_made_again() {
    let mut world = team();
    let id = CompartmentId([4; 16]);
    world.write_all(
        FOUNDER,
        vec![
            Control::AddCompartment(id, name("Board")),
            Control::Admit(id, member(EDITOR)),
        ],
    );
    world.write(COURIER, add_device(COURIER, 20));
    world.see(ADMIN, FOUNDER);
    world.see(ADMIN, COURIER);
    for (once, again) in [
        (lower(EDITOR, Role::Suggester), lower(EDITOR, Role::Editor)),
        (lower(EDITOR, Role::Reader), lower(EDITOR, Role::Reader)),
        (
            Control::Expel(id, member(EDITOR)),
            Control::Expel(id, member(EDITOR)),
        ),
        (remove_device(20), remove_device(20)),
        (remove(EDITOR), remove(EDITOR)),
        (remove(COURIER), lower(COURIER, Role::Courier)),
    ] {
        let place = world.write_all(ADMIN, vec![once, again.clone()]);
        let membership = world.evaluate();
        assert_eq!(reason(&membership, place, 0), None);
        assert_eq!(
            reason(&membership, place, 1),
            Some(Refused::AlreadyDenied),
            "{again:?}"
        );
        let now = membership.may(device(ADMIN), &again);
        assert_eq!(now, Err(Refused::AlreadyDenied));
        assert_eq!(membership.may(device(OTHER), &again), Ok(()));
    }
}

#[test]
fn a_denial_is_made_again_after_what_it_took_was_given_back() {
    let mut world = team();
    world.write(ADMIN, lower(EDITOR, Role::Reader));
    world.write(ADMIN, raise(EDITOR, Role::Approver));
    let again = world.write(ADMIN, lower(EDITOR, Role::Reader));
    assert_eq!(world.ignored(&world.evaluate(), again), None);
    assert_eq!(world.role(EDITOR), Some(Role::Reader));
    world.write(ADMIN, remove(EDITOR));
    world.see(OTHER, ADMIN);
    world.write(OTHER, add(EDITOR, Role::Editor));
    world.see(ADMIN, OTHER);
    let again = world.write(ADMIN, remove(EDITOR));
    assert_eq!(world.ignored(&world.evaluate(), again), None);
    assert_eq!(world.role(EDITOR), None);
}

#[test]
fn a_denial_that_a_seal_may_void_is_made_again() {
    let mut world = team();
    world.write(ADMIN, remove(EDITOR));
    world.write(FOUNDER, seal(ADMIN));
    assert_eq!(world.role(EDITOR), Some(Role::Editor));
    world.see(ADMIN, FOUNDER);
    let again = world.write(ADMIN, remove(EDITOR));
    assert_eq!(world.ignored(&world.evaluate(), again), None);
    assert_eq!(world.role(EDITOR), None);
}

/// A courier removes one of its devices very often, adds it again, and that writes very much.
fn noise(segments: usize) -> World {
    let mut world = team();
    world.write(COURIER, add_device(COURIER, 20));
    for _ in 0..segments {
        world.write_all(COURIER, vec![remove_device(20); CONTROL_OPERATIONS_MAX]);
    }
    world.write(COURIER, add_device(COURIER, 20));
    world.see(20, COURIER);
    let confirm = Control::ConfirmDeletion(vec![super::world::segment(90)]);
    for _ in 0..segments {
        world.write_all(20, vec![confirm.clone(); CONTROL_OPERATIONS_MAX]);
    }
    world
}

#[test]
fn removing_one_device_very_often_is_one_denial() {
    let world = noise(4);
    let membership = world.evaluate();
    assert_eq!(
        ignored_as(&membership, Refused::AlreadyDenied),
        4 * CONTROL_OPERATIONS_MAX - 1
    );
    assert_eq!(membership.device_role(device(20)), Some(Role::Courier));
}

#[test]
#[ignore = "a measurement"]
fn twice_the_noise_is_twice_the_work() {
    for segments in [12, 24, 48] {
        let world = noise(segments);
        let start = Instant::now();
        world.evaluate();
        println!("{segments}: {:?}", start.elapsed());
    }
}

#[test]
fn a_member_adds_no_more_than_so_many_devices_in_all() {
    let mut world = team();
    let cycles = (0..DEVICES_ADDED_MAX).flat_map(|place| {
        let place = 20 + place;
        [add_device(COURIER, place), remove_device(place)]
    });
    world.write_all(COURIER, cycles.collect());
    let one_more = world.write_all(
        COURIER,
        vec![add_device(COURIER, 200), add_device(COURIER, 20)],
    );
    let membership = world.evaluate();
    let expected = Refused::DevicesAdded {
        limit: DEVICES_ADDED_MAX,
    };
    assert_eq!(membership.ignored().len(), 2);
    for index in [0, 1] {
        assert_eq!(reason(&membership, one_more, index), Some(expected));
    }
    assert_eq!(
        membership.may(device(COURIER), &add_device(COURIER, 201)),
        Err(expected)
    );
    assert_eq!(membership.devices().len(), 5 + DEVICES_ADDED_MAX);
    assert_eq!(
        membership.may(device(EDITOR), &add_device(EDITOR, 201)),
        Ok(())
    );
}

#[test]
fn one_device_gives_the_same_so_many_times() {
    let mut world = team();
    let id = CompartmentId([4; 16]);
    let refused = Refused::GrantsAlike {
        limit: GRANTS_ALIKE_MAX,
    };
    let made = Control::AddCompartment(id, name("Board"));
    world.write(ADMIN, made);
    world.see(OTHER, ADMIN);
    let admit = Control::Admit(id, member(EDITOR));
    let again = add(COURIER, Role::Courier);
    for grant in [raise(EDITOR, Role::Reader), again, admit] {
        let grants = vec![grant.clone(); GRANTS_ALIKE_MAX];
        let place = world.write_all(ADMIN, grants);
        let membership = world.evaluate();
        assert_eq!(reason(&membership, place, 63), None, "{grant:?}");
        assert_eq!(membership.may(device(ADMIN), &grant), Err(refused));
        assert_eq!(membership.may(device(OTHER), &grant), Ok(()));
        let place = world.write(ADMIN, grant);
        assert_eq!(world.ignored(&world.evaluate(), place), Some(refused));
    }
    let place = world.write(ADMIN, add(EDITOR, Role::Reader));
    assert_eq!(world.ignored(&world.evaluate(), place), Some(refused));
}

#[test]
fn a_fork_that_every_segment_names_quarantines_like_one_named_once() {
    let mut world = team();
    let early = world.write(ADMIN, add(20, Role::Editor));
    world.write_content(ADMIN);
    let late = world.write(ADMIN, add(21, Role::Editor));
    let known = world.known(ADMIN);
    let fork = Fork {
        device: device(ADMIN),
        number: 2,
    };
    let mut graph = world.graph().clone();
    let mut places = Vec::new();
    for author in [FOUNDER, OTHER, FOUNDER] {
        let past = known | world.known(author);
        let place = world.write_on(author, past, vec![raise(21, Role::Approver)]);
        world.knows.insert(author, past | 1 << place);
        let mut node = world.node(place);
        node.forks.push(fork);
        graph.insert(node);
        places.push(place);
    }
    let membership = graph.evaluate();
    assert_eq!(reason(&membership, early, 0), None);
    assert_eq!(reason(&membership, late, 0), Some(Refused::Forked));
    for place in places {
        let reason = reason(&membership, place, 0);
        assert_eq!(reason, Some(Refused::NoSuchMember(member(21))));
    }
}

#[test]
fn who_confirms_and_contradicts_a_checkpoint_is_counted_for_both() {
    let mut world = team();
    let digest = world.evaluate_only(world.known(EDITOR)).digest();
    let place = world.write(EDITOR, Control::Checkpoint(digest));
    let segment = super::world::segment(place);
    world.see(OTHER, EDITOR);
    world.write(OTHER, Control::ConfirmCheckpoint(segment, digest));
    world.write(OTHER, Control::ConfirmCheckpoint(segment, [0; 32]));
    let membership = world.evaluate();
    let checkpoint = &membership.checkpoints()[0];
    assert_eq!(checkpoint.confirmed, [device(OTHER)].into());
    assert_eq!(checkpoint.contradicted, [device(OTHER)].into());
}
