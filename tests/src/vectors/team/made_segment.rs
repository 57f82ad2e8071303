//! Vectors of segment headers, and of payloads beside them.

use super::super::file::VectorFile;
use super::super::run::{hash, out, out_hex};
use super::super::signatures::{EMPTY_SIGNATURE, SMALL_ORDER_KEY, unreduced};
use super::wire::{AMINA, BILAL, Header, SEGMENT_LABEL, SPACE, operation, segment_hash};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused_fields());
    files.extend(refused_forms());
    files.extend(refused_signatures());
    files.extend(refused_payloads());
    files
}

fn payload() -> Vec<u8> {
    operation(8, &[])
}

fn first() -> Header {
    Header::control(AMINA, &payload())
}

fn later() -> Header {
    first().but(|header| {
        header.number = 2;
        header.previous = [0x0b; 32];
        header.deps = vec![[0x01; 32], [0x02; 32]];
    })
}

fn content() -> Header {
    later().but(|header| {
        header.kind = 2;
        header.sealing = Some(([0x0e; 32], [0x5a; 24]));
    })
}

fn file(file: VectorFile, header: Vec<u8>) -> VectorFile {
    file.with_hex("space-id", &SPACE).bytes(header)
}

fn success(condition: &str, comment: &str, header: &Header) -> VectorFile {
    let signed = header.signed(AMINA, &SPACE);
    let mut outs = vec![
        out_hex("hash", &segment_hash(&SPACE, &signed)),
        out_hex("device", &header.device),
        out("number", header.number),
        out_hex("previous", &header.previous),
    ];
    outs.extend(header.deps.iter().map(|dep| out_hex("dep", dep)));
    outs.push(out("claimed-at", header.claimed_at));
    if let Some((epoch, salt)) = &header.sealing {
        outs.push(out_hex("epoch", epoch));
        outs.push(out_hex("salt", salt));
    }
    outs.push(out("payload-bytes", header.payload_bytes));
    outs.push(out_hex("payload-hash", &header.payload_hash));
    let made = VectorFile::success("team_segment", condition, comment).with_all(outs);
    file(made, signed)
}

fn accepted() -> Vec<VectorFile> {
    let last = later().but(|header| {
        header.number = (1 << 40) - 1;
        header.claimed_at = u64::MAX;
        header.payload_bytes = 65_536;
    });
    let mut carried = success(
        "carried_payload",
        "A payload that has the length and the hash of its header.",
        &first(),
    )
    .with_hex("carried", &payload());
    carried = carried.with_all(vec![out("carried", hash(&payload()))]);
    vec![
        success("first", "A device's first control segment.", &first()),
        success(
            "later_with_deps",
            "A later one, after two segments of others.",
            &later(),
        ),
        success(
            "content",
            "A content segment names its epoch and has a salt.",
            &content(),
        ),
        success(
            "last_number",
            "The largest number, time and payload.",
            &last,
        ),
        carried,
    ]
}

fn failure(
    condition: &str,
    kind: &str,
    reason: &str,
    comment: &str,
    header: Vec<u8>,
) -> VectorFile {
    let made = VectorFile::failure("team_segment", condition, kind, comment);
    file(made.with("reason", reason), header)
}

fn refused_fields() -> Vec<VectorFile> {
    let fails = |condition, kind, reason, comment, header: Header| {
        failure(
            condition,
            kind,
            reason,
            comment,
            header.signed(AMINA, &SPACE),
        )
    };
    let place = "a segment's number and the one before do not fit";
    let order = "the segments it follows are not in order";
    vec![
        fails(
            "version_2",
            "unknown",
            "segment version",
            "A version that is not known.",
            first().but(|header| header.version = 2),
        ),
        fails(
            "kind_0",
            "unknown",
            "segment kind",
            "Control is 1, content is 2.",
            first().but(|header| header.kind = 0),
        ),
        fails(
            "kind_3",
            "unknown",
            "segment kind",
            "A kind that is not known.",
            first().but(|header| header.kind = 3),
        ),
        fails(
            "number_0",
            "rule",
            place,
            "Numbers begin at 1.",
            first().but(|header| header.number = 0),
        ),
        fails(
            "first_with_previous",
            "rule",
            place,
            "Nothing comes before the first.",
            first().but(|header| header.previous = [1; 32]),
        ),
        fails(
            "second_without_previous",
            "rule",
            place,
            "A log has one beginning.",
            later().but(|header| header.previous = [0; 32]),
        ),
        fails(
            "number_over_limit",
            "over-limit",
            "segment number",
            "One more than a have-summary can say.",
            later().but(|header| header.number = 1 << 40),
        ),
        fails(
            "deps_1025",
            "over-limit",
            "segments it follows",
            "A count over the limit is refused before a hash is read.",
            first().but(|header| header.dep_count = Some(1025)),
        ),
        fails(
            "deps_descend",
            "rule",
            order,
            "There is one order.",
            later().but(|header| header.deps.reverse()),
        ),
        fails(
            "deps_twice",
            "rule",
            order,
            "Each segment once.",
            later().but(|header| header.deps = vec![[1; 32], [1; 32]]),
        ),
        fails(
            "payload_of_65537_bytes",
            "over-limit",
            "payload",
            "One byte too long.",
            first().but(|header| header.payload_bytes = 65_537),
        ),
    ]
}

