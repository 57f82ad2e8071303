//! Named attackers: the insider, the leaver, the courier.

use team_core::control::Control;
use team_core::membership::{Fork, Refused};
use team_core::role::Role;

use super::world::{
    FOUNDER, World, add, add_device, device, genesis, lower, member, raise, reason, remove,
    remove_device, seal, vote_add, vote_remove,
};

const LEAVER: usize = 1;
const ADMIN: usize = 2;
const EDITOR: usize = 3;
const COURIER: usize = 4;

fn team() -> World {
    World::with(&[Role::Admin, Role::Admin, Role::Editor, Role::Courier])
}

/// The space after the founder removed [`LEAVER`], who knows what was before.
fn removed() -> (World, u128) {
    let mut world = team();
    let known = world.known(LEAVER);
    world.write(FOUNDER, remove(LEAVER));
    (world, known)
}

#[test]
fn leaver_raises_nobody_with_backdated_grants() {
    let (mut world, mut known) = removed();
    for operation in [
        add(20, Role::Approver),
        raise(EDITOR, Role::Approver),
        add_device(LEAVER, 21),
        add(LEAVER, Role::Approver),
        raise(LEAVER, Role::Approver),
    ] {
        let place = world.write_on(LEAVER, known, vec![operation]);
        known |= 1 << place;
        let reason = world.ignored(&world.evaluate(), place);
        assert_eq!(reason, Some(Refused::Overtaken));
    }
    assert_eq!(world.role(20), None);
    assert_eq!(world.role(EDITOR), Some(Role::Editor));
    assert_eq!(world.role(LEAVER), None);
    assert_eq!(world.evaluate().device_role(device(21)), None);
}

#[test]
fn leaver_who_keeps_writing_without_looking_is_overtaken_and_with_looking_is_refused() {
    let (mut world, _) = removed();
    let blind = world.write(LEAVER, add(20, Role::Reader));
    world.see(LEAVER, FOUNDER);
    let seeing = world.write(LEAVER, add(22, Role::Reader));
    let membership = world.evaluate();
    assert_eq!(reason(&membership, blind, 0), Some(Refused::Overtaken));
    assert_eq!(reason(&membership, seeing, 0), Some(Refused::RemovedDevice));
}

#[test]
fn leavers_denial_stands_and_an_owner_mends_it() {
    let (mut world, known) = removed();
    let place = world.write_on(LEAVER, known, vec![remove(EDITOR)]);
    assert_eq!(world.ignored(&world.evaluate(), place), None);
    assert_eq!(world.role(EDITOR), None);
    world.knows.insert(FOUNDER, world.all());
    world.write(FOUNDER, add(EDITOR, Role::Editor));
    assert_eq!(world.role(EDITOR), Some(Role::Editor));
}

#[test]
fn leaver_does_not_undo_his_removal_by_removing_the_remover_backdated() {
    let mut world = team();
    let known = world.known(LEAVER);
    world.write(ADMIN, remove(LEAVER));
    world.write_on(LEAVER, known, vec![remove(ADMIN)]);
    assert_eq!((world.role(LEAVER), world.role(ADMIN)), (None, None));
}

#[test]
fn a_chain_of_grants_falls_with_its_first_link() {
    let mut world = team();
    world.write(LEAVER, add(20, Role::Approver));
    world.see(20, LEAVER);
    world.write(20, add_device(20, 21));
    assert_eq!(
        world.evaluate().device_role(device(21)),
        Some(Role::Approver)
    );
    world.write(FOUNDER, remove(LEAVER));
    let membership = world.evaluate();
    assert_eq!(membership.role_of(member(20)), None);
    assert_eq!(membership.device_role(device(21)), None);
}

#[test]
fn what_the_remover_had_seen_of_a_leaver_stands() {
    let mut world = team();
    world.write(LEAVER, add(20, Role::Approver));
    world.see(FOUNDER, LEAVER);
    world.write(FOUNDER, remove(LEAVER));
    assert_eq!(world.role(20), Some(Role::Approver));
}

#[test]
fn admin_raises_neither_himself_nor_others_above_approver() {
    let mut world = team();
    for operation in [
        raise(ADMIN, Role::Admin),
        raise(EDITOR, Role::Admin),
        add(20, Role::Admin),
        vote_add(0, ADMIN),
        vote_remove(0, FOUNDER),
        seal(EDITOR),
    ] {
        let place = world.write(ADMIN, operation);
        let reason = world.ignored(&world.evaluate(), place);
        let expected = Refused::RoleTooLow {
            needed: Role::Owner,
            held: Some(Role::Admin),
        };
        assert_eq!(reason, Some(expected));
    }
}

