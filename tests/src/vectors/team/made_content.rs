//! Vectors of the operations of a content segment, as far as everybody reads them.

use super::super::file::VectorFile;
use super::super::run::out;
use super::wire::varint;

/// One content operation.
pub(super) fn operation(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], varint(body.len() as u64).as_slice(), body].concat()
}

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused());
    files
}

fn accepted() -> Vec<VectorFile> {
    let success = |condition, comment, lines: &[&str], content: Vec<u8>| {
        let lines = lines.iter().map(|line| out("operation", line));
        VectorFile::success("team_content", condition, comment)
            .with_all(lines.collect())
            .bytes(content)
    };
    let bounds = [0, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff];
    let ranges = bounds.iter().flat_map(|kind| operation(*kind, b"x"));
    let long = [b'l'; 200];
    vec![
        success(
            "one",
            "One operation for which a suggester is needed.",
            &["32 suggester 6869"],
            operation(0x20, b"hi"),
        ),
        success(
            "ranges_of_roles",
            "The first and the last kind of each range.",
            &[
                "0 of a later version 78",
                "31 of a later version 78",
                "32 suggester 78",
                "63 suggester 78",
                "64 editor 78",
                "127 editor 78",
                "128 approver 78",
                "191 approver 78",
                "192 of a later version 78",
                "255 of a later version 78",
            ],
            ranges.collect(),
        ),
        success(
            "length_in_two_bytes",
            "A length above 127.",
            &[&format!("64 editor {}", "6c".repeat(200))],
            operation(0x40, &long),
        ),
        success(
            "without_body",
            "An operation may be its kind alone.",
            &["64 editor "],
            operation(0x40, b""),
        ),
    ]
}

fn refused() -> Vec<VectorFile> {
    let failure = |condition, kind, reason, comment, content: &[u8]| {
        VectorFile::failure("team_content", condition, kind, comment)
            .with("reason", reason)
            .bytes(content)
    };
    let shortest = "an integer is not in its shortest form";
    let mut over_64_bits = vec![0x40];
    over_64_bits.extend([0xff; 9]);
    over_64_bits.push(2);
    let mut endless = vec![0x40];
    endless.extend([0xff; 11]);
    vec![
        failure(
            "no_operation",
            "rule",
            "a content segment has no operation",
            "A segment that says nothing is not written.",
            &[],
        ),
        failure(
            "cut_before_length",
            "truncated",
            "length of operation",
            "A kind alone.",
            &[0x40],
        ),
        failure(
            "cut_in_length",
            "truncated",
            "length of operation",
            "The last group has the high bit clear.",
            &[0x40, 0x80],
        ),
        failure(
            "cut_in_body",
            "truncated",
            "operation",
            "The body is shorter than its length.",
            &[0x40, 2, b'x'],
        ),
        failure(
            "length_not_shortest",
            "rule",
            shortest,
            "A length of 1 in two bytes.",
            &[0x40, 0x81, 0x00, b'x'],
        ),
        failure(
            "length_over_64_bits",
            "rule",
            shortest,
            "The tenth byte has one bit.",
            &over_64_bits,
        ),
        failure(
            "length_without_end",
            "rule",
            shortest,
            "An integer has at most ten bytes.",
            &endless,
        ),
        failure(
            "length_of_2_to_the_63",
            "truncated",
            "operation",
            "A length beyond the end is refused before memory is taken.",
            &[&[0x40], varint(1 << 63).as_slice()].concat(),
        ),
    ]
}
