//! A message that is to be opened here: for whom it was encrypted, and nothing of its content yet.

use signing_format::subject::DecryptSubject;

use super::text::{escaped, quoted};
use super::{Line, Review, ReviewError};
use crate::openpgp::{
    DecryptedMessage, MessageReview, MessageSignature, Protection, SecretCertificate,
};

/// Adds the review of a message. `key` is the named key, when it is in this vault.
pub(crate) fn review(
    review: &mut Review,
    subject: &DecryptSubject,
    message: &[u8],
    key: Option<&SecretCertificate>,
) -> Result<(), ReviewError> {
    let found = MessageReview::parse(message).map_err(|err| ReviewError::OpenPgp(Box::new(err)))?;
    let protection = match found.protection {
        Protection::ModificationDetection => "encrypted, with modification detection (version 1)",
        Protection::Authenticated => "authenticated encryption (version 2)",
    };
    let mut lines = vec![
        Line::Field(
            "Message",
            format!("a claim: {}", escaped(subject.name.as_bytes())),
        ),
        Line::Field("Size", format!("{} bytes", message.len())),
        Line::Field("BLAKE3", blake3::hash(message).to_hex().to_string()),
        Line::Field("Protection", protection.to_owned()),
    ];
    for recipient in &found.recipients {
        let text = recipient.as_deref().unwrap_or("hidden");
        lines.push(Line::Field("Encrypted to", text.to_owned()));
    }
    if found.passphrase_count > 0 {
        let text = format!("{} passphrases open it, too", found.passphrase_count);
        lines.push(Line::Field("Besides", text));
    }
    if key.is_some_and(|key| !found.may_open_with(key)) {
        lines.push(Line::Warning(
            "It is not encrypted to this key: it will not open.".to_owned(),
        ));
    }
    lines.push(Line::Note(
        "Opening it shows it in this vault. The desk is told only that it was opened, never what \
         it says."
            .to_owned(),
    ));
    review.push("Open a message", lines);
    Ok(())
}

/// The lines of a message that was opened: who signed it, and what it says.
#[must_use]
pub fn message_lines(message: &DecryptedMessage) -> Vec<String> {
    let mut lines: Vec<String> = message.signatures.iter().map(signature_text).collect();
    if message.signatures.is_empty() {
        lines.push("!! NOT SIGNED: anybody can have written it.".to_owned());
    }
    if std::str::from_utf8(&message.plaintext).is_ok_and(|text| !text.contains('\0')) {
        lines.extend(quoted(&message.plaintext).iter().map(ToString::to_string));
    } else {
        let size = message.plaintext.len();
        lines.push(format!(
            "{size} bytes that are not text; `save` writes them to a folder."
        ));
    }
    lines
}

fn signature_text(signature: &MessageSignature) -> String {
    match signature {
        MessageSignature::Good { certificate } => format!("Signed by {certificate}: good."),
        MessageSignature::UnknownSigner { key } => {
            let key = key
                .as_deref()
                .map_or("an unnamed key".to_owned(), |key| escaped(key.as_bytes()));
            format!("!! Signed by {key}, which is not known here: NOT CHECKED.")
        }
        MessageSignature::Bad { why } => {
            format!("!! BAD SIGNATURE: {}", escaped(why.as_bytes()))
        }
    }
}
