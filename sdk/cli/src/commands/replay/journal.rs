//! What a replay has done, in a file: a line for the ledger and the engine, then one for each span.

use crate::output::{Exit, Failure, OrFail};
use counterpart_audit::{Report, Span};
use counterpart_execution::Executor;
use counterpart_ledger::{Hash, Height};
use counterpart_storage::Store;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// The file.
pub struct Journal {
    file: File,
    done: Vec<Report>,
}

impl Journal {
    /// Opens or makes the file.
    pub fn open(path: &Path, store: &Store, executor: &Executor) -> anyhow::Result<Self> {
        let failed = format!("{} cannot be used", path.display());
        let head = json!({
            "format": 1, "genesis": store.genesis().hash().to_string(), "engine": executor.engine_name(),
            "profile": executor.profile().hash().to_string(),
        });
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.or_fail(Exit::Input, "file", &failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).or_fail(Exit::Input, "file", &failed)?;
        // A line that was cut off when the process ended is written again.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).or_fail(Exit::Input, "file", &failed)?;
        file.seek(std::io::SeekFrom::End(0)).or_fail(Exit::Input, "file", &failed)?;
        let mut lines = text[..whole].lines();
        let Some(first) = lines.next() else {
            writeln!(file, "{head}").and_then(|()| file.sync_data()).or_fail(Exit::Input, "file", &failed)?;
            return Ok(Self { file, done: Vec::new() });
        };
        if serde_json::from_str::<Value>(first).ok().as_ref() != Some(&head) {
            let failure = Failure::new(
                Exit::Input,
                "other_replay",
                format!("{} is of a replay of another ledger or on another engine", path.display()),
            );
            return Err(failure.hint("name another file, or remove this one").into());
        }
        let mut done: Vec<Report> = Vec::new();
        for (number, line) in lines.enumerate() {
            let broken = || {
                let text = format!("line {} of {} is no report", number + 2, path.display());
                Failure::new(Exit::Input, "bad_journal", text).hint("remove the file to begin anew")
            };
            let line: Value = serde_json::from_str(line).map_err(|_| broken())?;
            done.push(report(&line, executor.engine_name()).ok_or_else(broken)?);
        }
        done.sort_by_key(|report| report.span);
        Ok(Self { file, done })
    }

    /// Reports of spans inside of one.
    pub fn done(&self, within: Span) -> Vec<Report> {
        let inside = |report: &&Report| report.span.from >= within.from && report.span.to <= within.to;
        self.done.iter().filter(inside).cloned().collect()
    }

    /// Writes a report, durably. One that differs is not kept: the next replay shall find it again.
    pub fn note(&mut self, report: &Report) -> anyhow::Result<()> {
        if report.divergence.is_some() {
            return Ok(());
        }
        let line = json!({
            "from": report.span.from.0, "to": report.span.to.0, "blocks": report.blocks,
            "transactions": report.transactions, "gas": report.gas, "start_root": report.start_root.to_string(),
            "state_root": report.state_root.to_string(),
        });
        let written = writeln!(self.file, "{line}").and_then(|()| self.file.sync_data());
        written.or_fail(Exit::Input, "file", "what is done cannot be kept")
    }
}

fn report(line: &Value, engine: &'static str) -> Option<Report> {
    let number = |name: &str| line[name].as_u64();
    let hash = |name: &str| line[name].as_str().and_then(Hash::from_hex);
    let span = Span { from: Height(number("from")?), to: Height(number("to")?) };
    Some(Report {
        engine,
        span,
        blocks: number("blocks").filter(|blocks| span.from <= span.to && *blocks == span.to.0 - span.from.0 + 1)?,
        transactions: number("transactions")?,
        gas: number("gas")?,
        start_root: hash("start_root")?,
        state_root: hash("state_root")?,
        divergence: None,
    })
}
