//! Vectors of control operations that are refused: one for each rule of their bodies.

use super::super::file::VectorFile;
use super::made_control::{COMPARTMENT, Genesis, RELAY, add_member, wrap};
use super::wire::{BILAL, CAROL, card, count, list, mailbox, operation, prekey, routes, text};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = payloads();
    files.extend(roles());
    files.extend(names());
    files.extend(cards());
    files.extend(compartments());
    files.extend(wraps());
    files.extend(segments());
    files.extend(bodies());
    files
}

fn failure(condition: &str, kind: &str, reason: &str, comment: &str, payload: &[u8]) -> VectorFile {
    VectorFile::failure("team_control", condition, kind, comment)
        .with("reason", reason)
        .bytes(payload)
}

/// A payload of one operation that breaks a rule.
fn rule(condition: &str, reason: &str, comment: &str, kind: u8, body: &[u8]) -> VectorFile {
    failure(condition, "rule", reason, comment, &operation(kind, body))
}

fn member_and(byte: u8) -> Vec<u8> {
    [BILAL.id().as_slice(), &[byte]].concat()
}

fn payloads() -> Vec<VectorFile> {
    let leave = operation(8, &[]);
    vec![
        failure(
            "no_operation",
            "rule",
            "a control segment has no operation",
            "A segment that says nothing is not written.",
            &[],
        ),
        failure(
            "kind_0",
            "unknown",
            "control operation",
            "Kinds begin at 1.",
            &operation(0, &[]),
        ),
        failure(
            "kind_0_behind_another",
            "unknown",
            "control operation",
            "One bad operation spoils the payload: no program takes a part of it.",
            &[leave.as_slice(), &operation(0, &[])].concat(),
        ),
        failure(
            "cut_in_length",
            "truncated",
            "length of operation",
            "The length has four bytes.",
            &leave[..4],
        ),
        failure(
            "cut_in_body",
            "truncated",
            "operation",
            "The body is shorter than its length.",
            &operation(10, &BILAL.id())[..36],
        ),
        failure(
            "body_of_4_gib",
            "truncated",
            "operation",
            "A length beyond the end is refused before memory is taken.",
            &[8, 0xff, 0xff, 0xff, 0xff],
        ),
        failure(
            "operations_over_limit",
            "over-limit",
            "control operations",
            "One operation more than a segment may have.",
            &leave.repeat(1025),
        ),
    ]
}

fn roles() -> Vec<VectorFile> {
    let owner = "the owner's role is not given or capped by one operation";
    let unknown = |condition, reason, comment, kind, body: &[u8]| {
        failure(
            condition,
            "unknown",
            reason,
            comment,
            &operation(kind, body),
        )
    };
    let vote = |byte: u8| [&[0, 0, 0, 0, byte], BILAL.id().as_slice()].concat();
    vec![
        rule(
            "add_member_as_owner",
            owner,
            "An admin cannot make an owner.",
            2,
            &add_member(&BILAL.id(), b"Bilal", 7, 1),
        ),
        rule(
            "raise_role_to_owner",
            owner,
            "Nobody raises a member to owner alone.",
            3,
            &member_and(7),
        ),
        rule(
            "lower_role_to_owner",
            owner,
            "A cap that caps nothing.",
            4,
            &member_and(7),
        ),
        unknown("role_0", "role", "Roles begin at 1.", 3, &member_and(0)),
        unknown(
            "role_8",
            "role",
            "A role that is not known.",
            4,
            &member_and(8),
        ),
        unknown(
            "history_3",
            "history",
            "None, checkpoint and full, nothing else.",
            2,
            &add_member(&BILAL.id(), b"Bilal", 4, 3),
        ),
        unknown(
            "reason_4",
            "reason",
            "A reason that is not known.",
            5,
            &member_and(4),
        ),
        unknown(
            "owner_change_0",
            "change of owners",
            "Add is 1, remove is 2.",
            9,
            &vote(0),
        ),
        unknown(
            "owner_change_3",
            "change of owners",
            "A change that is not known.",
            9,
            &vote(3),
        ),
    ]
}

