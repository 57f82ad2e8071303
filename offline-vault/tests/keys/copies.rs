//! Secrets that leave the vault under a passphrase, in files and on paper.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// Writes a backup of a key to a file and returns it.
fn backed_up(machine: &Machine, key: &str) -> PathBuf {
    let words = machine.key_passphrase();
    let path = machine.path(&format!("{key}.secret"));
    let backup = ["key", "backup", key, "--key-passphrase-file", &words];
    machine.done(&[&backup[..], &["--output", path.to_str().unwrap()]].concat());
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    path
}

/// Takes a file of a key into another vault, and expects the same key.
fn comes_back(machine: &Machine, key: &str, file: &Path) {
    let other = Machine::new("Amina");
    let words = other.key_passphrase();
    let import = ["key", "import", file.to_str().unwrap(), "--name", key];
    other.done(&[&import[..], &["--key-passphrase-file", &words]].concat());
    assert_eq!(other.key(key)["key"], machine.key(key)["key"]);
}

#[test]
fn gpg_signs_with_a_backup_of_a_key() {
    let amina = with_release();
    let file = backed_up(&amina, "release");
    comes_back(&amina, "release", &file);
    let gpg = Gpg::new();
    let passphrase = ["--passphrase", KEY_PASSPHRASE];
    gpg.done(
        &[&passphrase[..], &["--import", file.to_str().unwrap()]].concat(),
        b"",
    );
    let signature = gpg.done(&[&passphrase[..], &["--sign"]].concat(), b"message");
    gpg.done(&["--verify"], &signature);
}

#[test]
fn ssh_keygen_opens_a_backup_of_a_key_with_its_passphrase_only() {
    let amina = Machine::new("Amina");
    amina.done(&["key", "generate", "git", "--kind", "ssh"]);
    let file = backed_up(&amina, "git");
    comes_back(&amina, "git", &file);
    let file = file.to_str().unwrap();
    let line = ran("ssh-keygen", &["-y", "-P", KEY_PASSPHRASE, "-f", file], "");
    let public = fs::read_to_string(amina.exported("git")).unwrap();
    assert_eq!(line.trim(), public.trim());
    let mut wrong = Command::new("ssh-keygen");
    wrong.args(["-y", "-P", "other", "-f", file]);
    assert!(!run(&mut wrong, b"").status.success());
}

#[test]
fn minisign_signs_with_a_backup_of_a_key() {
    let amina = Machine::new("Amina");
    amina.done(&["key", "generate", "files", "--kind", "minisign"]);
    let file = backed_up(&amina, "files");
    let message = amina.write("message", b"message");
    let sign = ["-S", "-s", file.to_str().unwrap(), "-m", &message];
    ran("minisign", &sign, &format!("{KEY_PASSPHRASE}\n"));
    let public = amina.exported("files");
    let verify = ["-V", "-p", public.to_str().unwrap(), "-m", &message];
    ran("minisign", &verify, "");
}

#[test]
fn a_short_passphrase_and_a_file_that_is_there_are_refused() {
    let amina = Machine::new("Amina");
    amina.done(&["key", "generate", "git", "--kind", "ssh"]);
    let (short, words) = (amina.write("short", b"short"), amina.key_passphrase());
    let output = amina.write("there", b"something");
    let backup = [
        "key",
        "backup",
        "git",
        "--output",
        &output,
        "--key-passphrase-file",
    ];
    amina.refused(&[&backup[..], &[&short]].concat(), "passphrase-short");
    amina.refused(&[&backup[..], &[&words]].concat(), "file-exists");
    assert_eq!(fs::read(&output).unwrap(), b"something");
}

/// Printed, photographed and taken in again, of every length that a key has.
#[test]
fn pages_are_filmed_back() {
    let amina = Machine::new("Amina");
    let with_letters = ["--user-id", "Zoë Ж <zoe@example.org>"];
    amina.done(&[&["key", "generate", "release"][..], &with_letters[..]].concat());
    amina.done(&["key", "generate", "git", "--kind", "ssh"]);
    let words = amina.key_passphrase();
    for key in ["git", "release"] {
        let pages = amina.text_path(&format!("{key}.pdf"));
        let backup = ["key", "backup", key, "--paper", &pages];
        amina.done(&[&backup[..], &["--key-passphrase-file", &words]].concat());
        let photos = amina.path(&format!("{key}-photos"));
        fs::create_dir(&photos).unwrap();
        let photo = photos.join("page");
        ran(
            "pdftoppm",
            &["-r", "150", "-png", &pages, photo.to_str().unwrap()],
            "",
        );
        let other = Machine::new("Amina");
        let words = other.key_passphrase();
        let import = ["key", "import", "--camera", photos.to_str().unwrap()];
        let rest = ["--name", key, "--key-passphrase-file", &words];
        other.done(&[&import[..], &rest[..]].concat());
        assert_eq!(other.key(key)["key"], amina.key(key)["key"]);
        let printed = ran("pdftotext", &["-layout", &pages, "-"], "");
        assert!(printed.contains("-----BEGIN"), "{printed}");
        assert!(printed.contains("-----END"), "{printed}");
    }
}
