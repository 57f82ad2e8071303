//! Commits and tags: who, when, what they say, and what they change, as the ids prove it.

use signing_format::git::changes::{Base, Changes, Detail, FileChange};
use signing_format::git::commit::Commit;
use signing_format::git::comparer::Comparer;
use signing_format::git::diff::{Hunk, LineKind, TextDiff};
use signing_format::git::ident::Ident;
use signing_format::git::limits::SIGNED_BYTES_MAX;
use signing_format::git::object::{ObjectId, ObjectKind};
use signing_format::git::signed::{Signable, ToSign};
use signing_format::git::tag::Tag;
use signing_format::git::walk::{Side, Unshown};
use signing_format::git::{GitContent, tree::FileMode};
use signing_format::subject::{GitForm, GitSubject};

use super::text::{NO_LINE_FEED, escaped, quoted, quoted_lines};
use super::{Line, Review, ReviewError, Risk};
use crate::clock::UnixTime;

/// Adds the review of a git request.
pub(crate) fn review(
    review: &mut Review,
    subject: &GitSubject,
    content: &GitContent,
) -> Result<(), ReviewError> {
    let found = content.to_sign().len();
    if u32::try_from(found).ok() != Some(subject.object_count) {
        return Err(ReviewError::ObjectCount {
            said: subject.object_count,
            found,
        });
    }
    let rows = content.to_sign().iter().map(lines_of).sum();
    if rows > OBJECT_LINES_MAX {
        return Err(ReviewError::TooLong {
            found: rows,
            limit: OBJECT_LINES_MAX,
        });
    }
    let form = match subject.form {
        GitForm::OpenPgp => "OpenPGP",
        GitForm::Ssh => "SSH, namespace git",
    };
    let claimed = |text: &str| format!("a claim: {}", escaped(text.as_bytes()));
    review.push(
        "Sign git commits and tags",
        vec![
            Line::Field("Repository", claimed(&subject.repository)),
            Line::Field("Reference", claimed(&subject.reference)),
            Line::Field("Signatures", form.to_owned()),
            Line::Field(
                "Objects",
                format!("{found}, {} ids", content.format().name()),
            ),
            Line::Note(
                "Signing gives each commit a new id, and those built on it a new parent; trees, \
                 authors, dates and messages stay as they are shown."
                    .to_owned(),
            ),
        ],
    );
    let mut objects = Objects {
        review,
        content,
        comparer: Comparer::new(content),
        target_bytes: SIGNED_BYTES_MAX,
    };
    for (at, object) in content.to_sign().iter().enumerate() {
        objects.push(object, &format!("{} of {found}", at + 1));
    }
    Ok(())
}

