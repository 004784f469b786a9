//! What happens: responses are sealed and opened, one round fails and the next does not, a loan is paid and another is not.

use crate::stage::{Contract, Stage, hex, now_ms, number, unhex};
use counterpart_cli::output::{Exit, Failure};
use counterpart_client::Signer;
use counterpart_ledger::{Action, Address};
use counterpart_node::{FAUCET, dev_account};
use counterpart_sealing::committee::Committee;
use counterpart_sealing::tender::{Opening, Place, SealedParameter, open_parameter, seal_parameter};
use counterpart_sealing::{Sealed, SealingError, SecretKey};
use serde_json::{Value, json};
use std::cell::Cell;

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 50_000_000_000;
/// Units of money that everybody begins with.
pub const MONEY: u64 = 2_000;
/// The devnet's number.
const CHAIN: u64 = 1337;
pub const CLOSE_MS: u64 = 600_000;
pub const MINUTE_MS: u64 = 60_000;
const ROUND_MS: u64 = 300_000;
pub const MONTH_MS: u64 = 30 * 86_400_000;

/// Units and rate, in parts of a million a year, of each lender's response.
pub const RESPONSES: [(u64, u64); 12] = [
    (200, 40_000),
    (300, 45_000),
    (400, 50_000),
    (250, 42_000),
    (300, 35_000),
    (120, 55_000),
    (130, 56_000),
    (350, 60_000),
    (180, 61_000),
    (220, 62_000),
    (150, 63_000),
    (400, 64_000),
];
/// Who is selected first, and refuses.
const REFUSES: usize = 3;
/// Who commits to another rate than it seals.
const LIES: usize = 4;

/// Members of the committee that keeps the borrower from looking early, and how many of them are enough.
const MEMBERS: usize = 3;
const THRESHOLD: usize = 2;

/// What the story ends with.
pub struct Ending {
    /// Responses that the borrower could open before the committee showed its keys.
    pub opened_early: usize,
    pub first_sum: u64,
    pub first_lenders: usize,
    pub sum: u64,
    pub blended_ppm: u64,
    pub repaid: u64,
    pub paid_out: u64,
    pub owed: u64,
    pub recovered: u64,
    pub conserved: bool,
}

/// Everybody and everything that takes part.
pub struct Cast {
    pub borrower: Signer,
    pub lenders: Vec<Signer>,
    pub money: Contract,
    referee: Contract,
    pub tenders: Contract,
    pub loans: Contract,
    /// The borrower's key of a tender, by its number: another for each.
    keys: fn(u64) -> SecretKey,
    /// How far the network's clock is ahead of this machine's.
    passed_ms: Cell<u64>,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>) -> anyhow::Result<Ending> {
    let cast = begin(stage)?;
    let (opened_early, first, second) = tender(stage, &cast)?;
    let (repaid, paid_out, blended_ppm) = pay_back(stage, &cast)?;
    let (owed, recovered) = default(stage, &cast)?;
    let conserved = conserved(stage, &cast)?;
    Ok(Ending {
        opened_early,
        first_sum: number(&first["sum"])?,
        first_lenders: first["selected"].as_array().map_or(0, Vec::len),
        sum: number(&second["sum"])?,
        blended_ppm,
        repaid,
        paid_out,
        owed,
        recovered,
        conserved,
    })
}

/// Deploys everything, and gives everybody money.
pub fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let (faucet, borrower) = (Signer::new(dev_account(FAUCET)), Signer::new(dev_account("borrower")));
    let lenders: Vec<Signer> =
        (0..RESPONSES.len()).map(|index| Signer::new(dev_account(&format!("lender {index}")))).collect();
    let everybody = || lenders.iter().chain([&borrower]);
    let fund = |address: Address| Action::Transfer { to: address, amount: FUNDS };
    let grants = everybody().map(|signer| fund(signer.address())).collect();
    stage.act("Give everyone native currency for gas", &[(&faucet, grants)])?;
    let money = json!({ "name": "Money", "symbol": "MNY", "decimals": 0 });
    let money = stage.deploy("Deploy the money", &borrower, "token", "new", money)?;
    let referee = stage.deploy("Deploy the referee of seals", &borrower, "sealing-referee", "new", json!({}))?;
    let tenders = json!({ "referee": referee.address.to_string() });
    let tenders = stage.deploy("Deploy the tenders", &borrower, "tender", "new", tenders)?;
    let loans = stage.deploy("Deploy the loans", &borrower, "loan", "new", json!({}))?;
    let mint = |signer: &Signer| money.call("mint", json!({ "to": signer.address().to_string(), "units": MONEY }));
    let mints = everybody().map(mint).collect::<anyhow::Result<Vec<_>>>()?;
    stage.act("Mint money for all", &[(&borrower, mints)])?;
    let keys = |tender: u64| SecretKey::from_seed(&[tender as u8 + 1; 32]);
    Ok(Cast { borrower, lenders, money, referee, tenders, loans, keys, passed_ms: Cell::new(0) })
}

