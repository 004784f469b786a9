//! Types as constants, and their serialisation at compile time.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use counterpart_host_functions::{Address, Hash};

/// Types whose values are one number, flag or text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the types' names")]
pub enum Primitive {
    Bool = 0,
    U8 = 1,
    U16 = 2,
    U32 = 3,
    U64 = 4,
    U128 = 5,
    I8 = 6,
    I16 = 7,
    I32 = 8,
    I64 = 9,
    I128 = 10,
    Str = 11,
}

/// A type as a constant. Recursive types cannot be built, since a constant cannot name itself.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// A number, flag or text.
    Primitive(Primitive),
    /// Named fields, or unnamed ones (empty names).
    Struct {
        /// The type's name.
        name: &'static str,
        /// In order of encoding.
        fields: &'static [FieldType],
    },
    /// One of several.
    Enum {
        /// The type's name.
        name: &'static str,
        /// In order of their indices.
        variants: &'static [VariantType],
    },
    /// Any number of values.
    Sequence(&'static Type),
    /// A fixed number of values.
    Array(u32, &'static Type),
    /// Values of several types; none for `()`.
    Tuple(&'static [&'static Type]),
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub struct FieldType {
    /// Empty for fields without a name.
    pub name: &'static str,
    /// Its type.
    pub ty: &'static Type,
}

/// A variant of an enum.
#[derive(Clone, Copy, Debug)]
pub struct VariantType {
    /// Its name.
    pub name: &'static str,
    /// The byte that encodes it.
    pub index: u8,
    /// Its fields.
    pub fields: &'static [FieldType],
}

/// What a method may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum MethodKind {
    /// Makes the contract.
    Constructor = 0,
    /// Changes it.
    Call = 1,
    /// Only answers.
    Query = 2,
}

/// A method.
#[derive(Clone, Copy, Debug)]
pub struct MethodType {
    /// Its name.
    pub name: &'static str,
    /// First bytes of the SHA3-256 of its name.
    pub selector: [u8; 4],
    /// What it may do.
    pub kind: MethodKind,
    /// Whether native currency can be sent with it.
    pub payable: bool,
    /// Its arguments.
    pub arguments: &'static [FieldType],
    /// What it answers.
    pub output: &'static Type,
    /// What it reverts with.
    pub error: Option<&'static Type>,
    /// First paragraph of its documentation.
    pub doc: &'static str,
}

/// An event.
#[derive(Clone, Copy, Debug)]
pub struct EventType {
    /// Its name.
    pub name: &'static str,
    /// SHA3-256 of the name: the event's first topic.
    pub topic: [u8; 32],
    /// All fields, in order of encoding.
    pub fields: &'static [FieldType],
    /// For each field, whether it is a topic.
    pub indexed: &'static [bool],
}

/// What lies under a stored field.
#[derive(Clone, Copy, Debug)]
pub enum Layout {
    /// One value.
    Item(&'static Type),
    /// Values by key: the key's SCALE encoding follows the name.
    Map(&'static Type, &'static Type),
    /// Values by key: bytes that sort as the keys do follow the name.
    OrdMap(&'static Type, &'static Type),
    /// The number of values under the name, each value under its index, four bytes from high to low.
    List(&'static Type),
    /// A sum: 16 bytes from low to high.
    Counter,
    /// Further fields.
    Fields(&'static [StoredField]),
}

/// A stored field.
#[derive(Clone, Copy, Debug)]
pub struct StoredField {
    /// Its name: part of the key.
    pub name: &'static str,
    /// What lies under it.
    pub layout: &'static Layout,
}

/// A contract's interface.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    /// The contract's name.
    pub name: &'static str,
    /// Constructors, calls and queries.
    pub methods: &'static [MethodType],
    /// Events.
    pub events: &'static [EventType],
    /// What it keeps in the state.
    pub storage: &'static Layout,
}

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a contract's interface",
    label = "derive `Abi` for it",
    note = "numbers have a fixed width there: no `usize`, no floats"
)]
/// A type that the interface can describe. Its SCALE encoding has this shape.
pub trait Abi {
    /// The description.
    const TYPE: &'static Type;
}

macro_rules! primitives {
    ($($ty:ty: $primitive:ident;)*) => {
        $(impl Abi for $ty {
            const TYPE: &'static Type = &Type::Primitive(Primitive::$primitive);
        })*
    };
}

primitives! {
    bool: Bool;
    u8: U8;
    u16: U16;
    u32: U32;
    u64: U64;
    u128: U128;
    i8: I8;
    i16: I16;
    i32: I32;
    i64: I64;
    i128: I128;
    String: Str;
    str: Str;
}

impl Abi for Address {
    const TYPE: &'static Type = &bytes32("Address");
}

impl Abi for Hash {
    const TYPE: &'static Type = &bytes32("Hash");
}

const fn bytes32(name: &'static str) -> Type {
    Type::Struct { name, fields: &[FieldType { name: "", ty: <[u8; 32]>::TYPE }] }
}

impl Abi for () {
    const TYPE: &'static Type = &Type::Tuple(&[]);
}

impl<T: Abi> Abi for Vec<T> {
    const TYPE: &'static Type = &Type::Sequence(T::TYPE);
}

impl<T: Abi> Abi for Box<T> {
    const TYPE: &'static Type = T::TYPE;
}

impl<T: Abi + ?Sized> Abi for &T {
    const TYPE: &'static Type = T::TYPE;
}

impl<T: Abi, const N: usize> Abi for [T; N] {
    const TYPE: &'static Type = &Type::Array(N as u32, T::TYPE);
}

