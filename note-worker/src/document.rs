//! A document of the library, and what is checked around its imports.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use loro::{EncodedBlobMode, ExportMode, LoroDoc, LoroText, StyleConfigMap, VersionVector};
use note_protocol::limits::{SNAPSHOT_BYTES_MAX, UPDATE_BYTES_MAX, VERSION_PEERS_MAX};
use note_protocol::{Content, Opened, Part, PeerId, Place, Refusal, Update, Version};

use crate::rich_text;
use crate::style;

/// A note that is being read.
pub(crate) struct Note {
    doc: LoroDoc,
    /// How many operations of each author are in it. The library's own list can only be copied as
    /// a whole, which is too slow to do for each of many authors.
    counts: VersionVector,
    /// Whose updates are refused from here on.
    closed: BTreeSet<u64>,
}

/// For each author of an update the first operation in it, and the one after the last.
pub(crate) type Said = BTreeMap<u64, (i32, i32)>;

impl Note {
    /// A note without a word.
    pub(crate) fn new() -> Self {
        let doc = LoroDoc::new();
        let mut styles = StyleConfigMap::new();
        for kind in note_protocol::MarkKind::ALL {
            styles.insert(style::key(kind).into(), style::config(kind));
        }
        doc.config_text_style(styles);
        Self {
            doc,
            counts: VersionVector::new(),
            closed: BTreeSet::new(),
        }
    }

    /// Begins with what a worker has made before.
    pub(crate) fn take_in_snapshot(&mut self, snapshot: &[u8]) -> Result<(), Refusal> {
        let place = Place::Snapshot;
        let unreadable = Refusal::Unreadable { place };
        let status = self.doc.import(snapshot).map_err(|_| unreadable)?;
        if status.pending.is_some() {
            return Err(Refusal::MissingOperations { place });
        }
        self.counts = self.doc.oplog_vv();
        Ok(())
    }

    /// What an update says of itself: of its author only, with all that it builds on, and with no
    /// number that is taken.
    ///
    /// This is cheap and changes nothing, so that an update which is refused here costs the others
    /// nothing. It would be taken in at the wrong place otherwise: the library passes over
    /// operations that it believes to have, and keeps those whose base is missing until it comes.
    pub(crate) fn check(&self, update: &Update, place: Place) -> Result<Said, Refusal> {
        let unreadable = Refusal::Unreadable { place };
        let meta = LoroDoc::decode_import_blob_meta(&update.bytes, true).map_err(|_| unreadable)?;
        if meta.mode != EncodedBlobMode::Updates {
            return Err(unreadable);
        }
        let mut said = Said::new();
        for (peer, begin) in meta.partial_start_vv.iter() {
            check_author(*peer, update, place)?;
            match begin.cmp(&self.known(*peer)) {
                Ordering::Less => return Err(Refusal::KnownOperations { place }),
                Ordering::Equal if !self.closed.contains(peer) => {}
                _ => return Err(Refusal::MissingOperations { place }),
            }
            let end = meta.partial_end_vv.get(peer).ok_or(unreadable)?;
            said.insert(*peer, (*begin, *end));
        }
        let mut bases = meta.start_frontiers.iter();
        if bases.any(|base| base.counter >= self.known(base.peer)) {
            return Err(Refusal::MissingOperations { place });
        }
        Ok(said)
    }

    /// Takes in an update that was checked. Its text shows after [`Note::settle`].
    ///
    /// What is refused here has left something in the document: see [`Note::close`].
    pub(crate) fn take_in(
        &mut self,
        update: &Update,
        said: &Said,
        place: Place,
    ) -> Result<(), Refusal> {
        let unreadable = Refusal::Unreadable { place };
        // The state is computed once, after the last.
        self.doc.detach();
        let status = self.doc.import(&update.bytes).map_err(|_| unreadable)?;
        if status.pending.is_some() {
            return Err(Refusal::MissingOperations { place });
        }
        let mut ranges = said.iter();
        if !ranges.all(|(peer, range)| status.success.get(peer) == Some(range)) {
            return Err(unreadable);
        }
        for (peer, (_, end)) in said {
            self.counts.insert(*peer, *end);
        }
        Ok(())
    }

