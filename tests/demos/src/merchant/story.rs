//! What happens between a terminal, the service and the ledger.

use crate::stage::{Contract, Stage, hex, now_ms, number, unhex};
use counterpart_cli::chain::client_failure;
use counterpart_cli::output::{Exit, Failure, OrFail};
use counterpart_client::{Client, Signer, TransactionRequest};
use counterpart_consensus::CommitRule;
use counterpart_ledger::{Action, Address, ChainProof, Outcome, SecretKey as AccountKey};
use counterpart_node::{FAUCET, dev_account};
use counterpart_sealing::SecretKey;
use counterpart_service::{Client as ServiceClient, Limits, Server, ServiceError};
use merchant_service::beacon_id::{IdentityKey, public_key};
use merchant_service::beacons::Rules;
use merchant_service::place::Place;
use merchant_service::service::{Beacon, Ledger, Service, Surroundings};
use merchant_service::simulator::Sender;
use merchant_service::terminal::Terminal;
use merchant_service::vector::Choices;
use merchants::Payment;
use parity_scale_codec::{Decode, Encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 50_000_000_000;
const MADE: u64 = 100_000;
/// Where the shops stand, in metres to the east of a place in Busan.
const SHOPS: [i64; 4] = [8, 22, 40, 900];
const BUSAN: (i64, i64) = (351_500_000, 1_290_600_000);
/// Identities change every 64 seconds.
const EXPONENT: u8 = 6;
const PATIENCE: Duration = Duration::from_secs(60);

/// What the story ends with.
pub struct Ending {
    pub near: usize,
    pub chosen: [u64; 3],
    pub refused: String,
    pub amount: u64,
    pub fee: u64,
    pub proved: bool,
    pub signers: usize,
    pub refunded: u64,
    pub conserved: bool,
}

struct Cast {
    operator: Signer,
    shopkeeper: Signer,
    payer: Signer,
    key: AccountKey,
    money: Contract,
    merchants: Contract,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>, client: &Client) -> anyhow::Result<Ending> {
    let cast = begin(stage)?;
    let clock = Arc::new(AtomicU64::new(now_ms()));
    let (service, senders) = shops(&cast, client, clock.clone())?;
    let key = SecretKey::from_seed(&[77; 32]);
    let sealed_for = key.public_key();
    let server = Server::start(([127, 0, 0, 1], 0).into(), service, Some(key), Limits::default());
    let server = server.or_fail(Exit::Bug, "demo", "the service does not start")?;
    let here = east(10)?;
    let mut terminal = Terminal::new(ServiceClient::sealed(&server.url(), sealed_for), here, 100);
    let near = terminal.near().or_fail(Exit::Bug, "demo", "the service")?.as_array().map_or(0, Vec::len);
    let hear = |terminal: &mut Terminal, senders: &[Sender], seed: u8| {
        let from_ms = clock.load(Ordering::SeqCst);
        let until_ms = clock.fetch_add(4_000, Ordering::SeqCst) + 4_000;
        let mut choices = Choices::new([seed; 32]);
        for sender in senders {
            terminal.hear(sender.packets(&here, from_ms, until_ms, &mut choices));
        }
        let found = terminal.look(until_ms).or_fail(Exit::Bug, "demo", "the service")?;
        Ok::<u64, anyhow::Error>(found.unwrap_or(u64::MAX))
    };
    let first = hear(&mut terminal, &senders, 1)?;
    let mut loud = Vec::from_iter(senders);
    loud[3].place = here;
    loud[3].at_metre_dbm = -10;
    let second = hear(&mut terminal, &loud, 2)?;
    // Somebody copied the second shop's identity some minutes ago, and sends it loudly beside the terminal.
    let copied = clock.fetch_add(300_000, Ordering::SeqCst);
    loud[1].place = here;
    loud[1].at_metre_dbm = -20;
    loud[1].replays_ms = Some(copied);
    let third = hear(&mut terminal, &loud, 3)?;
    stage.note(&format!("The terminal stands at shop {first}, whatever is loud ({second}) or copied ({third})"));

    let products = terminal.products(0).or_fail(Exit::Bug, "demo", "the service")?;
    let seen = number(&products[0][1]["version"])?;
    cast.offer(stage, "The shop raises the price of a book while it is looked at", 500)?;
    let payer = cast.payer.address().to_string();
    terminal.enrol(&payer, 0).or_fail(Exit::Bug, "demo", "the service")?;
    let refused = terminal.pay(&payer, 0, &cast.signed(stage, seen as u32, 1)?, [1; 32]);
    let refused = match refused {
        Err(error) => ["Changed", "TooMuch"].into_iter().find(|word| error.to_string().contains(word)).unwrap_or("?"),
        Ok(_) => "paid",
    };
    stage.note(&format!("The terminal's payment at the old price is refused: {refused}"));
    let products = terminal.products(0).or_fail(Exit::Bug, "demo", "the service")?;
    let seen = number(&products[0][1]["version"])?;
    let receipt = terminal.pay(&payer, 0, &cast.signed(stage, seen as u32, 2)?, [2; 32]);
    let receipt = receipt.or_fail(Exit::Bug, "demo", "the payment")?;
    stage.note(&format!("Paid by what the terminal signed, brought by the service: payment {}", receipt["payment"]));
    let (payment, signers) = prove(client, &cast.merchants.address, number(&receipt["payment"])?)?;
    let refund = json!({
        "by": cast.shopkeeper.address().to_string(), "payment": receipt["payment"], "units": 500, "restock": 1,
    });
    let refund = cast.merchants.call("refund", refund)?;
    stage.act("One of two books comes back", &[(&cast.shopkeeper, vec![refund])])?;
    let found = stage.ask(&cast.merchants, "payment", json!({ "payment": receipt["payment"] }))?;
    let proved = payment.payer == cast.payer.address() && payment.quantity == 2;
    Ok(Ending {
        near,
        chosen: [first, second, third],
        refused: refused.to_owned(),
        amount: number(&found["amount"])?,
        fee: number(&found["fee"])?,
        proved,
        signers,
        refunded: number(&found["refunded"])?,
        conserved: cast.conserved(stage)?,
    })
}

/// A place so many metres to the east.
fn east(metres: i64) -> anyhow::Result<Place> {
    // A metre to the east there is 109.9 ten-millionths of a degree.
    Ok(Place::new(BUSAN.0, BUSAN.1 + metres * 1_099 / 10)?)
}

fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let faucet = Signer::new(dev_account(FAUCET));
    let [operator, shopkeeper, payer] = ["operator", "shopkeeper", "payer"].map(|name| Signer::new(dev_account(name)));
    let fund = |signer: &Signer| Action::Transfer { to: signer.address(), amount: FUNDS };
    stage.act("Give everyone native currency", &[(&faucet, [&operator, &shopkeeper, &payer].map(fund).to_vec())])?;
    let arguments = json!({ "name": "Money", "symbol": "MNY", "decimals": 2 });
    let money = stage.deploy("Deploy the money", &operator, "token", "new", arguments)?;
    let me = operator.address().to_string();
    let terms = json!({
        "fee_ppm": 20_000, "fee_to": me, "arbiter": me, "dispute_ms": 600_000, "resolve_ms": 600_000,
        "recovery_ms": 600_000, "admin_delay_ms": 0,
    });
    let merchants = stage.deploy("Deploy the register", &operator, "merchants", "new", json!({ "terms": terms }))?;
    let owner = shopkeeper.address().to_string();
    let mut actions = vec![money.call("mint", json!({ "to": payer.address().to_string(), "units": MADE }))?];
    for (shop, metres) in SHOPS.into_iter().enumerate() {
        // Of the place, the ledger holds a cell; of the beacon's key, a hash.
        let register = json!({
            "owner": owner, "payout": owner, "cell": east(metres)?.cell(),
            "beacon": hex(&Sha256::digest(public_key(&beacon_secret(shop)))),
        });
        actions.push(merchants.call("register", register)?);
    }
    stage.act("Make money and register four shops", &[(&operator, actions)])?;
    let key = dev_account("payer");
    let cast = Cast { operator, shopkeeper, payer, key, money, merchants };
    cast.offer(stage, "A shop offers a book", 450)?;
    let (holder, spender) = (cast.payer.address().to_string(), cast.merchants.address.to_string());
    let allow = cast.money.call("approve", json!({ "holder": holder, "spender": spender, "units": MADE }))?;
    stage.act("The payer lets what it signs be paid from its account", &[(&cast.payer, vec![allow])])?;
    Ok(cast)
}

