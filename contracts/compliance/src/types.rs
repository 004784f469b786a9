//! Rules, movements, and what is refused and reported.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;

/// Why units move.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// They are new.
    Issue,
    /// Their holder moves them.
    Transfer,
    /// They are given back.
    Redeem,
    /// An agent moves them, for a court or by law: only whether the receiver is known is asked.
    Forced,
    /// Their holder has lost an account and gets another: nothing changes but the address.
    Recovery,
}

/// One side of a movement.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Party {
    /// The account.
    pub account: Address,
    /// Units that it has before, in all versions of the token together.
    pub units: u128,
}

/// Units that are to move, or have moved.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Movement {
    /// Why.
    pub kind: Kind,
    /// Who has them; nobody when they are new.
    pub from: Option<Party>,
    /// Who gets them; nobody when they are given back.
    pub to: Option<Party>,
    /// How many.
    pub units: u128,
}

/// Which countries may hold.
#[derive(Abi, Clone, PartialEq, Eq, Debug, Default)]
pub struct Countries {
    /// Whether those that are named may hold, or all but those.
    pub only: bool,
    /// By their numbers in ISO 3166-1; at most 64.
    pub named: Vec<u16>,
}

/// How many units an identity may move away within a window.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// How long the window is, in ms. It begins with the first movement after the last window.
    pub window_ms: u64,
    /// How many.
    pub units: u128,
}

/// The rules. By default everybody who is registered may hold.
#[derive(Abi, Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// Which countries may hold.
    pub countries: Countries,
    /// Whether only accredited investors may hold.
    pub accredited_only: bool,
    /// Whether contracts may hold.
    pub contracts: bool,
    /// Units that an identity may hold, at most; 0 for any number.
    pub max_units: u128,
    /// Units that there may be, at most; 0 for any number.
    pub max_supply: u128,
    /// Identities that may hold, at most; 0 for any number.
    pub max_holders: u32,
    /// Identities that are not accredited and may hold, at most; 0 for any number.
    pub max_unaccredited: u32,
    /// Units move in multiples of this; 0 and 1 for any number.
    pub lot: u128,
    /// How fast an identity may move units away.
    pub pace: Option<Pace>,
}

/// A rule that a movement breaks.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Nobody is known behind the sender, or what is known holds no more.
    SenderUnknown,
    /// The same of the receiver.
    ReceiverUnknown,
    /// Who has lost an account is somebody else than who gets another.
    OtherIdentity,
    /// An account above one of both in the chain of custody is frozen.
    CustodianFrozen {
        /// Which.
        custodian: Address,
    },
    /// The receiver's country may not hold.
    Country {
        /// Which, by its number in ISO 3166-1.
        country: u16,
    },
    /// The receiver is not accredited.
    NotAccredited,
    /// The receiver is a contract.
    Contract,
    /// The receiver would have too many.
    MaxUnits {
        /// Units that it would have.
        would_have: u128,
        /// The most.
        most: u128,
    },
    /// There would be too many.
    MaxSupply {
        /// The most.
        most: u128,
    },
    /// There would be too many holders.
    MaxHolders {
        /// The most.
        most: u32,
    },
    /// There would be too many holders that are not accredited.
    MaxUnaccredited {
        /// The most.
        most: u32,
    },
    /// Not a multiple of the lot.
    Lot {
        /// The lot.
        lot: u128,
    },
    /// The sender has moved too many in this window.
    Pace {
        /// Units that it can still move.
        left: u128,
        /// When the window ends, in ms since 1970.
        until_ms: u64,
    },
}

/// Why a message is refused. Nothing of it happened.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum ComplianceError {
    /// A question of the admin.
    Admin {
        /// Which.
        error: RoleError,
    },
    /// The caller is no token that these rules are for.
    NotToken,
    /// The caller may not set rules.
    NotOfficer,
    /// More countries than can be named.
    TooMany {
        /// The most.
        limit: u32,
    },
    /// The registry does not answer: nothing moves.
    RegistryFailed,
    /// The movement breaks rules.
    Refused {
        /// All of them.
        refusals: Vec<Refusal>,
    },
    /// Units of an identity that it does not have by the books.
    Books,
    /// Units are being split: they cannot be counted.
    Splitting,
    /// The token is not the one whose units are being split.
    NotSplitting,
}

/// Other rules hold.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct RulesSet {
    /// They.
    pub rules: Rules,
}

/// An identity holds units for the first time, or none any more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct HolderChanged {
    /// Which.
    #[topic]
    pub identity: Hash,
    /// Whether it holds.
    pub holds: bool,
}
