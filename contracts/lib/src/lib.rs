//! Code that the contracts of the suite share: the double-entry kernel, amounts that decay, and who may do what and when.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod account;
pub mod allowance;
pub mod double_entry;
pub mod history;
pub mod pause;
pub mod recovery;
pub mod requests;
pub mod roles;
