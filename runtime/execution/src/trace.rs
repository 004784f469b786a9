//! What happened inside a transaction: frames within frames, and their host calls, with the gas of each.
//!
//! Recording changes nothing: the same code runs, and receipts are the same.

use crate::calls::FrameEnd;
use crate::executor::outcome;
use crate::frame::Call;
use counterpart_host_functions::{HostFunction, Stop, TrapCode};
use counterpart_ledger::{Address, Gas, Hash, Outcome, Receipt, StateKey};
use counterpart_module::PreparedModule;
use std::any::Any;

/// A transaction's frames.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionTrace {
    /// Its hash.
    pub transaction: Hash,
    /// Gas that it used in all: that of its frames, and what its bytes, signatures and actions cost.
    pub gas_used: Gas,
    /// The outermost frames, in order; none for actions that run no code.
    pub calls: Vec<CallTrace>,
}

/// One frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallTrace {
    /// Whether it is a constructor.
    pub deploy: bool,
    /// The contract.
    pub contract: Address,
    /// Who called it.
    pub caller: Address,
    /// Selector and arguments.
    pub input: Vec<u8>,
    /// Native amount.
    pub value: u128,
    /// Whether it may not write.
    pub read_only: bool,
    /// Gas that it might use.
    pub gas_limit: u64,
    /// Gas that it used, nested frames included.
    pub gas_used: u64,
    /// How it ended; `action` is 0.
    pub outcome: Outcome,
    /// What it returned.
    pub output: Vec<u8>,
    /// Host calls and nested frames, in order.
    pub steps: Vec<Step>,
}

/// What a frame did beside computing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Asked the host.
    Host {
        /// For what.
        function: HostFunction,
        /// Its arguments: numbers, and addresses and lengths in the frame's memory.
        arguments: Vec<u64>,
        /// What the host answered; none when it stopped the frame.
        answer: Option<i64>,
        /// Gas that it cost, without nested frames.
        gas: u64,
        /// Gas of the frame when it was asked.
        gas_before: i64,
        /// What of the frame's memory it read and wrote, in order.
        accesses: Vec<Access>,
        /// What it changed in the state, nested frames left out.
        changes: Vec<Change>,
    },
    /// Ran another frame; the host call that caused it follows.
    Call(Box<CallTrace>),
}

/// A part of a frame's memory that a host call read or wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    /// Whether it was written.
    pub written: bool,
    /// Where it lies.
    pub pointer: u32,
    /// What was there, or is there now.
    pub bytes: Vec<u8>,
}

/// A change of an entry of the state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The entry's key.
    pub key: StateKey,
    /// What was there.
    pub before: Option<Vec<u8>>,
    /// What is there now.
    pub after: Option<Vec<u8>>,
}

/// Follows an execution from inside; see [`crate::Executor::observe_block`].
///
/// An observer is told of every frame and host call, and, under an executor of probed modules, of every point that is
/// reached. Whatever it does, the execution stays the same, unless it stops it.
pub trait Observer: Any + Send {
    /// A transaction begins; its number in the block.
    fn transaction(&mut self, _index: usize) {}

    /// A frame begins that has so much gas, what making the instance costs included.
    fn enter(&mut self, call: &CallTrace, module: &PreparedModule, gas: i64);

    /// The module is about to run: the instance is paid for.
    fn begin(&mut self, _gas: i64) {}

    /// A point of the running module is reached. Answers whether to go on; the execution ends otherwise and is worth
    /// nothing.
    fn point(&mut self, _number: u32, _gas: i64, _memory: &[u8]) -> bool {
        true
    }

    /// A host call ended, and left so much gas.
    fn host(&mut self, step: &Step, gas_left: i64);

    /// The innermost frame ended.
    fn leave(&mut self, call: &CallTrace);
}

impl CallTrace {
    /// Gas of its own instructions: without host calls and nested frames.
    pub fn own_gas(&self) -> u64 {
        let inside = |step: &Step| match step {
            Step::Host { gas, .. } => *gas,
            Step::Call(call) => call.gas_used,
        };
        self.gas_used.saturating_sub(self.steps.iter().map(inside).sum())
    }
}

