//! Vectors of content operations that are refused: one for each rule of their bodies.

use super::super::file::VectorFile;
use super::made_content::operation;
use super::made_operation::{
    ITEM, NONCE, cat, chunk, content, file, named, names, string, two_dots,
};
use super::wire::{AMINA, BILAL, CAROL, varint};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = refused_names();
    files.extend(refused_references());
    files.extend(refused_files());
    files.extend(refused_values());
    files.extend(refused_texts());
    files
}

fn failure(
    condition: &str,
    kind: &str,
    reason: &str,
    comment: &str,
    payload: Vec<u8>,
) -> VectorFile {
    let made = VectorFile::failure("team_operation", condition, kind, comment);
    file(made.with("reason", reason), payload)
}

fn refused_names() -> Vec<VectorFile> {
    let order = "the names in front of a segment are not in order";
    let mut devices = [BILAL.id(), CAROL.id()];
    devices.sort_unstable();
    devices.reverse();
    let in_front = |names: Vec<u8>| operation(0x20, &names);
    let leave = operation(0x43, &[0, 0]);
    vec![
        failure(
            "names_own_device",
            "rule",
            "a segment names its own device",
            "The author is 0.",
            in_front(names(&[AMINA.id()], &[])),
        ),
        failure(
            "names_devices_descend",
            "rule",
            order,
            "There is one order.",
            in_front(names(&devices, &[])),
        ),
        failure(
            "names_item_twice",
            "rule",
            order,
            "Each item once.",
            in_front(names(&[], &[ITEM, ITEM])),
        ),
        failure(
            "names_empty",
            "rule",
            "the names in front of a segment are empty",
            "No names, no operation.",
            in_front(names(&[], &[])),
        ),
        failure(
            "names_cut",
            "truncated",
            "item id",
            "An item without its end.",
            in_front(names(&[], &[ITEM])[..10].to_vec()),
        ),
        failure(
            "names_trailing_byte",
            "trailing-bytes",
            "names",
            "Nothing follows the items.",
            in_front(cat(&[&names(&[], &[ITEM]), &[0]])),
        ),
        failure(
            "names_16385_devices",
            "over-limit",
            "devices named",
            "A count over the limit is refused before a device is read.",
            in_front(varint(16_385)),
        ),
        failure(
            "names_16385_items",
            "over-limit",
            "items named",
            "A count over the limit is refused before an item is read.",
            in_front(cat(&[&[0], &varint(16_385)])),
        ),
        failure(
            "names_behind",
            "rule",
            "names stand elsewhere than in front",
            "Names stand in front or nowhere.",
            cat(&[
                &in_front(names(&[], &[ITEM])),
                &leave,
                &in_front(names(&[], &[ITEM])),
            ]),
        ),
    ]
}

fn refused_references() -> Vec<VectorFile> {
    let not_seen = "an operation names one that its author had not taken in";
    let remove = |dots: &[u8]| named(&[(0x43, cat(&[&[0], dots]))]);
    let rule =
        |condition, reason, comment, payload| failure(condition, "rule", reason, comment, payload);
    let (dots, _) = two_dots();
    let (first, second) = (dots[1..4].to_vec(), dots[4..].to_vec());
    let (first, second) = if first[0] == 0 {
        (first, second)
    } else {
        (dots[1..5].to_vec(), dots[5..].to_vec())
    };
    vec![
        rule(
            "item_not_named",
            "an item is not among the names",
            "The third of two.",
            named(&[(0x43, vec![2, 0])]),
        ),
        rule(
            "device_not_named",
            "a device is not among the names",
            "The second of one.",
            remove(&[1, 2, 1, 0]),
        ),
        rule(
            "dot_of_number_0",
            not_seen,
            "Numbers begin at 1.",
            remove(&[1, 1, 0, 0]),
        ),
        rule(
            "dot_not_seen",
            not_seen,
            "An edit is not undone before it is made.",
            remove(&[1, 1, 4, 0]),
        ),
        rule(
            "dot_of_itself",
            not_seen,
            "An operation does not name itself.",
            remove(&[1, 0, 5, 0]),
        ),
        rule(
            "dot_of_later_one",
            not_seen,
            "Nor one behind it.",
            remove(&[1, 0, 5, 1]),
        ),
        rule(
            "dots_descend",
            "the operations named are not in order",
            "There is one order.",
            remove(&cat(&[&[2], &second, &first])),
        ),
        rule(
            "dots_twice",
            "the operations named are not in order",
            "Each once.",
            remove(&[2, 0, 4, 0, 0, 4, 0]),
        ),
        failure(
            "dots_1025",
            "over-limit",
            "operations named",
            "A count over the limit is refused before one is read.",
            remove(&varint(1025)),
        ),
        rule(
            "place_not_shortest",
            "an integer is not in its shortest form",
            "A place in two bytes.",
            named(&[(0x43, vec![0x80, 0, 0])]),
        ),
        failure(
            "trailing_byte",
            "trailing-bytes",
            "operation",
            "A body is filled exactly.",
            remove(&[0, 0]),
        ),
        failure(
            "cut",
            "truncated",
            "operations named",
            "A body without its end.",
            named(&[(0x43, vec![0])]),
        ),
    ]
}

