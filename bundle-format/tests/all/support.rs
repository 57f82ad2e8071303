//! People, and bundles between them.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use bundle_format::content::{EntrySink, HeldContents};
use bundle_format::identity::{DecapsulationKey, Identity};
use bundle_format::manifest::{BundlePath, Entry, EntryKind};
use bundle_format::open::{Depth, OpenError, UncheckedBundle, VerifiedBundle};
use bundle_format::random::HedgedRng;
use bundle_format::seal::{Reader, SealRequest, Sealed, seal};
use bundle_format::slot::{SlotKey, SlotOpener};
use pack_format::secret::Secret32;

pub(crate) struct Person {
    pub(crate) identity: Identity,
    pub(crate) key: DecapsulationKey,
}

impl Person {
    pub(crate) fn new(number: u8) -> Self {
        Self {
            identity: Identity::from_seed(Secret32::new([number; 32])),
            key: DecapsulationKey::from_seed(Secret32::new([number + 100; 32])),
        }
    }
}

pub(crate) fn rng(counter: u64) -> HedgedRng {
    HedgedRng::new(&Secret32::new([1; 32]), &Secret32::new([2; 32]), counter)
}

/// No two bundles of a test share their randomness.
fn next_counter() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn file(path: &str) -> EntryKind {
    EntryKind::File {
        path: BundlePath::new(path).unwrap(),
        executable: false,
    }
}

/// Seals to the readers' card keys.
pub(crate) fn seal_to(
    sender: &Person,
    readers: &[&Person],
    entries: Vec<(EntryKind, &[u8])>,
) -> (Vec<u8>, Sealed) {
    let keys: Vec<_> = readers
        .iter()
        .map(|reader| reader.key.encapsulation_key())
        .collect();
    let to = readers.iter().zip(&keys).map(|(reader, key)| Reader {
        fingerprint: reader.identity.key().fingerprint(),
        sequence: 1,
        key: SlotKey::Kem(key),
    });
    seal_with(sender, to.collect(), entries)
}

pub(crate) fn seal_with(
    sender: &Person,
    readers: Vec<Reader<'_>>,
    entries: Vec<(EntryKind, &[u8])>,
) -> (Vec<u8>, Sealed) {
    let request = SealRequest {
        identity: &sender.identity,
        incarnation: 1,
        created_at: 99,
        readers,
    };
    let mut bundle = Vec::new();
    let mut contents = HeldContents::new(entries);
    let sealed = seal(
        &request,
        &mut contents,
        &mut bundle,
        &mut rng(next_counter()),
        &mut |_| true,
    )
    .unwrap();
    assert_eq!(bundle.len() as u64, sealed.size_bytes);
    (bundle, sealed)
}

pub(crate) fn open<'a>(
    reader: &Person,
    bundle: &'a [u8],
) -> Result<VerifiedBundle<&'a [u8]>, OpenError> {
    let opener = SlotOpener::new(&reader.key, &[]);
    let (unlocked, _) = UncheckedBundle::new(bundle).unlock(&opener)?;
    let own = reader.identity.key().fingerprint();
    unlocked
        .verify_sender(Some(&own))?
        .verify_content(Depth::Full, &mut |_| true)
}

#[derive(Default)]
pub(crate) struct Released(pub(crate) Vec<(EntryKind, Vec<u8>)>);

impl EntrySink for Released {
    fn begin(&mut self, _index: usize, entry: &Entry) -> io::Result<()> {
        self.0.push((entry.kind.clone(), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.last_mut().unwrap().1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut noise = vec![0; len];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    noise
}
