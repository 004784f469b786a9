//! The world: replicas, links, time, and what goes wrong.

mod links;
mod traffic;

use crate::faults::Lie;
use crate::liar::{Half, Liar};
use crate::plan::{Outcome, Plan};
use crate::random::Random;
use crate::watcher::{Watcher, place};
use counterpart_consensus::{Message, Record};
use counterpart_execution::Executor;
use counterpart_ledger::{
    Block, ChainId, Genesis, GenesisAccount, Hash, Height, SecretKey, ValidatorSet, account_address,
};
use counterpart_module::Profile;
use counterpart_node::machine::{Fault, Ledger, Machine, MemoryLedger, Now, Setup, SharedMempool, To};
use counterpart_referee::WasmiEngine;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use traffic::{digest, sender, verify};

const CHAIN: ChainId = ChainId(77);
/// Accounts that send transactions; the last one names validators.
const ACCOUNTS: u64 = 8;
const START_MS: u64 = 1_700_000_000_000;
/// Virtual time after which a run without progress is given up, in microseconds.
const PATIENCE_US: u64 = 60_000_000;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Deliver { to: usize, from: usize, slot: usize },
    Wake { replica: usize, life: u64 },
    Restart { replica: usize },
    Crash { replica: usize },
    Partition,
    Heal,
    Submit,
    Change,
    Quiet { replica: usize, view: u64, block: Hash },
}

struct Replica {
    key: SecretKey,
    machine: Option<Machine<MemoryLedger>>,
    /// What survives a crash.
    journal: Vec<Record>,
    voted_blocks: Vec<Block>,
    ledger: Option<MemoryLedger>,
    liar: Option<Liar>,
    silent: bool,
    skew_ms: u64,
    life: u64,
    wake_us: u64,
    height: u64,
    side: bool,
}

struct World {
    plan: Plan,
    random: Random,
    now_us: u64,
    sequence: u64,
    queue: BinaryHeap<Reverse<(u64, u64, What)>>,
    /// Messages in flight; a slot is used again once delivered.
    flying: Vec<Option<Arc<Message>>>,
    free: Vec<usize>,
    replicas: Vec<Replica>,
    executor: Executor,
    watcher: Watcher,
    split: bool,
    trace: u64,
    messages: u64,
    crashes: u64,
    synchronous: u64,
    nonces: Vec<u64>,
    proposed_us: std::collections::BTreeMap<Hash, u64>,
    approvals: (u64, u64),
    last_fault_us: u64,
    calm: bool,
}

/// Conflicts after which a run has shown what there is to see.
const MOST_CONFLICTS: u64 = 16;

/// Runs a plan to its end.
///
/// # Panics
/// When the plan has more liars and silent replicas than replicas.
pub fn run(plan: &Plan) -> Outcome {
    World::new(plan.clone()).run()
}

