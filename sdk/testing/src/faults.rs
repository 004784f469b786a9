//! What a contract does when the host says no: a call is tried with each host call failing in each way that it may.

use crate::{Account, Chain};
use counterpart_host_functions::{HostError, HostFunction};
use counterpart_ledger::{Action, Receipt};
use std::sync::{Arc, Mutex, PoisonError};

/// How a host call fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It answers an error that its description names, and does nothing.
    Error(HostError),
    /// The gas of the frame is used up at this call.
    OutOfGas,
}

/// A host call that failed, and what became of the transaction.
#[derive(Clone, PartialEq, Debug)]
pub struct Faulted {
    /// Which host call of the transaction, from 0, nested calls included.
    pub index: usize,
    /// What was called.
    pub function: HostFunction,
    /// How it failed.
    pub fault: Fault,
    /// What became of the transaction.
    pub receipt: Receipt,
}

/// What to do at which host call, shared by the frames of a transaction.
#[derive(Default)]
pub(crate) struct Plan {
    pub seen: Vec<HostFunction>,
    pub fail: Option<(usize, Fault)>,
}

pub(crate) type SharedPlan = Arc<Mutex<Plan>>;

impl Chain {
    /// Tries actions once for each host call that they make and each way in which it may fail; nothing of it stays.
    ///
    /// Whoever has to consent besides the sender is not asked: `consents` gives what can be passed on.
    pub fn with_faults(
        &mut self,
        sender: &Account,
        actions: &[Action],
        authorizations: &[counterpart_ledger::Authorization],
    ) -> Vec<Faulted> {
        let mut attempt = |fail| {
            let plan = Arc::new(Mutex::new(Plan { seen: Vec::new(), fail }));
            let receipt = self.attempt(sender, actions, authorizations, &plan);
            let seen = std::mem::take(&mut plan.lock().unwrap_or_else(PoisonError::into_inner).seen);
            (receipt, seen)
        };
        let (_, calls) = attempt(None);
        let mut faulted = Vec::new();
        for (index, function) in calls.into_iter().enumerate() {
            let errors = function.errors().iter().map(|error| Fault::Error(*error));
            for fault in errors.chain([Fault::OutOfGas]) {
                let (receipt, _) = attempt(Some((index, fault)));
                faulted.push(Faulted { index, function, fault, receipt });
            }
        }
        faulted
    }
}
