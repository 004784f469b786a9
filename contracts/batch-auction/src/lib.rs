//! Orders of a time are filled together at one price; whoever finds the best filling settles it.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod solution;
mod types;

use counterpart_contracts::roles::{AdminChanged, AdminProposed, Roles};
use counterpart_sdk::prelude::*;
pub use solution::MAX_FILLS;
use trading::Asset;
pub use types::{
    AuctionError, BatchOrder, Cancelled, Claim, Fill, Leading, Led, OrderFilled, Price, Round, Settled, Solution,
    Submitted, Terms,
};

/// Orders that wait at a time, at most: one solution can fill all of them.
const MAX_ORDERS: u32 = MAX_FILLS as u32;

/// What the auction keeps.
#[storage]
pub struct BatchAuction {
    terms: Item<Terms>,
    orders: OrdMap<u64, BatchOrder>,
    count: Item<u32>,
    next: Item<u64>,
    round: Item<Round>,
    leading: Item<Leading>,
    claims: Map<Address, Claim>,
    dust: Item<Claim>,
    roles: Roles,
}

#[contract(events(Submitted, Cancelled, Led, Settled, OrderFilled, AdminProposed, AdminChanged))]
impl BatchAuction {
    /// Makes an auction without orders; whoever deploys it is the admin, who takes out what rounding leaves.
    pub fn new(terms: Terms) -> Result<Self, AuctionError> {
        if terms.base.contract() == terms.quote.contract() || terms.collect_ms == 0 || terms.solve_ms == 0 {
            return Err(AuctionError::BadTerms);
        }
        let mut this = Self::default();
        this.terms.set(&terms);
        this.roles.begin(&env::caller(), terms.admin_delay_ms);
        Ok(this)
    }

    /// What is traded and how long rounds last.
    pub fn terms(&self) -> Option<Terms> {
        self.terms.get()
    }

    /// The round that goes on; none while there are no orders.
    pub fn round(&self) -> Option<Round> {
        self.round.get()
    }

    /// An order that waits.
    pub fn order(&self, order: u64) -> Option<BatchOrder> {
        self.orders.get(&order)
    }

    /// All orders that wait.
    pub fn orders(&self) -> Vec<(u64, BatchOrder)> {
        self.orders.page(None, MAX_ORDERS)
    }

    /// The best solution of the round so far.
    pub fn leading(&self) -> Option<Leading> {
        self.leading.get()
    }

    /// What an account can take out.
    pub fn claim_of(&self, account: Address) -> Claim {
        self.claims.get_or_default(&account)
    }

    /// What rounding left.
    pub fn dust(&self) -> Claim {
        self.dust.get_or_default()
    }

    /// Who takes that out.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// Orders: so many units for at least so many of the other asset; the owner authorises that they come here. Answers the
    /// order's number. It belongs to the round that collects, or to the next.
    pub fn submit(
        &mut self,
        owner: Address,
        sells_base: bool,
        units: u128,
        min_buy: u128,
        partial: bool,
        expires_ms: u64,
    ) -> Result<u64, AuctionError> {
        env::require_auth(&owner);
        let now = env::block_time_ms();
        if units == 0 || min_buy == 0 || expires_ms <= now {
            return Err(AuctionError::BadOrder);
        }
        let count = self.count.get_or_default();
        if count >= MAX_ORDERS {
            return Err(AuctionError::Full);
        }
        let terms = self.known()?;
        if !sells_base {
            terms.base.require_permitted(env::self_address(), owner, min_buy)?;
        }
        sold(&terms, sells_base).transfer(owner, env::self_address(), units)?;
        let order = self.next.get_or_default();
        self.next.set(&(order + 1));
        self.count.set(&(count + 1));
        let waiting = BatchOrder { owner, sells_base, units, min_buy, left: units, partial, expires_ms, since_ms: now };
        self.orders.set(&order, &waiting);
        if self.round.get().is_none() {
            self.open(&terms, 0);
        }
        Submitted { owner, order, sells_base, units, min_buy }.emit();
        Ok(order)
    }

    /// Takes an order back; what is left of it can be taken out at once. Not while solutions compete for it.
    pub fn cancel(&mut self, order: u64) -> Result<(), AuctionError> {
        let waiting = self.orders.get(&order).ok_or(AuctionError::NoOrder { order })?;
        env::require_auth(&waiting.owner);
        let round = self.round.get();
        if let Some(round) = round.filter(|round| env::block_time_ms() >= round.closes_ms && waiting.is_in(round)) {
            return Err(AuctionError::Solving { until_ms: round.settles_ms });
        }
        self.close_order(order, &waiting);
        Cancelled { owner: waiting.owner, order }.emit();
        Ok(())
    }

