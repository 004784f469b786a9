//! Stateful runs: many random calls in a row, and after each what must always hold.
//!
//! ```no_run
//! use counterpart_testing::{Invariants, Subject};
//! # fn native_token() -> counterpart_sdk::NativeContract { panic!("made by the macros") }
//! # fn constructor() -> counterpart_sdk::Constructor { panic!("made by the macros") }
//!
//! Invariants::of(Subject::new("token", native_token()), constructor)
//!     .actors(&["alice", "bob", "carol"])
//!     .holds("balances add up to the supply", |world| {
//!         let sum: u128 = world.actors().map(|actor| world.number("balance_of", &[actor])).sum();
//!         (sum == world.number("total_supply", &[])).then_some(()).ok_or(format!("{sum}"))
//!     })
//!     .run();
//! ```
//!
//! Calls are made from the contract's interface: any of its methods, by any actor, with arguments that are likely to
//! matter. A run that fails is made shorter and its values smaller as long as it still fails, printed, and written to
//! `tests/invariants/NAME.json`; that file is run first the next time, so that what once failed is never forgotten.

mod generate;
mod persist;
mod shrink;

use crate::{Account, Chain, Mode, Subject};
use counterpart_abi::{ContractAbi, Kind};
use counterpart_ledger::{Action, Address, Outcome};
use counterpart_sdk::Constructor;
use generate::Generator;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// A call of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// Who sends, by name.
    pub actor: String,
    /// What is called.
    pub method: String,
    /// With what.
    pub arguments: Map<String, Value>,
    /// How much time passes before, in ms.
    pub wait_ms: u64,
}

/// What a check looks at: the contract after a step.
pub struct World<'a> {
    /// The chain.
    pub chain: &'a Chain,
    /// The contract.
    pub contract: Address,
    abi: &'a ContractAbi,
    actors: &'a [Account],
}

type Check = Box<dyn Fn(&World<'_>) -> Result<(), String>>;

/// Runs to make, and what must hold in them.
pub struct Invariants {
    subject: Subject,
    constructor: fn() -> Constructor,
    actors: Vec<String>,
    checks: Vec<(String, Check)>,
    without: Vec<String>,
    traps: bool,
    seed: u64,
    runs: u32,
    depth: u32,
    folder: PathBuf,
}

/// Why a run failed: after which of its steps, and what did not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Broken {
    steps: usize,
    what: String,
}

impl World<'_> {
    /// Addresses of all actors, as arguments.
    pub fn actors(&self) -> impl Iterator<Item = Value> {
        self.actors.iter().map(|actor| json!(actor.address.to_string()))
    }

    /// Asks a query, with arguments in the order of the interface.
    ///
    /// # Panics
    /// When there is no such query or it fails: a check that cannot be made holds nothing.
    pub fn query(&self, method: &str, arguments: &[Value]) -> Value {
        let found = self.abi.method(method).unwrap_or_else(|| panic!("{} has no query `{method}`", self.abi.name));
        let named = found.arguments.iter().zip(arguments).map(|(field, value)| (field.name.clone(), value.clone()));
        let input = self.abi.encode_call(found, &named.collect()).unwrap_or_else(|error| panic!("{method}: {error}"));
        let result = self.chain.ask(self.contract, input);
        assert_eq!(result.outcome, Outcome::Success, "query `{method}`");
        self.abi.decode_value(found.output, &result.output).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Asks a query that answers a number.
    ///
    /// # Panics
    /// As [`World::query`], and when it answers something else.
    pub fn number(&self, method: &str, arguments: &[Value]) -> u128 {
        let value = self.query(method, arguments);
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.parse().unwrap_or_else(|_| panic!("`{method}` answers {value}, not a number"))
    }
}

