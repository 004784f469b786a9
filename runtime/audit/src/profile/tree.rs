//! From what was counted to the tree that people look at.

use super::{Names, Profile, Profiler};
use crate::flame::Flame;
use crate::source::Line;
use counterpart_host_functions::HostFunction;
use counterpart_ledger::{Address, Hash, Receipt};
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Key {
    Transaction(usize),
    Frame { contract: Address, deploy: bool, selector: Vec<u8> },
    Function { code: Hash, function: u32 },
    Host(HostFunction),
    Instance,
}

pub(super) struct Node {
    pub key: Key,
    pub children: BTreeMap<Key, usize>,
    /// Its own, without its children's.
    pub gas: i64,
    /// The part of it that instructions of the function used, by their index.
    pub operators: BTreeMap<u32, i64>,
}

impl Profiler {
    /// Puts the profile together, with the receipts of the block.
    pub fn finish(self, receipts: &[Receipt], names: &dyn Names) -> Profile {
        let counted = receipts.iter().enumerate().filter(|(index, _)| self.only.is_none_or(|only| only == *index));
        let mut parts = Vec::new();
        let (mut total, mut outside) = (0, 0);
        for (index, receipt) in counted {
            let used = receipt.gas_used.0;
            let root = self.nodes.iter().position(|node| node.key == Key::Transaction(index));
            let inner = root.map(|root| self.parts(root, names)).unwrap_or_default();
            let inside: u64 = inner.iter().map(|part| part.gas).sum();
            let own = used.saturating_sub(inside);
            (total, outside) = (total + used, outside + own);
            let leaf = Flame::leaf("bytes, signatures and actions", "host", own);
            let name = format!("transaction {}", receipt.transaction.to_string().get(..10).unwrap_or_default());
            parts.push(Flame::node(name, "transaction", used, inner.into_iter().chain([leaf]).collect()));
        }
        let flame = match <[Flame; 1]>::try_from(parts) {
            Ok([one]) => one,
            Err(parts) => Flame::node(format!("{} transactions", parts.len()), "transaction", total, parts),
        };
        let Self { codes, hosts, instances, unattributed, .. } = self;
        Profile { flame, codes, hosts, instances, outside, total, unattributed }
    }

    fn parts(&self, node: usize, names: &dyn Names) -> Vec<Flame> {
        let flame = |child: &usize| {
            let node = &self.nodes[*child];
            let mut inner = self.parts(*child, names);
            let gas = node.gas.max(0) as u64 + inner.iter().map(|part| part.gas).sum::<u64>();
            let (name, kind) = name(&node.key, names);
            inner.extend(lines_of(node, names));
            Flame::node(name, kind, gas, inner)
        };
        self.nodes[node].children.values().map(flame).collect()
    }
}

/// The lines whose instructions used a function's own gas, where its source is known.
fn lines_of(node: &Node, names: &dyn Names) -> Vec<Flame> {
    let Key::Function { code, function } = &node.key else { return Vec::new() };
    let Some(source) = names.source(code) else { return Vec::new() };
    let mut lines: BTreeMap<Line, i64> = BTreeMap::new();
    for (operator, gas) in &node.operators {
        if let Some(line) = source.line(*function, *operator).or_else(|| source.first_line(*function)) {
            *lines.entry(line).or_default() += gas;
        }
    }
    let line = |(line, gas): (Line, i64)| {
        let name = format!("{}:{}", line.file, line.line);
        Flame { place: Some(line), ..Flame::leaf(&name, "line", gas.max(0) as u64) }
    };
    lines.into_iter().map(line).collect()
}

fn name(key: &Key, names: &dyn Names) -> (String, &'static str) {
    match key {
        Key::Transaction(index) => (format!("transaction {index}"), "transaction"),
        Key::Frame { contract, deploy, selector } => {
            let method = names.method(contract, *deploy, selector);
            let method = method.unwrap_or_else(|| if *deploy { "deploy".into() } else { "call".into() });
            (format!("{} {method}", contract.to_string().get(..10).unwrap_or_default()), "frame")
        }
        Key::Function { code, function } => {
            let known = names.source(code).and_then(|source| source.function(*function));
            (known.map_or_else(|| format!("function {function}"), str::to_owned), "instructions")
        }
        Key::Host(function) => (function.name().to_owned(), "host"),
        Key::Instance => ("making the instance".into(), "host"),
    }
}
