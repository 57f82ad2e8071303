//! Bundles between two devices of a space: sealed to the reader's prekey, and from then on to a
//! chain that both have.
//!
//! They are ordinary bundles. Their sender and their one reader are devices that exist in this
//! space only, so that nothing in them tells whose vaults they are. Spec: spec/team.md,
//! "Bundles".

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use bundle_format::card::CardMailbox;
use bundle_format::content::{Contents, EntrySink, in_order};
use bundle_format::identity::{DecapsulationKey, EncapsulationKey, Identity};
use bundle_format::manifest::{BundlePath, Entry, EntryKind};
use bundle_format::open::{Depth, OpenError, UncheckedBundle, VerifiedBundle};
use bundle_format::random::HedgedRng;
use bundle_format::receipt::{Receipt, TakenBundle};
use bundle_format::seal::{Reader, SealRequest, seal};
use bundle_format::slot::{OpenedBy, SlotKey, SlotOpener};
use pack_format::chunked::ChunkedError;
use pack_format::codec::{DecodeError, Wire as _};
use pack_format::ratchet::{PackIndex, ReceiveChain, SendChain, Side};
use pack_format::relay::{ContentId, PublicKey, RelayAddress, Signed, Statement as _, Ticket};
use pack_format::secret::Secret32;
use team_core::device_card::{DeviceCard, Routes};
use team_core::ids::DeviceId;
use team_core::limits::SYNC_BYTES_MAX;
use zeroize::Zeroizing;

use super::TeamError;
use crate::clock::UnixTime;
use crate::store::{
    ChainDirection, Changes, NewSpaceOutgoing, Peer, PeerChainId, PeerId, SpaceRow, StoredSpace,
};
use crate::vault::Vault;
use crate::work::bundle_file::{BundleFile, NewBundleFile};

/// What goes into one bundle.
pub(crate) struct SpaceContents {
    /// Which of the peer's bundles were taken in.
    pub(crate) taken: Vec<TakenBundle>,
    /// The sync message.
    pub(crate) sync: Vec<u8>,
    /// Sealed chunks of files, with the files they lie in.
    pub(crate) blobs: BTreeMap<[u8; 32], PathBuf>,
}

/// How the next bundle for a peer is described when it is stored.
pub(crate) struct Parting {
    /// What the peer has once it has taken the bundle in.
    pub(crate) holds: Vec<u8>,
    /// What counts as sent once the bundle is stored.
    pub(crate) sent: Vec<u8>,
}

/// Seals a bundle for a peer and stores it, ready to carry.
pub(crate) fn seal_for_peer(
    vault: &Vault,
    space: &StoredSpace,
    peer: &Peer,
    to: &DeviceCard,
    contents: SpaceContents,
    parting: Parting,
    now: UnixTime,
) -> Result<u64, TeamError> {
    let identity = Identity::from_seed(space.space.device_seed.duplicate());
    let (key, sequence) = take_key(vault, peer, &to.prekey)?;
    let mut rng = vault.rng()?;
    let request = SealRequest {
        identity: &identity,
        incarnation: DEVICE_INCARNATION,
        created_at: now.to_secs(),
        readers: vec![Reader {
            fingerprint: peer.device.key().fingerprint(),
            sequence,
            key,
        }],
    };
    let mut entries = entries(contents)?;
    let mut file = NewBundleFile::create(&vault.paths().bundles(), rng.array())?;
    let sealed = seal(&request, &mut entries, &mut file, &mut rng, &mut |_| true)?;
    file.sync()?;
    let content_id = file.content_id();
    let new = NewSpaceOutgoing {
        peer: peer.id,
        content_id,
        file: file.name().to_owned(),
        size_bytes: sealed.size_bytes,
        sequence,
        created_at: now,
        holds: parting.holds,
        sent_before: peer.sent.clone(),
        tickets: tickets(&to.routes, content_id, sealed.size_bytes),
    };
    vault.store().write(|changes| {
        changes.insert_space_outgoing(&new)?;
        changes.set_peer_sent(peer.id, &parting.sent)?;
        if let Some(Some(root)) = sealed.chain_roots.first() {
            let state = Zeroizing::new(SendChain::new(root, Side::Showed).to_wire());
            changes.insert_peer_chain(peer.id, ChainDirection::Send, content_id, &state)?;
        }
        Ok::<_, TeamError>(())
    })?;
    file.keep();
    Ok(sealed.size_bytes)
}

/// The right to put a bundle into each of the peer's mailboxes.
fn tickets(
    routes: &Routes,
    content_id: ContentId,
    size_bytes: u64,
) -> Vec<(RelayAddress, Signed<Ticket>)> {
    let ticket = |mailbox: &CardMailbox| {
        let ticket = Ticket {
            relay_key: mailbox.relay.key(),
            send_key: PublicKey::of_seed(&mailbox.send_seed),
            content_id,
            size_bytes,
        };
        (mailbox.relay.clone(), ticket.sign(&mailbox.send_seed))
    };
    routes.mailboxes().iter().map(ticket).collect()
}

