//! `#[contract_test]`: one body, two ways to run the contract.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Result};

pub fn expand(item: &ItemFn) -> Result<TokenStream> {
    if item.sig.inputs.len() != 1 {
        return Err(Error::new_spanned(&item.sig, "a contract test takes one argument: `chain: &mut Chain`"));
    }
    let (name, inputs, block, attributes) = (&item.sig.ident, &item.sig.inputs, &item.block, &item.attrs);
    Ok(quote! {
        #(#attributes)*
        #[test]
        fn #name() {
            fn body(#inputs) #block
            ::counterpart_testing::in_both_modes(concat!(module_path!(), "::", stringify!(#name)), body);
        }
    })
}
