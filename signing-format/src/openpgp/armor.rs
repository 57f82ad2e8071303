//! ASCII armour (RFC 9580, 6), as GnuPG 2.2 writes it.

use data_encoding::BASE64;

use super::OpenPgpFormatError;

/// What an armoured block says that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmorKind {
    /// `PGP SIGNATURE`.
    Signature,
    /// `PGP PUBLIC KEY BLOCK`; GnuPG writes revocation certificates so, too.
    PublicKey,
    /// `PGP PRIVATE KEY BLOCK`.
    PrivateKey,
    /// `PGP MESSAGE`.
    Message,
}

impl ArmorKind {
    const ALL: [Self; 4] = [
        Self::Signature,
        Self::PublicKey,
        Self::PrivateKey,
        Self::Message,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Signature => "PGP SIGNATURE",
            Self::PublicKey => "PGP PUBLIC KEY BLOCK",
            Self::PrivateKey => "PGP PRIVATE KEY BLOCK",
            Self::Message => "PGP MESSAGE",
        }
    }
}

/// Armours a signature packet: lines of 64 characters, then the CRC-24 that GnuPG 2.2 expects.
///
/// A version 6 signature goes without the CRC (RFC 9580, 6.1): whoever reads it knows better.
#[must_use]
pub fn armor(packet: &[u8]) -> String {
    let label = ArmorKind::Signature.label();
    let mut text = format!("-----BEGIN {label}-----\n\n");
    let encoded = BASE64.encode(packet);
    for (position, ch) in encoded.chars().enumerate() {
        if position > 0 && position % LINE_CHARS == 0 {
            text.push('\n');
        }
        text.push(ch);
    }
    text.push('\n');
    if !is_version_6(packet) {
        let [_, crc @ ..] = crc24(packet).to_be_bytes();
        text.push('=');
        text.push_str(&BASE64.encode(&crc));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Whether the bytes look like armour rather than packets, whose first octet has its top bit set.
#[must_use]
pub fn is_armored(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 0x80 == 0)
}

/// The bytes of the only armoured block in `text`.
///
/// Headers are skipped. The checksum is skipped as well, as RFC 9580, 6.1 demands: what is inside
/// is authenticated or not read at all. White space around the block is allowed, other text is
/// not.
///
/// # Errors
/// [`OpenPgpFormatError::Armor`] says what is wrong.
pub fn dearmor(text: &[u8]) -> Result<(ArmorKind, Vec<u8>), OpenPgpFormatError> {
    let wrong = |what| OpenPgpFormatError::Armor { what };
    let text = std::str::from_utf8(text).map_err(|_| wrong("the armour is not text"))?;
    let mut lines = text.trim().lines().map(str::trim_end);
    let begin = lines.next().unwrap_or_default();
    let kinds = ArmorKind::ALL;
    let kind = kinds
        .into_iter()
        .find(|kind| begin == format!("-----BEGIN {}-----", kind.label()))
        .ok_or_else(|| wrong("no armour begins here"))?;
    let end = format!("-----END {}-----", kind.label());
    let mut encoded = String::new();
    let mut in_headers = true;
    let mut ended = false;
    for line in lines {
        if ended {
            return Err(wrong("text follows the end of the armour"));
        }
        if line == end {
            ended = true;
        } else if line.is_empty() {
            in_headers = false;
        } else if in_headers && line.contains(": ") {
        } else if !line.starts_with('=') {
            in_headers = false;
            encoded.push_str(line);
        }
    }
    if !ended {
        return Err(wrong("the armour does not end"));
    }
    let bytes = BASE64.decode(encoded.as_bytes());
    Ok((kind, bytes.map_err(|_| wrong("the armour is not base64"))?))
}

/// Whether a signature packet of ours, with a one-octet or two-octet length, is of version 6.
fn is_version_6(packet: &[u8]) -> bool {
    let version = match packet {
        [_, 0..=191, version, ..] | [_, 192..=223, _, version, ..] => *version,
        [_, 255, _, _, _, _, version, ..] => *version,
        _ => 0,
    };
    version == 6
}

/// `CRC-24` with generator 0x864CFB and initial value 0xB704CE (RFC 9580, 6.1.1).
fn crc24(bytes: &[u8]) -> u32 {
    let mut crc = 0x00b7_04ce_u32;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    crc & 0x00ff_ffff
}

/// Characters of a line, as GnuPG writes it.
const LINE_CHARS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_catalogue() {
        // The check value of CRC-24/OPENPGP.
        assert_eq!(crc24(b"123456789"), 0x21_cf02);
        assert_eq!(crc24(&[]), 0xb7_04ce);
    }

    #[test]
    fn what_was_armoured_comes_back_with_or_without_headers() {
        for len in [0, 1, 47, 48, 49, 96, 500] {
            let bytes = vec![0xc2; len];
            let text = armor(&bytes);
            assert!(text.lines().all(|line| line.len() <= 64));
            assert_eq!(
                dearmor(text.as_bytes()).unwrap(),
                (ArmorKind::Signature, bytes)
            );
        }
        let text = armor(&[0xc2; 50]).replace("\n\n", "\nVersion: 1\nComment: a: b\n\n");
        let windows = text.replace('\n', "\r\n");
        assert_eq!(dearmor(windows.as_bytes()).unwrap().1, [0xc2; 50]);
    }

    #[test]
    fn armour_that_is_cut_or_followed_by_text_is_refused() {
        let text = armor(&[0xc2; 50]);
        let refused = |text: &str| {
            matches!(
                dearmor(text.as_bytes()),
                Err(OpenPgpFormatError::Armor { .. })
            )
        };
        assert!(refused(&text[..text.len() - 10]));
        assert!(refused(&format!("{text}more")));
        assert!(refused(&format!("more\n{text}")));
        assert!(refused(&text.replace("\n=", "\n!=")));
        assert!(refused(&text.replace("SIGNATURE", "PICTURE")));
    }
}
