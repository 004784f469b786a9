//! The second half: a child is proposed, waited for and named; holders move, and are paid and split on the way.

use super::story::{Cast, Ending, UPGRADE_DELAY_MS};
use crate::stage::{Contract, Stage, now_ms};
use counterpart_ledger::Hash;
use serde_json::{Value, json};

/// Holders who move by themselves; the issuer moves the rest.
const BY_THEMSELVES: usize = 30;
/// The split: three new units for two.
const NEW: u128 = 3;
const OLD: u128 = 2;
/// Native units.
const DIVIDEND: u128 = 1_000_000;
const IN_LIEU: u128 = 10_000;

/// Plays it to the end.
pub fn play(stage: &mut Stage<'_>, cast: &Cast<'_>, refused: Value) -> anyhow::Result<Ending> {
    let parent = &cast.parent;
    let child = name_child(stage, cast)?;
    let before = holdings(stage, cast, parent)?;
    let movers = cast.people.iter().take(BY_THEMSELVES);
    let moves =
        movers.map(|person| Ok((&person.signer, vec![parent.call("upgrade", json!({ "holder": person.address }))?])));
    let moves = moves.collect::<anyhow::Result<Vec<_>>>()?;
    stage.act(&format!("{} holders move to the child by themselves", moves.len()), &moves)?;

    let desk = json!({ "compliance": cast.compliance.address.to_string(), "admin_delay_ms": 0 });
    let desk = stage.deploy("Deploy the dividend desk", &cast.issuer, "dividend-desk", "new", desk)?;
    let record_ms = now_ms() + UPGRADE_DELAY_MS;
    stage.advance_ms(10_000)?;
    let until_ms = record_ms + 30 * 86_400_000;
    let declare = desk.pay("declare", json!({ "record_ms": record_ms, "until_ms": until_ms }), DIVIDEND)?;
    pay(stage, cast, &desk, 0, "Pay a dividend to holders of both versions", declare)?;
    let dividend_paid = number(&stage.ask(&desk, "dividend", json!({ "dividend": 0 }))?["paid"]);

    let split = split(stage, cast, &child)?;
    let declare = json!({ "token": child.address.to_string(), "split": 0, "until_ms": until_ms });
    let declare = desk.pay("declare_for_remains", declare, IN_LIEU)?;
    pay(stage, cast, &desk, 1, "Pay in money what remained of units", declare)?;

    let pages = cast.pages().into_iter().map(|page| parent.call("upgrade_page", json!({ "holders": page })));
    let pages = pages.collect::<anyhow::Result<Vec<_>>>()?;
    stage.act("The issuer moves the others, as a page", &[(&cast.issuer, pages)])?;

    let after = holdings(stage, cast, &child)?;
    let here = holdings(stage, cast, parent)?;
    let expected = |before: &Value| {
        let mut expected = before.clone();
        expected["units"] = json!((number(&before["units"]) * NEW / OLD) as u64);
        expected
    };
    let moved = |((before, after), here): &((&Value, &Value), &Value)| {
        **after == expected(before) && number(&here["units"]) == 0
    };
    let migrated_holders = before.iter().zip(&after).zip(&here).filter(moved).count();
    let total = stage.ask(parent, "total_supply", json!({}))?;
    let trail = stage.ask(parent, "balance_of", json!({ "holder": child.address.to_string() }))?;
    let parent_still_callable = stage.ask(parent, "name", json!({}))? == "Harbour Fund"
        && stage.ask(parent, "upgraded_address", json!({}))? == child.address.to_string()
        && trail == total
        && stage.ask(&child, "migrated_in", json!({}))? == total;
    let exact = number(&split["before"]) * NEW == number(&split["after"]) * OLD + number(&split["remains"]);
    let split_exact = exact && stage.ask(&child, "total_supply", json!({}))? == split["after"];
    let certified = stage.certified();
    Ok(Ending { certified, parent_still_callable, migrated_holders, dividend_paid, split_exact, refused })
}

/// Proposes a child, then another in its place, and names that when it has waited.
fn name_child(stage: &mut Stage<'_>, cast: &Cast<'_>) -> anyhow::Result<Contract> {
    let parent = &cast.parent;
    let successor = json!({ "parent": parent.address.to_string() });
    let package = "security-token-v2";
    let first = stage.deploy("Deploy a child, version 2", &cast.issuer, package, "successor", successor.clone())?;
    let propose = |child: &Contract| parent.call("propose_upgrade", json!({ "child": child.address.to_string() }));
    let proposal = propose(&first)?;
    stage.act("Propose it: holders can see it, and leave", &[(&cast.issuer, vec![proposal])])?;
    let (title, salt) = ("Deploy another child", Hash([1; 32]));
    let child = stage.deploy_salted(title, &cast.issuer, package, ("successor", successor), salt)?;
    let proposal = propose(&child)?;
    stage.act("Propose the other one in its place", &[(&cast.issuer, vec![proposal])])?;
    stage.advance_ms(UPGRADE_DELAY_MS)?;
    let admit = cast.compliance.call("set_token", json!({ "token": child.address.to_string(), "is": true }))?;
    let name = parent.call("set_upgraded_address", json!({ "child": child.address.to_string() }))?;
    stage.act("An hour later, name it in the parent, once and for ever", &[(&cast.issuer, vec![admit, name])])?;
    Ok(child)
}

/// Declares what is paid, and pays it to everybody.
fn pay(
    stage: &mut Stage<'_>,
    cast: &Cast<'_>,
    desk: &Contract,
    dividend: u32,
    title: &str,
    declare: counterpart_ledger::Action,
) -> anyhow::Result<()> {
    let mut actions = vec![declare];
    for page in cast.pages() {
        actions.push(desk.call("push", json!({ "dividend": dividend, "accounts": page }))?);
    }
    stage.act(title, &[(&cast.issuer, actions)])
}

/// Splits all units, wherever they lie.
fn split(stage: &mut Stage<'_>, cast: &Cast<'_>, child: &Contract) -> anyhow::Result<Value> {
    let begin = child.call("begin_split", json!({ "ratio": { "new": NEW as u32, "old": OLD as u32 } }))?;
    let mut actions = vec![begin];
    for page in cast.pages() {
        actions.push(child.call("split_page", json!({ "holders": page }))?);
    }
    stage.act("Split three for two, over both versions", &[(&cast.issuer, actions)])?;
    stage.ask(child, "split", json!({ "number": 0 }))
}

fn holdings(stage: &Stage<'_>, cast: &Cast<'_>, token: &Contract) -> anyhow::Result<Vec<Value>> {
    let ask = |person: &super::story::Person<'_>| stage.ask(token, "holding", json!({ "holder": person.address }));
    cast.people.iter().map(ask).collect()
}

/// Small numbers of 128 bits are numbers in JSON, large ones are texts.
fn number(value: &Value) -> u128 {
    value.as_u64().map(u128::from).or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
}