fn refused_forms() -> Vec<VectorFile> {
    let signed = content().signed(AMINA, &SPACE);
    let cut = |condition, field, len: usize| {
        let comment = format!("Cut inside the field: {field}.");
        failure(
            condition,
            "truncated",
            field,
            &comment,
            signed[..len].to_vec(),
        )
    };
    vec![
        cut("empty", "segment version", 0),
        cut("cut_in_device", "device id", 20),
        cut("cut_in_number", "segment number", 40),
        cut("cut_in_previous", "segment hash", 60),
        cut("cut_in_deps", "segment hash", 100),
        cut("cut_in_time", "claimed time", 145),
        cut("cut_in_epoch", "epoch id", 170),
        cut("cut_in_salt", "salt", 190),
        cut("cut_in_payload_hash", "payload hash", 220),
        cut("cut_in_signature", "signature", signed.len() - 1),
        failure(
            "trailing_byte",
            "trailing-bytes",
            "segment header",
            "Nothing follows the signature.",
            [signed.as_slice(), &[0]].concat(),
        ),
    ]
}

fn refused_signatures() -> Vec<VectorFile> {
    let fails = |condition, comment, header| {
        let made = VectorFile::failure("team_segment", condition, "bad-signature", comment);
        file(made, header)
    };
    let signed = first().signed(AMINA, &SPACE);
    let (body, signature) = signed.split_last_chunk::<64>().unwrap();
    let mut later_time = signed.clone();
    later_time[82] ^= 1;
    let small = first()
        .but(|header| header.device = SMALL_ORDER_KEY)
        .bytes();
    let no_point = first().but(|header| header.device = [0x02; 32]);
    vec![
        fails(
            "altered_time",
            "The claimed time was changed after signing.",
            later_time,
        ),
        fails(
            "other_device",
            "Signed by Bilal, in Amina's name.",
            first().signed(BILAL, &SPACE),
        ),
        fails(
            "other_space",
            "A segment of one space is none of another.",
            first().signed(AMINA, &[98; 32]),
        ),
        fails(
            "other_label",
            "A signature made for something else is none for a segment.",
            first().signed_as(AMINA, &SPACE, "causeway/bundle/v1 sender"),
        ),
        fails(
            "signature_not_reduced",
            "S + L in place of S: a second signature of one header.",
            [body, &unreduced(signature)].concat(),
        ),
        fails(
            "device_of_small_order",
            "A key under which a lax verifier accepts any message.",
            [small.as_slice(), &EMPTY_SIGNATURE].concat(),
        ),
        fails(
            "device_not_a_point",
            "The key is not on the curve.",
            no_point.signed_as(AMINA, &SPACE, SEGMENT_LABEL),
        ),
    ]
}

fn refused_payloads() -> Vec<VectorFile> {
    let fails = |condition, comment, carried: &[u8]| {
        let made = VectorFile::failure("team_segment", condition, "payload-mismatch", comment);
        let signed = first().signed(AMINA, &SPACE);
        file(made, signed).with_hex("carried", carried)
    };
    let mut other = payload();
    other[0] ^= 1;
    vec![
        fails(
            "payload_altered",
            "Another payload of the same length.",
            &other,
        ),
        fails("payload_cut", "The last byte is missing.", &payload()[..4]),
        fails(
            "payload_extended",
            "One byte more.",
            &[payload(), vec![0]].concat(),
        ),
    ]
}
