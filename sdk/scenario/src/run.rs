//! Step by step to a report.

use crate::ground::{Ground, Local};
use crate::model::{Scenario, Step};
use crate::value::{Variables, matches, parse_query, resolve, resolve_fields};
use crate::world::{Answer, Contracts, World};
use serde_json::{Value, json};

/// How a scenario ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Everything came back as stated.
    Passed,
    /// Something else came back.
    Failed,
    /// The contract does otherwise, as the file says it does.
    Deviates,
}

impl Status {
    /// For machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Deviates => "deviates",
        }
    }
}

/// What came back otherwise.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    /// Number of the step, counted from 1 over setup and steps; 0 for an invariant after the last.
    pub step: usize,
    /// What was looked at.
    pub what: String,
    /// As stated.
    pub expected: Value,
    /// As it was.
    pub got: Value,
}

/// What became of a scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// Steps, setup included.
    pub steps: usize,
    /// Steps that have no counterpart here.
    pub unmapped: usize,
    /// Why it deviates, if it says so.
    pub deviates: Option<String>,
    /// The first thing that came back otherwise.
    pub failure: Option<Failure>,
}

/// Runs a scenario on a chain of its own, in this process.
pub fn run(scenario: &Scenario, contracts: &dyn Contracts) -> Report {
    run_on(&mut Local::new(scenario.clock.height, scenario.clock.time_ms), scenario, contracts)
}

/// Runs a scenario on any chain; what it says about the clock at the beginning is not looked at.
pub fn run_on(ground: &mut dyn Ground, scenario: &Scenario, contracts: &dyn Contracts) -> Report {
    let failure = steps(ground, scenario, contracts).err();
    let status = match (&failure, &scenario.deviates) {
        (None, None) => Status::Passed,
        (Some(_), Some(_)) => Status::Deviates,
        _ => Status::Failed,
    };
    let failure = failure.or_else(|| {
        (status == Status::Failed).then(|| Failure {
            step: 0,
            what: "the scenario".into(),
            expected: json!("a deviation"),
            got: json!("everything as stated"),
        })
    });
    Report {
        name: scenario.name.clone(),
        status,
        steps: scenario.all_steps().count(),
        unmapped: scenario.all_steps().filter(|step| step.unmapped.is_some()).count(),
        deviates: scenario.deviates.clone(),
        failure,
    }
}

fn steps(ground: &mut dyn Ground, scenario: &Scenario, contracts: &dyn Contracts) -> Result<(), Failure> {
    let mut world = World::new(ground, contracts);
    let mut variables = Variables::new();
    for name in &scenario.actors {
        let address = world.actor(name).map_err(|error| trouble(0, name, error))?;
        variables.insert(name.clone(), json!(address.to_string()));
        let key = world.public_key(name).map_err(|error| trouble(0, name, error))?;
        variables.insert(format!("{name}.key"), json!(hexed(&key)));
    }
    for (index, step) in scenario.all_steps().enumerate() {
        one(&mut world, &mut variables, step, index + 1)?;
    }
    for (id, invariant) in world.invariants() {
        let got = world.query(&id, &invariant, &[], &variables);
        let what = format!("{id}.{invariant}()");
        let got = got.map_err(|error| trouble(0, &what, error))?;
        if got != json!(true) {
            return Err(Failure { step: 0, what, expected: json!(true), got });
        }
    }
    Ok(())
}

/// A step that could not even be tried.
fn trouble(step: usize, what: &str, error: String) -> Failure {
    Failure { step, what: what.to_owned(), expected: json!("a step that can be tried"), got: json!(error) }
}

