//! A chain in memory on which an order book runs as Wasm.

use anyhow::{Context, bail, ensure};
use counterpart_execution::{BlockContext, Executor};
use counterpart_ledger::{
    Action, Address, Authorization, ChainId, Gas, Genesis, GenesisAccount, Hash, Height, Outcome, SecretKey,
    SignedTransaction, StateKey, Transaction, ValidatorSet, account_address,
};
use counterpart_module::Profile;
use counterpart_vm::{Options, WasmtimeEngine};
use sha3::{Digest, Sha3_256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CHAIN: ChainId = ChainId(1);
const PLENTY: u128 = 1 << 100;

/// Accounts, state and code.
pub struct Chain {
    pub executor: Executor,
    state: Arc<BTreeMap<StateKey, Vec<u8>>>,
    codes: Arc<BTreeMap<Hash, Vec<u8>>>,
    keys: Vec<(SecretKey, u64)>,
    height: u64,
}

fn code(name: &str) -> anyhow::Result<Vec<u8>> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("two folders below the top")?;
    let path = top.join(format!("target/contracts/{name}.wasm"));
    std::fs::read(&path).with_context(|| format!("{}; run `cargo xtask contracts`", path.display()))
}

impl Chain {
    /// So many accounts with plenty of native currency.
    pub fn new(accounts: u8) -> anyhow::Result<Self> {
        let keys: Vec<_> = (0..accounts).map(|index| (SecretKey::from_seed([index + 1; 32]), 0)).collect();
        let balances = keys.iter().map(|(key, _)| account_address(&key.public_key()));
        let genesis = Genesis {
            chain: CHAIN,
            time_ms: 0,
            profile: Profile::v1().hash(),
            validators: ValidatorSet { epoch: 0, members: Vec::new(), quorum: 0 },
            fee_collector: Address::ZERO,
            min_gas_price: 0,
            accounts: balances.map(|address| GenesisAccount { address, balance: PLENTY }).collect(),
        };
        let state = Executor::genesis(&genesis).into_iter().filter_map(|(key, write)| Some((key, write.new?)));
        let engine = WasmtimeEngine::new(Options::default()).map_err(|fault| anyhow::anyhow!(fault.to_string()))?;
        let executor = Executor::new(Arc::new(engine), Profile::v1());
        Ok(Self { executor, state: Arc::new(state.collect()), codes: Arc::default(), keys, height: 1 })
    }

    /// The address of an account.
    pub fn address(&self, account: usize) -> Address {
        account_address(&self.keys[account].0.public_key())
    }

    /// A signed transaction of an account, which is the next of it.
    pub fn sign(&mut self, account: usize, action: Action) -> SignedTransaction {
        self.signed(account, action, |_, _| Vec::new())
    }

    /// As [`Chain::sign`], with the account's consent to one call of another contract.
    pub fn sign_with_consent(
        &mut self,
        account: usize,
        action: Action,
        contract: Address,
        input: &[u8],
    ) -> SignedTransaction {
        let input_hash = Hash(Sha3_256::digest(input).into());
        let consent = |key: &SecretKey, nonce| {
            vec![Authorization::sign(key, CHAIN, contract, input_hash, nonce, Height(u64::MAX))]
        };
        self.signed(account, action, consent)
    }

    fn signed(
        &mut self,
        account: usize,
        action: Action,
        consents: impl FnOnce(&SecretKey, u64) -> Vec<Authorization>,
    ) -> SignedTransaction {
        let (key, nonce) = &mut self.keys[account];
        let transaction = Transaction {
            chain: CHAIN,
            sender: key.public_key(),
            nonce: *nonce,
            gas_limit: Gas(100_000_000),
            gas_price: 1,
            expires_at: Height(u64::MAX),
            actions: vec![action],
            authorizations: consents(key, *nonce),
        };
        *nonce += 1;
        transaction.sign(key)
    }

    /// Executes a block; all of it has to succeed. Answers how long that took, without keeping what it did.
    pub fn execute(&mut self, block: &[SignedTransaction]) -> anyhow::Result<(Duration, Vec<Vec<u8>>)> {
        let context = BlockContext {
            chain: CHAIN,
            height: Height(self.height),
            time_ms: self.height,
            parent: Hash::ZERO,
            fee_collector: Address::ZERO,
            min_gas_price: 0,
            validator_set: Hash::ZERO,
        };
        let started = Instant::now();
        let result = self.executor.execute_block(&context, block, self.state.clone(), self.codes.clone())?;
        let took = started.elapsed();
        self.height += 1;
        let state = Arc::get_mut(&mut self.state).context("nobody else holds the state")?;
        for (key, write) in result.writes {
            match write.new {
                Some(value) => drop(state.insert(key, value)),
                None => drop(state.remove(&key)),
            }
        }
        Arc::get_mut(&mut self.codes).context("nobody else holds the codes")?.extend(result.codes);
        let mut outputs = Vec::with_capacity(block.len());
        for mut receipt in result.receipts {
            ensure!(receipt.outcome == Outcome::Success, "a transaction ended with {:?}", receipt.outcome);
            outputs.push(receipt.outputs.pop().unwrap_or_default());
        }
        Ok((took, outputs))
    }

    /// Calls of an account, each in a block of its own.
    pub fn call(&mut self, account: usize, contract: Address, input: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        let signed = self.sign(account, Action::Call { contract, input, value: 0 });
        Ok(self.execute(&[signed])?.1.swap_remove(0))
    }

    /// Uploads a contract and makes one.
    pub fn deploy(&mut self, name: &str, salt: u8, input: Vec<u8>) -> anyhow::Result<Address> {
        let upload = self.sign(0, Action::Upload { code: code(name)? });
        let Ok(code_hash) = <[u8; 32]>::try_from(self.execute(&[upload])?.1.swap_remove(0)) else {
            bail!("an upload answers a hash")
        };
        let action = Action::Deploy { code_hash: Hash(code_hash), salt: Hash([salt; 32]), input, value: 0 };
        let deploy = self.sign(0, action);
        let address = <[u8; 32]>::try_from(self.execute(&[deploy])?.1.swap_remove(0));
        address.map(Address).map_err(|_| anyhow::anyhow!("a deployment answers an address"))
    }
}
