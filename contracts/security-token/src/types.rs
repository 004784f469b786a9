//! What the token answers, reports and refuses with.

use compliance::Refusal;
use counterpart_contracts::allowance::AllowanceError;
use counterpart_contracts::roles::RoleError;
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
    /// Units that are frozen, maybe more than are held.
    pub frozen_units: u128,
}

impl Holding {
    /// Units that are not frozen.
    pub fn free(&self) -> u128 {
        self.units.saturating_sub(self.frozen_units)
    }
}

/// Who may do what.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Issues, publishes, chooses rules, upgrades.
    Issuer,
    /// Freezes, locks, forces, recovers.
    Agent,
    /// Pauses and lets go on.
    Pauser,
}

/// What can be paused. Redeeming and moving to the next version cannot.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Transfers of holders.
    Transfers,
    /// Issuing.
    Issuance,
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
    /// The sender has too little that is not frozen.
    UnitsFrozen {
        /// Units that are not.
        free: u128,
        /// Units to move.
        want: u128,
    },
    /// Transfers are paused.
    Paused,
    /// The token is deactivated.
    Deactivated,
    /// Who spends for the sender is frozen.
    SpenderFrozen,
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
    /// The caller lacks a role.
    MissingRole {
        /// Which.
        role: Role,
    },
    /// A question of the admin.
    Admin {
        /// Which.
        error: RoleError,
    },
    /// Messages of this kind are paused.
    Paused {
        /// Which kind.
        scope: Scope,
    },
    /// The token is deactivated: nothing of it changes any more.
    Deactivated,
    /// A question of the allowance.
    Allowance {
        /// Which.
        error: AllowanceError,
    },
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

/// So many of a holder's units are frozen.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct UnitsFrozen {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// How many.
    pub units: u128,
}

/// An agent moved units whatever their holder said.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Forced {
    /// From this holder.
    #[topic]
    pub from: Address,
    /// To this holder.
    #[topic]
    pub to: Address,
    /// How many.
    pub units: u128,
    /// Units that are frozen no more, because they are not there any more.
    pub thawed: u128,
}

/// A holder got another account.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// The account that was lost.
    #[topic]
    pub lost: Address,
    /// The one that took over, with all that was known.
    #[topic]
    pub new: Address,
    /// With so many units.
    pub units: u128,
}

/// Units left the register.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Redeemed {
    /// Whose they were.
    #[topic]
    pub holder: Address,
    /// How many.
    pub units: u128,
}

/// A holder set what somebody may spend.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Approved {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// Who may spend.
    #[topic]
    pub spender: Address,
    /// How many units.
    pub units: u128,
    /// Until when, in ms since 1970.
    pub expires_ms: u64,
}

/// A document was published or replaced.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct DocumentPublished {
    /// Its name.
    pub name: String,
    /// SHA3-256 of its content.
    pub hash: Hash,
}

/// The token was deactivated.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Deactivated {}

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
