//! Vectors of spaces: segments, operations, what is sent, and who may do what.
//!
//! The bytes are put together here from the tables of spec/team.md, not by the code under test;
//! who may do what is said by hand.

mod case;
mod control_fields;
mod history;
mod made_blob;
mod made_content;
mod made_control;
mod made_control_refused;
mod made_joining;
mod made_membership;
mod made_operation;
mod made_operation_refused;
mod made_owners;
mod made_sealed;
mod made_segment;
mod made_standing;
mod made_sync;
mod made_wrap;
mod run;
mod run_membership;
mod run_operation;
mod store;
mod wire;

use super::file::VectorFile;
use super::run::Part;

/// Every vector of a space.
pub(super) fn all() -> Vec<VectorFile> {
    let mut files = made_blob::all();
    files.extend(made_content::all());
    files.extend(made_control::all());
    files.extend(made_control_refused::all());
    files.extend(made_joining::all());
    files.extend(made_membership::all());
    files.extend(made_operation::all());
    files.extend(made_operation_refused::all());
    files.extend(made_sealed::all());
    files.extend(made_segment::all());
    files.extend(made_sync::all());
    files.extend(made_wrap::all());
    files
}

/// The folders, for the runner.
pub(super) static PARTS: [Part; 12] = [
    Part::of("team_blob", BLOB_INPUTS, run::blob),
    Part::of("team_content", &[], run::content),
    Part::of("team_control", &[], run::control),
    Part::of("team_fork", &["space-id"], run::fork),
    Part::of("team_have", &["space-id"], run::have),
    Part::of("team_joining", &[], run::joining),
    Part::of("team_membership", &["space-id"], run_membership::membership),
    Part::of(
        "team_operation",
        &["device", "number", "seen"],
        run_operation::operation,
    ),
    Part::of("team_sealed", SEALED_INPUTS, run::sealed),
    Part::of("team_segment", &["space-id", "carried"], run::segment),
    Part::of("team_sync", &[], run::sync),
    Part::of("team_wrap", WRAP_INPUTS, run::wrap),
];

/// The input keys of a content payload.
const SEALED_INPUTS: &[&str] = &["epoch-key", "epoch", "device", "number", "salt"];
/// The input keys of a wrap.
const WRAP_INPUTS: &[&str] = &[
    "own-kem-seed",
    "device",
    "space-id",
    "compartment",
    "commitment",
];
/// The input keys of a blob.
const BLOB_INPUTS: &[&str] = &["blob-id", "blob-key", "size-bytes", "epoch-key"];