fn names() -> Vec<VectorFile> {
    let reason = "a name is empty, has hidden characters or white space at an end";
    let named = |condition, comment, name: &[u8]| {
        rule(
            condition,
            reason,
            comment,
            2,
            &add_member(&BILAL.id(), name, 4, 1),
        )
    };
    let compartment = |name: &[u8]| [COMPARTMENT.as_slice(), &text(name)].concat();
    vec![
        named("name_empty", "A member has a name.", b""),
        named(
            "name_with_direction_mark",
            "A name must not turn the line round.",
            "Bi\u{202e}lal".as_bytes(),
        ),
        named(
            "name_with_zero_width",
            "A name must not hide a character.",
            "Bi\u{200b}lal".as_bytes(),
        ),
        named(
            "name_with_control",
            "A name must not move the cursor.",
            b"Bi\x1blal",
        ),
        rule(
            "name_with_blank_end",
            reason,
            "Two names must not look alike.",
            11,
            &compartment(b"Board "),
        ),
        rule(
            "name_not_utf8",
            "text is not UTF-8",
            "Names are UTF-8.",
            11,
            &compartment(&[0xff]),
        ),
        failure(
            "name_of_65_bytes",
            "over-limit",
            "name",
            "One byte too long.",
            &operation(11, &compartment(&[b'n'; 65])),
        ),
        rule(
            "space_name_empty",
            reason,
            "A space has a name.",
            1,
            &Genesis::new()
                .but(|genesis| genesis.space_name.clear())
                .body(),
        ),
    ]
}

fn cards() -> Vec<VectorFile> {
    let weak = "the encryption key has a weak half";
    let with_key = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut key = prekey();
        change(&mut key);
        [&[0, 0, 0, 2], key.as_slice()].concat()
    };
    let share_of_order_8 = data_encoding::HEXLOWER
        .decode(b"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")
        .unwrap();
    let in_card = {
        let mut bytes = card(&[]);
        bytes[4 + 1184..4 + 1216].fill(0);
        [BILAL.id().as_slice(), &CAROL.id(), &bytes].concat()
    };
    vec![
        rule(
            "prekey_not_reduced",
            "the encryption key is not one",
            "A coefficient of the ML-KEM key is not below q (FIPS 203, section 7.2).",
            16,
            &with_key(&|key| key[..3].fill(0xff)),
        ),
        rule(
            "prekey_share_zero",
            weak,
            "The X25519 half is zero: everybody knows the secret that it gives.",
            16,
            &with_key(&|key| key[1184..].fill(0)),
        ),
        rule(
            "prekey_share_of_order_8",
            weak,
            "The X25519 half has order 8.",
            16,
            &with_key(&|key| key[1184..].copy_from_slice(&share_of_order_8)),
        ),
        rule(
            "add_device_share_zero",
            weak,
            "The prekey of a card is checked like any other.",
            6,
            &in_card,
        ),
        failure(
            "routes_5",
            "over-limit",
            "mailboxes",
            "A count over the limit is refused before a mailbox is read.",
            &operation(17, &[5]),
        ),
        rule(
            "routes_with_final_slash",
            "relay URL is not http(s)://host without a final slash",
            "One relay has one URL.",
            17,
            &routes(&["https://relay.example/"]),
        ),
        failure(
            "routes_cut",
            "truncated",
            "send seed",
            "The last byte is missing.",
            &operation(
                17,
                &[&[1], &mailbox(RELAY)[..mailbox(RELAY).len() - 1]].concat(),
            ),
        ),
        rule(
            "device_cap_0",
            "a member may have no device",
            "Everybody has a device.",
            1,
            &Genesis::new().but(|genesis| genesis.device_cap = 0).body(),
        ),
        failure(
            "device_cap_17",
            "over-limit",
            "device cap",
            "One more than a policy may allow.",
            &operation(
                1,
                &Genesis::new().but(|genesis| genesis.device_cap = 17).body(),
            ),
        ),
    ]
}

