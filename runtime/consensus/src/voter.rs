//! A replica's own signatures, and the guard that no two of them contradict each other.

use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_ledger::{
    Certificate, CertificateError, ChainId, Hash, Header, Phase, SecretKey, SignedBy, Statement, ValidatorSet,
};
use std::collections::BTreeMap;

/// Who proposes in a view.
pub fn leader(set: &ValidatorSet, view: u64) -> u16 {
    (view % u64::from(set.size().max(1))) as u16
}

/// A signature that this replica gave. It is durable before the signature leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Record {
    /// The epoch.
    pub epoch: u64,
    /// The view.
    pub view: u64,
    /// What was said.
    pub phase: Phase,
    /// Of which block.
    pub block: Hash,
}

impl Record {
    /// An operator's word in the place of a journal that was lost: nothing is signed below a view of an epoch, nor in epochs
    /// before.
    pub fn resumption(epoch: u64, view: u64) -> Self {
        Self { epoch, view, phase: Phase::Skip, block: RESUMPTION }
    }

    /// The epoch and the view, if it is an operator's word.
    pub fn resumes(&self) -> Option<(u64, u64)> {
        (self.phase == Phase::Skip && self.block == RESUMPTION).then_some((self.epoch, self.view))
    }
}

/// In the place of a block: a skip has none.
const RESUMPTION: Hash = Hash([u8::MAX; 32]);

/// Why a replica does not sign.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The proposal is not the leader's.
    #[error("the proposal is not signed by replica {leader}, who leads view {view}")]
    NotTheLeader {
        /// The view.
        view: u64,
        /// Who leads it.
        leader: u16,
    },
    /// It signed for something else in this view.
    #[error("this replica signed for {signed} in view {view}")]
    Contradiction {
        /// The view.
        view: u64,
        /// What it signed for.
        signed: Hash,
    },
    /// The view has passed.
    #[error("view {view} has passed: this replica signed in view {latest}")]
    Passed {
        /// The view.
        view: u64,
        /// The latest in which it signed.
        latest: u64,
    },
    /// The certificate does not certify.
    #[error("the certificate does not hold: {0}")]
    Certificate(#[from] CertificateError),
}

/// What one view was signed with.
#[derive(Clone, Copy, Default, Debug)]
struct Signed {
    proposed: Option<Hash>,
    voted: Option<Hash>,
    finalized: Option<Hash>,
    skipped: bool,
}

/// Signs as one member of a validator set.
#[derive(Clone, Debug)]
pub struct Voter {
    chain: ChainId,
    set: ValidatorSet,
    index: u16,
    key: SecretKey,
    views: BTreeMap<u64, Signed>,
    /// Nothing is signed below: what was signed there is forgotten.
    floor: u64,
}

impl Voter {
    /// A voter that remembers what it signed before in the epoch of the set.
    pub fn new(chain: ChainId, set: ValidatorSet, index: u16, key: SecretKey, records: &[Record]) -> Self {
        let epoch = set.epoch;
        let mut voter = Self { chain, set, index, key, views: BTreeMap::new(), floor: 0 };
        for record in records.iter().filter(|record| record.epoch == epoch) {
            if let Some((_, view)) = record.resumes() {
                voter.forget_below(view);
                continue;
            }
            let signed = voter.views.entry(record.view).or_default();
            match record.phase {
                Phase::Propose => signed.proposed = Some(record.block),
                Phase::Vote => signed.voted = Some(record.block),
                Phase::Final => signed.finalized = Some(record.block),
                Phase::Skip => signed.skipped = true,
            }
        }
        voter
    }

    /// Its index in the set.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// The latest view in which it signed anything.
    pub fn latest_view(&self) -> u64 {
        self.views.last_key_value().map_or(0, |(view, _)| *view)
    }

