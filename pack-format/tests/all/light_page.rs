//! The example of spec/light.md.

use data_encoding::HEXLOWER;
use pack_format::light::{Answer, AnswerEntry, BlockEncoder, Frame, FrameParts, Kind, Layout};
use pack_format::ratchet::PackSecret;

#[test]
fn the_frames_of_the_page_are_what_the_code_makes() {
    let page = include_str!("../../../spec/light.md");
    let key = PackSecret::from_stored([0x2a; 32]).tag_key();
    let block: Vec<u8> = (0..100).collect();
    let encoder = BlockEncoder::new(&block, 60);
    let says = |name: &str, bytes: &[u8]| {
        let line = format!("- {name}: `{}`\n", HEXLOWER.encode(bytes));
        assert!(page.contains(&line), "the page does not say {line}");
    };
    says("transfer id", &key.transfer_id().0);
    let mut parts = FrameParts {
        kind: Kind::Pack,
        transfer: key.transfer_id(),
        layout: Layout::new(100).unwrap(),
        part_exponent: 0,
        single_block: false,
        block: 0,
        first_symbol: 0,
        count: 1,
    };
    for number in 0..2 {
        let frame = Frame::build(&parts, |_, id, symbol| encoder.symbol(id, symbol));
        says(&format!("header of frame {number}"), &frame[..16]);
        says(&format!("its checksum, frame {number}"), &frame[16..20]);
        (parts.block, parts.first_symbol) = parts.following();
    }
    for id in 2..6 {
        let mut symbol = [0; 60];
        encoder.symbol(id, &mut symbol);
        // Byte 0 of the source symbols is 0 and 60, byte 1 is 1 and 61.
        let sources = match (symbol[0], symbol[1]) {
            (0, 1) => "0",
            (60, 61) => "1",
            (60, 60) => "0 and 1",
            other => panic!("no sum of two symbols begins with {other:?}"),
        };
        let line = format!("- sources of symbol {id}: {sources}\n");
        assert!(page.contains(&line), "the page does not say {line}");
    }
    let entry = AnswerEntry {
        transfer: key.transfer_id(),
        blocks_missing: 1,
        symbols_needed: 1,
    };
    let answer = Answer::build(&[(entry, &key)]);
    says("an answer that lacks one symbol of block 0", &answer);
}