    /// Takes in nothing more of these authors. Of what was refused after the library had it, parts
    /// are in the document that must not be built upon; they are not counted, so that what builds
    /// on them is refused as well.
    pub(crate) fn close(&mut self, said: &Said) {
        self.closed.extend(said.keys());
    }

    fn known(&self, peer: u64) -> i32 {
        self.counts.get(&peer).copied().unwrap_or(0)
    }

    /// Brings the text to what has been taken in.
    pub(crate) fn settle(&self) {
        self.doc.checkout_to_latest();
    }

    /// The text.
    pub(crate) fn text(&self) -> LoroText {
        self.doc.get_text(ROOT)
    }

    /// Writes as `peer` from now on; gives what is there before.
    pub(crate) fn begin(&self, peer: PeerId) -> Result<VersionVector, Refusal> {
        let set = self.doc.set_peer_id(peer.to_u64());
        set.map_err(|_| Refusal::UnusablePeer)?;
        Ok(self.doc.oplog_vv())
    }

    /// What was written since then, if anything.
    pub(crate) fn updates_since(&self, before: &VersionVector) -> Result<Option<Vec<u8>>, Refusal> {
        self.doc.commit();
        if self.doc.oplog_vv() == *before {
            return Ok(None);
        }
        let exported = self.doc.export(ExportMode::updates(before));
        let update = exported.map_err(|_| Refusal::Fault)?;
        within(update, UPDATE_BYTES_MAX, Part::Update).map(Some)
    }

    /// What the note says, with a new snapshot where something was added to the old one.
    pub(crate) fn opened(&self, was_added_to: bool) -> Result<Opened, Refusal> {
        let content = rich_text::content(&self.text())?;
        let version = self.version()?;
        let snapshot = if was_added_to {
            let exported = self.doc.export(ExportMode::Snapshot);
            let snapshot = exported.map_err(|_| Refusal::Fault)?;
            let snapshot = within(snapshot, SNAPSHOT_BYTES_MAX, Part::Snapshot)?;
            check_again(&snapshot, &content, &version)?;
            Some(snapshot)
        } else {
            None
        };
        Ok(Opened {
            content,
            snapshot,
            version,
            refused: Vec::new(),
        })
    }

    fn version(&self) -> Result<Version, Refusal> {
        let counts = self.doc.oplog_vv();
        check_len(counts.len(), VERSION_PEERS_MAX, Part::Authors)?;
        let counts = counts.iter().map(|(peer, count)| {
            let count = u32::try_from(*count).map_err(|_| Refusal::Fault)?;
            Ok((PeerId::from(*peer), count))
        });
        counts.collect()
    }
}

/// Reads what was made before it is handed out: of some updates that the library takes it makes
/// snapshots that it does not, and a note that is kept so would be lost.
fn check_again(snapshot: &[u8], content: &Content, version: &Version) -> Result<(), Refusal> {
    let mut again = Note::new();
    let read = again.take_in_snapshot(snapshot);
    read.map_err(|_| Refusal::NotStable)?;
    let is_same = rich_text::content(&again.text())? == *content && again.version()? == *version;
    if is_same {
        Ok(())
    } else {
        Err(Refusal::NotStable)
    }
}

fn check_author(peer: u64, update: &Update, place: Place) -> Result<(), Refusal> {
    let peer = PeerId::from(peer);
    if update.peers.contains(&peer) {
        Ok(())
    } else {
        Err(Refusal::ForeignPeer { place, peer })
    }
}

fn within(bytes: Vec<u8>, limit: u32, part: Part) -> Result<Vec<u8>, Refusal> {
    check_len(bytes.len(), limit, part)?;
    Ok(bytes)
}

pub(crate) fn check_len(len: usize, limit: u32, part: Part) -> Result<(), Refusal> {
    match u32::try_from(len) {
        Ok(len) if len <= limit => Ok(()),
        _ => Err(Refusal::TooLarge { part }),
    }
}

/// The one part of a document that is read. Authors that make others only fill their own quota.
const ROOT: &str = "text";
