//! The owners: votes, quorums, and what forks do to them.

use team_core::membership::Refused;
use team_core::role::Role;

use super::world::{
    FOUNDER, World, add, add_device, device, lower, member, reason, remove, remove_device, seal,
    vote_add, vote_remove,
};

/// Three owners (0, 1, 2), an admin (3) and an editor (4).
fn three() -> World {
    World::with(&[Role::Owner, Role::Owner, Role::Admin, Role::Editor])
}

fn owners(world: &World) -> Vec<usize> {
    let owners = world.evaluate().owners();
    (0..40)
        .filter(|place| owners.contains(&member(*place)))
        .collect()
}

#[test]
fn more_than_half_of_the_owners_change_the_owners() {
    let mut world = three();
    assert_eq!(owners(&world), [0, 1, 2]);
    world.write(1, vote_add(2, 3));
    let membership = world.evaluate();
    let open = membership.open_votes();
    assert_eq!(
        (open.len(), open[0].missing, membership.votes_needed()),
        (1, 1, 2)
    );
    world.write(2, vote_add(2, 3));
    assert_eq!(owners(&world), [0, 1, 2, 3]);
    assert_eq!(world.evaluate().generation(), 3);
}

#[test]
fn an_owner_is_removed_by_votes_only_and_keeps_no_role() {
    let mut world = three();
    for place in [
        world.write(1, remove(2)),
        world.write(1, lower(2, Role::Reader)),
        world.write(3, remove(2)),
        world.write(3, remove_device(2)),
        world.write(1, seal(2)),
    ] {
        let membership = world.evaluate();
        assert_eq!(
            reason(&membership, place, 0),
            Some(Refused::AgainstOwner(member(2)))
        );
    }
    world.write(1, vote_remove(2, 2));
    world.write(0, vote_remove(2, 2));
    assert_eq!(owners(&world), [0, 1]);
    assert_eq!(world.role(2), None);
    assert_eq!(world.evaluate().device_role(device(2)), None);
}

#[test]
fn an_owner_votes_once_in_a_generation() {
    let mut world = three();
    world.write(1, vote_add(2, 3));
    let second = world.write(1, vote_add(2, 4));
    let again = world.write(1, vote_add(2, 3));
    let membership = world.evaluate();
    let expected = Some(Refused::SecondVote { generation: 2 });
    assert_eq!(reason(&membership, second, 0), expected);
    assert_eq!(reason(&membership, again, 0), expected);
    world.write(2, vote_add(2, 4));
    assert_eq!(owners(&world), [0, 1, 2]);
}

#[test]
fn a_vote_for_another_generation_counts_for_nothing() {
    let mut world = three();
    for generation in [0, 1, 3, u32::MAX] {
        let place = world.write(1, vote_add(generation, 3));
        assert_eq!(
            world.ignored(&world.evaluate(), place),
            Some(Refused::WrongGeneration {
                expected: 2,
                found: generation
            })
        );
    }
}

#[test]
fn two_quorums_of_one_generation_add_nobody() {
    let mut world = three();
    let known = world.known(1);
    world.write(0, vote_add(2, 3));
    world.write(2, vote_add(2, 4));
    world.write_on(1, known, vec![vote_add(2, 3)]);
    assert_eq!(owners(&world), [0, 1, 2, 3]);
    world.write_on(1, known, vec![vote_add(2, 4)]);
    assert_eq!(owners(&world), [0, 1, 2]);
}

#[test]
fn of_two_quorums_the_removal_wins() {
    let mut world = three();
    let known = world.known(1);
    world.write(0, vote_remove(2, 2));
    world.write(2, vote_add(2, 4));
    world.write_on(1, known, vec![vote_add(2, 4)]);
    world.write_on(1, known, vec![vote_remove(2, 2)]);
    assert_eq!(owners(&world), [0, 1]);
}

#[test]
fn whoever_loses_against_a_fork_still_can_be_voted_in() {
    let mut world = three();
    let known = world.known(1);
    world.write(0, vote_add(2, 3));
    world.write(2, vote_add(2, 4));
    let one = world.write_on(1, known, vec![vote_add(2, 3)]);
    let two = world.write_on(1, known, vec![vote_add(2, 4)]);
    for owner in [0, 2] {
        world.see(owner, 0);
        world.see(owner, 2);
        *world.knows.get_mut(&owner).unwrap() |= 1 << one | 1 << two;
    }
    assert_eq!(world.evaluate().generation(), 3);
    world.write(0, vote_remove(3, 1));
    world.write(2, vote_remove(3, 1));
    assert_eq!(owners(&world), [0, 2]);
    world.see(0, 2);
    world.see(2, 0);
    world.write(0, vote_add(4, 3));
    world.write(2, vote_add(4, 3));
    assert_eq!(owners(&world), [0, 2, 3]);
}

#[test]
fn a_removed_owner_cannot_undo_an_election_with_a_backdated_vote() {
    let mut world = three();
    let known = world.known(1);
    // 2 votes for 4 and loses; 0 and 1 make 3 an owner, and later all remove 1.
    world.write(2, vote_add(2, 4));
    world.write(1, vote_add(2, 3));
    world.write(0, vote_add(2, 3));
    for owner in [0, 2, 3] {
        for other in [0, 1, 2] {
            world.see(owner, other);
        }
    }
    for owner in [0, 2, 3] {
        world.write(owner, vote_remove(3, 1));
    }
    assert_eq!(owners(&world), [0, 2, 3]);
    world.write_on(1, known, vec![vote_add(2, 4)]);
    assert_eq!(owners(&world), [0, 2, 3]);
}

