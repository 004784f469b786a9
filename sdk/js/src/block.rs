//! Blocks and transactions as JSON, decoded from the bytes that are hashed and signed.

use crate::error::hex_of;
use crate::transaction::value;
use counterpart_ledger::{Action, Authorization, Block, SignedTransaction, account_address};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

/// A block with its transactions, from its `raw`, as JSON. The hashes are computed, not taken from the node.
///
/// # Errors
/// `bad_encoding` when the bytes are not a block.
#[wasm_bindgen(js_name = decodeBlock)]
pub fn decode_block(raw: &str) -> Result<String, JsValue> {
    let block: Block = value("block", raw)?;
    let header = &block.header;
    let document = json!({
        "hash": block.hash().to_string(),
        "height": header.height.0,
        "view": header.view,
        "parent": header.parent.to_string(),
        "time_ms": header.time_ms,
        "proposer": header.proposer,
        "profile": header.profile.to_string(),
        "validator_set": header.validator_set.to_string(),
        "transactions_root": header.transactions_root.to_string(),
        "transactions_match": Block::transactions_root(&block.transactions) == header.transactions_root,
        "parent_state_root": header.parent_state_root.to_string(),
        "parent_receipts_root": header.parent_receipts_root.to_string(),
        "parent_events_root": header.parent_events_root.to_string(),
        "transactions": block.transactions.iter().map(transaction).collect::<Vec<_>>(),
    });
    Ok(document.to_string())
}

fn transaction(signed: &SignedTransaction) -> Value {
    let transaction = &signed.transaction;
    json!({
        "hash": signed.hash().to_string(),
        "sender": transaction.sender_address().to_string(),
        "nonce": transaction.nonce.to_string(),
        "gas_limit": transaction.gas_limit.0.to_string(),
        "gas_price": transaction.gas_price.to_string(),
        "expires_at": transaction.expires_at.0.to_string(),
        "actions": transaction.actions.iter().map(action).collect::<Vec<_>>(),
        "authorizations": transaction.authorizations.iter().map(authorization).collect::<Vec<_>>(),
        "signature_valid": signed.verify().is_ok(),
    })
}

fn action(action: &Action) -> Value {
    match action {
        Action::Upload { code } => json!({ "kind": "upload", "bytes": code.len() }),
        Action::Deploy { code_hash, salt, input, value } => json!({
            "kind": "deploy", "code_hash": code_hash.to_string(), "salt": salt.to_string(), "input": hex_of(input),
            "value": value.to_string(),
        }),
        Action::Call { contract, input, value } => json!({
            "kind": "call", "contract": contract.to_string(), "input": hex_of(input), "value": value.to_string(),
        }),
        Action::Transfer { to, amount } => {
            json!({ "kind": "transfer", "to": to.to_string(), "amount": amount.to_string() })
        }
        Action::ChangeValidators { change } => json!({
            "kind": "change_validators", "epoch": change.next.epoch, "quorum": change.next.quorum,
            "members": change.next.members.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
        Action::Accuse { set, evidence } => {
            json!({ "kind": "accuse", "epoch": set.epoch, "member": evidence.first.1.signer })
        }
    }
}

fn authorization(authorization: &Authorization) -> Value {
    json!({
        "address": account_address(&authorization.signer).to_string(),
        "contract": authorization.contract.to_string(),
        "input_hash": authorization.input_hash.to_string(),
        "expires_at": authorization.expires_at.0.to_string(),
    })
}
