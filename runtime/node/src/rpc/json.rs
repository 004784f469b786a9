//! Values of the chain as JSON.

use counterpart_abi::ContractAbi;
use counterpart_abi::shared_errors;
use counterpart_ledger::{Address, Block, Certificate, Event, Outcome, Receipt, encode};
use serde_json::{Value, json};

/// Finds the interface of a contract, for decoding.
pub type Abis<'a> = &'a dyn Fn(&Address) -> Option<ContractAbi>;

fn raw<T: borsh::BorshSerialize>(value: &T) -> String {
    format!("0x{}", hex::encode(encode(value)))
}

/// A block with hashes of its transactions.
pub fn block_json(block: &Block) -> Value {
    let header = &block.header;
    json!({
        "height": header.height.0,
        "hash": block.hash().to_string(),
        "view": header.view,
        "parent": header.parent.to_string(),
        "time_ms": header.time_ms,
        "proposer": header.proposer,
        "profile": header.profile.to_string(),
        "transactions_root": header.transactions_root.to_string(),
        "parent_state_root": header.parent_state_root.to_string(),
        "parent_receipts_root": header.parent_receipts_root.to_string(),
        "transactions": block.transactions.iter().map(|signed| signed.hash().to_string()).collect::<Vec<_>>(),
        "raw": raw(block),
    })
}

/// A certificate: who signed what.
pub fn certificate_json(certificate: &Certificate) -> Value {
    json!({
        "view": certificate.statement.view,
        "block": certificate.statement.block.to_string(),
        "signers": certificate.signatures.iter().map(|signed| signed.signer).collect::<Vec<_>>(),
        "raw": raw(certificate),
    })
}

/// How a transaction ended, with a contract's error decoded.
pub fn outcome_json(outcome: &Outcome, abis: Abis<'_>) -> Value {
    match outcome {
        Outcome::Success => json!({ "status": "success" }),
        Outcome::Revert { action, contract, code, data } => {
            let error = match shared_errors::name(*code) {
                Some(name) => Value::String(name.to_owned()),
                None => decode_error(*code, data, abis(contract)),
            };
            json!({
                "status": "revert", "action": action, "contract": contract.to_string(), "code": code, "error": error,
                "data": format!("0x{}", hex::encode(data)),
            })
        }
        Outcome::OutOfGas { action } => json!({ "status": "out_of_gas", "action": action }),
        Outcome::StackExhausted { action } => json!({ "status": "stack_exhausted", "action": action }),
        Outcome::Trap { action, contract, code } => json!({
            "status": "trap", "action": action, "contract": contract.to_string(), "code": code.number(),
            "error": code.message(),
        }),
        Outcome::NoContract { action, contract } => {
            json!({ "status": "no_contract", "action": action, "contract": contract.to_string() })
        }
        Outcome::NoCode { action, code_hash } => {
            json!({ "status": "no_code", "action": action, "code_hash": code_hash.to_string() })
        }
        Outcome::AddressTaken { action, contract } => {
            json!({ "status": "address_taken", "action": action, "contract": contract.to_string() })
        }
        Outcome::InsufficientBalance { action } => json!({ "status": "insufficient_balance", "action": action }),
        Outcome::BadModule { action, code } => json!({ "status": "bad_module", "action": action, "code": code }),
        Outcome::Rejected(code) => json!({ "status": "rejected", "error": code.name() }),
    }
}

/// The error whose variant a code and data name; null when no interface knows it.
fn decode_error(code: u32, data: &[u8], abi: Option<ContractAbi>) -> Value {
    let Some(abi) = abi else { return Value::Null };
    let mut types: Vec<u32> = abi.methods.iter().filter_map(|method| method.error).collect();
    types.sort_unstable();
    types.dedup();
    let decoded = types.into_iter().filter_map(|ty| abi.decode_value(ty, data).ok()).next();
    // The code is the variant's index and one more.
    decoded.filter(|_| data.first().is_some_and(|index| u32::from(*index) + 1 == code)).unwrap_or(Value::Null)
}

/// An event, with its fields decoded.
pub fn event_json(event: &Event, abis: Abis<'_>) -> Value {
    let decoded = event.topics.first().and_then(|topic| {
        let abi = abis(&event.contract)?;
        let described = abi.event(&topic.0)?.clone();
        let fields = abi.decode_event(&described, &event.data).ok()?;
        Some((described.name, fields))
    });
    let (name, fields) = decoded.unzip();
    json!({
        "contract": event.contract.to_string(),
        "name": name,
        "fields": fields,
        "topics": event.topics.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "data": format!("0x{}", hex::encode(&event.data)),
    })
}

/// A receipt.
pub fn receipt_json(receipt: &Receipt, abis: Abis<'_>) -> Value {
    json!({
        "transaction": receipt.transaction.to_string(),
        "outcome": outcome_json(&receipt.outcome, abis),
        "gas_used": receipt.gas_used.0,
        "fee": receipt.fee.to_string(),
        "outputs": receipt.outputs.iter().map(|output| format!("0x{}", hex::encode(output))).collect::<Vec<_>>(),
        "events": receipt.events.iter().map(|event| event_json(event, abis)).collect::<Vec<_>>(),
        "evidence": receipt.evidence.to_string(),
        "raw": raw(receipt),
    })
}
