//! Vectors of membership: who may do what after a small history.

use super::super::file::VectorFile;
use super::case::Case;
use super::history::{ADMIN, APPROVER, COURIER, EDITOR, History, Op, READER, SUGGESTER};
use super::made_owners;
use super::made_standing;
use super::wire::{AMINA, BILAL, CAROL, DAVID, Device, ESRA, SECOND};

pub(super) fn all() -> Vec<VectorFile> {
    cases().iter().map(Case::file).collect()
}

fn cases() -> Vec<Case> {
    let mut cases = of_roles();
    cases.extend(of_denials());
    cases.extend(of_grants());
    cases.extend(of_seals());
    cases.extend(of_forks());
    cases.extend(made_owners::of_owners());
    cases.extend(made_owners::of_quorums());
    cases.extend(made_standing::of_devices());
    cases.extend(made_standing::of_content());
    cases.extend(made_standing::of_compartments());
    cases
}

fn of_roles() -> Vec<Case> {
    let everybody = [
        (Device(31), COURIER, "courier"),
        (Device(32), READER, "reader"),
        (Device(33), SUGGESTER, "suggester"),
        (Device(34), EDITOR, "editor"),
        (Device(35), APPROVER, "approver"),
        (Device(36), ADMIN, "admin"),
    ];
    let added: Vec<_> = everybody
        .iter()
        .map(|(device, role, _)| (*device, *role))
        .collect();
    let mut history = History::with(&added);
    let written: Vec<_> = everybody
        .iter()
        .map(|(device, ..)| history.content(*device))
        .collect();
    let mut each = Case::new(
        "every_role",
        "A member of each role writes content.",
        history,
    );
    for ((device, _, word), segment) in everybody.into_iter().zip(written) {
        each = each.member(device, word).content(segment, word);
    }

    let mut by_editor = History::with(&[(BILAL, EDITOR)]);
    by_editor.write(BILAL, vec![Op::AddMember(CAROL, READER)]);
    let mut by_admin = History::with(&[(BILAL, ADMIN), (CAROL, READER)]);
    by_admin.write(
        BILAL,
        vec![
            Op::AddMember(DAVID, ADMIN),
            Op::RaiseRole(CAROL, ADMIN),
            Op::RaiseRole(CAROL, APPROVER),
        ],
    );
    let mut in_order = History::with(&[]);
    in_order.segments.truncate(1);
    in_order.write(
        AMINA,
        vec![
            Op::RaiseRole(BILAL, EDITOR),
            Op::AddMember(BILAL, READER),
            Op::RaiseRole(BILAL, EDITOR),
        ],
    );
    let mut twice = History::new();
    twice.write(AMINA, vec![Op::Genesis, Op::Unknown]);
    let mut stranger = History::new();
    stranger.write(BILAL, vec![Op::AddMember(BILAL, ADMIN)]);
    vec![
        Case::new(
            "founder",
            "A space begins with its founder.",
            History::new(),
        ),
        each,
        Case::new(
            "grant_by_editor",
            "An insider cannot add anybody.",
            by_editor,
        )
        .member(BILAL, "editor")
        .ignored(2, 0, "role-too-low"),
        Case::new(
            "grant_of_admin_by_admin",
            "An admin makes approvers, an owner makes admins.",
            by_admin,
        )
        .member(BILAL, "admin")
        .member(CAROL, "approver")
        .ignored(2, 0, "role-too-low")
        .ignored(2, 1, "role-too-low"),
        Case::new(
            "operations_in_order",
            "An operation sees those before it in its segment, and none after it.",
            in_order,
        )
        .member(BILAL, "editor")
        .ignored(1, 0, "no-such-member"),
        Case::new(
            "genesis_twice",
            "A space begins once; what a later version wrote has no effect.",
            twice,
        )
        .ignored(1, 0, "not-genesis"),
        Case::new(
            "stranger",
            "A segment of a device that nothing names is not taken in.",
            stranger,
        )
        .not_taken_in(1),
    ]
}

/// Amina founds, Bilal and Carol are admins.
fn two_admins() -> History {
    History::with(&[(BILAL, ADMIN), (CAROL, ADMIN)])
}

