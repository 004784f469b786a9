//! Shows what a sealed text holds, to whoever is given the seed that it was sealed with; and keeps the keys that committees show.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use counterpart_sealing::committee::Committee as SecondSeal;
use counterpart_sealing::{Sealed, SecretKey, seal};

/// What sealing came to.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Resealed {
    /// The encapsulated key.
    pub enc: [u8; 32],
    /// The sealed text.
    pub ciphertext: Vec<u8>,
}

/// What opening came to.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The public key of the seed.
    pub public_key: [u8; 32],
    /// What was sealed; none if it does not open with that key.
    pub text: Option<Vec<u8>>,
}

/// Who has to show keys before a second seal comes off, and when.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Committee {
    /// The members' public keys, made for this occasion alone.
    pub members: Vec<[u8; 32]>,
    /// So many of them are enough.
    pub threshold: u32,
    /// From when keys are shown, in ms since 1970.
    pub opens_ms: u64,
    /// Until when, in ms since 1970.
    pub until_ms: u64,
    /// What was shown so far.
    pub shown: Vec<Shown>,
}

/// A member's key.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Which member, from 0.
    pub member: u32,
    /// The seed of its key.
    pub seed: [u8; 32],
}

/// Why the referee refuses.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum RefereeError {
    /// The public key is none.
    BadKey,
    /// No members, too many, one twice, fewer than the threshold, or times out of order.
    BadCommittee,
    /// There is no such committee.
    NoCommittee {
        /// Its number.
        committee: u64,
    },
    /// Keys are not shown now.
    WrongTime {
        /// From when they are, in ms since 1970.
        opens_ms: u64,
        /// Until when.
        until_ms: u64,
    },
    /// It is not the seed of this member's key, or there is no such member.
    WrongSeed {
        /// The member.
        member: u32,
    },
}

/// A committee was formed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct CommitteeFormed {
    /// Its number.
    #[topic]
    pub committee: u64,
}

/// A member showed its key.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct KeyShown {
    /// Of which committee.
    #[topic]
    pub committee: u64,
    /// What it showed.
    pub shown: Shown,
}

/// What is kept: committees and their keys.
#[storage]
pub struct SealingReferee {
    committees: Map<u64, Committee>,
    next: Item<u64>,
}

#[contract(events(CommitteeFormed, KeyShown))]
impl SealingReferee {
    /// Makes a referee.
    pub fn new() -> Self {
        Self::default()
    }

    /// A committee and what it has shown.
    pub fn committee(&self, committee: u64) -> Option<Committee> {
        self.committees.get(&committee)
    }

    /// Seals a text for a key, bound to `aad`, with a seed: whoever compares the bytes knows what the other text holds.
    pub fn seal(
        &self,
        public_key: [u8; 32],
        info: Vec<u8>,
        aad: Vec<u8>,
        text: Vec<u8>,
        seed: [u8; 32],
    ) -> Result<Resealed, RefereeError> {
        Ok(resealed(seal(&public_key, &info, &aad, &text, &seed).map_err(|_| RefereeError::BadKey)?))
    }

    /// The same, and once more for a committee.
    pub fn seal_twice(
        &self,
        committee: u64,
        public_key: [u8; 32],
        info: Vec<u8>,
        aad: Vec<u8>,
        text: Vec<u8>,
        seed: [u8; 32],
    ) -> Result<Resealed, RefereeError> {
        let found = self.found(committee)?;
        let second = second_seal(&found)?;
        let inner = seal(&public_key, &info, &aad, &text, &seed).map_err(|_| RefereeError::BadKey)?;
        Ok(resealed(second.seal(&aad, &inner, &seed).map_err(|_| RefereeError::BadKey)?))
    }

    /// Opens a sealed text with the seed of its receiver's key: whoever shows the seed shows what was sealed for it.
    pub fn open(&self, seed: [u8; 32], info: Vec<u8>, aad: Vec<u8>, enc: [u8; 32], ciphertext: Vec<u8>) -> Opened {
        let key = SecretKey::from_seed(&seed);
        let text = key.open(&info, &aad, &Sealed { enc, ciphertext }).ok();
        Opened { public_key: key.public_key(), text }
    }

    /// Forms a committee: so many of the members have to show their keys, between the two times. Answers its number.
    pub fn form(
        &mut self,
        members: Vec<[u8; 32]>,
        threshold: u32,
        opens_ms: u64,
        until_ms: u64,
    ) -> Result<u64, RefereeError> {
        let formed = Committee { members, threshold, opens_ms, until_ms, shown: Vec::new() };
        second_seal(&formed)?;
        if opens_ms >= until_ms || env::block_time_ms() >= opens_ms {
            return Err(RefereeError::BadCommittee);
        }
        let committee = self.next.get_or_default();
        self.next.set(&(committee + 1));
        self.committees.set(&committee, &formed);
        CommitteeFormed { committee }.emit();
        Ok(committee)
    }

    /// Shows the seed of a member's key, when the time has come; whoever has it. Answers how many were shown.
    pub fn show(&mut self, committee: u64, member: u32, seed: [u8; 32]) -> Result<u32, RefereeError> {
        let mut found = self.found(committee)?;
        let Committee { opens_ms, until_ms, .. } = found;
        if !(opens_ms..until_ms).contains(&env::block_time_ms()) {
            return Err(RefereeError::WrongTime { opens_ms, until_ms });
        }
        let key = usize::try_from(member).ok().and_then(|member| found.members.get(member));
        if key != Some(&SecretKey::from_seed(&seed).public_key()) {
            return Err(RefereeError::WrongSeed { member });
        }
        let shown = Shown { member, seed };
        if !found.shown.contains(&shown) {
            found.shown.push(shown);
            self.committees.set(&committee, &found);
            KeyShown { committee, shown }.emit();
        }
        Ok(found.shown.len() as u32)
    }

    fn found(&self, committee: u64) -> Result<Committee, RefereeError> {
        self.committee(committee).ok_or(RefereeError::NoCommittee { committee })
    }
}

fn second_seal(committee: &Committee) -> Result<SecondSeal, RefereeError> {
    SecondSeal::new(&committee.members, committee.threshold as usize).ok_or(RefereeError::BadCommittee)
}

fn resealed(sealed: Sealed) -> Resealed {
    Resealed { enc: sealed.enc, ciphertext: sealed.ciphertext }
}
