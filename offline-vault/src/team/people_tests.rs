//! Members, owners, devices, keys and late work of a space that two vaults share.

use pack_format::codec::Wire as _;
use team_core::control::Reason;
use team_core::role::{History, Role};
use team_core::sync::{Have, HaveDraft, SyncMessage, UncheckedHave};

use super::bundle::SpaceArrival;
use super::checkpoints::{checkpoint, checkpoint_lines};
use super::devices::{devices, retire};
use super::index::SqlIndex;
use super::keys::{add_compartment, compartments, epochs, new_epoch, set_reader};
use super::late::{adopt, held};
use super::members::{add, members, owners, remove, seal, set_role, vote};
use super::session::{in_space, look};
use super::shown::{invitations, space, spaces};
use super::spaces::{InviteRequest, forget, invite};
use super::take_in::apply;
use super::tests::{
    accept, invite_bilal, message, news, say, shared, shared_with_history, state, titles,
};
use super::{TeamError, view};
use crate::clock::UnixTime;
use crate::store::SpaceState;
use crate::vault::Vault;
use crate::work::tests::{NOW, Place, cross, friends};

const LATER: UnixTime = UnixTime(NOW.0 + 1000);

fn both(place: &Place, amina: &Vault, bilal: &Vault) {
    cross(amina, &place.stick());
    cross(bilal, &place.stick());
    cross(amina, &place.stick());
}

#[test]
fn author_and_confirmer_of_a_checkpoint_come_to_one_digest() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&bilal, "unseen by Amina");
    say(&amina, "before the checkpoint");
    let (_, written) = checkpoint(&amina, "desk", NOW).unwrap();
    assert_eq!(written.open, ["Bilal"]);
    both(&place, &amina, &bilal);
    checkpoint(&bilal, "desk", NOW).unwrap();
    both(&place, &bilal, &amina);
    both(&place, &amina, &bilal);
    for vault in [&amina, &bilal] {
        let lines = look(vault, "desk", |view| Ok(checkpoint_lines(view))).unwrap();
        assert_eq!(lines.len(), 2);
        for line in lines {
            assert_eq!(line.confirmed.len(), 1, "{line:?}");
            assert!(line.contradicted.is_empty() && line.open.is_empty());
        }
    }
}

#[test]
fn late_work_is_read_first_and_takes_effect_when_an_approver_adopts_it() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&bilal, "late\nwords");
    remove(&amina, "desk", "bilal", Reason::Lost, NOW).unwrap();
    cross(&bilal, &place.stick());
    cross(&amina, &place.stick());
    let (_, late) = held(&amina, "desk").unwrap();
    let [segment] = late.as_slice() else {
        panic!("{late:?}")
    };
    assert_eq!(segment.author, "Bilal");
    assert_eq!(segment.changes[0].text.as_deref(), Some("late\nwords"));
    assert_eq!(segment.changes[0].now, None);
    assert_eq!(spaces(&amina).unwrap()[0].late, 1);

    let unknown = adopt(&amina, "desk", &["ffffffffffff".to_owned()], NOW);
    assert!(matches!(unknown, Err(TeamError::NotFound { .. })));
    let digits = view::digits(&segment.hash.0);
    adopt(&amina, "desk", &[digits], NOW).unwrap();
    assert_eq!(titles(&amina), ["late"]);
    assert!(held(&amina, "desk").unwrap().1.is_empty());
    assert_eq!(spaces(&amina).unwrap()[0].late, 0);
}

