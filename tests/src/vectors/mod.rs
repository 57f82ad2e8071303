//! The test vectors of `spec/vectors`: how they are made, written, read and run.
//!
//! What is expected is said by the files that make the vectors, never taken from the code under
//! test. Spec: spec/README.md, "Test vectors".

mod example;
pub mod file;
pub mod kind;
mod light_rules;
mod made_armor;
mod made_bundle;
mod made_card;
mod made_chunked;
mod made_footer;
mod made_git;
mod made_hostile;
mod made_item;
mod made_light;
mod made_manifest;
mod made_pack;
mod made_part;
mod made_reply;
mod made_request;
mod made_request_refused;
mod made_signing;
mod made_slot;
mod made_statement;
mod made_symbol;
mod made_words;
mod people;
mod recipe;
pub mod run;
mod run_light;
mod run_signing;
mod run_vault;
mod signatures;
mod team;

use std::path::PathBuf;

pub use example::with_example;
use file::VectorFile;
pub use made_git::{stored, unstored};
pub use made_request::desk_signs;

/// Every vector, made anew: the same bytes each time.
#[must_use]
pub fn all() -> Vec<VectorFile> {
    let mut files = made_armor::all();
    files.extend(made_bundle::all());
    files.extend(made_card::all());
    files.extend(made_chunked::all());
    files.extend(made_footer::all());
    files.extend(made_git::all());
    files.extend(made_light::all());
    files.extend(made_manifest::all());
    files.extend(made_pack::all());
    files.extend(made_part::all());
    files.extend(made_reply::all());
    files.extend(made_request::all());
    files.extend(made_request_refused::all());
    files.extend(made_signing::all());
    files.extend(made_slot::all());
    files.extend(made_statement::all());
    files.extend(made_symbol::all());
    files.extend(team::all());
    files.extend(made_words::all());
    files
}

/// The folder of the specifications.
#[must_use]
pub fn spec_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec")
}
