//! `cargo xtask bench consensus`.

mod cluster;
mod load;
mod processes;
mod proof;
mod simulation;
mod table;

use clap::{Parser, ValueEnum};
use serde_json::{Map, Value};

/// Measures certification.
#[derive(Parser)]
struct Arguments {
    /// Only these parts; all when none is named.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Fewer rounds, to see that it works.
    #[arg(long)]
    quick: bool,
    /// Seconds for which the quorum is lost.
    #[arg(long, default_value_t = 20, value_name = "SECONDS")]
    lost: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Simulation,
    Proof,
    Processes,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let wanted = |part: Part| arguments.only.is_empty() || arguments.only.contains(&part);
    let mut report = Map::new();
    if wanted(Part::Simulation) {
        report.insert("simulation".into(), simulation::measure(arguments.quick));
    }
    if wanted(Part::Proof) {
        report.insert("proof".into(), proof::measure(arguments.quick)?);
    }
    if wanted(Part::Processes) {
        report.insert("processes".into(), processes::measure(arguments.quick, arguments.lost)?);
    }
    let report = Value::Object(report);
    match arguments.json {
        true => println!("{report:#}"),
        false => table::print(&report),
    }
    Ok(())
}