#[test]
fn a_removed_owner_raises_nobody_backdated() {
    let mut world = three();
    let mut known = world.known(2);
    world.write(0, vote_remove(2, 2));
    world.write(1, vote_remove(2, 2));
    for operation in [
        add(20, Role::Admin),
        add(20, Role::Reader),
        add_device(2, 21),
    ] {
        let place = world.write_on(2, known, vec![operation]);
        known |= 1 << place;
        assert_eq!(
            world.ignored(&world.evaluate(), place),
            Some(Refused::Overtaken)
        );
    }
    assert_eq!((world.role(20), world.role(2)), (None, None));
    assert_eq!(world.evaluate().device_role(device(21)), None);
}

#[test]
fn a_removed_owner_seals_nobody_backdated() {
    let mut world = three();
    let known = world.known(2);
    world.write(3, remove(4));
    world.write(0, vote_remove(2, 2));
    world.write(1, vote_remove(2, 2));
    let place = world.write_on(2, known, vec![seal(3)]);
    assert_eq!(
        world.ignored(&world.evaluate(), place),
        Some(Refused::Overtaken)
    );
    assert_eq!(world.role(4), None);
}

#[test]
fn what_voters_had_seen_of_a_removed_owner_stands() {
    let mut world = three();
    world.write(2, add(20, Role::Admin));
    world.see(0, 2);
    world.write(0, vote_remove(2, 2));
    world.write(1, vote_remove(2, 2));
    assert_eq!(world.role(20), Some(Role::Admin));
}

#[test]
fn a_removed_owner_is_added_again_by_one_who_knows() {
    let mut world = three();
    world.write(0, vote_remove(2, 2));
    world.write(1, vote_remove(2, 2));
    world.see(1, 0);
    world.write(1, add(2, Role::Editor));
    assert_eq!(world.role(2), Some(Role::Editor));
    world.see(0, 1);
    world.write(0, vote_add(3, 2));
    world.write(1, vote_add(3, 2));
    assert_eq!(owners(&world), [0, 1, 2]);
    world.see(2, 0);
    world.see(2, 1);
    world.write(2, add(22, Role::Admin));
    assert_eq!(world.role(22), Some(Role::Admin));
}

#[test]
fn an_admin_cannot_take_an_owner_away_with_a_backdated_removal() {
    let mut world = World::with(&[Role::Admin, Role::Editor]);
    let mut before = world.known(1);
    world.write(FOUNDER, vote_add(0, 2));
    assert_eq!(owners(&world), [0, 2]);
    for operation in [remove(2), lower(2, Role::Courier), remove_device(2)] {
        before |= 1 << world.write_on(1, before, vec![operation]);
    }
    assert_eq!(owners(&world), [0, 2]);
    assert_eq!(world.evaluate().device_role(device(2)), Some(Role::Owner));
    world.see(2, FOUNDER);
    world.write(2, add(23, Role::Admin));
    assert_eq!(world.role(23), Some(Role::Admin));
}

#[test]
fn an_admin_cannot_take_an_owners_device_by_removing_who_invited_it() {
    let mut world = World::with(&[Role::Admin, Role::Admin]);
    let before = world.known(1);
    world.write(2, add(20, Role::Editor));
    world.see(20, 2);
    world.write(20, add_device(20, 21));
    world.see(FOUNDER, 20);
    world.write(FOUNDER, vote_add(0, 20));
    assert_eq!(owners(&world), [0, 20]);
    world.write_on(1, before, vec![remove(2)]);
    assert_eq!((owners(&world), world.role(2)), (vec![0, 20], None));
    for own in [20, 21] {
        let role = world.evaluate().device_role(device(own));
        assert_eq!(role, Some(Role::Owner), "{own}");
    }
    world.see(20, FOUNDER);
    let place = world.write(20, add(23, Role::Admin));
    assert_eq!(world.ignored(&world.evaluate(), place), None);
}

#[test]
fn a_founder_who_forks_takes_no_device_from_the_other_owners() {
    let mut world = three();
    let genesis = 1;
    world.write_on(FOUNDER, genesis, vec![add(30, Role::Admin)]);
    let membership = world.evaluate();
    assert_eq!(owners(&world), [0, 1, 2]);
    assert_eq!(membership.device_role(device(FOUNDER)), None);
    assert_eq!(membership.role_of(member(30)), None);
    for owner in [1, 2] {
        assert_eq!(membership.device_role(device(owner)), Some(Role::Owner));
        world.knows.insert(owner, world.all());
    }
    // What the founder granted otherwise is gone, and given again.
    assert_eq!(membership.role_of(member(4)), None);
    world.write(1, add(4, Role::Editor));
    assert_eq!(world.role(4), Some(Role::Editor));
    world.see(2, 1);
    world.write(1, vote_remove(2, FOUNDER));
    world.write(2, vote_remove(2, FOUNDER));
    assert_eq!(owners(&world), [1, 2]);
}

#[test]
fn the_last_owner_stays() {
    let mut world = World::with(&[Role::Admin]);
    let place = world.write(FOUNDER, vote_remove(0, FOUNDER));
    assert_eq!(
        world.ignored(&world.evaluate(), place),
        Some(Refused::LastOwner)
    );
    assert_eq!(owners(&world), [0]);
}

#[test]
fn a_stolen_device_of_an_owner_is_removed_by_the_owner() {
    let mut world = three();
    world.write(2, add_device(2, 30));
    world.see(30, 2);
    world.write(2, remove_device(30));
    let known = world.known(30);
    let grant = world.write_on(30, known, vec![add(24, Role::Admin)]);
    let membership = world.evaluate();
    assert_eq!(reason(&membership, grant, 0), Some(Refused::Overtaken));
    assert_eq!(membership.role_of(member(24)), None);
    assert_eq!(owners(&world), [0, 1, 2]);
}
