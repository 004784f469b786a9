//! Prints the report as a table or, with `--json`, as one document; `--quick` for a short run. `--calibrate` counts the
//! instructions of host calls (`--write host-functions/calibration.tsv` renews the numbers in their table).

use counterpart_bench_vm::calibrate;
use serde_json::Value;

fn main() -> Result<(), String> {
    let has = |name: &str| std::env::args().any(|argument| argument == name);
    let size =
        if has("--quick") { counterpart_bench_vm::Size { calls: 1_000, batches: 5 } } else { Default::default() };
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--calibrate-one") {
        let number = |offset: usize| arguments.get(at + offset).and_then(|text| text.parse().ok());
        let (Some(compiler), Some(index), Some(rounds)) = (arguments.get(at + 1), number(2), number(3)) else {
            return Err("--calibrate-one COMPILER SHAPE ROUNDS".into());
        };
        return calibrate::run_one(compiler, index as usize, rounds).map(|gas| println!("{gas} gas"));
    }
    if has("--calibrate") {
        let report = calibrate::report(|done, all| eprint!("\r{done} of {all} shapes"))?;
        eprintln!();
        if let Some(at) = arguments.iter().position(|argument| argument == "--write") {
            let path = arguments.get(at + 1).ok_or("--write FILE")?;
            std::fs::write(path, calibrate::data(&report)).map_err(|error| format!("{path}: {error}"))?;
        }
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
    println!("{}", report["method"].as_str().unwrap_or_default());
    println!("{:<20}{:<40}{:>12}{:>12}{:>12}", "function", "input", "cranelift", "winch", "gas");
    for row in report["rows"].as_array().into_iter().flatten() {
        let number = |name: &str| row[name].as_f64().unwrap_or(0.0);
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let (function, input) = (text("function"), text("input"));
        let (one, two, gas) = (number("cranelift"), number("winch"), number("gas"));
        let mark = if one.max(two) > gas { "  more than it charges" } else { "" };
        println!("{function:<20}{input:<40}{one:>12.0}{two:>12.0}{gas:>12.0}{mark}");
    }
}
