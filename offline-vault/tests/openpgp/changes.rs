//! Certificates that the vault changes, certifies and revokes, as the stock tools see them.

use offline_vault::openpgp::{
    Certification, Checked, KeyVersion, OldSubkeys, OpenPgpError, RevocationReason,
    SecretCertificate, SubkeyKind,
};
use signing_format::openpgp::Fingerprint;

use super::referees::Gpg;
use super::{NOW, generated, later};

/// The fields of the lines of `gpg --with-colons` that begin with `record`.
fn fields(gpg: &Gpg, record: &str) -> Vec<Vec<String>> {
    let listed = gpg.text(&["--list-keys", "--with-colons"], b"");
    let lines = listed.lines().map(|line| line.split(':'));
    let all = lines.map(|line| line.map(str::to_owned).collect::<Vec<_>>());
    all.filter(|line| line[0] == record).collect()
}

fn import_into(gpg: &Gpg, key: &SecretCertificate) {
    gpg.run(&["--import"], key.export_public().unwrap().as_bytes());
}

#[test]
fn gpg_shows_the_new_end_of_a_renewed_key() {
    let gpg = Gpg::at(later(2).0);
    let key = generated(KeyVersion::V4).certificate;
    import_into(&gpg, &key);
    assert_eq!(fields(&gpg, "pub")[0][6], later(365).0.to_string());
    for (days, end) in [(1, Some(later(1000))), (2, None)] {
        let key = key.renew(end, later(days)).unwrap();
        let info = key.info(later(days)).unwrap();
        assert_eq!(info.expires_at, end);
        assert!(info.keys.iter().all(|key| key.expires_at == end));
        gpg.set_clock(later(days).0 + 60);
        import_into(&gpg, &key);
        let shown = end.map(|end| end.0.to_string()).unwrap_or_default();
        assert_eq!(fields(&gpg, "pub")[0][6], shown);
        assert!(fields(&gpg, "sub").iter().all(|sub| sub[6] == shown));
    }
}

#[test]
fn a_renewed_version_6_key_signs_after_its_first_end() {
    let key = generated(KeyVersion::V6).certificate;
    assert!(key.sign_bytes(b"x", later(400)).is_err());
    let key = key.renew(Some(later(1000)), later(1)).unwrap();
    assert!(key.sign_bytes(b"x", later(400)).is_ok());
}

#[test]
fn a_renewal_that_would_not_count_is_refused() {
    let key = generated(KeyVersion::V4).certificate;
    let past = key.renew(Some(NOW), later(1));
    assert!(matches!(past, Err(OpenPgpError::EndsBeforeNow { .. })));
    let behind = key.renew(Some(later(9)), NOW);
    assert!(matches!(behind, Err(OpenPgpError::ClockBehind { .. })));
    let far = key.renew(Some(later(100_000)), later(1));
    assert!(matches!(far, Err(OpenPgpError::TimeOutOfRange { .. })));
}

#[test]
fn a_rotated_subkey_signs_and_the_old_one_stays_or_is_revoked() {
    let key = generated(KeyVersion::V4).certificate;
    let old = key.signing_key(later(1)).unwrap();
    for (keep, revoked) in [(OldSubkeys::Keep, 0), (OldSubkeys::Revoke, 1)] {
        let rotated = key.rotate_signing_subkey(None, keep, later(1)).unwrap();
        let new = rotated.signing_key(later(2)).unwrap();
        assert_ne!(new, old);
        // Before the rotation the old one signed.
        assert_eq!(rotated.signing_key(NOW), Some(old));
        let info = rotated.info(later(2)).unwrap();
        let count = info.keys.iter().filter(|key| key.revoked).count();
        assert_eq!(count, revoked);
        let gpg = Gpg::at(later(3).0);
        import_into(&gpg, &rotated);
        let subkeys = fields(&gpg, "sub");
        assert_eq!(subkeys.len(), 3);
        let shown = subkeys.iter().filter(|sub| sub[1] == "r").count();
        assert_eq!(shown, revoked);
    }
}

#[test]
fn a_subkey_never_outlives_its_certificate() {
    for version in [KeyVersion::V4, KeyVersion::V6] {
        let key = generated(version).certificate;
        let end = key.info(later(1)).unwrap().expires_at;
        assert!(end.is_some());
        for asked in [None, Some(100 * 365 * 24 * 60 * 60)] {
            let rotated = key
                .rotate_signing_subkey(asked, OldSubkeys::Keep, later(1))
                .unwrap();
            let new = rotated.signing_key(later(2)).unwrap();
            let info = rotated.info(later(2)).unwrap();
            let subkey = info.keys.iter().find(|key| key.fingerprint() == Some(new));
            assert_eq!(subkey.unwrap().expires_at, end);
        }
    }
}

