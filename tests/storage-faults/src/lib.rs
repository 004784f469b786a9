//! The ledger on disk when processes are killed, disks fail, writes tear and bits flip.
//!
//! Blocks here follow from their heights alone, so that every process makes the same ones and a test knows every root.

use counterpart_ledger::{
    Action, Address, Block, Certificate, ChainId, Event, Gas, Genesis, Hash, Header, Height, Outcome, Phase, Receipt,
    SecretKey, SignedTransaction, Statement, Transaction, ValidatorSet, Write, WriteSet, system_key,
};
use counterpart_storage::{Commit, Head, Store, StoreError};
use std::collections::BTreeMap;
use std::path::Path;

/// Keys of the contracts' entries that blocks touch.
const KEYS: u64 = 3_000;
/// Entries that a block touches.
const TOUCHED: u64 = 40;

/// Makes blocks and the votes for them.
pub struct Maker {
    voters: Vec<SecretKey>,
    sender: SecretKey,
    /// The document that the chain begins with.
    pub genesis: Genesis,
}

impl Default for Maker {
    fn default() -> Self {
        let voters: Vec<SecretKey> = (1..=4).map(|seed| SecretKey::from_seed([seed; 32])).collect();
        let members = voters.iter().map(SecretKey::public_key).collect();
        let genesis = Genesis {
            chain: ChainId(7),
            time_ms: 1_700_000_000_000,
            profile: Hash([9; 32]),
            validators: ValidatorSet { epoch: 0, members, quorum: 3 },
            fee_collector: Address([8; 32]),
            min_gas_price: 1,
            accounts: Vec::new(),
        };
        Self { voters, sender: SecretKey::from_seed([77; 32]), genesis }
    }
}

/// A number that looks random and follows from two others (splitmix64).
fn mix(one: u64, two: u64) -> u64 {
    let mut value = one.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(two.wrapping_mul(0xBF58_476D_1CE4_E5B9));
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

impl Maker {
    /// Opens the ledger in a folder, or makes one.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn open(&self, folder: &Path) -> Result<Store, StoreError> {
        match Store::open(folder) {
            Err(StoreError::Missing(_)) => Store::create(folder, &self.genesis, &WriteSet::new()),
            other => other,
        }
    }

    fn certificate(&self, header: &Header, phase: Phase) -> Certificate {
        let statement = Statement { chain: header.chain, epoch: 0, phase, view: header.view, block: header.hash() };
        let sign = |(index, key): (usize, &SecretKey)| statement.sign(index as u16, key);
        Certificate { statement, signatures: self.voters.iter().enumerate().take(3).map(sign).collect() }
    }

    /// The finals for a block.
    pub fn approval(&self, header: &Header) -> Certificate {
        self.certificate(header, Phase::Final)
    }

    fn transaction(&self, height: u64, number: u64) -> SignedTransaction {
        let transaction = Transaction {
            chain: self.genesis.chain,
            sender: self.sender.public_key(),
            nonce: height * 3 + number,
            gas_limit: Gas(1_000),
            gas_price: 1,
            expires_at: Height(height + 10),
            actions: vec![Action::Transfer { to: Address([number as u8; 32]), amount: u128::from(height) }],
            authorizations: Vec::new(),
        };
        transaction.sign(&self.sender)
    }

    /// Commits the block after the head; answers the new head.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn commit_next(&self, store: &Store) -> Result<Head, StoreError> {
        let head = store.head();
        let height = head.height.0 + 1;
        let transactions: Vec<SignedTransaction> =
            (0..mix(height, 1) % 4).map(|number| self.transaction(height, number)).collect();
        let event = |number: u64| Event {
            contract: Address([(number % 3) as u8 + 1; 32]),
            topics: vec![Hash([(height % 5) as u8; 32]), Hash([200; 32])],
            data: height.to_le_bytes().to_vec(),
        };
        let receipt = |(number, signed): (usize, &SignedTransaction)| Receipt {
            transaction: signed.hash(),
            outcome: Outcome::Success,
            gas_used: Gas(10),
            fee: 10,
            outputs: vec![Vec::new()],
            events: (0..number as u64 + 1).map(event).collect(),
            evidence: Hash([3; 32]),
        };
        let receipts: Vec<Receipt> = transactions.iter().enumerate().map(receipt).collect();
        let header = Header {
            chain: self.genesis.chain,
            height: Height(height),
            view: height,
            parent: head.hash,
            time_ms: head.time_ms + 1,
            proposer: 0,
            profile: self.genesis.profile,
            validator_set: self.genesis.validators.hash(),
            transactions_root: Block::transactions_root(&transactions),
            parent_state_root: head.state_root,
            parent_receipts_root: head.receipts_root,
            parent_events_root: head.events_root,
        };
        let block = Block { header, transactions };
        let (writes, codes) = self.writes(store, height)?;
        let certificate = self.certificate(&block.header, Phase::Vote);
        let commit = Commit {
            block: &block,
            receipts: &receipts,
            writes: &writes,
            codes: &codes,
            certificate: Some(&certificate),
            approval: None,
        };
        let head = store.commit(&commit)?;
        store.put_approval(head.height, &self.approval(&block.header))?;
        Ok(head)
    }

    fn writes(&self, store: &Store, height: u64) -> Result<(WriteSet, BTreeMap<Hash, Vec<u8>>), StoreError> {
        let state = store.state();
        let (mut writes, mut codes) = (WriteSet::new(), BTreeMap::new());
        let mut touch = |key: Vec<u8>, new: Option<Vec<u8>>| {
            let old = state.get(&key).map_err(|fault| StoreError::Store(fault.0))?;
            if old != new {
                writes.insert(key, Write { old, new });
            }
            Ok::<(), StoreError>(())
        };
        for number in 0..TOUCHED {
            let chosen = mix(height, number) % KEYS;
            let key = [&[(chosen % 7) as u8 + 1; 32][..], &chosen.to_be_bytes()].concat();
            let length = (mix(number, height) % 90) as usize;
            let new = (!mix(height, chosen).is_multiple_of(4)).then(|| vec![height as u8; length]);
            touch(key, new)?;
        }
        if height.is_multiple_of(9) {
            let code = vec![height as u8; 500];
            let hash = Hash(counterpart_ledger::state_path(&code));
            touch(system_key("code", &[&hash.0]), Some(vec![1]))?;
            codes.insert(hash, code);
        }
        Ok((writes, codes))
    }

    /// Heads of the first heights, from a run that nothing disturbs.
    ///
    /// # Panics
    /// When the disk fails.
    pub fn undisturbed(&self, folder: &Path, count: u64) -> Vec<Head> {
        let store = self.open(folder).expect("a ledger");
        let mut heads = vec![store.head()];
        heads.extend((0..count).map(|_| self.commit_next(&store).expect("a commit")));
        heads
    }
}
