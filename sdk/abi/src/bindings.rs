//! Typed clients in other programs: Rust interfaces for contracts, TypeScript types for pages and services.

use crate::document::{ContractAbi, Field, Kind, Method};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use scale_info::form::PortableForm;
use scale_info::{TypeDef, TypeDefPrimitive};

/// Types that both languages have names for already.
const KNOWN: [&str; 4] = ["Address", "Hash", "Option", "Result"];
/// Nesting of types without a name that is written out.
const MAX_DEPTH: u32 = 16;
/// What the SDK's prelude has besides.
const PRELUDE: [&str; 2] = ["LineageError", "HandedOver"];

impl ContractAbi {
    /// An `#[interface]` for contracts that call this one, with the types that it needs. `origin` says where it came from.
    pub fn to_rust(&self, origin: &str) -> String {
        let errors: BTreeSet<String> =
            self.methods.iter().filter_map(|method| method.error).map(|error| self.type_name(error)).collect();
        let mut text = format!(
            "//! How to call {}, from {origin}; made by `counterpart bindings`.\n\nuse counterpart_sdk::prelude::*;\n",
            self.name
        );
        for (name, ty) in self.own_types().into_iter().filter(|(name, _)| !PRELUDE.contains(&name.as_str())) {
            let derive = if errors.contains(&name) { "ContractError" } else { "Abi" };
            text.push_str(&format!(
                "\n/// `{name}` of {}.\n#[derive({derive}, Clone, PartialEq, Eq, Debug)]\n",
                self.name
            ));
            match &ty.type_def {
                TypeDef::Composite(composite) => {
                    text.push_str(&format!("pub struct {name}{}", self.rust_fields(&composite.fields, "pub ", 4)));
                    text.push_str(if is_tuple(&composite.fields) { ";\n" } else { "\n" });
                }
                TypeDef::Variant(variant) => {
                    text.push_str(&format!("pub enum {name} {{\n"));
                    for one in &variant.variants {
                        let fields = if one.fields.is_empty() {
                            String::new()
                        } else {
                            self.rust_fields(&one.fields, "", 8).replace("\n}", "\n    }")
                        };
                        text.push_str(&format!("    /// `{}`.\n    {}{fields},\n", one.name, one.name));
                    }
                    text.push_str("}\n");
                }
                _ => {}
            }
        }
        text.push_str(&format!("\n/// What {} answers to.\n#[interface]\npub trait {} {{\n", self.name, self.name));
        for method in self.methods.iter().filter(|method| method.kind != Kind::Constructor) {
            let receiver = if method.kind == Kind::Query { "&self" } else { "&mut self" };
            let arguments = method.arguments.iter();
            let arguments: String =
                arguments.map(|field| format!(", {}: {}", field.name, self.rust(field.ty))).collect();
            let output = self.rust(method.output);
            let answer = match (method.error, output.as_str()) {
                (Some(error), _) => format!(" -> Result<{output}, {}>", self.rust(error)),
                (None, "()") => String::new(),
                (None, _) => format!(" -> {output}"),
            };
            let payable = if method.payable { "    #[payable]\n" } else { "" };
            text.push_str(&format!(
                "    /// `{}` of {}.\n{payable}    fn {}({receiver}{arguments}){answer};\n",
                method.name, self.name, method.name
            ));
        }
        text.push_str("}\n");
        text
    }

