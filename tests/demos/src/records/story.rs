//! What happens: twenty records are brought, some are taken back, the gatekeeper dies, time passes.

use crate::stage::{Contract, Stage, hex, number, outcome_error};
use counterpart_cli::output::{Exit, Failure, OrFail};
use counterpart_client::Signer;
use counterpart_ledger::Action;
use counterpart_node::{FAUCET, dev_account};
use counterpart_sdk::{Address, Hash};
use counterpart_service::{Client, ClientError, Process};
use gatekeeper::{Launch, OpeningText, SignalText, Submission};
use held_records::{Items, Opening, Signed, Verb, commitment_text, signal_text};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sha3::Sha3_256;
use std::path::Path;
use std::time::{Duration, Instant};

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 100_000_000_000;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
/// Bands: up to how much, and for how long.
pub const BANDS: [(u128, u64); 4] =
    [(100, 5 * MINUTE_MS), (10_000, HOUR_MS), (1_000_000, 12 * HOUR_MS), (u128::MAX, 48 * HOUR_MS)];
const PATIENCE: Duration = Duration::from_secs(60);

/// What the story ends with.
pub struct Ending {
    pub recorded: usize,
    pub cancelled: usize,
    pub superseded: usize,
    pub held_long_enough: bool,
    pub in_time: String,
    pub too_late: String,
    pub of_the_line: usize,
    pub before_the_kill: usize,
    pub after_the_kill: usize,
    pub past_the_hold: String,
    pub before_ready: String,
    pub receipts: usize,
    pub receipts_verified: usize,
}

/// A record that was brought.
pub struct Brought {
    pub commitment: Hash,
    pub opening: Opening,
    band: usize,
    wanted: Signed,
}

/// Everybody and everything that takes part.
pub struct Cast {
    ida: Signer,
    vera: Signer,
    eve: Signer,
    pub records: Contract,
    chain: u64,
    sequence: u64,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>) -> anyhow::Result<Ending> {
    let mut cast = begin(stage)?;
    let store = tempfile::tempdir().or_fail(Exit::Bug, "demo", "there is no place for the gatekeeper")?;
    let mut process = cast.keeper(stage, store.path())?;
    let client = Client::new(process.url());
    stage.note("Ida brings eighteen records of four sizes to the gatekeeper, a process of its own");
    let mut brought = Vec::new();
    for at in 0..18 {
        brought.push(cast.bring(&client, &format!("record {at}"), at % 4, None)?);
    }
    // The first of the second band is superseded, and what took its place is too.
    for (at, text) in [(1, "a correction"), (18, "a correction of it")] {
        let before = brought[at].commitment;
        brought.push(cast.bring(&client, text, 1, Some(before))?);
    }
    stage.note("One record is superseded, and what took its place is superseded again");
    settled(&client, &brought, |state| state != "received")?;
    let known = |client: &Client| brought.iter().filter(|one| state(client, &one.commitment).is_ok()).count();
    let before_the_kill = known(&client);
    process.kill().or_fail(Exit::Bug, "demo", "the gatekeeper cannot be ended")?;
    process.restart().or_fail(Exit::Bug, "demo", "the gatekeeper does not start again")?;
    let after_the_kill = known(&client);
    stage.note("The gatekeeper is killed in the middle, and goes on where it was");

    // Eve has all that was signed, and goes straight to the ledger: it was not held, or not long enough.
    let unheld = cast.opening("a record of Eve's", 0);
    let commitment = cast.commitment(&unheld);
    let wanted = cast.sign(&cast.ida.clone(), commitment, Verb::Instruct);
    let past_the_hold =
        outcome_error(&cast.straight(stage, "a record that was not held", &unheld, &wanted)?).unwrap_or_default();
    let one = &brought[3];
    let before_ready =
        outcome_error(&cast.straight(stage, "one that is held", &one.opening, &one.wanted)?).unwrap_or_default();

    // Five minutes are almost over: the first is withdrawn; then they are over, and the next can be withdrawn no more.
    let ready_ms = ready(&client, &brought[4].commitment)?;
    let now = number(&stage.ask(&cast.records, "time_ms", json!({}))?)?;
    let early = ready_ms.saturating_sub(now).saturating_sub(20_000);
    stage.advance_ms(early)?;
    let in_time = cast.withdraw(&client, &brought[4].commitment)?;
    stage.advance_ms(10 * MINUTE_MS)?;
    let too_late = cast.withdraw(&client, &brought[8].commitment)?;
    stage.note("Vera withdraws one record in time, and another too late");
    for (band, (_, ms)) in BANDS.iter().enumerate() {
        stage.advance_ms(*ms)?;
        let over = |one: &&Brought| one.band <= band;
        let due: Vec<&Brought> = brought.iter().filter(over).collect();
        until(&client, &due)?;
        stage.note(&format!("Everything of the first {} bands is over: recorded, withdrawn or superseded", band + 1));
    }
    let mut ending = Ending {
        recorded: 0,
        cancelled: 0,
        superseded: 0,
        held_long_enough: true,
        in_time,
        too_late,
        of_the_line: 0,
        before_the_kill,
        after_the_kill,
        past_the_hold,
        before_ready,
        receipts: 0,
        receipts_verified: 0,
    };
    for (at, one) in brought.iter().enumerate() {
        let asked = json!({ "commitment": hex(&one.commitment.0) });
        let record = stage.ask(&cast.records, "record_of", asked.clone())?;
        let commitment = stage.ask(&cast.records, "commitment", asked)?;
        if record.is_object() {
            ending.recorded += 1;
            ending.of_the_line += usize::from([1, 18, 19].contains(&at));
            let held = number(&record["at_ms"])? - number(&commitment["at_ms"])?;
            ending.held_long_enough &= held >= BANDS[one.band].1;
        }
        ending.cancelled += usize::from(commitment["status"] == "Cancelled");
        ending.superseded += usize::from(commitment["status"]["Superseded"].is_string());
    }
    (ending.receipts, ending.receipts_verified) = verify(&client)?;
    Ok(ending)
}

