//! A part: a piece of a pack on a medium that is too small, or too fragile, for the whole.
//!
//! A part begins with a 64-byte header that looks random to everybody but the paired machine.
//! Spec: spec/pack.md, "Part".

use std::collections::HashMap;

use chacha20poly1305::aead::array::Array;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

use crate::codec::{DecodeError, Reader, Wire, Writer};
use crate::limits::{PACK_BYTES_MAX, PART_BYTES_MAX, PART_BYTES_MIN, PARTS_MAX};
use crate::ratchet::{PackIndex, ReceiveChain, TagKey};

/// Bytes in front of a part's piece of the pack.
pub const PART_HEADER_BYTES: usize = 64;
const PART_TAG_BYTES: usize = 16;

/// How a pack is cut: equal parts, and a last one with the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    pack_bytes: u64,
    part_bytes: u64,
}

impl Cut {
    /// Cuts a sealed pack of `pack_bytes` into parts of `part_bytes`.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] or [`DecodeError::Rule`] outside the limits.
    pub fn new(pack_bytes: u64, part_bytes: u64) -> Result<Self, DecodeError> {
        if pack_bytes == 0 || pack_bytes > PACK_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "pack bytes",
                found: pack_bytes,
                limit: PACK_BYTES_MAX,
            });
        }
        if !(PART_BYTES_MIN..=PART_BYTES_MAX).contains(&part_bytes) {
            return Err(DecodeError::Rule {
                what: "the part size is outside its limits",
            });
        }
        let cut = Self {
            pack_bytes,
            part_bytes,
        };
        if cut.pack_bytes.div_ceil(cut.part_bytes) > u64::from(PARTS_MAX) {
            return Err(DecodeError::Rule {
                what: "the pack would have too many parts",
            });
        }
        Ok(cut)
    }

    /// Bytes of the whole sealed pack.
    #[must_use]
    pub fn pack_bytes(&self) -> u64 {
        self.pack_bytes
    }

    /// Bytes of pack in each part but the last.
    #[must_use]
    pub fn part_bytes(&self) -> u64 {
        self.part_bytes
    }

    /// How many parts there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.pack_bytes.div_ceil(self.part_bytes)).unwrap_or(PARTS_MAX)
    }

    /// The piece of the pack in part `part`: where it begins and how long it is.
    #[must_use]
    pub fn piece(&self, part: u32) -> (u64, u64) {
        let start = (u64::from(part) * self.part_bytes).min(self.pack_bytes);
        (start, self.part_bytes.min(self.pack_bytes - start))
    }
}

impl Wire for Cut {
    const WHAT: &'static str = "cut";

    fn write(&self, writer: &mut Writer) {
        writer.u64(self.pack_bytes).u64(self.part_bytes);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let pack_bytes = reader.u64("pack bytes")?;
        Self::new(pack_bytes, reader.u64("part bytes")?)
    }
}

impl TagKey {
    /// `tag = BLAKE3-keyed(tag key, "tag" || part)[..16]`: what a part begins with.
    #[must_use]
    pub fn tag(&self, part: u32) -> [u8; PART_TAG_BYTES] {
        self.keyed(b"tag", part)
    }

    /// The stem of the part's file name: 26 letters and digits that mean nothing to others.
    ///
    /// `name = base32(BLAKE3-keyed(tag key, "name" || part)[..16])`, RFC 4648, lower case.
    #[must_use]
    pub fn name(&self, part: u32) -> String {
        data_encoding::BASE32_NOPAD
            .encode(&self.keyed(b"name", part))
            .to_lowercase()
    }

