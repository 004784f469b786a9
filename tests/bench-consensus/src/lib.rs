//! How long certification takes: in delays of a simulated network, among processes on one machine, and for a light client.
//!
//! The library is what a client needs to believe a receipt, and the check: compiled natively and to Wasm, so that both can be
//! timed.

use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_ledger::{Certificate, Header, LightClient, MerkleProof, Receipt, decode};
use wasm_bindgen::prelude::wasm_bindgen;

/// A receipt with everything that proves it to who knows the validators.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Proof {
    /// The header after the receipt's block: it carries the root of the receipts.
    pub header: Header,
    /// Finals for it.
    pub approval: Certificate,
    /// What became of the transaction.
    pub receipt: Receipt,
    /// From the receipt to the root.
    pub path: MerkleProof,
}

/// Whether a proof holds, for a light client that was kept as bytes.
#[wasm_bindgen]
pub fn holds(light: &[u8], proof: &[u8]) -> bool {
    let Ok(mut light) = LightClient::from_bytes(light) else { return false };
    let Ok(proof) = decode::<Proof>("proof", proof) else { return false };
    light.take(&proof.header, &proof.approval, 0).is_ok()
        && proof.path.verify(&proof.header.parent_receipts_root, proof.receipt.hash())
}
