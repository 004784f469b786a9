//! `#[contract]`: dispatch, interface and typed client of an `impl` block.

use crate::interface::{client, described_arguments};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, ImplItem, ItemImpl, Pat, PathArguments, Result, ReturnType,
    Signature, Token, Type, Visibility, parenthesized,
};

/// `events(A, B)`.
#[derive(Default)]
pub struct Arguments {
    events: Vec<syn::Path>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            if key != "events" {
                return Err(Error::new_spanned(key, "expected `events(EventType, ...)`"));
            }
            let list;
            parenthesized!(list in input);
            arguments.events.extend(Punctuated::<syn::Path, Token![,]>::parse_terminated(&list)?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

/// What a method may do, told by its signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Constructor,
    Call,
    Query,
}

/// A method of the interface.
pub struct Method {
    pub name: Ident,
    pub kind: Kind,
    pub payable: bool,
    pub arguments: Vec<(Ident, Type)>,
    /// What it answers; `()` for constructors.
    pub output: Type,
    pub error: Option<Type>,
    pub doc: String,
}

impl Method {
    pub fn new(signature: &Signature, attributes: &[Attribute]) -> Result<Self> {
        if let Some(parameter) = signature.generics.params.first() {
            return Err(Error::new_spanned(parameter, "a method of a contract cannot be generic"));
        }
        if let Some(asyncness) = &signature.asyncness {
            return Err(Error::new_spanned(asyncness, "a method of a contract cannot be async"));
        }
        let mut receiver = None;
        let mut arguments = Vec::new();
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(this) if this.reference.is_none() => {
                    return Err(Error::new_spanned(this, "a method takes `&self` (query) or `&mut self` (call)"));
                }
                FnArg::Receiver(this) => receiver = Some(this.mutability.is_some()),
                FnArg::Typed(typed) => {
                    let Pat::Ident(pattern) = &*typed.pat else {
                        return Err(Error::new_spanned(&typed.pat, "an argument is a name, not a pattern"));
                    };
                    if matches!(*typed.ty, Type::Reference(_)) {
                        return Err(Error::new_spanned(&typed.ty, "arguments are owned values, not references"));
                    }
                    arguments.push((pattern.ident.clone(), (*typed.ty).clone()));
                }
            }
        }
        let written = match &signature.output {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, ty) => (**ty).clone(),
        };
        let (output, error) = match result_of(&written) {
            Some((ok, error)) => (ok, Some(error)),
            None => (written, None),
        };
        let constructs = matches!(&output, Type::Path(path) if path.path.is_ident("Self"));
        let kind = match (constructs, receiver) {
            (true, None) => Kind::Constructor,
            (true, Some(_)) => {
                return Err(Error::new_spanned(signature, "a constructor (`-> Self`) takes no `self`"));
            }
            (false, Some(true)) => Kind::Call,
            (false, Some(false)) => Kind::Query,
            (false, None) => {
                let hint = "a public function of a contract takes `&self` or `&mut self`, or returns `Self`";
                return Err(Error::new_spanned(signature, hint));
            }
        };
        let payable = attributes.iter().any(|attribute| attribute.path().is_ident("payable"));
        if payable && kind == Kind::Query {
            return Err(Error::new_spanned(&signature.ident, "a query cannot take native currency"));
        }
        Ok(Self {
            name: signature.ident.clone(),
            kind,
            payable,
            arguments,
            output: if constructs { syn::parse_quote!(()) } else { output },
            error,
            doc: documentation(attributes),
        })
    }
}

/// `T` and `E` of `Result<T, E>`.
fn result_of(ty: &Type) -> Option<(Type, Type)> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    });
    Some((types.next()?, types.next()?))
}

/// The first paragraph of a documentation comment.
fn documentation(attributes: &[Attribute]) -> String {
    let lines =
        attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| match &attribute
            .meta
            .require_name_value()
            .ok()?
            .value
        {
            syn::Expr::Lit(literal) => match &literal.lit {
                syn::Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        });
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

pub fn expand(arguments: &Arguments, mut item: ItemImpl) -> Result<TokenStream> {
    let Type::Path(path) = &*item.self_ty else {
        return Err(Error::new_spanned(&item.self_ty, "#[contract] stands on `impl YourStorage { .. }`"));
    };
    let name = path.path.require_ident()?.clone();
    let mut methods = Vec::new();
    for member in &mut item.items {
        let ImplItem::Fn(function) = member else { continue };
        if matches!(function.vis, Visibility::Public(_)) {
            methods.push(Method::new(&function.sig, &function.attrs)?);
            function.attrs.retain(|attribute| !attribute.path().is_ident("payable"));
        }
    }
    for (index, method) in methods.iter().enumerate() {
        let selector = crate::selector(&method.name.to_string());
        let same = methods[..index].iter().find(|other| crate::selector(&other.name.to_string()) == selector);
        if let Some(other) = same {
            let message = format!("`{}` and `{}` have the same selector: rename one", method.name, other.name);
            return Err(Error::new_spanned(&method.name, message));
        }
    }
    let interface = interface_constant(&name, &methods, &arguments.events);
    let deploy = dispatch(&name, methods.iter().filter(|method| method.kind == Kind::Constructor));
    let call = dispatch(&name, methods.iter().filter(|method| method.kind != Kind::Constructor));
    let client = client(&format_ident!("{name}Ref"), &methods, true);
    let native = format_ident!("native_{}", name.to_string().to_lowercase());
    Ok(quote! {
        #item
        #interface
        #client

        impl ::counterpart_sdk::Contract for #name {
            const INTERFACE: &'static ::counterpart_sdk::abi::Interface = &INTERFACE;

            fn deploy() {
                #deploy
            }

            fn call() {
                #call
            }
        }

        #[allow(unexpected_cfgs, reason = "a contract that no other contract uses needs no such feature")]
        mod exports {
            #[cfg(all(target_arch = "wasm32", not(feature = "library")))]
            mod wasm {
                #[allow(unsafe_code, reason = "the names of the two entry points are part of the boundary")]
                #[unsafe(no_mangle)]
                extern "C" fn deploy() {
                    <super::super::#name as ::counterpart_sdk::Contract>::deploy();
                }

                #[allow(unsafe_code, reason = "the names of the two entry points are part of the boundary")]
                #[unsafe(no_mangle)]
                extern "C" fn call() {
                    <super::super::#name as ::counterpart_sdk::Contract>::call();
                }

                const LENGTH: usize = ::counterpart_sdk::abi::length(&super::super::INTERFACE);
                #[allow(unsafe_code, reason = "a custom section, read by tools and never loaded")]
                #[unsafe(link_section = "counterpart.abi.raw")]
                static SECTION: [u8; LENGTH] = ::counterpart_sdk::abi::serialize::<LENGTH>(&super::super::INTERFACE);
            }
        }

        /// This contract as native code, for tests.
        #[cfg(not(target_arch = "wasm32"))]
        pub fn #native() -> ::counterpart_sdk::NativeContract {
            ::counterpart_sdk::NativeContract::of::<#name>()
        }
    })
}

