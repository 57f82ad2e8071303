//! A certificate of somebody else, laid out for the person who is asked to certify it.

use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::packet::Signature;

use super::import::only_certificate;
use super::limits::CERTIFICATE_BYTES_MAX;
use super::{CertificateInfo, OpenPgpError};
use crate::clock::UnixTime;

/// What there is to see of a certificate before it is certified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateReview {
    /// What it says about itself.
    pub info: CertificateInfo,
    /// How many signatures others have made on it. They are not checked.
    pub others_certifications: usize,
    /// Parts that were not understood or whose signatures are not good, one line each.
    pub unreadable: Vec<String>,
    /// Whether its owner's secret keys are in the file, which should not travel.
    pub holds_secret: bool,
}

impl CertificateReview {
    /// Reads a certificate, armoured or not, as it stands at `now`.
    ///
    /// # Errors
    /// [`OpenPgpError::Unreadable`], [`OpenPgpError::TooLarge`],
    /// [`OpenPgpError::SeveralCertificates`] or [`OpenPgpError::TimeOutOfRange`].
    pub fn parse(bytes: &[u8], now: UnixTime) -> Result<Self, OpenPgpError> {
        let cert = only_certificate(bytes, CERTIFICATE_BYTES_MAX, "a certificate")?;
        let holds_secret = cert.is_tsk();
        let cert = cert.strip_secret_key_material();
        Ok(Self {
            info: CertificateInfo::of(&cert, now)?,
            others_certifications: others_certifications(&cert),
            unreadable: unreadable(&cert),
            holds_secret,
        })
    }
}

fn others_certifications(cert: &Cert) -> usize {
    let on_user_ids = cert.userids().map(|user_id| {
        let revocations = user_id.other_revocations().count();
        user_id.certifications().count() + revocations
    });
    let on_keys = cert.keys().map(|key| key.certifications().count());
    on_user_ids.chain(on_keys).sum()
}

fn unreadable(cert: &Cert) -> Vec<String> {
    let attributes = cert
        .user_attributes()
        .map(|_| "a user attribute, for example a picture".to_owned());
    let unknowns = cert
        .unknowns()
        .map(|unknown| format!("a packet of an unknown kind: {}", unknown.unknown().tag()));
    let signatures = cert.bad_signatures().map(signature_text);
    attributes.chain(unknowns).chain(signatures).collect()
}

fn signature_text(signature: &Signature) -> String {
    format!("a signature that is not good: {}", signature.typ())
}
