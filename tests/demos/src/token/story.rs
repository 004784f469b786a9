//! What happens: a token is issued under rules, traded, sold, and handed on to its next version.

use super::cap_table::{CapTable, Holder};
use super::succession;
use crate::stage::{Contract, Stage, now_ms};
use counterpart_cli::output::{Exit, Failure};
use counterpart_client::Signer;
use counterpart_ledger::{Action, Address};
use counterpart_node::{FAUCET, dev_account};
use serde_json::{Value, json};

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 5_000_000_000;
const DAY_MS: u64 = 86_400_000;
/// How long a next version waits.
pub const UPGRADE_DELAY_MS: u64 = 3_600_000;

/// What the story ends with.
pub struct Ending {
    /// Transactions whose certificates were verified.
    pub certified: usize,
    /// Whether the parent answers as before, with the trail of the migration in its table.
    pub parent_still_callable: bool,
    /// Holders whose whole holding stands in the child.
    pub migrated_holders: usize,
    /// Native units that the dividend paid while some holders had moved and some had not.
    pub dividend_paid: u128,
    /// Whether the split's units and remains add up exactly.
    pub split_exact: bool,
    /// The decoded reason of the refused transfer.
    pub refused: Value,
}

/// A holder.
pub struct Person<'a> {
    pub entry: &'a Holder,
    pub signer: Signer,
    pub address: String,
}

/// Everybody and everything that takes part.
pub struct Cast<'a> {
    pub issuer: Signer,
    pub people: Vec<Person<'a>>,
    pub registry: Contract,
    pub compliance: Contract,
    pub parent: Contract,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>, table: &CapTable) -> anyhow::Result<Ending> {
    let (faucet, issuer) = (Signer::new(dev_account(FAUCET)), Signer::new(dev_account("issuer")));
    let person = |entry| {
        let signer = Signer::new(dev_account(&Holder::clone(entry).name));
        let address = signer.address().to_string();
        Person { entry, signer, address }
    };
    let people: Vec<Person<'_>> = table.holders.iter().map(person).collect();
    let fund = |address: Address| Action::Transfer { to: address, amount: FUNDS };
    let mut grants = vec![fund(issuer.address())];
    grants.extend(people.iter().map(|person| fund(person.signer.address())));
    stage.act("Give everyone native currency for gas", &[(&faucet, grants)])?;
    let cast = issue(stage, issuer, people)?;
    restrict(stage, &cast)?;
    trade(stage, &cast)?;
    let frozen = cast.people.iter().find(|person| person.entry.frozen);
    let frozen = frozen.ok_or_else(|| Failure::new(Exit::Input, "cap_table", "nobody is frozen"))?;
    let sale = cast.transfer(frozen, cast.free()[0], 1)?;
    let outcome = stage.act_in_vain("A frozen holder tries to sell", &frozen.signer, sale)?;
    let refused = outcome["error"].clone();
    stage.note(&format!("    refused: {refused}"));
    succession::play(stage, &cast, refused)
}

/// Deploys the registry, the rules and the token, and issues to everybody.
fn issue<'a>(stage: &mut Stage<'_>, issuer: Signer, people: Vec<Person<'a>>) -> anyhow::Result<Cast<'a>> {
    let registry = json!({ "admin_delay_ms": 0 });
    let registry = stage.deploy("Deploy the registry of investors", &issuer, "identity-registry", "new", registry)?;
    let rules = json!({ "registry": registry.address.to_string(), "admin_delay_ms": 0 });
    let compliance = stage.deploy("Deploy the contract of rules", &issuer, "compliance", "new", rules)?;
    let token = json!({ "name": "Harbour Fund", "symbol": "HRB", "upgrade_delay_ms": UPGRADE_DELAY_MS });
    let parent = stage.deploy("Deploy the token, version 1", &issuer, "security-token", "new", token)?;
    let me = issuer.address().to_string();
    let appoint = vec![
        registry.call("set_registrar", json!({ "account": me, "is": true }))?,
        compliance.call("set_officer", json!({ "account": me, "is": true }))?,
        compliance.call("set_token", json!({ "token": parent.address.to_string(), "is": true }))?,
        parent.call("set_compliance", json!({ "compliance": compliance.address.to_string() }))?,
        compliance.call("set_rules", json!({ "rules": rules_of_the_fund(people.len()) }))?,
    ];
    stage.act("Choose rules: no more holders than there are, and the desk", &[(&issuer, appoint)])?;
    let mut registrations = Vec::new();
    for page in people.chunks(50) {
        let entries: Vec<Value> = page.iter().map(|person| entry(&person.address, "Investor")).collect();
        registrations.push(registry.call("register", json!({ "entries": entries }))?);
    }
    stage.act(&format!("Register {} investors", people.len()), &[(&issuer, registrations)])?;
    let issue = |person: &Person<'_>| {
        parent.call("issue", json!({ "to": person.address, "units": person.entry.units.to_string() }))
    };
    let issues = people.iter().map(issue).collect::<anyhow::Result<Vec<_>>>()?;
    stage.act(&format!("Issue units to {} holders, all or none", people.len()), &[(&issuer, issues)])?;
    Ok(Cast { issuer, people, registry, compliance, parent })
}

