//! What happens: a token is issued, traded, sold, upgraded and migrated.

use super::cap_table::{CapTable, Holder};
use crate::stage::Stage;
use counterpart_cli::output::{Exit, Failure};
use counterpart_client::Signer;
use counterpart_ledger::{Action, Address};
use counterpart_node::{FAUCET, dev_account};
use serde_json::{Value, json};

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 5_000_000_000;
/// Holders who move by themselves; the issuer moves the rest.
const BY_THEMSELVES: usize = 30;
const DAY_MS: u64 = 86_400_000;

/// What the story ends with.
pub struct Ending {
    /// Transactions whose certificates were verified.
    pub certified: usize,
    /// Whether the parent answers as before, with the trail of the migration in its table.
    pub parent_still_callable: bool,
    /// Holders whose whole holding stands in the child.
    pub migrated_holders: usize,
    /// The decoded reason of the refused transfer.
    pub refused: Value,
}

struct Person<'a> {
    entry: &'a Holder,
    signer: Signer,
    address: String,
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

    let name = json!({ "name": "Harbour Fund", "symbol": "HRB" });
    let parent = stage.deploy("Deploy the token, version 1", &issuer, "security-token", "new", name)?;
    let issue = |person: &Person<'_>| {
        parent.call("issue", json!({ "to": person.address, "units": person.entry.units.to_string() }))
    };
    let issues = people.iter().map(issue).collect::<anyhow::Result<Vec<_>>>()?;
    stage.act(&format!("Issue units to {} holders, all or none", people.len()), &[(&issuer, issues)])?;

    let now_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_millis());
    let mut restrictions = Vec::new();
    for person in people.iter().filter(|person| person.entry.frozen) {
        let arguments = json!({ "holder": person.address, "frozen": true });
        restrictions.push(parent.call("set_frozen", arguments)?);
    }
    for person in people.iter().filter(|person| person.entry.locked_days > 0) {
        let until = now_ms as u64 + person.entry.locked_days * DAY_MS;
        restrictions.push(parent.call("lock_until", json!({ "holder": person.address, "time_ms": until }))?);
    }
    stage.act(&format!("Freeze and lock {} holders", restrictions.len()), &[(&issuer, restrictions)])?;

    let free: Vec<&Person<'_>> =
        people.iter().filter(|person| !person.entry.frozen && person.entry.locked_days == 0).collect();
    let transfer = |from: &Person<'_>, to: &Person<'_>, units: u128| {
        let arguments = json!({ "from": from.address, "to": to.address, "units": units.to_string() });
        parent.call("transfer", arguments)
    };
    let mut trades = Vec::new();
    for pair in free.chunks_exact(2).take(5) {
        trades.push((&pair[0].signer, vec![transfer(pair[0], pair[1], pair[0].entry.units / 2)?]));
    }
    stage.act(&format!("{} trades between holders, each signed by its own", trades.len()), &trades)?;

    let desk = stage.deploy("Deploy the sale desk", &issuer, "sale-desk", "new", json!({}))?;
    let (seller, buyer) = (free[1], free[0]);
    let token = parent.address.to_string();
    let offer = json!({ "seller": seller.address, "token": token, "units": "1", "price": "2500" });
    let offer = desk.call("offer", offer)?;
    stage.act(
        "Offer a unit at the desk: seller and token agree through a signed consent",
        &[(&seller.signer, vec![offer])],
    )?;
    let buy = desk.pay("buy", json!({ "offer": 0 }), 2_500)?;
    stage.act("Buy it: unit and price change hands together", &[(&buyer.signer, vec![buy])])?;

    let frozen = people.iter().find(|person| person.entry.frozen);
    let frozen = frozen.ok_or_else(|| Failure::new(Exit::Input, "cap_table", "nobody is frozen"))?;
    let outcome = stage.act_in_vain("A frozen holder tries to sell", &frozen.signer, transfer(frozen, free[0], 1)?)?;
    let refused = outcome["error"].clone();
    stage.note(&format!("    refused: {refused}"));

    let successor = json!({ "parent": token, "holder_limit": 100 });
    let child = stage.deploy("Deploy the child, version 2", &issuer, "security-token-v2", "successor", successor)?;
    let child_address = child.address.to_string();
    let name_child = parent.call("set_upgraded_address", json!({ "child": child_address }))?;
    stage.act("Name the child in the parent, once and for ever", &[(&issuer, vec![name_child])])?;

    let before = people
        .iter()
        .map(|person| stage.ask(&parent, "holding", json!({ "holder": person.address })))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let total = stage.ask(&parent, "total_supply", json!({}))?;
    let movers = people.iter().take(BY_THEMSELVES);
    let moves =
        movers.map(|person| Ok((&person.signer, vec![parent.call("upgrade", json!({ "holder": person.address }))?])));
    let moves = moves.collect::<anyhow::Result<Vec<_>>>()?;
    stage.act(&format!("{} holders move to the child by themselves", moves.len()), &moves)?;
    let page = parent.call("upgrade_page", json!({ "limit": 50 }))?;
    stage.act("The issuer moves the others, as a page", &[(&issuer, vec![page])])?;

    let mut migrated_holders = 0;
    for (person, before) in people.iter().zip(&before) {
        let there = stage.ask(&child, "holding", json!({ "holder": person.address }))?;
        let here = stage.ask(&parent, "balance_of", json!({ "holder": person.address }))?;
        migrated_holders += usize::from(there == *before && here == 0);
    }
    let trail = stage.ask(&parent, "balance_of", json!({ "holder": child_address }))?;
    let parent_still_callable = stage.ask(&parent, "name", json!({}))? == "Harbour Fund"
        && stage.ask(&parent, "upgraded_address", json!({}))? == child_address
        && trail == total
        && stage.ask(&child, "total_supply", json!({}))? == total;
    Ok(Ending { certified: stage.certified(), parent_still_callable, migrated_holders, refused })
}
