//! Vectors of single items: body and kind, without the pack around them.

use pack_format::codec::Writer;
use pack_format::item::Item;
use pack_format::limits::PARTS_MAX;

use super::file::VectorFile;
use super::made_pack::every_item;
use super::made_statement::relay;
use super::run::{hash, out};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused_receipts());
    files.extend(refused_others());
    files
}

fn accepted() -> Vec<VectorFile> {
    let names = [
        "receipts",
        "open",
        "fetch",
        "ticket",
        "acknowledge",
        "stored",
        "report",
        "request",
        "reply",
    ];
    let items = every_item();
    let files = names.iter().zip(&items).map(|(name, item)| {
        let comment = format!("An item of kind {}.", item.kind());
        VectorFile::success("item", name, &comment)
            .with("item-kind", item.kind())
            .with_all(vec![
                out("asks-for-receipt", !matches!(item, Item::Receipts(_))),
                out("blake3", hash(&item.body())),
            ])
            .bytes(item.body())
    });
    files.collect()
}

fn refused(
    condition: &str,
    item_kind: u8,
    kind: &str,
    reason: &str,
    comment: &str,
    body: Vec<u8>,
) -> VectorFile {
    VectorFile::failure("item", condition, kind, comment)
        .with("reason", reason)
        .with("item-kind", item_kind)
        .bytes(body)
}

/// Receipts as they are written: ranges, then packs with part count and missing parts.
fn receipts(taken: &[(u64, u64)], partial: &[(u32, &[u32])]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.count(taken.len());
    for (first, last) in taken {
        writer.u64(*first).u64(*last);
    }
    writer.count(partial.len());
    for (part_count, missing) in partial {
        writer.u64(5).u32(*part_count).count(missing.len());
        for part in *missing {
            writer.u32(*part);
        }
    }
    writer.into_bytes()
}

fn refused_receipts() -> Vec<VectorFile> {
    let ranges = "taken ranges are not in order";
    let missing = "missing parts are not in order";
    let receipts =
        |condition, reason, comment, body| refused(condition, 2, "rule", reason, comment, body);
    let count_over = |condition, reason, comment, counts: &[u32]| {
        let mut writer = Writer::new();
        for count in counts {
            writer.u32(*count);
        }
        refused(
            condition,
            2,
            "over-limit",
            reason,
            comment,
            writer.into_bytes(),
        )
    };
    let mut many_missing = Writer::new();
    many_missing.u32(0).u32(1).u64(5).u32(3).u32(PARTS_MAX + 1);
    vec![
        receipts(
            "receipts_range_backwards",
            ranges,
            "First after last.",
            self::receipts(&[(4, 3)], &[]),
        ),
        receipts(
            "receipts_ranges_overlap",
            ranges,
            "One pack in two ranges.",
            self::receipts(&[(0, 4), (4, 6)], &[]),
        ),
        receipts(
            "receipts_ranges_touch",
            ranges,
            "Two ranges that are one.",
            self::receipts(&[(0, 4), (5, 6)], &[]),
        ),
        receipts(
            "receipts_ranges_descend",
            ranges,
            "There is one order.",
            self::receipts(&[(6, 6), (0, 4)], &[]),
        ),
        receipts(
            "receipts_missing_beyond_count",
            missing,
            "A part that there is not.",
            self::receipts(&[], &[(2, &[2])]),
        ),
        receipts(
            "receipts_missing_twice",
            missing,
            "Each part once.",
            self::receipts(&[], &[(3, &[1, 1])]),
        ),
        count_over(
            "receipts_ranges_over_limit",
            "taken ranges",
            "A count over the limit is refused before a range is read.",
            &[1025],
        ),
        count_over(
            "receipts_partials_over_limit",
            "partial packs",
            "A count over the limit is refused before a pack is read.",
            &[0, 9],
        ),
        refused(
            "receipts_missing_over_limit",
            2,
            "over-limit",
            "missing parts",
            "More parts than a pack has.",
            many_missing.into_bytes(),
        ),
        refused(
            "receipts_cut",
            2,
            "truncated",
            "range end",
            "A range without its end.",
            self::receipts(&[(0, 4)], &[])[..12].to_vec(),
        ),
    ]
}

fn refused_others() -> Vec<VectorFile> {
    let items = every_item();
    let body = |kind: u8| items[usize::from(kind) - 2].body();
    let cut = |condition, kind: u8, reason| {
        let mut body = body(kind);
        body.pop();
        refused(
            condition,
            kind,
            "truncated",
            reason,
            "The last byte is missing.",
            body,
        )
    };
    let report = |code_len: u16, text: &[u8]| {
        let mut writer = Writer::new();
        let code = vec![b'c'; usize::from(code_len)];
        writer.put(&[0; 32]).u16(code_len).put(&code);
        writer.u16(u16::try_from(text.len()).unwrap()).put(text);
        writer.into_bytes()
    };
    let mut other_url = Writer::new();
    other_url
        .text("http://relay/")
        .put(&relay().key().0)
        .put(&[81; 32]);
    let mut trailing = body(4);
    trailing.push(0);
    vec![
        refused(
            "kind_0",
            0,
            "unknown",
            "pack item",
            "The end mark is no item.",
            Vec::new(),
        ),
        refused(
            "kind_1",
            1,
            "unknown",
            "pack item",
            "Bundles are not held in memory.",
            Vec::new(),
        ),
        refused(
            "kind_200",
            200,
            "unknown",
            "pack item",
            "A kind that is not known.",
            Vec::new(),
        ),
        cut("open_cut", 3, "open-mailbox statement"),
        cut("fetch_cut", 4, "fetch token"),
        cut("ticket_cut", 5, "ticket"),
        cut("acknowledge_cut", 6, "acknowledgement"),
        cut("stored_cut", 7, "stored receipt"),
        cut("report_cut", 8, "report text"),
        refused(
            "fetch_trailing_byte",
            4,
            "trailing-bytes",
            "pack item",
            "A byte behind the token.",
            trailing,
        ),
        refused(
            "fetch_relay_with_final_slash",
            4,
            "rule",
            "relay URL is not http(s)://host without a final slash",
            "One relay has one URL.",
            other_url.into_bytes(),
        ),
        refused(
            "report_code_over_64",
            8,
            "over-limit",
            "report code",
            "One byte too long.",
            report(65, b""),
        ),
        refused(
            "report_text_over_512",
            8,
            "over-limit",
            "report text",
            "One byte too long.",
            report(4, &[b't'; 513]),
        ),
        refused(
            "report_text_not_utf8",
            8,
            "rule",
            "text is not UTF-8",
            "Reports are UTF-8.",
            report(4, &[0xff]),
        ),
        refused(
            "ticket_as_stored",
            7,
            "trailing-bytes",
            "pack item",
            "A ticket with its relay where a receipt belongs.",
            body(5),
        ),
    ]
}
