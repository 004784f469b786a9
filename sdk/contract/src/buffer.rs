//! Bytes that go to the host or come from it. What is done with them stands in few functions that are not inlined: in Wasm
//! the size of a contract is made here.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::any::Any;
use core::ops::Deref;
use parity_scale_codec::{Decode, Encode, Output};

/// Room that is enough for nearly everything.
const ROOM: usize = 192;

/// Bytes with room for more.
#[derive(Default)]
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// Without bytes.
    #[inline(never)]
    pub fn new() -> Self {
        Self(Vec::with_capacity(ROOM))
    }

    /// The encoding of a value.
    pub fn of(value: &impl Encode) -> Self {
        let mut buffer = Self::new();
        value.encode_to(&mut buffer);
        buffer
    }

    /// What a host function gives, if anything: it gets room and its size, writes as much as fits and answers the whole
    /// length, or a negative number if there is nothing.
    #[inline(never)]
    pub fn received(host: &mut dyn FnMut(&mut [u8], u32) -> i64) -> Option<Self> {
        let mut bytes = vec![0; ROOM];
        let length = host(&mut bytes, ROOM as u32);
        if length > ROOM as i64 {
            bytes = vec![0; length as usize];
            host(&mut bytes, length as u32);
        }
        bytes.truncate(length as usize);
        (length >= 0).then_some(Self(bytes))
    }

    /// The bytes alone.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Appends what there is room for.
    fn append(&mut self, bytes: &[u8]) {
        let length = self.0.len();
        debug_assert!(self.0.capacity() - length >= bytes.len(), "room was made");
        // Not `extend_from_slice`, which brings the code that grows a vector a second time.
        #[allow(unsafe_code, reason = "bytes are copied into room that was made for them")]
        // SAFETY: both callers make room for all of the bytes first, and a fresh or own vector overlaps with nobody's slice.
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.as_mut_ptr().add(length), bytes.len());
            self.0.set_len(length.wrapping_add(bytes.len()));
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Output for Buffer {
    #[inline(never)]
    fn push_byte(&mut self, byte: u8) {
        self.write(&[byte]);
    }

    #[inline(never)]
    fn write(&mut self, bytes: &[u8]) {
        let length = self.0.len().wrapping_add(bytes.len());
        if length > self.0.capacity() {
            let mut wider = Self(Vec::with_capacity(length.saturating_mul(2)));
            wider.append(&self.0);
            *self = wider;
        }
        self.append(bytes);
    }
}

/// Decodes a value; what is left of the bytes stays.
pub fn decoded<T: Decode + 'static>(rest: &mut &[u8]) -> Option<T> {
    let mut value: Option<T> = None;
    // The codec's decoder of texts reads in chunks from any input and takes a kilobyte; here the bytes are all there. Which
    // of the two it is, the compiler knows.
    match (&mut value as &mut dyn Any).downcast_mut::<Option<String>>() {
        Some(value) => *value = text(rest),
        None => value = T::decode(rest).ok(),
    }
    value
}

/// A text: its length as a compact number, then UTF-8.
#[inline(never)]
fn text(rest: &mut &[u8]) -> Option<String> {
    // The lowest bits of the first byte say how many bytes the number has. Five say more than a contract has memory.
    let (size, least) = match rest.first()? & 3 {
        0 => (1, 0),
        1 => (2, 1 << 6),
        2 => (4, 1 << 14),
        _ => return None,
    };
    let (number, after) = rest.split_at_checked(size)?;
    let length = number.iter().rev().fold(0, |number: u32, byte| (number << 8) | u32::from(*byte)) >> 2;
    let (bytes, after) = after.split_at_checked(length as usize)?;
    *rest = after;
    // A number in more bytes than it needs is refused.
    (length >= least && is_utf8(bytes)).then(|| {
        #[allow(unsafe_code, reason = "the bytes were checked in a way that takes less code than the library's")]
        // SAFETY: `is_utf8` says yes to well-formed UTF-8 alone.
        unsafe {
            String::from_utf8_unchecked(bytes.to_vec())
        }
    })
}

/// Whether bytes are well-formed UTF-8 (Unicode 16, section 3.9). The library's check is fast for long texts and takes a
/// kilobyte with its table, which is a tenth of a token.
fn is_utf8(bytes: &[u8]) -> bool {
    let mut bytes = bytes.iter();
    while let Some(first) = bytes.next() {
        // As many bytes as the first begins with ones; one without any is a character by itself.
        let size = first.leading_ones();
        if size == 0 {
            continue;
        }
        let mut character = u32::from(*first) & (0x7F_u32 >> size);
        for _ in 1..size {
            match bytes.next() {
                Some(next) if next & 0xC0 == 0x80 => character = (character << 6) | u32::from(next & 0x3F),
                _ => return false,
            }
        }
        // Not in more bytes than it needs.
        let least = match size {
            2 => 0x80,
            3 => 0x800,
            4 => 0x1_0000,
            _ => return false,
        };
        if character < least || char::from_u32(character).is_none() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Buffer, decoded, is_utf8};
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use parity_scale_codec::{Decode, Encode, Output};

    #[test]
    fn utf8_is_what_the_library_says_it_is() {
        // Every sequence of up to four bytes of those at which the rules change, and what stands around them.
        let edges =
            [0, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE]
                .into_iter()
                .chain([0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF]);
        let edges: Vec<u8> = edges.collect();
        let mut texts: Vec<Vec<u8>> = alloc::vec![Vec::new()];
        for _ in 0..4 {
            let longer = texts.iter().flat_map(|text| edges.iter().map(|byte| [text.as_slice(), &[*byte]].concat()));
            texts = longer.collect();
            for text in &texts {
                assert_eq!(is_utf8(text), core::str::from_utf8(text).is_ok(), "{text:02X?}");
            }
        }
    }

    #[test]
    fn texts_decode_as_the_codec_does() {
        for text in ["", "a", "Zürich €", &"x".repeat(63), &"x".repeat(64), &"x".repeat(16_383), &"x".repeat(16_384)]
        {
            let mut bytes = text.to_string().encode();
            bytes.push(7);
            let mut rest = bytes.as_slice();
            assert_eq!(decoded::<String>(&mut rest), Some(text.to_string()));
            assert_eq!(rest, [7]);
        }
        // Cut off, longer than there is, not minimal, not UTF-8.
        for bytes in
            [&[][..], &[8, 65], &[1, 0], &[2, 0, 0, 0], &[3, 0, 0, 0, 0], &[7, 0, 0, 0, 0], &[4, 0xFF], &[3, 1]]
        {
            assert_eq!(decoded::<String>(&mut &*bytes), None, "{bytes:02X?}");
            assert!(String::decode(&mut &*bytes).is_err(), "{bytes:02X?}");
        }
    }

    #[test]
    fn a_buffer_grows() {
        let mut buffer = Buffer::new();
        let mut all = Vec::new();
        for number in 0..200u32 {
            buffer.write(&number.to_le_bytes());
            all.extend_from_slice(&number.to_le_bytes());
            assert_eq!(*buffer, all[..]);
        }
        assert_eq!(buffer.into_bytes(), all);
    }
}
