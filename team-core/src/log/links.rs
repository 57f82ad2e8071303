//! What membership needs to know of a control segment beside what it does.

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::control::{Control, decode_operations};
use crate::ids::{DeviceId, SegmentHash};
use crate::limits::CONTROL_SEGMENT_COST;
use crate::log::index::{SegmentIndex, is_in_past};
use crate::log::seen::{Head, SeenHeads, Step};
use crate::membership::{ControlNode, Fork, Seen, ViewStep};
use crate::segment::{HeaderFields, Segment};

/// How a control segment hangs together with others: kept beside it, so that a space can be opened
/// without looking at its content segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlLinks {
    before: Option<SegmentHash>,
    seen: Vec<Seen>,
    forks: Vec<Fork>,
    written: u64,
}

impl ControlLinks {
    /// How much control its author has written with it, in the unit of [`CONTROL_WRITTEN_MAX`].
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The segment as membership looks at it. One whose operations cannot be read does nothing.
    #[must_use]
    pub fn into_node(self, segment: &Segment) -> ControlNode {
        let fields = segment.header().fields();
        let payload = segment.payload().unwrap_or_default();
        ControlNode {
            hash: segment.header().hash(),
            device: fields.device,
            number: fields.number,
            claimed_at: fields.claimed_at,
            before: self.before,
            seen: self.seen,
            forks: self.forks,
            operations: decode_operations(payload).unwrap_or_default(),
        }
    }
}

/// Works the links of a control segment out. What it follows is held; `all_seen` is what its
/// author had seen with it.
pub(super) fn control_links<I: SegmentIndex + ?Sized>(
    segment: &Segment,
    all_seen: &SeenHeads,
    index: &I,
) -> Result<ControlLinks, I::Error> {
    let (before, since) = since_control(segment.header().fields(), index)?;
    let written_before = match before {
        Some(before) => index.control_written(before)?,
        None => 0,
    };
    let mut links = ControlLinks {
        before,
        written: written_before.saturating_add(written_with(segment)),
        ..ControlLinks::default()
    };
    for (device, heads) in since.iter() {
        for head in heads {
            links.seen.push(Seen {
                device,
                number: head.number,
                control: index.newest_control(head.hash)?,
            });
        }
    }
    for (device, heads) in all_seen.iter() {
        if let Some(number) = forked_at(device, heads, index)? {
            links.forks.push(Fork { device, number });
        }
    }
    Ok(links)
}

/// How much control a segment is by itself.
fn written_with(segment: &Segment) -> u64 {
    let payload = segment.payload().unwrap_or_default();
    let operations = decode_operations(payload).unwrap_or_default();
    let named = operations.iter().map(Control::named_segments);
    let count = operations.len().saturating_add(named.sum());
    (count as u64)
        .saturating_add(payload.len().div_ceil(1024) as u64)
        .saturating_add(CONTROL_SEGMENT_COST)
}

/// The newest control segment before one in its own chain, and what was seen after it.
fn since_control<I: SegmentIndex + ?Sized>(
    fields: &HeaderFields,
    index: &I,
) -> Result<(Option<SegmentHash>, SeenHeads), I::Error> {
    let mut deps = vec![fields.deps.clone()];
    let mut at = fields.previous;
    let before = loop {
        let Some(place) = index.place(at)? else {
            break None;
        };
        if place.is_control {
            break Some(at);
        }
        if let Some(header) = index.header(at)? {
            deps.push(header.fields().deps.clone());
        }
        at = place.previous;
    };
    let mut since = SeenHeads::new();
    for deps in deps.iter().rev() {
        for hash in deps {
            let Some(place) = index.place(*hash)? else {
                continue;
            };
            let head = Head {
                number: place.number,
                hash: *hash,
            };
            let device = place.device;
            since.advance(Step { device, head }, |old| {
                is_in_past(index, device, old, head)
            })?;
        }
    }
    Ok((before, since))
}

