//! What proves to light clients who votes after an epoch: kept for good, so that neither pruning nor a snapshot loses it.

use crate::error::StoreError;
use crate::keys;
use crate::store::{Store, parse};
use counterpart_ledger::{Handover, Height, NamedValidators, encode, validators_key};
use fjall::OwnedWriteBatch as Batch;

impl Store {
    /// What proves who votes after an epoch; `None` if the epoch has not ended.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn handover(&self, epoch: u64) -> Result<Option<Handover>, StoreError> {
        if let Some(bytes) = self.tables.meta.get(keys::handover(epoch))? {
            return Ok(Some(parse("handover", &bytes)?));
        }
        let Some(following) = epoch.checked_add(1) else { return Ok(None) };
        let key = validators_key(following);
        let named = self.state().get(&key).map_err(|fault| StoreError::Store(fault.0))?;
        let Some(named) = named else { return Ok(None) };
        let named: NamedValidators = parse("validators", &named)?;
        let last = Height(named.named_at.0 + 1);
        let (Some(block), Some(approval)) = (self.block(last)?, self.approval(last)?) else { return Ok(None) };
        let proof = self.prove_at(named.named_at, &key)?.proof;
        Ok(Some(Handover { header: block.header, approval, next: named.set, named_at: named.named_at, proof }))
    }

    /// All of them, from genesis on.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn handovers(&self) -> Result<Vec<Handover>, StoreError> {
        let mut handovers = Vec::new();
        for epoch in self.genesis().validators.epoch.. {
            let Some(handover) = self.handover(epoch)? else { break };
            handovers.push(handover);
        }
        Ok(handovers)
    }

    /// Before blocks below a height are forgotten: keeps what they prove, if it is not kept yet.
    pub(crate) fn keep_handovers_below(&self, batch: &mut Batch, height: Height) -> Result<(), StoreError> {
        for epoch in self.genesis().validators.epoch.. {
            if self.tables.meta.contains_key(keys::handover(epoch))? {
                continue;
            }
            let Some(handover) = self.handover(epoch)?.filter(|handover| handover.named_at < height) else { break };
            keep(batch, &self.tables.meta, &handover);
        }
        Ok(())
    }
}

/// Keeps one for good.
pub(crate) fn keep(batch: &mut Batch, meta: &fjall::Keyspace, handover: &Handover) {
    let ended = handover.next.epoch.saturating_sub(1);
    batch.insert(meta, keys::handover(ended), encode(handover));
}
