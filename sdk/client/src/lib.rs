//! Talks to a node: signs, sends, waits under a rule of the client's own, and verifies what it is told.
//!
//! The node is not trusted for certificates: every signature is checked against the validator set that the client holds.

mod client;
mod contracts;
mod error;
mod prove;
mod remote_state;
mod transaction;

pub use client::{Client, Confirmed, Head, Queried, Simulated};
pub use contracts::{Account, CallError};
pub use error::ClientError;
pub use remote_state::RemoteState;
pub use transaction::{Signer, TransactionRequest};
