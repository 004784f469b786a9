//! An auction of grain for silver.

use batch_auction::{AuctionError, BatchAuctionRef, Fill, Price, Solution, Terms, native_batchauction};
use counterpart_testing::{Account, Chain, Failure, Subject};
use token::{TokenRef, native_token};
use trading::Asset;

pub const PLENTY: u128 = 1_000_000_000;
pub const COLLECT_MS: u64 = 100_000;
pub const SOLVE_MS: u64 = 50_000;

pub struct Setting {
    pub auction: BatchAuctionRef,
    pub grain: TokenRef,
    pub silver: TokenRef,
    pub people: Vec<Account>,
    pub solver: Account,
}

impl Setting {
    pub fn new(chain: &mut Chain) -> Self {
        let people: Vec<_> = ["alice", "bob", "carol", "dora"].map(|name| chain.account(name)).into();
        let solver = chain.account("solver");
        let mut token = |name: &str| {
            let constructor = TokenRef::new(name.into(), name.into(), 0);
            let subject = Subject::new("token", native_token());
            let token = TokenRef::at(chain.deploy(&people[0], &subject, constructor).expect("deployed"));
            for person in &people {
                chain.call(&people[0], token.mint(person.address, PLENTY)).expect("minted");
            }
            token
        };
        let (grain, silver) = (token("GRN"), token("SLV"));
        let terms = terms(Asset::Token(grain.address), Asset::Token(silver.address));
        let subject = Subject::new("batch-auction", native_batchauction());
        let auction = chain.deploy(&people[0], &subject, BatchAuctionRef::new(terms)).expect("deployed");
        Self { auction: BatchAuctionRef::at(auction), grain, silver, people, solver }
    }

    pub fn submit(
        &self,
        chain: &mut Chain,
        who: usize,
        sells_base: bool,
        units: u128,
        min_buy: u128,
        partial: bool,
    ) -> Result<u64, Failure<AuctionError>> {
        let who = &self.people[who];
        let submit = self.auction.submit(who.address, sells_base, units, min_buy, partial, u64::MAX);
        chain.call_consenting(who, submit)
    }

    /// Waits until solutions are heard.
    pub fn close(&self, chain: &mut Chain) {
        let round = chain.query(self.auction.round()).expect("answered").expect("a round goes on");
        chain.advance_ms(round.closes_ms.saturating_sub(chain.time_ms()));
    }

    /// Waits until they are not, and settles.
    pub fn settle(&self, chain: &mut Chain) -> u64 {
        let round = chain.query(self.auction.round()).expect("answered").expect("a round goes on");
        chain.advance_ms(round.settles_ms.saturating_sub(chain.time_ms()));
        chain.call(&self.solver, self.auction.settle()).expect("settled")
    }

    pub fn solve(&self, chain: &mut Chain, price: (u128, u128), fills: &[(u64, u128)]) -> Result<u128, AuctionError> {
        let fills = fills.iter().map(|(order, units)| Fill { order: *order, units: *units }).collect();
        let solution = Solution { price: Price { quote: price.0, base: price.1 }, fills };
        match chain.call(&self.solver, self.auction.solve(self.solver.address, solution)) {
            Ok(surplus) => Ok(surplus),
            Err(Failure::Error(error)) => Err(error),
            Err(failure) => panic!("{failure:?}"),
        }
    }

    /// What the contract holds beside what it owes: nothing.
    pub fn balances(&self, chain: &Chain) {
        let dust = chain.query(self.auction.dust()).expect("answered");
        let (mut base, mut quote) = (dust.base, dust.quote);
        for person in &self.people {
            let claim = chain.query(self.auction.claim_of(person.address)).expect("answered");
            (base, quote) = (base + claim.base, quote + claim.quote);
        }
        for (_, order) in chain.query(self.auction.orders()).expect("answered") {
            *if order.sells_base { &mut base } else { &mut quote } += order.left;
        }
        let held = |token: &TokenRef| chain.query(token.balance_of(self.auction.address));
        assert_eq!((held(&self.grain), held(&self.silver)), (Ok(base), Ok(quote)));
    }
}

pub fn terms(base: Asset, quote: Asset) -> Terms {
    Terms { base, quote, collect_ms: COLLECT_MS, solve_ms: SOLVE_MS, admin_delay_ms: 0 }
}