    /// `header = tag || AEAD(key = tag key/"info", nonce = part, cut || zeros)`.
    ///
    /// One key and nonce always seal the same bytes, because a pack is cut one way only; a copied
    /// vault that cuts another pack shows how the two sizes differ, which their files show anyway.
    #[must_use]
    pub fn header(&self, part: u32, cut: &Cut) -> [u8; PART_HEADER_BYTES] {
        let mut info = [0; INFO_BYTES];
        for (to, from) in info.iter_mut().zip(cut.to_wire()) {
            *to = from;
        }
        let aead_tag = self.info_cipher().encrypt_inout_detached(
            &info_nonce(part),
            b"",
            info.as_mut_slice().into(),
        );
        #[expect(
            clippy::expect_used,
            reason = "32 bytes are far below the cipher's limit"
        )]
        let aead_tag = aead_tag.expect("32 bytes are below the cipher's limit");
        let mut header = [0; PART_HEADER_BYTES];
        let bytes = self.tag(part).into_iter().chain(info).chain(aead_tag);
        for (to, from) in header.iter_mut().zip(bytes) {
            *to = from;
        }
        header
    }

    /// Opens the header of part `part` of this pack.
    fn open_header(&self, part: u32, header: &[u8; PART_HEADER_BYTES]) -> Option<Cut> {
        let (tag, sealed) = header.split_first_chunk::<PART_TAG_BYTES>()?;
        let (info, aead_tag) = sealed.split_first_chunk::<INFO_BYTES>()?;
        if *tag != self.tag(part) {
            return None;
        }
        let mut info = *info;
        let aead_tag = Array::try_from(aead_tag).ok()?;
        self.info_cipher()
            .decrypt_inout_detached(
                &info_nonce(part),
                b"",
                info.as_mut_slice().into(),
                &aead_tag,
            )
            .ok()?;
        let mut reader = Reader::new(&info);
        let cut = Cut::read(&mut reader).ok()?;
        let reserved = reader.take(reader.remaining(), "reserved").ok()?;
        let known = reserved.iter().all(|byte| *byte == 0);
        (known && part < cut.count()).then_some(cut)
    }

    fn keyed(&self, label: &[u8], part: u32) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(self.0.expose());
        hasher.update(label).update(&part.to_be_bytes());
        hasher
            .finalize()
            .as_bytes()
            .first_chunk::<16>()
            .copied()
            .unwrap_or_default()
    }

    fn info_cipher(&self) -> ChaCha20Poly1305 {
        let key = self.0.derive("causeway/pack/v1 part info", b"");
        ChaCha20Poly1305::new(key.expose().into())
    }
}

fn info_nonce(part: u32) -> Nonce {
    let mut nonce = [0; 12];
    for (to, from) in nonce.iter_mut().skip(8).zip(part.to_be_bytes()) {
        *to = from;
    }
    nonce.into()
}

/// A part that was recognised by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundPart {
    /// Which of the chains given to [`PartFinder::new`].
    pub lane: usize,
    /// The pack it belongs to.
    pub pack: PackIndex,
    /// Which part it is, from 0.
    pub part: u32,
    /// How the pack is cut.
    pub cut: Cut,
    /// Whether the pack has been taken in before: a duplicate, of no further use.
    pub taken: bool,
}

impl FoundPart {
    /// How many bytes the part has, header and piece.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        PART_HEADER_BYTES as u64 + self.cut.piece(self.part).1
    }
}

/// Recognises the parts of any pack that may arrive on any of several pairings.
///
/// Tags are looked up, not tried one by one: a stick full of foreign files costs nothing.
pub struct PartFinder {
    keys: Vec<FinderKey>,
    tags: HashMap<[u8; PART_TAG_BYTES], (usize, u32)>,
    /// The beginnings of later tags, sorted, with key and part: 16 bytes for each, because there
    /// are a million of them for each pairing.
    later_tags: Vec<(u64, u32)>,
}

struct FinderKey {
    lane: usize,
    pack: PackIndex,
    key: TagKey,
    taken: bool,
    /// Whether later parts of it are looked for.
    deep: bool,
}

impl PartFinder {
    /// A finder for these receiving chains.
    #[must_use]
    pub fn new(lanes: &[&ReceiveChain]) -> Self {
        let mut keys = Vec::new();
        for (lane, chain) in lanes.iter().enumerate() {
            for (pack, secret) in chain.expected() {
                let key = secret.tag_key();
                keys.push(FinderKey {
                    lane,
                    pack,
                    key,
                    taken: false,
                    deep: true,
                });
            }
            let newest = chain.taken().map(|(pack, _)| pack).max().unwrap_or(0);
            for (pack, key) in chain.taken() {
                let key = TagKey(key.0.duplicate());
                let deep = newest - pack < TAKEN_DEEP;
                keys.push(FinderKey {
                    lane,
                    pack,
                    key,
                    taken: true,
                    deep,
                });
            }
        }
        let mut tags = HashMap::new();
        for (at, it) in keys.iter().enumerate() {
            tags.extend((0..FIRST_PARTS).map(|part| (it.key.tag(part), (at, part))));
        }
        Self {
            keys,
            tags,
            later_tags: Vec::new(),
        }
    }

    /// Looks for later parts of the packs that are expected, and of those taken lately: for media
    /// that may hold the middle of a large pack only. Takes a few tenths of a second and 16 MiB for each pairing.
    pub fn look_deeper(&mut self) {
        let deep = self.keys.iter().enumerate().filter(|(_, it)| it.deep);
        self.later_tags = deep
            .filter_map(|(at, it)| Some((u32::try_from(at).ok()?, it)))
            .filter(|(at, _)| *at < u32::MAX / PARTS_MAX)
            .flat_map(|(at, it)| {
                let parts = FIRST_PARTS..PARTS_MAX;
                parts.map(move |part| (beginning(&it.key.tag(part)), at * PARTS_MAX + part))
            })
            .collect();
        self.later_tags.sort_unstable();
    }

