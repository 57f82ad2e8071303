//! The rules of spec/light.md, written a second time, slowly and plainly, for the vectors.

use pack_format::secret::Secret32;

/// Bytes to be sent: the same for the same length.
pub(super) fn block_of(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let mut hasher = blake3::Hasher::new_derive_key("causeway/vectors/v1 light");
    hasher.update(&(len as u64).to_be_bytes());
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// The bits of a symbol, one for each source symbol.
fn coefficients(id: u64, source_count: u64) -> Vec<bool> {
    if id < source_count {
        return (0..source_count).map(|source| source == id).collect();
    }
    let seed = split_mix(id, 1);
    let bit = |source: u64| {
        let word = split_mix(seed, source / 64 + 1);
        word >> (source % 64) & 1 == 1
    };
    let bits: Vec<_> = (0..source_count).map(bit).collect();
    if bits.contains(&true) {
        return bits;
    }
    (0..source_count)
        .map(|source| source == id % source_count)
        .collect()
}

/// Output number `count` of SplitMix64 from `state` on.
fn split_mix(state: u64, count: u64) -> u64 {
    let gamma = 11_400_714_819_323_198_485_u128;
    let sum = (u128::from(state) + gamma * u128::from(count)) % (1 << 64);
    let mut z = u64::try_from(sum).unwrap();
    z = (z ^ (z >> 30)).wrapping_mul(13_787_848_793_156_543_929);
    z = (z ^ (z >> 27)).wrapping_mul(10_723_151_780_598_845_931);
    z ^ (z >> 31)
}

/// One symbol of a block.
pub(super) fn symbol(block: &[u8], symbol_bytes: usize, id: u32) -> Vec<u8> {
    let source_count = block.len().div_ceil(symbol_bytes);
    let bits = coefficients(id.into(), source_count as u64);
    let mut padded = block.to_vec();
    padded.resize(source_count * symbol_bytes, 0);
    (0..symbol_bytes)
        .map(|at| {
            let sources = (0..source_count).filter(|source| bits[*source]);
            sources.fold(0, |sum, source| sum ^ padded[source * symbol_bytes + at])
        })
        .collect()
}

/// How many source symbols each block of a transfer has, and their size.
pub(super) fn division(total_bytes: u64) -> (Vec<u64>, u64) {
    let symbol_bytes = if total_bytes <= 131_072 { 60 } else { 480 };
    let mut rest = total_bytes;
    let mut counts = Vec::new();
    while rest > 0 {
        let block = rest.min(1_048_576);
        counts.push(block.div_ceil(symbol_bytes));
        rest -= block;
    }
    (counts, symbol_bytes)
}

/// Every symbol in its order from row 0 on, as block, row and id, for as many rows.
pub(super) fn order(total_bytes: u64, rows: u64) -> Vec<(usize, u64, u64)> {
    let (counts, _) = division(total_bytes);
    let (full, last) = (counts[0], counts[counts.len() - 1]);
    let share = full.min(last + last / 32 + 16);
    let mut places = Vec::new();
    for row in 0..rows {
        for block in 0..counts.len() {
            let is_short = block == counts.len() - 1 && share < full;
            let (id, next_id) = (row * share / full, (row + 1) * share / full);
            if !is_short || counts.len() == 1 {
                places.push((block, row, row));
            } else if id != next_id {
                places.push((block, row, id));
            }
        }
    }
    places
}

/// CRC-32C, bit by bit: reflected, polynomial 1EDC6F41, all ones before and after.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc >>= 1;
            if low == 1 {
                crc ^= 0x1edc_6f41_u32.reverse_bits();
            }
        }
    }
    !crc
}

fn tag_key(pack_secret: &[u8; 32]) -> Secret32 {
    Secret32::new(*pack_secret).derive("causeway/pack/v1 tag", b"")
}

pub(super) fn transfer_of_pack(pack_secret: &[u8; 32]) -> [u8; 4] {
    let hash = blake3::keyed_hash(tag_key(pack_secret).expose(), b"light");
    hash.as_bytes()[..4].try_into().unwrap()
}

pub(super) fn answer_mac(pack_secret: &[u8; 32], entry: &[u8]) -> [u8; 8] {
    let message = [b"light answer".as_slice(), entry].concat();
    let hash = blake3::keyed_hash(tag_key(pack_secret).expose(), &message);
    hash.as_bytes()[..8].try_into().unwrap()
}
