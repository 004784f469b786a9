//! Prints the report as JSON; `--quick` for a short run.

fn main() -> Result<(), String> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let size = if quick { counterpart_bench_vm::Size { calls: 1_000, batches: 5 } } else { Default::default() };
    println!("{:#}", counterpart_bench_vm::report(size)?);
    Ok(())
}
