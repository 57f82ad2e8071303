//! OpenPGP in the vault: keys, signatures, certifications, messages.
//!
//! The only place that names the OpenPGP library. Data signatures are assembled by
//! [`signing_format::openpgp`], which the desk shares; the library holds the keys, makes the raw
//! signatures, and judges certificates by its standard policy at the time that it is handed. The
//! library's own randomness is the system's.
//!
//! Nothing here reads the clock. Secrets are in the library's own memory, which wipes what it
//! frees; copies that pass through its parser and writer are not all under our control.

mod algorithm;
mod certify;
mod error;
mod fingerprint;
mod generate;
mod import;
mod info;
pub mod limits;
mod message;
mod renew;
mod review;
mod revoke;
mod secret;
mod sign;
mod time;

pub use certify::{Certification, Certified, Checked};
pub use error::OpenPgpError;
pub use generate::{KeyVersion, NewCertificate, NewKey};
pub use import::{AskPassphrase, PassphrasePrompt};
pub use info::{CertificateInfo, KeyInfo, KeyUses, UserIdInfo};
pub use message::{DecryptedMessage, MessageReview, MessageSignature, Protection};
pub use renew::{OldSubkeys, SubkeyKind};
pub use review::CertificateReview;
pub use revoke::RevocationReason;
pub use secret::SecretCertificate;
pub use sign::{DataSigner, MadeSignature};