fn of_denials() -> Vec<Case> {
    let mut mutual = two_admins();
    mutual.seeing(BILAL, &[0, 1], vec![Op::RemoveMember(CAROL)]);
    mutual.seeing(CAROL, &[0, 1], vec![Op::RemoveMember(BILAL)]);
    let mut healed = mutual.clone();
    healed.write(AMINA, vec![Op::AddMember(BILAL, ADMIN)]);
    let mut backdated = two_admins();
    backdated.write(AMINA, vec![Op::RemoveMember(BILAL)]);
    backdated.seeing(BILAL, &[0, 1], vec![Op::RemoveMember(CAROL)]);
    let mut knowing = two_admins();
    knowing.write(AMINA, vec![Op::RemoveMember(BILAL)]);
    knowing.write(
        BILAL,
        vec![Op::RemoveMember(CAROL), Op::AddMember(DAVID, READER)],
    );
    let mut leaves = two_admins();
    leaves.write(BILAL, vec![Op::Leave]);
    let mut by_approver = History::with(&[(BILAL, APPROVER), (CAROL, READER)]);
    by_approver.write(
        BILAL,
        vec![Op::RemoveMember(CAROL), Op::LowerRole(CAROL, COURIER)],
    );
    let mut lowered = History::with(&[(BILAL, ADMIN), (CAROL, EDITOR)]);
    lowered.seeing(BILAL, &[0, 1], vec![Op::RaiseRole(CAROL, APPROVER)]);
    lowered.seeing(AMINA, &[], vec![Op::LowerRole(CAROL, READER)]);
    let mut repeated = History::with(&[(BILAL, ADMIN), (CAROL, EDITOR), (DAVID, EDITOR)]);
    repeated.write(
        BILAL,
        vec![
            Op::LowerRole(CAROL, READER),
            Op::LowerRole(CAROL, SUGGESTER),
            Op::RemoveMember(CAROL),
            Op::RemoveMember(CAROL),
            Op::AddMember(CAROL, READER),
            Op::RemoveMember(CAROL),
        ],
    );
    repeated.write(AMINA, vec![Op::RemoveMember(CAROL)]);
    let mut owner = two_admins();
    owner.write(
        BILAL,
        vec![
            Op::RemoveMember(AMINA),
            Op::LowerRole(AMINA, READER),
            Op::RemoveDevice(AMINA),
        ],
    );
    owner.write(AMINA, vec![Op::Leave]);
    vec![
        Case::new(
            "mutual_removal",
            "Two admins remove each other: both lose, whoever wins the race.",
            mutual,
        )
        .gone(BILAL)
        .gone(CAROL),
        Case::new(
            "mutual_removal_healed",
            "An owner adds one of them again.",
            healed,
        )
        .member(BILAL, "admin")
        .gone(CAROL),
        Case::new(
            "backdated_removal",
            "A leaver who hides that it knows of its removal still denies: nobody can tell.",
            backdated,
        )
        .gone(BILAL)
        .gone(CAROL),
        Case::new(
            "after_own_removal",
            "A leaver who knows of its removal may do nothing.",
            knowing,
        )
        .gone(BILAL)
        .member(CAROL, "admin")
        .ignored(3, 0, "removed-device")
        .ignored(3, 1, "removed-device"),
        Case::new("leave", "An admin leaves by its own word.", leaves)
            .gone(BILAL)
            .member(CAROL, "admin"),
        Case::new(
            "denial_by_approver",
            "An insider below admin cannot take anything away.",
            by_approver,
        )
        .member(BILAL, "approver")
        .member(CAROL, "reader")
        .ignored(2, 0, "role-too-low")
        .ignored(2, 1, "role-too-low"),
        Case::new(
            "lowered_and_raised",
            "A denial beats a grant that was made at the same time.",
            lowered,
        )
        .member(BILAL, "admin")
        .member(CAROL, "reader"),
        Case::new(
            "denied_again",
            "A denial that takes nothing more away has no effect: an insider could otherwise write so many that nobody gets through them.",
            repeated,
        )
        .member(BILAL, "admin")
        .gone(CAROL)
        .member(DAVID, "editor")
        .ignored(2, 1, "already-denied")
        .ignored(2, 3, "already-denied"),
        Case::new(
            "denials_of_owner",
            "An admin cannot deny an owner anything, and an owner does not leave alone.",
            owner,
        )
        .member(BILAL, "admin")
        .member(CAROL, "admin")
        .ignored(2, 0, "against-owner")
        .ignored(2, 1, "against-owner")
        .ignored(2, 2, "against-owner")
        .ignored(3, 0, "owner-leaves"),
    ]
}