/// Takes the next key for a peer and the bundle's number, and makes both durable before a byte is
/// sealed with them.
fn take_key<'a>(
    vault: &Vault,
    peer: &Peer,
    prekey: &'a EncapsulationKey,
) -> Result<(SlotKey<'a>, u64), TeamError> {
    vault.store().write(|changes| {
        let sequence = changes.take_peer_sequence(peer.id)?;
        let chains = changes.chains_with_peer(peer.id, ChainDirection::Send)?;
        let Some(stored) = chains.into_iter().find(|chain| chain.confirmed) else {
            return Ok((SlotKey::Kem(prekey), sequence));
        };
        let mut chain = SendChain::from_wire(&stored.state).map_err(TeamError::Stored)?;
        if chain.next_index() >= CHAIN_KEYS_MAX {
            return Ok((SlotKey::Kem(prekey), sequence));
        }
        let (_, secret) = chain.advance();
        changes.set_peer_chain_state(stored.id, &Zeroizing::new(chain.to_wire()))?;
        Ok((SlotKey::Chain(secret), sequence))
    })
}

/// The entries of a bundle, in the order of its manifest.
struct Entries {
    held: std::vec::IntoIter<(EntryKind, Vec<u8>)>,
    chunks: std::vec::IntoIter<(EntryKind, PathBuf)>,
    sync: Option<(EntryKind, Vec<u8>)>,
}

fn entries(contents: SpaceContents) -> Result<Entries, TeamError> {
    let mut taken = contents.taken;
    taken.sort_unstable();
    let receipt = Receipt {
        incarnation: DEVICE_INCARNATION,
        taken,
        missing: Vec::new(),
    };
    let chunk = |(id, path): ([u8; 32], PathBuf)| {
        let name = format!("{BLOB_FOLDER}{}", data_encoding::HEXLOWER.encode(&id));
        file_kind(&name).map(|kind| (kind, path))
    };
    let chunks: Result<Vec<_>, _> = contents.blobs.into_iter().map(chunk).collect();
    let (chunks, sync) = (chunks?, file_kind(SYNC_NAME)?);
    debug_assert!(chunks.iter().all(|(kind, _)| in_order(kind, &sync)));
    Ok(Entries {
        held: vec![(EntryKind::Receipts, receipt.to_wire())].into_iter(),
        chunks: chunks.into_iter(),
        sync: Some((sync, contents.sync)),
    })
}

fn file_kind(name: &str) -> Result<EntryKind, TeamError> {
    let path = BundlePath::new(name).map_err(TeamError::Stored)?;
    Ok(EntryKind::File {
        path,
        executable: false,
    })
}

impl Contents for Entries {
    fn next_entry(&mut self) -> io::Result<Option<(EntryKind, Box<dyn Read + '_>)>> {
        if let Some((kind, bytes)) = self.held.next() {
            return Ok(Some((kind, Box::new(io::Cursor::new(bytes)))));
        }
        if let Some((kind, path)) = self.chunks.next() {
            return Ok(Some((kind, Box::new(File::open(path)?))));
        }
        Ok(self
            .sync
            .take()
            .map(|(kind, bytes)| (kind, Box::new(io::Cursor::new(bytes)) as Box<dyn Read>)))
    }
}

/// What the devices of this vault listen with: one set for each space.
pub(crate) struct SpaceListening {
    spaces: Vec<Ears>,
}

struct Ears {
    row: SpaceRow,
    device: DeviceId,
    prekeys: Vec<DecapsulationKey>,
    rows: Vec<(PeerChainId, PeerId)>,
    chains: Vec<ReceiveChain>,
}

/// A bundle of which every byte was verified, from a device of a space.
pub(crate) struct SpaceArrival {
    pub(crate) space: SpaceRow,
    pub(crate) from: DeviceId,
    pub(crate) content_id: ContentId,
    pub(crate) sequence: u64,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) sync: Vec<u8>,
    pub(crate) blobs: Vec<NewBundleFile>,
    way: Way,
}

#[cfg(test)]
impl SpaceArrival {
    /// A bundle of a member who says whatever it likes.
    pub(crate) fn claimed(space: SpaceRow, from: DeviceId, number: u64, sync: Vec<u8>) -> Self {
        let mut content_id = [0; 32];
        content_id[..8].copy_from_slice(&number.to_be_bytes());
        Self {
            space,
            from,
            content_id: ContentId(content_id),
            sequence: number,
            receipt: None,
            sync,
            blobs: Vec::new(),
            way: Way::Kem {
                root: Secret32::new(content_id),
            },
        }
    }
}

