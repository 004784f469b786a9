//! Four replicas with the contracts that a gateway works with.

use anyhow::{Context, anyhow};
use counterpart_client::{Account, Client, Signer};
use counterpart_consensus::CommitRule;
use counterpart_ledger::{Action, Address as LedgerAddress, Hash as LedgerHash, contract_address};
use counterpart_node::rpc::RpcServer;
use counterpart_node::{Devnet, DevnetConfig, FAUCET, dev_account};
use counterpart_sdk::{Address, Hash, Message, NoError};
use data_market::{DataMarketRef, Terms};
use parity_scale_codec::Decode;
use recycling::RecyclingRef;
use sealing_referee::SealingRefereeRef;
use sensor_gateway::Device;
use sha3::{Digest, Sha3_256};
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use token::TokenRef;
use trading::Asset;

/// The gateway's account.
pub const GATEWAY: &str = "gateway";
const FUNDS: u128 = 1_000_000_000_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// The seed of a device's key.
pub fn seed(number: u64) -> [u8; 32] {
    Sha3_256::digest(number.to_le_bytes()).into()
}

/// The network and what is on it.
pub struct Ledger {
    account: Account,
    server: RpcServer,
    _devnet: Arc<Devnet>,
    pub register: RecyclingRef,
    pub market: DataMarketRef,
}

impl Ledger {
    /// Starts it and registers so many devices.
    pub fn start(folder: &Path, devices: u64) -> anyhow::Result<Self> {
        let devnet = Arc::new(Devnet::start(&DevnetConfig::new(folder))?);
        let server = RpcServer::start(devnet.clone(), ([127, 0, 0, 1], 0).into())?;
        let at = |name: &str| account(&server.url(), name);
        let (faucet, admin, gateway) = (at(FAUCET)?, at("admin")?, at(GATEWAY)?);
        let (register, market) = (RecyclingRef::at(Address::ZERO), DataMarketRef::at(Address::ZERO));
        let fund = |who: &Account| Action::Transfer { to: LedgerAddress(who.address().0), amount: FUNDS };
        act(&faucet, vec![fund(&admin), fund(&gateway)])?;
        let me = admin.address();
        let mut this = Self { account: admin, server, _devnet: devnet, register, market };
        let money = this.deploy("token", TokenRef::new("Data".into(), "DAT".into(), 0).input)?;
        let asset = Asset::Token(money);
        let terms =
            recycling::Terms { skew_ms: 600_000, tolerance_ppm: 0, asset, reward_per_gram: 0, admin_delay_ms: 0 };
        this.register = RecyclingRef::at(this.deploy("recycling", RecyclingRef::new(terms).input)?);
        let referee = this.deploy("sealing-referee", SealingRefereeRef::new().input)?;
        let terms = Terms {
            register: this.register.address,
            referee,
            asset,
            deliver_ms: 60_000,
            dispute_ms: 60_000,
            gateway_ppm: 0,
            fund_ppm: 0,
            fund: me,
            penalty: 0,
            admin_delay_ms: 0,
        };
        this.market = DataMarketRef::at(this.deploy("data-market", DataMarketRef::new(terms).input)?);
        let mut calls = vec![call(this.register.set_gateway(gateway.address(), true))];
        calls
            .extend((0..devices).map(|number| {
                call(this.register.register_device(me, Device::public_key(seed(number)), 0, Hash::ZERO))
            }));
        for calls in calls.chunks(20) {
            act(&this.account, calls.to_vec())?;
        }
        Ok(this)
    }

    /// The JSON-RPC.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The chain's number.
    pub fn chain(&self) -> u64 {
        self.account.client().chain().0
    }

    /// Events on the ledger.
    pub fn events(&self) -> anyhow::Result<u64> {
        self.ask(self.register.count())
    }

    /// Where each device's count stands.
    pub fn counts(&self, devices: u64) -> anyhow::Result<Vec<u64>> {
        let count = |number| Ok(self.ask(self.register.device(number))?.context("a device is gone")?.next);
        (0..devices).map(count).collect()
    }

    fn ask<T: Decode, E: Decode + Debug>(&self, message: Message<T, E>) -> anyhow::Result<T> {
        self.account.ask(&message).map_err(|error| anyhow!("{error}"))
    }

    fn deploy(&self, name: &str, input: Vec<u8>) -> anyhow::Result<Address> {
        let path = format!("target/contracts/{name}.wasm");
        let code = std::fs::read(&path).with_context(|| format!("{path}: build it with `cargo xtask contracts`"))?;
        let code_hash = LedgerHash(Sha3_256::digest(&code).into());
        let salt = LedgerHash::ZERO;
        let address = contract_address(&LedgerAddress(self.account.address().0), &code_hash, &salt);
        act(&self.account, vec![Action::Upload { code }, Action::Deploy { code_hash, salt, input, value: 0 }])?;
        Ok(Address(address.0))
    }
}

fn account(url: &str, name: &str) -> anyhow::Result<Account> {
    let rule: CommitRule = "quorum:0.67".parse().map_err(|error| anyhow!("{error}"))?;
    Ok(Account::new(Client::connect(url)?, Signer::new(dev_account(name)), rule, PATIENCE))
}

fn act(account: &Account, actions: Vec<Action>) -> anyhow::Result<()> {
    account.send::<NoError>(actions).map_err(|error| anyhow!("{error}"))
}

fn call<T, E>(message: Message<T, E>) -> Action {
    Action::Call { contract: LedgerAddress(message.contract.0), input: message.input, value: 0 }
}
