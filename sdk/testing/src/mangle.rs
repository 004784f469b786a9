//! Documents that are almost right: what a decoder of outside bytes is fuzzed with.

use crate::Random;
use serde_json::{Map, Number, Value};

/// A document with one to four changes somewhere in it: another value, another kind, something left out, added or repeated.
pub fn mangled(document: &Value, random: &mut Random) -> Value {
    let mut changed = document.clone();
    for _ in 0..=random.below(4) {
        change(&mut changed, random, 0);
    }
    changed
}

/// Bytes of a document with some of them changed, cut off or repeated.
pub fn mangled_bytes(document: &Value, random: &mut Random) -> Vec<u8> {
    let mut bytes = document.to_string().into_bytes();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len().max(1) as u64) as usize;
        match random.below(4) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] = random.number() as u8,
            2 => bytes.insert(at.min(bytes.len()), *random.pick(b"{}[]\",:0e-\\")),
            _ => bytes.extend_from_within(at.min(bytes.len())..),
        }
        bytes.truncate(1 << 20);
    }
    bytes
}

fn change(value: &mut Value, random: &mut Random, depth: u32) {
    let inward = depth < 12 && !random.one_in(4);
    match value {
        Value::Array(list) if inward && !list.is_empty() => {
            let at = random.below(list.len() as u64) as usize;
            change(&mut list[at], random, depth + 1);
        }
        Value::Object(fields) if inward && !fields.is_empty() => {
            let at = random.below(fields.len() as u64) as usize;
            if let Some(inner) = fields.values_mut().nth(at) {
                change(inner, random, depth + 1);
            }
        }
        Value::Array(list) => match random.below(3) {
            0 => list.clear(),
            1 => list.extend(list.clone()),
            _ => list.push(any(random)),
        },
        Value::Object(fields) => match (random.below(2), fields.keys().next().cloned()) {
            (0, Some(name)) => drop(fields.remove(&name)),
            _ => drop(fields.insert(text(random), any(random))),
        },
        simple => *simple = any(random),
    }
}

fn any(random: &mut Random) -> Value {
    match random.below(9) {
        0 => Value::Null,
        1 => Value::Bool(random.one_in(2)),
        2 => Value::Number(Number::from(random.number())),
        3 => Value::Number(Number::from(-(random.below(1 << 62) as i64))),
        4 => Number::from_f64(random.number() as f64 * 1e-9).map_or(Value::Null, Value::Number),
        5 => Value::Array(vec![Value::Null; random.below(4) as usize]),
        6 => Value::Object(Map::new()),
        _ => Value::String(text(random)),
    }
}

fn text(random: &mut Random) -> String {
    let odd =
        ["", "0x", "zz", "\u{0}", "-1", "1e400", "18446744073709551616", "é", "@context", "type", "a:b", "::", "."];
    match random.below(3) {
        0 => (*random.pick(&odd)).to_owned(),
        1 => "ab".repeat(random.below(80) as usize),
        _ => random.number().to_string(),
    }
}
