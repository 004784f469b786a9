//! Roles, scopes, and what the token refuses with.

use compliance::Refusal;
use counterpart_contracts::allowance::AllowanceError;
use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;

/// Who may do what.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Issues, splits, publishes, chooses rules.
    Issuer,
    /// Freezes, locks, forces, recovers, moves a holder over.
    Agent,
    /// Pauses and lets go on.
    Pauser,
    /// Proposes a next version and names it; moves holders over.
    Upgrader,
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
    /// The sender has too little that is not locked up.
    UnitsLocked {
        /// Units that are not.
        free: u128,
        /// Units to move.
        want: u128,
    },
    /// The units are being split.
    Splitting,
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
    /// A child is named: units move to it only.
    AlreadyUpgraded {
        /// The child.
        child: Address,
    },
    /// The contract does not name this one as its parent, or is this one or a version before it.
    NotAcknowledged {
        /// The contract.
        child: Address,
    },
    /// The child was not proposed, or is not what it was when it was.
    NotProposed,
    /// The proposal has not waited long enough.
    TooEarly {
        /// Until when it has to, in ms since 1970.
        until_ms: u64,
    },
    /// A token has so many versions at most.
    TooManyVersions {
        /// The most.
        most: u32,
    },
    /// The child is not named yet.
    NotUpgraded,
    /// Nothing is known of the holder here.
    NothingToMove {
        /// The holder.
        holder: Address,
    },
    /// The child did not take the units.
    ChildFailed {
        /// The child.
        child: Address,
        /// The code that it refused with; 0 if it failed otherwise.
        code: u32,
    },
    /// Only the parent may.
    NotParent,
    /// The units are being split: nothing else happens until that is done.
    Splitting,
    /// No split is going on.
    NotSplitting,
    /// A ratio is of two different numbers that are not zero, and leaves no number too large.
    BadRatio,
    /// More than there may be.
    TooMany {
        /// The most.
        most: u32,
    },
    /// There is no such partition.
    NoPartition {
        /// Its number.
        partition: u32,
    },
    /// Rules are chosen before the first unit is issued: they count from the beginning.
    UnitsExist,
}

/// Ends the call: nothing of it happened. Results that are handed from function to function would make the contract too large.
#[inline(never)]
pub fn refuse(error: TokenError) -> ! {
    counterpart_sdk::revert(&error)
}
