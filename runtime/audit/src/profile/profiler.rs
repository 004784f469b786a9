//! Follows an execution and counts.

use super::counts::{CodeUse, HostUse, InstanceUse, Use};
use super::tree::{Key, Node};
use counterpart_execution::{CallTrace, Observer, Step};
use counterpart_host_functions::HostFunction;
use counterpart_ledger::Hash;
use counterpart_module::{PlannedOperator, PointKind, PreparedModule, Probes};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most functions of a frame that stand below one another in the tree.
const MAX_DEPTH: usize = 200;
struct Frame {
    code: Hash,
    probed: bool,
    node: usize,
    /// Functions that run, with the instruction from which each calls the next.
    stack: Vec<(u32, usize, Option<u32>)>,
    /// The counter as last seen, at least 0.
    last: i64,
    begun: bool,
}

/// Follows a block and counts.
#[derive(Default)]
pub struct Profiler {
    pub(super) nodes: Vec<Node>,
    transaction: usize,
    frames: Vec<Frame>,
    pub(super) codes: BTreeMap<Hash, CodeUse>,
    pub(super) hosts: BTreeMap<HostFunction, HostUse>,
    pub(super) instances: InstanceUse,
    pub(super) unattributed: i64,
    /// Only this transaction of the block is counted.
    pub(super) only: Option<usize>,
}

impl Profiler {
    /// Counts all transactions of a block, or one.
    pub fn new(only: Option<usize>) -> Self {
        Self { only, ..Self::default() }
    }

    fn counts(&self) -> bool {
        self.only.is_none_or(|only| only == self.transaction)
    }

    fn child(&mut self, parent: Option<usize>, key: Key) -> usize {
        let roots = parent.is_none();
        let found = match parent {
            Some(parent) => self.nodes[parent].children.get(&key).copied(),
            None => self.nodes.iter().position(|node| node.key == key),
        };
        if let Some(found) = found {
            return found;
        }
        self.nodes.push(Node { key: key.clone(), children: BTreeMap::new(), gas: 0, operators: BTreeMap::new() });
        let new = self.nodes.len() - 1;
        if let (Some(parent), false) = (parent, roots) {
            self.nodes[parent].children.insert(key, new);
        }
        new
    }

    /// The node that runs now.
    fn running(&self) -> Option<usize> {
        let frame = self.frames.last()?;
        Some(frame.stack.last().map_or(frame.node, |(_, node, _)| *node))
    }

    /// What the counter lost since it was last seen.
    fn lost(&mut self, now: i64) -> i64 {
        let Some(frame) = self.frames.last_mut() else { return 0 };
        let now = now.max(0);
        let lost = frame.last - now;
        frame.last = now;
        lost
    }

    fn add(&mut self, gas: i64) {
        if let Some(node) = self.running() {
            self.nodes[node].gas += gas;
        }
        self.add_above(gas);
    }

    /// Counts gas for every call that has led here.
    fn add_above(&mut self, gas: i64) {
        let Self { frames, codes, .. } = self;
        let innermost = frames.len().saturating_sub(1);
        for (depth, frame) in frames.iter().enumerate() {
            let Some(used) = codes.get_mut(&frame.code) else { continue };
            // The innermost function's own is not below it.
            let callers = frame.stack.len().saturating_sub(usize::from(depth == innermost));
            for (at, (function, _, site)) in frame.stack.iter().take(callers).enumerate() {
                let Some(site) = site else { continue };
                // A call that stands in the stack again is counted once.
                if frame.stack[..at].iter().any(|(other, _, before)| other == function && *before == Some(*site)) {
                    continue;
                }
                let counts = used.functions.get_mut(*function as usize);
                if let Some(used) = counts.and_then(|counts| counts.operators.get_mut(*site as usize)) {
                    used.below += gas;
                }
            }
        }
    }

