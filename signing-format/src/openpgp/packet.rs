//! Packet headers of OpenPGP (RFC 9580, 4.2): writing ours, walking over others'.

use pack_format::codec::{DecodeError, Reader, Writer};

use super::OpenPgpFormatError;
use super::limits::PACKETS_MAX;

/// A packet with its header taken off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
}

/// All packets of `bytes`, in order. Neither partial nor indeterminate lengths: those are for
/// streams, and neither certificates nor signatures may have them.
pub(super) fn packets(bytes: &[u8]) -> Result<Vec<Packet<'_>>, OpenPgpFormatError> {
    let mut reader = Reader::new(bytes);
    let mut packets = Vec::new();
    while reader.remaining() > 0 {
        if packets.len() == PACKETS_MAX {
            return Err(OpenPgpFormatError::Damaged(DecodeError::OverLimit {
                what: "packets",
                found: PACKETS_MAX as u64 + 1,
                limit: PACKETS_MAX as u64,
            }));
        }
        packets.push(next(&mut reader)?);
    }
    Ok(packets)
}

fn next<'a>(reader: &mut Reader<'a>) -> Result<Packet<'a>, OpenPgpFormatError> {
    let header = reader.u8(HEADER)?;
    if header & 0x80 == 0 {
        return Err(OpenPgpFormatError::Damaged(DecodeError::Unknown {
            what: HEADER,
        }));
    }
    let (tag, len) = if header & 0x40 == 0 {
        ((header >> 2) & 0x0f, old_length(reader, header & 0x03)?)
    } else {
        (header & 0x3f, new_length(reader)?)
    };
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let body = reader.take(len, "OpenPGP packet")?;
    Ok(Packet { tag, body })
}

/// The length in a header of the old form.
fn old_length(reader: &mut Reader<'_>, form: u8) -> Result<u32, OpenPgpFormatError> {
    Ok(match form {
        0 => u32::from(reader.u8(LENGTH)?),
        1 => u32::from(reader.u16(LENGTH)?),
        2 => reader.u32(LENGTH)?,
        _ => {
            return Err(OpenPgpFormatError::Unsupported {
                what: "a packet of indeterminate length",
            });
        }
    })
}

/// The length in a header of the present form; subpackets have the same but for partial lengths.
fn new_length(reader: &mut Reader<'_>) -> Result<u32, OpenPgpFormatError> {
    let first = reader.u8(LENGTH)?;
    if (224..=254).contains(&first) {
        return Err(OpenPgpFormatError::Unsupported {
            what: "a packet of partial length",
        });
    }
    Ok(long_length(reader, first)?)
}

/// The length of a subpacket.
pub(super) fn subpacket_length(reader: &mut Reader<'_>) -> Result<u32, DecodeError> {
    let first = reader.u8(LENGTH)?;
    long_length(reader, first)
}

fn long_length(reader: &mut Reader<'_>, first: u8) -> Result<u32, DecodeError> {
    Ok(match first {
        0..=191 => u32::from(first),
        192..=254 => (u32::from(first) - 192) * 256 + u32::from(reader.u8(LENGTH)?) + 192,
        255 => reader.u32(LENGTH)?,
    })
}

/// A packet with a header in the present form.
pub(super) fn framed(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(0xc0 | tag);
    match (u8::try_from(body.len()), u16::try_from(body.len())) {
        (Ok(len @ 0..=191), _) => writer.u8(len),
        (_, Ok(len @ 192..=8383)) => writer.u16(len - 192 + 0xc000),
        _ => writer.u8(0xff).count(body.len()),
    };
    writer.put(body);
    writer.into_bytes()
}

const HEADER: &str = "OpenPGP packet header";
const LENGTH: &str = "OpenPGP packet length";

/// Signature.
pub(super) const TAG_SIGNATURE: u8 = 2;
/// Secret primary key.
pub(super) const TAG_SECRET_KEY: u8 = 5;
/// Public primary key.
pub(super) const TAG_PUBLIC_KEY: u8 = 6;
/// Secret subkey.
pub(super) const TAG_SECRET_SUBKEY: u8 = 7;
/// Marker, to be ignored.
pub(super) const TAG_MARKER: u8 = 10;
/// Local trust of old software, to be ignored.
pub(super) const TAG_TRUST: u8 = 12;
/// User id.
pub(super) const TAG_USER_ID: u8 = 13;
/// Public subkey.
pub(super) const TAG_PUBLIC_SUBKEY: u8 = 14;
/// User attribute.
pub(super) const TAG_USER_ATTRIBUTE: u8 = 17;
/// Padding, to be ignored.
pub(super) const TAG_PADDING: u8 = 21;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_length_is_read_back() {
        for len in [0, 1, 191, 192, 193, 8383, 8384, 70_000] {
            let body = vec![7; len];
            let packet = framed(TAG_USER_ID, &body);
            let found = packets(&packet).unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!((found[0].tag, found[0].body), (TAG_USER_ID, &body[..]));
        }
        let old = [0x88, 1, 9, 0x89, 0, 1, 9, 0x8a, 0, 0, 0, 1, 9];
        let found = packets(&old).unwrap();
        assert!(
            found
                .iter()
                .all(|packet| packet.tag == 2 && packet.body == [9])
        );
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn open_ended_lengths_and_too_many_packets_are_refused() {
        let unsupported =
            |bytes: &[u8]| matches!(packets(bytes), Err(OpenPgpFormatError::Unsupported { .. }));
        assert!(unsupported(&[0x8b, 1]));
        assert!(unsupported(&[0xc2, 0xe1, 1, 1]));
        let many = [0xca, 0].repeat(PACKETS_MAX + 1);
        assert!(matches!(
            packets(&many),
            Err(OpenPgpFormatError::Damaged(DecodeError::OverLimit { .. }))
        ));
    }
}