impl Cast {
    /// Lets time pass on the network.
    pub fn pass(&self, stage: &Stage<'_>, by_ms: u64) -> anyhow::Result<()> {
        self.passed_ms.set(self.passed_ms.get() + by_ms);
        stage.advance_ms(by_ms)
    }

    pub fn now_ms(&self) -> u64 {
        now_ms() + self.passed_ms.get()
    }

    /// Forms the committee of the first tender: its members made keys for it, and show them from its close on.
    pub fn form(&self, stage: &mut Stage<'_>) -> anyhow::Result<()> {
        let members: Vec<String> = (0..MEMBERS).map(|member| hex(&member_key(member).public_key())).collect();
        let opens_ms = self.now_ms() + CLOSE_MS + MINUTE_MS;
        let form = json!({
            "members": members, "threshold": THRESHOLD, "opens_ms": opens_ms, "until_ms": opens_ms + CLOSE_MS / 2,
        });
        let form = self.referee.call("form", form)?;
        stage.act("Form a committee of three, of whom two have to show their keys", &[(&self.borrower, vec![form])])
    }

    pub fn show(&self, stage: &mut Stage<'_>) -> anyhow::Result<()> {
        let show = |member: usize| {
            let seed = hex(&member_seed(member));
            self.referee.call("show", json!({ "committee": 0, "member": member, "seed": seed }))
        };
        // The first member stays away.
        let shown = (1..MEMBERS).map(show).collect::<anyhow::Result<Vec<_>>>()?;
        stage.act("Two members of the committee show their keys", &[(&self.lenders[11], shown)])
    }

    /// What takes the second seal off, as far as keys were shown.
    fn once(&self, stage: &Stage<'_>, place: &Place, sealed: Sealed) -> anyhow::Result<Result<Sealed, SealingError>> {
        if place.tender != 0 {
            return Ok(Ok(sealed));
        }
        let found = stage.ask(&self.referee, "committee", json!({ "committee": 0 }))?;
        let mut keys = Vec::new();
        for shown in found["shown"].as_array().into_iter().flatten() {
            let seed = SecretKey::from_seed(&fixed(&unhex(&shown["seed"])?)?);
            keys.push((usize::try_from(number(&shown["member"])?)?, seed));
        }
        Ok(second_seal()?.open(&place.aad(), &sealed, &keys))
    }

    pub fn terms(&self, tender: u64, target: u64) -> Value {
        let now_ms = self.now_ms();
        json!({
            "initiator": self.borrower.address().to_string(),
            "asset": { "Token": self.money.address.to_string() },
            "target": target, "threshold_ppm": 800_000,
            "key": hex(&(self.keys)(tender).public_key()), "committee": if tender == 0 { json!(0) } else { Value::Null },
            "lowest_first": true, "min_parameter": 1, "max_parameter": 200_000,
            "min_partial": 10, "max_responses": 40,
            "close_ms": now_ms + CLOSE_MS, "select_ms": now_ms + 2 * CLOSE_MS, "validate_ms": ROUND_MS,
            "max_rounds": 3, "initiator_bond": 50, "responder_bond": 5,
        })
    }

