//! The ledger on disk: flat state, blocks, receipts, history and indexes, one durable batch for each block.
//!
//! The state lies flat in the store; the trie over it is kept in memory, rebuilt at every start and compared with the
//! root of the last block. Whatever a block brings is written in one batch that is synced before the commit returns.

mod backup;
mod blocks;
mod check;
mod commit;
mod error;
mod handover;
mod head;
mod history;
mod keys;
pub mod layout;
mod read;
mod snapshot;
mod store;
mod watermark;

pub use blocks::{EventPosition, Proved};
pub use check::{Examined, TableSize};
pub use commit::Commit;
pub use error::StoreError;
pub use head::Head;
pub use history::Rewind;
pub use snapshot::{Manifest, put_snapshot_part, snapshot_path};
pub use store::Store;
