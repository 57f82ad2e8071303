//! Vectors of control operations that are accepted: one for each kind.

use data_encoding::HEXLOWER;

use super::super::file::VectorFile;
use super::super::run::{hash, out, out_hex};
use super::wire::{AMINA, BILAL, CAROL, card, count, list, operation, prekey, routes, text};

/// The relay of the vectors.
pub(super) const RELAY: &str = "https://relay.example";
/// A compartment.
pub(super) const COMPARTMENT: [u8; 16] = [0x42; 16];

/// The body of a genesis.
pub(super) struct Genesis {
    pub(super) nonce: [u8; 32],
    pub(super) space_name: Vec<u8>,
    pub(super) founder: [u8; 32],
    pub(super) founder_name: Vec<u8>,
    pub(super) card: Vec<u8>,
    pub(super) device_cap: u8,
    pub(super) history: u8,
}

impl Genesis {
    /// Amina's space.
    pub(super) fn new() -> Self {
        Self {
            nonce: [7; 32],
            space_name: b"Garden".to_vec(),
            founder: AMINA.id(),
            founder_name: b"Amina".to_vec(),
            card: card(&[]),
            device_cap: 3,
            history: 1,
        }
    }

    pub(super) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn body(&self) -> Vec<u8> {
        [
            self.nonce.as_slice(),
            &text(&self.space_name),
            &self.founder,
            &text(&self.founder_name),
            &self.card,
            &[self.device_cap, self.history],
        ]
        .concat()
    }
}

/// The body of an AddMember.
pub(super) fn add_member(member: &[u8; 32], name: &[u8], role: u8, history: u8) -> Vec<u8> {
    let name = text(name);
    [member.as_slice(), &card(&[]), &name, &[role, history]].concat()
}

/// The bytes of a wrap that nobody opens.
pub(super) fn wrap(device: [u8; 32], filled_with: u8) -> Vec<u8> {
    [&device[..16], &[0, 0, 0, 3], &[filled_with; 1168]].concat()
}

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = of_members();
    files.extend(of_compartments());
    files.extend(of_keys());
    files.extend(of_segments());
    files.extend(of_payloads());
    files
}