enum Way {
    Chain {
        id: PeerChainId,
        peer: PeerId,
        index: PackIndex,
    },
    Kem {
        root: Secret32,
    },
}

impl SpaceListening {
    pub(crate) fn new(vault: &Vault) -> Result<Self, TeamError> {
        let tables = vault.store().read();
        let mut spaces = Vec::new();
        for stored in tables.spaces()? {
            let mut ears = Ears {
                row: stored.id,
                device: stored.space.device,
                prekeys: Vec::new(),
                rows: Vec::new(),
                chains: Vec::new(),
            };
            for prekey in tables.prekeys(stored.id)? {
                ears.prekeys.push(DecapsulationKey::from_seed(prekey.seed));
            }
            for chain in tables.peer_chains(stored.id, ChainDirection::Receive)? {
                ears.rows.push((chain.id, chain.peer));
                let state = ReceiveChain::from_wire(&chain.state);
                ears.chains.push(state.map_err(TeamError::Stored)?);
            }
            spaces.push(ears);
        }
        Ok(Self { spaces })
    }

    /// Opens and verifies a bundle that is for one of the devices. `None`: it is for none.
    pub(crate) fn verify(
        &self,
        vault: &Vault,
        file: &NewBundleFile,
    ) -> Result<Option<SpaceArrival>, TeamError> {
        for ears in &self.spaces {
            let chains: Vec<&ReceiveChain> = ears.chains.iter().collect();
            for (at, prekey) in ears.prekeys.iter().enumerate() {
                // The chains need to be looked through only once.
                let opener = SlotOpener::new(prekey, if at == 0 { &chains } else { &[] });
                match ears.open(file, &opener) {
                    Ok((verified, way, sequence)) => {
                        let arrival = ears.arrival(vault, file, &verified, way, sequence)?;
                        return Ok(Some(arrival));
                    }
                    Err(OpenError::NotForThisVault) => {}
                    Err(err) => return Err(TeamError::Open(err)),
                }
            }
        }
        Ok(None)
    }
}

impl Ears {
    fn open(
        &self,
        file: &NewBundleFile,
        opener: &SlotOpener<'_>,
    ) -> Result<(VerifiedBundle<BundleFile>, Way, u64), OpenError> {
        let source = BundleFile::open(file.path()).map_err(ChunkedError::Read)?;
        let (unlocked, opened) = UncheckedBundle::new(source).unlock(opener)?;
        let own = self.device.key().fingerprint();
        let signed = unlocked.verify_sender(Some(&own))?;
        let verified = signed.verify_content(Depth::Full, &mut |_| true)?;
        let way = match opened.by {
            OpenedBy::Kem { chain_root } => Way::Kem { root: chain_root },
            OpenedBy::Chain { chain, index } => {
                let (id, peer) = *self.rows.get(chain).ok_or(OpenError::NotForThisVault)?;
                Way::Chain { id, peer, index }
            }
        };
        Ok((verified, way, opened.sequence))
    }

    fn arrival(
        &self,
        vault: &Vault,
        file: &NewBundleFile,
        verified: &VerifiedBundle<BundleFile>,
        way: Way,
        sequence: u64,
    ) -> Result<SpaceArrival, TeamError> {
        let entries = verified.manifest().entries();
        let receipts = entries.iter().position(|it| it.kind == EntryKind::Receipts);
        let receipt = match receipts {
            Some(index) => {
                let bytes = verified.small_entry(index).map_err(TeamError::Open)?;
                Some(Receipt::from_wire(&bytes).map_err(|err| TeamError::Open(err.into()))?)
            }
            None => None,
        };
        let mut sink = Sink::new(vault)?;
        let released = verified.release(&mut sink, &mut |_| true);
        if let Some(err) = sink.trouble.take() {
            return Err(err);
        }
        released.map_err(TeamError::Open)?;
        Ok(SpaceArrival {
            space: self.row,
            from: DeviceId(verified.sender().identity.0),
            content_id: file.content_id(),
            sequence,
            receipt,
            sync: sink.sync,
            blobs: sink.blobs,
            way,
        })
    }
}

/// Where the entries of a verified bundle go: the message into memory, sealed chunks into files.
struct Sink<'a> {
    vault: &'a Vault,
    rng: HedgedRng,
    sync: Vec<u8>,
    blobs: Vec<NewBundleFile>,
    now: Now,
    trouble: Option<TeamError>,
}

enum Now {
    Ignored,
    Sync,
    Chunk(Box<NewBundleFile>, [u8; 32]),
}

impl<'a> Sink<'a> {
    fn new(vault: &'a Vault) -> Result<Self, TeamError> {
        Ok(Self {
            vault,
            rng: vault.rng()?,
            sync: Vec::new(),
            blobs: Vec::new(),
            now: Now::Ignored,
            trouble: None,
        })
    }

