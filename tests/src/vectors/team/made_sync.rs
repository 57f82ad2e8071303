//! Vectors of have-summaries, fork proofs and sync messages.

use data_encoding::HEXLOWER;

use super::super::file::VectorFile;
use super::super::run::{hash, out, out_hex};
use super::super::signatures::{EMPTY_SIGNATURE, SMALL_ORDER_KEY, unreduced};
use super::wire::{
    AMINA, BILAL, CAROL, Device, Header, SPACE, count, list, operation, segment_hash,
};

/// A have-summary.
#[derive(Clone)]
struct Have {
    version: u8,
    device: [u8; 32],
    counter: u64,
    heads: Vec<([u8; 8], u64, u16)>,
    wants: Vec<[u8; 32]>,
}

impl Have {
    fn new() -> Self {
        Self {
            version: 1,
            device: AMINA.id(),
            counter: 7,
            heads: vec![([1; 8], 5, 0xabcd), ([2; 8], (1 << 40) - 1, 0)],
            wants: vec![[3; 32], [4; 32]],
        }
    }

    fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn body(&self) -> Vec<u8> {
        let mut bytes = vec![self.version];
        bytes.extend(self.device);
        bytes.extend(self.counter.to_be_bytes());
        bytes.extend(1_700_000_000_u64.to_be_bytes());
        bytes.extend(count(self.heads.len()));
        for (prefix, number, check) in &self.heads {
            bytes.extend(prefix);
            bytes.extend(&number.to_be_bytes()[3..]);
            bytes.extend(check.to_be_bytes());
        }
        bytes.extend(list(&self.wants));
        bytes
    }

    fn signed_as(&self, device: Device, space: &[u8; 32], label: &str) -> Vec<u8> {
        let body = self.body();
        let message = [space.as_slice(), &body].concat();
        let signature = device.identity().sign(label, &message);
        [body.as_slice(), &signature].concat()
    }

    fn signed(&self, device: Device) -> Vec<u8> {
        self.signed_as(device, &SPACE, "causeway/team/v1 have")
    }
}

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = haves();
    files.extend(haves_refused());
    files.extend(haves_not_signed());
    files.extend(forks());
    files.extend(messages());
    files.extend(messages_refused());
    files
}

fn in_space(made: VectorFile, payload: Vec<u8>) -> VectorFile {
    made.with_hex("space-id", &SPACE).bytes(payload)
}

fn haves() -> Vec<VectorFile> {
    let success = |condition, comment, have: &Have| {
        let made = VectorFile::success("team_have", condition, comment).with_all(vec![
            out_hex("device", &have.device),
            out("counter", have.counter),
            out("claimed-at", 1_700_000_000),
        ]);
        let wants = have.wants.iter().map(|want| out_hex("want", want));
        in_space(made.with_all(wants.collect()), have.signed(AMINA))
    };
    let nothing = Have::new().but(|have| {
        have.heads.clear();
        have.wants.clear();
        have.counter = 1;
    });
    vec![
        success(
            "two_devices",
            "Two devices are held, two things are wanted.",
            &Have::new(),
        ),
        success(
            "nothing",
            "The first word of a device that holds nothing.",
            &nothing,
        ),
    ]
}

fn refused_have(
    condition: &str,
    kind: &str,
    reason: &str,
    comment: &str,
    have: Vec<u8>,
) -> VectorFile {
    let made = VectorFile::failure("team_have", condition, kind, comment);
    in_space(made.with("reason", reason), have)
}

fn haves_refused() -> Vec<VectorFile> {
    let order = "summarised devices are not in order";
    let wants = "wants are not in order";
    let rule = |condition, reason, comment, change: &dyn Fn(&mut Have)| {
        let have = Have::new().but(change).signed(AMINA);
        refused_have(condition, "rule", reason, comment, have)
    };
    let right = Have::new().signed(AMINA);
    let head = Have::new().but(|have| {
        have.heads.clear();
        have.wants.clear();
    });
    let head = head.body();
    let devices = [&head[..49], &count(1025)].concat();
    let wanted = [&head[..53], &count(1001)].concat();
    vec![
        refused_have(
            "version_2",
            "unknown",
            "summary version",
            "A version that is not known.",
            Have::new().but(|have| have.version = 2).signed(AMINA),
        ),
        rule(
            "counter_0",
            "the counter of a summary is zero",
            "Counters begin at 1.",
            &|have| have.counter = 0,
        ),
        rule(
            "counter_over_limit",
            "the counter of a summary is too large",
            "2^40: nothing could come after the largest of all.",
            &|have| have.counter = 1 << 40,
        ),
        rule("devices_descend", order, "There is one order.", &|have| {
            have.heads.reverse();
        }),
        rule("devices_twice", order, "Each device once.", &|have| {
            have.heads[1].0 = [1; 8];
        }),
        rule(
            "number_0",
            order,
            "Nothing is held of a device that is named.",
            &|have| have.heads[0].1 = 0,
        ),
        rule("wants_descend", wants, "There is one order.", &|have| {
            have.wants.reverse();
        }),
        rule("wants_twice", wants, "Each thing once.", &|have| {
            have.wants[1] = [3; 32];
        }),
        refused_have(
            "devices_1025",
            "over-limit",
            "summarised devices",
            "A count over the limit is refused before a device is read.",
            devices,
        ),
        refused_have(
            "wants_1001",
            "over-limit",
            "wants",
            "A count over the limit is refused before a name is read.",
            wanted,
        ),
        refused_have(
            "cut_in_device",
            "truncated",
            "device prefix",
            "A device without its end.",
            right[..56].to_vec(),
        ),
        refused_have(
            "cut_in_signature",
            "truncated",
            "signature",
            "The last byte is missing.",
            right[..right.len() - 1].to_vec(),
        ),
        refused_have(
            "trailing_byte",
            "trailing-bytes",
            "have-summary",
            "Nothing follows the signature.",
            [right.as_slice(), &[0]].concat(),
        ),
    ]
}