impl Invariants {
    /// Runs of a contract. Whoever is the first actor deploys it.
    pub fn of(subject: Subject, constructor: fn() -> Constructor) -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        Self {
            subject,
            constructor,
            actors: ["alice", "bob", "carol"].map(str::to_owned).to_vec(),
            checks: Vec::new(),
            without: Vec::new(),
            traps: false,
            seed: number("COUNTERPART_SEED").unwrap_or(1),
            runs: number("COUNTERPART_RUNS").and_then(|runs| u32::try_from(runs).ok()).unwrap_or(20),
            depth: 50,
            folder: PathBuf::from("tests/invariants"),
        }
    }

    /// Who calls.
    pub fn actors(mut self, names: &[&str]) -> Self {
        self.actors = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// States what must hold after every step. Queries of the contract named `invariant_..` are checked without this: they
    /// have to answer `true`.
    pub fn holds(mut self, name: &str, check: impl Fn(&World<'_>) -> Result<(), String> + 'static) -> Self {
        self.checks.push((name.to_owned(), Box::new(check)));
        self
    }

    /// Never calls a method.
    pub fn without(mut self, method: &str) -> Self {
        self.without.push(method.to_owned());
        self
    }

    /// Lets calls trap. Without this a trap fails the run: it is an error without a name.
    pub fn traps_allowed(mut self) -> Self {
        self.traps = true;
        self
    }

    /// How many runs, and how many steps each: 20 of 50 without this. COUNTERPART_RUNS overrides the number of runs.
    pub fn runs(mut self, runs: u32, depth: u32) -> Self {
        if std::env::var_os("COUNTERPART_RUNS").is_none() {
            self.runs = runs;
        }
        self.depth = depth;
        self
    }

    /// Where failures are kept; `tests/invariants` without this.
    pub fn failures_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Makes all runs.
    ///
    /// # Panics
    /// When something does not hold, with the shortest run that was found to show it.
    pub fn run(self) {
        let (chain, contract, abi) = self.start();
        let methods: Vec<_> = abi.methods.iter().filter(|method| method.kind == Kind::Call).collect();
        let methods: Vec<_> = methods.into_iter().filter(|method| !self.without.contains(&method.name)).collect();
        assert!(!methods.is_empty(), "{} has no method that could be called", abi.name);
        drop((chain, contract));
        let path = self.folder.join(format!("{}.json", self.subject.package));
        if let Some(steps) = persist::read(&path)
            && let Some(broken) = self.attempt(&steps)
        {
            panic!("{}", report(&self, &steps, &broken, &path, "what failed before fails still"));
        }
        for run in 0..self.runs {
            let mut generator = Generator::new(self.seed.wrapping_add(u64::from(run)), self.addresses(contract));
            let steps: Vec<Step> = (0..self.depth)
                .map(|_| {
                    let method = methods[generator.below(methods.len())];
                    Step {
                        actor: self.actors[generator.below(self.actors.len())].clone(),
                        method: method.name.clone(),
                        arguments: generator.arguments(&abi, &method.arguments),
                        wait_ms: generator.wait_ms(),
                    }
                })
                .collect();
            if let Some(broken) = self.attempt(&steps) {
                let shortest = shrink::shrink(steps[..broken.steps].to_vec(), &|steps| self.attempt(steps).is_some());
                let broken = self.attempt(&shortest).unwrap_or(broken);
                persist::write(&path, &shortest);
                let seed = self.seed.wrapping_add(u64::from(run));
                panic!("{}", report(&self, &shortest, &broken, &path, &format!("found with COUNTERPART_SEED={seed}")));
            }
        }
    }

    fn addresses(&self, contract: Address) -> Vec<String> {
        let actors = self.actors.iter().map(|name| Account::named(name).address);
        actors.chain([contract, Address::ZERO]).map(|address| address.to_string()).collect()
    }

    fn start(&self) -> (Chain, Address, ContractAbi) {
        let wasm = self.subject.wasm();
        let prepared = counterpart_module::prepare(&wasm, &counterpart_module::Profile::v1());
        let section = prepared.expect("the contract is one").metadata.expect("the contract carries its interface");
        let abi = ContractAbi::from_section(&section).expect("the interface is whole");
        let mut chain = Chain::new(Mode::Native);
        let first = chain.account(&self.actors[0]);
        let contract = chain.deploy(&first, &self.subject, (self.constructor)()).expect("the contract is deployed");
        (chain, contract, abi)
    }

    /// Makes a run; what broke, if something did.
    fn attempt(&self, steps: &[Step]) -> Option<Broken> {
        let (mut chain, contract, abi) = self.start();
        let actors: Vec<Account> = self.actors.iter().map(|name| chain.account(name)).collect();
        for (index, step) in steps.iter().enumerate() {
            let broken = |what: String| Some(Broken { steps: index + 1, what });
            chain.advance_ms(step.wait_ms);
            // Steps of an older version of the contract may not fit any more.
            let Some(method) = abi.method(&step.method) else { continue };
            let Ok(input) = abi.encode_call(method, &step.arguments) else { continue };
            let Some(actor) = actors.iter().find(|actor| actor.name == step.actor) else { continue };
            let receipt = chain.send(actor, vec![Action::Call { contract, input, value: 0 }], Vec::new());
            if !self.traps && matches!(receipt.outcome, Outcome::Trap { .. }) {
                return broken(format!("`{}` traps: {:?}", step.method, receipt.outcome));
            }
            let world = World { chain: &chain, contract, abi: &abi, actors: &actors };
            for own in abi.methods.iter().filter(|method| method.name.starts_with("invariant_")) {
                if own.arguments.is_empty() && world.query(&own.name, &[]) != json!(true) {
                    return broken(format!("`{}` answers no", own.name));
                }
            }
            for (name, check) in &self.checks {
                if let Err(got) = check(&world) {
                    return broken(format!("{name}: {got}"));
                }
            }
        }
        None
    }
}

fn report(runs: &Invariants, steps: &[Step], broken: &Broken, path: &std::path::Path, how: &str) -> String {
    let mut text = format!("{}\n{how}; kept in {}\n", broken.what, path.display());
    for (number, step) in steps.iter().take(broken.steps).enumerate() {
        let wait = if step.wait_ms == 0 { String::new() } else { format!("after {} ms ", step.wait_ms) };
        let arguments = runs.named(&Value::Object(step.arguments.clone()));
        text.push_str(&format!("{:>4}. {wait}{} calls {}{arguments}\n", number + 1, step.actor, step.method));
    }
    text
}

impl Invariants {
    /// Arguments with names in place of the addresses of actors.
    fn named(&self, arguments: &Value) -> String {
        let actors = self.actors.iter().map(|name| (name, Account::named(name).address.to_string()));
        actors.fold(arguments.to_string(), |text, (name, address)| text.replace(&address, name))
    }
}
