//! Padmé: sizes rounded up so that they say little.
//!
//! Source: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
//! PURBs" (PoPETs 2019), section 4. Overhead is at most 12 % and falls with size; a length of up
//! to `M` bytes leaks O(log log M) bits.

/// `padme(len)`: the smallest padded length that holds `len` bytes.
///
/// Lengths above 2^62 are returned unchanged: nothing in the format can be that long.
#[must_use]
pub fn padme(len: u64) -> u64 {
    if !(2..=1 << 62).contains(&len) {
        return len;
    }
    let exponent = len.ilog2();
    let significant_bits = exponent.ilog2() + 1;
    let zero_bits = exponent.saturating_sub(significant_bits);
    let mask = (1_u64 << zero_bits) - 1;
    (len + mask) & !mask
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::padme;

    #[test]
    fn known_values_of_the_paper_hold() {
        for (len, padded) in [
            (0, 0),
            (1, 1),
            (9, 10),
            (100, 104),
            (1000, 1024),
            (1_000_000, 1_015_808),
        ] {
            assert_eq!(padme(len), padded, "padme({len})");
        }
    }

    proptest! {
        #[test]
        fn padding_never_shrinks_is_stable_and_stays_below_twelve_percent(len in 2_u64..1 << 50) {
            let padded = padme(len);
            prop_assert!(padded >= len);
            prop_assert_eq!(padme(padded), padded);
            prop_assert!((padded - len) * 100 <= len * 12);
        }
    }
}