    /// Spreads gas over instructions, in their order, at most each one's cost; or takes it back.
    fn spread(&mut self, code: Hash, function: u32, operators: &[u32], mut gas: i64, back: bool) {
        let node = self.running();
        let Some(used) = self.codes.get_mut(&code) else { return };
        let (Some(plan), Some(counts)) =
            (used.probes.functions.get(function as usize), used.functions.get_mut(function as usize))
        else {
            return;
        };
        for index in operators {
            let (Some(PlannedOperator { cost, .. }), Some(count)) =
                (plan.operators.get(*index as usize), counts.operators.get_mut(*index as usize))
            else {
                continue;
            };
            // Below zero the counter is not paid any more.
            let part = gas.min(*cost as i64);
            gas -= part;
            let sign = if back { -1 } else { 1 };
            count.count += sign;
            count.gas += sign * part;
            if let Some(node) = node.and_then(|node| self.nodes.get_mut(node)) {
                *node.operators.entry(*index).or_default() += sign * part;
            }
        }
        self.unattributed += if back { -gas } else { gas };
    }

    fn enter_function(&mut self, function: u32, now: i64) {
        let Some(frame) = self.frames.last() else { return };
        let code = frame.code;
        // A function that calls itself, by whatever way, stands once in the tree; and no tree is deeper than people can read.
        let again = frame.stack.iter().find(|(running, ..)| *running == function).map(|(_, node, _)| *node);
        let deepest = (frame.stack.len() >= MAX_DEPTH).then(|| frame.stack.last().map(|(_, node, _)| *node)).flatten();
        let node = match again.or(deepest) {
            Some(node) => node,
            None => {
                let parent = self.running();
                self.child(parent, Key::Function { code, function })
            }
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.stack.push((function, node, None));
        }
        let lost = self.lost(now);
        self.add(lost);
        let mut block = Vec::new();
        let mut entry = 0;
        if let Some(used) = self.codes.get_mut(&code)
            && let (Some(plan), Some(counts)) =
                (used.probes.functions.get(function as usize), used.functions.get_mut(function as usize))
        {
            entry = lost.min(plan.entry as i64);
            counts.entries += 1;
            counts.entry_gas += entry;
            block = counts.blocks.first().cloned().unwrap_or_default();
        }
        self.spread(code, function, &block, lost - entry, false);
    }

    fn point_in(&mut self, kind: PointKind, function: u32, now: i64) {
        let Some(code) = self.frames.last().map(|frame| frame.code) else { return };
        match kind {
            PointKind::Enter => self.enter_function(function, now),
            PointKind::Block { block } => {
                let lost = self.lost(now);
                self.add(lost);
                let operators = self.block(&code, function, block);
                self.spread(code, function, &operators, lost, false);
            }
            PointKind::Back { operator } => {
                let lost = self.lost(now);
                self.add(lost);
                let probes = self.codes.get(&code).map(|used| used.probes.clone());
                let given =
                    |probes: Arc<Probes>| probes.given_back(function, operator).map(|(index, _)| index).collect();
                let operators: Vec<u32> = probes.map(given).unwrap_or_default();
                self.spread(code, function, &operators, -lost, true);
            }
            PointKind::Dynamic { operator } => {
                let lost = self.lost(now);
                self.add(lost);
                if let Some(used) = self.operator(&code, function, operator) {
                    used.gas += lost;
                    used.dynamic += lost;
                }
                if let Some(node) = self.running() {
                    *self.nodes[node].operators.entry(operator).or_default() += lost;
                }
            }
            PointKind::Call { operator } => {
                self.settle(now);
                if let Some((_, _, site)) = self.frames.last_mut().and_then(|frame| frame.stack.last_mut()) {
                    *site = Some(operator);
                }
            }
            PointKind::Leave => {
                self.settle(now);
                if let Some(frame) = self.frames.last_mut() {
                    frame.stack.pop();
                }
            }
        }
    }

    /// Nothing should have been charged here.
    fn settle(&mut self, now: i64) {
        let lost = self.lost(now);
        self.add(lost);
        self.unattributed += lost;
    }

