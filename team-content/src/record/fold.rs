//! How a record comes from its operations.

use std::collections::BTreeMap;

use team_core::ids::{DeviceId, MemberId};

use super::{CreateRecord, Holds, Live, Record, Sum};
use crate::fold::{Folding, Reason, Schemas};
use crate::item_id::Dot;
use crate::operation::{Operation, Stamped};
use crate::schema::Schema;

/// What the operations of a record put into it and take out of it.
#[derive(Default)]
struct Changes<'a> {
    put: Vec<(u16, &'a Stamped, Holds)>,
    taken: Vec<(u16, Dot)>,
    sums: BTreeMap<u16, Sum>,
}

impl Record {
    pub(crate) fn fold(
        create: &CreateRecord,
        folding: &mut Folding<'_>,
        schemas: &dyn Schemas,
    ) -> Self {
        let schema = schemas.schema(create.schema);
        let mut changes = Changes::default();
        for stamped in &folding.rest {
            let taken_in = match schema {
                Some(schema) => changes.take_in(stamped, schema),
                None => Err(Reason::SchemaMissing),
            };
            if let Err(reason) = taken_in {
                folding.ignored.ignore(stamped.dot, reason);
            }
        }
        changes.into_record(create)
    }
}

impl<'a> Changes<'a> {
    fn take_in(&mut self, stamped: &'a Stamped, schema: &Schema) -> Result<(), Reason> {
        match &stamped.operation {
            Operation::SetField(set) => {
                let holds = match &set.value {
                    Some(value) => {
                        schema.check_value(set.field, value)?;
                        Holds::Value(value.clone())
                    }
                    None => {
                        schema.check_cleared(set.field)?;
                        Holds::Nothing
                    }
                };
                self.put.push((set.field, stamped, holds));
                self.take_out(set.field, &set.replaces);
            }
            Operation::AddTag(add) => {
                schema.check_tags(add.field)?;
                let tag = Holds::Tag(Box::new(add.tag.clone()));
                self.put.push((add.field, stamped, tag));
            }
            Operation::RemoveTag(remove) => {
                schema.check_tags(remove.field)?;
                self.take_out(remove.field, &remove.adds);
            }
            Operation::AddEvent(event) => {
                schema.check_amount(event.field, event.amount)?;
                let sum = self.sums.entry(event.field).or_default();
                sum.event_count += 1;
                sum.total.add(event.amount);
            }
            _ => {}
        }
        Ok(())
    }

    fn take_out(&mut self, field: u16, dots: &[Dot]) {
        self.taken.extend(dots.iter().map(|dot| (field, *dot)));
    }

    fn into_record(mut self, create: &CreateRecord) -> Record {
        self.taken.sort_unstable();
        let taken = &self.taken;
        self.put
            .retain(|(field, stamped, _)| taken.binary_search(&(*field, stamped.dot)).is_err());
        self.put
            .sort_unstable_by_key(|(field, stamped, _)| (*field, stamped.dot));
        let authors: BTreeMap<DeviceId, MemberId> = self
            .put
            .iter()
            .map(|(_, stamped, _)| (stamped.dot.device, stamped.author))
            .collect();
        let places: BTreeMap<DeviceId, u16> = authors.keys().copied().zip(0..).collect();
        let as_live = |(field, stamped, holds): (u16, &Stamped, Holds)| Live {
            author: places.get(&stamped.dot.device).copied().unwrap_or(u16::MAX),
            field,
            index: stamped.dot.index,
            number: stamped.dot.number,
            claimed_at: stamped.claimed_at,
            holds,
        };
        Record {
            schema: create.schema,
            live: self.put.into_iter().map(as_live).collect(),
            sums: self.sums.into_iter().collect(),
            authors: authors.into_iter().collect(),
        }
    }
}