impl<K: Abi, V: Abi> Abi for BTreeMap<K, V> {
    const TYPE: &'static Type = &Type::Sequence(&Type::Tuple(&[K::TYPE, V::TYPE]));
}

impl<T: Abi> Abi for Option<T> {
    const TYPE: &'static Type = &Type::Enum {
        name: "Option",
        variants: &[
            VariantType { name: "None", index: 0, fields: &[] },
            VariantType { name: "Some", index: 1, fields: &[FieldType { name: "", ty: T::TYPE }] },
        ],
    };
}

impl<T: Abi, E: Abi> Abi for Result<T, E> {
    const TYPE: &'static Type = &Type::Enum {
        name: "Result",
        variants: &[
            VariantType { name: "Ok", index: 0, fields: &[FieldType { name: "", ty: T::TYPE }] },
            VariantType { name: "Err", index: 1, fields: &[FieldType { name: "", ty: E::TYPE }] },
        ],
    };
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {
        $(impl<$($name: Abi),+> Abi for ($($name,)+) {
            const TYPE: &'static Type = &Type::Tuple(&[$($name::TYPE),+]);
        })*
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}

/// Writes into an array that may be too short: then it only counts.
struct Writer<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Writer<N> {
    const fn byte(&mut self, byte: u8) {
        if self.at < N {
            self.bytes[self.at] = byte;
        }
        self.at += 1;
    }

    const fn bytes(&mut self, bytes: &[u8]) {
        let mut index = 0;
        while index < bytes.len() {
            self.byte(bytes[index]);
            index += 1;
        }
    }

    const fn number(&mut self, number: usize) {
        assert!(number <= u16::MAX as usize, "an interface has at most 65 535 of anything");
        self.byte(number as u8);
        self.byte((number >> 8) as u8);
    }

    const fn text(&mut self, text: &str) {
        self.number(text.len());
        self.bytes(text.as_bytes());
    }

    const fn fields(&mut self, fields: &[FieldType]) {
        self.number(fields.len());
        let mut index = 0;
        while index < fields.len() {
            self.text(fields[index].name);
            self.ty(fields[index].ty);
            index += 1;
        }
    }

    const fn ty(&mut self, ty: &Type) {
        match ty {
            Type::Primitive(primitive) => {
                self.byte(0);
                self.byte(*primitive as u8);
            }
            Type::Struct { name, fields } => {
                self.byte(1);
                self.text(name);
                self.fields(fields);
            }
            Type::Enum { name, variants } => {
                self.byte(2);
                self.text(name);
                self.number(variants.len());
                let mut index = 0;
                while index < variants.len() {
                    self.text(variants[index].name);
                    self.byte(variants[index].index);
                    self.fields(variants[index].fields);
                    index += 1;
                }
            }
            Type::Sequence(inner) => {
                self.byte(3);
                self.ty(inner);
            }
            Type::Array(count, inner) => {
                self.byte(4);
                self.number((*count >> 16) as usize);
                self.number((*count & 0xFFFF) as usize);
                self.ty(inner);
            }
            Type::Tuple(types) => {
                self.byte(5);
                self.number(types.len());
                let mut index = 0;
                while index < types.len() {
                    self.ty(types[index]);
                    index += 1;
                }
            }
        }
    }

    const fn interface(&mut self, interface: &Interface) {
        self.text(interface.name);
        self.number(interface.methods.len());
        let mut index = 0;
        while index < interface.methods.len() {
            let method = &interface.methods[index];
            self.text(method.name);
            self.bytes(&method.selector);
            self.byte(method.kind as u8);
            self.byte(method.payable as u8);
            self.fields(method.arguments);
            self.ty(method.output);
            match method.error {
                Some(error) => {
                    self.byte(1);
                    self.ty(error);
                }
                None => self.byte(0),
            }
            self.text(method.doc);
            index += 1;
        }
        self.number(interface.events.len());
        let mut index = 0;
        while index < interface.events.len() {
            let event = &interface.events[index];
            self.text(event.name);
            self.bytes(&event.topic);
            self.fields(event.fields);
            let mut field = 0;
            while field < event.indexed.len() {
                self.byte(event.indexed[field] as u8);
                field += 1;
            }
            index += 1;
        }
        self.layout(interface.storage);
    }

    const fn layout(&mut self, layout: &Layout) {
        match layout {
            Layout::Item(value) => {
                self.byte(0);
                self.ty(value);
            }
            Layout::Map(key, value) => {
                self.byte(1);
                self.ty(key);
                self.ty(value);
            }
            Layout::OrdMap(key, value) => {
                self.byte(2);
                self.ty(key);
                self.ty(value);
            }
            Layout::List(value) => {
                self.byte(3);
                self.ty(value);
            }
            Layout::Counter => self.byte(4),
            Layout::Fields(fields) => {
                self.byte(5);
                self.number(fields.len());
                let mut index = 0;
                while index < fields.len() {
                    self.text(fields[index].name);
                    self.layout(fields[index].layout);
                    index += 1;
                }
            }
        }
    }
}

/// Bytes of an interface when serialised.
pub const fn length(interface: &Interface) -> usize {
    let mut writer = Writer::<0> { bytes: [], at: 0 };
    writer.interface(interface);
    writer.at
}

/// An interface as the compiler writes it into the module; `N` is its [`length`].
pub const fn serialize<const N: usize>(interface: &Interface) -> [u8; N] {
    let mut writer = Writer::<N> { bytes: [0; N], at: 0 };
    writer.interface(interface);
    assert!(writer.at == N, "N is the length");
    writer.bytes
}
