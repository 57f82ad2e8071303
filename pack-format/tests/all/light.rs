//! Transfers from the bytes of one side to the bytes of the other, through frames.

use pack_format::light::{
    Added, BlockDecoder, BlockEncoder, Frame, FrameParts, Kind, Layout, TransferId,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::simulation::Random;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

fn content(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let mut hash = blake3::Hasher::new();
    hash.update(&len.to_be_bytes());
    hash.finalize_xof().fill(&mut bytes);
    bytes
}

fn parts_of(content: &[u8], count: u8) -> FrameParts {
    FrameParts {
        kind: Kind::Pack,
        transfer: TransferId::of_message(content),
        layout: Layout::new(content.len() as u64).unwrap(),
        part_exponent: 0,
        single_block: false,
        block: 0,
        first_symbol: 0,
        count,
    }
}

fn frame(parts: &FrameParts, content: &[u8]) -> Vec<u8> {
    Frame::build(parts, |block, id, symbol| {
        let (start, len) = parts.layout.block(block);
        let start = usize::try_from(start).unwrap();
        let block = &content[start..start + usize::try_from(len).unwrap()];
        BlockEncoder::new(block, parts.layout.symbol_bytes()).symbol(id, symbol);
    })
}

struct Receiver {
    layout: Layout,
    blocks: Vec<BlockDecoder>,
}

impl Receiver {
    fn new(layout: Layout) -> Self {
        let blocks = 0..layout.block_count();
        let blocks = blocks
            .map(|it| BlockDecoder::new(layout.source_symbols(it), layout.symbol_bytes()))
            .collect();
        Self { layout, blocks }
    }

    fn take(&mut self, payload: &[u8]) {
        let frame = Frame::parse(payload).unwrap();
        assert_eq!(frame.layout(), self.layout);
        for (block, id, symbol) in frame.symbols() {
            self.blocks[usize::from(block)].add(id, symbol);
        }
    }

    fn is_complete(&self) -> bool {
        self.blocks.iter().all(BlockDecoder::is_complete)
    }

    fn into_content(self) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        for (block, decoder) in (0..).zip(self.blocks) {
            let len = usize::try_from(self.layout.block(block).1).unwrap();
            content.extend(decoder.into_block(len)?);
        }
        Some(content)
    }
}

/// Sends `content` from row `first` on, loses some frames, repeats some and changes their order.
fn crosses(content: &[u8], count: u8, first: u32, lost_percent: u64) {
    let mut random = Random::new(content.len() as u64 + u64::from(first));
    let mut parts = parts_of(content, count);
    parts.first_symbol = first;
    let mut receiver = Receiver::new(parts.layout);
    let mut late = Vec::new();
    for _ in 0..100_000 {
        let payload = frame(&parts, content);
        (parts.block, parts.first_symbol) = parts.following();
        if random.below(100) < lost_percent {
            continue;
        }
        match random.below(8) {
            0 => late.push(payload),
            1 => {
                receiver.take(&payload);
                receiver.take(&payload);
                late.drain(..).for_each(|payload| receiver.take(&payload));
            }
            _ => receiver.take(&payload),
        }
        if receiver.is_complete() {
            assert!(receiver.into_content().unwrap() == content);
            return;
        }
    }
    panic!("{} bytes did not cross", content.len());
}

#[test]
fn any_length_crosses_with_losses_repeats_and_in_any_order() {
    for len in [1, 59, 60, 61, 480, 5000, 128 * KIB, 128 * KIB + 1] {
        for lost_percent in [0, 30, 60] {
            crosses(&content(len), 3, 0, lost_percent);
        }
    }
    for len in [MIB, MIB + 1] {
        crosses(&content(len), 6, 0, 30);
    }
}

#[test]
fn a_transfer_of_several_blocks_crosses() {
    crosses(&content(7 * MIB / 2), 6, 0, 20);
}

#[test]
fn who_comes_late_misses_nothing() {
    for len in [1, 61, 5000, 128 * KIB + 1, MIB + 481] {
        crosses(&content(len), 3, 1_000_000, 10);
    }
}

#[test]
fn frames_of_one_block_fill_that_block_alone() {
    let content = content(2 * MIB + 5000);
    for block in 0..3 {
        let mut parts = parts_of(&content, 6);
        parts.single_block = true;
        parts.block = block;
        let mut receiver = Receiver::new(parts.layout);
        while !receiver.blocks[usize::from(block)].is_complete() {
            receiver.take(&frame(&parts, &content));
            (parts.block, parts.first_symbol) = parts.following();
        }
        let ranks = receiver.blocks.iter().map(|it| it.rank() > 0);
        let expected = (0..3).map(|other| other == block);
        assert!(ranks.eq(expected));
    }
}

#[test]
fn density_may_change_between_two_frames() {
    let content = content(MIB + 70_000);
    let mut parts = parts_of(&content, 1);
    let mut receiver = Receiver::new(parts.layout);
    let mut random = Random::new(3);
    while !receiver.is_complete() {
        parts.count = u8::try_from(1 + random.below(6)).unwrap();
        receiver.take(&frame(&parts, &content));
        (parts.block, parts.first_symbol) = parts.following();
    }
    assert!(receiver.into_content().unwrap() == content);
}

#[test]
fn symbols_that_do_not_suffice_give_nothing() {
    let content = content(600);
    let encoder = BlockEncoder::new(&content, 60);
    let mut decoder = BlockDecoder::new(10, 60);
    let mut symbol = [0; 60];
    for _ in 0..100 {
        encoder.symbol(17, &mut symbol);
        decoder.add(17, &symbol);
    }
    assert_eq!(decoder.rank(), 1);
    assert!(!decoder.is_complete());
    assert_eq!(decoder.into_block(600), None);
}

