//! Whose word counts for what is wrapped to a newcomer.

use team_core::control::{AddDevice, AddMember, Control};
use team_core::device_card::DeviceCard;
use team_core::role::{History, Role};

use super::world::{
    FOUNDER, World, add, add_device, card, device, member, name, other_card, raise, remove,
};

const ADMIN: usize = 1;
const EDITOR: usize = 2;
const COURIER: usize = 3;
const NEWCOMER: usize = 10;

fn team() -> World {
    World::with(&[Role::Admin, Role::Editor, Role::Courier])
}

fn add_with(place: usize, card: DeviceCard) -> Control {
    Control::AddMember(Box::new(AddMember {
        member: member(place),
        card,
        name: name("Newcomer"),
        role: Role::Editor,
        history: History::Checkpoint,
    }))
}

fn link_with(of: usize, new: usize, card: DeviceCard) -> Control {
    Control::AddDevice(Box::new(AddDevice {
        member: member(of),
        device: device(new),
        card,
    }))
}

/// The number of the prekey that is wrapped to for a device.
fn number(world: &World, place: usize) -> Option<u32> {
    let membership = world.evaluate();
    let prekey = membership.prekey(device(place));
    prekey.map(|(number, _)| number)
}

#[test]
fn a_courier_cannot_put_its_prekey_in_a_newcomers_place() {
    let mut world = team();
    let before = world.known(COURIER);
    world.write(FOUNDER, add_with(NEWCOMER, card()));
    let claim = link_with(COURIER, NEWCOMER, other_card(1));
    let claim = world.write_on(COURIER, before, vec![claim]);
    assert_eq!(world.ignored(&world.evaluate(), claim), None);
    assert_eq!(number(&world, NEWCOMER), Some(1));
    let membership = world.evaluate();
    assert_eq!(
        membership.member_of(device(NEWCOMER)),
        Some(member(NEWCOMER))
    );
    assert!(!membership.says_own_prekey(device(NEWCOMER)));
    // Not even once the newcomer is gone, as whose device it then counts.
    world.write(FOUNDER, remove(NEWCOMER));
    assert_eq!(number(&world, NEWCOMER), Some(1));
}

#[test]
fn a_higher_role_decides_whose_card_of_a_further_device_counts() {
    let mut world = team();
    let before = world.known(COURIER);
    world.write(EDITOR, link_with(EDITOR, NEWCOMER, card()));
    let claim = link_with(COURIER, NEWCOMER, other_card(1));
    world.write_on(COURIER, before, vec![claim]);
    assert_eq!(number(&world, NEWCOMER), Some(1));
}

#[test]
fn an_admin_cannot_replace_the_card_of_a_member() {
    let mut world = team();
    world.write(FOUNDER, add_with(NEWCOMER, card()));
    world.see(ADMIN, FOUNDER);
    for again in [
        add_with(NEWCOMER, other_card(1)),
        raise(EDITOR, Role::Reader),
    ] {
        world.write(ADMIN, again);
    }
    assert_eq!(number(&world, NEWCOMER), Some(1));
    assert_eq!(number(&world, EDITOR), Some(1));
}

#[test]
fn two_concurrent_cards_count_for_nothing_until_the_device_speaks() {
    let mut world = team();
    world.write(FOUNDER, add_with(NEWCOMER, card()));
    world.write(ADMIN, add_with(NEWCOMER, other_card(1)));
    assert_eq!(number(&world, NEWCOMER), None);
    assert!(world.evaluate().routes(device(NEWCOMER)).is_none());
    assert_eq!(
        world.evaluate().role_of(member(NEWCOMER)),
        Some(Role::Editor)
    );
    world.see(NEWCOMER, FOUNDER);
    world.write(NEWCOMER, Control::Routes(card().routes));
    world.write(NEWCOMER, Control::Prekey(1, Box::new(card().prekey)));
    assert_eq!(number(&world, NEWCOMER), Some(1));
    assert!(world.evaluate().says_own_prekey(device(NEWCOMER)));
    assert!(world.evaluate().routes(device(NEWCOMER)).is_some());
}

#[test]
fn two_concurrent_cards_that_are_the_same_count() {
    let mut world = team();
    world.write(FOUNDER, add(NEWCOMER, Role::Reader));
    world.write(ADMIN, add(NEWCOMER, Role::Editor));
    assert_eq!(number(&world, NEWCOMER), Some(1));
}

#[test]
fn what_a_device_says_itself_counts_before_every_card() {
    let mut world = team();
    world.write(FOUNDER, add_with(NEWCOMER, other_card(1)));
    world.see(NEWCOMER, FOUNDER);
    world.write(NEWCOMER, Control::Prekey(7, Box::new(card().prekey)));
    world.write(ADMIN, add_with(NEWCOMER, other_card(2)));
    assert_eq!(number(&world, NEWCOMER), Some(7));
    // Also when the card came with its own operation.
    world.write(EDITOR, add_device(EDITOR, 12));
    world.see(12, EDITOR);
    world.write(12, link_with(EDITOR, 12, other_card(3)));
    world.write(12, Control::Prekey(2, Box::new(card().prekey)));
    assert_eq!(number(&world, 12), Some(2));
}
