//! What verbs that talk to a node share: where it is, who signs, what names mean, how failures are told.

use crate::Context;
use crate::commands::keys;
use crate::output::{Exit, Failure, OrFail};
use counterpart_client::{Client, ClientError, Confirmed, Signer};
use counterpart_consensus::{CommitRule, strength};
use counterpart_ledger::{Address, ValidatorSet, account_address};
use counterpart_node::dev_account;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Where the node is, who sends, and when the client takes a result for final.
#[derive(clap::Args, Clone, Debug)]
pub struct ChainArguments {
    /// The node's JSON-RPC.
    #[arg(long, env = "COUNTERPART_RPC", default_value = "http://127.0.0.1:7545", value_name = "URL")]
    pub rpc: String,
}

/// Who signs, and the rule to wait by.
#[derive(clap::Args, Clone, Debug)]
pub struct SendArguments {
    /// Which chain.
    #[command(flatten)]
    pub chain: ChainArguments,
    /// Who sends and pays: the name of a key, or `dev:NAME` for a development account.
    #[arg(long, env = "COUNTERPART_FROM", default_value = "dev:faucet", value_name = "KEY")]
    pub from: String,
    /// Who else consents if asked to; can be given several times.
    #[arg(long, value_name = "KEY")]
    pub signer: Vec<String>,
    /// Native amount to send along.
    #[arg(long, default_value_t = 0, value_name = "AMOUNT")]
    pub value: u128,
    /// When the result is final for you: `quorum:SHARE` or `synchronous:SHARE,DELTAms`.
    #[arg(long, env = "COUNTERPART_RULE", default_value = "quorum:0.67", value_name = "RULE")]
    pub rule: CommitRule,
    /// Seconds to wait for it.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub timeout: u64,
    /// The most gas; found by simulation without it.
    #[arg(long, value_name = "GAS")]
    pub gas_limit: Option<u64>,
}

