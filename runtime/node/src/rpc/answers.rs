//! Answers of the methods. Values of the chain come twice: as JSON for people, and as `raw`, the hex of their canonical
//! encoding, from which clients verify hashes and signatures.

use counterpart_abi::{ContractAbi, shared_errors};
use counterpart_ledger::{Address, Block, Certificate, Event, Outcome, Receipt, SystemRefusal, encode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Finds the interface of a contract, for decoding.
pub type Abis<'a> = &'a dyn Fn(&Address) -> Option<ContractAbi>;

/// `0x` and hex of bytes.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn raw<T: borsh::BorshSerialize>(value: &T) -> String {
    hex(encode(value))
}

/// A block with hashes of its transactions.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BlockJson {
    /// Its height.
    pub height: u64,
    /// Its hash.
    pub hash: String,
    /// The view in which it was proposed.
    pub view: u64,
    /// Its parent's hash.
    pub parent: String,
    /// ms since 1970.
    pub time_ms: u64,
    /// Index of the proposer.
    pub proposer: u16,
    /// Rules of execution.
    pub profile: String,
    /// Root of its transactions.
    pub transactions_root: String,
    /// State root after its parent.
    pub parent_state_root: String,
    /// Root of its parent's receipts.
    pub parent_receipts_root: String,
    /// Root of its parent's events.
    pub parent_events_root: String,
    /// Hashes of its transactions, in order.
    pub transactions: Vec<String>,
    /// Canonical encoding of header and transactions.
    pub raw: String,
}

/// A block as JSON.
pub fn block_json(block: &Block) -> BlockJson {
    let header = &block.header;
    BlockJson {
        height: header.height.0,
        hash: block.hash().to_string(),
        view: header.view,
        parent: header.parent.to_string(),
        time_ms: header.time_ms,
        proposer: header.proposer,
        profile: header.profile.to_string(),
        transactions_root: header.transactions_root.to_string(),
        parent_state_root: header.parent_state_root.to_string(),
        parent_receipts_root: header.parent_receipts_root.to_string(),
        parent_events_root: header.parent_events_root.to_string(),
        transactions: block.transactions.iter().map(|signed| signed.hash().to_string()).collect(),
        raw: raw(block),
    }
}

/// Who signed what.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CertificateJson {
    /// The view.
    pub view: u64,
    /// Hash of the block.
    pub block: String,
    /// Indices of the signers.
    pub signers: Vec<u16>,
    /// Canonical encoding.
    pub raw: String,
}

/// A certificate as JSON.
pub fn certificate_json(certificate: &Certificate) -> CertificateJson {
    CertificateJson {
        view: certificate.statement.view,
        block: certificate.statement.block.to_string(),
        signers: certificate.signatures.iter().map(|signed| signed.signer).collect(),
        raw: raw(certificate),
    }
}

/// How a transaction ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum OutcomeJson {
    /// Every action succeeded.
    Success,
    /// A contract refused.
    Revert {
        /// Index of the action.
        action: u16,
        /// The contract that refused.
        contract: String,
        /// Its error's number.
        code: u32,
        /// Its error, decoded by its interface.
        error: Value,
        /// Its error's data.
        data: String,
    },
    /// The gas limit is used up.
    OutOfGas {
        /// Index of the action.
        action: u16,
    },
    /// Calls are nested too deeply inside a contract.
    StackExhausted {
        /// Index of the action.
        action: u16,
    },
    /// A contract broke a rule.
    Trap {
        /// Index of the action.
        action: u16,
        /// The contract.
        contract: String,
        /// The rule's number.
        code: u32,
        /// The rule in words.
        error: String,
    },
    /// There is no contract at the address.
    NoContract {
        /// Index of the action.
        action: u16,
        /// The address.
        contract: String,
    },
    /// The code was never uploaded.
    NoCode {
        /// Index of the action.
        action: u16,
        /// Its hash.
        code_hash: String,
    },
    /// There is a contract at the address already.
    AddressTaken {
        /// Index of the action.
        action: u16,
        /// The address.
        contract: String,
    },
    /// There is too little native currency.
    InsufficientBalance {
        /// Index of the action.
        action: u16,
    },
    /// The profile refuses the uploaded module.
    BadModule {
        /// Index of the action.
        action: u16,
        /// The rule's number.
        code: u32,
    },
    /// The system refuses an action about validators.
    Refused {
        /// Index of the action.
        action: u16,
        /// The refusal's number.
        code: u16,
        /// Why.
        error: String,
    },
    /// It did not run.
    Rejected {
        /// Why.
        error: String,
    },
}

