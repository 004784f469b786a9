//! Typed clients: for a contract's own crate and for `#[interface]` traits.

use crate::contract::{Kind, Method};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Ident, ItemTrait, Result, TraitItem};

pub fn expand(item: &ItemTrait) -> Result<TokenStream> {
    let mut methods = Vec::new();
    for member in &item.items {
        let TraitItem::Fn(function) = member else {
            return Err(Error::new_spanned(member, "an interface has methods only"));
        };
        let method = Method::new(&function.sig, &function.attrs)?;
        if method.kind == Kind::Constructor {
            return Err(Error::new_spanned(&function.sig, "an interface has no constructor"));
        }
        methods.push(method);
    }
    Ok(client(&format_ident!("{}Ref", item.ident), &methods, false))
}

/// `FieldType` values of a method's arguments.
pub fn described_arguments(method: &Method) -> TokenStream {
    let described = method.arguments.iter().map(|(name, ty)| {
        let name = name.to_string();
        quote!(::counterpart_sdk::abi::FieldType { name: #name, ty: <#ty as ::counterpart_sdk::abi::Abi>::TYPE })
    });
    quote!(#(#described),*)
}

/// A struct with an address and a function for each method that makes its message.
pub fn client(name: &Ident, methods: &[Method], constructors: bool) -> TokenStream {
    let functions = methods.iter().filter(|method| constructors || method.kind != Kind::Constructor).map(|method| {
        let function = &method.name;
        let selector = crate::selector(&function.to_string());
        let names: Vec<&Ident> = method.arguments.iter().map(|(name, _)| name).collect();
        let types = method.arguments.iter().map(|(_, ty)| ty);
        let parameters = quote!(#(#names: #types),*);
        let input = quote! {{
            let mut input = ::counterpart_sdk::__private::Vec::from([#(#selector),*]);
            #(::counterpart_sdk::codec::Encode::encode_to(&#names, &mut input);)*
            input
        }};
        let output = &method.output;
        let error = match &method.error {
            Some(error) => quote!(#error),
            None => quote!(::counterpart_sdk::NoError),
        };
        let doc = &method.doc;
        if method.kind == Kind::Constructor {
            quote! {
                #[doc = #doc]
                pub fn #function(#parameters) -> ::counterpart_sdk::Constructor {
                    ::counterpart_sdk::Constructor::from_input(#input)
                }
            }
        } else {
            let query = method.kind == Kind::Query;
            quote! {
                #[doc = #doc]
                pub fn #function(&self, #parameters) -> ::counterpart_sdk::Message<#output, #error> {
                    ::counterpart_sdk::Message::new(self.address, #input, #query)
                }
            }
        }
    });
    let doc = "A contract at an address, as its callers see it.";
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct #name {
            /// Where the contract is.
            pub address: ::counterpart_sdk::Address,
        }

        #[allow(clippy::new_ret_no_self, clippy::too_many_arguments, reason = "names come from the contract")]
        impl #name {
            /// The contract at an address.
            pub const fn at(address: ::counterpart_sdk::Address) -> Self {
                Self { address }
            }

            #(#functions)*
        }
    }
}
