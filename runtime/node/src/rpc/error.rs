//! Errors of the interface: a number for the protocol, a name that never changes, words, and a hint.

use crate::mempool::SubmitError;
use counterpart_execution::ExecutionFault;
use counterpart_storage::StoreError;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::json;

/// An error of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// The stable name.
    pub name: &'static str,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: Option<&'static str>,
}

impl RpcError {
    pub(crate) fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The number that the protocol wants: -32602 for parameters, -32001 for what the chain says, -32000 for faults.
    fn number(&self) -> i32 {
        match self.name {
            "bad_parameters" => -32602,
            "fault" | "unavailable" => -32000,
            _ => -32001,
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        let data = json!({ "name": error.name, "hint": error.hint });
        Self::owned(error.number(), error.message, Some(data))
    }
}

impl From<StoreError> for RpcError {
    fn from(error: StoreError) -> Self {
        let name = match &error {
            StoreError::AboveHead { .. } => "height_above_head",
            _ => "fault",
        };
        Self::new(name, error.to_string())
    }
}

impl From<ExecutionFault> for RpcError {
    fn from(fault: ExecutionFault) -> Self {
        Self::new("fault", fault.to_string())
    }
}

impl From<counterpart_ledger::StateFault> for RpcError {
    fn from(fault: counterpart_ledger::StateFault) -> Self {
        Self::new("fault", fault.to_string())
    }
}

impl From<SubmitError> for RpcError {
    fn from(error: SubmitError) -> Self {
        let hint = match error.name() {
            "wrong_nonce" => Some("ask account_get for the next nonce and sign again"),
            "expired" => Some("sign again with a later expires_at"),
            "insufficient_balance" => Some("fund the account, or lower the gas limit"),
            _ => None,
        };
        Self { name: error.name(), message: error.message, hint }
    }
}