fn one(world: &mut World<'_>, variables: &mut Variables, step: &Step, number: usize) -> Result<(), Failure> {
    if let Some(advance) = step.advance {
        world.advance(advance.height, advance.time_ms).map_err(|error| trouble(number, "advance", error))?;
    }
    let kind = if step.sign.is_some() { "sign" } else { "the step" };
    let what = step.call.as_deref().or(step.deploy.as_deref()).unwrap_or(kind).to_owned();
    let stuck = |error| trouble(number, &what, error);
    let sender = step.sender.as_deref().unwrap_or_default();
    if (step.call.is_some() || step.deploy.is_some() || step.sign.is_some()) && sender.is_empty() {
        return Err(stuck("`as` is missing".to_owned()));
    }
    if let Some(message) = &step.sign {
        let message = resolve(message, variables).and_then(|value| hash(&value)).map_err(stuck)?;
        let signature = world.sign(sender, &message).map_err(stuck)?;
        let name = step.save.as_ref().ok_or_else(|| stuck("`save` is missing".to_owned()))?;
        variables.insert(name.clone(), json!(hexed(&signature)));
    }
    let arguments = resolve_fields(&step.args, variables).map_err(stuck)?;
    let answer = if let Some(package) = &step.deploy {
        let id = step.id.as_deref().unwrap_or(package);
        let names = (id, step.constructor.as_deref().unwrap_or("new"));
        let answer = world.deploy(sender, package, names, &arguments).map_err(stuck)?;
        if let Some(address) = answer.outcome.get("ok") {
            variables.insert(id.to_owned(), address.clone());
        }
        Some(answer)
    } else if let Some(call) = &step.call {
        let target = call.split_once('.').ok_or_else(|| stuck("`call` is `instance.method`".to_owned()))?;
        let value = step.value.as_ref().map_or(Ok(0), units).map_err(stuck)?;
        Some(world.call(sender, &step.signers, target, &arguments, value).map_err(stuck)?)
    } else {
        None
    };
    if let Some(answer) = answer {
        check(&answer, variables, step, number, &what)?;
        if let (Some(name), Some(result)) = (&step.save, answer.outcome.get("ok")) {
            variables.insert(name.clone(), result.clone());
        }
    }
    for (query, expected) in &step.then {
        let (id, method, arguments) =
            parse_query(query).ok_or_else(|| trouble(number, query, "it is no `instance.query(arguments)`".into()))?;
        let stuck = |error| trouble(number, query, error);
        let got = world.query(id, method, &arguments, variables).map_err(stuck)?;
        let expected = resolve(expected, variables).map_err(stuck)?;
        if !matches(&expected, &got, step.exact) {
            return Err(Failure { step: number, what: query.clone(), expected, got });
        }
    }
    Ok(())
}

fn hexed(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn hash(value: &Value) -> Result<[u8; 32], String> {
    let digits = value.as_str().map(|text| text.trim_start_matches("0x"));
    let bytes = digits.and_then(|digits| hex::decode(digits).ok()).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| format!("what is signed is 32 bytes, not {value}"))
}

fn units(value: &Value) -> Result<u128, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.replace('_', "").parse().map_err(|_| format!("`value` is a number of native units, not {value}"))
}

fn check(answer: &Answer, variables: &Variables, step: &Step, number: usize, what: &str) -> Result<(), Failure> {
    let stuck = |error| trouble(number, what, error);
    let expected = step.expect.as_ref().map_or_else(|| Ok(json!("ok")), |value| resolve(value, variables));
    let expected = expected.map_err(stuck)?;
    // A word alone names a class, also where fields are compared exactly.
    if !matches(&expected, &answer.outcome, step.exact && !expected.is_string()) {
        let got = answer.outcome.clone();
        return Err(Failure { step: number, what: format!("how {what} ends"), expected, got });
    }
    let Some(events) = &step.events else { return Ok(()) };
    let got = Value::Array(answer.events.clone());
    let expected = resolve(&Value::Array(events.clone()), variables).map_err(stuck)?;
    let fits = if step.exact { matches(&expected, &got, true) } else { in_order(&expected, &answer.events) };
    if fits {
        return Ok(());
    }
    Err(Failure { step: number, what: format!("the events of {what}"), expected, got })
}

/// Whether every expected event is among those emitted, in this order.
fn in_order(expected: &Value, emitted: &[Value]) -> bool {
    let mut rest = emitted.iter();
    let mut found = |event: &Value| rest.any(|got| matches(event, got, false));
    expected.as_array().is_some_and(|events| events.iter().all(&mut found))
}
