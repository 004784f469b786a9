//! Errors of the interface: a number for the protocol, a name that never changes, words, and a hint.

use crate::mempool::SubmitError;
use counterpart_execution::ExecutionFault;
use counterpart_storage::StoreError;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::json;

/// One error of the interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ErrorEntry {
    /// The name that never changes.
    pub name: &'static str,
    /// The protocol's number: -32602 for parameters, -32001 for what the chain says, -32000 for the node's troubles.
    pub number: i32,
    /// When it is answered.
    pub meaning: &'static str,
}

const fn entry(name: &'static str, number: i32, meaning: &'static str) -> ErrorEntry {
    ErrorEntry { name, number, meaning }
}

/// Every error, by name.
pub const CATALOGUE: &[ErrorEntry] = &[
    entry("bad_parameters", -32602, "a parameter is missing, unknown, or not what it has to be"),
    entry("fault", -32000, "the node failed; its log says more"),
    entry("unavailable", -32000, "the node has stopped, or does not offer this"),
    entry("too_many_requests", -32000, "the node is asked more often than it takes"),
    entry("timeout", -32000, "the answer took too long"),
    entry("unknown_block", -32001, "there is no such block, or it has no body"),
    entry("height_above_head", -32001, "the height is above the newest block"),
    entry("height_pruned", -32001, "the height lies below what this node keeps"),
    entry("unknown_epoch", -32001, "the epoch has not ended, or there was none with this number"),
    entry("bad_approval", -32001, "an approval cannot be read, is of another chain, or is not signed by its client"),
    entry("unknown_transaction", -32001, "no transaction with this hash is known"),
    entry("unknown_event", -32001, "no event stands at this place"),
    entry("not_certified_yet", -32001, "the next block, which certifies the result, is not there yet"),
    entry("no_contract", -32001, "there is no contract at the address"),
    entry("no_interface", -32001, "the contract's code carries no interface"),
    entry("already_known", -32001, "the transaction waits already, or stands in a block"),
    entry("mempool_full", -32001, "too many transactions wait"),
    entry("bad_signature", -32001, "a signature does not verify"),
    entry("wrong_chain", -32001, "the transaction is for another chain"),
    entry("expired", -32001, "the transaction's height of expiry has passed"),
    entry("wrong_nonce", -32001, "the nonce is not the account's next"),
    entry("insufficient_balance", -32001, "the sender cannot pay for the gas limit"),
    entry("gas_limit", -32001, "the gas limit is below what such a transaction costs, or too high"),
    entry("size", -32001, "the transaction has no actions, too many, or too many bytes"),
    entry("gas_price", -32001, "the gas price is below the chain's least"),
    entry("authorization", -32001, "an authorisation has expired or was used before"),
];

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

    fn number(&self) -> i32 {
        let known = CATALOGUE.iter().find(|entry| entry.name == self.name);
        debug_assert!(known.is_some(), "{} is not in the catalogue", self.name);
        known.map_or(-32000, |entry| entry.number)
    }
}

impl std::fmt::Display for RpcError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for RpcError {}

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
            StoreError::Pruned { .. } => "height_pruned",
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