/// Deploys the ledger of held records, and names who instructs and who withdraws.
pub fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let faucet = Signer::new(dev_account(FAUCET));
    let people = ["operator", "keeper", "ida", "vera", "eve"];
    let [operator, keeper, ida, vera, eve] = people.map(|name| Signer::new(dev_account(name)));
    let fund = |signer: &Signer| Action::Transfer { to: signer.address(), amount: FUNDS };
    let all = [&operator, &keeper, &ida, &vera, &eve];
    stage.act("Give everyone native currency", &[(&faucet, all.map(fund).to_vec())])?;
    let bands: Vec<Value> =
        BANDS.iter().map(|(up_to, ms)| json!({ "up_to": up_to.to_string(), "ms": ms, "quorum": 1 })).collect();
    let rules = json!({
        "bands": bands, "classes": [], "novelty_ms": 0, "many": u32::MAX, "much": u128::MAX.to_string(),
        "velocity_ms": 0, "night_from": 0, "night_until": 0, "night_ms": 0, "less_ms": 0, "expedited_ms": MINUTE_MS,
    });
    let policy =
        stage.deploy("Deploy a policy of four bands", &operator, "hold-policy", "new", json!({ "rules": rules }))?;
    let terms = json!({
        "min_ms": MINUTE_MS, "max_ms": 72 * HOUR_MS, "grace_ms": 240 * HOUR_MS, "policy_delay_ms": HOUR_MS,
        "expedite_quorum": 2, "window_ms": 24 * HOUR_MS, "admin_delay_ms": 0,
    });
    let arguments = json!({ "terms": terms, "policy": policy.address.to_string() });
    let records = stage.deploy("Deploy the ledger of held records", &operator, "held-records", "new", arguments)?;
    let name = |who: &Signer, roles: u8| {
        let signer = json!({ "roles": roles, "weight": 1, "daily": 1_000 });
        records.call("set_signer", json!({ "key": hex(&who.key.public_key().0), "signer": signer }))
    };
    let named = vec![name(&ida, held_records::INSTRUCT)?, name(&vera, held_records::VETO)?];
    stage.act("Name Ida, who instructs, and Vera, who withdraws", &[(&operator, named)])?;
    let chain = stage.chain();
    Ok(Cast { ida, vera, eve, records, chain, sequence: 0 })
}

impl Cast {
    /// Starts the gatekeeper that lies beside this program.
    pub fn keeper(&self, stage: &Stage<'_>, folder: &Path) -> anyhow::Result<Process> {
        let launch = Launch {
            store: folder.join("gatekeeper"),
            rpc: stage.url().to_owned(),
            records: self.contract(),
            from: "dev:keeper".into(),
        };
        launch.start().or_fail(Exit::Bug, "demo", "the gatekeeper does not start")
    }

    fn contract(&self) -> Address {
        Address(self.records.address.0)
    }

    fn opening(&self, text: &str, band: usize) -> Opening {
        let hash = |text: &str| Hash(Sha256::digest(text).into());
        let amount = [50, 5_000, 500_000, 5_000_000][band];
        let (subject, destination) = (hash("Ida's"), hash("a destination"));
        let items = Items { subject, class: 0, amount, destination, payload: hash(text), after: None };
        Opening { items, salt: Sha256::digest(format!("salt of {text}")).into() }
    }

    fn commitment(&self, opening: &Opening) -> Hash {
        Hash(Sha3_256::digest(commitment_text(self.chain, &self.contract(), opening)).into())
    }

    fn sign(&mut self, who: &Signer, record: Hash, verb: Verb) -> Signed {
        self.sequence += 1;
        let digest = Sha3_256::digest(signal_text(self.chain, &self.contract(), &record, &verb, self.sequence));
        let signature = who.key.sign(&digest).0;
        Signed { key: who.key.public_key().0, sequence: self.sequence, signature }
    }

