//! How operations name items and each other in few bytes: through the names in front of their
//! segment.
//!
//! An item has 16 bytes and a device 32, and a segment often names the same one many times. So the
//! names stand once, in an operation of their own in front (not inline at the first use: then an
//! operation of a later version, which nobody here can read, would shift the places of all that
//! follow). An item is its place there; a device its place plus one, and zero is the author.

use std::collections::HashMap;

use pack_format::codec::{DecodeError, Reader, Writer};
use team_core::ids::DeviceId;

use crate::item_id::{Dot, ItemId};
use crate::limits::{NAMES_MAX, OPERATION_BYTES_MAX, REFERENCES_MAX};

/// The body of one kind of operation.
pub(crate) trait Body: Sized {
    /// What it is; the range says which role it needs.
    const KIND: u8;

    /// Appends the body.
    fn write(&self, out: &mut Out<'_>);

    /// Reads a body up to its last field.
    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError>;
}

/// The names of one segment while it is written: first collected, then put in order.
#[derive(Debug)]
pub(crate) struct NamesWriter {
    author: DeviceId,
    devices: HashMap<DeviceId, u64>,
    items: HashMap<ItemId, u64>,
}

impl NamesWriter {
    /// No names yet.
    pub(crate) fn new(author: DeviceId) -> Self {
        Self {
            author,
            devices: HashMap::new(),
            items: HashMap::new(),
        }
    }

    /// Gives each collected name its place, and returns the names in front:
    /// `varint(devices) || devices || varint(items) || items`, both ascending; nothing when nothing
    /// is named.
    pub(crate) fn settle(&mut self) -> Option<Vec<u8>> {
        if self.devices.is_empty() && self.items.is_empty() {
            return None;
        }
        let mut writer = Writer::new();
        writer.varint(self.devices.len() as u64);
        for device in settled(&mut self.devices) {
            device.write(&mut writer);
        }
        writer.varint(self.items.len() as u64);
        for item in settled(&mut self.items) {
            item.write(&mut writer);
        }
        Some(writer.into_bytes())
    }

    fn place_of_device(&mut self, device: DeviceId) -> u64 {
        if device == self.author {
            return 0;
        }
        *self.devices.entry(device).or_insert(0) + 1
    }

    fn place_of_item(&mut self, item: ItemId) -> u64 {
        *self.items.entry(item).or_insert(0)
    }
}

fn settled<T: Copy + Ord>(places: &mut HashMap<T, u64>) -> Vec<T> {
    let mut entries: Vec<_> = places.iter_mut().collect();
    entries.sort_unstable_by_key(|(name, _)| **name);
    let mut names = Vec::with_capacity(entries.len());
    for (number, (name, place)) in (0..).zip(entries) {
        *place = number;
        names.push(*name);
    }
    names
}

/// Writes the body of one operation.
#[derive(Debug)]
pub(crate) struct Out<'n> {
    /// For fields that name nothing.
    pub(crate) writer: Writer,
    names: &'n mut NamesWriter,
}

impl<'n> Out<'n> {
    /// An empty body.
    pub(crate) fn new(names: &'n mut NamesWriter) -> Self {
        Self {
            writer: Writer::new(),
            names,
        }
    }

    /// Appends an item.
    pub(crate) fn item(&mut self, item: ItemId) {
        let place = self.names.place_of_item(item);
        self.writer.varint(place);
    }

    /// Appends an item or none: its place plus one, and zero for none.
    pub(crate) fn optional_item(&mut self, item: Option<ItemId>) {
        let place = item.map_or(0, |item| self.names.place_of_item(item) + 1);
        self.writer.varint(place);
    }

    /// Appends the name of an operation.
    pub(crate) fn dot(&mut self, dot: Dot) {
        let place = self.names.place_of_device(dot.device);
        self.writer
            .varint(place)
            .varint(dot.number)
            .varint(dot.index.into());
    }

    /// Appends a list of operations.
    pub(crate) fn dots(&mut self, dots: &[Dot]) {
        self.writer.varint(dots.len() as u64);
        for dot in dots {
            self.dot(*dot);
        }
    }

    /// Appends text with its length in front.
    pub(crate) fn text(&mut self, text: &str) {
        self.writer.varint(text.len() as u64).put(text.as_bytes());
    }

    /// Appends a signed integer, those near zero in few bytes.
    pub(crate) fn signed(&mut self, value: i64) {
        self.writer
            .varint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }
}

/// The names of one segment while it is read, with what its author had taken in.
#[derive(Debug)]
pub(crate) struct Names {
    author: DeviceId,
    devices: Vec<(DeviceId, u64)>,
    items: Vec<ItemId>,
}

impl Names {
    /// Of a segment without names in front.
    pub(crate) fn none(author: DeviceId) -> Self {
        Self {
            author,
            devices: Vec::new(),
            items: Vec::new(),
        }
    }

