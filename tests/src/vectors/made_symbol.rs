//! Vectors of symbols, of blocks that are put together from them, and of transfer ids.
//!
//! Symbols are made here from the specification, bit by bit and byte by byte.

use super::file::VectorFile;
use super::light_rules::{block_of, symbol, transfer_of_pack};
use super::run::{hash, out, out_hex};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = symbols();
    files.extend(blocks());
    files.extend(transfers());
    files
}

fn symbols() -> Vec<VectorFile> {
    let made = |condition, comment, block_bytes, symbol_bytes: usize, ids: &[u32]| {
        let block = block_of(block_bytes);
        let outs = ids.iter().map(|id| {
            let symbol = symbol(&block, symbol_bytes, *id);
            out_hex("symbol", &symbol)
        });
        let outs = outs.collect();
        let ids: Vec<_> = ids.iter().map(u32::to_string).collect();
        VectorFile::success("symbol", condition, comment)
            .with("symbol-bytes", symbol_bytes)
            .with("symbols", ids.join(" "))
            .with_all(outs)
            .bytes(block)
    };
    vec![
        made(
            "of_one_byte",
            "One source symbol: each symbol is it, also where no bit was drawn.",
            1,
            60,
            &[0, 1, 2, 3, 4, 5, 6, 7],
        ),
        made(
            "of_two_sources",
            "Each symbol is a sum of one or both; a padded one last.",
            61,
            60,
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        ),
        made(
            "of_63_sources",
            "One word, of which one bit means nothing.",
            63 * 8,
            8,
            &[0, 62, 63, 64, 65],
        ),
        made(
            "of_64_sources",
            "One word.",
            64 * 8,
            8,
            &[0, 63, 64, 65, 66],
        ),
        made(
            "of_65_sources",
            "Two words, of the second one bit.",
            65 * 8 - 3,
            8,
            &[0, 64, 65, 66, 67],
        ),
        made(
            "of_2185_sources",
            "As many as a block has, and the last id there is.",
            2185 * 8,
            8,
            &[0, 2184, 2185, 2186, 1_000_000, 2_147_483_647],
        ),
    ]
}

fn blocks() -> Vec<VectorFile> {
    let made = |condition, comment, block_bytes, ids: &[u32], new_count| {
        let block = block_of(block_bytes);
        let records = ids.iter().flat_map(|id| {
            let symbol = symbol(&block, 60, *id);
            [id.to_be_bytes().to_vec(), symbol].concat()
        });
        let needed = u32::try_from(block_bytes.div_ceil(60)).unwrap();
        let mut outs = vec![out("new-symbols", new_count)];
        if new_count == needed {
            outs.push(out("blake3", hash(&block)));
        }
        VectorFile::success("block", condition, comment)
            .with("symbol-bytes", 60)
            .with("block-bytes", block_bytes)
            .with_all(outs)
            .bytes(records.collect::<Vec<_>>())
    };
    vec![
        made(
            "from_sources",
            "Source symbols, the last one padded.",
            130,
            &[0, 1, 2],
            3,
        ),
        made(
            "from_sources_backwards",
            "In any order.",
            600,
            &[9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
            10,
        ),
        made(
            "from_sums",
            "Nothing but sums, from far on.",
            600,
            &(1_000_000..1_000_024).collect::<Vec<_>>(),
            10,
        ),
        made(
            "from_both",
            "Sums first, then some sources.",
            600,
            &[
                10, 11, 12, 13, 14, 15, 0, 9, 2, 7, 4, 5, 16, 17, 18, 19, 20, 21,
            ],
            10,
        ),
        made(
            "of_which_one_is_missing",
            "Nine symbols for ten, and repeats: no block.",
            600,
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 0, 4],
            9,
        ),
        made("of_nothing", "No symbol: no block.", 60, &[], 0),
    ]
}

fn transfers() -> Vec<VectorFile> {
    let secret = [41; 32];
    let card = b"any bytes";
    vec![
        VectorFile::success("transfer", "of_a_pack", "From the tag key of the pack.")
            .with_hex("pack-secret", &secret)
            .with_all(vec![out_hex("transfer", &transfer_of_pack(&secret))]),
        VectorFile::success("transfer", "of_other_bytes", "From the bytes themselves.")
            .with_all(vec![out_hex(
                "transfer",
                &blake3::hash(card).as_bytes()[..4],
            )])
            .bytes(card.as_slice()),
    ]
}
