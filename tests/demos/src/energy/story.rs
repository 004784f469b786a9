//! What happens: a site is set up, thirty days pass, everything is closed, settled and certified, and cheats are refused.

use super::site::{self, DAY_MS, MILLIKELVIN, PASCAL, Site, batch_json};
use crate::stage::{Contract, Stage, hex, number, outcome_error};
use compute_pool::{Job, Share};
use counterpart_cli::output::{Exit, Failure, OrFail};
use counterpart_client::Signer;
use counterpart_ledger::Action;
use counterpart_node::{FAUCET, dev_account};
use counterpart_sdk::{Address, Hash};
use energy_site::Batch;
use plant::miner::{commitment, hash_chain, mine};
use plant::{Meter, Random};
use serde_json::json;

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 1_000_000_000_000;
/// Units that are made.
const MADE: u64 = 10_000_000;
/// Units for a kilowatt hour of computing, and for a share.
const PER_KWH: u64 = 7;
const PER_SHARE: u64 = 5;
/// Units of computing that mine here for real: two in each centre.
const MINERS: u64 = 4;
const ROUNDS: u32 = 10_000;

/// What the story ends with.
pub struct Ending {
    pub days: u64,
    pub minutes: u64,
    pub scf: u64,
    pub mmbtu: String,
    pub generated_kwh: u64,
    pub used_kwh: u64,
    pub btu_per_kwh: u64,
    pub readings: u64,
    pub readings_on_ledger: u64,
    pub batches: u64,
    pub lost: u64,
    pub shares: u64,
    pub hashes: u128,
    pub agreed: u64,
    pub revenue: u64,
    pub split: [u64; 3],
    pub certificates: u64,
    pub avoided_kg: u64,
    pub retired: u64,
    pub logs_replayed: u64,
    pub cheats: Vec<(&'static str, String)>,
    pub conserved: bool,
}

struct Cast {
    operator: Signer,
    inspector: Signer,
    buyer: Signer,
    host: Signer,
    producer: Signer,
    royalty: Signer,
    money: Contract,
    pool: Contract,
    sites: Contract,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>, days: u64) -> anyhow::Result<Ending> {
    let cast = begin(stage)?;
    let contract = Address(cast.sites.address.0);
    let mut site = Site::new(stage.chain(), contract)?;
    let folder = tempfile::tempdir().or_fail(Exit::Bug, "demo", "there is no place for the gateway")?;
    let mut random = Random::new(9);
    let begun_ms = number(&stage.ask(&cast.sites, "device", json!({ "device": 3 }))?["last_ms"])?;
    let mut told = Ending {
        days,
        minutes: 0,
        scf: 0,
        mmbtu: String::new(),
        generated_kwh: 0,
        used_kwh: 0,
        btu_per_kwh: 0,
        readings: 0,
        readings_on_ledger: 0,
        batches: 0,
        lost: 0,
        shares: 0,
        hashes: 0,
        agreed: 0,
        revenue: 0,
        split: [0; 3],
        certificates: 0,
        avoided_kg: 0,
        retired: 0,
        logs_replayed: 0,
        cheats: Vec::new(),
        conserved: false,
    };
    let bar = stage.bar(days, "days");
    let (mut first, mut last_share) = (None, None);
    for day in 0..days {
        let (signed, log) = site.day(begun_ms + day * DAY_MS);
        stage.advance_ms(DAY_MS)?;
        told.logs_replayed += u64::from(log.replays());
        told.lost += site::bring(stage, (&cast.sites, &cast.operator), folder.path(), &signed, &mut random)?;
        let (found, shares) = cast.mine(stage, day)?;
        stage.quietly_all(&cast.buyer, found)?;
        told.shares += shares.len() as u64;
        last_share = shares.last().copied();
        let close = cast.close(&site, &log.hash)?;
        stage.quietly_all(&cast.operator, vec![close])?;
        let period = stage.ask(&cast.sites, "period", json!({ "period": day }))?;
        let revenue = number(&period["used_wh"])? / 1_000 * PER_KWH;
        let settle = json!({ "period": day, "payer": cast.buyer.address().to_string(), "revenue": revenue });
        stage.quietly_all(&cast.buyer, vec![cast.sites.call("settle_period", settle)?])?;
        let certify = json!({ "period": day, "outside": hex(&[day as u8 + 1; 32]) });
        stage.quietly_all(&cast.operator, vec![cast.sites.call("issue_certificate", certify)?])?;
        told.revenue += revenue;
        first.get_or_insert((signed[0].0, signed[0].1));
        bar.inc(1);
    }
    bar.finish_and_clear();
    stage.note(&format!("{days} days have passed: every one is closed, settled and certified"));
    told.agreed = cast.task(stage)?;
    let retire = (0..3).map(|number| cast.sites.call("retire_certificate", json!({ "certificate": number })));
    let retire = retire.collect::<anyhow::Result<Vec<_>>>()?;
    stage.act("Three certificates are used up", &[(&cast.operator, retire)])?;
    // A day that nobody closes: nothing but the gas is wrong with what is tried on it.
    let (signed, _) = site.day(begun_ms + days * DAY_MS);
    stage.advance_ms(DAY_MS)?;
    told.lost += site::bring(stage, (&cast.sites, &cast.operator), folder.path(), &signed, &mut random)?;
    if let (Some(first), Some(share)) = (first, last_share) {
        told.cheats = cast.cheats(stage, &site, first, share)?;
    }
    cast.sum_up(stage, &site, &mut told)?;
    Ok(told)
}

fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let faucet = Signer::new(dev_account(FAUCET));
    let people = ["operator", "inspector", "buyer", "host", "producer", "royalty"];
    let [operator, inspector, buyer, host, producer, royalty] = people.map(|name| Signer::new(dev_account(name)));
    let fund = |signer: &Signer| Action::Transfer { to: signer.address(), amount: FUNDS };
    let all = [&operator, &inspector, &buyer, &host, &producer, &royalty];
    stage.act("Give everyone native currency", &[(&faucet, all.map(fund).to_vec())])?;
    let arguments = json!({ "name": "Money", "symbol": "MNY", "decimals": 2 });
    let money = stage.deploy("Deploy the money", &operator, "token", "new", arguments)?;
    let asset = json!({ "Token": money.address.to_string() });
    let terms = json!({
        "asset": asset, "payout": { "PerShare": { "units": PER_SHARE } }, "least": 1, "most": 16,
        "every_ms": DAY_MS, "admin_delay_ms": 0,
    });
    let pool = stage.deploy("Deploy the pool", &operator, "compute-pool", "new", json!({ "terms": terms }))?;
    let sites =
        stage.deploy("Deploy the sites", &operator, "energy-site", "new", json!({ "terms": site::terms(&asset) }))?;
    let address = |signer: &Signer| signer.address().to_string();
    let split = json!([[address(&producer), 500_000], [address(&host), 375_000], [address(&royalty), 125_000]]);
    let site = json!({ "operator": address(&operator), "split": split, "pool": pool.address.to_string() });
    let job = job();
    let mined = json!({
        "version": job.version, "before": hex(&job.before.0), "head": hex(&job.head), "tail": hex(&job.tail),
        "branch": [], "from_s": job.from_s, "until_s": job.until_s, "bits": job.bits, "live": false,
    });
    let mut setup = vec![
        money.call("mint", json!({ "to": address(&buyer), "units": MADE }))?,
        sites.call("set_inspector", json!({ "inspector": address(&inspector), "named": true }))?,
        sites.call("add_factors", json!({ "factors": site::factors() }))?,
        sites.call("register_site", json!({ "site": site }))?,
        pool.call("set_job", json!({ "job": mined }))?,
    ];
    let meters = site::register_meters(&sites, &address(&inspector))?;
    let units = (0..MINERS).map(|_| pool.call("register_unit", json!({ "owner": address(&host), "site": 0 })));
    let units = units.collect::<anyhow::Result<Vec<_>>>()?;
    let fund = pool.call("put_fund", json!({ "from": address(&buyer), "units": 100_000 }))?;
    stage.act("Set up the site, its factors and what is mined on", &[(&operator, std::mem::take(&mut setup))])?;
    let begun = [(&inspector, meters), (&host, units), (&buyer, vec![fund])];
    stage.act("The inspector registers four meters, the host four miners, the buyer funds shares", &begun)?;
    Ok(Cast { operator, inspector, buyer, host, producer, royalty, money, pool, sites })
}

