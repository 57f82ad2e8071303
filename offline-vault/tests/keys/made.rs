//! Keys that the vault makes and takes in.

use std::fs;

use super::*;

#[test]
fn gpg_reads_a_made_certificate() {
    let amina = with_release();
    let gpg = Gpg::new();
    gpg.import(&amina.exported("release"));
    let listed = gpg.text(&["--list-keys"], b"");
    let key = amina.key("release");
    assert!(listed.contains(key["key"].as_str().unwrap()), "{listed}");
    assert!(listed.contains(USER_ID), "{listed}");
    assert_eq!(listed.matches("\nsub:").count(), 2, "{listed}");
    assert_eq!(key["has_revocation"], true);
}

#[test]
fn sq_reads_a_made_certificate() {
    let amina = with_release();
    let file = amina.exported("release");
    let said = ran("sq", &["inspect", file.to_str().unwrap()], "");
    let key = amina.key("release");
    assert!(said.contains(key["key"].as_str().unwrap()), "{said}");
}

#[test]
fn a_key_of_version_6_is_made_and_exported() {
    let amina = Machine::new("Amina");
    let generate = ["key", "generate", "new", "--kind", "openpgp-v6"];
    let made = amina.json(&[&generate[..], &["--user-id", USER_ID, "--for", "forever"]].concat());
    assert_eq!(made["key"].as_str().unwrap().len(), 64);
    let public = fs::read_to_string(amina.exported("new")).unwrap();
    assert!(public.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----"));
}

#[test]
fn ssh_keygen_reads_a_made_key() {
    let amina = Machine::new("Amina");
    let generate = [
        "key",
        "generate",
        "git",
        "--kind",
        "ssh",
        "--comment",
        "amina@work",
    ];
    amina.done(&generate);
    let file = amina.exported("git");
    let said = ran("ssh-keygen", &["-l", "-f", file.to_str().unwrap()], "");
    let key = amina.key("git");
    assert!(said.contains(key["key"].as_str().unwrap()), "{said}");
    assert!(said.contains("amina@work (ED25519)"), "{said}");
}

#[test]
fn a_key_of_gnupg_is_taken_in_with_its_passphrase() {
    let amina = Machine::new("Amina");
    let gpg = Gpg::new();
    let generate = [
        "--quick-generate-key",
        USER_ID,
        "ed25519",
        "sign,cert",
        "1y",
    ];
    let passphrase = ["--passphrase", KEY_PASSPHRASE];
    gpg.done(&[&passphrase[..], &generate[..]].concat(), b"");
    let export = ["--armor", "--export-secret-keys"];
    let secret = gpg.done(&[&passphrase[..], &export[..]].concat(), b"");
    let (file, words) = (amina.write("key.asc", &secret), amina.key_passphrase());
    let wrong = amina.write("wrong", b"not this one");
    let import = ["key", "import", &file, "--key-passphrase-file"];
    let refused = amina.run(&[&import[..], &[&wrong]].concat());
    refused.expect_error("openpgp-wrong-passphrase");
    let imported = amina.json(&[&import[..], &[&words]].concat());
    assert_eq!(imported["name"], "amina");
    assert_eq!(imported["has_revocation"], true);
    let listed = gpg.text(&["--list-keys"], b"");
    assert!(
        listed.contains(imported["key"].as_str().unwrap()),
        "{listed}"
    );
    let again = amina.run(&[&import[..], &[&words, "--name", "twice"]].concat());
    again.expect_error("key-known");
}

#[test]
fn a_key_of_openssh_is_taken_in_with_its_passphrase() {
    let amina = Machine::new("Amina");
    let file = amina.text_path("id");
    let generate = [
        "-q",
        "-t",
        "ed25519",
        "-N",
        KEY_PASSPHRASE,
        "-C",
        "me@work",
        "-f",
        &file,
    ];
    ran("ssh-keygen", &generate, "");
    let words = amina.key_passphrase();
    let import = [
        "key",
        "import",
        &file,
        "--name",
        "git",
        "--key-passphrase-file",
        &words,
    ];
    amina.done(&import);
    let public = fs::read_to_string(amina.path("id.pub")).unwrap();
    let exported = fs::read_to_string(amina.exported("git")).unwrap();
    assert_eq!(exported, public);
}

#[test]
fn a_key_of_minisign_is_taken_in() {
    let amina = Machine::new("Amina");
    let (secret, public) = (amina.text_path("m.key"), amina.text_path("m.pub"));
    ran("minisign", &["-G", "-W", "-s", &secret, "-p", &public], "");
    amina.done(&["key", "import", &secret, "--name", "files"]);
    let line = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().nth(1).unwrap().to_owned()
    };
    assert_eq!(line(&amina.exported("files")), line(Path::new(&public)));
}

