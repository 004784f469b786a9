//! What happens: a town grants itself a currency, spends it, and takes it back.

use super::Arguments;
use super::oracle::{Oracle, Tiers};
use crate::stage::{Contract, Stage};
use counterpart_cli::output::{Exit, Failure};
use counterpart_client::Signer;
use counterpart_ledger::Action;
use counterpart_node::{FAUCET, dev_account};
use serde_json::{Value, json};

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 5_000_000_000;
const EPOCH_MS: u64 = 3_600_000;
/// Units of a grant.
const GRANT: u128 = 1_000;
/// Accounts in one message.
const PAGE: usize = 50;

/// What the story ends with.
pub struct Ending {
    /// Transactions whose certificates were verified.
    pub certified: usize,
    /// The sums at the end of each epoch.
    pub books: Vec<Value>,
    /// Whether they added up each time, and all accounts to what circulates.
    pub conserved: bool,
    /// Whether every account has what rationals say, to a thousandth of a unit.
    pub agrees: bool,
    /// How far the furthest is, as a decimal number of units.
    pub furthest: String,
}

struct Town {
    mayor: Signer,
    people: Vec<Signer>,
    currency: Contract,
    grants: Contract,
    redemption: Contract,
}

/// Every fifth account is a shop.
fn is_shop(account: usize) -> bool {
    account % 5 == 4
}

/// The policies of people and shops in an epoch; those of people change.
fn tiers(shop: bool, epoch: u64) -> Tiers {
    match (shop, epoch) {
        (true, _) => vec![(0, 10_000_000)],
        (false, 0..8) => vec![(500, 20_000_000)],
        (false, _) => vec![(500, 30_000_000), (3_000, 60_000_000)],
    }
}

fn policies(tiers: &Tiers) -> Value {
    let tiers: Vec<Value> =
        tiers.iter().map(|(above, rate)| json!({ "above": above.to_string(), "rate": rate })).collect();
    json!({ "tiers": tiers, "idle": null, "expiry": null, "sweep": false })
}

/// A number of an answer: small ones are numbers, large ones texts.
fn number(value: &Value) -> anyhow::Result<u128> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(text.parse().map_err(|_| Failure::new(Exit::Bug, "demo", format!("{value} is no number")))?)
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>, arguments: &Arguments) -> anyhow::Result<Ending> {
    let town = found(stage, arguments.accounts as usize)?;
    let mut oracle = Oracle::new(town.people.len());
    let (mut books, mut conserved, mut chance) = (Vec::new(), true, arguments.seed);
    for epoch in 0..arguments.epochs {
        let mut acts: Vec<(&Signer, Vec<Action>)> = town.push_grants(epoch, &mut oracle)?;
        stage.act(&format!("Epoch {epoch}: {GRANT} units for every person, pushed by anybody"), &acts)?;
        acts = town.payments(arguments.payments, &mut chance, &mut oracle)?;
        if epoch == 5 {
            let proposal = json!({ "class": "Grant", "policies": policies(&tiers(false, 8)), "from_epoch": 8 });
            acts.push((&town.mayor, vec![town.currency.call("propose_policy", proposal)?]));
        }
        if epoch == 6 && arguments.epochs > 6 {
            acts.push((&town.mayor, vec![town.currency.call("apply_policy", json!({ "class": "Grant" }))?]));
        }
        stage.act(&format!("Epoch {epoch}: {} payments", acts.len()), &acts)?;
        if epoch % 4 == 3 {
            town.redeem(stage, &mut oracle)?;
        }
        let (totals, adds_up) = town.close_books(stage)?;
        conserved &= adds_up;
        stage.note(&format!(
            "    issued {} = depository {} + circulating {} + leaving {} + redeemed {}: {}",
            totals["issued"],
            totals["depository"],
            totals["circulating"],
            totals["leaving"],
            totals["redeemed"],
            if adds_up { "yes" } else { "NO" }
        ));
        books.push(totals);
        stage.advance_ms(EPOCH_MS)?;
        for account in 0..town.people.len() {
            // The policy of epoch 8 is applied where the story goes so far.
            let applies = if arguments.epochs > 6 { epoch } else { 0 };
            oracle.end_epoch(account, &tiers(is_shop(account), applies));
        }
    }
    let (furthest, settled) = town.settle_all(stage, &oracle)?;
    let (_, adds_up) = town.close_books(stage)?;
    let agrees = settled && furthest < 1_000;
    let furthest = format!("{}.{:06}", furthest / 1_000_000, furthest % 1_000_000);
    Ok(Ending { certified: stage.certified(), books, conserved: conserved && adds_up, agrees, furthest })
}