/// A block that nobody here finds, on top of the genesis of Bitcoin.
fn job() -> Job {
    let mut before: [u8; 32] = [0; 32];
    let printed = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
    if let Ok(bytes) = hex::decode(printed) {
        before.iter_mut().zip(bytes.iter().rev()).for_each(|(byte, from)| *byte = *from);
    }
    Job {
        version: 1,
        before: Hash(before),
        head: b"paid to ".to_vec(),
        tail: b" by gas that was not flared".to_vec(),
        branch: Vec::new(),
        from_s: 0,
        until_s: u32::MAX,
        bits: 0x1d00_ffff,
        live: true,
    }
}

impl Cast {
    /// What the miners find on a day: real hashes below a real target. Answers the calls and the shares.
    fn mine(&self, stage: &Stage<'_>, day: u64) -> anyhow::Result<(Vec<Action>, Vec<Share>)> {
        let owner = Address(self.host.address().0);
        let (mut calls, mut shares) = (Vec::new(), Vec::new());
        for unit in 0..MINERS {
            let found = stage.ask(&self.pool, "unit", json!({ "unit": unit }))?;
            let difficulty = number(&found["difficulty"])?;
            let share = Share { job: 0, unit, difficulty, extra: day, time_s: day as u32 + 1, nonce: 0 };
            let Some(share) = mine(&job(), &owner, share) else { continue };
            calls.push(self.share(&share)?);
            shares.push(share);
        }
        Ok((calls, shares))
    }

