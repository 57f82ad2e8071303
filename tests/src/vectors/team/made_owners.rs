//! Histories of owners and their votes.

use super::case::Case;
use super::history::{ADMIN, History, Op, READER};
use super::wire::{AMINA, BILAL, CAROL, DAVID, Device, ESRA};

/// Amina made Bilal an owner, then both made Carol one.
fn three_owners() -> History {
    let mut history = two_owners(&[(CAROL, ADMIN), (DAVID, ADMIN)]);
    history.write(AMINA, vec![Op::AddOwner(1, CAROL)]);
    history.write(BILAL, vec![Op::AddOwner(1, CAROL)]);
    history
}

fn two_owners(others: &[(Device, u8)]) -> History {
    let mut members = vec![(BILAL, ADMIN)];
    members.extend_from_slice(others);
    let mut history = History::with(&members);
    history.write(AMINA, vec![Op::AddOwner(0, BILAL)]);
    history
}

pub(super) fn of_owners() -> Vec<Case> {
    let mut alone = History::with(&[(BILAL, ADMIN)]);
    alone.write(
        AMINA,
        vec![
            Op::RemoveOwner(0, AMINA),
            Op::AddOwner(0, BILAL),
            Op::AddOwner(0, AMINA),
        ],
    );
    let mut by_admin = History::with(&[(BILAL, ADMIN)]);
    by_admin.write(BILAL, vec![Op::AddOwner(0, BILAL)]);
    let mut wrong = two_owners(&[(CAROL, ADMIN)]);
    wrong.write(
        AMINA,
        vec![
            Op::AddOwner(0, CAROL),
            Op::RemoveOwner(1, CAROL),
            Op::AddOwner(1, BILAL),
            Op::AddOwner(1, ESRA),
        ],
    );
    let mut once = three_owners();
    once.write(
        AMINA,
        vec![Op::RemoveOwner(2, BILAL), Op::RemoveOwner(2, CAROL)],
    );
    once.write(CAROL, vec![Op::RemoveOwner(2, AMINA)]);
    let mut forked = three_owners();
    let tip = forked.segments.iter().rposition(|it| it.device == AMINA);
    forked.behind(AMINA, tip, &[4], vec![Op::RemoveOwner(2, BILAL)]);
    forked.behind(AMINA, tip, &[4], vec![Op::AddOwner(2, DAVID)]);
    let mut seal = three_owners();
    let one = seal.write(AMINA, vec![Op::RemoveOwner(2, CAROL)]);
    seal.seeing(BILAL, &[one], vec![Op::RemoveOwner(2, CAROL)]);
    seal.seeing(
        CAROL,
        &[0, 1, 2, 3, 4],
        vec![Op::Seal(DAVID), Op::AddMember(ESRA, READER)],
    );
    let three = |condition, comment, history| {
        Case::new(condition, comment, history)
            .owners(2, &[AMINA, BILAL, CAROL])
            .member(DAVID, "admin")
    };
    vec![
        Case::new(
            "owner_alone",
            "The only owner makes another one, and cannot go before.",
            alone,
        )
        .owners(1, &[AMINA, BILAL])
        .ignored(2, 0, "last-owner")
        .ignored(2, 2, "wrong-generation"),
        Case::new(
            "vote_by_admin",
            "An insider cannot make itself an owner.",
            by_admin,
        )
        .member(BILAL, "admin")
        .ignored(2, 0, "role-too-low"),
        Case::new(
            "votes_for_nothing",
            "Votes for another generation, against no owner, for an owner, for a stranger.",
            wrong,
        )
        .owners(1, &[AMINA, BILAL])
        .member(CAROL, "admin")
        .ignored(3, 0, "wrong-generation")
        .ignored(3, 1, "no-owner")
        .ignored(3, 2, "owner-already")
        .ignored(3, 3, "no-such-member"),
        three(
            "vote_once",
            "An owner has one vote in a generation: the first one counts.",
            once,
        )
        .ignored(5, 1, "second-vote"),
        three(
            "vote_of_fork",
            "Two votes of a forked owner are two, and neither is a majority.",
            forked,
        )
        .forked(AMINA, 5),
        Case::new(
            "removed_owner",
            "What an owner wrote whom the others had removed meanwhile is void.",
            seal,
        )
        .owners(3, &[AMINA, BILAL])
        .gone(CAROL)
        .member(DAVID, "admin")
        .ignored(7, 0, "overtaken")
        .ignored(7, 1, "overtaken"),
    ]
}

pub(super) fn of_quorums() -> Vec<Case> {
    let mut of_2 = two_owners(&[]);
    of_2.write(AMINA, vec![Op::RemoveOwner(1, BILAL)]);
    let mut mutual = two_owners(&[]);
    mutual.seeing(AMINA, &[], vec![Op::RemoveOwner(1, BILAL)]);
    mutual.seeing(BILAL, &[0, 1, 2], vec![Op::RemoveOwner(1, AMINA)]);
    let mut both = two_owners(&[]);
    both.write(AMINA, vec![Op::RemoveOwner(1, BILAL)]);
    both.write(BILAL, vec![Op::RemoveOwner(1, BILAL)]);
    let mut of_3 = three_owners();
    of_3.write(AMINA, vec![Op::RemoveOwner(2, BILAL)]);
    let mut majority = of_3.clone();
    majority.write(CAROL, vec![Op::RemoveOwner(2, BILAL)]);
    let mut split = three_owners();
    let seen: Vec<usize> = (0..split.segments.len()).collect();
    split.seeing(AMINA, &seen, vec![Op::RemoveOwner(2, BILAL)]);
    split.seeing(BILAL, &seen, vec![Op::RemoveOwner(2, AMINA)]);
    split.seeing(CAROL, &seen, vec![Op::RemoveOwner(2, AMINA)]);
    let mut added = three_owners();
    added.write(AMINA, vec![Op::AddOwner(2, DAVID)]);
    added.write(CAROL, vec![Op::AddOwner(2, DAVID)]);
    let three = |condition, comment, history| {
        Case::new(condition, comment, history)
            .owners(2, &[AMINA, BILAL, CAROL])
            .member(DAVID, "admin")
    };
    vec![
        Case::new("quorum_of_2_one", "One vote of two changes nothing.", of_2)
            .owners(1, &[AMINA, BILAL]),
        Case::new(
            "quorum_of_2_against_each_other",
            "Two owners against each other change nothing.",
            mutual,
        )
        .owners(1, &[AMINA, BILAL]),
        Case::new(
            "quorum_of_2_both",
            "Both votes of two make a change; who is removed has no role.",
            both,
        )
        .owners(2, &[AMINA])
        .gone(BILAL),
        three(
            "quorum_of_3_one",
            "One vote of three changes nothing.",
            of_3,
        ),
        Case::new(
            "quorum_of_3_two",
            "Two votes of three make a change.",
            majority,
        )
        .owners(3, &[AMINA, CAROL])
        .gone(BILAL)
        .member(DAVID, "admin"),
        Case::new(
            "quorum_of_3_split",
            "Of two changes at one time there is a majority for one at most.",
            split,
        )
        .owners(3, &[BILAL, CAROL])
        .gone(AMINA)
        .member(DAVID, "admin"),
        Case::new("quorum_of_3_adds", "Two of three make a fourth.", added)
            .owners(3, &[AMINA, BILAL, CAROL, DAVID]),
    ]
}
