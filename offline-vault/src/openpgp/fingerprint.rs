//! Between the library's fingerprints and ours.

use sequoia_openpgp as library;
use signing_format::openpgp::Fingerprint;

/// Our form; `None` for a version that is neither 4 nor 6.
pub(super) fn from_library(fingerprint: &library::Fingerprint) -> Option<Fingerprint> {
    match fingerprint {
        library::Fingerprint::V4(bytes) => Some(Fingerprint::V4(*bytes)),
        library::Fingerprint::V6(bytes) => Some(Fingerprint::V6(*bytes)),
        _ => None,
    }
}

/// The library's form.
pub(super) fn to_library(fingerprint: &Fingerprint) -> library::Fingerprint {
    match fingerprint {
        Fingerprint::V4(bytes) => library::Fingerprint::V4(*bytes),
        Fingerprint::V6(bytes) => library::Fingerprint::V6(*bytes),
    }
}
