//! Runs the vectors of content operations.

use data_encoding::HEXLOWER;
use team_content::batch::{Unusable, decode_batch, encode_batch};
use team_content::blob::{Chunk, Chunks, Content};
use team_content::item_id::{Dot, ItemId};
use team_content::message::Attachment;
use team_content::note::Decision;
use team_content::operation::Operation;
use team_content::schema::{FieldType, SchemaVersion};
use team_content::value::Value;
use team_core::content::decode_operations;
use team_core::ids::DeviceId;

use super::super::file::{VectorFile, unhex};
use super::super::run::{Outcome, out};

/// The operations of a segment. The first that breaks a rule is the outcome.
pub(super) fn operation(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let author = DeviceId(vector.hex32("device"));
    let number = vector.header("number").unwrap().parse().unwrap();
    let seen = |device: DeviceId| {
        let lines = vector.all("seen").map(|line| line.split_once(' ').unwrap());
        let mut of_device = lines.filter(|(id, _)| unhex(id) == device.0);
        of_device
            .next()
            .map_or(0, |(_, number)| number.parse().unwrap())
    };
    let mut outs = Vec::new();
    let mut known = Vec::new();
    let operations = decode_operations(payload)?;
    for decoded in decode_batch(author, number, &seen, &operations)? {
        let line = match decoded.operation {
            Ok(operation) => {
                let line = line(author, &operation);
                known.push(operation);
                line
            }
            Err(Unusable::UnknownKind { .. }) => "of a later version".to_owned(),
            Err(Unusable::Malformed(err)) => return Err(err.into()),
            Err(other) => panic!("no vector can have this outcome: {other}"),
        };
        outs.push(out("operation", format!("{} {line}", decoded.dot.index)));
    }
    let again = encode_batch(author, number, &known).unwrap();
    let again = decode_batch(author, number, &seen, &again).unwrap();
    let again: Vec<_> = again.into_iter().map(|it| it.operation.unwrap()).collect();
    assert_eq!(again, known, "an operation has a second reading");
    Ok(outs)
}

fn line(author: DeviceId, operation: &Operation) -> String {
    let item = id(operation.item(author));
    match operation {
        Operation::NewMessage(it) => format!(
            "NewMessage item={item} thread={} answers={} attachments=[{}] text={:?}",
            it.thread.map_or("none".to_owned(), id),
            it.reply_to.map_or("none".to_owned(), id),
            it.attachments
                .iter()
                .map(attachment)
                .collect::<Vec<_>>()
                .join(", "),
            it.text,
        ),
        Operation::EditMessage(it) => {
            format!(
                "EditMessage item={item} replaces={} text={:?}",
                dots(&it.replaces),
                it.text
            )
        }
        Operation::PutFile(it) => format!(
            "PutFile item={item} path={} executable={} content={}",
            it.path.as_str(),
            it.version.executable,
            content(&it.version.content)
        ),
        Operation::PutVersion(it) => format!(
            "PutVersion item={item} executable={} content={} replaces={}",
            it.version.executable,
            content(&it.version.content),
            dots(&it.replaces)
        ),
        Operation::MoveFile(it) => {
            format!(
                "MoveFile item={item} path={} replaces={}",
                it.path.as_str(),
                dots(&it.replaces)
            )
        }
        Operation::RemoveFile(it) => {
            format!("RemoveFile item={item} versions={}", dots(&it.versions))
        }
        Operation::CreateNote(it) => {
            format!("CreateNote item={item} title={:?}", it.title.as_str())
        }
        Operation::RenameNote(it) => format!(
            "RenameNote item={item} title={:?} replaces={}",
            it.title.as_str(),
            dots(&it.replaces)
        ),
        Operation::EditNote(it) => {
            let update = HEXLOWER.encode(&it.update);
            format!("EditNote item={item} branch={} update={update}", it.branch)
        }
        Operation::ProposeEdit(it) => {
            let update = HEXLOWER.encode(&it.update);
            format!(
                "ProposeEdit item={item} branch={} remark={:?} update={update}",
                it.branch, it.remark
            )
        }
        Operation::DecideProposal(it) => {
            let decision = if it.decision == Decision::Merge {
                "merge"
            } else {
                "refuse"
            };
            format!(
                "DecideProposal item={item} proposal={} {decision} remark={:?}",
                dot(&it.proposal),
                it.remark
            )
        }
        other => of_record(&item, other),
    }
}

