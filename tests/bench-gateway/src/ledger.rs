//! Four replicas with the contracts that a gateway works with.

use anyhow::{Context, anyhow, bail};
use counterpart_client::{Client, Signer, TransactionRequest};
use counterpart_consensus::CommitRule;
use counterpart_ledger::{Action, Address as LedgerAddress, Hash as LedgerHash, Outcome, contract_address};
use counterpart_node::rpc::RpcServer;
use counterpart_node::{Devnet, DevnetConfig, FAUCET, dev_account};
use counterpart_sdk::{Address, Hash, Message};
use data_market::{DataMarketRef, Terms};
use parity_scale_codec::{Decode, DecodeAll};
use recycling::RecyclingRef;
use sealing_referee::SealingRefereeRef;
use sensor_gateway::Device;
use sha3::{Digest, Sha3_256};
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
    client: Client,
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
        let client = Client::connect(&server.url())?;
        let (register, market) = (RecyclingRef::at(Address::ZERO), DataMarketRef::at(Address::ZERO));
        let mut this = Self { client, server, _devnet: devnet, register, market };
        let faucet = Signer::new(dev_account(FAUCET));
        let (admin, gateway) = (Signer::new(dev_account("admin")), Signer::new(dev_account(GATEWAY)));
        let fund = |who: &Signer| Action::Transfer { to: who.address(), amount: FUNDS };
        this.act(&faucet, vec![fund(&admin), fund(&gateway)])?;
        let me = Address(admin.address().0);
        let money = this.deploy(&admin, "token", TokenRef::new("Data".into(), "DAT".into(), 0).input)?;
        let asset = Asset::Token(money);
        let terms =
            recycling::Terms { skew_ms: 600_000, tolerance_ppm: 0, asset, reward_per_gram: 0, admin_delay_ms: 0 };
        this.register = RecyclingRef::at(this.deploy(&admin, "recycling", RecyclingRef::new(terms).input)?);
        let referee = this.deploy(&admin, "sealing-referee", SealingRefereeRef::new().input)?;
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
        this.market = DataMarketRef::at(this.deploy(&admin, "data-market", DataMarketRef::new(terms).input)?);
        let mut calls = vec![call(this.register.set_gateway(Address(gateway.address().0), true))];
        calls
            .extend((0..devices).map(|number| {
                call(this.register.register_device(me, Device::public_key(seed(number)), 0, Hash::ZERO))
            }));
        for calls in calls.chunks(20) {
            this.act(&admin, calls.to_vec())?;
        }
        Ok(this)
    }

    /// The JSON-RPC.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The chain's number.
    pub fn chain(&self) -> u64 {
        self.client.chain().0
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

    fn ask<T: Decode, E>(&self, message: Message<T, E>) -> anyhow::Result<T> {
        let answer = self.client.query(&LedgerAddress(message.contract.0), &LedgerAddress::ZERO, &message.input)?;
        T::decode_all(&mut &answer.output[..]).map_err(|_| anyhow!("{}", answer.outcome))
    }

    fn deploy(&self, sender: &Signer, name: &str, input: Vec<u8>) -> anyhow::Result<Address> {
        let path = format!("target/contracts/{name}.wasm");
        let code = std::fs::read(&path).with_context(|| format!("{path}: build it with `cargo xtask contracts`"))?;
        let code_hash = LedgerHash(Sha3_256::digest(&code).into());
        let salt = LedgerHash::ZERO;
        let address = contract_address(&sender.address(), &code_hash, &salt);
        self.act(sender, vec![Action::Upload { code }, Action::Deploy { code_hash, salt, input, value: 0 }])?;
        Ok(Address(address.0))
    }

    fn act(&self, sender: &Signer, actions: Vec<Action>) -> anyhow::Result<()> {
        let request = TransactionRequest::new(sender, actions);
        let signed = match self.client.prepare(&request)? {
            Ok(signed) => signed,
            Err(simulated) => bail!("{}", simulated.json["outcome"]),
        };
        let rule: CommitRule = "quorum:0.67".parse().map_err(|error| anyhow!("{error}"))?;
        let confirmed = self.client.wait(&self.client.send(&signed)?, &rule, PATIENCE)?;
        match confirmed.receipt.outcome {
            Outcome::Success => Ok(()),
            _ => bail!("{}", confirmed.json["outcome"]),
        }
    }
}

fn call<T, E>(message: Message<T, E>) -> Action {
    Action::Call { contract: LedgerAddress(message.contract.0), input: message.input, value: 0 }
}
