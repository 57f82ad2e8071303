//! Backups, with the real program: made, checked, restored, and refused.

use std::fs;

use super::machine::Machine;

const BACKUP_PASSPHRASE: &[u8] = b"canary battery horse correct";

/// The options that a restore needs to run without a terminal, cheaply.
fn restore_arguments<'a>(backup: &'a str, passphrase: &'a str) -> [&'a str; 8] {
    [
        "restore",
        backup,
        "--backup-passphrase-file",
        passphrase,
        "--kdf-memory-mib",
        "64",
        "--kdf-passes",
        "1",
    ]
}

#[test]
fn a_lost_machine_is_replaced_from_its_backup() {
    let (lost, new) = (Machine::new("Amina"), Machine::empty("Amina"));
    let passphrase = lost.write("for-backup", BACKUP_PASSPHRASE);
    let backup = lost.path("backup").to_str().unwrap().to_owned();
    let made = lost.done(&["backup", &backup, "--backup-passphrase-file", &passphrase]);
    assert!(made.starts_with("Backup verified: "), "{made}");
    let restored = new.done(&restore_arguments(&backup, &passphrase));
    assert!(restored.contains("do not use it any more"), "{restored}");
    assert_eq!(new.words(), lost.words());
    let again = new.run(&restore_arguments(&backup, &passphrase));
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.stderr.contains("[vault-exists]"), "{again:?}");
}

#[test]
fn a_wrong_passphrase_and_a_flipped_bit_are_refused_and_leave_nothing() {
    let (lost, new) = (Machine::new("Amina"), Machine::empty("Amina"));
    let passphrase = lost.write("for-backup", BACKUP_PASSPHRASE);
    let path = lost.path("backup");
    let backup = path.to_str().unwrap().to_owned();
    lost.done(&["backup", &backup, "--backup-passphrase-file", &passphrase]);
    let kept = lost.run(&["backup", &backup, "--backup-passphrase-file", &passphrase]);
    assert_eq!(
        kept.code, 2,
        "an older backup is not replaced unasked: {kept:?}"
    );

    let wrong = lost.write("wrong", b"another passphrase");
    let refused = new.run(&restore_arguments(&backup, &wrong));
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("[backup-locked]"), "{refused:?}");
    let mut bytes = fs::read(&path).unwrap();
    bytes[10_000] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let refused = new.run(&restore_arguments(&backup, &passphrase));
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("[backup-damaged]"), "{refused:?}");
    assert!(!new.vault().exists());
}