impl World {
    fn new(plan: Plan) -> Self {
        let liars = plan.faults.liars.len();
        assert!(liars + usize::from(plan.faults.silent) < usize::from(plan.replicas), "somebody has to be honest");
        let mut random = Random::new(plan.seed);
        let keys: Vec<SecretKey> = (0..plan.replicas)
            .map(|index| {
                let mut seed = [1; 32];
                seed[..2].copy_from_slice(&index.to_le_bytes());
                SecretKey::from_seed(seed)
            })
            .collect();
        let members = keys.iter().map(SecretKey::public_key).collect();
        let accounts = (0..ACCOUNTS).map(|index| account_address(&sender(index).public_key()));
        let mut accounts: Vec<_> = accounts.map(|address| GenesisAccount { address, balance: 1 << 100 }).collect();
        accounts.sort_by_key(|account| account.address);
        let set = ValidatorSet { epoch: 0, members, quorum: plan.quorum };
        let genesis = Arc::new(Genesis {
            chain: CHAIN,
            time_ms: START_MS,
            profile: Profile::v1().hash(),
            validators: set.clone(),
            fee_collector: account_address(&sender(99).public_key()),
            min_gas_price: 1,
            accounts,
        });
        let executor = Executor::new(Arc::new(WasmiEngine::new()), Profile::v1());
        // Liars and the silent stand anywhere.
        let mut order: Vec<usize> = (0..keys.len()).collect();
        for place in (1..order.len()).rev() {
            order.swap(place, random.below(place as u64 + 1) as usize);
        }
        let lie =
            |index: usize| order[..liars].iter().position(|liar| *liar == index).map(|place| plan.faults.liars[place]);
        let silent = &order[liars..liars + usize::from(plan.faults.silent)];
        let liar_set = order[..liars].iter().map(|index| *index as u16).collect();
        let replicas = keys.iter().enumerate().map(|(index, key)| Replica {
            key: key.clone(),
            machine: None,
            journal: Vec::new(),
            voted_blocks: Vec::new(),
            ledger: Some(MemoryLedger::new(genesis.clone())),
            liar: lie(index).map(|lie: Lie| Liar::new(lie, key.clone(), index as u16)),
            silent: silent.contains(&index),
            skew_ms: 0,
            life: 0,
            wake_us: u64::MAX,
            height: 0,
            side: false,
        });
        let replicas = replicas.collect();
        Self {
            watcher: Watcher::new(&set, liar_set),
            now_us: 0,
            sequence: 0,
            queue: BinaryHeap::new(),
            flying: Vec::new(),
            free: Vec::new(),
            replicas,
            executor,
            split: false,
            trace: 0xcbf2_9ce4_8422_2325,
            messages: 0,
            crashes: 0,
            synchronous: 0,
            nonces: vec![0; ACCOUNTS as usize],
            proposed_us: Default::default(),
            approvals: (0, 0),
            last_fault_us: 0,
            calm: false,
            random,
            plan,
        }
    }

    fn at(&mut self, when_us: u64, what: What) {
        self.sequence += 1;
        self.queue.push(Reverse((when_us, self.sequence, what)));
    }

    fn now(&self, replica: usize) -> Now {
        let wall_ms = START_MS + 1_000 + self.now_us / 1_000 + self.replicas[replica].skew_ms;
        Now { us: self.now_us, wall_ms }
    }

    fn start(&mut self, replica: usize) {
        let now = self.now(replica);
        let own = &mut self.replicas[replica];
        let Some(ledger) = own.ledger.take() else { return };
        let height = ledger.head().height.0;
        if height < own.height {
            self.watcher.fell(replica, own.height, height);
        }
        let setup = Setup {
            ledger,
            executor: self.executor.clone(),
            key: own.key.clone(),
            records: own.journal.clone(),
            voted_blocks: own.voted_blocks.clone(),
            signs: true,
            approve_at: self.plan.approve_at,
            mempool: SharedMempool::default(),
            timing: self.plan.timing,
            verify,
        };
        match Machine::new(setup, now) {
            Ok(machine) => {
                let own = &mut self.replicas[replica];
                own.life += 1;
                own.machine = Some(machine);
                self.settle(replica, false);
            }
            Err(fault) => self.watcher.failed(replica, &fault.to_string()),
        }
    }