fn refused_files() -> Vec<VectorFile> {
    let put = |path: &str, version: &[u8]| named(&[(0x40, cat(&[&NONCE, &string(path), version]))]);
    let of = |size: u64, chunks: &[u8]| put("f", &cat(&[&[0], &varint(size), &[0x3f; 32], chunks]));
    let attached =
        |name: &str| named(&[(0x21, cat(&[&NONCE, &[0, 0, 1], &string(name), &content(3)]))]);
    vec![
        failure(
            "path_parent",
            "rule",
            "a path could leave its folder",
            "Nothing is written outside.",
            put("../f", &[]),
        ),
        failure(
            "path_hides",
            "rule",
            "a path has hidden characters or a backslash",
            "A path must not turn the line round.",
            put("a\u{202e}b", &[]),
        ),
        failure(
            "executable_2",
            "unknown",
            "executable",
            "It may be run or not.",
            put("f", &[2]),
        ),
        failure(
            "chunks_of_other_size",
            "rule",
            "the chunks of a file do not have its size",
            "Three bytes in a file of four.",
            of(4, &cat(&[&[0, 1], &chunk(3)])),
        ),
        failure(
            "chunk_empty",
            "rule",
            "a chunk is empty",
            "A chunk has a byte.",
            of(0, &cat(&[&[0, 1], &chunk(0)])),
        ),
        failure(
            "chunk_over_1_mib",
            "over-limit",
            "chunk",
            "One is held in memory.",
            of(1, &cat(&[&[0, 1], &chunk((1 << 20) + 1)])),
        ),
        failure(
            "chunk_list_empty",
            "unknown",
            "where the chunks are",
            "A list of chunks is in a chunk.",
            of(1 << 30, &[1, 0]),
        ),
        failure(
            "chunks_elsewhere",
            "unknown",
            "where the chunks are",
            "Here, or in a list.",
            of(1 << 30, &[2, 0]),
        ),
        failure(
            "chunks_201",
            "over-limit",
            "chunks",
            "A longer list is a blob.",
            of(201, &cat(&[&[0], &varint(201)])),
        ),
        failure(
            "attachments_33",
            "over-limit",
            "attachments",
            "A count over the limit.",
            named(&[(0x21, cat(&[&NONCE, &[0, 0, 33]]))]),
        ),
        failure(
            "attachment_in_folder",
            "rule",
            "an attachment names a folder",
            "An attachment is not in the tree.",
            attached("a/b"),
        ),
        failure(
            "attachment_of_256_bytes",
            "over-limit",
            "name of attachment",
            "One byte too long.",
            attached(&"n".repeat(256)),
        ),
    ]
}

