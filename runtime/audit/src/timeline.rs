//! Everything that happens inside one transaction, in order: points reached, host calls, frames.

use counterpart_execution::{BlockContext, CallTrace, ExecutionFault, Executor, Observer, Step};
use counterpart_ledger::{Address, CodeRead, Hash, SignedTransaction, StateRead};
use counterpart_module::{Point, PointKind, PreparedModule, Probes};
use sha3::{Digest, Sha3_256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most events of a transaction that are kept: 50 million take about 1.5 GB.
const MAX_EVENTS: usize = 50_000_000;

/// A block with all that its execution needs.
#[derive(Clone)]
pub struct Inputs<'a> {
    /// What contracts see of it.
    pub context: BlockContext,
    /// In order.
    pub transactions: &'a [SignedTransaction],
    /// The state before it.
    pub state: Arc<dyn StateRead>,
    /// Code by hash.
    pub codes: Arc<dyn CodeRead>,
}

/// Something that happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A frame began; its number in [`Timeline::frames`].
    Enter(u32),
    /// A point of the innermost frame was reached with so much gas left.
    Point {
        /// Its number in the module.
        number: u32,
        /// Gas left.
        gas: i64,
    },
    /// A host call ended; its number in [`Timeline::hosts`].
    Host(u32),
    /// The innermost frame ended.
    Leave(u32),
}

/// A frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrameFacts {
    /// The frame that called it.
    pub outer: Option<u32>,
    /// Its contract.
    pub contract: Address,
    /// What it runs.
    pub code: Hash,
    /// As it began; how it ended is filled in at its end.
    pub call: CallTrace,
}

/// Everything that happened inside one transaction.
#[derive(Default)]
pub struct Timeline {
    /// In order.
    pub events: Vec<Event>,
    /// The frame of each.
    owners: Vec<u32>,
    /// Frames in the order of their beginning.
    pub frames: Vec<FrameFacts>,
    /// Host calls in the order of their ends, each with the frame that made it and the gas that it left.
    pub hosts: Vec<(u32, Step, i64)>,
    /// What is known of the code that ran.
    pub codes: BTreeMap<Hash, Arc<Probes>>,
    /// The event at which memory was asked for, and what was there: SHA3-256 and, if wanted, the bytes.
    pub seen: Option<(Hash, Vec<u8>)>,
    open: Vec<u32>,
    wanted: usize,
    transaction: usize,
    /// Stop at this event and look at the memory.
    stop: Option<(usize, bool)>,
    counted: usize,
    overflown: bool,
}

impl Timeline {
    /// Runs the transactions of a block up to one, and records that one.
    ///
    /// # Errors
    /// [`ExecutionFault`] when the engine fails, or more happens than can be kept.
    pub fn record(inputs: &Inputs<'_>, executor: &Executor, transaction: usize) -> Result<Self, ExecutionFault> {
        let timeline = Self::run(inputs, executor, Self { wanted: transaction, ..Self::default() })?;
        if timeline.overflown {
            return Err(ExecutionFault(format!("more than {MAX_EVENTS} things happen in transaction {transaction}")));
        }
        Ok(timeline)
    }

    /// The memory of the innermost frame when an event of a transaction happens, which has to be a point: its hash and, if
    /// wanted, the bytes.
    ///
    /// # Errors
    /// As [`Timeline::record`].
    pub fn memory_at(
        inputs: &Inputs<'_>,
        executor: &Executor,
        transaction: usize,
        event: usize,
        bytes: bool,
    ) -> Result<Option<(Hash, Vec<u8>)>, ExecutionFault> {
        let asked = Self { wanted: transaction, stop: Some((event, bytes)), ..Self::default() };
        Ok(Self::run(inputs, executor, asked)?.seen)
    }

