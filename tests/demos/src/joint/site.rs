//! J1: lenders who were found by a sealed tender pay for a site. The borrower spends all of it on the plant; nothing but its part of the
//! revenue, split by the site's contract, pays the lenders back.

use super::kit::{self, Told, account};
use crate::energy::site::{self, DAY_MS, MILLIKELVIN, PASCAL, Site};
use crate::stage::{Contract, Stage, hex, number};
use crate::tender::story::{self as tender, CLOSE_MS, MINUTE_MS, MONEY, MONTH_MS, RESPONSES};
use counterpart_cli::output::{Exit, OrFail};
use counterpart_client::Signer;
use counterpart_sdk::Address;
use plant::Random;
use serde_json::json;

/// How many lenders answer, and what they lend together.
const LENDERS: usize = 3;
const MONTHS: u64 = 12;
/// What the buyer of computing has, and how many kilowatt hours it gets for a unit.
const OF_BUYER: u64 = 10_000;
const KWH_FOR_ONE: u64 = 30;
/// The borrower's part of the revenue; the landowner has the rest.
const OF_BORROWER_PPM: u64 = 600_000;

struct Cast {
    lent: tender::Cast,
    supplier: Signer,
    inspector: Signer,
    buyer: Signer,
    landowner: Signer,
    sites: Contract,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>) -> anyhow::Result<Told> {
    let cast = begin(stage)?;
    let (lent, me) = (&cast.lent, account(&cast.lent.borrower));
    let principal = cast.borrow(stage)?;
    let all = lent.held(stage, &me)?;
    let buy = lent.money.call("transfer", json!({ "from": me, "to": account(&cast.supplier), "units": all }))?;
    stage.act("The borrower buys the plant with all that it has", &[(&lent.borrower, vec![buy])])?;
    let mut plant = Site::new(stage.chain(), Address(cast.sites.address.0))?;
    let folder = tempfile::tempdir().or_fail(Exit::Bug, "demo", "there is no place for the gateway")?;
    let (mut random, mut revenue, mut kwh, mut replayed) = (Random::new(9), 0, 0, true);
    let mut repaid = 0;
    for month in 0..MONTHS {
        lent.pass(stage, MONTH_MS - MINUTE_MS)?;
        let (signed, log) = plant.day(lent.now_ms() - DAY_MS);
        replayed &= log.replays();
        site::bring(stage, (&cast.sites, &lent.borrower), folder.path(), &signed, &mut random)?;
        let conditions = json!({ "pascal": PASCAL, "millikelvin": MILLIKELVIN, "z_ppm": plant.z_ppm });
        let close = json!({ "site": 0, "conditions": conditions, "version": 0, "setpoints": hex(&log.hash.0) });
        stage.quietly_all(&lent.borrower, vec![cast.sites.call("close_period", close)?])?;
        let used = number(&stage.ask(&cast.sites, "period", json!({ "period": month }))?["used_wh"])? / 1_000;
        let paid = used / KWH_FOR_ONE;
        let settle = json!({ "period": month, "payer": account(&cast.buyer), "revenue": paid });
        stage.quietly_all(&cast.buyer, vec![cast.sites.call("settle_period", settle)?])?;
        let earned = lent.held(stage, &me)?;
        let repay = lent.loans.call("repay", json!({ "loan": 0, "payer": me }))?;
        stage.act(
            &format!("Month {}: its part of {paid} pays an instalment", month + 1),
            &[(&lent.borrower, vec![repay])],
        )?;
        repaid += earned - lent.held(stage, &me)?;
        (revenue, kwh) = (revenue + paid, kwh + used);
    }
    let status = stage.ask(&lent.loans, "loan", json!({ "loan": 0 }))?["status"].clone();
    let mut back = 0;
    for line in 0..LENDERS {
        back += cast.collect(stage, line as u64)?;
    }
    // Shares are rounded down: less than a unit for each lender remains in the contract.
    let remains = lent.held(stage, &lent.loans.address.to_string())?;
    let kept = lent.held(stage, &me)?;
    let landowner = lent.held(stage, &account(&cast.landowner))?;
    let people: Vec<&Signer> = lent.lenders.iter().chain(cast.others()).chain([&lent.borrower]).collect();
    let contracts = [&lent.tenders, &lent.loans, &cast.sites];
    let sum = kit::sum(stage, &lent.money, &people, &contracts)?;
    let made = MONEY * (lent.lenders.len() as u64 + 1) + OF_BUYER;
    let facts = vec![
        ("lent", json!(principal)),
        ("used, kWh", json!(kwh)),
        ("revenue", json!(revenue)),
        ("to the landowner", json!(landowner)),
        ("repaid", json!(repaid)),
        ("lenders took out", json!(back)),
        ("remains of rounding", json!(remains)),
        ("kept by the borrower", json!(kept)),
        ("the loan is", status.clone()),
        ("controller replays", json!(replayed)),
    ];
    let lent_sum: u64 = RESPONSES[..LENDERS].iter().map(|(units, _)| units).sum();
    let as_expected = principal == lent_sum
        && repaid > principal
        && back + remains == repaid
        && remains < LENDERS as u64
        && repaid + kept + landowner == revenue
        && status == "Repaid"
        && replayed;
    Ok(Told { facts, conserved: sum == made, as_expected })
}

fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let lent = tender::begin(stage)?;
    let [supplier, inspector, buyer, landowner] =
        kit::people(stage, ["supplier", "inspector", "buyer of computing", "landowner"])?;
    let terms = json!({ "terms": site::terms(&lent.asset()) });
    let sites = stage.deploy("Deploy the sites", &lent.borrower, "energy-site", "new", terms)?;
    let of_landowner = 1_000_000 - OF_BORROWER_PPM;
    let split = json!([[account(&lent.borrower), OF_BORROWER_PPM], [account(&landowner), of_landowner]]);
    let site = json!({ "operator": account(&lent.borrower), "split": split, "pool": null });
    let setup = vec![
        kit::mint(&lent.money, &buyer, OF_BUYER)?,
        sites.call("set_inspector", json!({ "inspector": account(&inspector), "named": true }))?,
        sites.call("add_factors", json!({ "factors": site::factors() }))?,
        sites.call("register_site", json!({ "site": site }))?,
    ];
    let meters = site::register_meters(&sites, &account(&inspector))?;
    stage.act("Plan a site, and how its revenue is split", &[(&lent.borrower, setup)])?;
    stage.act("The inspector registers its meters", &[(&inspector, meters)])?;
    Ok(Cast { lent, supplier, inspector, buyer, landowner, sites })
}

impl Cast {
    fn others(&self) -> [&Signer; 4] {
        [&self.supplier, &self.inspector, &self.buyer, &self.landowner]
    }

    /// The tender and its loan; answers what was lent.
    fn borrow(&self, stage: &mut Stage<'_>) -> anyhow::Result<u64> {
        let lent = &self.lent;
        lent.form(stage)?;
        let open = lent.tenders.call("open", json!({ "terms": lent.terms(0, 1_000) }))?;
        stage.act("The borrower asks for a thousand, 800 or more", &[(&lent.borrower, vec![open])])?;
        let mut responses = Vec::new();
        for (lender, (units, rate)) in RESPONSES.iter().take(LENDERS).enumerate() {
            responses.push((&lent.lenders[lender], vec![lent.response(0, lender, *units, *rate)?]));
        }
        stage.act("Three lenders respond with sealed rates, and lock their units", &responses)?;
        lent.pass(stage, CLOSE_MS + 2 * MINUTE_MS)?;
        lent.show(stage)?;
        let selection = lent.select(stage, 0, LENDERS as u64)?;
        lent.validate(stage, 0, &selection)?;
        lent.originate(stage, 0)?;
        number(&stage.ask(&lent.loans, "loan", json!({ "loan": 0 }))?["principal"])
    }

    /// What a line of the loan brought to whoever holds it.
    fn collect(&self, stage: &mut Stage<'_>, line: u64) -> anyhow::Result<u64> {
        let lines = stage.ask(&self.lent.loans, "lines", json!({ "loan": 0 }))?;
        let holder = &lines[line as usize]["lender"];
        let lender = self.lent.lenders.iter().position(|lender| *holder == account(lender));
        self.lent.collect(stage, 0, line, lender.unwrap_or_default())
    }
}