/// How many lines an object takes, at least: all of its bytes are shown.
fn lines_of(object: &ToSign) -> usize {
    let bytes = object.object().to_bytes();
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// Most lines of commits and tags, without what they change: nobody reads as many, and each takes
/// room in memory.
const OBJECT_LINES_MAX: usize = 200_000;

/// The objects of one request, which use up one budget of what is shown.
struct Objects<'r, 'c> {
    review: &'r mut Review,
    content: &'c GitContent,
    comparer: Comparer<'c>,
    target_bytes: usize,
}

impl Objects<'_, '_> {
    fn push(&mut self, object: &ToSign, place: &str) {
        let mut lines = vec![Line::Field("Id now", object.id().to_string())];
        match object.object() {
            Signable::Commit(commit) => {
                lines.extend(commit_lines(self.content, commit));
                self.review.push(format!("Commit {place}"), lines);
                let changes = self.comparer.changes_of(commit);
                push_changes(self.review, &changes, place);
                self.note_encoding(commit);
            }
            Signable::Tag(tag) => {
                lines.extend(tag_lines(self.content, tag));
                self.review.push(format!("Tag {place}"), lines);
                // One that is signed as well has its own place in the review.
                if self.content.to_sign_with(&tag.object()).is_none() {
                    self.push_target(tag, place);
                }
            }
        }
    }

    /// What a tag names, when it is not signed by this request as well.
    fn push_target(&mut self, tag: &Tag, place: &str) {
        let mut lines = vec![
            Line::Note(
                "What it names is not signed by this request: compare its id with one from a \
                 source that you trust."
                    .to_owned(),
            ),
            Line::Field("Id", tag.object().to_string()),
        ];
        match self.target(tag) {
            Ok(commit) => {
                lines.extend(commit_lines(self.content, &commit));
                self.note_encoding(&commit);
            }
            Err(why) => {
                lines.push(Line::Warning(format!("NOT SHOWN: {why}")));
                self.review.risk(Risk::TargetNotShown);
            }
        }
        self.review.push(format!("Target of tag {place}"), lines);
    }

    /// The commit that a tag names, or why it is not shown.
    fn target(&mut self, tag: &Tag) -> Result<Commit, String> {
        let kind = tag.kind();
        if kind != ObjectKind::Commit {
            return Err(format!("it is a {}, not a commit", kind.name()));
        }
        let id = tag.object();
        let raw = self.content.material(&id);
        let raw = raw.ok_or_else(|| unshown_text(&Unshown::Missing { id }))?;
        // The length first: tags may name one long commit many times.
        let left = self.target_bytes.checked_sub(raw.bytes().len());
        self.target_bytes =
            left.ok_or("commits that tags name are longer than what is shown of them")?;
        Commit::parse(raw, self.content.format())
            .map_err(|why| unshown_text(&Unshown::Unreadable { id, why }))
    }

    fn note_encoding(&mut self, commit: &Commit) {
        if !commit.reads_as_utf8() {
            self.review.risk(Risk::OtherEncoding);
        }
    }
}

/// All of a commit but its id.
fn commit_lines(content: &GitContent, commit: &Commit) -> Vec<Line> {
    let mut lines = vec![Line::Field("Tree", commit.tree().to_string())];
    for parent in commit.parents() {
        lines.push(Line::Field("Parent", named(content, parent)));
    }
    if commit.parents().is_empty() {
        lines.push(Line::Field("Parent", "none: a first commit".to_owned()));
    }
    lines.extend(ident_lines("Author", commit.author()));
    lines.extend(ident_lines("Committer", commit.committer()));
    for header in commit.headers() {
        lines.push(Line::Field("Header", escaped(header.name())));
        lines.extend(quoted_lines(header.value()));
    }
    lines.push(Line::Field("Message", message_note(commit.message())));
    lines.extend(quoted(commit.message()));
    lines
}

/// All of a tag but its id.
fn tag_lines(content: &GitContent, tag: &Tag) -> Vec<Line> {
    let mut lines = vec![
        Line::Field("Tag", escaped(tag.name())),
        Line::Field(
            "Of",
            format!("{} {}", tag.kind().name(), named(content, &tag.object())),
        ),
    ];
    lines.extend(ident_lines("Tagger", tag.tagger()));
    lines.push(Line::Field("Message", message_note(tag.message())));
    lines.extend(quoted(tag.message()));
    lines
}

fn message_note(message: &[u8]) -> String {
    match message.len() {
        0 => "empty".to_owned(),
        1 => "1 byte:".to_owned(),
        count => format!("{count} bytes:"),
    }
}

/// An id, and where in the request the object is.
fn named(content: &GitContent, id: &ObjectId) -> String {
    let place = content
        .to_sign()
        .iter()
        .position(|object| object.id() == *id);
    match place {
        Some(at) => format!("{id} (object {} of this request)", at + 1),
        None => id.to_string(),
    }
}

/// A person and a time; the raw value where it is not of git's usual form.
fn ident_lines(name: &'static str, ident: &Ident) -> Vec<Line> {
    let Some(person) = ident.person() else {
        return vec![Line::Field(
            name,
            format!("not of the usual form: {}", escaped(ident.raw())),
        )];
    };
    let who = format!("{} <{}>", escaped(person.name), escaped(person.email));
    vec![
        Line::Field(name, who),
        Line::Field("", time_text(person.unix_secs, person.zone_minutes)),
    ]
}

/// `2026-11-03 14:05 UTC (1793714700 +0100)`: the time, and the numbers that are signed.
fn time_text(unix_secs: u64, zone_minutes: i32) -> String {
    let time = UnixTime::of_secs(unix_secs);
    let (sign, minutes) = if zone_minutes < 0 {
        ('-', zone_minutes.unsigned_abs())
    } else {
        ('+', zone_minutes.unsigned_abs())
    };
    format!(
        "{time} ({unix_secs} {sign}{:02}{:02})",
        minutes / 60,
        minutes % 60
    )
}

fn push_changes(review: &mut Review, changes: &Changes, place: &str) {
    let mut lines = vec![Line::Field("Compared with", base_text(&changes.base))];
    for parent in &changes.other_parents {
        let text = format!("{parent}: what came from it is among the changes below");
        lines.push(Line::Field("Merged", text));
    }
    if let Some(own) = &changes.own_of_merge {
        lines.push(Line::Field(
            "Merge itself",
            format!("changes {} files", own.len()),
        ));
        lines.extend(own.iter().map(|path| Line::Quote(escaped(path))));
    }
    lines.push(Line::Field("Files", changes.files.len().to_string()));
    lines.extend(
        changes
            .files
            .iter()
            .map(|file| Line::Quote(file_text(file))),
    );
    lines.extend(end_lines(changes));
    review.push(format!("Changes of commit {place}"), lines);
    if !changes.is_all_shown() {
        review.risk(Risk::ChangesNotShown);
    }
    if changes.holds_binary() {
        review.risk(Risk::BinaryContent);
    }
    if changes.files.iter().any(FileChange::suspicious_path) {
        review.risk(Risk::SuspiciousPaths);
    }
    for file in &changes.files {
        push_detail(review, file);
    }
}

fn base_text(base: &Base) -> String {
    match base {
        Base::Nothing => "nothing: all of it is new".to_owned(),
        Base::Parent { parent, tree } => format!("parent {parent}, tree {tree}"),
        Base::NotShown { parent, why } => format!(
            "NOTHING IS KNOWN of what it changes against {parent}: {}",
            unshown_text(why)
        ),
    }
}

/// Where the list ends before all that differs is in it.
fn end_lines(changes: &Changes) -> Vec<Line> {
    let Some(path) = &changes.ends_at else {
        return Vec::new();
    };
    let ended = "NOT SHOWN: there are more changes than are listed for one request";
    if path.is_empty() {
        return vec![Line::Warning(format!("{ended}; none of these are."))];
    }
    vec![
        Line::Warning(format!(
            "{ended}. What stands at this path and after it is not:"
        )),
        Line::Quote(escaped(path)),
    ]
}

/// `added, - -> PROGRAM, +3 -0: src/main.rs`: our words first, so that no path can add to them.
fn file_text(file: &FileChange) -> String {
    let what = match (&file.old, &file.new) {
        (None, _) => "added",
        (_, None) => "deleted",
        (Some(old), Some(new)) if old.mode != new.mode => "mode",
        _ => "changed",
    };
    let mode = |side: &Option<Side>| side.map_or("-", |side| mode_text(side.mode));
    let modes = match (&file.old, &file.new) {
        (Some(old), Some(new)) if old.mode == new.mode => mode_text(new.mode).to_owned(),
        _ => format!("{} -> {}", mode(&file.old), mode(&file.new)),
    };
    let suspicious = if file.suspicious_path() {
        ", SUSPICIOUS PATH"
    } else {
        ""
    };
    let words = format!("{what}, {modes}, {}{suspicious}", detail_text(&file.detail));
    match file.path.as_slice() {
        [] => format!("{words}, {ROOT}"),
        path => format!("{words}: {}", escaped(path)),
    }
}

fn mode_text(mode: FileMode) -> &'static str {
    match mode {
        FileMode::Tree => "directory",
        FileMode::File => "file",
        FileMode::GroupFile => "file (100664)",
        FileMode::Executable => "PROGRAM",
        FileMode::Symlink => "link",
        FileMode::Submodule => "submodule",
    }
}

