//! Blocks that are not approved yet: kept, executed ahead, examined, and committed when they are.

use super::{Certified, Fault, Ledger, Machine, Now};
use crate::mempool::{MAX_BLOCK_BYTES, length};
use counterpart_execution::{BlockContext, BlockResult, Executor, account};
use counterpart_ledger::{
    Address, Block, BlockEvent, Certificate, CodeRead, Hash, Header, Height, Overlay, Phase, Receipt, StateFault,
    StateRead, Write, WriteSet, validators_key,
};
use counterpart_storage::Head;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most blocks that wait for approval; a leader's later ones are fetched when they are certified.
const MOST_WAITING: usize = 256;
/// Heights above the approved one at which blocks are kept: as many as one answer of a peer brings.
const MOST_AHEAD: u64 = 64;
/// Heights above the approved one up to which leaders make blocks. Then they propose the highest again, until it is approved:
/// a chain that grows without approvals would grow out of what replicas keep and hand on.
pub(super) const MOST_UNAPPROVED: u64 = MOST_AHEAD / 2;
/// Most transactions in a block.
pub const MOST_TRANSACTIONS: usize = 2_000;
/// How far a proposer's clock may be ahead of this replica's, in ms.
const MOST_AHEAD_MS: u64 = 5_000;

/// Two blocks of one height are approved: more members lied than this replica's rule survives.
pub(super) fn disagreement(height: Height, block: &Hash, own: &Hash) -> Fault {
    Fault::Disagreement { height, reason: format!("so is {block} beside {own}, which was approved before") }
}

/// Bytes of a block's transactions.
fn length_of(block: &Block) -> usize {
    block.transactions.iter().map(length).sum()
}

/// A block that was executed ahead of its approval.
struct Executed {
    head: Head,
    parent: Hash,
    result: BlockResult,
}

/// Blocks above the newest approved one.
pub(super) struct Blocks {
    known: BTreeMap<Hash, Block>,
    certificates: BTreeMap<Hash, Certificate>,
    executed: BTreeMap<Hash, Executed>,
    /// Whether the newest approved block had transactions, whose results nobody has certified yet.
    head_has_transactions: bool,
}

impl Blocks {
    pub fn new<L: Ledger>(ledger: &L) -> Self {
        let head = ledger.block(ledger.head().height).ok().flatten();
        let head_has_transactions = head.is_some_and(|block| !block.transactions.is_empty());
        let (known, certificates, executed) = Default::default();
        Self { known, certificates, executed, head_has_transactions }
    }

    pub fn get(&self, hash: &Hash) -> Option<&Block> {
        self.known.get(hash)
    }

    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Keeps a block that may follow the approved height soon and has the transactions that its header names: whoever sends
    /// others under the same hash, or blocks of far heights, takes nobody's place.
    pub fn keep(&mut self, block: Block, approved: Height) {
        let near = block.header.height > approved && block.header.height.0 <= approved.0.saturating_add(MOST_AHEAD);
        if near && block.is_whole() && self.known.len() < MOST_WAITING {
            self.known.entry(block.hash()).or_insert(block);
        }
    }

    pub fn certify(&mut self, block: Hash, certificate: &Certificate) {
        if self.certificates.len() < MOST_WAITING {
            self.certificates.entry(block).or_insert_with(|| certificate.clone());
        }
    }

    pub fn certificate(&self, block: &Hash) -> Option<&Certificate> {
        self.certificates.get(block)
    }

    /// Whether transactions were ordered whose results no certificate covers.
    pub fn uncertified_results<L: Ledger>(&self, ledger: &L) -> bool {
        let head = ledger.head().hash;
        let built_on = self
            .known
            .values()
            .any(|block| block.header.parent == head && self.certificates.contains_key(&block.hash()));
        let above = self.certificates.keys().filter_map(|hash| self.known.get(hash));
        self.head_has_transactions && !built_on || above.into_iter().any(|block| !block.transactions.is_empty())
    }

    /// Forgets what lies at or below an approved height.
    fn prune(&mut self, height: Height) {
        self.known.retain(|_, block| block.header.height > height);
        let Self { known, certificates, executed, .. } = self;
        certificates.retain(|hash, _| known.contains_key(hash));
        executed.retain(|hash, _| known.contains_key(hash));
    }
}

/// Code uploaded by blocks that are not approved, over code that was before.
struct CodesAbove {
    above: BTreeMap<Hash, Vec<u8>>,
    below: Arc<dyn CodeRead>,
}

