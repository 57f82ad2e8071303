//! The encoding in which a lane is kept in the sealed store. It never leaves the machine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use carriers::stick::PartName;
use pack_format::{
    codec::{DecodeError, Reader, Wire, Writer},
    item::PARTIALS_MAX,
    limits::PARTS_MAX,
    pack::PackPlan,
    part::Cut,
    ratchet::{PackIndex, PackSecret, ReceiveChain, SendChain},
};

use crate::{
    Lane, LaneId,
    lane::{Incoming, Outstanding},
};

impl Wire for Lane {
    const WHAT: &'static str = "lane";

    fn write(&self, writer: &mut Writer) {
        writer.u8(VERSION).put(&self.id.0);
        self.send.write(writer);
        self.receive.write(writer);
        writer.count(self.outstanding.len());
        for (index, pack) in &self.outstanding {
            write_outstanding(writer, *index, pack);
        }
        writer.u8(u8::from(self.receipt.is_some()));
        if let Some((index, pack)) = &self.receipt {
            write_outstanding(writer, *index, pack);
        }
        writer.u8(u8::from(self.owes_receipt));
        writer.u64(self.answered_next).u64(self.receipts_next);
        writer.count(self.unanswered.len());
        for index in &self.unanswered {
            writer.u64(*index);
        }
        writer.count(self.incoming.len());
        for (index, incoming) in &self.incoming {
            writer.u64(*index);
            incoming.cut.write(writer);
            write_parts(writer, &incoming.parts);
        }
        writer.count(self.retired.len());
        for name in &self.retired {
            writer.text(name.as_str());
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.u8("lane version")?;
        if !(VERSION_WITHOUT_LIGHT..=VERSION).contains(&version) {
            return Err(DecodeError::Unknown {
                what: "lane version",
            });
        }
        let id = LaneId(reader.take_array("lane id")?);
        let send = SendChain::read(reader)?;
        let receive = ReceiveChain::read(reader)?;
        let mut outstanding = BTreeMap::new();
        for _ in 0..reader.count(STORED_ITEMS_MAX, "outstanding packs")? {
            let (index, pack) = read_outstanding(reader, version)?;
            outstanding.insert(index, pack);
        }
        let receipt = read_flag(reader, "receipt")?
            .then(|| read_outstanding(reader, version))
            .transpose()?;
        Ok(Self {
            id,
            send,
            receive,
            outstanding,
            receipt,
            owes_receipt: read_flag(reader, "owes receipt")?,
            answered_next: reader.u64("answered next")?,
            receipts_next: reader.u64("receipts next")?,
            unanswered: read_indexes(reader)?,
            incoming: read_incoming(reader)?,
            retired: read_names(reader)?,
        })
    }
}

fn write_outstanding(writer: &mut Writer, index: PackIndex, pack: &Outstanding) {
    writer.u64(index).put(pack.secret.expose());
    pack.cut.write(writer);
    pack.plan.write(writer);
    write_parts(writer, &pack.arrived);
    write_parts(writer, &pack.carried);
    writer.u32(pack.next_symbol);
}

fn read_outstanding(
    reader: &mut Reader<'_>,
    version: u8,
) -> Result<(PackIndex, Outstanding), DecodeError> {
    let index = reader.u64("outstanding index")?;
    let secret = PackSecret::from_stored(reader.take_array("pack secret")?);
    let cut = Cut::read(reader)?;
    let pack = Outstanding {
        secret,
        cut,
        plan: PackPlan::read(reader)?,
        arrived: read_parts(reader)?,
        carried: read_parts(reader)?,
        next_symbol: match version {
            VERSION_WITHOUT_LIGHT => 0,
            _ => reader.u32("next symbol")?,
        },
    };
    if pack.plan.sealed_bytes() != cut.pack_bytes() {
        return Err(DecodeError::Rule {
            what: "the cut is not that of the pack",
        });
    }
    Ok((index, pack))
}

fn write_parts(writer: &mut Writer, parts: &BTreeSet<u32>) {
    writer.count(parts.len());
    for part in parts {
        writer.u32(*part);
    }
}

fn read_parts(reader: &mut Reader<'_>) -> Result<BTreeSet<u32>, DecodeError> {
    let count = reader.count(PARTS_MAX, "parts")?;
    (0..count).map(|_| reader.u32("part")).collect()
}

fn read_flag(reader: &mut Reader<'_>, what: &'static str) -> Result<bool, DecodeError> {
    match reader.u8(what)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(DecodeError::Unknown { what }),
    }
}

