//! What a replay found, for people and for machines.

use crate::ledger::{EngineName, audit_failure, executor, line_words};
use crate::output::{Exit, Failure, OrFail};
use counterpart_audit::{Cause, Compute, Difference, Divergence, Effect, Inputs, Place, Report, SourceMap, locate};
use counterpart_execution::{BlockContext, Executor};
use counterpart_ledger::{Hash, Height, Receipt};
use counterpart_storage::Store;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where this engine and another part in a block that came out otherwise; an agreement of both is `Outside`'s opposite, and
/// `None`.
pub fn place(
    store: &Store,
    report: &Report,
    chosen: &Executor,
    name: EngineName,
) -> anyhow::Result<Option<Result<Place, &'static str>>> {
    let Some(Divergence { height, difference: Difference::Receipt { .. } | Difference::State { .. } }) =
        &report.divergence
    else {
        return Ok(None);
    };
    let other = executor(if name == EngineName::Wasmi { EngineName::Cranelift } else { EngineName::Wasmi })?;
    let Some(block) = store.block(*height).map_err(|error| audit_failure(error.into()))? else { return Ok(None) };
    let context = BlockContext::new(store.genesis(), &block.header);
    // Where the stored state cannot be trusted there is nothing to execute from.
    let Ok(state) = store.state_at(Height(height.0 - 1)) else { return Ok(None) };
    let inputs = Inputs { context, transactions: &block.transactions, state, codes: store.codes() };
    let found = locate(&inputs, chosen, &other).or_fail(Exit::Bug, "replay", "the block cannot be executed twice")?;
    Ok(Some(found.ok_or(other.engine_name())))
}

/// The report for machines.
pub fn document(
    report: &Report,
    genesis: &Hash,
    place: Option<&Result<Place, &'static str>>,
    sources: &Sources,
) -> Value {
    json!({
        "genesis": genesis.to_string(),
        "engine": report.engine,
        "from": report.span.from.0,
        "to": report.span.to.0,
        "blocks": report.blocks,
        "transactions": report.transactions,
        "gas": report.gas,
        "start_root": report.start_root.to_string(),
        "state_root": report.state_root.to_string(),
        "equal": report.divergence.is_none(),
        "divergence": report.divergence.as_ref().map(|divergence| json!({
            "height": divergence.height.0,
            "kind": divergence.difference.name(),
            "difference": difference(divergence),
            "place": place.map(|place| match place {
                Ok(place) => place_json(place, sources),
                Err(engine) => json!({ "agrees_with": engine }),
            }),
        })),
    })
}

/// The report for people.
pub fn line(report: &Report, place: Option<&Result<Place, &'static str>>, sources: &Sources) -> String {
    let Some(divergence) = &report.divergence else {
        return format!(
            "{} blocks with {} transactions came out equal on {}; state root {}",
            report.blocks, report.transactions, report.engine, report.state_root
        );
    };
    let mut text = format!("block {} differs on {}: {}", divergence.height, report.engine, difference(divergence));
    match place {
        Some(Ok(place)) => text.push_str(&format!("\n{}", place_words(place, sources))),
        Some(Err(engine)) => {
            text.push_str(&format!(
                "\n{engine} comes to the same result: what is stored was altered, or made by another engine"
            ));
        }
        None => {}
    }
    text
}

fn difference(divergence: &Divergence) -> String {
    let hex = |keys: &[Vec<u8>]| {
        let keys: Vec<String> = keys.iter().map(|key| format!("0x{}", hex::encode(key))).collect();
        keys.join(" ")
    };
    match &divergence.difference {
        Difference::Parent => "it does not follow its parent".to_owned(),
        Difference::Transactions { suspects } => {
            let suspects: Vec<String> = suspects.iter().map(u32::to_string).collect();
            format!("its header commits to other transactions; altered: {}", suspects.join(" "))
        }
        Difference::Certificate(message) => format!("its certificate does not hold: {message}"),
        Difference::Approval(message) => format!("the finals that are kept for it do not hold: {message}"),
        Difference::ParentRoots => "it carries other roots of its parent's results".to_owned(),
        Difference::Start { certified, stored } => {
            format!("it begins with state root {certified}, the stored state has {stored}")
        }
        Difference::Profile(hash) => format!("it is of profile {hash}, which this program does not know"),
        Difference::Code(hash) => format!("stored code is not what its hash {hash} says"),
        Difference::Receipt { transaction, stored, replayed } => {
            let fields = fields(stored.as_ref().as_ref(), replayed.as_ref().as_ref());
            format!(
                "transaction {transaction} had another result ({fields})\nstored   {stored:?}\nreplayed {replayed:?}"
            )
        }
        Difference::Writes { keys } => format!("what it is said to have changed is not what it changed: {}", hex(keys)),
        Difference::State { stored, replayed, keys } => {
            format!("the state root is {replayed}, stored is {stored}; keys that differ: {}", hex(keys))
        }
    }
}

fn fields(stored: Option<&Receipt>, replayed: Option<&Receipt>) -> String {
    let (Some(one), Some(other)) = (stored, replayed) else { return "one is missing".into() };
    let fields = [
        (one.transaction != other.transaction, "transaction"),
        (one.outcome != other.outcome, "outcome"),
        (one.gas_used != other.gas_used, "gas"),
        (one.fee != other.fee, "fee"),
        (one.outputs != other.outputs, "outputs"),
        (one.events != other.events, "events"),
        (one.evidence != other.evidence, "host calls"),
    ];
    let differing: Vec<&str> = fields.iter().filter(|(differs, _)| *differs).map(|(_, name)| *name).collect();
    differing.join(", ")
}

