//! JSON to SCALE and back, by the registry of types.
//!
//! Integers above 53 bits are decimal strings on output, strings or numbers on input; bytes are `0x` hex; a unit variant
//! is its name, other variants are one-key objects; an option is the value or null, and `{"Some": value}` where the value
//! may be null itself. Unknown and missing fields are
//! errors with a path, and all input is consumed.

use crate::document::{ContractAbi, Event, Field, Method};
use crate::shared_errors;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use parity_scale_codec::{Compact, Decode, Encode};
use scale_info::form::PortableForm;
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive, TypeDefVariant};
use serde_json::{Map, Value};

/// Values nested deeper are refused.
const MAX_DEPTH: u32 = 64;
/// The largest integer that every JSON reader keeps exactly.
const MAX_EXACT: u128 = (1 << 53) - 1;

/// Where and why a value does not fit its type.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{path}: {message}")]
pub struct TranscodeError {
    /// From the outermost value inward.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

type Result<T> = core::result::Result<T, TranscodeError>;

/// How decoded integers of 64 bits and more are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Numbers {
    /// As JSON's numbers up to 53 bits, above as decimal strings.
    #[default]
    Json,
    /// Always as `{"$int": "123"}`, from which JavaScript makes a `BigInt` whatever the value.
    Tagged,
}

struct Path<'a> {
    text: String,
    types: &'a PortableRegistry,
    numbers: Numbers,
    depth: u32,
}

impl<'a> Path<'a> {
    fn new(text: String, types: &'a PortableRegistry, numbers: Numbers) -> Self {
        Self { text, types, numbers, depth: 0 }
    }
}

impl Path<'_> {
    fn error<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(TranscodeError { path: self.text.clone(), message: message.into() })
    }

    fn down(&self, step: &str) -> Result<Self> {
        if self.depth >= MAX_DEPTH {
            return self.error("nested too deep");
        }
        let Self { types, numbers, depth, .. } = *self;
        Ok(Self { text: format!("{}{step}", self.text), types, numbers, depth: depth + 1 })
    }
}

impl ContractAbi {
    /// Call data for a method from named arguments.
    ///
    /// # Errors
    /// [`TranscodeError`] when an argument is missing, unknown or does not fit its type.
    pub fn encode_call(&self, method: &Method, arguments: &Map<String, Value>) -> Result<Vec<u8>> {
        let path = Path::new(method.name.clone(), &self.types, Numbers::Json);
        let mut out = method.selector.to_vec();
        encode_named(&path, &method.arguments, arguments, &mut out)?;
        Ok(out)
    }

    /// The arguments in call data of a method.
    ///
    /// # Errors
    /// [`TranscodeError`] when they do not decode.
    pub fn decode_arguments(&self, method: &Method, input: &[u8]) -> Result<Value> {
        self.decode_arguments_as(method, input, Numbers::Json)
    }

    /// The same with numbers written as asked for.
    ///
    /// # Errors
    /// [`TranscodeError`] when they do not decode.
    pub fn decode_arguments_as(&self, method: &Method, input: &[u8], numbers: Numbers) -> Result<Value> {
        let path = Path::new(method.name.clone(), &self.types, numbers);
        whole(&path, input.get(4..).unwrap_or_default(), |rest| decode_named(&path, &method.arguments, rest))
    }

    /// The fields of an event.
    ///
    /// # Errors
    /// [`TranscodeError`] when they do not decode.
    pub fn decode_event(&self, event: &Event, data: &[u8]) -> Result<Value> {
        self.decode_event_as(event, data, Numbers::Json)
    }

    /// The same with numbers written as asked for.
    ///
    /// # Errors
    /// [`TranscodeError`] when they do not decode.
    pub fn decode_event_as(&self, event: &Event, data: &[u8], numbers: Numbers) -> Result<Value> {
        let path = Path::new(event.name.clone(), &self.types, numbers);
        whole(&path, data, |rest| decode_named(&path, &event.fields, rest))
    }

