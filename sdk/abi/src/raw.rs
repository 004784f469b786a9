//! Reads an interface as the compiler wrote it and makes the document of it.

use crate::document::{ContractAbi, Event, Field, Kind, Method};
use crate::stored::{Shape, Stored};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use scale_info::form::PortableForm;
use scale_info::{
    Path, PortableRegistryBuilder, Type, TypeDef, TypeDefArray, TypeDefComposite, TypeDefPrimitive, TypeDefSequence,
    TypeDefTuple, TypeDefVariant, Variant,
};

/// Nesting of types that is read; what the compiler writes is far below.
const MAX_DEPTH: u32 = 64;

pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    registry: PortableRegistryBuilder,
}

type Result<T> = core::result::Result<T, String>;

/// Parses a raw section.
pub(crate) fn parse(bytes: &[u8]) -> Result<(ContractAbi, Vec<(String, String)>)> {
    let mut reader = Reader { bytes, registry: PortableRegistryBuilder::new() };
    let name = reader.text()?;
    let (mut methods, mut docs) = (Vec::new(), Vec::new());
    for _ in 0..reader.number()? {
        let name = reader.text()?;
        let selector = reader.array::<4>()?;
        let kind = match reader.byte()? {
            0 => Kind::Constructor,
            1 => Kind::Call,
            2 => Kind::Query,
            other => return Err(format!("method kind {other}")),
        };
        let payable = reader.byte()? == 1;
        let arguments = reader.fields()?;
        let output = reader.ty(0)?;
        let error = if reader.byte()? == 1 { Some(reader.ty(0)?) } else { None };
        docs.push((name.clone(), reader.text()?));
        methods.push(Method { name, selector, kind, payable, arguments, output, error });
    }
    let mut events = Vec::new();
    for _ in 0..reader.number()? {
        let name = reader.text()?;
        let topic = reader.array::<32>()?;
        let fields = reader.fields()?;
        let indexed = fields.iter().map(|_| Ok(reader.byte()? == 1)).collect::<Result<Vec<_>>>()?;
        events.push(Event { name, topic, fields, indexed });
    }
    let mut storage = Vec::new();
    reader.layout(&mut Vec::new(), &mut storage)?;
    if !reader.bytes.is_empty() {
        return Err(format!("{} bytes too many", reader.bytes.len()));
    }
    let types = reader.registry.finish();
    Ok((ContractAbi { name, types, methods, events, storage }, docs))
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self.bytes.split_first().ok_or("it ends too early")?;
        self.bytes = rest;
        Ok(*first)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (first, rest) = self.bytes.split_first_chunk::<N>().ok_or("it ends too early")?;
        self.bytes = rest;
        Ok(*first)
    }

    fn number(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn text(&mut self) -> Result<String> {
        let length = usize::from(self.number()?);
        let text = self.bytes.get(..length).ok_or("it ends too early")?;
        self.bytes = &self.bytes[length..];
        Ok(core::str::from_utf8(text).map_err(|_| "a name is not UTF-8")?.to_string())
    }

    /// Appends the stored fields below a path.
    fn layout(&mut self, path: &mut Vec<String>, out: &mut Vec<Stored>) -> Result<()> {
        let shape = match self.byte()? {
            0 => Shape::Item { value: self.ty(0)? },
            1 => Shape::Map { key: self.ty(0)?, value: self.ty(0)? },
            2 => Shape::OrdMap { key: self.ty(0)?, value: self.ty(0)? },
            3 => Shape::List { value: self.ty(0)? },
            4 => Shape::Counter,
            5 if path.len() as u32 <= MAX_DEPTH => {
                for _ in 0..self.number()? {
                    path.push(self.text()?);
                    self.layout(path, out)?;
                    path.pop();
                }
                return Ok(());
            }
            other => return Err(format!("stored shape {other}")),
        };
        out.push(Stored { path: path.clone(), shape });
        Ok(())
    }

    fn fields(&mut self) -> Result<Vec<Field>> {
        self.fields_at(0)
    }

    fn fields_at(&mut self, depth: u32) -> Result<Vec<Field>> {
        let count = self.number()?;
        (0..count).map(|_| Ok(Field { name: self.text()?, ty: self.ty(depth)? })).collect()
    }

    fn ty(&mut self, depth: u32) -> Result<u32> {
        if depth > MAX_DEPTH {
            return Err("types are nested too deep".to_string());
        }
        let (name, def): (String, TypeDef<PortableForm>) = match self.byte()? {
            0 => (String::new(), TypeDef::Primitive(primitive(self.byte()?)?)),
            1 => {
                let name = self.text()?;
                let fields = portable(self.fields_at(depth + 1)?);
                (name, TypeDef::Composite(TypeDefComposite::new(fields)))
            }
            2 => {
                let name = self.text()?;
                let variants = (0..self.number()?).map(|_| {
                    let (name, index) = (self.text()?, self.byte()?);
                    let fields = portable(self.fields_at(depth + 1)?);
                    Ok(Variant { name, index, fields, docs: Vec::new() })
                });
                (name, TypeDef::Variant(TypeDefVariant::new(variants.collect::<Result<Vec<_>>>()?)))
            }
            3 => (String::new(), TypeDef::Sequence(TypeDefSequence::new(self.ty(depth + 1)?.into()))),
            4 => {
                let (high, low) = (self.number()?, self.number()?);
                let count = u32::from(high) << 16 | u32::from(low);
                (String::new(), TypeDef::Array(TypeDefArray::new(count, self.ty(depth + 1)?.into())))
            }
            5 => {
                let count = self.number()?;
                let types = (0..count).map(|_| Ok(self.ty(depth + 1)?.into())).collect::<Result<Vec<_>>>()?;
                (String::new(), TypeDef::Tuple(TypeDefTuple::new_portable(types)))
            }
            other => return Err(format!("type kind {other}")),
        };
        let segments = if name.is_empty() { Vec::new() } else { alloc::vec![name] };
        let path = Path::from_segments_unchecked(segments);
        Ok(self.registry.register_type(Type::new(path, Vec::new(), def, Vec::new())))
    }
}

fn portable(fields: Vec<Field>) -> Vec<scale_info::Field<PortableForm>> {
    let field = |field: Field| {
        let name = Some(field.name).filter(|name| !name.is_empty());
        scale_info::Field { name, ty: field.ty.into(), type_name: None, docs: Vec::new() }
    };
    fields.into_iter().map(field).collect()
}

fn primitive(number: u8) -> Result<TypeDefPrimitive> {
    use TypeDefPrimitive::*;
    let all = [Bool, U8, U16, U32, U64, U128, I8, I16, I32, I64, I128, Str];
    all.get(usize::from(number)).cloned().ok_or_else(|| format!("primitive {number}"))
}
