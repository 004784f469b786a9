//! The real contracts on a chain in this process, as the gateway's ledger.

use counterpart_sdk::codec::Decode;
use counterpart_sdk::{Hash, Message};
use counterpart_testing::{Account, Chain, Failure, Mode, Subject};
use data_market::{DataMarketRef, Price, Request, Terms, Wrapped, native_datamarket};
use recycling::{Recorded, RecyclingError, RecyclingRef, Submission, native_recycling};
use sealing_referee::{SealingRefereeRef, native_sealingreferee};
use sensor_gateway::{Device, Gateway, KnownDevice, Ledger, LedgerError, Packet, Place, Store, Vault};
use serde_json::Value;
use std::fmt::Debug;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use token::{TokenRef, native_token};
use trading::Asset;

pub const CHAIN: u64 = 1;
pub const SKEW_MS: u64 = 60_000;
pub const PENALTY: u128 = 500;

/// The seed of a device's key.
pub fn seed(number: u64) -> [u8; 32] {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    seed
}

pub struct World {
    chain: Mutex<Chain>,
    pub register: RecyclingRef,
    pub market: DataMarketRef,
    pub owner: Account,
    pub gateway: Account,
    pub buyer: Account,
    /// Nobody answers.
    pub away: AtomicBool,
    /// What is sent is done, and the answer is lost: so many times.
    pub lost: AtomicU64,
}

impl World {
    pub fn new(devices: u64) -> Arc<Self> {
        let mut chain = Chain::new(Mode::Native);
        let [admin, gateway, owner, buyer] = ["admin", "gateway", "owner", "buyer"].map(|name| chain.account(name));
        let subject = Subject::new("token", native_token());
        let money = chain.deploy(&admin, &subject, TokenRef::new("Data".into(), "DAT".into(), 0)).expect("deployed");
        let money = TokenRef::at(money);
        for account in [&gateway, &buyer] {
            chain.call(&admin, money.mint(account.address, 100_000)).expect("minted");
        }
        let asset = Asset::Token(money.address);
        let subject = Subject::new("recycling", native_recycling());
        let terms =
            recycling::Terms { skew_ms: SKEW_MS, tolerance_ppm: 0, asset, reward_per_gram: 0, admin_delay_ms: 0 };
        let register = RecyclingRef::at(chain.deploy(&admin, &subject, RecyclingRef::new(terms)).expect("deployed"));
        let subject = Subject::new("sealing-referee", native_sealingreferee());
        let referee = chain.deploy(&admin, &subject, SealingRefereeRef::new()).expect("deployed");
        let terms = Terms {
            register: register.address,
            referee,
            asset,
            deliver_ms: 60_000,
            dispute_ms: 60_000,
            gateway_ppm: 300_000,
            fund_ppm: 0,
            fund: admin.address,
            penalty: PENALTY,
            admin_delay_ms: 0,
        };
        let subject = Subject::new("data-market", native_datamarket());
        let market = DataMarketRef::at(chain.deploy(&admin, &subject, DataMarketRef::new(terms)).expect("deployed"));
        chain.call(&admin, register.set_gateway(gateway.address, true)).expect("admitted");
        let price = Price { fresh: 10, old: 5, fresh_ms: 60_000, many: 50, less_ppm: 0 };
        chain.call(&admin, market.set_price(1, price)).expect("priced");
        for number in 0..devices {
            let key = Device::public_key(seed(number));
            chain.call(&owner, register.register_device(owner.address, key, 0, Hash::ZERO)).expect("registered");
        }
        chain.call_consenting(&gateway, market.put_bond(gateway.address, 10 * PENALTY)).expect("bonded");
        chain.call_consenting(&buyer, market.top_up(buyer.address, 50_000)).expect("paid in");
        let (away, lost) = (AtomicBool::new(false), AtomicU64::new(0));
        Arc::new(Self { chain: Mutex::new(chain), register, market, owner, gateway, buyer, away, lost })
    }

    pub fn chain(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().expect("no test panics with it")
    }

    pub fn now_ms(&self) -> u64 {
        self.chain().time_ms()
    }

    pub fn act<T: Decode, E: Decode + Debug>(&self, by: &Account, message: Message<T, E>) -> T {
        self.chain().call(by, message).expect("done")
    }

    pub fn ask<T: Decode, E: Decode + Debug>(&self, message: Message<T, E>) -> T {
        self.chain().query(message).expect("answered")
    }

