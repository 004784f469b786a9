//! Which validators vote, and the step from one epoch to the next.

use super::{Fault, Ledger, Machine, Now, timing};
use counterpart_consensus::{Collector, Core, Observer, Record, Voter};
use counterpart_ledger::{
    Certificate, Hash, Height, NamedValidators, Phase, SecretKey, ValidatorSet, decode, validators_key,
};
use counterpart_storage::StoreError;

/// The block that an epoch builds on.
pub(super) struct Root {
    pub block: Hash,
    /// The finals that ended the epoch before; none at genesis.
    pub approval: Option<Certificate>,
}

/// The validators that the newest state names for an epoch.
pub(super) fn named<L: Ledger>(ledger: &L, epoch: u64) -> Result<Option<NamedValidators>, Fault> {
    let bytes = ledger.state().get(&validators_key(epoch)).map_err(counterpart_execution::ExecutionFault::from)?;
    let parse = |bytes: Vec<u8>| decode("validators", &bytes).map_err(|error| StoreError::Corrupt(error.to_string()));
    Ok(bytes.map(parse).transpose()?)
}

/// The epoch of the next block, and what it builds on.
pub(super) fn of<L: Ledger>(ledger: &L) -> Result<(ValidatorSet, Root), Fault> {
    let genesis = ledger.genesis();
    let mut set = genesis.validators.clone();
    let mut root = Root { block: genesis.hash(), approval: None };
    let height = ledger.head().height;
    while let Some(next) = named(ledger, set.epoch + 1)?.filter(|next| next.named_at < height) {
        let last = Height(next.named_at.0 + 1);
        // One that was forgotten is built on by nothing that is still to come.
        let block = ledger.block(last)?.map_or(Hash::ZERO, |block| block.hash());
        root = Root { block, approval: ledger.approval(last)? };
        set = next.set;
    }
    Ok((set, root))
}

/// The place of a key in a set.
pub(super) fn index(set: &ValidatorSet, key: &SecretKey) -> Option<u16> {
    let own = key.public_key();
    set.members.iter().position(|member| *member == own).map(|place| place as u16)
}

impl<L: Ledger> Machine<L> {
    /// Begins the next epoch on the newest approved block.
    pub(super) fn begin_epoch(&mut self, set: ValidatorSet, approval: Certificate, now: Now) -> Result<(), Fault> {
        debug_assert_eq!(approval.statement.phase, Phase::Final);
        let root = self.ledger.head().hash;
        self.index = index(&set, &self.key);
        let resumption = self.resumption.filter(|(epoch, _)| *epoch >= set.epoch);
        let signing = self.index.filter(|_| self.signs && resumption.is_none_or(|(epoch, _)| epoch == set.epoch));
        let records: Vec<Record> =
            resumption.map(|(epoch, view)| Record::resumption(epoch, view)).into_iter().collect();
        self.core = Core::new(set.size(), signing, root);
        if let Some((_, view)) = resumption.filter(|(epoch, _)| *epoch == set.epoch) {
            self.core.sign_from(view);
        }
        self.voter = signing.map(|index| Voter::new(self.chain, set.clone(), index, self.key.clone(), &records));
        self.collector = Collector::new(self.chain, set.clone());
        self.observer = Observer::default();
        self.clock = timing::Clock::new(&self.timing, now);
        self.root_approval = Some(approval);
        self.set = set;
        self.early.clear();
        self.away.clear();
        self.approved = None;
        self.lead(now)
    }
}