fn beacon_secret(shop: usize) -> [u8; 32] {
    [shop as u8 + 11; 32]
}

/// The service with its shops, and their beacons: both sides agreed on each beacon's key.
fn shops(cast: &Cast, client: &Client, clock: Arc<AtomicU64>) -> anyhow::Result<(Arc<Service<Chain>>, Vec<Sender>)> {
    let ledger = Chain {
        client: Client::connect(client.url()).map_err(client_failure)?,
        merchants: cast.merchants.address,
        bringer: Signer::new(dev_account("shopkeeper")),
    };
    let (start_ms, counter) = (clock.load(Ordering::SeqCst), AtomicU64::new(1));
    let surroundings = Surroundings {
        now_ms: Box::new(move || clock.load(Ordering::SeqCst)),
        random: Box::new(move || {
            let seed = counter.fetch_add(1, Ordering::SeqCst).to_le_bytes();
            Ok(Sha256::digest([&b"of this demonstration"[..], &seed].concat()).into())
        }),
    };
    let service = Service::new(ledger, Rules::default(), surroundings);
    let own = [99; 32];
    let mut senders = Vec::new();
    for (shop, metres) in SHOPS.into_iter().enumerate() {
        let (secret, since_s) = (beacon_secret(shop), start_ms / 1_000 - 5_000);
        let keys = (&public_key(&own), &public_key(&secret));
        let of_service = IdentityKey::agree(&own, keys.1, keys, EXPONENT)?;
        let of_beacon = IdentityKey::agree(&secret, keys.0, keys, EXPONENT)?;
        service.put_merchant(shop as u64, east(metres)?);
        service.provision(Beacon { merchant: shop as u64, number: 0, key: of_service, since_s });
        let place = east(metres)?;
        senders.push(Sender { place, at_metre_dbm: -59, key: of_beacon, since_s, replays_ms: None });
    }
    Ok((Arc::new(service), senders))
}

