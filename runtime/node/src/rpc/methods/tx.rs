//! `tx_`: what transactions would do, did, and how that is proved.

use super::super::answers::{CertificateJson, EventJson, ReceiptJson, event_json, hex, receipt_json};
use super::super::backend::Backend;
use super::super::error::RpcError;
use super::super::parameters::{Bytes, HashText};
use super::super::registry::Method;
use super::{StoredJson, certificate, known_abi, stored, successor};
use counterpart_abi::ContractAbi;
use counterpart_execution::AuthorizationRequest;
use counterpart_ledger::{
    Action, Address, Certificate, Hash, Height, Receipt, SignedTransaction, Transaction, Write, WriteSet, decode,
    encode, merkle_proof,
};
use counterpart_storage::Store;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub fn methods() -> Vec<Method> {
    vec![
        Method::new(
            "tx_simulate",
            "What a transaction would do now: its receipt, who has to sign, and what it would change. Sends nothing.",
            &[],
            simulate,
        ),
        Method::new(
            "tx_send",
            "Takes a signed transaction for one of the next blocks; it is not durable before it is in one.",
            SEND_ERRORS,
            send,
        ),
        Method::new("tx_get", "A transaction with its calls decoded.", &["unknown_transaction"], get),
        Method::new("tx_receipt", "What became of a transaction.", &["unknown_transaction"], receipt),
        Method::new(
            "tx_proof",
            "Proves a receipt: the next block, whose header carries the root of the receipts, its votes, and the path.",
            &["unknown_transaction", "not_certified_yet"],
            proof,
        ),
    ]
}

/// Errors of everything that sends.
pub(super) const SEND_ERRORS: &[&str] = &[
    "bad_signature",
    "wrong_chain",
    "expired",
    "wrong_nonce",
    "insufficient_balance",
    "gas_limit",
    "size",
    "gas_price",
    "authorization",
    "already_known",
    "mempool_full",
    "unavailable",
];

/// A transaction that is not signed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SimulateParameters {
    /// Canonical encoding, in hex.
    transaction: Bytes,
}

/// A consent that a transaction needs.
#[derive(Serialize, JsonSchema)]
struct Request {
    /// Who has to consent.
    address: String,
    /// To a call of this contract.
    contract: String,
    /// With an input of this hash.
    input_hash: String,
}

/// One changed entry of the state.
#[derive(Serialize, JsonSchema)]
pub(super) struct Change {
    /// Address, then the contract's own key.
    pub key: String,
    /// Before; null when it was absent.
    pub old: Option<String>,
    /// After; null when it is absent.
    pub new: Option<String>,
    /// Before, decoded by the interface of the contract.
    pub old_decoded: Option<StoredJson>,
    /// After, decoded by the interface of the contract.
    pub new_decoded: Option<StoredJson>,
}

/// The first changed entries as JSON.
pub(super) fn changed(backend: &dyn Backend, writes: &WriteSet) -> Vec<Change> {
    let mut abis: BTreeMap<Address, Option<ContractAbi>> = BTreeMap::new();
    let mut change = |(key, write): (&Vec<u8>, &Write)| {
        let (owner, own) = match key.split_first_chunk::<32>() {
            Some((owner, own)) => (Some(Address(*owner)), own),
            None => (None, key.as_slice()),
        };
        let abi = owner.and_then(|owner| abis.entry(owner).or_insert_with(|| known_abi(backend, &owner)).as_ref());
        Change {
            key: hex(key),
            old: write.old.as_ref().map(hex),
            new: write.new.as_ref().map(hex),
            old_decoded: write.old.as_deref().and_then(|value| stored(abi, own, Some(value))),
            new_decoded: write.new.as_deref().and_then(|value| stored(abi, own, Some(value))),
        }
    };
    writes.iter().take(MAX_CHANGES).map(&mut change).collect()
}