fn entry(account: &str, kind: &str) -> Value {
    json!({
        "account": account, "identity": account, "country": 392, "accredited": false,
        "kind": kind, "custodian": null, "valid_until_ms": u64::MAX.to_string(),
    })
}

fn rules_of_the_fund(holders: usize) -> Value {
    json!({
        "countries": { "only": false, "named": [] }, "accredited_only": false, "contracts": true,
        "max_units": "0", "max_supply": "0", "max_holders": holders + 1, "max_unaccredited": 0, "lot": "1", "pace": null,
    })
}

/// Freezes and locks whom the table says.
fn restrict(stage: &mut Stage<'_>, cast: &Cast<'_>) -> anyhow::Result<()> {
    let now_ms = now_ms();
    let mut restrictions = Vec::new();
    for person in cast.people.iter().filter(|person| person.entry.frozen) {
        restrictions.push(cast.parent.call("set_frozen", json!({ "holder": person.address, "frozen": true }))?);
    }
    for person in cast.people.iter().filter(|person| person.entry.locked_days > 0) {
        let until = now_ms + person.entry.locked_days * DAY_MS;
        restrictions.push(cast.parent.call("lock_until", json!({ "holder": person.address, "time_ms": until }))?);
    }
    stage.act(&format!("Freeze and lock {} holders", restrictions.len()), &[(&cast.issuer, restrictions)])
}

/// Trades between holders, and one at the sale desk.
fn trade(stage: &mut Stage<'_>, cast: &Cast<'_>) -> anyhow::Result<()> {
    let free = cast.free();
    let mut trades = Vec::new();
    for pair in free.chunks_exact(2).take(5) {
        trades.push((&pair[0].signer, vec![cast.transfer(pair[0], pair[1], pair[0].entry.units / 2)?]));
    }
    stage.act(&format!("{} trades between holders, each signed by its own", trades.len()), &trades)?;
    let desk = stage.deploy("Deploy the sale desk", &cast.issuer, "sale-desk", "new", json!({}))?;
    let custodian = entry(&desk.address.to_string(), "Custodian");
    let custodian = cast.registry.call("register", json!({ "entries": [custodian] }))?;
    stage.act("Register the desk, which holds what is offered", &[(&cast.issuer, vec![custodian])])?;
    let (seller, buyer) = (free[1], free[0]);
    let token = cast.parent.address.to_string();
    let offer = json!({ "seller": seller.address, "token": token, "units": "1", "price": "2500" });
    let offer = desk.call("offer", offer)?;
    stage.act(
        "Offer a unit at the desk: seller and token agree through a signed consent",
        &[(&seller.signer, vec![offer])],
    )?;
    let buy = desk.pay("buy", json!({ "offer": 0 }), 2_500)?;
    stage.act("Buy it: unit and price change hands together", &[(&buyer.signer, vec![buy])])
}

impl<'a> Cast<'a> {
    /// Those who can trade.
    fn free(&self) -> Vec<&Person<'a>> {
        self.people.iter().filter(|person| !person.entry.frozen && person.entry.locked_days == 0).collect()
    }

    fn transfer(&self, from: &Person<'_>, to: &Person<'_>, units: u128) -> anyhow::Result<Action> {
        let arguments = json!({ "from": from.address, "to": to.address, "units": units.to_string() });
        self.parent.call("transfer", arguments)
    }

    /// All accounts, in pages that a message takes.
    pub fn pages(&self) -> Vec<Vec<&str>> {
        let addresses: Vec<&str> = self.people.iter().map(|person| person.address.as_str()).collect();
        addresses.chunks(50).map(<[&str]>::to_vec).collect()
    }
}
