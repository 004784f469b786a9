//! The promise to newcomers: a whole token stays small.

use counterpart_testing::Subject;
use token::native_token;

/// Lines that are neither blank nor comments.
fn counted(source: &str) -> usize {
    source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn the_source_has_at_most_110_counted_lines() {
    let lines = counted(include_str!("../../src/lib.rs"));
    assert!(lines <= 110, "{lines} counted lines");
}

#[test]
fn the_wasm_stays_within_its_budget() {
    let size = Subject::new("token", native_token()).wasm().len();
    assert!(size <= 10_000, "{size} bytes");
}
