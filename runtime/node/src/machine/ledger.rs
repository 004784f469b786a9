//! What the machine asks of a ledger: the store on disk, or a copy in memory.

use counterpart_execution::{BlockResult, Executor};
use counterpart_ledger::{
    Block, BlockEvent, Certificate, ClientApproval, CodeRead, Genesis, Hash, Height, Receipt, StateRead, StateTrie,
    WriteSet,
};
use counterpart_storage::{Commit, Head, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A block with all that comes of it.
#[derive(Clone, Copy)]
pub struct Certified<'a> {
    /// The block.
    pub block: &'a Block,
    /// What its execution brought.
    pub result: &'a BlockResult,
    /// The votes for it.
    pub certificate: &'a Certificate,
    /// Finals for it, if it was approved itself and not through a later block.
    pub approval: Option<&'a Certificate>,
}

/// The approved part of the chain. A commit is durable before it returns.
pub trait Ledger {
    /// What the chain began with.
    fn genesis(&self) -> &Genesis;

    /// The newest approved block.
    fn head(&self) -> Head;

    /// The state after it.
    fn state(&self) -> Arc<dyn StateRead>;

    /// Code that was uploaded up to it.
    fn codes(&self) -> Arc<dyn CodeRead>;

    /// The state root that changes after it would lead to.
    fn root_after(&self, writes: &WriteSet) -> Hash;

    /// Takes the next block with everything it brings.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails; the node must stop then.
    fn commit(&mut self, certified: Certified<'_>) -> Result<Head, StoreError>;

    /// A block by height.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    fn block(&self, height: Height) -> Result<Option<Block>, StoreError>;

    /// The votes for a block.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    fn certificate(&self, height: Height) -> Result<Option<Certificate>, StoreError>;

    /// The finals that were recorded for a block.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    fn approval(&self, height: Height) -> Result<Option<Certificate>, StoreError>;

    /// Records more finals for a block than it was committed with; the disk is not waited for.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    fn grow_approval(&mut self, height: Height, approval: &Certificate) -> Result<(), StoreError>;

    /// Records a client's approval; answers whether it was new.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    fn put_client_approval(&mut self, approval: &ClientApproval) -> Result<bool, StoreError>;
}

impl Ledger for Arc<Store> {
    fn genesis(&self) -> &Genesis {
        Store::genesis(self)
    }

    fn head(&self) -> Head {
        Store::head(self)
    }

    fn state(&self) -> Arc<dyn StateRead> {
        Store::state(self)
    }

    fn codes(&self) -> Arc<dyn CodeRead> {
        Store::codes(self)
    }

    fn root_after(&self, writes: &WriteSet) -> Hash {
        Store::root_after(self, writes)
    }

    fn commit(&mut self, certified: Certified<'_>) -> Result<Head, StoreError> {
        let Certified { block, result: BlockResult { receipts, writes, codes }, certificate, approval } = certified;
        Store::commit(self, &Commit { block, receipts, writes, codes, certificate: Some(certificate), approval })
    }

    fn block(&self, height: Height) -> Result<Option<Block>, StoreError> {
        Store::block(self, height)
    }

    fn certificate(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        Store::certificate(self, height)
    }

    fn approval(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        Store::approval(self, height)
    }

    fn grow_approval(&mut self, height: Height, approval: &Certificate) -> Result<(), StoreError> {
        Store::grow_approval(self, height, approval)
    }