    /// Signs, unless that would contradict what it signed before.
    ///
    /// What justifies a statement (a certificate, a valid block) is the caller's to check; this guard looks at nothing but
    /// this member's own signatures.
    ///
    /// # Errors
    /// [`Refusal`] when another member leads the proposed view, the view lies below what is remembered, or a statement
    /// contradicts it.
    pub fn sign(&mut self, phase: Phase, view: u64, block: Hash) -> Result<(Record, SignedBy), Refusal> {
        if view < self.floor {
            return Err(Refusal::Passed { view, latest: self.floor });
        }
        let leader = leader(&self.set, view);
        if phase == Phase::Propose && leader != self.index {
            return Err(Refusal::NotTheLeader { view, leader });
        }
        let signed = self.views.entry(view).or_default();
        let before: &[Option<Hash>] = match phase {
            Phase::Propose => &[signed.proposed],
            Phase::Vote => &[signed.voted, signed.finalized],
            Phase::Final => &[signed.voted, signed.finalized, signed.skipped.then_some(Hash::ZERO)],
            Phase::Skip => &[signed.finalized],
        };
        if let Some(signed) = before.iter().flatten().find(|before| **before != block) {
            return Err(Refusal::Contradiction { view, signed: *signed });
        }
        match phase {
            Phase::Propose => signed.proposed = Some(block),
            Phase::Vote => signed.voted = Some(block),
            Phase::Final => signed.finalized = Some(block),
            Phase::Skip => signed.skipped = true,
        }
        let signed = self.statement(phase, view, block).sign(self.index, &self.key);
        Ok((Record { epoch: self.set.epoch, view, phase, block }, signed))
    }

    /// Proposes a block.
    ///
    /// # Errors
    /// [`Refusal`] when another member leads, or it proposed another block in this view.
    pub fn propose(&mut self, header: &Header) -> Result<(Record, SignedBy), Refusal> {
        self.sign(Phase::Propose, header.view, header.hash())
    }

    /// Votes for a proposal whose block was found valid.
    ///
    /// # Errors
    /// [`Refusal`] when it is not the leader's, the view has passed, or a vote or final for another block was given.
    pub fn vote(&mut self, header: &Header, proposal: &SignedBy) -> Result<(Record, SignedBy), Refusal> {
        let (view, block) = (header.view, header.hash());
        let leader = leader(&self.set, view);
        let statement = self.statement(Phase::Propose, view, block);
        let by_leader = proposal.signer == leader
            && self
                .set
                .members
                .get(usize::from(leader))
                .is_some_and(|key| key.verify(&statement.message(), &proposal.signature).is_ok());
        if !by_leader {
            return Err(Refusal::NotTheLeader { view, leader });
        }
        let latest = self.latest_view();
        if view < latest {
            return Err(Refusal::Passed { view, latest });
        }
        self.sign(Phase::Vote, view, block)
    }

    /// Certifies a block to clients, on R votes.
    ///
    /// # Errors
    /// [`Refusal`] when the votes do not certify, or this replica skipped the view or voted for another block in it.
    pub fn finalize(&mut self, certificate: &Certificate) -> Result<(Record, SignedBy), Refusal> {
        certificate.verify(&self.set, self.chain, Phase::Vote, usize::from(self.set.quorum))?;
        self.sign(Phase::Final, certificate.statement.view, certificate.statement.block)
    }

    /// Says that a view passed without a certificate.
    ///
    /// # Errors
    /// [`Refusal`] when this replica certified a block in the view.
    pub fn skip(&mut self, view: u64) -> Result<(Record, SignedBy), Refusal> {
        self.sign(Phase::Skip, view, Hash::ZERO)
    }

    /// The statement of a phase in this chain and epoch.
    pub fn statement(&self, phase: Phase, view: u64, block: Hash) -> Statement {
        Statement { chain: self.chain, epoch: self.set.epoch, phase, view, block }
    }

    /// Forgets views below one: nothing is signed there any more.
    pub fn forget_below(&mut self, view: u64) {
        self.floor = self.floor.max(view);
        self.views = self.views.split_off(&self.floor);
    }
}