    fn run(inputs: &Inputs<'_>, executor: &Executor, asked: Self) -> Result<Self, ExecutionFault> {
        let upto = inputs.transactions.get(..=asked.wanted);
        let upto = upto.ok_or_else(|| ExecutionFault(format!("there is no transaction {}", asked.wanted)))?;
        let executor = executor.with_probes();
        let (_, timeline) =
            executor.observe_block(&inputs.context, upto, inputs.state.clone(), inputs.codes.clone(), asked)?;
        Ok(timeline)
    }

    fn here(&self) -> bool {
        self.transaction == self.wanted
    }

    fn push(&mut self, frame: u32, event: Event) {
        self.counted += 1;
        if self.stop.is_none() {
            if self.events.len() >= MAX_EVENTS {
                self.overflown = true;
            } else {
                self.events.push(event);
                self.owners.push(frame);
            }
        }
    }

    /// The frame that an event happens in: the one that begins or ends, or the innermost.
    pub fn frame_at(&self, event: usize) -> Option<u32> {
        self.owners.get(event).copied()
    }

    /// The functions that run at an event in its frame, innermost last, each with the call by which it left.
    pub fn stack_at(&self, event: usize) -> Vec<(u32, Option<u32>)> {
        let Some(wanted) = self.frame_at(event) else { return Vec::new() };
        let mut stack: Vec<(u32, Option<u32>)> = Vec::new();
        for (event, owner) in self.events.iter().zip(&self.owners).take(event + 1) {
            match event {
                Event::Point { number, .. } if *owner == wanted => match self.point(wanted, *number) {
                    Some(Point { function, kind: PointKind::Enter }) => stack.push((function, None)),
                    Some(Point { kind: PointKind::Call { operator }, .. }) => {
                        if let Some((_, site)) = stack.last_mut() {
                            *site = Some(operator);
                        }
                    }
                    Some(Point { kind: PointKind::Leave, .. }) => drop(stack.pop()),
                    _ => {}
                },
                _ => {}
            }
        }
        stack
    }

    /// What a point of a frame's code is.
    pub fn point(&self, frame: u32, number: u32) -> Option<Point> {
        let facts = self.frames.get(frame as usize)?;
        self.codes.get(&facts.code)?.points.get(number as usize).copied()
    }
}

impl Observer for Timeline {
    fn transaction(&mut self, index: usize) {
        self.transaction = index;
    }

    fn enter(&mut self, call: &CallTrace, module: &PreparedModule, _gas: i64) {
        if !self.here() {
            return;
        }
        let frame = self.frames.len() as u32;
        let (contract, code) = (call.contract, module.original_hash);
        self.frames.push(FrameFacts { outer: self.open.last().copied(), contract, code, call: call.clone() });
        if let Some(probes) = &module.probes {
            self.codes.entry(code).or_insert_with(|| probes.clone());
        }
        self.open.push(frame);
        self.push(frame, Event::Enter(frame));
    }

    fn point(&mut self, number: u32, gas: i64, memory: &[u8]) -> bool {
        if !self.here() {
            return true;
        }
        let index = self.counted;
        self.push(self.open.last().copied().unwrap_or_default(), Event::Point { number, gas });
        match self.stop {
            Some((stop, bytes)) if stop == index => {
                let hash = Hash(Sha3_256::digest(memory).into());
                self.seen = Some((hash, if bytes { memory.to_vec() } else { Vec::new() }));
                false
            }
            _ => !self.overflown,
        }
    }

    fn host(&mut self, step: &Step, gas_left: i64) {
        if !self.here() {
            return;
        }
        let host = self.hosts.len() as u32;
        let Some(frame) = self.open.last().copied() else { return };
        self.hosts.push((frame, step.clone(), gas_left));
        self.push(frame, Event::Host(host));
    }

    fn leave(&mut self, call: &CallTrace) {
        if !self.here() {
            return;
        }
        if let Some(frame) = self.open.pop() {
            if let Some(facts) = self.frames.get_mut(frame as usize) {
                facts.call = CallTrace { steps: Vec::new(), ..call.clone() };
            }
            self.push(frame, Event::Leave(frame));
        }
    }
}