#[test]
fn a_role_is_changed_by_who_may_and_the_others_are_told_whom_to_ask() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let refused = set_role(&bilal, "desk", "Bilal", Role::Approver, NOW).unwrap_err();
    let TeamError::RoleNeeded { needed, ask, .. } = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (*needed, ask.as_slice()),
        (Role::Admin, &["Amina (owner)".to_owned()][..])
    );

    let raised = set_role(&amina, "desk", "bilal", Role::Admin, NOW).unwrap();
    assert_eq!(
        (raised.was, raised.member.role),
        (Some(Role::Editor), Some(Role::Admin))
    );
    let lowered = set_role(&amina, "desk", "Bilal", Role::Courier, NOW).unwrap();
    assert!(lowered.renews_key);
    let again = set_role(&amina, "desk", "Bilal", Role::Courier, NOW);
    assert!(matches!(again, Err(TeamError::StateAdvised { .. })));
    let raised = set_role(&amina, "desk", "Bilal", Role::Admin, NOW).unwrap();
    assert_eq!(raised.member.role, Some(Role::Admin));
    both(&place, &amina, &bilal);
    let refused = remove(&bilal, "desk", "Amina", Reason::Unsaid, NOW).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "this is not yours to do in desk: Amina is an owner, and only more than half of the \
         owners together may do that"
    );
    let itself = remove(&bilal, "desk", "Bilal", Reason::Unsaid, NOW);
    assert!(matches!(itself, Err(TeamError::StateAdvised { .. })));
}

#[test]
fn owners_vote_once_each_and_more_than_half_decide() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    assert_eq!(
        vote(&amina, "desk", "Bilal", true, NOW)
            .unwrap()
            .vote
            .missing,
        0
    );
    both(&place, &amina, &bilal);
    let voted = vote(&bilal, "desk", "Amina", false, NOW).unwrap().vote;
    assert_eq!(
        (voted.missing, voted.voters.as_slice()),
        (1, &["Bilal".to_owned()][..])
    );
    assert!(!owners(&bilal, "desk").unwrap().may_vote);
    let second = vote(&bilal, "desk", "Amina", false, NOW);
    assert!(
        matches!(second, Err(TeamError::NotAllowed { .. })),
        "{second:?}"
    );
    both(&place, &bilal, &amina);
    let seen = owners(&amina, "desk").unwrap();
    assert_eq!(
        (seen.owners.len(), seen.needed, seen.may_vote),
        (2, 2, true)
    );
    assert_eq!(seen.votes, [voted]);
    let shown = space(&amina, "desk").unwrap();
    assert!(
        shown
            .next
            .iter()
            .any(|step| step.contains("owner remove desk")),
        "{shown:?}"
    );
    // Voting oneself out closes the space here.
    assert_eq!(
        vote(&amina, "desk", "Amina", false, NOW)
            .unwrap()
            .vote
            .missing,
        0
    );
    assert_eq!(state(&amina), SpaceState::Left);
}

#[test]
fn a_silent_device_is_retired_and_new_content_gets_a_new_key() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&amina, "one");
    both(&place, &amina, &bilal);
    let (_, lines) = devices(&amina, "desk").unwrap();
    let other = lines.iter().find(|line| !line.is_this).unwrap();
    assert_eq!(other.heard.unwrap().received_at, NOW);
    assert_eq!((other.lacks, other.has_way), (Some(0), true));
    assert_eq!(other.vault_of.as_ref().unwrap().as_str(), "bilal");

    assert!(
        retire(&amina, "desk", NOW, LATER)
            .unwrap()
            .removed
            .is_empty()
    );
    let refused = retire(&bilal, "desk", LATER, LATER);
    assert!(
        matches!(refused, Err(TeamError::RoleNeeded { .. })),
        "{refused:?}"
    );
    let retired = retire(&amina, "desk", LATER, LATER).unwrap();
    assert_eq!(retired.removed.len(), 1);
    let before = epochs(&amina, "desk").unwrap().1;
    assert!(before.iter().all(|epoch| !epoch.is_in_use), "{before:?}");
    say(&amina, "two");
    let after = epochs(&amina, "desk").unwrap().1;
    assert_eq!(after.len(), before.len() + 1);
    let last = after.last().unwrap();
    assert!(last.is_in_use && last.is_held && last.recipients.len() == 1);
}

#[test]
fn a_compartment_is_read_by_whom_it_is_given_to() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let (_, line) = add_compartment(&amina, "desk", "Board", NOW).unwrap();
    assert_eq!(
        (line.readers.as_slice(), line.is_read),
        (&["Amina".to_owned()][..], true)
    );
    let twice = add_compartment(&amina, "desk", "board", NOW);
    assert!(matches!(twice, Err(TeamError::State { .. })));
    let admitted = set_reader(&amina, "desk", "Board", "Bilal", true, NOW).unwrap();
    assert_eq!(admitted.compartment.readers.len(), 2);
    new_epoch(&amina, "desk", Some("Board"), NOW).unwrap();
    both(&place, &amina, &bilal);
    let (_, seen) = compartments(&bilal, "desk").unwrap();
    assert!(seen[0].is_read);
    let expelled = set_reader(&amina, "desk", "Board", "Bilal", false, NOW).unwrap();
    assert_eq!(expelled.compartment.readers, ["Amina"]);
    let (_, epochs) = epochs(&amina, "desk").unwrap();
    let of_board = epochs
        .iter()
        .find(|it| it.compartment.as_deref() == Some("Board"));
    assert!(!of_board.unwrap().is_in_use);
}

