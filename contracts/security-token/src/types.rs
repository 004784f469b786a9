//! What the token answers, reports and refuses with.

use compliance::Refusal;
use counterpart_sdk::prelude::*;

/// What is known of a holder; it moves along in a migration as a whole.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Holding {
    /// Units held.
    pub units: u128,
    /// Whether the holder is frozen.
    pub frozen: bool,
    /// Until when the units are locked, in ms since 1970.
    pub locked_until_ms: u64,
}

/// Why a transfer is refused.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// There is too little.
    InsufficientBalance {
        /// Units held.
        have: u128,
        /// Units to move.
        want: u128,
    },
    /// Nothing would move.
    NoUnits,
    /// Sender and receiver are the same.
    SameHolder,
    /// The sender is frozen.
    SenderFrozen,
    /// The receiver is frozen.
    ReceiverFrozen,
    /// The sender's units are locked.
    LockedUntil {
        /// ms since 1970.
        time_ms: u64,
    },
    /// Units of this version move to the child only.
    Upgraded {
        /// The child.
        child: Address,
    },
    /// There would be more holders than allowed.
    HolderLimit {
        /// The most.
        limit: u32,
    },
    /// A rule of the contract of rules.
    Rule {
        /// Which.
        refusal: Refusal,
    },
    /// The contract of rules does not answer: nothing moves.
    RulesFailed,
}

/// What the token refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum TokenError {
    /// Only the issuer may.
    NotIssuer,
    /// A transfer is refused, for all these reasons.
    TransferRefused {
        /// At least one.
        reasons: Vec<Reason>,
    },
    /// No more units are issued.
    IssuanceFinished,
    /// A number would become too large.
    Overflow,
    /// A lock can only be prolonged.
    LockShortened {
        /// Until when the units are locked, in ms since 1970.
        locked_until_ms: u64,
    },
    /// The child is named already.
    AlreadyUpgraded {
        /// The child.
        child: Address,
    },
    /// The contract does not name this one as its parent.
    NotAcknowledged {
        /// The contract.
        child: Address,
    },
    /// There is no child yet.
    NotUpgraded,
    /// The holder has no units here.
    NothingToMove {
        /// The holder.
        holder: Address,
    },
    /// The child did not take the units.
    ChildFailed {
        /// The child.
        child: Address,
    },
    /// Only the parent may.
    NotParent,
    /// Rules are chosen before the first unit is issued: they count from the beginning.
    UnitsExist,
}

/// Units were issued.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Issued {
    /// The holder.
    #[topic]
    pub to: Address,
    /// How many.
    pub units: u128,
}

/// Units moved.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Transferred {
    /// From this holder.
    #[topic]
    pub from: Address,
    /// To this holder.
    #[topic]
    pub to: Address,
    /// How many.
    pub units: u128,
}

/// A holder was frozen or released.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Frozen {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// Which of both.
    pub frozen: bool,
}

/// A holder's units were locked.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Locked {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// Until when, in ms since 1970.
    pub time_ms: u64,
}

/// A contract of rules was chosen.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ComplianceSet {
    /// It.
    #[topic]
    pub compliance: Address,
}

/// The child was named.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct UpgradedAddressSet {
    /// The child.
    #[topic]
    pub child: Address,
}

/// A holder's units moved to the child.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Upgraded {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// How many.
    pub units: u128,
    /// The child.
    #[topic]
    pub child: Address,
}

/// What a parent asks of a child.
#[interface]
pub trait Child {
    /// The parent that the child names.
    fn parent(&self) -> Option<Address>;

    /// Enters a holder with everything that is known of it.
    fn on_upgrade_from_parent(&mut self, holder: Address, holding: Holding) -> Result<(), TokenError>;
}
