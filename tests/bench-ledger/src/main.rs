//! What a canonical root costs: the ledger beside the plain store that it lies on.

mod plain;
mod workload;

use anyhow::{Context, bail};
use clap::Parser;
use counterpart_storage::Store;
use plain::Plain;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use workload::{Maker, key};

/// Measures the ledger beside the plain store.
#[derive(Parser)]
struct Arguments {
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Entries of the state.
    #[arg(long, default_value_t = 1_000_000)]
    keys: u64,
    /// Blocks of each size.
    #[arg(long, default_value_t = 20)]
    blocks: u64,
    /// Reads and proofs.
    #[arg(long, default_value_t = 20_000)]
    reads: u64,
    /// A short run: 50 000 entries.
    #[arg(long)]
    quick: bool,
}

/// CPU time of the process so far: user and system, in clock ticks of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

/// Resident memory, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) * 1_024
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    (time.as_nanos() as f64 / 1_000.0 * 100.0).round() / 100.0
}

/// Blocks of one size on both, in turns, so that both meet the same noise.
fn blocks(
    store: &Store,
    plain: &mut Plain,
    maker: &mut Maker,
    arguments: &Arguments,
    updates: u64,
) -> anyhow::Result<Value> {
    let (mut with_root, mut without, mut hashed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cpu_root, mut cpu_plain) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..arguments.blocks {
        let block = maker.block(store, updates)?;
        let start = Instant::now();
        store.root_after(&block.writes);
        hashed.push(start.elapsed());
        let (used, start) = (cpu(), Instant::now());
        block.commit(store)?;
        with_root.push(start.elapsed());
        cpu_root += cpu() - used;
        let (used, start) = (cpu(), Instant::now());
        plain.commit(&block)?;
        without.push(start.elapsed());
        cpu_plain += cpu() - used;
    }
    let (root, bare) = (median(&mut with_root), median(&mut without));
    let per_update = |time: Duration| micros(time) / (arguments.blocks * updates) as f64;
    Ok(json!({
        "updates": updates,
        "ledger_ms": micros(root) / 1_000.0,
        "plain_ms": micros(bare) / 1_000.0,
        "root_alone_ms": micros(median(&mut hashed)) / 1_000.0,
        "ratio": root.as_secs_f64() / bare.as_secs_f64(),
        "ledger_cpu_us_per_update": per_update(cpu_root),
        "plain_cpu_us_per_update": per_update(cpu_plain),
        "target": 2.0,
    }))
}

fn reads(store: &Store, plain: &Plain, arguments: &Arguments) -> anyhow::Result<Value> {
    let state = store.state();
    let chosen: Vec<Vec<u8>> =
        (0..arguments.reads).map(|number| key(workload::mix(number, 99) % arguments.keys)).collect();
    let time = |read: &dyn Fn(&[u8]) -> anyhow::Result<bool>| -> anyhow::Result<Duration> {
        let start = Instant::now();
        for key in &chosen {
            if !read(key)? {
                bail!("an entry is missing");
            }
        }
        Ok(start.elapsed() / chosen.len() as u32)
    };
    // Twice in turns: the first warms what both share.
    let (mut ledger, mut bare) = (Duration::MAX, Duration::MAX);
    for _ in 0..2 {
        ledger = ledger.min(time(&|key| Ok(state.get(key)?.is_some()))?);
        bare = bare.min(time(&|key| plain.has(key))?);
    }
    Ok(json!({
        "ledger_us": micros(ledger), "plain_us": micros(bare), "ratio": ledger.as_secs_f64() / bare.as_secs_f64(), "target": 1.2,
    }))
}

fn proofs(store: &Store, arguments: &Arguments) -> anyhow::Result<Value> {
    let root = store.head().state_root;
    let count = arguments.reads.min(5_000);
    let (mut made, mut verified, mut bytes) = (Vec::new(), Vec::new(), 0);
    for number in 0..count {
        let key = key(workload::mix(number, 7) % arguments.keys);
        let start = Instant::now();
        let proved = store.prove(&key)?;
        made.push(start.elapsed());
        let start = Instant::now();
        proved.proof.verify(&root, &key, proved.value.as_deref())?;
        verified.push(start.elapsed());
        bytes += counterpart_ledger::encode(&proved.proof).len() as u64;
    }
    Ok(json!({
        "made_us": micros(median(&mut made)), "verified_us": micros(median(&mut verified)), "bytes": bytes / count, "target_us": 15.0,
    }))
}