fn interface_constant(name: &Ident, methods: &[Method], events: &[syn::Path]) -> TokenStream {
    let text = name.to_string();
    let methods = methods.iter().map(|method| {
        let name = method.name.to_string();
        let selector = crate::selector(&name);
        let kind = match method.kind {
            Kind::Constructor => quote!(Constructor),
            Kind::Call => quote!(Call),
            Kind::Query => quote!(Query),
        };
        let (payable, output, doc) = (method.payable, &method.output, &method.doc);
        let arguments = described_arguments(method);
        let error = match &method.error {
            Some(error) => {
                quote!(::core::option::Option::Some(<#error as ::counterpart_sdk::abi::Abi>::TYPE))
            }
            None => quote!(::core::option::Option::None),
        };
        quote! {
            ::counterpart_sdk::abi::MethodType {
                name: #name,
                selector: [#(#selector),*],
                kind: ::counterpart_sdk::abi::MethodKind::#kind,
                payable: #payable,
                arguments: &[#arguments],
                output: <#output as ::counterpart_sdk::abi::Abi>::TYPE,
                error: #error,
                doc: #doc,
            }
        }
    });
    quote! {
        /// The interface of this contract.
        pub const INTERFACE: ::counterpart_sdk::abi::Interface = ::counterpart_sdk::abi::Interface {
            name: #text,
            methods: &[#(#methods),*],
            events: &[#(<#events as ::counterpart_sdk::Event>::EVENT),*],
            storage: <#name as ::counterpart_sdk::storage::Stored>::LAYOUT,
        };
    }
}

fn dispatch<'a>(name: &Ident, methods: impl Iterator<Item = &'a Method> + Clone) -> TokenStream {
    // Asked once for all if no method takes native currency.
    let payable = methods.clone().any(|method| method.payable);
    let refuse = quote!(::counterpart_sdk::refuse_value(););
    let before = if payable { quote!() } else { refuse.clone() };
    let constructs = methods.clone().any(|method| method.kind == Kind::Constructor);
    let this = if constructs { quote!() } else { quote!(let mut this = #name::default();) };
    let arms = methods.map(|method| {
        let function = &method.name;
        let selector = u32::from_le_bytes(crate::selector(&function.to_string()));
        let names: Vec<&Ident> = method.arguments.iter().map(|(name, _)| name).collect();
        let types = method.arguments.iter().map(|(_, ty)| ty);
        let refuse = if payable && !method.payable { &refuse } else { &TokenStream::new() };
        let decode = quote! {
            let mut rest = arguments;
            #(let #names: #types = ::counterpart_sdk::argument(&mut rest);)*
            ::counterpart_sdk::no_arguments(rest);
        };
        let call = match method.kind {
            Kind::Constructor => quote!(<#name>::#function(#(#names),*)),
            Kind::Query | Kind::Call => quote!(this.#function(#(#names),*)),
        };
        let run = match (method.kind, method.error.is_some()) {
            (Kind::Constructor, false) => quote!({
                let _ = #call;
            }),
            (Kind::Constructor, true) => quote!(::counterpart_sdk::conclude(#call.map(|_| ()))),
            (_, false) => quote!(::counterpart_sdk::answer(&#call)),
            (_, true) => quote!(::counterpart_sdk::conclude(#call)),
        };
        quote! {
            #selector => {
                #refuse
                #decode
                #run
            }
        }
    });
    quote! {
        let input = ::counterpart_sdk::call_data();
        let (selector, arguments) = ::counterpart_sdk::selector(&input);
        #before
        #[allow(unused_mut, reason = "not every contract has a method that changes it")]
        #this
        match selector {
            #(#arms)*
            _ => ::counterpart_sdk::unknown_method(),
        }
    }
}