fn of_grants() -> Vec<Case> {
    let mut concurrent = two_admins();
    concurrent.seeing(BILAL, &[0, 1], vec![Op::AddMember(DAVID, EDITOR)]);
    concurrent.seeing(AMINA, &[], vec![Op::RemoveMember(BILAL)]);
    let mut seen = two_admins();
    seen.write(BILAL, vec![Op::AddMember(DAVID, EDITOR)]);
    seen.write(AMINA, vec![Op::RemoveMember(BILAL)]);
    let mut chain = two_admins();
    chain.seeing(BILAL, &[0, 1], vec![Op::AddMember(DAVID, APPROVER)]);
    let david = chain.seeing(DAVID, &[2], vec![Op::AddDevice(DAVID, SECOND)]);
    chain.content_seeing(SECOND, &[david]);
    chain.seeing(AMINA, &[], vec![Op::RemoveMember(BILAL)]);
    let mut again = two_admins();
    again.write(AMINA, vec![Op::RemoveMember(BILAL)]);
    again.write(CAROL, vec![Op::AddMember(BILAL, EDITOR)]);
    let mut alike = History::with(&[(BILAL, ADMIN), (CAROL, ADMIN), (DAVID, READER)]);
    alike.write(BILAL, vec![Op::RaiseRole(DAVID, EDITOR); 65]);
    alike.write(CAROL, vec![Op::RaiseRole(DAVID, APPROVER)]);
    let mut raised = History::with(&[(BILAL, EDITOR)]);
    raised.write(AMINA, vec![Op::LowerRole(BILAL, READER)]);
    raised.write(AMINA, vec![Op::RaiseRole(BILAL, SUGGESTER)]);
    let mut capped = two_admins();
    capped.seeing(BILAL, &[0, 1], vec![Op::AddMember(DAVID, EDITOR)]);
    capped.seeing(AMINA, &[], vec![Op::LowerRole(BILAL, APPROVER)]);
    let mut harmless = two_admins();
    harmless.seeing(BILAL, &[0, 1], vec![Op::AddMember(DAVID, EDITOR)]);
    harmless.seeing(AMINA, &[], vec![Op::LowerRole(BILAL, ADMIN)]);
    let mut back_in = History::with(&[(BILAL, EDITOR)]);
    back_in.write(
        AMINA,
        vec![Op::RemoveMember(BILAL), Op::RaiseRole(BILAL, ADMIN)],
    );
    vec![
        Case::new(
            "grant_and_removal",
            "A grant whose author was removed at the same time is void.",
            concurrent,
        )
        .gone(BILAL)
        .member(CAROL, "admin")
        .ignored(2, 0, "overtaken"),
        Case::new(
            "grant_seen_by_removal",
            "A grant that the removal had seen stands.",
            seen,
        )
        .gone(BILAL)
        .member(CAROL, "admin")
        .member(DAVID, "editor"),
        Case::new(
            "grant_on_void_grant",
            "What rests on a void grant is void too.",
            chain,
        )
        .gone(BILAL)
        .member(CAROL, "admin")
        .ignored(2, 0, "overtaken")
        .ignored(3, 0, "overtaken")
        .content(4, "held"),
        Case::new(
            "grants_alike",
            "A device raises one member 64 times; an insider who is an admin could otherwise make everybody slow.",
            alike,
        )
        .member(BILAL, "admin")
        .member(CAROL, "admin")
        .member(DAVID, "approver")
        .ignored(2, 64, "grants-alike"),
        Case::new(
            "added_again",
            "A grant that has seen the denial counts.",
            again,
        )
        .member(BILAL, "editor")
        .member(CAROL, "admin"),
        Case::new(
            "raised_after_lowering",
            "A raise that has seen the lowering counts.",
            raised,
        )
        .member(BILAL, "suggester"),
        Case::new(
            "grant_and_lowering",
            "An admin who is lowered at the same time has no right to grant.",
            capped,
        )
        .member(BILAL, "approver")
        .member(CAROL, "admin")
        .ignored(2, 0, "overtaken"),
        Case::new(
            "lowering_to_the_same",
            "A denial that leaves the right voids nothing.",
            harmless,
        )
        .member(BILAL, "admin")
        .member(CAROL, "admin")
        .member(DAVID, "editor"),
        Case::new(
            "raise_of_nobody",
            "Who was removed is added again, not raised.",
            back_in,
        )
        .gone(BILAL)
        .ignored(2, 1, "no-such-member"),
    ]
}

