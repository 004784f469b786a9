//! Bytes from outside: whatever is in them, decoders answer and never panic or take more memory than the bytes are worth.
//! `COUNTERPART_LONG=1` tries a hundred times as many.

use counterpart_audit::{Bundle, SourceMap, extract};
use counterpart_audit_tests::{Maker, tell, wasmi};
use counterpart_testing::playback::{Part, RecordedCall, Recording};

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }

    /// A few changes: bits, bytes at their bounds, stretches that are lost, doubled or made up.
    fn alter(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut altered = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(altered.len());
            match self.below(5) {
                0 if !altered.is_empty() => altered[at] ^= 1 << self.below(8),
                1 if !altered.is_empty() => altered[at] = [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
                2 => altered.truncate(at),
                3 => {
                    let stretch = altered[at..(at + self.below(40)).min(altered.len())].to_vec();
                    altered.splice(at..at, stretch);
                }
                _ => altered.extend((0..self.below(9)).map(|_| 0xff)),
            }
        }
        altered
    }
}

fn cases(short: u64) -> u64 {
    if std::env::var("COUNTERPART_LONG").is_ok() { short * 100 } else { short }
}

#[test]
fn altered_bundles_are_refused_without_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmi(), &["ada", "grace"]);
    let story = tell(&mut maker);
    let genesis = maker.genesis();
    let bundle = extract(&maker.store, &wasmi(), story.calls[2]).expect("a bundle");
    let whole = bundle.with_sources(vec!["{}".into()]).to_bytes();
    let executor = wasmi();
    assert!(Bundle::from_bytes(&whole).and_then(|bundle| bundle.execute(&executor, &genesis)).is_ok());
    for seed in 0..cases(3_000) {
        let altered = Dice(seed).alter(&whole);
        let held = Bundle::from_bytes(&altered).and_then(|bundle| bundle.execute(&executor, &genesis));
        assert!(held.is_err() || altered == whole, "case {seed}");
    }
}

#[test]
fn altered_recordings_are_read_or_refused() {
    let part = |bytes: &[u8]| Part { parameter: 2, offset: 3, bytes: bytes.to_vec() };
    let call = |function: &str, answer| RecordedCall {
        function: function.into(),
        answer,
        gas: 5,
        reads: vec![part(b"key")],
        writes: vec![part(b"value"), part(b"")],
    };
    let recording = Recording::new(true, 1_000, vec![call("storage_get", Some(-1)), call("finish", None)]);
    let whole = recording.to_bytes();
    assert_eq!(Recording::from_bytes(&whole), Ok(recording));
    for seed in 0..cases(20_000) {
        let altered = Dice(seed).alter(&whole);
        if let Ok(read) = Recording::from_bytes(&altered) {
            assert_eq!(read.to_bytes(), altered, "case {seed}: one encoding for each recording");
        }
    }
}

#[test]
fn altered_source_maps_are_read_or_refused() {
    let hash = "11".repeat(32);
    let text = format!(
        "{{\"code_hash\":\"{hash}\",\"files\":[\"src/lib.rs\"],\"functions\":[{{\"name\":\"f\",\"lines\":[[3,1,10],[2,0,0]]}}]}}"
    );
    let map = SourceMap::from_json(&text).expect("a map");
    assert_eq!(map.line(0, 2).map(|line| line.line), Some(10));
    assert_eq!((map.line(0, 3), map.line(1, 0)), (None, None));
    assert_eq!(SourceMap::from_json(&map.to_json()).expect("a map"), map);
    for seed in 0..cases(20_000) {
        let altered = Dice(seed).alter(text.as_bytes());
        if let Ok(map) = SourceMap::from_json(&String::from_utf8_lossy(&altered)) {
            map.lines();
        }
    }
    for huge in ["[[18446744073709551615,1,1]]", "[[1048577,1,1]]", "[[1,9,1]]"] {
        assert!(SourceMap::from_json(&text.replace("[[3,1,10],[2,0,0]]", huge)).is_err(), "{huge}");
    }
    assert!(SourceMap::from_json(&text.replace("[3,1,10],[2,0,0]", "[1,1,1],[18446744073709551615,1,1]")).is_err());
}
