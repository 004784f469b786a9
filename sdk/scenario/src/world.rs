//! The chain that a scenario runs on: contracts by name, calls by the interface that they carry.

use crate::ground::{Asked, Ground};
use crate::value::{Variables, resolve};
use counterpart_abi::ContractAbi;
use counterpart_ledger::{Action, Address, Event, Outcome};
use counterpart_module::{Profile, prepare};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Finds the finished Wasm of a package.
pub trait Contracts {
    /// The bytes.
    ///
    /// # Errors
    /// Why there are none, in words.
    fn wasm(&self, package: &str) -> Result<Vec<u8>, String>;
}

impl<F: Fn(&str) -> Result<Vec<u8>, String>> Contracts for F {
    fn wasm(&self, package: &str) -> Result<Vec<u8>, String> {
        self(package)
    }
}

/// What became of a step that sent something.
pub struct Answer {
    /// How it ended: `{"ok": value}`, `{"error": ...}` or the word of a class.
    pub outcome: Value,
    /// What was reported, decoded.
    pub events: Vec<Value>,
}

struct Instance {
    address: Address,
    abi: ContractAbi,
}

/// A chain with the contracts of a scenario.
pub struct World<'a> {
    ground: &'a mut dyn Ground,
    contracts: &'a dyn Contracts,
    instances: BTreeMap<String, Instance>,
}

impl<'a> World<'a> {
    pub fn new(ground: &'a mut dyn Ground, contracts: &'a dyn Contracts) -> Self {
        Self { ground, contracts, instances: BTreeMap::new() }
    }

    /// The address of an actor.
    pub fn actor(&mut self, name: &str) -> Result<Address, String> {
        self.ground.actor(name)
    }

    /// The public key of an actor.
    pub fn public_key(&mut self, name: &str) -> Result<[u8; 32], String> {
        self.ground.public_key(name)
    }

    /// An actor's signature over bytes.
    pub fn sign(&mut self, name: &str, message: &[u8]) -> Result<[u8; 64], String> {
        self.ground.sign(name, message)
    }

    pub fn advance(&mut self, blocks: u64, ms: u64) -> Result<(), String> {
        self.ground.advance(blocks, ms)
    }

    /// Deploys a package under a name; answers its address.
    pub fn deploy(
        &mut self,
        sender: &str,
        package: &str,
        (id, constructor): (&str, &str),
        arguments: &Map<String, Value>,
    ) -> Result<Answer, String> {
        let wasm = self.contracts.wasm(package)?;
        let module = prepare(&wasm, &Profile::v1()).map_err(|error| format!("{package}: {error}"))?;
        let section = module.metadata.ok_or_else(|| format!("{package} carries no interface"))?;
        let abi = ContractAbi::from_section(&section).map_err(|error| format!("{package}: {error}"))?;
        let method = abi.method(constructor).ok_or_else(|| format!("{package} has no constructor `{constructor}`"))?;
        let input = abi.encode_call(method, arguments).map_err(|error| error.to_string())?;
        let salt = self.ground.salt();
        let deploy = Action::Deploy { code_hash: module.original_hash, salt, input, value: 0 };
        let receipt = self.ground.send(sender, &[], vec![Action::Upload { code: wasm }, deploy])?;
        let address = receipt.outputs.last().and_then(|output| output.as_slice().try_into().ok()).map(Address);
        if let (Outcome::Success, Some(address)) = (&receipt.outcome, address) {
            self.instances.insert(id.to_owned(), Instance { address, abi: abi.clone() });
            return Ok(Answer { outcome: json!({ "ok": address.to_string() }), events: self.events(&receipt.events) });
        }
        Ok(Answer { outcome: self.failure(&receipt.outcome, Some(&abi)), events: Vec::new() })
    }

