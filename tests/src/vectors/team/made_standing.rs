//! Histories of devices, content and compartments.

use super::case::Case;
use super::history::{ADMIN, APPROVER, COURIER, EDITOR, History, Op, SUGGESTER};
use super::wire::{AMINA, BILAL, CAROL, DAVID, Device, SECOND};

pub(super) fn of_devices() -> Vec<Case> {
    let mut linked = History::with(&[(BILAL, EDITOR)]);
    linked.write(BILAL, vec![Op::AddDevice(BILAL, SECOND)]);
    linked.content(SECOND);
    linked.write(SECOND, vec![Op::RemoveDevice(BILAL)]);
    linked.seeing(BILAL, &[], vec![Op::AddDevice(BILAL, DAVID)]);
    let mut cap = History::with(&[(BILAL, COURIER)]);
    let more = [Device(41), Device(42), Device(43)];
    cap.write(
        BILAL,
        more.iter()
            .map(|device| Op::AddDevice(BILAL, *device))
            .collect(),
    );
    cap.write(
        BILAL,
        vec![
            Op::RemoveDevice(Device(41)),
            Op::AddDevice(BILAL, Device(43)),
        ],
    );
    let mut in_all = History::with(&[(BILAL, COURIER)]);
    let turn = [Op::AddDevice(BILAL, SECOND), Op::RemoveDevice(SECOND)];
    for _ in 0..2 {
        let turns = turn.iter().cloned().cycle().take(64);
        in_all.write(BILAL, turns.collect());
    }
    in_all.write(BILAL, turn.to_vec());
    let mut others = History::with(&[(BILAL, EDITOR), (CAROL, ADMIN)]);
    others.write(
        CAROL,
        vec![
            Op::AddDevice(CAROL, BILAL),
            Op::AddDevice(BILAL, SECOND),
            Op::RemoveDevice(SECOND),
        ],
    );
    others.write(BILAL, vec![Op::RemoveDevice(CAROL)]);
    let mut lost = History::with(&[(BILAL, EDITOR)]);
    lost.write(BILAL, vec![Op::AddDevice(BILAL, SECOND)]);
    lost.write(AMINA, vec![Op::RemoveDevice(BILAL)]);
    lost.content_seeing(BILAL, &[]);
    lost.content(SECOND);
    vec![
        Case::new(
            "device_linked",
            "A second device removes the first, and the first does not come back.",
            linked,
        )
        .with_devices(BILAL, "editor", &[SECOND])
        .ignored(5, 0, "overtaken")
        .content(3, "editor"),
        Case::new(
            "device_cap",
            "A member has as many devices at a time as the policy allows.",
            cap,
        )
        .with_devices(BILAL, "courier", &[BILAL, Device(42), Device(43)])
        .ignored(2, 2, "device-cap"),
        Case::new(
            "devices_added",
            "A member adds 64 devices in all; a courier could otherwise fill up the space.",
            in_all,
        )
        .member(BILAL, "courier")
        .ignored(4, 0, "devices-added")
        .ignored(4, 1, "already-denied"),
        Case::new(
            "device_of_another",
            "An insider neither takes a device nor gives one.",
            others,
        )
        .member(BILAL, "editor")
        .member(CAROL, "admin")
        .ignored(2, 0, "device-taken")
        .ignored(2, 1, "not-own-member")
        .ignored(2, 2, "no-such-device")
        .ignored(3, 0, "role-too-low"),
        Case::new(
            "device_lost",
            "A lost device is removed and its member stays.",
            lost,
        )
        .with_devices(BILAL, "editor", &[SECOND])
        .content(4, "held")
        .content(5, "editor"),
    ]
}

