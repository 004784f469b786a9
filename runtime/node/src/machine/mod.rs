//! One replica as a state machine: messages, transactions and time in; records, messages and commits out.
//!
//! It reads no clock and opens no socket. A node drives it with threads, links and a disk; a simulation drives many of them
//! with a virtual clock. Whoever drives it repeats after each input: write the blocks ([`Machine::voted_blocks`]) and then the
//! records ([`Machine::records`]) durably, then [`Machine::release`] what they allow, until there are none; then send the messages ([`Machine::messages`]).

mod blocks;
mod epoch;
mod ledger;
mod receive;
mod standing;
mod sync;
mod timing;

pub use ledger::{Certified, Ledger, MemoryLedger};
pub use standing::Standing;
pub use timing::{Now, Timing};

use crate::mempool::{MAX_BLOCK_BYTES, Mempool, length};
use blocks::Blocks;
use counterpart_consensus::{Collector, Core, Effect, Event, Message, Observer, Proposal, Record, Voter};
use counterpart_execution::{ExecutionFault, Executor};
use counterpart_ledger::{
    Address, Block, Certificate, ChainId, Evidence, Hash, Height, Phase, PublicKey, SecretKey, SignedBy,
    SignedTransaction, Statement, ValidatorSet,
};
use counterpart_storage::StoreError;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// To whom a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum To {
    /// Every peer.
    All,
    /// One peer.
    One(PublicKey),
}

/// The node cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Execution failed.
    #[error(transparent)]
    Execution(#[from] ExecutionFault),
    /// Approved blocks do not lead to what their successors say.
    #[error("block {height} is approved, but {reason}")]
    Disagreement {
        /// The block.
        height: Height,
        /// What does not hold.
        reason: String,
    },
}

/// Checks one signature. Simulations remember what they asked before.
pub type Verify = fn(&PublicKey, &[u8; 32], &counterpart_ledger::Signature) -> bool;

/// Asks the key.
pub fn verify_signature(key: &PublicKey, message: &[u8; 32], signature: &counterpart_ledger::Signature) -> bool {
    key.verify(message, signature).is_ok()
}

/// What a machine is made of.
pub struct Setup<L> {
    /// The approved part of the chain.
    pub ledger: L,
    /// What executes blocks.
    pub executor: Executor,
    /// The replica's key.
    pub key: SecretKey,
    /// What it signed before, as far as its journal says.
    pub records: Vec<Record>,
    /// Blocks that it voted for and that were not approved yet.
    pub voted_blocks: Vec<Block>,
    /// Whether it may sign; one whose journal is lost follows only.
    pub signs: bool,
    /// Finals on which a block is executed for good; never fewer than R.
    pub approve_at: u16,
    /// Transactions that wait, shared with whoever takes them from clients.
    pub mempool: SharedMempool,
    /// How long it waits for what.
    pub timing: Timing,
    /// How signatures are checked.
    pub verify: Verify,
}

/// Transactions that wait, shared between the machine and those who answer clients.
#[derive(Clone, Default)]
pub struct SharedMempool(Arc<Mutex<Mempool>>);

