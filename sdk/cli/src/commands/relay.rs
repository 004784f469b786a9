//! `counterpart relay`: carries proofs between two chains until orders end.

use crate::Context;
use crate::arguments::decode;
use crate::chain::{self, ChainArguments, client_failure};
use crate::output::{Exit, Failure};
use counterpart_abi::{ContractAbi, Method};
use counterpart_client::{Client, Signer, TransactionRequest};
use counterpart_consensus::CommitRule;
use counterpart_ledger::{Action, Address, ChainProof, EntryProof, Outcome, encode};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Carry proofs between two chains: orders that a desk fulfilled are paid, others come back after their deadline.
///
/// Both contracts believe proofs alone, so a relay is trusted with nothing. It keeps nothing either: wherever one is killed,
/// the next goes on with what both chains say. With --fulfil it also gives what orders ask for, from its own units.
#[derive(clap::Args)]
pub struct Arguments {
    /// The chain where units are locked.
    #[command(flatten)]
    chain: ChainArguments,
    /// The contract where they are locked: an address, or the name that it was deployed under.
    #[arg(long, value_name = "CONTRACT")]
    orders: String,
    /// JSON-RPC of the chain where orders are fulfilled.
    #[arg(long, value_name = "URL")]
    desk_rpc: String,
    /// The desk there: an address, or the name that it was deployed under.
    #[arg(long, value_name = "CONTRACT")]
    desk: String,
    /// Who pays for gas on both chains: the name of a key, or `dev:NAME` for a development account.
    #[arg(long, env = "COUNTERPART_FROM", value_name = "KEY")]
    from: String,
    /// Fulfil orders from the units of this account, wherever it has enough.
    #[arg(long)]
    fulfil: bool,
    /// Look once and end; without it, look again and again until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Between two looks, in ms.
    #[arg(long, default_value_t = 1_000, value_name = "MS")]
    every_ms: u64,
    /// When a result is final for you.
    #[arg(long, env = "COUNTERPART_RULE", default_value = "quorum:0.67", value_name = "RULE")]
    rule: CommitRule,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let desk_chain = ChainArguments { rpc: arguments.desk_rpc.clone() };
    let mut relay = Relay {
        orders: Remote::open(context, &arguments.chain, &arguments.orders)?,
        desk: Remote::open(context, &desk_chain, &arguments.desk)?,
        signer: chain::signer(context, &arguments.from)?,
        rule: arguments.rule,
        fulfil: arguments.fulfil,
        ended: BTreeSet::new(),
        refused: BTreeMap::new(),
    };
    if arguments.once {
        let carried = relay.look(context)?;
        let text = format!("{} carried", carried.len());
        context.output.result(&json!({ "carried": carried }), &text);
        return Ok(ExitCode::SUCCESS);
    }
    context.output.note(format!(
        "carrying between chain {} and chain {}; Ctrl-C ends it",
        relay.orders.client.chain().0,
        relay.desk.client.chain().0
    ));
    loop {
        // A node that is away for a while is no reason to end.
        if let Err(error) = relay.look(context) {
            context.output.note(format!("{error:#}; looking again"));
        }
        std::thread::sleep(Duration::from_millis(arguments.every_ms));
    }
}

/// A contract and the chain that it lives on.
struct Remote {
    client: Client,
    address: Address,
    abi: ContractAbi,
}

impl Remote {
    fn open(context: &Context, at: &ChainArguments, contract: &str) -> anyhow::Result<Self> {
        let client = chain::connect(at)?;
        let address = chain::address(context, contract)?;
        let abi = client.abi(&address).map_err(client_failure)?;
        Ok(Self { client, address, abi })
    }

    fn method(&self, name: &str) -> anyhow::Result<&Method> {
        Ok(self.abi.method(name).ok_or_else(|| {
            Failure::new(Exit::Input, "unknown_method", format!("{} has no method `{name}`", self.abi.name))
                .hint("--orders names a remote-order contract and --desk a remote-desk")
        })?)
    }

    fn input(&self, method: &str, arguments: &Value) -> anyhow::Result<Vec<u8>> {
        let arguments: Map<String, Value> = arguments.as_object().cloned().unwrap_or_default();
        Ok(self
            .abi
            .encode_call(self.method(method)?, &arguments)
            .map_err(|error| Failure::new(Exit::Bug, "relay", error))?)
    }

    fn ask(&self, method: &str, arguments: &Value) -> anyhow::Result<Value> {
        let input = self.input(method, arguments)?;
        let answer = self.client.query(&self.address, &Address::ZERO, &input).map_err(client_failure)?;
        if answer.outcome["status"] != "success" {
            return Err(chain::outcome_failure(&answer.outcome));
        }
        decode(&self.abi, self.method(method)?, &answer.output)
    }

