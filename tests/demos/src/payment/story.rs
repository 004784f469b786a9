//! What happens: instruments are linked, three purchases are made, and one is given back.

use crate::stage::{Contract, Stage, hex, now_ms, number};
use card_network::{Answer, Asked, Bridge, BridgeError, Card, Fault, Ledger, Network};
use counterpart_cli::output::{Exit, OrFail};
use counterpart_client::Signer;
use counterpart_ledger::Action;
use counterpart_node::{FAUCET, dev_account};
use counterpart_service::{Client, Limits, Server};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 50_000_000_000;
const ANSWER_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;
/// Units that are made: in cents.
const MADE: u64 = 100_000;
/// The card outside holds so much.
const ON_CARD: u128 = 10_000;

/// What the story ends with; units in cents.
pub struct Ending {
    pub first_failure: String,
    pub legs: [u64; 2],
    pub merchant: u64,
    pub failed: String,
    pub voucher_after_failure: u64,
    pub card_after_failure: u64,
    pub late: String,
    pub card_after_late: u64,
    pub refunded: [u64; 2],
    pub conserved: bool,
}

struct Cast {
    operator: Signer,
    payer: Signer,
    merchant: Signer,
    money: Contract,
    payments: Contract,
    wallet: Contract,
    prepaid: Contract,
    card: Contract,
}

fn token(byte: u8) -> String {
    hex(&[byte; 32])
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>) -> anyhow::Result<Ending> {
    let cast = begin(stage)?;
    let network = Arc::new(Network::default());
    network.put(&token(6), Card { units: ON_CARD, fault: Fault::None });
    let server = Server::start(([127, 0, 0, 1], 0).into(), network.clone(), None, Limits::default());
    let server = server.or_fail(Exit::Bug, "demo", "the card network does not start")?;
    let client = || Client::new(&server.url()).patience(Duration::from_millis(300));
    let on_card = || network.card(&token(6)).map_or(0, |card| card.units as u64);

    cast.pay(stage, "Pay 50.00: the wallet has too little, a voucher and a card take over", 0)?;
    cast.bridge(stage, client())?;
    cast.resume(stage, "The card holds: everything is captured", 0)?;
    let found = cast.payment(stage, 0)?;
    let leg = |at: usize| number(&found["legs"][at]["units"]);
    let (first_failure, legs) = (found["legs"][0]["status"].to_string(), [leg(1)?, leg(2)?]);
    let merchant = cast.held(stage, &cast.merchant.address().to_string())?;

    cast.reload(stage)?;
    network.put(&token(6), Card { units: on_card().into(), fault: Fault::Limit });
    cast.pay(stage, "Pay 50.00 again", 1)?;
    cast.bridge(stage, client())?;
    cast.resume(stage, "The card is at its limit: the voucher is let go", 1)?;
    let failed = cast.payment(stage, 1)?["status"].to_string();
    let (voucher_after_failure, card_after_failure) = (cast.on_voucher(stage)?, on_card());

    let slow = Fault::SlowSuccess(Duration::from_millis(900));
    network.put(&token(6), Card { units: on_card().into(), fault: slow });
    cast.pay(stage, "Pay 50.00 a third time", 2)?;
    stage.note("The card network does not answer in time; the bridge reports nothing that it does not know");
    cast.bridge(stage, client())?;
    stage.advance_ms(ANSWER_MS + 1_000)?;
    cast.resume(stage, "The card has timed out: everything is let go", 2)?;
    let late = cast.payment(stage, 2)?["status"].to_string();
    network.put(&token(6), Card { units: on_card().into(), fault: Fault::None });
    stage.note("The network answers at last that it holds: the contract voids it, the bridge gives it back");
    cast.bridge(stage, client())?;
    let card_after_late = on_card();

    let float = number(&stage.ask(&cast.card, "float", json!({}))?)?;
    let refund = cast.payments.call("refund", json!({ "payment": 0, "units": 4_500 }))?;
    stage.act("The merchant gives 45.00 back: to the card first", &[(&cast.merchant, vec![refund])])?;
    let refunded =
        [cast.on_voucher(stage)? - voucher_after_failure, number(&stage.ask(&cast.card, "float", json!({}))?)? - float];
    let conserved = cast.conserved(stage)?;
    Ok(Ending {
        first_failure,
        legs,
        merchant,
        failed,
        voucher_after_failure,
        card_after_failure,
        late,
        card_after_late,
        refunded,
        conserved,
    })
}

fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let faucet = Signer::new(dev_account(FAUCET));
    let [operator, payer, merchant] = ["operator", "payer", "merchant"].map(|name| Signer::new(dev_account(name)));
    let fund = |signer: &Signer| Action::Transfer { to: signer.address(), amount: FUNDS };
    stage.act("Give everyone native currency", &[(&faucet, [&operator, &payer, &merchant].map(fund).to_vec())])?;
    let arguments = json!({ "name": "Money", "symbol": "MNY", "decimals": 2 });
    let money = stage.deploy("Deploy the money", &operator, "token", "new", arguments)?;
    let me = operator.address().to_string();
    let terms = json!({
        "fee_ppm": 10_000, "fee_to": me, "answer_ms": ANSWER_MS, "max_failures": 5, "cool_ms": HOUR_MS,
        "rates_key": hex(&[0; 32]), "max_slippage_ppm": 0, "admin_delay_ms": 0,
    });
    let payments = stage.deploy("Deploy payments", &operator, "payments", "new", json!({ "terms": terms }))?;
    let asset = json!({ "Token": money.address.to_string() });
    let mut provider = |name: &'static str| {
        let arguments = json!({ "charger": payments.address.to_string(), "asset": asset });
        stage.deploy(&format!("Deploy the {name}"), &operator, name, "new", arguments)
    };
    let (wallet, prepaid) = (provider("wallet-provider")?, provider("prepaid-provider")?);
    let card = provider("card-provider")?;
    let admit = |provider: &Contract, fee_ppm: u32| {
        payments.call("set_provider", json!({ "provider": provider.address.to_string(), "fee_ppm": fee_ppm }))
    };
    let admitted = vec![
        admit(&wallet, 0)?,
        admit(&prepaid, 0)?,
        admit(&card, 15_000)?,
        money.call("mint", json!({ "to": me, "units": MADE - 700 }))?,
        money.call("mint", json!({ "to": payer.address().to_string(), "units": 700 }))?,
        card.call("deposit", json!({ "units": 20_000 }))?,
    ];
    stage.act("Admit three providers, make money, fill the card provider's float", &[(&operator, admitted)])?;
    let cast = Cast { operator, payer, merchant, money, payments, wallet, prepaid, card };
    cast.reload(stage)?;
    let who = cast.payer.address().to_string();
    let link = |provider: &Contract, token: String, kind: &str, priority: u32| {
        let instrument = json!({
            "provider": provider.address.to_string(), "token": token, "kind": kind, "priority": priority,
            "max_leg": null, "limit": null, "expires_ms": u64::MAX.to_string(), "merchant": null,
        });
        cast.payments.call("link", json!({ "payer": who, "instrument": instrument }))
    };
    let spender = cast.wallet.address.to_string();
    let linked = vec![
        link(&cast.wallet, token(0), "Wallet", 1)?,
        link(&cast.prepaid, token(5), "Prepaid", 2)?,
        link(&cast.card, token(6), "Card", 3)?,
        // Less than a purchase: the wallet refuses softly.
        cast.money.call("approve", json!({ "holder": who, "spender": spender, "units": 100 }))?,
    ];
    stage.act("The payer links a wallet, a voucher and a card", &[(&cast.payer, linked)])?;
    Ok(cast)
}

impl Cast {
    /// Loads the voucher with what is missing to 10.00.
    fn reload(&self, stage: &mut Stage<'_>) -> anyhow::Result<()> {
        let units = 1_000 - self.on_voucher(stage).unwrap_or_default();
        let load = json!({
            "token": token(5), "owner": self.payer.address().to_string(), "units": units,
            "expires_ms": u64::MAX.to_string(),
        });
        stage.act("The issuer loads the voucher", &[(&self.operator, vec![self.prepaid.call("load", load)?])])
    }