/// What a transaction would do.
#[derive(Serialize, JsonSchema)]
struct Simulation {
    /// What would become of it.
    receipt: ReceiptJson,
    /// Consents that it needs and does not carry.
    requests: Vec<Request>,
    /// Number of changed entries of the state.
    writes: usize,
    /// The first 1 000 of them.
    changes: Vec<Change>,
}

/// Most changed entries in an answer.
const MAX_CHANGES: usize = 1_000;

fn simulate(backend: &dyn Backend, parameters: SimulateParameters) -> Result<Simulation, RpcError> {
    let Bytes(bytes) = parameters.transaction;
    let transaction: Transaction = decode("transaction", &bytes).map_err(undecodable)?;
    let store = backend.store();
    let context = backend.next_context();
    let simulation = backend.executor().simulate(&context, &transaction, store.state(), store.codes())?;
    let request = |request: &AuthorizationRequest| Request {
        address: request.address.to_string(),
        contract: request.contract.to_string(),
        input_hash: request.input_hash.to_string(),
    };
    Ok(Simulation {
        receipt: receipt_json(&simulation.receipt, &|address| known_abi(backend, address)),
        requests: simulation.requests.iter().map(request).collect(),
        writes: simulation.writes.len(),
        changes: changed(backend, &simulation.writes),
    })
}

fn undecodable(error: impl ToString) -> RpcError {
    RpcError::new("bad_parameters", format!("`transaction`: {}", error.to_string()))
}

/// A signed transaction.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SendParameters {
    /// Canonical encoding with the signature, in hex.
    transaction: Bytes,
}

/// A transaction that was taken.
#[derive(Serialize, JsonSchema)]
pub(super) struct Sent {
    /// Its hash.
    pub hash: String,
}

fn send(backend: &dyn Backend, parameters: SendParameters) -> Result<Sent, RpcError> {
    let Bytes(bytes) = parameters.transaction;
    let signed: SignedTransaction = decode("signed transaction", &bytes).map_err(undecodable)?;
    Ok(Sent { hash: backend.submit(signed)?.to_string() })
}

/// Which transaction.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TransactionParameters {
    /// Its hash.
    hash: HashText,
}

/// One step of a transaction.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum ActionJson {
    /// Stores code.
    Upload {
        /// Its hash.
        code_hash: String,
        /// Its length in bytes.
        bytes: usize,
    },
    /// Makes a contract.
    Deploy {
        /// Hash of its code.
        code_hash: String,
        /// Selector and arguments of the constructor.
        input: String,
        /// Native amount.
        value: String,
    },
    /// Calls a contract.
    Call {
        /// The callee.
        contract: String,
        /// The method, when the contract's interface knows it.
        method: Option<String>,
        /// Its arguments, when the contract's interface knows it.
        arguments: Option<Value>,
        /// Selector and arguments.
        input: String,
        /// Native amount.
        value: String,
    },
    /// Sends native currency.
    Transfer {
        /// The receiver.
        to: String,
        /// Native amount.
        amount: String,
    },
    /// Names the validators of the next epoch.
    ChangeValidators {
        /// The next epoch.
        epoch: u64,
        /// Keys of its members.
        members: Vec<String>,
        /// Its quorum.
        quorum: u16,
        /// Present members that consent.
        consents: Vec<u16>,
    },
    /// Records that a validator contradicted itself.
    Accuse {
        /// The epoch of its set.
        epoch: u64,
        /// Its index.
        member: u16,
        /// The view of both statements.
        view: u64,
    },
}

/// A transaction and where it stands.
#[derive(Serialize, JsonSchema)]
struct TransactionAnswer {
    /// Its hash.
    hash: String,
    /// Height of its block.
    height: u64,
    /// Its place in the block.
    index: u32,
    /// The sender's address.
    sender: String,
    /// The sender's number.
    nonce: u64,
    /// Most gas it may use.
    gas_limit: u64,
    /// Native atomic units for each unit of gas.
    gas_price: u64,
    /// Last height at which it may be included.
    expires_at: u64,
    /// Its steps.
    actions: Vec<ActionJson>,
    /// Canonical encoding with the signature.
    raw: String,
}