/// The lowest number at which chains that end in `heads` part; none for one chain.
fn forked_at<I: SegmentIndex + ?Sized>(
    device: DeviceId,
    heads: &[Head],
    index: &I,
) -> Result<Option<u64>, I::Error> {
    let mut lowest: Option<u64> = None;
    let Some((first, others)) = heads.split_first() else {
        return Ok(None);
    };
    for other in others {
        let parted = parted_at(*first, *other, index)?;
        if !is_in_past(index, device, *first, *other)? {
            lowest = Some(lowest.map_or(parted, |lowest| lowest.min(parted)));
        }
    }
    Ok(lowest)
}

/// The first number at which two chains of one device differ.
fn parted_at<I: SegmentIndex + ?Sized>(one: Head, other: Head, index: &I) -> Result<u64, I::Error> {
    let (mut low, mut high) = if one.number <= other.number {
        (one, other)
    } else {
        (other, one)
    };
    let mut parted = high.number;
    while low.hash != high.hash && high.number > 0 {
        parted = high.number;
        if low.number == high.number {
            low = before(low, index)?;
        }
        high = before(high, index)?;
    }
    Ok(parted)
}

fn before<I: SegmentIndex + ?Sized>(head: Head, index: &I) -> Result<Head, I::Error> {
    let place = index.place(head.hash)?;
    Ok(Head {
        number: head.number.saturating_sub(1),
        hash: place.map_or(SegmentHash([0; 32]), |place| place.previous),
    })
}

/// From which of its segments on the author of a segment had seen control segments, as far as this
/// segment changes that. `seen_before` is what it had seen before.
pub(super) fn view_steps<I: SegmentIndex + ?Sized>(
    segment: &Segment,
    steps: &[Step],
    seen_before: &SeenHeads,
    index: &I,
) -> Result<Vec<ViewStep>, I::Error> {
    let fields = segment.header().fields();
    let mut view = Vec::new();
    for step in steps {
        let Some(control) = index.newest_control(step.head.hash)? else {
            continue;
        };
        let number = index.place(control)?.map_or(0, |place| place.number);
        let heads = seen_before.heads(step.device);
        // A chain whose newest control segment had been seen before brings no news.
        let is_known = match heads {
            [head] if number <= head.number => is_in_past(
                index,
                step.device,
                Head {
                    number,
                    hash: control,
                },
                *head,
            )?,
            _ => false,
        };
        if !is_known {
            view.push(ViewStep {
                from: fields.number,
                control,
            });
        }
    }
    if fields.kind == crate::segment::Kind::Control {
        view.push(ViewStep {
            from: fields.number.saturating_add(1),
            control: segment.header().hash(),
        });
    }
    Ok(view)
}

impl Wire for ControlLinks {
    const WHAT: &'static str = "links of a control segment";

    fn write(&self, writer: &mut Writer) {
        write_optional(self.before, writer);
        writer.varint(self.seen.len() as u64);
        for seen in &self.seen {
            seen.device.write(writer);
            writer.varint(seen.number);
            write_optional(seen.control, writer);
        }
        writer.varint(self.forks.len() as u64);
        for fork in &self.forks {
            fork.device.write(writer);
            writer.varint(fork.number);
        }
        writer.varint(self.written);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // From the own store: the counts have no limit but that every entry must be there.
        let mut links = Self {
            before: read_optional(reader)?,
            ..Self::default()
        };
        for _ in 0..reader.varint("segments seen")? {
            links.seen.push(Seen {
                device: DeviceId::read(reader)?,
                number: reader.varint("segment number")?,
                control: read_optional(reader)?,
            });
        }
        for _ in 0..reader.varint("forks seen")? {
            links.forks.push(Fork {
                device: DeviceId::read(reader)?,
                number: reader.varint("segment number")?,
            });
        }
        // What was stored before there was a bound is not counted.
        if reader.remaining() > 0 {
            links.written = reader.varint("control written")?;
        }
        Ok(links)
    }
}

fn write_optional(hash: Option<SegmentHash>, writer: &mut Writer) {
    match hash {
        Some(hash) => hash.write(writer.u8(1)),
        None => {
            writer.u8(0);
        }
    }
}

fn read_optional(reader: &mut Reader<'_>) -> Result<Option<SegmentHash>, DecodeError> {
    match reader.u8("whether there is a segment")? {
        0 => Ok(None),
        1 => SegmentHash::read(reader).map(Some),
        _ => Err(DecodeError::Unknown {
            what: "whether there is a segment",
        }),
    }
}
