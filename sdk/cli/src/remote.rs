//! Scenarios on a network of development: actors are its development accounts, the faucet funds them.

use crate::chain::{self, client_failure};
use counterpart_client::{Client, ClientError, Signer, TransactionRequest};
use counterpart_consensus::CommitRule;
use counterpart_ledger::{Action, Address, Gas, Hash, Receipt};
use counterpart_node::dev_account;
use counterpart_scenario::{Asked, Ground};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What an actor begins with, in native atomic units.
const FUNDS: u128 = 1_000_000_000_000_000;
/// Gas of transactions that are sent as they are, so that what a contract refuses is refused on the chain.
const GAS: Gas = Gas(50_000_000);
const PATIENCE: Duration = Duration::from_secs(30);

/// A chain that is reached by RPC.
pub struct Remote<'a> {
    client: &'a Client,
    rule: CommitRule,
    /// What makes salts of this run its own.
    run: Hash,
    deployed: u64,
}

impl<'a> Remote<'a> {
    /// A chain behind a client; results count when the rule says that they are final.
    ///
    /// # Errors
    /// A failure when the node does not answer.
    pub fn new(client: &'a Client, rule: CommitRule) -> anyhow::Result<Self> {
        let head = client.head().map_err(client_failure)?;
        Ok(Self { client, rule, run: head.state_root, deployed: 0 })
    }

    /// Waits until something is so, or says what is not.
    fn until(&self, trouble: &str, so: impl Fn() -> Result<bool, String>) -> Result<(), String> {
        let started = Instant::now();
        while !so()? {
            if started.elapsed() > PATIENCE {
                return Err(trouble.to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn text<T>(result: Result<T, ClientError>) -> Result<T, String> {
        result.map_err(|error| error.to_string())
    }
}

impl Ground for Remote<'_> {
    fn actor(&mut self, name: &str) -> Result<Address, String> {
        let address = Signer::new(dev_account(name)).address();
        let (_, before) = Self::text(self.client.account(&address))?;
        if before >= FUNDS / 2 {
            return Ok(address);
        }
        chain::fund(self.client, &address, FUNDS).map_err(|error| error.to_string())?;
        Ok(address)
    }

    fn public_key(&mut self, name: &str) -> Result<[u8; 32], String> {
        Ok(dev_account(name).public_key().0)
    }

    fn sign(&mut self, name: &str, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(dev_account(name).sign(message).0)
    }

    fn advance(&mut self, blocks: u64, ms: u64) -> Result<(), String> {
        if ms > 0 {
            Self::text(self.client.call("dev_advance_time", json!({ "by_ms": ms })))?;
        }
        // The clock of the next block is what moves, so one is made in any case.
        let blocks = blocks.max(1);
        let answer = Self::text(self.client.call("dev_make_blocks", json!({ "count": blocks })))?;
        let before = answer["height"].as_u64().unwrap_or_default();
        self.until("the network makes no blocks", || Ok(Self::text(self.client.head())?.height.0 >= before + blocks))
    }

    fn salt(&mut self) -> Hash {
        self.deployed += 1;
        let mut salt = self.run;
        let number = self.deployed.to_be_bytes();
        salt.0.iter_mut().zip(number).for_each(|(byte, number)| *byte ^= number);
        salt
    }

    fn send(&mut self, sender: &str, signers: &[String], actions: Vec<Action>) -> Result<Receipt, String> {
        let sender = Signer::new(dev_account(sender));
        let signers: Vec<Signer> = signers.iter().map(|name| Signer::new(dev_account(name))).collect();
        let mut request = TransactionRequest { signers: &signers, ..TransactionRequest::new(&sender, actions) };
        let upload = request.actions.iter().any(|action| matches!(action, Action::Upload { .. }));
        if signers.is_empty() && !upload {
            request.gas_limit = Some(GAS);
        }
        let signed = match Self::text(self.client.prepare(&request))? {
            Ok(signed) => signed,
            Err(simulated) => return Ok(simulated.receipt),
        };
        let hash = Self::text(self.client.send(&signed))?;
        Ok(Self::text(self.client.wait(&hash, &self.rule, PATIENCE))?.receipt)
    }

    fn ask(&self, contract: Address, input: Vec<u8>) -> Result<Asked, String> {
        let answer = Self::text(self.client.query(&contract, &Address::ZERO, &input))?;
        if answer.outcome["status"] == "success" {
            return Ok(Asked::Answer(answer.output));
        }
        Ok(Asked::Told(told(&answer.outcome)))
    }
}

/// A failure in the words of scenarios, from those of the RPC.
fn told(outcome: &Value) -> Value {
    match (&outcome["error"], &outcome["code"]) {
        (Value::Null, Value::Null) => outcome["status"].clone(),
        (Value::Null, code) => json!({ "error": code }),
        (error, _) => json!({ "error": error }),
    }
}
