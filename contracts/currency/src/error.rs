//! What the currency refuses with.

use crate::terms::{Role, Scope, Term};
use counterpart_contracts::allowance::AllowanceError;
use counterpart_contracts::recovery::PolicyError;
use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;

/// Why a message is refused. Nothing of it happened.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum CurrencyError {
    /// Terms that mean nothing.
    InvalidTerms {
        /// The first of them.
        term: Term,
    },
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
    /// More at once than is allowed.
    TooMany {
        /// The most.
        limit: u32,
    },
    /// There is no such account, or it is closed.
    NoAccount {
        /// Its address.
        account: Address,
    },
    /// An account is so many epochs behind that it has to be settled by itself first.
    SettleFirst {
        /// Which.
        account: Address,
    },
    /// A grant account needs an identity, and the gate tells none.
    NoIdentity,
    /// The identity gate does not answer.
    GateFailed,
    /// The identity has a grant account already.
    IdentityTaken {
        /// Which.
        account: Address,
    },
    /// The identity of an account still holds.
    IdentityHolds,
    /// More units than the currency may have.
    SupplyExceeded {
        /// The most.
        max_supply: u128,
    },
    /// The transfer is refused.
    TransferRefused {
        /// All reasons.
        reasons: Vec<Reason>,
    },
    /// A question of the allowance.
    Allowance {
        /// Which.
        error: AllowanceError,
    },
    /// The policies are refused.
    InvalidPolicies {
        /// Why.
        error: PolicyError,
    },
    /// Exempt accounts have no policies.
    NoPolicies,
    /// The policies would begin too early or too late.
    Notice {
        /// The first epoch in which they may begin.
        earliest: u64,
        /// The last.
        latest: u64,
    },
    /// Other policies of the class are waiting.
    ProposalPending,
    /// No policies of the class are waiting.
    NoProposal,
    /// The policies cannot be carried out yet.
    TooEarly {
        /// From when they can, in ms since 1970.
        from_ms: u64,
    },
    /// Fewer units were taken out than shall leave or come back.
    NotTakenOut {
        /// How many were, in units.
        have: u128,
        /// How many shall.
        want: u128,
    },
    /// The fee is more than what leaves.
    FeeTooHigh,
    /// A pool has nothing of this account.
    NoPosition,
    /// Exempt accounts only.
    NotExempt,
}

/// What became of a grant.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum GrantOutcome {
    /// It was paid.
    Granted,
    /// It was paid before.
    AlreadyGranted,
    /// The id was used for another grant.
    IdUsed,
    /// There is no such account, or it is closed.
    NoAccount,
    /// The account belongs to those who are granted nothing.
    NotGrantee,
    /// The identity behind the account holds no more, or the gate does not answer.
    IdentityRevoked,
    /// The account is so far behind that it has to be settled by itself first.
    SettleFirst,
    /// The depository has too little.
    DepositoryShort,
}

/// Why a transfer is refused.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Transfers are paused.
    Paused,
    /// Nothing is moved.
    NoUnits,
    /// Both are the same account.
    SameAccount,
    /// The sender is not registered, or closed.
    NoSender,
    /// The receiver is not registered, or closed.
    NoReceiver,
    /// The receiver is exempt: what others give it stays theirs, by `deposit`.
    ReceiverExempt,
    /// The sender is so far behind that it has to be settled by itself first.
    SettleSender,
    /// So is the receiver.
    SettleReceiver,
    /// The sender has too little.
    InsufficientBalance {
        /// What can be spent.
        have: u128,
        /// What is to be moved.
        want: u128,
    },
    /// The memo is longer than 128 bytes.
    MemoTooLong,
}
