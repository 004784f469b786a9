//! The interface as an OpenRPC document (<https://spec.open-rpc.org>), made from the types of the methods.

use super::error::CATALOGUE;
use super::registry::Method;
use super::subscriptions::SUBSCRIPTIONS;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// The document.
pub fn document(methods: &[Method]) -> Value {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = SchemaGenerator::new(settings);
    let mut described: Vec<Value> = methods.iter().map(|method| describe(method, &mut generator)).collect();
    described.extend(SUBSCRIPTIONS.iter().map(|subscription| {
        json!({
            "name": subscription.subscribe,
            "summary": subscription.summary,
            "description": format!("WebSocket only; ends with {}.", subscription.unsubscribe),
            "paramStructure": "by-name",
            "params": (subscription.parameters)(&mut generator),
            "result": { "name": "subscription", "schema": { "type": ["string", "integer"] } },
            "x-notification": (subscription.notification)(&mut generator),
        })
    }));
    let mut schemas = Value::Object(generator.take_definitions(true));
    let errors = CATALOGUE.iter().map(|entry| {
        let error = json!({ "code": entry.number, "message": entry.meaning, "data": { "name": entry.name } });
        (entry.name.to_owned(), error)
    });
    let errors: serde_json::Map<String, Value> = errors.collect();
    // Parameters stand in the methods; what is left are the shared types.
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.retain(|name, _| !name.ends_with("Parameters"));
    }
    json!({
        "openrpc": "1.3.2",
        "info": { "title": "Counterpart", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "MIT OR Apache-2.0" } },
        "methods": described,
        "components": { "schemas": schemas, "errors": errors },
    })
}

fn describe(method: &Method, generator: &mut SchemaGenerator) -> Value {
    let parameters = (method.parameters)(generator);
    let errors = method.errors.iter().chain(&["bad_parameters", "fault"]);
    json!({
        "name": method.name,
        "summary": method.summary,
        "paramStructure": "by-name",
        "params": descriptors(parameters.as_value(), generator),
        "result": { "name": "answer", "schema": (method.answer)(generator) },
        "errors": errors.map(|name| json!({ "$ref": format!("#/components/errors/{name}") })).collect::<Vec<_>>(),
    })
}

/// The fields of an object of parameters as content descriptors.
pub fn descriptors(parameters: &Value, generator: &SchemaGenerator) -> Value {
    let name = parameters["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    let object = match name.and_then(|name| generator.definitions().get(name)) {
        Some(definition) => definition,
        None => parameters,
    };
    let required: Vec<&str> = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = object["properties"].as_object().into_iter().flatten();
    let describe = |(name, schema): (&String, &Value)| {
        let mut described = json!({ "name": name, "required": required.contains(&name.as_str()), "schema": schema });
        if let Some(text) = schema["description"].as_str() {
            described["description"] = text.into();
        }
        described
    };
    properties.map(describe).collect()
}
