//! Proofs that convince a light client on another chain, put together from what a node answers. Whoever carries them is trusted
//! with nothing: they hold or they do not.

use crate::{Client, ClientError};
use counterpart_ledger::{
    Address, Block, Certificate, ChainProof, EntryProof, Finality, Height, LightClient, StateProof, decode,
};
use serde_json::{Value, json};

impl Client {
    /// That the state of a contract has an entry now, or has none: after the newest block whose successor has finals of its own.
    /// `key` is the contract's own.
    ///
    /// # Errors
    /// [`ClientError`] when no block is final yet, or the node's answers prove nothing.
    pub fn prove_entry(&self, contract: &Address, key: &[u8]) -> Result<ChainProof, ClientError> {
        let (block, finality) = self.newest_final()?;
        let (height, whole) = (block.header.height, [&contract.0[..], key].concat());
        let (value, proof) = self.entry_at(contract, key, height)?;
        let proved = EntryProof { finality, block: block.header, key: whole, value, proof };
        proved.verify_inclusion().map_err(|error| self.answer("state_proof", error))?;
        Ok(ChainProof::Entry(proved))
    }

    /// The newest block whose successor has finals of its own, and these.
    fn newest_final(&self) -> Result<(Block, Finality), ClientError> {
        const METHOD: &str = "chain_blocks";
        /// Blocks that are looked at: finals of a block approve its ancestors too, so not each has its own.
        const LOOK_BACK: u32 = 64;
        let page = self.call(METHOD, json!({ "descending": true, "limit": LOOK_BACK }))?;
        let blocks = page["blocks"].as_array().map_or(&[][..], Vec::as_slice);
        let pair = blocks.windows(2).find(|pair| !pair[0]["approval"].is_null());
        let [next, block] = pair.ok_or_else(|| self.answer(METHOD, "no block with a successor is final yet"))? else {
            return Err(self.answer(METHOD, "two blocks were looked for"));
        };
        let approval: Certificate = self.decode(METHOD, &next["approval"])?;
        let (next, block): (Block, Block) =
            (self.decode(METHOD, &next["block"])?, self.decode(METHOD, &block["block"])?);
        let set = self.validators_of(approval.statement.epoch)?;
        let mut light = LightClient::trusting(next.header.chain, set.clone());
        light.take(&next.header, &approval, 0).map_err(|error| self.answer(METHOD, error))?;
        Ok((block, Finality { header: next.header, approval }))
    }

    fn entry_at(
        &self,
        contract: &Address,
        key: &[u8],
        height: Height,
    ) -> Result<(Option<Vec<u8>>, StateProof), ClientError> {
        const METHOD: &str = "state_proof";
        let key = format!("0x{}", hex::encode(key));
        let answer = self.call(METHOD, json!({ "contract": contract.to_string(), "key": key, "height": height.0 }))?;
        let value = match &answer["value"] {
            Value::Null => None,
            value => Some(self.hex(METHOD, value)?),
        };
        let proof = decode("proof", &self.hex(METHOD, &answer["proof"])?);
        Ok((value, proof.map_err(|error| self.answer(METHOD, error))?))
    }
}