#[test]
fn a_source_symbol_after_a_sum_of_it_is_new_and_once_only() {
    let content = content(600);
    let encoder = BlockEncoder::new(&content, 60);
    let mut decoder = BlockDecoder::new(10, 60);
    let mut symbol = [0; 60];
    let mut add = |id| {
        encoder.symbol(id, &mut symbol);
        decoder.add(id, &symbol)
    };
    for id in 10..18 {
        add(id);
    }
    let added: Vec<_> = (0..10).map(&mut add).collect();
    let again: Vec<_> = (0..10).map(&mut add).collect();
    let new_count = added.iter().filter(|it| **it == Added::New).count();
    assert_eq!(again, [Added::Redundant; 10]);
    assert!((2..=10).contains(&new_count));
    assert_eq!(decoder.into_block(600).unwrap(), content);
}

#[test]
fn a_symbol_of_another_length_says_nothing() {
    let mut decoder = BlockDecoder::new(2, 60);
    for len in [0, 59, 61, 480] {
        assert_eq!(decoder.add(0, &vec![1; len]), Added::Redundant);
    }
    assert_eq!(decoder.rank(), 0);
}

#[test]
fn a_block_of_another_length_is_not_made() {
    for (len, is_made) in [(60, false), (61, true), (120, true), (121, false)] {
        let mut decoder = BlockDecoder::new(2, 60);
        decoder.add(0, &[1; 60]);
        decoder.add(1, &[2; 60]);
        assert_eq!(decoder.into_block(len).is_some(), is_made, "{len}");
    }
}

#[test]
fn a_million_altered_frames_are_refused() {
    let content = content(100);
    let frame = frame(&parts_of(&content, 1), &content);
    let mut random = Random::new(7);
    let mut number = |bound: usize| usize::try_from(random.below(bound as u64)).unwrap();
    let mut altered = frame.clone();
    for _ in 0..1_000_000 {
        altered.clone_from(&frame);
        for _ in 0..=number(4) {
            let at = number(altered.len());
            altered[at] ^= 1 << number(8);
        }
        if number(4) == 0 {
            altered.truncate(number(frame.len()));
        }
        assert!(altered == frame || Frame::parse(&altered).is_err());
    }
}

proptest! {
    #[test]
    fn what_is_built_is_parsed_and_built_again(
        total_bytes in 1_u64..=64 << 20,
        block in any::<Index>(),
        single_block: bool,
        first_symbol in 0..(1_u32 << 31) - 255,
        count in 1_u8..=6,
        part_exponent in 0_u8..=6,
    ) {
        let layout = Layout::new(total_bytes).unwrap();
        let mut parts = FrameParts {
            kind: Kind::Pack,
            transfer: TransferId([1, 2, 3, 4]),
            layout,
            part_exponent,
            single_block: single_block && layout.block_count() > 1,
            block: u8::try_from(block.index(layout.block_count().into())).unwrap(),
            first_symbol,
            count,
        };
        let write = |block: u8, id: u32, symbol: &mut [u8]| {
            symbol[0] = block;
            symbol[1..5].copy_from_slice(&id.to_be_bytes());
        };
        let payload = Frame::build(&parts, write);
        let frame = Frame::parse(&payload).unwrap();
        let named = frame.symbols().map(|(block, id, _)| (block, id));
        let written = frame.symbols().map(|(_, _, symbol)| {
            (symbol[0], u32::from_be_bytes(symbol[1..5].try_into().unwrap()))
        });
        prop_assert!(named.eq(written));
        prop_assert_eq!(&Frame::build(frame.parts(), write), &payload);
        // A frame never begins where the last block has no symbol.
        (parts.block, parts.first_symbol) = (frame.parts().block, frame.parts().first_symbol);
        prop_assert_eq!(frame.parts(), &parts);
    }

    #[test]
    fn one_altered_byte_anywhere_is_refused(at in any::<Index>(), change in 1_u8..) {
        let content = content(20_000);
        let mut payload = frame(&parts_of(&content, 6), &content);
        let at = at.index(payload.len());
        payload[at] ^= change;
        prop_assert!(Frame::parse(&payload).is_err());
    }

    #[test]
    fn junk_is_refused_without_a_panic(mark in 0xc7_u8..=0xcc, junk in vec(any::<u8>(), 0..3000)) {
        let payload = [&[mark, 0x10], junk.as_slice()].concat();
        prop_assert!(Frame::parse(&payload).is_err());
        prop_assert!(pack_format::light::Answer::parse(&payload).is_err());
    }

    #[test]
    fn the_right_checksum_makes_no_header_dangerous(
        header in any::<[u8; 16]>(),
        symbols in vec(any::<u8>(), 0..700),
    ) {
        let mut header = header;
        header[0] = 0xc8;
        header[1] = 0x10 | (header[1] & 0x0f);
        let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
        let crc = crc.checksum(&[header.as_slice(), &symbols].concat());
        let payload = [header.as_slice(), &crc.to_be_bytes(), &symbols].concat();
        if let Ok(frame) = Frame::parse(&payload) {
            prop_assert_eq!(Frame::build(frame.parts(), |_, _, _| ()).len(), payload.len());
            for (block, _, symbol) in frame.symbols() {
                prop_assert!(block < frame.layout().block_count());
                prop_assert_eq!(symbol.len(), frame.layout().symbol_bytes());
            }
        }
    }
}