    pub fn device(&self, number: u64) -> Device {
        Device::new(seed(number), number, CHAIN, self.register.address)
    }

    /// A gateway that keeps its things in a folder.
    pub fn open(self: &Arc<Self>, folder: &Path) -> Gateway<At> {
        let store = Store::open(&folder.join("readings")).expect("opened");
        let vault = Vault::open(&folder.join("secret.key")).expect("a secret");
        let place = Place {
            chain: CHAIN,
            register: self.register.address,
            market: self.market.address,
            account: self.gateway.address,
            skew_ms: SKEW_MS,
        };
        let clock = self.clone();
        Gateway::new(At(self.clone()), store, vault, place, move || clock.now_ms())
    }

    /// A document about a bin's weight now.
    pub fn document(&self, grams: u64) -> Value {
        weighed(self.now_ms(), grams)
    }

    /// What a device sends about a weight now.
    pub fn packet(&self, device: &mut Device, grams: u64) -> Packet {
        device.read(self.document(grams), 1, grams, None).expect("an event")
    }
}

/// A weight as an EPCIS document.
pub fn weighed(at_ms: u64, grams: u64) -> Value {
    sensor_gateway::weighed("urn:epc:id:giai:4000001.111", at_ms, grams)
}

/// The chain as a ledger.
pub struct At(pub Arc<World>);

fn refused(failure: &Failure<RecyclingError>) -> LedgerError {
    let device = match failure {
        Failure::Error(
            RecyclingError::WrongCounter { device, .. }
            | RecyclingError::WrongTime { device }
            | RecyclingError::BadSignature { device }
            | RecyclingError::Revoked { device },
        ) => Some(*device),
        _ => None,
    };
    LedgerError::Refused { device, reason: format!("{failure:?}") }
}

impl At {
    fn there(&self) -> Result<(), LedgerError> {
        let away = self.0.away.load(Ordering::SeqCst);
        if away { Err(LedgerError::Unreachable("away".into())) } else { Ok(()) }
    }

    fn done<T>(&self, done: T) -> Result<T, LedgerError> {
        let lost = self.0.lost.load(Ordering::SeqCst);
        if lost > 0 {
            self.0.lost.store(lost - 1, Ordering::SeqCst);
            return Err(LedgerError::Unreachable("the answer is lost".into()));
        }
        Ok(done)
    }
}

impl Ledger for At {
    fn device(&self, device: u64) -> Result<Option<KnownDevice>, LedgerError> {
        self.there()?;
        let found = self.0.ask(self.0.register.device(device));
        let known = |found: recycling::Device| KnownDevice {
            key: found.key,
            next: found.next,
            last_ms: found.last_ms,
            revoked: found.revoked,
        };
        Ok(found.map(known))
    }

    fn submit(&self, readings: Vec<Submission>) -> Result<(), LedgerError> {
        self.there()?;
        let gateway = &self.0.gateway;
        let submit = self.0.register.submit(gateway.address, readings);
        let done = self.0.chain().call(gateway, submit).map_err(|failure| refused(&failure))?;
        self.done(done).map(|_| ())
    }

    fn declare_gap(&self, device: u64, until: u64, signature: [u8; 64]) -> Result<(), LedgerError> {
        self.there()?;
        let declare = self.0.register.declare_gap(device, until, signature);
        self.0.chain().call(&self.0.gateway, declare).map_err(|failure| refused(&failure))?;
        self.done(())
    }

    fn event(&self, event: u64) -> Result<Option<Recorded>, LedgerError> {
        self.there()?;
        Ok(self.0.ask(self.0.register.event(event)))
    }

    fn requests(&self) -> Result<u64, LedgerError> {
        self.there()?;
        Ok(self.0.ask(self.0.market.count()))
    }

    fn request(&self, request: u64) -> Result<Option<Request>, LedgerError> {
        self.there()?;
        Ok(self.0.ask(self.0.market.request(request)))
    }

    fn deliver(&self, request: u64, keys: Vec<Wrapped>) -> Result<(), LedgerError> {
        self.there()?;
        let done = self.0.chain().call(&self.0.gateway, self.0.market.deliver(request, keys));
        let refused = |failure| LedgerError::Refused { device: None, reason: format!("{failure:?}") };
        self.done(done.map_err(refused)?)
    }
}
