//! The definition of a kind of records as people write it, in JSON.

use serde_json::{Map, Value};
use team_content::limits::{FIELDS_MAX, OPTIONS_MAX, PLACES_MAX};
use team_content::schema::{ChoiceOption, Field, FieldType, SchemaVersion};
use team_core::name::Name;

use crate::team::TeamError;

/// Reads a definition. Unknown names in it are errors: they may be misspelt.
pub(super) fn parse(text: &str) -> Result<SchemaVersion, TeamError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|err| wrong(format!("the definition is no JSON: {err}")))?;
    let object = object(&value, "the definition", &["name", "fields"])?;
    let fields = object.get("fields").and_then(Value::as_array);
    let fields = fields.ok_or_else(|| wrong("the definition has no list of fields".to_owned()))?;
    if fields.len() > FIELDS_MAX {
        return Err(wrong(format!(
            "a definition has at most {FIELDS_MAX} fields"
        )));
    }
    let mut read: Vec<Field> = Vec::new();
    for (number, value) in (0..).zip(fields) {
        let field = field(number, value)?;
        if read.iter().any(|other| other.name == field.name) {
            return Err(wrong(format!("two fields are called {}", field.name)));
        }
        read.push(field);
    }
    Ok(SchemaVersion {
        name: name(object, "the definition")?,
        fields: read,
    })
}

fn field(number: u16, value: &Value) -> Result<Field, TeamError> {
    let known = ["name", "type", "places", "options", "unit"];
    let object = object(value, "a field", &known)?;
    let name = name(object, "a field")?;
    let kind = object.get("type").and_then(Value::as_str);
    let field_type = match kind.unwrap_or_default() {
        "text" => FieldType::Text,
        "integer" => FieldType::Integer,
        "decimal" => FieldType::Decimal {
            places: places(object, &name)?,
        },
        "date" => FieldType::Date,
        "choice" => FieldType::Choice {
            options: options(object, &name)?,
        },
        "yes-no" => FieldType::YesNo,
        "person" => FieldType::Person,
        "tags" => FieldType::Tags,
        "sum" => FieldType::Sum {
            places: places(object, &name)?,
            unit: unit(object)?,
        },
        _ => {
            return Err(wrong(format!(
                "the type of the field {name} is text, integer, decimal, date, choice, yes-no, \
                 person, tags or sum"
            )));
        }
    };
    Ok(Field {
        number,
        name,
        retired: false,
        field_type,
    })
}

fn object<'a>(
    value: &'a Value,
    what: &str,
    known: &[&str],
) -> Result<&'a Map<String, Value>, TeamError> {
    let object = value.as_object();
    let object = object.ok_or_else(|| wrong(format!("{what} is no JSON object")))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(wrong(format!(
            "{what} has {}, and only {} are known",
            pack_format::shown::Shown(key),
            known.join(", ")
        ))),
        None => Ok(object),
    }
}

fn name(object: &Map<String, Value>, what: &str) -> Result<Name, TeamError> {
    let name = object.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| wrong(format!("{what} has no name")))?;
    Name::new(name).map_err(TeamError::Format)
}

/// How many decimal places; two where nothing is said.
fn places(object: &Map<String, Value>, name: &Name) -> Result<u8, TeamError> {
    let Some(value) = object.get("places") else {
        return Ok(PLACES_UNSAID);
    };
    let places = value.as_u64().and_then(|places| u8::try_from(places).ok());
    places
        .filter(|places| *places <= PLACES_MAX)
        .ok_or_else(|| wrong(format!("the field {name} has 0 to {PLACES_MAX} places")))
}

fn options(object: &Map<String, Value>, name: &Name) -> Result<Vec<ChoiceOption>, TeamError> {
    let options = object.get("options").and_then(Value::as_array);
    let options = options
        .filter(|options| !options.is_empty() && options.len() <= OPTIONS_MAX)
        .ok_or_else(|| wrong(format!("the field {name} has 1 to {OPTIONS_MAX} options")))?;
    let mut read: Vec<ChoiceOption> = Vec::new();
    for (number, option) in (0..).zip(options) {
        let text = option.as_str().unwrap_or_default();
        let option = Name::new(text).map_err(TeamError::Format)?;
        if read.iter().any(|other| other.name == option) {
            return Err(wrong(format!("the field {name} has {option} twice")));
        }
        read.push(ChoiceOption {
            number,
            name: option,
        });
    }
    Ok(read)
}

fn unit(object: &Map<String, Value>) -> Result<Option<Name>, TeamError> {
    let unit = object.get("unit").and_then(Value::as_str);
    unit.map(Name::new).transpose().map_err(TeamError::Format)
}

fn wrong(what: String) -> TeamError {
    TeamError::Input { what }
}

/// Decimal places of money.
const PLACES_UNSAID: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_read_in_the_order_of_its_fields() {
        let text = r#"{ "name": "Expense", "fields": [
            { "name": "Title", "type": "text" },
            { "name": "State", "type": "choice", "options": ["open", "done"] },
            { "name": "Paid", "type": "sum", "places": 3, "unit": "EUR" } ] }"#;
        let version = parse(text).unwrap();
        assert_eq!(version.name.as_str(), "Expense");
        let fields: Vec<_> = version
            .fields
            .iter()
            .map(|field| {
                (
                    field.number,
                    field.name.as_str(),
                    field.field_type.kind().words(),
                )
            })
            .collect();
        let expected = [
            (0, "Title", "text"),
            (1, "State", "a choice"),
            (2, "Paid", "a sum"),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_definition_with_something_misspelt_is_refused() {
        for text in [
            "",
            "[]",
            r#"{ "fields": [] }"#,
            r#"{ "name": "A" }"#,
            r#"{ "name": "A", "fields": [], "feilds": [] }"#,
            r#"{ "name": "A", "fields": [{ "name": "B", "type": "txet" }] }"#,
            r#"{ "name": "A", "fields": [{ "name": "B", "type": "text", "unti": "h" }] }"#,
            r#"{ "name": "A", "fields": [{ "name": "B", "type": "choice" }] }"#,
            r#"{ "name": "A", "fields": [{ "name": "B", "type": "sum", "places": 99 }] }"#,
            r#"{ "name": "A", "fields": [{ "name": "B", "type": "text" },
                { "name": "B", "type": "date" }] }"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
