//! By which operations somebody came to read.

use team_core::control::Control;
use team_core::ids::{CompartmentId, OperationId, SegmentHash};
use team_core::role::Role;

use super::world::{FOUNDER, World, add, lower, member, name, raise, remove, segment, vote_add};

const BOARD: CompartmentId = CompartmentId([4; 16]);
const WHOLE: CompartmentId = CompartmentId::WHOLE;
const NEWCOMER: usize = 10;

fn since(world: &World, who: usize, compartment: CompartmentId) -> Vec<SegmentHash> {
    let since = world.evaluate().reads_since(member(who), compartment);
    since
        .into_iter()
        .map(|it: OperationId| it.segment)
        .collect()
}

#[test]
fn a_member_reads_since_it_was_made_a_reader() {
    let mut world = World::new();
    let joined = world.write(FOUNDER, add(NEWCOMER, Role::Courier));
    assert!(since(&world, NEWCOMER, WHOLE).is_empty());
    let raised = world.write(FOUNDER, raise(NEWCOMER, Role::Reader));
    assert_eq!(since(&world, NEWCOMER, WHOLE), [segment(raised)]);
    world.write(FOUNDER, raise(NEWCOMER, Role::Editor));
    world.write(FOUNDER, add(NEWCOMER, Role::Reader));
    assert_eq!(since(&world, NEWCOMER, WHOLE), [segment(raised)]);
    world.write(FOUNDER, lower(NEWCOMER, Role::Courier));
    let raised = world.write(FOUNDER, raise(NEWCOMER, Role::Reader));
    assert_eq!(since(&world, NEWCOMER, WHOLE), [segment(raised)]);
    world.write(FOUNDER, remove(NEWCOMER));
    assert!(since(&world, NEWCOMER, WHOLE).is_empty());
    let again = world.write(FOUNDER, add(NEWCOMER, Role::Reader));
    assert_eq!(since(&world, NEWCOMER, WHOLE), [segment(again)]);
    assert_ne!(joined, again);
}

#[test]
fn a_member_reads_a_compartment_since_it_was_admitted() {
    let mut world = World::new();
    let joined = world.write(FOUNDER, add(NEWCOMER, Role::Reader));
    world.write(FOUNDER, Control::AddCompartment(BOARD, name("Board")));
    assert!(since(&world, NEWCOMER, BOARD).is_empty());
    let admitted = world.write(FOUNDER, Control::Admit(BOARD, member(NEWCOMER)));
    world.write(FOUNDER, Control::Admit(BOARD, member(NEWCOMER)));
    let both = [joined, admitted].map(segment);
    assert_eq!(since(&world, NEWCOMER, BOARD), both);
    world.write(FOUNDER, Control::Expel(BOARD, member(NEWCOMER)));
    assert!(since(&world, NEWCOMER, BOARD).is_empty());
    assert_eq!(since(&world, NEWCOMER, WHOLE), [segment(joined)]);
    let admitted = world.write(FOUNDER, Control::Admit(BOARD, member(NEWCOMER)));
    let both = [joined, admitted].map(segment);
    assert_eq!(since(&world, NEWCOMER, BOARD), both);
    world.write(FOUNDER, lower(NEWCOMER, Role::Courier));
    let raised = world.write(FOUNDER, raise(NEWCOMER, Role::Reader));
    let both = [raised, admitted].map(segment);
    assert_eq!(since(&world, NEWCOMER, BOARD), both);
}

#[test]
fn an_owner_reads_since_it_was_a_reader_or_voted_for() {
    let mut world = World::new();
    world.write(FOUNDER, add(NEWCOMER, Role::Courier));
    let reader = world.write(FOUNDER, add(11, Role::Reader));
    let elected = world.write(FOUNDER, vote_add(0, NEWCOMER));
    for owner in [FOUNDER, NEWCOMER] {
        world.see(NEWCOMER, FOUNDER);
        world.write(owner, vote_add(1, 11));
    }
    assert_eq!(since(&world, FOUNDER, WHOLE), [segment(0)]);
    assert_eq!(since(&world, NEWCOMER, WHOLE), [segment(elected)]);
    assert_eq!(since(&world, 11, WHOLE), [segment(reader)]);
}