#[test]
fn gpg_takes_an_added_subkey_and_an_added_user_id() {
    let key = generated(KeyVersion::V4).certificate;
    let year = Some(365 * 24 * 60 * 60);
    let key = key
        .add_subkey(SubkeyKind::Encryption, year, later(1))
        .unwrap();
    let key = key
        .add_user_id("Amina <amina@example.net>", later(1))
        .unwrap();
    let gpg = Gpg::at(later(2).0);
    import_into(&gpg, &key);
    let subkeys = fields(&gpg, "sub");
    assert_eq!(subkeys.iter().filter(|sub| sub[11] == "e").count(), 2);
    let user_ids = fields(&gpg, "uid");
    let user_ids: Vec<_> = user_ids.iter().map(|uid| uid[9].as_str()).collect();
    assert_eq!(
        user_ids,
        ["Amina <amina@example.org>", "Amina <amina@example.net>"]
    );
    assert!(
        key.info(later(2))
            .unwrap()
            .user_ids
            .iter()
            .all(|id| id.self_signed)
    );
    let bad = key.add_user_id("a\u{1b}b", later(1));
    assert!(matches!(bad, Err(OpenPgpError::BadUserId { .. })));
}

#[test]
fn the_revocation_that_was_made_at_birth_revokes_in_gpg_and_here() {
    let made = generated(KeyVersion::V4);
    let gpg = Gpg::at(later(2).0);
    import_into(&gpg, &made.certificate);
    assert_ne!(fields(&gpg, "pub")[0][1], "r");
    gpg.run(&["--import"], made.revocation.as_bytes());
    assert_eq!(fields(&gpg, "pub")[0][1], "r");

    let key = made.certificate;
    let revoked = key.attach_revocation(made.revocation.as_bytes()).unwrap();
    let info = revoked.info(later(2)).unwrap();
    assert!(info.revoked.unwrap().contains("made together with the key"));
    let signed = revoked.sign_bytes(b"x", later(2));
    assert!(matches!(signed, Err(OpenPgpError::Revoked { .. })));
    let renewed = revoked.renew(None, later(2));
    assert!(matches!(renewed, Err(OpenPgpError::Revoked { .. })));
}

#[test]
fn the_revocation_of_another_certificate_is_refused() {
    let made = generated(KeyVersion::V4);
    let other = generated(KeyVersion::V4);
    let attach = |bytes: &[u8]| made.certificate.attach_revocation(bytes);
    let refused = attach(other.revocation.as_bytes());
    assert!(matches!(
        refused,
        Err(OpenPgpError::NotItsRevocation { .. })
    ));
    let public = made.certificate.public_bytes().unwrap();
    let refused = attach(&public);
    assert!(matches!(
        refused,
        Err(OpenPgpError::NotItsRevocation { .. })
    ));
    let refused = attach(b"hello");
    assert!(matches!(refused, Err(OpenPgpError::Unreadable { .. })));
}

#[test]
fn a_revocation_says_why_and_a_subkey_can_be_revoked_alone() {
    let key = generated(KeyVersion::V4).certificate;
    let reason = RevocationReason::Retired;
    let revocation = key.revoke(reason, "moved", later(1)).unwrap();
    let revoked = key.attach_revocation(revocation.as_bytes()).unwrap();
    let why = revoked.info(later(2)).unwrap().revoked.unwrap();
    assert!(why.contains("retired") && why.ends_with(": moved"), "{why}");
    // What was signed before stays good: a retired key was not stolen.
    assert!(revoked.sign_bytes(b"x", NOW).is_ok());

    let subkey = key.signing_key(NOW).unwrap();
    let reason = RevocationReason::Compromised;
    let without = key
        .revoke_subkey(&subkey, reason, "lost", later(1))
        .unwrap();
    assert!(matches!(
        without.sign_bytes(b"x", later(2)),
        Err(OpenPgpError::NoSigningKey { .. })
    ));
    let nobody = Fingerprint::V4([7; 20]);
    assert!(matches!(
        key.revoke_subkey(&nobody, reason, "", later(1)),
        Err(OpenPgpError::NoSuchSubkey { .. })
    ));
}

