//! J3: the decision on the next version of a token is a record that is held. It is superseded while it waits, and what is carried out is
//! what was released.

use super::kit::{self, HOUR_MS, Told, account};
use crate::records::story::{self as records, BANDS};
use crate::stage::{Contract, Stage, hex, number};
use counterpart_cli::output::{Exit, Failure, OrFail};
use counterpart_client::Signer;
use counterpart_ledger::Hash;
use counterpart_service::Client;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Units of two holders.
const HOLDINGS: [u64; 2] = [700, 300];
/// The band of records that wait for an hour.
const BAND: usize = 1;

struct Cast {
    issuer: Signer,
    holders: [Signer; 2],
    parent: Contract,
    children: [Contract; 2],
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>) -> anyhow::Result<Told> {
    let cast = begin(stage)?;
    let mut held = records::begin(stage)?;
    let store = tempfile::tempdir().or_fail(Exit::Bug, "demo", "there is no place for the gatekeeper")?;
    let process = held.keeper(stage, store.path())?;
    let client = Client::new(process.url());
    let decision = |child: &Contract| format!("{} is succeeded by {}", cast.parent.address, child.address);
    let first = held.bring(&client, &decision(&cast.children[0]), BAND, None)?;
    stage.note("The decision for a first child is brought to the gatekeeper, and waits for an hour");
    records::settled(&client, std::slice::from_ref(&first), |state| state != "received")?;
    stage.advance_ms(HOUR_MS / 2)?;
    let second = held.bring(&client, &decision(&cast.children[1]), BAND, Some(first.commitment))?;
    stage.note("Half an hour later, the decision for another child supersedes it");
    let both = [first, second];
    records::settled(&client, &both, |state| state != "received")?;
    let early = cast.released(stage, &held, &both)?;
    stage.advance_ms(BANDS[BAND].1)?;
    records::until(&client, &both.iter().collect::<Vec<_>>())?;
    let released = cast.released(stage, &held, &both)?;
    let superseded = stage.ask(&held.records, "commitment", json!({ "commitment": hex(&both[0].commitment.0) }))?;
    let superseded = superseded["status"]["Superseded"] == hex(&both[1].commitment.0);
    stage.note("An hour after that it is released: the ledger has the second decision, and never the first");

    // What is carried out is what the ledger has, and nothing that somebody remembers.
    let child = released.and_then(|number| cast.children.get(number));
    let child = child.ok_or_else(|| Failure::new(Exit::Bug, "demo", "no decision was released"))?;
    let to = json!({ "child": child.address.to_string() });
    let propose = cast.parent.call("propose_upgrade", to.clone())?;
    stage.act("The issuer proposes the child that was released", &[(&cast.issuer, vec![propose])])?;
    stage.advance_ms(HOUR_MS)?;
    let name = cast.parent.call("set_upgraded_address", to)?;
    stage.act("It is named in the parent, once and for ever", &[(&cast.issuer, vec![name])])?;
    let moves = cast.holders.each_ref().map(|holder| {
        let upgrade = cast.parent.call("upgrade", json!({ "holder": account(holder) }))?;
        anyhow::Ok((holder, vec![upgrade]))
    });
    let moves = moves.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    stage.act("Both holders move to it", &moves)?;
    let held_in = |token: &Contract| {
        let units = cast.holders.each_ref().map(|holder| kit::held(stage, token, &account(holder)));
        units.into_iter().collect::<anyhow::Result<Vec<u64>>>()
    };
    let (before, after) = (held_in(&cast.parent)?, held_in(child)?);
    let total = |token: &Contract, method: &str| number(&stage.ask(token, method, json!({}))?);
    let trail = kit::held(stage, &cast.parent, &child.address.to_string())?;
    let made: u64 = HOLDINGS.iter().sum();
    // The parent keeps the trail of what moved; the other child was never touched.
    let conserved = after == HOLDINGS
        && before == [0, 0]
        && [trail, total(&cast.parent, "total_supply")?, total(child, "total_supply")?] == [made; 3]
        && total(&cast.children[0], "total_supply")? == 0;
    let facts = vec![
        ("released early", json!(early)),
        ("first is superseded", json!(superseded)),
        ("released", json!(released)),
        ("holders moved", json!(after)),
        ("trail in the parent", json!(trail)),
    ];
    Ok(Told { facts, conserved, as_expected: early.is_none() && superseded && released == Some(1) })
}

fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let [issuer, one, other] = kit::people(stage, ["issuer", "one", "other"])?;
    let token = json!({ "name": "Harbour Fund", "symbol": "HRB", "upgrade_delay_ms": HOUR_MS });
    let parent = stage.deploy("Deploy the token, version 1", &issuer, "security-token", "new", token)?;
    let holders = [one, other];
    let issues = holders
        .iter()
        .zip(HOLDINGS)
        .map(|(holder, units)| parent.call("issue", json!({ "to": account(holder), "units": units })));
    let issues = issues.collect::<anyhow::Result<Vec<_>>>()?;
    stage.act("Issue units to two holders", &[(&issuer, issues)])?;
    let successor = json!({ "parent": parent.address.to_string() });
    let mut child = |salt: u8| {
        let (title, package) = ("Deploy a child, version 2", "security-token-v2");
        stage.deploy_salted(title, &issuer, package, ("successor", successor.clone()), Hash([salt; 32]))
    };
    let children = [child(1)?, child(2)?];
    Ok(Cast { issuer, holders, parent, children })
}

impl Cast {
    /// Which decision the ledger has, found by the hash of what it says: the child's number.
    fn released(
        &self,
        stage: &Stage<'_>,
        held: &records::Cast,
        brought: &[records::Brought],
    ) -> anyhow::Result<Option<usize>> {
        for (number, child) in self.children.iter().enumerate() {
            let payload = hex(&Sha256::digest(format!("{} is succeeded by {}", self.parent.address, child.address)));
            for one in brought {
                let record = json!({ "commitment": hex(&one.commitment.0) });
                let record: Value = stage.ask(&held.records, "record_of", record)?;
                if record["items"]["payload"] == payload {
                    return Ok(Some(number));
                }
            }
        }
        Ok(None)
    }
}
