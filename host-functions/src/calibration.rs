//! What host functions take: instructions, counted, beside the gas that the table charges for the same input.
//!
//! `calibration.tsv` is written by `cargo xtask bench vm -- --calibrate --write host-functions/calibration.tsv`, which
//! runs each input shape on code of both compilers and counts with valgrind. The shapes are meant to be the worst ones.
//! Entries lie in memory there: what a disk adds is in the constants of `storage_*` alone.

use crate::HostFunction;
use core::str::FromStr;

const DATA: &str = include_str!("../calibration.tsv");

/// One input shape of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counted {
    /// The function.
    pub function: HostFunction,
    /// The input, in words.
    pub input: &'static str,
    /// x86-64 instructions of a call from Cranelift's code.
    pub cranelift: u64,
    /// x86-64 instructions of a call from Winch's code.
    pub winch: u64,
    /// Gas that the call is charged, the few instructions of the contract around it included.
    pub gas: u64,
}

impl Counted {
    /// Instructions on the dearer compiler.
    pub fn instructions(&self) -> u64 {
        self.cranelift.max(self.winch)
    }
}

/// Every counted shape, in the order of the file.
///
/// # Panics
/// If the file is not what the command writes, which a test excludes.
pub fn counted() -> impl Iterator<Item = Counted> {
    DATA.lines().skip(1).map(|line| parse(line).expect("the file has five columns and names functions of the table"))
}

fn parse(line: &'static str) -> Option<Counted> {
    let mut columns = line.split('\t');
    let function = columns.next()?;
    let function = HostFunction::ALL.iter().copied().find(|known| known.name() == function)?;
    let input = columns.next()?;
    let mut number = || columns.next().and_then(|text| u64::from_str(text).ok());
    Some(Counted { function, input, cranelift: number()?, winch: number()?, gas: number()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_of_the_table_was_counted() {
        for function in HostFunction::ALL {
            assert!(counted().any(|row| row.function == *function), "{} was not counted", function.name());
        }
    }

    #[test]
    fn no_counted_input_takes_more_than_it_is_charged() {
        for row in counted() {
            let (name, took) = (row.function.name(), row.instructions());
            assert!(took <= row.gas, "{name} ({}) takes {took} instructions for {} gas", row.input, row.gas);
        }
    }
}
