//! A register with events of one gateway, and a market that sells their keys.

use counterpart_sdk::{Address, Hash};
use counterpart_sealing::{Sealed, SecretKey, seal};
use counterpart_testing::{Account, Chain, Failure, Subject};
use data_market::{
    BODY_INFO, DataMarketRef, KEY_INFO, MarketError, Price, Request, RequestStatus, Terms, Wrapped, commitment_text,
    key_aad, native_datamarket,
};
use recycling::{Reading, RecyclingRef, Submission, native_recycling};
use sealing_referee::{SealingRefereeRef, native_sealingreferee};
use sha2::{Digest, Sha256};
use token::{TokenRef, native_token};
use trading::Asset;

/// The number of a test's chain.
pub const CHAIN: u64 = 1;
pub const PLENTY: u128 = 100_000;
pub const DELIVER_MS: u64 = 60_000;
pub const DISPUTE_MS: u64 = 300_000;
pub const DAY_MS: u64 = 86_400_000;
pub const PENALTY: u128 = 500;
pub const PRICE: Price = Price { fresh: 100, old: 40, fresh_ms: DAY_MS, many: 10, less_ppm: 250_000 };

pub struct Setting {
    pub market: DataMarketRef,
    pub register: RecyclingRef,
    pub money: TokenRef,
    pub admin: Account,
    pub gateway: Account,
    pub owner: Account,
    pub buyer: Account,
    pub fund: Account,
    pub terms: Terms,
}

/// What the gateway knows of an event that is recorded.
#[derive(Clone)]
pub struct Kept {
    pub key: [u8; 32],
    pub body: Wrapped,
}

pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

pub fn wrapped(sealed: Sealed) -> Wrapped {
    Wrapped { enc: sealed.enc, ciphertext: sealed.ciphertext }
}

/// The key, body and commitment of an event, as gateways make them. `sealed_for` is the key that really opens the body.
pub fn kept(hash: Hash, number: u64, sealed_for: Option<[u8; 32]>) -> Kept {
    let key = sha256(&[b"key", &number.to_le_bytes()[..]].concat()).0;
    let public = SecretKey::from_seed(&sealed_for.unwrap_or(key)).public_key();
    let text = format!("the body of event {number}");
    let body = seal(&public, BODY_INFO, &hash.0, text.as_bytes(), &key).expect("sealed");
    Kept { key, body: wrapped(body) }
}

impl Setting {
    pub fn new(chain: &mut Chain) -> Self {
        let [admin, gateway, owner, buyer, fund] =
            ["admin", "gateway", "owner", "buyer", "fund"].map(|name| chain.account(name));
        let subject = Subject::new("token", native_token());
        let money = chain.deploy(&admin, &subject, TokenRef::new("Data".into(), "DAT".into(), 0)).expect("deployed");
        let money = TokenRef::at(money);
        for account in [&gateway, &buyer] {
            chain.call(&admin, money.mint(account.address, PLENTY)).expect("minted");
        }
        let asset = Asset::Token(money.address);
        let subject = Subject::new("recycling", native_recycling());
        let terms =
            recycling::Terms { skew_ms: DAY_MS, tolerance_ppm: 0, asset, reward_per_gram: 0, admin_delay_ms: 0 };
        let register = RecyclingRef::at(chain.deploy(&admin, &subject, RecyclingRef::new(terms)).expect("deployed"));
        let subject = Subject::new("sealing-referee", native_sealingreferee());
        let referee = chain.deploy(&admin, &subject, SealingRefereeRef::new()).expect("deployed");
        let terms = Terms {
            register: register.address,
            referee,
            asset,
            deliver_ms: DELIVER_MS,
            dispute_ms: DISPUTE_MS,
            gateway_ppm: 300_000,
            fund_ppm: 100_000,
            fund: fund.address,
            penalty: PENALTY,
            admin_delay_ms: 0,
        };
        let subject = Subject::new("data-market", native_datamarket());
        let market = DataMarketRef::at(chain.deploy(&admin, &subject, DataMarketRef::new(terms)).expect("deployed"));
        chain.call(&admin, register.set_gateway(gateway.address, true)).expect("admitted");
        chain.call(&admin, market.set_price(1, PRICE)).expect("priced");
        let key = gateway.public_key();
        chain.call(&owner, register.register_device(owner.address, key, 0, Hash::ZERO)).expect("registered");
        chain.call_consenting(&gateway, market.put_bond(gateway.address, 10 * PENALTY)).expect("bonded");
        chain.call_consenting(&buyer, market.top_up(buyer.address, PLENTY / 2)).expect("paid in");
        Self { market, register, money, admin, gateway, owner, buyer, fund, terms }
    }

