//! Vectors of the armour that vault and desk build around 64 bytes: the ids of relinked objects
//! depend on each byte of it. Written from RFC 9580 and PROTOCOL.sshsig.

use data_encoding::BASE64;
use pack_format::codec::Writer;
use pack_format::relay::PublicKey;
use pack_format::secret::Secret32;
use sha2::{Digest as _, Sha512};

use super::file::VectorFile;
use super::run::out;

pub(super) fn all() -> Vec<VectorFile> {
    let ssh = ssh_key();
    let plain = [0x55; 64];
    let no_key = [0xff; 32];
    vec![
        made_ssh("ssh", "A signature in the namespace of git.", &ssh, &plain),
        made_openpgp("openpgp", "R and S of 255 bits each.", &plain),
        made_openpgp(
            "openpgp_short_numbers",
            "R has eight zero bits in front and S eleven: an MPI leaves them out.",
            &short(),
        ),
        made_openpgp("openpgp_zero", "R and S of no bits at all.", &[0; 64]),
        asked(
            VectorFile::failure(PART, "ssh_no_point", "rule", "No key has these bytes.")
                .with("reason", "the SSH key is no point that is allowed"),
            "ssh",
            &plain,
        )
        .with_hex("public-key", &no_key)
        .bytes(PAYLOAD),
    ]
}

const PART: &str = "signing_armor";
const PAYLOAD: &[u8] = b"the bytes that a signature is made over\n";
const CREATED_AT: u32 = 1_800_000_200;
const ISSUER: [u8; 20] = [0x4d; 20];

fn ssh_key() -> [u8; 32] {
    PublicKey::of_seed(&Secret32::new([81; 32])).0
}

fn short() -> [u8; 64] {
    let mut raw = [0x7f; 64];
    raw[0] = 0;
    raw[1] = 0xff;
    raw[32] = 0;
    raw[33] = 0x1f;
    raw
}

fn asked(vector: VectorFile, format: &str, signature: &[u8; 64]) -> VectorFile {
    vector
        .with("format", format)
        .with_hex("signature", signature)
}

fn lines(
    label: &str,
    head: &[&str],
    bytes: &[u8],
    width: usize,
    tail: Option<String>,
) -> VectorOuts {
    let encoded = BASE64.encode(bytes);
    let mut lines = vec![format!("-----BEGIN {label}-----")];
    lines.extend(head.iter().map(|line| (*line).to_owned()));
    let pieces = encoded.as_bytes().chunks(width);
    lines.extend(pieces.map(|piece| String::from_utf8(piece.to_vec()).unwrap()));
    lines.extend(tail);
    lines.push(format!("-----END {label}-----"));
    lines.into_iter().map(|line| out("line", line)).collect()
}

type VectorOuts = Vec<(String, String)>;

fn string(bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [len.as_slice(), bytes].concat()
}

fn made_ssh(condition: &str, comment: &str, key: &[u8; 32], raw: &[u8; 64]) -> VectorFile {
    let key_blob = [string(b"ssh-ed25519"), string(key)].concat();
    let signature = [string(b"ssh-ed25519"), string(raw)].concat();
    let blob = [
        b"SSHSIG\0\0\0\x01".to_vec(),
        string(&key_blob),
        string(b"git"),
        string(b""),
        string(b"sha512"),
        string(&signature),
    ]
    .concat();
    asked(VectorFile::success(PART, condition, comment), "ssh", raw)
        .with_hex("public-key", key)
        .with_all(lines("SSH SIGNATURE", &[], &blob, 70, None))
        .bytes(PAYLOAD)
}

fn made_openpgp(condition: &str, comment: &str, raw: &[u8; 64]) -> VectorFile {
    let packet = packet(raw);
    let [_, crc @ ..] = crc24(&packet).to_be_bytes();
    let sum = format!("={}", BASE64.encode(&crc));
    asked(
        VectorFile::success(PART, condition, comment),
        "openpgp",
        raw,
    )
    .with("created-at", CREATED_AT)
    .with_hex("issuer", &ISSUER)
    .with_all(lines("PGP SIGNATURE", &[""], &packet, 64, Some(sum)))
    .bytes(PAYLOAD)
}

/// A signature packet of version 4 (RFC 9580, section 5.2.3).
fn packet(raw: &[u8; 64]) -> Vec<u8> {
    let mut hashed = Writer::new();
    hashed.u8(5).u8(0x80 | 2).u32(CREATED_AT);
    hashed.u8(22).u8(33).u8(4).put(&ISSUER);
    let hashed = hashed.into_bytes();
    let mut fields = Writer::new();
    fields.u8(4).u8(0x00).u8(22).u8(10);
    fields
        .u16(u16::try_from(hashed.len()).unwrap())
        .put(&hashed);
    let fields = fields.into_bytes();
    let mut trailer = Writer::new();
    trailer.put(&fields).u8(4).u8(0xff).count(fields.len());
    let digest = Sha512::digest([PAYLOAD, &trailer.into_bytes()].concat());
    let mut body = Writer::new();
    body.put(&fields);
    // The issuer's key id: the last eight bytes of the fingerprint.
    body.u16(10).u8(9).u8(16).put(&ISSUER[12..]);
    body.put(&digest[..2])
        .put(&mpi(&raw[..32]))
        .put(&mpi(&raw[32..]));
    let body = body.into_bytes();
    let mut packet = vec![0xc2, u8::try_from(body.len()).unwrap()];
    assert!(body.len() < 192);
    packet.extend(body);
    packet
}

/// A number with its length in bits in front (RFC 9580, section 3.2).
fn mpi(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeros..];
    let bits = number.first().map_or(0, |first| {
        number.len() * 8 - usize::try_from(first.leading_zeros()).unwrap()
    });
    [&u16::try_from(bits).unwrap().to_be_bytes(), number].concat()
}

/// RFC 9580, section 6.1.1.
fn crc24(bytes: &[u8]) -> u32 {
    let mut crc = 0x00b7_04ce_u32;
    for bit in bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |at| (byte >> (7 - at)) & 1))
    {
        let carry = (crc >> 23) & 1;
        crc = (crc << 1) & 0x00ff_ffff;
        if carry != u32::from(bit) {
            crc ^= 0x0086_4cfb;
        }
    }
    crc
}
