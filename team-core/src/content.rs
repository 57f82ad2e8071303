//! Content operations, as far as the engine looks at them: which right one needs.
//!
//! What an operation means is for whoever defines its kind. Spec: spec/team.md, "Content".

use pack_format::codec::{DecodeError, Reader, Writer};

use crate::limits::CONTENT_OPERATIONS_MAX;
use crate::role::Role;

/// One content operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentOperation {
    /// What it is; its range says which role it needs.
    pub kind: u8,
    /// The rest, for whoever knows the kind.
    pub body: Vec<u8>,
}

/// The role that an operation of this kind needs; none for a kind of a later version, which has
/// no effect.
///
/// 0x20 to 0x3F need a suggester, 0x40 to 0x7F an editor, 0x80 to 0xBF an approver.
#[must_use]
pub fn required_role(kind: u8) -> Option<Role> {
    match kind {
        0x20..=0x3f => Some(Role::Suggester),
        0x40..=0x7f => Some(Role::Editor),
        0x80..=0xbf => Some(Role::Approver),
        _ => None,
    }
}

/// The content of a segment before compression and encryption: for each operation its kind, the
/// length of its body as a variable-length integer, and the body.
#[must_use]
pub fn encode_operations(operations: &[ContentOperation]) -> Vec<u8> {
    let mut writer = Writer::new();
    for operation in operations {
        writer
            .u8(operation.kind)
            .varint(operation.body.len() as u64)
            .put(&operation.body);
    }
    writer.into_bytes()
}

/// Reads the content of a segment.
///
/// # Errors
/// [`DecodeError`].
pub fn decode_operations(content: &[u8]) -> Result<Vec<ContentOperation>, DecodeError> {
    let mut reader = Reader::new(content);
    let mut operations = Vec::new();
    while reader.remaining() > 0 {
        if operations.len() == CONTENT_OPERATIONS_MAX {
            return Err(DecodeError::OverLimit {
                what: "content operations",
                found: operations.len() as u64 + 1,
                limit: CONTENT_OPERATIONS_MAX as u64,
            });
        }
        let kind = reader.u8("kind of operation")?;
        let len = reader.varint("length of operation")?;
        let len = usize::try_from(len).map_err(|_| DecodeError::Truncated { what: "operation" })?;
        operations.push(ContentOperation {
            kind,
            body: reader.take(len, "operation")?.to_vec(),
        });
    }
    if operations.is_empty() {
        return Err(DecodeError::Rule {
            what: "a content segment has no operation",
        });
    }
    Ok(operations)
}
