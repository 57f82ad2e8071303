//! Git objects that are signed, and what a person has to see of them.
//!
//! Everything here is a function of bytes: vault and desk run the same code, so that both get the
//! same ids for commits whose parents were signed in the same request. Ids are always computed
//! from the bytes of an object and never taken from whoever sent them.

pub mod chain;
pub mod changes;
pub mod commit;
pub mod comparer;
pub mod diff;
pub mod gather;
mod header;
pub mod ident;
pub mod limits;
pub mod material;
pub mod object;
#[cfg(test)]
mod samples;
pub mod signed;
pub mod tag;
pub mod tree;
pub mod walk;

pub use chain::{Chain, Payload, SignedObject};
pub use changes::{Base, Changes, Detail, FileChange};
pub use commit::{Commit, Header};
pub use comparer::Comparer;
pub use diff::{Hunk, Line, LineKind, TextDiff};
pub use gather::{Found, GatherError, Gathered, LeftOut, LeftOutReason, ObjectSource, gather};
pub use ident::{Ident, Person};
pub use material::{ContentError, GitContent};
pub use object::{ObjectError, ObjectFormat, ObjectId, ObjectKind, RawObject};
pub use signed::{SignError, Signable, ToSign};
pub use tag::Tag;
pub use tree::{FileMode, Tree, TreeEntry};
pub use walk::{Difference, Side, Unshown, WalkBudget};

pub use header::ParseError;