/// A message that only the readers of the only compartment read.
fn write_in_compartment(vault: &Vault, text: &str) {
    in_space(vault, "desk", NOW, |session| {
        let found = session.view.membership.compartments().next();
        let compartment = found.unwrap().id;
        let new = message(session, text);
        session.write_content(compartment, &[new])
    })
    .unwrap();
}

#[test]
fn who_is_admitted_late_reads_nothing_of_before_where_that_was_not_granted() {
    for (history, readable) in [(History::None, 1), (History::Full, 2)] {
        let place = Place::new();
        let (amina, bilal) = shared_with_history(&place, history);
        both(&place, &amina, &bilal);
        add_compartment(&amina, "desk", "payroll", NOW).unwrap();
        write_in_compartment(&amina, "in February");
        set_reader(&amina, "desk", "payroll", "Bilal", true, NOW).unwrap();
        write_in_compartment(&amina, "in June");
        both(&place, &amina, &bilal);
        both(&place, &amina, &bilal);
        assert_eq!(titles(&bilal).len(), readable, "{:?}", titles(&bilal));
    }
}

#[test]
fn who_may_not_share_one_key_shares_the_others_and_goes_on() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    set_role(&amina, "desk", "Bilal", Role::Admin, NOW).unwrap();
    both(&place, &amina, &bilal);
    add_compartment(&amina, "desk", "Board", NOW).unwrap();
    set_reader(&amina, "desk", "Board", "Bilal", true, NOW).unwrap();
    write_in_compartment(&amina, "for the board");
    both(&place, &amina, &bilal);
    set_reader(&amina, "desk", "Board", "Bilal", false, NOW).unwrap();
    both(&place, &amina, &bilal);
    // He has the old key still, and readers lack it: he must not give it, and nothing else stops.
    in_space(&bilal, "desk", NOW, |session| {
        super::shares::share_keys(session)?;
        Ok(())
    })
    .unwrap();
    say(&bilal, "goes on");
    both(&place, &bilal, &amina);
    assert!(titles(&amina).contains(&"goes on".to_owned()));
}

#[test]
fn nobody_is_invited_as_an_owner() {
    let place = Place::new();
    let (amina, _) = shared(&place);
    let asked = InviteRequest {
        space: "desk",
        to: "bilal",
        role: Role::Owner,
        history: None,
        expires_at: LATER,
        asks: false,
    };
    let refused = invite(&amina, &asked, NOW).unwrap_err().to_string();
    assert!(refused.contains("owner add desk"), "{refused}");
    assert!(invitations(&amina, NOW).is_ok());
}

#[test]
fn a_space_is_forgotten_by_its_only_member_and_by_no_owner_whom_others_need() {
    let place = Place::new();
    let (amina, _) = shared(&place);
    let refused = forget(&amina, "desk", NOW).unwrap_err().to_string();
    assert!(refused.contains("owner add desk"), "{refused}");
    remove(&amina, "desk", "Bilal", Reason::Unsaid, NOW).unwrap();
    forget(&amina, "desk", NOW).unwrap();
    assert!(spaces(&amina).unwrap().is_empty());
}