fn action_json(backend: &dyn Backend, action: &Action) -> ActionJson {
    match action {
        Action::Upload { code } => {
            ActionJson::Upload { code_hash: counterpart_execution::code_hash(code).to_string(), bytes: code.len() }
        }
        Action::Deploy { code_hash, input, value, .. } => {
            ActionJson::Deploy { code_hash: code_hash.to_string(), input: hex(input), value: value.to_string() }
        }
        Action::Call { contract, input, value } => {
            let decoded = known_abi(backend, contract).and_then(|abi| {
                let method = abi.method_of(input)?.clone();
                let arguments = abi.decode_arguments(&method, input).ok()?;
                Some((method.name, arguments))
            });
            let (method, arguments) = decoded.unzip();
            let (contract, input, value) = (contract.to_string(), hex(input), value.to_string());
            ActionJson::Call { contract, method, arguments, input, value }
        }
        Action::Transfer { to, amount } => ActionJson::Transfer { to: to.to_string(), amount: amount.to_string() },
        Action::ChangeValidators { change } => ActionJson::ChangeValidators {
            epoch: change.next.epoch,
            members: change.next.members.iter().map(ToString::to_string).collect(),
            quorum: change.next.quorum,
            consents: change.consents.iter().map(|consent| consent.signer).collect(),
        },
        Action::Accuse { set, evidence } => {
            let (statement, signed) = evidence.first;
            ActionJson::Accuse { epoch: set.epoch, member: signed.signer, view: statement.view }
        }
    }
}

/// Where a transaction stands.
pub(super) fn located(backend: &dyn Backend, hash: &Hash) -> Result<(Height, u32), RpcError> {
    let unknown = || {
        RpcError::new("unknown_transaction", format!("there is no transaction {hash}"))
            .hint("it may wait, have expired, or been sent to another chain")
    };
    backend.store().locate(hash)?.ok_or_else(unknown)
}

fn get(backend: &dyn Backend, parameters: TransactionParameters) -> Result<TransactionAnswer, RpcError> {
    let HashText(hash) = parameters.hash;
    let (height, index) = located(backend, &hash)?;
    let block = backend.store().block(height)?.ok_or_else(|| RpcError::new("fault", "a block is missing"))?;
    let signed = block.transactions.get(index as usize).ok_or_else(|| RpcError::new("fault", "it is missing"))?;
    let transaction = &signed.transaction;
    Ok(TransactionAnswer {
        hash: hash.to_string(),
        height: height.0,
        index,
        sender: transaction.sender_address().to_string(),
        nonce: transaction.nonce,
        gas_limit: transaction.gas_limit.0,
        gas_price: transaction.gas_price,
        expires_at: transaction.expires_at.0,
        actions: transaction.actions.iter().map(|action| action_json(backend, action)).collect(),
        raw: hex(encode(signed)),
    })
}

/// How far a transaction has come.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(in crate::rpc) enum Progress {
    /// It waits for a block.
    Waiting,
    /// It was executed; finals are not known yet.
    Executed,
    /// Its block is certified and has finals.
    Certified(Box<Certified>),
}

impl Progress {
    /// A number that rises with each step.
    pub fn stage(&self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Executed => 1,
            Self::Certified(certified) => 2 + u8::from(certified.result_certified),
        }
    }

    /// Whether nothing follows.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Certified(certified) if certified.result_certified)
    }
}

/// A transaction in a block that has finals.
#[derive(Serialize, JsonSchema)]
pub(in crate::rpc) struct Certified {
    /// Height of its block.
    height: u64,
    /// Its place in the block.
    index: u32,
    /// What became of it.
    receipt: ReceiptJson,
    /// Votes that certify the block.
    certificate: Option<CertificateJson>,
    /// Finals that are known for the block or, where there are more of them, for one after it.
    approval: Option<CertificateJson>,
    /// Canonical encodings of the headers from the block after this one to the one that the finals are for.
    via: Vec<String>,
    /// Whether a later certificate covers its result too.
    result_certified: bool,
}

