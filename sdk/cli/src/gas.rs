//! What tests wrote down about gas: a line for each test, and what each method used.

use counterpart_abi::ContractAbi;
use counterpart_module::{Profile, prepare};
use std::collections::BTreeMap;
use std::path::Path;

/// Exact gas of each test, by its name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GasSnapshot {
    tests: BTreeMap<String, u64>,
}

/// Calls of a method.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Used {
    /// How many.
    pub calls: u64,
    /// The cheapest.
    pub least: u64,
    /// The dearest.
    pub most: u64,
    sum: u64,
}

impl Used {
    /// The mean, rounded down.
    pub fn mean(&self) -> u64 {
        self.sum / self.calls.max(1)
    }
}

/// What a run of tests used.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GasReport {
    /// Of each test.
    pub snapshot: GasSnapshot,
    /// Of each method of the contract, whole transactions.
    pub methods: BTreeMap<String, Used>,
}

impl GasSnapshot {
    /// Reads `test gas` lines.
    ///
    /// # Errors
    /// The line that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut tests = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let parsed = line.rsplit_once(' ').and_then(|(name, gas)| Some((name.to_owned(), gas.parse().ok()?)));
            let (name, gas) = parsed.ok_or_else(|| format!("`{line}` is no test with its gas"))?;
            tests.insert(name, gas);
        }
        Ok(Self { tests })
    }

    /// A file for people to review: sorted lines.
    pub fn to_text(&self) -> String {
        let lines = self.tests.iter().map(|(name, gas)| format!("{name} {gas}\n"));
        std::iter::once("# Exact gas of each test; `counterpart test --update-gas` writes it.\n".to_owned())
            .chain(lines)
            .collect()
    }

    /// What is otherwise in a later run; `partly` when not all tests ran.
    pub fn differences(&self, now: &Self, partly: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, then) in &self.tests {
            match now.tests.get(name) {
                Some(gas) if gas != then => {
                    let percent = (*gas as f64 - *then as f64) * 100.0 / (*then).max(1) as f64;
                    lines.push(format!("{name} {then} -> {gas} ({percent:+.2} %)"));
                }
                None if !partly => lines.push(format!("{name} {then} -> gone")),
                _ => {}
            }
        }
        let fresh = now.tests.iter().filter(|(name, _)| !self.tests.contains_key(*name));
        lines.extend(fresh.map(|(name, gas)| format!("{name} is new: {gas}")));
        lines
    }
}

impl GasReport {
    /// Collects what tests wrote to a folder: a file for each, `test NAME GAS` and `call SELECTOR GAS` lines.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(folder: &Path, wasm: &[u8]) -> Result<Self, String> {
        let prepared = prepare(wasm, &Profile::v1()).map_err(|error| error.to_string())?;
        let abi = ContractAbi::from_section(prepared.metadata.as_deref().unwrap_or_default());
        let abi = abi.map_err(|error| error.to_string())?;
        let mut report = Self::default();
        for entry in std::fs::read_dir(folder).map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            for line in std::fs::read_to_string(&path).map_err(|error| error.to_string())?.lines() {
                report.line(line, &abi).ok_or_else(|| format!("{}: `{line}`", path.display()))?;
            }
        }
        Ok(report)
    }

    fn line(&mut self, line: &str, abi: &ContractAbi) -> Option<()> {
        let (what, rest) = line.split_once(' ')?;
        let (name, gas) = rest.rsplit_once(' ')?;
        let gas: u64 = gas.parse().ok()?;
        if what == "test" {
            self.snapshot.tests.insert(name.to_owned(), gas);
            return Some(());
        }
        let selector: [u8; 4] = hex::decode(name).ok()?.try_into().ok()?;
        // Tests call other contracts too.
        let Some(method) = abi.methods.iter().find(|method| method.selector == selector) else { return Some(()) };
        let fresh = Used { calls: 0, least: u64::MAX, most: 0, sum: 0 };
        let used = self.methods.entry(method.name.clone()).or_insert(fresh);
        *used = Used {
            calls: used.calls + 1,
            least: used.least.min(gas),
            most: used.most.max(gas),
            sum: used.sum.saturating_add(gas),
        };
        Some(())
    }

    /// A table for people.
    pub fn to_table(&self) -> String {
        let mut text = format!("{:32} {:>6} {:>12} {:>12} {:>12}\n", "method", "calls", "least", "mean", "most");
        for (name, used) in &self.methods {
            text.push_str(&format!(
                "{name:32} {:>6} {:>12} {:>12} {:>12}\n",
                used.calls,
                used.least,
                used.mean(),
                used.most
            ));
        }
        text
    }
}