    /// What a contract reverted with: the name of an error that all contracts share, or its own, decoded. `None` when it
    /// is neither.
    pub fn decode_error(&self, code: u32, data: &[u8]) -> Option<Value> {
        if let Some(name) = shared_errors::name(code) {
            return Some(Value::String(name.to_string()));
        }
        // The code of an own error is the variant's index and one more.
        if data.first().is_none_or(|index| u32::from(*index) + 1 != code) {
            return None;
        }
        let mut types: Vec<u32> = self.methods.iter().filter_map(|method| method.error).collect();
        types.sort_unstable();
        types.dedup();
        types.into_iter().find_map(|ty| self.decode_value(ty, data).ok())
    }

    /// Calls with every text that stands where a value has an address, however deep, so that names can be replaced.
    ///
    /// # Errors
    /// The first of the callback.
    pub fn for_each_address<E>(
        &self,
        ty: u32,
        value: &mut Value,
        change: &mut dyn FnMut(&mut String) -> core::result::Result<(), E>,
    ) -> core::result::Result<(), E> {
        addresses(&self.types, ty, value, 0, change)
    }

    /// A value of a type, from JSON.
    ///
    /// # Errors
    /// [`TranscodeError`] when it does not fit.
    pub fn encode_value(&self, ty: u32, value: &Value) -> Result<Vec<u8>> {
        let path = Path::new(self.type_name(ty), &self.types, Numbers::Json);
        let mut out = Vec::new();
        encode(&path, ty, value, &mut out)?;
        Ok(out)
    }

    /// A value of a type, as JSON.
    ///
    /// # Errors
    /// [`TranscodeError`] when the bytes are not exactly one value.
    pub fn decode_value(&self, ty: u32, bytes: &[u8]) -> Result<Value> {
        self.decode_value_as(ty, bytes, Numbers::Json)
    }

    /// The same with numbers written as asked for.
    ///
    /// # Errors
    /// [`TranscodeError`] when the bytes are not exactly one value.
    pub fn decode_value_as(&self, ty: u32, bytes: &[u8], numbers: Numbers) -> Result<Value> {
        let path = Path::new(self.type_name(ty), &self.types, numbers);
        whole(&path, bytes, |rest| decode(&path, ty, rest))
    }
}

/// Decodes, and refuses bytes that are left over.
fn whole(path: &Path<'_>, bytes: &[u8], decode: impl FnOnce(&mut &[u8]) -> Result<Value>) -> Result<Value> {
    let mut rest = bytes;
    let value = decode(&mut rest)?;
    if rest.is_empty() { Ok(value) } else { path.error(format!("{} bytes left over", rest.len())) }
}

fn encode_named(path: &Path<'_>, fields: &[Field], values: &Map<String, Value>, out: &mut Vec<u8>) -> Result<()> {
    if let Some(unknown) = values.keys().find(|key| !fields.iter().any(|field| field.name == **key)) {
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        return path.error(format!("there is no `{unknown}`; there are: {}", names.join(", ")));
    }
    for field in fields {
        let inner = path.down(&format!(".{}", field.name))?;
        match values.get(&field.name) {
            Some(value) => encode(&inner, field.ty, value, out)?,
            None if is_option(path.types, field.ty) => out.push(0),
            None => return inner.error("is missing"),
        }
    }
    Ok(())
}

fn decode_named(path: &Path<'_>, fields: &[Field], rest: &mut &[u8]) -> Result<Value> {
    let mut object = Map::new();
    for field in fields {
        let value = decode(&path.down(&format!(".{}", field.name))?, field.ty, rest)?;
        object.insert(field.name.clone(), value);
    }
    Ok(Value::Object(object))
}

fn fields_of(fields: &[scale_info::Field<PortableForm>]) -> Vec<Field> {
    let field = |field: &scale_info::Field<PortableForm>| Field {
        name: field.name.clone().unwrap_or_default(),
        ty: field.ty.id,
    };
    fields.iter().map(field).collect()
}

fn is_option(types: &PortableRegistry, ty: u32) -> bool {
    types.resolve(ty).and_then(|ty| ty.path.ident()).is_some_and(|name| name == "Option")
}

