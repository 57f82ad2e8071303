//! Words that every layer puts around numbers.

/// `1 part`, `3 parts`.
pub(crate) fn count_text(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}
