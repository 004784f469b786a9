//! What records are, who may say what of them, and what is refused.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;

/// Who may want a record: a bit of a signer's roles.
pub const INSTRUCT: u8 = 1;
/// Who may withdraw one.
pub const VETO: u8 = 2;
/// Who may let one pass sooner.
pub const EXPEDITE: u8 = 4;

/// What holds for all records.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// No record is held shorter, in ms.
    pub min_ms: u64,
    /// None is held longer, in ms; but for those that are held on.
    pub max_ms: u64,
    /// How long a record can be recorded once it is ready, in ms.
    pub grace_ms: u64,
    /// How long another policy waits, in ms.
    pub policy_delay_ms: u64,
    /// Weight of those that let a record pass sooner.
    pub expedite_quorum: u32,
    /// How far back records of a subject are counted, in ms.
    pub window_ms: u64,
    /// How long another admin waits, in ms.
    pub admin_delay_ms: u64,
}

/// Somebody whose signatures count.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signer {
    /// A set of role bits.
    pub roles: u8,
    /// What its word weighs.
    pub weight: u32,
    /// Records that it may want in a day of block time.
    pub daily: u32,
}

/// What a policy looks at. Nothing of it is on the chain before the record is.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Items {
    /// Whose record it is, or what it is about.
    pub subject: Hash,
    /// Its class.
    pub class: u8,
    /// The amount that it moves, if it moves one.
    pub amount: u128,
    /// To whom or what.
    pub destination: Hash,
    /// SHA-256 of the record itself.
    pub payload: Hash,
    /// Another record, by its commitment, that has to be recorded before.
    pub after: Option<Hash>,
}

/// What a commitment opens to.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    /// What is in the record.
    pub items: Items,
    /// 32 random bytes: nobody finds the items by trying.
    pub salt: [u8; 32],
}

/// What a signer says about a record.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Record it.
    Instruct,
    /// Do not.
    Cancel,
    /// Record another in its place.
    Supersede {
        /// The other's commitment.
        by: Hash,
    },
    /// Hold it on.
    Extend {
        /// At least until then, in ms since 1970.
        until_ms: u64,
    },
    /// Let it pass sooner.
    Expedite,
}

/// A signature over what somebody says.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signed {
    /// Whose key.
    pub key: [u8; 32],
    /// The signer's own number of this signal.
    pub sequence: u64,
    /// Over [`signal_text`](crate::signal_text).
    pub signature: [u8; 64],
}

/// Where a commitment stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It ages.
    Held,
    /// It was withdrawn: the tombstone.
    Cancelled,
    /// Another took its place.
    Superseded(Hash),
    /// It is recorded.
    Recorded,
}

/// A commitment.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Commitment {
    /// Its number in the order of anchors.
    pub number: u64,
    /// Block time of its anchor, in ms since 1970.
    pub at_ms: u64,
    /// Which version of the policy holds for it.
    pub version: u32,
    /// It is held at least until then, in ms since 1970.
    pub until_ms: u64,
    /// In whose place it came.
    pub before: Option<Hash>,
    /// Where it stands.
    pub status: Status,
}

/// A record.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// What is in it.
    pub items: Items,
    /// When it was recorded, in ms since 1970.
    pub at_ms: u64,
    /// From when on it could be, in ms since 1970.
    pub ready_ms: u64,
    /// The weight of those that wanted it.
    pub weight: u32,
}

/// What a policy is told of what was before.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Whether a record of this subject to this destination was recorded before.
    pub destination: bool,
    /// Records of the subject within the window.
    pub count: u32,
    /// Their amounts.
    pub amount: u128,
    /// How many want the record.
    pub signals: u32,
    /// When it was anchored, in ms since 1970.
    pub at_ms: u64,
}

/// What a policy says.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Ruling {
    /// How long it is held, in ms.
    pub delay_ms: u64,
    /// How long if enough let it pass sooner, in ms.
    pub expedited_ms: u64,
    /// The weight that has to want it.
    pub quorum: u32,
    /// Why: what the delay is made of.
    pub reasons: Vec<Reason>,
}

/// A part of a delay.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Its amount.
    Amount {
        /// Ms for it.
        ms: u64,
    },
    /// Its class.
    Class {
        /// Ms for it.
        ms: u64,
    },
    /// Its destination is new.
    Novelty {
        /// Ms for it.
        ms: u64,
    },
    /// There were many before it.
    Velocity {
        /// Ms for it.
        ms: u64,
    },
    /// The time of day.
    Night {
        /// Ms for it.
        ms: u64,
    },
    /// More want it than have to: so much less.
    Signals {
        /// Ms less.
        ms: u64,
    },
}

/// What is refused with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum HoldError {
    /// Terms or fields make no sense.
    BadTerms,
    /// The commitment was anchored before.
    Anchored,
    /// There is no such commitment: nothing that was not held is recorded.
    NotHeld,
    /// Not where it stands.
    WrongStatus {
        /// Where it does.
        status: Status,
    },
    /// It has not been held long enough.
    TooEarly {
        /// From when on it has, in ms since 1970.
        ready_ms: u64,
    },
    /// Nobody recorded it in time.
    Expired {
        /// Until when it could have been, in ms since 1970.
        until_ms: u64,
    },
    /// Too few want it.
    TooFew {
        /// Their weight.
        weight: u32,
        /// What it has to be.
        quorum: u32,
    },
    /// A signature is not its signer's, or the signer may not say this, or says it twice.
    BadSignal {
        /// Which.
        index: u32,
    },
    /// A signer has wanted as many records as it may in a day.
    Quota {
        /// Which.
        index: u32,
    },
    /// What it comes after is not recorded.
    After {
        /// That record.
        record: Hash,
    },
    /// A time to hold on to that is before the present one.
    NotLater,
    /// The policy does not answer as one.
    NoPolicy,
    /// Not for this caller.
    Role {
        /// Why.
        error: RoleError,
    },
}

impl From<RoleError> for HoldError {
    fn from(error: RoleError) -> Self {
        Self::Role { error }
    }
}

/// A commitment stands elsewhere.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct CommitmentChanged {
    /// Which.
    #[topic]
    pub commitment: Hash,
    /// As it is now.
    pub now: Commitment,
}

/// A record is there.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// Its commitment.
    #[topic]
    pub commitment: Hash,
    /// Whose it is.
    #[topic]
    pub subject: Hash,
    /// The record.
    pub record: Record,
}

/// A signer counts, or no more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct SignerChanged {
    /// Whose key.
    #[topic]
    pub key: [u8; 32],
    /// What it may.
    pub now: Option<Signer>,
}

/// Another policy holds for what is anchored from now on, or will.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct PolicyChanged {
    /// Its contract.
    pub policy: Address,
    /// From when on, in ms since 1970.
    pub from_ms: u64,
    /// Its version; none while it waits.
    pub version: Option<u32>,
}
