//! Transactions at a pace, from a few accounts.

use anyhow::Context;
use counterpart_client::Client;
use counterpart_ledger::{Action, Address, ChainId, Gas, Hash, Height, SecretKey, Transaction, account_address};
use counterpart_node::{FAUCET, dev_account};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The chain's number that `counterpart node network` gives.
const CHAIN: ChainId = ChainId(1337);

/// An account that sends.
pub struct Sender {
    key: SecretKey,
    nonce: u64,
}

/// The development faucet.
pub fn faucet() -> Sender {
    Sender { key: dev_account(FAUCET), nonce: 0 }
}

impl Sender {
    /// Another account with funds of this one; it has them once the block is approved.
    pub fn fund(&mut self, client: &Client, name: &str) -> anyhow::Result<Sender> {
        let key = dev_account(name);
        let to = account_address(&key.public_key());
        self.send(client, Action::Transfer { to, amount: 1 << 70 }, 1_000_000)?;
        Ok(Sender { key, nonce: 0 })
    }

    /// Sends one transaction.
    pub fn send(&mut self, client: &Client, action: Action, gas: u64) -> anyhow::Result<Hash> {
        let transaction = Transaction {
            chain: CHAIN,
            sender: self.key.public_key(),
            nonce: self.nonce,
            gas_limit: Gas(gas),
            gas_price: 1,
            expires_at: Height(u64::MAX),
            actions: vec![action],
            authorizations: Vec::new(),
        };
        let hash = client.send(&transaction.sign(&self.key))?;
        self.nonce += 1;
        Ok(hash)
    }
}

/// Waits until an account has funds.
pub fn funded(client: &Client, sender: &Sender) -> anyhow::Result<()> {
    let (address, started) = (account_address(&sender.key.public_key()), Instant::now());
    while client.account(&address)?.1 == 0 {
        anyhow::ensure!(started.elapsed() < Duration::from_secs(30), "the funds do not arrive");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// What a transaction does: a transfer, or a call that carries so many bytes to nobody.
pub fn action(bytes: usize) -> (Action, u64) {
    match bytes {
        0 => (Action::Transfer { to: Address([7; 32]), amount: 1 }, 1_000_000),
        _ => {
            let input = vec![7; bytes];
            (Action::Call { contract: Address([7; 32]), input, value: 0 }, 60_000_000)
        }
    }
}

/// Sends through one replica until told to stop, so many a second at most; answers the account with its next nonce.
pub fn run(url: &str, mut sender: Sender, per_second: f64, bytes: usize, stop: &AtomicBool) -> anyhow::Result<Sender> {
    let client = Client::connect(url).context("a client")?;
    let (started, mut due) = (Instant::now(), 0u64);
    while !stop.load(Relaxed) {
        if started.elapsed().as_secs_f64() * per_second < due as f64 {
            std::thread::sleep(Duration::from_micros(200));
            continue;
        }
        due += 1;
        let (action, gas) = action(bytes);
        if sender.send(&client, action, gas).is_err() {
            // Too many wait: the replicas are what is measured, not this client.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    Ok(sender)
}
