//! Vectors of sender blocks without their signature, and of receipts.

use pack_format::codec::{Wire as _, Writer};

use super::file::VectorFile;
use super::people::{AMINA, BILAL, CAROL};
use super::recipe::sender_to;
use super::run::out;
use super::run_vault::sender_outs;

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = senders();
    files.extend(receipts());
    files
}

fn senders() -> Vec<VectorFile> {
    let one = sender_to(vec![BILAL.fingerprint()]);
    let three = sender_to(vec![
        AMINA.fingerprint(),
        BILAL.fingerprint(),
        CAROL.fingerprint(),
    ]);
    let success = |condition, comment, sender: &bundle_format::sender::Sender| {
        VectorFile::success("sender", condition, comment)
            .with_all(sender_outs(sender))
            .bytes(sender.to_wire())
    };
    let refused = |condition, kind, reason, comment, bytes: Vec<u8>| {
        VectorFile::failure("sender", condition, kind, comment)
            .with("reason", reason)
            .bytes(bytes)
    };
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = three.to_wire();
        change(&mut bytes);
        bytes
    };
    // Version, key, incarnation, time: the count of readers is byte 45.
    let (count_at, readers_at) = (45, 46);
    let order = "readers are not in order";
    let count = "a bundle has 1 to 128 readers";
    vec![
        success("one_reader", "The usual sender block.", &one),
        success("three_readers", "Readers ascend.", &three),
        refused(
            "version_2",
            "unknown",
            "sender block version",
            "A version that is not known.",
            changed(&|bytes| bytes[0] = 2),
        ),
        refused(
            "no_reader",
            "rule",
            count,
            "A bundle has a reader.",
            changed(&|bytes| {
                bytes.truncate(readers_at);
                bytes[count_at] = 0;
            }),
        ),
        refused(
            "129_readers",
            "rule",
            count,
            "More readers than slots.",
            changed(&|bytes| bytes[count_at] = 129),
        ),
        refused(
            "reader_twice",
            "rule",
            order,
            "Each reader once.",
            changed(&|bytes| bytes.copy_within(readers_at..readers_at + 32, readers_at + 32)),
        ),
        refused(
            "readers_descending",
            "rule",
            order,
            "There is one order.",
            changed(&|bytes| {
                let (first, rest) = bytes[readers_at..].split_at_mut(32);
                first.swap_with_slice(&mut rest[..32]);
            }),
        ),
        refused(
            "cut_in_readers",
            "truncated",
            "reader",
            "A reader is missing.",
            changed(&|bytes| bytes.truncate(bytes.len() - 32)),
        ),
        refused(
            "trailing_byte",
            "trailing-bytes",
            "sender block",
            "Nothing follows the readers.",
            changed(&|bytes| bytes.push(0)),
        ),
    ]
}

/// A receipt of bundles of one content, as it is written: incarnation, bundles, ranges.
fn receipt(version: u8, taken: &[u64], missing: &[(u64, u64)]) -> Vec<u8> {
    let taken: Vec<_> = taken.iter().map(|it| (*it, CONTENT_ID)).collect();
    receipt_of(version, &taken, missing)
}

/// A receipt of any bundles.
fn receipt_of(version: u8, taken: &[(u64, [u8; 32])], missing: &[(u64, u64)]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(version).u32(2).count(taken.len());
    for (sequence, content_id) in taken {
        writer.u64(*sequence).put(content_id);
    }
    writer.count(missing.len());
    for (first, last) in missing {
        writer.u64(*first).u64(*last);
    }
    writer.into_bytes()
}

const CONTENT_ID: [u8; 32] = [0xcd; 32];

fn receipts() -> Vec<VectorFile> {
    let mut files = accepted_receipts();
    files.extend(refused_receipts());
    files
}

