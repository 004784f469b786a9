//! A contract's interface as tools read it.

use crate::stored::Stored;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use parity_scale_codec::{Decode, Encode};
use scale_info::PortableRegistry;
use scale_info::form::PortableForm;
use serde_json::{Value, json};

/// What a method may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Kind {
    /// Makes the contract.
    Constructor,
    /// Changes it.
    Call,
    /// Only answers.
    Query,
}

impl Kind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constructor => "constructor",
            Self::Call => "call",
            Self::Query => "query",
        }
    }
}

/// A named value of a type.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Field {
    /// Empty if it has none.
    pub name: String,
    /// Index in the registry of types.
    pub ty: u32,
}

/// A method.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// First bytes of its call data.
    pub selector: [u8; 4],
    /// What it may do.
    pub kind: Kind,
    /// Whether native currency can be sent with it.
    pub payable: bool,
    /// Its arguments.
    pub arguments: Vec<Field>,
    /// Type of what it answers.
    pub output: u32,
    /// Type of what it reverts with.
    pub error: Option<u32>,
}

/// An event.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its first topic.
    pub topic: [u8; 32],
    /// Its fields.
    pub fields: Vec<Field>,
    /// For each field, whether it is a topic too.
    pub indexed: Vec<bool>,
}

/// The format of sections that this version writes and reads: this byte, then the interface in SCALE, packed with DEFLATE (RFC 1951).
/// It is half as long, and travels with every contract.
pub const VERSION: u8 = 3;
/// Most bytes of an interface when it is unpacked.
pub const MAX_BYTES: usize = 64 * 1024;
/// The packer's effort: the highest.
const EFFORT: u8 = 10;

/// A contract's interface.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ContractAbi {
    /// The contract's name.
    pub name: String,
    /// Types by index.
    pub types: PortableRegistry,
    /// Constructors, calls and queries.
    pub methods: Vec<Method>,
    /// Events.
    pub events: Vec<Event>,
    /// What it keeps in the state.
    pub storage: Vec<Stored>,
}

/// A section that is not an interface.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a contract interface: {0}")]
pub struct AbiError(pub String);

impl ContractAbi {
    /// Reads the content of the section.
    ///
    /// # Errors
    /// [`AbiError`] when it is damaged or of a later version, or names a type that is not there.
    pub fn from_section(section: &[u8]) -> Result<Self, AbiError> {
        let packed = match section.split_first() {
            Some((&VERSION, packed)) => packed,
            Some((version, _)) => return Err(AbiError(format!("version {version}, not {VERSION}"))),
            None => return Err(AbiError("there is none".into())),
        };
        let mut bytes = vec![0; MAX_BYTES];
        let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, read, written) = decompress(&mut DecompressorOxide::new(), packed, &mut bytes, 0, flags);
        if status != TINFLStatus::Done || read != packed.len() {
            return Err(AbiError(format!("unpacking ends after {read} of {} bytes: {status:?}", packed.len())));
        }
        let mut rest = bytes.get(..written).unwrap_or_default();
        let abi = Self::decode(&mut rest).map_err(|error| AbiError(error.to_string()))?;
        if !rest.is_empty() {
            return Err(AbiError(format!("{} bytes are left over", rest.len())));
        }
        let known = |ty: &u32| abi.types.resolve(*ty).is_some();
        let fields = abi.methods.iter().flat_map(|method| &method.arguments);
        let fields = fields.chain(abi.events.iter().flat_map(|event| &event.fields)).map(|field| field.ty);
        let outputs = abi.methods.iter().flat_map(|method| [Some(method.output), method.error]).flatten();
        let stored = abi.storage.iter().flat_map(|stored| stored.shape.types());
        if let Some(missing) = fields.chain(outputs).chain(stored).find(|ty| !known(ty)) {
            return Err(AbiError(format!("type {missing} is missing")));
        }
        Ok(abi)
    }

    /// The content of the section.
    pub fn to_section(&self) -> Vec<u8> {
        let mut section = vec![VERSION];
        section.extend(compress_to_vec(&self.encode(), EFFORT));
        section
    }

    /// The method with a name.
    pub fn method(&self, name: &str) -> Option<&Method> {
        self.methods.iter().find(|method| method.name == name)
    }

    /// The method that call data begins with.
    pub fn method_of(&self, input: &[u8]) -> Option<&Method> {
        let selector = input.first_chunk::<4>()?;
        self.methods.iter().find(|method| method.selector == *selector)
    }

    /// The event with a first topic.
    pub fn event(&self, topic: &[u8; 32]) -> Option<&Event> {
        self.events.iter().find(|event| event.topic == *topic)
    }

    /// A type's name as people write it.
    pub fn type_name(&self, id: u32) -> String {
        type_name(&self.types, id, 0)
    }

    /// A type written out: what is in named types too, so that two types are the same when this text is.
    pub fn type_structure(&self, id: u32) -> String {
        structure(&self.types, id, 0)
    }

    /// The interface as JSON, for people and for code generators.
    pub fn to_json(&self, docs: &[(String, String)]) -> Value {
        let fields = |fields: &[Field]| -> Vec<Value> {
            fields.iter().map(|field| json!({ "name": field.name, "type": self.type_name(field.ty) })).collect()
        };
        let method = |method: &Method| {
            let doc = docs.iter().find(|(name, _)| *name == method.name).map_or("", |(_, doc)| doc);
            json!({
                "name": method.name,
                "selector": format!("0x{}", hex::encode(method.selector)),
                "kind": method.kind.name(),
                "payable": method.payable,
                "arguments": fields(&method.arguments),
                "output": self.type_name(method.output),
                "error": method.error.map(|error| self.type_name(error)),
                "doc": doc,
            })
        };
        let event = |event: &Event| {
            json!({
                "name": event.name,
                "topic": format!("0x{}", hex::encode(event.topic)),
                "fields": fields(&event.fields),
                "indexed": event.indexed,
            })
        };
        let types: Vec<Value> = self.types.types.iter().filter_map(|ty| describe(&self.types, &ty.ty)).collect();
        json!({
            "version": VERSION,
            "name": self.name,
            "methods": self.methods.iter().map(method).collect::<Vec<_>>(),
            "events": self.events.iter().map(event).collect::<Vec<_>>(),
            "types": types,
            "storage": self.storage.iter().map(|stored| stored.to_json(self)).collect::<Vec<_>>(),
        })
    }
}

