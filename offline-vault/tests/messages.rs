//! Every message that a person can see, in one file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use bundle_format::card::CardError;
use offline_vault::cli::CommandError;
use offline_vault::files::FileError;
use offline_vault::names::{LocalName, LocalNameError};
use offline_vault::passphrase::PassphraseError;
use offline_vault::store::StoreError;
use offline_vault::vault::VaultError;
use offline_vault::vault_key::{KeyFileError, VaultKeyError};
use pack_format::advice::{Advice, as_text};
use pack_format::codec::DecodeError;
use pack_format::words::WordsError;

fn dir() -> PathBuf {
    PathBuf::from("/home/amina/vault")
}

fn amina() -> LocalName {
    LocalName::new("amina").unwrap()
}

fn denied() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

fn file_errors() -> Vec<FileError> {
    vec![
        FileError::of("open", Path::new("/media/key"))(denied()),
        FileError::Exists {
            path: "/home/amina/card.txt".into(),
        },
        FileError::Large {
            path: "/home/amina/card.txt".into(),
            limit_bytes: 4096,
        },
    ]
}

fn passphrase_errors() -> Vec<PassphraseError> {
    vec![
        PassphraseError::NoTerminal,
        PassphraseError::Terminal,
        PassphraseError::Unreadable {
            path: "/home/amina/passphrase".into(),
        },
        PassphraseError::Short,
        PassphraseError::Differ,
    ]
}

fn key_errors() -> Vec<VaultKeyError> {
    vec![
        VaultKeyError::Wrong,
        VaultKeyError::KeyFileNeeded,
        VaultKeyError::KeyFileUnused,
        VaultKeyError::Damaged(DecodeError::Rule {
            what: "its checksum is not right",
        }),
        VaultKeyError::Newer { found: 2 },
        VaultKeyError::Memory { memory_mib: 256 },
        VaultKeyError::Cost,
    ]
}

fn store_errors() -> Vec<StoreError> {
    let doing = "add a contact";
    vec![
        StoreError::Failed {
            doing,
            source: rusqlite::Error::StatementChangedRows(2),
        },
        StoreError::Full { doing },
        StoreError::Damaged {
            doing,
            source: rusqlite::Error::QueryReturnedNoRows,
        },
        StoreError::Inconsistent {
            found: "page 7 is sealed with another key".to_owned(),
        },
        StoreError::Newer {
            readable_by: 9,
            known: 1,
        },
    ]
}

fn vault_errors() -> Vec<VaultError> {
    let nickname = amina();
    let what = "vault.key";
    vec![
        VaultError::Missing { dir: dir() },
        VaultError::Exists { dir: dir() },
        VaultError::Incomplete { dir: dir(), what },
        VaultError::InUse { dir: dir() },
        VaultError::KeyFile(KeyFileError::Short),
        VaultError::Random,
        VaultError::Name(DecodeError::Rule {
            what: "a name has 1 to 64 bytes",
        }),
        VaultError::Card(CardError::Signature(bundle_format::identity::BadSignature)),
        VaultError::Card(CardError::Decode(DecodeError::Truncated { what: "name" })),
        VaultError::CardIsOwn,
        VaultError::CardOlder {
            nickname: nickname.clone(),
        },
        VaultError::AlreadyKnown {
            nickname: nickname.clone(),
        },
        VaultError::NicknameTaken {
            nickname: nickname.clone(),
        },
        VaultError::LocalName(LocalNameError),
        VaultError::ContactUnknown {
            nickname: nickname.clone(),
        },
        VaultError::WordsDiffer { nickname },
        VaultError::Words(WordsError::Count {
            expected: 8,
            found: 7,
        }),
        VaultError::Words(WordsError::NotOnList { position: 3 }),
        VaultError::Words(WordsError::Checksum),
        VaultError::PairingUnknown { name: amina() },
        VaultError::PairingExists { name: amina() },
        VaultError::Invitation(DecodeError::Unknown { what: "invitation" }),
        VaultError::RelayKnown,
        VaultError::RelaysFull { limit: 4 },
    ]
}

fn command_errors() -> Vec<CommandError> {
    vec![
        CommandError::NoDirectory,
        CommandError::NotText { what: "the card" },
        CommandError::NotAnItem {
            text: "9x".to_owned(),
        },
        CommandError::NoAnswer,
        CommandError::Locked,
        CommandError::OpenQuote,
        CommandError::NotInSession { command: "init" },
        CommandError::Output(io::ErrorKind::BrokenPipe.into()),
        CommandError::Signals,
    ]
}

fn describe(text: &mut String, codes: &mut BTreeSet<String>, err: &dyn Advice) {
    codes.insert(err.code().to_owned());
    let lines = as_text("offline-vault", err);
    writeln!(text, "{lines}exit {}\n", err.exit() as u8).unwrap();
    let what = err.to_string();
    assert!(!what.contains("os error") && !what.ends_with('.'), "{what}");
    assert!(!what.starts_with(char::is_uppercase), "{what}");
    for sentence in [err.data_safe(), err.next_step()] {
        assert!(sentence.ends_with('.'), "{sentence}");
        assert!(sentence.starts_with(char::is_uppercase), "{sentence}");
    }
}

#[test]
fn every_message_says_what_happened_and_what_to_do() {
    let (mut text, mut codes) = (String::new(), BTreeSet::new());
    let mut all: Vec<Box<dyn Advice>> = Vec::new();
    all.extend(file_errors().into_iter().map(|err| Box::new(err) as _));
    all.extend(
        passphrase_errors()
            .into_iter()
            .map(|err| Box::new(err) as _),
    );
    all.extend(key_errors().into_iter().map(|err| Box::new(err) as _));
    all.extend(store_errors().into_iter().map(|err| Box::new(err) as _));
    all.extend(vault_errors().into_iter().map(|err| Box::new(err) as _));
    all.extend(command_errors().into_iter().map(|err| Box::new(err) as _));
    for err in &all {
        describe(&mut text, &mut codes, err.as_ref());
    }
    insta::assert_snapshot!("messages", text);
    let missing: Vec<String> = codes_in_the_source()
        .into_iter()
        .filter(|code| !codes.contains(code))
        .collect();
    assert_eq!(
        missing,
        Vec::<String>::new(),
        "codes without a message here"
    );
}

/// Every code that the errors of this crate's foundations can have, read from `fn code`.
fn codes_in_the_source() -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = [
        "files.rs",
        "passphrase.rs",
        "vault_key.rs",
        "store/error.rs",
        "vault/error.rs",
        "cli/error.rs",
    ];
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(source.join(file)).unwrap();
        let bodies = text.split("fn code(&self)").skip(1);
        for body in bodies.filter_map(|body| body.split("\n    }\n").next()) {
            let literals = body.split("=> \"").skip(1);
            found.extend(
                literals
                    .filter_map(|rest| rest.split('"').next())
                    .map(str::to_owned),
            );
        }
    }
    assert!(found.len() > 40, "{found:?}");
    found
}