    fn block(&self, code: &Hash, function: u32, block: u32) -> Vec<u32> {
        let counts = self.codes.get(code).and_then(|used| used.functions.get(function as usize));
        counts.and_then(|counts| counts.blocks.get(block as usize)).cloned().unwrap_or_default()
    }

    fn operator(&mut self, code: &Hash, function: u32, operator: u32) -> Option<&mut Use> {
        self.codes.get_mut(code)?.functions.get_mut(function as usize)?.operators.get_mut(operator as usize)
    }
}

impl Observer for Profiler {
    fn transaction(&mut self, index: usize) {
        self.transaction = index;
        self.frames.clear();
    }

    fn enter(&mut self, call: &CallTrace, module: &PreparedModule, gas: i64) {
        if !self.counts() {
            return;
        }
        let parent = match self.running() {
            Some(running) => running,
            None => self.child(None, Key::Transaction(self.transaction)),
        };
        let selector = call.input.get(..4).unwrap_or(&call.input).to_vec();
        let key = Key::Frame { contract: call.contract, deploy: call.deploy, selector };
        let node = self.child(Some(parent), key);
        if let Some(probes) = &module.probes {
            self.codes.entry(module.original_hash).or_insert_with(|| CodeUse::new(probes.clone()));
        }
        let (code, probed) = (module.original_hash, module.probes.is_some());
        self.frames.push(Frame { code, probed, node, stack: Vec::new(), last: gas.max(0), begun: false });
    }

    fn begin(&mut self, gas: i64) {
        if !self.counts() {
            return;
        }
        let lost = self.lost(gas);
        self.instances.count += 1;
        self.instances.gas += lost as u64;
        let node = self.frames.last().map(|frame| frame.node);
        let instance = self.child(node, Key::Instance);
        self.nodes[instance].gas += lost;
        self.add_above(lost);
        if let Some(frame) = self.frames.last_mut() {
            frame.begun = true;
        }
    }

    fn point(&mut self, number: u32, gas: i64, _memory: &[u8]) -> bool {
        if self.counts()
            && let Some(frame) = self.frames.last()
            && let Some(used) = self.codes.get(&frame.code)
            && let Some(point) = used.probes.points.get(number as usize).copied()
        {
            self.point_in(point.kind, point.function, gas);
        }
        true
    }

    fn host(&mut self, step: &Step, gas_left: i64) {
        let Step::Host { function, gas, gas_before, .. } = step else { return };
        if !self.counts() {
            return;
        }
        let (function, gas) = (*function, *gas);
        self.settle(*gas_before);
        if let Some(frame) = self.frames.last_mut() {
            frame.last = gas_left.max(0);
        }
        let node = self.running();
        let host = self.child(node, Key::Host(function));
        self.nodes[host].gas += gas as i64;
        self.add_above(gas as i64);
        let used = self.hosts.entry(function).or_default();
        used.count += 1;
        used.gas += gas;
        used.beyond_base += gas.saturating_sub(function.cost().base);
        let Some(frame) = self.frames.last() else { return };
        if let (code, Some(&(function, _, Some(operator)))) = (frame.code, frame.stack.last())
            && let Some(used) = self.operator(&code, function, operator)
        {
            used.host += gas as i64;
        }
    }

    fn leave(&mut self, call: &CallTrace) {
        if !self.counts() {
            return;
        }
        let lost = self.lost((call.gas_limit - call.gas_used) as i64);
        if let Some(frame) = self.frames.pop() {
            if frame.begun {
                // What is left of a frame that ran out, or all of one without probes.
                self.nodes[frame.node].gas += lost;
                self.unattributed += if frame.probed { lost } else { 0 };
            } else {
                let instance = self.child(Some(frame.node), Key::Instance);
                self.nodes[instance].gas += lost;
                self.instances.gas += lost as u64;
            }
        }
    }
}