    /// A lender's response: what it seals, and what it says it sealed.
    pub fn response(&self, tender: u64, lender: usize, units: u64, rate: u64) -> anyhow::Result<Action> {
        let place = self.place(tender, self.lenders[lender].address(), units);
        let (salt, seed) = ([lender as u8 + 1; 16], [lender as u8 + 101; 32]);
        let key = (self.keys)(tender).public_key();
        let seal = |parameter| {
            let sealed = seal_parameter(&key, &place, &Opening { parameter, salt }, &seed);
            sealed.map_err(|error| Failure::new(Exit::Bug, "seal", error))
        };
        let SealedParameter { mut sealed, mut commitment } = seal(rate)?;
        if tender == 0 {
            let twice = second_seal()?.seal(&place.aad(), &sealed, &seed);
            sealed = twice.map_err(|error| Failure::new(Exit::Bug, "seal", error))?;
        }
        if tender == 0 && lender == LIES {
            commitment = seal(rate + 20_000)?.commitment;
        }
        self.tenders.call(
            "respond",
            json!({
                "tender": tender, "responder": self.lenders[lender].address().to_string(), "partial": units,
                "enc": hex(&sealed.enc), "ciphertext": hex(&sealed.ciphertext), "commitment": hex(&commitment),
            }),
        )
    }

    fn place(&self, tender: u64, responder: Address, units: u64) -> Place {
        let contract = self.tenders.address.0;
        Place { chain: CHAIN, contract, tender, responder: responder.0, partial: units.into() }
    }

    /// What the borrower finds in the responses, from the chain and its own key alone.
    fn opened(&self, stage: &Stage<'_>, tender: u64, responses: u64) -> anyhow::Result<(Vec<Value>, Vec<u64>)> {
        let (mut opened, mut invalid) = (Vec::new(), Vec::new());
        for response in 0..responses {
            let found = stage.ask(&self.tenders, "response", json!({ "tender": tender, "response": response }))?;
            let bytes = |field: &str| unhex(&found[field]);
            let responder = Address(fixed(&bytes("responder")?)?);
            let sealed = Sealed { enc: fixed(&bytes("enc")?)?, ciphertext: bytes("ciphertext")? };
            let commitment = fixed(&bytes("commitment")?)?;
            let place = self.place(tender, responder, number(&found["partial"])?);
            let once = self.once(stage, &place, sealed)?;
            let open = |sealed| open_parameter(&(self.keys)(tender), &place, &SealedParameter { sealed, commitment });
            match once.and_then(open) {
                Ok(Opening { parameter, salt }) => {
                    opened.push(json!({ "response": response, "parameter": parameter, "salt": hex(&salt) }));
                }
                Err(error) => {
                    stage.note(&format!("    response {response}: {error}"));
                    invalid.push(response);
                }
            }
        }
        Ok((opened, invalid))
    }

    pub fn select(&self, stage: &mut Stage<'_>, tender: u64, responses: u64) -> anyhow::Result<Value> {
        let (opened, invalid) = self.opened(stage, tender, responses)?;
        let select = json!({ "tender": tender, "opened": opened, "invalid": invalid });
        let select = self.tenders.call("select", select)?;
        stage.act("Open every response; the contract ranks and selects", &[(&self.borrower, vec![select])])?;
        self.selection(stage, tender)
    }

    fn selection(&self, stage: &Stage<'_>, tender: u64) -> anyhow::Result<Value> {
        let found = stage.ask(&self.tenders, "tender", json!({ "tender": tender }))?;
        let selection = found["selection"].clone();
        stage.note(&format!("    selected {} for {} units", selection["selected"], selection["sum"]));
        Ok(selection)
    }

    pub fn validate(&self, stage: &mut Stage<'_>, tender: u64, selection: &Value) -> anyhow::Result<()> {
        let selected = selection["selected"].as_array().cloned().unwrap_or_default();
        // One after another: whoever validates last pays for moving the funds, and what that costs is only known then.
        for response in &selected {
            let found = stage.ask(&self.tenders, "response", json!({ "tender": tender, "response": response }))?;
            let lender = self.lenders.iter().find(|lender| found["responder"] == lender.address().to_string());
            let lender = lender.ok_or_else(|| Failure::new(Exit::Bug, "demo", "a stranger was selected"))?;
            let validate = json!({ "tender": tender, "response": response, "bundle": selection["bundle"] });
            let validate = self.tenders.call("validate", validate)?;
            stage.act("Who is selected validates what all of them offered", &[(lender, vec![validate])])?;
        }
        Ok(())
    }

