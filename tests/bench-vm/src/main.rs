//! Prints the report as a table or, with `--json`, as one document; `--quick` for a short run.

use serde_json::Value;

fn main() -> Result<(), String> {
    let has = |name: &str| std::env::args().any(|argument| argument == name);
    let size =
        if has("--quick") { counterpart_bench_vm::Size { calls: 1_000, batches: 5 } } else { Default::default() };
    let report = counterpart_bench_vm::report(size)?;
    if has("--json") {
        println!("{report:#}");
    } else {
        table(&report);
    }
    Ok(())
}

/// One line for each figure.
fn table(report: &Value) {
    let rows = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    println!("one token transfer, {}", report["unit"].as_str().unwrap_or_default());
    for row in rows("transfer") {
        let ratio = row["ratio_to_revm"].as_f64().map_or(String::new(), |ratio| format!("  {ratio:.2} of revm"));
        println!(
            "  {:<12}{:>10.0}{ratio}",
            row["name"].as_str().unwrap_or_default(),
            row["ns"].as_f64().unwrap_or(0.0)
        );
    }
    println!("metering of compute kernels");
    for row in rows("metering") {
        println!("  {row}");
    }
}
