//! Every message that a person can see, in one file.

use bundle_format::open::OpenError;
use bundle_format::seal::SealError;
use offline_vault::work::backup::BackupError;
use offline_vault::work::{ItemId, WalkError, WorkError};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use bundle_format::card::CardError;
use note_protocol::NoteError;
use offline_vault::cli::CommandError;
use offline_vault::clock::UnixTime;
use offline_vault::files::FileError;
use offline_vault::names::{LocalName, LocalNameError};
use offline_vault::passphrase::PassphraseError;
use offline_vault::signing::journal::JournalError;
use offline_vault::signing::keys::KeyError;
use offline_vault::signing::policy::{PolicyError, UseKind};
use offline_vault::signing::{PolicyRefusal, ReviewError, Risk, SigningError};
use offline_vault::store::{SigningRequestId, SpaceState, StoreError};
use offline_vault::team::{ClosedReason, TeamError};
use offline_vault::vault::VaultError;
use offline_vault::vault_key::{KeyFileError, VaultKeyError};
use pack_format::advice::{Advice, as_text};
use pack_format::chunked::ChunkedError;
use pack_format::codec::DecodeError;
use pack_format::relay::BadSignature;
use pack_format::words::WordsError;
use signing_format::git::SignError;
use signing_format::key_reference::KeyReference;
use team_content::value::BadValue;
use team_core::blob::{BlobError, BlobId};
use team_core::role::Role;

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
        VaultError::ContactAwaits {
            nickname: amina(),
            count: 2,
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
        CommandError::SpaceNotItem {
            name: LocalName::new("desk").unwrap(),
        },
        CommandError::NoAnswer,
        CommandError::Locked,
        CommandError::OpenQuote,
        CommandError::NotInSession { command: "init" },
        CommandError::Output(io::ErrorKind::BrokenPipe.into()),
        CommandError::Signals,
        CommandError::NotATime {
            text: "2h".to_owned(),
        },
        CommandError::OptionOfOtherKeys {
            option: "--user-id",
        },
        CommandError::FingerprintDiffers,
        CommandError::RiskNotAccepted {
            risk: Risk::UnknownCertificateParts,
        },
        CommandError::NoSuchRisk {
            name: "not-shown".to_owned(),
        },
    ]
}

fn policy_refusals() -> Vec<PolicyRefusal> {
    let key = || LocalName::new("release").unwrap();
    vec![
        PolicyRefusal::Retired { key: key() },
        PolicyRefusal::Kind {
            key: key(),
            kind: UseKind::Decrypt,
        },
        PolicyRefusal::Namespace {
            key: key(),
            namespace: "file\u{1b}".to_owned(),
        },
        PolicyRefusal::PerDay {
            key: key(),
            limit: 100,
            made: 98,
            asked: 3,
        },
        PolicyRefusal::Approvals {
            key: key(),
            needed: 2,
            found: 1,
        },
    ]
}

fn signing_key_errors() -> Vec<KeyError> {
    let name = || LocalName::new("release").unwrap();
    vec![
        KeyError::Unknown { name: name() },
        KeyError::NameTaken { name: name() },
        KeyError::Known { name: name() },
        KeyError::NotAKeyFile,
        KeyError::OtherKind { needed: "OpenPGP" },
        KeyError::Stored,
        KeyError::NotConfirmed { name: name() },
        KeyError::Comment {
            limit_bytes: 255,
            found: "a\u{202e}b".to_owned(),
        },
        KeyError::NotReadBack { name: name() },
        KeyError::NoRevocation {
            reference: KeyReference::OpenPgpV4([1; 20]),
        },
        KeyError::PassphraseNotText,
        KeyError::Policy(PolicyError::NamespacesOfSshOnly),
        KeyError::Policy(PolicyError::KindOfOtherKeys {
            kind: UseKind::Certify,
            key_kind: "SSH",
        }),
        KeyError::Policy(PolicyError::Namespaces { limit: 32 }),
        KeyError::Policy(PolicyError::PerDay { limit: 100_000 }),
        KeyError::Policy(PolicyError::Approvers { limit: 16 }),
        KeyError::Policy(PolicyError::ApprovalsBeyondApprovers {
            needed: 2,
            approvers: 1,
        }),
    ]
}