    pub fn time_out(&self, stage: &mut Stage<'_>, tender: u64) -> anyhow::Result<()> {
        let time_out = self.tenders.call("time_out", json!({ "tender": tender }))?;
        stage.act("Nobody disputes in time: the funds move", &[(&self.lenders[11], vec![time_out])])
    }

    pub fn originate(&self, stage: &mut Stage<'_>, tender: u64) -> anyhow::Result<()> {
        let originate = json!({
            "tenders": self.tenders.address.to_string(), "tender": tender,
            "schedule": {
                "instalments": 12, "period_ms": MONTH_MS, "grace_ms": MONTH_MS / 6, "late_ppm": 20_000,
                "default_ms": MONTH_MS, "auction_ms": MONTH_MS / 30,
            },
        });
        stage.act("The loan begins", &[(&self.borrower, vec![self.loans.call("originate", originate)?])])
    }

    pub fn asset(&self) -> Value {
        json!({ "Token": self.money.address.to_string() })
    }

    /// Credits and takes out what a lender's line of a loan has earned; answers the units.
    pub fn collect(&self, stage: &mut Stage<'_>, loan: u64, line: u64, lender: usize) -> anyhow::Result<u64> {
        let who = self.lenders[lender].address().to_string();
        let before = self.held(stage, &who)?;
        let actions = vec![
            self.loans.call("credit_share", json!({ "loan": loan, "line": line, "holder": who }))?,
            self.loans.call("claim", json!({ "account": who, "asset": self.asset() }))?,
        ];
        stage.act(&format!("Lender {lender} takes out what it earned"), &[(&self.lenders[lender], actions)])?;
        Ok(self.held(stage, &who)? - before)
    }

    pub fn held(&self, stage: &Stage<'_>, who: &str) -> anyhow::Result<u64> {
        number(&stage.ask(&self.money, "balance_of", json!({ "holder": who }))?)
    }
}

/// The tender for a thousand; answers how much could be opened too early, and the selections of both rounds.
fn tender(stage: &mut Stage<'_>, cast: &Cast) -> anyhow::Result<(usize, Value, Value)> {
    cast.form(stage)?;
    let open = cast.tenders.call("open", json!({ "terms": cast.terms(0, 1_000) }))?;
    stage.act("A borrower asks for a thousand, 800 or more", &[(&cast.borrower, vec![open])])?;
    let mut responses = Vec::new();
    for (lender, (units, rate)) in RESPONSES.iter().enumerate() {
        responses.push((&cast.lenders[lender], vec![cast.response(0, lender, *units, *rate)?]));
    }
    stage.act("Twelve lenders respond with rates sealed twice, and lock their units", &responses)?;
    cast.pass(stage, CLOSE_MS + 2 * MINUTE_MS)?;
    stage.note("The borrower looks before the committee has shown anything");
    let opened_early = cast.opened(stage, 0, RESPONSES.len() as u64)?.0.len();
    cast.show(stage)?;
    let first = cast.select(stage, 0, RESPONSES.len() as u64)?;
    // Transactions of one block have no order among senders: whose response has which number, the chain knows.
    let selected = first["selected"].as_array().cloned().unwrap_or_default();
    let refusing = cast.lenders[REFUSES].address().to_string();
    let mut of_refusing = None;
    for response in selected {
        let found = stage.ask(&cast.tenders, "response", json!({ "tender": 0, "response": response }))?;
        of_refusing = of_refusing.or((found["responder"] == refusing.as_str()).then_some(response));
    }
    let response = of_refusing.ok_or_else(|| Failure::new(Exit::Bug, "demo", "who refuses was not selected"))?;
    let reject = cast.tenders.call("reject", json!({ "tender": 0, "response": response }))?;
    stage.act(
        "A selected lender refuses: it is dropped, and its bond is lost",
        &[(&cast.lenders[REFUSES], vec![reject])],
    )?;
    let second = cast.selection(stage, 0)?;
    cast.validate(stage, 0, &second)?;
    cast.pass(stage, ROUND_MS)?;
    cast.time_out(stage, 0)?;
    Ok((opened_early, first, second))
}

