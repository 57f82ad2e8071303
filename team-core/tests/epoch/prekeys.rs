//! Rotation of prekeys.

use team_core::epoch::{PrekeyAge, expired_prekeys, is_new_prekey_due};

const DAY: u64 = 86_400;
const START: u64 = 1_700_000_000;

fn made(number: u32, day: u64) -> PrekeyAge {
    PrekeyAge {
        number,
        made_at: START + day * DAY,
    }
}

#[test]
fn a_prekey_is_replaced_after_14_days() {
    assert!(is_new_prekey_due(&[], START));
    let prekeys = [made(1, 0), made(2, 14)];
    assert!(!is_new_prekey_due(&prekeys, START + 28 * DAY - 1));
    assert!(is_new_prekey_due(&prekeys, START + 28 * DAY));
}

#[test]
fn a_private_half_is_destroyed_when_it_is_90_days_old() {
    let prekeys: Vec<_> = (0..8).map(|at| made(at, 14 * u64::from(at))).collect();
    assert!(expired_prekeys(&prekeys, START + 90 * DAY - 1).is_empty());
    assert_eq!(expired_prekeys(&prekeys, START + 90 * DAY), [0]);
    assert_eq!(expired_prekeys(&prekeys, START + 104 * DAY), [0, 1]);
}

#[test]
fn a_device_that_was_off_for_a_year_still_reads_what_waits_for_it() {
    let alone = [made(1, 0)];
    assert!(expired_prekeys(&alone, START + 365 * DAY).is_empty());
    let renewed = [made(1, 0), made(2, 365)];
    assert!(expired_prekeys(&renewed, START + 366 * DAY).is_empty());
    assert_eq!(expired_prekeys(&renewed, START + (365 + 76) * DAY), [1]);
}

#[test]
fn a_clock_that_was_set_back_destroys_and_makes_nothing() {
    let prekeys = [made(1, 0), made(2, 14)];
    assert!(expired_prekeys(&prekeys, START - DAY).is_empty());
    assert!(!is_new_prekey_due(&prekeys, START - DAY));
}

#[test]
fn the_newest_prekey_is_never_destroyed() {
    let prekeys = [made(4, 30), made(2, 0), made(3, 14)];
    assert_eq!(expired_prekeys(&prekeys, START + 10_000 * DAY), [2, 3]);
}