impl SendArguments {
    /// How long to wait.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// Connects to a node.
pub fn connect(arguments: &ChainArguments) -> anyhow::Result<Client> {
    Client::connect(&arguments.rpc).map_err(client_failure)
}

/// Turns an error of the client into exit code, word and hint.
pub fn client_failure(error: ClientError) -> anyhow::Error {
    let exit = match &error {
        ClientError::Consent { .. } => Exit::No,
        _ => Exit::Network,
    };
    let failure = Failure::new(exit, error.name(), &error);
    let hint = match &error {
        ClientError::Unreachable { .. } => {
            Some("start one with `counterpart devnet`, or name it with --rpc".to_owned())
        }
        ClientError::Consent { .. } => Some("add --signer with the key of that account".to_owned()),
        ClientError::Refused { hint, .. } => hint.clone(),
        _ => None,
    };
    match hint {
        Some(hint) => failure.hint(hint).into(),
        None => failure.into(),
    }
}

/// Opens the key with a name.
pub fn signer(context: &Context, name: &str) -> anyhow::Result<Signer> {
    match name.strip_prefix("dev:") {
        Some(name) => Ok(Signer::new(dev_account(name))),
        None => Ok(Signer::new(keys::open(context, name)?)),
    }
}

/// Opens all keys with these names.
pub fn signers(context: &Context, names: &[String]) -> anyhow::Result<Vec<Signer>> {
    names.iter().map(|name| signer(context, name)).collect()
}

/// What a word for an address means: hex, a development account, a contract's name or a key's name.
pub fn address(context: &Context, word: &str) -> anyhow::Result<Address> {
    if let Some(address) = Address::from_hex(word) {
        return Ok(address);
    }
    if let Some(name) = word.strip_prefix("dev:") {
        return Ok(account_address(&dev_account(name).public_key()));
    }
    if let Some(address) = names(context)?.get(word).and_then(|text| Address::from_hex(text)) {
        return Ok(address);
    }
    keys::keystore(context).address(word).map_err(|_| {
        Failure::new(Exit::Input, "unknown_name", format!("`{word}` is no address and no name that is known here"))
            .hint("write 64 hex digits, dev:NAME, the name of a deployed contract or of a key")
            .into()
    })
}

fn names_file(context: &Context) -> PathBuf {
    context.home.join("names.json")
}

fn names(context: &Context) -> anyhow::Result<BTreeMap<String, String>> {
    let path = names_file(context);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = std::fs::read_to_string(&path).or_fail(Exit::Input, "names", path.display())?;
    serde_json::from_str(&text).or_fail(Exit::Input, "names", path.display())
}

/// Remembers a contract under a name.
pub fn remember(context: &Context, name: &str, address: &Address) -> anyhow::Result<()> {
    let path = names_file(context);
    let mut all = names(context)?;
    all.insert(name.to_owned(), address.to_string());
    std::fs::create_dir_all(&context.home).or_fail(Exit::Input, "names", context.home.display())?;
    std::fs::write(&path, format!("{:#}\n", json!(all))).or_fail(Exit::Input, "names", path.display())
}

/// Gives an account native currency from the faucet of a development network and waits until it is there; answers the
/// transaction's hash and the new balance.
pub fn fund(client: &Client, address: &Address, amount: u128) -> anyhow::Result<(Value, u128)> {
    const PATIENCE: Duration = Duration::from_secs(30);
    let balance = || client.account(address).map(|(_, balance)| balance).map_err(client_failure);
    let before = balance()?;
    let parameters = json!({ "address": address.to_string(), "amount": amount.to_string() });
    let answer = client.call("dev_fund", parameters).map_err(client_failure)?;
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let now = balance()?;
        if now != before {
            return Ok((answer["hash"].clone(), now));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let failure = Failure::new(Exit::Network, "no_funds", format!("the faucet has not paid {address} within 30 s"));
    Err(failure.hint("does the network make blocks? `counterpart tx show` with the hash says what became of it").into())
}

/// Who signed, and which rules it satisfies, in a line.
pub fn certificate_line(set: &ValidatorSet, confirmed: &Confirmed) -> String {
    let signers: Vec<String> = confirmed.approval.signatures.iter().map(|signed| signed.signer.to_string()).collect();
    let finals = confirmed.approval.signatures.len() as u16;
    let worth = strength(set, finals).map_or_else(
        || "below the quorum".to_owned(),
        |strength| {
            format!(
                "final although {} of {} lie, or {} if messages arrive in time",
                strength.tolerated,
                set.size(),
                strength.tolerated_synchronous
            )
        },
    );
    format!("block {} certified by replicas {} of {}: {worth}", confirmed.height, signers.join(" "), set.size())
}

/// A confirmed transaction as JSON.
pub fn confirmed_json(set: &ValidatorSet, confirmed: &Confirmed) -> Value {
    let finals = confirmed.approval.signatures.len() as u16;
    let strength = strength(set, finals);
    json!({
        "transaction": confirmed.hash.to_string(),
        "height": confirmed.height.0,
        "receipt": confirmed.json,
        "certificate": {
            "voted": confirmed.certificate.signatures.iter().map(|signed| signed.signer).collect::<Vec<_>>(),
            "certified": confirmed.approval.signatures.iter().map(|signed| signed.signer).collect::<Vec<_>>(),
            "tolerated": strength.map(|strength| strength.tolerated),
            "tolerated_synchronous": strength.map(|strength| strength.tolerated_synchronous),
        },
    })
}

/// An outcome in words: the contract's own error if it is known.
pub fn outcome_line(outcome: &Value) -> String {
    let status = outcome["status"].as_str().unwrap_or("unknown");
    match (&outcome["error"], &outcome["code"]) {
        (Value::Null, Value::Null) => status.to_owned(),
        (Value::Null, code) => format!("{status}: code {code}"),
        (Value::String(error), _) => format!("{status}: {error}"),
        (error, _) => format!("{status}: {error}"),
    }
}

/// A failure of a contract: the answer is no.
pub fn outcome_failure(outcome: &Value) -> anyhow::Error {
    let status = outcome["status"].as_str().unwrap_or("failed").to_owned();
    let failure = Failure::new(Exit::No, &status, outcome_line(outcome));
    match status.as_str() {
        "address_taken" => {
            failure.hint("this sender deployed the same code before: --salt with a number makes another").into()
        }
        "out_of_gas" => failure.hint("give more with --gas-limit").into(),
        "no_contract" => failure.hint("is it the right chain? `counterpart abi ADDRESS` asks for its interface").into(),
        _ => failure.into(),
    }
}
