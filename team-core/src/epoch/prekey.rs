//! When a device makes a new prekey, and when the private half of an old one is destroyed.
//!
//! Spec: spec/team.md, "Prekeys".

/// A device makes a new prekey when its newest is as old as this: 14 days.
pub const PREKEY_ROTATED_SECS: u64 = 14 * DAY_SECS;
/// The private half of a prekey is destroyed when a newer one is as old as this: 76 days, which
/// makes it 90 days old if the newer one was made in time.
///
/// A device that was off for months has one old prekey to which everybody still wraps. Counted
/// from when it was replaced, it is kept until those bundles have come.
pub const PREKEY_KEPT_SECS: u64 = 76 * DAY_SECS;
const DAY_SECS: u64 = 24 * 60 * 60;

/// A prekey of the own device, as far as its age goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrekeyAge {
    /// Its number, rising with each new one.
    pub number: u32,
    /// When it was made, in seconds since 1970.
    pub made_at: u64,
}

/// Whether a new prekey is due: there is none, or the newest is 14 days old.
///
/// A clock that was set back makes none due.
#[must_use]
pub fn is_new_prekey_due(prekeys: &[PrekeyAge], now: u64) -> bool {
    let newest = prekeys.iter().max_by_key(|prekey| prekey.number);
    newest.is_none_or(|newest| now.saturating_sub(newest.made_at) >= PREKEY_ROTATED_SECS)
}

/// The numbers of the prekeys whose private halves are to be destroyed, ascending. Never the
/// newest: others wrap to it for as long as it is.
#[must_use]
pub fn expired_prekeys(prekeys: &[PrekeyAge], now: u64) -> Vec<u32> {
    let is_old = |prekey: &&PrekeyAge| now.saturating_sub(prekey.made_at) >= PREKEY_KEPT_SECS;
    let newest_old = prekeys.iter().filter(is_old).map(|prekey| prekey.number);
    let Some(newest_old) = newest_old.max() else {
        return Vec::new();
    };
    let replaced = prekeys.iter().filter(|prekey| prekey.number < newest_old);
    let mut expired: Vec<_> = replaced.map(|prekey| prekey.number).collect();
    expired.sort_unstable();
    expired
}
