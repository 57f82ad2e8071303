//! Vectors of what is said about joining a space.

use data_encoding::HEXLOWER;

use super::super::file::VectorFile;
use super::super::run::{hash, out};
use super::super::signatures::{EMPTY_SIGNATURE, SMALL_ORDER_KEY};
use super::made_control::RELAY;
use super::wire::{AMINA, BILAL, CAROL, Device, SPACE, card, count, text};

/// An invitation.
#[derive(Clone)]
struct Invitation {
    space: [u8; 32],
    space_name: Vec<u8>,
    admission: Vec<u8>,
    urls: &'static [&'static str],
}

impl Invitation {
    fn as_member(role: u8, history: u8) -> Self {
        Self {
            space: SPACE,
            space_name: b"Garden".to_vec(),
            admission: vec![1, role, history],
            urls: &[RELAY],
        }
    }

    fn as_device(space: u8) -> Self {
        Self {
            space: [space; 32],
            space_name: b"Garden".to_vec(),
            admission: [&[2], AMINA.id().as_slice()].concat(),
            urls: &[],
        }
    }

    fn bytes(&self) -> Vec<u8> {
        [
            self.space.as_slice(),
            &text(&self.space_name),
            &AMINA.id(),
            &card(self.urls),
            &self.admission,
            &[0x5e; 32],
            &1_800_000_000_u64.to_be_bytes(),
        ]
        .concat()
    }

    fn line(&self, admission: &str) -> (String, String) {
        let line = format!(
            "space={} name=\"Garden\" inviter={} card={} {admission} secret={} expires-at=1800000000",
            hex(&self.space),
            hex(&AMINA.id()),
            hash(&card(self.urls)),
            hex(&[0x5e; 32]),
        );
        out("invitation", line)
    }
}

/// A join request of a device.
#[derive(Clone)]
struct Join {
    space: [u8; 32],
    device: [u8; 32],
    name: Vec<u8>,
}

impl Join {
    fn of(space: u8, device: Device) -> Self {
        Self {
            space: [space; 32],
            device: device.id(),
            name: b"Bilal".to_vec(),
        }
    }

    fn body(&self) -> Vec<u8> {
        [
            self.space.as_slice(),
            &[0x5e; 32],
            &self.device,
            &card(&[]),
            &text(&self.name),
        ]
        .concat()
    }

    fn signed_as(&self, device: Device, label: &str) -> Vec<u8> {
        let body = self.body();
        let signature = device.identity().sign(label, &body);
        [body.as_slice(), &signature].concat()
    }

    fn signed(&self, device: Device) -> Vec<u8> {
        self.signed_as(device, "causeway/team/v1 join")
    }

    fn line(&self) -> (String, String) {
        let line = format!(
            "space={} device={} card={} name=\"Bilal\" secret={}",
            hex(&self.space),
            hex(&self.device),
            hash(&card(&[])),
            hex(&[0x5e; 32]),
        );
        out("join", line)
    }
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn parcel(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[1, kind], body].concat()
}

fn list(kind: u8, values: &[Vec<u8>]) -> Vec<u8> {
    let bytes = [count(values.len()).as_slice(), &values.concat()].concat();
    parcel(kind, &bytes)
}

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused());
    files.extend(refused_lists());
    files.extend(refused_signatures());
    files
}

fn accepted() -> Vec<VectorFile> {
    let success = |condition, comment, lines, payload: Vec<u8>| {
        VectorFile::success("team_joining", condition, comment)
            .with_all(lines)
            .bytes(payload)
    };
    let member = Invitation::as_member(4, 1);
    let devices = [Invitation::as_device(1), Invitation::as_device(2)];
    let as_device = format!("device-of={}", hex(&AMINA.id()));
    let joins = [(1, BILAL), (2, CAROL)].map(|(space, device)| (Join::of(space, device), device));
    let signed = joins.iter().map(|(join, device)| join.signed(*device));
    let join = Join::of(99, BILAL);
    vec![
        success(
            "invitation",
            "Come in as an editor, and read from the newest checkpoint on.",
            vec![member.line("role=editor history=checkpoint")],
            parcel(1, &member.bytes()),
        ),
        success(
            "join",
            "The answer, signed by the device that is to be let in.",
            vec![join.line()],
            parcel(2, &join.signed(BILAL)),
        ),
        success(
            "link_offer",
            "A second laptop into two spaces of one person.",
            devices.iter().map(|it| it.line(&as_device)).collect(),
            list(3, &devices.each_ref().map(Invitation::bytes)),
        ),
        success(
            "link_request",
            "Its answer: another key for each space.",
            joins.iter().map(|(join, _)| join.line()).collect(),
            list(4, &signed.collect::<Vec<_>>()),
        ),
    ]
}

fn failure(
    condition: &str,
    kind: &str,
    reason: &str,
    comment: &str,
    payload: Vec<u8>,
) -> VectorFile {
    VectorFile::failure("team_joining", condition, kind, comment)
        .with("reason", reason)
        .bytes(payload)
}

