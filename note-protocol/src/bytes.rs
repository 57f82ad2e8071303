//! Fields that several messages share.

use pack_format::codec::{DecodeError, Reader, Writer};

use crate::limits::TEXT_BYTES_MAX;

pub(crate) fn check_len(what: &'static str, found: usize, limit: u32) -> Result<(), DecodeError> {
    let found = u64::try_from(found).unwrap_or(u64::MAX);
    let limit = u64::from(limit);
    if found > limit {
        return Err(DecodeError::OverLimit { what, found, limit });
    }
    Ok(())
}

/// Text with a `u32` length in front.
pub(crate) fn write_text(writer: &mut Writer, text: &str) {
    writer.count(text.len()).put(text.as_bytes());
}

pub(crate) fn read_text(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let bytes = read_bytes(reader, TEXT_BYTES_MAX, "text")?;
    String::from_utf8(bytes).map_err(|_| DecodeError::Rule {
        what: "text is not UTF-8",
    })
}

pub(crate) fn read_bytes(
    reader: &mut Reader<'_>,
    limit: u32,
    what: &'static str,
) -> Result<Vec<u8>, DecodeError> {
    let len = reader.count(limit, what)?;
    Ok(reader.take(len, what)?.to_vec())
}

pub(crate) fn write_optional(writer: &mut Writer, bytes: Option<&[u8]>) {
    writer.u8(u8::from(bytes.is_some()));
    if let Some(bytes) = bytes {
        writer.count(bytes.len()).put(bytes);
    }
}

pub(crate) fn read_optional(
    reader: &mut Reader<'_>,
    limit: u32,
    what: &'static str,
) -> Result<Option<Vec<u8>>, DecodeError> {
    match reader.u8(what)? {
        0 => Ok(None),
        1 => read_bytes(reader, limit, what).map(Some),
        _ => Err(DecodeError::Unknown { what }),
    }
}
