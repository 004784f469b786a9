//! Reading blocks, what became of them, and where things stand.

use crate::error::StoreError;
use crate::head::Head;
use crate::keys;
use crate::store::{Store, corrupt, read};
use counterpart_ledger::{
    Address, Block, Certificate, ClientApproval, Hash, Height, Receipt, StateProof, WriteSet, decode,
};
use fjall::Readable;

/// Where an event stands: height, index of the transaction, index in its receipt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EventPosition {
    /// Height of the block.
    pub height: Height,
    /// Index of the transaction in the block.
    pub transaction: u32,
    /// Index of the event in the receipt.
    pub event: u32,
}

/// A value with a proof against a head's state root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proved {
    /// The value, if there is one.
    pub value: Option<Vec<u8>>,
    /// Why it is this value.
    pub proof: StateProof,
    /// Against the state root of this head.
    pub head: Head,
}

impl Store {
    /// A block.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails or holds something else.
    pub fn block(&self, height: Height) -> Result<Option<Block>, StoreError> {
        read(&self.tables.blocks, "block", &keys::height(height))
    }

    /// The height of the block with a hash.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn height_of(&self, block: &Hash) -> Result<Option<Height>, StoreError> {
        let Some(bytes) = self.tables.hashes.get(block.0)? else { return Ok(None) };
        let bytes: [u8; 8] = bytes.as_ref().try_into().map_err(|_| corrupt("height"))?;
        Ok(Some(Height(u64::from_be_bytes(bytes))))
    }

    /// What became of a block's transactions.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, StoreError> {
        read(&self.tables.receipts, "receipts", &keys::height(height))
    }

    /// What was known after a block.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn head_at(&self, height: Height) -> Result<Option<Head>, StoreError> {
        read(&self.tables.roots, "roots", &keys::height(height))
    }

    /// What a block changed.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn writes(&self, height: Height) -> Result<Option<WriteSet>, StoreError> {
        read(&self.tables.writes, "write set", &keys::height(height))
    }

    /// Where a transaction stands: height and index.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn locate(&self, transaction: &Hash) -> Result<Option<(Height, u32)>, StoreError> {
        read(&self.tables.transactions, "position", &transaction.0)
    }

    /// The votes that certify a block.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn certificate(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        read(&self.tables.certificates, "certificate", &keys::height(height))
    }

    /// The finals that are known for a block.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn approval(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        read(&self.tables.approvals, "approval", &keys::height(height))
    }

    /// Most approvals of clients that are recorded for a block.
    pub const MAX_CLIENT_APPROVALS: usize = 1_024;

    /// The clients' approvals that are recorded for a block, in the order of their keys.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn client_approvals(&self, height: Height) -> Result<Vec<ClientApproval>, StoreError> {
        let prefix = keys::height(height);
        let own = |key: &[u8]| key.len() > prefix.len();
        let mut approvals = Vec::new();
        for guard in self.tables.approvals.prefix(prefix) {
            let (key, value) = guard.into_inner()?;
            if own(&key) {
                approvals
                    .push(decode("client approval", &value).map_err(|error| StoreError::Corrupt(error.to_string()))?);
            }
        }
        Ok(approvals)
    }

    /// A value of the newest state with its proof. Does not wait for a commit that is under way.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn prove(&self, key: &[u8]) -> Result<Proved, StoreError> {
        let newest = self.newest();
        let value = newest.snapshot.get(&self.tables.state, key)?.map(|value| value.to_vec());
        Ok(Proved { value, proof: newest.trie.prove(key), head: newest.head })
    }

    /// Events of a contract after a position, at most so many; with a topic, those that carry it.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn events_of(
        &self,
        contract: &Address,
        topic: Option<&Hash>,
        after: Option<EventPosition>,
        limit: usize,
    ) -> Result<Vec<EventPosition>, StoreError> {
        let (table, prefix) = match topic {
            Some(topic) => (&self.tables.topics, keys::topic(contract, topic, &[])),
            None => (&self.tables.events, contract.0.to_vec()),
        };
        let start = match after {
            // One more byte is the first key after this one.
            Some(at) => [&prefix[..], &keys::event(contract, at.height, at.transaction, at.event)[32..], &[0]].concat(),
            None => prefix.clone(),
        };
        let end = [&prefix[..], &[u8::MAX; 17]].concat();
        let mut found = Vec::new();
        for guard in table.range(start..end).take(limit) {
            let key = guard.key()?;
            let numbers: [u8; 16] = key[prefix.len()..].try_into().map_err(|_| corrupt("an event's key"))?;
            let number =
                |at: usize| u32::from_be_bytes([numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]]);
            let height = Height(u64::from(number(0)) << 32 | u64::from(number(4)));
            found.push(EventPosition { height, transaction: number(8), event: number(12) });
        }
        Ok(found)
    }
}
