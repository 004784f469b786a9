//! A site with a gateway, a recycler and devices of two owners.

use counterpart_sdk::Hash;
use counterpart_testing::{Account, Chain, Failure, Subject};
use recycling::{Reading, RecyclingError, RecyclingRef, Submission, Terms, native_recycling};
use token::{TokenRef, native_token};
use trading::Asset;

pub const SKEW_MS: u64 = 60_000;
pub const TOLERANCE_PPM: u32 = 20_000;
pub const PER_GRAM: u128 = 3;
pub const PLENTY: u128 = 100_000;

pub struct Setting {
    pub register: RecyclingRef,
    pub money: TokenRef,
    pub admin: Account,
    pub gateway: Account,
    pub recycler: Account,
    pub owner: Account,
    pub depositor: Account,
}

pub fn terms(money: &TokenRef) -> Terms {
    let asset = Asset::Token(money.address);
    Terms { skew_ms: SKEW_MS, tolerance_ppm: TOLERANCE_PPM, asset, reward_per_gram: PER_GRAM, admin_delay_ms: 0 }
}

/// The key of a device is an account's that sends nothing.
pub fn device_key(device: u64) -> Account {
    Account::named(&format!("device {device}"))
}

impl Setting {
    pub fn new(chain: &mut Chain) -> Self {
        let [admin, gateway, recycler, owner, depositor] =
            ["admin", "gateway", "recycler", "owner", "depositor"].map(|name| chain.account(name));
        let subject = Subject::new("token", native_token());
        let money = chain.deploy(&admin, &subject, TokenRef::new("Reward".into(), "RWD".into(), 0));
        let money = TokenRef::at(money.expect("deployed"));
        chain.call(&admin, money.mint(admin.address, PLENTY)).expect("minted");
        let subject = Subject::new("recycling", native_recycling());
        let register = chain.deploy(&admin, &subject, RecyclingRef::new(terms(&money))).expect("deployed");
        let register = RecyclingRef::at(register);
        chain.call(&admin, register.set_gateway(gateway.address, true)).expect("admitted");
        chain.call(&admin, register.set_recycler(recycler.address, true)).expect("admitted");
        Self { register, money, admin, gateway, recycler, owner, depositor }
    }

    /// Registers the next device, whose key is its number's.
    pub fn device(&self, chain: &mut Chain, number: u64) -> u64 {
        let key = device_key(number).public_key();
        let made = self.register.register_device(self.owner.address, key, 7, Hash([9; 32]));
        assert_eq!(chain.call(&self.owner, made), Ok(number));
        number
    }

    pub fn reading(&self, chain: &Chain, device: u64, counter: u64) -> Reading {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&device.to_le_bytes());
        hash[8..16].copy_from_slice(&counter.to_le_bytes());
        let (at_ms, hash) = (chain.time_ms(), Hash(hash));
        Reading { device, counter, at_ms, class: 1, hash, grams: 0, depositor: None }
    }

    pub fn signed(&self, chain: &Chain, reading: Reading) -> Submission {
        self.signed_by(chain, reading, &device_key(reading.device))
    }

    pub fn signed_by(&self, chain: &Chain, reading: Reading, key: &Account) -> Submission {
        let digest = chain.query(self.register.digest(reading)).expect("answered");
        let signature = key.sign(&digest.0);
        Submission { reading, signature, body: Hash([1; 32]), key_commitment: Hash([2; 32]) }
    }

    pub fn submit(&self, chain: &mut Chain, readings: Vec<Submission>) -> Result<u64, Failure<RecyclingError>> {
        chain.call(&self.gateway, self.register.submit(self.gateway.address, readings))
    }

    /// Submits one signed reading of a device.
    pub fn read(&self, chain: &mut Chain, device: u64, counter: u64) -> Result<u64, Failure<RecyclingError>> {
        let signed = self.signed(chain, self.reading(chain, device, counter));
        self.submit(chain, vec![signed])
    }

    pub fn gap(&self, chain: &mut Chain, device: u64, until: u64) -> Result<(), Failure<RecyclingError>> {
        let from = chain.query(self.register.device(device)).expect("answered").expect("there").next;
        let digest = chain.query(self.register.gap_digest(device, from, until)).expect("answered");
        let signature = device_key(device).sign(&digest.0);
        chain.call(&self.depositor, self.register.declare_gap(device, until, signature))
    }
}

pub fn refused(error: RecyclingError) -> Failure<RecyclingError> {
    Failure::Error(error)
}