#[test]
fn a_lowered_admin_does_not_raise_himself_backdated() {
    let mut world = team();
    let known = world.known(LEAVER);
    world.write(FOUNDER, lower(LEAVER, Role::Reader));
    let place = world.write_on(LEAVER, known, vec![raise(LEAVER, Role::Approver)]);
    assert_eq!(
        world.ignored(&world.evaluate(), place),
        Some(Refused::Overtaken)
    );
    assert_eq!(world.role(LEAVER), Some(Role::Reader));
    let own = world.write_on(LEAVER, known | 1 << place, vec![add_device(LEAVER, 25)]);
    assert_eq!(world.ignored(&world.evaluate(), own), None);
}

#[test]
fn insider_cannot_claim_the_device_of_another() {
    let mut world = team();
    world.write(ADMIN, add_device(ADMIN, 20));
    world.see(EDITOR, ADMIN);
    let claim = world.write(EDITOR, add_device(EDITOR, 20));
    assert_eq!(
        world.ignored(&world.evaluate(), claim),
        Some(Refused::DeviceTaken(device(20)))
    );
    // Backdated it cannot be told from an honest claim; it takes nothing from the device.
    let before = world.known(COURIER);
    let claim = world.write_on(COURIER, before, vec![add_device(COURIER, 20)]);
    let denial = world.write_on(COURIER, before | 1 << claim, vec![remove_device(20)]);
    let membership = world.evaluate();
    assert_eq!(reason(&membership, claim, 0), None);
    assert_eq!(reason(&membership, denial, 0), None);
    assert_eq!(membership.member_of(device(20)), Some(member(ADMIN)));
    assert_eq!(membership.device_role(device(20)), Some(Role::Admin));
    world.see(20, ADMIN);
    let place = world.write(20, remove(EDITOR));
    assert_eq!(world.ignored(&world.evaluate(), place), None);
}

#[test]
fn insider_adds_devices_to_himself_only() {
    let mut world = team();
    let place = world.write(EDITOR, add_device(ADMIN, 20));
    assert_eq!(
        world.ignored(&world.evaluate(), place),
        Some(Refused::NotOwnMember(member(ADMIN)))
    );
}

#[test]
fn courier_forges_nothing_and_may_leave() {
    let mut world = team();
    for operation in [
        add(20, Role::Courier),
        raise(COURIER, Role::Reader),
        remove(EDITOR),
    ] {
        let place = world.write(COURIER, operation);
        let reason = world.ignored(&world.evaluate(), place);
        assert!(
            matches!(reason, Some(Refused::RoleTooLow { .. })),
            "{reason:?}"
        );
    }
    world.write(COURIER, Control::Leave);
    assert_eq!(world.role(COURIER), None);
}

#[test]
fn outsider_is_ignored() {
    let mut world = team();
    let known = world.known(FOUNDER);
    for operation in [add(40, Role::Admin), Control::Leave, remove(EDITOR)] {
        let place = world.write_on(40, known, vec![operation]);
        let reason = world.ignored(&world.evaluate(), place);
        assert_eq!(reason, Some(Refused::UnknownDevice));
    }
}

#[test]
fn a_space_begins_once() {
    let mut world = team();
    let again = world.write(FOUNDER, Control::Genesis(Box::new(genesis())));
    let mut other = genesis();
    other.founder = device(40);
    let foreign = world.write_on(40, 0, vec![Control::Genesis(Box::new(other))]);
    let membership = world.evaluate();
    for place in [again, foreign] {
        assert_eq!(reason(&membership, place, 0), Some(Refused::NotGenesis));
    }
    assert_eq!(membership.role_of(member(40)), None);
}

#[test]
fn operations_before_the_beginning_do_nothing() {
    let mut world = team();
    let place = world.write_on(FOUNDER, 0, vec![add(41, Role::Admin)]);
    let membership = world.evaluate();
    assert_eq!(reason(&membership, place, 0), Some(Refused::UnknownDevice));
    assert_eq!(membership.role_of(member(41)), None);
}

