//! The extended headers of pax: `"%d %s=%s\n"`, length, keyword, value.

use std::collections::HashSet;

use super::Unlisted;

/// What an extended header says of the file behind it, as far as that changes what is unpacked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link_path: Option<Vec<u8>>,
    pub(super) size_bytes: Option<u64>,
}

/// Reads the header of one file.
///
/// # Errors
/// A keyword that is there twice, of which programs take the first or the last; one that is not
/// known to leave names, types and contents alone; a form other than the standard's.
pub(super) fn extended(body: &[u8]) -> Result<Extended, Unlisted> {
    let mut found = Extended::default();
    for (keyword, value) in records(body)? {
        match keyword {
            b"path" => found.path = Some(name(value)?),
            b"linkpath" => found.link_path = Some(name(value)?),
            b"size" => found.size_bytes = Some(decimal(value).ok_or(NOT_A_RECORD)?),
            _ if HARMLESS.contains(&keyword) => {}
            _ => {
                return Err(Unlisted::Strange(
                    "a pax header that this program does not know",
                ));
            }
        }
    }
    Ok(found)
}

/// Reads a header for all files that follow: git writes one, with the commit as a comment.
///
/// # Errors
/// Anything but a comment.
pub(super) fn global(body: &[u8]) -> Result<(), Unlisted> {
    let records = records(body)?;
    if records.iter().all(|(keyword, _)| *keyword == b"comment") {
        return Ok(());
    }
    Err(Unlisted::Strange("a pax header for all files that follow"))
}

type Record<'a> = (&'a [u8], &'a [u8]);

fn records(body: &[u8]) -> Result<Vec<Record<'_>>, Unlisted> {
    let (mut rest, mut found, mut seen) = (body, Vec::new(), HashSet::new());
    while !rest.is_empty() {
        let (record, behind) = record(rest).ok_or(NOT_A_RECORD)?;
        if !seen.insert(record.0) {
            return Err(Unlisted::Strange("a pax header that says a thing twice"));
        }
        found.push(record);
        rest = behind;
    }
    Ok(found)
}

/// The first record, and what is behind it.
fn record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let blank = bytes.iter().position(|byte| *byte == b' ')?;
    let len = usize::try_from(decimal(bytes.get(..blank)?)?).ok()?;
    let (record, behind) = bytes.split_at_checked(len)?;
    let inner = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = inner.iter().position(|byte| *byte == b'=')?;
    let (keyword, value) = (inner.get(..equals)?, inner.get(equals + 1..)?);
    let is_word = !keyword.is_empty() && keyword.iter().all(u8::is_ascii_graphic);
    is_word.then_some(((keyword, value), behind))
}

/// A number in its only form: no sign, blank or zero in front.
fn decimal(text: &[u8]) -> Option<u64> {
    let is_plain = text.iter().all(u8::is_ascii_digit) && (text.len() == 1 || !starts_zero(text));
    let text = str::from_utf8(text).ok()?;
    text.parse().ok().filter(|_| is_plain)
}

fn starts_zero(text: &[u8]) -> bool {
    text.first() == Some(&b'0')
}

/// An empty value means the name in the plain header to some; a zero byte ends it for some.
fn name(value: &[u8]) -> Result<Vec<u8>, Unlisted> {
    if value.is_empty() || value.contains(&0) {
        return Err(Unlisted::Strange("a pax header with half a name"));
    }
    Ok(value.to_vec())
}

const NOT_A_RECORD: Unlisted =
    Unlisted::Strange("a pax header in another form than the standard's");

/// Times, owners and remarks. Not here: `hdrcharset`, which changes names; `GNU.sparse.*`, which
/// changes names and sizes; extended attributes, which can give a program rights.
const HARMLESS: &[&[u8]] = &[
    b"mtime",
    b"atime",
    b"ctime",
    b"uid",
    b"gid",
    b"uname",
    b"gname",
    b"comment",
    b"LIBARCHIVE.creationtime",
    b"SCHILY.dev",
    b"SCHILY.ino",
    b"SCHILY.nlink",
];
