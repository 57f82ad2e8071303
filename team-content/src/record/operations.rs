//! The operations of records, as they are written.

use pack_format::codec::DecodeError;
use team_core::name::Name;

use crate::item_id::{Dot, ItemId};
use crate::limits::REMARK_BYTES_MAX;
use crate::schema::read_name;
use crate::value::{Decimal, Value};
use crate::wire::{Body, In, Out};

/// Makes an empty record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRecord {
    /// Random: names the record.
    pub nonce: [u8; 16],
    /// What fields it has.
    pub schema: ItemId,
}

/// Sets or clears a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetField {
    /// The record.
    pub item: ItemId,
    /// The field.
    pub field: u16,
    /// What it holds now; none for nothing.
    pub value: Option<Value>,
    /// The values that this one stands for, ascending.
    pub replaces: Vec<Dot>,
}

/// Adds a tag to a set of tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddTag {
    /// The record.
    pub item: ItemId,
    /// The field.
    pub field: u16,
    /// The tag.
    pub tag: Name,
}

/// Removes a tag, as far as its adding was seen: one that is added at the same time stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveTag {
    /// The record.
    pub item: ItemId,
    /// The field.
    pub field: u16,
    /// The operations that added the tag, ascending.
    pub adds: Vec<Dot>,
}

/// Adds an amount to a sum. A wrong one is put right by its opposite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddEvent {
    /// The record.
    pub item: ItemId,
    /// The field.
    pub field: u16,
    /// How much; less than zero takes away.
    pub amount: Decimal,
    /// Why; at most [`REMARK_BYTES_MAX`] bytes.
    pub remark: String,
}

impl Body for CreateRecord {
    const KIND: u8 = 0x50;

    fn write(&self, out: &mut Out<'_>) {
        out.writer.put(&self.nonce);
        out.item(self.schema);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            nonce: input.reader.take_array("nonce")?,
            schema: input.item()?,
        })
    }
}

impl Body for SetField {
    const KIND: u8 = 0x51;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        out.writer.varint(self.field.into());
        out.dots(&self.replaces);
        Value::write(self.value.as_ref(), out);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            field: input.number("field")?,
            replaces: input.dots()?,
            value: Value::read(input)?,
        })
    }
}

impl Body for AddTag {
    const KIND: u8 = 0x52;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        out.writer.varint(self.field.into());
        out.text(self.tag.as_str());
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            field: input.number("field")?,
            tag: read_name(input)?,
        })
    }
}

impl Body for RemoveTag {
    const KIND: u8 = 0x53;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        out.writer.varint(self.field.into());
        out.dots(&self.adds);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            field: input.number("field")?,
            adds: input.dots()?,
        })
    }
}

impl Body for AddEvent {
    const KIND: u8 = 0x54;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        out.writer.varint(self.field.into());
        self.amount.write(out);
        out.writer.put(self.remark.as_bytes());
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            field: input.number("field")?,
            amount: Decimal::read(input)?,
            remark: input.text_to_end(REMARK_BYTES_MAX, "remark")?.to_owned(),
        })
    }
}
