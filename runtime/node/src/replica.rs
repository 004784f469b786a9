//! One copy: a store, an executor and a voter.

use crate::journal::Journal;
use counterpart_consensus::{Record, Refusal, Voter};
use counterpart_execution::{BlockContext, ExecutionFault, Executor};
use counterpart_ledger::{Block, Certificate, Genesis, Hash, Header, Height, SecretKey, SignedBy, SignedTransaction};
use counterpart_storage::{Commit, Head, Store, StoreError};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A replica cannot go on, or does not agree.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Execution failed.
    #[error(transparent)]
    Execution(#[from] ExecutionFault),
    /// The journal of signatures failed.
    #[error("the journal of signatures failed: {0}")]
    Journal(#[from] std::io::Error),
    /// The guard refuses to sign.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// The block is not what this replica would accept.
    #[error("replica {replica} refuses block {height}: {reason}")]
    Invalid {
        /// Which replica.
        replica: u16,
        /// Height of the block.
        height: Height,
        /// What is wrong with it.
        reason: &'static str,
    },
}

struct Signer {
    voter: Voter,
    journal: Journal,
}

/// One copy of the chain.
pub struct Replica {
    index: u16,
    store: Store,
    executor: Executor,
    signer: Mutex<Signer>,
}

impl Replica {
    /// Opens or makes a replica in a folder.
    ///
    /// # Errors
    /// [`ReplicaError`] when the store or the journal cannot be used, or the folder is of another chain.
    pub fn open(
        folder: &Path,
        genesis: &Genesis,
        index: u16,
        key: SecretKey,
        executor: Executor,
    ) -> Result<Self, ReplicaError> {
        std::fs::create_dir_all(folder)?;
        let ledger = folder.join("ledger");
        let store = match Store::open(&ledger) {
            Ok(store) => store,
            Err(StoreError::Missing(_)) => Store::create(&ledger, genesis, &Executor::genesis(genesis))?,
            Err(error) => return Err(error.into()),
        };
        if store.genesis() != genesis {
            return Err(StoreError::Corrupt(format!("{} has another genesis", ledger.display())).into());
        }
        let (path, owner) = (folder.join("signed.journal"), key.public_key());
        let (journal, records) = match path.exists() {
            true => Journal::open(&path, owner)?,
            false => (Journal::create(&path, owner, Vec::new())?, Vec::new()),
        };
        let voter = Voter::new(genesis.chain, genesis.validators.clone(), index, key, &records);
        Ok(Self { index, store, executor, signer: Mutex::new(Signer { voter, journal }) })
    }

    /// Its index in the validator set.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// Its store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Its executor.
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    /// The latest view in which it signed.
    pub fn latest_view(&self) -> u64 {
        self.signer().voter.latest_view()
    }

    fn signer(&self) -> std::sync::MutexGuard<'_, Signer> {
        self.signer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs by a rule of the voter, and writes the record before the signature is given out.
    fn sign(
        &self,
        rule: impl FnOnce(&mut Voter) -> Result<(Record, SignedBy), Refusal>,
    ) -> Result<SignedBy, ReplicaError> {
        let mut signer = self.signer();
        let (record, signed) = rule(&mut signer.voter)?;
        let floor = record.view.saturating_sub(16);
        signer.journal.append(&[record], true, (record.epoch, floor))?;
        signer.voter.forget_below(floor);
        Ok(signed)
    }

    /// Makes the next block and proposes it.
    ///
    /// # Errors
    /// [`ReplicaError`] when this replica does not lead the view or cannot sign.
    pub fn propose(
        &self,
        view: u64,
        now_ms: u64,
        transactions: Vec<SignedTransaction>,
    ) -> Result<(Block, SignedBy), ReplicaError> {
        let (head, genesis) = (self.store.head(), self.store.genesis());
        let header = Header {
            chain: genesis.chain,
            height: Height(head.height.0 + 1),
            view,
            parent: head.hash,
            time_ms: now_ms.max(head.time_ms + 1),
            proposer: self.index,
            profile: self.executor.profile_hash(),
            validator_set: genesis.validators.hash(),
            transactions_root: Block::transactions_root(&transactions),
            parent_state_root: head.state_root,
            parent_receipts_root: head.receipts_root,
            parent_events_root: head.events_root,
        };
        let proposal = self.sign(|voter| voter.propose(&header))?;
        Ok((Block { header, transactions }, proposal))
    }

    /// Checks a proposed block against this copy and votes for it.
    ///
    /// # Errors
    /// [`ReplicaError::Invalid`] when it does not follow this copy; the roots it carries must be this replica's own.
    pub fn vote(&self, block: &Block, proposal: &SignedBy) -> Result<SignedBy, ReplicaError> {
        self.check(block)?;
        self.sign(|voter| voter.vote(&block.header, proposal))
    }

    fn check(&self, block: &Block) -> Result<(), ReplicaError> {
        let (header, head, genesis) = (&block.header, self.store.head(), self.store.genesis());
        let invalid = |reason| ReplicaError::Invalid { replica: self.index, height: header.height, reason };
        let rules = [
            (header.chain == genesis.chain, "it is of another chain"),
            (header.height.0 == head.height.0 + 1, "its height is not the next"),
            (header.parent == head.hash, "its parent is not the newest block"),
            (header.time_ms > head.time_ms, "its time does not rise"),
            (header.profile == self.executor.profile_hash(), "it is of another profile"),
            (header.validator_set == genesis.validators.hash(), "it is of another validator set"),
            (block.is_whole(), "it has other transactions"),
            (header.parent_state_root == head.state_root, "its parent led to another state"),
            (header.parent_receipts_root == head.receipts_root, "its parent had other receipts"),
            (header.parent_events_root == head.events_root, "its parent had other events"),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, reason)) => Err(invalid(reason)),
            None => Ok(()),
        }
    }

    /// What contracts see of a block with this header.
    pub fn context(&self, header: &Header) -> BlockContext {
        BlockContext::new(self.store.genesis(), header)
    }

    /// What contracts would see of the next block.
    pub fn next_context(&self, now_ms: u64) -> BlockContext {
        let genesis = self.store.genesis();
        context_after(genesis, &self.store.head(), now_ms, genesis.validators.hash())
    }

    /// Executes a certified block and writes everything it brings in one batch.
    ///
    /// # Errors
    /// [`ReplicaError`] when the node fails; it must stop then.
    pub fn execute(&self, block: &Block, certificate: &Certificate) -> Result<Head, ReplicaError> {
        let context = self.context(&block.header);
        let (state, codes) = (self.store.state(), self.store.codes());
        let result = self.executor.execute_block(&context, &block.transactions, state, codes)?;
        Ok(self.store.commit(&Commit {
            block,
            receipts: &result.receipts,
            writes: &result.writes,
            codes: &result.codes,
            certificate: Some(certificate),
            approval: None,
        })?)
    }

    /// Certifies a block to clients.
    ///
    /// # Errors
    /// [`ReplicaError`] when the votes do not certify it or this replica cannot sign.
    pub fn finalize(&self, certificate: &Certificate) -> Result<SignedBy, ReplicaError> {
        self.sign(|voter| voter.finalize(certificate))
    }
}

/// What contracts would see of the block after a head.
pub(crate) fn context_after(genesis: &Genesis, head: &Head, now_ms: u64, validator_set: Hash) -> BlockContext {
    BlockContext {
        chain: genesis.chain,
        height: Height(head.height.0 + 1),
        time_ms: now_ms.max(head.time_ms + 1),
        parent: head.hash,
        fee_collector: genesis.fee_collector,
        min_gas_price: genesis.min_gas_price,
        validator_set,
    }
}