fn addresses<E>(
    types: &PortableRegistry,
    ty: u32,
    value: &mut Value,
    depth: u32,
    change: &mut dyn FnMut(&mut String) -> core::result::Result<(), E>,
) -> core::result::Result<(), E> {
    // What does not fit the type is left as it is: encoding says what is wrong with it.
    let Some(resolved) = types.resolve(ty).filter(|_| depth < MAX_DEPTH) else { return Ok(()) };
    let mut down = |ty: u32, value: &mut Value| addresses(types, ty, value, depth + 1, change);
    match (&resolved.type_def, resolved.path.ident().as_deref(), value) {
        (_, Some("Address"), Value::String(text)) => change(text),
        (TypeDef::Composite(composite), _, value) => in_fields(&composite.fields, value, &mut down),
        (TypeDef::Variant(variant), Some("Option"), value) => {
            let some = variant.variants.iter().flat_map(|variant| &variant.fields).next();
            let value = if value.get("Some").is_some() { &mut value["Some"] } else { value };
            some.map_or(Ok(()), |field| down(field.ty.id, value))
        }
        (TypeDef::Variant(variant), _, Value::Object(object)) => object.iter_mut().try_for_each(|(name, value)| {
            let found = variant.variants.iter().find(|variant| variant.name == *name);
            found.map_or(Ok(()), |variant| in_fields(&variant.fields, value, &mut down))
        }),
        (TypeDef::Sequence(sequence), _, Value::Array(items)) => {
            items.iter_mut().try_for_each(|item| down(sequence.type_param.id, item))
        }
        (TypeDef::Array(array), _, Value::Array(items)) => {
            items.iter_mut().try_for_each(|item| down(array.type_param.id, item))
        }
        (TypeDef::Tuple(tuple), _, Value::Array(items)) => {
            tuple.fields.iter().zip(items).try_for_each(|(ty, item)| down(ty.id, item))
        }
        _ => Ok(()),
    }
}

fn in_fields<E>(
    fields: &[scale_info::Field<PortableForm>],
    value: &mut Value,
    down: &mut dyn FnMut(u32, &mut Value) -> core::result::Result<(), E>,
) -> core::result::Result<(), E> {
    match (fields, value) {
        ([only], value) if only.name.as_deref().is_none_or(str::is_empty) => down(only.ty.id, value),
        (fields, Value::Array(items)) => fields.iter().zip(items).try_for_each(|(field, item)| down(field.ty.id, item)),
        (fields, Value::Object(object)) => fields.iter().try_for_each(|field| {
            let value = field.name.as_ref().and_then(|name| object.get_mut(name));
            value.map_or(Ok(()), |value| down(field.ty.id, value))
        }),
        _ => Ok(()),
    }
}

/// Whether a value of the type may be null as JSON, so that an option of it has to say which of the two is absent.
fn is_nullable(types: &PortableRegistry, ty: u32, depth: u32) -> bool {
    let Some(resolved) = types.resolve(ty).filter(|_| depth < MAX_DEPTH) else { return false };
    match &resolved.type_def {
        TypeDef::Variant(_) => is_option(types, ty),
        TypeDef::Tuple(tuple) => tuple.fields.is_empty(),
        TypeDef::Composite(composite) => match composite.fields.as_slice() {
            [only] if only.name.as_deref().is_none_or(str::is_empty) => is_nullable(types, only.ty.id, depth + 1),
            _ => false,
        },
        _ => false,
    }
}

fn is_u8(types: &PortableRegistry, ty: u32) -> bool {
    types.resolve(ty).is_some_and(|ty| matches!(ty.type_def, TypeDef::Primitive(TypeDefPrimitive::U8)))
}

