//! A ledger on disk, block by block, certified by four keys.

use counterpart_execution::{BlockContext, Executor};
use counterpart_ledger::{
    Action, Address, Block, BlockEvent, Certificate, ChainId, Gas, Genesis, GenesisAccount, Hash, Header, Height,
    Phase, Receipt, SecretKey, SignedTransaction, Statement, Transaction, ValidatorSet, account_address,
};
use counterpart_module::Profile;
use counterpart_storage::{Commit, Store};
use std::path::Path;
use std::time::{Duration, Instant};

/// When the chain begins; time passes by a second for each block.
const BEGINNING_MS: u64 = 1_700_000_000_000;
/// What every account begins with.
const FUNDS: u128 = 1 << 80;

/// The key of an account or a replica by its name.
pub fn key(name: &str) -> SecretKey {
    let mut seed = [0; 32];
    let bytes = name.as_bytes();
    seed[..bytes.len()].copy_from_slice(bytes);
    SecretKey::from_seed(seed)
}

/// The address of an account by its name.
pub fn address(name: &str) -> Address {
    account_address(&key(name).public_key())
}

/// Makes a ledger.
pub struct Maker {
    /// The ledger.
    pub store: Store,
    executor: Executor,
    replicas: Vec<SecretKey>,
    nonces: std::collections::BTreeMap<String, u64>,
}

