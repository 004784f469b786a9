//! What becomes of each event. Where several results would apply, the first of the enum is told, but for those of
//! linked events.

use counterpart_sdk::prelude::*;

/// What became of an account to create.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum CreateAccountResult {
    /// Created.
    Ok,
    /// An event that it is linked to failed.
    LinkedEventFailed,
    /// The last event of the batch is linked to a next one.
    LinkedEventChainOpen,
    /// A flag that there is not.
    ReservedFlag,
    /// The id is all zeros.
    IdMustNotBeZero,
    /// The id is all ones.
    IdMustNotBeIntMax,
    /// There is one, with other flags.
    ExistsWithDifferentFlags,
    /// There is one, with other user data.
    ExistsWithDifferentUserData,
    /// There is one, of another ledger.
    ExistsWithDifferentLedger,
    /// There is one, of another kind.
    ExistsWithDifferentCode,
    /// There is the same already: the event was sent before.
    Exists,
    /// Flags that exclude each other.
    FlagsAreMutuallyExclusive,
    /// No ledger.
    LedgerMustNotBeZero,
    /// No code.
    CodeMustNotBeZero,
}

/// What became of a transfer to carry out.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum CreateTransferResult {
    /// Carried out.
    Ok,
    /// An event that it is linked to failed.
    LinkedEventFailed,
    /// The last event of the batch is linked to a next one.
    LinkedEventChainOpen,
    /// A flag that there is not.
    ReservedFlag,
    /// The id is all zeros.
    IdMustNotBeZero,
    /// The id is all ones.
    IdMustNotBeIntMax,
    /// There is one, with other flags.
    ExistsWithDifferentFlags,
    /// There is one, of another pending transfer.
    ExistsWithDifferentPendingId,
    /// There is one, with another time-out.
    ExistsWithDifferentTimeout,
    /// There is one, from another account.
    ExistsWithDifferentDebitAccountId,
    /// There is one, to another account.
    ExistsWithDifferentCreditAccountId,
    /// There is one, of another amount.
    ExistsWithDifferentAmount,
    /// There is one, with other user data.
    ExistsWithDifferentUserData,
    /// There is one, of another ledger.
    ExistsWithDifferentLedger,
    /// There is one, of another kind.
    ExistsWithDifferentCode,
    /// There is the same already: the event was sent before.
    Exists,
    /// A transfer with this id failed for a reason that could pass.
    IdAlreadyFailed,
    /// Flags that exclude each other.
    FlagsAreMutuallyExclusive,
    /// No account to debit.
    DebitAccountIdMustNotBeZero,
    /// The account to debit is all ones.
    DebitAccountIdMustNotBeIntMax,
    /// No account to credit.
    CreditAccountIdMustNotBeZero,
    /// The account to credit is all ones.
    CreditAccountIdMustNotBeIntMax,
    /// From an account to itself.
    AccountsMustBeDifferent,
    /// A pending transfer is named by one that resolves none.
    PendingIdMustBeZero,
    /// No pending transfer is named by one that resolves one.
    PendingIdMustNotBeZero,
    /// The pending transfer is all ones.
    PendingIdMustNotBeIntMax,
    /// It would resolve itself.
    PendingIdMustBeDifferent,
    /// A time-out of something that is not pending.
    TimeoutReservedForPendingTransfer,
    /// Only a pending transfer closes accounts.
    ClosingTransferMustBePending,
    /// No ledger.
    LedgerMustNotBeZero,
    /// No code.
    CodeMustNotBeZero,
    /// The account to debit does not exist.
    DebitAccountNotFound,
    /// The account to credit does not exist.
    CreditAccountNotFound,
    /// Accounts of two ledgers.
    AccountsMustHaveTheSameLedger,
    /// The accounts are of another ledger.
    TransferMustHaveTheSameLedgerAsAccounts,
    /// The pending transfer does not exist.
    PendingTransferNotFound,
    /// The transfer was never pending.
    PendingTransferNotPending,
    /// The pending transfer is from another account.
    PendingTransferHasDifferentDebitAccountId,
    /// The pending transfer is to another account.
    PendingTransferHasDifferentCreditAccountId,
    /// The pending transfer is of another ledger.
    PendingTransferHasDifferentLedger,
    /// The pending transfer is of another kind.
    PendingTransferHasDifferentCode,
    /// More than is pending.
    ExceedsPendingTransferAmount,
    /// A void of a part.
    PendingTransferHasDifferentAmount,
    /// It was posted.
    PendingTransferAlreadyPosted,
    /// It was voided.
    PendingTransferAlreadyVoided,
    /// Its time is over.
    PendingTransferExpired,
    /// The account to debit is closed.
    DebitAccountAlreadyClosed,
    /// The account to credit is closed.
    CreditAccountAlreadyClosed,
    /// Pending debits could not be counted.
    OverflowsDebitsPending,
    /// Pending credits could not be counted.
    OverflowsCreditsPending,
    /// Posted debits could not be counted.
    OverflowsDebitsPosted,
    /// Posted credits could not be counted.
    OverflowsCreditsPosted,
    /// Debits could not be counted.
    OverflowsDebits,
    /// Credits could not be counted.
    OverflowsCredits,
    /// The time at which it expires could not be counted.
    OverflowsTimeout,
    /// The account to debit has too little.
    ExceedsCredits,
    /// The account to credit lacks too little.
    ExceedsDebits,
}

impl CreateTransferResult {
    /// Whether the reason could pass by itself: then the id stays burnt.
    pub(super) fn is_transient(self) -> bool {
        matches!(
            self,
            Self::DebitAccountNotFound
                | Self::CreditAccountNotFound
                | Self::PendingTransferNotFound
                | Self::DebitAccountAlreadyClosed
                | Self::CreditAccountAlreadyClosed
                | Self::ExceedsCredits
                | Self::ExceedsDebits
        )
    }
}
