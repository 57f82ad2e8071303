//! Certificates and messages of others: reviewed, and opened.

use offline_vault::openpgp::{
    CertificateReview, DecryptedMessage, KeyVersion, MessageReview, MessageSignature, OpenPgpError,
    Protection, SecretCertificate,
};

use super::referees::Gpg;
use super::{NOW, ageless, generated, later};

const TEXT: &[u8] = b"meet at noon, tell nobody\n";

/// GnuPG with the vault's certificate, and a key of Boris.
fn boris_writes_to(key: &SecretCertificate) -> Gpg {
    let gpg = Gpg::at(later(1).0);
    gpg.make_key("Boris <boris@example.org>", "ed25519", "");
    gpg.run(&["--import"], key.export_public().unwrap().as_bytes());
    gpg
}

fn encrypted(gpg: &Gpg, more: &[&str], text: &[u8]) -> Vec<u8> {
    let quiet = ["--passphrase", "", "--trust-model", "always"];
    let encrypt = ["--encrypt", "-r", "amina@example.org"];
    gpg.run(&[&quiet[..], &encrypt, more].concat(), text)
}

fn open(key: &SecretCertificate, message: &[u8]) -> Result<DecryptedMessage, OpenPgpError> {
    key.decrypt(message, &[], later(2))
}

#[test]
fn a_message_of_gnupg_is_opened_and_its_signer_named() {
    let key = ageless(KeyVersion::V4);
    let gpg = boris_writes_to(&key);
    let boris = gpg.run(&["--export", "boris"], b"");
    let sign = ["--sign", "-u", "boris", "--armor"];
    let message = encrypted(&gpg, &sign, TEXT);
    let review = MessageReview::parse(&message).unwrap();
    let info = key.info(NOW).unwrap();
    let subkey = info.keys.iter().find(|key| key.uses.encrypt).unwrap();
    assert_eq!(review.recipients, [Some(subkey.key_id.clone())]);
    assert_eq!(review.passphrase_count, 0);
    assert_eq!(review.protection, Protection::ModificationDetection);
    assert!(review.may_open_with(&key));

    let opened = key.decrypt(&message, &[&boris], later(2)).unwrap();
    assert_eq!(*opened.plaintext, TEXT);
    let Some(MessageSignature::Good { certificate }) = opened.signatures.first() else {
        panic!("{:?}", opened.signatures);
    };
    let shown = CertificateReview::parse(&boris, later(2)).unwrap();
    assert_eq!(*certificate, shown.info.fingerprint);

    let opened = open(&key, &message).unwrap();
    let unknown = MessageSignature::UnknownSigner {
        key: Some(shown.info.fingerprint),
    };
    assert_eq!(opened.signatures, [unknown]);
    assert!(
        open(&key, &encrypted(&gpg, &[], TEXT))
            .unwrap()
            .signatures
            .is_empty()
    );
}

#[test]
fn a_message_to_a_hidden_recipient_is_opened() {
    let key = ageless(KeyVersion::V4);
    let gpg = boris_writes_to(&key);
    let message = encrypted(&gpg, &["--throw-keyids"], TEXT);
    let review = MessageReview::parse(&message).unwrap();
    assert_eq!(review.recipients, [None]);
    assert!(review.may_open_with(&key));
    assert_eq!(*open(&key, &message).unwrap().plaintext, TEXT);
    let other = open(&ageless(KeyVersion::V4), &message);
    assert!(matches!(other, Err(OpenPgpError::NotForThisKey)));
}

#[test]
fn a_message_that_was_changed_or_cut_gives_nothing() {
    let key = ageless(KeyVersion::V4);
    let gpg = boris_writes_to(&key);
    // More than any buffer, so that the first bytes could have been given out.
    let text = vec![b'x'; 200_000];
    for message in [
        encrypted(&gpg, &["--compress-algo", "none"], &text),
        encrypted(&gpg, &[], TEXT),
    ] {
        assert!(open(&key, &message).is_ok());
        let positions = [message.len() / 2, message.len() - 30, message.len() - 1];
        for position in positions {
            let mut changed = message.clone();
            changed[position] ^= 1;
            let refused = open(&key, &changed);
            assert!(refused.is_err(), "{position}");
            assert!(open(&key, &message[..position]).is_err(), "{position}");
        }
        let mut changed = message.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        let refused = open(&key, &changed);
        assert!(matches!(refused, Err(OpenPgpError::MessageDamaged(_))));
    }
}

