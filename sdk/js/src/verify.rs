//! What a client checks by itself: certificates, receipts, state, and when something is final for it.

use crate::error::{bytes, bytes32, failure, hex_of};
use crate::transaction::value;
use counterpart_consensus::{CommitRule, Decision, strength};
use counterpart_ledger::{
    Block, BlockEvent, Certificate, ChainId, Hash, MerkleProof, Phase, Receipt, StateProof, ValidatorSet,
};
use serde_json::json;
use wasm_bindgen::prelude::*;

/// Who votes. A client takes it from somewhere it trusts, once.
#[wasm_bindgen]
pub struct Validators {
    set: ValidatorSet,
    chain: ChainId,
}

#[wasm_bindgen]
impl Validators {
    /// Reads the `raw` that `chain_validators` answers.
    ///
    /// # Errors
    /// `bad_encoding`.
    #[wasm_bindgen(constructor)]
    pub fn new(raw: &str, chain: u64) -> Result<Validators, JsValue> {
        Ok(Self { set: value("validator set", raw)?, chain: ChainId(chain) })
    }

    /// The set's hash, which every header carries.
    #[wasm_bindgen(getter)]
    pub fn hash(&self) -> String {
        self.set.hash().to_string()
    }

    /// N, how many there are.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> u16 {
        self.set.size()
    }

    /// R, the votes that certify.
    #[wasm_bindgen(getter)]
    pub fn quorum(&self) -> u16 {
        self.set.quorum
    }

    /// Checks every signature of a certificate; answers block, view and signers as JSON.
    ///
    /// `phase` is `vote` for what certifies a block and `final` for what clients decide by.
    ///
    /// # Errors
    /// `bad_certificate` when it does not hold for this set and chain.
    #[wasm_bindgen(js_name = verifyCertificate)]
    pub fn verify_certificate(&self, raw: &str, phase: &str) -> Result<String, JsValue> {
        let phase = match phase {
            "vote" => Phase::Vote,
            "final" => Phase::Final,
            _ => return Err(failure("bad_phase", format!("there is no phase `{phase}`"), "it is `vote` or `final`")),
        };
        let certificate: Certificate = value("certificate", raw)?;
        let verified = certificate.verify(&self.set, self.chain, phase, usize::from(self.set.quorum));
        let hint = "the node's answer proves nothing: do not act on it";
        verified.map_err(|error| failure("bad_certificate", error, hint))?;
        let signers: Vec<u16> = certificate.signatures.iter().map(|signed| signed.signer).collect();
        let statement = certificate.statement;
        Ok(json!({ "block": statement.block.to_string(), "view": statement.view, "signers": signers }).to_string())
    }

    /// What a number of finals is worth, as JSON; `undefined` below the quorum.
    pub fn strength(&self, finals: u16) -> Option<String> {
        let strength = strength(&self.set, finals)?;
        let document = json!({
            "finals": strength.finals,
            "tolerated": strength.tolerated,
            "silent": strength.silent,
            "toleratedSynchronous": strength.tolerated_synchronous,
        });
        Some(document.to_string())
    }
}

/// A client's own rule of what is final.
#[wasm_bindgen]
pub struct Rule {
    rule: CommitRule,
}

#[wasm_bindgen]
impl Rule {
    /// Reads `quorum:0.8` or `synchronous:0.67,500ms`.
    ///
    /// # Errors
    /// `bad_rule`.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str) -> Result<Rule, JsValue> {
        let wrong = |error| failure("bad_rule", error, "the share is of all replicas, the time is the longest delay");
        Ok(Self { rule: text.parse().map_err(wrong)? })
    }

    /// The finals that it needs.
    pub fn needed(&self, validators: &Validators) -> u16 {
        self.rule.needed(&validators.set)
    }

    /// Decides, by finals seen, ms since the quorum was seen, and whether a conflict was seen: `final`, `waiting`,
    /// `undisturbed` (time has to pass) or `disturbed`.
    pub fn decide(&self, validators: &Validators, finals: u16, since_quorum_ms: u64, conflict: bool) -> String {
        let decision = self.rule.decide(&validators.set, finals, since_quorum_ms, conflict);
        let word = match decision {
            Decision::Final => "final",
            Decision::Waiting { .. } => "waiting",
            Decision::Undisturbed { .. } => "undisturbed",
            Decision::Disturbed => "disturbed",
        };
        word.to_owned()
    }
}

/// What to do about a proof that does not hold.
const DISTRUST: &str = "the node's answer proves nothing: do not act on it";

/// The block of a `raw`, if it is the one that a verified certificate names.
fn certified_block(raw: &str, certified: &str) -> Result<Block, JsValue> {
    let block: Block = value("block", raw)?;
    if block.hash() != Hash(bytes32("certified block", certified)?) {
        return Err(failure("bad_proof", "the certificate is for another block", DISTRUST));
    }
    Ok(block)
}

/// Checks a receipt against the block after its own, whose header carries the root of its block's receipts.
///
/// `next_block` is the `raw` of that block; its hash has to be the one that a verified certificate names. Answers the
/// hash of the receipt's own block.
///
/// # Errors
/// `bad_proof` when the receipt is not part of that root.
#[wasm_bindgen(js_name = verifyReceipt)]
pub fn verify_receipt(next_block: &str, certified: &str, receipt: &str, proof: &str) -> Result<String, JsValue> {
    let block = certified_block(next_block, certified)?;
    let (receipt, proof): (Receipt, MerkleProof) = (value("receipt", receipt)?, value("proof", proof)?);
    if !proof.verify(&block.header.parent_receipts_root, receipt.hash()) {
        return Err(failure("bad_proof", "the receipt is not part of the block's receipts", DISTRUST));
    }
    Ok(block.header.parent.to_string())
}

/// Checks an event against the block after its own, whose header carries the root of its block's events.
///
/// `next_block` and `certified` are as in `verifyReceipt`. Answers the event with its place, as JSON.
///
/// # Errors
/// `bad_proof` when the event is not part of that root.
#[wasm_bindgen(js_name = verifyEvent)]
pub fn verify_event(next_block: &str, certified: &str, event: &str, proof: &str) -> Result<String, JsValue> {
    let block = certified_block(next_block, certified)?;
    let (placed, proof): (BlockEvent, MerkleProof) = (value("event", event)?, value("proof", proof)?);
    if !proof.verify(&block.header.parent_events_root, placed.hash()) {
        return Err(failure("bad_proof", "the event is not part of the block's events", DISTRUST));
    }
    let BlockEvent { transaction, index, event } = placed;
    let topics: Vec<String> = event.topics.iter().map(Hash::to_string).collect();
    let document = json!({
        "block": block.header.parent.to_string(), "transaction": transaction, "index": index,
        "contract": event.contract.to_string(), "topics": topics, "data": hex_of(&event.data),
    });
    Ok(document.to_string())
}

/// Checks a value of the state, or its absence (`undefined`), against a state root.
///
/// # Errors
/// `bad_proof` when the proof does not lead to the root.
#[wasm_bindgen(js_name = verifyState)]
pub fn verify_state(root: &str, key: &str, state_value: Option<String>, proof: &str) -> Result<(), JsValue> {
    let (root, key) = (Hash(bytes32("root", root)?), bytes("key", key)?);
    let expected = state_value.map(|text| bytes("value", &text)).transpose()?;
    let proof: StateProof = value("proof", proof)?;
    proof.verify(&root, &key, expected.as_deref()).map_err(|error| failure("bad_proof", error, DISTRUST))
}