/// A named type with its fields or variants.
fn describe(types: &PortableRegistry, ty: &scale_info::Type<PortableForm>) -> Option<Value> {
    let name = ty.path.ident()?;
    let fields = |fields: &[scale_info::Field<PortableForm>]| -> Vec<Value> {
        fields.iter().map(|field| json!({ "name": field.name, "type": type_name(types, field.ty.id, 0) })).collect()
    };
    match &ty.type_def {
        scale_info::TypeDef::Composite(composite) => Some(json!({ "name": name, "fields": fields(&composite.fields) })),
        scale_info::TypeDef::Variant(variant) if name != "Option" && name != "Result" => {
            let variants = variant.variants.iter().map(
                |variant| json!({ "name": variant.name, "index": variant.index, "fields": fields(&variant.fields) }),
            );
            Some(json!({ "name": name, "variants": variants.collect::<Vec<_>>() }))
        }
        _ => None,
    }
}

fn type_name(types: &PortableRegistry, id: u32, depth: u32) -> String {
    use scale_info::TypeDef::*;
    let Some(ty) = types.resolve(id).filter(|_| depth < 16) else { return "?".to_string() };
    let name = |id: u32| type_name(types, id, depth + 1);
    match (&ty.type_def, ty.path.ident()) {
        (Variant(variant), Some(option)) if option == "Option" || option == "Result" => {
            let inner = variant.variants.iter().flat_map(|variant| &variant.fields);
            let inner: Vec<String> = inner.map(|field| name(field.ty.id)).collect();
            format!("{option}<{}>", inner.join(", "))
        }
        (_, Some(ident)) => ident,
        (Primitive(primitive), None) => format!("{primitive:?}").to_lowercase(),
        (Sequence(sequence), None) => format!("Vec<{}>", name(sequence.type_param.id)),
        (Array(array), None) => format!("[{}; {}]", name(array.type_param.id), array.len),
        (Tuple(tuple), None) => {
            let inner: Vec<String> = tuple.fields.iter().map(|field| name(field.id)).collect();
            format!("({})", inner.join(", "))
        }
        _ => "?".to_string(),
    }
}

fn structure(types: &PortableRegistry, id: u32, depth: u32) -> String {
    use scale_info::TypeDef::*;
    let Some(ty) = types.resolve(id).filter(|_| depth < 16) else { return "?".to_string() };
    let inner = |id: u32| structure(types, id, depth + 1);
    let fields = |fields: &[scale_info::Field<PortableForm>]| -> String {
        let one = |field: &scale_info::Field<PortableForm>| {
            let name = field.name.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
            name + &inner(field.ty.id)
        };
        fields.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let named = |body: String| format!("{}{{{body}}}", ty.path.ident().unwrap_or_default());
    match &ty.type_def {
        Composite(composite) => named(fields(&composite.fields)),
        Variant(variant) => {
            let variants = variant.variants.iter();
            let variants = variants.map(|one| format!("{}({})", one.name, fields(&one.fields)));
            named(variants.collect::<Vec<_>>().join(", "))
        }
        Sequence(sequence) => format!("Vec<{}>", inner(sequence.type_param.id)),
        Array(array) => format!("[{}; {}]", inner(array.type_param.id), array.len),
        Tuple(tuple) => {
            format!("({})", tuple.fields.iter().map(|field| inner(field.id)).collect::<Vec<_>>().join(", "))
        }
        _ => type_name(types, id, depth),
    }
}