/// Twelve instalments; answers what was paid, what lenders took out, and the rate of all together.
fn pay_back(stage: &mut Stage<'_>, cast: &Cast) -> anyhow::Result<(u64, u64, u64)> {
    cast.originate(stage, 0)?;
    let rate = number(&stage.ask(&cast.loans, "blended_rate_ppm", json!({ "loan": 0 }))?)?;
    let me = cast.borrower.address().to_string();
    let before = cast.held(stage, &me)?;
    for month in 1..=12 {
        cast.pass(stage, MONTH_MS - 60_000)?;
        let repay = cast.loans.call("repay", json!({ "loan": 0, "payer": me }))?;
        stage.act(&format!("Instalment {month} of 12"), &[(&cast.borrower, vec![repay])])?;
    }
    let repaid = before - cast.held(stage, &me)?;
    let mut paid_out = 0;
    for (line, lender) in [(0, 0), (1, 1), (2, 2)] {
        paid_out += cast.collect(stage, 0, line, lender)?;
    }
    Ok((repaid, paid_out, rate))
}

/// A second loan of which nothing is paid back; answers what was owed and what an auction brought.
fn default(stage: &mut Stage<'_>, cast: &Cast) -> anyhow::Result<(u64, u64)> {
    let open = cast.tenders.call("open", json!({ "terms": cast.terms(1, 200) }))?;
    stage.act("Another tender, for 200", &[(&cast.borrower, vec![open])])?;
    let response = cast.response(1, 7, 200, 90_000)?;
    stage.act("One lender responds", &[(&cast.lenders[7], vec![response])])?;
    cast.pass(stage, CLOSE_MS)?;
    let selection = cast.select(stage, 1, 1)?;
    cast.validate(stage, 1, &selection)?;
    cast.originate(stage, 1)?;
    cast.pass(stage, 2 * MONTH_MS + 60_000)?;
    let declare = cast.loans.call("declare_default", json!({ "loan": 1 }))?;
    stage.act("Nothing is paid: anybody declares the default", &[(&cast.lenders[11], vec![declare])])?;
    for (lender, units) in [(8, 90), (9, 120)] {
        let bidder = cast.lenders[lender].address().to_string();
        let bid = cast.loans.call("bid_default", json!({ "loan": 1, "bidder": bidder, "units": units }))?;
        stage.act(&format!("Lender {lender} bids {units} for what is owed"), &[(&cast.lenders[lender], vec![bid])])?;
    }
    cast.pass(stage, MONTH_MS / 30)?;
    let close = cast.loans.call("close_auction", json!({ "loan": 1 }))?;
    stage.act("The auction is over", &[(&cast.lenders[11], vec![close])])?;
    let recovered = cast.collect(stage, 1, 0, 7)?;
    Ok((200, recovered))
}

/// Whether all money that was minted is somebody's: people's, or in the two contracts.
fn conserved(stage: &Stage<'_>, cast: &Cast) -> anyhow::Result<bool> {
    let people = cast.lenders.iter().chain([&cast.borrower]).map(|signer| signer.address().to_string());
    let contracts = [cast.tenders.address.to_string(), cast.loans.address.to_string()];
    let held = people.chain(contracts).map(|who| cast.held(stage, &who)).sum::<anyhow::Result<u64>>()?;
    Ok(held == MONEY * (cast.lenders.len() as u64 + 1))
}

fn member_seed(member: usize) -> [u8; 32] {
    [member as u8 + 201; 32]
}

fn member_key(member: usize) -> SecretKey {
    SecretKey::from_seed(&member_seed(member))
}

fn second_seal() -> anyhow::Result<Committee> {
    let members: Vec<[u8; 32]> = (0..MEMBERS).map(|member| member_key(member).public_key()).collect();
    Ok(Committee::new(&members, THRESHOLD).ok_or_else(|| Failure::new(Exit::Bug, "demo", "no committee"))?)
}

fn fixed<const N: usize>(bytes: &[u8]) -> anyhow::Result<[u8; N]> {
    Ok(bytes.try_into()?)
}
