//! The transfer of the SDK's token through the executor: what a node does for it, but for signatures and the disk.
//!
//! Hashes and signatures are checked ahead of the block, as revm leaves it to its caller.

use crate::Size;
use crate::clock::median_ns;
use counterpart_execution::{BlockContext, CheckedTransaction, Engine, Executor, intrinsic_gas};
use counterpart_ledger::{
    Action, Address, ChainId, CodeRead, Gas, Genesis, GenesisAccount, Hash, Height, Outcome, Receipt, SecretKey,
    SignedTransaction, StateKey, StateRead, Transaction, ValidatorSet, account_address, encode,
};
use counterpart_module::Profile;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use token::TokenRef;

const CHAIN: ChainId = ChainId(1);
/// Accounts that receive in turn.
const RECEIVERS: u32 = 64;
/// Transfers in the transaction that shows what one more of them costs; the most actions of a transaction.
const CALLS: u32 = 64;
const UNITS: u128 = 1 << 100;
const GAS: u64 = 900_000_000;

/// What a transfer costs on an engine.
pub struct Figures {
    /// CPU time in ns of a transaction with one transfer.
    pub transaction_ns: f64,
    /// CPU time in ns of one transfer in a transaction of many.
    pub call_ns: f64,
    /// Gas of one transfer, without the transaction's own.
    pub gas: u64,
}

/// The token's finished code.
pub(crate) fn code() -> Result<Vec<u8>, String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("two folders below the top")?;
    let path = top.join("target/contracts/token.wasm");
    std::fs::read(&path).map_err(|error| format!("{}: {error}; run `cargo xtask contracts`", path.display()))
}

pub(crate) struct Chain {
    executor: Executor,
    key: SecretKey,
    state: Arc<BTreeMap<StateKey, Vec<u8>>>,
    codes: Arc<BTreeMap<Hash, Vec<u8>>>,
    nonce: u64,
}

impl Chain {
    pub(crate) fn new(engine: Arc<dyn Engine>) -> Self {
        let key = SecretKey::from_seed([7; 32]);
        let genesis = Genesis {
            chain: CHAIN,
            time_ms: 0,
            profile: Profile::v1().hash(),
            validators: ValidatorSet { epoch: 0, members: Vec::new(), quorum: 0 },
            fee_collector: Address::ZERO,
            min_gas_price: 0,
            accounts: vec![GenesisAccount { address: account_address(&key.public_key()), balance: UNITS }],
        };
        let state = Executor::genesis(&genesis).into_iter().filter_map(|(key, write)| Some((key, write.new?)));
        let (executor, state) = (Executor::new(engine, Profile::v1()), Arc::new(state.collect()));
        Self { executor, key, state, codes: Arc::default(), nonce: 0 }
    }

    fn block() -> BlockContext {
        BlockContext {
            chain: CHAIN,
            height: Height(1),
            time_ms: 0,
            parent: Hash::ZERO,
            fee_collector: Address::ZERO,
            min_gas_price: 0,
            validator_set: Hash::ZERO,
        }
    }

    fn transaction(&self, actions: Vec<Action>) -> Transaction {
        Transaction {
            chain: CHAIN,
            sender: self.key.public_key(),
            nonce: self.nonce,
            gas_limit: Gas(GAS),
            gas_price: 1,
            expires_at: Height(100),
            actions,
            authorizations: Vec::new(),
        }
    }

    /// Executes a block of one transaction and keeps what it did; answers what its last action returned.
    fn execute(&mut self, actions: Vec<Action>) -> Result<Vec<u8>, String> {
        let signed = [self.transaction(actions).sign(&self.key)];
        let result = self.executor.execute_block(&Self::block(), &signed, self.state.clone(), self.codes.clone());
        let mut result = result.map_err(|fault| fault.to_string())?;
        let state = Arc::make_mut(&mut self.state);
        for (key, write) in result.writes {
            match write.new {
                Some(value) => drop(state.insert(key, value)),
                None => drop(state.remove(&key)),
            }
        }
        Arc::make_mut(&mut self.codes).extend(result.codes);
        self.nonce += 1;
        let receipt = result.receipts.pop().ok_or("a transaction has a receipt")?;
        receipt.outputs.last().cloned().ok_or(format!("{:?}", receipt.outcome))
    }

    /// Stores code; answers its hash.
    pub(crate) fn upload(&mut self, code: Vec<u8>) -> Result<Hash, String> {
        let hash = self.execute(vec![Action::Upload { code }])?;
        Ok(Hash(hash.try_into().map_err(|_| "a hash has 32 bytes")?))
    }

