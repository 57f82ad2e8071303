//! Have-summaries: what a device holds of the log, in 15 bytes for each device it knows.

use std::collections::{BTreeMap, BTreeSet};

use bundle_format::identity::{BadSignature, Identity};
use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::ids::{DeviceId, SpaceId};
use crate::limits::{DEVICES_MAX, HAVE_COUNTER_MAX, HAVE_HEADS_MAX, SEGMENT_NUMBER_MAX, WANTS_MAX};
use crate::log::{Head, SegmentIndex};

/// Something that a device lacks and asks for by its name: a blob, or the payload of a segment
/// whose header it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Want(pub [u8; 32]);

/// What a summary is made of, beside what is held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HaveDraft {
    /// Rises with every summary that says something else than the one before; from 1.
    pub counter: u64,
    /// Seconds since 1970 on this vault's clock.
    pub claimed_at: u64,
    /// What is asked for. Those beyond [`WANTS_MAX`] wait for a later summary.
    pub wants: BTreeSet<Want>,
}

/// A summary whose signature was not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncheckedHave {
    fields: HaveFields,
    signature: [u8; 64],
}

/// A summary that its device signed for this space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Have(UncheckedHave);

#[derive(Clone, Debug, PartialEq, Eq)]
struct HaveFields {
    device: DeviceId,
    counter: u64,
    claimed_at: u64,
    heads: BTreeMap<Prefix, HaveHead>,
    wants: BTreeSet<Want>,
}

/// The first bytes of a device id.
pub(super) type Prefix = [u8; 8];

/// What a summary says of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HaveHead {
    /// The highest number that is held; [`NUMBER_OF_NOTHING`] when only a fork is known.
    pub(super) number: u64,
    /// [`Have::check`] over the newest segments that are held.
    pub(super) check: u16,
}

/// The first bytes of a device id, which name it in summaries.
pub(super) fn prefix(device: DeviceId) -> Prefix {
    device.0.first_chunk().copied().unwrap_or_default()
}

impl Have {
    /// Says and signs what the index holds:
    /// `Ed25519(device seed, "causeway/team/v1 have", space id || summary)`.
    ///
    /// # Errors
    /// The store's own.
    pub fn sign<I: SegmentIndex + ?Sized>(
        space: SpaceId,
        device: &Identity,
        draft: HaveDraft,
        index: &I,
    ) -> Result<Self, I::Error> {
        let mut fields = HaveFields {
            device: DeviceId(device.key().0),
            counter: draft.counter,
            claimed_at: draft.claimed_at,
            heads: BTreeMap::new(),
            wants: draft.wants.into_iter().take(WANTS_MAX as usize).collect(),
        };
        fields.heads = fields.summarise(index)?;
        let signature = device.sign(LABEL, &fields.signed_bytes(space));
        Ok(Self(UncheckedHave { fields, signature }))
    }

    /// Whether the index still holds just what this summary says, and nothing else is asked for.
    /// Then there is no need for another one.
    ///
    /// # Errors
    /// The store's own.
    pub fn still_says<I: SegmentIndex + ?Sized>(
        &self,
        wants: &BTreeSet<Want>,
        index: &I,
    ) -> Result<bool, I::Error> {
        let fields = &self.0.fields;
        let wants = wants.iter().take(WANTS_MAX as usize);
        Ok(wants.eq(fields.wants.iter()) && fields.heads == fields.summarise(index)?)
    }

    /// Whether this is the same summary.
    pub(super) fn is(&self, other: &UncheckedHave) -> bool {
        self.0 == *other
    }

    /// Whose summary it is.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.0.fields.device
    }

    /// Its place among the summaries of the device.
    #[must_use]
    pub fn counter(&self) -> u64 {
        self.0.fields.counter
    }

    /// Seconds since 1970 on the device's clock: a claim.
    #[must_use]
    pub fn claimed_at(&self) -> u64 {
        self.0.fields.claimed_at
    }

    /// What the device asks for.
    #[must_use]
    pub fn wants(&self) -> &BTreeSet<Want> {
        &self.0.fields.wants
    }

    /// What it says of a device; none when it holds nothing of it.
    pub(super) fn head(&self, prefix: Prefix) -> Option<HaveHead> {
        self.0.fields.heads.get(&prefix).copied()
    }

    /// What [`HaveHead::check`] is when the device holds these of `of`.
    pub(super) fn check(&self, of: DeviceId, heads: &[Head], forked_from: Option<u64>) -> u16 {
        self.0.fields.check(of, heads, forked_from)
    }

    /// The summary as it goes into a message.
    #[must_use]
    pub fn to_unchecked(&self) -> UncheckedHave {
        self.0.clone()
    }

    /// The encoding, with the signature.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        self.0.to_wire()
    }

    /// Takes a summary out of a store that only verified ones enter.
    ///
    /// # Errors
    /// [`DecodeError`] when the store is damaged.
    pub fn dangerously_from_store(bytes: &[u8]) -> Result<Self, DecodeError> {
        UncheckedHave::from_wire(bytes).map(Self)
    }
}

impl UncheckedHave {
    /// Whose it says it is, before that is known.
    #[must_use]
    pub fn peek_device(&self) -> DeviceId {
        self.fields.device
    }

    /// Its place among the summaries of the device, before that is known.
    #[must_use]
    pub fn peek_counter(&self) -> u64 {
        self.fields.counter
    }