    fn share(&self, share: &Share) -> anyhow::Result<Action> {
        let share = json!({
            "job": share.job, "unit": share.unit, "difficulty": share.difficulty, "extra": share.extra,
            "time_s": share.time_s, "nonce": share.nonce,
        });
        self.pool.call("submit_share", json!({ "share": share }))
    }

    fn close(&self, site: &Site, setpoints: &Hash) -> anyhow::Result<Action> {
        self.close_with(site.z_ppm, setpoints)
    }

    fn close_with(&self, z_ppm: u32, setpoints: &Hash) -> anyhow::Result<Action> {
        let conditions = json!({ "pascal": PASCAL, "millikelvin": MILLIKELVIN, "z_ppm": z_ppm });
        let arguments = json!({ "site": 0, "conditions": conditions, "version": 0, "setpoints": hex(&setpoints.0) });
        self.sites.call("close_period", arguments)
    }

    /// A task that three units compute; one of them answers something else. Answers how many agree.
    fn task(&self, stage: &mut Stage<'_>) -> anyhow::Result<u64> {
        let input = Hash([0x5A; 32]);
        let period = stage.ask(&self.sites, "device", json!({ "device": 0 }))?;
        let now = number(&period["last_ms"])? + DAY_MS;
        let order = json!({
            "input": hex(&input.0), "pay": 50, "replicas": 3, "quorum": 2, "commit_ms": now + DAY_MS,
            "show_ms": now + 2 * DAY_MS,
        });
        let post = json!({ "poster": self.buyer.address().to_string(), "order": order });
        stage.act(
            "The buyer posts a task for three units",
            &[(&self.buyer, vec![self.pool.call("post_task", post)?])],
        )?;
        let result = |unit: u64| if unit == 1 { vec![0; 32] } else { hash_chain(&input, ROUNDS) };
        let salt = |unit: u64| [unit as u8 + 1; 32];
        let (mut commits, mut shows) = (Vec::new(), Vec::new());
        for unit in 0..3 {
            let sealed = commitment(unit, &result(unit), salt(unit));
            commits.push(
                self.pool.call("commit_result", json!({ "task": 0, "unit": unit, "commitment": hex(&sealed.0) }))?,
            );
            let shown = json!({ "task": 0, "unit": unit, "result": hex(&result(unit)), "salt": hex(&salt(unit)) });
            shows.push(self.pool.call("show_result", shown)?);
        }
        stage.act("Three units commit, one of them to something else", &[(&self.host, commits)])?;
        shows.push(self.pool.call("settle_task", json!({ "task": 0 }))?);
        stage.act("They show what they computed, and those that agree are paid", &[(&self.host, shows)])?;
        let task = stage.ask(&self.pool, "task", json!({ "task": 0 }))?;
        let shown = hex(&hash_chain(&input, ROUNDS));
        let answers = task["answers"].as_array().into_iter().flatten();
        let agreed = answers.filter(|answer| answer["result"] == shown.as_str()).count();
        Ok(if task["result"] == shown.as_str() { agreed as u64 } else { 0 })
    }