    /// Makes a contract without arguments from code.
    pub(crate) fn place(&mut self, code: Vec<u8>) -> Result<Address, String> {
        let code_hash = self.upload(code)?;
        let address =
            self.execute(vec![Action::Deploy { code_hash, salt: Hash::ZERO, input: Vec::new(), value: 0 }])?;
        Ok(Address(address.try_into().map_err(|_| "an address has 32 bytes")?))
    }

    /// What would become of a transaction.
    pub(crate) fn simulate(&self, actions: Vec<Action>) -> Result<Receipt, String> {
        let (state, codes) = (self.state.clone(), self.codes.clone());
        let simulated = self.executor.simulate(&Self::block(), &self.transaction(actions), state, codes);
        Ok(simulated.map_err(|fault| fault.to_string())?.receipt)
    }

    /// The token with all units in the sender's hands and some in everybody's.
    fn deploy(&mut self) -> Result<TokenRef, String> {
        let code_hash = self.upload(code()?)?;
        let input = TokenRef::new("Acorn".into(), "ACN".into(), 2).input;
        let address = self.execute(vec![Action::Deploy { code_hash, salt: Hash::ZERO, input, value: 0 }])?;
        let token = TokenRef::at(Address(address.try_into().map_err(|_| "an address has 32 bytes")?));
        let sender = account_address(&self.key.public_key());
        let mint = |to| Action::Call { contract: token.address, input: token.mint(to, UNITS).input, value: 0 };
        self.execute(vec![mint(sender)])?;
        for index in 0..RECEIVERS {
            self.execute(vec![mint(receiver(index))])?;
        }
        Ok(token)
    }

    /// Signed transactions that follow one another, each with so many transfers.
    fn transfers(&self, token: &TokenRef, transactions: u32, calls: u32) -> Vec<SignedTransaction> {
        let sender = account_address(&self.key.public_key());
        let transfer = |index| Action::Call {
            contract: token.address,
            input: token.transfer(sender, receiver(index), u128::from(index % 1000) + 1).input,
            value: 0,
        };
        let transaction = |index: u32| {
            let actions = (index * calls..(index + 1) * calls).map(transfer).collect();
            Transaction { nonce: self.nonce + u64::from(index), ..self.transaction(actions) }.sign(&self.key)
        };
        (0..transactions).map(transaction).collect()
    }

    /// CPU time in ns of one transfer, and its gas, in a block of transactions that were checked ahead of it.
    fn measure(&self, token: &TokenRef, size: Size, calls: u32) -> Result<(f64, u64), String> {
        let count = (size.calls / calls).max(10);
        let signed = self.transfers(token, count, calls);
        let checked: Vec<CheckedTransaction<'_>> = signed.iter().map(CheckedTransaction::new).collect();
        let (state, codes): (Arc<dyn StateRead>, Arc<dyn CodeRead>) = (self.state.clone(), self.codes.clone());
        let (mut gas, mut wrong) = (0, None);
        let ns = median_ns(Size { calls: 1, ..size }, |_| {
            let result = self.executor.execute_checked(&Self::block(), &checked, state.clone(), codes.clone());
            let fits =
                |receipt: &Receipt| receipt.outcome == Outcome::Success && receipt.events.len() == calls as usize;
            match result {
                // A balance for each receiver, the sender's, its account, and the collector's fees.
                Ok(result)
                    if result.receipts.iter().all(fits)
                        && result.writes.len() == 3 + (count * calls).min(RECEIVERS) as usize =>
                {
                    gas = result.receipts[0].gas_used.0;
                }
                other => wrong = Some(other.map(|result| result.receipts.into_iter().find(|receipt| !fits(receipt)))),
            }
        });
        let own = intrinsic_gas(encode(&signed[0].transaction).len(), 0).0;
        match wrong {
            None => Ok((ns / f64::from(count * calls), (gas - own) / u64::from(calls))),
            Some(wrong) => Err(format!("a transfer ended with {wrong:?}")),
        }
    }
}

fn receiver(index: u32) -> Address {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&(index % RECEIVERS).wrapping_mul(0x9e37_79b9).to_be_bytes());
    Address(bytes)
}

/// Measures the transfer on an engine.
///
/// # Errors
/// When the token was not built, or a transfer does not do what it has to.
pub fn transfer(engine: &Arc<dyn Engine>, size: Size) -> Result<Figures, String> {
    let mut chain = Chain::new(engine.clone());
    let token = chain.deploy()?;
    let mut figures = Ok(Figures { transaction_ns: 0.0, call_ns: 0.0, gas: 0 });
    let mut work = || {
        figures = chain.measure(&token, size, 1).and_then(|(transaction_ns, gas)| {
            let (call_ns, _) = chain.measure(&token, size, CALLS)?;
            Ok(Figures { transaction_ns, call_ns, gas })
        });
    };
    engine.scope(&mut work).map_err(|fault| fault.to_string())?;
    figures.map_err(|error| format!("{}: {error}", engine.name()))
}