    /// What the state says at an entry of the contract, by proof.
    fn prove(&self, entry: &Value) -> anyhow::Result<EntryProof> {
        let digits = entry.as_str().unwrap_or_default().trim_start_matches("0x");
        let key = hex::decode(digits).map_err(|error| Failure::new(Exit::Bug, "relay", error))?;
        match self.client.prove_entry(&self.address, &key).map_err(client_failure)? {
            ChainProof::Entry(proof) => Ok(proof),
            _ => Err(Failure::new(Exit::Bug, "relay", "an entry was asked for, and something else proved").into()),
        }
    }
}

struct Relay {
    orders: Remote,
    desk: Remote,
    signer: Signer,
    rule: CommitRule,
    fulfil: bool,
    /// Orders that are locked no more.
    ended: BTreeSet<u64>,
    /// What was last said about an order that nothing could be done for.
    refused: BTreeMap<u64, String>,
}

impl Relay {
    /// Looks at every order once, and carries what there is to carry.
    fn look(&mut self, context: &Context) -> anyhow::Result<Vec<Value>> {
        let count = self.orders.ask("count", &json!({}))?;
        let mut carried = Vec::new();
        for order in 0..number(&count)? {
            if self.ended.contains(&order) {
                continue;
            }
            let found = self.orders.ask("order", &json!({ "order": order }))?;
            if found.is_null() {
                self.ended.insert(order);
            } else if number(&found["desk_chain"])? == self.desk.client.chain().0
                && found["desk"] == self.desk.address.to_string()
            {
                let step = self.step(order, &found)?;
                carried.extend(step.map(|step| self.carry(context, order, &step)).transpose()?.flatten());
            }
        }
        Ok(carried)
    }

    /// What there is to do for an order now.
    fn step(&self, order: u64, found: &Value) -> anyhow::Result<Option<Step>> {
        let asked = json!({ "order": order });
        let proof = self.desk.prove(&self.orders.ask("fulfilment_entry", &asked)?)?;
        let late = proof.block.time_ms >= number(&found["deadline_ms"])?;
        let method = match proof.value {
            Some(_) => "release",
            None if late => "refund",
            None if self.fulfil => return self.fulfilment(order, &asked),
            None => return Ok(None),
        };
        let arguments = json!({ "order": order, "proof": text(proof) });
        Ok(Some(Step { method, at_desk: false, arguments }))
    }

    fn fulfilment(&self, order: u64, asked: &Value) -> anyhow::Result<Option<Step>> {
        let proof = self.orders.prove(&self.orders.ask("lock_entry", asked)?)?;
        if proof.value.is_none() {
            return Ok(None);
        }
        let me = self.signer.address().to_string();
        let id = self.orders.ask("id", &json!({ "order": order }))?;
        let arguments = json!({ "solver": me, "id": id, "proof": text(proof), "payee": me, "through": null });
        Ok(Some(Step { method: "fulfil", at_desk: true, arguments }))
    }

    /// Sends it. What a contract refuses is told once: another may have been faster, or units are missing.
    fn carry(&mut self, context: &Context, order: u64, step: &Step) -> anyhow::Result<Option<Value>> {
        let side = if step.at_desk { &self.desk } else { &self.orders };
        let input = side.input(step.method, &step.arguments)?;
        let action = Action::Call { contract: side.address, input, value: 0 };
        let request = TransactionRequest::new(&self.signer, vec![action]);
        let refused = match side.client.prepare(&request).map_err(client_failure)? {
            Err(simulated) => simulated.json["outcome"].clone(),
            Ok(signed) => {
                let hash = side.client.send(&signed).map_err(client_failure)?;
                let confirmed = side.client.wait(&hash, &self.rule, PATIENCE).map_err(client_failure)?;
                if confirmed.receipt.outcome == Outcome::Success {
                    context.output.note(format!("order {order}: {}", step.done()));
                    return Ok(Some(json!({ "order": order, "step": step.method, "transaction": hash.to_string() })));
                }
                confirmed.json["outcome"].clone()
            }
        };
        let line = format!("order {order}: {} was refused: {}", step.method, chain::outcome_line(&refused));
        if self.refused.get(&order) != Some(&line) {
            context.output.note(&line);
            self.refused.insert(order, line);
        }
        Ok(None)
    }
}

/// A message that ends an order, or brings its end nearer.
struct Step {
    method: &'static str,
    at_desk: bool,
    arguments: Value,
}

impl Step {
    fn done(&self) -> &'static str {
        match self.method {
            "release" => "who fulfilled it is paid",
            "refund" => "its units went back",
            _ => "fulfilled",
        }
    }
}

fn text(proof: EntryProof) -> String {
    format!("0x{}", hex::encode(encode(&ChainProof::Entry(proof))))
}

fn number(value: &Value) -> anyhow::Result<u64> {
    let parsed = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    Ok(parsed.ok_or_else(|| Failure::new(Exit::Input, "bad_answer", format!("{value} is no number")))?)
}
