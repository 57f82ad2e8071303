//! The command line of records in spaces.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with records.
#[derive(Debug, Subcommand)]
pub enum RecordCommand {
    /// Define a kind of records, or revise one; for approvers.
    Define(DefineRecords),
    /// List the kinds of records and their fields.
    Schemas(SpaceOnly),
    /// Make a record.
    New(NewRecord),
    /// Set fields of a record; nothing after the = clears one.
    Set(SetRecord),
    /// Add tags to a field.
    Tag(TagRecord),
    /// Remove tags from a field.
    Untag(TagRecord),
    /// Add an amount to a sum: hours, money, pieces.
    Add(AddToRecord),
    /// Show a record, and where it is.
    Show(OneRecord),
    /// List the records of a space.
    List(ListRecords),
    /// List the fields that were set by several at the same time, each with the command that
    /// settles it.
    Conflicts(SpaceOnly),
    /// Show who did what to a record.
    History(OneRecord),
    /// Have every device destroy a record; counts who says that it has.
    Delete(OneRecord),
}

/// Arguments of `record define`.
#[derive(Debug, Args)]
pub struct DefineRecords {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The definition, as the examples show it.
    #[arg(value_name = "FILE.json")]
    pub file: PathBuf,
    /// The kind that it revises: its name or its item.
    #[arg(long, value_name = "SCHEMA")]
    pub revise: Option<String>,
    /// Who is to read it, if not everybody.
    #[arg(long, value_name = "NAME", conflicts_with = "revise")]
    pub compartment: Option<String>,
}

/// A space.
#[derive(Debug, Args)]
pub struct SpaceOnly {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
}

/// Arguments of `record new`.
#[derive(Debug, Args)]
pub struct NewRecord {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// What kind of record: the name of the schema, or its item.
    #[arg(value_name = "SCHEMA")]
    pub schema: String,
    /// What its fields hold; tags with commas between them.
    #[arg(value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    /// Who is to read it [default: who reads the schema].
    #[arg(long, value_name = "NAME")]
    pub compartment: Option<String>,
}

/// Arguments of `record set`.
#[derive(Debug, Args)]
pub struct SetRecord {
    /// The record, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// What its fields hold from now on.
    #[arg(value_name = "FIELD=VALUE", required = true)]
    pub fields: Vec<String>,
}

/// Arguments of `record tag` and `record untag`.
#[derive(Debug, Args)]
pub struct TagRecord {
    /// The record, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// The field.
    #[arg(value_name = "FIELD")]
    pub field: String,
    /// The tags.
    #[arg(value_name = "TAG", required = true)]
    pub tags: Vec<String>,
}

/// Arguments of `record add`.
#[derive(Debug, Args)]
pub struct AddToRecord {
    /// The record, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// The field.
    #[arg(value_name = "FIELD")]
    pub field: String,
    /// How much; less than zero takes away.
    #[arg(value_name = "AMOUNT", allow_negative_numbers = true)]
    pub amount: String,
    /// What for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// A record.
#[derive(Debug, Args)]
pub struct OneRecord {
    /// The record, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
}

/// Arguments of `record list`.
#[derive(Debug, Args)]
pub struct ListRecords {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// Only those of this kind: its name or its item.
    #[arg(long, value_name = "SCHEMA")]
    pub schema: Option<String>,
    /// At most so many, those that changed last.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub limit: u32,
}

pub(super) const RECORD_EXAMPLES: &str = "\
Examples:
  offline-vault record define desk expense.json
  offline-vault record new desk Expense Title=Paper State=open Due=2026-11-03 Paid=12.50
  offline-vault record set desk/3fa9 State=done
  offline-vault record tag desk/3fa9 Labels urgent
  offline-vault record add desk/3fa9 Paid -2.50 --note \"discount\"
  offline-vault record list desk --schema Expense
  offline-vault record conflicts desk
  offline-vault record history desk/3fa9

A definition:
  { \"name\": \"Expense\", \"fields\": [
    { \"name\": \"Title\", \"type\": \"text\" },
    { \"name\": \"State\", \"type\": \"choice\", \"options\": [\"open\", \"done\"] },
    { \"name\": \"Due\", \"type\": \"date\" },
    { \"name\": \"Labels\", \"type\": \"tags\" },
    { \"name\": \"Paid\", \"type\": \"sum\", \"places\": 2, \"unit\": \"EUR\" } ] }

Other types: integer, decimal (with places), yes-no, person. When two people set one field at the
same time, both values are kept and shown until somebody chooses; tags and sums of both count.";