    /// Calls a method in a transaction.
    pub fn call(
        &mut self,
        sender: &str,
        signers: &[String],
        (id, method): (&str, &str),
        arguments: &Map<String, Value>,
        value: u128,
    ) -> Result<Answer, String> {
        let instance = self.instances.get(id).ok_or_else(|| format!("nothing was deployed as `{id}`"))?;
        let found = instance.abi.method(method).ok_or_else(|| format!("`{id}` has no method `{method}`"))?.clone();
        let input = instance.abi.encode_call(&found, arguments).map_err(|error| error.to_string())?;
        let action = Action::Call { contract: instance.address, input, value };
        let receipt = self.ground.send(sender, signers, vec![action])?;
        let abi = &self.instances[id].abi;
        if receipt.outcome != Outcome::Success {
            return Ok(Answer { outcome: self.failure(&receipt.outcome, None), events: Vec::new() });
        }
        let output = receipt.outputs.first().map(Vec::as_slice).unwrap_or_default();
        let output = abi.decode_value(found.output, output).map_err(|error| error.to_string())?;
        Ok(Answer { outcome: json!({ "ok": output }), events: self.events(&receipt.events) })
    }

    /// Asks a query, with arguments in the order of the interface.
    pub fn query(&self, id: &str, method: &str, arguments: &[Value], variables: &Variables) -> Result<Value, String> {
        let instance = self.instances.get(id).ok_or_else(|| format!("nothing was deployed as `{id}`"))?;
        let abi = &instance.abi;
        let found = abi.method(method).ok_or_else(|| format!("`{id}` has no method `{method}`"))?;
        if found.arguments.len() != arguments.len() {
            return Err(format!("`{id}.{method}` takes {} arguments, not {}", found.arguments.len(), arguments.len()));
        }
        let named = found.arguments.iter().zip(arguments);
        let named = named.map(|(field, value)| Ok((field.name.clone(), resolve(value, variables)?)));
        let input =
            abi.encode_call(found, &named.collect::<Result<_, String>>()?).map_err(|error| error.to_string())?;
        match self.ground.ask(instance.address, input)? {
            Asked::Answer(output) => abi.decode_value(found.output, &output).map_err(|error| error.to_string()),
            Asked::Failed(outcome) => Ok(self.failure(&outcome, None)),
            Asked::Told(failure) => Ok(failure),
        }
    }

    /// Every query without arguments that states an invariant: name of the instance and of the query.
    pub fn invariants(&self) -> Vec<(String, String)> {
        let of = |(id, instance): (&String, &Instance)| {
            let methods = instance.abi.methods.iter();
            let stated = methods.filter(|method| method.name.starts_with("invariant_") && method.arguments.is_empty());
            stated.map(|method| (id.clone(), method.name.clone())).collect::<Vec<_>>()
        };
        self.instances.iter().flat_map(of).collect()
    }

    fn abi(&self, address: &Address) -> Option<&ContractAbi> {
        self.instances.values().find(|instance| instance.address == *address).map(|instance| &instance.abi)
    }

    fn events(&self, events: &[Event]) -> Vec<Value> {
        let decode = |event: &Event| {
            let abi = self.abi(&event.contract)?;
            let known = abi.event(&event.topics.first()?.0)?;
            let fields = abi.decode_event(known, &event.data).ok()?;
            Some(json!({ known.name.clone(): fields }))
        };
        let unknown = |event: &Event| json!({ "unknown": event.contract.to_string() });
        events.iter().map(|event| decode(event).unwrap_or_else(|| unknown(event))).collect()
    }

    /// How something failed, in the words of scenarios.
    fn failure(&self, outcome: &Outcome, constructor: Option<&ContractAbi>) -> Value {
        match outcome {
            Outcome::Success => json!("ok"),
            Outcome::Revert { contract, code, data, .. } => {
                let error = self.abi(contract).or(constructor).and_then(|abi| abi.decode_error(*code, data));
                json!({ "error": error.unwrap_or_else(|| json!(code)) })
            }
            Outcome::OutOfGas { .. } => json!("out_of_gas"),
            Outcome::StackExhausted { .. } => json!("stack_exhausted"),
            Outcome::Trap { code, .. } => json!({ "trap": code.message() }),
            Outcome::NoContract { .. } => json!("no_contract"),
            Outcome::Rejected(code) => json!({ "rejected": code.name() }),
            other => json!({ "failed": format!("{other:?}") }),
        }
    }
}