impl Maker {
    /// Begins a ledger in a new folder, with accounts of these names.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(folder: &Path, executor: Executor, accounts: &[&str]) -> Self {
        let replicas: Vec<SecretKey> = (0..4).map(|index| key(&format!("replica {index}"))).collect();
        let mut funded: Vec<GenesisAccount> =
            accounts.iter().map(|name| GenesisAccount { address: address(name), balance: FUNDS }).collect();
        funded.sort_by_key(|account| account.address);
        let members = replicas.iter().map(SecretKey::public_key).collect();
        let genesis = Genesis {
            chain: ChainId(77),
            time_ms: BEGINNING_MS,
            profile: Profile::v1().hash(),
            validators: ValidatorSet { epoch: 0, members, quorum: 3 },
            fee_collector: address("fees"),
            min_gas_price: 1,
            accounts: funded,
        };
        let store = Store::create(folder, &genesis, &Executor::genesis(&genesis)).expect("a ledger can be made");
        Self { store, executor, replicas, nonces: Default::default() }
    }

    /// The next transaction of an account.
    pub fn signed(&mut self, sender: &str, gas: u64, actions: Vec<Action>) -> SignedTransaction {
        let nonce = self.nonces.entry(sender.to_owned()).or_default();
        let transaction = Transaction {
            chain: ChainId(77),
            sender: key(sender).public_key(),
            nonce: *nonce,
            gas_limit: Gas(gas),
            gas_price: 1,
            expires_at: Height(u64::MAX),
            actions,
            authorizations: Vec::new(),
        };
        *nonce += 1;
        transaction.sign(&key(sender))
    }

    /// Makes the next block, executes and certifies it.
    ///
    /// # Panics
    /// When it cannot be executed or stored.
    pub fn block(&mut self, transactions: Vec<SignedTransaction>) -> Height {
        let (head, genesis) = (self.store.head(), self.store.genesis());
        let height = Height(head.height.0 + 1);
        let header = Header {
            chain: genesis.chain,
            height,
            view: height.0,
            parent: head.hash,
            time_ms: head.time_ms + 1_000,
            proposer: (height.0 % 4) as u16,
            profile: genesis.profile,
            validator_set: genesis.validators.hash(),
            transactions_root: Block::transactions_root(&transactions),
            parent_state_root: head.state_root,
            parent_receipts_root: head.receipts_root,
            parent_events_root: head.events_root,
        };
        let block = Block { header, transactions };
        let certificate = self.certificate(&block, Phase::Vote);
        let context = BlockContext::new(genesis, &block.header);
        let (state, codes) = (self.store.state(), self.store.codes());
        let result = self.executor.execute_block(&context, &block.transactions, state, codes).expect("it executes");
        let commit = Commit {
            block: &block,
            receipts: &result.receipts,
            writes: &result.writes,
            codes: &result.codes,
            certificate: Some(&certificate),
            approval: None,
        };
        self.store.commit(&commit).expect("the block is stored");
        let approval = self.certificate(&block, Phase::Final);
        self.store.put_approval(height, &approval).expect("finals are stored");
        height
    }

    fn certificate(&self, block: &Block, phase: Phase) -> Certificate {
        let statement =
            Statement { chain: block.header.chain, epoch: 0, phase, view: block.header.view, block: block.hash() };
        let signatures =
            self.replicas.iter().enumerate().map(|(index, key)| statement.sign(index as u16, key)).collect();
        Certificate { statement, signatures }
    }

    /// Does again what a replica does live with every block, on a new ledger: checks it and its votes, executes it, works out
    /// the roots and commits it. Answers the time with the disk and without.
    ///
    /// # Panics
    /// When a block does not come out equal.
    pub fn live_again(&self, executor: &Executor) -> (Duration, Duration) {
        let folder = tempfile::tempdir().expect("a folder");
        let genesis = self.store.genesis();
        let writes = Executor::genesis(genesis);
        let copy = Store::create(&folder.path().join("ledger"), genesis, &writes).expect("a ledger can be made");
        let mut trie = counterpart_ledger::StateTrie::default();
        let staged = trie.stage(&writes);
        trie.apply(staged);
        let (mut live, mut alone) = (Duration::ZERO, Duration::ZERO);
        for height in (1..=self.store.head().height.0).map(Height) {
            let block = self.store.block(height).expect("readable").expect("there");
            let certificate = self.store.certificate(height).expect("readable");
            let approval = self.store.approval(height).expect("readable");
            let start = Instant::now();
            // A replica checks these before it votes, and as votes and finals come in.
            assert_eq!(block.header.transactions_root, Block::transactions_root(&block.transactions));
            for (votes, phase) in [(&certificate, Phase::Vote), (&approval, Phase::Final)] {
                let votes = votes.as_ref().expect("there");
                votes.verify(&genesis.validators, genesis.chain, phase, 3).expect("they hold");
            }
            let context = BlockContext::new(genesis, &block.header);
            let (state, codes) = (copy.state(), copy.codes());
            let result = executor.execute_block(&context, &block.transactions, state, codes).expect("it executes");
            let executed = start.elapsed();
            let commit = Commit {
                block: &block,
                receipts: &result.receipts,
                writes: &result.writes,
                codes: &result.codes,
                certificate: certificate.as_ref(),
                approval: None,
            };
            let head = copy.commit(&commit).expect("the block is stored");
            live += start.elapsed();
            // What a node would do without a disk: the roots.
            let start = Instant::now();
            let staged = trie.stage(&result.writes);
            let roots = (Receipt::root(&result.receipts), BlockEvent::root(&result.receipts), block.hash());
            alone += executed + start.elapsed();
            assert_eq!((staged.root(), roots.2), (head.state_root, head.hash), "block {height}");
            trie.apply(staged);
        }
        (live, alone)
    }

    /// How long a block's execution takes, without roots and disk: with the checks of signatures and without.
    ///
    /// # Panics
    /// When it cannot be executed.
    pub fn execution_alone(&self, executor: &Executor, height: Height) -> (Duration, Duration) {
        let block = self.store.block(height).expect("readable").expect("there");
        let state = self.store.state_at(Height(height.0 - 1)).expect("kept");
        let context = BlockContext::new(self.store.genesis(), &block.header);
        let whole = Instant::now();
        let checked = counterpart_execution::CheckedTransaction::all(&block.transactions);
        let start = Instant::now();
        let result = executor.execute_checked(&context, &checked, state, self.store.codes()).expect("it executes");
        let times = (whole.elapsed(), start.elapsed());
        assert_eq!(result.receipts.len(), checked.len());
        times
    }

    /// The hash of the genesis document.
    pub fn genesis(&self) -> Hash {
        self.store.genesis().hash()
    }
}