/// Founds the currency with its desks, and registers everyone.
fn found(stage: &mut Stage<'_>, accounts: usize) -> anyhow::Result<Town> {
    let (faucet, mayor) = (Signer::new(dev_account(FAUCET)), Signer::new(dev_account("mayor")));
    let people: Vec<Signer> = (0..accounts).map(|number| Signer::new(dev_account(&format!("p{number}")))).collect();
    let fund = |signer: &Signer| Action::Transfer { to: signer.address(), amount: FUNDS };
    stage.act("Give the mayor native currency for gas", &[(&faucet, vec![fund(&mayor)])])?;
    for page in people.chunks(PAGE) {
        stage.act("Give fifty people native currency for gas", &[(&faucet, page.iter().map(fund).collect())])?;
    }
    let terms = json!({
        "epoch_ms": EPOCH_MS, "max_supply": "1000000000000", "rate_cap": 100_000_000, "notice_epochs": 2,
        "sweep_notice_epochs": 8, "policy_delay_ms": EPOCH_MS / 2, "admin_delay_ms": EPOCH_MS, "min_activity": "10",
        "grant_policies": policies(&tiers(false, 0)), "non_grant_policies": policies(&tiers(true, 0)),
        "identity_gate": null,
    });
    let name = json!({ "name": "Tala", "symbol": "TAL", "decimals": 2, "terms": terms });
    let currency = stage.deploy("Found the currency", &mayor, "currency", "new", name)?;
    let money = currency.address.to_string();
    let desk = json!({ "currency": money, "admin_delay_ms": EPOCH_MS });
    let grants = stage.deploy("Open the desk that grants", &mayor, "grant-desk", "new", desk)?;
    let terms = json!({
        "price": "1000000000", "reserve_rate": 100_000_000, "fee_rate": 20_000_000, "minimum": "10",
        "for_grant_accounts": false,
    });
    let desk = json!({ "currency": money, "terms": terms, "admin_delay_ms": EPOCH_MS });
    let redemption = stage.deploy("Open the desk that redeems", &mayor, "redemption-desk", "new", desk)?;
    let town = Town { mayor, people, currency, grants, redemption };
    let mayor = town.mayor.address().to_string();
    let (granter, redeemer) = (town.grants.address.to_string(), town.redemption.address.to_string());
    let roles = [
        ("Granter", &granter),
        ("Redeemer", &redeemer),
        ("Issuer", &redeemer),
        ("Registrar", &mayor),
        ("PolicyMaker", &mayor),
    ];
    let appoint = |(role, account): (&str, &String)| {
        town.currency.call("set_role", json!({ "role": role, "account": account, "has": true }))
    };
    let appoint = roles.into_iter().map(appoint).collect::<anyhow::Result<Vec<_>>>()?;
    stage.act("Appoint who does what: the admin has no role", &[(&town.mayor, appoint)])?;
    for (page, people) in town.people.chunks(PAGE).enumerate() {
        let accounts: Vec<Value> = (0..people.len())
            .map(|index| {
                let class = if is_shop(page * PAGE + index) { "NonGrant" } else { "Grant" };
                json!({ "account": people[index].address().to_string(), "class": class, "group": 0 })
            })
            .collect();
        let register = town.currency.call("register_accounts", json!({ "accounts": accounts }))?;
        stage.act(&format!("Register {} accounts", people.len()), &[(&town.mayor, vec![register])])?;
    }
    let supply = GRANT * 600 * accounts as u128;
    let reserve = town.redemption.pay("fund_reserve", json!({}), supply / 10)?;
    let issue = town.redemption.call("issue", json!({ "units": supply.to_string() }))?;
    stage.act("Fund the reserve and issue what it covers", &[(&town.mayor, vec![reserve, issue])])?;
    let pace = stage.ask(&town.currency, "pace", json!({}))?;
    let start = number(&pace["start_ms"])? as u64;
    let schedule = json!({
        "start_ms": start, "cliff_ms": 0, "period_ms": EPOCH_MS, "end_ms": start + 1_000 * EPOCH_MS, "backlog": 1,
        "claimed": false, "amounts": [{ "group": 0, "units": GRANT.to_string() }],
    });
    let schedule = town.grants.call("set_schedule", json!({ "schedule": schedule }))?;
    stage.act("Grant the same to every person, each epoch", &[(&town.mayor, vec![schedule])])?;
    Ok(town)
}

impl Town {
    fn address(&self, account: usize) -> String {
        self.people[account].address().to_string()
    }

    fn persons(&self) -> Vec<usize> {
        (0..self.people.len()).filter(|account| !is_shop(*account)).collect()
    }

    /// A page of grants is pushed by its first grantee: it pays those who are due, whoever asks.
    fn push_grants(&self, epoch: u64, oracle: &mut Oracle) -> anyhow::Result<Vec<(&Signer, Vec<Action>)>> {
        let mut acts = Vec::new();
        for page in self.persons().chunks(PAGE) {
            let accounts: Vec<String> = page.iter().map(|account| self.address(*account)).collect();
            let push = json!({ "schedule": 0, "period": epoch, "accounts": accounts });
            acts.push((&self.people[page[0]], vec![self.grants.call("push", push)?]));
            page.iter().for_each(|account| oracle.give(*account, GRANT));
        }
        Ok(acts)
    }

