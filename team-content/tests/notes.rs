use team_content::fold::{Ignored, Item, Reason};
use team_content::item_id::{Dot, ItemId};
use team_content::note::{
    CreateNote, DecideProposal, Decision, EditNote, Note, ProposeEdit, peer_id,
};
use team_content::operation::Operation;
use team_content::title::Title;

use crate::space::{Space, device_id};

fn title(text: &str) -> Title {
    Title::new(text).unwrap()
}

fn with_note() -> (Space, ItemId) {
    let mut space = Space::new(4);
    let nonce = [1; 16];
    space.write(
        0,
        CreateNote {
            nonce,
            title: title("Plan"),
        },
    );
    space.sync_all();
    (space, ItemId::of(device_id(0), &nonce))
}

fn edit(item: ItemId, byte: u8) -> Operation {
    EditNote {
        item,
        branch: 0,
        update: [byte].into(),
    }
    .into()
}

fn propose(item: ItemId, branch: u64, byte: u8) -> Operation {
    let remark = "a better word".to_owned();
    ProposeEdit {
        item,
        branch,
        remark,
        update: [byte].into(),
    }
    .into()
}

fn decide(item: ItemId, proposal: Dot, decision: Decision) -> Operation {
    let remark = String::new();
    DecideProposal {
        item,
        proposal,
        decision,
        remark,
    }
    .into()
}

fn note(item: Option<Item>) -> Note {
    match item {
        Some(Item::Note(note)) => note,
        other => panic!("no note but {other:?}"),
    }
}

fn imported(note: &Note) -> Vec<u8> {
    note.updates
        .iter()
        .map(|update| update.value.bytes[0])
        .collect()
}

#[test]
fn changes_are_imported_after_those_that_they_follow() {
    let (mut space, item) = with_note();
    space.write(2, edit(item, 1));
    space.sync(2, 1);
    space.write(1, edit(item, 2));
    space.write(0, edit(item, 9));
    space.sync(1, 0);
    space.write(0, edit(item, 3));
    let note = note(space.fold(item).item);
    let order = imported(&note);
    let place = |byte| order.iter().position(|found| *found == byte).unwrap();
    assert_eq!(order.len(), 4);
    assert!(place(1) < place(2) && place(2) < place(3) && place(9) < place(3));
    assert_eq!(
        note.updates[place(1)].value.peer,
        peer_id(device_id(2), item, 0)
    );
}

#[test]
fn a_proposal_belongs_to_the_note_once_it_is_merged() {
    let (mut space, item) = with_note();
    let proposal = space.write(1, propose(item, 77, 5));
    assert_eq!(imported(&note(space.fold(item).item)), []);
    assert_eq!(
        space
            .fold(item)
            .row(&space.schemas)
            .unwrap()
            .open_proposal_count,
        1
    );
    space.write(0, edit(item, 1));
    space.sync_all();
    let merge = space.write(2, decide(item, proposal, Decision::Merge));
    space.write(2, edit(item, 6));
    let merged = note(space.fold(item).item);
    assert_eq!(imported(&merged), [1, 5, 6]);
    assert_eq!(
        merged.updates[1].value.peer,
        peer_id(device_id(1), item, 77)
    );
    assert_eq!(merged.open_proposals().count(), 0);
    assert_eq!(merged.proposals[0].decision(), Some(Decision::Merge));
    let held = note(space.fold_without(item, &[merge]).item);
    assert_eq!(
        (imported(&held), held.open_proposals().count()),
        (vec![1, 6], 1)
    );
}

#[test]
fn a_merge_counts_more_than_a_refusal() {
    for [first, second] in [
        [Decision::Merge, Decision::Refuse],
        [Decision::Refuse, Decision::Merge],
    ] {
        let (mut space, item) = with_note();
        let proposal = space.write(1, propose(item, 77, 5));
        space.sync_all();
        space.write(2, decide(item, proposal, first));
        space.write(3, decide(item, proposal, second));
        space.write(3, decide(item, proposal, Decision::Merge));
        let note = note(space.fold(item).item);
        assert_eq!(imported(&note), [5], "merged once");
        assert_eq!(note.proposals[0].decisions.len(), 3);
    }
    let (mut space, item) = with_note();
    let proposal = space.write(1, propose(item, 77, 5));
    space.sync_all();
    space.write(2, decide(item, proposal, Decision::Refuse));
    let note = note(space.fold(item).item);
    assert_eq!(
        (imported(&note), note.proposals[0].decision()),
        (vec![], Some(Decision::Refuse))
    );
}

#[test]
fn a_decision_about_no_proposal_is_ignored() {
    let (mut space, item) = with_note();
    let proposal = space.write(0, edit(item, 1));
    let dot = space.write(0, decide(item, proposal, Decision::Merge));
    let folded = space.fold(item);
    assert_eq!(
        folded.ignored,
        [Ignored {
            dot,
            reason: Reason::ProposalMissing
        }]
    );
}

#[test]
fn a_branch_is_of_one_proposal_or_of_edits() {
    let (mut space, item) = with_note();
    space.write(1, edit(item, 1));
    let forged = [
        space.write(1, propose(item, 0, 2)),
        {
            space.write(1, propose(item, 5, 3));
            space.write(1, propose(item, 5, 4))
        },
        space.write(
            1,
            EditNote {
                item,
                branch: 5,
                update: [5].into(),
            },
        ),
    ];
    let folded = space.fold(item);
    let expected = forged.map(|dot| Ignored {
        dot,
        reason: Reason::BranchTaken,
    });
    assert_eq!(folded.ignored, expected);
    assert_eq!(imported(&note(folded.item)), [1]);
    // Another device has branches of its own.
    space.write(2, edit(item, 6));
    assert_eq!(imported(&note(space.fold(item).item)).len(), 2);
}

#[test]
fn titles_that_are_given_at_the_same_time_are_both_shown() {
    let (mut space, item) = with_note();
    let seen = note(space.fold(item).item);
    space.write(0, seen.rename(item, title("Plan A")));
    space.write(1, seen.rename(item, title("Plan B")));
    let note = note(space.fold(item).item);
    assert_eq!(note.titles.len(), 2);
    assert!(space.fold(item).row(&space.schemas).unwrap().conflict);
}

#[test]
fn an_operation_of_another_kind_is_ignored() {
    let (mut space, item) = with_note();
    let text = "not a note".to_owned();
    let edit = team_content::message::EditMessage {
        item,
        text,
        replaces: Vec::new(),
    };
    let dot = space.write(0, edit);
    assert_eq!(
        space.fold(item).ignored,
        [Ignored {
            dot,
            reason: Reason::OtherKind
        }]
    );
}
