//! What the methods ask of whoever runs: a devnet, or one replica of a network.

use crate::devnet::{Devnet, now_ms};
use crate::machine::Standing;
use crate::mempool::SubmitError;
use counterpart_execution::{BlockContext, Executor};
use counterpart_ledger::{
    Address, ClientApproval, Evidence, Hash, Height, Quiet, SignedBy, SignedTransaction, ValidatorSet,
};
use counterpart_storage::Store;
use tokio::sync::watch;

/// A running node.
pub trait Backend: Send + Sync + 'static {
    /// Its copy of the ledger.
    fn store(&self) -> &Store;

    /// What executes simulations and queries.
    fn executor(&self) -> &Executor;

    /// What contracts would see of the next block.
    fn next_context(&self) -> BlockContext;

    /// How many transactions wait.
    fn waiting(&self) -> usize;

    /// Whether a transaction waits.
    fn is_waiting(&self, hash: &Hash) -> bool;

    /// Takes a transaction.
    ///
    /// # Errors
    /// [`SubmitError`] when it would be rejected, is known, or the node has failed.
    fn submit(&self, signed: SignedTransaction) -> Result<Hash, SubmitError>;

    /// Why the node stopped by itself, if it did.
    fn fault(&self) -> Option<String>;

    /// The height of the newest block with its finals, as it rises.
    fn heights(&self) -> watch::Receiver<Height>;

    /// Where a replica of a network stands; none where replicas run in lockstep.
    fn standing(&self) -> Option<Standing> {
        None
    }

    /// Who certifies the next block.
    fn validators(&self) -> ValidatorSet {
        self.store().genesis().validators.clone()
    }

    /// Members that contradicted themselves, as far as this node knows.
    fn accused(&self) -> Vec<Evidence> {
        Vec::new()
    }

    /// What replicas say of the quiet of a block's view; asks them too, so that a later question finds more.
    fn quiet(&self, _view: u64, _block: &Hash) -> Vec<(Quiet, SignedBy)> {
        Vec::new()
    }

    /// Records a client's approval; answers whether it was taken and new.
    fn approve(&self, approval: ClientApproval) -> bool;

    /// Counters in the text format of Prometheus.
    fn metrics(&self) -> String {
        String::new()
    }

    /// What only a devnet offers.
    fn development(&self) -> Option<&dyn Development> {
        None
    }
}

/// Controls for development: never on a network whose currency is worth something.
pub trait Development: Send + Sync {
    /// Sends native currency from the faucet; answers the transaction.
    ///
    /// # Errors
    /// As [`Backend::submit`].
    fn fund(&self, to: Address, amount: u128) -> Result<Hash, SubmitError>;

    /// Moves the clock of coming blocks forward by so many ms.
    fn advance_time(&self, by_ms: u64);

    /// Asks for so many blocks although no transaction waits.
    fn make_blocks(&self, count: u32);
}

impl Backend for Devnet {
    fn store(&self) -> &Store {
        self.first().store()
    }

    fn executor(&self) -> &Executor {
        self.first().executor()
    }

    fn next_context(&self) -> BlockContext {
        self.first().next_context(now_ms() + self.ahead_ms())
    }

    fn waiting(&self) -> usize {
        Devnet::waiting(self)
    }

    fn is_waiting(&self, hash: &Hash) -> bool {
        Devnet::is_waiting(self, hash)
    }

    fn submit(&self, signed: SignedTransaction) -> Result<Hash, SubmitError> {
        Devnet::submit(self, signed)
    }

    fn fault(&self) -> Option<String> {
        Devnet::fault(self)
    }

    fn heights(&self) -> watch::Receiver<Height> {
        Devnet::heights(self)
    }

    fn approve(&self, approval: ClientApproval) -> bool {
        self.record(&approval)
    }

    fn development(&self) -> Option<&dyn Development> {
        Some(self)
    }
}

impl Development for Devnet {
    fn fund(&self, to: Address, amount: u128) -> Result<Hash, SubmitError> {
        Devnet::fund(self, to, amount)
    }

    fn advance_time(&self, by_ms: u64) {
        Devnet::advance_time(self, by_ms);
    }

    fn make_blocks(&self, count: u32) {
        Devnet::make_blocks(self, count);
    }
}
