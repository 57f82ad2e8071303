//! OpenPGP keys of the vault, with GnuPG and Sequoia's tools as referees.

mod changes;
mod imports;
mod messages;
mod referees;
mod signatures;

use offline_vault::clock::UnixTime;
use offline_vault::openpgp::{KeyVersion, NewCertificate, NewKey, SecretCertificate};

/// 2026-01-02 03:04:05 UTC. The referees' clocks are set to times around it.
const NOW: UnixTime = UnixTime(1_767_323_045);
const DAY_SECS: i64 = 24 * 60 * 60;

fn later(days: i64) -> UnixTime {
    UnixTime(NOW.0 + days * DAY_SECS)
}

fn new_key(version: KeyVersion) -> NewKey {
    NewKey {
        user_ids: vec!["Amina <amina@example.org>".to_owned()],
        version,
        for_encryption: true,
        valid_secs: Some(365 * 24 * 60 * 60),
    }
}

/// A key that does not expire, for referees that go by the machine's clock.
fn ageless(version: KeyVersion) -> SecretCertificate {
    let new = NewKey {
        valid_secs: None,
        ..new_key(version)
    };
    SecretCertificate::generate(&new, NOW).unwrap().certificate
}

fn generated(version: KeyVersion) -> NewCertificate {
    SecretCertificate::generate(&new_key(version), NOW).unwrap()
}
