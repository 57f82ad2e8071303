//! Which source symbols a symbol is the sum of.

/// Bits of the source symbols that symbol `id` of a block of `source_count` is the sum of: bit `j`
/// of word `i`, the least significant first, stands for source symbol `64 i + j`.
///
/// Below `source_count` a symbol is the source symbol itself. From there on the words are the
/// output of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)
/// from a state that is its own first output for `id`; neighbouring states would be visible as
/// neighbouring words otherwise. Spec: spec/light.md, "Symbols".
pub(super) fn coefficients(id: u32, source_count: u32) -> Vec<u64> {
    let word_count = usize::try_from(source_count.div_ceil(64)).unwrap_or(0);
    if id < source_count {
        return single(id, word_count);
    }
    let seed = mix(u64::from(id).wrapping_add(GAMMA));
    let states = std::iter::successors(Some(seed.wrapping_add(GAMMA)), |state| {
        Some(state.wrapping_add(GAMMA))
    });
    let mut words: Vec<u64> = states.map(mix).take(word_count).collect();
    let beyond = source_count.wrapping_neg() % 64;
    if let Some(last) = words.last_mut() {
        *last &= u64::MAX >> beyond;
    }
    if words.iter().all(|word| *word == 0) {
        return single(id.checked_rem(source_count).unwrap_or(0), word_count);
    }
    words
}

/// The places of the bits that are set, ascending.
pub(super) fn bits(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(at, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            let bit = usize::try_from(rest.trailing_zeros()).ok()?;
            rest &= rest.checked_sub(1)?;
            Some(at * 64 + bit)
        })
    })
}

fn single(symbol: u32, word_count: usize) -> Vec<u64> {
    let mut words = vec![0; word_count];
    let at = usize::try_from(symbol / 64).unwrap_or(usize::MAX);
    if let Some(word) = words.get_mut(at) {
        *word = 1 << (symbol % 64);
    }
    words
}

/// The finisher of SplitMix64.
fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the published generator: the third is its first output for the state 1234567.
    #[test]
    fn the_mixer_is_that_of_splitmix64() {
        assert_eq!(mix(0), 0);
        assert_eq!(mix(GAMMA), 0xe220_a839_7b1d_cdaf);
        assert_eq!(
            mix(1_234_567_u64.wrapping_add(GAMMA)),
            6_457_827_717_110_365_317
        );
    }

    #[test]
    fn source_symbols_stand_for_themselves() {
        assert_eq!(coefficients(0, 1), [1]);
        assert_eq!(coefficients(64, 70), [0, 1]);
        assert_eq!(coefficients(69, 70), [0, 1 << 5]);
    }

    #[test]
    fn no_symbol_is_the_sum_of_nothing_or_of_what_is_not_there() {
        for source_count in [1, 2, 3, 7, 63, 64, 65, 128, 2185] {
            for id in (source_count..source_count + 500).chain([u32::MAX]) {
                let words = coefficients(id, source_count);
                let last = bits(&words).last().unwrap();
                assert!(last < usize::try_from(source_count).unwrap());
            }
        }
    }

    #[test]
    fn about_half_of_the_source_symbols_are_summed() {
        let counts = (2185..4185).map(|id| bits(&coefficients(id, 2185)).count());
        let mean = counts.sum::<usize>() / 2000;
        assert!((1082..=1102).contains(&mean), "{mean}");
    }

    #[test]
    fn bits_are_found_in_ascending_order() {
        let found: Vec<_> = bits(&[1 | (1 << 63), 0, 6]).collect();
        assert_eq!(found, [0, 63, 129, 130]);
    }
}
