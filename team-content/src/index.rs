//! What a list shows of an item, so that a million of them are listed without folding one.

use crate::file::File;
use crate::fold::{Folded, Item, Schemas};
use crate::item_id::ItemId;
use crate::limits::SUMMARY_CHARS_MAX;
use crate::message::Message;
use crate::note::Note;
use crate::record::Record;
use crate::schema::{FieldKind, Schema};
use crate::value::Value;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ItemKind {
    /// A message.
    Message,
    /// A file.
    File,
    /// A note.
    Note,
    /// A record.
    Record,
    /// A schema.
    Schema,
}

impl ItemKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Message,
        Self::File,
        Self::Note,
        Self::Record,
        Self::Schema,
    ];

    /// The word for it, in commands, on screens and in a store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::File => "file",
            Self::Note => "note",
            Self::Record => "record",
            Self::Schema => "schema",
        }
    }

    /// The kind of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the item is.
    pub kind: ItemKind,
    /// The title of a note, the path of a file, the first line of a message, the name of a schema,
    /// the first text of a record. Text of others: escape it before it is shown.
    pub title: String,
    /// The thread of a message; the schema of a record.
    pub parent: Option<ItemId>,
    /// The latest claimed time of an operation with an effect, in seconds since 1970.
    pub updated_at: u64,
    /// Whether it is listed: false for a file that was removed.
    pub listed: bool,
    /// Whether somebody has to choose between versions.
    pub conflict: bool,
    /// How many proposals wait for a decision.
    pub open_proposal_count: u32,
}

impl Folded {
    /// The line of the item in a list; none when there is no item.
    #[must_use]
    pub fn row(&self, schemas: &dyn Schemas) -> Option<Row> {
        let row = match self.item.as_ref()? {
            Item::Message(message) => of_message(message),
            Item::File(file) => of_file(file),
            Item::Note(note) => of_note(note),
            Item::Record(record) => of_record(record, schemas.schema(record.schema())),
            Item::Schema(schema) => of_schema(schema),
        };
        Some(Row {
            updated_at: self.updated_at,
            ..row
        })
    }
}

fn of_message(message: &Message) -> Row {
    let text = message.texts.first().map_or("", |text| &text.value);
    let line = text.trim_start().lines().next().unwrap_or_default();
    Row {
        parent: message.thread,
        conflict: message.texts.len() > 1,
        ..plain(ItemKind::Message, line)
    }
}

fn of_file(file: &File) -> Row {
    let path = file.places.first().map_or("", |place| place.value.as_str());
    Row {
        // A path that is cut names another file.
        title: path.to_owned(),
        listed: file.is_in_tree(),
        conflict: file.has_conflict(),
        ..plain(ItemKind::File, "")
    }
}

fn of_note(note: &Note) -> Row {
    let title = note.titles.first().map_or("", |title| title.value.as_str());
    let open = note.open_proposals().count();
    Row {
        conflict: note.titles.len() > 1,
        open_proposal_count: u32::try_from(open).unwrap_or(u32::MAX),
        ..plain(ItemKind::Note, title)
    }
}

fn of_record(record: &Record, schema: Option<&Schema>) -> Row {
    let fields = schema.into_iter().flat_map(Schema::fields);
    let texts = fields.filter(|field| !field.retired && field.field_type.kind() == FieldKind::Text);
    let title = texts
        .flat_map(|field| record.values(field.number))
        .find_map(|written| as_text(written.value));
    Row {
        parent: Some(record.schema()),
        conflict: record.has_conflict(),
        ..plain(ItemKind::Record, title.unwrap_or_default())
    }
}

fn of_schema(schema: &Schema) -> Row {
    let name = schema.versions.first();
    Row {
        conflict: schema.has_conflict(),
        ..plain(
            ItemKind::Schema,
            name.map_or("", |version| version.value.name.as_str()),
        )
    }
}

fn as_text(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::Text(text)) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

fn plain(kind: ItemKind, title: &str) -> Row {
    Row {
        kind,
        title: title.chars().take(SUMMARY_CHARS_MAX).collect(),
        parent: None,
        updated_at: 0,
        listed: true,
        conflict: false,
        open_proposal_count: 0,
    }
}
