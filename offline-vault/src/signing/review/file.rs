//! A file that is to be signed: its text, or what it is, how large, its hashes and its names.

use pack_format::shown::Shown;
use signing_format::openpgp::Cleartext;
use signing_format::openpgp::limits::CLEARTEXT_BYTES_MAX;
use signing_format::subject::{FileForm, FileSource, FileSubject};

use super::archive::{self, Listing, Type};
use super::text::{escaped, quoted, quoted_lines};
use super::{Line, Review, ReviewError, Risk};
use crate::signing::content::Content;
use crate::signing::git_like::use_of_content;

/// Adds the review of a file. `content` is there unless only a hash crossed.
pub(crate) fn review(
    review: &mut Review,
    file: &FileSubject,
    content: Option<&Content>,
) -> Result<(), ReviewError> {
    let mut lines = vec![
        Line::Field(
            "File",
            format!("a claim: {}", escaped(file.name.as_bytes())),
        ),
        Line::Field("Size", format!("{} bytes", file.size_bytes)),
        Line::Field("Signature", form_text(&file.form)),
    ];
    match &file.form {
        FileForm::Minisign { trusted_comment } => {
            let comment = escaped(trusted_comment.as_bytes());
            lines.push(Line::Field(
                "Trusted",
                "comment, protected by the signature:".to_owned(),
            ));
            lines.push(Line::Quote(comment));
        }
        FileForm::Ssh { namespace } => {
            lines.push(Line::Field("Namespace", escaped(namespace.as_bytes())));
        }
        FileForm::OpenPgp | FileForm::OpenPgpClear => {}
    }
    match (&file.source, content) {
        (FileSource::Content(sealed), Some(content)) => {
            let digests = content.digests();
            lines.push(hash_line("SHA-256", &digests.sha256));
            lines.push(hash_line("SHA-512", &digests.sha512.digest()));
            lines.push(hash_line("BLAKE2b", &digests.blake2b));
            lines.push(hash_line("BLAKE3", &sealed.plain_hash));
            if is_for_git(&file.form)
                && let Some(kind) = use_of_content(content)?
            {
                lines.push(Line::Warning(format!(
                    "GIT OBJECT: git would take a signature of this file for a {kind}. It takes \
                     the right to sign those, too."
                )));
            }
            review.push("Sign a file", lines);
            if file.form == FileForm::OpenPgpClear {
                Cleartext::parse(&content.read_bounded(CLEARTEXT_BYTES_MAX as u64)?)
                    .map_err(ReviewError::Cleartext)?;
            }
            show_content(review, content)
        }
        (FileSource::Sha512(state), _) => {
            lines.push(hash_line("SHA-512", &state.digest()));
            not_seen(review, lines);
            Ok(())
        }
        (FileSource::Blake2b(hash), _) => {
            lines.push(Line::Note("The size is a claim, too.".to_owned()));
            lines.push(hash_line("BLAKE2b", hash));
            not_seen(review, lines);
            Ok(())
        }
        (FileSource::Content(_), None) => Err(ReviewError::ContentMissing),
    }
}

/// Whether git would take such a signature, were the file an object.
fn is_for_git(form: &FileForm) -> bool {
    match form {
        FileForm::OpenPgp | FileForm::OpenPgpClear => true,
        FileForm::Ssh { namespace } => namespace == "git",
        FileForm::Minisign { .. } => false,
    }
}

fn not_seen(review: &mut Review, mut lines: Vec<Line>) {
    lines.push(Line::Warning(
        "CONTENT NOT SEEN: the file itself did not cross; you see its hash only.".to_owned(),
    ));
    review.push("Sign a file that is not here", lines);
    review.risk(Risk::ContentNotSeen);
}

fn show_content(review: &mut Review, content: &Content) -> Result<(), ReviewError> {
    let begin = content.read_begin(TEXT_BYTES_MAX)?;
    let is_whole = begin.len() as u64 == content.size_bytes();
    // What is shown whole is what was hashed, and the hash is what is signed.
    if is_whole && !content.digests().is_of(&begin) {
        return Err(ReviewError::ContentDiffers);
    }
    if begin.is_empty() {
        review.push("Content", vec![Line::Note("The file is empty.".to_owned())]);
        return Ok(());
    }
    if is_text(&begin, is_whole) {
        if is_whole {
            review.push("Content, all of it", quoted(&begin));
        } else {
            review.push("Content, its begin only", quoted_lines(&begin));
            review.risk(Risk::ContentTooLong);
        }
        return Ok(());
    }
    let found = archive::type_of(&begin);
    let mut lines = vec![Line::Field("Type", found.name().to_owned())];
    if found == Type::Unknown {
        review.risk(Risk::UnknownContent);
        lines.push(Line::Field("Begins with", hex_begin(&begin)));
    }
    review.push("Content", lines);
    match archive::list(found, content) {
        Listing::NotAnArchive => {
            // Its first bytes say what it seems to be; a program that runs it looks at others.
            if found != Type::Unknown {
                review.risk(Risk::BinaryContent);
            }
        }
        Listing::Whole(names) => push_names(review, "Files in the archive", &names),
        Listing::Partial(names, why) => {
            push_names(
                review,
                "Files in the archive, as far as they can be listed",
                &names,
            );
            let why = format!("The list ends here: {}.", Shown(&why));
            review.push("Not listed", vec![Line::Warning(why)]);
            review.risk(Risk::ArchiveNotListed);
        }
    }
    Ok(())
}

fn push_names(review: &mut Review, title: &str, names: &[archive::Entry]) {
    let line = |entry: &archive::Entry| Line::Quote(entry.to_string());
    let mut lines = vec![Line::Field("Entries", names.len().to_string())];
    lines.extend(names.iter().map(line));
    if names.iter().any(archive::Entry::is_suspicious) {
        lines.push(Line::Warning(
            "Some entries would be written outside the folder they are unpacked in, or are special."
                .to_owned(),
        ));
        review.risk(Risk::SuspiciousPaths);
    }
    review.push(title, lines);
}

/// Text is UTF-8 without control characters other than those of plain text. A begin may end
/// inside a character.
fn is_text(bytes: &[u8], is_whole: bool) -> bool {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(err) if !is_whole && err.error_len().is_none() => {
            let valid = bytes.get(..err.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.contains('\0')
}

fn form_text(form: &FileForm) -> String {
    match form {
        FileForm::OpenPgp => "OpenPGP, in a file of its own",
        FileForm::OpenPgpClear => "OpenPGP, text and signature in one file",
        FileForm::Minisign { .. } => "minisign",
        FileForm::Ssh { .. } => "SSH",
    }
    .to_owned()
}

fn hash_line(name: &'static str, hash: &[u8]) -> Line {
    Line::Field(name, data_encoding::HEXLOWER.encode(hash))
}

fn hex_begin(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes.get(..32).unwrap_or(bytes))
}

/// Longest text that is shown whole: some 20,000 lines. Nobody reads more in earnest.
const TEXT_BYTES_MAX: usize = 1 << 20;
