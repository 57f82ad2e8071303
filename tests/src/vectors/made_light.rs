//! Vectors of frames and answers.

use super::file::VectorFile;
use super::light_rules::{answer_mac, block_of, crc32c, division, order, symbol, transfer_of_pack};
use super::run::{hash, out, out_hex};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const PACK: u8 = 0xc8;
const CARD: u8 = 0xc9;
const PAIRING: u8 = 0xca;
const ANSWER: u8 = 0xcb;
const TRANSFER: [u8; 4] = [0xa1, 0xb2, 0xc3, 0xd4];

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(damaged());
    files.extend(refused());
    files.extend(answers());
    files.extend(refused_answers());
    files
}

/// The fields of a frame, with the symbols that follow them.
#[derive(Clone)]
struct Header {
    mark: u8,
    version_and_flags: u8,
    block: u8,
    count: u8,
    total_bytes: u32,
    first_symbol: u32,
    symbols: Vec<u8>,
}

impl Header {
    fn new(mark: u8, total_bytes: u64, count: u8) -> Self {
        let (_, symbol_bytes) = division(total_bytes.max(1));
        let len = usize::try_from(symbol_bytes).unwrap() * usize::from(count);
        Self {
            mark,
            version_and_flags: 0x10,
            block: 0,
            count,
            total_bytes: u32::try_from(total_bytes).unwrap(),
            first_symbol: 0,
            symbols: block_of(len),
        }
    }

    fn with(&self, change: impl Fn(&mut Self)) -> Self {
        let mut header = self.clone();
        change(&mut header);
        header
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.mark, self.version_and_flags, self.block, self.count];
        bytes.extend(self.total_bytes.to_be_bytes());
        bytes.extend(self.first_symbol.to_be_bytes());
        bytes.extend(TRANSFER);
        let checked = [bytes.as_slice(), &self.symbols].concat();
        bytes.extend(crc32c(&checked).to_be_bytes());
        bytes.extend(&self.symbols);
        bytes
    }

    /// What an accepted frame says, with these places of its symbols.
    fn outs(&self, places: &[(usize, u64)]) -> Vec<(String, String)> {
        let (counts, symbol_bytes) = division(self.total_bytes.into());
        let kind = match self.mark {
            PACK => "pack",
            CARD => "card",
            _ => "pairing",
        };
        let mut outs = vec![
            out("kind", kind),
            out_hex("transfer", &TRANSFER),
            out("bytes", self.total_bytes),
            out("part-mib", 1 << (self.version_and_flags & 7)),
            out("blocks", counts.len()),
            out("source-symbols", counts.iter().sum::<u64>()),
        ];
        let contents = self.symbols.chunks(usize::try_from(symbol_bytes).unwrap());
        outs.extend(places.iter().zip(contents).map(|((block, id), content)| {
            let hash = hash(content);
            out("symbol", format!("{block} {id} {hash}"))
        }));
        outs
    }

    fn success(&self, condition: &str, comment: &str, places: &[(usize, u64)]) -> VectorFile {
        assert_eq!(places.len(), usize::from(self.count));
        VectorFile::success("light", condition, comment)
            .with_all(self.outs(places))
            .bytes(self.bytes())
    }

    /// A frame that goes round the blocks from its block and row on.
    fn round(&self, condition: &str, comment: &str) -> VectorFile {
        let row = u64::from(self.first_symbol);
        let all = order(self.total_bytes.into(), row + 64);
        let (block, count) = (usize::from(self.block), usize::from(self.count));
        let at = all.iter().position(|it| (it.0, it.1) == (block, row));
        let places = all[at.unwrap()..][..count].iter();
        let places: Vec<_> = places.map(|(block, _, id)| (*block, *id)).collect();
        self.success(condition, comment, &places)
    }
}

