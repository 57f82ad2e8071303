//! Takes in what a medium brought.

use std::collections::{BTreeMap, BTreeSet};

use carriers::stick::PartName;
use pack_format::{
    item::PARTIALS_MAX,
    part::Cut,
    ratchet::{PackIndex, PackSecret},
};

use crate::{
    CrossingError, Damage, DamagedPack, Host, Lane, LaneReport, Phase, SyncReport,
    assembled::{AssembledPack, Copies, Place},
    lane::{Incoming, part_name, part_size_bytes},
    light,
    look::{Recognised, Shelf},
    meter::Meter,
    opening::{self, Contents, Refusal},
    receipts,
    spool::{self, Spool, Stored},
};

/// Takes in what was found for each lane.
pub(crate) fn take_in(
    lanes: &mut [Lane],
    found: Vec<Vec<Recognised>>,
    report: &mut SyncReport,
    host: &mut dyn Host,
    shelf: &mut dyn Shelf,
    meter: &mut Meter<'_>,
) -> Result<(), CrossingError> {
    let sizes = found.iter().flatten().map(|part| part.size_bytes);
    meter.begin(Phase::TakingIn, sizes.fold(0, u64::saturating_add))?;
    for ((lane, report), found) in lanes.iter_mut().zip(&mut report.lanes).zip(found) {
        let mut intake = Intake {
            lane,
            report,
            host: &mut *host,
            shelf: &mut *shelf,
            meter: &mut *meter,
        };
        intake.run(found)?;
    }
    Ok(())
}

/// Everything that taking in works on, for one lane.
struct Intake<'a, 'p> {
    lane: &'a mut Lane,
    report: &'a mut LaneReport,
    host: &'a mut dyn Host,
    shelf: &'a mut dyn Shelf,
    meter: &'a mut Meter<'p>,
}

impl Intake<'_, '_> {
    /// Takes in every complete pack, spools the parts of the others, and removes from the medium
    /// what this machine now has.
    fn run(&mut self, found: Vec<Recognised>) -> Result<(), CrossingError> {
        let secrets = if found.is_empty() {
            self.incoming_secrets()
        } else {
            self.lane.receive.expected().into_iter().collect()
        };
        self.reconcile(&secrets)?;
        let mut packs: BTreeMap<PackIndex, Vec<Recognised>> = BTreeMap::new();
        for index in self.lane.incoming.keys() {
            packs.insert(*index, Vec::new());
        }
        for part in found {
            packs.entry(part.part.pack).or_default().push(part);
        }
        for (index, parts) in packs {
            match secrets.get(&index) {
                Some(secret) => self.pack(index, secret, parts)?,
                None => self.duplicate(index, &parts)?,
            }
        }
        self.report.incoming = self.lane.incoming();
        Ok(())
    }

    /// Makes the lane's state and the spool agree: parts that are gone count as not arrived, and
    /// files that no state names are removed.
    fn reconcile(
        &mut self,
        secrets: &BTreeMap<PackIndex, PackSecret>,
    ) -> Result<(), CrossingError> {
        let spool = self.spool();
        let mut next = self.lane.duplicate()?;
        let mut kept = BTreeSet::new();
        next.incoming.retain(|index, incoming| {
            let key = secrets.get(index).map(PackSecret::tag_key);
            let cut = incoming.cut;
            incoming.parts.retain(|part| {
                let name = key.as_ref().and_then(|key| part_name(key, *part));
                let held = name.filter(|name| spool.holds(name, part_size_bytes(&cut, *part)));
                let is_held = held.is_some();
                kept.extend(held);
                is_held
            });
            !incoming.parts.is_empty()
        });
        if next.incoming != self.lane.incoming {
            next.owes_receipt = true;
            self.save(next)?;
        }
        spool.keep_only(&kept)
    }

    /// Parts of a pack that was taken in before: the other machine has not heard of it.
    fn duplicate(&mut self, index: PackIndex, parts: &[Recognised]) -> Result<(), CrossingError> {
        let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        self.report.duplicate_parts = self.report.duplicate_parts.saturating_add(count);
        if !self.lane.owes_receipt && !self.lane.unanswered.contains(&index) {
            let mut next = self.lane.duplicate()?;
            next.owes_receipt = true;
            self.save(next)?;
        }
        self.remove_from_medium(parts)
    }

