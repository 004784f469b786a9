//! The load controller: how many units run, so that demand never exceeds what there is. Decisions are a function of their inputs alone;
//! whoever has the log finds the same set-points.

use counterpart_sdk::Hash;
use parity_scale_codec::{Decode, Encode};
use sha2::{Digest, Sha256};

/// Centres of a plant.
pub const CENTRES: usize = 2;

/// What decisions follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Rules {
    /// Watts of a unit.
    pub unit_w: u64,
    /// Units of each centre. The first is shed last.
    pub units: [u32; CENTRES],
    /// Units that may be started in a step.
    pub ramp: u32,
    /// What is kept in reserve, in parts of a million.
    pub reserve_ppm: u64,
    /// Below this generators do not run, in watts.
    pub least_w: u64,
    /// Steps without a start after something was shed: the load does not swing.
    pub rest: u32,
}

/// What runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Setpoints {
    /// Running units of each centre.
    pub running: [u32; CENTRES],
    /// Steps that nothing is started for.
    pub resting: u32,
}

impl Setpoints {
    /// Units that run.
    pub fn all(&self) -> u32 {
        self.running.iter().sum()
    }

    /// What they take, in watts.
    pub fn demand_w(&self, rules: &Rules) -> u64 {
        u64::from(self.all()) * rules.unit_w
    }
}

impl Rules {
    /// What runs next, when so many watts are there.
    pub fn decide(&self, before: &Setpoints, available_w: u64) -> Setpoints {
        let kept = (u128::from(available_w) * u128::from(self.reserve_ppm) / 1_000_000) as u64;
        let usable = available_w.saturating_sub(kept);
        let most = usable.checked_div(self.unit_w).unwrap_or(0).min(u64::from(u32::MAX)) as u32;
        // Too little for a generator to run at all: nothing does.
        let most = if u64::from(most) * self.unit_w < self.least_w { 0 } else { most };
        let mut now = *before;
        let mut over = now.all().saturating_sub(most);
        if over > 0 {
            // At once, and from the back.
            for running in now.running.iter_mut().rev() {
                let shed = over.min(*running);
                *running -= shed;
                over -= shed;
            }
            now.resting = self.rest;
            return now;
        }
        if now.resting > 0 {
            now.resting -= 1;
            return now;
        }
        // Those that start take generators to their least load at once: between nothing and that there is no step.
        let from_nothing = now.all() == 0;
        let least = self.least_w.div_ceil(self.unit_w.max(1)).min(u64::from(u32::MAX)) as u32;
        let ramp = if from_nothing { self.ramp.max(least) } else { self.ramp };
        let mut more = (most - now.all()).min(ramp);
        for (running, units) in now.running.iter_mut().zip(self.units) {
            let start = more.min(units - *running);
            *running += start;
            more -= start;
        }
        // Too few units to keep a generator at its least load: it would not run.
        if now.demand_w(self) < self.least_w { Setpoints { running: [0; CENTRES], ..now } } else { now }
    }
}

/// A step of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Entry {
    /// Watts that were there.
    pub available_w: u64,
    /// What was decided.
    pub set: Setpoints,
}

/// What a controller decided, and the hash of it: each step is hashed with what was before.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Log {
    /// What decisions follow.
    pub rules: Rules,
    /// How it began.
    pub first: Setpoints,
    /// Step by step.
    pub entries: Vec<Entry>,
    /// The hash.
    pub hash: Hash,
}

impl Log {
    /// An empty log that begins somewhere.
    pub fn new(rules: Rules, first: Setpoints) -> Self {
        let hash = Hash(Sha256::digest((rules, first).encode()).into());
        Self { rules, first, entries: Vec::new(), hash }
    }

    /// What was decided last.
    pub fn last(&self) -> Setpoints {
        self.entries.last().map_or(self.first, |entry| entry.set)
    }

    /// Decides and notes it.
    pub fn step(&mut self, available_w: u64) -> Setpoints {
        let set = self.rules.decide(&self.last(), available_w);
        let entry = Entry { available_w, set };
        self.hash = Hash(Sha256::digest((self.hash.0, entry).encode()).into());
        self.entries.push(entry);
        set
    }

    /// Decides everything again from its inputs: whether the set-points and the hash are the same.
    pub fn replays(&self) -> bool {
        let mut again = Self::new(self.rules, self.first);
        for entry in &self.entries {
            again.step(entry.available_w);
        }
        again == *self
    }
}