fn encode(path: &Path<'_>, ty: u32, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    let Some(resolved) = path.types.resolve(ty) else { return path.error(format!("type {ty} is missing")) };
    match &resolved.type_def {
        TypeDef::Primitive(primitive) => encode_primitive(path, primitive, value, out),
        TypeDef::Composite(composite) => encode_fields(path, &fields_of(&composite.fields), value, out),
        TypeDef::Variant(variant) => encode_variant(path, variant, resolved.path.ident().as_deref(), value, out),
        TypeDef::Sequence(sequence) => {
            if is_u8(path.types, sequence.type_param.id) {
                let bytes = hex_bytes(path, value)?;
                bytes.encode_to(out);
                return Ok(());
            }
            let Some(items) = value.as_array() else { return path.error("expected a list") };
            Compact(items.len() as u32).encode_to(out);
            encode_list(path, sequence.type_param.id, items, out)
        }
        TypeDef::Array(array) => {
            let expected = array.len as usize;
            if is_u8(path.types, array.type_param.id) {
                let bytes = hex_bytes(path, value)?;
                if bytes.len() != expected {
                    return path.error(format!("expected {expected} bytes, got {}", bytes.len()));
                }
                out.extend_from_slice(&bytes);
                return Ok(());
            }
            encode_list(path, array.type_param.id, list(path, value, expected)?, out)
        }
        TypeDef::Tuple(tuple) => {
            if tuple.fields.is_empty() && value.is_null() {
                return Ok(());
            }
            let items = list(path, value, tuple.fields.len())?;
            encode_items(path, tuple.fields.iter().map(|field| field.id).zip(items), out)
        }
        TypeDef::Compact(_) | TypeDef::BitSequence(_) => path.error("this kind of type is not used by contracts"),
    }
}

fn list<'a>(path: &Path<'_>, value: &'a Value, expected: usize) -> Result<&'a Vec<Value>> {
    match value.as_array() {
        Some(items) if items.len() == expected => Ok(items),
        Some(items) => path.error(format!("expected {expected} values, got {}", items.len())),
        None => path.error("expected a list"),
    }
}

/// Values of one type. Whoever decodes bounds their number by the bytes that there are, so they take some.
fn encode_list(path: &Path<'_>, ty: u32, items: &[Value], out: &mut Vec<u8>) -> Result<()> {
    let before = out.len();
    encode_items(path, items.iter().map(|item| (ty, item)), out)?;
    if out.len() - before < items.len() {
        return path.error("lists of values that take no bytes are not used");
    }
    Ok(())
}

fn encode_items<'a>(path: &Path<'_>, items: impl Iterator<Item = (u32, &'a Value)>, out: &mut Vec<u8>) -> Result<()> {
    for (index, (ty, item)) in items.enumerate() {
        encode(&path.down(&format!("[{index}]"))?, ty, item, out)?;
    }
    Ok(())
}

fn encode_fields(path: &Path<'_>, fields: &[Field], value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match fields {
        [only] if only.name.is_empty() => encode(&path.down("")?, only.ty, value, out),
        [first, ..] if first.name.is_empty() => {
            let items = list(path, value, fields.len())?;
            encode_items(path, fields.iter().map(|field| field.ty).zip(items), out)
        }
        _ => match value.as_object() {
            Some(object) => encode_named(path, fields, object, out),
            None if fields.is_empty() && value.is_null() => Ok(()),
            None => path.error("expected an object"),
        },
    }
}

