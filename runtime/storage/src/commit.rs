//! Writing: one durable batch for each block, and what is forgotten with it.

use crate::error::StoreError;
use crate::head::Head;
use crate::keys;
use crate::store::{INDEXES, Store, corrupt};
use counterpart_ledger::{
    Block, BlockEvent, Certificate, ClientApproval, Hash, Height, Outcome, Receipt, WriteSet, encode,
};
use fjall::{OwnedWriteBatch as Batch, PersistMode};
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// What a block brings.
#[derive(Clone, Debug)]
pub struct Commit<'a> {
    /// The block.
    pub block: &'a Block,
    /// What became of its transactions.
    pub receipts: &'a [Receipt],
    /// What it changed.
    pub writes: &'a WriteSet,
    /// Code that it uploaded, by hash.
    pub codes: &'a BTreeMap<Hash, Vec<u8>>,
    /// The votes that certify it.
    pub certificate: Option<&'a Certificate>,
    /// The finals that approve it, if they are there; otherwise [`Store::put_approval`] keeps them later.
    pub approval: Option<&'a Certificate>,
}

impl Store {
    /// Writes a block with everything it brings in one batch and waits for the disk. Readers go on meanwhile.
    ///
    /// # Errors
    /// [`StoreError::NotNext`] when it does not follow the head; [`StoreError::Store`] when the disk fails, after which
    /// every commit is refused with [`StoreError::Poisoned`] until the store is opened again.
    pub fn commit(&self, commit: &Commit<'_>) -> Result<Head, StoreError> {
        let Commit { block, receipts, writes, codes, certificate, approval } = commit;
        let header = &block.header;
        let mut watermark = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = self.newest();
        let head = newest.head;
        if header.height.0 != head.height.0 + 1 || header.parent != head.hash {
            return Err(StoreError::NotNext { height: header.height, head: head.height, hash: head.hash });
        }
        let staged = newest.trie.stage(*writes);
        drop(newest);
        let next = Head {
            height: header.height,
            hash: block.hash(),
            state_root: staged.root(),
            receipts_root: Receipt::root(receipts),
            events_root: BlockEvent::root(receipts),
            time_ms: header.time_ms,
        };
        let tables = &self.tables;
        let height = keys::height(header.height);
        let mut batch = self.batch();
        for (key, write) in *writes {
            match &write.new {
                Some(value) => batch.insert(&tables.state, key.as_slice(), value.as_slice()),
                None => batch.remove(&tables.state, key.as_slice()),
            }
        }
        codes.iter().for_each(|(hash, code)| batch.insert(&tables.codes, hash.0, code.as_slice()));
        self.index(&mut batch, block, receipts)?;
        batch.insert(&tables.blocks, height, encode(*block));
        batch.insert(&tables.receipts, height, encode(&receipts.to_vec()));
        batch.insert(&tables.writes, height, encode(*writes));
        batch.insert(&tables.roots, height, encode(&next));
        if let Some(certificate) = certificate {
            batch.insert(&tables.certificates, height, encode(*certificate));
        }
        if let Some(approval) = approval {
            batch.insert(&tables.approvals, height, encode(*approval));
        }
        batch.insert(&tables.meta, keys::HEAD, encode(&next));
        if let Some(kept) = self.retention()?
            && let Some(floor) = next.height.0.checked_sub(kept)
        {
            self.forget_below(&mut batch, Height(floor))?;
        }
        self.write(batch)?;
        watermark.raise(&next).map_err(|error| {
            self.failed.store(true, Ordering::SeqCst);
            StoreError::Store(error.to_string())
        })?;
        let mut newest = self.newest_mut();
        newest.trie.apply(staged);
        newest.head = next;
        newest.snapshot = self.database.snapshot();
        Ok(next)
    }