#[test]
fn what_is_no_key_is_refused() {
    let amina = Machine::new("Amina");
    for (content, code) in [
        (&b"hello"[..], "key-file-unknown"),
        (b"", "key-file-unknown"),
        (b"\x99\x01", "openpgp-unreadable"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "ssh-secret-form"),
        (b"untrusted comment: x\nAAAA\n", "minisign-secret-damaged"),
    ] {
        let file = amina.write("file", content);
        let answer = amina.run(&["key", "import", &file]);
        answer.expect_error(code);
    }
    assert_eq!(amina.json(&["key", "list"])["keys"], serde_json::json!([]));
}

#[test]
fn options_of_other_kinds_and_taken_names_are_refused() {
    let amina = Machine::new("Amina");
    let ssh = ["key", "generate", "git", "--kind", "ssh"];
    let with_user_id = [&ssh[..], &["--user-id", USER_ID]].concat();
    amina.refused(&with_user_id, "key-option-of-others");
    amina.done(&ssh);
    amina.refused(&ssh, "key-name-taken");
    amina.refused(&["key", "show", "nobody"], "key-unknown");
    let openpgp = [
        "key",
        "generate",
        "release",
        "--user-id",
        USER_ID,
        "--for",
        "2h",
    ];
    amina.refused(&openpgp, "time-not-one");
    amina.refused(&["key", "generate", "release"], "openpgp-bad-user-id");
    let comment = [
        &ssh[..2],
        &["other", "--kind", "ssh", "--comment", "a\u{202e}b"],
    ]
    .concat();
    amina.refused(&comment, "key-comment");
}

/// The secret of a key is in no answer of the program and in no file of the vault.
#[test]
fn a_secret_is_never_shown() {
    let amina = Machine::new("Amina");
    let (secret, public) = (amina.text_path("m.key"), amina.text_path("m.pub"));
    ran("minisign", &["-G", "-W", "-s", &secret, "-p", &public], "");
    let text = fs::read_to_string(&secret).unwrap();
    let line = text.lines().nth(1).unwrap();
    let bytes = data_encoding::BASE64.decode(line.as_bytes()).unwrap();
    let seed = &bytes[62..94];
    let mut said = String::new();
    for arguments in [
        &["key", "import", &secret, "--name", "files"][..],
        &["key", "list"],
        &["key", "show", "files"],
        &["key", "show", "files", "--json"],
        &["key", "list", "--json"],
        &["key", "export", "files", "--json"],
        &["key", "policy", "files", "--json"],
        &["journal", "--json"],
        &["journal", "--signatures", "--json"],
        &["status", "--json"],
    ] {
        let answer = amina.run(arguments);
        assert_eq!(answer.code, 0, "{answer:?}");
        said.push_str(&answer.stdout);
        said.push_str(&answer.stderr);
    }
    let base64 = |skip: usize| data_encoding::BASE64_NOPAD.encode(&seed[skip..skip + 27]);
    for form in [
        data_encoding::HEXLOWER.encode(seed),
        data_encoding::HEXUPPER.encode(seed),
        base64(0),
        base64(1),
        base64(2),
    ] {
        assert!(!said.contains(&form));
    }
    for path in super::super::machine::files_below(&amina.vault()) {
        let stored = fs::read(path).unwrap();
        assert!(!stored.windows(32).any(|window| window == seed));
    }
}
