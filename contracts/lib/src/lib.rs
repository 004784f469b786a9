//! Code that the contracts of the suite share: the double-entry kernel.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod double_entry;
