//! A market of grain for silver, with accounts that have both.

use counterpart_sdk::Address;
use counterpart_testing::{Account, Chain, Failure, Subject};
use order_book::{BookError, Force, Market, NewOrder, OrderBookRef, SelfTrade, Side, native_orderbook};
use token::{TokenRef, native_token};
use trading::Asset;

pub const LOT: u128 = 10;
pub const TICK: u128 = 3;
/// Units that everybody begins with.
pub const PLENTY: u128 = 1_000_000;

pub struct Setting {
    pub book: OrderBookRef,
    pub grain: TokenRef,
    pub silver: TokenRef,
    pub owner: Account,
    pub people: Vec<Account>,
}

/// A token of which these accounts have plenty.
pub fn token(chain: &mut Chain, owner: &Account, name: &str, holders: &[Account]) -> TokenRef {
    let constructor = TokenRef::new(name.into(), name.into(), 0);
    let token = chain.deploy(owner, &Subject::new("token", native_token()), constructor).expect("deployed");
    let token = TokenRef::at(token);
    for holder in holders {
        chain.call(owner, token.mint(holder.address, PLENTY)).expect("the owner mints");
    }
    token
}

pub fn market(grain: Address, silver: Address, max_resting: u32) -> Market {
    Market {
        base: Asset::Token(grain),
        quote: Asset::Token(silver),
        lot: LOT,
        tick: TICK,
        taker_ppm: 1_000,
        maker_ppm: 400,
        max_resting,
        admin_delay_ms: 50_000,
    }
}

impl Setting {
    pub fn new(chain: &mut Chain, max_resting: u32) -> Self {
        let owner = chain.account("owner");
        let people: Vec<_> = ["alice", "bob", "carol", "dora"].map(|name| chain.account(name)).into();
        let grain = token(chain, &owner, "GRN", &people);
        let silver = token(chain, &owner, "SLV", &people);
        let subject = Subject::new("order-book", native_orderbook());
        let constructor = OrderBookRef::new(market(grain.address, silver.address, max_resting));
        let book = OrderBookRef::at(chain.deploy(&owner, &subject, constructor).expect("deployed"));
        let setting = Self { book, grain, silver, owner, people };
        for person in &setting.people {
            setting.bring(chain, person, setting.base(), PLENTY / 2);
            setting.bring(chain, person, setting.quote(), PLENTY / 2);
        }
        setting
    }

    pub fn base(&self) -> Asset {
        Asset::Token(self.grain.address)
    }

    pub fn quote(&self) -> Asset {
        Asset::Token(self.silver.address)
    }

    pub fn bring(&self, chain: &mut Chain, person: &Account, asset: Asset, units: u128) {
        let deposit = self.book.deposit(person.address, asset, units);
        chain.call_with(person, &[person], deposit).expect("brought");
    }

    pub fn place(
        &self,
        chain: &mut Chain,
        person: usize,
        order: NewOrder,
    ) -> Result<order_book::Placed, Failure<BookError>> {
        let person = &self.people[person];
        chain.call(person, self.book.place(person.address, order))
    }
}

pub fn limit(side: Side, price: u64, lots: u64) -> NewOrder {
    NewOrder {
        side,
        price: Some(price),
        lots,
        budget: None,
        force: Force::Rest,
        self_trade: SelfTrade::CancelTaking,
        expires_ms: None,
    }
}

pub fn error<T: std::fmt::Debug>(result: Result<T, Failure<BookError>>) -> BookError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}
