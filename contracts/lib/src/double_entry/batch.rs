//! Events one after the other; linked ones happen together or not at all.

use super::account::account_flags;
use super::phases;
use super::transfer::transfer_flags;
use super::{Account, CreateAccountResult, CreateTransferResult, DoubleEntry, MAX_ID, NO_ID, NewAccount};
use super::{Phase, Recorded, Transfer};
use counterpart_sdk::prelude::*;

/// Events of one batch, at most: what a batch writes lies in memory until it ends.
pub const MAX_EVENTS: u32 = 64;

/// Entries that events have written and the host has not seen yet.
struct Written<T> {
    kept: Vec<(Hash, T)>,
    /// Those of the chain of linked events that is under way.
    chain: Vec<(Hash, T)>,
}

impl<T: Clone> Written<T> {
    fn new() -> Self {
        Self { kept: Vec::new(), chain: Vec::new() }
    }

    fn get(&self, id: &Hash) -> Option<&T> {
        let mut newest_first = self.chain.iter().chain(&self.kept);
        newest_first.find(|(known, _)| known == id).map(|(_, value)| value)
    }

    fn put(&mut self, id: Hash, value: T) {
        put(&mut self.chain, id, value);
    }

    /// Keeps what the chain has written.
    fn keep(&mut self) {
        for (id, value) in core::mem::take(&mut self.chain) {
            put(&mut self.kept, id, value);
        }
    }

    /// Forgets what the chain has written.
    fn forget(&mut self) {
        self.chain.clear();
    }
}

fn put<T>(list: &mut Vec<(Hash, T)>, id: Hash, value: T) {
    match list.iter_mut().find(|(known, _)| *known == id) {
        Some(entry) => entry.1 = value,
        None => list.push((id, value)),
    }
}

/// A batch under way.
pub(super) struct Batch<'a> {
    ledger: &'a DoubleEntry,
    pub(super) now_ms: u64,
    accounts: Written<Account>,
    transfers: Written<Recorded>,
    burnt: Vec<Hash>,
}

impl<'a> Batch<'a> {
    fn new(ledger: &'a DoubleEntry) -> Self {
        let (accounts, transfers) = (Written::new(), Written::new());
        Self { ledger, now_ms: env::block_time_ms(), accounts, transfers, burnt: Vec::new() }
    }

    pub(super) fn account(&self, id: &Hash) -> Option<Account> {
        self.accounts.get(id).cloned().or_else(|| self.ledger.accounts.get(id))
    }

    pub(super) fn transfer(&self, id: &Hash) -> Option<Recorded> {
        self.transfers.get(id).cloned().or_else(|| self.ledger.transfers.get(id))
    }

    pub(super) fn set_account(&mut self, id: &Hash, account: Account) {
        self.accounts.put(*id, account);
    }

    pub(super) fn set_transfer(&mut self, recorded: Recorded) {
        self.transfers.put(recorded.transfer.id, recorded);
    }

    fn is_burnt(&self, id: &Hash) -> bool {
        self.burnt.contains(id) || self.ledger.burnt.contains(id)
    }

    fn keep(&mut self) {
        self.accounts.keep();
        self.transfers.keep();
    }

    fn forget(&mut self) {
        self.accounts.forget();
        self.transfers.forget();
    }
}

/// What results of both kinds have in common.
trait Outcome: Copy + PartialEq {
    const OK: Self;
    const LINKED_FAILED: Self;
    const CHAIN_OPEN: Self;
}

impl Outcome for CreateAccountResult {
    const OK: Self = Self::Ok;
    const LINKED_FAILED: Self = Self::LinkedEventFailed;
    const CHAIN_OPEN: Self = Self::LinkedEventChainOpen;
}

impl Outcome for CreateTransferResult {
    const OK: Self = Self::Ok;
    const LINKED_FAILED: Self = Self::LinkedEventFailed;
    const CHAIN_OPEN: Self = Self::LinkedEventChainOpen;
}