fn haves_not_signed() -> Vec<VectorFile> {
    let fails = |condition, comment, have| {
        let made = VectorFile::failure("team_have", condition, "bad-signature", comment);
        in_space(made, have)
    };
    let right = Have::new().signed(AMINA);
    let (body, signature) = right.split_last_chunk::<64>().unwrap();
    let mut more = right.clone();
    more[65] ^= 1;
    let label = "causeway/team/v1 have";
    let small = Have::new().but(|have| have.device = SMALL_ORDER_KEY).body();
    vec![
        fails(
            "altered_number",
            "A relay or courier cannot acknowledge for somebody.",
            more,
        ),
        fails(
            "other_device",
            "Nobody acknowledges for somebody else.",
            Have::new().signed(BILAL),
        ),
        fails(
            "other_space",
            "A summary of one space is none of another.",
            Have::new().signed_as(AMINA, &[98; 32], label),
        ),
        fails(
            "other_label",
            "A signature made for a segment is none for a summary.",
            Have::new().signed_as(AMINA, &SPACE, "causeway/team/v1 segment"),
        ),
        fails(
            "signature_not_reduced",
            "S + L in place of S.",
            [body, &unreduced(signature)].concat(),
        ),
        fails(
            "device_of_small_order",
            "A key under which a lax verifier accepts any message.",
            [small.as_slice(), &EMPTY_SIGNATURE].concat(),
        ),
    ]
}

fn leave() -> Vec<u8> {
    operation(8, &[])
}

/// Two segments of one number, the one with the lower hash first.
fn fork_of(device: Device) -> [Vec<u8>; 2] {
    let header = Header::control(device, &leave());
    let later = header.clone().but(|header| header.claimed_at += 1);
    let mut pair = [header, later].map(|header| header.signed(device, &SPACE));
    pair.sort_by_key(|signed| segment_hash(&SPACE, signed));
    pair
}

fn forks() -> Vec<VectorFile> {
    let [lower, higher] = fork_of(BILAL);
    let failure = |condition, kind, comment, one: &[u8], other: &[u8]| {
        let made = VectorFile::failure("team_fork", condition, kind, comment);
        in_space(made, [one, other].concat())
    };
    let [others, _] = fork_of(CAROL);
    let second = Header::control(BILAL, &leave()).but(|header| {
        header.number = 2;
        header.previous = [1; 32];
    });
    let second = second.signed(BILAL, &SPACE);
    let forged = Header::control(BILAL, &leave()).signed(CAROL, &SPACE);
    let elsewhere = Header::control(BILAL, &leave()).signed(BILAL, &[98; 32]);
    let success = VectorFile::success(
        "team_fork",
        "first_segment",
        "Two first segments of one device.",
    );
    vec![
        in_space(success, [lower.as_slice(), &higher].concat()).with_all(vec![
            out_hex("device", &BILAL.id()),
            out("number", 1),
            out_hex("lower", &segment_hash(&SPACE, &lower)),
            out_hex("higher", &segment_hash(&SPACE, &higher)),
        ]),
        failure(
            "one_segment",
            "rule",
            "One segment is no fork.",
            &lower,
            &lower,
        ),
        failure("descends", "rule", "There is one order.", &higher, &lower),
        failure(
            "two_devices",
            "rule",
            "First segments of two devices.",
            &lower,
            &others,
        ),
        failure(
            "two_numbers",
            "rule",
            "Two segments that follow one another.",
            &lower,
            &second,
        ),
        failure(
            "first_forged",
            "bad-signature",
            "Nobody is put into quarantine by somebody else.",
            &forged,
            &lower,
        ),
        failure(
            "second_forged",
            "bad-signature",
            "Nobody is put into quarantine by somebody else.",
            &lower,
            &forged,
        ),
        failure(
            "other_space",
            "bad-signature",
            "The same number in two spaces is no fork.",
            &lower,
            &elsewhere,
        ),
        VectorFile::failure("team_fork", "cut", "truncated", "One header alone.")
            .with("reason", "segment version")
            .with_hex("space-id", &SPACE)
            .bytes(lower.clone()),
    ]
}

/// A sync message.
#[derive(Clone)]
struct Sync {
    version: u8,
    relayed: Vec<Vec<u8>>,
    proofs: Vec<Vec<u8>>,
    segments: Vec<Vec<u8>>,
}

