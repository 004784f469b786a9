//! Transactions and blocks over a view of the state. Defines [`Engine`]; knows no engine.
//!
//! - `executor`: blocks, simulations, queries; fees, nonces, what is rejected,
//! - `checked`: what follows from a transaction's bytes alone, ahead of its turn,
//! - `work`: a transaction in execution, which one frame at a time owns,
//! - `frame`, `storage`, `calls`, `crypto`, `arithmetic`: the host functions,
//! - `alone`: one frame without a chain, for tools,
//! - `view`: the state with writes over it that can be undone,
//! - `validators`: actions about who votes, and who contradicted itself,
//! - `records`: what the system itself keeps in the state.

mod admission;
mod alone;
mod arithmetic;
mod calls;
mod checked;
mod context;
mod crypto;
mod engine;
mod evidence;
mod executor;
mod frame;
mod gas;
mod memory;
mod modules;
mod records;
mod storage;
mod trace;
mod validators;
mod view;
mod work;

pub use alone::AloneResult;
pub use checked::CheckedTransaction;
pub use context::{
    BlockContext, MAX_ACTIONS, MAX_AUTHORIZATIONS, MAX_TRANSACTION_BYTES, MAX_TRANSACTION_GAS, intrinsic_gas,
    upload_gas,
};
pub use engine::{End, Engine, EngineFault, Entry, Invocation, Run, call_host};
pub use evidence::evidence_of;
pub use executor::{BlockResult, ExecutionFault, Executor, Query, QueryResult, Rehearsal, Simulation};
pub use modules::code_hash;
pub use records::{Account, CodeRecord, ContractRecord, account, code_record, contract};
pub use trace::{Access, CallTrace, Change, Observer, Step, TransactionTrace};
pub use work::AuthorizationRequest;
