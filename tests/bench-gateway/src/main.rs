//! Whether a gateway takes a thousand readings a second and loses none, killed on the way.

mod ledger;
mod load;

use clap::Parser;
use serde_json::json;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Drives a gateway with signed readings, kills it on the way, and counts what the ledger has at the end.
#[derive(Parser)]
struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Readings a second, from all devices together.
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    /// Devices, each with a connection of its own.
    #[arg(long, default_value_t = 50)]
    devices: u64,
    /// Readings in a request.
    #[arg(long, default_value_t = 5)]
    packets: u64,
    /// How often the gateway is killed.
    #[arg(long, default_value_t = 3)]
    kills: u32,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let ledger = ledger::Ledger::start(&folder.path().join("network"), arguments.devices)?;
    let mut gateway = load::Gateway::start(&folder.path().join("gateway"), &ledger)?;
    let begun = Instant::now();
    let devices = load::Devices::start(&arguments.plan(), &ledger, gateway.url());
    let pause = Duration::from_secs(arguments.seconds) / (arguments.kills + 1);
    for _ in 0..arguments.kills {
        std::thread::sleep(pause);
        gateway.kill_and_start()?;
    }
    let mut sent = devices.join()?;
    let took = begun.elapsed();
    let behind = gateway.waiting()?;
    let (drained, recorded) = (Instant::now(), gateway.drained(Duration::from_secs(600))?);
    let drained = drained.elapsed();
    let on_ledger = ledger.events()?;
    let counts = ledger.counts(arguments.devices)?;
    let whole = on_ledger == sent.readings && counts.iter().sum::<u64>() == sent.readings && recorded;
    let rate = sent.readings as f64 / took.as_secs_f64();
    sent.latencies_us.sort_unstable();
    let percentile = |share: f64| {
        let at = ((sent.latencies_us.len() as f64 * share) as usize).min(sent.latencies_us.len().saturating_sub(1));
        sent.latencies_us.get(at).map_or(0.0, |us| *us as f64 / 1_000.0)
    };
    let fast = rate >= 0.99 * arguments.rate as f64;
    let document = json!({
        "readings": sent.readings,
        "seconds": took.as_secs_f64(),
        "rate": rate,
        "kills": arguments.kills,
        "sent_again": sent.again,
        "acknowledged_ms": { "median": percentile(0.5), "p99": percentile(0.99), "most": percentile(1.0) },
        "behind_at_the_end": behind,
        "drained_seconds": drained.as_secs_f64(),
        "on_ledger": on_ledger,
        "whole": whole,
        "fast": fast,
    });
    if arguments.json {
        println!("{document}");
    } else {
        println!(
            "{} readings in {:.1} s: {rate:.0} a second; {} kills, {} requests sent again\n\
             acknowledged after {:.1} ms (median), {:.1} ms (99 of 100), {:.0} ms (the slowest)\n\
             {behind} waited for the ledger at the end, for {:.1} s\n\
             on the ledger: {on_ledger}, {}",
            sent.readings,
            took.as_secs_f64(),
            arguments.kills,
            sent.again,
            percentile(0.5),
            percentile(0.99),
            percentile(1.0),
            drained.as_secs_f64(),
            if whole { "each once" } else { "NOT what was sent" },
        );
    }
    Ok(if whole && fast { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Arguments {
    fn plan(&self) -> load::Plan {
        let (devices, packets) = (self.devices.max(1), self.packets.clamp(1, 50));
        let requests = (self.rate * self.seconds).div_ceil(devices * packets);
        let between = Duration::from_secs_f64((devices * packets) as f64 / self.rate.max(1) as f64);
        load::Plan { devices, packets, requests, between }
    }
}