    /// Brings a text to the gatekeeper; in the place of another, if there is one.
    pub fn bring(&mut self, client: &Client, text: &str, band: usize, before: Option<Hash>) -> anyhow::Result<Brought> {
        let opening = self.opening(text, band);
        let commitment = self.commitment(&opening);
        let ida = self.ida.clone();
        let wanted = self.sign(&ida, commitment, Verb::Instruct);
        let mut signals = vec![SignalText::of(&commitment, &Verb::Instruct, &wanted)];
        if let Some(before) = before {
            let verb = Verb::Supersede { by: commitment };
            let signed = self.sign(&ida, before, verb);
            signals.push(SignalText::of(&before, &verb, &signed));
        }
        let payload = hex(text.as_bytes());
        let submission = Submission { payload, opening: OpeningText::of(&opening), signals };
        client.call("submit", &json!(submission)).or_fail(Exit::Bug, "demo", "the gatekeeper refuses a record")?;
        Ok(Brought { commitment, opening, band, wanted })
    }

    /// What the gatekeeper says to a withdrawal.
    fn withdraw(&mut self, client: &Client, record: &Hash) -> anyhow::Result<String> {
        let vera = self.vera.clone();
        let signed = self.sign(&vera, *record, Verb::Cancel);
        match client.call("signal", &json!(SignalText::of(record, &Verb::Cancel, &signed))) {
            Ok(receipt) => Ok(receipt["what"].as_str().unwrap_or_default().to_owned()),
            Err(ClientError::Refused(error)) => Ok(error.error),
            Err(error) => Err(Failure::new(Exit::Bug, "demo", error).into()),
        }
    }

    /// Eve brings a record to the ledger herself.
    fn straight(&self, stage: &mut Stage<'_>, what: &str, opening: &Opening, wanted: &Signed) -> anyhow::Result<Value> {
        let Items { subject, class, amount, destination, payload, .. } = opening.items;
        let items = json!({
            "subject": hex(&subject.0), "class": class, "amount": amount.to_string(),
            "destination": hex(&destination.0), "payload": hex(&payload.0), "after": null,
        });
        let signed = json!({
            "key": hex(&wanted.key), "sequence": wanted.sequence, "signature": hex(&wanted.signature),
        });
        let arguments = json!({
            "opening": { "items": items, "salt": hex(&opening.salt) }, "wanted": [signed], "sooner": [],
        });
        let record = self.records.call("record", arguments)?;
        stage.act_in_vain(&format!("Eve goes straight to the ledger with {what}"), &self.eve, record)
    }
}

/// Where a record stands, in a word.
fn state(client: &Client, record: &Hash) -> anyhow::Result<String> {
    let status = client.call("status", &json!({ "record": hex(&record.0) }));
    let status = status.or_fail(Exit::Bug, "demo", "the gatekeeper does not know a record")?;
    let word = status["state"].as_str().map(str::to_owned);
    let keyed = || status["state"].as_object().and_then(|fields| fields.keys().next().cloned());
    Ok(word.or_else(keyed).unwrap_or_default())
}

fn ready(client: &Client, record: &Hash) -> anyhow::Result<u64> {
    let status = client.call("status", &json!({ "record": hex(&record.0) }));
    number(&status.or_fail(Exit::Bug, "demo", "the gatekeeper does not know a record")?["state"]["held"])
}

/// Waits until all records stand where they should.
pub fn settled(client: &Client, brought: &[Brought], is: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    wait(|| {
        let states = brought.iter().map(|one| state(client, &one.commitment)).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(states.iter().all(|state| is(state)))
    })
}

/// Waits until nothing becomes of some records any more.
pub fn until(client: &Client, due: &[&Brought]) -> anyhow::Result<()> {
    wait(|| {
        let states = due.iter().map(|one| state(client, &one.commitment)).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(states.iter().all(|state| ["recorded", "cancelled", "superseded"].contains(&state.as_str())))
    })
}

fn wait(holds: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !holds()? {
        if begun.elapsed() > PATIENCE {
            return Err(Failure::new(Exit::Bug, "demo", "the gatekeeper does not get further").into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// What a watch-tower does: reads every word of the gatekeeper's and holds it against its key. Answers how many there are, and how
/// many hold.
fn verify(client: &Client) -> anyhow::Result<(usize, usize)> {
    let ask = |method: &str, parameters: Value| {
        client.call(method, &parameters).or_fail(Exit::Bug, "demo", "the gatekeeper does not answer")
    };
    let key = ask("keeper", json!({}))?;
    let key = key["key"].as_str().and_then(|text| hex::decode(text).ok()).and_then(|bytes| bytes.try_into().ok());
    let key: [u8; 32] = key.ok_or_else(|| Failure::new(Exit::Bug, "demo", "the gatekeeper has no key"))?;
    let (mut all, mut good) = (0, 0);
    loop {
        let page = ask("receipts", json!({ "from": all }))?;
        let Some(page) = page.as_array().filter(|page| !page.is_empty()) else { return Ok((all, good)) };
        all += page.len();
        good += page
            .iter()
            .filter(|receipt| gatekeeper::Receipt::of_json(receipt).is_some_and(|it| it.holds(&key)))
            .count();
    }
}