impl Cast {
    fn offer(&self, stage: &mut Stage<'_>, title: &str, price: u64) -> anyhow::Result<()> {
        let product = json!({
            "name": "A book", "image": hex(&Sha256::digest(b"its image")),
            "asset": { "Token": self.money.address.to_string() }, "price": price, "stock": 5, "listed": true,
        });
        let set = json!({ "merchant": 0, "sku": "book", "product": product });
        stage.act(title, &[(&self.shopkeeper, vec![self.merchants.call("set_product", set)?])])
    }

    /// Two books at a version, signed by the payer.
    fn signed(&self, stage: &Stage<'_>, version: u32, nonce: u64) -> anyhow::Result<Value> {
        let document = json!({
            "payer": self.payer.address().to_string(), "merchant": "0", "sku": "book", "quantity": "2",
            "version": version, "max_amount": "1200", "deadline_ms": u64::MAX.to_string(),
            "nonce": nonce.to_string(), "invoice": null,
        });
        let digest = stage.ask(&self.merchants, "digest", json!({ "intent": document }))?;
        let signature = self.key.sign(&unhex(&digest)?);
        Ok(json!({
            "intent": document, "key": hex(&self.key.public_key().0),
            "signature": hex(&signature.0),
        }))
    }

    fn conserved(&self, stage: &Stage<'_>) -> anyhow::Result<bool> {
        let people = [&self.operator, &self.shopkeeper, &self.payer].map(|signer| signer.address().to_string());
        let all = people.into_iter().chain([self.merchants.address.to_string()]);
        let held = |who: String| number(&stage.ask(&self.money, "balance_of", json!({ "holder": who }))?);
        Ok(all.map(held).sum::<anyhow::Result<u64>>()? == MADE)
    }
}