#[test]
fn gpg_sees_a_certification_by_the_vault() {
    let vault = generated(KeyVersion::V4).certificate;
    let gpg = Gpg::at(NOW.0);
    gpg.make_key("Boris <boris@example.org>", "ed25519", "");
    let boris = gpg.run(&["--export"], b"");
    import_into(&gpg, &vault);
    let what = Certification {
        user_ids: vec![b"Boris <boris@example.org>".to_vec()],
        checked: Checked::Carefully,
        exportable: true,
    };
    let certified = vault.certify(&boris, &what, later(1)).unwrap();
    // Also the bare signature at the end of the certificate, where GnuPG finds its place.
    let appended = [&boris[..], &certified.signatures].concat();
    for bytes in [&certified.for_import, &certified.certificate, &appended] {
        let gpg = Gpg::at(later(2).0);
        import_into(&gpg, &vault);
        gpg.run(&["--import"], &boris);
        gpg.run(&["--import"], bytes);
        let checked = gpg.text(&["--check-sigs", "--with-colons", "boris"], b"");
        let by_vault = vault.fingerprint().unwrap().to_string();
        let good = checked.lines().filter(|line| line.starts_with("sig:!:"));
        let found = good.filter(|line| line.contains(&by_vault) && line.contains(":13x:"));
        assert_eq!(found.count(), 1, "{checked}");
    }
}

#[test]
fn a_local_certification_stays_out_of_the_certificate_for_others() {
    let vault = generated(KeyVersion::V4).certificate;
    let other = generated(KeyVersion::V4)
        .certificate
        .public_bytes()
        .unwrap();
    let what = Certification {
        user_ids: vec![b"Amina <amina@example.org>".to_vec()],
        checked: Checked::NotSaid,
        exportable: false,
    };
    let certified = vault.certify(&other, &what, later(1)).unwrap();
    assert_eq!(certified.certificate, other);
    assert!(certified.for_import.len() > 300);
}

#[test]
fn only_a_valid_user_id_of_a_valid_certificate_is_certified() {
    let vault = generated(KeyVersion::V4).certificate;
    let other = generated(KeyVersion::V4);
    let what = |user_id: &str| Certification {
        user_ids: vec![user_id.as_bytes().to_vec()],
        checked: Checked::NotSaid,
        exportable: true,
    };
    let amina = what("Amina <amina@example.org>");
    let public = other.certificate.public_bytes().unwrap();
    let missing = vault.certify(&public, &what("Mallory"), later(1));
    assert!(matches!(missing, Err(OpenPgpError::NoSuchUserId { .. })));
    let expired = vault.certify(&public, &amina, later(366));
    assert!(matches!(expired, Err(OpenPgpError::NotAlive { .. })));
    let revoked = other
        .certificate
        .attach_revocation(other.revocation.as_bytes());
    let revoked = revoked.unwrap().public_bytes().unwrap();
    let refused = vault.certify(&revoked, &amina, later(1));
    assert!(matches!(refused, Err(OpenPgpError::Revoked { .. })));
}

#[test]
fn a_key_without_its_primary_secret_cannot_change_itself() {
    let key = generated(KeyVersion::V4).certificate;
    let public = SecretCertificate::from_bytes(&key.public_bytes().unwrap()).unwrap();
    let refused = public.renew(None, later(1));
    assert!(matches!(refused, Err(OpenPgpError::NoPrimarySecret { .. })));
    let refused = public.sign_bytes(b"x", later(1));
    assert!(matches!(refused, Err(OpenPgpError::NoSigningKey { .. })));
}

#[test]
fn user_ids_that_could_deceive_are_not_made() {
    for user_ids in [
        vec![],
        vec![" ".to_owned()],
        vec!["a\nb".to_owned()],
        vec!["a".repeat(2000)],
    ] {
        let new = offline_vault::openpgp::NewKey {
            user_ids,
            ..super::new_key(KeyVersion::V4)
        };
        let refused = SecretCertificate::generate(&new, NOW);
        assert!(matches!(refused, Err(OpenPgpError::BadUserId { .. })));
    }
}

/// The machine's clock is nowhere in what the vault makes.
#[test]
fn every_time_in_a_certificate_is_one_that_the_vault_was_handed() {
    let made = generated(KeyVersion::V4);
    let year = Some(365 * 24 * 60 * 60);
    let key = made.certificate;
    let key = key.rotate_signing_subkey(year, OldSubkeys::Revoke, later(1));
    let key = key.unwrap().add_user_id("Amina", later(1)).unwrap();
    let key = key.renew(None, later(2)).unwrap();
    let revocation = key.revoke(RevocationReason::NotSaid, "", later(2)).unwrap();
    let key = key.attach_revocation(revocation.as_bytes()).unwrap();
    let gpg = Gpg::at(later(3).0);
    let listed = gpg.text(&["--list-packets"], &key.public_bytes().unwrap());
    let created = listed
        .lines()
        .filter_map(|line| line.split_once("created ").map(|(_, rest)| rest));
    let times: Vec<i64> = created
        .filter_map(|rest| rest.split([',', ' ']).next()?.parse().ok())
        .collect();
    assert!(times.len() > 15, "{times:?}");
    let handed = [NOW, later(1), later(2)].map(|time| time.0);
    assert!(times.iter().all(|time| handed.contains(time)), "{times:?}");
}