impl Sync {
    fn of(segments: Vec<Vec<u8>>) -> Self {
        Self {
            version: 1,
            relayed: Vec::new(),
            proofs: Vec::new(),
            segments,
        }
    }

    fn head(&self) -> Vec<u8> {
        [
            &[self.version],
            SPACE.as_slice(),
            &Have::new().signed(AMINA),
        ]
        .concat()
    }

    fn bytes(&self) -> Vec<u8> {
        [
            self.head(),
            list(&self.relayed),
            list(&self.proofs),
            list(&self.segments),
        ]
        .concat()
    }
}

/// A segment as it is carried.
fn carried(header: &[u8], payload: Option<&[u8]>) -> Vec<u8> {
    match payload {
        Some(payload) => [header, &[1], payload].concat(),
        None => [header, &[0]].concat(),
    }
}

fn messages() -> Vec<VectorFile> {
    let header = Header::control(AMINA, &leave()).signed(AMINA, &SPACE);
    let name = HEXLOWER.encode(&segment_hash(&SPACE, &header));
    let with_payload = carried(&header, Some(&leave()));
    let without = carried(&header, None);
    let other = Have::new()
        .but(|have| have.device = BILAL.id())
        .signed(BILAL);
    let proof = fork_of(BILAL).concat();
    let success = |condition, comment, sync: &Sync, lines: Vec<(String, String)>| {
        let have = hash(&Have::new().signed(AMINA));
        VectorFile::success("team_sync", condition, comment)
            .with_all([vec![out_hex("space-id", &SPACE), out("have", have)], lines].concat())
            .bytes(sync.bytes())
    };
    let all = Sync {
        relayed: vec![other.clone()],
        proofs: vec![proof.clone()],
        ..Sync::of(vec![with_payload, without])
    };
    vec![
        success(
            "summary_alone",
            "Nothing but an acknowledgement.",
            &Sync::of(Vec::new()),
            Vec::new(),
        ),
        success(
            "everything",
            "A summary of a third party, the proof of a fork, and a segment with its payload and without.",
            &all,
            vec![
                out("relayed", hash(&other)),
                out("proof", hash(&proof)),
                out("segment", format!("{name} {}", hash(&leave()))),
                out("segment", format!("{name} absent")),
            ],
        ),
    ]
}

fn messages_refused() -> Vec<VectorFile> {
    let failure = |condition, kind, reason: Option<&str>, comment, payload: Vec<u8>| {
        let made = VectorFile::failure("team_sync", condition, kind, comment).bytes(payload);
        match reason {
            Some(reason) => made.with("reason", reason),
            None => made,
        }
    };
    let empty = Sync::of(Vec::new());
    let over = |lists: usize, limit: usize| {
        let counts = [0, 0, 0].map(count);
        [
            empty.head(),
            counts[..lists].concat(),
            count(limit + 1).to_vec(),
        ]
        .concat()
    };
    let header = Header::control(AMINA, &leave()).signed(AMINA, &SPACE);
    let flagged = [header.as_slice(), &[2]].concat();
    let mut other = leave();
    other[0] ^= 1;
    let forged = Header::control(AMINA, &leave()).signed(BILAL, &SPACE);
    let one = |segment| Sync::of(vec![segment]).bytes();
    let forged_have = Sync {
        relayed: vec![Have::new().signed(BILAL)],
        ..empty.clone()
    };
    let mut version = empty.clone();
    version.version = 2;
    let mut trailing = empty.bytes();
    trailing.push(0);
    let whole = one(carried(&header, Some(&leave())));
    vec![
        failure(
            "version_2",
            "unknown",
            Some("sync version"),
            "A version that is not known.",
            version.bytes(),
        ),
        failure(
            "relayed_1025",
            "over-limit",
            Some("relayed summaries"),
            "A count over the limit.",
            over(0, 1024),
        ),
        failure(
            "proofs_1025",
            "over-limit",
            Some("fork proofs"),
            "A count over the limit.",
            over(1, 1024),
        ),
        failure(
            "segments_65537",
            "over-limit",
            Some("carried segments"),
            "A count over the limit.",
            over(2, 65_536),
        ),
        failure(
            "payload_flag_2",
            "unknown",
            Some("whether the payload is there"),
            "It is there or not.",
            one(flagged),
        ),
        failure(
            "payload_cut",
            "truncated",
            Some("payload"),
            "The last byte is missing.",
            whole[..whole.len() - 1].to_vec(),
        ),
        failure(
            "payload_exchanged",
            "payload-mismatch",
            None,
            "A segment with another payload.",
            one(carried(&header, Some(&other))),
        ),
        failure(
            "segment_forged",
            "bad-signature",
            None,
            "A segment in somebody else's name.",
            one(carried(&forged, None)),
        ),
        failure(
            "relayed_forged",
            "bad-signature",
            None,
            "A summary in somebody else's name.",
            forged_have.bytes(),
        ),
        failure(
            "trailing_byte",
            "trailing-bytes",
            Some("sync message"),
            "Nothing follows the segments.",
            trailing,
        ),
    ]
}