#[test]
fn who_asks_first_is_let_in_by_name() {
    let place = Place::new();
    let (amina, bilal) = friends(&place);
    let new = super::spaces::NewSpaceRequest {
        name: "desk",
        own_name: "Amina",
        relays: &[],
        device_cap: 4,
        history: team_core::role::History::Checkpoint,
    };
    super::spaces::create(&amina, &new, NOW).unwrap();
    let asked = InviteRequest {
        space: "desk",
        to: "bilal",
        role: Role::Reader,
        history: None,
        expires_at: LATER,
        asks: true,
    };
    invite(&amina, &asked, NOW).unwrap();
    assert_eq!(invitations(&amina, NOW).unwrap().given.len(), 1);
    cross(&amina, &place.stick());
    cross(&bilal, &place.stick());
    let received = invitations(&bilal, NOW).unwrap().received;
    assert_eq!((received.len(), received[0].role), (1, Some(Role::Reader)));
    assert!(!received[0].has_expired);
    assert!(invitations(&bilal, LATER).unwrap().received[0].has_expired);
    accept(&bilal);
    cross(&bilal, &place.stick());
    cross(&amina, &place.stick());
    let waiting = members(&amina, "desk").unwrap().asking;
    assert_eq!((waiting.len(), waiting[0].name.as_str()), (1, "Bilal"));
    assert!(space(&amina, "desk").unwrap().next[0].contains("member add desk"));
    let (name, told) = add(&amina, "desk", "bilal", NOW).unwrap();
    assert_eq!((name.as_str(), told.len()), ("Bilal", 1));
    assert!(members(&amina, "desk").unwrap().asking.is_empty());
    cross(&amina, &place.stick());
    let crossed = cross(&bilal, &place.stick());
    assert_eq!(state(&bilal), SpaceState::Active, "{:?}", news(&crossed));
}

#[test]
fn the_list_tells_what_waits_and_the_space_who_is_in_it() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&bilal, "hello");
    cross(&bilal, &place.stick());
    cross(&amina, &place.stick());
    let line = spaces(&amina).unwrap().remove(0);
    assert_eq!((line.member_count, line.unread_count()), (2, 1));
    assert!(line.has_something());
    let shown = space(&amina, "desk").unwrap();
    assert!(shown.gaps.is_empty(), "{:?}", shown.gaps);
    assert_eq!(shown.members[0].name, "Amina");
    assert!(shown.members[0].is_own && shown.members[0].added_by.is_none());
    assert_eq!(shown.members[1].added_by.as_deref(), Some("Amina"));
    let sealed = seal(&amina, "desk", "Bilal", NOW).unwrap();
    assert_eq!(sealed.member.id, shown.members[1].id);
    invite_bilal(&amina, Role::Reader);
    assert_eq!(invitations(&amina, NOW).unwrap().given.len(), 1);
}

#[test]
fn another_summary_of_ones_own_with_a_known_number_stops_the_copy() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    cross(&bilal, &place.stick());
    let row = look(&bilal, "desk", |view| Ok(view.row())).unwrap();
    let of = |vault: &Vault| {
        look(vault, "desk", |view| {
            let stored = view.tables.have_of(view.row(), view.own_device())?.unwrap();
            Ok(UncheckedHave::from_wire(&stored.have).unwrap())
        })
        .unwrap()
    };
    // What a copy of Bilal's vault signs at the same time, with the same number.
    let copied = in_space(&bilal, "desk", NOW, |session| {
        let (row, space) = (session.view.row(), session.view.space_id());
        let stored = session.changes.have_of(row, session.view.own_device())?;
        let draft = HaveDraft {
            counter: stored.unwrap().counter,
            claimed_at: NOW.to_secs() + 1,
            ..HaveDraft::default()
        };
        let index = SqlIndex::new(session.changes, row, space);
        Ok(Have::sign(space, session.identity(), draft, &index)?.to_unchecked())
    })
    .unwrap();
    let from = look(&amina, "desk", |view| Ok(view.own_device())).unwrap();
    let space = look(&amina, "desk", |view| Ok(view.space_id())).unwrap();
    for (number, relayed, expected) in [
        (50, of(&bilal), SpaceState::Active),
        (51, copied, SpaceState::Stopped),
    ] {
        let message = SyncMessage {
            space,
            have: of(&amina),
            relayed: vec![relayed],
            proofs: Vec::new(),
            segments: Vec::new(),
        };
        let arrival = SpaceArrival::claimed(row, from, number, message.to_wire());
        let taken = bilal.store().write(|changes| apply(changes, arrival, NOW));
        assert!(taken.unwrap().refused.is_none());
        assert_eq!(state(&bilal), expected);
    }
}