    /// The part that begins with `header`, when it is one of ours.
    #[must_use]
    pub fn find(&self, header: &[u8; PART_HEADER_BYTES]) -> Option<FoundPart> {
        let tag = header.first_chunk::<PART_TAG_BYTES>()?;
        if let Some((at, part)) = self.tags.get(tag) {
            return self.open(*at, *part, header);
        }
        let begins = beginning(tag);
        let first = self.later_tags.partition_point(|(it, _)| *it < begins);
        let alike = self
            .later_tags
            .get(first..)?
            .iter()
            .take_while(|(it, _)| *it == begins);
        let mut places = alike.map(|(_, place)| (place / PARTS_MAX, place % PARTS_MAX));
        places.find_map(|(at, part)| self.open(usize::try_from(at).ok()?, part, header))
    }

    fn open(&self, at: usize, part: u32, header: &[u8; PART_HEADER_BYTES]) -> Option<FoundPart> {
        let FinderKey {
            lane,
            pack,
            key,
            taken,
            ..
        } = self.keys.get(at)?;
        let cut = key.open_header(part, header)?;
        Some(FoundPart {
            lane: *lane,
            pack: *pack,
            part,
            cut,
            taken: *taken,
        })
    }
}

fn beginning(tag: &[u8; PART_TAG_BYTES]) -> u64 {
    tag.first_chunk::<8>()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Bytes of the encrypted part information: the cut and 16 reserved zero bytes.
const INFO_BYTES: usize = 32;
/// Packs taken lately of which every part is recognised: a copy of a stick has no older ones.
const TAKEN_DEEP: u64 = 64;
/// Parts looked for at first: most packs have fewer.
const FIRST_PARTS: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratchet::{SendChain, Side};
    use crate::secret::Secret32;

    fn chains() -> (SendChain, ReceiveChain) {
        let root = Secret32::new([1; 32]);
        (
            SendChain::new(&root, Side::Showed),
            ReceiveChain::new(&root, Side::Typed),
        )
    }

    fn cut() -> Cut {
        Cut::new(5_000_000, PART_BYTES_MIN).unwrap()
    }

    #[test]
    fn a_part_is_recognised_by_its_header_alone() {
        let (mut send, receive) = chains();
        send.advance();
        let (pack, secret) = send.advance();
        let finder = PartFinder::new(&[&receive]);
        let found = finder.find(&secret.tag_key().header(4, &cut())).unwrap();
        assert_eq!(
            (found.pack, found.part, found.cut, found.taken),
            (pack, 4, cut(), false)
        );
        assert_eq!(found.size_bytes(), 64 + 5_000_000 - 4 * PART_BYTES_MIN);
    }

    #[test]
    fn a_duplicate_of_a_taken_pack_is_recognised_as_such() {
        let (mut send, mut receive) = chains();
        let (pack, secret) = send.advance();
        receive.take(pack);
        let finder = PartFinder::new(&[&receive]);
        assert!(
            finder
                .find(&secret.tag_key().header(0, &cut()))
                .unwrap()
                .taken
        );
    }

    #[test]
    fn every_flipped_byte_of_a_header_hides_the_part() {
        let (mut send, receive) = chains();
        let (_, secret) = send.advance();
        let finder = PartFinder::new(&[&receive]);
        let mut header = secret.tag_key().header(0, &cut());
        for at in 0..header.len() {
            header[at] ^= 1;
            assert_eq!(finder.find(&header), None, "byte {at}");
            header[at] ^= 1;
        }
    }

    #[test]
    fn late_parts_are_found_after_looking_deeper() {
        let (mut send, receive) = chains();
        let (_, secret) = send.advance();
        let cut = Cut::new(100 * PART_BYTES_MIN, PART_BYTES_MIN).unwrap();
        let mut finder = PartFinder::new(&[&receive]);
        let header = secret.tag_key().header(99, &cut);
        assert_eq!(finder.find(&header), None);
        finder.look_deeper();
        assert_eq!(finder.find(&header).unwrap().part, 99);
    }

    #[test]
    fn a_part_of_a_stranger_is_not_recognised() {
        let (_, receive) = chains();
        let (_, secret) = SendChain::new(&Secret32::new([2; 32]), Side::Showed).advance();
        assert_eq!(
            PartFinder::new(&[&receive]).find(&secret.tag_key().header(0, &cut())),
            None
        );
    }

    #[test]
    fn cuts_outside_the_limits_are_refused() {
        for (pack, part) in [
            (0, PART_BYTES_MIN),
            (u64::MAX, PART_BYTES_MAX),
            (10, 10),
            (1 << 37, PART_BYTES_MIN),
        ] {
            assert!(Cut::new(pack, part).is_err(), "{pack} {part}");
        }
    }

    #[test]
    fn names_use_only_the_stick_alphabet() {
        let (mut send, _) = chains();
        let (_, secret) = send.advance();
        let name = secret.tag_key().name(0);
        assert_eq!(name.len(), 26);
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        );
    }
}