fn accepted() -> Vec<VectorFile> {
    let small = Header::new(PACK, 16_472, 3);
    let large = Header::new(PACK, 3 * MIB, 6);
    let short = Header::new(PACK, 2 * MIB + 100 * KIB, 6);
    let shortest = Header::new(PACK, MIB + 1, 6);
    let real = small.with(|it| {
        let block = block_of(16_472);
        it.first_symbol = 274;
        let symbols = (274..277).flat_map(|id| symbol(&block, 60, id));
        it.symbols = symbols.collect();
    });
    vec![
        small.round("small_pack", "Symbols of 60 bytes, in one block."),
        real.round(
            "last_source_and_first_sums",
            "The content is that of a block of 16,472 bytes.",
        ),
        Header::new(PACK, 1, 1).round("one_byte", "The smallest transfer."),
        Header::new(PACK, 128 * KIB, 48).round(
            "most_symbols",
            "The longest frame of small symbols: 2,900 bytes.",
        ),
        Header::new(PACK, 128 * KIB + 1, 1).round("over_128_kib", "Symbols of 480 bytes."),
        Header::new(PACK, MIB, 6).round("of_1_mib", "One block of 2,185 symbols."),
        large.round("three_blocks", "Each block in turn."),
        large
            .with(|it| (it.block, it.first_symbol) = (2, 41))
            .round("three_blocks_from_the_last", "From any block on."),
        short
            .with(|it| (it.block, it.first_symbol) = (1, 20))
            .round("short_last_block", "It is left out of most rows."),
        shortest.with(|it| it.first_symbol = 126).round(
            "last_block_of_one_byte",
            "It has its first symbol in row 128.",
        ),
        large
            .with(|it| (it.version_and_flags, it.block, it.first_symbol) = (0x18, 1, 5000))
            .success(
                "single_block",
                "All of one block.",
                &(5000..5006).map(|id| (1, id)).collect::<Vec<_>>(),
            ),
        shortest
            .with(|it| (it.version_and_flags, it.block) = (0x18, 1))
            .success(
                "single_last_block",
                "A short block alone is left out nowhere.",
                &(0..6).map(|id| (1, id)).collect::<Vec<_>>(),
            ),
        Header::new(PACK, 64 * MIB, 1)
            .with(|it| (it.version_and_flags, it.block) = (0x16, 63))
            .round("of_64_mib", "The largest transfer, in one part of 64 MiB."),
        small.with(|it| it.first_symbol = (1 << 31) - 3).success(
            "last_ids",
            "The last three ids.",
            &[(0, (1 << 31) - 3), (0, (1 << 31) - 2), (0, (1 << 31) - 1)],
        ),
        Header::new(CARD, 1500, 26).round("card", "A contact card, with a sum."),
        Header::new(PAIRING, 16, 1).round("pairing", "A pairing code."),
    ]
}

fn failure(condition: &str, kind: &str, comment: &str) -> VectorFile {
    VectorFile::failure("light", condition, kind, comment)
}

fn damaged() -> Vec<VectorFile> {
    let right = Header::new(PACK, 16_472, 2).bytes();
    let altered = |condition: &str, at: usize| {
        let mut bytes = right.clone();
        bytes[at] ^= 1;
        failure(condition, "checksum", "One bit.").bytes(bytes)
    };
    let cut = |condition: &str, len: usize| {
        failure(condition, "checksum", "Cut short.").bytes(&right[..len])
    };
    vec![
        failure("nothing", "not-recognised", "No bytes."),
        failure("other_code", "not-recognised", "Somebody else's.")
            .bytes(b"WIFI:S:harbour;T:WPA;P:open sesame;;".as_slice()),
        failure("answer", "not-recognised", "An answer is no frame.").bytes(one_answer().bytes()),
        failure("version_2", "unknown", "Of a version to come.").bytes(
            Header::new(PACK, 100, 1)
                .with(|it| it.version_and_flags = 0x20)
                .bytes(),
        ),
        failure("version_0", "unknown", "There is none.")
            .with("reason", "version")
            .bytes(
                Header::new(PACK, 100, 1)
                    .with(|it| it.version_and_flags = 0)
                    .bytes(),
            ),
        altered("altered_kind", 0),
        altered("altered_flags", 1),
        altered("altered_block", 2),
        altered("altered_count", 3),
        altered("altered_length", 7),
        altered("altered_first_symbol", 11),
        altered("altered_transfer", 12),
        altered("altered_checksum", 16),
        altered("altered_symbol", 20),
        altered("altered_last_byte", 139),
        cut("cut_after_mark", 1),
        cut("cut_in_header", 19),
        cut("cut_after_header", 20),
        cut("cut_last_byte", 139),
    ]
}

