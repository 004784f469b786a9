//! What payments are asked with, keep, report and refuse.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;
use instruments::{Failure, InstrumentKind};
use trading::{Asset, AssetError};

/// What holds for all payments.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// What of each payment goes to the operator, in parts of a million; rounded up, the merchant pays it.
    pub fee_ppm: u32,
    /// Who gets it.
    pub fee_to: Address,
    /// How long a provider may take to answer, in ms.
    pub answer_ms: u64,
    /// Failures in a row after which a provider is left alone.
    pub max_failures: u32,
    /// For how long, in ms.
    pub cool_ms: u64,
    /// The Ed25519 key that signs rates between assets.
    pub rates_key: [u8; 32],
    /// How far an exchange may be off a signed rate, in parts of a million.
    pub max_slippage_ppm: u32,
    /// How long another admin waits, in ms.
    pub admin_delay_ms: u64,
}

/// A provider that may be charged.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProviderRecord {
    /// In what it pays.
    pub asset: Asset,
    /// What it takes of what it pays, in parts of a million: for planning by fee.
    pub fee_ppm: u32,
    /// Failures since it last worked.
    pub failures: u32,
    /// Until when it is left alone, in ms since 1970.
    pub rests_until_ms: u64,
}

/// How much may be charged in a time that moves along.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// How far back, in ms.
    pub window_ms: u64,
    /// Units of the instrument's asset.
    pub units: u128,
}

/// An instrument that a payer linked.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instrument {
    /// The provider's contract.
    pub provider: Address,
    /// The token's identifier there.
    pub token: Hash,
    /// What it is.
    pub kind: InstrumentKind,
    /// Smaller numbers are charged first.
    pub priority: u32,
    /// Units of one leg, at most; no bound if there is none.
    pub max_leg: Option<u128>,
    /// How much in a time.
    pub limit: Option<Limit>,
    /// After when it is not charged, in ms since 1970.
    pub expires_ms: u64,
    /// The only merchant that it is charged for; all if there is none.
    pub merchant: Option<Address>,
}

/// In which order instruments are tried.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// By their priority.
    Priority,
    /// Whoever can pay the most first: fewer legs.
    Coverage,
    /// Whoever takes the least first.
    Fee,
}

/// A rate between two assets, signed by the key of the terms.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// What is given.
    pub from: Asset,
    /// What is got.
    pub to: Asset,
    /// So many units are given,
    pub give: u128,
    /// for so many.
    pub get: u128,
    /// After when it does not hold, in ms since 1970.
    pub expires_ms: u64,
}

/// How units of another asset become those of the payment.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// The rate.
    pub rate: Rate,
    /// Its signature.
    pub signature: [u8; 64],
    /// The exchange's handler.
    pub handler: Address,
    /// What the handler has to know.
    pub data: Vec<u8>,
}

/// An instrument that is asked for by name.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// Which of the payer's.
    pub instrument: u32,
    /// Units of the payment's asset; as much as it gives if there is none.
    pub units: Option<u128>,
}

/// What a payer agrees to.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The payer's own id: the same again is the same payment.
    pub id: Hash,
    /// Who pays.
    pub payer: Address,
    /// Whom.
    pub merchant: Address,
    /// In what.
    pub asset: Asset,
    /// Units.
    pub amount: u128,
    /// What is charged first, in this order.
    pub parts: Vec<Part>,
    /// How the rest is planned.
    pub strategy: Strategy,
    /// Whether other instruments are charged where these do not do; else the payment fails.
    pub fall_over: bool,
    /// Other apps that are asked for instruments if the payer's own do not do: it has consented there.
    pub apps: Vec<Address>,
    /// Legs, at most; 8 or fewer.
    pub max_legs: u32,
    /// After when everything goes back, in ms since 1970.
    pub deadline_ms: u64,
    /// Exchanges for instruments of other assets.
    pub exchanges: Vec<Exchange>,
}

/// Where a leg stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum LegStatus {
    /// The provider will say.
    Pending,
    /// Its units are held.
    Held,
    /// They are not.
    Failed(Failure),
    /// They were let go.
    Voided,
    /// They were captured.
    Captured,
}