fn of_record(item: &str, operation: &Operation) -> String {
    match operation {
        Operation::CreateRecord(it) => format!("CreateRecord item={item} schema={}", id(it.schema)),
        Operation::SetField(it) => format!(
            "SetField item={item} field={} replaces={} value={}",
            it.field,
            dots(&it.replaces),
            it.value.as_ref().map_or("none".to_owned(), value)
        ),
        Operation::AddTag(it) => {
            format!(
                "AddTag item={item} field={} tag={:?}",
                it.field,
                it.tag.as_str()
            )
        }
        Operation::RemoveTag(it) => {
            format!(
                "RemoveTag item={item} field={} adds={}",
                it.field,
                dots(&it.adds)
            )
        }
        Operation::AddEvent(it) => format!(
            "AddEvent item={item} field={} amount={} remark={:?}",
            it.field, it.amount, it.remark
        ),
        Operation::DefineSchema(it) => format!("DefineSchema item={item} {}", schema(&it.version)),
        Operation::ReviseSchema(it) => format!(
            "ReviseSchema item={item} {} replaces={}",
            schema(&it.version),
            dots(&it.replaces)
        ),
        other => panic!("an operation that has no vector: {other:?}"),
    }
}

fn id(item: ItemId) -> String {
    HEXLOWER.encode(&item.0)
}

fn dot(dot: &Dot) -> String {
    format!(
        "{}/{}/{}",
        HEXLOWER.encode(&dot.device.0),
        dot.number,
        dot.index
    )
}

fn dots(dots: &[Dot]) -> String {
    format!("[{}]", dots.iter().map(dot).collect::<Vec<_>>().join(" "))
}

fn chunk(chunk: &Chunk) -> String {
    let (id, key) = (HEXLOWER.encode(&chunk.id.0), HEXLOWER.encode(&chunk.key.0));
    format!("{id}/{key}/{}", chunk.size_bytes)
}

fn content(content: &Content) -> String {
    let (word, chunks) = match &content.chunks {
        Chunks::Inline(chunks) => ("", chunks),
        Chunks::Listed(chunks) => ("list ", chunks),
    };
    let chunks: Vec<String> = chunks.iter().map(chunk).collect();
    let chunks = format!("{word}[{}]", chunks.join(" "));
    format!(
        "{} {} {chunks}",
        content.size_bytes,
        HEXLOWER.encode(&content.hash)
    )
}

fn attachment(attachment: &Attachment) -> String {
    format!(
        "{} {}",
        attachment.name.as_str(),
        content(&attachment.content)
    )
}

fn value(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("text {text:?}"),
        Value::Integer(integer) => format!("integer {integer}"),
        Value::Decimal(decimal) => format!("decimal {decimal}"),
        Value::Date(date) => format!("date {date}"),
        Value::Choice(option) => format!("choice {option}"),
        Value::YesNo(true) => "yes".to_owned(),
        Value::YesNo(false) => "no".to_owned(),
        Value::Person(member) => format!("person {}", HEXLOWER.encode(&member.0)),
        other => panic!("a value that has no vector: {other:?}"),
    }
}

fn schema(version: &SchemaVersion) -> String {
    let fields = version.fields.iter().map(|field| {
        let retired = if field.retired { " retired" } else { "" };
        let of_type = match &field.field_type {
            FieldType::Decimal { places } => format!("Decimal {places}"),
            FieldType::Choice { options } => {
                let options = options
                    .iter()
                    .map(|it| format!(" {} {}", it.number, it.name));
                format!("Choice{}", options.collect::<String>())
            }
            FieldType::Sum { places, unit } => {
                let unit = unit
                    .as_ref()
                    .map_or(String::new(), |unit| format!(" {unit}"));
                format!("Sum {places}{unit}")
            }
            plain => format!("{plain:?}"),
        };
        format!("{} {} {of_type}{retired}", field.number, field.name)
    });
    let fields = fields.collect::<Vec<_>>().join(", ");
    format!("name={:?} fields=[{fields}]", version.name.as_str())
}