fn detail_text(detail: &Detail) -> String {
    let size = |bytes: &Option<usize>| bytes.map_or("none".to_owned(), |bytes| bytes.to_string());
    match detail {
        Detail::Text(diff) => format!("+{} -{}", diff.added_count(), diff.removed_count()),
        Detail::Binary {
            old_bytes,
            new_bytes,
        } => {
            format!("BINARY, {} -> {} bytes", size(old_bytes), size(new_bytes))
        }
        Detail::ModeOnly => "mode only".to_owned(),
        Detail::Submodule => "NOT SHOWN: the files of another repository".to_owned(),
        Detail::TooLarge {
            old_bytes,
            new_bytes,
        } => format!(
            "NOT SHOWN: too large, {} -> {} bytes",
            size(old_bytes),
            size(new_bytes)
        ),
        Detail::NotShown(why) => format!("NOT SHOWN: {}", unshown_text(why)),
    }
}

fn unshown_text(why: &Unshown) -> String {
    match why {
        Unshown::Missing { id } => format!("object {id} did not come with the request"),
        Unshown::Unreadable { id, why } => format!("object {id} cannot be read: {why}"),
        Unshown::ObjectTooLarge { id, found_bytes } => {
            format!("object {id} is too large, {found_bytes} bytes")
        }
        Unshown::EmptyDirectory => "a directory is empty, which git does not make".to_owned(),
        Unshown::TooDeep => "directories are nested too deep".to_owned(),
        Unshown::TooMany | Unshown::TooMuchText => {
            "there are more changes than are shown of one request".to_owned()
        }
        _ => "it cannot be told why".to_owned(),
    }
}

fn push_detail(review: &mut Review, file: &FileChange) {
    let ids = |side: &Option<Side>| side.map_or("none".to_owned(), |side| side.id.to_string());
    let mut lines = vec![
        Line::Field("Before", ids(&file.old)),
        Line::Field("After", ids(&file.new)),
    ];
    match &file.detail {
        Detail::Text(diff) => diff_lines(&mut lines, diff),
        other => lines.push(Line::Note(detail_text(other))),
    }
    let path = match file.path.as_slice() {
        [] => Line::Note(ROOT.to_owned()),
        path => Line::Quote(escaped(path)),
    };
    lines.insert(0, path);
    review.push("File", lines);
}

fn diff_lines(lines: &mut Vec<Line>, diff: &TextDiff) {
    for hunk in &diff.hunks {
        lines.push(Line::Note(hunk_head(hunk)));
        for line in &hunk.lines {
            let mark = match line.kind {
                LineKind::Context => ' ',
                LineKind::Removed => '-',
                LineKind::Added => '+',
            };
            lines.push(Line::Quote(format!("{mark}{}", escaped(&line.bytes))));
            if !line.ended {
                lines.push(Line::Note(NO_LINE_FEED.to_owned()));
            }
        }
    }
}

fn hunk_head(hunk: &Hunk) -> String {
    format!(
        "@@ -{},{} +{},{} @@",
        hunk.old_start, hunk.old_count, hunk.new_start, hunk.new_count
    )
}

/// What has no path of its own.
const ROOT: &str = "the root directory";

#[cfg(test)]
#[path = "git_tests.rs"]
mod tests;