    /// Records an event of a class with what the gateway keeps of it. The devices' key is the gateway's own here.
    pub fn record(&self, chain: &mut Chain, class: u8, sealed_for: Option<[u8; 32]>) -> (u64, Kept) {
        let counter = chain.query(self.register.count()).expect("answered");
        let hash = sha256(&counter.to_le_bytes());
        let kept = kept(hash, counter, sealed_for);
        let at_ms = chain.time_ms();
        let reading = Reading { device: 0, counter, at_ms, class, hash, grams: 0, depositor: None };
        let digest = chain.query(self.register.digest(reading)).expect("answered");
        let submission = Submission {
            reading,
            signature: self.gateway.sign(&digest.0),
            body: sha256(&[&kept.body.enc[..], &kept.body.ciphertext].concat()),
            key_commitment: sha256(&commitment_text(&kept.key, &hash.0)),
        };
        let submit = self.register.submit(self.gateway.address, vec![submission]);
        (chain.call(&self.gateway, submit).expect("recorded"), kept)
    }

    pub fn record_some(&self, chain: &mut Chain, count: u64) -> Vec<Kept> {
        (0..count).map(|_| self.record(chain, 1, None).1).collect()
    }

    pub fn ask(&self, chain: &mut Chain, events: Vec<u64>, seed: [u8; 32]) -> Result<u64, Failure<MarketError>> {
        let version = chain.query(self.market.version()).expect("answered");
        let key = SecretKey::from_seed(&seed).public_key();
        chain.call(&self.buyer, self.market.ask(self.buyer.address, events, key, version, u128::MAX))
    }

    /// A key sealed for a request's key.
    pub fn sealed(&self, chain: &Chain, request: u64, event: u64, key: &[u8]) -> Wrapped {
        let found = self.request(chain, request);
        let aad = key_aad(CHAIN, &self.market.address, request, event);
        let seed = sha256(&[&request.to_le_bytes()[..], &event.to_le_bytes(), b"eph"].concat()).0;
        wrapped(seal(&found.key, KEY_INFO, &aad, key, &seed).expect("sealed"))
    }

    pub fn deliver(&self, chain: &mut Chain, request: u64, keys: &[[u8; 32]]) -> Result<(), Failure<MarketError>> {
        let events: Vec<_> = self.request(chain, request).deductions.iter().map(|kept| kept.event).collect();
        let sealed = events.iter().zip(keys).map(|(event, key)| self.sealed(chain, request, *event, key)).collect();
        chain.call(&self.gateway, self.market.deliver(request, sealed))
    }

    pub fn request(&self, chain: &Chain, request: u64) -> Request {
        chain.query(self.market.request(request)).expect("answered").expect("there")
    }

    pub fn status(&self, chain: &Chain, request: u64) -> RequestStatus {
        self.request(chain, request).status
    }

    pub fn account(&self, chain: &Chain) -> data_market::Account {
        chain.query(self.market.account(self.buyer.address)).expect("answered")
    }

    pub fn claim_of(&self, chain: &Chain, account: Address) -> u128 {
        chain.query(self.market.claim_of(account)).expect("answered")
    }
}

pub fn refused<T>(error: MarketError) -> Result<T, Failure<MarketError>> {
    Err(Failure::Error(error))
}
