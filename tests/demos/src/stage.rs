//! What the story is told with: transactions, questions, and a line for each step.

use counterpart_abi::ContractAbi;
use counterpart_cli::chain::{certificate_line, client_failure, confirmed_json, outcome_failure};
use counterpart_cli::commands::module;
use counterpart_cli::output::{Exit, Failure, Output};
use counterpart_client::{Client, Confirmed, Signer, TransactionRequest};
use counterpart_consensus::{CommitRule, Decision};
use counterpart_ledger::{Action, Address, Gas, Hash, Outcome, contract_address};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// Rules that each step's certificate is held against.
const RULES: [&str; 4] = ["quorum:0.67", "quorum:0.8", "quorum:1", "synchronous:0.67,100ms"];
const PATIENCE: Duration = Duration::from_secs(120);

/// A contract that the story has deployed.
pub struct Contract {
    /// Where it is.
    pub address: Address,
    abi: ContractAbi,
}

impl Contract {
    /// The action of calling a method.
    pub fn call(&self, method: &str, arguments: Value) -> anyhow::Result<Action> {
        self.pay(method, arguments, 0)
    }

    /// The action of calling a method with native currency.
    pub fn pay(&self, method: &str, arguments: Value, value: u128) -> anyhow::Result<Action> {
        let input = encode(&self.abi, method, &arguments)?;
        Ok(Action::Call { contract: self.address, input, value })
    }
}

/// The stage.
pub struct Stage<'a> {
    output: Output,
    client: &'a Client,
    contracts: PathBuf,
    steps: Vec<Value>,
    transactions: usize,
    certified: usize,
}

impl<'a> Stage<'a> {
    /// An empty stage.
    pub fn new(output: Output, client: &'a Client, contracts: PathBuf) -> Self {
        Self { output, client, contracts, steps: Vec::new(), transactions: 0, certified: 0 }
    }

    /// The node's JSON-RPC.
    pub fn url(&self) -> &str {
        self.client.url()
    }

    /// The chain's number.
    pub fn chain(&self) -> u64 {
        self.client.chain().0
    }

    /// Transactions sent.
    pub fn transactions(&self) -> usize {
        self.transactions
    }

    /// Transactions whose certificates were verified.
    pub fn certified(&self) -> usize {
        self.certified
    }

    /// What happened, for machines.
    pub fn into_steps(self) -> Vec<Value> {
        self.steps
    }

    /// Deploys a contract.
    pub fn deploy(
        &mut self,
        title: &str,
        sender: &Signer,
        package: &str,
        constructor: &str,
        arguments: Value,
    ) -> anyhow::Result<Contract> {
        self.deploy_salted(title, sender, package, (constructor, arguments), Hash::ZERO)
    }

    /// Deploys a contract beside another of the same code and sender, by a salt of its own.
    pub fn deploy_salted(
        &mut self,
        title: &str,
        sender: &Signer,
        package: &str,
        (constructor, arguments): (&str, Value),
        salt: Hash,
    ) -> anyhow::Result<Contract> {
        let (code, prepared) = module::load(&self.contracts.join(format!("{package}.wasm")))?;
        let section = prepared.metadata.as_deref().unwrap_or_default();
        let abi =
            ContractAbi::from_section(section).map_err(|error| Failure::new(Exit::Input, "no_interface", error))?;
        let input = encode(&abi, constructor, &arguments)?;
        let code_hash = prepared.original_hash;
        let address = contract_address(&sender.address(), &code_hash, &salt);
        let deploy = Action::Deploy { code_hash, salt, input, value: 0 };
        self.act(title, &[(sender, vec![Action::Upload { code }, deploy])])?;
        Ok(Contract { address, abi })
    }

