//! Puts a block together from any of its symbols, as soon as they suffice.

use super::coefficients::{bits, coefficients};

/// What a symbol was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It brings the block nearer.
    New,
    /// It says nothing that the others have not said.
    Redundant,
}

/// Solves for the source symbols of one block while symbols arrive.
///
/// What it holds grows with the symbols that are new, to at most the block and its own length in
/// bits for each of its symbols. With `symbol_bytes` of 0 it counts and holds no content.
/// Nothing is verified: one symbol that was forged makes a block that its own check refuses.
#[derive(Debug)]
pub struct BlockDecoder {
    source_count: u32,
    symbol_bytes: usize,
    rank: u32,
    /// For each source symbol, what is known of it and of those behind it.
    pivots: Vec<Pivot>,
    /// Where a sum that is being made took its terms from; kept to be used again.
    terms: Vec<usize>,
}

/// What is known of a source symbol.
#[derive(Debug)]
enum Pivot {
    Missing,
    /// The source symbol itself.
    Source(Box<[u64]>),
    /// The sum of it and of some behind it.
    Sum(Row),
}

#[derive(Debug)]
struct Row {
    coefficients: Vec<u64>,
    content: Box<[u64]>,
}

impl BlockDecoder {
    /// A decoder of a block of `source_count` symbols (`K`), which
    /// [`Layout::source_symbols`](super::Layout::source_symbols) bounds, of `symbol_bytes` each.
    #[must_use]
    pub fn new(source_count: u32, symbol_bytes: usize) -> Self {
        Self {
            source_count,
            symbol_bytes,
            rank: 0,
            pivots: (0..source_count).map(|_| Pivot::Missing).collect(),
            terms: Vec::new(),
        }
    }

    /// Takes symbol `id`. One with another length than `symbol_bytes` says nothing.
    pub fn add(&mut self, id: u32, symbol: &[u8]) -> Added {
        if self.is_complete() || symbol.len() != self.symbol_bytes {
            return Added::Redundant;
        }
        let at = usize::try_from(id).unwrap_or(usize::MAX);
        let is_new = match self.pivots.get_mut(at) {
            Some(pivot) => match std::mem::replace(pivot, Pivot::Source(words(symbol))) {
                Pivot::Missing => true,
                Pivot::Source(known) => {
                    *pivot = Pivot::Source(known);
                    false
                }
                // The sum that stood here still says something of those behind it.
                Pivot::Sum(row) => self.insert(row),
            },
            None => self.insert(Row {
                coefficients: coefficients(id, self.source_count),
                content: words(symbol),
            }),
        };
        if is_new {
            self.rank = self.rank.saturating_add(1);
            Added::New
        } else {
            Added::Redundant
        }
    }

    /// How many symbols were new.
    #[must_use]
    pub fn rank(&self) -> u32 {
        self.rank
    }

    /// Whether the block can be put together.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.rank >= self.source_count
    }

    /// The block, of `len` bytes: `None` while it is not complete, or where a block of that length
    /// has not as many symbols.
    #[must_use]
    pub fn into_block(self, len: usize) -> Option<Vec<u8>> {
        let fits = len.checked_div(self.symbol_bytes).is_some()
            && u32::try_from(len.div_ceil(self.symbol_bytes)).ok()? == self.source_count;
        if !self.is_complete() || !fits {
            return None;
        }
        let word_count = self.symbol_bytes.div_ceil(8);
        let symbol_bytes = self.symbol_bytes;
        let solved = self.solve()?;
        let mut block = Vec::with_capacity(len.checked_next_multiple_of(symbol_bytes)?);
        for symbol in solved.chunks_exact(word_count) {
            let bytes = symbol.iter().flat_map(|word| word.to_ne_bytes());
            block.extend(bytes.take(symbol_bytes));
        }
        block.truncate(len);
        Some(block)
    }

    /// Takes known terms out of a row, and keeps it if anything is left.
    fn insert(&mut self, mut row: Row) -> bool {
        self.terms.clear();
        let Some(lead) = reduce(&mut row.coefficients, &self.pivots, &mut self.terms) else {
            return false;
        };
        for pivot in self.terms.iter().filter_map(|at| self.pivots.get(*at)) {
            match pivot {
                Pivot::Missing => {}
                Pivot::Source(content) => add(&mut row.content, content),
                Pivot::Sum(known) => add(&mut row.content, &known.content),
            }
        }
        if let Some(pivot) = self.pivots.get_mut(lead) {
            *pivot = Pivot::Sum(row);
        }
        true
    }

    /// The content of every source symbol, in one piece, made from the last one back: each is the
    /// sum of what its row holds and of some behind it.
    fn solve(self) -> Option<Vec<u64>> {
        let word_count = self.symbol_bytes.div_ceil(8);
        let mut solved = vec![0; self.pivots.len().checked_mul(word_count)?];
        for (at, pivot) in self.pivots.into_iter().enumerate().rev() {
            let start = at.checked_mul(word_count)?;
            let (to, behind) = solved.get_mut(start..)?.split_at_mut_checked(word_count)?;
            match pivot {
                Pivot::Missing => return None,
                Pivot::Source(content) => add(to, &content),
                Pivot::Sum(row) => {
                    add(to, &row.content);
                    // The first bit is the source symbol itself.
                    for other in bits(&row.coefficients).skip(1) {
                        let start = (other - at - 1).checked_mul(word_count)?;
                        add(to, behind.get(start..)?.get(..word_count)?);
                    }
                }
            }
        }
        Some(solved)
    }
}

/// Takes out of `row` every term that is known, from the first on, and names it in `terms`; ends at
/// the first that is not known, and gives `None` where nothing is left.
fn reduce(row: &mut [u64], pivots: &[Pivot], terms: &mut Vec<usize>) -> Option<usize> {
    for at in 0..row.len() {
        while let Some((word, behind)) = row.get_mut(at..)?.split_first_mut()
            && *word != 0
        {
            let first = at * 64 + usize::try_from(word.trailing_zeros()).ok()?;
            match pivots.get(first)? {
                Pivot::Missing => return Some(first),
                Pivot::Source(_) => *word &= word.wrapping_sub(1),
                Pivot::Sum(known) => {
                    let (known, known_behind) = known.coefficients.get(at..)?.split_first()?;
                    *word ^= known;
                    add(behind, known_behind);
                }
            }
            terms.push(first);
        }
    }
    None
}

/// `to ^= from`
fn add(to: &mut [u64], from: &[u64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to ^= from;
    }
}

/// The bytes in words, the last one filled with zeros.
fn words(bytes: &[u8]) -> Box<[u64]> {
    let (whole, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let last = (!rest.is_empty()).then_some(last);
    let words = whole.iter().copied().chain(last);
    words.map(u64::from_ne_bytes).collect()
}
