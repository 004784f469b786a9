//! `counterpart tx strength`: which faults the certificates in hand tolerate, as a table and as a picture.

use crate::Context;
use crate::chain::{self, ChainArguments};
use crate::output::{Exit, Failure, OrFail};
use counterpart_consensus::{Sight, strength};
use counterpart_ledger::{Hash, ValidatorSet};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Tenths of a second for which the words of R replicas are waited for.
const PATIENCE: u32 = 8;

/// What is in hand for a block.
struct InHand {
    finals: u16,
    /// Liars that cannot undo the block whatever the network does.
    any_network: u16,
    /// Liars that cannot undo it if messages arrive in time; `None` while too little time has passed or nobody says so.
    timely: Option<u16>,
    sight: Option<Sight>,
}

/// Shows the strength of a transaction's block.
pub fn show(
    context: &Context,
    chain: &ChainArguments,
    hash: &Hash,
    delta_ms: u64,
    svg: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let client = chain::connect(chain)?;
    let Some(confirmed) = client.confirmed(hash).map_err(chain::client_failure)? else {
        return Err(Failure::new(Exit::No, "waiting", "the transaction waits for a block").into());
    };
    let set = client.validators_for(&confirmed);
    let finals = confirmed.approval.signatures.len() as u16;
    let mut sight = client.sight(&confirmed).map_err(chain::client_failure)?;
    // The first question makes the replica ask the others.
    for _ in 0..PATIENCE {
        if sight.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        sight = client.sight(&confirmed).map_err(chain::client_failure)?;
    }
    let worth = strength(set, finals);
    let in_hand = InHand {
        finals,
        any_network: worth.map_or(0, |worth| worth.tolerated),
        timely: sight.and_then(|sight| sight.tolerated(set, delta_ms)),
        sight,
    };
    let text = table(set, &in_hand, delta_ms);
    if let Some(path) = svg {
        std::fs::write(path, picture(set, &in_hand, delta_ms)).or_fail(Exit::Input, "svg", path.display())?;
    }
    let rows: Vec<_> = (set.quorum..=set.size())
        .filter_map(|finals| strength(set, finals))
        .map(|worth| {
            json!({
                "finals": worth.finals, "tolerated": worth.tolerated, "tolerated_synchronous": worth.tolerated_synchronous,
                "silent": worth.silent, "in_hand": worth.finals == finals,
            })
        })
        .collect();
    let quiet = sight.map(|sight| {
        json!({ "elapsed_ms": sight.elapsed_ms, "skippers": sight.skippers, "others": sight.others, "tolerated": in_hand.timely })
    });
    let document =
        json!({ "replicas": set.size(), "quorum": set.quorum, "delta_ms": delta_ms, "strength": rows, "quiet": quiet });
    context.output.result(&document, &text);
    Ok(ExitCode::SUCCESS)
}

fn share(count: u16, set: &ValidatorSet) -> String {
    format!("{count} of {} ({} %)", set.size(), u32::from(count) * 100 / u32::from(set.size().max(1)))
}

fn table(set: &ValidatorSet, in_hand: &InHand, delta_ms: u64) -> String {
    let mut lines = vec![format!(
        "{:>8}  {:>20}  {:>24}  {:>16}",
        "finals", "liars, any network", "liars, timely messages", "silent replicas"
    )];
    for finals in set.quorum..=set.size() {
        let Some(worth) = strength(set, finals) else { continue };
        let mark = if finals == in_hand.finals { "  <- in hand" } else { "" };
        lines.push(format!(
            "{finals:>8}  {:>20}  {:>24}  {:>16}{mark}",
            worth.tolerated, worth.tolerated_synchronous, worth.silent
        ));
    }
    lines.push(String::new());
    lines.push(format!("whatever the network does: final although {} lie", share(in_hand.any_network, set)));
    lines.push(match (in_hand.sight, in_hand.timely) {
        (_, Some(liars)) => format!("if messages take at most {delta_ms} ms: final although {} lie", share(liars, set)),
        (Some(sight), None) => format!(
            "if messages take at most {delta_ms} ms: not yet; {} replicas say that {} ms have passed, {} skipped, {} voted otherwise",
            set.quorum, sight.elapsed_ms, sight.skippers, sight.others
        ),
        (None, None) => "how quiet the view was, fewer than R replicas say; ask again".to_owned(),
    });
    lines.join("\n")
}

/// Two rows of replicas: those that may lie without undoing the block, for each assumption.
fn picture(set: &ValidatorSet, in_hand: &InHand, delta_ms: u64) -> String {
    const CELL: u32 = 34;
    const LEFT: u32 = 24;
    let n = u32::from(set.size());
    let width = (LEFT * 2 + n * CELL).max(420);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} 236\" role=\"img\" font-family=\"system-ui, sans-serif\" \
         font-size=\"14\">\n<title>Liars that cannot undo the block</title>\n<rect width=\"{width}\" height=\"236\" fill=\"#fff\"/>\n"
    );
    let finals = format!("{} of {} replicas certified it (quorum {})", in_hand.finals, n, set.quorum);
    let rows = [
        (Some(in_hand.any_network), "whatever the network does".to_owned()),
        (in_hand.timely, format!("if messages take at most {delta_ms} ms")),
    ];
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"30\" fill=\"#222\">{finals}</text>");
    for (row, (liars, assumption)) in (0..).zip(rows) {
        let top = 62 + row * 84;
        let text = match liars {
            Some(liars) => format!("final although {liars} lie, {assumption}"),
            None => format!("not known yet, {assumption}"),
        };
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{top}\" fill=\"#222\">{text}</text>");
        let dashes = if liars.is_none() { " stroke-dasharray=\"3 3\"" } else { "" };
        for member in 0..n {
            let (fill, stroke) =
                if member < u32::from(liars.unwrap_or(0)) { ("#2a7f62", "#2a7f62") } else { ("none", "#888") };
            let x = LEFT + member * CELL;
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{}\" width=\"26\" height=\"26\" rx=\"5\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"2\"{dashes}/>",
                top + 14
            );
        }
    }
    svg.push_str("<text x=\"24\" y=\"222\" fill=\"#555\" font-size=\"12\">filled: may lie; hollow: has to be honest; dashed: not known yet</text>\n</svg>\n");
    svg
}