fn signing_errors() -> Vec<SigningError> {
    let id = SigningRequestId::from_str("req-3").unwrap();
    let at = UnixTime(1_800_000_000);
    let review = |source| SigningError::Review {
        id,
        source: Box::new(source),
    };
    let too_long = DecodeError::OverLimit {
        what: "sealed reply",
        found: 70_000,
        limit: 61_440,
    };
    vec![
        SigningError::RequestUnknown { id },
        SigningError::AlreadyDecided { id, decided_at: at },
        SigningError::Expired { id, expires_at: at },
        SigningError::NotShown { id },
        SigningError::ChangedSinceShown { id },
        SigningError::RiskNotAccepted {
            id,
            risk: Risk::ContentNotSeen,
        },
        review(ReviewError::ContentMissing),
        review(ReviewError::ContentDiffers),
        review(ReviewError::ObjectCount { said: 2, found: 1 }),
        review(ReviewError::NoSuchUserId {
            user_id: "Mallory".to_owned(),
        }),
        review(ReviewError::TooLong {
            found: 300_000,
            limit: 200_000,
        }),
        review(ReviewError::ContentTooLarge {
            found_bytes: 1 << 30,
            limit: 1 << 20,
        }),
        SigningError::NoWayBack { id },
        SigningError::KeyElsewhere {
            id,
            key: KeyReference::OpenPgpV4([0xab; 20]),
        },
        SigningError::StillNeeded {
            id,
            why: "nobody has decided it",
        },
        SigningError::NotAMessage { id },
        SigningError::NotSignable {
            what: "the namespace",
            why: "it is empty".to_owned(),
        },
        SigningError::Git(SignError::NotNext),
        SigningError::ReplyTooLarge(too_long),
        SigningError::ReasonTooLong {
            found: 5000,
            limit: 4096,
        },
    ]
}

fn journal_errors() -> Vec<JournalError> {
    vec![
        JournalError::Altered {
            number: 7,
            source: BadSignature {
                what: "entry of a signature journal",
            },
        },
        JournalError::Broken { number: 7 },
        JournalError::Cut {
            found: 6,
            stated: 7,
        },
        JournalError::Format(DecodeError::Rule {
            what: "the first line is not its title",
        }),
    ]
}

fn walk_errors() -> Vec<WalkError> {
    let path = || PathBuf::from("/home/amina/work/file");
    vec![
        WalkError::Unreadable {
            path: path(),
            source: denied(),
        },
        WalkError::Special { path: path() },
        WalkError::Name {
            path: path(),
            source: DecodeError::Rule {
                what: "a path has hidden characters or a backslash",
            },
        },
        WalkError::NotUtf8 { path: path() },
        WalkError::SameName {
            name: "report".to_owned(),
        },
        WalkError::TooMany,
    ]
}

fn work_errors() -> Vec<WorkError> {
    let item: ItemId = "in-7".parse().unwrap();
    let rule = || DecodeError::Rule {
        what: "the padding is not zero",
    };
    let open = |source| WorkError::Open { item, source };
    let mut all = vec![
        WorkError::Seal(SealError::Contents(denied())),
        WorkError::Seal(SealError::Sink(io::ErrorKind::StorageFull.into())),
        WorkError::Seal(SealError::Format(rule())),
        WorkError::Seal(SealError::Readers { found: 129 }),
        WorkError::Seal(SealError::Stopped),
        WorkError::Seal(SealError::Machine(denied())),
        WorkError::Seal(SealError::Worker),
        open(OpenError::NotForThisVault),
        open(OpenError::Content(rule())),
        open(OpenError::PassedOn),
        open(OpenError::FrameReplaced { index: 3 }),
        open(OpenError::Machine(denied())),
        open(OpenError::Sink(io::ErrorKind::StorageFull.into())),
        open(OpenError::Stopped),
        WorkError::TakeIn(OpenError::Machine(denied())),
        WorkError::BundlesRefused { refused_count: 2 },
        WorkError::SpacesBehind { count: 1 },
        WorkError::Nothing,
        WorkError::NoReader,
        WorkError::MessageLong {
            found_bytes: 2_000_000,
            limit_bytes: 1_048_576,
        },
        WorkError::Unverified { nickname: amina() },
        WorkError::DiskFull {
            free_bytes: 10,
            needed_bytes: 20,
        },
        WorkError::ItemUnknown { item },
        WorkError::ItemFreed { item },
        WorkError::ItemStranded { item },
        WorkError::ItemHolds {
            item,
            what: "no files and no message",
        },
        WorkError::NoPairing,
        WorkError::Stored(rule()),
        WorkError::Inspect {
            path: PathBuf::from("/media/stick"),
            source: denied(),
        },
    ];
    all.extend(walk_errors().into_iter().map(WorkError::Walk));
    all
}