/// Carries events out, told by their flags which are linked to the next. An event that is linked to none is a chain of one.
fn run<R: Outcome>(
    batch: &mut Batch<'_>,
    linked: &[bool],
    mut event: impl FnMut(&mut Batch<'_>, usize) -> Result<(), R>,
) -> Vec<R> {
    let mut results: Vec<R> = Vec::with_capacity(linked.len());
    let (mut begin, mut broken) = (0, false);
    for (index, linked_to_next) in linked.iter().copied().enumerate() {
        let open = linked_to_next && index + 1 == linked.len();
        let result = match (open, broken) {
            (true, _) => R::CHAIN_OPEN,
            (false, true) => R::LINKED_FAILED,
            (false, false) => event(batch, index).err().unwrap_or(R::OK),
        };
        if result != R::OK && !broken {
            broken = true;
            batch.forget();
            results[begin..].fill(R::LINKED_FAILED);
        }
        results.push(result);
        if !linked_to_next {
            batch.keep();
            (begin, broken) = (index + 1, false);
        }
    }
    results
}

pub(super) fn create_accounts(ledger: &mut DoubleEntry, events: &[NewAccount]) -> Vec<CreateAccountResult> {
    let mut batch = Batch::new(ledger);
    let linked: Vec<bool> = events.iter().map(|event| event.flags & account_flags::LINKED != 0).collect();
    let results = run(&mut batch, &linked, |batch, index| create_account(batch, &events[index]));
    for (id, account) in &batch.accounts.kept {
        ledger.accounts.set(id, account);
    }
    results
}

fn create_account(batch: &mut Batch<'_>, event: &NewAccount) -> Result<(), CreateAccountResult> {
    use CreateAccountResult as R;
    let limits = account_flags::DEBITS_MUST_NOT_EXCEED_CREDITS | account_flags::CREDITS_MUST_NOT_EXCEED_DEBITS;
    refused(&[
        (event.flags & !account_flags::ALL != 0, R::ReservedFlag),
        (event.id == NO_ID, R::IdMustNotBeZero),
        (event.id == MAX_ID, R::IdMustNotBeIntMax),
    ])?;
    if let Some(known) = batch.account(&event.id) {
        // Whether it was closed since says nothing about whether this is the same event.
        let changed = (known.flags ^ event.flags) & !account_flags::CLOSED;
        return refused(&[
            (changed != 0, R::ExistsWithDifferentFlags),
            (known.user_data != event.user_data, R::ExistsWithDifferentUserData),
            (known.ledger != event.ledger, R::ExistsWithDifferentLedger),
            (known.code != event.code, R::ExistsWithDifferentCode),
            (true, R::Exists),
        ]);
    }
    refused(&[
        (event.flags & limits == limits, R::FlagsAreMutuallyExclusive),
        (event.ledger == 0, R::LedgerMustNotBeZero),
        (event.code == 0, R::CodeMustNotBeZero),
    ])?;
    batch.set_account(&event.id, Account::new(event));
    Ok(())
}

pub(super) fn create_transfers(
    ledger: &mut DoubleEntry,
    events: &[Transfer],
    mut report: impl FnMut(&Transfer),
) -> Vec<CreateTransferResult> {
    let mut batch = Batch::new(ledger);
    let linked: Vec<bool> = events.iter().map(|event| event.has(transfer_flags::LINKED)).collect();
    let results = run(&mut batch, &linked, |batch, index| {
        let result = create_transfer(batch, &events[index]);
        // Also when its chain fails: what the sender was told of this id must stay true.
        if result.is_err_and(CreateTransferResult::is_transient) {
            batch.burnt.push(events[index].id);
        }
        result
    });
    let Batch { accounts, transfers, burnt, .. } = batch;
    for (event, result) in events.iter().zip(&results) {
        if *result == CreateTransferResult::Ok {
            let recorded = transfers.get(&event.id).expect("a transfer that was carried out is written");
            report(&recorded.transfer);
        }
    }
    for (id, account) in &accounts.kept {
        ledger.accounts.set(id, account);
    }
    for (id, recorded) in &transfers.kept {
        ledger.transfers.set(id, recorded);
        let Some(expires_ms) = recorded.expires_ms() else { continue };
        match recorded.phase {
            Phase::Pending => ledger.due.set(&(expires_ms, *id), &()),
            _ => {
                ledger.due.remove(&(expires_ms, *id));
            }
        }
    }
    burnt.iter().for_each(|id| ledger.burnt.set(id, &true));
    results
}

fn create_transfer(batch: &mut Batch<'_>, event: &Transfer) -> Result<(), CreateTransferResult> {
    use CreateTransferResult as R;
    refused(&[
        (event.flags & !transfer_flags::ALL != 0, R::ReservedFlag),
        (event.id == NO_ID, R::IdMustNotBeZero),
        (event.id == MAX_ID, R::IdMustNotBeIntMax),
    ])?;
    if let Some(known) = batch.transfer(&event.id) {
        return phases::repeated(batch, event, &known.transfer);
    }
    if batch.is_burnt(&event.id) {
        return Err(R::IdAlreadyFailed);
    }
    if event.is_second_phase() { phases::resolve(batch, event) } else { first_phase(batch, event) }
}

/// What can be seen to be wrong without any account.
fn check_first_phase(event: &Transfer) -> Result<(), CreateTransferResult> {
    use CreateTransferResult as R;
    let closing = event.has(transfer_flags::CLOSING_DEBIT | transfer_flags::CLOSING_CREDIT);
    let pending = event.has(transfer_flags::PENDING);
    refused(&[
        (event.debit_account == NO_ID, R::DebitAccountIdMustNotBeZero),
        (event.debit_account == MAX_ID, R::DebitAccountIdMustNotBeIntMax),
        (event.credit_account == NO_ID, R::CreditAccountIdMustNotBeZero),
        (event.credit_account == MAX_ID, R::CreditAccountIdMustNotBeIntMax),
        (event.credit_account == event.debit_account, R::AccountsMustBeDifferent),
        (event.pending_id != NO_ID, R::PendingIdMustBeZero),
        (event.timeout_ms != 0 && !pending, R::TimeoutReservedForPendingTransfer),
        (closing && !pending, R::ClosingTransferMustBePending),
        (event.ledger == 0, R::LedgerMustNotBeZero),
        (event.code == 0, R::CodeMustNotBeZero),
    ])
}

/// The first rule that is broken.
pub(super) fn refused<R: Copy>(rules: &[(bool, R)]) -> Result<(), R> {
    rules.iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, result)| Err(*result))
}