/// How far a transaction has come; an error when nothing is known of it.
pub(in crate::rpc) fn progress(backend: &dyn Backend, hash: &Hash) -> Result<Progress, RpcError> {
    let store = backend.store();
    let Some((height, index)) = store.locate(hash)? else {
        // Between the two questions it may have entered a block: then it is located now.
        return if backend.is_waiting(hash) {
            Ok(Progress::Waiting)
        } else {
            located(backend, hash).map(|_| Progress::Executed)
        };
    };
    let Some((approval, via)) = strongest(store, height)? else { return Ok(Progress::Executed) };
    let receipts = store.receipts(height)?.unwrap_or_default();
    let receipt = receipts.get(index as usize).ok_or_else(|| RpcError::new("fault", "a receipt is missing"))?;
    Ok(Progress::Certified(Box::new(Certified {
        height: height.0,
        index,
        receipt: receipt_json(receipt, &|address: &Address| known_abi(backend, address)),
        certificate: certificate(store.certificate(height)?),
        approval: certificate(Some(approval)),
        via,
        result_certified: store.head().height > height,
    })))
}

/// The most finals for a block or one of its next descendants, and the headers that lead to that. What approves a block
/// approves its ancestors.
fn strongest(store: &Store, height: Height) -> Result<Option<(Certificate, Vec<String>)>, RpcError> {
    /// Descendants that are looked at.
    const AHEAD: u64 = 8;
    let (mut best, mut headers): (Option<(Certificate, Vec<String>)>, Vec<String>) = (None, Vec::new());
    for at in (height.0..=height.0 + AHEAD).map(Height) {
        if at > height {
            let Some(block) = store.block(at)? else { break };
            headers.push(hex(encode(&block.header)));
        }
        let known = best.as_ref().map_or(0, |(finals, _)| finals.signatures.len());
        if let Some(finals) = store.approval(at)?.filter(|finals| finals.signatures.len() > known) {
            best = Some((finals, headers.clone()));
        }
    }
    Ok(best)
}

fn receipt(backend: &dyn Backend, parameters: TransactionParameters) -> Result<Progress, RpcError> {
    progress(backend, &parameters.hash.0)
}

/// A receipt with its proof.
#[derive(Serialize, JsonSchema)]
struct Proof {
    /// Height of the transaction's block.
    height: u64,
    /// Canonical encoding of the receipt.
    receipt: String,
    /// Its path to the root of the receipts; canonical encoding.
    proof: String,
    /// The next block, whose header carries that root; canonical encoding.
    next_block: String,
    /// The votes that certify the next block; canonical encoding.
    certificate: String,
    /// The events, decoded by the interfaces of their contracts; not part of what is proved.
    events: Vec<EventJson>,
}

fn proof(backend: &dyn Backend, parameters: TransactionParameters) -> Result<Proof, RpcError> {
    let HashText(hash) = parameters.hash;
    let (height, index) = located(backend, &hash)?;
    let store = backend.store();
    let (block, votes) = successor(store, height)?;
    let receipts = store.receipts(height)?.unwrap_or_default();
    let receipt = receipts.get(index as usize).ok_or_else(|| RpcError::new("fault", "a receipt is missing"))?;
    let leaves: Vec<Hash> = receipts.iter().map(Receipt::hash).collect();
    let abis = |address: &Address| known_abi(backend, address);
    Ok(Proof {
        height: height.0,
        receipt: hex(encode(receipt)),
        proof: hex(encode(&merkle_proof(&leaves, index as usize))),
        next_block: hex(encode(&block)),
        certificate: hex(encode(&votes)),
        events: receipt.events.iter().map(|event| event_json(event, &abis)).collect(),
    })
}