    /// Payments by chance, two of three to shops; each payer pays once.
    fn payments(
        &self,
        count: u64,
        chance: &mut u64,
        oracle: &mut Oracle,
    ) -> anyhow::Result<Vec<(&Signer, Vec<Action>)>> {
        // Xorshift: the story is the same for the same seed.
        let mut below = |bound: usize| {
            *chance ^= *chance << 13;
            *chance ^= *chance >> 7;
            *chance ^= *chance << 17;
            (*chance % bound as u64) as usize
        };
        let mut acts = Vec::new();
        let mut paid = std::collections::BTreeSet::new();
        // Payments are sent side by side: nobody spends what is only on its way.
        let spendable: Vec<u128> = (0..self.people.len()).map(|account| oracle.spendable(account)).collect();
        for number in 0..count {
            let (from, mut to) = (below(self.people.len()), below(self.people.len()));
            if number % 3 != 0 {
                to -= to % 5;
                to = (to + 4).min(self.people.len() - 1);
            }
            let most = spendable[from];
            if from == to || most == 0 || !paid.insert(from) {
                continue;
            }
            let units = 1 + below(most.min(2_000) as usize) as u128;
            let transfer = json!({
                "from": self.address(from), "to": self.address(to), "units": units.to_string(), "memo": "0x",
            });
            acts.push((&self.people[from], vec![self.currency.call("transfer", transfer)?]));
            oracle.take(from, units);
            oracle.give(to, units);
        }
        Ok(acts)
    }

    /// The richest shop redeems half of what it has.
    fn redeem(&self, stage: &mut Stage<'_>, oracle: &mut Oracle) -> anyhow::Result<()> {
        let shops = (0..self.people.len()).filter(|account| is_shop(*account));
        let Some(shop) = shops.max_by_key(|shop| oracle.spendable(*shop)) else { return Ok(()) };
        let units = oracle.spendable(shop) / 2;
        if units < 10 {
            return Ok(());
        }
        let redeem = json!({ "account": self.address(shop), "units": units.to_string() });
        let redeem = self.redemption.call("redeem", redeem)?;
        stage.act("A shop redeems half of what it has", &[(&self.people[shop], vec![redeem])])?;
        oracle.take(shop, units);
        Ok(())
    }

    /// The sums, and whether they add up: among each other, and to those of all accounts.
    fn close_books(&self, stage: &Stage<'_>) -> anyhow::Result<(Value, bool)> {
        let totals = stage.ask(&self.currency, "totals", json!({}))?;
        let mut parts = Vec::new();
        for name in ["circulating", "depository", "leaving", "redeemed"] {
            parts.push(number(&totals[name])?);
        }
        let accounts = self.holdings(stage)?;
        let begun: u128 = accounts.iter().map(|(parts, _)| parts.div_ceil(1 << 32)).sum();
        let all_there = accounts.len() == self.people.len();
        let adds_up = number(&totals["issued"])? == parts.iter().sum::<u128>() && begun == parts[0] && all_there;
        Ok((totals, adds_up))
    }

    /// What every account has, in 2^-32 units, as it was written last, and the epoch up to which it is settled; in the order of
    /// addresses.
    fn holdings(&self, stage: &Stage<'_>) -> anyhow::Result<Vec<(u128, String)>> {
        let (mut holdings, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = stage.ask(&self.currency, "accounts", json!({ "after": after, "limit": PAGE }))?;
            let page = page.as_array().cloned().unwrap_or_default();
            let Some(last) = page.last() else { return Ok(holdings) };
            after = last[0].clone();
            for entry in &page {
                let parts = number(&entry[1]["holding"]["held"]["parts"])?;
                holdings.push((parts, entry[0].as_str().unwrap_or_default().to_owned()));
            }
        }
    }

    /// Settles everyone and compares: how far the furthest is from what rationals say, in millionths of a unit, and whether all
    /// were there.
    fn settle_all(&self, stage: &mut Stage<'_>, oracle: &Oracle) -> anyhow::Result<(u64, bool)> {
        let before = self.holdings(stage)?;
        let mut pages = vec![self.currency.call("settle_page", json!({ "after": null, "limit": PAGE }))?];
        for page in before.chunks_exact(PAGE) {
            let after = page.last().map(|(_, address)| address.clone());
            pages.push(self.currency.call("settle_page", json!({ "after": after, "limit": PAGE }))?);
        }
        let senders = self.people.iter().cycle();
        let acts: Vec<(&Signer, Vec<Action>)> = senders.zip(pages).map(|(sender, page)| (sender, vec![page])).collect();
        stage.act(&format!("Settle all accounts, {PAGE} at a time"), &acts)?;
        let mut furthest = 0;
        let after = self.holdings(stage)?;
        for (account, person) in self.people.iter().enumerate() {
            let address = person.address().to_string();
            let found = after.iter().find(|(_, other)| *other == address);
            let (parts, _) = found.ok_or_else(|| Failure::new(Exit::Bug, "demo", "an account is missing"))?;
            furthest = furthest.max(oracle.apart(account, *parts));
        }
        Ok((furthest, after.len() == self.people.len()))
    }
}