impl SharedMempool {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Mempool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many transactions wait.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

/// Most transactions of its clients that a replica tells peers of again.
const MOST_TAKEN: usize = 4_096;

/// A replica.
pub struct Machine<L> {
    ledger: L,
    executor: Executor,
    key: SecretKey,
    signs: bool,
    /// Epoch and view before which it signs nothing: its operator's word.
    resumption: Option<(u64, u64)>,
    verify: Verify,
    approve_at: u16,
    chain: ChainId,
    set: ValidatorSet,
    index: Option<u16>,
    /// The finals that ended the epoch before.
    root_approval: Option<Certificate>,
    core: Core<Hash, Certificate>,
    voter: Option<Voter>,
    collector: Collector,
    observer: Observer,
    blocks: Blocks,
    /// Proposals that wait for their parents.
    early: BTreeMap<u64, Proposal>,
    /// Its own newest proposal, to say it again.
    proposed: Option<Proposal>,
    /// The newest finals for a block that cannot be executed yet.
    approved: Option<Certificate>,
    accused: BTreeMap<(u64, u16), Evidence>,
    quiet: BTreeMap<(u64, Hash), BTreeMap<u16, (counterpart_ledger::Quiet, SignedBy)>>,
    mempool: SharedMempool,
    /// What this node took from clients, by sender and nonce, when peers were told last, and how often again.
    taken: BTreeMap<(Address, u64), (u64, u32)>,
    /// Bytes of transactions that it proposes, at most: half when a proposal of its own came to nothing, twice when one did not.
    room: usize,
    executed: u64,
    /// When finals approved a block last, in microseconds.
    finals_us: u64,
    timing: Timing,
    clock: timing::Clock,
    away: BTreeSet<u16>,
    requests: sync::Requests,
    records: Vec<Record>,
    voted_blocks: Vec<Block>,
    own: VecDeque<(Statement, SignedBy)>,
    messages: Vec<(To, Message)>,
}

impl<L: Ledger> Machine<L> {
    /// A replica that goes on where its ledger and its journal end.
    ///
    /// # Errors
    /// [`Fault`] when the ledger cannot be read.
    pub fn new(setup: Setup<L>, now: Now) -> Result<Self, Fault> {
        let Setup { ledger, executor, key, records, voted_blocks, signs, approve_at, mempool, timing, verify } = setup;
        let (set, root) = epoch::of(&ledger)?;
        let (chain, index) = (ledger.genesis().chain, epoch::index(&set, &key));
        let resumption = records.iter().filter_map(Record::resumes).max();
        let signing = index.filter(|_| signs && resumption.is_none_or(|(epoch, _)| epoch <= set.epoch));
        let mut machine = Self {
            core: Core::new(set.size(), signing, root.block),
            voter: signing.map(|index| Voter::new(chain, set.clone(), index, key.clone(), &records)),
            resumption,
            collector: Collector::new(chain, set.clone()),
            observer: Observer::default(),
            blocks: Blocks::new(&ledger),
            clock: timing::Clock::new(&timing, now),
            root_approval: root.approval,
            early: BTreeMap::new(),
            proposed: None,
            approved: None,
            accused: BTreeMap::new(),
            quiet: BTreeMap::new(),
            away: BTreeSet::new(),
            requests: sync::Requests::default(),
            records: Vec::new(),
            voted_blocks: Vec::new(),
            own: VecDeque::new(),
            messages: Vec::new(),
            taken: BTreeMap::new(),
            room: MAX_BLOCK_BYTES,
            executed: 0,
            finals_us: 0,
            ledger,
            executor,
            key,
            signs,
            verify,
            approve_at,
            chain,
            set,
            index,
            mempool,
            timing,
        };
        for record in records.iter().filter(|record| record.epoch == machine.set.epoch) {
            match record.resumes() {
                Some((_, view)) => machine.core.sign_from(view),
                None => machine.core.recall(record.phase, record.view, record.block),
            }
        }
        let approved = machine.ledger.head().height;
        voted_blocks.into_iter().for_each(|block| machine.blocks.keep(block, approved));
        machine.resume(now)?;
        // What others say in the view where it stopped counts again.
        machine.collector.enter(machine.core.view());
        Ok(machine)
    }

    /// Takes the certificate of the newest approved block up again: the next block builds on it.
    fn resume(&mut self, now: Now) -> Result<(), Fault> {
        let head = self.ledger.head();
        if let Some(certificate) =
            self.ledger.certificate(head.height)?.filter(|votes| votes.statement.epoch == self.set.epoch)
        {
            let Statement { view, block, .. } = certificate.statement;
            self.core.forget_below(view);
            self.certified(view, block, certificate, now)?;
        }
        Ok(())
    }

    /// Its place in the set of the epoch, if it has one.
    pub fn index(&self) -> Option<u16> {
        self.index
    }

    /// Who votes in the epoch.
    pub fn validators(&self) -> &ValidatorSet {
        &self.set
    }

    /// The view that it is in.
    pub fn view(&self) -> u64 {
        self.core.view()
    }

    /// Epoch and view below which nothing is signed any more: records of it may go.
    pub fn floor(&self) -> (u64, u64) {
        (self.set.epoch, self.core.floor())
    }

    /// The approved part of the chain.
    pub fn ledger(&self) -> &L {
        &self.ledger
    }

    /// The ledger alone: what is left of a replica that stops.
    pub fn into_ledger(self) -> L {
        self.ledger
    }

    /// Members that contradicted themselves, by epoch and index.
    pub fn accused(&self) -> &BTreeMap<(u64, u16), Evidence> {
        &self.accused
    }

    /// What replicas said of the quiet of a block's view.
    pub fn quiet(&self, view: u64, block: &Hash) -> Vec<(counterpart_ledger::Quiet, SignedBy)> {
        self.quiet.get(&(view, *block)).map_or_else(Vec::new, |words| words.values().copied().collect())
    }

    /// Blocks that must be durable before the records are: it voted for them.
    pub fn voted_blocks(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.voted_blocks)
    }

    /// Signatures that must be durable before anything else is done; empty when there are none.
    pub fn records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Messages to send now.
    pub fn messages(&mut self) -> Vec<(To, Message)> {
        std::mem::take(&mut self.messages)
    }

    /// Takes its own signatures, whose records are durable, as others will.
    ///
    /// # Errors
    /// [`Fault`] when the node must stop.
    pub fn release(&mut self, now: Now) -> Result<(), Fault> {
        while let Some((statement, signed)) = self.own.pop_front() {
            if statement.phase != Phase::Propose {
                self.messages.push((To::All, Message::Signed(statement, signed)));
            }
            // It made the signature: only those of others are verified.
            self.count(statement, signed, |_, _, _| true, now)?;
        }
        Ok(())
    }

    /// A transaction that this node took from a client: peers get it too.
    pub fn submitted(&mut self, transaction: SignedTransaction, now: Now) -> Result<(), Fault> {
        if self.taken.len() < MOST_TAKEN {
            self.taken.insert((transaction.transaction.sender_address(), transaction.transaction.nonce), (now.us, 0));
        }
        self.messages.push((To::All, Message::Transaction(Box::new(transaction))));
        self.busy(now);
        self.lead(now)
    }