    /// Verifies the signature for a space.
    ///
    /// # Errors
    /// [`BadSignature`]: another device signed it, it was altered, or it is of another space.
    pub fn verify(self, space: SpaceId) -> Result<Have, BadSignature> {
        let signed = self.fields.signed_bytes(space);
        let key = self.fields.device.key();
        key.verify(LABEL, &signed, &self.signature)?;
        Ok(Have(self))
    }
}

impl HaveFields {
    fn summarise<I: SegmentIndex + ?Sized>(
        &self,
        index: &I,
    ) -> Result<BTreeMap<Prefix, HaveHead>, I::Error> {
        let mut heads = BTreeMap::new();
        let mut shared = BTreeSet::new();
        for device in index.devices()? {
            let Some(chain) = index.chain(device)? else {
                continue;
            };
            let head = HaveHead {
                number: chain.tip.max(NUMBER_OF_NOTHING),
                check: self.check(device, &index.heads(device)?, chain.forked_from),
            };
            if heads.insert(prefix(device), head).is_some() {
                shared.insert(prefix(device));
            }
        }
        // Whom a prefix means must not be guessed.
        heads.retain(|prefix, _| !shared.contains(prefix));
        Ok(heads.into_iter().take(DEVICES_MAX).collect())
    }

    /// The first two bytes of `BLAKE3-derive-key("causeway/team/v1 have check", device || counter
    /// || claimed time || of || first forked number, or 0 || number and hash of each head)`.
    ///
    /// A number alone does not say which branch of a fork is held, and a forker could give each
    /// half of a team a branch of its own for ever. Two bytes are enough, because they change
    /// with every summary: whoever looks for branches with equal ones finds them for one.
    fn check(&self, of: DeviceId, heads: &[Head], forked_from: Option<u64>) -> u16 {
        let mut hasher = blake3::Hasher::new_derive_key("causeway/team/v1 have check");
        hasher.update(&self.device.0);
        hasher.update(&self.counter.to_be_bytes());
        hasher.update(&self.claimed_at.to_be_bytes());
        hasher.update(&of.0);
        hasher.update(&forked_from.unwrap_or(0).to_be_bytes());
        for head in heads {
            hasher.update(&head.number.to_be_bytes());
            hasher.update(&head.hash.0);
        }
        let [high, low, ..] = *hasher.finalize().as_bytes();
        u16::from_be_bytes([high, low])
    }

    fn signed_bytes(&self, space: SpaceId) -> Vec<u8> {
        let mut writer = Writer::new();
        space.write(&mut writer);
        self.write(&mut writer);
        writer.into_bytes()
    }

    fn write(&self, writer: &mut Writer) {
        writer.u8(VERSION);
        self.device.write(writer);
        writer
            .u64(self.counter)
            .u64(self.claimed_at)
            .count(self.heads.len());
        for (prefix, head) in &self.heads {
            let [_, _, _, number @ ..] = head.number.to_be_bytes();
            writer.put(prefix).put(&number).u16(head.check);
        }
        writer.count(self.wants.len());
        for want in &self.wants {
            writer.put(&want.0);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("summary version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "summary version",
            });
        }
        Ok(Self {
            device: DeviceId::read(reader)?,
            counter: read_counter(reader)?,
            claimed_at: reader.u64("claimed time")?,
            heads: read_heads(reader)?,
            wants: read_wants(reader)?,
        })
    }
}

fn read_counter(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    match reader.u64("summary counter")? {
        0 => Err(DecodeError::Rule {
            what: "the counter of a summary is zero",
        }),
        counter if counter > HAVE_COUNTER_MAX => Err(DecodeError::Rule {
            what: "the counter of a summary is too large",
        }),
        counter => Ok(counter),
    }
}

fn read_heads(reader: &mut Reader<'_>) -> Result<BTreeMap<Prefix, HaveHead>, DecodeError> {
    let mut heads: BTreeMap<Prefix, HaveHead> = BTreeMap::new();
    for _ in 0..reader.count(HAVE_HEADS_MAX, "summarised devices")? {
        let prefix = reader.take_array("device prefix")?;
        let [a, b, c, d, e] = reader.take_array("segment number")?;
        let number = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
        let check = reader.u16("check of a device")?;
        let ascends = heads
            .last_key_value()
            .is_none_or(|(last, _)| *last < prefix);
        if !ascends || number == 0 || number > SEGMENT_NUMBER_MAX {
            return Err(DecodeError::Rule {
                what: "summarised devices are not in order",
            });
        }
        heads.insert(prefix, HaveHead { number, check });
    }
    Ok(heads)
}

fn read_wants(reader: &mut Reader<'_>) -> Result<BTreeSet<Want>, DecodeError> {
    let mut wants = BTreeSet::new();
    for _ in 0..reader.count(WANTS_MAX, "wants")? {
        let want = Want(reader.take_array("want")?);
        if wants.last().is_some_and(|before| *before >= want) {
            return Err(DecodeError::Rule {
                what: "wants are not in order",
            });
        }
        wants.insert(want);
    }
    Ok(wants)
}

impl Wire for UncheckedHave {
    const WHAT: &'static str = "have-summary";

    fn write(&self, writer: &mut Writer) {
        self.fields.write(writer);
        writer.put(&self.signature);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            fields: HaveFields::read(reader)?,
            signature: reader.take_array("signature")?,
        })
    }
}

/// What stands for the highest number that is held of a device of which only a fork is known. The
/// check over no heads tells it from a device of which the first segment is held.
///
/// Somebody must be able to say that they know it: the proof would go to them for ever otherwise,
/// or never.
pub(super) const NUMBER_OF_NOTHING: u64 = 1;
const VERSION: u8 = 1;
const LABEL: &str = "causeway/team/v1 have";
