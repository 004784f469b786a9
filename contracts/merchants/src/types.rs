//! What the register is made with, keeps, reports and refuses.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// What holds for all merchants.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// What of each payment goes to the operator, in parts of a million; rounded up.
    pub fee_ppm: u32,
    /// Who gets the fees.
    pub fee_to: Address,
    /// Who decides disputes.
    pub arbiter: Address,
    /// How long after a payment its payer can dispute it, and the merchant waits for the units, in ms.
    pub dispute_ms: u64,
    /// How long after a dispute the arbiter decides, in ms; then the merchant's word stands.
    pub resolve_ms: u64,
    /// How long another owner waits whom the operator proposes for a merchant that lost its key, in ms.
    pub recovery_ms: u64,
    /// How long another admin waits, in ms.
    pub admin_delay_ms: u64,
}

/// Whether a merchant sells.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It does.
    Open,
    /// The operator says that it does not.
    Suspended,
    /// It has gone for good.
    Closed,
}

/// A merchant.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Merchant {
    /// Who decides for it.
    pub owner: Address,
    /// Where its units go.
    pub payout: Address,
    /// Where it is, no closer than a cell of the map; the place itself is signed off chain.
    pub cell: u64,
    /// SHA-256 of the public key that its beacons were provisioned with.
    pub beacon: Hash,
    /// Who may refund so many units of each payment.
    pub cashier: Option<Address>,
    /// Units of each payment that the cashier may refund.
    pub cashier_cap: u128,
    /// Whether it sells.
    pub status: Status,
    /// Another owner, and from when it can take over: the present one can refuse it until then.
    pub recovery: Option<Recovery>,
}

/// Another owner of a merchant that lost its key.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovery {
    /// Who.
    pub owner: Address,
    /// From when, in ms since 1970.
    pub from_ms: u64,
}

/// What a merchant sells.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Product {
    /// Its name, as the terminal shows it.
    pub name: String,
    /// SHA-256 of its image.
    pub image: Hash,
    /// In what it is paid.
    pub asset: Asset,
    /// Units for one.
    pub price: u128,
    /// How many there are; none if that does not matter.
    pub stock: Option<u64>,
    /// Whether it is sold.
    pub listed: bool,
}

/// A product and which version of it this is.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    /// From 1; each change of name, image, asset or price makes another.
    pub version: u32,
    /// The product.
    pub product: Product,
}

/// What a payer agrees to.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Intent {
    /// Who pays.
    pub payer: Address,
    /// Whom.
    pub merchant: u64,
    /// For what.
    pub sku: String,
    /// How many.
    pub quantity: u64,
    /// The version that the payer saw.
    pub version: u32,
    /// The most units that the payer gives.
    pub max_amount: u128,
    /// After when it is void, in ms since 1970.
    pub deadline_ms: u64,
    /// A number that this payer uses once.
    pub nonce: u64,
    /// The merchant's invoice, if it has one: paid once.
    pub invoice: Option<Hash>,
}

/// Where a payment stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Its units wait for the end of the time to dispute.
    Held,
    /// The payer disputes it.
    Disputed,
    /// The units went to the merchant.
    Paid,
    /// The arbiter decided.
    Resolved,
}

/// A payment: its entry in the state is the receipt.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    /// Who paid.
    pub payer: Address,
    /// Whom.
    pub merchant: u64,
    /// For what.
    pub sku: String,
    /// How many.
    pub quantity: u64,
    /// At which version of it.
    pub version: u32,
    /// In what.
    pub asset: Asset,
    /// Units that the payer gave.
    pub amount: u128,
    /// Units of them that went to the operator.
    pub fee: u128,
    /// Units that came back.
    pub refunded: u128,
    /// Units of them by the cashier.
    pub refunded_by_cashier: u128,
    /// How many were put back on the shelf.
    pub restocked: u64,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// Until when the present standing lasts without anybody's doing, in ms since 1970.
    pub until_ms: u64,
    /// Where it stands.
    pub standing: Standing,
}

/// What the register refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum MerchantError {
    /// The terms or fields make no sense.
    BadTerms,
    /// There is no such merchant.
    NoMerchant {
        /// Its number.
        merchant: u64,
    },
    /// The merchant does not sell now.
    NotOpen {
        /// Whether it does.
        status: Status,
    },
    /// There is no such product, or it is not sold.
    NoProduct,
    /// A name or sku is empty or too long, or a price is zero.
    BadProduct,
    /// The payer saw another price, name or image.
    Changed {
        /// The version now.
        version: u32,
    },
    /// There are not so many.
    OutOfStock {
        /// How many there are.
        left: u64,
    },
    /// The price of all of them is more than the payer gives.
    TooMuch {
        /// Units that they cost.
        amount: u128,
    },
    /// It was to be paid earlier.
    Late,
    /// The payer has used this number.
    NonceUsed {
        /// The number.
        nonce: u64,
    },
    /// The invoice is paid.
    InvoicePaid {
        /// By which payment.
        payment: u64,
    },
    /// The signature is not the payer's for this intent, chain and contract.
    BadSignature,
    /// There is no such payment.
    NoPayment {
        /// Its number.
        payment: u64,
    },
    /// Not where the payment stands, or not at this time.
    WrongStanding {
        /// Where it stands.
        standing: Standing,
        /// Until when, in ms since 1970.
        until_ms: u64,
    },
    /// Neither the merchant's owner nor its cashier.
    Stranger,
    /// More than was paid, or than the cashier may give.
    RefundTooLarge {
        /// Units that are left to refund for this caller.
        left: u128,
    },
    /// More than were sold.
    TooManyRestocked,
    /// There is nobody to take over, or not yet.
    NoRecovery,
    /// Not for this caller.
    Role {
        /// Why.
        error: RoleError,
    },
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for MerchantError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

impl From<RoleError> for MerchantError {
    fn from(error: RoleError) -> Self {
        Self::Role { error }
    }
}

/// A merchant is there, or changed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct MerchantChanged {
    /// Which.
    #[topic]
    pub merchant: u64,
    /// As it is now.
    pub now: Merchant,
}

/// A product is there, or changed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ProductChanged {
    /// Whose.
    #[topic]
    pub merchant: u64,
    /// Which.
    pub sku: String,
    /// As it is now.
    pub listing: Listing,
}

/// A payment was made.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Paid {
    /// Its number.
    #[topic]
    pub payment: u64,
    /// Whom.
    #[topic]
    pub merchant: u64,
    /// Who paid.
    #[topic]
    pub payer: Address,
    /// Units.
    pub amount: u128,
    /// Units of them that are the operator's.
    pub fee: u128,
}

/// Units of a payment came back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Refunded {
    /// Which.
    #[topic]
    pub payment: u64,
    /// Units.
    pub units: u128,
    /// How many were put back on the shelf.
    pub restocked: u64,
}

/// A payment stands elsewhere.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct StandingChanged {
    /// Which.
    #[topic]
    pub payment: u64,
    /// Where.
    pub standing: Standing,
}

/// Why a payer disputes.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Disputed {
    /// Which.
    #[topic]
    pub payment: u64,
    /// Hash of what the payer says, which is nobody's to read here.
    pub reason: Hash,
}