fn refused() -> Vec<VectorFile> {
    let small = Header::new(PACK, 16_472, 2);
    let large = Header::new(PACK, 3 * MIB, 2);
    let shortest = Header::new(PACK, MIB + 1, 1);
    let of = |condition, kind, reason: &str, comment, header: Header| {
        failure(condition, kind, comment)
            .with("reason", reason)
            .bytes(header.bytes())
    };
    let not_pack = "flags of what is no pack";
    let length = "bytes of the transfer";
    let left_out = "the frame begins where the last block has no symbol";
    vec![
        of(
            "parts_of_128_mib",
            "unknown",
            "part size",
            "A size that means nothing.",
            small.with(|it| it.version_and_flags = 0x17),
        ),
        of(
            "card_with_part_size",
            "unknown",
            not_pack,
            "A card has no parts.",
            Header::new(CARD, 1500, 1).with(|it| it.version_and_flags = 0x11),
        ),
        of(
            "pairing_with_part_size",
            "unknown",
            not_pack,
            "A pairing code has no parts.",
            Header::new(PAIRING, 16, 1).with(|it| it.version_and_flags = 0x12),
        ),
        of(
            "card_of_single_block",
            "unknown",
            not_pack,
            "A card has one block.",
            Header::new(CARD, 1500, 1).with(|it| it.version_and_flags = 0x18),
        ),
        of(
            "only_block_as_single",
            "rule",
            "the only block needs no flag",
            "A second encoding of the same.",
            small.with(|it| it.version_and_flags = 0x18),
        ),
        of(
            "block_beyond_count",
            "rule",
            "there is no such block",
            "Block 3 of three.",
            large.with(|it| it.block = 3),
        ),
        of(
            "single_block_beyond_count",
            "rule",
            "there is no such block",
            "The same with the flag.",
            large.with(|it| (it.version_and_flags, it.block) = (0x18, 255)),
        ),
        of(
            "no_symbols",
            "rule",
            "the frame holds no symbol",
            "A count of 0.",
            Header::new(PACK, 16_472, 0),
        ),
        of(
            "of_no_bytes",
            "rule",
            "the transfer has no bytes",
            "Nothing is on its way.",
            Header::new(PACK, 0, 1),
        ),
        of(
            "over_64_mib",
            "over-limit",
            length,
            "One byte too long.",
            Header::new(PACK, 64 * MIB + 1, 1),
        ),
        of(
            "of_4_gib",
            "over-limit",
            length,
            "The longest that can be said.",
            Header::new(PACK, u32::MAX.into(), 1),
        ),
        of(
            "first_id_over_limit",
            "over-limit",
            "symbol id",
            "2 to the 31st.",
            small.with(|it| it.first_symbol = 1 << 31),
        ),
        of(
            "last_id_over_limit",
            "over-limit",
            "symbol id",
            "The second symbol is beyond.",
            small.with(|it| it.first_symbol = (1 << 31) - 1),
        ),
        of(
            "ids_that_overflow",
            "over-limit",
            "symbol id",
            "A sum beyond 32 bits.",
            small.with(|it| it.first_symbol = u32::MAX),
        ),
        of(
            "begins_where_nothing_is",
            "rule",
            left_out,
            "Row 0 has no symbol of the last block.",
            shortest.with(|it| it.block = 1),
        ),
        of(
            "symbol_cut",
            "truncated",
            "symbols",
            "The last symbol is a byte short.",
            small.with(|it| it.symbols.truncate(119)),
        ),
        of(
            "symbols_missing",
            "truncated",
            "symbols",
            "Three are said, two are there.",
            small.with(|it| it.count = 3),
        ),
        of(
            "trailing_byte",
            "trailing-bytes",
            "frame",
            "A byte behind the last symbol.",
            small.with(|it| it.symbols.push(0)),
        ),
        of(
            "small_symbols_of_large_size",
            "trailing-bytes",
            "frame",
            "The size follows from the length.",
            small.with(|it| it.symbols = block_of(960)),
        ),
        of(
            "over_2953_bytes",
            "over-limit",
            "frame",
            "49 small symbols: more than a code holds.",
            Header::new(PACK, 16_472, 49),
        ),
    ]
}

/// An answer, with every field open to be wrong.
#[derive(Clone)]
struct Said {
    version_and_flags: u8,
    count: u8,
    /// The secret that makes the transfer id, the one that makes the MAC, blocks, symbols.
    entries: Vec<([u8; 32], [u8; 32], u64, u32)>,
    behind: Vec<u8>,
}

impl Said {
    fn new(entries: &[([u8; 32], u64, u32)]) -> Self {
        let entries = entries.iter();
        let entries: Vec<_> = entries
            .map(|(secret, blocks, symbols)| (*secret, *secret, *blocks, *symbols))
            .collect();
        Self {
            version_and_flags: 0x10,
            count: u8::try_from(entries.len()).unwrap(),
            entries,
            behind: Vec::new(),
        }
    }

    fn with(&self, change: impl Fn(&mut Self)) -> Self {
        let mut said = self.clone();
        change(&mut said);
        said
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![ANSWER, self.version_and_flags, self.count];
        for (secret, mac_secret, blocks, symbols) in &self.entries {
            let mut entry = transfer_of_pack(secret).to_vec();
            entry.extend(blocks.to_be_bytes());
            entry.extend(symbols.to_be_bytes());
            bytes.extend(&entry);
            bytes.extend(answer_mac(mac_secret, &entry));
        }
        bytes.extend(&self.behind);
        let crc = crc32c(&bytes);
        bytes.extend(crc.to_be_bytes());
        bytes
    }

