//! Prints the report as a table or, with `--json`, as one document; `--quick` for a short run, `--calibrate` for the
//! table of host calls.

use serde_json::Value;

fn main() -> Result<(), String> {
    let has = |name: &str| std::env::args().any(|argument| argument == name);
    let size =
        if has("--quick") { counterpart_bench_vm::Size { calls: 1_000, batches: 5 } } else { Default::default() };
    if has("--calibrate") {
        let report = counterpart_bench_vm::calibrate::report(size)?;
        if has("--json") {
            println!("{report:#}");
        } else {
            calibration(&report);
        }
        return Ok(());
    }
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
    let number = |row: &Value, name: &str| row[name].as_f64();
    println!("{}", report["unit"].as_str().unwrap_or_default());
    println!("a token transfer through the executor: transaction of one, and one of many");
    for row in rows("transfer") {
        let (name, whole) = (row["name"].as_str().unwrap_or_default(), number(&row, "transaction_ns").unwrap_or(0.0));
        let ratio = number(&row, "ratio_to_revm").map_or(String::new(), |ratio| format!("  {ratio:.2} of revm"));
        let call = number(&row, "call_ns").map_or(String::new(), |call| format!("{call:>10.0}"));
        println!("  {name:<12}{whole:>10.0}{call}{ratio}");
    }
    println!("the frame alone, written by hand");
    for row in rows("frame") {
        println!("  {:<12}{:>10.0}", row["name"].as_str().unwrap_or_default(), number(&row, "ns").unwrap_or(0.0));
    }
    println!("metering of compute kernels");
    for row in rows("metering") {
        println!("  {row}");
    }
}

/// One line for each shape.
fn calibration(report: &Value) {
    println!(
        "{}; one gas of a compute kernel takes {:.3} ns",
        report["method"].as_str().unwrap_or_default(),
        report["kernel_ns_per_gas"]
    );
    println!("{:<20}{:<34}{:>12}{:>12}{:>8}", "function", "shape", "ns", "gas", "ns/gas");
    for row in report["rows"].as_array().into_iter().flatten() {
        let number = |name: &str| row[name].as_f64().unwrap_or(0.0);
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let (function, shape) = (text("function"), text("shape"));
        println!("{function:<20}{shape:<34}{:>12.0}{:>12.0}{:>8.2}", number("ns"), number("gas"), number("ns_per_gas"));
    }
}