/// A part of a payment, by one instrument.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leg {
    /// The provider's contract.
    pub provider: Address,
    /// The token's identifier there.
    pub token: Hash,
    /// What it is.
    pub kind: InstrumentKind,
    /// The payer's instrument; none if another app named it.
    pub instrument: Option<u32>,
    /// Units of the payment's asset.
    pub units: u128,
    /// Units of the instrument's asset.
    pub source: u128,
    /// Units of the payment's asset that went back.
    pub refunded: u128,
    /// By when the provider answers, in ms since 1970.
    pub answer_by_ms: u64,
    /// Where it stands.
    pub status: LegStatus,
}

/// Where a payment stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum PaymentStatus {
    /// Legs are being held.
    Authorizing,
    /// The merchant has the units.
    Succeeded,
    /// Nothing was charged.
    Failed(Reason),
}

/// Why a payment came to nothing.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Instruments give too little together.
    NoCoverage,
    /// One of them refuses so that no other may be tried.
    Refused(Failure),
    /// Its time was over.
    Expired,
    /// The merchant or the payer let go of it.
    Voided,
}

/// A payment.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    /// What the payer agreed to.
    pub request: Request,
    /// Its legs, in the order in which they were tried.
    pub legs: Vec<Leg>,
    /// Whether the apps were asked.
    pub apps_asked: bool,
    /// Units that the operator got.
    pub fee: u128,
    /// Units that went back.
    pub refunded: u128,
    /// Where it stands.
    pub status: PaymentStatus,
}

/// What payments refuse with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum PaymentError {
    /// Terms or fields make no sense.
    BadRequest,
    /// The same id stands for another request.
    OtherRequest,
    /// There is no such payment.
    NoPayment {
        /// Its number.
        payment: u64,
    },
    /// Not where it stands.
    WrongStatus {
        /// Where it stands.
        status: PaymentStatus,
    },
    /// There is no such instrument of this payer.
    NoInstrument {
        /// Its number.
        instrument: u32,
    },
    /// The operator does not admit this provider.
    UnknownProvider {
        /// Its contract.
        provider: Address,
    },
    /// As many instruments as there can be.
    Full,
    /// A provider brings other units than it held.
    ProviderLied {
        /// Its contract.
        provider: Address,
        /// Units that it held.
        want: u128,
        /// Units that came.
        have: u128,
    },
    /// A provider refuses what it has to do.
    Provider {
        /// Its contract.
        provider: Address,
        /// A code of its own; none if it did not answer.
        code: Option<u32>,
    },
    /// A provider does not answer as one.
    NoAnswer {
        /// Its contract.
        provider: Address,
    },
    /// A rate is not signed, is over, or is of other assets.
    BadRate,
    /// An exchange refuses.
    Exchange {
        /// A code of its own; none if it did not answer.
        code: Option<u32>,
    },
    /// An exchange takes more, or brings less, than its rate and what it may slip.
    Slipped {
        /// Units that it took.
        spent: u128,
        /// Units that it brought.
        bought: u128,
    },
    /// More than is left of the payment.
    RefundTooLarge {
        /// Units that are left.
        left: u128,
    },
    /// There is nothing to charge by this mandate now.
    NotDue {
        /// From when there is, in ms since 1970.
        next_ms: u64,
    },
    /// Not for this caller.
    Stranger,
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

impl From<AssetError> for PaymentError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

impl From<RoleError> for PaymentError {
    fn from(error: RoleError) -> Self {
        Self::Role { error }
    }
}

/// A payment began.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Attempted {
    /// Its number.
    #[topic]
    pub payment: u64,
    /// Who pays.
    #[topic]
    pub payer: Address,
    /// Whom.
    #[topic]
    pub merchant: Address,
    /// Units.
    pub amount: u128,
}

/// A leg was planned or stands elsewhere.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct LegChanged {
    /// Of which payment.
    #[topic]
    pub payment: u64,
    /// Which, from 0.
    pub leg: u32,
    /// As it is now.
    pub now: Leg,
}

/// A payment came to its end.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Which.
    #[topic]
    pub payment: u64,
    /// How.
    pub status: PaymentStatus,
}

/// Units went back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Refunded {
    /// Of which payment.
    #[topic]
    pub payment: u64,
    /// How many.
    pub units: u128,
}

/// An instrument was linked, or unlinked.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct InstrumentChanged {
    /// Whose.
    #[topic]
    pub payer: Address,
    /// Its number.
    pub instrument: u32,
    /// Whether it is linked.
    pub linked: bool,
}

/// A provider is left alone, or works again.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ProviderChanged {
    /// Its contract.
    #[topic]
    pub provider: Address,
    /// As it is now; none if it is not admitted any more.
    pub now: Option<ProviderRecord>,
}