    /// Tells peers again of transactions that still wait: a message can be lost, and a peer can have been away.
    fn tell_again(&mut self, now: Now) {
        /// Bytes at a time: peers have most of them, and what they miss is not worth holding blocks up for.
        const AT_ONCE: usize = 64 << 10;
        /// A transaction waits twice as long each time, up to so many times.
        const MOST_DOUBLED: u32 = 5;
        let mempool = self.mempool.lock();
        self.taken.retain(|(sender, nonce), _| mempool.get(sender, *nonce).is_some());
        let wait_us = 4 * self.timing.repeat_us;
        let late = self.taken.iter_mut().filter(|(_, (told_us, times))| now.us >= *told_us + (wait_us << *times));
        let mut told = 0;
        for ((sender, nonce), (told_us, times)) in late {
            if told >= AT_ONCE {
                break;
            }
            (*told_us, *times) = (now.us, (*times + 1).min(MOST_DOUBLED));
            let Some(transaction) = mempool.get(sender, *nonce).cloned() else { continue };
            told += length(&transaction);
            self.messages.push((To::All, Message::Transaction(Box::new(transaction))));
        }
    }

    /// Transactions that it executed in approved blocks.
    pub fn executed(&self) -> u64 {
        self.executed
    }

    /// When finals approved a block last, in microseconds.
    pub fn finals_us(&self) -> u64 {
        self.finals_us
    }

    /// View of the newest certificate.
    pub fn certified_view(&self) -> u64 {
        self.core.best().map_or(0, |(view, _, _)| view)
    }

    /// Whether there is something to decide in this view.
    fn has_work(&self) -> bool {
        !self.mempool.is_empty() || self.blocks.uncertified_results(&self.ledger) || self.clock.wanted
    }

    /// Carries out what the core asks for.
    fn carry_out(&mut self, effects: Vec<Effect<Hash, Certificate>>, now: Now) -> Result<(), Fault> {
        for effect in effects {
            match effect {
                Effect::Sign { phase, view, block } => self.sign(phase, view, block.unwrap_or(Hash::ZERO)),
                Effect::Forward { view, block, proof } => {
                    if let Some(block) = block {
                        self.observer.forwarded(view, block, now.us / 1_000);
                    }
                    self.messages.push((To::All, Message::Certificate(proof)));
                }
                Effect::Entered { view } => self.entered(view, now)?,
            }
        }
        Ok(())
    }

    /// Signs by the guard, which has the last word.
    fn sign(&mut self, phase: Phase, view: u64, block: Hash) {
        let Some(voter) = self.voter.as_mut() else { return };
        match voter.sign(phase, view, block) {
            Ok((record, signed)) => {
                self.own.push_back((voter.statement(phase, view, block), signed));
                self.records.push(record);
            }
            Err(refusal) => tracing::error!(%refusal, "the guard refuses what the core asks for"),
        }
    }

    /// What it said in a view, signed as before: the guard allows it, and the records are durable.
    fn own_words(&mut self, view: u64) -> Vec<(Statement, SignedBy)> {
        let said = self.core.said(view);
        let words = [
            (Phase::Vote, said.voted),
            (Phase::Final, said.finalized),
            (Phase::Skip, said.skipped.then_some(Hash::ZERO)),
        ];
        let Some(voter) = self.voter.as_mut() else { return Vec::new() };
        let words = words.into_iter().filter_map(|(phase, block)| Some((phase, block?)));
        let sign = |(phase, block)| {
            let (_, signed) = voter.sign(phase, view, block).ok()?;
            Some((voter.statement(phase, view, block), signed))
        };
        words.filter_map(sign).collect()
    }

    /// Takes the certificate of a block in a view, whose signatures were checked.
    fn certified(&mut self, view: u64, block: Hash, certificate: Certificate, now: Now) -> Result<(), Fault> {
        self.blocks.certify(block, &certificate);
        if !self.core.is_certified(view, &block) {
            self.clock.certified(now, &self.timing);
            if self.proposed.as_ref().is_some_and(|own| own.statement.view == view) {
                self.room = (self.room * 2).min(MAX_BLOCK_BYTES);
            }
        }
        let effects = self.core.step(Event::Certified { view, block, proof: certificate });
        self.carry_out(effects, now)?;
        self.fetch_missing(block, now);
        self.retry_early(now)
    }

    /// Takes the certificate of a skipped view, whose signatures were checked.
    fn skipped(&mut self, view: u64, certificate: Certificate, now: Now) -> Result<(), Fault> {
        let leader = self.core.leader(view);
        if !self.collector.heard(view, leader) && Some(leader) != self.index {
            self.away.insert(leader);
        }
        let effects = self.core.step(Event::Skipped { view, proof: certificate });
        self.carry_out(effects, now)?;
        self.retry_early(now)
    }

    fn retry_early(&mut self, now: Now) -> Result<(), Fault> {
        self.early = self.early.split_off(&self.core.view());
        if let Some(proposal) = self.early.remove(&self.core.view()) {
            self.consider(proposal, now)?;
        }
        self.lead(now)
    }
}
