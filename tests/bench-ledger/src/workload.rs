//! Entries and blocks that follow from numbers.

use counterpart_ledger::{
    Address, Block, Certificate, ChainId, Genesis, Hash, Header, Height, Phase, SecretKey, Statement, ValidatorSet,
    Write, WriteSet,
};
use counterpart_storage::{Commit, Store};
use std::collections::BTreeMap;
use std::path::Path;

/// A number that looks random and follows from two others (splitmix64).
pub fn mix(one: u64, two: u64) -> u64 {
    let mut value = one.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(two.wrapping_mul(0xBF58_476D_1CE4_E5B9));
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// The key of an entry: 32 bytes.
pub fn key(number: u64) -> Vec<u8> {
    [mix(number, 1), mix(number, 2), mix(number, 3), number].iter().flat_map(|part| part.to_be_bytes()).collect()
}

/// The value of an entry as a block left it: 40 bytes.
pub fn value(number: u64, height: u64) -> Vec<u8> {
    (0..5).flat_map(|part| mix(number ^ part, height).to_be_bytes()).collect()
}

/// Makes blocks.
pub struct Maker {
    keys: u64,
    voter: SecretKey,
    genesis: Genesis,
}

/// A block and what it changes.
pub struct Made {
    /// The block.
    pub block: Block,
    /// What it changes.
    pub writes: WriteSet,
    certificate: Certificate,
}

impl Made {
    /// Commits it to the ledger.
    pub fn commit(&self, store: &Store) -> anyhow::Result<()> {
        let (block, writes) = (&self.block, &self.writes);
        let commit = Commit {
            block,
            receipts: &[],
            writes,
            codes: &BTreeMap::new(),
            certificate: Some(&self.certificate),
            approval: None,
        };
        store.commit(&commit)?;
        Ok(())
    }
}

impl Maker {
    /// For a state of so many entries.
    pub fn new(keys: u64) -> Self {
        let voter = SecretKey::from_seed([1; 32]);
        let validators = ValidatorSet { epoch: 0, members: vec![voter.public_key()], quorum: 1 };
        let genesis = Genesis {
            chain: ChainId(1),
            time_ms: 0,
            profile: Hash::ZERO,
            validators,
            fee_collector: Address::ZERO,
            min_gas_price: 1,
            accounts: Vec::new(),
        };
        Self { keys, voter, genesis }
    }

    /// A ledger with all entries.
    pub fn fill(&mut self, folder: &Path) -> anyhow::Result<Store> {
        let entry = |number: u64| (key(number), Write { old: None, new: Some(value(number, 0)) });
        Ok(Store::create(folder, &self.genesis, &(0..self.keys).map(entry).collect())?)
    }

    /// The next block: random entries get other values.
    pub fn block(&mut self, store: &Store, updates: u64) -> anyhow::Result<Made> {
        let head = store.head();
        let height = head.height.0 + 1;
        let state = store.state();
        let mut writes = WriteSet::new();
        for update in 0..updates {
            let number = mix(update, height) % self.keys;
            let key = key(number);
            let old = state.get(&key)?;
            writes.insert(key, Write { old, new: Some(value(number, height)) });
        }
        let header = Header {
            chain: self.genesis.chain,
            height: Height(height),
            view: height,
            parent: head.hash,
            time_ms: height,
            proposer: 0,
            profile: Hash::ZERO,
            validator_set: self.genesis.validators.hash(),
            transactions_root: Block::transactions_root(&[]),
            parent_state_root: head.state_root,
            parent_receipts_root: head.receipts_root,
            parent_events_root: head.events_root,
        };
        let chain = header.chain;
        let statement = Statement { chain, epoch: 0, phase: Phase::Vote, view: height, block: header.hash() };
        let certificate = Certificate { statement, signatures: vec![statement.sign(0, &self.voter)] };
        Ok(Made { block: Block { header, transactions: Vec::new() }, writes, certificate })
    }
}