/// Waits until neither store works in the background on what was filled: it would share the cores with what is measured.
fn quiet() {
    let mut used = cpu();
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = cpu();
        if now - used < Duration::from_millis(20) {
            return;
        }
        used = now;
    }
}

fn timed<T, E: std::error::Error + Send + Sync + 'static>(
    work: impl FnOnce() -> Result<T, E>,
) -> anyhow::Result<(Duration, T)> {
    let start = Instant::now();
    let made = work()?;
    Ok((start.elapsed(), made))
}

fn main() -> anyhow::Result<()> {
    let mut arguments = Arguments::parse();
    if arguments.quick {
        (arguments.keys, arguments.blocks, arguments.reads) = (50_000, 5, 2_000);
    }
    let folder = tempfile::tempdir().context("a folder for the benchmark")?;
    let before = memory();
    let mut maker = Maker::new(arguments.keys);
    let ledger = folder.path().join("ledger");
    let store = maker.fill(&ledger)?;
    let filled = memory();
    let mut plain = Plain::fill(&folder.path().join("plain"), arguments.keys)?;
    quiet();
    let sizes = [1_000, 10_000].map(|updates| blocks(&store, &mut plain, &mut maker, &arguments, updates));
    let [small, large] = sizes;
    let (reads, proofs) = (reads(&store, &plain, &arguments)?, proofs(&store, &arguments)?);
    let head = store.head();
    let trie_bytes = store.trie_bytes();
    // Once as after a crash, with all of the journal to read, and once after an orderly stop.
    drop(store);
    drop(plain);
    let (crashed, store) = timed(|| Store::open(&ledger))?;
    if store.head() != head {
        bail!("the reopened ledger has another head");
    }
    let (plain_open, reopened) = timed(|| Plain::open(&folder.path().join("plain")))?;
    drop(reopened);
    store.settle()?;
    drop(store);
    let (open, store) = timed(|| Store::open(&ledger))?;
    if store.head() != head {
        bail!("the reopened ledger has another head");
    }
    let report = json!({
        "keys": arguments.keys,
        "blocks": [small?, large?],
        "reads": reads,
        "proofs": proofs,
        "reopen_s": open.as_secs_f64(),
        "reopen_after_a_crash_s": crashed.as_secs_f64(),
        "plain_reopen_after_a_crash_s": plain_open.as_secs_f64(),
        "reopen_target_s": 2.0 * (arguments.keys as f64 / 1e6).max(1.0),
        "trie_bytes_per_key": trie_bytes as u64 / arguments.keys,
        "memory_bytes_per_key": filled.saturating_sub(before) / arguments.keys,
    });
    if arguments.json {
        println!("{report:#}");
    } else {
        table(&report);
    }
    Ok(())
}

fn table(report: &Value) {
    println!(
        "{} entries; bytes of memory for each: {} in the trie, {} in all, the store's tables included",
        report["keys"], report["trie_bytes_per_key"], report["memory_bytes_per_key"]
    );
    for block in report["blocks"].as_array().into_iter().flatten() {
        println!(
            "block of {:>6} updates  {:>8.2} ms with root  {:>8.2} ms plain  {:.2}x (at most 2)",
            block["updates"],
            block["ledger_ms"].as_f64().unwrap_or(0.0),
            block["plain_ms"].as_f64().unwrap_or(0.0),
            block["ratio"].as_f64().unwrap_or(0.0)
        );
    }
    let (reads, proofs) = (&report["reads"], &report["proofs"]);
    println!("read   {} us, {} us plain", reads["ledger_us"], reads["plain_us"]);
    println!("proof  {} us made, {} us verified, {} bytes", proofs["made_us"], proofs["verified_us"], proofs["bytes"]);
    let seconds = |name: &str| report[name].as_f64().unwrap_or(0.0);
    println!(
        "reopen {:.2} s (at most {:.0}); after a crash {:.2} s, the plain store {:.2} s",
        seconds("reopen_s"),
        seconds("reopen_target_s"),
        seconds("reopen_after_a_crash_s"),
        seconds("plain_reopen_after_a_crash_s")
    );
}
