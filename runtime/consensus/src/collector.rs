//! Counting what members signed, and catching those who contradict themselves.

use counterpart_ledger::{Certificate, ChainId, Evidence, Phase, Signature, SignedBy, Statement, ValidatorSet};
use std::collections::BTreeMap;

/// Most statements of one kind by one member in one view that are kept: two are a contradiction, and more say no more.
const KEPT: usize = 2;
/// Views above the present one in which single signatures are counted. Who is further behind learns of certificates, which have
/// no such bound.
const WINDOW: u64 = 256;
/// Views below the present one in which they are, while nothing is approved.
const MOST_BELOW: u64 = 4_096;

/// Why a signature does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CollectError {
    /// It is of another chain or epoch.
    #[error("the statement is of another chain or epoch")]
    Elsewhere,
    /// The signer is not in the set.
    #[error("signer {0} is not in the set")]
    Unknown(u16),
    /// The signature does not verify.
    #[error("the signature of member {0} does not verify")]
    Signature(u16),
    /// Its view is too old or too far ahead to be counted.
    #[error("view {0} is too old or too far ahead")]
    View(u64),
}

/// What a signature brought.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Collected {
    /// How many members signed the statement.
    pub count: u16,
    /// Whether this signature was new.
    pub new: bool,
    /// A contradiction that it completes.
    pub evidence: Option<Evidence>,
}

/// Signatures of an epoch, by statement and by signer. Its size is bounded by the views around the present one, the members and
/// [`KEPT`].
#[derive(Clone, Debug)]
pub struct Collector {
    chain: ChainId,
    set: ValidatorSet,
    floor: u64,
    ceiling: u64,
    statements: BTreeMap<(u64, Statement), BTreeMap<u16, Signature>>,
    by_signer: BTreeMap<(u64, u16), Vec<(Statement, SignedBy)>>,
    accused: BTreeMap<u16, Evidence>,
}

impl Collector {
    /// An empty one.
    pub fn new(chain: ChainId, set: ValidatorSet) -> Self {
        let (statements, by_signer, accused) = Default::default();
        Self { chain, set, floor: 0, ceiling: WINDOW, statements, by_signer, accused }
    }

    /// Who may sign.
    pub fn set(&self) -> &ValidatorSet {
        &self.set
    }

    /// Counts a signature; again changes nothing.
    ///
    /// `verify` checks it: a node asks the key, a simulation may remember what it asked before.
    ///
    /// # Errors
    /// [`CollectError`] when it does not count.
    pub fn add(
        &mut self,
        statement: &Statement,
        signed: &SignedBy,
        verify: impl FnOnce(&counterpart_ledger::PublicKey, &[u8; 32], &Signature) -> bool,
    ) -> Result<Collected, CollectError> {
        if statement.chain != self.chain || statement.epoch != self.set.epoch {
            return Err(CollectError::Elsewhere);
        }
        let view = statement.view;
        if view < self.floor || view > self.ceiling {
            return Err(CollectError::View(view));
        }
        let signer = signed.signer;
        let member = self.set.members.get(usize::from(signer)).ok_or(CollectError::Unknown(signer))?;
        let known = self.statements.get(&(view, *statement));
        let count = known.map_or(0, BTreeMap::len) as u16;
        if known.is_some_and(|signatures| signatures.contains_key(&signer)) {
            return Ok(Collected { count, ..Collected::default() });
        }
        let others = self.by_signer.get(&(view, signer));
        let alike = |(other, _): &&(Statement, SignedBy)| other.phase == statement.phase;
        if others.is_some_and(|others| others.iter().filter(alike).count() >= KEPT) {
            return Ok(Collected { count, ..Collected::default() });
        }
        if !verify(member, &statement.message(), &signed.signature) {
            return Err(CollectError::Signature(signer));
        }
        let pair = |other: &(Statement, SignedBy)| Evidence { first: *other, second: (*statement, *signed) };
        let evidence = others.and_then(|others| others.iter().map(pair).find(Evidence::contradicts));
        if let Some(evidence) = &evidence {
            self.accused.entry(signer).or_insert(*evidence);
        }
        self.by_signer.entry((view, signer)).or_default().push((*statement, *signed));
        self.statements.entry((view, *statement)).or_default().insert(signer, signed.signature);
        Ok(Collected { count: count + 1, new: true, evidence })
    }

    /// How many members signed a statement.
    pub fn count(&self, statement: &Statement) -> u16 {
        self.statements.get(&(statement.view, *statement)).map_or(0, BTreeMap::len) as u16
    }

    /// All signatures of a statement as one object.
    pub fn certificate(&self, statement: &Statement) -> Certificate {
        let signed = self.statements.get(&(statement.view, *statement)).into_iter().flatten();
        let signatures = signed.map(|(signer, signature)| SignedBy { signer: *signer, signature: *signature });
        Certificate { statement: *statement, signatures: signatures.collect() }
    }

    /// Whether a member said anything in a view.
    pub fn heard(&self, view: u64, signer: u16) -> bool {
        self.by_signer.contains_key(&(view, signer))
    }

    /// How many members skipped a view, and how many voted for the block with most votes other than `block`.
    pub fn disturbance(&self, view: u64, block: &counterpart_ledger::Hash) -> (u16, u16) {
        let (mut skips, mut votes) = (0, 0);
        let first =
            Statement { chain: ChainId(0), epoch: 0, phase: Phase::Propose, view: 0, block: Default::default() };
        for ((_, statement), signatures) in
            self.statements.range((view, first)..).take_while(|((at, _), _)| *at == view)
        {
            let count = signatures.len() as u16;
            match statement.phase {
                Phase::Skip => skips = skips.max(count),
                Phase::Vote if statement.block != *block => votes = votes.max(count),
                _ => {}
            }
        }
        (skips, votes)
    }

    /// Everyone who contradicted themselves, with the evidence found first.
    pub fn accused(&self) -> &BTreeMap<u16, Evidence> {
        &self.accused
    }

    /// Counts signatures around a view from now on: the member is in it, by a certificate or by what it signed before a restart.
    pub fn enter(&mut self, view: u64) {
        self.ceiling = self.ceiling.max(view.saturating_add(WINDOW));
        if view > self.floor.saturating_add(MOST_BELOW) {
            self.forget_below(view - MOST_BELOW);
        }
    }

    /// Forgets single signatures of views below one; accusations stay.
    pub fn forget_below(&mut self, view: u64) {
        self.floor = self.floor.max(view);
        self.ceiling = self.ceiling.max(view.saturating_add(WINDOW));
        let first =
            Statement { chain: ChainId(0), epoch: 0, phase: Phase::Propose, view: 0, block: Default::default() };
        self.statements = self.statements.split_off(&(self.floor, first));
        self.by_signer = self.by_signer.split_off(&(self.floor, 0));
    }
}