    fn put_client_approval(&mut self, approval: &ClientApproval) -> Result<bool, StoreError> {
        Store::put_client_approval(self, approval)
    }
}

/// A ledger in memory, for simulations. Clones are copies.
#[derive(Clone)]
pub struct MemoryLedger {
    genesis: Arc<Genesis>,
    head: Head,
    trie: StateTrie,
    state: Arc<BTreeMap<Vec<u8>, Vec<u8>>>,
    codes: Arc<BTreeMap<Hash, Vec<u8>>>,
    blocks: Vec<(Block, Certificate)>,
    approvals: BTreeMap<Height, Certificate>,
    clients: BTreeMap<Height, Vec<ClientApproval>>,
}

impl MemoryLedger {
    /// A ledger before its first block.
    pub fn new(genesis: Arc<Genesis>) -> Self {
        let writes = Executor::genesis(&genesis);
        let mut state = BTreeMap::new();
        apply(&mut state, &writes);
        let trie = StateTrie::from_entries(state.iter());
        let head = Head {
            height: Height(0),
            hash: genesis.hash(),
            state_root: trie.root(),
            receipts_root: Receipt::root(&[]),
            events_root: BlockEvent::root(&[]),
            time_ms: genesis.time_ms,
        };
        let (blocks, approvals, clients) = Default::default();
        Self { genesis, head, trie, state: Arc::new(state), codes: Arc::default(), blocks, approvals, clients }
    }

    /// The newest finals of all, and their height.
    pub fn approvals(&self) -> &BTreeMap<Height, Certificate> {
        &self.approvals
    }

    /// Clients' approvals of a block.
    pub fn client_approvals(&self, height: Height) -> &[ClientApproval] {
        self.clients.get(&height).map_or(&[], Vec::as_slice)
    }
}

fn apply(state: &mut BTreeMap<Vec<u8>, Vec<u8>>, writes: &WriteSet) {
    for (key, write) in writes {
        match &write.new {
            Some(value) => state.insert(key.clone(), value.clone()),
            None => state.remove(key),
        };
    }
}

impl Ledger for MemoryLedger {
    fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    fn head(&self) -> Head {
        self.head
    }

    fn state(&self) -> Arc<dyn StateRead> {
        self.state.clone()
    }

    fn codes(&self) -> Arc<dyn CodeRead> {
        self.codes.clone()
    }

    fn root_after(&self, writes: &WriteSet) -> Hash {
        self.trie.stage(writes).root()
    }

    fn commit(&mut self, certified: Certified<'_>) -> Result<Head, StoreError> {
        let Certified { block, result, certificate, approval } = certified;
        let header = &block.header;
        if header.height.0 != self.head.height.0 + 1 || header.parent != self.head.hash {
            let (head, hash) = (self.head.height, self.head.hash);
            return Err(StoreError::NotNext { height: header.height, head, hash });
        }
        let staged = self.trie.stage(&result.writes);
        self.head = Head {
            height: header.height,
            hash: block.hash(),
            state_root: staged.root(),
            receipts_root: Receipt::root(&result.receipts),
            events_root: BlockEvent::root(&result.receipts),
            time_ms: header.time_ms,
        };
        self.trie.apply(staged);
        apply(Arc::make_mut(&mut self.state), &result.writes);
        Arc::make_mut(&mut self.codes).extend(result.codes.clone());
        self.blocks.push((block.clone(), certificate.clone()));
        if let Some(approval) = approval {
            self.approvals.insert(header.height, approval.clone());
        }
        Ok(self.head)
    }

    fn block(&self, height: Height) -> Result<Option<Block>, StoreError> {
        Ok(place(height).and_then(|place| self.blocks.get(place)).map(|(block, _)| block.clone()))
    }

    fn certificate(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        Ok(place(height).and_then(|place| self.blocks.get(place)).map(|(_, certificate)| certificate.clone()))
    }

    fn approval(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        Ok(self.approvals.get(&height).cloned())
    }

    fn grow_approval(&mut self, height: Height, approval: &Certificate) -> Result<(), StoreError> {
        self.approvals.insert(height, approval.clone());
        Ok(())
    }

    fn put_client_approval(&mut self, approval: &ClientApproval) -> Result<bool, StoreError> {
        let known = self.clients.entry(approval.height).or_default();
        let new = !known.iter().any(|other| other.client == approval.client);
        if new {
            known.push(approval.clone());
        }
        Ok(new)
    }
}

fn place(height: Height) -> Option<usize> {
    height.0.checked_sub(1).and_then(|place| usize::try_from(place).ok())
}