fn of_seals() -> Vec<Case> {
    let mut sealed = two_admins();
    sealed.write(AMINA, vec![Op::RemoveMember(BILAL), Op::Seal(BILAL)]);
    sealed.seeing(
        BILAL,
        &[0, 1],
        vec![Op::RemoveMember(CAROL), Op::AddMember(DAVID, EDITOR)],
    );
    let mut had_seen = two_admins();
    had_seen.write(BILAL, vec![Op::RemoveMember(CAROL)]);
    had_seen.write(AMINA, vec![Op::RemoveMember(BILAL), Op::Seal(BILAL)]);
    let mut in_office = two_admins();
    in_office.write(AMINA, vec![Op::Seal(BILAL)]);
    in_office.write(BILAL, vec![Op::AddMember(DAVID, EDITOR)]);
    let mut by_admin = two_admins();
    by_admin.write(BILAL, vec![Op::Seal(CAROL)]);
    by_admin.write(AMINA, vec![Op::Seal(AMINA)]);
    vec![
        Case::new(
            "seal",
            "An owner voids what a leaver hid: its denials as well as its grants.",
            sealed,
        )
        .gone(BILAL)
        .member(CAROL, "admin")
        .ignored(3, 0, "sealed")
        .ignored(3, 1, "overtaken"),
        Case::new(
            "seal_had_seen",
            "What the seal's author had seen is not sealed.",
            had_seen,
        )
        .gone(BILAL)
        .gone(CAROL),
        Case::new(
            "seal_in_office",
            "What comes after the seal, knowing it, is not sealed.",
            in_office,
        )
        .member(BILAL, "admin")
        .member(CAROL, "admin")
        .member(DAVID, "editor"),
        Case::new(
            "seal_by_admin",
            "Owners seal, and nobody seals an owner.",
            by_admin,
        )
        .member(BILAL, "admin")
        .member(CAROL, "admin")
        .ignored(2, 0, "role-too-low")
        .ignored(3, 0, "against-owner"),
    ]
}

fn of_forks() -> Vec<Case> {
    let mut forked = two_admins();
    let before = forked.write(BILAL, vec![Op::AddMember(ESRA, READER)]);
    forked.behind(BILAL, Some(before), &[], vec![Op::AddMember(DAVID, EDITOR)]);
    forked.behind(BILAL, Some(before), &[], vec![Op::RemoveMember(CAROL)]);
    let mut content = History::with(&[(BILAL, EDITOR)]);
    let first = content.content(BILAL);
    content.content(BILAL);
    content.behind(BILAL, Some(first), &[], vec![Op::Leave]);
    let mut both = two_admins();
    let one = both.behind(BILAL, None, &[0, 1], vec![Op::RemoveMember(CAROL)]);
    let other = both.behind(BILAL, None, &[1], vec![Op::AddMember(DAVID, EDITOR)]);
    both.seeing(
        AMINA,
        &[one, other],
        vec![Op::RemoveDevice(BILAL), Op::AddMember(CAROL, ADMIN)],
    );
    vec![
        Case::new(
            "fork",
            "From the first number that a device used twice on its grants are void and its denials stand: else it would take a denial back by forking.",
            forked,
        )
        .member(BILAL, "admin")
        .gone(CAROL)
        .member(ESRA, "reader")
        .forked(BILAL, 2)
        .ignored(3, 0, "forked"),
        Case::new("fork_of_content", "Content from the fork on is held; the denial beside it stands.", content)
            .gone(BILAL)
            .forked(BILAL, 2)
            .content(2, "editor")
            .content(3, "held"),
        Case::new("fork_repaired", "An owner who has seen both branches puts things right.", both)
            .with_devices(BILAL, "admin", &[])
            .member(CAROL, "admin")
            .forked(BILAL, 1)
            .ignored(3, 0, "forked"),
    ]
}
