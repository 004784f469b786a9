//! The JavaScript package's core: keys, signing, interfaces, verification and rules, for browser and Node.
//!
//! It has no network and no clock: `npm/client.js` asks the node and passes in what it answered. Bytes travel as `0x`
//! hex, structured values as JSON text, numbers of 64 bits as `bigint`. Errors are thrown as text of the form
//! `{"code": ..., "message": ..., "hint": ...}`, from which `npm/client.js` makes an `Error` with those fields.

mod block;
mod error;
mod interface;
mod keys;
mod transaction;
mod verify;

pub use block::decode_block;
pub use interface::Interface;
pub use keys::Key;
pub use transaction::TransactionDraft;
pub use verify::{Rule, Validators, verify_receipt, verify_state};
