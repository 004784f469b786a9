//! `#[storage]`: a struct of handles.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Fields, ItemStruct, Result};

pub fn expand(item: ItemStruct) -> Result<TokenStream> {
    let Fields::Named(named) = &item.fields else {
        return Err(Error::new_spanned(&item.ident, "stored fields have names: they are the keys"));
    };
    let name = &item.ident;
    let fields = named.named.iter().map(|field| {
        let ident = &field.ident;
        let text = ident.as_ref().map(|ident| ident.to_string()).unwrap_or_default();
        let ty = &field.ty;
        quote!(#ident: <#ty>::at(key.child(#text)))
    });
    let layouts = named.named.iter().map(|field| {
        let text = field.ident.as_ref().map(|ident| ident.to_string()).unwrap_or_default();
        let ty = &field.ty;
        quote! {
            ::counterpart_sdk::abi::StoredField {
                name: #text,
                layout: <#ty as ::counterpart_sdk::storage::Stored>::LAYOUT,
            }
        }
    });
    Ok(quote! {
        #item

        impl ::counterpart_sdk::storage::Stored for #name {
            const LAYOUT: &'static ::counterpart_sdk::abi::Layout =
                &::counterpart_sdk::abi::Layout::Fields(&[#(#layouts),*]);
        }

        impl #name {
            /// The handles below a key.
            pub const fn at(key: ::counterpart_sdk::storage::Key) -> Self {
                Self { #(#fields),* }
            }
        }

        // Said where it stands, not where it is used, if it is nested too deep.
        const _: #name = <#name>::at(::counterpart_sdk::storage::Key::ROOT);

        impl ::core::default::Default for #name {
            fn default() -> Self {
                const { Self::at(::counterpart_sdk::storage::Key::ROOT) }
            }
        }
    })
}
