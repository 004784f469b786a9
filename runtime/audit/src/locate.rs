//! Where two executions of one block part: transaction, host call, and the metered block between two of them.

use crate::profile::Names;
use crate::source::Line;
use crate::timeline::{Event, Inputs, Timeline};
use counterpart_execution::{ExecutionFault, Executor, Step};
use counterpart_host_functions::HostFunction;
use counterpart_ledger::{Address, Hash};
use counterpart_module::{Point, PointKind};

/// The first place at which two executions differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Index of the transaction.
    pub transaction: u32,
    /// Its hash.
    pub hash: Hash,
    /// Contracts of the frames, outermost first; none when no frame ran.
    pub frames: Vec<Address>,
    /// Host calls of the transaction that were equal before.
    pub host_calls: u32,
    /// What parts the two.
    pub cause: Cause,
}

/// What parts two executions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// Nothing inside of the frames: what is around them, such as fees or admission.
    Outside,
    /// A host call that was asked alike and answered otherwise.
    Host {
        /// Which.
        function: HostFunction,
        /// What each answered, the gas that it cost, and what it wrote into memory.
        answers: [(Option<i64>, u64, Vec<Vec<u8>>); 2],
    },
    /// Instructions of the contract: the same code went another way, counted other gas or left other memory behind.
    Compute(Compute),
}

/// A stretch of instructions that is charged as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compute {
    /// The code, as the first execution knows it.
    pub code: Hash,
    /// Index among the module's own functions.
    pub function: u32,
    /// The metered block in it.
    pub block: u32,
    /// Bytes from the beginning of the code section's content to its first and its last instruction.
    pub offsets: (u32, u32),
    /// Index of its first instruction.
    pub operator: u32,
    /// What differs after it.
    pub effect: Effect,
    /// Gas that each had left when it was reached.
    pub gas: [Option<i64>; 2],
}

/// How instructions that differ show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Another block, call or end follows.
    Way,
    /// The counter of gas.
    Gas,
    /// The linear memory.
    Memory,
    /// What is asked of the host next.
    Arguments,
}

impl Compute {
    /// The source line of its first instruction that has one, if the source is known.
    pub fn line(&self, names: &dyn Names) -> Option<Line> {
        let source = names.source(&self.code)?;
        source.line(self.function, self.operator).or_else(|| source.first_line(self.function))
    }
}

/// Executes a block twice and finds the first place at which the executions differ; `None` where none does.
///
/// # Errors
/// [`ExecutionFault`] when an engine fails, or more happens in the transaction than can be kept.
pub fn locate(inputs: &Inputs<'_>, left: &Executor, right: &Executor) -> Result<Option<Place>, ExecutionFault> {
    let run = |executor: &Executor| {
        executor.trace_block(&inputs.context, inputs.transactions, inputs.state.clone(), inputs.codes.clone())
    };
    let ((one, one_traces), (other, other_traces)) = (run(left)?, run(right)?);
    let differs = |index: &usize| {
        one.receipts.get(*index) != other.receipts.get(*index) || one_traces.get(*index) != other_traces.get(*index)
    };
    let Some(transaction) = (0..inputs.transactions.len()).find(differs) else { return Ok(None) };
    let timelines = [Timeline::record(inputs, left, transaction)?, Timeline::record(inputs, right, transaction)?];
    let hash = inputs.transactions[transaction].transaction.hash();
    let place = |event: usize, cause| {
        let [one, _] = &timelines;
        let hosts = one.events.iter().take(event).filter(|event| matches!(event, Event::Host(_))).count();
        Place { transaction: transaction as u32, hash, frames: frames(one, event), host_calls: hosts as u32, cause }
    };
    let Some(first) = first_difference(&timelines) else { return Ok(Some(place(usize::MAX, Cause::Outside))) };
    // Memory may have differed before anything else did.
    let points: Vec<usize> = timelines[0]
        .events
        .iter()
        .take(first)
        .enumerate()
        .filter(|(_, event)| matches!(event, Event::Point { .. }))
        .map(|(index, _)| index)
        .collect();
    let same = |event: usize| -> Result<bool, ExecutionFault> {
        let seen = |executor| Timeline::memory_at(inputs, executor, transaction, event, false);
        Ok(seen(left)? == seen(right)?)
    };
    let (mut low, mut high) = (0, points.len());
    if points.last().map(|last| same(*last)).transpose()? == Some(true) {
        low = high;
    }
    while low < high {
        let middle = (low + high) / 2;
        if same(points[middle])? { low = middle + 1 } else { high = middle }
    }
    if let Some(other) = points.get(low) {
        // What ran before the first point with other memory.
        let cause = compute(&timelines, low.checked_sub(1).map(|before| points[before]), Effect::Memory);
        return Ok(Some(place(*other, cause)));
    }
    let cause = match (timelines[0].events.get(first), timelines[1].events.get(first)) {
        (Some(Event::Host(one)), Some(Event::Host(other))) => host(&timelines, *one, *other),
        (Some(Event::Point { number, .. }), Some(Event::Point { number: other, .. })) if number == other => {
            Some(Effect::Gas)
        }
        _ => Some(Effect::Way),
    }
    .map_or_else(
        || answered(&timelines, first),
        |effect| {
            // The counter is seen after its charge: the block that differs is the one that begins here.
            let here = if effect == Effect::Gas { Some(first) } else { points.last().copied() };
            compute(&timelines, here, effect)
        },
    );
    Ok(Some(place(first, cause)))
}