    fn success(&self, condition: &str, comment: &str) -> VectorFile {
        let vector = VectorFile::success("answer", condition, comment);
        let vector = self.entries.iter().fold(vector, |vector, entry| {
            vector.with_hex("pack-secret", &entry.0)
        });
        let outs = self
            .entries
            .iter()
            .flat_map(|(secret, _, blocks, symbols)| {
                [
                    out_hex("transfer", &transfer_of_pack(secret)),
                    out("blocks-missing", format!("{blocks:x}")),
                    out("symbols-needed", symbols),
                ]
            });
        vector.with_all(outs.collect()).bytes(self.bytes())
    }
}

const FIRST: [u8; 32] = [61; 32];
const SECOND: [u8; 32] = [62; 32];
const THIRD: [u8; 32] = [63; 32];
const FOURTH: [u8; 32] = [64; 32];
const FIFTH: [u8; 32] = [65; 32];

fn one_answer() -> Said {
    Said::new(&[(FIRST, 0b10, 700)])
}

fn answers() -> Vec<VectorFile> {
    vec![
        one_answer().success("one_pack", "Its second block lacks 700 symbols."),
        Said::new(&[(FIRST, 0, 0)]).success("has_all", "Nothing is lacking."),
        Said::new(&[
            (FIRST, u64::MAX, 139_840),
            (SECOND, 1, 1),
            (THIRD, 0, 0),
            (FOURTH, 1 << 63, 2185),
        ])
        .success(
            "four_packs",
            "As many as there may be, and all of the largest.",
        ),
    ]
}

fn refused_answers() -> Vec<VectorFile> {
    let one = one_answer();
    let failure = |condition, kind, comment, bytes: Vec<u8>| {
        VectorFile::failure("answer", condition, kind, comment)
            .with_hex("pack-secret", &FIRST)
            .bytes(bytes)
    };
    let of = |condition, kind, reason: &str, comment, said: Said| {
        failure(condition, kind, comment, said.bytes()).with("reason", reason)
    };
    let mut altered = one.bytes();
    altered[10] ^= 1;
    let cut = one.bytes()[..30].to_vec();
    let frame = Header::new(PACK, 100, 1).bytes();
    let disagree = "missing blocks and needed symbols disagree";
    vec![
        failure("nothing", "not-recognised", "No bytes.", Vec::new()),
        failure("frame", "not-recognised", "A frame is no answer.", frame),
        failure("altered", "checksum", "One bit.", altered),
        failure("cut", "checksum", "The last byte is missing.", cut),
        failure("cut_after_mark", "checksum", "One byte.", vec![ANSWER]),
        failure(
            "version_2",
            "unknown",
            "Of a version to come.",
            one.with(|it| it.version_and_flags = 0x20).bytes(),
        ),
        failure(
            "of_another_pack",
            "not-recognised",
            "It says nothing about this pack.",
            Said::new(&[(SECOND, 1, 1)]).bytes(),
        ),
        failure(
            "forged",
            "not-recognised",
            "The id of the pack, and the MAC of another key.",
            one.with(|it| it.entries[0].1 = SECOND).bytes(),
        ),
        of(
            "with_flag",
            "unknown",
            "flags of an answer",
            "A flag that means nothing.",
            one.with(|it| it.version_and_flags = 0x11),
        ),
        of(
            "no_entries",
            "rule",
            "the answer has no entry",
            "A count of 0.",
            Said::new(&[]),
        ),
        of(
            "five_entries",
            "over-limit",
            "entries of an answer",
            "One too many.",
            Said::new(&[FIRST, SECOND, THIRD, FOURTH, FIFTH].map(|it| (it, 1, 1))),
        ),
        of(
            "entry_missing",
            "truncated",
            "transfer id",
            "Two are said, one is there.",
            one.with(|it| it.count = 2),
        ),
        of(
            "entry_cut",
            "truncated",
            "answer MAC",
            "The end of a second entry is missing.",
            one.with(|it| {
                it.count = 2;
                it.behind = vec![0; 23];
            }),
        ),
        of(
            "trailing_byte",
            "trailing-bytes",
            "answer",
            "A byte behind the last entry.",
            one.with(|it| it.behind = vec![0]),
        ),
        of(
            "one_pack_twice",
            "rule",
            "two entries for one transfer",
            "Which of the two?",
            Said::new(&[(FIRST, 1, 1), (FIRST, 2, 2)]),
        ),
        of(
            "blocks_without_symbols",
            "rule",
            disagree,
            "A block is missing and nothing is needed.",
            Said::new(&[(FIRST, 1, 0)]),
        ),
        of(
            "symbols_without_blocks",
            "rule",
            disagree,
            "Nothing is missing and a symbol is needed.",
            Said::new(&[(FIRST, 0, 1)]),
        ),
        of(
            "symbols_over_limit",
            "over-limit",
            "needed symbols",
            "One more than the largest transfer has.",
            Said::new(&[(FIRST, 1, 139_841)]),
        ),
    ]
}