/// Source lines by code.
pub type Sources = BTreeMap<Hash, SourceMap>;

/// The source line of a stretch of code, where it is known.
fn source_line(compute: &Compute, sources: &Sources) -> Option<String> {
    let source = sources.get(&compute.code)?;
    let line = source.line(compute.function, compute.operator).or_else(|| source.first_line(compute.function))?;
    Some(line_words(&line))
}

/// A place for machines.
pub fn place_json(place: &Place, sources: &Sources) -> Value {
    let frames: Vec<String> = place.frames.iter().map(ToString::to_string).collect();
    let cause = match &place.cause {
        Cause::Outside => json!({ "kind": "outside" }),
        Cause::Host { function, answers } => {
            let answer = |(answer, gas, written): &(Option<i64>, u64, Vec<Vec<u8>>)| {
                let written: Vec<String> = written.iter().map(|bytes| format!("0x{}", hex::encode(bytes))).collect();
                json!({ "answer": answer, "gas": gas, "written": written })
            };
            json!({ "kind": "host", "function": function.name(), "answers": answers.iter().map(answer).collect::<Value>() })
        }
        Cause::Compute(compute) => json!({
            "kind": "compute", "code_hash": compute.code.to_string(), "function": compute.function,
            "block": compute.block, "offsets": [compute.offsets.0, compute.offsets.1], "effect": effect(compute.effect),
            "gas": compute.gas, "line": source_line(compute, sources),
        }),
    };
    json!({
        "transaction": place.transaction, "hash": place.hash.to_string(), "frames": frames,
        "host_calls_before": place.host_calls, "cause": cause,
    })
}

const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Way => "another way is taken after it",
        Effect::Gas => "it is charged otherwise",
        Effect::Memory => "it leaves other memory behind",
        Effect::Arguments => "it asks the host for something else",
    }
}

/// A place for people.
pub fn place_words(place: &Place, sources: &Sources) -> String {
    let frame = place.frames.last().map_or_else(String::new, |contract| format!(" in {contract}"));
    let start =
        format!("the engines part in transaction {}{frame}, after {} host calls", place.transaction, place.host_calls);
    match &place.cause {
        Cause::Outside => format!("{start}: outside of the contracts' code"),
        Cause::Host { function, answers: [one, other] } => {
            format!(
                "{start}: {} answers {:?} for {} gas, and {:?} for {}",
                function.name(),
                one.0,
                one.1,
                other.0,
                other.1
            )
        }
        Cause::Compute(compute) => format!(
            "{start}: {}function {} of code {}, metered block {} (bytes {} to {} of the code section): {}; gas left {} and {}",
            source_line(compute, sources).map(|line| format!("{line}, ")).unwrap_or_default(),
            compute.function,
            compute.code,
            compute.block,
            compute.offsets.0,
            compute.offsets.1,
            effect(compute.effect),
            gas(compute.gas[0]),
            gas(compute.gas[1]),
        ),
    }
}

fn gas(gas: Option<i64>) -> String {
    gas.map_or_else(|| "unknown".into(), |gas| gas.to_string())
}

/// Puts reports of spans together that were printed elsewhere.
pub fn join_files(files: &[PathBuf]) -> anyhow::Result<Value> {
    let mut reports: Vec<Value> = Vec::new();
    for file in files {
        let text =
            std::fs::read_to_string(file).or_fail(Exit::Input, "file", format!("{} cannot be read", file.display()))?;
        let report: Value = serde_json::from_str(&text).or_fail(Exit::Input, "bad_report", file.display())?;
        if !["from", "to", "blocks", "transactions", "gas"].iter().all(|field| report[*field].is_u64()) {
            let failure =
                Failure::new(Exit::Input, "bad_report", format!("{} is no report of a replay", file.display()));
            return Err(failure.hint("reports are what `counterpart replay --json --from --to` prints").into());
        }
        reports.push(report);
    }
    reports.sort_by_key(|report| report["from"].as_u64());
    let mut whole = reports[0].clone();
    for (index, report) in reports[1..].iter().enumerate() {
        let apart = |what: &str| {
            let after = reports[index]["to"].to_string();
            let failure = Failure::new(Exit::No, "spans", format!("the report after block {after} {what}"));
            failure.hint("together, the spans have to cover blocks without a gap, on one engine")
        };
        if whole["equal"] != true {
            break;
        }
        if report["from"].as_u64() != whole["to"].as_u64().map(|to| to + 1) {
            return Err(apart("does not follow").into());
        }
        if report["engine"] != whole["engine"] || report["genesis"] != whole["genesis"] {
            return Err(apart("is of another engine or another chain").into());
        }
        if report["start_root"] != whole["state_root"] && report["equal"] == true {
            return Err(apart("begins with another state").into());
        }
        for field in ["blocks", "transactions", "gas"] {
            whole[field] = json!(whole[field].as_u64().unwrap_or(0) + report[field].as_u64().unwrap_or(0));
        }
        for field in ["to", "state_root", "equal", "divergence"] {
            whole[field] = report[field].clone();
        }
    }
    Ok(whole)
}

/// What came out of putting reports together.
pub fn joined_line(joined: &Value) -> String {
    if joined["equal"] == true {
        format!(
            "blocks {} to {} with {} transactions came out equal on {}; state root {}",
            joined["from"],
            joined["to"],
            joined["transactions"],
            joined["engine"].as_str().unwrap_or("?"),
            joined["state_root"].as_str().unwrap_or("?")
        )
    } else {
        let divergence = &joined["divergence"];
        format!("block {} differs: {}", divergence["height"], divergence["difference"].as_str().unwrap_or("?"))
    }
}
