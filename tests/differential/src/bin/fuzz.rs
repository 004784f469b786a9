//! The long campaign: random modules until the time is over, or until one differs.
//!
//! `fuzz MINUTES [SEED]`; without a seed it begins where the clock says, and prints where that was.

use counterpart_differential::hold;
use counterpart_execution::End;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let minutes = numbers.first().copied().unwrap_or(1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64);
    let first = numbers.get(1).copied().unwrap_or(now * 1_000_000);
    println!("seed {first}, {minutes} minutes");
    let start = Instant::now();
    let (mut tried, mut accepted, mut ends) = (0u64, 0u64, BTreeMap::<&str, u64>::new());
    while start.elapsed() < Duration::from_secs(60 * minutes) {
        let seed = first.wrapping_add(tried);
        tried += 1;
        let Ok(held) = std::panic::catch_unwind(|| hold(seed)) else {
            println!("seed {seed} differs; `DIFFERENTIAL_SEED={seed} DIFFERENTIAL_MODULES=1` repeats it in the test");
            return ExitCode::FAILURE;
        };
        let Some(seen) = held else { continue };
        accepted += 1;
        for frame in seen {
            let end = match frame.end {
                End::Returned => "returned",
                End::Host(_) => "stopped by the host",
                End::OutOfGas => "out of gas",
                End::StackExhausted => "stack exhausted",
                End::Trapped => "trapped",
                End::NoEntry => "no entry",
            };
            *ends.entry(end).or_default() += 1;
        }
    }
    println!("{tried} seeds, {accepted} modules held to one result; with plenty of gas, frames ended so: {ends:?}");
    ExitCode::SUCCESS
}
