//! Methods by name, with the types from which their description is made.

use super::backend::Backend;
use super::error::RpcError;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

type Call = Box<dyn Fn(&dyn Backend, Value) -> Result<Value, RpcError> + Send + Sync>;

/// One method.
pub struct Method {
    /// `namespace_verb`.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Names of the errors it can answer, besides `bad_parameters` and `fault`.
    pub errors: &'static [&'static str],
    /// The schema of its parameters: an object.
    pub parameters: fn(&mut SchemaGenerator) -> Schema,
    /// The schema of its answer.
    pub answer: fn(&mut SchemaGenerator) -> Schema,
    call: Call,
}

impl Method {
    /// A method from a function of typed parameters.
    pub fn new<P, A>(
        name: &'static str,
        summary: &'static str,
        errors: &'static [&'static str],
        handler: fn(&dyn Backend, P) -> Result<A, RpcError>,
    ) -> Self
    where
        P: DeserializeOwned + JsonSchema + 'static,
        A: Serialize + JsonSchema + 'static,
    {
        let call = move |backend: &dyn Backend, parameters: Value| {
            let parameters = serde_path_to_error::deserialize(parameters).map_err(|error| {
                let path = error.path().to_string();
                let place = if path == "." { String::new() } else { format!("`{path}`: ") };
                RpcError::new("bad_parameters", format!("{place}{}", error.into_inner()))
                    .hint("rpc.discover describes the parameters of each method")
            })?;
            let answer = handler(backend, parameters)?;
            serde_json::to_value(answer).map_err(|error| RpcError::new("fault", error.to_string()))
        };
        Self {
            name,
            summary,
            errors,
            parameters: |generator| generator.subschema_for::<P>(),
            answer: |generator| generator.subschema_for::<A>(),
            call: Box::new(call),
        }
    }

    /// Runs it with an object of parameters.
    pub fn call(&self, backend: &dyn Backend, parameters: Value) -> Result<Value, RpcError> {
        (self.call)(backend, parameters)
    }
}