impl CodeRead for CodesAbove {
    fn code(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StateFault> {
        match self.above.get(hash) {
            Some(code) => Ok(Some(code.clone())),
            None => self.below.code(hash),
        }
    }
}

/// What is known after a block: its state, and all changes since the newest approved block.
struct After {
    state: Arc<dyn StateRead>,
    writes: WriteSet,
    codes: Arc<dyn CodeRead>,
}

impl<L: Ledger> Machine<L> {
    /// The blocks executed ahead from a block down to the approved one, newest first; `None` if one of them was not.
    fn executed_down_from(&self, block: &Hash) -> Option<Vec<&Executed>> {
        let head = self.ledger.head().hash;
        let (mut chain, mut at) = (Vec::new(), *block);
        while at != head {
            let executed = self.blocks.executed.get(&at)?;
            at = executed.parent;
            chain.push(executed);
        }
        Some(chain)
    }

    /// The roots after a block that is approved last or was executed ahead; `None` for others.
    fn head_after(&self, block: &Hash) -> Option<Head> {
        let chain = self.executed_down_from(block)?;
        Some(chain.first().map_or_else(|| self.ledger.head(), |executed| executed.head))
    }

    /// What is known after a block that is approved last or was executed ahead; `None` for others.
    fn after(&self, block: &Hash) -> Option<After> {
        let chain = self.executed_down_from(block)?;
        if chain.is_empty() {
            let (state, codes) = (self.ledger.state(), self.ledger.codes());
            return Some(After { state, codes, writes: WriteSet::new() });
        }
        let mut writes = WriteSet::new();
        let mut above = BTreeMap::new();
        for executed in chain.iter().rev() {
            for (key, write) in &executed.result.writes {
                let merged = writes.entry(key.clone()).or_insert_with(|| Write { old: write.old.clone(), new: None });
                merged.new = write.new.clone();
            }
            above.extend(executed.result.codes.clone());
        }
        let mut state = Overlay::new(self.ledger.state());
        state.over = writes.iter().map(|(key, write)| (key.clone(), write.new.clone())).collect();
        let codes = Arc::new(CodesAbove { above, below: self.ledger.codes() });
        Some(After { state: Arc::new(state), writes, codes })
    }

    /// Executes a block whose ancestors are known, and them before it; answers whether that could be done.
    pub(super) fn execute(&mut self, block: &Hash) -> Result<bool, Fault> {
        let head = self.ledger.head();
        let (mut chain, mut at) = (Vec::new(), *block);
        while at != head.hash && !self.blocks.executed.contains_key(&at) {
            let Some(block) = self.blocks.known.get(&at) else { return Ok(false) };
            if block.header.height <= head.height {
                return Ok(false);
            }
            chain.push(at);
            at = block.header.parent;
        }
        for hash in chain.into_iter().rev() {
            let Some(block) = self.blocks.known.get(&hash) else { return Ok(false) };
            let Some(after) = self.after(&block.header.parent) else { return Ok(false) };
            let executed = self.run(block, after)?;
            self.blocks.executed.insert(hash, executed);
        }
        Ok(true)
    }

    fn run(&self, block: &Block, after: After) -> Result<Executed, Fault> {
        let context = BlockContext::new(self.ledger.genesis(), &block.header);
        let After { state, codes, mut writes, .. } = after;
        let result = self.executor.execute_block(&context, &block.transactions, state, codes)?;
        for (key, write) in &result.writes {
            writes.entry(key.clone()).or_insert_with(|| Write { old: write.old.clone(), new: None }).new =
                write.new.clone();
        }
        let head = Head {
            height: block.header.height,
            hash: block.hash(),
            state_root: self.ledger.root_after(&writes),
            receipts_root: Receipt::root(&result.receipts),
            events_root: BlockEvent::root(&result.receipts),
            time_ms: block.header.time_ms,
        };
        Ok(Executed { head, parent: block.header.parent, result })
    }

    /// Whether a block ends the epoch: the state before it names the validators of the next.
    pub(super) fn ends_epoch(&self, header: &Header) -> Result<bool, Fault> {
        let Some(chain) = self.executed_down_from(&header.parent) else { return Ok(false) };
        let key = validators_key(self.set.epoch + 1);
        if let Some(write) = chain.iter().find_map(|executed| executed.result.writes.get(&key)) {
            return Ok(write.new.is_some());
        }
        let named = self.ledger.state().get(&key).map_err(counterpart_execution::ExecutionFault::from)?;
        Ok(named.is_some())
    }

