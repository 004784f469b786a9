//! What is known of accounts, and what is refused and reported.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;

/// What an account is in the chain of custody.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An investor's own.
    Investor,
    /// A custodian's, in its own name.
    Custodian,
    /// A broker's, below a custodian.
    Broker,
    /// What a custodian or broker keeps for an investor.
    Custodial,
}

/// What is known of an account.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The account.
    pub account: Address,
    /// Who it belongs to: a hash that the registrars make of what they know.
    pub identity: Hash,
    /// The country, by its number in ISO 3166-1.
    pub country: u16,
    /// Whether who it belongs to is an accredited investor.
    pub accredited: bool,
    /// What it is in the chain of custody.
    pub kind: Kind,
    /// The account above it in that chain.
    pub custodian: Option<Address>,
    /// The first ms since 1970 in which the entry holds no more.
    pub valid_until_ms: u64,
}

/// What an issuer says of an identity.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Who says so.
    pub issuer: Address,
    /// The first ms since 1970 in which it holds no more.
    pub valid_until_ms: u64,
}

/// Why a message is refused. Nothing of it happened.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum RegistryError {
    /// A question of the admin.
    Admin {
        /// Which.
        error: RoleError,
    },
    /// The caller is no registrar.
    NotRegistrar,
    /// More than is possible at once.
    TooMany {
        /// The most.
        limit: u32,
    },
    /// Something that would hold no more already.
    Expired,
    /// The account belongs to somebody else: that has to be revoked first.
    BelongsToOther {
        /// Which.
        account: Address,
    },
    /// Nobody is known behind the account.
    Unknown {
        /// Which.
        account: Address,
    },
    /// The chain of custody would have more than eight accounts, or lead back to the account.
    Custody {
        /// Which account.
        account: Address,
    },
    /// The caller is not trusted with this topic.
    NotTrusted,
    /// There is no such claim of the caller's.
    NoClaim,
}

/// What is known of an account changed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Registered {
    /// The account.
    #[topic]
    pub account: Address,
    /// To whom it belongs.
    #[topic]
    pub identity: Hash,
    /// All that is known.
    pub entry: Entry,
}

/// An account belongs to nobody any more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Revoked {
    /// The account.
    #[topic]
    pub account: Address,
    /// To whom it did.
    #[topic]
    pub identity: Hash,
}

/// An issuer is trusted with a topic, or is no more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct IssuerChanged {
    /// The issuer.
    #[topic]
    pub issuer: Address,
    /// The topic.
    #[topic]
    pub topic: u32,
    /// Whether it is trusted.
    pub trusted: bool,
}

/// Other topics are required.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct TopicsRequired {
    /// All of them.
    pub topics: Vec<u32>,
}

/// An issuer said something of an identity, or takes it back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ClaimChanged {
    /// Of whom.
    #[topic]
    pub identity: Hash,
    /// About what.
    #[topic]
    pub topic: u32,
    /// Who said it.
    #[topic]
    pub issuer: Address,
    /// The first ms since 1970 in which it holds no more; 0 when it was taken back.
    pub valid_until_ms: u64,
}