/// A payload of one operation, whose line is `kind name fields`.
fn one(condition: &str, kind: u8, body: &[u8], fields: &str, comment: &str) -> VectorFile {
    VectorFile::success("team_control", condition, comment)
        .with_all(vec![out("operation", format!("{kind} {fields}"))])
        .bytes(operation(kind, body))
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn genesis(condition: &str, genesis: &Genesis, says: &str, comment: &str) -> VectorFile {
    let body = genesis.body();
    let fields = format!(
        "Genesis nonce={} space=\"Garden\" founder={} {says}",
        hex(&[7; 32]),
        hex(&AMINA.id())
    );
    let space_id = blake3::derive_key("causeway/team/v1 space id", &body);
    one(condition, 1, &body, &fields, comment).with_all(vec![out_hex("space-id", &space_id)])
}

fn of_members() -> Vec<VectorFile> {
    let (bilal, carol) = (hex(&BILAL.id()), hex(&CAROL.id()));
    let member_and = |byte: u8| [BILAL.id().as_slice(), &[byte]].concat();
    let plain_card = hash(&card(&[]));
    let one_card = hash(&card(&[RELAY]));
    let reached = Genesis::new().but(|genesis| {
        genesis.card = card(&[RELAY]);
        genesis.founder_name = "أمينة".as_bytes().to_vec();
        genesis.device_cap = 16;
        genesis.history = 2;
    });
    let new_device = [BILAL.id().as_slice(), &CAROL.id(), &card(&[])].concat();
    let vote = |byte: u8| [&[0, 0, 0, 5, byte], BILAL.id().as_slice()].concat();
    let reasons = ["unsaid", "retired", "lost", "silent"];
    let removals = (0..4).flat_map(|reason| operation(5, &member_and(reason)));
    let removed = reasons.map(|reason| {
        let line = format!("5 RemoveMember member={bilal} reason={reason}");
        out("operation", line)
    });
    vec![
        genesis(
            "genesis",
            &Genesis::new(),
            &format!("name=\"Amina\" card={plain_card} device-cap=3 history=checkpoint"),
            "The operation that begins a space, and the space id that follows from it.",
        ),
        genesis(
            "genesis_with_mailbox",
            &reached,
            &format!("name=\"أمينة\" card={one_card} device-cap=16 history=full"),
            "A founder who is reached through a relay, and the largest device cap.",
        ),
        one(
            "add_member",
            2,
            &add_member(&BILAL.id(), b"Bilal", 4, 1),
            &format!(
                "AddMember member={bilal} card={plain_card} name=\"Bilal\" role=editor history=checkpoint"
            ),
            "A grant: Bilal becomes an editor.",
        ),
        one(
            "raise_role",
            3,
            &member_and(6),
            &format!("RaiseRole member={bilal} role=admin"),
            "A grant: Bilal is at least an admin, the highest role that is given.",
        ),
        one(
            "lower_role",
            4,
            &member_and(1),
            &format!("LowerRole member={bilal} role=courier"),
            "A denial: Bilal is at most a courier, the lowest role.",
        ),
        VectorFile::success(
            "team_control",
            "remove_member",
            "A denial, four times in one segment, for each reason that there is.",
        )
        .with_all(removed.to_vec())
        .bytes(removals.collect::<Vec<_>>()),
        one(
            "add_device",
            6,
            &new_device,
            &format!("AddDevice member={bilal} device={carol} card={plain_card}"),
            "A grant: a member has one more device.",
        ),
        one(
            "remove_device",
            7,
            &member_and(2),
            &format!("RemoveDevice device={bilal} reason=lost"),
            "A denial: a device is none any more.",
        ),
        one("leave", 8, &[], "Leave", "A denial of the author's own."),
        one(
            "owner_change_add",
            9,
            &vote(1),
            &format!("OwnerChange generation=5 add={bilal}"),
            "A vote for one more owner.",
        ),
        one(
            "owner_change_remove",
            9,
            &vote(2),
            &format!("OwnerChange generation=5 remove={bilal}"),
            "A vote against an owner.",
        ),
        one(
            "seal",
            10,
            &BILAL.id(),
            &format!("Seal member={bilal}"),
            "What Bilal wrote unseen is void.",
        ),
    ]
}

fn of_compartments() -> Vec<VectorFile> {
    let bilal = hex(&BILAL.id());
    let compartment = hex(&COMPARTMENT);
    let who = [COMPARTMENT.as_slice(), &BILAL.id()].concat();
    let named = [COMPARTMENT.as_slice(), &text(b"Board")].concat();
    vec![
        one(
            "add_compartment",
            11,
            &named,
            &format!("AddCompartment compartment={compartment} name=\"Board\""),
            "A reader set inside the space.",
        ),
        one(
            "admit",
            12,
            &who,
            &format!("Admit compartment={compartment} member={bilal}"),
            "A grant: Bilal reads the compartment.",
        ),
        one(
            "expel",
            13,
            &who,
            &format!("Expel compartment={compartment} member={bilal}"),
            "A denial: Bilal reads the compartment no more.",
        ),
    ]
}

fn of_keys() -> Vec<VectorFile> {
    let wrapped = wrap(BILAL.id(), 0x77);
    let line = format!("[{}/3/{}]", hex(&BILAL.id()[..16]), hash(&[0x77; 1168]));
    let whole = [&[0; 16], [0x0c; 32].as_slice(), &list(&[&wrapped])].concat();
    let nobody = [COMPARTMENT.as_slice(), &[0x0c; 32], &count(0)].concat();
    let share = [[0x0e; 32].as_slice(), &list(&[&wrapped])].concat();
    let new_prekey = [&[0, 0, 1, 0], prekey().as_slice()].concat();
    let relays = [
        "https://relay.example",
        "http://127.0.0.1:2",
        "http://127.0.0.1:3",
        "http://127.0.0.1:4",
    ];
    let four = routes(&relays);
    vec![
        one(
            "epoch",
            14,
            &whole,
            &format!(
                "Epoch compartment={} commitment={} wraps={line}",
                hex(&[0; 16]),
                hex(&[0x0c; 32])
            ),
            "A new key of the space as a whole, for one device.",
        ),
        one(
            "epoch_without_wraps",
            14,
            &nobody,
            &format!(
                "Epoch compartment={} commitment={} wraps=[]",
                hex(&COMPARTMENT),
                hex(&[0x0c; 32])
            ),
            "A new key of a compartment that its author alone holds as yet.",
        ),
        one(
            "share_epoch",
            15,
            &share,
            &format!("ShareEpoch epoch={} wraps={line}", hex(&[0x0e; 32])),
            "The key of an epoch for one more device.",
        ),
        one(
            "prekey",
            16,
            &new_prekey,
            &format!("Prekey number=256 key={}", hash(&prekey())),
            "The author's new prekey.",
        ),
        one(
            "routes",
            17,
            &four,
            &format!("Routes routes={}", hash(&four)),
            "As many mailboxes as a device may have.",
        ),
        one(
            "routes_none",
            17,
            &[0],
            &format!("Routes routes={}", hash(&[0])),
            "A device that is reached through paired vaults only.",
        ),
    ]
}

fn of_segments() -> Vec<VectorFile> {
    let two = [[0x01; 32], [0x02; 32]];
    let named = format!("[{},{}]", hex(&two[0]), hex(&two[1]));
    let digest = hex(&[0xd1; 32]);
    vec![
        one(
            "checkpoint",
            18,
            &[0xd1; 32],
            &format!("Checkpoint digest={digest}"),
            "The digest of the state in the author's past.",
        ),
        one(
            "confirm_checkpoint",
            19,
            &[[0x01; 32], [0xd1; 32]].concat(),
            &format!(
                "ConfirmCheckpoint segment={} digest={digest}",
                hex(&[1; 32])
            ),
            "What another device comes to.",
        ),
        one(
            "delete",
            20,
            &list(&two),
            &format!("Delete segments={named}"),
            "Two payloads are to be destroyed everywhere.",
        ),
        one(
            "confirm_deletion",
            21,
            &list(&two),
            &format!("ConfirmDeletion segments={named}"),
            "They were.",
        ),
        one(
            "adopt",
            22,
            &list(&two),
            &format!("Adopt segments={named}"),
            "Late work takes effect.",
        ),
    ]
}

fn of_payloads() -> Vec<VectorFile> {
    let several = [
        operation(8, &[]),
        operation(40, b"later"),
        operation(8, &[]),
    ]
    .concat();
    vec![
        one(
            "unknown_23",
            23,
            b"later",
            &format!("Unknown body={}", hex(b"later")),
            "The first kind that is not known: kept as it is.",
        ),
        one(
            "unknown_255_empty",
            255,
            b"",
            "Unknown body=",
            "The last kind, without a body.",
        ),
        VectorFile::success(
            "team_control",
            "several",
            "An operation of a later version between two that are known.",
        )
        .with_all(vec![
            out("operation", "8 Leave"),
            out("operation", format!("40 Unknown body={}", hex(b"later"))),
            out("operation", "8 Leave"),
        ])
        .bytes(several),
    ]
}