    /// Six ways to cheat, and how each is refused.
    fn cheats(
        &self,
        stage: &mut Stage<'_>,
        site: &Site,
        (batch, signature): (Batch, [u8; 64]),
        share: Share,
    ) -> anyhow::Result<Vec<(&'static str, String)>> {
        let submit = |batch: &Batch, signature: &[u8; 64]| {
            self.sites.call("submit", json!({ "batch": batch_json(batch), "signature": hex(signature) }))
        };
        let found = stage.ask(&self.sites, "device", json!({ "device": 0 }))?;
        let (next, totaliser) = (number(&found["next"])?, number(&found["totaliser"])?);
        let mut swapped = Meter::new([0xEE; 32], 0, stage.chain(), Address(self.sites.address.0));
        swapped.skip(next);
        swapped.read(number(&found["last_ms"])? + 1, totaliser + 1);
        let Some((other, by_other, _)) = swapped.sign() else {
            return Err(Failure::new(Exit::Bug, "demo", "a meter signs nothing").into());
        };
        let old = Batch { from: next, at_ms: batch.at_ms, totaliser, ..batch };
        let stolen = Share { unit: (share.unit + 1) % MINERS, ..share };
        let twice = json!({ "period": 0, "outside": null });
        let tries = [
            ("replayed reading", &self.host, submit(&batch, &signature)?),
            ("back-dated reading", &self.host, submit(&old, &signature)?),
            ("swapped meter", &self.host, submit(&other, &by_other)?),
            ("inflated gas", &self.operator, self.close_with(site.z_ppm / 2, &Hash::ZERO)?),
            ("stolen share", &self.royalty, self.share(&stolen)?),
            ("double certificate", &self.operator, self.sites.call("issue_certificate", twice)?),
        ];
        let mut told = Vec::new();
        for (what, who, action) in tries {
            let outcome = stage.act_in_vain(&format!("Somebody tries it with a {what}"), who, action)?;
            told.push((what, outcome_error(&outcome).unwrap_or_else(|| "taken".into())));
        }
        Ok(told)
    }

    fn sum_up(&self, stage: &Stage<'_>, site: &Site, told: &mut Ending) -> anyhow::Result<()> {
        let (mut standard, mut btu, mut generated, mut used) = (0, 0, 0, 0);
        for day in 0..told.days {
            let period = stage.ask(&self.sites, "period", json!({ "period": day }))?;
            let certificate = number(&period["certificate"]);
            told.certificates += u64::from(certificate.is_ok() && period["status"] == "Settled");
            standard += number(&period["standard"])?;
            btu += number(&period["btu"])?;
            generated += number(&period["generated_wh"])?;
            used += number(&period["used_wh"])?;
            let found = stage.ask(&self.sites, "certificate", json!({ "certificate": day }))?;
            told.avoided_kg += number(&found["grams"])?;
            told.retired += u64::from(found["retired"] == true);
        }
        told.avoided_kg /= 1_000;
        told.scf = standard / 1_000;
        told.mmbtu = format!("{}.{:03}", btu / 1_000_000, btu / 1_000 % 1_000);
        (told.generated_kwh, told.used_kwh) = (generated / 1_000, used / 1_000);
        told.btu_per_kwh = (btu * 1_000).checked_div(generated).unwrap_or(0);
        (told.minutes, told.readings, told.batches) = (site.minutes, site.readings, site.batches);
        for device in 0..4 {
            let found = stage.ask(&self.sites, "device", json!({ "device": device }))?;
            told.readings_on_ledger += number(&found["next"])?;
        }
        let hashes = stage.ask(&self.pool, "hashes_of", json!({ "site": 0 }))?;
        told.hashes = number(&hashes)?.into();
        let held = |who: &str| number(&stage.ask(&self.money, "balance_of", json!({ "holder": who }))?);
        for (part, who) in told.split.iter_mut().zip([&self.producer, &self.host, &self.royalty]) {
            *part = held(&who.address().to_string())?;
        }
        let people = [&self.operator, &self.inspector, &self.buyer, &self.host, &self.producer, &self.royalty];
        let people = people.iter().map(|signer| signer.address().to_string());
        let contracts = [&self.pool, &self.sites].map(|contract| contract.address.to_string());
        let all = people.chain(contracts).map(|who| held(&who)).sum::<anyhow::Result<u64>>()?;
        let owed = |who: &Signer| {
            let asked = json!({ "account": who.address().to_string() });
            number(&stage.ask(&self.pool, "claim_of", asked)?)
        };
        let fund = number(&stage.ask(&self.pool, "fund", json!({}))?)?;
        let in_pool = held(&self.pool.address.to_string())?;
        told.conserved = all == MADE && in_pool == fund + owed(&self.host)? + owed(&self.buyer)?;
        Ok(())
    }
}