/// How a transaction ended, with a contract's error decoded.
pub fn outcome_json(outcome: &Outcome, abis: Abis<'_>) -> OutcomeJson {
    match outcome {
        Outcome::Success => OutcomeJson::Success,
        Outcome::Revert { action, contract, code, data } => {
            // An error that all contracts share is known without an interface.
            let shared = || shared_errors::name(*code).map(|name| Value::String(name.to_owned()));
            let error = abis(contract).and_then(|abi| abi.decode_error(*code, data)).or_else(shared);
            let error = error.unwrap_or(Value::Null);
            OutcomeJson::Revert { action: *action, contract: contract.to_string(), code: *code, error, data: hex(data) }
        }
        Outcome::OutOfGas { action } => OutcomeJson::OutOfGas { action: *action },
        Outcome::StackExhausted { action } => OutcomeJson::StackExhausted { action: *action },
        Outcome::Trap { action, contract, code } => OutcomeJson::Trap {
            action: *action,
            contract: contract.to_string(),
            code: code.number(),
            error: code.message().to_owned(),
        },
        Outcome::NoContract { action, contract } => {
            OutcomeJson::NoContract { action: *action, contract: contract.to_string() }
        }
        Outcome::NoCode { action, code_hash } => {
            OutcomeJson::NoCode { action: *action, code_hash: code_hash.to_string() }
        }
        Outcome::AddressTaken { action, contract } => {
            OutcomeJson::AddressTaken { action: *action, contract: contract.to_string() }
        }
        Outcome::InsufficientBalance { action } => OutcomeJson::InsufficientBalance { action: *action },
        Outcome::BadModule { action, code } => OutcomeJson::BadModule { action: *action, code: *code },
        Outcome::Rejected(code) => OutcomeJson::Rejected { error: code.name().to_owned() },
        Outcome::Refused { action, code } => {
            let error =
                SystemRefusal::of_code(*code).map_or_else(|| format!("code {code}"), |refusal| refusal.to_string());
            OutcomeJson::Refused { action: *action, code: *code, error }
        }
    }
}

/// An event, with its fields decoded.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EventJson {
    /// The contract that emitted it.
    pub contract: String,
    /// Its name, when the contract's interface knows it.
    pub name: Option<String>,
    /// Its fields, when the contract's interface knows it.
    pub fields: Option<Value>,
    /// Hashes to search by.
    pub topics: Vec<String>,
    /// Its data.
    pub data: String,
}

/// An event as JSON.
pub fn event_json(event: &Event, abis: Abis<'_>) -> EventJson {
    let decoded = event.topics.first().and_then(|topic| {
        let abi = abis(&event.contract)?;
        let described = abi.event(&topic.0)?.clone();
        let fields = abi.decode_event(&described, &event.data).ok()?;
        Some((described.name, fields))
    });
    let (name, fields) = decoded.unzip();
    EventJson {
        contract: event.contract.to_string(),
        name,
        fields,
        topics: event.topics.iter().map(ToString::to_string).collect(),
        data: hex(&event.data),
    }
}

/// What became of a transaction.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReceiptJson {
    /// Hash of the transaction.
    pub transaction: String,
    /// How it ended.
    pub outcome: OutcomeJson,
    /// Gas that it used.
    pub gas_used: u64,
    /// What the sender paid for it, in native atomic units.
    pub fee: String,
    /// What each action answered.
    pub outputs: Vec<String>,
    /// Its events, in order.
    pub events: Vec<EventJson>,
    /// Hash over all host calls with arguments, answers and gas.
    pub evidence: String,
    /// Canonical encoding.
    pub raw: String,
}

/// A receipt as JSON.
pub fn receipt_json(receipt: &Receipt, abis: Abis<'_>) -> ReceiptJson {
    ReceiptJson {
        transaction: receipt.transaction.to_string(),
        outcome: outcome_json(&receipt.outcome, abis),
        gas_used: receipt.gas_used.0,
        fee: receipt.fee.to_string(),
        outputs: receipt.outputs.iter().map(hex).collect(),
        events: receipt.events.iter().map(|event| event_json(event, abis)).collect(),
        evidence: receipt.evidence.to_string(),
        raw: raw(receipt),
    }
}
