//! Certifying somebody else's certificate, for a request and in the vault itself.

use signing_format::openpgp::Fingerprint;

use super::{EntryKind, KeyError, SecretKeyMaterial, named, secret};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::openpgp::{
    CertificateInfo, CertificateReview, Certification, Certified, Checked, KeyInfo, OpenPgpError,
    SecretCertificate,
};
use crate::signing::journal::{self, Digest, Draft};
use crate::signing::policy::Asked;
use crate::signing::review::{self, Review};
use crate::store::SigningKey;
use crate::vault::Vault;

/// Somebody else's certificate with the user ids that are to be certified: each is in it.
#[derive(Debug)]
pub struct ToCertify {
    certificate: Vec<u8>,
    found: CertificateReview,
    user_ids: Vec<String>,
}

impl ToCertify {
    /// Reads a certificate, armoured or not. Without user ids, all that are their owner's and not
    /// revoked are meant.
    ///
    /// # Errors
    /// [`KeyError::OpenPgp`], also for a user id that the certificate does not have.
    pub fn read(
        certificate: Vec<u8>,
        user_ids: Option<Vec<String>>,
        now: UnixTime,
    ) -> Result<Self, KeyError> {
        let found = CertificateReview::parse(&certificate, now)?;
        let user_ids = user_ids.unwrap_or_else(|| valid_user_ids(&found.info));
        if let Some(missing) = review::certificate::missing(&found, &user_ids) {
            let user_id = missing.clone();
            return Err(OpenPgpError::NoSuchUserId { user_id }.into());
        }
        Ok(Self {
            certificate,
            found,
            user_ids,
        })
    }

    /// Everything there is to see of it: what a request to certify shows, too.
    #[must_use]
    pub fn review(&self) -> Review {
        let mut made = Review::default();
        review::certificate::lay_out(&mut made, &self.found, &self.user_ids);
        made
    }

    /// The user ids that are to be certified.
    #[must_use]
    pub fn user_ids(&self) -> &[String] {
        &self.user_ids
    }

    /// The fingerprint of the certificate, in hex of capital letters.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.found.info.fingerprint
    }
}

fn valid_user_ids(info: &CertificateInfo) -> Vec<String> {
    let valid = info
        .user_ids
        .iter()
        .filter(|it| it.self_signed && !it.revoked);
    valid
        .filter_map(|it| String::from_utf8(it.raw.clone()).ok())
        .collect()
}

/// Certifies without a request, and returns the certificate with the certifications in it,
/// armoured. The policy of the key and its count of the day hold as for a request.
///
/// # Errors
/// [`KeyError::Refused`], [`KeyError::OpenPgp`], and others.
pub fn certify(
    vault: &Vault,
    name: &LocalName,
    what: &ToCertify,
    now: UnixTime,
) -> Result<String, KeyError> {
    vault.store().write(|changes| {
        let key = named(changes, name)?;
        let count = u32::try_from(what.user_ids.len()).unwrap_or(u32::MAX);
        key.check(changes, &Asked::certify(count), &[], now)?;
        let secret = secret(changes, &key)?;
        let (made, entries) =
            certify_user_ids(&key, &secret, &what.certificate, &what.user_ids, now)?;
        for entry in entries {
            journal::append(changes, entry, vault.identity(), now)?;
        }
        let certificate = what.fingerprint();
        changes.note(now, &format!("The key {name} certified {certificate}."))?;
        Ok(SecretCertificate::from_bytes(&made.certificate)?.export_public()?)
    })
}

/// Makes certifications, and the entry of the signature journal for each.
pub(in crate::signing) fn certify_user_ids(
    key: &SigningKey,
    secret: &SecretKeyMaterial,
    certificate: &[u8],
    user_ids: &[String],
    now: UnixTime,
) -> Result<(Certified, Vec<Draft>), KeyError> {
    let info = CertificateReview::parse(certificate, now)?.info;
    let what = Certification {
        user_ids: user_ids.iter().map(|it| it.as_bytes().to_vec()).collect(),
        checked: Checked::NotSaid,
        exportable: true,
    };
    let made = secret.openpgp()?.certify(certificate, &what, now)?;
    let digest = digest_of(&info);
    let entry = |user_id: &String| Draft {
        digest,
        name: user_id.clone(),
        ..key.draft(EntryKind::Certified, "")
    };
    Ok((made, user_ids.iter().map(entry).collect()))
}

fn digest_of(info: &CertificateInfo) -> Digest {
    let primary = info.keys.first().and_then(KeyInfo::fingerprint);
    match primary {
        Some(Fingerprint::V4(bytes)) => Digest::FingerprintV4(bytes),
        Some(Fingerprint::V6(bytes)) => Digest::FingerprintV6(bytes),
        None => Digest::None,
    }
}
