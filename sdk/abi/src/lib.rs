//! The interface of a contract as data: how its types, methods, events and errors are described.
//!
//! Contracts use the constants in `types` only, which cost them no code and no data. Tools read the interface from the
//! finished Wasm as a [`document::ContractAbi`] and turn JSON into SCALE and back by it.
#![no_std]

extern crate alloc;

#[cfg(feature = "document")]
mod bindings;
#[cfg(feature = "build")]
pub mod build;
#[cfg(feature = "build")]
mod canonical;
#[cfg(feature = "document")]
pub mod document;
#[cfg(feature = "build")]
mod raw;
#[cfg(feature = "document")]
mod selector;
#[cfg(feature = "document")]
pub mod stored;
#[cfg(feature = "document")]
pub mod transcode;
mod types;

#[cfg(feature = "document")]
pub use document::{ContractAbi, Event, Field, Kind, Method, VERSION};
#[cfg(feature = "document")]
pub use selector::{SELECTOR_LENGTH, selector};
#[cfg(feature = "document")]
pub use stored::{Shape, Stored, StoredEntry};
pub use types::{
    Abi, EventType, FieldType, Interface, Layout, MethodKind, MethodType, Primitive, StoredField, Type, VariantType,
    length, serialize,
};

/// The custom section of a finished module that holds the SCALE encoding of its interface.
pub const SECTION: &str = "counterpart.abi";
/// The custom section of a compiled module that holds the interface as the compiler wrote it.
pub const RAW_SECTION: &str = "counterpart.abi.raw";

/// Error codes that every contract shares; a contract's own errors count from 1.
pub mod shared_errors {
    /// No method has the selector.
    pub const UNKNOWN_METHOD: u32 = 0xFFFF_0001;
    /// The arguments do not decode, or bytes are left over.
    pub const BAD_ARGUMENTS: u32 = 0xFFFF_0002;
    /// Native currency was sent to a method that does not take it.
    pub const NOT_PAYABLE: u32 = 0xFFFF_0003;
    /// A stored value does not decode.
    pub const CORRUPT_STORAGE: u32 = 0xFFFF_0004;
    /// Somebody who has to authorise the call has not.
    pub const UNAUTHORIZED: u32 = 0xFFFF_0005;
    /// A method that only answers was asked to write, or the other way round.
    pub const READ_ONLY: u32 = 0xFFFF_0006;

    /// The stable name of a shared error.
    pub const fn name(code: u32) -> Option<&'static str> {
        Some(match code {
            UNKNOWN_METHOD => "unknown_method",
            BAD_ARGUMENTS => "bad_arguments",
            NOT_PAYABLE => "not_payable",
            CORRUPT_STORAGE => "corrupt_storage",
            UNAUTHORIZED => "unauthorized",
            READ_ONLY => "read_only",
            _ => return None,
        })
    }
}