fn accepted_receipts() -> Vec<VectorFile> {
    let success = |condition, comment, taken: &[u64], missing: &[(u64, u64)]| {
        let id = data_encoding::HEXLOWER.encode(&CONTENT_ID);
        let taken_lines = taken.iter().map(|it| out("taken", format!("{it} {id}")));
        let missing_lines = missing
            .iter()
            .map(|(first, last)| out("missing", format!("{first} {last}")));
        VectorFile::success("receipt", condition, comment)
            .with_all(vec![out("incarnation", 2)])
            .with_all(taken_lines.chain(missing_lines).collect())
            .bytes(receipt(1, taken, missing))
    };
    vec![
        success(
            "empty",
            "Nothing was taken in, nothing is missing.",
            &[],
            &[],
        ),
        success(
            "taken_and_missing",
            "Four and seven came; the others are missing.",
            &[4, 7],
            &[(1, 3), (5, 6)],
        ),
        success(
            "largest_range",
            "The last number that a slot can have.",
            &[],
            &[(1, SEQUENCE_LARGEST)],
        ),
        success(
            "largest_sequence",
            "The same, of a bundle that came.",
            &[SEQUENCE_LARGEST],
            &[],
        ),
    ]
}

/// Six bytes of ones.
const SEQUENCE_LARGEST: u64 = (1 << 48) - 1;

fn refused_receipts() -> Vec<VectorFile> {
    let mut files = refused_taken();
    files.extend(refused_missing());
    files
}

fn refused_receipt(
    condition: &str,
    kind: &str,
    reason: &str,
    comment: &str,
    bytes: Vec<u8>,
) -> VectorFile {
    VectorFile::failure("receipt", condition, kind, comment)
        .with("reason", reason)
        .bytes(bytes)
}

fn refused_taken() -> Vec<VectorFile> {
    let refused = refused_receipt;
    let order = "receipted bundles are not in order";
    vec![
        refused(
            "version_2",
            "unknown",
            "receipt version",
            "A version that is not known.",
            receipt(2, &[], &[]),
        ),
        refused(
            "taken_out_of_order",
            "rule",
            order,
            "There is one order.",
            receipt(1, &[7, 4], &[]),
        ),
        refused(
            "taken_twice",
            "rule",
            order,
            "One bundle, named twice.",
            receipt(1, &[4, 4], &[]),
        ),
        refused(
            "taken_ids_descend",
            "rule",
            order,
            "Of one sequence the smaller content id comes first.",
            receipt_of(1, &[(4, [2; 32]), (4, [1; 32])], &[]),
        ),
        refused(
            "taken_beyond_sequences",
            "rule",
            order,
            "A number that no slot can have.",
            receipt(1, &[SEQUENCE_LARGEST + 1], &[]),
        ),
        refused(
            "over_1000_bundles",
            "over-limit",
            "receipted bundles",
            "A count over the limit is refused before a bundle is read.",
            [&receipt(1, &[], &[])[..5], &1001_u32.to_be_bytes()].concat(),
        ),
    ]
}

fn refused_missing() -> Vec<VectorFile> {
    let refused = refused_receipt;
    let order = "missing ranges are not in order";
    let right = receipt(1, &[4], &[(1, 1)]);
    vec![
        refused(
            "range_backwards",
            "rule",
            order,
            "First after last.",
            receipt(1, &[], &[(4, 3)]),
        ),
        refused(
            "ranges_overlap",
            "rule",
            order,
            "One number in two ranges.",
            receipt(1, &[], &[(1, 5), (5, 6)]),
        ),
        refused(
            "ranges_touch",
            "rule",
            order,
            "Two ranges that are one.",
            receipt(1, &[], &[(1, 4), (5, 6)]),
        ),
        refused(
            "ranges_descend",
            "rule",
            order,
            "There is one order.",
            receipt(1, &[], &[(5, 6), (1, 2)]),
        ),
        refused(
            "range_beyond_sequences",
            "rule",
            order,
            "A number that no slot can have.",
            receipt(1, &[], &[(1, SEQUENCE_LARGEST + 1)]),
        ),
        refused(
            "over_256_ranges",
            "over-limit",
            "missing ranges",
            "A count over the limit is refused before a range is read.",
            [&receipt(1, &[], &[])[..9], &257_u32.to_be_bytes()].concat(),
        ),
        refused(
            "cut",
            "truncated",
            "range end",
            "The last byte is missing.",
            right[..right.len() - 1].to_vec(),
        ),
        refused(
            "trailing_byte",
            "trailing-bytes",
            "receipt",
            "Nothing follows the ranges.",
            [right.as_slice(), &[0]].concat(),
        ),
    ]
}
