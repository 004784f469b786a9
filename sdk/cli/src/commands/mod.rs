//! One module for each verb.

pub mod abi;
pub mod build;
pub mod bundle;
pub mod call;
pub mod deploy;
pub mod devnet;
pub mod keys;
pub mod module;
pub mod node;
pub mod replay;
pub mod scenario;
pub mod trace;
pub mod tx;