    fn start(&mut self, entry: &Entry) -> Result<Now, TeamError> {
        let Some(name) = entry.kind.path().map(BundlePath::as_str) else {
            return Ok(Now::Ignored);
        };
        if name == SYNC_NAME && entry.size_bytes <= SYNC_BYTES_MAX as u64 {
            return Ok(Now::Sync);
        }
        let digits = name.strip_prefix(BLOB_FOLDER).unwrap_or_default();
        let decoded = data_encoding::HEXLOWER.decode(digits.as_bytes());
        let id: Option<[u8; 32]> = decoded.ok().and_then(|bytes| bytes.try_into().ok());
        let id = id.filter(|_| entry.size_bytes <= CHUNK_BYTES_MAX);
        let Some(id) = id else {
            // A later version may add entries; this one does not know them.
            return Ok(Now::Ignored);
        };
        let random = self.rng.array();
        let file = NewBundleFile::create(&self.vault.paths().bundles(), random)?;
        Ok(Now::Chunk(Box::new(file), id))
    }

    fn finish(&mut self) -> Result<(), TeamError> {
        if let Now::Chunk(mut file, id) = std::mem::replace(&mut self.now, Now::Ignored)
            && file.content_id().0 == id
        {
            file.sync()?;
            self.blobs.push(*file);
        }
        Ok(())
    }

    fn note<T>(&mut self, done: Result<T, TeamError>) -> io::Result<T> {
        done.map_err(|err| {
            self.trouble = Some(err);
            io::Error::from(io::ErrorKind::Other)
        })
    }
}

impl EntrySink for Sink<'_> {
    fn begin(&mut self, _index: usize, entry: &Entry) -> io::Result<()> {
        let started = self.start(entry);
        self.now = self.note(started)?;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.now {
            Now::Ignored => Ok(()),
            Now::Sync => {
                self.sync.extend_from_slice(bytes);
                Ok(())
            }
            Now::Chunk(file, _) => file.write_all(bytes),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let finished = self.finish();
        self.note(finished)
    }
}

/// Uses up the key that a bundle came with, or begins the chain that it brought, and lets the
/// peer's receipt have its effect on what was sent. Tells whether another bundle of the same
/// number had come before.
pub(crate) fn settle(
    changes: &Changes<'_>,
    arrival: &SpaceArrival,
    now: UnixTime,
) -> Result<Settled, TeamError> {
    let peer = changes.ensure_peer(arrival.space, arrival.from)?;
    match &arrival.way {
        Way::Chain {
            id,
            peer: of_chain,
            index,
        } => {
            if *of_chain != peer {
                return Ok(Settled::OtherChain);
            }
            let chains = changes.chains_with_peer(peer, ChainDirection::Receive)?;
            if let Some(stored) = chains.iter().find(|stored| stored.id == *id) {
                let mut chain =
                    ReceiveChain::from_wire(&stored.state).map_err(TeamError::Stored)?;
                chain.take(*index);
                changes.set_peer_chain_state(*id, &Zeroizing::new(chain.to_wire()))?;
            }
        }
        Way::Kem { root } => changes.begin_peer_receive_chain(peer, root, arrival.content_id)?,
    }
    if let Some(receipt) = &arrival.receipt {
        for taken in &receipt.taken {
            changes.confirm_peer_chain(peer, taken.content_id)?;
        }
    }
    let is_copy = changes.note_taken_from_peer(peer, arrival.sequence, arrival.content_id, now)?;
    Ok(Settled::Taken { peer, is_copy })
}

/// What became of the key of a bundle.
pub(crate) enum Settled {
    /// It was the key of another device's chain: not what was agreed.
    OtherChain,
    /// It was used up.
    Taken {
        /// Whose bundle it is.
        peer: PeerId,
        /// Another bundle of the same number had come before.
        is_copy: bool,
    },
}

impl From<DecodeError> for TeamError {
    fn from(err: DecodeError) -> Self {
        Self::Stored(err)
    }
}

/// A device has one life: a restored vault joins as another device.
const DEVICE_INCARNATION: u32 = 1;
/// The entry with the sync message.
const SYNC_NAME: &str = "sync";
/// The entries with chunks, by the hash of their sealed bytes.
const BLOB_FOLDER: &str = "blob/";
/// A sealed chunk: 1 MiB and what sealing adds.
const CHUNK_BYTES_MAX: u64 = 1024 * 1024 + 64;
/// Keys taken from one chain before a new one is begun, so that a device whose state was read by
/// somebody is safe from them again after some time.
const CHAIN_KEYS_MAX: u64 = 50;
const _: () = assert!(CHAIN_KEYS_MAX < pack_format::limits::WINDOW as u64);
