//! What happened inside a transaction: frames within frames, and their host calls, with the gas of each.
//!
//! Recording changes nothing: the same code runs, and receipts are the same.

use crate::calls::FrameEnd;
use crate::executor::outcome;
use crate::frame::Call;
use counterpart_host_functions::{HostFunction, Stop};
use counterpart_ledger::{Address, Gas, Hash, Outcome, Receipt};

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
    },
    /// Ran another frame; the host call that caused it follows.
    Call(Box<CallTrace>),
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
}

impl Recorder {
    pub fn enter(&mut self, call: &Call, deploy: bool, gas: i64) {
        self.open.push(CallTrace {
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
        });
        self.nested_gas = 0;
    }

    pub fn leave(&mut self, end: &FrameEnd, gas: i64) {
        let Some(mut call) = self.open.pop() else { return };
        call.gas_used = call.gas_limit - gas.max(0) as u64;
        (call.outcome, call.output) = outcome(0, end.clone());
        self.nested_gas = call.gas_used;
        match self.open.last_mut() {
            Some(outer) => outer.steps.push(Step::Call(Box::new(call))),
            None => self.ended.push(call),
        }
    }

    pub fn host(&mut self, function: HostFunction, arguments: &[u64], answer: Result<i64, Stop>, gas: (i64, i64)) {
        let nested = std::mem::take(&mut self.nested_gas);
        let Some(frame) = self.open.last_mut() else { return };
        // What is charged beyond the limit is not paid.
        let gas = (gas.0.max(0) - gas.1.max(0)) as u64;
        let gas = gas.saturating_sub(nested);
        frame.steps.push(Step::Host { function, arguments: arguments.to_vec(), answer: answer.ok(), gas });
    }

    /// The trace of the transaction that ended.
    pub fn take(&mut self, receipt: &Receipt) -> TransactionTrace {
        let calls = std::mem::take(&mut self.ended);
        *self = Self::default();
        TransactionTrace { transaction: receipt.transaction, gas_used: receipt.gas_used, calls }
    }
}