    /// The types of methods, events and errors as TypeScript, in the shapes that the JavaScript package gives and takes.
    pub fn to_typescript(&self, origin: &str) -> String {
        let mut text = format!(
            "// The types of {}, from {origin}; made by `counterpart bindings`.\n\n\
             /** 32 bytes in hex. */\nexport type Address = string;\n/** 32 bytes in hex. */\nexport type Hash = string;\n",
            self.name
        );
        for (name, ty) in self.own_types() {
            let body = match &ty.type_def {
                TypeDef::Composite(composite) => self.typescript_fields(&composite.fields),
                TypeDef::Variant(variant) => {
                    let one = |one: &scale_info::Variant<PortableForm>| match one.fields.is_empty() {
                        true => format!("\"{}\"", one.name),
                        false => format!("{{ {}: {} }}", one.name, self.typescript_fields(&one.fields)),
                    };
                    variant.variants.iter().map(one).collect::<Vec<_>>().join(" | ")
                }
                _ => continue,
            };
            text.push_str(&format!("\nexport type {name} = {body};\n"));
        }
        text.push_str(&format!("\n/** What each method of {} takes, answers and refuses with. */\n", self.name));
        text.push_str(&format!("export interface {}Methods {{\n", self.name));
        for method in &self.methods {
            text.push_str(&self.typescript_method(method));
        }
        text.push_str(&format!("}}\n\n/** What {} reports. */\nexport interface {}Events {{\n", self.name, self.name));
        for event in &self.events {
            let fields = self.typescript_named(&event.fields);
            text.push_str(&format!("  {}: {fields};\n", event.name));
        }
        text.push_str("}\n");
        text
    }

    fn typescript_method(&self, method: &Method) -> String {
        let error = method.error.map_or_else(|| "never".to_string(), |error| self.typescript(error));
        format!(
            "  {}: {{ kind: \"{}\"; arguments: {}; answer: {}; error: {error} }};\n",
            method.name,
            method.kind.name(),
            self.typescript_named(&method.arguments),
            self.typescript(method.output),
        )
    }

    /// Named types that are the contract's own, each once.
    fn own_types(&self) -> Vec<(String, &scale_info::Type<PortableForm>)> {
        let mut seen = BTreeSet::new();
        let named = self.types.types.iter().filter_map(|entry| Some((entry.ty.path.ident()?, &entry.ty)));
        named.filter(|(name, _)| !KNOWN.contains(&name.as_str()) && seen.insert(name.clone())).collect()
    }

    fn rust(&self, id: u32) -> String {
        self.rust_at(id, 0)
    }

    fn rust_at(&self, id: u32, depth: u32) -> String {
        let Some(ty) = self.types.resolve(id).filter(|_| depth < MAX_DEPTH) else { return "()".into() };
        let rust = |id: u32| self.rust_at(id, depth + 1);
        match (&ty.type_def, ty.path.ident()) {
            (TypeDef::Primitive(TypeDefPrimitive::Str), None) => "String".into(),
            (TypeDef::Variant(variant), Some(name)) if name == "Option" || name == "Result" => {
                let inner = variant.variants.iter().flat_map(|variant| &variant.fields);
                let inner: Vec<String> = inner.map(|field| rust(field.ty.id)).collect();
                format!("{name}<{}>", inner.join(", "))
            }
            (_, Some(name)) => name,
            (TypeDef::Sequence(sequence), None) => format!("Vec<{}>", rust(sequence.type_param.id)),
            (TypeDef::Array(array), None) => format!("[{}; {}]", rust(array.type_param.id), array.len),
            (TypeDef::Tuple(tuple), None) => match tuple.fields.as_slice() {
                [] => "()".into(),
                [only] => format!("({},)", rust(only.id)),
                many => {
                    let inner: Vec<String> = many.iter().map(|field| rust(field.id)).collect();
                    format!("({})", inner.join(", "))
                }
            },
            _ => self.type_name(id),
        }
    }

    fn rust_fields(&self, fields: &[scale_info::Field<PortableForm>], visibility: &str, indent: usize) -> String {
        if is_tuple(fields) {
            let inner: Vec<String> =
                fields.iter().map(|field| format!("{visibility}{}", self.rust(field.ty.id))).collect();
            return format!("({})", inner.join(", "));
        }
        let space = " ".repeat(indent);
        let lines = fields.iter().map(|field| {
            let name = field.name.as_deref().unwrap_or_default();
            format!("{space}/// `{name}`.\n{space}{visibility}{name}: {},\n", self.rust(field.ty.id))
        });
        format!(" {{\n{}}}", lines.collect::<String>())
    }