fn read_indexes(reader: &mut Reader<'_>) -> Result<BTreeSet<PackIndex>, DecodeError> {
    let count = reader.count(STORED_ITEMS_MAX, "unanswered packs")?;
    (0..count).map(|_| reader.u64("unanswered index")).collect()
}

fn read_incoming(reader: &mut Reader<'_>) -> Result<BTreeMap<PackIndex, Incoming>, DecodeError> {
    let mut packs = BTreeMap::new();
    for _ in 0..reader.count(PARTIALS_MAX, "incoming packs")? {
        let index = reader.u64("incoming index")?;
        let cut = Cut::read(reader)?;
        let parts = read_parts(reader)?;
        packs.insert(index, Incoming { cut, parts });
    }
    Ok(packs)
}

fn read_names(reader: &mut Reader<'_>) -> Result<VecDeque<PartName>, DecodeError> {
    let count = reader.count(STORED_ITEMS_MAX, "retired names")?;
    let mut names = VecDeque::new();
    for _ in 0..count {
        let name = PartName::new(reader.text(NAME_BYTES_MAX, "retired name")?);
        names.push_back(name.map_err(|_| DecodeError::Rule {
            what: "a retired name is not a part's name",
        })?);
    }
    Ok(names)
}

/// What is written.
const VERSION: u8 = 2;
/// The first version, which knew nothing of light; what it stored is still read.
const VERSION_WITHOUT_LIGHT: u8 = 1;
const NAME_BYTES_MAX: u16 = 64;
/// Upper bound of every list as stored; what is written has its own, lower ones.
const STORED_ITEMS_MAX: u32 = 4096;

#[cfg(test)]
mod tests {
    use pack_format::{
        item::{Item, PackReceipts},
        limits::PART_BYTES_MIN,
        pack::PlannedItem,
        ratchet::Side,
        secret::Secret32,
    };

    use super::*;

    fn full_lane() -> Lane {
        let mut lane = Lane::new(LaneId([7; 16]), &Secret32::new([1; 32]), Side::Showed);
        let receipts = PlannedItem::small(&Item::Receipts(PackReceipts::default()));
        let plan = PackPlan::new(vec![receipts]).unwrap();
        for _ in 0..3 {
            let (index, secret) = lane.send.advance();
            let pack = Outstanding {
                secret,
                cut: Cut::new(plan.sealed_bytes(), PART_BYTES_MIN).unwrap(),
                plan: plan.clone(),
                arrived: BTreeSet::from([0]),
                carried: BTreeSet::new(),
                next_symbol: 7,
            };
            lane.retire(&pack);
            lane.outstanding.insert(index, pack);
        }
        lane.receipt = lane.outstanding.pop_last();
        lane.take(4, true);
        lane.take(5, false);
        let incoming = Incoming {
            cut: Cut::new(3 << 20, PART_BYTES_MIN).unwrap(),
            parts: BTreeSet::from([0, 2]),
        };
        lane.incoming.insert(2, incoming);
        lane
    }

    #[test]
    fn a_lane_survives_being_stored() {
        let lane = full_lane();
        let read = Lane::from_wire(&lane.to_wire()).unwrap();
        assert_eq!(read.to_wire(), lane.to_wire());
        assert_eq!(read.incoming(), lane.incoming());
        assert_eq!(read.outstanding().count(), 2);
        assert!(read.owes_receipt());
    }

    #[test]
    fn a_lane_that_the_first_version_stored_is_read() {
        let mut lane = full_lane();
        let packs = lane.outstanding.values_mut();
        packs.for_each(|pack| pack.next_symbol = 0);
        lane.receipt = None;
        let mut old = lane.to_wire();
        old[0] = VERSION_WITHOUT_LIGHT;
        let next_symbol_of_both = {
            let mut lane = full_lane();
            lane.receipt = None;
            let new = lane.to_wire();
            let differing = old.iter().zip(&new).skip(1).enumerate();
            let differing = differing.filter(|(_, (old, new))| old != new);
            differing.map(|(at, _)| at + 1).collect::<Vec<_>>()
        };
        // Each number ends at the byte that differs.
        for end in next_symbol_of_both.into_iter().rev() {
            old.drain(end - 3..=end);
        }
        let read = Lane::from_wire(&old).unwrap();
        assert_eq!(read.to_wire(), lane.to_wire());
    }

    #[test]
    fn a_stored_lane_cut_at_any_length_is_refused() {
        let bytes = full_lane().to_wire();
        for len in 0..bytes.len() {
            assert!(Lane::from_wire(&bytes[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn debug_shows_no_key_and_no_content() {
        assert_eq!(
            format!("{:?}", full_lane()),
            "Lane { id: 07070707070707070707070707070707, .. }"
        );
    }
}
