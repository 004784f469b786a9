//! Arguments that are likely to matter, from the types of an interface.

use crate::Random;
use counterpart_abi::{ContractAbi, Field};
use scale_info::form::PortableForm;
use scale_info::{TypeDef, TypeDefPrimitive};
use serde_json::{Map, Value, json};

/// Arguments for methods; the same for the same seed.
pub struct Generator {
    random: Random,
    addresses: Vec<String>,
    /// Numbers that were given before: sums and differences of them meet limits.
    seen: Vec<u128>,
}

impl Generator {
    pub fn new(seed: u64, addresses: Vec<String>) -> Self {
        Self { random: Random::new(seed), addresses, seen: vec![1, 100] }
    }

    fn next(&mut self) -> u64 {
        self.random.number()
    }

    /// A number below a bound that is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Mostly no time; sometimes a moment, a day, a year.
    pub fn wait_ms(&mut self) -> u64 {
        match self.below(8) {
            0 => 1 + self.next() % 60_000,
            1 => 86_400_000,
            2 if self.below(4) == 0 => 31_536_000_000,
            _ => 0,
        }
    }

    /// Arguments of a method.
    pub fn arguments(&mut self, abi: &ContractAbi, fields: &[Field]) -> Map<String, Value> {
        fields.iter().map(|field| (field.name.clone(), self.value(abi, field.ty, 0))).collect()
    }

    fn value(&mut self, abi: &ContractAbi, ty: u32, depth: u32) -> Value {
        let Some(resolved) = abi.types.resolve(ty).filter(|_| depth < 12) else { return Value::Null };
        match (&resolved.type_def, resolved.path.ident().as_deref()) {
            (_, Some("Address")) => {
                let index = self.below(self.addresses.len());
                json!(self.addresses[index])
            }
            (TypeDef::Primitive(primitive), _) => self.primitive(primitive),
            (TypeDef::Composite(composite), _) => self.fields(abi, &composite.fields, depth),
            (TypeDef::Variant(variant), Some("Option")) => {
                let inner = variant.variants.iter().flat_map(|variant| &variant.fields).next();
                match inner.filter(|_| self.below(3) != 0) {
                    Some(field) => self.value(abi, field.ty.id, depth + 1),
                    None => Value::Null,
                }
            }
            (TypeDef::Variant(variant), _) => {
                let chosen = &variant.variants[self.below(variant.variants.len().max(1))];
                if chosen.fields.is_empty() {
                    return json!(chosen.name);
                }
                let fields = self.fields(abi, &chosen.fields, depth);
                json!({ chosen.name.clone(): fields })
            }
            (TypeDef::Sequence(sequence), _) => {
                let length = self.below(5);
                self.list(abi, sequence.type_param.id, length, depth)
            }
            (TypeDef::Array(array), _) => self.list(abi, array.type_param.id, array.len as usize, depth),
            (TypeDef::Tuple(tuple), _) if tuple.fields.is_empty() => Value::Null,
            (TypeDef::Tuple(tuple), _) => {
                tuple.fields.iter().map(|field| self.value(abi, field.id, depth + 1)).collect()
            }
            _ => Value::Null,
        }
    }

    fn fields(&mut self, abi: &ContractAbi, fields: &[scale_info::Field<PortableForm>], depth: u32) -> Value {
        let named = fields.iter().all(|field| field.name.is_some());
        if named {
            let one = |field: &scale_info::Field<PortableForm>| {
                (field.name.clone().unwrap_or_default(), self.value(abi, field.ty.id, depth + 1))
            };
            return Value::Object(fields.iter().map(one).collect());
        }
        match fields {
            [only] => self.value(abi, only.ty.id, depth + 1),
            many => many.iter().map(|field| self.value(abi, field.ty.id, depth + 1)).collect(),
        }
    }

    /// Bytes are hex, other lists are arrays.
    fn list(&mut self, abi: &ContractAbi, item: u32, length: usize, depth: u32) -> Value {
        let bytes = abi.types.resolve(item).map(|ty| &ty.type_def);
        if matches!(bytes, Some(TypeDef::Primitive(TypeDefPrimitive::U8))) {
            let digits: String = (0..length).map(|_| format!("{:02x}", self.next() as u8)).collect();
            return json!(format!("0x{digits}"));
        }
        (0..length).map(|_| self.value(abi, item, depth + 1)).collect()
    }

    fn primitive(&mut self, primitive: &TypeDefPrimitive) -> Value {
        use TypeDefPrimitive::{Bool, Char, I8, I16, I32, I64, I128, Str, U8, U16, U32, U64, U128};
        let bits = match primitive {
            Bool => return json!(self.below(2) == 1),
            Str | Char => return json!(["", "a", "name", "Zürich", "0"][self.below(5)]),
            U8 | I8 => 8,
            U16 | I16 => 16,
            U32 | I32 => 32,
            U64 | I64 => 64,
            _ => 128,
        };
        let signed = matches!(primitive, I8 | I16 | I32 | I64 | I128);
        debug_assert!(signed || matches!(primitive, U8 | U16 | U32 | U64 | U128) || bits == 128);
        let most = u128::MAX >> (128 - bits + u32::from(signed));
        let number = self.number(most);
        if signed && self.below(2) == 1 { json!(format!("-{number}")) } else { json!(number.to_string()) }
    }

    /// Small numbers, numbers seen before and their neighbours, and the edges.
    fn number(&mut self, most: u128) -> u128 {
        let number = match self.below(10) {
            0 => 0,
            1 => most,
            2 => most - u128::from(self.next() % 3),
            3..=5 => {
                let index = self.below(self.seen.len());
                let seen = self.seen[index];
                match self.below(4) {
                    0 => seen.saturating_add(1),
                    1 => seen.saturating_sub(1),
                    2 => seen / 2,
                    _ => seen,
                }
            }
            6 | 7 => u128::from(self.next() % 100),
            8 => u128::from(self.next() % 1_000_000),
            _ => (u128::from(self.next()) << 64 | u128::from(self.next())) >> self.below(128),
        };
        let number = number.min(most);
        if self.seen.len() < 64 {
            self.seen.push(number);
        }
        number
    }
}