    /// Reads what [`NamesWriter::settle`] writes. `seen` is the number of the newest segment of a
    /// device in the past of this segment, zero for none.
    ///
    /// Names that nothing uses are allowed: an operation of a later version may.
    pub(crate) fn read(
        author: DeviceId,
        body: &[u8],
        seen: &dyn Fn(DeviceId) -> u64,
    ) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let mut names = Self::none(author);
        for _ in 0..count(&mut reader, NAMES_MAX, "devices named")? {
            let device = DeviceId::read(&mut reader)?;
            if device == author {
                return Err(DecodeError::Rule {
                    what: "a segment names its own device",
                });
            }
            names.devices.push((device, seen(device)));
        }
        for _ in 0..count(&mut reader, NAMES_MAX, "items named")? {
            names.items.push(ItemId::read(&mut reader)?);
        }
        reader.finish("names")?;
        if names.devices.is_empty() && names.items.is_empty() {
            return Err(DecodeError::Rule {
                what: "the names in front of a segment are empty",
            });
        }
        let in_order = names.devices.is_sorted_by(|(one, _), (next, _)| one < next)
            && names.items.is_sorted_by(|one, next| one < next);
        if !in_order {
            return Err(DecodeError::Rule {
                what: "the names in front of a segment are not in order",
            });
        }
        Ok(names)
    }

    fn item(&self, place: usize) -> Result<ItemId, DecodeError> {
        self.items.get(place).copied().ok_or(DecodeError::Rule {
            what: "an item is not among the names",
        })
    }

    fn device(&self, place: usize) -> Result<(DeviceId, u64), DecodeError> {
        self.devices.get(place).copied().ok_or(DecodeError::Rule {
            what: "a device is not among the names",
        })
    }
}

fn count(reader: &mut Reader<'_>, limit: usize, what: &'static str) -> Result<usize, DecodeError> {
    let found = reader.varint(what)?;
    let over = DecodeError::OverLimit {
        what,
        found,
        limit: limit as u64,
    };
    match usize::try_from(found) {
        Ok(count) if count <= limit => Ok(count),
        _ => Err(over),
    }
}

/// Reads the body of one operation.
#[derive(Debug)]
pub(crate) struct In<'a, 'n> {
    /// For fields that name nothing.
    pub(crate) reader: Reader<'a>,
    names: &'n Names,
    own: Dot,
}

impl<'a, 'n> In<'a, 'n> {
    /// The body of the operation `own`.
    pub(crate) fn new(body: &'a [u8], names: &'n Names, own: Dot) -> Result<Self, DecodeError> {
        if body.len() > OPERATION_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "operation",
                found: body.len() as u64,
                limit: OPERATION_BYTES_MAX as u64,
            });
        }
        Ok(Self {
            reader: Reader::new(body),
            names,
            own,
        })
    }

    /// An item.
    pub(crate) fn item(&mut self) -> Result<ItemId, DecodeError> {
        let place = self.place("item")?;
        self.names.item(place)
    }

    /// An item or none.
    pub(crate) fn optional_item(&mut self) -> Result<Option<ItemId>, DecodeError> {
        match self.place("item")?.checked_sub(1) {
            None => Ok(None),
            Some(place) => self.names.item(place).map(Some),
        }
    }

    /// The name of an operation that the author of this one had taken in.
    ///
    /// One that names what it cannot know yet would undo edits before they are made.
    pub(crate) fn dot(&mut self) -> Result<Dot, DecodeError> {
        let (device, seen) = match self.place("device")?.checked_sub(1) {
            None => (self.names.author, self.own.number),
            Some(place) => self.names.device(place)?,
        };
        let number = self.reader.varint("segment number")?;
        let index = self.number("index of operation")?;
        let dot = Dot {
            device,
            number,
            index,
        };
        let itself_or_later = device == self.own.device && dot >= self.own;
        if number == 0 || number > seen || itself_or_later {
            return Err(DecodeError::Rule {
                what: "an operation names one that its author had not taken in",
            });
        }
        Ok(dot)
    }

    /// A list of operations, strictly ascending in the order of their names.
    pub(crate) fn dots(&mut self) -> Result<Vec<Dot>, DecodeError> {
        let count = self.count(REFERENCES_MAX, "operations named")?;
        let mut dots: Vec<Dot> = Vec::new();
        for _ in 0..count {
            let dot = self.dot()?;
            if dots.last().is_some_and(|before| *before >= dot) {
                return Err(DecodeError::Rule {
                    what: "the operations named are not in order",
                });
            }
            dots.push(dot);
        }
        Ok(dots)
    }

    /// A count of at most `limit`.
    pub(crate) fn count(&mut self, limit: usize, what: &'static str) -> Result<usize, DecodeError> {
        count(&mut self.reader, limit, what)
    }

    /// An integer that fits its type.
    pub(crate) fn number<T: TryFrom<u64>>(&mut self, what: &'static str) -> Result<T, DecodeError> {
        let value = self.reader.varint(what)?;
        T::try_from(value).map_err(|_| DecodeError::Unknown { what })
    }

    /// Text with its length in front.
    pub(crate) fn text(
        &mut self,
        limit: usize,
        what: &'static str,
    ) -> Result<&'a str, DecodeError> {
        let len = self.count(limit, what)?;
        as_text(self.reader.take(len, what)?)
    }

    /// Text up to the end.
    pub(crate) fn text_to_end(
        &mut self,
        limit: usize,
        what: &'static str,
    ) -> Result<&'a str, DecodeError> {
        as_text(self.bytes_to_end(limit, what)?)
    }

    /// Bytes up to the end.
    pub(crate) fn bytes_to_end(
        &mut self,
        limit: usize,
        what: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        let bytes = self.reader.rest();
        if bytes.len() > limit {
            return Err(DecodeError::OverLimit {
                what,
                found: bytes.len() as u64,
                limit: limit as u64,
            });
        }
        Ok(bytes)
    }

    /// A signed integer.
    pub(crate) fn signed(&mut self, what: &'static str) -> Result<i64, DecodeError> {
        let value = self.reader.varint(what)?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// One byte that is 0 or 1.
    pub(crate) fn flag(&mut self, what: &'static str) -> Result<bool, DecodeError> {
        match self.reader.u8(what)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Unknown { what }),
        }
    }

    /// Ends reading.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        self.reader.finish("operation")
    }

    fn place(&mut self, what: &'static str) -> Result<usize, DecodeError> {
        self.number(what)
    }
}

fn as_text(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|_| DecodeError::Rule {
        what: "text is not UTF-8",
    })
}
