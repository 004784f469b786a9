//! Profiles in the formats of other tools.

use crate::flame::Flame;
use prost::Message;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A way from the root to a part with gas of its own.
struct Sample<'a> {
    way: Vec<&'a Flame>,
    gas: u64,
}

fn samples<'a>(flame: &'a Flame, above: &[&'a Flame], found: &mut Vec<Sample<'a>>) {
    let way: Vec<&Flame> = above.iter().copied().chain([flame]).collect();
    let own = flame.gas - flame.parts.iter().map(|part| part.gas).sum::<u64>();
    if own > 0 {
        found.push(Sample { way: way.clone(), gas: own });
    }
    flame.parts.iter().for_each(|part| samples(part, &way, found));
}

/// Numbers for names, in the order in which they are asked for.
#[derive(Default)]
struct Numbers(BTreeMap<String, usize>, Vec<String>);

impl Numbers {
    fn of(&mut self, name: &str) -> usize {
        if let Some(number) = self.0.get(name) {
            return *number;
        }
        self.1.push(name.to_owned());
        self.0.insert(name.to_owned(), self.1.len() - 1);
        self.1.len() - 1
    }
}

impl Flame {
    /// A document for <https://www.speedscope.app>: one sampled profile whose unit is gas.
    pub fn to_speedscope(&self) -> Value {
        let mut found = Vec::new();
        samples(self, &[], &mut found);
        let (mut numbers, mut frames) = (Numbers::default(), Vec::new());
        let mut stacks = Vec::new();
        for sample in &found {
            let mut stack = Vec::new();
            for part in &sample.way {
                let number = numbers.of(&part.name);
                if number == frames.len() {
                    let place = part.place.as_ref();
                    frames.push(match place {
                        Some(line) => json!({ "name": part.name, "file": line.file, "line": line.line }),
                        None => json!({ "name": part.name }),
                    });
                }
                stack.push(number);
            }
            stacks.push(stack);
        }
        let weights: Vec<u64> = found.iter().map(|sample| sample.gas).collect();
        json!({
            "$schema": "https://www.speedscope.app/file-format-schema.json",
            "exporter": concat!("counterpart ", env!("CARGO_PKG_VERSION")),
            "name": self.name,
            "shared": { "frames": frames },
            "profiles": [{
                "type": "sampled", "name": "gas", "unit": "none", "startValue": 0, "endValue": self.gas,
                "samples": stacks, "weights": weights,
            }],
        })
    }

    /// The protocol buffer of <https://github.com/google/pprof> (`profile.proto`), not compressed; its one value is gas.
    pub fn to_pprof(&self) -> Vec<u8> {
        let mut found = Vec::new();
        samples(self, &[], &mut found);
        let mut strings = Numbers::default();
        // The format wants the empty string first.
        strings.of("");
        let (kind, unit) = (strings.of("gas") as i64, strings.of("count") as i64);
        let value_type = ValueType { kind, unit };
        let mut names = Numbers::default();
        let (mut functions, mut locations, mut proto_samples) = (Vec::new(), Vec::new(), Vec::new());
        for sample in &found {
            let mut way = Vec::new();
            for part in &sample.way {
                let number = names.of(&part.name);
                let id = number as u64 + 1;
                if number == functions.len() {
                    let file = part.place.as_ref().map_or("", |line| line.file.as_str());
                    let line = part.place.as_ref().map_or(0, |line| i64::from(line.line));
                    let (name, filename) = (strings.of(&part.name) as i64, strings.of(file) as i64);
                    functions.push(Function { id, name, system_name: name, filename, start_line: line });
                    locations.push(Location { id, lines: vec![SourceLine { function: id, line }] });
                }
                way.push(id);
            }
            // The leaf comes first.
            way.reverse();
            proto_samples.push(ProtoSample { locations: way, values: vec![sample.gas as i64] });
        }
        let profile = ProtoProfile {
            sample_types: vec![value_type.clone()],
            samples: proto_samples,
            locations,
            functions,
            strings: strings.1,
            period_type: Some(value_type),
            period: 1,
        };
        profile.encode_to_vec()
    }
}

/// Field numbers are those of `profile.proto`.
#[derive(Clone, PartialEq, Message)]
struct ProtoProfile {
    #[prost(message, repeated, tag = "1")]
    sample_types: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<ProtoSample>,
    #[prost(message, repeated, tag = "4")]
    locations: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    functions: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    strings: Vec<String>,
    #[prost(message, optional, tag = "11")]
    period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    period: i64,
}

#[derive(Clone, PartialEq, Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    kind: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoSample {
    #[prost(uint64, repeated, tag = "1")]
    locations: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    values: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    lines: Vec<SourceLine>,
}

#[derive(Clone, PartialEq, Message)]
struct SourceLine {
    #[prost(uint64, tag = "1")]
    function: u64,
    #[prost(int64, tag = "2")]
    line: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "3")]
    system_name: i64,
    #[prost(int64, tag = "4")]
    filename: i64,
    #[prost(int64, tag = "5")]
    start_line: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Line;

    fn flame() -> Flame {
        let place = Some(Line { file: "src/lib.rs".into(), line: 12 });
        let line = Flame { place, ..Flame::leaf("src/lib.rs:12", "line", 30) };
        let function = Flame::node("transfer".into(), "instructions", 40, vec![line]);
        let host = Flame::leaf("storage_get", "host", 60);
        Flame::node("transaction".into(), "transaction", 100, vec![function, host])
    }

    #[test]
    fn pprof_holds_every_sample_with_its_way_from_the_leaf() {
        let profile = ProtoProfile::decode(flame().to_pprof().as_slice()).expect("the format of the library");
        assert_eq!(profile.samples.iter().flat_map(|sample| &sample.values).sum::<i64>(), 100);
        let text = |index: i64| profile.strings[index as usize].as_str();
        let name = |id: &u64| text(profile.functions.iter().find(|function| function.id == *id).expect("known").name);
        let ways: Vec<Vec<&str>> =
            profile.samples.iter().map(|sample| sample.locations.iter().map(name).collect()).collect();
        assert!(ways.contains(&vec!["src/lib.rs:12", "transfer", "transaction"]), "{ways:?}");
        let line = profile.functions.iter().find(|function| text(function.name) == "src/lib.rs:12").expect("known");
        assert_eq!((text(line.filename), line.start_line), ("src/lib.rs", 12));
        assert_eq!(profile.strings[0], "");
    }

    #[test]
    fn speedscope_holds_every_sample() {
        let document = flame().to_speedscope();
        let weights = document["profiles"][0]["weights"].as_array().expect("a list");
        assert_eq!(weights.iter().filter_map(Value::as_u64).sum::<u64>(), 100);
        let frames = document["shared"]["frames"].as_array().expect("a list");
        let highest = document["profiles"][0]["samples"].as_array().expect("a list").iter();
        let highest = highest.flat_map(|stack| stack.as_array().expect("a stack")).filter_map(Value::as_u64).max();
        assert_eq!(highest, Some(frames.len() as u64 - 1));
    }
}
