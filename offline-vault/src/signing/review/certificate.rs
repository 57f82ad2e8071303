//! A certificate that is to be certified: whose it says it is, and what certifying it tells others.

use signing_format::subject::CertifySubject;

use super::text::{escaped, in_words};
use super::{Line, Review, ReviewError, Risk};
use crate::clock::UnixTime;
use crate::openpgp::{CertificateReview, KeyInfo, UserIdInfo};

/// Adds the review of a certificate, as it stood when the request came.
pub(crate) fn review(
    review: &mut Review,
    subject: &CertifySubject,
    certificate: &[u8],
    taken_at: UnixTime,
) -> Result<(), ReviewError> {
    let found = CertificateReview::parse(certificate, taken_at)
        .map_err(|err| ReviewError::OpenPgp(Box::new(err)))?;
    if let Some(missing) = missing(&found, &subject.user_ids) {
        return Err(ReviewError::NoSuchUserId {
            user_id: escaped(missing.as_bytes()),
        });
    }
    lay_out(review, &found, &subject.user_ids);
    Ok(())
}

/// The first user id that is to be certified and is not in the certificate.
pub(crate) fn missing<'a>(found: &CertificateReview, wanted: &'a [String]) -> Option<&'a String> {
    let is_there = |wanted: &String| {
        let mut user_ids = found.info.user_ids.iter();
        user_ids.any(|it| it.raw == wanted.as_bytes())
    };
    wanted.iter().find(|wanted| !is_there(wanted))
}

/// Adds the sections about a certificate that was read.
pub(crate) fn lay_out(review: &mut Review, found: &CertificateReview, wanted: &[String]) {
    let info = &found.info;
    let words = in_words(info.fingerprint.as_bytes());
    let mut lines = vec![
        Line::Note(
            "You would tell everybody who trusts your key: the person of this user id controls \
             this certificate. Compare the fingerprint with the person themself."
                .to_owned(),
        ),
        Line::Field("Fingerprint", grouped(&info.fingerprint)),
        Line::Field("In words", words),
        Line::Field("Made", format!("{} (a claim)", info.created_at)),
        Line::Field("Expires", expiry(info.expires_at)),
    ];
    for user_id in &info.user_ids {
        let is_wanted = wanted.iter().any(|it| it.as_bytes() == user_id.raw);
        lines.push(Line::Field(
            if is_wanted {
                "CERTIFY"
            } else {
                "Not certified"
            },
            user_id_text(user_id),
        ));
    }
    if let Some(reason) = &info.revoked {
        lines.push(Line::Warning(format!(
            "REVOKED: {}",
            escaped(reason.as_bytes())
        )));
    }
    if let Some(problem) = &info.problem {
        lines.push(Line::Warning(format!(
            "NOT VALID: {}",
            escaped(problem.as_bytes())
        )));
    }
    if found.holds_secret {
        lines.push(Line::Warning(
            "The file holds its owner's SECRET KEYS: tell them, the key is not theirs alone."
                .to_owned(),
        ));
    }
    let others = found.others_certifications;
    lines.push(Line::Field(
        "Certified by",
        format!("{others} others (not checked)"),
    ));
    review.push("Certify a certificate", lines);
    review.push("Its keys", info.keys.iter().map(key_line).collect());
    if !found.unreadable.is_empty() {
        let parts = found.unreadable.iter();
        let lines = parts
            .map(|part| Line::Warning(escaped(part.as_bytes())))
            .collect();
        review.push("Parts that could not be read", lines);
        review.risk(Risk::UnknownCertificateParts);
    }
}

fn user_id_text(user_id: &UserIdInfo) -> String {
    let mut text = escaped(&user_id.raw);
    if !user_id.self_signed {
        text.push_str("  NOT SIGNED BY ITS OWNER");
    }
    if user_id.revoked {
        text.push_str("  REVOKED");
    }
    text
}

fn key_line(key: &KeyInfo) -> Line {
    let uses = [
        (key.uses.certify, "certify"),
        (key.uses.sign, "sign"),
        (key.uses.encrypt, "encrypt"),
        (key.uses.authenticate, "log in"),
    ];
    let uses: Vec<_> = uses
        .iter()
        .filter(|(may, _)| *may)
        .map(|(_, use_)| *use_)
        .collect();
    let state = match (key.revoked, key.alive) {
        (true, _) => "  REVOKED",
        (_, false) => "  NOT VALID",
        _ => "",
    };
    let text = format!(
        "{}  {}  {}  made {}, expires {}{state}",
        key.fingerprint,
        key.algorithm,
        uses.join(", "),
        key.created_at,
        expiry(key.expires_at)
    );
    Line::Field(
        if key.is_primary {
            "Primary key"
        } else {
            "Subkey"
        },
        text,
    )
}

fn expiry(at: Option<UnixTime>) -> String {
    at.map_or("never".to_owned(), |at| at.to_string())
}

/// Hex in groups of four, as people read it to each other.
fn grouped(hex: &str) -> String {
    let digits: Vec<char> = hex.chars().collect();
    let groups: Vec<String> = digits
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}