    fn pay(&self, stage: &mut Stage<'_>, title: &str, id: u8) -> anyhow::Result<()> {
        let request = json!({
            "id": token(100 + id), "payer": self.payer.address().to_string(),
            "merchant": self.merchant.address().to_string(), "asset": { "Token": self.money.address.to_string() },
            "amount": 5_000, "parts": [{ "instrument": 0, "units": null }], "strategy": "Priority", "fall_over": true,
            "apps": [], "max_legs": 3, "deadline_ms": now_ms() + 5 * HOUR_MS, "exchanges": [],
        });
        let pay = self.payments.call("pay", json!({ "request": request }))?;
        stage.act(title, &[(&self.payer, vec![pay])])
    }

    fn resume(&self, stage: &mut Stage<'_>, title: &str, payment: u64) -> anyhow::Result<()> {
        let resume = self.payments.call("resume", json!({ "payment": payment }))?;
        stage.act(title, &[(&self.merchant, vec![resume])])
    }

    /// The card provider's bridge looks once at what is asked for.
    fn bridge(&self, stage: &mut Stage<'_>, network: Client) -> anyhow::Result<()> {
        let mut bridge = Bridge::new(Chain { stage, cast: self }, network);
        bridge.step().or_fail(Exit::Bug, "demo", "the bridge does not work")?;
        Ok(())
    }

    fn payment(&self, stage: &Stage<'_>, payment: u64) -> anyhow::Result<Value> {
        stage.ask(&self.payments, "payment", json!({ "payment": payment }))
    }

    fn on_voucher(&self, stage: &Stage<'_>) -> anyhow::Result<u64> {
        number(&stage.ask(&self.prepaid, "card", json!({ "token": token(5) }))?["units"])
    }

    fn held(&self, stage: &Stage<'_>, who: &str) -> anyhow::Result<u64> {
        number(&stage.ask(&self.money, "balance_of", json!({ "holder": who }))?)
    }

    fn conserved(&self, stage: &Stage<'_>) -> anyhow::Result<bool> {
        let people = [&self.operator, &self.payer, &self.merchant].map(|signer| signer.address().to_string());
        let contracts =
            [&self.payments, &self.wallet, &self.prepaid, &self.card].map(|contract| contract.address.to_string());
        let held = people.iter().chain(&contracts).map(|who| self.held(stage, who)).sum::<anyhow::Result<u64>>()?;
        Ok(held == MADE)
    }
}

/// The ledger as the bridge sees it.
struct Chain<'a, 'b> {
    stage: &'a mut Stage<'b>,
    cast: &'a Cast,
}

impl Chain<'_, '_> {
    fn open(&self) -> anyhow::Result<Vec<Asked>> {
        let mut asked = Vec::new();
        for payment in 0.. {
            let found = self.cast.payment(self.stage, payment)?;
            let Some(legs) = found["legs"].as_array() else { break };
            for leg in 0..legs.len() {
                let id = self.stage.ask(&self.cast.payments, "hold_id", json!({ "payment": payment, "leg": leg }))?;
                let kept = self.stage.ask(&self.cast.card, "hold", json!({ "id": id }))?;
                if kept.is_object() && kept["report"].is_null() {
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    let units = number(&kept["hold"]["units"])?.into();
                    asked.push(Asked { id: text(&id), card: text(&kept["hold"]["token"]), units });
                }
            }
        }
        Ok(asked)
    }

    fn say(&mut self, id: &str, answer: &Answer) -> anyhow::Result<bool> {
        let report = match answer {
            Answer::Held => json!("Held"),
            Answer::Declined(word) => json!({ "Failed": match word.as_str() {
                "insufficient" => "Insufficient",
                "limit" => "Limit",
                "fraud" => "Fraud",
                "unknown_card" => "Unknown",
                _ => "Unavailable",
            } }),
        };
        let report = self.cast.card.call("report", json!({ "id": id, "report": report }))?;
        self.stage.act("The card's provider reports", &[(&self.cast.operator, vec![report])])?;
        Ok(self.stage.ask(&self.cast.card, "status", json!({ "id": id }))? == "Held")
    }
}

impl Ledger for Chain<'_, '_> {
    fn asked(&mut self) -> Result<Vec<Asked>, BridgeError> {
        self.open().map_err(|error| BridgeError::Ledger(error.to_string()))
    }

    fn report(&mut self, id: &str, answer: &Answer) -> Result<bool, BridgeError> {
        self.say(id, answer).map_err(|error| BridgeError::Ledger(error.to_string()))
    }
}