fn compartments() -> Vec<VectorFile> {
    let reason = "the space as a whole is not a compartment to be named";
    let whole = [[0; 16].as_slice(), &BILAL.id()].concat();
    vec![
        rule(
            "add_compartment_whole",
            reason,
            "The space has its name from its genesis.",
            11,
            &[[0; 16].as_slice(), &text(b"Board")].concat(),
        ),
        rule(
            "admit_whole",
            reason,
            "Who is a member is in the space.",
            12,
            &whole,
        ),
        rule(
            "expel_whole",
            reason,
            "Nobody is put out of the space without being removed.",
            13,
            &whole,
        ),
    ]
}

fn wraps() -> Vec<VectorFile> {
    let order = "wrapped keys are not in order";
    let (low, high) = (wrap([1; 32], 0), wrap([2; 32], 0));
    let share = |wraps: &[&Vec<u8>]| [[0x0e; 32].as_slice(), &list(wraps)].concat();
    let epoch_of = |count: [u8; 4]| [[0; 16].as_slice(), &[0x0c; 32], &count].concat();
    vec![
        rule(
            "wraps_descend",
            order,
            "There is one order.",
            15,
            &share(&[&high, &low]),
        ),
        rule(
            "wraps_twice",
            order,
            "One device is wrapped to once.",
            15,
            &share(&[&low, &low]),
        ),
        failure(
            "wraps_55",
            "over-limit",
            "wrapped keys",
            "A count over the limit is refused before a wrap is read.",
            &operation(14, &epoch_of(count(55))),
        ),
        failure(
            "wrap_cut",
            "truncated",
            "wrapped key",
            "The last byte is missing.",
            &operation(15, &share(&[&low])[..36 + 1187]),
        ),
    ]
}

fn segments() -> Vec<VectorFile> {
    let order = "named segments are not in order";
    vec![
        rule(
            "delete_nothing",
            "no segment is named",
            "A deletion deletes something.",
            20,
            &count(0),
        ),
        rule(
            "adopt_twice",
            order,
            "Each segment once.",
            22,
            &list(&[[1; 32], [1; 32]]),
        ),
        rule(
            "confirm_deletion_descends",
            order,
            "There is one order.",
            21,
            &list(&[[2; 32], [1; 32]]),
        ),
        failure(
            "delete_1025",
            "over-limit",
            "named segments",
            "A count over the limit is refused before a hash is read.",
            &operation(20, &count(1025)),
        ),
    ]
}

fn bodies() -> Vec<VectorFile> {
    let trailing = |condition, kind, body: &[u8]| {
        failure(
            condition,
            "trailing-bytes",
            "control operation",
            "A body is filled exactly.",
            &operation(kind, body),
        )
    };
    let cut = |condition, kind, reason, body: &[u8]| {
        failure(
            condition,
            "truncated",
            reason,
            "The last byte of the body is missing.",
            &operation(kind, &body[..body.len() - 1]),
        )
    };
    vec![
        trailing("leave_with_body", 8, &[0]),
        trailing(
            "seal_trailing_byte",
            10,
            &[BILAL.id().as_slice(), &[0]].concat(),
        ),
        trailing(
            "raise_role_trailing_byte",
            3,
            &[member_and(6), vec![0]].concat(),
        ),
        trailing("routes_trailing_byte", 17, &[0, 0]),
        cut("genesis_cut", 1, "history", &Genesis::new().body()),
        cut("raise_role_cut", 3, "role", &member_and(6)),
        cut("remove_member_cut", 5, "reason", &member_and(0)),
        cut(
            "owner_change_cut",
            9,
            "member id",
            &[[0, 0, 0, 0, 1].as_slice(), &[1; 32]].concat(),
        ),
        cut("seal_cut", 10, "member id", &[1; 32]),
        cut("expel_cut", 13, "member id", &[1; 48]),
        cut("prekey_cut", 16, "prekey", &[1; 1220]),
        cut("checkpoint_cut", 18, "state digest", &[1; 32]),
        cut("confirm_checkpoint_cut", 19, "state digest", &[1; 64]),
        cut("adopt_cut", 22, "segment hash", &list(&[[1; 32]])),
    ]
}