    /// Offers a filling of the round; the best one is settled. Answers what it brings beyond the limits, in units of the quote.
    pub fn solve(&mut self, solver: Address, solution: Solution) -> Result<u128, AuctionError> {
        env::require_auth(&solver);
        let now = env::block_time_ms();
        let round = self.round.get().filter(|round| (round.closes_ms..round.settles_ms).contains(&now));
        let round = round.ok_or(AuctionError::NotSolving)?;
        let terms = self.known()?;
        let surplus = solution.check(&terms, |order| self.eligible(order, &round))?.surplus;
        if let Some(best) = self.leading.get().filter(|best| best.surplus >= surplus) {
            return Err(AuctionError::NotBetter { surplus, best: best.surplus });
        }
        self.leading.set(&Leading { solver, surplus, solution });
        Led { solver, round: round.number, surplus }.emit();
        Ok(surplus)
    }

    /// Carries the best solution out when its time has come, and opens the next round; anybody.
    pub fn settle(&mut self) -> Result<u64, AuctionError> {
        let round = self.round.get().filter(|round| env::block_time_ms() >= round.settles_ms);
        let round = round.ok_or(AuctionError::NotOver)?;
        let terms = self.known()?;
        let leading = self.leading.get();
        self.leading.remove();
        let mut settled = Settled { round: round.number, solver: None, price: None, fills: 0 };
        if let Some(Leading { solver, solution, .. }) = leading {
            // The orders are as they were when it was offered; the rules of a security may not be.
            if let Ok(checked) = solution.check(&terms, |order| self.eligible(order, &round)) {
                for (order, fill, bought) in &checked.fills {
                    self.fill(order, fill.order, fill.units, *bought);
                }
                let dust = self.dust.get_or_default();
                let (base, quote) = checked.dust;
                self.dust.set(&Claim { base: dust.base + base, quote: dust.quote + quote });
                let fills = checked.fills.len() as u32;
                settled = Settled { solver: Some(solver), price: Some(solution.price), fills, ..settled };
            }
        }
        settled.emit();
        self.round.remove();
        let waiting = self.count.get_or_default();
        if waiting > 0 {
            self.open(&terms, round.number + 1);
        }
        Ok(round.number)
    }

    /// Takes out what an account has here; the account. Answers the units.
    pub fn withdraw(&mut self, account: Address) -> Result<Claim, AuctionError> {
        env::require_auth(&account);
        let claim = self.claim_of(account);
        self.claims.remove(&account);
        self.pay(&claim, account)?;
        Ok(claim)
    }

    /// Takes out what rounding left; the admin.
    pub fn collect_dust(&mut self, to: Address) -> Result<Claim, AuctionError> {
        self.roles.require_admin()?;
        let dust = self.dust();
        self.dust.remove();
        self.pay(&dust, to)?;
        Ok(dust)
    }

    /// Proposes another admin, or takes the proposal back; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), AuctionError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), AuctionError> {
        Ok(self.roles.accept_admin()?)
    }

    fn known(&self) -> Result<Terms, AuctionError> {
        self.terms.get().ok_or(AuctionError::BadTerms)
    }

    fn open(&mut self, terms: &Terms, number: u64) {
        let closes_ms = env::block_time_ms().saturating_add(terms.collect_ms);
        let number = number.max(self.round.get().map_or(0, |round| round.number));
        self.round.set(&Round { number, closes_ms, settles_ms: closes_ms.saturating_add(terms.solve_ms) });
    }

    fn eligible(&self, order: u64, round: &Round) -> Option<BatchOrder> {
        self.orders.get(&order).filter(|waiting| waiting.is_in(round) && round.closes_ms < waiting.expires_ms)
    }

    fn fill(&mut self, order: &BatchOrder, number: u64, units: u128, bought: u128) {
        let mut claim = self.claim_of(order.owner);
        *if order.sells_base { &mut claim.quote } else { &mut claim.base } += bought;
        self.claims.set(&order.owner, &claim);
        OrderFilled { owner: order.owner, order: number, sold: units, bought }.emit();
        let after = BatchOrder { left: order.left - units, ..*order };
        if after.left == 0 {
            self.close_order(number, &after);
        } else {
            self.orders.set(&number, &after);
        }
    }

    /// What is left of an order goes back to its owner.
    fn close_order(&mut self, number: u64, order: &BatchOrder) {
        self.orders.remove(&number);
        self.count.set(&(self.count.get_or_default() - 1));
        let mut claim = self.claim_of(order.owner);
        *if order.sells_base { &mut claim.base } else { &mut claim.quote } += order.left;
        self.claims.set(&order.owner, &claim);
    }

    fn pay(&self, claim: &Claim, to: Address) -> Result<(), AuctionError> {
        let terms = self.known()?;
        terms.base.transfer(env::self_address(), to, claim.base)?;
        Ok(terms.quote.transfer(env::self_address(), to, claim.quote)?)
    }
}

impl BatchOrder {
    /// Whether it came in time for a round.
    fn is_in(&self, round: &Round) -> bool {
        self.since_ms < round.closes_ms
    }
}

fn sold(terms: &Terms, sells_base: bool) -> Asset {
    if sells_base { terms.base } else { terms.quote }
}
