//! Variables, and whether what came back is what was expected.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What `$name` means.
pub type Variables = BTreeMap<String, Value>;

/// The value with every `$name` in it replaced.
pub fn resolve(value: &Value, variables: &Variables) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => match text.strip_prefix('$') {
            Some(name) => variables.get(name).cloned().ok_or_else(|| format!("`${name}` is not known"))?,
            None => value.clone(),
        },
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| resolve(item, variables)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => Value::Object(resolve_fields(fields, variables)?),
        other => other.clone(),
    })
}

/// [`resolve`] for the fields of an object.
pub fn resolve_fields(fields: &Map<String, Value>, variables: &Variables) -> Result<Map<String, Value>, String> {
    fields.iter().map(|(name, value)| Ok((name.clone(), resolve(value, variables)?))).collect()
}

/// Whether a value is what was expected. Numbers and decimal strings are the same; unless `exact`, fields that are not
/// named are not compared.
pub fn matches(expected: &Value, got: &Value, exact: bool) -> bool {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            (!exact || expected.len() == got.len())
                && expected.iter().all(|(name, value)| got.get(name).is_some_and(|got| matches(value, got, exact)))
        }
        (Value::Array(expected), Value::Array(got)) => {
            expected.len() == got.len() && expected.iter().zip(got).all(|(one, two)| matches(one, two, exact))
        }
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            number.to_string() == text.replace('_', "")
        }
        (Value::String(one), Value::String(two)) => one == two || is_number(one) && one.replace('_', "") == *two,
        // A name alone stands for any fields.
        (Value::String(name), Value::Object(got)) => !exact && got.len() == 1 && got.contains_key(name),
        (one, two) => one == two,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// The parts of `instance.method(argument, argument)`.
pub fn parse_query(text: &str) -> Option<(&str, &str, Vec<Value>)> {
    let (target, arguments) = text.strip_suffix(')')?.split_once('(')?;
    let (instance, method) = target.split_once('.')?;
    let argument = |part: &str| {
        let part = part.trim();
        serde_json::from_str(part).unwrap_or_else(|_| Value::String(part.to_owned()))
    };
    let parts = if arguments.trim().is_empty() { Vec::new() } else { arguments.split(',').map(argument).collect() };
    Some((instance, method, parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_named_fields_are_compared_unless_exact() {
        let got = json!({ "Moved": { "from": "0x01", "units": "70" } });
        let check = |expected: Value, loosely, exactly| {
            assert_eq!(
                (matches(&expected, &got, false), matches(&expected, &got, true)),
                (loosely, exactly),
                "{expected}"
            );
        };
        check(json!({ "Moved": { "units": 70 } }), true, false);
        check(json!({ "Moved": { "units": "7_0", "from": "0x01" } }), true, true);
        check(json!("Moved"), true, false);
        check(json!({ "Moved": { "units": 71 } }), false, false);
        check(json!({ "Moved": { "to": 71 } }), false, false);
        check(json!("Frozen"), false, false);
    }

    #[test]
    fn variables_are_replaced_everywhere_and_unknown_ones_are_told() {
        let variables = Variables::from([("alice".to_owned(), json!("0xA1"))]);
        let value = json!({ "to": "$alice", "list": ["$alice", 3] });
        assert_eq!(resolve(&value, &variables), Ok(json!({ "to": "0xA1", "list": ["0xA1", 3] })));
        assert_eq!(resolve(&json!("$bob"), &variables), Err("`$bob` is not known".to_owned()));
    }

    #[test]
    fn queries_are_read_with_their_arguments() {
        assert_eq!(parse_query("token.total()"), Some(("token", "total", Vec::new())));
        let arguments = vec![json!("$alice"), json!(3)];
        assert_eq!(parse_query("token.allowance($alice, 3)"), Some(("token", "allowance", arguments)));
        assert_eq!(parse_query("token.total"), None);
    }
}
