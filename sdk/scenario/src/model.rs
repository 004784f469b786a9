//! The file: what a scenario says.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Why a file is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It is not YAML of this shape.
    #[error("{0}")]
    Shape(#[from] serde_yaml_ng::Error),
    /// A step says what to do twice, or not at all.
    #[error("step {step}: it has to say exactly one of deploy, call, sign, advance and unmapped")]
    Step {
        /// Number of the step, counted from 1 over setup and steps.
        step: usize,
    },
    /// Somebody acts who is not among the actors.
    #[error("step {step}: `{name}` is not among the actors")]
    Actor {
        /// Number of the step.
        step: usize,
        /// The name.
        name: String,
    },
}

/// A scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows.
    pub name: String,
    /// Where the case is from.
    #[serde(default)]
    pub source: Option<String>,
    /// The package that it is about; for people.
    #[serde(default)]
    pub contract: Option<String>,
    /// Who acts.
    pub actors: Vec<String>,
    /// Where the chain begins.
    #[serde(default)]
    pub clock: Clock,
    /// What has to succeed before.
    #[serde(default)]
    pub setup: Vec<Step>,
    /// What is shown.
    pub steps: Vec<Step>,
    /// Why the contract does otherwise, on purpose.
    #[serde(default)]
    pub deviates: Option<String>,
}

/// Height and time, or how far they go.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Blocks.
    #[serde(default, deserialize_with = "number")]
    pub height: u64,
    /// ms.
    #[serde(default, deserialize_with = "number")]
    pub time_ms: u64,
}

/// One step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Who sends.
    #[serde(default, rename = "as")]
    pub sender: Option<String>,
    /// Which package is deployed.
    #[serde(default)]
    pub deploy: Option<String>,
    /// Under which name.
    #[serde(default)]
    pub id: Option<String>,
    /// The constructor; `new` without it.
    #[serde(default)]
    pub constructor: Option<String>,
    /// `instance.method`.
    #[serde(default)]
    pub call: Option<String>,
    /// 32 bytes that the sender's key signs, for a contract to check; `save` keeps the signature.
    #[serde(default)]
    pub sign: Option<Value>,
    /// Arguments by name.
    #[serde(default)]
    pub args: Map<String, Value>,
    /// Native units sent along.
    #[serde(default)]
    pub value: Option<Value>,
    /// Who consents to calls below.
    #[serde(default)]
    pub signers: Vec<String>,
    /// How it ends; with success without it.
    #[serde(default)]
    pub expect: Option<Value>,
    /// What is reported.
    #[serde(default)]
    pub events: Option<Vec<Value>>,
    /// Whether events are all of them, with all fields.
    #[serde(default)]
    pub exact: bool,
    /// What queries answer afterwards.
    #[serde(default)]
    pub then: Map<String, Value>,
    /// The name under which the result is kept.
    #[serde(default)]
    pub save: Option<String>,
    /// How far the clock goes.
    #[serde(default)]
    pub advance: Option<Clock>,
    /// What has no counterpart here, and why.
    #[serde(default)]
    pub unmapped: Option<String>,
}

impl Scenario {
    /// Reads a file's text.
    ///
    /// # Errors
    /// [`ScenarioError`] with the place of what is wrong.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = serde_yaml_ng::from_str(text)?;
        for (index, step) in scenario.all_steps().enumerate() {
            let kinds = [
                step.deploy.is_some(),
                step.call.is_some(),
                step.sign.is_some(),
                step.advance.is_some(),
                step.unmapped.is_some(),
            ];
            if kinds.iter().filter(|kind| **kind).count() != 1 {
                return Err(ScenarioError::Step { step: index + 1 });
            }
            let mut names = step.sender.iter().chain(&step.signers);
            if let Some(name) = names.find(|name| !scenario.actors.contains(name)) {
                return Err(ScenarioError::Actor { step: index + 1, name: name.clone() });
            }
        }
        Ok(scenario)
    }

    /// Setup and steps.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.setup.iter().chain(&self.steps)
    }
}

/// A number, also with `_` between digits.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(from)?;
    let parsed = match &value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.replace('_', "").parse().ok(),
        _ => None,
    };
    parsed.ok_or_else(|| serde::de::Error::custom(format!("`{value}` is no number")))
}
