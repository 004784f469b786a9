//! A contract's interface at run time: arguments in, results, errors and events out.

use crate::error::{bytes, bytes32, failure, hex_of};
use counterpart_abi::transcode::{Numbers, TranscodeError};
use counterpart_abi::{ContractAbi, Method};
use serde_json::{Map, Value, json};
use wasm_bindgen::prelude::*;

/// The interface of a contract.
#[wasm_bindgen]
pub struct Interface {
    abi: ContractAbi,
}

fn mismatch(error: TranscodeError) -> JsValue {
    failure("bad_value", error, "the interface says which type stands where")
}

impl Interface {
    fn method(&self, name: &str) -> Result<&Method, JsValue> {
        let names = || self.abi.methods.iter().map(|method| method.name.as_str()).collect::<Vec<_>>().join(", ");
        let unknown =
            || failure("unknown_method", format!("there is no method `{name}`"), &format!("there are: {}", names()));
        self.abi.method(name).ok_or_else(unknown)
    }
}

#[wasm_bindgen]
impl Interface {
    /// Reads the `section` that `contract_abi` answers.
    ///
    /// # Errors
    /// `no_interface` when the bytes are not an interface.
    #[wasm_bindgen(js_name = fromSection)]
    pub fn from_section(section: &str) -> Result<Interface, JsValue> {
        let bytes = bytes("section", section)?;
        let wrong = |error| failure("no_interface", error, "take it from contract_abi, or from a build's .abi.json");
        Ok(Self { abi: ContractAbi::from_section(&bytes).map_err(wrong)? })
    }

    /// Name, methods, events and types, as JSON.
    pub fn describe(&self) -> String {
        self.abi.to_json(&[]).to_string()
    }

    /// Call data of a method, from a JSON object of arguments.
    ///
    /// # Errors
    /// `unknown_method`, or `bad_value` with the path of what does not fit.
    #[wasm_bindgen(js_name = encodeCall)]
    pub fn encode_call(&self, method: &str, arguments: &str) -> Result<String, JsValue> {
        let method = self.method(method)?;
        let wrong = |error| failure("bad_value", error, "give the arguments as one JSON object");
        let arguments: Map<String, Value> = serde_json::from_str(arguments).map_err(wrong)?;
        Ok(hex_of(self.abi.encode_call(method, &arguments).map_err(mismatch)?))
    }

    /// Method and arguments in call data, as JSON.
    ///
    /// # Errors
    /// `unknown_method` or `bad_value` when the data are of no method.
    #[wasm_bindgen(js_name = decodeCall)]
    pub fn decode_call(&self, input: &str) -> Result<String, JsValue> {
        let input = bytes("input", input)?;
        let unknown = || failure("unknown_method", "the call data are of no method", "they may be of another contract");
        let method = self.abi.method_of(&input).ok_or_else(unknown)?;
        let arguments = self.abi.decode_arguments_as(method, &input, Numbers::Tagged).map_err(mismatch)?;
        Ok(json!({ "method": method.name, "arguments": arguments }).to_string())
    }

    /// What a method returned, as JSON.
    ///
    /// # Errors
    /// `unknown_method`, or `bad_value` when the bytes are not its result.
    #[wasm_bindgen(js_name = decodeOutput)]
    pub fn decode_output(&self, method: &str, output: &str) -> Result<String, JsValue> {
        let method = self.method(method)?;
        let output = bytes("output", output)?;
        let value = self.abi.decode_value_as(method.output, &output, Numbers::Tagged).map_err(mismatch)?;
        Ok(value.to_string())
    }

    /// Name and fields of an event, as JSON; `undefined` for events of other contracts.
    ///
    /// # Errors
    /// `bad_value` when the data do not decode.
    #[wasm_bindgen(js_name = decodeEvent)]
    pub fn decode_event(&self, topic: &str, data: &str) -> Result<Option<String>, JsValue> {
        let Some(event) = self.abi.event(&bytes32("topic", topic)?) else { return Ok(None) };
        let data = bytes("data", data)?;
        let fields = self.abi.decode_event_as(event, &data, Numbers::Tagged).map_err(mismatch)?;
        Ok(Some(json!({ "name": event.name, "fields": fields }).to_string()))
    }
}