/// The receipt, by proof: the payment's entry in the state of a block that replicas signed; and how many signed.
pub fn prove(client: &Client, merchants: &Address, payment: u64) -> anyhow::Result<(Payment, usize)> {
    let field = b"payments";
    let key = [&[field.len() as u8], &field[..], &[0], &payment.encode()].concat();
    let started = Instant::now();
    loop {
        if let Ok(ChainProof::Entry(proof)) = client.prove_entry(merchants, &key)
            && let Some(value) = &proof.value
        {
            let payment = Payment::decode(&mut value.as_slice()).map_err(bug)?;
            return Ok((payment, proof.finality.approval.signatures.len()));
        }
        if started.elapsed() > PATIENCE {
            return Err(Failure::new(Exit::Bug, "demo", "the receipt is not proved").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn bug(error: parity_scale_codec::Error) -> Failure {
    Failure::new(Exit::Bug, "demo", error)
}

/// The ledger as the service sees it.
struct Chain {
    client: Client,
    merchants: Address,
    bringer: Signer,
}

impl Chain {
    fn call(&self, method: &str, arguments: &Value) -> anyhow::Result<Vec<u8>> {
        let abi = self.client.abi(&self.merchants).map_err(client_failure)?;
        let found = abi.method(method).ok_or_else(|| Failure::new(Exit::Bug, "demo", method))?;
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        Ok(abi.encode_call(found, &arguments).map_err(|error| Failure::new(Exit::Bug, "demo", error))?)
    }

    fn bring(&self, signed: &Value) -> anyhow::Result<Result<Value, Value>> {
        let arguments = json!({ "intent": signed["intent"], "key": signed["key"], "signature": signed["signature"] });
        let input = self.call("pay_signed", &arguments)?;
        let action = Action::Call { contract: self.merchants, input, value: 0 };
        let request = TransactionRequest::new(&self.bringer, vec![action]);
        let signed = match self.client.prepare(&request).map_err(client_failure)? {
            Ok(signed) => signed,
            Err(simulated) => return Ok(Err(simulated.json["outcome"].clone())),
        };
        let hash = self.client.send(&signed).map_err(client_failure)?;
        let rule: CommitRule = "quorum:0.67".parse().map_err(|error| Failure::new(Exit::Bug, "rule", error))?;
        let confirmed = self.client.wait(&hash, &rule, PATIENCE).map_err(client_failure)?;
        if confirmed.receipt.outcome != Outcome::Success {
            return Ok(Err(confirmed.json["outcome"].clone()));
        }
        let output = confirmed.receipt.outputs.first().cloned().unwrap_or_default();
        let payment = u64::decode(&mut output.as_slice()).map_err(bug)?;
        Ok(Ok(json!({ "payment": payment, "transaction": hash.to_string() })))
    }

    fn ask(&self, merchant: u64) -> anyhow::Result<Value> {
        let input = self.call("products", &json!({ "merchant": merchant, "after": null, "limit": 50 }))?;
        let answer = self.client.query(&self.merchants, &Address::ZERO, &input).map_err(client_failure)?;
        let abi = self.client.abi(&self.merchants).map_err(client_failure)?;
        let output = abi.method("products").map(|found| abi.decode_value(found.output, &answer.output));
        Ok(output.transpose().map_err(|error| Failure::new(Exit::Bug, "demo", error))?.unwrap_or_default())
    }
}

impl Ledger for Chain {
    fn products(&self, merchant: u64) -> Result<Value, ServiceError> {
        self.ask(merchant).map_err(ServiceError::unavailable)
    }

    fn pay(&self, signed: &Value) -> Result<Value, ServiceError> {
        match self.bring(signed).map_err(ServiceError::unavailable)? {
            Ok(receipt) => Ok(receipt),
            Err(outcome) => Err(ServiceError::new("refused_by_contract", outcome)),
        }
    }
}
