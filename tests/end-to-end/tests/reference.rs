//! The reference page of JSON-RPC is what the types say, and the document follows the rules of OpenRPC.

use counterpart_node::rpc::{CATALOGUE, document};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// A schema in a few words.
fn words(schema: &Value) -> String {
    if let Some(path) = schema["$ref"].as_str() {
        return path.rsplit('/').next().unwrap_or(path).to_owned();
    }
    for list in ["anyOf", "oneOf", "allOf"] {
        if let Some(options) = schema[list].as_array() {
            return options.iter().map(words).filter(|word| word != "null").collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    let kind = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    if kind == "array" { format!("list of {}", words(&schema["items"])) } else { kind }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => document.pointer(path.trim_start_matches('#')).expect("a reference leads somewhere"),
        None => schema,
    }
}

fn fields(page: &mut String, document: &Value, schema: &Value) {
    let object = resolve(document, schema);
    for (name, field) in object["properties"].as_object().into_iter().flatten() {
        let text = field["description"].as_str().unwrap_or_default().replace('\n', " ");
        writeln!(page, "| `{name}` | {} | {text} |", words(field)).expect("text grows");
    }
}

fn page(document: &Value) -> String {
    let mut page = String::from(
        "# JSON-RPC\n\nMade from the types of the methods; `rpc.discover` answers the same as an OpenRPC document.\n\
         Parameters are one object. Values of the chain travel as JSON for people and as `raw` for machines, which is the\n\
         hex of their canonical encoding. A height is a number, `\"latest\"` or `\"final\"`. Pages have at most 100 entries;\n\
         `next` of a page begins the following one. `dev_` methods exist on a devnet only.\n",
    );
    for method in document["methods"].as_array().expect("methods") {
        let name = method["name"].as_str().expect("a name");
        let summary = method["summary"].as_str().expect("a summary");
        write!(page, "\n## `{name}`\n\n{summary}\n").expect("text grows");
        if let Some(more) = method["description"].as_str() {
            writeln!(page, "{more}").expect("text grows");
        }
        let parameters = method["params"].as_array().expect("parameters");
        if !parameters.is_empty() {
            page.push_str("\n| parameter | type | |\n|---|---|---|\n");
        }
        for parameter in parameters {
            let required = if parameter["required"] == true { "" } else { " (optional)" };
            let text = parameter["description"].as_str().unwrap_or_default().replace('\n', " ");
            let name = parameter["name"].as_str().expect("a name");
            writeln!(page, "| `{name}`{required} | {} | {text} |", words(&parameter["schema"])).expect("text grows");
        }
        let answer =
            if method["x-notification"].is_null() { &method["result"]["schema"] } else { &method["x-notification"] };
        let answers = resolve(document, answer);
        if answers["properties"].is_object() {
            page.push_str("\n| answer | type | |\n|---|---|---|\n");
            fields(&mut page, document, answer);
        }
        let errors = method["errors"].as_array().into_iter().flatten().filter_map(|error| error["$ref"].as_str());
        let errors: Vec<String> = errors
            .map(|path| format!("`{}`", path.rsplit('/').next().unwrap_or(path)))
            .filter(|name| name != "`bad_parameters`" && name != "`fault`")
            .collect();
        if !errors.is_empty() {
            write!(page, "\nErrors: {}\n", errors.join(", ")).expect("text grows");
        }
    }
    page.push_str("\n## Types\n");
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        let text = schema["description"].as_str().unwrap_or_default();
        write!(page, "\n### {name}\n\n{text}\n").expect("text grows");
        if schema["properties"].is_object() {
            page.push_str("\n| field | type | |\n|---|---|---|\n");
            fields(&mut page, document, schema);
        }
    }
    page.push_str("\n## Errors\n\n| name | number | |\n|---|---|---|\n");
    for entry in CATALOGUE {
        writeln!(page, "| `{}` | {} | {} |", entry.name, entry.number, entry.meaning).expect("text grows");
    }
    page
}

#[test]
fn reference_page_is_made_from_the_types() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rpc.md");
    counterpart_golden::check(&file, &page(&document(true)));
}

#[test]
fn references_lead_somewhere_and_names_are_used_once() {
    let document = document(true);
    let mut names = BTreeSet::new();
    for method in document["methods"].as_array().expect("methods") {
        assert!(names.insert(method["name"].to_string()), "{} stands twice", method["name"]);
        assert!(method["result"]["schema"].is_object() || method["result"]["schema"] == true);
    }
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        if let Some(path) = value["$ref"].as_str() {
            assert!(document.pointer(path.trim_start_matches('#')).is_some(), "{path} leads nowhere");
        }
        match value {
            Value::Object(fields) => waiting.extend(fields.values()),
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    let without = counterpart_node::rpc::document(false);
    assert!(!without.to_string().contains("dev_fund"), "networks offer nothing for development");
}