#[test]
fn a_fork_gives_no_role_and_undoes_no_denial() {
    let mut world = team();
    let known = world.known(ADMIN);
    let denial = world.write_on(ADMIN, known, vec![remove(EDITOR)]);
    let grant = world.write_on(ADMIN, known, vec![add(20, Role::Approver)]);
    let membership = world.evaluate();
    assert_eq!(reason(&membership, denial, 0), None);
    assert_eq!(reason(&membership, grant, 0), Some(Refused::Forked));
    assert_eq!(membership.role_of(member(EDITOR)), None);
    assert_eq!(membership.role_of(member(20)), None);
    assert_eq!(membership.device(device(ADMIN)).unwrap().forked, Some(1));
    assert_eq!(membership.device_role(device(ADMIN)), None);
    assert_eq!(
        membership.may(device(ADMIN), &Control::Leave),
        Err(Refused::Forked)
    );
}

#[test]
fn a_branch_that_was_seen_does_not_stand_for_the_other() {
    let mut world = team();
    let known = world.known(ADMIN);
    world.write_on(ADMIN, known, vec![remove(EDITOR)]);
    let other = world.write_on(ADMIN, known, vec![raise(COURIER, Role::Reader)]);
    let seen = world.known(FOUNDER) | 1 << other;
    // Has seen as far by number, but not the removal.
    world.write_on(FOUNDER, seen, vec![add(EDITOR, Role::Editor)]);
    assert_eq!(world.role(EDITOR), None);
}

#[test]
fn a_fork_in_content_quarantines_from_its_number_on() {
    let mut world = team();
    let early = world.write(ADMIN, add(20, Role::Reader));
    world.write_content(ADMIN);
    let late = world.write(ADMIN, add(21, Role::Reader));
    let mut graph = world.graph().clone();
    graph.note_fork(Fork {
        device: device(ADMIN),
        number: 2,
    });
    let membership = graph.evaluate();
    assert_eq!(reason(&membership, early, 0), None);
    assert_eq!(reason(&membership, late, 0), Some(Refused::Forked));
    assert_eq!(membership.role_of(member(20)), Some(Role::Reader));
    assert_eq!(membership.role_of(member(21)), None);
}

#[test]
fn a_removal_after_a_long_partition_takes_what_was_unseen_and_leaves_the_rest() {
    let mut world = team();
    world.write(LEAVER, add(20, Role::Reader));
    world.see(FOUNDER, LEAVER);
    for place in 21..30 {
        world.write(LEAVER, add(place, Role::Reader));
        world.see(LEAVER, place);
    }
    world.write(FOUNDER, remove(LEAVER));
    let membership = world.evaluate();
    assert_eq!(membership.role_of(member(20)), Some(Role::Reader));
    for place in 21..30 {
        assert_eq!(membership.role_of(member(place)), None, "{place}");
    }
    world.knows.insert(FOUNDER, world.all());
    world.write(FOUNDER, add(21, Role::Reader));
    assert_eq!(world.role(21), Some(Role::Reader));
}

#[test]
fn a_member_who_never_learns_of_a_removal_still_agrees_once_he_has_the_segments() {
    let mut world = team();
    world.write(FOUNDER, remove(LEAVER));
    for place in 20..24 {
        world.write(EDITOR, add_device(EDITOR, place));
        world.write(COURIER, Control::Leave);
    }
    assert_eq!(
        world
            .evaluate_only(world.known(EDITOR))
            .role_of(member(LEAVER)),
        Some(Role::Admin)
    );
    assert_eq!(
        world.evaluate_only(world.all()).digest(),
        world.evaluate().digest()
    );
    assert_eq!(world.role(LEAVER), None);
}

#[test]
fn segments_that_name_each_other_are_reported_and_harmless() {
    let world = team();
    let mut graph = world.graph().clone();
    let mut one = world.node(1);
    let mut two = world.node(2);
    one.hash = super::world::segment(90);
    two.hash = super::world::segment(91);
    one.number = 50;
    two.number = 60;
    one.before = Some(two.hash);
    two.before = Some(one.hash);
    one.device = device(ADMIN);
    two.device = device(EDITOR);
    one.before = None;
    two.before = None;
    one.seen = vec![team_core::membership::Seen {
        device: two.device,
        number: 60,
        control: Some(two.hash),
    }];
    two.seen = vec![team_core::membership::Seen {
        device: one.device,
        number: 50,
        control: Some(one.hash),
    }];
    graph.insert(one);
    graph.insert(two);
    let membership = graph.evaluate();
    assert_eq!(reason(&membership, 90, 0), Some(Refused::Unplaced));
    assert_eq!(membership.role_of(member(ADMIN)), Some(Role::Admin));
}
