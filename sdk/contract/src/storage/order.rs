//! Keys whose bytes sort as their values do.

use alloc::string::String;
use counterpart_host_functions::{Address, Hash};
use parity_scale_codec::Output;

/// A key of an ordered collection.
pub trait OrderedKey: Sized {
    /// Appends bytes that sort as the values do.
    fn write(&self, out: &mut impl Output);

    /// Reads a key back from the front.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

macro_rules! unsigned {
    ($($ty:ident)*) => {
        $(impl OrderedKey for $ty {
            fn write(&self, out: &mut impl Output) {
                out.write(&self.to_be_bytes());
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(Self::from_be_bytes)
            }
        })*
    };
}

macro_rules! signed {
    ($($ty:ident $unsigned:ident)*) => {
        $(impl OrderedKey for $ty {
            fn write(&self, out: &mut impl Output) {
                // With the sign bit turned over, negative numbers sort first.
                (self.cast_unsigned() ^ (1 << ($unsigned::BITS - 1))).write(out);
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                let turned = <$unsigned as OrderedKey>::read(bytes)?;
                Some((turned ^ (1 << ($unsigned::BITS - 1))).cast_signed())
            }
        })*
    };
}

unsigned! { u8 u16 u32 u64 u128 }
signed! { i8 u8 i16 u16 i32 u32 i64 u64 i128 u128 }

macro_rules! bytes32 {
    ($($ty:ident)*) => {
        $(impl OrderedKey for $ty {
            fn write(&self, out: &mut impl Output) {
                out.write(&self.0);
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(Self)
            }
        })*
    };
}

bytes32! { Address Hash }

impl<const N: usize> OrderedKey for [u8; N] {
    fn write(&self, out: &mut impl Output) {
        out.write(self);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes)
    }
}

/// Texts end with a zero byte and so may not hold one; those that do are cut there.
impl OrderedKey for String {
    fn write(&self, out: &mut impl Output) {
        let end = self.bytes().position(|byte| byte == 0).unwrap_or(self.len());
        out.write(&self.as_bytes()[..end]);
        out.push_byte(0);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == 0)?;
        let text = core::str::from_utf8(&bytes[..end]).ok()?;
        let text = String::from(text);
        *bytes = &bytes[end + 1..];
        Some(text)
    }
}

macro_rules! tuples {
    ($($($name:ident $index:tt)+;)*) => {
        $(impl<$($name: OrderedKey),+> OrderedKey for ($($name,)+) {
            fn write(&self, out: &mut impl Output) {
                $(self.$index.write(out);)+
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($name::read(bytes)?,)+))
            }
        })*
    };
}

tuples! {
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
}