pub(super) fn of_content() -> Vec<Case> {
    let mut late = History::with(&[(BILAL, EDITOR), (CAROL, APPROVER)]);
    let before = late.content(BILAL);
    let removal = late.write(AMINA, vec![Op::RemoveMember(BILAL)]);
    late.content_seeing(BILAL, &[]);
    late.content_seeing(BILAL, &[removal]);
    let mut adopted = late.clone();
    adopted.write(CAROL, vec![Op::Adopt(4)]);
    let mut by_editor = History::with(&[(BILAL, EDITOR), (CAROL, EDITOR)]);
    by_editor.write(AMINA, vec![Op::RemoveMember(BILAL)]);
    by_editor.content_seeing(BILAL, &[0, 1]);
    by_editor.write(CAROL, vec![Op::Adopt(3)]);
    let mut lowered = History::with(&[(BILAL, EDITOR)]);
    lowered.content(BILAL);
    lowered.write(AMINA, vec![Op::LowerRole(BILAL, SUGGESTER)]);
    lowered.content_seeing(BILAL, &[]);
    let back = lowered.write(AMINA, vec![Op::RaiseRole(BILAL, APPROVER)]);
    lowered.content_seeing(BILAL, &[back]);
    let mut deleted = History::with(&[(BILAL, EDITOR), (CAROL, EDITOR), (DAVID, APPROVER)]);
    let own = deleted.content(BILAL);
    let others = deleted.content(BILAL);
    let third = deleted.content(BILAL);
    deleted.write(BILAL, vec![Op::Delete(own)]);
    deleted.write(CAROL, vec![Op::Delete(others)]);
    deleted.write(DAVID, vec![Op::Delete(third)]);
    let mut leaver = History::with(&[(BILAL, APPROVER), (CAROL, EDITOR)]);
    let kept = leaver.content(CAROL);
    leaver.seeing(BILAL, &[0, 1, kept], vec![Op::Delete(kept)]);
    leaver.seeing(AMINA, &[kept], vec![Op::RemoveMember(BILAL)]);
    assert_eq!(before, 2);
    let mut through = History::with(&[(BILAL, EDITOR), (CAROL, EDITOR)]);
    let content = through.content(CAROL);
    through.seeing(BILAL, &[content], vec![Op::Delete(content)]);
    vec![
        Case::new(
            "late_work",
            "What was written after the removal, knowing it or not, is held.",
            late,
        )
        .gone(BILAL)
        .member(CAROL, "approver")
        .content(2, "editor")
        .content(4, "held")
        .content(5, "held"),
        Case::new("adopted", "An approver takes late work in.", adopted)
            .gone(BILAL)
            .member(CAROL, "approver")
            .content(2, "editor")
            .content(4, "held adopted")
            .content(5, "held"),
        Case::new(
            "adopted_by_editor",
            "An insider below approver adopts nothing.",
            by_editor,
        )
        .gone(BILAL)
        .member(CAROL, "editor")
        .ignored(4, 0, "role-too-low")
        .content(3, "held"),
        Case::new(
            "role_over_time",
            "The role counts that the author had where it wrote.",
            lowered,
        )
        .member(BILAL, "approver")
        .content(2, "editor")
        .content(4, "suggester")
        .content(6, "approver"),
        Case::new(
            "deletions",
            "Authors delete their own, approvers anything, editors nothing of others.",
            deleted,
        )
        .member(BILAL, "editor")
        .member(CAROL, "editor")
        .member(DAVID, "approver")
        .content(2, "editor")
        .content(3, "editor")
        .content(4, "editor")
        .deleted(2)
        .deleted(4),
        Case::new(
            "deletion_by_leaver",
            "A deletion whose author was removed at the same time has no effect.",
            leaver,
        )
        .gone(BILAL)
        .member(CAROL, "editor")
        .ignored(3, 0, "overtaken")
        .content(2, "editor"),
        Case::new(
            "past_not_through_content",
            "What a content segment of another had seen is not in the past of who names it: here not even the genesis.",
            through,
        )
        .member(BILAL, "editor")
        .member(CAROL, "editor")
        .ignored(3, 0, "unknown-device")
        .content(2, "editor"),
    ]
}

pub(super) fn of_compartments() -> Vec<Case> {
    let mut admitted = History::with(&[(BILAL, ADMIN), (CAROL, EDITOR), (DAVID, SUGGESTER)]);
    admitted.write(
        AMINA,
        vec![Op::AddCompartment, Op::Admit(CAROL), Op::AddCompartment],
    );
    admitted.write(CAROL, vec![Op::CompartmentEpoch, Op::Epoch]);
    admitted.write(DAVID, vec![Op::CompartmentEpoch, Op::Admit(DAVID)]);
    let mut expelled = History::with(&[(BILAL, ADMIN), (CAROL, EDITOR), (DAVID, COURIER)]);
    expelled.write(AMINA, vec![Op::Admit(CAROL), Op::AddCompartment]);
    expelled.seeing(BILAL, &[0, 1, 2], vec![Op::Admit(CAROL), Op::Admit(DAVID)]);
    expelled.seeing(AMINA, &[], vec![Op::Expel(CAROL)]);
    let mut back = expelled.clone();
    back.write(BILAL, vec![Op::Admit(CAROL)]);
    vec![
        Case::new(
            "compartment",
            "Who is admitted reads a compartment: not every admin, and nobody by its own word.",
            admitted,
        )
        .member(BILAL, "admin")
        .member(CAROL, "editor")
        .member(DAVID, "suggester")
        .readers(&[CAROL])
        .ignored(2, 2, "compartment-exists")
        .ignored(4, 0, "not-admitted")
        .ignored(4, 1, "role-too-low"),
        Case::new(
            "expelled",
            "An expulsion beats an admission of the same time; a courier reads nothing.",
            expelled,
        )
        .member(BILAL, "admin")
        .member(CAROL, "editor")
        .member(DAVID, "courier")
        .readers(&[])
        .ignored(2, 0, "no-such-compartment"),
        Case::new(
            "admitted_again",
            "An admission that has seen the expulsion counts.",
            back,
        )
        .member(BILAL, "admin")
        .member(CAROL, "editor")
        .member(DAVID, "courier")
        .readers(&[CAROL])
        .ignored(2, 0, "no-such-compartment"),
    ]
}