/// Frames that run, and those that ended.
#[derive(Default)]
pub(crate) struct Recorder {
    open: Vec<CallTrace>,
    ended: Vec<CallTrace>,
    /// Gas of frames that ended since the innermost running one last spoke to the host.
    nested_gas: u64,
    /// Who follows.
    pub observer: Option<Box<dyn Observer>>,
    /// Frames are not kept: for long executions.
    pub forgets: bool,
    /// The observer has seen enough.
    pub stopped: bool,
}

/// What a host call was, when it ended.
pub(crate) struct Ended<'a> {
    pub function: HostFunction,
    pub arguments: &'a [u64],
    pub answer: Result<i64, Stop>,
    /// Before and after.
    pub gas: (i64, i64),
    pub accesses: Vec<Access>,
    pub changes: Vec<Change>,
}

impl Recorder {
    /// One that keeps nothing and tells the observer.
    pub fn following(observer: Option<Box<dyn Observer>>) -> Self {
        Self { observer, forgets: true, ..Self::default() }
    }

    pub fn enter(&mut self, call: &Call, deploy: bool, module: &PreparedModule, gas: i64) {
        let call = CallTrace {
            deploy,
            contract: call.contract,
            caller: call.caller,
            input: call.input.clone(),
            value: call.value,
            read_only: call.read_only,
            gas_limit: gas.max(0) as u64,
            gas_used: 0,
            outcome: Outcome::Success,
            output: Vec::new(),
            steps: Vec::new(),
        };
        if let Some(observer) = &mut self.observer {
            observer.enter(&call, module, gas);
        }
        self.open.push(call);
        self.nested_gas = 0;
    }

    /// The innermost frame's module is about to run.
    pub fn begin(&mut self, gas: i64) {
        if let Some(observer) = &mut self.observer {
            observer.begin(gas);
        }
    }

    /// A point is reached.
    pub fn point(&mut self, number: u32, gas: i64, memory: &[u8]) -> Result<i64, Stop> {
        self.stopped =
            self.stopped || self.observer.as_mut().is_some_and(|observer| !observer.point(number, gas, memory));
        if self.stopped { Err(Stop::Trap(TrapCode::Wasm)) } else { Ok(0) }
    }

    pub fn leave(&mut self, end: &FrameEnd, gas: i64) {
        let Some(mut call) = self.open.pop() else { return };
        call.gas_used = call.gas_limit - gas.max(0) as u64;
        (call.outcome, call.output) = outcome(0, end.clone());
        self.nested_gas = call.gas_used;
        if let Some(observer) = &mut self.observer {
            observer.leave(&call);
        }
        if self.forgets {
            return;
        }
        match self.open.last_mut() {
            Some(outer) => outer.steps.push(Step::Call(Box::new(call))),
            None => self.ended.push(call),
        }
    }

    pub fn host(&mut self, ended: Ended<'_>) {
        let Ended { function, arguments, answer, gas, accesses, changes } = ended;
        let nested = std::mem::take(&mut self.nested_gas);
        let Some(frame) = self.open.last_mut() else { return };
        // What is charged beyond the limit is not paid.
        let paid = (gas.0.max(0) - gas.1.max(0)) as u64;
        let step = Step::Host {
            function,
            arguments: arguments.to_vec(),
            answer: answer.ok(),
            gas: paid.saturating_sub(nested),
            gas_before: gas.0,
            accesses,
            changes,
        };
        if let Some(observer) = &mut self.observer {
            observer.host(&step, gas.1);
        }
        if !self.forgets {
            frame.steps.push(step);
        }
    }

    /// The trace of the transaction that ended.
    pub fn take(&mut self, receipt: &Receipt) -> TransactionTrace {
        let calls = std::mem::take(&mut self.ended);
        self.open.clear();
        self.nested_gas = 0;
        TransactionTrace { transaction: receipt.transaction, gas_used: receipt.gas_used, calls }
    }
}
