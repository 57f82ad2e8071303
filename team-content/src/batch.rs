//! From operations to the content of a segment and back.
//!
//! `content = [names] operation*`, where *names* is an operation of kind [`KIND_NAMES`] with the
//! devices and items that the others name (see `wire`). The index in a [`Dot`] does not count it.
//! Spec: spec/team.md, "Content".

use pack_format::advice::{Advice, Exit};
use pack_format::codec::DecodeError;
use team_core::content::{ContentOperation, decode_operations, encode_operations};
use team_core::ids::DeviceId;
use team_core::limits::CONTENT_OPERATIONS_MAX;
use thiserror::Error;

use crate::item_id::Dot;
use crate::limits::OPERATION_BYTES_MAX;
use crate::operation::Operation;
use crate::wire::{In, Names, NamesWriter, Out};

/// The kind byte of the names in front of a segment. They only name: whoever may write anything
/// may write them.
pub const KIND_NAMES: u8 = 0x20;

/// Why operations cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// An operation is not one that readers accept.
    #[error("operation {position} cannot be written: {source}")]
    Operation {
        /// Its place among those given, from 0.
        position: usize,
        /// The rule that it breaks.
        source: DecodeError,
    },
    /// There are too many for one segment, or none.
    #[error("{found} operations do not make one segment")]
    Count {
        /// How many were given.
        found: usize,
    },
}

impl Advice for EncodeError {
    fn code(&self) -> &'static str {
        match self {
            Self::Operation { .. } => "content-not-writable",
            Self::Count { .. } => "content-count",
        }
    }

    fn data_safe(&self) -> String {
        "Yes. Nothing was written.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Operation { .. } => {
                "Change what the message names: shorten the text, or attach it as a file."
                    .to_owned()
            }
            Self::Count { .. } => "Write fewer changes at once.".to_owned(),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// One operation of a segment, and what this version can make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Its name.
    pub dot: Dot,
    /// What it does.
    pub operation: Result<Operation, Unusable>,
}

/// Why an operation of another device has no effect here. It is kept and passed on all the same.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unusable {
    /// It is of a later version.
    #[error("operation of kind {kind:#04x}, which this version does not know")]
    UnknownKind {
        /// The kind byte.
        kind: u8,
    },
    /// It breaks a rule, for ever and for everybody.
    #[error("malformed operation: {0}")]
    Malformed(DecodeError),
}

/// Encodes the operations of segment `number` of `author`.
///
/// What is written is read back first, so that the rules stand in one place: the readers'. Only
/// whether the author has taken in what the operations name is left to the caller.
///
/// # Errors
/// [`EncodeError`].
pub fn encode_batch(
    author: DeviceId,
    number: u64,
    operations: &[Operation],
) -> Result<Vec<ContentOperation>, EncodeError> {
    let encoded = encode(author, operations);
    if operations.is_empty() || encoded.len() > CONTENT_OPERATIONS_MAX {
        return Err(EncodeError::Count {
            found: operations.len(),
        });
    }
    let all_known = |_| u64::MAX;
    let decoded = decode_batch(author, number, &all_known, &encoded).map_err(|source| {
        EncodeError::Operation {
            position: 0,
            source,
        }
    })?;
    for (position, (decoded, operation)) in decoded.into_iter().zip(operations).enumerate() {
        let source = match decoded.operation {
            Err(Unusable::Malformed(source)) => source,
            Ok(read) if read == *operation => continue,
            Ok(_) | Err(Unusable::UnknownKind { .. }) => DecodeError::Rule {
                what: "a value is not in its one form",
            },
        };
        return Err(EncodeError::Operation { position, source });
    }
    Ok(encoded)
}

