//! The boundary between contracts and the host: one table of host calls, shared value types, error codes.
//!
//! Everything that has to agree on a host call is generated from [`host_functions!`](crate::host_functions): the guest
//! externs (module `guest`, on wasm32 only), the [`HostFunction`] enum with names, signatures and costs that engines
//! link and the gas table is hashed from, the reference page and the C header.
#![no_std]

extern crate alloc;

pub mod calibration;
mod codes;
mod errors;
#[cfg(target_arch = "wasm32")]
pub mod guest;
mod host;
pub mod limits;
pub mod reference;
mod table;
mod value;

pub use codes::{CallStatus, HostError, TrapCode, call_flags, rounding};
pub use host::{Host, Stop};
pub use table::{Cost, HostFunction, IMPORT_MODULE, Param, TABLE_VERSION};
pub use value::{Address, Gas, Hash, Height};