    fn run(mut self) -> Outcome {
        let (skew_ms, faults) = (self.plan.faults.skew_ms, self.plan.faults.clone());
        for replica in 0..self.replicas.len() {
            self.replicas[replica].skew_ms = self.random.below(skew_ms + 1);
            if !self.replicas[replica].silent {
                self.start(replica);
            }
        }
        if self.plan.transactions > 0 {
            self.at(1_000, What::Submit);
        }
        if faults.epochs {
            self.at(700_000, What::Change);
        }
        if faults.partitions {
            self.at(500_000, What::Partition);
        }
        if faults.crashes {
            let replica = self.random.below(self.replicas.len() as u64) as usize;
            self.at(300_000, What::Crash { replica });
        }
        let mut progress = (0, 0);
        // The height that every honest replica must reach once nothing more goes wrong, and since when.
        let mut goal: Option<(u64, u64)> = None;
        while let Some(Reverse((when_us, _, what))) = self.queue.pop() {
            self.now_us = when_us;
            self.handle(what);
            let height = self.replicas.iter().filter(|own| own.liar.is_none()).map(|own| own.height).max().unwrap_or(0);
            if height > progress.0 {
                progress = (height, self.now_us);
                if height.is_multiple_of(32) {
                    self.forget(height);
                }
            }
            let enough = !self.watcher.violations.is_empty() || self.watcher.conflicts >= MOST_CONFLICTS;
            if enough {
                break;
            }
            if height >= self.plan.heights && goal.is_none() {
                goal = Some((height, self.now_us));
                self.split = false;
                if !self.is_live() {
                    break;
                }
            }
            if let Some((target, since_us)) = goal {
                let behind = self.honest().find(|index| self.replicas[*index].height < target);
                let Some(behind) = behind else { break };
                if self.now_us > since_us + PATIENCE_US {
                    self.watcher.behind(behind, self.replicas[behind].height, target);
                    break;
                }
            }
            // Who does not get on is left in peace: what the protocol promises is progress after the last fault.
            self.calm = goal.is_some() || self.now_us > progress.1 + PATIENCE_US / 2;
            let patience_us = if self.watcher.conflicts > 0 { PATIENCE_US / 20 } else { PATIENCE_US };
            if self.now_us > progress.1.max(self.last_fault_us) + patience_us {
                break;
            }
        }
        self.finish()
    }

    /// Replicas that neither lie nor keep silent.
    fn honest(&self) -> impl Iterator<Item = usize> {
        let honest = |own: &Replica| own.liar.is_none() && !own.silent;
        self.replicas.iter().enumerate().filter(move |(_, own)| honest(own)).map(|(index, _)| index)
    }

    /// Whether enough are honest for the chain to go on, and no conflict has split them.
    fn is_live(&self) -> bool {
        let silent = self.plan.faults.silent + self.plan.faults.liars.len() as u16;
        let enough = self.plan.approve_at.max(self.plan.quorum) <= self.plan.replicas - silent;
        enough && self.watcher.violations.is_empty() && self.watcher.conflicts == 0
    }

    /// I7: after the last fault every honest replica moves on.
    fn finish(mut self) -> Outcome {
        let honest: Vec<usize> = self.honest().collect();
        let top = honest.iter().map(|index| self.replicas[*index].height).max().unwrap_or(0);
        let lowest = honest.iter().map(|index| self.replicas[*index].height).min().unwrap_or(0);
        if top < self.plan.heights && self.is_live() {
            let machines = self.replicas.iter().filter_map(|own| own.machine.as_ref());
            let standings: Vec<_> = machines.map(Machine::standing).collect();
            self.watcher.stuck(top, PATIENCE_US / 1_000_000, &format!("{standings:?}"));
        }
        let view = honest.iter().filter_map(|index| self.replicas[*index].machine.as_ref()).map(Machine::view).max();
        let machines = honest.iter().filter_map(|index| self.replicas[*index].machine.as_ref());
        let epoch = machines.map(|machine| machine.validators().epoch).max();
        Outcome {
            seed: self.plan.seed,
            height: top,
            lowest,
            view: view.unwrap_or(0),
            epoch: epoch.unwrap_or(0),
            elapsed_ms: self.now_us / 1_000,
            messages: self.messages,
            crashes: self.crashes,
            violations: self.watcher.violations.into_iter().collect(),
            conflicts: self.watcher.conflicts,
            named: self.watcher.named.into_iter().collect(),
            promised: self.watcher.promised,
            synchronous: self.synchronous,
            approval_us: self.approvals.1 / self.approvals.0.max(1),
            block_us: self.now_us / top.max(1),
            trace: format!("{:016x}", self.trace),
        }
    }

