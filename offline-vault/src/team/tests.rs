//! Spaces of several vaults, with folders that stand for the sticks between them.

use team_content::index::ItemKind;
use team_content::message::NewMessage;
use team_content::operation::Operation;
use team_core::control::{Control, Reason};
use team_core::ids::CompartmentId;
use team_core::role::{History, Role};

use super::session::{Session, in_space, look};
use super::spaces::{InviteRequest, JoinRequest, NewSpaceRequest, create, invite, join};
use crate::clock::UnixTime;
use crate::store::{ItemFilter, SpaceState};
use crate::vault::Vault;
use crate::work::Crossed;
use crate::work::tests::{NOW, Place, cross, friends};

pub(super) fn news(crossed: &Crossed) -> Vec<String> {
    let news = crossed.spaces.news.iter();
    news.map(|one| format!("{}: {}", one.space, one.what))
        .collect()
}

/// Amina has begun a space and Bilal has joined it; everything has crossed.
pub(super) fn shared(place: &Place) -> (Vault, Vault) {
    shared_with_history(place, History::Checkpoint)
}

/// The same; new members may read so much of the past.
pub(super) fn shared_with_history(place: &Place, history: History) -> (Vault, Vault) {
    let (amina, bilal) = friends(place);
    let new = NewSpaceRequest {
        name: "desk",
        own_name: "Amina",
        relays: &[],
        device_cap: 4,
        history,
    };
    create(&amina, &new, NOW).unwrap();
    invite_bilal(&amina, Role::Editor);
    cross(&amina, &place.stick());
    cross(&bilal, &place.stick());
    accept(&bilal);
    cross(&bilal, &place.stick());
    cross(&amina, &place.stick());
    cross(&bilal, &place.stick());
    (amina, bilal)
}

pub(super) fn invite_bilal(amina: &Vault, role: Role) {
    let asked = InviteRequest {
        space: "desk",
        to: "bilal",
        role,
        history: None,
        expires_at: UnixTime(NOW.0 + 1000),
        asks: false,
    };
    invite(amina, &asked, NOW).unwrap();
}

pub(super) fn accept(bilal: &Vault) {
    let asked = JoinRequest {
        invitation: "1",
        own_name: Some("Bilal"),
        name: None,
        relays: &[],
    };
    join(bilal, &asked, NOW).unwrap();
}

/// A message that begins a thread.
pub(super) fn message(session: &mut Session<'_>, text: &str) -> Operation {
    Operation::from(NewMessage {
        nonce: session.rng().array(),
        thread: None,
        reply_to: None,
        text: text.to_owned(),
        attachments: Vec::new(),
    })
}

pub(super) fn say(vault: &Vault, text: &str) {
    in_space(vault, "desk", NOW, |session| {
        let new = message(session, text);
        session.write_content(CompartmentId::WHOLE, &[new])
    })
    .unwrap();
}

pub(super) fn titles(vault: &Vault) -> Vec<String> {
    look(vault, "desk", |view| {
        let items = view.tables.items(
            view.row(),
            Some(ItemKind::Message),
            &ItemFilter::default(),
            1000,
        )?;
        let mut titles: Vec<String> = items.into_iter().map(|item| item.line.title).collect();
        titles.sort();
        Ok(titles)
    })
    .unwrap()
}

pub(super) fn state(vault: &Vault) -> SpaceState {
    look(vault, "desk", |view| Ok(view.stored.space.state)).unwrap()
}

pub(super) fn digest(vault: &Vault) -> [u8; 32] {
    look(vault, "desk", |view| Ok(view.membership.digest())).unwrap()
}

#[test]
fn an_invitation_is_accepted_with_one_plug_each_way() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    assert_eq!(state(&bilal), SpaceState::Active);
    // What Bilal's device said of its own prekey as soon as it was in.
    cross(&amina, &place.stick());
    assert_eq!(digest(&amina), digest(&bilal));
    look(&bilal, "desk", |view| {
        assert_eq!(view.own_role(), Some(Role::Editor));
        Ok(())
    })
    .unwrap();
}

#[test]
fn messages_go_both_ways_and_are_acknowledged() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&amina, "from Amina");
    cross(&amina, &place.stick());
    let crossed = cross(&bilal, &place.stick());
    assert_eq!(titles(&bilal), ["from Amina"], "{:?}", news(&crossed));
    say(&bilal, "from Bilal");
    cross(&bilal, &place.stick());
    cross(&amina, &place.stick());
    assert_eq!(titles(&amina), ["from Amina", "from Bilal"]);
    assert_eq!(digest(&amina), digest(&bilal));
}

#[test]
fn who_is_removed_learns_it_and_reads_nothing_new() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&amina, "before");
    cross(&amina, &place.stick());
    cross(&bilal, &place.stick());
    say(&bilal, "late");
    in_space(&amina, "desk", NOW, |session| {
        let member = session.view.find_member("Bilal")?.id;
        session.write_control(&[Control::RemoveMember(member, Reason::Unsaid)])
    })
    .unwrap();
    say(&amina, "after");
    cross(&bilal, &place.stick());
    cross(&amina, &place.stick());
    // What Bilal wrote without knowing is there and has no effect.
    assert_eq!(titles(&amina), ["after", "before"]);
    cross(&bilal, &place.stick());
    assert_eq!(state(&bilal), SpaceState::Left);
    assert_eq!(titles(&bilal), ["before"]);
}
