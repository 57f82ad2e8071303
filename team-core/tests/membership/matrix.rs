//! Every kind of operation by every role: forged ones are ignored and reported with a reason.

use pack_format::advice::Advice;
use team_core::control::{Control, Epoch, KeyCommitment, ShareEpoch};
use team_core::ids::{CompartmentId, EpochId, OperationId};
use team_core::role::Role;

use super::world::{
    FOUNDER, World, add, add_device, card, device, genesis, lower, member, name, raise, remove,
    remove_device, seal, segment, vote_add, vote_remove,
};

/// One member of each role below owner, by its place in [`Role::ALL`] + 1; 7 is removed, 8 is
/// nobody, 9 is somebody else.
fn cast() -> World {
    let mut roles: Vec<Role> = Role::ALL[..6].to_vec();
    roles.push(Role::Editor);
    let mut world = World::with(&roles);
    world.write(FOUNDER, remove(7));
    world.write(FOUNDER, add(9, Role::Editor));
    world.write(FOUNDER, Control::AddCompartment(BOARD, name("Board")));
    for place in 1..=7 {
        world.see(place, FOUNDER);
    }
    world
}

const BOARD: CompartmentId = CompartmentId([4; 16]);

fn epoch(compartment: CompartmentId) -> Control {
    Control::Epoch(Epoch {
        compartment,
        commitment: KeyCommitment([1; 32]),
        wraps: Vec::new(),
    })
}

/// The operations with the least role that may write them; none for those nobody may.
fn operations(own: usize) -> Vec<(Control, Option<Role>)> {
    let unknown = EpochId::of(OperationId {
        segment: segment(99),
        index: 0,
    });
    vec![
        (Control::Genesis(Box::new(genesis())), None),
        (add(20, Role::Approver), Some(Role::Admin)),
        (add(20, Role::Admin), Some(Role::Owner)),
        (raise(9, Role::Approver), Some(Role::Admin)),
        (raise(9, Role::Admin), Some(Role::Owner)),
        (raise(30, Role::Reader), None),
        (lower(9, Role::Reader), Some(Role::Admin)),
        (remove(9), Some(Role::Admin)),
        (remove(30), None),
        (remove(FOUNDER), None),
        (add_device(own, 21), Some(Role::Courier)),
        (add_device(9, 21), None),
        (add_device(own, 9), None),
        (remove_device(9), Some(Role::Admin)),
        (remove_device(own), Some(Role::Courier)),
        (remove_device(33), None),
        (vote_add(0, 9), Some(Role::Owner)),
        (vote_add(0, 30), None),
        (vote_add(5, 9), None),
        (vote_remove(0, 9), None),
        (seal(9), Some(Role::Owner)),
        (seal(30), None),
        (
            Control::AddCompartment(CompartmentId([5; 16]), name("New")),
            Some(Role::Admin),
        ),
        (Control::AddCompartment(BOARD, name("Again")), None),
        (Control::Admit(BOARD, member(9)), Some(Role::Admin)),
        (Control::Admit(CompartmentId([6; 16]), member(9)), None),
        (Control::Expel(BOARD, member(9)), Some(Role::Admin)),
        (epoch(CompartmentId::WHOLE), Some(Role::Suggester)),
        (epoch(BOARD), None),
        (
            Control::ShareEpoch(ShareEpoch {
                epoch: unknown,
                wraps: Vec::new(),
            }),
            None,
        ),
        (
            Control::Prekey(2, Box::new(card().prekey)),
            Some(Role::Courier),
        ),
        (Control::Routes(card().routes), Some(Role::Courier)),
        (Control::Checkpoint([0; 32]), Some(Role::Editor)),
        (
            Control::ConfirmCheckpoint(segment(1), [0; 32]),
            Some(Role::Courier),
        ),
        (Control::Delete(vec![segment(50)]), Some(Role::Courier)),
        (
            Control::ConfirmDeletion(vec![segment(50)]),
            Some(Role::Courier),
        ),
        (Control::Adopt(vec![segment(50)]), Some(Role::Approver)),
    ]
}

#[test]
fn every_forged_operation_of_every_role_is_ignored_and_reported() {
    let base = cast();
    let authors = (1..=6).map(|place| (place, Role::ALL.get(place - 1).copied()));
    let authors = authors.chain([(FOUNDER, Some(Role::Owner)), (7, None), (8, None)]);
    let mut refused = 0;
    for (author, role) in authors {
        for (operation, least) in operations(author) {
            let mut world = base.clone();
            let allowed = world.evaluate().may(device(author), &operation);
            let kind = operation.kind();
            let place = world.write_on(author, base.all(), vec![operation.clone()]);
            let membership = world.evaluate();
            let reason = world.ignored(&membership, place);
            let expected = least.is_some_and(|least| role >= Some(least));
            assert_eq!(reason.is_none(), expected, "{author} {kind} {reason:?}");
            assert_eq!(allowed.is_ok(), expected, "{author} {kind} {allowed:?}");
            if let Some(reason) = reason {
                refused += 1;
                assert!(!reason.to_string().is_empty() && !reason.code().is_empty());
                let found = membership.ignored().iter().find(|one| one.reason == reason);
                assert_eq!(
                    found.map(|one| (one.kind, one.deed.by)),
                    Some((kind, device(author)))
                );
                assert_eq!(
                    without_reports(&base.evaluate()),
                    without_reports(&membership),
                    "{author} {kind}"
                );
            }
        }
    }
    assert_eq!(refused, 252);
}

/// Everything but the reports, as text.
fn without_reports(membership: &team_core::membership::Membership) -> String {
    let members: Vec<_> = membership.members().collect();
    let devices: Vec<_> = membership.devices().collect();
    let epochs: Vec<_> = membership
        .epochs()
        .filter(|epoch| epoch.refused.is_none())
        .collect();
    let compartments: Vec<_> = membership.compartments().collect();
    format!(
        "{members:?} {devices:?} {epochs:?} {compartments:?} {:?} {:?} {:?} {:?}",
        membership.owners(),
        membership.adopted(),
        membership.deletion_requests(),
        membership.open_votes()
    )
}
