//! The second phase of a pending transfer, its expiry, and events that were sent before.

use super::account::account_flags;
use super::batch::{Batch, refused};
use super::transfer::transfer_flags;
use super::{Account, CreateTransferResult, DoubleEntry, MAX_ID, NO_ID, Phase, Recorded, Transfer};
use counterpart_sdk::prelude::*;

/// Why accounts and transfers that something names are there.
const NEVER_REMOVED: &str = "accounts and transfers are never removed";

/// Posts or voids a pending transfer.
pub(super) fn resolve(batch: &mut Batch<'_>, event: &Transfer) -> Result<(), CreateTransferResult> {
    use CreateTransferResult as R;
    let post = event.has(transfer_flags::POST_PENDING);
    let void = event.has(transfer_flags::VOID_PENDING);
    refused(&[
        (post && void || event.has(transfer_flags::FIRST_PHASE), R::FlagsAreMutuallyExclusive),
        (event.pending_id == NO_ID, R::PendingIdMustNotBeZero),
        (event.pending_id == MAX_ID, R::PendingIdMustNotBeIntMax),
        (event.pending_id == event.id, R::PendingIdMustBeDifferent),
        (event.timeout_ms != 0, R::TimeoutReservedForPendingTransfer),
    ])?;
    let mut recorded = batch.transfer(&event.pending_id).ok_or(R::PendingTransferNotFound)?;
    let pending = recorded.transfer.clone();
    let amount = event.second_phase_amount(&pending);
    let differs = |id: Hash, other: Hash| id != NO_ID && id != other;
    let over = recorded.expires_ms().is_some_and(|expires_ms| expires_ms <= batch.now_ms);
    refused(&[
        (!pending.has(transfer_flags::PENDING), R::PendingTransferNotPending),
        (differs(event.debit_account, pending.debit_account), R::PendingTransferHasDifferentDebitAccountId),
        (differs(event.credit_account, pending.credit_account), R::PendingTransferHasDifferentCreditAccountId),
        (event.ledger != 0 && event.ledger != pending.ledger, R::PendingTransferHasDifferentLedger),
        (event.code != 0 && event.code != pending.code, R::PendingTransferHasDifferentCode),
        (amount > pending.amount, R::ExceedsPendingTransferAmount),
        (void && amount < pending.amount, R::PendingTransferHasDifferentAmount),
        (recorded.phase == Phase::Posted, R::PendingTransferAlreadyPosted),
        (recorded.phase == Phase::Voided, R::PendingTransferAlreadyVoided),
        (recorded.phase == Phase::Expired || over, R::PendingTransferExpired),
    ])?;
    let mut debit = batch.account(&pending.debit_account).expect(NEVER_REMOVED);
    let mut credit = batch.account(&pending.credit_account).expect(NEVER_REMOVED);
    refused(&[
        (post && debit.has(account_flags::CLOSED), R::DebitAccountAlreadyClosed),
        (post && credit.has(account_flags::CLOSED), R::CreditAccountAlreadyClosed),
    ])?;
    if post {
        // What is posted was pending, so that neither column can overflow.
        debit.debits_pending -= pending.amount;
        credit.credits_pending -= pending.amount;
        debit.debits_posted += amount;
        credit.credits_posted += amount;
    } else {
        give_back(&pending, &mut debit, &mut credit);
    }
    batch.set_account(&pending.debit_account, debit);
    batch.set_account(&pending.credit_account, credit);
    recorded.phase = if post { Phase::Posted } else { Phase::Voided };
    batch.set_transfer(recorded);
    batch.set_transfer(Recorded { transfer: event.completed(&pending), time_ms: batch.now_ms, phase: Phase::Done });
    Ok(())
}

/// Gives back what a pending transfer holds, and opens what it closed.
fn give_back(pending: &Transfer, debit: &mut Account, credit: &mut Account) {
    debit.debits_pending -= pending.amount;
    credit.credits_pending -= pending.amount;
    if pending.has(transfer_flags::CLOSING_DEBIT) {
        debit.set_closed(false);
    }
    if pending.has(transfer_flags::CLOSING_CREDIT) {
        credit.set_closed(false);
    }
}

/// Expires a pending transfer that is due.
pub(super) fn expire(ledger: &mut DoubleEntry, id: &Hash) {
    let mut recorded = ledger.transfers.get(id).expect(NEVER_REMOVED);
    let pending = &recorded.transfer;
    let mut debit = ledger.accounts.get(&pending.debit_account).expect(NEVER_REMOVED);
    let mut credit = ledger.accounts.get(&pending.credit_account).expect(NEVER_REMOVED);
    give_back(pending, &mut debit, &mut credit);
    ledger.accounts.set(&pending.debit_account, &debit);
    ledger.accounts.set(&pending.credit_account, &credit);
    recorded.phase = Phase::Expired;
    ledger.transfers.set(id, &recorded);
}

/// What a transfer is told whose id was used before.
pub(super) fn repeated(batch: &Batch<'_>, event: &Transfer, known: &Transfer) -> Result<(), CreateTransferResult> {
    use CreateTransferResult as R;
    refused(&[
        (event.flags != known.flags, R::ExistsWithDifferentFlags),
        (event.pending_id != known.pending_id, R::ExistsWithDifferentPendingId),
        (event.timeout_ms != known.timeout_ms, R::ExistsWithDifferentTimeout),
    ])?;
    let balancing = event.has(transfer_flags::BALANCING_DEBIT | transfer_flags::BALANCING_CREDIT);
    let same = match batch.transfer(&event.pending_id) {
        // What the event leaves to the pending transfer is not compared.
        Some(pending) if event.is_second_phase() => {
            let mut same = event.completed(&pending.transfer);
            same.ledger = if event.ledger == 0 { known.ledger } else { event.ledger };
            same.code = if event.code == 0 { known.code } else { event.code };
            same
        }
        _ => event.clone(),
    };
    // A balancing transfer asked for at least what it moved.
    let other_amount = if balancing { same.amount < known.amount } else { same.amount != known.amount };
    refused(&[
        (same.debit_account != known.debit_account, R::ExistsWithDifferentDebitAccountId),
        (same.credit_account != known.credit_account, R::ExistsWithDifferentCreditAccountId),
        (other_amount, R::ExistsWithDifferentAmount),
        (same.user_data != known.user_data, R::ExistsWithDifferentUserData),
        (same.ledger != known.ledger, R::ExistsWithDifferentLedger),
        (same.code != known.code, R::ExistsWithDifferentCode),
        (true, R::Exists),
    ])
}