fn team_errors() -> Vec<TeamError> {
    let desk = || LocalName::new("desk").unwrap();
    let rule = || DecodeError::Rule {
        what: "a name is empty, has hidden characters or white space at an end",
    };
    let closed = |reason| TeamError::Closed {
        name: desk(),
        reason,
    };
    let which = || "desk/3fa9".to_owned();
    vec![
        TeamError::Seal(SealError::Stopped),
        TeamError::Open(OpenError::NotForThisVault),
        TeamError::Open(OpenError::Content(rule())),
        TeamError::Blob(BlobError::Unopenable {
            id: BlobId([7; 32]),
        }),
        TeamError::FileDamaged { which: which() },
        TeamError::Stored(rule()),
        TeamError::Format(rule()),
        TeamError::SpaceUnknown {
            name: "desc".to_owned(),
        },
        TeamError::NameTaken { name: desk() },
        closed(ClosedReason::Joining),
        closed(ClosedReason::Left),
        closed(ClosedReason::Stopped),
        TeamError::NotAllowed {
            name: desk(),
            reason: "Amina is an owner, and only more than half of the owners together may do that"
                .to_owned(),
            ask: Vec::new(),
        },
        TeamError::RoleNeeded {
            name: desk(),
            needed: Role::Admin,
            found: "editor".to_owned(),
            ask: vec!["Bilal (admin)".to_owned(), "Amina (owner)".to_owned()],
        },
        TeamError::MemberUnknown {
            space: desk(),
            who: "Karla".to_owned(),
        },
        TeamError::MemberAmbiguous {
            space: desk(),
            who: "Carla".to_owned(),
            count: 2,
        },
        TeamError::NotFound {
            space: desk(),
            what: "device",
            which: "5fc1".to_owned(),
        },
        TeamError::Ambiguous {
            space: desk(),
            which: "5fc1".to_owned(),
            count: 2,
        },
        TeamError::InvitationUnknown {
            which: "7".to_owned(),
        },
        TeamError::InvitationExpired {
            space: "desk".to_owned(),
            expired_at: UnixTime(1_800_000_000),
        },
        TeamError::Unverified { nickname: amina() },
        TeamError::NoKey { which: which() },
        TeamError::Incomplete {
            which: which(),
            missing: 2,
            total: 7,
        },
        TeamError::State {
            which: "Carla".to_owned(),
            state: "is no member any more".to_owned(),
        },
        TeamError::Input {
            what: "boss is no role: courier, reader or editor".to_owned(),
        },
        TeamError::StateAdvised {
            which: "Carla".to_owned(),
            state: "becomes an owner only by a vote".to_owned(),
            next: "The owners vote: offline-vault owner add desk 5fc17a02.".to_owned(),
        },
        TeamError::InputAdvised {
            what: "desk/3fa9 has no version 7".to_owned(),
            next: "See which there are: offline-vault file versions desk/3fa9.".to_owned(),
        },
        TeamError::NotFound {
            space: desk(),
            what: "late work",
            which: "ffff".to_owned(),
        },
        TeamError::NotAsking {
            space: desk(),
            who: "Karla".to_owned(),
        },
        TeamError::DevicesFull {
            name: desk(),
            cap: 1,
        },
        TeamError::SpaceKnown {
            name: desk(),
            state: SpaceState::Left,
        },
        TeamError::SpaceKnown {
            name: desk(),
            state: SpaceState::Joining,
        },
        TeamError::SpaceKnown {
            name: desk(),
            state: SpaceState::Active,
        },
        TeamError::File(FileError::Exists {
            path: "/home/amina/saved/report.odt".into(),
        }),
        TeamError::Format(DecodeError::Rule {
            what: "a path could leave its folder",
        }),
        TeamError::Format(DecodeError::Rule {
            what: "a member may have no device",
        }),
        TeamError::Format(DecodeError::OverLimit {
            what: "device cap",
            found: 17,
            limit: 16,
        }),
        TeamError::Format(DecodeError::OverLimit {
            what: "name",
            found: 99,
            limit: 64,
        }),
        TeamError::Value(BadValue::TooLarge),
        TeamError::Note(NoteError::TooSlow {
            limit: Duration::from_secs(5),
        }),
    ]
}

fn backup_errors() -> Vec<BackupError> {
    let cut_short = || DecodeError::Truncated { what: "backup" };
    vec![
        BackupError::Locked,
        BackupError::Damaged(ChunkedError::Chunk { index: 3 }),
        BackupError::Content(cut_short()),
        BackupError::Newer { found: 2, known: 1 },
        BackupError::Read(denied()),
        BackupError::DamagedBundles {
            items: vec!["in-7".parse().unwrap(), "in-9".parse().unwrap()],
        },
        BackupError::NotReadBack {
            source: Box::new(BackupError::Content(cut_short())),
        },
        BackupError::DiskFull {
            free_bytes: 10,
            needed_bytes: 20,
        },
        BackupError::Stopped,
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
    all.extend(work_errors().into_iter().map(|err| Box::new(err) as _));
    all.extend(team_errors().into_iter().map(|err| Box::new(err) as _));
    all.extend(backup_errors().into_iter().map(|err| Box::new(err) as _));
    all.extend(policy_refusals().into_iter().map(|err| Box::new(err) as _));
    all.extend(
        signing_key_errors()
            .into_iter()
            .map(|err| Box::new(err) as _),
    );
    all.extend(signing_errors().into_iter().map(|err| Box::new(err) as _));
    all.extend(journal_errors().into_iter().map(|err| Box::new(err) as _));
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
        "work/error.rs",
        "team/error.rs",
        "work/walk.rs",
        "work/backup/error.rs",
        "signing/error.rs",
        "signing/refusal.rs",
        "signing/keys/error.rs",
        "signing/journal/mod.rs",
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