fn first_phase(batch: &mut Batch<'_>, event: &Transfer) -> Result<(), CreateTransferResult> {
    use CreateTransferResult as R;
    check_first_phase(event)?;
    let mut debit = batch.account(&event.debit_account).ok_or(R::DebitAccountNotFound)?;
    let mut credit = batch.account(&event.credit_account).ok_or(R::CreditAccountNotFound)?;
    refused(&[
        (debit.ledger != credit.ledger, R::AccountsMustHaveTheSameLedger),
        (debit.ledger != event.ledger, R::TransferMustHaveTheSameLedgerAsAccounts),
        (debit.has(account_flags::CLOSED), R::DebitAccountAlreadyClosed),
        (credit.has(account_flags::CLOSED), R::CreditAccountAlreadyClosed),
    ])?;
    let mut amount = event.amount;
    if event.has(transfer_flags::BALANCING_DEBIT) {
        amount = amount.min(debit.debitable());
    }
    if event.has(transfer_flags::BALANCING_CREDIT) {
        amount = amount.min(credit.creditable());
    }
    let pending = event.has(transfer_flags::PENDING);
    let overflows = |one: u128, two: u128| one.checked_add(two).and_then(|sum| sum.checked_add(amount)).is_none();
    refused(&[
        (pending && overflows(debit.debits_pending, 0), R::OverflowsDebitsPending),
        (pending && overflows(credit.credits_pending, 0), R::OverflowsCreditsPending),
        (overflows(debit.debits_posted, 0), R::OverflowsDebitsPosted),
        (overflows(credit.credits_posted, 0), R::OverflowsCreditsPosted),
        (overflows(debit.debits_pending, debit.debits_posted), R::OverflowsDebits),
        (overflows(credit.credits_pending, credit.credits_posted), R::OverflowsCredits),
        (batch.now_ms.checked_add(event.timeout_ms).is_none(), R::OverflowsTimeout),
        (debit.debit_exceeds_credits(amount), R::ExceedsCredits),
        (credit.credit_exceeds_debits(amount), R::ExceedsDebits),
    ])?;
    if pending {
        debit.debits_pending += amount;
        credit.credits_pending += amount;
    } else {
        debit.debits_posted += amount;
        credit.credits_posted += amount;
    }
    if event.has(transfer_flags::CLOSING_DEBIT) {
        debit.set_closed(true);
    }
    if event.has(transfer_flags::CLOSING_CREDIT) {
        credit.set_closed(true);
    }
    batch.set_account(&event.debit_account, debit);
    batch.set_account(&event.credit_account, credit);
    let phase = if pending { Phase::Pending } else { Phase::Done };
    batch.set_transfer(Recorded { transfer: Transfer { amount, ..event.clone() }, time_ms: batch.now_ms, phase });
    Ok(())
}
