//! What every story needs: people, money, and the sum of what all have.

use crate::stage::{Contract, Stage, number};
use crate::trading::chains;
use counterpart_client::Signer;
use counterpart_ledger::{Action, Hash};
use counterpart_node::{FAUCET, dev_account};
use serde_json::{Value, json};

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 50_000_000_000;

pub const MINUTE_MS: u64 = 60_000;
pub const HOUR_MS: u64 = 60 * MINUTE_MS;

/// What a story ends with.
pub struct Told {
    /// What it was about, for people and machines.
    pub facts: Vec<(&'static str, Value)>,
    /// Whether all that was made is somebody's, over all contracts.
    pub conserved: bool,
    /// Whether everything else went as it should.
    pub as_expected: bool,
}

/// People with native currency for gas.
pub fn people<const N: usize>(stage: &mut Stage<'_>, names: [&str; N]) -> anyhow::Result<[Signer; N]> {
    let faucet = Signer::new(dev_account(FAUCET));
    let people = names.map(|name| Signer::new(dev_account(name)));
    let fund = |signer: &Signer| Action::Transfer { to: signer.address(), amount: FUNDS };
    let funds = people.iter().map(fund).collect();
    stage.act("Give everyone native currency", &[(&faucet, funds)])?;
    Ok(people)
}

/// A token of an issuer; another for every name.
pub fn token(stage: &mut Stage<'_>, issuer: &Signer, name: &str) -> anyhow::Result<Contract> {
    let mut salt = Hash::ZERO;
    salt.0.iter_mut().zip(name.bytes()).for_each(|(byte, letter)| *byte = letter);
    let arguments = json!({ "name": name, "symbol": name, "decimals": 2 });
    stage.deploy_salted(&format!("Deploy {name}"), issuer, "token", ("new", arguments), salt)
}

/// A token as an asset.
pub fn asset(token: &Contract) -> Value {
    json!({ "Token": token.address.to_string() })
}

/// An account as it stands in documents.
pub fn account(who: &Signer) -> String {
    who.address().to_string()
}

/// The action of making units.
pub fn mint(token: &Contract, to: &Signer, units: u64) -> anyhow::Result<Action> {
    token.call("mint", json!({ "to": account(to), "units": units }))
}

/// Units that somebody holds.
pub fn held(stage: &Stage<'_>, token: &Contract, who: &str) -> anyhow::Result<u64> {
    number(&stage.ask(token, "balance_of", json!({ "holder": who }))?)
}

/// Units of a currency that somebody holds now.
pub fn held_of_currency(stage: &Stage<'_>, currency: &Contract, who: &str) -> anyhow::Result<u64> {
    number(&stage.ask(currency, "balance_of", json!({ "account": who }))?)
}

/// Units that people and contracts hold together.
pub fn sum(stage: &Stage<'_>, token: &Contract, people: &[&Signer], contracts: &[&Contract]) -> anyhow::Result<u64> {
    let people = people.iter().map(|signer| account(signer));
    let all = people.chain(contracts.iter().map(|contract| contract.address.to_string()));
    all.map(|who| held(stage, token, &who)).sum()
}

/// The currency's roles for one account, in one transaction.
fn appoint(currency: &Contract, who: &Signer) -> anyhow::Result<Vec<Action>> {
    let role = |role| currency.call("set_role", json!({ "role": role, "account": account(who), "has": true }));
    ["Issuer", "Granter", "Registrar"].into_iter().map(role).collect()
}

/// A currency of which two of a hundred units of people come back to the depository each hour, and nothing of others.
pub fn currency(stage: &mut Stage<'_>, mayor: &Signer) -> anyhow::Result<Contract> {
    let policies =
        |rate: u64| json!({ "tiers": [{ "above": 0, "rate": rate }], "idle": null, "expiry": null, "sweep": false });
    let terms = json!({
        "epoch_ms": HOUR_MS, "max_supply": 1_000_000, "rate_cap": 100_000_000, "notice_epochs": 2,
        "sweep_notice_epochs": 8, "policy_delay_ms": HOUR_MS, "admin_delay_ms": 0, "min_activity": 10,
        "grant_policies": policies(20_000_000), "non_grant_policies": policies(0), "identity_gate": null,
    });
    let arguments = json!({ "name": "Tala", "symbol": "TAL", "decimals": 2, "terms": terms });
    let currency = stage.deploy("Found a currency", mayor, "currency", "new", arguments)?;
    stage.act("The mayor issues, grants and registers", &[(mayor, appoint(&currency, mayor)?)])?;
    Ok(currency)
}

/// Registers accounts of the currency: people are granted value, others are not.
pub fn register(currency: &Contract, people: &[&Signer], others: &[String]) -> anyhow::Result<Action> {
    let one = |account: String, class: &str| json!({ "account": account, "class": class, "group": 0 });
    let mut accounts: Vec<Value> = people.iter().map(|who| one(account(who), "Grant")).collect();
    accounts.extend(others.iter().map(|who| one(who.clone(), "NonGrant")));
    currency.call("register_accounts", json!({ "accounts": accounts }))
}

/// The currency's sums, and whether they add up among each other and to all its accounts.
pub fn currency_adds_up(stage: &Stage<'_>, currency: &Contract) -> anyhow::Result<(Value, bool)> {
    let totals = stage.ask(currency, "totals", json!({}))?;
    let parts = ["depository", "circulating", "leaving", "redeemed"].map(|name| number(&totals[name]));
    let parts = parts.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let page = stage.ask(currency, "accounts", json!({ "after": null, "limit": 50 }))?;
    let mut circulating = 0;
    for entry in page.as_array().into_iter().flatten() {
        // An account holds parts of units: 2^32 of them make one, and a begun one is counted whole.
        circulating += number(&entry[1]["holding"]["held"]["parts"])?.div_ceil(1 << 32);
    }
    let adds_up = number(&totals["issued"])? == parts.iter().sum::<u64>() && parts[1] == circulating;
    Ok((totals, adds_up))
}

/// What the exchange over two chains ended with.
pub fn chains(exchanged: &chains::Ending, equal_beside: bool) -> Told {
    let chains::Ending { delivered, paid, resumed, refunded, never_both, .. } = exchanged;
    let facts = vec![
        ("delivered on B", json!(delivered)),
        ("paid on A", json!(paid)),
        ("paid by the next relay", json!(resumed)),
        ("refunded", json!(refunded)),
        ("never both", json!(never_both)),
        ("chain B replays equal", json!(equal_beside)),
    ];
    let as_expected = *never_both && equal_beside && *delivered > 0 && exchanged.fallback.holds();
    Told { facts, conserved: exchanged.conserved, as_expected }
}
