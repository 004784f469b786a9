//! What contract authors import.
//!
//! ```
//! use counterpart_sdk::prelude::*;
//!
//! #[storage]
//! pub struct Greeter {
//!     greeting: Item<String>,
//! }
//!
//! #[contract]
//! impl Greeter {
//!     /// Makes the contract with a first greeting.
//!     pub fn new(greeting: String) -> Self {
//!         let mut this = Self::default();
//!         this.greeting.set(&greeting);
//!         this
//!     }
//!
//!     /// What it says.
//!     pub fn greeting(&self) -> String {
//!         self.greeting.get_or_default()
//!     }
//! }
//! ```
//!
//! The same code runs as Wasm on a chain and as native code in tests; the only difference is how `sys` reaches the host.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;
// The macros name the SDK by its crate name, in its own tests too.
extern crate self as counterpart_sdk;

#[cfg(target_arch = "wasm32")]
mod allocator;
mod buffer;
mod data;
mod dispatch;
pub mod env;
pub mod lineage;
mod message;
#[cfg(not(target_arch = "wasm32"))]
mod native;
pub mod storage;
mod sys;

pub use counterpart_abi as abi;
pub use counterpart_host_functions::{Address, CallStatus, Hash, rounding};
pub use counterpart_macros::{Abi, ContractError, Event, contract, interface, storage};
pub use data::{ContractError, Event, NoError, emit, topic};
pub use dispatch::{
    Contract, answer, argument, call_data, conclude, no_arguments, refuse_value, revert, revert_shared, selector,
    unknown_method,
};
pub use message::{CallFailure, Constructor, Message};
#[cfg(not(target_arch = "wasm32"))]
pub use native::{NativeContract, NativeEnd, NativeRun, run_native};

/// SCALE encoding.
pub mod codec {
    pub use parity_scale_codec::{Decode, DecodeAll, Encode, EncodeLike, Error, Input, Output};
}

#[doc(hidden)]
pub mod __private {
    pub use alloc::vec::Vec;
}

/// Everything that a contract usually needs.
pub mod prelude {
    pub use crate::codec::{Decode, Encode};
    pub use crate::env;
    pub use crate::lineage::{HandedOver, Lineage, LineageError};
    pub use crate::storage::{Counter, Item, List, Map, OrdMap, Set, Stored};
    pub use crate::{
        Abi, Address, CallFailure, Constructor, ContractError, Event, Hash, Message, contract, interface, storage,
    };
    pub use alloc::format;
    pub use alloc::string::{String, ToString};
    pub use alloc::vec;
    pub use alloc::vec::Vec;
}
