//! Transactions that wait for a block.

use counterpart_execution::{BlockContext, Executor, account};
use counterpart_ledger::{Address, Hash, RejectCode, SignedTransaction, StateRead};
use std::collections::{BTreeMap, BTreeSet};

/// Most transactions that wait.
const MAX_WAITING: usize = 20_000;
/// Most bytes of them.
const MAX_WAITING_BYTES: usize = 64 << 20;
/// How far ahead of an account's nonce a transaction may be.
const MAX_AHEAD: u64 = 1_000;
/// Most transactions in a block.
const MAX_IN_BLOCK: usize = 2_000;
/// Most bytes of the transactions of a block: a proposal is one message.
pub(crate) const MAX_BLOCK_BYTES: usize = 2 << 20;
/// Most gas in a block, by the transactions' limits.
const MAX_BLOCK_GAS: u64 = 4_000_000_000;

/// Why a transaction is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SubmitErrorKind {
    /// It would be rejected.
    Rejected(RejectCode),
    /// It waits already, or was executed.
    Known,
    /// Too many wait.
    Full,
    /// The node has stopped or failed.
    Unavailable,
}

/// Why a transaction is not taken, in words.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct SubmitError {
    /// The kind.
    pub kind: SubmitErrorKind,
    /// What is wrong and what to do.
    pub message: String,
}

impl SubmitError {
    pub(crate) fn new(kind: SubmitErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The stable name for machines.
    pub const fn name(&self) -> &'static str {
        match self.kind {
            SubmitErrorKind::Rejected(code) => code.name(),
            SubmitErrorKind::Known => "already_known",
            SubmitErrorKind::Full => "mempool_full",
            SubmitErrorKind::Unavailable => "unavailable",
        }
    }
}

/// A transaction and the length of its encoding.
struct Waiting {
    signed: SignedTransaction,
    bytes: usize,
}

/// Waiting transactions, by sender and nonce.
#[derive(Default)]
pub(crate) struct Mempool {
    waiting: BTreeMap<(Address, u64), Waiting>,
    hashes: BTreeSet<Hash>,
    bytes: usize,
}

impl Mempool {
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn contains(&self, hash: &Hash) -> bool {
        self.hashes.contains(hash)
    }

    /// One of them, by sender and nonce.
    pub fn get(&self, sender: &Address, nonce: u64) -> Option<&SignedTransaction> {
        self.waiting.get(&(*sender, nonce)).map(|waiting| &waiting.signed)
    }

    /// The first number that no waiting transaction of a sender uses, from the account's next on.
    pub fn next_nonce(&self, sender: &Address, next: u64) -> u64 {
        let waiting = self.waiting.range((*sender, next)..=(*sender, u64::MAX)).map(|((_, nonce), _)| *nonce);
        waiting.zip(next..).take_while(|(nonce, expected)| nonce == expected).count() as u64 + next
    }

    /// Takes a transaction that could stand in the next block, or in a later one once earlier nonces are used.
    pub fn submit(
        &mut self,
        signed: SignedTransaction,
        block: &BlockContext,
        executor: &Executor,
        state: &dyn StateRead,
    ) -> Result<Hash, SubmitError> {
        let hash = signed.hash();
        let transaction = &signed.transaction;
        let sender = transaction.sender_address();
        if self.hashes.contains(&hash) {
            return Err(SubmitError::new(SubmitErrorKind::Known, format!("transaction {hash} waits already")));
        }
        let bytes = length(&signed);
        if self.waiting.len() >= MAX_WAITING || self.bytes.saturating_add(bytes) > MAX_WAITING_BYTES {
            return Err(SubmitError::new(SubmitErrorKind::Full, "too many transactions wait; try again later"));
        }
        let fault = |fault: &dyn std::fmt::Display| SubmitError::new(SubmitErrorKind::Unavailable, fault.to_string());
        let admitted = executor.check(block, &signed, state).map_err(|error| fault(&error))?;
        let next = account(state, &sender).map_err(|error| fault(&error))?.nonce;
        match admitted {
            Ok(()) => {}
            Err(RejectCode::Nonce) if (next..next + MAX_AHEAD).contains(&transaction.nonce) => {}
            Err(code) => {
                let rejected = SubmitErrorKind::Rejected(code);
                return Err(SubmitError::new(rejected, explain(code, transaction.nonce, next, block)));
            }
        }
        if self.waiting.contains_key(&(sender, transaction.nonce)) {
            let message = format!("another transaction with nonce {} waits", transaction.nonce);
            return Err(SubmitError::new(SubmitErrorKind::Rejected(RejectCode::Nonce), message));
        }
        self.hashes.insert(hash);
        self.bytes += bytes;
        self.waiting.insert((sender, signed.transaction.nonce), Waiting { signed, bytes });
        Ok(hash)
    }

    /// The transactions of the next block: each sender's from its next nonce on, without gaps; as many as have no more than so
    /// many bytes, but one at least.
    pub fn select(&self, nonce: impl Fn(&Address) -> u64, room: usize) -> Vec<SignedTransaction> {
        let (mut chosen, mut gas, mut size) = (Vec::new(), 0u64, 0);
        let mut expected: Option<(Address, u64)> = None;
        for ((sender, number), Waiting { signed, bytes }) in &self.waiting {
            let next = match expected {
                Some((address, next)) if address == *sender => next,
                _ => nonce(sender),
            };
            expected = Some((*sender, next));
            let limit = signed.transaction.gas_limit.0;
            let full = chosen.len() >= MAX_IN_BLOCK
                || gas.saturating_add(limit) > MAX_BLOCK_GAS
                || size + bytes > if chosen.is_empty() { MAX_BLOCK_BYTES } else { room };
            if *number != next || full {
                continue;
            }
            (gas, size) = (gas + limit, size + bytes);
            expected = Some((*sender, next + 1));
            chosen.push(signed.clone());
        }
        chosen
    }

    /// Forgets what can no longer be included.
    pub fn prune(&mut self, height: u64, nonce: impl Fn(&Address) -> u64) {
        let Self { hashes, bytes: all, .. } = self;
        self.waiting.retain(|(sender, number), Waiting { signed, bytes }| {
            let keep = signed.transaction.expires_at.0 > height && *number >= nonce(sender);
            if !keep {
                hashes.remove(&signed.hash());
                *all -= *bytes;
            }
            keep
        });
    }
}

/// Bytes of a transaction.
pub(crate) fn length(signed: &SignedTransaction) -> usize {
    // Only what cannot be written has no length, and this was read.
    borsh::object_length(signed).unwrap_or(usize::MAX)
}

fn explain(code: RejectCode, nonce: u64, next: u64, block: &BlockContext) -> String {
    match code {
        RejectCode::Signature => "a signature does not verify".to_owned(),
        RejectCode::Chain => format!("it is for another chain; this is chain {}", block.chain.0),
        RejectCode::Expired => format!("its height of expiry has passed; the next block is {}", block.height),
        RejectCode::Nonce => format!("its nonce is {nonce}, the account's next is {next}"),
        RejectCode::Balance => "the sender cannot pay for the gas limit at this gas price".to_owned(),
        RejectCode::GasLimit => "its gas limit is below what any such transaction costs, or too high".to_owned(),
        RejectCode::Size => "it has no actions, too many, or too many bytes".to_owned(),
        RejectCode::GasPrice => format!("its gas price is below {}", block.min_gas_price),
        RejectCode::Authorization => "an authorisation has expired or was used before".to_owned(),
    }
}