fn encode_variant(
    path: &Path<'_>,
    variant: &TypeDefVariant<PortableForm>,
    name: Option<&str>,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<()> {
    if name == Some("Option") {
        let some = variant.variants.iter().flat_map(|variant| &variant.fields).next();
        return match (value, some) {
            (Value::Null, _) | (_, None) => {
                out.push(0);
                Ok(())
            }
            (value, Some(field)) => {
                let inner = match (is_nullable(path.types, field.ty.id, 0), value) {
                    (false, value) => value,
                    (true, Value::Object(object)) if object.len() == 1 && object.contains_key("Some") => {
                        &object["Some"]
                    }
                    (true, _) => {
                        return path.error("expected null or {\"Some\": value}, because the value may be null itself");
                    }
                };
                out.push(1);
                encode(&path.down("")?, field.ty.id, inner, out)
            }
        };
    }
    let (chosen, content) = match value {
        Value::String(name) => (name, &Value::Null),
        Value::Object(object) if object.len() == 1 => object.iter().next().map_or_else(|| path.error(""), Ok)?,
        _ => return path.error("expected a variant's name or an object with one key"),
    };
    match variant.variants.iter().find(|variant| variant.name == *chosen) {
        Some(found) => {
            out.push(found.index);
            encode_fields(&path.down(&format!(".{chosen}"))?, &fields_of(&found.fields), content, out)
        }
        None => {
            let names: Vec<&str> = variant.variants.iter().map(|variant| variant.name.as_str()).collect();
            path.error(format!("there is no variant `{chosen}`; there are: {}", names.join(", ")))
        }
    }
}

fn hex_bytes(path: &Path<'_>, value: &Value) -> Result<Vec<u8>> {
    let Some(digits) = value.as_str().and_then(|text| text.strip_prefix("0x")) else {
        return path.error("expected bytes as a string of hex digits that begins with 0x");
    };
    hex::decode(digits).or_else(|error| path.error(error.to_string()))
}

fn encode_primitive(path: &Path<'_>, primitive: &TypeDefPrimitive, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    macro_rules! integer {
        ($ty:ty) => {{
            let text = match value {
                Value::Number(number) if number.is_u64() || number.is_i64() => number.to_string(),
                Value::String(text) => text.replace('_', ""),
                _ => return path.error("expected an integer, as a number or a string"),
            };
            match text.parse::<$ty>() {
                Ok(number) => number.encode_to(out),
                Err(error) => return path.error(format!("{text} is not a {}: {error}", stringify!($ty))),
            }
        }};
    }
    match primitive {
        TypeDefPrimitive::Bool => match value.as_bool() {
            Some(flag) => flag.encode_to(out),
            None => return path.error("expected true or false"),
        },
        TypeDefPrimitive::Str => match value.as_str() {
            Some(text) => text.encode_to(out),
            None => return path.error("expected a string"),
        },
        TypeDefPrimitive::U8 => integer!(u8),
        TypeDefPrimitive::U16 => integer!(u16),
        TypeDefPrimitive::U32 => integer!(u32),
        TypeDefPrimitive::U64 => integer!(u64),
        TypeDefPrimitive::U128 => integer!(u128),
        TypeDefPrimitive::I8 => integer!(i8),
        TypeDefPrimitive::I16 => integer!(i16),
        TypeDefPrimitive::I32 => integer!(i32),
        TypeDefPrimitive::I64 => integer!(i64),
        TypeDefPrimitive::I128 => integer!(i128),
        _ => return path.error("this kind of type is not used by contracts"),
    }
    Ok(())
}

fn take<T: Decode>(path: &Path<'_>, rest: &mut &[u8]) -> Result<T> {
    T::decode(rest).or_else(|_| path.error("the bytes end too early or hold a value out of range"))
}

fn decode(path: &Path<'_>, ty: u32, rest: &mut &[u8]) -> Result<Value> {
    let Some(resolved) = path.types.resolve(ty) else { return path.error(format!("type {ty} is missing")) };
    match &resolved.type_def {
        TypeDef::Primitive(primitive) => decode_primitive(path, primitive, rest),
        TypeDef::Composite(composite) => decode_fields(path, &fields_of(&composite.fields), rest),
        TypeDef::Variant(variant) => {
            let index = take::<u8>(path, rest)?;
            let Some(found) = variant.variants.iter().find(|variant| variant.index == index) else {
                return path.error(format!("there is no variant {index}"));
            };
            let fields = fields_of(&found.fields);
            if resolved.path.ident().is_some_and(|name| name == "Option") {
                let Some(field) = fields.first() else { return Ok(Value::Null) };
                let value = decode(&path.down("")?, field.ty, rest)?;
                return Ok(match is_nullable(path.types, field.ty, 0) {
                    true => Value::Object(Map::from_iter([("Some".to_string(), value)])),
                    false => value,
                });
            }
            if fields.is_empty() {
                return Ok(Value::String(found.name.clone()));
            }
            let content = decode_fields(&path.down(&format!(".{}", found.name))?, &fields, rest)?;
            Ok(Value::Object(Map::from_iter([(found.name.clone(), content)])))
        }
        TypeDef::Sequence(sequence) => {
            let count = take::<Compact<u32>>(path, rest)?.0 as usize;
            decode_items(path, sequence.type_param.id, count, rest)
        }
        TypeDef::Array(array) => decode_items(path, array.type_param.id, array.len as usize, rest),
        TypeDef::Tuple(tuple) => {
            let types = tuple.fields.iter().enumerate();
            let items = types.map(|(index, ty)| decode(&path.down(&format!("[{index}]"))?, ty.id, rest));
            let items = items.collect::<Result<Vec<_>>>()?;
            Ok(if items.is_empty() { Value::Null } else { Value::Array(items) })
        }
        TypeDef::Compact(_) | TypeDef::BitSequence(_) => path.error("this kind of type is not used by contracts"),
    }
}

