//! Four replicas on one machine: time to approval, blocks a second, bytes a second, a dead replica, a lost quorum.

use crate::cluster::{Cluster, Metrics, median_ms};
use crate::load::{self, Sender};
use crate::table::{at_least, at_most, round};
use anyhow::Context;
use counterpart_client::Client;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

const REPLICAS: u16 = 4;

/// With and without waiting for the disk.
pub fn measure(quick: bool, lost_s: u64) -> anyhow::Result<Value> {
    let seconds = if quick { 2.0 } else { 15.0 };
    let (fsync_ms, delta_ms) = (fsync_ms()?, loopback_ms()?);
    let without = one(false, seconds, None)?;
    let with = one(true, seconds, Some(if quick { 2 } else { lost_s }))?;
    let allowed = 3.0 * delta_ms + 2.0 * fsync_ms + 1.0;
    let p50 = |figures: &Value| figures["approval_p50_ms"].as_f64().unwrap_or(f64::INFINITY);
    Ok(json!({
        "fsync_ms": round(fsync_ms),
        "loopback_delay_ms": round(delta_ms),
        "approval_p50_ms without fsync": at_most(p50(&without), 2.0),
        "approval_p50_ms with fsync": at_most(p50(&with), allowed),
        "without fsync": without,
        "with fsync": with,
    }))
}