    /// Why a block does not follow its parent, which was executed; `None` if it does.
    pub(super) fn flaw(&self, block: &Block, now: Now) -> Result<Option<&'static str>, Fault> {
        let header = &block.header;
        let Some(parent) = self.head_after(&header.parent) else { return Ok(Some("its parent is not known")) };
        let of_epoch = match self.blocks.known.get(&header.parent) {
            Some(parent) => parent.header.validator_set == header.validator_set && !self.ends_epoch(&parent.header)?,
            None => true,
        };
        let rules = [
            (header.chain == self.chain, "it is of another chain"),
            (header.height.0 == parent.height.0 + 1, "its height is not the next"),
            (header.height.0 <= self.ledger.head().height.0 + MOST_AHEAD, "it is far above what is approved"),
            (header.time_ms > parent.time_ms, "its time does not rise"),
            (header.time_ms <= now.wall_ms.max(parent.time_ms) + MOST_AHEAD_MS, "its time lies ahead"),
            (header.proposer == self.core.leader(header.view), "it is not of the leader"),
            (header.profile == self.executor.profile_hash(), "it is of another profile"),
            (header.validator_set == self.set.hash() && of_epoch, "it is of another validator set"),
            (block.transactions.len() <= MOST_TRANSACTIONS, "it has too many transactions"),
            (length_of(block) <= MAX_BLOCK_BYTES, "it has too many bytes"),
            (block.is_whole(), "it has other transactions"),
            (header.parent_state_root == parent.state_root, "its parent led to another state"),
            (header.parent_receipts_root == parent.receipts_root, "its parent had other receipts"),
            (header.parent_events_root == parent.events_root, "its parent had other events"),
        ];
        Ok(rules.iter().find(|(holds, _)| !holds).map(|(_, reason)| *reason))
    }

    /// The next block on an executed parent.
    pub(super) fn make_block(&self, view: u64, parent: &Hash, now: Now) -> Option<Block> {
        let (head, After { state, .. }) = (self.head_after(parent)?, self.after(parent)?);
        let nonce = |address: &Address| account(&*state, address).map(|account| account.nonce).unwrap_or(0);
        let transactions = self.mempool.lock().select(nonce, self.room);
        let header = Header {
            chain: self.chain,
            height: Height(head.height.0 + 1),
            view,
            parent: head.hash,
            time_ms: now.wall_ms.max(head.time_ms + 1),
            proposer: self.index?,
            profile: self.executor.profile_hash(),
            validator_set: self.set.hash(),
            transactions_root: Block::transactions_root(&transactions),
            parent_state_root: head.state_root,
            parent_receipts_root: head.receipts_root,
            parent_events_root: head.events_root,
        };
        Some(Block { header, transactions })
    }

    /// Commits the blocks up to the one that finals approve; answers whether all of them are known.
    pub(super) fn commit(&mut self, finals: &Certificate) -> Result<bool, Fault> {
        let target = finals.statement.block;
        let head = self.ledger.head();
        if target == head.hash {
            return Ok(true);
        }
        let (mut chain, mut at) = (Vec::new(), target);
        while at != head.hash {
            let Some(block) = self.blocks.known.get(&at) else { return Ok(false) };
            if block.header.height.0 == head.height.0 + 1 && block.header.parent != head.hash {
                return Err(disagreement(head.height, &block.header.parent, &head.hash));
            }
            if self.blocks.certificate(&at).is_none() {
                return Ok(false);
            }
            chain.push(at);
            at = block.header.parent;
        }
        if !self.execute(&target)? {
            return Ok(false);
        }
        for hash in chain.into_iter().rev() {
            self.commit_next(&hash, Some(finals).filter(|_| hash == target))?;
        }
        let height = self.ledger.head().height;
        self.blocks.prune(height);
        let state = self.ledger.state();
        let nonce = |address: &Address| account(&*state, address).map(|account| account.nonce).unwrap_or(0);
        self.mempool.lock().prune(height.0, nonce);
        Ok(true)
    }

    fn commit_next(&mut self, hash: &Hash, approval: Option<&Certificate>) -> Result<(), Fault> {
        let (Some(block), Some(certificate), Some(executed)) =
            (self.blocks.known.get(hash), self.blocks.certificates.get(hash), self.blocks.executed.get(hash))
        else {
            let reason = "it was forgotten before it was committed".to_owned();
            return Err(Fault::Disagreement { height: self.ledger.head().height, reason });
        };
        let before = self.ledger.head();
        let header = &block.header;
        let roots = (header.parent_state_root, header.parent_receipts_root, header.parent_events_root);
        if roots != (before.state_root, before.receipts_root, before.events_root) {
            let reason = format!("its header names state {}, and this replica has {}", roots.0, before.state_root);
            return Err(Fault::Disagreement { height: header.height, reason });
        }
        self.blocks.head_has_transactions = !block.transactions.is_empty();
        self.ledger.commit(Certified { block, result: &executed.result, certificate, approval })?;
        self.executed += block.transactions.len() as u64;
        Ok(())
    }

    /// What executes blocks.
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    /// Whether a certificate is one of votes.
    pub(super) fn is_votes(certificate: &Certificate) -> bool {
        certificate.statement.phase == Phase::Vote
    }
}
