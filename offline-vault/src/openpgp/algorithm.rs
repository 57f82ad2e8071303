//! The names of algorithms, as people know them.

use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::packet::key::{KeyParts, KeyRole};
use sequoia_openpgp::packet::prelude::Key;
use sequoia_openpgp::types::{Curve, PublicKeyAlgorithm};

/// For example `Ed25519`, `RSA 3072` or `ECDSA NIST P-256`.
pub(super) fn algorithm_text<P: KeyParts, R: KeyRole>(key: &Key<P, R>) -> String {
    match (key.mpis(), key.pk_algo()) {
        (PublicKey::RSA { .. }, _) => format!("RSA {}", key.mpis().bits().unwrap_or_default()),
        (PublicKey::DSA { .. }, _) => format!("DSA {}", key.mpis().bits().unwrap_or_default()),
        (PublicKey::ElGamal { .. }, _) => "ElGamal".to_owned(),
        (PublicKey::EdDSA { .. } | PublicKey::Ed25519 { .. }, _) => "Ed25519".to_owned(),
        (PublicKey::X25519 { .. }, _) => "X25519".to_owned(),
        (
            PublicKey::ECDH {
                curve: Curve::Cv25519,
                ..
            },
            _,
        ) => "X25519".to_owned(),
        (PublicKey::ECDSA { curve, .. }, _) => format!("ECDSA {}", curve_text(curve)),
        (PublicKey::ECDH { curve, .. }, _) => format!("ECDH {}", curve_text(curve)),
        (_, PublicKeyAlgorithm::Unknown(number) | PublicKeyAlgorithm::Private(number)) => {
            format!("algorithm {number}")
        }
        (_, algorithm) => algorithm.to_string(),
    }
}

fn curve_text(curve: &Curve) -> String {
    match curve {
        Curve::NistP256 => "NIST P-256".to_owned(),
        Curve::NistP384 => "NIST P-384".to_owned(),
        Curve::NistP521 => "NIST P-521".to_owned(),
        other => other.to_string(),
    }
}
