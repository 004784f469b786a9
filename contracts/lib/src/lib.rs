//! Code that the contracts of the suite share: the double-entry kernel, and what is left of amounts that decay.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod double_entry;
pub mod recovery;
