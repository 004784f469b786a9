//! The externs that a contract imports, generated from the table.
//!
//! Pointers are offsets into the contract's own memory. The typed layer of the SDK is what contracts should use.
#![allow(unsafe_code, reason = "externs of the host are the guest's only way out")]

macro_rules! define_externs {
    ($($name:ident($($param:ident: $kind:ident),*) cost($base:expr, $per_byte:expr) since($since:expr) $(until($until:expr))? $doc:literal;)*) => {
        #[link(wasm_import_module = "counterpart")]
        unsafe extern "C" {
            $(#[doc = $doc] pub fn $name($($param: $kind),*) -> i64;)*
        }
    };
}

crate::host_functions!(define_externs);
