//! An examination of everything that a ledger holds, and what it takes on disk.

use crate::blocks::EventPosition;
use crate::error::StoreError;
use crate::head::Head;
use crate::store::{Store, corrupt};
use counterpart_ledger::{BlockEvent, Height, Phase, Receipt, StateKey, Write, WriteSet};
use sha3::{Digest, Sha3_256};

/// What was examined.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Examined {
    /// Blocks with bodies, receipts and certificates.
    pub blocks: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// Heights whose state root was computed again.
    pub roots: u64,
    /// Entries of the newest state.
    pub entries: u64,
    /// Modules of code.
    pub codes: u64,
}

/// What a table takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableSize {
    /// Its name.
    pub name: &'static str,
    /// Entries, about.
    pub entries: u64,
    /// Bytes on disk, about; what lies in the journal is not in it.
    pub bytes: u64,
}

impl Store {
    /// Examines every block that is kept: links, transactions, receipts, certificates, the way of the state back to the
    /// floor with the root of every height, code, and that the indexes find what is there.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for the first thing that does not hold.
    pub fn check(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Examined, StoreError> {
        let (head, mut trie) = {
            let newest = self.newest();
            (newest.head, newest.trie.clone())
        };
        let floor = self.floor()?;
        let mut examined = Examined { entries: trie.len() as u64, ..Examined::default() };
        let total = head.height.0 - floor.0;
        for height in (floor.0..=head.height.0).rev().map(Height) {
            let known =
                self.head_at(height)?.ok_or_else(|| corrupt(&format!("the roots of block {height} are missing")))?;
            if known.state_root != trie.root() {
                return Err(corrupt(&format!("the way back to block {height} leads to root {}", trie.root())));
            }
            examined.roots += 1;
            if height.0 > 0 {
                self.check_block(height, &known, &mut examined)?;
            }
            if height > floor {
                let missing = || corrupt(&format!("the writes of block {height} are missing"));
                let back = |(key, write): (StateKey, Write)| (key, Write { old: write.new, new: write.old });
                let back: WriteSet = self.writes(height)?.ok_or_else(missing)?.into_iter().map(back).collect();
                let staged = trie.stage(&back);
                trie.apply(staged);
            }
            progress(head.height.0 - height.0, total);
        }
        for guard in self.tables.codes.iter() {
            let (hash, code) = guard.into_inner()?;
            if hash.as_ref() != Sha3_256::digest(&code).as_slice() {
                return Err(corrupt("code does not hash to the name under which it lies"));
            }
            examined.codes += 1;
        }
        Ok(examined)
    }

    fn check_block(&self, height: Height, known: &Head, examined: &mut Examined) -> Result<(), StoreError> {
        let missing = |what: &str| corrupt(&format!("the {what} of block {height} is missing"));
        let block = self.block(height)?.ok_or_else(|| missing("body"))?;
        let receipts = self.receipts(height)?.ok_or_else(|| missing("list of receipts"))?;
        let certificate = self.certificate(height)?.ok_or_else(|| missing("certificate"))?;
        let header = &block.header;
        let set = &self.genesis().validators;
        let parent = self.head_at(Height(height.0 - 1))?;
        let follows = parent.is_none_or(|parent| {
            header.parent == parent.hash
                && header.parent_state_root == parent.state_root
                && header.parent_receipts_root == parent.receipts_root
                && header.parent_events_root == parent.events_root
        });
        let rules = [
            (header.height == height, "has another height"),
            (follows, "does not follow its parent"),
            (block.is_whole(), "has other transactions"),
            (known.receipts_root == Receipt::root(&receipts), "has other receipts"),
            (known.events_root == BlockEvent::root(&receipts), "has other events"),
            (receipts.len() == block.transactions.len(), "has more or fewer receipts than transactions"),
            (certificate.statement.block == block.hash(), "has the votes for another block"),
            (
                certificate.verify(set, header.chain, Phase::Vote, usize::from(set.quorum)).is_ok(),
                "has votes that do not hold",
            ),
            (self.height_of(&block.hash())? == Some(height), "is not found by its hash"),
        ];
        if let Some((_, what)) = rules.iter().find(|(holds, _)| !holds) {
            return Err(corrupt(&format!("block {height} {what}")));
        }
        for (index, (transaction, receipt)) in block.transactions.iter().zip(&receipts).enumerate() {
            if self.locate(&transaction.hash())?.is_none() {
                return Err(corrupt(&format!("transaction {} of block {height} is not found", transaction.hash())));
            }
            for (number, event) in receipt.events.iter().enumerate() {
                let at = EventPosition { height, transaction: index as u32, event: number as u32 };
                let before = EventPosition { event: at.event.wrapping_sub(1), ..at };
                let after = if at.event == 0 {
                    EventPosition { transaction: at.transaction.wrapping_sub(1), event: u32::MAX, ..at }
                } else {
                    before
                };
                let after = if at.event == 0 && at.transaction == 0 {
                    EventPosition { height: Height(height.0 - 1), transaction: u32::MAX, event: u32::MAX }
                } else {
                    after
                };
                for topic in std::iter::once(None).chain(event.topics.iter().map(Some)) {
                    if self.events_of(&event.contract, topic, Some(after), 1)?.first() != Some(&at) {
                        return Err(corrupt(&format!("an event of block {height} is not found")));
                    }
                }
            }
            examined.transactions += 1;
        }
        examined.blocks += 1;
        Ok(())
    }

    /// What each table takes.
    pub fn sizes(&self) -> Vec<TableSize> {
        let size = |(name, table): (&'static str, &fjall::Keyspace)| TableSize {
            name,
            entries: table.approximate_len() as u64,
            bytes: table.disk_space(),
        };
        self.tables.all().into_iter().map(size).collect()
    }

    /// Bytes of the journal, which holds what the tables do not have on disk yet.
    ///
    /// # Errors
    /// [`StoreError::Store`] when the folder cannot be read.
    pub fn journal_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.database.journal_disk_space()?)
    }
}