    fn forget(&mut self, height: u64) {
        /// Heights that clients look back.
        const KEPT: u64 = 128;
        let places = self.replicas.iter().filter_map(|own| own.machine.as_ref());
        let lowest = places.map(|machine| place(machine.validators().epoch, machine.view())).min().unwrap_or(0);
        self.watcher.forget(lowest.saturating_sub(512), height.saturating_sub(KEPT));
        self.proposed_us.retain(|_, at| *at + PATIENCE_US > self.now_us);
    }

    fn handle(&mut self, what: What) {
        match what {
            What::Deliver { to, from, slot } => {
                let Some(message) = self.flying[slot].take() else { return };
                self.free.push(slot);
                self.deliver(to, from, &message);
            }
            What::Wake { replica, life } => {
                if self.replicas[replica].life == life && self.replicas[replica].wake_us <= self.now_us {
                    self.step(replica, |machine, now| machine.tick(now));
                }
            }
            What::Crash { replica } if self.calm => self.at(self.now_us + 1_000_000, What::Crash { replica }),
            What::Crash { replica } => self.crash(replica),
            What::Restart { replica } => self.start(replica),
            What::Partition => {
                if self.calm {
                    self.at(self.now_us + 1_000_000, What::Partition);
                    return;
                }
                self.split = true;
                for index in 0..self.replicas.len() {
                    self.replicas[index].side = self.random.happens(500);
                }
                let wait = 200_000 + self.random.below(3_000_000);
                self.at(self.now_us + wait, What::Heal);
            }
            What::Heal => {
                self.split = false;
                self.last_fault_us = self.now_us;
                let wait = 1_000_000 + self.random.below(4_000_000);
                self.at(self.now_us + wait, What::Partition);
            }
            What::Submit => self.submit(),
            What::Change => self.change_validators(),
            What::Quiet { replica, view, block } => self.quiet(replica, view, &block),
        }
    }

    fn deliver(&mut self, to: usize, from: usize, message: &Arc<Message>) {
        if self.replicas[to].machine.is_none() {
            return;
        }
        self.messages += 1;
        self.mix(self.now_us);
        self.mix(((to as u64) << 32) | from as u64);
        self.mix(digest(message));
        let key = self.replicas[from].key.public_key();
        let lies = self.replicas[to].liar.as_mut().map(|liar| liar.hear(message)).unwrap_or_default();
        for lie in lies {
            self.broadcast(to, Half::All, lie);
        }
        // Now and then over the wire's encoding, so that the codec is part of the run.
        let message = match self.messages.is_multiple_of(16) {
            true => Message::decode(&message.encode()).unwrap_or_else(|_| Message::clone(message)),
            false => Message::clone(message),
        };
        self.step(to, |machine, now| machine.receive(key, message, now));
    }

    fn mix(&mut self, value: u64) {
        self.trace = (self.trace ^ value).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }

    fn step(&mut self, replica: usize, work: impl FnOnce(&mut Machine<MemoryLedger>, Now) -> Result<(), Fault>) {
        let now = self.now(replica);
        let Some(machine) = self.replicas[replica].machine.as_mut() else { return };
        match work(machine, now) {
            Ok(()) => self.settle(replica, true),
            Err(fault) => self.stopped(replica, &fault),
        }
    }

    /// A node's fault: with more liars than the quorum survives an honest node may meet a contradiction, and stops.
    fn stopped(&mut self, replica: usize, fault: &Fault) {
        self.replicas[replica].machine = None;
        self.replicas[replica].life += 1;
        let excess = self.plan.faults.liars.len() as u16 >= (2 * self.plan.quorum).saturating_sub(self.plan.replicas);
        match (fault, excess) {
            (Fault::Disagreement { .. }, true) => self.watcher.conflicts += 1,
            _ if self.replicas[replica].liar.is_none() => self.watcher.failed(replica, &fault.to_string()),
            _ => {}
        }
    }