fn refused() -> Vec<VectorFile> {
    let member = Invitation::as_member(4, 1).bytes();
    let with_role = |role, history| parcel(1, &Invitation::as_member(role, history).bytes());
    let mut other_admission = Invitation::as_device(1);
    other_admission.admission[0] = 3;
    let mut hidden = Invitation::as_member(4, 1);
    hidden.space_name = "Gar\u{202e}den".as_bytes().to_vec();
    let mut other_version = parcel(1, &member);
    other_version[0] = 2;
    let join = Join::of(99, BILAL).signed(BILAL);
    vec![
        failure(
            "version_2",
            "unknown",
            "version of a joining message",
            "A version that is not known.",
            other_version[..2].to_vec(),
        ),
        failure(
            "kind_0",
            "unknown",
            "kind of joining message",
            "Kinds begin at 1.",
            parcel(0, &[]),
        ),
        failure(
            "kind_5",
            "unknown",
            "kind of joining message",
            "A kind that is not known.",
            parcel(5, &[]),
        ),
        failure(
            "invitation_as_owner",
            "rule",
            "nobody is invited as an owner",
            "Owners are made by owners together.",
            with_role(7, 1),
        ),
        failure(
            "invitation_role_0",
            "unknown",
            "role",
            "Roles begin at 1.",
            with_role(0, 1),
        ),
        failure(
            "invitation_history_3",
            "unknown",
            "history",
            "A policy that is not known.",
            with_role(4, 3),
        ),
        failure(
            "invitation_admission_3",
            "unknown",
            "admission",
            "Member or device, nothing else.",
            parcel(1, &other_admission.bytes()),
        ),
        failure(
            "invitation_name_hides",
            "rule",
            "a name is empty, has hidden characters or white space at an end",
            "The name of a space must not turn the line round.",
            parcel(1, &hidden.bytes()),
        ),
        failure(
            "invitation_cut",
            "truncated",
            "expiry of an invitation",
            "The last byte is missing.",
            parcel(1, &member[..member.len() - 1]),
        ),
        failure(
            "invitation_trailing_byte",
            "trailing-bytes",
            "joining message",
            "Nothing follows the expiry.",
            parcel(1, &[member.as_slice(), &[0]].concat()),
        ),
        failure(
            "join_cut",
            "truncated",
            "signature",
            "The last byte is missing.",
            parcel(2, &join[..join.len() - 1]),
        ),
    ]
}

fn refused_lists() -> Vec<VectorFile> {
    let twice = "there is no space to link, or one twice";
    let offer = |invitations: &[Invitation]| {
        list(
            3,
            &invitations
                .iter()
                .map(Invitation::bytes)
                .collect::<Vec<_>>(),
        )
    };
    let device = Invitation::as_device(1);
    let one_key = [1, 2].map(|space| Join::of(space, BILAL).signed(BILAL));
    vec![
        failure(
            "link_offer_empty",
            "rule",
            twice,
            "An offer offers something.",
            offer(&[]),
        ),
        failure(
            "link_offer_space_twice",
            "rule",
            twice,
            "Each space once.",
            offer(&[device.clone(), device]),
        ),
        failure(
            "link_offer_21",
            "over-limit",
            "linked spaces",
            "A count over the limit is refused before an invitation is read.",
            parcel(3, &count(21)),
        ),
        failure(
            "link_offer_for_member",
            "rule",
            "an offer to link a device invites a new member",
            "Who links a device is told so, and nothing else.",
            offer(&[Invitation::as_member(4, 1)]),
        ),
        failure(
            "link_request_one_key",
            "rule",
            "two spaces would have one device key",
            "Two spaces of one person share no key.",
            list(4, &one_key),
        ),
    ]
}

fn refused_signatures() -> Vec<VectorFile> {
    let fails = |condition, comment, join: Vec<u8>| {
        VectorFile::failure("team_joining", condition, "bad-signature", comment)
            .bytes(parcel(2, &join))
    };
    let join = Join::of(99, BILAL);
    let mut other_space = join.signed(BILAL);
    other_space[0] ^= 1;
    let mut other_secret = join.signed(BILAL);
    other_secret[32] ^= 1;
    let mut small = join.clone();
    small.device = SMALL_ORDER_KEY;
    vec![
        fails(
            "join_by_another",
            "Nobody brings somebody else's device into a space.",
            join.signed(CAROL),
        ),
        fails(
            "join_other_space",
            "A request for one space is none for another.",
            other_space,
        ),
        fails(
            "join_other_secret",
            "A request answers one invitation.",
            other_secret,
        ),
        fails(
            "join_other_label",
            "A signature made for something else is none for a request.",
            join.signed_as(BILAL, "causeway/team/v1 have"),
        ),
        fails(
            "join_device_of_small_order",
            "A key under which a lax verifier accepts any message.",
            [small.body().as_slice(), &EMPTY_SIGNATURE].concat(),
        ),
    ]
}
