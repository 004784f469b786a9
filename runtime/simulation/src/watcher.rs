//! Sees every signature and every ledger, plays the clients, and says what contradicts the protocol's promises.

use counterpart_ledger::{Evidence, Hash, Header, Phase, SignedBy, Statement, ValidatorSet};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A promise that was not kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Violation {
    /// Which: I1 to I8 of the protocol.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

/// A client that decides by finals alone.
#[derive(Clone, Debug)]
struct Client {
    /// c: finals that it asks for.
    finals: u16,
    /// Blocks that it took for final, by height.
    taken: BTreeMap<u64, Hash>,
}

/// Orders views over epochs: each epoch counts them anew.
pub(crate) fn place(epoch: u64, view: u64) -> u64 {
    (epoch << 40) | view
}

/// Follows a run.
pub(crate) struct Watcher {
    set: ValidatorSet,
    liars: BTreeSet<u16>,
    headers: BTreeMap<Hash, Header>,
    finals: BTreeMap<(u64, Hash), BTreeSet<u16>>,
    by_signer: BTreeMap<(u64, u16), Vec<(Statement, SignedBy)>>,
    clients: Vec<Client>,
    roots: BTreeMap<u64, (Hash, Hash)>,
    /// What clients that decide by time took for final, by height.
    timely: BTreeMap<u64, Hash>,
    pub violations: BTreeSet<Violation>,
    /// Pairs of conflicting approvals by clients whose assumptions did not hold.
    pub conflicts: u64,
    pub named: BTreeSet<u16>,
    /// The fewest names that conflicting approvals promise: c + R - N of the weaker client, the largest over all conflicts.
    pub promised: u16,
}

impl Watcher {
    /// Clients with every number of finals from R to N.
    pub fn new(set: &ValidatorSet, liars: BTreeSet<u16>) -> Self {
        let clients = (set.quorum..=set.size()).map(|finals| Client { finals, taken: BTreeMap::new() }).collect();
        let (headers, finals, by_signer, roots, timely, violations, named) = Default::default();
        let set = set.clone();
        Self {
            set,
            liars,
            headers,
            finals,
            by_signer,
            clients,
            roots,
            timely,
            violations,
            conflicts: 0,
            named,
            promised: 0,
        }
    }

    fn violated(&mut self, invariant: &'static str, what: String) {
        if self.violations.len() < 32 {
            self.violations.insert(Violation { invariant, what });
        }
    }

    pub fn header(&mut self, header: &Header) {
        self.headers.entry(header.hash()).or_insert_with(|| header.clone());
    }

    /// A signature that left its signer.
    pub fn signed(&mut self, statement: &Statement, signed: &SignedBy) {
        let place = place(statement.epoch, statement.view);
        let key = (place, signed.signer);
        let known = self.by_signer.entry(key).or_default();
        if known.iter().any(|(other, _)| other == statement) {
            return;
        }
        let evidence = known.iter().map(|other| Evidence { first: *other, second: (*statement, *signed) });
        let contradiction = evidence.into_iter().find(Evidence::contradicts);
        known.push((*statement, *signed));
        if let Some(evidence) = contradiction {
            self.named.insert(signed.signer);
            if !self.liars.contains(&signed.signer) {
                let (one, other) = (evidence.first.0, evidence.second.0);
                let what = format!(
                    "replica {} said {:?} and {:?} in view {}",
                    signed.signer, one.phase, other.phase, one.view
                );
                self.violated("I3", what);
            }
        }
        if statement.phase == Phase::Final {
            let finals = self.finals.entry((place, statement.block)).or_default();
            finals.insert(signed.signer);
            let count = finals.len() as u16;
            self.approve(statement.block, count);
        }
    }

    /// Every client that asks for no more takes the block and its ancestors for final.
    fn approve(&mut self, block: Hash, count: u16) {
        let mut chain = Vec::new();
        let mut at = block;
        while let Some(header) = self.headers.get(&at) {
            chain.push((header.height.0, at));
            at = header.parent;
            let known = self
                .clients
                .iter()
                .all(|client| client.finals > count || client.taken.get(&header.height.0) == Some(&at));
            if known || chain.len() > 64 {
                break;
            }
        }
        let mut conflicts = Vec::new();
        for (height, hash) in &chain {
            for index in 0..self.clients.len() {
                if self.clients[index].finals > count {
                    continue;
                }
                self.clients[index].taken.entry(*height).or_insert(*hash);
                for other in &self.clients {
                    if other.taken.get(height).is_some_and(|taken| taken != hash) {
                        conflicts.push((self.clients[index].finals.min(count), other.finals, *height));
                    }
                }
            }
        }
        conflicts.sort_unstable();
        conflicts.dedup();
        for (one, other, height) in conflicts {
            self.conflict(one, other, height);
        }
    }

    /// I2 and I4: two approvals conflict only if more lie than the weaker of them survives.
    fn conflict(&mut self, one: u16, other: u16, height: u64) {
        let needed = (one.min(other) + self.set.quorum).saturating_sub(self.set.size());
        if (self.liars.len() as u16) < needed {
            self.violated(
                "I2",
                format!("clients with {one} and {other} finals took different blocks at height {height}"),
            );
        } else {
            self.conflicts += 1;
            self.promised = self.promised.max(needed);
        }
    }

    /// I2 for clients that decide by time: none of them takes another block at a height than another does.
    pub fn synchronous(&mut self, view: u64, block: &Hash) {
        let mut at = *block;
        while let Some(header) = self.headers.get(&at) {
            let height = header.height.0;
            match self.timely.get(&height) {
                Some(taken) if *taken == at => return,
                Some(_) => {
                    let what =
                        format!("a client that decides by time took another block at height {height}, of view {view}");
                    self.violated("I2", what);
                    return;
                }
                None => {
                    self.timely.insert(height, at);
                    at = header.parent;
                }
            }
        }
    }

    /// I8 and I2: an honest replica committed a block; `root` is the state root after it.
    pub fn committed(&mut self, replica: usize, height: u64, block: Hash, root: Hash) {
        match self.roots.get(&height) {
            None => {
                self.roots.insert(height, (block, root));
            }
            Some((known, _)) if *known != block => {
                let needed = (2 * self.set.quorum).saturating_sub(self.set.size());
                let what = format!("replica {replica} committed another block at height {height}");
                if (self.liars.len() as u16) < needed { self.violated("I2", what) } else { self.conflicts += 1 }
            }
            Some((_, known)) if *known != root => {
                self.violated("I8", format!("replica {replica} has another state root at height {height}"));
            }
            Some(_) => {}
        }
    }

    pub fn fell(&mut self, replica: usize, before: u64, after: u64) {
        self.violated("I5", format!("replica {replica} was at height {before} and came back at {after}"));
    }

    pub fn stuck(&mut self, height: u64, seconds: u64, standings: &str) {
        self.violated(
            "I7",
            format!("nothing was approved above height {height} for {seconds} s after the last fault: {standings}"),
        );
    }

    pub fn behind(&mut self, replica: usize, height: u64, others: u64) {
        self.violated("I7", format!("replica {replica} stays at height {height}, and others are above {others}"));
    }

    pub fn failed(&mut self, replica: usize, fault: &str) {
        self.violated("fault", format!("replica {replica} stopped: {fault}"));
    }

    /// Keeps memory bounded: nothing is said any more below a [`place`].
    pub fn forget(&mut self, view: u64, height: u64) {
        self.by_signer = self.by_signer.split_off(&(view, 0));
        self.finals = self.finals.split_off(&(view, Hash::ZERO));
        self.headers.retain(|_, header| header.height.0 >= height);
        self.roots = self.roots.split_off(&height);
        self.timely = self.timely.split_off(&height);
        self.clients.iter_mut().for_each(|client| client.taken = client.taken.split_off(&height));
    }
}
