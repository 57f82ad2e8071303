//! The signature of a file.

use std::path::PathBuf;

use pack_format::shown::Shown;
use signing_format::openpgp::Cleartext;
use signing_format::subject::{FileForm, FileSubject};

use super::super::error::DeskError;
use super::super::hashes::Hashes;
use super::super::input;
use super::super::limits::TEXT_BYTES_MAX;
use super::super::output;
use super::super::task::FileTask;
use super::super::verify::{Asked, check, check_clear};
use super::{Case, Done};

/// Checks the signature against the file as it is now, and writes it.
pub(super) fn finish(
    case: &Case<'_>,
    task: &FileTask,
    subject: &FileSubject,
    signature: &[u8],
) -> Result<Done, DeskError> {
    let path = &task.path;
    let changed = || DeskError::FileChanged { path: path.clone() };
    let (bytes, checked) = match &subject.form {
        FileForm::OpenPgpClear => {
            let text = input::read(path, TEXT_BYTES_MAX);
            let text = text.map_err(input::failed("reading it again", path))?;
            let hashes = Hashes::of(text.as_slice());
            let hashes = hashes.map_err(DeskError::file("reading it again", path))?;
            if !hashes.are_of(subject) {
                return Err(changed());
            }
            let text = Cleartext::parse(&text).map_err(|source| DeskError::Cleartext {
                path: path.clone(),
                source,
            })?;
            check_clear(&case.key, signature, text, &case.scratch)?
        }
        form => {
            let hashes = Hashes::of_file(path);
            let hashes = hashes.map_err(input::failed("reading it again", path))?;
            if !hashes.are_of(subject) {
                return Err(changed());
            }
            let asked = Asked::File(path, &hashes);
            check(&case.key, form, signature, asked, &case.scratch)?
        }
    };
    let (to, overwrite) = target(case, task);
    output::write_result(&to, &bytes, overwrite)?;
    let to = to.to_string_lossy();
    Ok(Done::with(format!("wrote {} ({checked})", Shown(&to))))
}

/// Where the result goes.
pub(super) fn target(case: &Case<'_>, task: &FileTask) -> (PathBuf, bool) {
    let output = case.options.output.as_ref().unwrap_or(&task.output);
    (output.clone(), task.overwrite || case.options.overwrite)
}

/// Checks a signature over bytes that a program waits for.
pub(super) fn for_program(
    case: &Case<'_>,
    bytes: &[u8],
    subject: &FileSubject,
    signature: &[u8],
) -> Result<Done, DeskError> {
    let asked = Asked::Bytes(bytes);
    let (armored, checked) = check(&case.key, &subject.form, signature, asked, &case.scratch)?;
    Ok(Done {
        note: format!("the signature is there ({checked})"),
        result: Some(armored),
    })
}