    /// Journal, release, send, and the next alarm: what a node's loop does after each input.
    fn settle(&mut self, replica: usize, may_crash: bool) {
        let now = self.now(replica);
        loop {
            let own = &mut self.replicas[replica];
            let Some(machine) = own.machine.as_mut() else { return };
            let (blocks, records) = (machine.voted_blocks(), machine.records());
            let approved = machine.ledger().head().height;
            own.voted_blocks.retain(|block| block.header.height > approved);
            own.voted_blocks.extend(blocks);
            if records.is_empty() {
                break;
            }
            // A crash in the middle of the write: some of the records are there, and nothing that they allow was sent.
            if may_crash && self.plan.faults.crashes && !self.calm && self.random.happens(1) {
                let kept = self.random.below(records.len() as u64 + 1) as usize;
                self.replicas[replica].journal.extend_from_slice(&records[..kept]);
                self.crash(replica);
                return;
            }
            let own = &mut self.replicas[replica];
            own.journal.extend(records);
            let excess = own.journal.len().saturating_sub(4_096);
            own.journal.drain(..excess);
            let Some(machine) = own.machine.as_mut() else { return };
            if let Err(fault) = machine.release(now) {
                self.stopped(replica, &fault);
                return;
            }
        }
        self.note(replica);
        let Some(machine) = self.replicas[replica].machine.as_mut() else { return };
        let messages = machine.messages();
        let wake_us = machine.wake_us().max(self.now_us + 1);
        for (to, message) in messages {
            match to {
                To::All => self.broadcast_as(replica, message),
                To::One(key) => {
                    if let Some(to) = self.replicas.iter().position(|other| other.key.public_key() == key) {
                        self.send_as(replica, to, message);
                    }
                }
            }
        }
        let own = &mut self.replicas[replica];
        if wake_us < own.wake_us || own.wake_us <= self.now_us {
            own.wake_us = wake_us;
            let life = own.life;
            self.at(wake_us, What::Wake { replica, life });
        }
    }

    /// Looks at what a replica committed.
    fn note(&mut self, replica: usize) {
        let own = &mut self.replicas[replica];
        let Some(ledger) = own.machine.as_ref().map(Machine::ledger) else { return };
        let (head, before) = (ledger.head(), own.height);
        if head.height.0 == before {
            return;
        }
        own.height = head.height.0;
        if own.liar.is_some() {
            return;
        }
        for height in before + 1..=head.height.0 {
            let Ok(Some(block)) = ledger.block(Height(height)) else { continue };
            let child = ledger.block(Height(height + 1)).ok().flatten();
            let root = child.map_or(head.state_root, |child| child.header.parent_state_root);
            let hash = block.hash();
            self.watcher.header(&block.header);
            self.watcher.committed(replica, height, hash, root);
            if usize::from(block.header.proposer) == replica
                && let Some(at) = self.proposed_us.remove(&hash)
            {
                self.approvals = (self.approvals.0 + 1, self.approvals.1 + (self.now_us - at));
            }
        }
    }

    fn crash(&mut self, replica: usize) {
        if let Some(machine) = self.replicas[replica].machine.take() {
            self.replicas[replica].ledger = Some(machine.into_ledger());
            self.crashes += 1;
            self.replicas[replica].life += 1;
            self.replicas[replica].wake_us = u64::MAX;
            self.last_fault_us = self.now_us;
            let wait = 50_000 + self.random.below(2_000_000);
            self.at(self.now_us + wait, What::Restart { replica });
        }
        let next = self.random.below(self.replicas.len() as u64) as usize;
        if !self.replicas[next].silent
            && self.queue.iter().all(|Reverse((_, _, what))| !matches!(what, What::Crash { .. }))
        {
            let wait = 500_000 + self.random.below(3_000_000);
            self.at(self.now_us + wait, What::Crash { replica: next });
        }
    }
}