fn decode_items(path: &Path<'_>, ty: u32, count: usize, rest: &mut &[u8]) -> Result<Value> {
    // Nothing but `()` takes no bytes, and lists of it are not used: a count above the bytes is a lie.
    if count > rest.len() {
        return path.error(format!("{count} values in {} bytes", rest.len()));
    }
    if is_u8(path.types, ty) {
        let (bytes, left) = rest.split_at(count);
        *rest = left;
        return Ok(Value::String(format!("0x{}", hex::encode(bytes))));
    }
    let items = (0..count).map(|index| decode(&path.down(&format!("[{index}]"))?, ty, rest));
    Ok(Value::Array(items.collect::<Result<Vec<_>>>()?))
}

fn decode_fields(path: &Path<'_>, fields: &[Field], rest: &mut &[u8]) -> Result<Value> {
    match fields {
        [only] if only.name.is_empty() => decode(&path.down("")?, only.ty, rest),
        [first, ..] if first.name.is_empty() => {
            let items = fields.iter().enumerate();
            let items = items.map(|(index, field)| decode(&path.down(&format!("[{index}]"))?, field.ty, rest));
            Ok(Value::Array(items.collect::<Result<Vec<_>>>()?))
        }
        _ => decode_named(path, fields, rest),
    }
}

fn decode_primitive(path: &Path<'_>, primitive: &TypeDefPrimitive, rest: &mut &[u8]) -> Result<Value> {
    if path.numbers == Numbers::Tagged {
        let text = match primitive {
            TypeDefPrimitive::U64 => Some(take::<u64>(path, rest)?.to_string()),
            TypeDefPrimitive::U128 => Some(take::<u128>(path, rest)?.to_string()),
            TypeDefPrimitive::I64 => Some(take::<i64>(path, rest)?.to_string()),
            TypeDefPrimitive::I128 => Some(take::<i128>(path, rest)?.to_string()),
            _ => None,
        };
        if let Some(text) = text {
            return Ok(Value::Object(Map::from_iter([("$int".to_string(), Value::String(text))])));
        }
    }
    let unsigned = |number: u128| match u64::try_from(number) {
        Ok(small) if number <= MAX_EXACT => Value::from(small),
        _ => Value::String(number.to_string()),
    };
    let signed = |number: i128| match i64::try_from(number) {
        Ok(small) if number.unsigned_abs() <= MAX_EXACT => Value::from(small),
        _ => Value::String(number.to_string()),
    };
    Ok(match primitive {
        TypeDefPrimitive::Bool => Value::Bool(take(path, rest)?),
        TypeDefPrimitive::Str => Value::String(take(path, rest)?),
        TypeDefPrimitive::U8 => unsigned(take::<u8>(path, rest)?.into()),
        TypeDefPrimitive::U16 => unsigned(take::<u16>(path, rest)?.into()),
        TypeDefPrimitive::U32 => unsigned(take::<u32>(path, rest)?.into()),
        TypeDefPrimitive::U64 => unsigned(take::<u64>(path, rest)?.into()),
        TypeDefPrimitive::U128 => unsigned(take(path, rest)?),
        TypeDefPrimitive::I8 => signed(take::<i8>(path, rest)?.into()),
        TypeDefPrimitive::I16 => signed(take::<i16>(path, rest)?.into()),
        TypeDefPrimitive::I32 => signed(take::<i32>(path, rest)?.into()),
        TypeDefPrimitive::I64 => signed(take::<i64>(path, rest)?.into()),
        TypeDefPrimitive::I128 => signed(take(path, rest)?),
        _ => return path.error("this kind of type is not used by contracts"),
    })
}
