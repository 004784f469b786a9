//! Delays on a simulated network, and growth with the number of replicas.

use crate::table::{at_most, round};
use counterpart_simulation::{Plan, run};
use serde_json::{Map, Value, json};
use std::time::Instant;

/// Bytes of one signature in a certificate: whose it is, and 64 bytes.
const SIGNATURE_BYTES: u64 = 66;

/// Latency of a network of four, and growth from 4 to 64.
pub fn measure(quick: bool) -> Value {
    let heights = if quick { 20 } else { 400 };
    let mut plan = Plan::new(1, 4, 3, heights);
    (plan.faults.latency_us, plan.faults.jitter_us) = (10_000, 0);
    let delay = plan.faults.latency_us as f64;
    let outcome = run(&plan);
    let mut growth = Map::new();
    let sizes: &[u16] = if quick { &[4, 7] } else { &[4, 7, 10, 16, 31, 64] };
    for replicas in sizes {
        let quorum = replicas * 2 / 3 + 1;
        let mut plan = Plan { faults: plan.faults.clone(), ..Plan::new(1, *replicas, quorum, heights / 10) };
        plan.transactions = 20;
        let started = Instant::now();
        let outcome = run(&plan);
        let cpu_ms = started.elapsed().as_secs_f64() * 1e3;
        let per = |value: f64| value / outcome.height.max(1) as f64;
        let figures = json!({
            "quorum": quorum,
            "delays_to_approval": round(outcome.approval_us as f64 / delay),
            "messages_per_block": round(per(outcome.messages as f64)),
            "processor_ms_per_block_and_replica": round(per(cpu_ms) / f64::from(*replicas)),
            "certificate_bytes": u64::from(quorum) * SIGNATURE_BYTES,
        });
        growth.insert(format!("{replicas:02} replicas"), figures);
    }
    json!({
        "delays_to_approval": at_most(outcome.approval_us as f64 / delay, 3.3),
        "delays_per_block": at_most(outcome.block_us as f64 / delay, 2.2),
        "heights": outcome.height,
        "violations": outcome.violations.len(),
        "growth": growth,
    })
}
