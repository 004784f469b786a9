//! What the book is asked, answers, keeps and reports.

use counterpart_sdk::prelude::*;
use trading::Asset;

/// What is traded and in which steps. Everything is a whole number of lots at a whole number of ticks: no fill is ever rounded.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Market {
    /// What is bought and sold.
    pub base: Asset,
    /// What it is paid in.
    pub quote: Asset,
    /// Units of the base in a lot.
    pub lot: u128,
    /// Units of the quote that a lot costs for each tick of the price.
    pub tick: u128,
    /// What who takes an order pays on the quote, in parts of a million; rounded up.
    pub taker_ppm: u32,
    /// What of it who made the order gets, in parts of a million of the quote; rounded down.
    pub maker_ppm: u32,
    /// Orders that may rest on each side; a better one beyond them throws out the worst.
    pub max_resting: u32,
    /// How long another admin waits, in ms.
    pub admin_delay_ms: u64,
}

/// Buy or sell the base.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

/// How long an order tries.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Force {
    /// What is not filled at once rests in the book.
    Rest,
    /// It rests, or is refused if anything could be filled at once.
    PostOnly,
    /// What is not filled at once lapses.
    ImmediateOrCancel,
    /// It is filled at once and whole, or refused.
    FillOrKill,
}

/// What becomes of an order that meets one of the same account.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum SelfTrade {
    /// The resting one is cancelled.
    CancelResting,
    /// The new one stops there.
    CancelTaking,
    /// Both become smaller by what they have in common, and nothing is traded.
    DecrementBoth,
}

/// A new order.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewOrder {
    /// Buy or sell.
    pub side: Side,
    /// The worst price, in ticks; any price will do for an order that does not rest if there is none.
    pub price: Option<u64>,
    /// How many lots.
    pub lots: u64,
    /// For a purchase: what may be spent on what is filled at once, fees included.
    pub budget: Option<u128>,
    /// How long it tries.
    pub force: Force,
    /// When it meets one of the same account.
    pub self_trade: SelfTrade,
    /// From when it lapses, in ms since 1970.
    pub expires_ms: Option<u64>,
}

/// An order that rests.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resting {
    /// Whose.
    pub maker: Address,
    /// Lots that are left.
    pub lots: u64,
    /// From when it lapses, in ms since 1970; 0 if it does not.
    pub expires_ms: u64,
}

/// A resting order and where it stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its number; earlier ones have smaller numbers.
    pub order: u64,
    /// Buy or sell.
    pub side: Side,
    /// In ticks.
    pub price: u64,
    /// The rest.
    pub resting: Resting,
}

/// What an account has in the book.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Seat {
    /// Units of the base that no order holds.
    pub base_free: u128,
    /// Units of the base that orders hold.
    pub base_locked: u128,
    /// Units of the quote that no order holds.
    pub quote_free: u128,
    /// Units of the quote that orders hold.
    pub quote_locked: u128,
}

/// All orders of one side at one price.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    /// In ticks.
    pub price: u64,
    /// Lots of all of them.
    pub lots: u64,
    /// How many.
    pub orders: u32,
}

/// What became of an order.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Placed {
    /// Its number, if something of it rests.
    pub order: Option<u64>,
    /// Lots that were filled.
    pub filled: u64,
    /// Units of the quote for them, without the fee.
    pub amount: u128,
    /// Units of the quote that were charged.
    pub fee: u128,
    /// Lots that rest.
    pub resting: u64,
    /// Lots that met orders of the same account and are gone.
    pub decremented: u64,
    /// Whether more could have been filled than one message fills: what was left lapsed.
    pub bounded: bool,
}

/// What the book refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum BookError {
    /// A market cannot be like this.
    BadMarket,
    /// An order needs lots, a price if it rests, and neither too much of both.
    BadOrder,
    /// It would have lapsed already.
    Expired,
    /// A post-only order meets one that rests.
    WouldTake {
        /// The best price of the other side, in ticks.
        price: u64,
    },
    /// The whole order cannot be filled.
    NotFilled {
        /// Lots that could be.
        lots: u64,
    },
    /// The side is full of orders that are as good or better.
    BookFull,
    /// The account has too little free.
    TooLittle {
        /// Units that are free.
        have: u128,
        /// Units needed.
        want: u128,
    },
    /// There is no such order of this account.
    NoOrder {
        /// Its number.
        order: u64,
    },
    /// An amount is no whole number of lots.
    NotWholeLots {
        /// Units of the base in a lot.
        lot: u128,
    },
    /// What is in the book does not fill it within its bounds.
    Limit {
        /// What it would cost.
        spent: u128,
        /// What it would bring.
        bought: u128,
    },
    /// Neither of the two assets, or twice the same.
    WrongAsset,
    /// No new orders for now; what is in the book can be taken out.
    Paused,
    /// Units do not move.
    Asset {
        /// Why.
        error: trading::AssetError,
    },
    /// Not for this caller.
    Role {
        /// Why.
        error: counterpart_contracts::roles::RoleError,
    },
}

impl From<trading::AssetError> for BookError {
    fn from(error: trading::AssetError) -> Self {
        Self::Asset { error }
    }
}

impl From<counterpart_contracts::roles::RoleError> for BookError {
    fn from(error: counterpart_contracts::roles::RoleError) -> Self {
        Self::Role { error }
    }
}

/// Why an order left the book unfilled.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Its account said so.
    Cancelled,
    /// Its time was over.
    Expired,
    /// It met an order of the same account.
    SelfTrade,
    /// Better ones took its place.
    Evicted,
    /// The security may not go to its account.
    Forbidden,
}

/// Units came into the book or went out.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Moved {
    /// Whose.
    #[topic]
    pub account: Address,
    /// Which.
    pub asset: Asset,
    /// How many.
    pub units: u128,
    /// Whether they came in.
    pub is_deposit: bool,
}

/// An order rests.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Rested {
    /// Whose.
    #[topic]
    pub maker: Address,
    /// Its number.
    pub order: u64,
    /// Buy or sell.
    pub side: Side,
    /// In ticks.
    pub price: u64,
    /// How many.
    pub lots: u64,
}

/// A resting order was filled, or a part of it.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Filled {
    /// Whose it was.
    #[topic]
    pub maker: Address,
    /// Who took it.
    #[topic]
    pub taker: Address,
    /// Its number.
    pub order: u64,
    /// In ticks.
    pub price: u64,
    /// How many.
    pub lots: u64,
    /// Units of the quote that its maker got beside the price.
    pub rebate: u128,
}

/// An order, or a part of it, left the book unfilled.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Left {
    /// Whose it was.
    #[topic]
    pub maker: Address,
    /// Its number.
    pub order: u64,
    /// How many.
    pub lots: u64,
    /// Why.
    pub reason: Reason,
}

/// Fees were taken out.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct FeesCollected {
    /// By whom.
    pub to: Address,
    /// Units of the quote.
    pub units: u128,
}
