//! Commits blocks and prints each height once it is durable: `committer FOLDER COUNT`; or examines a ledger and prints
//! its newest block: `committer FOLDER check`.
//!
//! Exits with 3 when the disk fails, after which nothing was acknowledged.

use counterpart_storage::Store;
use counterpart_storage_faults::Maker;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    }
}

fn run() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: committer FOLDER COUNT, or committer FOLDER check");
    };
    if count == "check" {
        let store = Store::open(&PathBuf::from(folder))?;
        store.check(&mut |_, _| {})?;
        println!("{}", store.head().hash);
        return Ok(());
    }
    let maker = Maker::default();
    let store = maker.open(&PathBuf::from(folder))?;
    let mut out = std::io::stdout();
    for _ in 0..count.parse::<u64>()? {
        let head = maker.commit_next(&store)?;
        writeln!(out, "{}", head.height)?;
        out.flush()?;
    }
    Ok(())
}
