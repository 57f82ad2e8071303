//! Makes symbols of a block.

use super::coefficients::{bits, coefficients};

/// Makes any symbol of one block, without a copy of it.
///
/// Spec: spec/light.md, "Symbols".
#[derive(Clone, Copy, Debug)]
pub struct BlockEncoder<'a> {
    block: &'a [u8],
    symbol_bytes: usize,
}

impl<'a> BlockEncoder<'a> {
    /// An encoder of `block`, whose last symbol is padded with zeros to `symbol_bytes`.
    #[must_use]
    pub fn new(block: &'a [u8], symbol_bytes: usize) -> Self {
        Self {
            block,
            symbol_bytes: symbol_bytes.max(1),
        }
    }

    /// Writes symbol `id` into `symbol`, which has as many bytes as symbols have; what is longer
    /// is filled with zeros.
    pub fn symbol(&self, id: u32, symbol: &mut [u8]) {
        symbol.fill(0);
        let source_count = self.block.len().div_ceil(self.symbol_bytes);
        let source_count = u32::try_from(source_count).unwrap_or(u32::MAX);
        for source in bits(&coefficients(id, source_count)) {
            let start = source.saturating_mul(self.symbol_bytes);
            let rest = self.block.get(start..).unwrap_or_default();
            let source = rest.get(..self.symbol_bytes).unwrap_or(rest);
            add(symbol, source);
        }
    }
}

/// `to ^= from`, in words as far as there are whole ones.
fn add(to: &mut [u8], from: &[u8]) {
    let (to_words, to_rest) = to.as_chunks_mut::<8>();
    let (from_words, from_rest) = from.as_chunks::<8>();
    for (to, from) in to_words.iter_mut().zip(from_words) {
        let sum = u64::from_ne_bytes(*to) ^ u64::from_ne_bytes(*from);
        *to = sum.to_ne_bytes();
    }
    // A last source symbol may be shorter than what it is added to.
    let next_word = to_words.get_mut(from_words.len()).map(|word| &mut word[..]);
    for (to, from) in next_word.unwrap_or(to_rest).iter_mut().zip(from_rest) {
        *to ^= from;
    }
}