/// The median time of a small synced write in the folder where replicas write.
fn fsync_ms() -> anyhow::Result<f64> {
    let mut file = tempfile::tempfile()?;
    let mut times = Vec::new();
    for _ in 0..50 {
        file.write_all(&[7; 128])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Half the median time of a message there and back over TCP on loopback.
fn loopback_ms() -> anyhow::Result<f64> {
    use std::io::Read;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let echo = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut bytes = [0; 128];
        while stream.read_exact(&mut bytes).is_ok() {
            stream.write_all(&bytes)?;
        }
        Ok(())
    });
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let (mut bytes, mut times) = ([0; 128], Vec::new());
    for _ in 0..500 {
        let start = Instant::now();
        stream.write_all(&bytes)?;
        stream.read_exact(&mut bytes)?;
        times.push(start.elapsed().as_secs_f64() * 1e3 / 2.0);
    }
    drop(stream);
    let _ = echo.join();
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Blocks, transactions and bytes in a while under load.
struct Under {
    blocks_per_s: f64,
    transactions_per_s: f64,
    certificate_p50_ms: f64,
    approval_p50_ms: f64,
    record_p50_ms: f64,
}

fn under(
    cluster: &Cluster,
    senders: &mut Vec<Sender>,
    per_second: f64,
    bytes: usize,
    seconds: f64,
) -> anyhow::Result<Under> {
    let stop = AtomicBool::new(false);
    let count = senders.len() as f64;
    std::thread::scope(|scope| {
        let running: Vec<_> = (0u16..)
            .zip(std::mem::take(senders))
            .map(|(index, sender)| {
                let (url, stop) = (cluster.rpc(index % 2), &stop);
                scope.spawn(move || load::run(&url, sender, per_second / count, bytes, stop))
            })
            .collect();
        std::thread::sleep(Duration::from_secs_f64(seconds / 4.0));
        let (start, height, before) = (Instant::now(), cluster.height(0), cluster.metrics(0)?);
        std::thread::sleep(Duration::from_secs_f64(seconds));
        let (height, after, took) = (cluster.height(0) - height, cluster.metrics(0)?, start.elapsed().as_secs_f64());
        stop.store(true, Relaxed);
        for thread in running {
            senders.push(thread.join().map_err(|_| anyhow::anyhow!("a sender panicked"))??);
        }
        let grown = |name: &str| value(&after, name) - value(&before, name);
        Ok(Under {
            blocks_per_s: height as f64 / took,
            transactions_per_s: grown("counterpart_transactions_executed_total") / took,
            certificate_p50_ms: median_ms(&before, &after, "counterpart_certify_seconds").unwrap_or(f64::NAN),
            record_p50_ms: median_ms(&before, &after, "counterpart_record_seconds").unwrap_or(f64::NAN),
            approval_p50_ms: median_ms(&before, &after, "counterpart_approve_seconds").unwrap_or(f64::NAN),
        })
    })
}

fn value(metrics: &Metrics, name: &str) -> f64 {
    metrics.get(name).copied().unwrap_or(0.0)
}

/// Blocks without transactions, one after the other: how many a second, and the median time to approval in ms.
fn as_fast_as_they_go(sync: bool, seconds: f64) -> anyhow::Result<(f64, f64)> {
    let cluster = Cluster::start(REPLICAS, sync, 1)?;
    let (start, before) = (Instant::now(), cluster.metrics(0)?);
    std::thread::sleep(Duration::from_secs_f64(seconds));
    let (after, took) = (cluster.metrics(0)?, start.elapsed().as_secs_f64());
    let blocks = value(&after, "counterpart_height") - value(&before, "counterpart_height");
    let median = median_ms(&before, &after, "counterpart_approve_seconds").unwrap_or(f64::NAN);
    Ok((blocks / took, median))
}

fn one(sync: bool, seconds: f64, lost_s: Option<u64>) -> anyhow::Result<Value> {
    /// Bytes that a large transaction carries.
    const LARGE: usize = 256 << 10;
    let (small_blocks, full_rate) = as_fast_as_they_go(sync, seconds)?;
    let mut cluster = Cluster::start(REPLICAS, sync, 5_000)?;
    let client = Client::connect(&cluster.rpc(0)).context("a client")?;
    let mut faucet = load::faucet();
    let mut senders = vec![faucet.fund(&client, "bench one")?, faucet.fund(&client, "bench two")?];
    for sender in &senders {
        load::funded(&client, sender)?;
    }
    // One at a time: nothing waits for anything but the replicas.
    let quiet = under(&cluster, &mut senders, 20.0, 0, seconds)?;
    let small = under(&cluster, &mut senders, 2_000.0, 0, seconds)?;
    let large = under(&cluster, &mut senders, 1_000.0, LARGE, seconds)?;
    let mut report = json!({
        "certificate_p50_ms": round(quiet.certificate_p50_ms),
        "approval_p50_ms": round(quiet.approval_p50_ms),
        "record_p50_ms": round(quiet.record_p50_ms),
        "small_blocks_per_s": at_least(small_blocks, 500.0),
        "approval_p50_ms at that rate": round(full_rate),
        "transactions_per_s": round(small.transactions_per_s),
        "blocks_per_s of them": round(small.blocks_per_s),
        "ordered_mb_per_s": at_least(large.transactions_per_s * LARGE as f64 / 1e6, 100.0),
    });
    let Some(lost_s) = lost_s else { return Ok(report) };
    // What waits is worked off first.
    std::thread::sleep(Duration::from_secs(3));
    let whole = under(&cluster, &mut senders, 200.0, 0, seconds)?;
    cluster.kill(3)?;
    let three = under(&cluster, &mut senders, 200.0, 0, seconds)?;
    report["blocks_per_s with all"] = json!(round(whole.blocks_per_s));
    report["one dead, share of blocks"] = at_least(three.blocks_per_s / whole.blocks_per_s, 0.9);
    cluster.kill(2)?;
    std::thread::sleep(Duration::from_secs(lost_s));
    // A client waits, so that the next block is not one that a heartbeat makes.
    let (action, gas) = load::action(0);
    senders[0].send(&client, action, gas)?;
    let height = cluster.height(0);
    cluster.run(2)?;
    cluster.run(3)?;
    let back = cluster.reaches(0, height + 1, Duration::from_secs(60))?;
    report["quorum lost for s"] = json!(lost_s);
    report["s to a block after it is back"] = at_most(back.as_secs_f64(), 5.0);
    Ok(report)
}
