//! Bytes in their shorter form: what is encrypted is compressed first where that helps.

use std::io;

use zeroize::Zeroizing;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{find_frame_compressed_size, get_frame_content_size};

/// `packed = form || body`, where `body` is the content (form 0) or, only if that is shorter, one
/// zstd frame of it that states its length (form 1).
///
/// Kept for many contents: what compresses and expands is made once.
pub(crate) struct Packer {
    compressor: Compressor<'static>,
    decompressor: Decompressor<'static>,
}

impl Packer {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            compressor: Compressor::new(LEVEL)?,
            decompressor: Decompressor::new()?,
        })
    }

    /// Form and body: one byte more than `content` at most.
    pub(crate) fn pack(&mut self, content: &[u8]) -> Zeroizing<Vec<u8>> {
        let frame = self.compressor.compress(content).map(Zeroizing::new);
        let (form, body) = match &frame {
            Ok(frame) if frame.len() < content.len() => (COMPRESSED, frame.as_slice()),
            _ => (STORED, content),
        };
        Zeroizing::new([&[form], body].concat())
    }

    /// The content: 1 to `limit` bytes. Nothing expands beyond `limit`. The error says which rule
    /// was broken.
    pub(crate) fn unpack(&mut self, packed: &[u8], limit: usize) -> Result<Vec<u8>, &'static str> {
        let (form, body) = packed.split_first().ok_or("it has no form")?;
        match *form {
            STORED if body.is_empty() => Err("it is empty"),
            STORED if body.len() > limit => Err("it is too long"),
            STORED => Ok(body.to_vec()),
            COMPRESSED => self.expand(body, limit),
            _ => Err("its form is not known"),
        }
    }

    fn expand(&mut self, body: &[u8], limit: usize) -> Result<Vec<u8>, &'static str> {
        let stated = get_frame_content_size(body).ok().flatten();
        let stated = stated
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or("it does not state its length")?;
        if stated > limit {
            return Err("it is too long");
        }
        if stated <= body.len() {
            return Err("compressing did not make it shorter");
        }
        // A frame that is cut has no length; expanding it fails below.
        if find_frame_compressed_size(body).is_ok_and(|frame| frame < body.len()) {
            return Err("something follows the frame");
        }
        let mut content = Vec::with_capacity(stated);
        match self.decompressor.decompress_to_buffer(body, &mut content) {
            Ok(len) if len == stated => Ok(content),
            _ => Err("it does not expand into the length that it states"),
        }
    }
}

const STORED: u8 = 0;
const COMPRESSED: u8 = 1;
/// zstd's level 3, as in bundles.
const LEVEL: i32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_come_back_and_are_as_short_as_they_can_be() {
        let mut packer = Packer::new().unwrap();
        for (content, form) in [(b"abc".to_vec(), STORED), (vec![7; 5000], COMPRESSED)] {
            let packed = packer.pack(&content);
            assert_eq!(packed[0], form);
            assert!(packed.len() <= content.len() + 1);
            assert_eq!(packer.unpack(&packed, 5000).unwrap(), content);
        }
    }

    #[test]
    fn what_nobody_packs_is_refused() {
        let mut packer = Packer::new().unwrap();
        let bomb = packer.pack(&vec![0; 1 << 20]);
        let longer = zstd::bulk::compress(b"abc", 3).unwrap();
        let unstated = {
            let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
            encoder.include_contentsize(false).unwrap();
            std::io::Write::write_all(&mut encoder, &[7; 5000]).unwrap();
            encoder.finish().unwrap()
        };
        let two = [
            zstd::bulk::compress(&[7; 900], 3).unwrap(),
            zstd::bulk::compress(&[8; 900], 3).unwrap(),
        ]
        .concat();
        let cut = &two[..two.len() / 2 - 1];
        let form = |body: &[u8]| [&[COMPRESSED], body].concat();
        for (packed, rule) in [
            (vec![], "it has no form"),
            (vec![STORED], "it is empty"),
            (vec![STORED; 1002], "it is too long"),
            (vec![2, 0], "its form is not known"),
            (bomb.to_vec(), "it is too long"),
            (form(&longer), "compressing did not make it shorter"),
            (form(&unstated), "it does not state its length"),
            (form(b"junk junk"), "it does not state its length"),
            (form(&two), "something follows the frame"),
            (
                form(cut),
                "it does not expand into the length that it states",
            ),
        ] {
            assert_eq!(packer.unpack(&packed, 1000), Err(rule));
        }
    }
}