fn first_difference([one, other]: &[Timeline; 2]) -> Option<usize> {
    let most = one.events.len().max(other.events.len());
    (0..most).find(|index| match (one.events.get(*index), other.events.get(*index)) {
        (Some(Event::Enter(frame)), Some(Event::Enter(second))) => {
            let call = |timeline: &Timeline, frame: u32| {
                timeline.frames.get(frame as usize).map(|facts| {
                    (
                        facts.contract,
                        facts.call.input.clone(),
                        facts.call.value,
                        facts.call.gas_limit,
                        facts.call.read_only,
                    )
                })
            };
            call(one, *frame) != call(other, *second)
        }
        (Some(Event::Host(host)), Some(Event::Host(second))) => {
            one.hosts.get(*host as usize) != other.hosts.get(*second as usize)
        }
        (Some(Event::Leave(frame)), Some(Event::Leave(second))) => {
            let end = |timeline: &Timeline, frame: u32| {
                timeline
                    .frames
                    .get(frame as usize)
                    .map(|facts| (facts.call.outcome.clone(), facts.call.output.clone(), facts.call.gas_used))
            };
            end(one, *frame) != end(other, *second)
        }
        (first, second) => first != second,
    })
}

/// Whether the difference at a host call lies before it; `None` when the host answers otherwise.
fn host([one, other]: &[Timeline; 2], first: u32, second: u32) -> Option<Effect> {
    let asked = |timeline: &Timeline, host: u32| {
        let (_, step, _) = timeline.hosts.get(host as usize)?;
        let Step::Host { function, arguments, gas_before, accesses, .. } = step else { return None };
        let read: Vec<Vec<u8>> =
            accesses.iter().filter(|access| !access.written).map(|access| access.bytes.clone()).collect();
        Some((*function, arguments.clone(), *gas_before, read))
    };
    let (one, other) = (asked(one, first)?, asked(other, second)?);
    if one.0 != other.0 {
        return Some(Effect::Way);
    }
    if one.2 != other.2 {
        return Some(Effect::Gas);
    }
    (one != other).then_some(Effect::Arguments)
}

fn answered([one, other]: &[Timeline; 2], event: usize) -> Cause {
    let answer = |timeline: &Timeline| {
        let Some(Event::Host(host)) = timeline.events.get(event) else { return None };
        let (_, step, _) = timeline.hosts.get(*host as usize)?;
        let Step::Host { function, answer, gas, accesses, .. } = step else { return None };
        let written = accesses.iter().filter(|access| access.written).map(|access| access.bytes.clone()).collect();
        Some((*function, (*answer, *gas, written)))
    };
    match (answer(one), answer(other)) {
        (Some((function, first)), Some((_, second))) => Cause::Host { function, answers: [first, second] },
        _ => Cause::Outside,
    }
}

fn frames(timeline: &Timeline, event: usize) -> Vec<Address> {
    let mut next = timeline.frame_at(event.min(timeline.events.len().saturating_sub(1)));
    let mut frames = Vec::new();
    while let Some(facts) = next.and_then(|frame| timeline.frames.get(frame as usize)) {
        frames.push(facts.contract);
        next = facts.outer;
    }
    frames.reverse();
    frames
}

/// The metered block that runs after an event.
fn compute([one, other]: &[Timeline; 2], event: Option<usize>, effect: Effect) -> Cause {
    let found = event.and_then(|event| {
        let (frame, Some(Event::Point { number, gas })) = (one.frame_at(event)?, one.events.get(event)) else {
            return None;
        };
        let facts = one.frames.get(frame as usize)?;
        let probes = one.codes.get(&facts.code)?;
        let Point { function, kind } = *probes.points.get(*number as usize)?;
        let plan = probes.functions.get(function as usize)?;
        let block_of = |operator: u32| plan.operators.get(operator as usize).map(|operator| operator.block);
        let (block, from) = match kind {
            PointKind::Enter => (0, 0),
            PointKind::Block { block } => (block, 0),
            PointKind::Back { operator } | PointKind::Dynamic { operator } | PointKind::Call { operator } => {
                (block_of(operator)?, operator)
            }
            PointKind::Leave => (plan.operators.last()?.block, 0),
        };
        let inside = || probes.block(function, block).filter(|(index, _)| *index >= from);
        let (operator, first) = inside().next().or_else(|| probes.block(function, block).next())?;
        let last = inside().last().map_or(first.offset, |(_, last)| last.offset);
        let second = match other.events.get(event) {
            Some(Event::Point { gas, .. }) => Some(*gas),
            _ => None,
        };
        let gas = [Some(*gas), second];
        let offsets = (first.offset, last);
        Some(Compute { code: facts.code, function, block, offsets, operator, effect, gas })
    });
    found.map_or(Cause::Outside, Cause::Compute)
}
