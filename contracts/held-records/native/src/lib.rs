//! Holds records before they reach a ledger: checks, a durable queue, withdrawal until the last millisecond, release once.

mod checks;
mod gatekeeper;
mod journal;
mod ledger;
mod node;
mod process;
mod receipts;
mod release;
mod service;
mod wire;

pub use checks::{Check, Failure};
pub use gatekeeper::{Gatekeeper, Limits, Standing};
pub use journal::{Held, Journal, JournalError, State};
pub use ledger::{Ledger, LedgerError};
pub use node::Node;
pub use process::Launch;
pub use receipts::{Keeper, Receipt, What};
pub use release::Tick;
pub use service::Service;
pub use wire::{OpeningText, SignalText, Submission, VerbText};