    /// Keeps the finals for a block, durably.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn put_approval(&self, height: Height, approval: &Certificate) -> Result<(), StoreError> {
        let mut batch = self.batch();
        batch.insert(&self.tables.approvals, keys::height(height), encode(approval));
        self.write(batch)
    }

    /// Keeps more finals for a block than were kept with it. Nobody waits for the disk: a loss of power leaves the earlier ones.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn grow_approval(&self, height: Height, approval: &Certificate) -> Result<(), StoreError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::Buffer));
        batch.insert(&self.tables.approvals, keys::height(height), encode(approval));
        self.write(batch)
    }

    /// Whether commits wait for the disk. Without it a loss of power takes the newest blocks away: for measurements only.
    pub fn wait_for_disk(&self, wait: bool) {
        self.waits.store(wait, Ordering::SeqCst);
    }

    /// Records that a client took a block for final, durably; answers whether that was not recorded yet. At most
    /// [`Store::MAX_CLIENT_APPROVALS`] are recorded for a block.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn put_client_approval(&self, approval: &ClientApproval) -> Result<bool, StoreError> {
        let key = keys::client(approval.height, &approval.client);
        let table = &self.tables.approvals;
        if table.contains_key(&key)? || self.client_approvals(approval.height)?.len() >= Self::MAX_CLIENT_APPROVALS {
            return Ok(false);
        }
        let mut batch = self.batch();
        batch.insert(table, key, encode(approval));
        self.write(batch)?;
        Ok(true)
    }

    pub(crate) fn batch(&self) -> Batch {
        let mode = if self.waits.load(Ordering::SeqCst) { PersistMode::SyncAll } else { PersistMode::Buffer };
        self.database.batch().durability(Some(mode))
    }

    /// Writes a batch durably, or remembers that the disk cannot be trusted.
    pub(crate) fn write(&self, batch: Batch) -> Result<(), StoreError> {
        if self.failed.load(Ordering::SeqCst) {
            return Err(StoreError::Poisoned);
        }
        batch.commit().map_err(|error| {
            self.failed.store(true, Ordering::SeqCst);
            error.into()
        })
    }

    /// Adds a block to the indexes.
    fn index(&self, batch: &mut Batch, block: &Block, receipts: &[Receipt]) -> Result<(), StoreError> {
        let tables = &self.tables;
        let height = block.header.height;
        batch.insert(&tables.hashes, block.hash().0, keys::height(height));
        for (index, (transaction, receipt)) in block.transactions.iter().zip(receipts).enumerate() {
            // A transaction that was rejected can stand in several blocks; the one that ran is the one to find.
            let hash = transaction.hash();
            let rejected = matches!(receipt.outcome, Outcome::Rejected(_));
            if !rejected || tables.transactions.get(hash.0)?.is_none() {
                batch.insert(&tables.transactions, hash.0, encode(&(height, index as u32)));
            }
            for (number, event) in receipt.events.iter().enumerate() {
                let key = keys::event(&event.contract, height, index as u32, number as u32);
                for topic in &event.topics {
                    batch.insert(&tables.topics, keys::topic(&event.contract, topic, &key[32..]), []);
                }
                batch.insert(&tables.events, key, []);
            }
        }
        Ok(())
    }

    /// Makes all indexes again from the blocks and receipts.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails or a block is missing.
    pub fn rebuild_indexes(&self) -> Result<(), StoreError> {
        let _one = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = &self.tables;
        for table in [&tables.hashes, &tables.transactions, &tables.events, &tables.topics] {
            table.clear()?;
        }
        for height in self.floor()?.0.max(1)..=self.head().height.0 {
            let height = Height(height);
            let Some(block) = self.block(height)? else {
                // A ledger that came from a snapshot begins with a height of which it has the state alone.
                if height == self.floor()? {
                    continue;
                }
                return Err(corrupt(&format!("block {height} is missing")));
            };
            let receipts = self.receipts(height)?.unwrap_or_default();
            let mut batch = self.batch();
            self.index(&mut batch, &block, &receipts)?;
            self.write(batch)?;
        }
        let mut batch = self.batch();
        batch.insert(&tables.meta, keys::INDEXES, INDEXES.to_le_bytes());
        self.write(batch)
    }

    /// How many blocks below the newest are kept; `None` for an archive.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn retention(&self) -> Result<Option<u64>, StoreError> {
        self.number(keys::RETENTION)
    }

    /// The lowest height whose state and block are kept; 0 for an archive.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn floor(&self) -> Result<Height, StoreError> {
        Ok(Height(self.number(keys::FLOOR)?.unwrap_or(0)))
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        let Some(bytes) = self.tables.meta.get(key)? else { return Ok(None) };
        Ok(Some(u64::from_le_bytes(bytes.as_ref().try_into().map_err(|_| corrupt("a number"))?)))
    }

    /// Keeps so many blocks below the newest from now on and forgets the rest; `None` makes it an archive from here.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn retain(&self, blocks: Option<u64>, progress: &mut dyn FnMut(Height)) -> Result<(), StoreError> {
        let _one = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = self.batch();
        match blocks {
            Some(blocks) => batch.insert(&self.tables.meta, keys::RETENTION, blocks.to_le_bytes()),
            None => batch.remove(&self.tables.meta, keys::RETENTION),
        }
        self.write(batch)?;
        let Some(target) = blocks.and_then(|blocks| self.head().height.0.checked_sub(blocks)) else { return Ok(()) };
        while self.floor()?.0 < target {
            let mut batch = self.batch();
            let next = Height(self.floor()?.0 + 1);
            self.forget_below(&mut batch, next)?;
            self.write(batch)?;
            progress(next);
        }
        Ok(())
    }

    /// Raises the floor by at most a few heights: what lies below it goes.
    fn forget_below(&self, batch: &mut Batch, target: Height) -> Result<(), StoreError> {
        /// Heights that one batch forgets at most, so that a lowered retention does not make one commit slow.
        const AT_ONCE: u64 = 16;
        let tables = &self.tables;
        let floor = self.floor()?;
        let new = Height(target.0.min(floor.0 + AT_ONCE));
        if new <= floor {
            return Ok(());
        }
        self.keep_handovers_below(batch, new)?;
        for height in (floor.0..new.0).map(Height) {
            let key = keys::height(height);
            if let Some(block) = self.block(height)? {
                let receipts = self.receipts(height)?.unwrap_or_default();
                batch.remove(&tables.hashes, block.hash().0);
                for (index, (transaction, receipt)) in block.transactions.iter().zip(&receipts).enumerate() {
                    let hash = transaction.hash();
                    if self.locate(&hash)? == Some((height, index as u32)) {
                        batch.remove(&tables.transactions, hash.0);
                    }
                    for (number, event) in receipt.events.iter().enumerate() {
                        let position = keys::event(&event.contract, height, index as u32, number as u32);
                        for topic in &event.topics {
                            batch.remove(&tables.topics, keys::topic(&event.contract, topic, &position[32..]));
                        }
                        batch.remove(&tables.events, position);
                    }
                }
            }
            for table in [&tables.blocks, &tables.receipts, &tables.roots, &tables.certificates, &tables.approvals] {
                batch.remove(table, key);
            }
            for approval in self.client_approvals(height)? {
                batch.remove(&tables.approvals, keys::client(height, &approval.client));
            }
            // The writes of the floor itself lead below it.
            batch.remove(&tables.writes, keys::height(Height(height.0 + 1)));
        }
        batch.insert(&tables.meta, keys::FLOOR, new.0.to_le_bytes());
        Ok(())
    }
}
