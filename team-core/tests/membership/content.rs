//! With which right content was written.

use team_core::control::Control;
use team_core::ids::CompartmentId;
use team_core::membership::{Fork, Range};
use team_core::role::Role;

use super::world::{
    FOUNDER, World, add, device, lower, member, name, raise, remove, remove_device, seal, segment,
};

const EDITOR: usize = 1;
const ADMIN: usize = 2;

fn range(from: u64, to: u64, role: Role) -> Range {
    Range { from, to, role }
}

/// A space in which the editor has seen what there is from its first segment on.
fn team() -> (World, Vec<(u64, usize)>) {
    let world = World::with(&[Role::Editor, Role::Admin]);
    let newest = world.steps.len() - 1;
    (world, vec![(1, newest)])
}

fn ranges(world: &World, steps: &[(u64, usize)]) -> Vec<Range> {
    let steps = world.steps_of(EDITOR, steps);
    world
        .evaluate()
        .standing(device(EDITOR), &steps)
        .ranges()
        .to_vec()
}

#[test]
fn a_member_writes_with_its_role_from_when_it_knows() {
    let (world, _) = team();
    assert_eq!(
        ranges(&world, &[(3, world.steps.len() - 1)]),
        [range(3, u64::MAX, Role::Editor)]
    );
    assert!(ranges(&world, &[]).is_empty());
}

#[test]
fn what_the_remover_had_not_seen_is_held() {
    let (mut world, steps) = team();
    world.write_content(EDITOR);
    world.write_content(EDITOR);
    world.see(ADMIN, EDITOR);
    world.write(ADMIN, remove(EDITOR));
    assert_eq!(ranges(&world, &steps), [range(1, 2, Role::Editor)]);
    let standing = world
        .evaluate()
        .standing(device(EDITOR), &world.steps_of(EDITOR, &steps));
    assert_eq!(
        (standing.role_at(2), standing.role_at(3)),
        (Some(Role::Editor), None)
    );
}

#[test]
fn a_lowered_writer_goes_on_with_the_lower_role() {
    let (mut world, steps) = team();
    world.write_content(EDITOR);
    world.see(ADMIN, EDITOR);
    world.write(ADMIN, lower(EDITOR, Role::Suggester));
    assert_eq!(
        ranges(&world, &steps),
        [
            range(1, 1, Role::Editor),
            range(2, u64::MAX, Role::Suggester)
        ]
    );
}

#[test]
fn whoever_was_added_again_writes_from_when_it_knows() {
    let (mut world, mut steps) = team();
    for _ in 0..5 {
        world.write_content(EDITOR);
    }
    world.see(ADMIN, EDITOR);
    world.write(ADMIN, remove(EDITOR));
    let again = world.write(ADMIN, add(EDITOR, Role::Reader));
    steps.push((9, again));
    assert_eq!(
        ranges(&world, &steps),
        [range(1, 5, Role::Editor), range(9, u64::MAX, Role::Reader)]
    );
}

#[test]
fn a_raise_counts_from_when_its_subject_knows() {
    let (mut world, mut steps) = team();
    let raised = world.write(ADMIN, raise(EDITOR, Role::Approver));
    steps.push((4, raised));
    assert_eq!(
        ranges(&world, &steps),
        [
            range(1, 3, Role::Editor),
            range(4, u64::MAX, Role::Approver)
        ]
    );
}

#[test]
fn a_seal_holds_what_was_written_between() {
    let (mut world, mut steps) = team();
    world.write_content(EDITOR);
    world.see(FOUNDER, EDITOR);
    let sealed = world.write(FOUNDER, seal(EDITOR));
    steps.push((5, sealed));
    assert_eq!(
        ranges(&world, &steps),
        [range(1, 1, Role::Editor), range(5, u64::MAX, Role::Editor)]
    );
}

#[test]
fn nothing_stands_from_a_fork_on() {
    let (world, steps) = team();
    let mut graph = world.graph().clone();
    graph.note_fork(Fork {
        device: device(EDITOR),
        number: 7,
    });
    let standing = graph
        .evaluate()
        .standing(device(EDITOR), &world.steps_of(EDITOR, &steps));
    assert_eq!(standing.ranges(), [range(1, 6, Role::Editor)]);
}

#[test]
fn a_removed_device_stands_as_far_as_its_remover_had_seen() {
    let (mut world, steps) = team();
    for _ in 0..3 {
        world.write_content(EDITOR);
    }
    world.see(ADMIN, EDITOR);
    world.write_content(EDITOR);
    world.write(ADMIN, remove_device(EDITOR));
    assert_eq!(ranges(&world, &steps), [range(1, 3, Role::Editor)]);
}

#[test]
fn an_approver_adopts_late_work_and_an_editor_does_not() {
    let (mut world, _) = team();
    let late = segment(80);
    let forged = world.write(EDITOR, Control::Adopt(vec![late]));
    assert!(world.ignored(&world.evaluate(), forged).is_some());
    assert!(world.evaluate().adopted().is_empty());
    world.write(ADMIN, Control::Adopt(vec![late]));
    assert_eq!(world.evaluate().adopted(), &[late].into());
}

const BOARD: CompartmentId = CompartmentId([4; 16]);

/// The editor is in the board from the beginning.
fn board() -> (World, Vec<(u64, usize)>) {
    let (mut world, _) = team();
    let newest = world.write_all(
        ADMIN,
        vec![
            Control::AddCompartment(BOARD, name("Board")),
            Control::Admit(BOARD, member(EDITOR)),
        ],
    );
    (world, vec![(1, newest)])
}

fn ranges_in_board(world: &World, steps: &[(u64, usize)]) -> Vec<Range> {
    let steps = world.steps_of(EDITOR, steps);
    let membership = world.evaluate();
    let standing = membership.standing_in(device(EDITOR), BOARD, &steps);
    standing.ranges().to_vec()
}

#[test]
fn who_was_expelled_writes_nothing_there() {
    let (mut world, mut steps) = board();
    assert_eq!(
        ranges_in_board(&world, &steps),
        [range(1, u64::MAX, Role::Editor)]
    );
    world.write_content(EDITOR);
    world.write_content(EDITOR);
    world.see(ADMIN, EDITOR);
    world.write_content(EDITOR);
    let expelled = world.write(ADMIN, Control::Expel(BOARD, member(EDITOR)));
    // Neither what it wrote before it knew nor what it writes since.
    steps.push((5, expelled));
    assert_eq!(ranges_in_board(&world, &steps), [range(1, 2, Role::Editor)]);
    assert_eq!(ranges(&world, &steps), [range(1, u64::MAX, Role::Editor)]);
    let again = world.write(ADMIN, Control::Admit(BOARD, member(EDITOR)));
    steps.push((9, again));
    assert_eq!(
        ranges_in_board(&world, &steps),
        [range(1, 2, Role::Editor), range(9, u64::MAX, Role::Editor)]
    );
}

#[test]
fn who_was_never_admitted_writes_nothing_there() {
    let (mut world, mut steps) = team();
    let made = world.write(ADMIN, Control::AddCompartment(BOARD, name("Board")));
    steps.push((2, made));
    assert!(ranges_in_board(&world, &steps).is_empty());
    let admitted = world.write(ADMIN, Control::Admit(BOARD, member(EDITOR)));
    steps.push((4, admitted));
    let lowered = world.write(ADMIN, lower(EDITOR, Role::Suggester));
    steps.push((4, lowered));
    assert_eq!(
        ranges_in_board(&world, &steps),
        [range(4, u64::MAX, Role::Suggester)]
    );
    assert!(ranges_in_board(&world, &[]).is_empty());
}
