//! What goes wrong, by name.

use serde::Serialize;
use std::str::FromStr;

/// How a liar lies. Each also votes twice and certifies whatever it can.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// Proposes two blocks, one to each half of the replicas.
    Equivocate,
    /// Keeps its own signatures and certificates from some.
    Withhold,
    /// Sends blocks with wrong roots, certificates that do not hold, and bytes of others.
    Forge,
    /// Signs everything that could break safety, and otherwise does its part: alive but corrupt.
    Corrupt,
}

/// The faults of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Faults {
    /// Least latency in microseconds.
    pub latency_us: u64,
    /// What chance adds to it at most.
    pub jitter_us: u64,
    /// Messages lost, of a thousand.
    pub loss: u64,
    /// Messages delivered twice, of a thousand.
    pub duplicates: u64,
    /// Whether the network falls apart from time to time.
    pub partitions: bool,
    /// Whether replicas crash from time to time, in the middle of writing too.
    pub crashes: bool,
    /// Whether the validators are named anew from time to time, so that epochs change.
    pub epochs: bool,
    /// How far clocks differ at most, in ms.
    pub skew_ms: u64,
    /// How many replicas lie, and how.
    pub liars: Vec<Lie>,
    /// How many replicas are silent.
    pub silent: u16,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            latency_us: 10_000,
            jitter_us: 2_000,
            loss: 0,
            duplicates: 0,
            partitions: false,
            crashes: false,
            epochs: false,
            skew_ms: 0,
            liars: Vec::new(),
            silent: 0,
        }
    }
}

/// A fault that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "`{0}` is no fault: write latency:MS, jitter:MS, loss:PERMILLE, duplicates:PERMILLE, partitions, crashes, epochs, skew:MS, silent:N, \
     equivocate:N, withhold:N, forge:N or corrupt:N, separated by commas"
)]
pub struct FaultError(pub String);

impl FromStr for Faults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut faults = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty() && *part != "none") {
            let (name, number) = part.split_once(':').unwrap_or((part, ""));
            let error = || FaultError(part.to_owned());
            let count = || number.parse::<u64>().map_err(|_| error());
            let lie = match name {
                "latency" => {
                    faults.latency_us = count()?.saturating_mul(1_000);
                    continue;
                }
                "jitter" => {
                    faults.jitter_us = count()?.saturating_mul(1_000);
                    continue;
                }
                "loss" => {
                    faults.loss = count()?.min(900);
                    continue;
                }
                "duplicates" => {
                    faults.duplicates = count()?.min(1_000);
                    continue;
                }
                "partitions" if number.is_empty() => {
                    faults.partitions = true;
                    continue;
                }
                "crashes" if number.is_empty() => {
                    faults.crashes = true;
                    continue;
                }
                "epochs" if number.is_empty() => {
                    faults.epochs = true;
                    continue;
                }
                "skew" => {
                    faults.skew_ms = count()?.min(4_000);
                    continue;
                }
                "silent" => {
                    faults.silent = count()?.min(64) as u16;
                    continue;
                }
                "equivocate" => Lie::Equivocate,
                "withhold" => Lie::Withhold,
                "forge" => Lie::Forge,
                "corrupt" => Lie::Corrupt,
                _ => return Err(error()),
            };
            let liars = if number.is_empty() { 1 } else { count()?.min(64) };
            faults.liars.extend((0..liars).map(|_| lie));
        }
        Ok(faults)
    }
}
