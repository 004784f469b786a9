//! What documents add to the standard: names with a prefix, in the order of their texts.

use super::fields::{Part, is_known};
use super::{Context, EpcisError, MAX_DEPTH, scalar};
use serde_json::{Map, Value};

/// The text of all that the standard's text does not have.
pub(crate) fn text(event: &Map<String, Value>, context: &Context<'_>) -> Result<String, EpcisError> {
    Ok(within(event, Part::Event, context, 0)?.concat())
}

fn within(
    fields: &Map<String, Value>,
    part: Part,
    context: &Context<'_>,
    depth: usize,
) -> Result<Vec<String>, EpcisError> {
    if depth > MAX_DEPTH {
        return Err(EpcisError::TooDeep);
    }
    let mut texts = Vec::new();
    for (name, value) in fields {
        // Parts of the standard that can hold additions stand under their bare names.
        let bare = match (part, name.as_str()) {
            (Part::Event, "ilmd") => Some(("ilmd", Part::Other)),
            (Part::Event, "readPoint") => Some(("readPoint", Part::Place)),
            (Part::Event, "bizLocation") => Some(("bizLocation", Part::Place)),
            (Part::Event, "sensorElementList") => Some(("sensorElement", Part::SensorElement)),
            (Part::SensorElement, "sensorMetadata") => Some(("sensorMetadata", Part::Metadata)),
            (Part::SensorElement, "sensorReport") => Some(("sensorReport", Part::Report)),
            _ => None,
        };
        match bare {
            Some((bare, part)) => {
                for element in elements(value) {
                    let Value::Object(fields) = element else { continue };
                    let inner = within(fields, part, context, depth + 1)?;
                    if !inner.is_empty() {
                        texts.push(format!("{bare}{}", inner.concat()));
                    }
                }
            }
            None if is_known(part, name) => {}
            None => added(&context.expand(name)?, value, context, depth + 1, &mut texts)?,
        }
    }
    texts.sort_unstable();
    Ok(texts)
}

/// The elements of a list, or the value itself.
fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn added(
    name: &str,
    value: &Value,
    context: &Context<'_>,
    depth: usize,
    texts: &mut Vec<String>,
) -> Result<(), EpcisError> {
    if depth > MAX_DEPTH {
        return Err(EpcisError::TooDeep);
    }
    match value {
        Value::Array(list) => {
            for element in list {
                added(name, element, context, depth + 1, texts)?;
            }
        }
        Value::Object(fields) => {
            texts.push(format!("{name}{}", within(fields, Part::Other, context, depth + 1)?.concat()));
        }
        // Nothing is said by nothing.
        Value::Null => {}
        simple => texts.extend(scalar(simple).map(|text| format!("{name}={text}"))),
    }
    Ok(())
}
