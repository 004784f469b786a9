//! Derives for plain data: SCALE encoding, description, errors, events.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Fields, Result};

/// `Encode`, `Decode` and `Abi`.
pub fn abi(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let text = name.to_string();
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new_spanned(parameter, "types of an interface cannot be generic"));
    }
    let (ty, encode, decode) = match &input.data {
        Data::Struct(data) => {
            let fields = described(&data.fields);
            let accessors: Vec<TokenStream> = match &data.fields {
                Fields::Named(named) => {
                    named.named.iter().filter_map(|field| field.ident.as_ref()).map(|name| quote!(self.#name)).collect()
                }
                Fields::Unnamed(unnamed) => {
                    (0..unnamed.unnamed.len()).map(syn::Index::from).map(|index| quote!(self.#index)).collect()
                }
                Fields::Unit => Vec::new(),
            };
            let decode = decoded(&quote!(Self), &data.fields);
            (
                quote!(::counterpart_sdk::abi::Type::Struct { name: #text, fields: &[#fields] }),
                quote!(#(::counterpart_sdk::codec::Encode::encode_to(&#accessors, out);)*),
                quote!(::core::result::Result::Ok(#decode)),
            )
        }
        Data::Enum(data) => {
            if data.variants.is_empty() || data.variants.len() > 255 {
                return Err(Error::new_spanned(name, "an enum of an interface has 1 to 255 variants"));
            }
            let (mut variants, mut encode, mut decode) = (Vec::new(), Vec::new(), Vec::new());
            for (index, variant) in data.variants.iter().enumerate() {
                let (ident, index) = (&variant.ident, index as u8);
                if let Some((_, discriminant)) = &variant.discriminant {
                    return Err(Error::new_spanned(discriminant, "variants are numbered by their order"));
                }
                let text = ident.to_string();
                let fields = described(&variant.fields);
                variants.push(
                    quote!(::counterpart_sdk::abi::VariantType { name: #text, index: #index, fields: &[#fields] }),
                );
                let names: Vec<_> = (0..variant.fields.len()).map(|index| format_ident!("field_{index}")).collect();
                let pattern = match &variant.fields {
                    Fields::Named(named) => {
                        let idents = named.named.iter().map(|field| &field.ident);
                        quote!(Self::#ident { #(#idents: #names),* })
                    }
                    Fields::Unnamed(_) => quote!(Self::#ident(#(#names),*)),
                    Fields::Unit => quote!(Self::#ident),
                };
                encode.push(quote! {
                    #pattern => {
                        out.push_byte(#index);
                        #(::counterpart_sdk::codec::Encode::encode_to(#names, out);)*
                    }
                });
                let value = decoded(&quote!(Self::#ident), &variant.fields);
                decode.push(quote!(#index => ::core::result::Result::Ok(#value),));
            }
            (
                quote!(::counterpart_sdk::abi::Type::Enum { name: #text, variants: &[#(#variants),*] }),
                quote!(match self { #(#encode)* }),
                quote! {
                    match ::counterpart_sdk::codec::Input::read_byte(input)? {
                        #(#decode)*
                        _ => ::core::result::Result::Err("no such variant".into()),
                    }
                },
            )
        }
        Data::Union(_) => return Err(Error::new_spanned(name, "a union has no encoding")),
    };
    Ok(quote! {
        impl ::counterpart_sdk::abi::Abi for #name {
            const TYPE: &'static ::counterpart_sdk::abi::Type = &#ty;
        }

        impl ::counterpart_sdk::codec::Encode for #name {
            fn encode_to<Out: ::counterpart_sdk::codec::Output + ?Sized>(&self, out: &mut Out) {
                #encode
            }
        }

        impl ::counterpart_sdk::codec::EncodeLike for #name {}

        impl ::counterpart_sdk::codec::Decode for #name {
            fn decode<In: ::counterpart_sdk::codec::Input>(
                input: &mut In,
            ) -> ::core::result::Result<Self, ::counterpart_sdk::codec::Error> {
                #decode
            }
        }
    })
}

/// `FieldType` values for fields.
fn described(fields: &Fields) -> TokenStream {
    let described = fields.iter().map(|field| {
        let name = field.ident.as_ref().map(|ident| ident.to_string()).unwrap_or_default();
        let ty = &field.ty;
        quote!(::counterpart_sdk::abi::FieldType { name: #name, ty: <#ty as ::counterpart_sdk::abi::Abi>::TYPE })
    });
    quote!(#(#described),*)
}

fn decoded(constructor: &TokenStream, fields: &Fields) -> TokenStream {
    let value = quote!(::counterpart_sdk::codec::Decode::decode(input)?);
    match fields {
        Fields::Named(named) => {
            let idents = named.named.iter().map(|field| &field.ident);
            quote!(#constructor { #(#idents: #value),* })
        }
        Fields::Unnamed(unnamed) => {
            let values = unnamed.unnamed.iter().map(|_| &value);
            quote!(#constructor(#(#values),*))
        }
        Fields::Unit => quote!(#constructor),
    }
}

/// `ContractError`, besides what `abi` makes.
pub fn error(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(name, "a contract's error is an enum"));
    };
    let data_impls = abi(input)?;
    let codes = data.variants.iter().enumerate().map(|(index, variant)| {
        let (ident, code) = (&variant.ident, index as u32 + 1);
        quote!(Self::#ident { .. } => #code,)
    });
    Ok(quote! {
        #data_impls

        impl ::counterpart_sdk::ContractError for #name {
            fn code(&self) -> u32 {
                match self { #(#codes)* }
            }
        }
    })
}

/// `Event`, besides what `abi` makes.
pub fn event(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(name, "an event is a struct"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new_spanned(name, "an event has named fields"));
    };
    let data_impls = abi(input)?;
    let indexed: Vec<bool> = named
        .named
        .iter()
        .map(|field| field.attrs.iter().any(|attribute| attribute.path().is_ident("topic")))
        .collect();
    let topics: Vec<_> =
        named.named.iter().zip(&indexed).filter(|(_, topic)| **topic).map(|(field, _)| &field.ident).collect();
    if topics.len() > 3 {
        return Err(Error::new_spanned(name, "at most three fields can be topics"));
    }
    let text = name.to_string();
    let topic = crate::sha3_256(&text);
    let fields = described(&data.fields);
    Ok(quote! {
        #data_impls

        impl ::counterpart_sdk::Event for #name {
            const EVENT: ::counterpart_sdk::abi::EventType = ::counterpart_sdk::abi::EventType {
                name: #text,
                topic: [#(#topic),*],
                fields: &[#fields],
                indexed: &[#(#indexed),*],
            };

            fn emit(&self) {
                // Not `EVENT.topic`: the whole description would become data of the contract.
                let topics = [
                    [#(#topic),*],
                    #(::counterpart_sdk::topic(&self.#topics),)*
                ];
                ::counterpart_sdk::emit(&topics, self);
            }
        }
    })
}