    /// Asks a contract.
    pub fn ask(&self, contract: &Contract, method: &str, arguments: Value) -> anyhow::Result<Value> {
        let found = contract.abi.method(method).ok_or_else(|| Failure::new(Exit::Bug, "demo", method))?;
        let input = encode(&contract.abi, method, &arguments)?;
        let answer = self.client.query(&contract.address, &Address::ZERO, &input).map_err(client_failure)?;
        if answer.outcome["status"] != "success" {
            return Err(outcome_failure(&answer.outcome));
        }
        let value = contract.abi.decode_value(found.output, &answer.output);
        Ok(value.map_err(|error| Failure::new(Exit::Bug, "bad_answer", error))?)
    }

    /// Moves the clock of coming blocks forward.
    pub fn advance_ms(&self, by_ms: u64) -> anyhow::Result<()> {
        self.client.call("dev_advance_time", json!({ "by_ms": by_ms })).map_err(client_failure)?;
        Ok(())
    }

    /// One step: sends a transaction for each sender, waits for all, prints the certificate of the last.
    pub fn act(&mut self, title: &str, transactions: &[(&Signer, Vec<Action>)]) -> anyhow::Result<()> {
        let bar = self.output.bar(transactions.len() as u64, "sending");
        let mut hashes = Vec::new();
        for (sender, actions) in transactions {
            let request = TransactionRequest::new(sender, actions.clone());
            let signed = self.client.prepare(&request).map_err(client_failure)?;
            let signed = signed.map_err(|simulated| outcome_failure(&simulated.json["outcome"]))?;
            hashes.push(self.client.send(&signed).map_err(client_failure)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        let mut last = None;
        for hash in hashes {
            let confirmed = self.wait(&hash)?;
            if confirmed.receipt.outcome != Outcome::Success {
                return Err(outcome_failure(&confirmed.json["outcome"]));
            }
            last = Some(confirmed);
        }
        if let Some(confirmed) = last {
            self.tell(title, transactions.len(), &confirmed);
        }
        Ok(())
    }

    /// Sends a transaction that is meant to fail; answers how it did.
    pub fn act_in_vain(&mut self, title: &str, sender: &Signer, action: Action) -> anyhow::Result<Value> {
        // With a gas limit of its own, a transaction is sent though it will fail.
        let gas_limit = Some(Gas(5_000_000));
        let request = TransactionRequest { gas_limit, ..TransactionRequest::new(sender, vec![action]) };
        let signed = self.client.prepare(&request).map_err(client_failure)?;
        let signed = signed.map_err(|simulated| outcome_failure(&simulated.json["outcome"]))?;
        let hash = self.client.send(&signed).map_err(client_failure)?;
        let confirmed = self.wait(&hash)?;
        self.tell(title, 1, &confirmed);
        Ok(confirmed.json["outcome"].clone())
    }

    /// A transaction whose end is the caller's to look at, and of which nothing is told. What would fail is not sent.
    pub fn quietly(&mut self, sender: &Signer, action: Action) -> anyhow::Result<Value> {
        let request = TransactionRequest::new(sender, vec![action]);
        let signed = match self.client.prepare(&request).map_err(client_failure)? {
            Ok(signed) => signed,
            Err(simulated) => return Ok(simulated.json["outcome"].clone()),
        };
        let hash = self.client.send(&signed).map_err(client_failure)?;
        Ok(self.wait(&hash)?.json["outcome"].clone())
    }

    /// Actions in one transaction that has to succeed, and of which nothing is told.
    pub fn quietly_all(&mut self, sender: &Signer, actions: Vec<Action>) -> anyhow::Result<()> {
        let request = TransactionRequest::new(sender, actions);
        let signed = self.client.prepare(&request).map_err(client_failure)?;
        let signed = signed.map_err(|simulated| outcome_failure(&simulated.json["outcome"]))?;
        let hash = self.client.send(&signed).map_err(client_failure)?;
        let confirmed = self.wait(&hash)?;
        match confirmed.receipt.outcome {
            Outcome::Success => Ok(()),
            _ => Err(outcome_failure(&confirmed.json["outcome"])),
        }
    }

    /// A bar for what takes long.
    pub fn bar(&self, length: u64, what: &'static str) -> indicatif::ProgressBar {
        self.output.bar(length, what)
    }

    fn wait(&mut self, hash: &Hash) -> anyhow::Result<Confirmed> {
        let rule: CommitRule = "quorum:0.67".parse().map_err(|error| Failure::new(Exit::Bug, "rule", error))?;
        let confirmed = self.client.wait(hash, &rule, PATIENCE).map_err(client_failure)?;
        self.transactions += 1;
        self.certified += 1;
        Ok(confirmed)
    }

    fn tell(&mut self, title: &str, transactions: usize, confirmed: &Confirmed) {
        let set = self.client.validators();
        let finals = confirmed.approval.signatures.len() as u16;
        let rules = RULES.iter().filter_map(|text| Some((*text, text.parse::<CommitRule>().ok()?)));
        let verdicts: Vec<(&str, Decision)> =
            rules.map(|(text, rule)| (text, rule.decide(set, finals, 0, false))).collect();
        let words: Vec<String> =
            verdicts.iter().map(|(text, decision)| format!("{text} {}", in_words(decision))).collect();
        self.output.note(format!("{title}\n    {}\n    {}", certificate_line(set, confirmed), words.join(" · ")));
        let mut document = confirmed_json(set, confirmed);
        document["step"] = json!(title);
        document["transactions"] = json!(transactions);
        document["rules"] =
            verdicts.iter().map(|(text, decision)| ((*text).to_owned(), json!(in_words(decision)))).collect();
        // The whole receipt is for those who ask for the transaction.
        if let Some(receipt) = document["receipt"].as_object_mut() {
            receipt.retain(|key, _| matches!(key.as_str(), "outcome" | "gas_used"));
        }
        self.steps.push(document);
    }

    /// A line between steps.
    pub fn note(&self, text: &str) {
        self.output.note(text);
    }
}

/// A number of an answer: a number, or text where it is long.
pub fn number(value: &Value) -> anyhow::Result<u64> {
    let parsed = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    Ok(parsed.ok_or_else(|| Failure::new(Exit::Bug, "demo", format!("{value} is no number")))?)
}

/// The name of the error that a contract refused with; none if it did not.
pub fn outcome_error(outcome: &Value) -> Option<String> {
    if outcome["status"] == "success" {
        return None;
    }
    let error = &outcome["error"];
    let named = error.as_str().or_else(|| error["name"].as_str());
    let keyed = error.as_object().and_then(|fields| fields.keys().next().map(String::as_str));
    Some(named.or(keyed).unwrap_or("?").to_owned())
}

/// Bytes as they stand in documents.
pub fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// The bytes of an answer that is text.
pub fn unhex(answer: &Value) -> anyhow::Result<Vec<u8>> {
    let bytes = hex::decode(answer.as_str().unwrap_or_default().trim_start_matches("0x"));
    Ok(bytes.map_err(|error| Failure::new(Exit::Bug, "demo", error))?)
}

/// The clock of this machine, in ms since 1970.
pub fn now_ms() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}

fn in_words(decision: &Decision) -> String {
    match decision {
        Decision::Final => "final".into(),
        Decision::Waiting { have, need } => format!("waits ({have} of {need})"),
        Decision::Undisturbed { wait_ms } => format!("final after {wait_ms} ms"),
        Decision::Disturbed => "disturbed".into(),
    }
}

fn encode(abi: &ContractAbi, method: &str, arguments: &Value) -> anyhow::Result<Vec<u8>> {
    let found = abi.method(method).ok_or_else(|| {
        Failure::new(Exit::Input, "unknown_method", format!("{} has no method `{method}`", abi.name))
            .hint("build the contracts again: cargo xtask contracts")
    })?;
    let arguments: Map<String, Value> = arguments.as_object().cloned().unwrap_or_default();
    Ok(abi.encode_call(found, &arguments).map_err(|error| Failure::new(Exit::Bug, "bad_arguments", error))?)
}
