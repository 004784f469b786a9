//! One module for each verb.

pub mod abi;
pub mod bindings;
pub mod build;
pub mod bundle;
pub mod call;
pub mod deploy;
pub mod devnet;
pub mod doctor;
pub mod events;
pub mod export;
pub mod faucet;
pub mod keys;
pub mod module;
pub mod new;
pub mod node;
pub mod profile;
pub mod rehearse;
pub mod replay;
pub mod reprice;
pub mod scenario;
pub mod storage;
pub mod test;
pub mod trace;
pub mod tx;
pub mod upgrade;
pub mod verify;