fn refused_values() -> Vec<VectorFile> {
    let set = |value: &[u8]| named(&[(0x51, cat(&[&[0, 0, 0], value]))]);
    let schema = |fields: &[u8]| named(&[(0x80, cat(&[&NONCE, &string("Task"), fields]))]);
    let decimal = "a decimal number has too many places or ends in a zero";
    let option = cat(&[
        &[1, 0],
        &string("a"),
        &[0, 5, 2, 1],
        &string("x"),
        &[1],
        &string("y"),
    ]);
    let twice = cat(&[&[2, 0], &string("a"), &[0, 1, 0], &string("b"), &[0, 1]]);
    let field = |rest: &[u8]| schema(&cat(&[&[1, 0], &string("a"), rest]));
    vec![
        failure(
            "value_9",
            "unknown",
            "type of value",
            "A type that is not known.",
            set(&[9]),
        ),
        failure(
            "decimal_with_zero",
            "rule",
            decimal,
            "12.50 is 12.5.",
            set(&[3, 2, 0xc4, 0x13]),
        ),
        failure(
            "decimal_of_19_places",
            "rule",
            decimal,
            "One place too many.",
            set(&[3, 19, 2]),
        ),
        failure(
            "date_of_year_0",
            "unknown",
            "date",
            "Years begin at 1.",
            set(&cat(&[&[4], &varint(719_163 * 2 - 1)])),
        ),
        failure(
            "field_number_65536",
            "unknown",
            "field",
            "A field has 16 bits.",
            named(&[(0x51, cat(&[&[0], &varint(65_536), &[0, 7]]))]),
        ),
        failure(
            "schema_type_10",
            "unknown",
            "type of field",
            "A type that is not known.",
            field(&[0, 10]),
        ),
        failure(
            "schema_retired_2",
            "unknown",
            "retired",
            "It is retired or not.",
            field(&[2, 1]),
        ),
        failure(
            "schema_places_19",
            "over-limit",
            "decimal places",
            "More than 64 bits hold.",
            field(&[0, 3, 19]),
        ),
        failure(
            "schema_sum_places_10",
            "over-limit",
            "decimal places",
            "A sum must not overflow.",
            field(&[0, 9, 10, 0]),
        ),
        failure(
            "schema_field_twice",
            "rule",
            "two fields have one number",
            "A number is one field.",
            schema(&twice),
        ),
        failure(
            "schema_option_twice",
            "rule",
            "the options of a field are not in order",
            "A number is one option.",
            schema(&option),
        ),
        failure(
            "schema_257_fields",
            "over-limit",
            "fields",
            "A count over the limit.",
            schema(&varint(257)),
        ),
        failure(
            "schema_257_options",
            "over-limit",
            "options",
            "A count over the limit.",
            field(&cat(&[&[0, 5], &varint(257)])),
        ),
        failure(
            "decision_2",
            "unknown",
            "decision",
            "Merge or refuse.",
            named(&[(0x88, vec![0, 0, 4, 0, 2])]),
        ),
    ]
}

fn refused_texts() -> Vec<VectorFile> {
    let title = "a title is empty, has hidden characters or white space at an end";
    let note = |name: &str| named(&[(0x60, cat(&[&NONCE, &string(name)]))]);
    let tag = |name: &str| named(&[(0x52, cat(&[&[0, 4], &string(name)]))]);
    let message = |text: &[u8]| named(&[(0x21, cat(&[&NONCE, &[0, 0, 0], text]))]);
    vec![
        failure(
            "title_empty",
            "rule",
            title,
            "A note has a title.",
            note(""),
        ),
        failure(
            "title_hides",
            "rule",
            title,
            "A title must not turn the line round.",
            note("a\u{202e}b"),
        ),
        failure(
            "title_of_257_bytes",
            "over-limit",
            "title",
            "One byte too long.",
            note(&"t".repeat(257)),
        ),
        failure(
            "tag_with_blank",
            "rule",
            "a name is empty, has hidden characters or white space at an end",
            "Two tags must not look alike.",
            tag("urgent "),
        ),
        failure(
            "text_not_utf8",
            "rule",
            "text is not UTF-8",
            "Texts are UTF-8.",
            message(&[0xff]),
        ),
        failure(
            "remark_of_1025_bytes",
            "over-limit",
            "remark",
            "One byte too long.",
            named(&[(0x28, cat(&[&[0, 7], &string(&"r".repeat(1025))]))]),
        ),
        failure(
            "update_empty",
            "rule",
            "a change of a note is empty",
            "A change changes something.",
            named(&[(0x62, vec![0, 7])]),
        ),
    ]
}
