//! The macros of the contract SDK. They parse and forward; behaviour lives in the SDK's traits.

mod contract;
mod data;
mod interface;
mod storage;
mod test;

use proc_macro::TokenStream;
use sha3::{Digest, Sha3_256};
use syn::parse_macro_input;

/// On an `impl` block: its public functions become the contract's methods.
///
/// `-> Self` (or `Result<Self, E>`) makes a constructor, `&mut self` a call, `&self` a query. Events are named in
/// `#[contract(events(A, B))]`.
#[proc_macro_attribute]
pub fn contract(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as contract::Arguments);
    let item = parse_macro_input!(item as syn::ItemImpl);
    contract::expand(&arguments, item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// On a trait: a typed client for any contract that has these methods.
#[proc_macro_attribute]
pub fn interface(_: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemTrait);
    interface::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// On a struct: its fields become handles to stored values, keyed by their names.
#[proc_macro_attribute]
pub fn storage(_: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemStruct);
    storage::expand(item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// On a test that takes a `&mut Chain`: runs it with contracts as native code and as Wasm and compares receipts and state.
#[proc_macro_attribute]
pub fn contract_test(_: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemFn);
    test::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A type that contracts take, answer and store: SCALE encoding and a description.
#[proc_macro_derive(Abi)]
pub fn derive_abi(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    data::abi(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// An error that contracts revert with: an enum whose variants are numbered from 1.
#[proc_macro_derive(ContractError)]
pub fn derive_error(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    data::error(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// An event that contracts emit: up to three fields with `#[topic]` can be searched for.
#[proc_macro_derive(Event, attributes(topic))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    data::event(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn sha3_256(text: &str) -> [u8; 32] {
    Sha3_256::digest(text.as_bytes()).into()
}

/// The first bytes of the digest of a method's name.
fn selector(method: &str) -> [u8; 4] {
    let digest = sha3_256(method);
    [digest[0], digest[1], digest[2], digest[3]]
}
