//! A pool of apples and pears, and people who have both.

use counterpart_testing::{Account, Chain, Failure, Subject};
use liquidity_pool::{LiquidityPoolRef, PoolError, Terms, native_liquiditypool};
use token::{TokenRef, native_token};
use trading::{Asset, Kind, Quote};

pub const PLENTY: u128 = 1 << 90;

pub struct Setting {
    pub pool: LiquidityPoolRef,
    pub apples: TokenRef,
    pub pears: TokenRef,
    pub people: Vec<Account>,
}

impl Setting {
    pub fn new(chain: &mut Chain, fee_ppm: u32) -> Self {
        let people: Vec<_> = ["alice", "bob", "carol"].map(|name| chain.account(name)).into();
        let mut token = |name: &str| {
            let constructor = TokenRef::new(name.into(), name.into(), 0);
            let subject = Subject::new("token", native_token());
            let token = TokenRef::at(chain.deploy(&people[0], &subject, constructor).expect("deployed"));
            for person in &people {
                chain.call(&people[0], token.mint(person.address, PLENTY)).expect("minted");
            }
            token
        };
        let (apples, pears) = (token("APL"), token("PER"));
        let terms = Terms { one: Asset::Token(apples.address), other: Asset::Token(pears.address), fee_ppm };
        let subject = Subject::new("liquidity-pool", native_liquiditypool());
        let pool = chain.deploy(&people[0], &subject, LiquidityPoolRef::new(terms)).expect("deployed");
        Self { pool: LiquidityPoolRef::at(pool), apples, pears, people }
    }

    pub fn one(&self) -> Asset {
        Asset::Token(self.apples.address)
    }

    pub fn other(&self) -> Asset {
        Asset::Token(self.pears.address)
    }

    pub fn add(&self, chain: &mut Chain, who: usize, one: u128, other: u128) -> Result<u128, Failure<PoolError>> {
        let who = &self.people[who];
        chain.call_consenting(who, self.pool.add(who.address, one, other, 1, u64::MAX))
    }

    pub fn remove(&self, chain: &mut Chain, who: usize, shares: u128) -> Result<(u128, u128), Failure<PoolError>> {
        let who = &self.people[who];
        chain.call(who, self.pool.remove(who.address, shares, 0, 0, u64::MAX))
    }

    pub fn swap(&self, chain: &mut Chain, who: usize, sell: Asset, kind: Kind) -> Result<Quote, Failure<PoolError>> {
        let who = &self.people[who];
        chain.call_consenting(who, self.pool.swap(sell, kind, who.address))
    }

    /// Units of the two that an account has.
    pub fn held(&self, chain: &Chain, of: counterpart_sdk::Address) -> (u128, u128) {
        let units = |token: &TokenRef| chain.query(token.balance_of(of)).expect("answered");
        (units(&self.apples), units(&self.pears))
    }

    pub fn reserves(&self, chain: &Chain) -> (u128, u128) {
        let reserves = chain.query(self.pool.reserves()).expect("answered");
        (reserves.one, reserves.other)
    }
}

pub fn exact_in(spend: u128) -> Kind {
    Kind::ExactIn { spend, min_buy: 0 }
}

pub fn error<T: std::fmt::Debug>(result: Result<T, Failure<PoolError>>) -> PoolError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}
