//! Base64 in the files of others, read and written without leaving a copy behind.

use data_encoding::BASE64;
use zeroize::Zeroizing;

/// The bytes of base64 in lines, wiped when dropped.
pub(super) fn decoded<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX));
    for line in lines {
        // Never grows beyond what was reserved, which would leave a copy.
        if text.len() + line.len() > FILE_BYTES_MAX {
            return None;
        }
        text.push_str(line);
    }
    BASE64.decode(text.as_bytes()).ok().map(Zeroizing::new)
}

/// The text of a file, if it is one of a size that a key has.
pub(super) fn text_of(file: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(file).ok()?;
    (text.len() <= FILE_BYTES_MAX).then_some(text)
}

/// Largest key file: an RSA key of 16,384 bits has 13 KB.
const FILE_BYTES_MAX: usize = 64 * 1024;
