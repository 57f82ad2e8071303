//! Limits that no vector can hold, because the file would be too large.

use std::io::{self, Read};

use bundle_format::identity::DecapsulationKey;
use bundle_format::open::{OpenError, UncheckedBundle};
use bundle_format::slot::SlotOpener;
use pack_format::chunked::{ChunkedError, Cobblestone, ReadAt, SALT_BYTES};
use pack_format::codec::DecodeError;
use pack_format::item::Item;
use pack_format::limits::{BUNDLE_BYTES_MAX, PACK_BYTES_MAX, PACK_ITEMS_MAX};
use pack_format::pack::{ItemSink, OpenedPack, PackError};
use pack_format::padding::padme;
use pack_format::ratchet::PackSecret;
use pack_format::secret::Secret32;

/// Says that it is as long as it likes, and must not be read.
struct Endless(u64);

impl ReadAt for Endless {
    fn read_exact_at(&self, _buf: &mut [u8], _offset: u64) -> io::Result<()> {
        panic!("what is too long is not read")
    }

    fn size_bytes(&self) -> u64 {
        self.0
    }
}

#[test]
fn a_bundle_over_its_limit_is_refused_before_it_is_read() {
    let key = DecapsulationKey::from_seed(Secret32::new([1; 32]));
    for size in [BUNDLE_BYTES_MAX + 1, u64::MAX] {
        let opened = UncheckedBundle::new(Endless(size)).unlock(&SlotOpener::new(&key, &[]));
        let refused = matches!(
            opened,
            Err(OpenError::Sealed(ChunkedError::Length { found_bytes })) if found_bytes == size
        );
        assert!(refused, "{size} bytes");
    }
}

#[test]
fn a_pack_over_its_limit_is_refused_before_it_is_read() {
    let secret = PackSecret::from_stored([1; 32]);
    for size in [PACK_BYTES_MAX + 1, u64::MAX] {
        let refused = matches!(
            OpenedPack::new(Endless(size), &secret),
            Err(PackError::Sealed(ChunkedError::Length { found_bytes })) if found_bytes == size
        );
        assert!(refused, "{size} bytes");
    }
}

#[derive(Default)]
struct Counted(u32);

impl ItemSink for Counted {
    fn bundle(&mut self, _size_bytes: u64, _body: &mut dyn Read) -> io::Result<()> {
        self.0 += 1;
        Ok(())
    }

    fn item(&mut self, _item: Item) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_pack_has_at_most_as_many_items_as_it_may() {
    let secret = PackSecret::from_stored([1; 32]);
    let cipher = Cobblestone::new(&secret.seal_key(), &[0; SALT_BYTES], b"causeway/pack/v1");
    for (items, accepted) in [(PACK_ITEMS_MAX, true), (PACK_ITEMS_MAX + 1, false)] {
        // Bundles of no bytes, and the end mark.
        let mut plain = [1, 0, 0, 0, 0, 0, 0, 0, 0].repeat(usize::try_from(items).unwrap());
        plain.extend_from_slice(&[0; 9]);
        plain.resize(usize::try_from(padme(plain.len() as u64)).unwrap(), 0);
        let mut pack = cipher.prefix().to_vec();
        cipher.seal_run(0, &plain, true, &mut pack);
        let mut sink = Counted::default();
        let read = OpenedPack::new(pack, &secret)
            .unwrap()
            .read_items(&mut sink);
        let too_many = matches!(&read, Err(PackError::Content(DecodeError::Rule { what }))
            if *what == "a pack has too many items");
        assert_eq!(
            (read.is_ok(), too_many),
            (accepted, !accepted),
            "{items} items"
        );
        assert!(sink.0 <= PACK_ITEMS_MAX + 1);
    }
}