    fn pack(
        &mut self,
        index: PackIndex,
        secret: &PackSecret,
        parts: Vec<Recognised>,
    ) -> Result<(), CrossingError> {
        if parts.iter().any(|part| self.is_cut_otherwise(index, part)) {
            self.give_way(index, secret)?;
        }
        let kept = self.lane.incoming.get(&index).cloned();
        let first = parts.iter().map(|part| part.part.cut).next();
        let Some(cut) = kept.as_ref().map(|kept| kept.cut).or(first) else {
            return Ok(());
        };
        let is_whole =
            |part: &Recognised| part.size_bytes == part.part.size_bytes() && part.part.cut == cut;
        let (whole, broken): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_whole);
        let mut copies = Copies::new(cut);
        for part in &whole {
            copies.add(part.part.part, Place::Medium(part.at));
        }
        if let Some(kept) = &kept {
            let (spool, key) = (self.spool(), secret.tag_key());
            for part in &kept.parts {
                let path = part_name(&key, *part).map(|name| spool.path(&name));
                path.into_iter()
                    .for_each(|path| copies.add(*part, Place::Spool(path)));
            }
        }
        if copies.first_of_each().is_some() {
            return match self.open(&cut, secret, copies)? {
                Ok(contents) => {
                    self.commit(index, &cut, &contents, whole, broken)?;
                    let transfer = secret.tag_key().transfer_id();
                    light::forget(self.host.spool_dir(), self.lane.id, transfer)
                }
                Err(refusal) => self.refuse(index, &cut, secret, &refusal),
            };
        }
        if !broken.is_empty() {
            let parts = broken.iter().map(|part| part.part.part).collect();
            self.report_damage(index, &cut, parts, Damage::CutShort);
        }
        self.keep(index, &cut, secret, whole)
    }

    /// Whether parts of the pack are kept that were cut in another way than this one.
    fn is_cut_otherwise(&self, index: PackIndex, part: &Recognised) -> bool {
        let kept = self.lane.incoming.get(&index);
        kept.is_some_and(|kept| kept.cut != part.part.cut)
    }

    /// Drops what is kept of a pack. The header of a part is sealed; what a code says of the cut is
    /// not, and anybody can show a code.
    fn give_way(&mut self, index: PackIndex, secret: &PackSecret) -> Result<(), CrossingError> {
        let mut next = self.lane.duplicate()?;
        let Some(dropped) = next.incoming.remove(&index) else {
            return Ok(());
        };
        self.save(next)?;
        let (spool, key) = (self.spool(), secret.tag_key());
        for part in dropped.parts {
            let name = part_name(&key, part);
            name.map_or(Ok(()), |name| spool.remove(&name))?;
        }
        Ok(())
    }

    /// Reads the pack, turning to another copy of the part that is wrong as long as there is one.
    fn open(
        &mut self,
        cut: &Cut,
        secret: &PackSecret,
        mut copies: Copies,
    ) -> Result<Result<Contents, Refusal>, CrossingError> {
        let mut last = Refusal {
            damage: Damage::Altered,
            parts: Vec::new(),
        };
        for _ in 0..ATTEMPTS_MAX {
            let Some(places) = copies.first_of_each() else {
                break;
            };
            let pack = AssembledPack::new(*cut, places, &*self.shelf);
            let id = self.lane.id;
            match opening::read_pack(&pack, cut, secret, self.host, id, self.meter)? {
                Ok(contents) => return Ok(Ok(contents)),
                Err(refusal) => last = refusal,
            }
            if !copies.turn_to_another(&last.parts) {
                break;
            }
        }
        Ok(Err(last))
    }

    /// Makes a pack that was read to its end durable, and only then removes its parts.
    fn commit(
        &mut self,
        index: PackIndex,
        cut: &Cut,
        contents: &Contents,
        whole: Vec<Recognised>,
        broken: Vec<Recognised>,
    ) -> Result<(), CrossingError> {
        let committed = self.commit_contents(index, contents);
        if committed.is_err() {
            self.host.discard_pack();
        }
        let delivered_count = committed?;
        let report = &mut *self.report;
        report.packs_taken = report.packs_taken.saturating_add(1);
        report.bytes_taken = report.bytes_taken.saturating_add(cut.pack_bytes());
        report.bundles_taken = report.bundles_taken.saturating_add(contents.bundle_count);
        report.items_taken = report.items_taken.saturating_add(contents.item_count);
        report.items_delivered = report.items_delivered.saturating_add(delivered_count);
        self.tidy_spool()?;
        let copies: Vec<Recognised> = whole.into_iter().chain(broken).collect();
        self.remove_from_medium(&copies)
    }

    fn commit_contents(
        &mut self,
        index: PackIndex,
        contents: &Contents,
    ) -> Result<u64, CrossingError> {
        let mut next = self.lane.duplicate()?;
        let mut delivered = Vec::new();
        for receipts in &contents.receipts {
            delivered.extend(receipts::apply(&mut next, index, receipts));
        }
        next.take(index, contents.asks_for_receipt);
        if !delivered.is_empty() {
            let told = self.host.delivered(next.id, &delivered);
            told.map_err(CrossingError::Host)?;
        }
        self.host.commit_pack(&next).map_err(CrossingError::Host)?;
        *self.lane = next;
        Ok(delivered.len() as u64)
    }

    /// A pack does not verify: what lies on the medium stays there, and a spooled part that is
    /// wrong is dropped, so that the sender is told to send it again.
    fn refuse(
        &mut self,
        index: PackIndex,
        cut: &Cut,
        secret: &PackSecret,
        refusal: &Refusal,
    ) -> Result<(), CrossingError> {
        let mut next = self.lane.duplicate()?;
        if let Some(incoming) = next.incoming.get_mut(&index) {
            if refusal.parts.is_empty() {
                incoming.parts.clear();
            }
            incoming.parts.retain(|part| !refusal.parts.contains(part));
            if incoming.parts.is_empty() {
                next.incoming.remove(&index);
            }
            next.owes_receipt = true;
            self.save(next)?;
            let (spool, key) = (self.spool(), secret.tag_key());
            let kept = self.lane.incoming.get(&index);
            for part in 0..cut.count() {
                if kept.is_none_or(|kept| !kept.parts.contains(&part)) {
                    let name = part_name(&key, part);
                    name.map_or(Ok(()), |name| spool.remove(&name))?;
                }
            }
        }
        self.report_damage(index, cut, refusal.parts.clone(), refusal.damage);
        Ok(())
    }

    /// Keeps the parts of an incomplete pack on this machine and removes them from the medium.
    fn keep(
        &mut self,
        index: PackIndex,
        cut: &Cut,
        secret: &PackSecret,
        whole: Vec<Recognised>,
    ) -> Result<(), CrossingError> {
        let mut next = self.lane.duplicate()?;
        if !make_room(&mut next, index) || whole.is_empty() {
            return Ok(());
        }
        let incoming = next.incoming.entry(index).or_insert_with(|| Incoming {
            cut: *cut,
            parts: BTreeSet::new(),
        });
        let (spool, key) = (self.spool(), secret.tag_key());
        let mut done = Vec::new();
        for part in whole {
            let Some(name) = part_name(&key, part.part.part) else {
                continue;
            };
            if incoming.parts.contains(&part.part.part) {
                if self.is_spooled(&spool, &name, part.at)? {
                    done.push(part);
                }
                continue;
            }
            let stored = match self.shelf.open(part.at) {
                Ok(reader) => spool.store(&name, &reader, self.meter)?,
                Err(_) => Stored::Unreadable,
            };
            if stored == Stored::Whole {
                incoming.parts.insert(part.part.part);
                done.push(part);
            } else {
                self.report_damage(index, cut, vec![part.part.part], Damage::Unreadable);
            }
        }
        if incoming.parts.is_empty() {
            return Ok(());
        }
        if !done.is_empty() {
            // A part that was there already was sent because the other machine does not know.
            next.owes_receipt = true;
            self.save(next)?;
            self.tidy_spool()?;
        }
        self.remove_from_medium(&done)
    }

    /// Whether a part on the medium is the same as its copy in the spool. Where they differ one
    /// of them is damaged, and which one shows only when the pack is complete.
    fn is_spooled(
        &mut self,
        spool: &Spool,
        name: &PartName,
        at: usize,
    ) -> Result<bool, CrossingError> {
        let here = spool::SpooledPart::open(&spool.path(name))
            .map_err(CrossingError::spool("reading a part of an incomplete pack"))?;
        match self.shelf.open(at) {
            Ok(there) => spool::same_bytes(&here, &there, self.meter),
            Err(_) => Ok(false),
        }
    }

    fn report_damage(&mut self, index: PackIndex, cut: &Cut, parts: Vec<u32>, damage: Damage) {
        self.report.damaged.push(DamagedPack {
            index,
            part_count: cut.count(),
            parts,
            damage,
        });
    }

    fn remove_from_medium(&mut self, parts: &[Recognised]) -> Result<(), CrossingError> {
        for part in parts {
            self.shelf.remove(part.at)?;
        }
        Ok(())
    }

    fn save(&mut self, next: Lane) -> Result<(), CrossingError> {
        self.host.save_lane(&next).map_err(CrossingError::Host)?;
        *self.lane = next;
        Ok(())
    }

    fn tidy_spool(&self) -> Result<(), CrossingError> {
        let secrets = self.incoming_secrets();
        let mut kept = BTreeSet::new();
        for (index, incoming) in &self.lane.incoming {
            let key = secrets.get(index).map(PackSecret::tag_key);
            let parts = incoming.parts.iter();
            kept.extend(parts.filter_map(|part| part_name(key.as_ref()?, *part)));
        }
        self.spool().keep_only(&kept)
    }

    /// The secrets of the packs of which parts lie in the spool.
    fn incoming_secrets(&self) -> BTreeMap<PackIndex, PackSecret> {
        if self.lane.incoming.is_empty() {
            return BTreeMap::new();
        }
        let expected = self.lane.receive.expected().into_iter();
        expected
            .filter(|(index, _)| self.lane.incoming.contains_key(index))
            .collect()
    }

    fn spool(&self) -> Spool {
        Spool::new(self.host.spool_dir(), self.lane.id)
    }
}

/// Makes room for the parts of pack `index` by giving up the oldest incomplete pack; false where
/// that would be `index` itself. The sender is told of so many only, and sends the rest again.
pub(crate) fn make_room(lane: &mut Lane, index: PackIndex) -> bool {
    let partials_max = usize::try_from(PARTIALS_MAX).unwrap_or(usize::MAX);
    if lane.incoming.contains_key(&index) || lane.incoming.len() < partials_max {
        return true;
    }
    if lane
        .incoming
        .keys()
        .next()
        .is_some_and(|oldest| *oldest > index)
    {
        return false;
    }
    lane.incoming.pop_first();
    true
}

/// How often a pack is read with other copies of its parts: a courier can make any number.
const ATTEMPTS_MAX: u32 = 16;
