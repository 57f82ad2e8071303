//! Vectors of membership: who may do what after a small history.

use data_encoding::HEXLOWER;

use super::super::file::VectorFile;
use super::super::run::out;
use super::history::{ADMIN, APPROVER, COURIER, EDITOR, History, Op, READER, SUGGESTER};
use super::wire::{AMINA, BILAL, CAROL, DAVID, Device};

const ESRA: Device = Device(15);
const SECOND: Device = Device(22);

/// What a history comes to, said by hand.
pub(super) struct Case {
    condition: &'static str,
    comment: &'static str,
    pub(super) history: History,
    pub(super) generation: u32,
    pub(super) owners: Vec<Device>,
    pub(super) members: Vec<(Device, &'static str, Vec<Device>)>,
    forked: Vec<(Device, u64)>,
    readers: Option<Vec<Device>>,
    pub(super) ignored: Vec<(usize, usize, &'static str)>,
    pub(super) content: Vec<(usize, &'static str)>,
    deleted: Vec<usize>,
    not_taken_in: Vec<usize>,
}

impl Case {
    /// Amina is the owner, with one device.
    fn new(condition: &'static str, comment: &'static str, history: History) -> Self {
        Self {
            condition,
            comment,
            history,
            generation: 0,
            owners: vec![AMINA],
            members: vec![(AMINA, "owner", vec![AMINA])],
            forked: Vec::new(),
            readers: None,
            ignored: Vec::new(),
            content: Vec::new(),
            deleted: Vec::new(),
            not_taken_in: Vec::new(),
        }
    }

    /// A member with its first device.
    fn member(self, member: Device, role: &'static str) -> Self {
        self.with_devices(member, role, &[member])
    }

    /// Somebody who was a member and has neither role nor device.
    fn gone(self, member: Device) -> Self {
        self.with_devices(member, "none", &[])
    }

    fn with_devices(mut self, member: Device, role: &'static str, devices: &[Device]) -> Self {
        self.members.retain(|(other, ..)| *other != member);
        self.members.push((member, role, devices.to_vec()));
        self
    }

    fn owners(mut self, generation: u32, owners: &[Device]) -> Self {
        self.generation = generation;
        self.owners = owners.to_vec();
        for owner in owners {
            self = self.member(*owner, "owner");
        }
        self
    }

    fn forked(mut self, device: Device, number: u64) -> Self {
        self.forked.push((device, number));
        self
    }

    fn readers(mut self, readers: &[Device]) -> Self {
        self.readers = Some(readers.to_vec());
        self
    }

    fn ignored(mut self, segment: usize, index: usize, code: &'static str) -> Self {
        self.ignored.push((segment, index, code));
        self
    }

    fn content(mut self, segment: usize, role: &'static str) -> Self {
        self.content.push((segment, role));
        self
    }

    fn deleted(mut self, segment: usize) -> Self {
        self.deleted.push(segment);
        self
    }

    fn not_taken_in(mut self, segment: usize) -> Self {
        self.not_taken_in.push(segment);
        self
    }

    fn file(&self) -> VectorFile {
        let mut outs = Vec::new();
        outs.extend(
            self.not_taken_in
                .iter()
                .map(|place| out("not-taken-in", place)),
        );
        outs.push(out("generation", self.generation));
        outs.extend(
            sorted(&self.owners)
                .iter()
                .map(|owner| out("owner", short(*owner))),
        );
        let mut members = self.members.clone();
        members.sort_by_key(|(member, ..)| member.id());
        for (member, role, devices) in &members {
            let devices: Vec<String> = sorted(devices).into_iter().map(short).collect();
            let line = format!("{} {role} [{}]", short(*member), devices.join(" "));
            outs.push(out("member", line));
        }
        for (device, number) in &self.forked {
            outs.push(out("forked", format!("{} {number}", short(*device))));
        }
        if let Some(readers) = &self.readers {
            let readers: Vec<String> = sorted(readers).into_iter().map(short).collect();
            outs.push(out("readers", readers.join(" ")));
        }
        for (segment, index, code) in &self.ignored {
            outs.push(out("ignored", format!("{segment}/{index} {code}")));
        }
        for (segment, role) in &self.content {
            outs.push(out("content", format!("{segment} {role}")));
        }
        outs.extend(self.deleted.iter().map(|place| out("deleted", place)));
        VectorFile::success("team_membership", self.condition, self.comment)
            .with_hex("space-id", &self.history.space)
            .with_all(outs)
            .bytes(self.history.carried())
    }
}

fn sorted(devices: &[Device]) -> Vec<Device> {
    let mut devices = devices.to_vec();
    devices.sort_by_key(|device| device.id());
    devices
}

/// A member or device by the first eight bytes of its id.
fn short(device: Device) -> String {
    HEXLOWER.encode(&device.id()[..8])
}

pub(super) fn all() -> Vec<VectorFile> {
    cases().iter().map(Case::file).collect()
}

/// Every history with what it comes to.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = of_roles();
    cases.extend(of_denials());
    cases.extend(of_grants());
    cases.extend(of_seals());
    cases.extend(of_forks());
    cases.extend(of_owners());
    cases.extend(of_quorums());
    cases.extend(of_devices());
    cases.extend(of_content());
    cases.extend(of_compartments());
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

fn of_owners() -> Vec<Case> {
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

fn of_quorums() -> Vec<Case> {
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

fn of_devices() -> Vec<Case> {
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

fn of_content() -> Vec<Case> {
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

fn of_compartments() -> Vec<Case> {
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