/// Decodes the operations of segment `number` of `author`.
///
/// `seen` gives the number of the newest segment of a device in the past of this segment, zero for
/// none. An operation that names one outside its past is malformed: a device cannot replace what
/// it has not seen.
///
/// # Errors
/// [`DecodeError`] when the names in front are malformed; nothing of the segment has an effect
/// then.
pub fn decode_batch(
    author: DeviceId,
    number: u64,
    seen: &dyn Fn(DeviceId) -> u64,
    operations: &[ContentOperation],
) -> Result<Vec<Decoded>, DecodeError> {
    let (names, operations) = match operations.split_first() {
        Some((first, rest)) if first.kind == KIND_NAMES => {
            (Names::read(author, &first.body, seen)?, rest)
        }
        _ => (Names::none(author), operations),
    };
    let mut decoded = Vec::with_capacity(operations.len().min(CONTENT_OPERATIONS_MAX));
    for (index, operation) in (0..).zip(operations) {
        let dot = Dot {
            device: author,
            number,
            index,
        };
        decoded.push(Decoded {
            dot,
            operation: decode_one(dot, operation, &names),
        });
    }
    Ok(decoded)
}

/// One operation on its own, with the names it needs: for a store that keeps operations by item.
#[must_use]
pub fn encode_alone(author: DeviceId, operation: &Operation) -> Vec<u8> {
    encode_operations(&encode(author, std::slice::from_ref(operation)))
}

/// Reads what [`encode_alone`] wrote from an operation that [`decode_batch`] had accepted.
///
/// # Errors
/// [`Unusable`].
pub fn decode_alone(dot: Dot, bytes: &[u8]) -> Result<Operation, Unusable> {
    let operations = decode_operations(bytes).map_err(Unusable::Malformed)?;
    let (names, operation) = match operations.as_slice() {
        [operation] => (Ok(Names::none(dot.device)), operation),
        [names, operation] if names.kind == KIND_NAMES => {
            let names = Names::read(dot.device, &names.body, &|_| u64::MAX);
            (names, operation)
        }
        _ => {
            return Err(Unusable::Malformed(DecodeError::Rule {
                what: "not one operation on its own",
            }));
        }
    };
    decode_one(dot, operation, &names.map_err(Unusable::Malformed)?)
}

/// Cuts a long run of operations, as an import makes it, into runs that each fit one segment even
/// where it does not compress.
#[must_use]
pub fn split(author: DeviceId, operations: &[Operation]) -> Vec<&[Operation]> {
    let mut runs = Vec::new();
    let mut rest = operations;
    while !rest.is_empty() {
        let (run, after) = rest.split_at(fitting(author, rest).max(1));
        runs.push(run);
        rest = after;
    }
    runs
}

/// How many operations from the front fit one segment, by the size that each has on its own.
fn fitting(author: DeviceId, operations: &[Operation]) -> usize {
    let mut bytes = 0;
    let fits = |operation: &&Operation| {
        bytes += encode_alone(author, operation).len();
        bytes <= OPERATION_BYTES_MAX
    };
    let most = operations.iter().take(CONTENT_OPERATIONS_MAX - 1);
    most.take_while(fits).count()
}

/// Written twice: the first time to collect the names, the second with their places.
fn encode(author: DeviceId, operations: &[Operation]) -> Vec<ContentOperation> {
    let mut names = NamesWriter::new(author);
    for operation in operations {
        operation.write(&mut Out::new(&mut names));
    }
    let in_front = names.settle().map(|body| ContentOperation {
        kind: KIND_NAMES,
        body,
    });
    let mut encoded: Vec<_> = in_front.into_iter().collect();
    for operation in operations {
        let mut out = Out::new(&mut names);
        operation.write(&mut out);
        encoded.push(ContentOperation {
            kind: operation.kind(),
            body: out.writer.into_bytes(),
        });
    }
    encoded
}

fn decode_one(
    dot: Dot,
    operation: &ContentOperation,
    names: &Names,
) -> Result<Operation, Unusable> {
    let kind = operation.kind;
    if kind == KIND_NAMES {
        return Err(Unusable::Malformed(DecodeError::Rule {
            what: "names stand elsewhere than in front",
        }));
    }
    let input = In::new(&operation.body, names, dot).map_err(Unusable::Malformed)?;
    match Operation::read(kind, input) {
        None => Err(Unusable::UnknownKind { kind }),
        Some(read) => read.map_err(Unusable::Malformed),
    }
}