#[test]
fn messages_that_no_key_opens_are_named_for_what_they_are() {
    use OpenPgpError as E;
    let key = ageless(KeyVersion::V4);
    let gpg = boris_writes_to(&key);
    let symmetric = gpg.run(&["--passphrase", "p", "--symmetric"], TEXT);
    assert!(matches!(open(&key, &symmetric), Err(E::PassphraseOnly)));
    assert_eq!(
        MessageReview::parse(&symmetric).unwrap().passphrase_count,
        1
    );
    let for_key = encrypted(&gpg, &[], TEXT);
    let other = open(&ageless(KeyVersion::V4), &for_key);
    assert!(matches!(other, Err(E::NotForThisKey)));
    let signed = gpg.run(&["--passphrase", "", "-u", "boris", "--sign"], TEXT);
    assert!(matches!(open(&key, &signed), Err(E::NotEncrypted)));
    assert!(matches!(open(&key, b"hello"), Err(E::Unreadable { .. })));
    let large = vec![0; offline_vault::openpgp::limits::MESSAGE_BYTES_MAX + 1];
    assert!(matches!(open(&key, &large), Err(E::TooLarge { .. })));
}

/// GnuPG 2.2 makes such a message no more, so its container is written here: the same recipients,
/// and the packet without protection.
#[test]
fn a_message_without_protection_against_changes_is_refused() {
    let key = ageless(KeyVersion::V4);
    let gpg = boris_writes_to(&key);
    let message = encrypted(&gpg, &[], TEXT);
    // The first packet, the session key, has an old header with a length of one octet.
    assert_eq!(message[0] & 0xc3, 0x80);
    let session_key = &message[..2 + usize::from(message[1])];
    let container = [&[0xc9, 40][..], &[7; 40]].concat();
    let unprotected = [session_key, &container].concat();
    let refused = open(&key, &unprotected);
    assert!(
        matches!(refused, Err(OpenPgpError::Unprotected)),
        "{refused:?}"
    );
}

#[test]
fn a_certificate_under_review_shows_its_parts_and_what_is_wrong_with_them() {
    let key = generated(KeyVersion::V4);
    let public = key.certificate.export_public().unwrap();
    let review = CertificateReview::parse(public.as_bytes(), later(1)).unwrap();
    assert_eq!(review.info.user_ids[0].raw, b"Amina <amina@example.org>");
    assert!(review.info.user_ids[0].self_signed);
    assert_eq!(review.info.expires_at, Some(later(365)));
    assert_eq!(review.info.created_at, NOW);
    assert_eq!((review.info.problem, review.info.revoked), (None, None));
    assert_eq!(review.others_certifications, 0);
    assert_eq!(review.unreadable, [""; 0]);
    assert!(!review.holds_secret);
    assert!(
        review
            .info
            .keys
            .iter()
            .all(|key| key.alive && !key.has_secret)
    );
    let [primary, ..] = &review.info.keys[..] else {
        panic!("no keys");
    };
    assert!(primary.uses.certify && !primary.uses.sign);

    let expired = CertificateReview::parse(public.as_bytes(), later(366)).unwrap();
    assert!(expired.info.problem.is_some());
    let whole = key.certificate.to_bytes().unwrap();
    let review = CertificateReview::parse(&whole, later(1)).unwrap();
    assert!(review.holds_secret);

    // A binding that was changed: its user id is nobody's.
    let mut changed = key.certificate.public_bytes().unwrap();
    let at = changed
        .windows(5)
        .position(|window| window == b"amina")
        .unwrap();
    changed[at] = b'A';
    let review = CertificateReview::parse(&changed, later(1)).unwrap();
    assert!(!review.info.user_ids[0].self_signed);
    assert_eq!(review.unreadable.len(), 1, "{:?}", review.unreadable);
}

/// A certificate that was changed anywhere is read or refused, never a panic; what still counts as
/// signed by its owner is what its owner signed.
#[test]
fn a_damaged_certificate_never_gains_a_user_id() {
    let key = generated(KeyVersion::V4).certificate;
    let whole = key.public_bytes().unwrap();
    for position in 0..whole.len() {
        for mask in [1, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[position] ^= mask;
            let Ok(review) = CertificateReview::parse(&changed, later(1)) else {
                continue;
            };
            if review.info.fingerprint != key.fingerprint().unwrap().to_string() {
                continue;
            }
            for user_id in review.info.user_ids.iter().filter(|id| id.self_signed) {
                assert_eq!(user_id.raw, b"Amina <amina@example.org>");
            }
        }
    }
}

#[test]
fn the_head_of_a_damaged_message_is_read_or_refused_without_a_panic() {
    let key = ageless(KeyVersion::V4);
    let gpg = boris_writes_to(&key);
    let message = encrypted(&gpg, &[], TEXT);
    for position in 0..message.len() {
        for mask in [1, 0x40, 0x80, 0xff] {
            let mut changed = message.clone();
            changed[position] ^= mask;
            let _ = MessageReview::parse(&changed);
            if let Ok(opened) = open(&key, &changed) {
                // Only what stands outside the encryption can change without notice.
                assert_eq!(*opened.plaintext, TEXT, "{position}");
            }
        }
    }
}