    fn typescript(&self, id: u32) -> String {
        self.typescript_at(id, 0)
    }

    fn typescript_at(&self, id: u32, depth: u32) -> String {
        use TypeDefPrimitive::{Bool, I8, I16, I32, Str, U8, U16, U32};
        let Some(ty) = self.types.resolve(id).filter(|_| depth < MAX_DEPTH) else { return "null".into() };
        let typescript = |id: u32| self.typescript_at(id, depth + 1);
        match (&ty.type_def, ty.path.ident()) {
            (TypeDef::Variant(variant), Some(name)) if name == "Option" || name == "Result" => {
                let inner = variant.variants.iter().flat_map(|variant| &variant.fields);
                let inner: Vec<String> = inner.map(|field| typescript(field.ty.id)).collect();
                match name.as_str() {
                    // Where the value may be null itself, it says that it is there.
                    "Option" if inner.iter().any(|inner| inner.ends_with("null")) => {
                        format!("{{ Some: {} }} | null", inner.join(" | "))
                    }
                    "Option" => format!("{} | null", inner.join(" | ")),
                    _ => format!("{{ Ok: {} }} | {{ Err: {} }}", inner[0], inner.get(1).map_or("null", |error| error)),
                }
            }
            (_, Some(name)) => name,
            (TypeDef::Primitive(Bool), None) => "boolean".into(),
            (TypeDef::Primitive(Str), None) => "string".into(),
            (TypeDef::Primitive(U8 | U16 | U32 | I8 | I16 | I32), None) => "number".into(),
            (TypeDef::Primitive(_), None) => "bigint".into(),
            (TypeDef::Sequence(sequence), None) => self.typescript_list(sequence.type_param.id, depth),
            (TypeDef::Array(array), None) => self.typescript_list(array.type_param.id, depth),
            (TypeDef::Tuple(tuple), None) if tuple.fields.is_empty() => "null".into(),
            (TypeDef::Tuple(tuple), None) => {
                let inner: Vec<String> = tuple.fields.iter().map(|field| typescript(field.id)).collect();
                format!("[{}]", inner.join(", "))
            }
            _ => "unknown".into(),
        }
    }

    /// Bytes are hex, other lists are arrays.
    fn typescript_list(&self, item: u32, depth: u32) -> String {
        match self.types.resolve(item).map(|ty| &ty.type_def) {
            Some(TypeDef::Primitive(TypeDefPrimitive::U8)) => "string".into(),
            _ => format!("({})[]", self.typescript_at(item, depth + 1)),
        }
    }

    fn typescript_fields(&self, fields: &[scale_info::Field<PortableForm>]) -> String {
        if is_tuple(fields) {
            let inner: Vec<String> = fields.iter().map(|field| self.typescript(field.ty.id)).collect();
            return if inner.len() == 1 { inner[0].clone() } else { format!("[{}]", inner.join(", ")) };
        }
        let one = |field: &scale_info::Field<PortableForm>| {
            format!("{}: {}", field.name.as_deref().unwrap_or_default(), self.typescript(field.ty.id))
        };
        format!("{{ {} }}", fields.iter().map(one).collect::<Vec<_>>().join("; "))
    }

    fn typescript_named(&self, fields: &[Field]) -> String {
        if fields.is_empty() {
            return "{}".into();
        }
        let one = |field: &Field| format!("{}: {}", field.name, self.typescript(field.ty));
        format!("{{ {} }}", fields.iter().map(one).collect::<Vec<_>>().join("; "))
    }
}

fn is_tuple(fields: &[scale_info::Field<PortableForm>]) -> bool {
    fields.iter().all(|field| field.name.as_deref().is_none_or(str::is_empty))
}
