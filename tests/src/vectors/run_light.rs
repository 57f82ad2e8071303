//! Runs the vectors of what crosses by light.

use pack_format::light::{Added, Answer, BlockDecoder, BlockEncoder, Frame, Kind, TransferId};
use pack_format::ratchet::PackSecret;

use super::file::{VectorFile, unhex};
use super::kind::Failure;
use super::run::{Outcome, hash, out, out_hex};

/// The payload of a code that holds symbols.
pub(super) fn light(_: &VectorFile, payload: &[u8]) -> Outcome {
    let frame = Frame::parse(payload)?;
    let mut contents = frame.symbols();
    let again = Frame::build(frame.parts(), |_, _, symbol| {
        symbol.copy_from_slice(contents.next().unwrap().2);
    });
    assert_eq!(again, payload, "a frame has a second encoding");
    let layout = frame.layout();
    let kind = match frame.kind() {
        Kind::Pack => "pack",
        Kind::Card => "card",
        Kind::Pairing => "pairing",
    };
    let mut outs = vec![
        out("kind", kind),
        out_hex("transfer", &frame.transfer().0),
        out("bytes", layout.total_bytes()),
        out("part-mib", 1 << frame.part_exponent()),
        out("blocks", layout.block_count()),
        out("source-symbols", layout.source_symbols_in_all()),
    ];
    outs.extend(frame.symbols().map(|(block, id, symbol)| {
        let hash = hash(symbol);
        out("symbol", format!("{block} {id} {hash}"))
    }));
    Ok(outs)
}

/// The payload of a code that says what is lacking.
pub(super) fn answer(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let answer = Answer::parse(payload)?;
    let mut outs = Vec::new();
    for secret in vector.all("pack-secret") {
        let key = PackSecret::from_stored(unhex(secret).try_into().unwrap()).tag_key();
        let entry = answer.entry_for(key.transfer_id(), &key);
        let entry = entry.ok_or(Failure::of("not-recognised"))?;
        outs.extend([
            out_hex("transfer", &entry.transfer.0),
            out("blocks-missing", format!("{:x}", entry.blocks_missing)),
            out("symbols-needed", entry.symbols_needed),
        ]);
    }
    Ok(outs)
}

/// What identifies a transfer: of a pack by its secret, of anything else by its bytes.
pub(super) fn transfer(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let transfer = match vector.header("pack-secret") {
        Some(_) => PackSecret::from_stored(vector.hex32("pack-secret"))
            .tag_key()
            .transfer_id(),
        None => TransferId::of_message(payload),
    };
    Ok(vec![out_hex("transfer", &transfer.0)])
}

/// Symbols of a block.
pub(super) fn symbol(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let symbol_bytes = number(vector, "symbol-bytes");
    let encoder = BlockEncoder::new(payload, symbol_bytes);
    let ids = vector.header("symbols").unwrap().split(' ');
    let outs = ids.map(|id| {
        let mut symbol = vec![0; symbol_bytes];
        encoder.symbol(id.parse().unwrap(), &mut symbol);
        out_hex("symbol", &symbol)
    });
    Ok(outs.collect())
}

/// A block from its symbols: each is its id and its bytes.
pub(super) fn block(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let symbol_bytes = number(vector, "symbol-bytes");
    let block_bytes = number(vector, "block-bytes");
    let source_count = u32::try_from(block_bytes.div_ceil(symbol_bytes)).unwrap();
    let mut decoder = BlockDecoder::new(source_count, symbol_bytes);
    let mut new_count = 0;
    for record in payload.chunks(4 + symbol_bytes) {
        let (id, symbol) = record.split_at(4);
        let id = u32::from_be_bytes(id.try_into().unwrap());
        new_count += u32::from(decoder.add(id, symbol) == Added::New);
    }
    assert_eq!(decoder.rank(), new_count);
    let mut outs = vec![out("new-symbols", new_count)];
    let block = decoder.into_block(block_bytes);
    outs.extend(block.map(|block| out("blake3", hash(&block))));
    Ok(outs)
}

fn number(vector: &VectorFile, key: &str) -> usize {
    vector.header(key).unwrap().parse().unwrap()
}
