//! What the ledger does beyond the kernel's tables, as native code and as Wasm.

use counterpart_sdk::Hash;
use counterpart_testing::{Account as Key, Chain, Failure, Subject, contract_test};
use double_entry::{
    CreateAccountResult, CreateTransferResult, LedgerError, LedgerRef, NewAccount, Phase, Transfer, native_ledger,
};

const PENDING: u16 = 1 << 1;
const POST: u16 = 1 << 2;
const VOID: u16 = 1 << 3;

fn id(number: u8) -> Hash {
    Hash([number; 32])
}

fn account(number: u8, flags: u16) -> NewAccount {
    NewAccount { id: id(number), user_data: 0, ledger: 1, code: 1, flags }
}

fn transfer(number: u8, amount: u128, flags: u16) -> Transfer {
    Transfer {
        id: id(number),
        debit_account: id(1),
        credit_account: id(2),
        amount,
        pending_id: Hash::ZERO,
        user_data: 0,
        timeout_ms: 0,
        ledger: 1,
        code: 1,
        flags,
    }
}

fn deployed(chain: &mut Chain) -> (LedgerRef, Key) {
    let operator = chain.account("operator");
    let address = chain.deploy(&operator, &Subject::new("double-entry", native_ledger()), LedgerRef::new());
    let ledger = LedgerRef::at(address.expect("deployed"));
    let created = chain.call(&operator, ledger.create_accounts(vec![account(1, 0), account(2, 0)]));
    assert_eq!(created, Ok(vec![CreateAccountResult::Ok; 2]));
    (ledger, operator)
}

/// A pending transfer with a time-out that ends `left_ms` after the block in which it is resolved by `flags`.
fn resolved(chain: &mut Chain, left_ms: i64, flags: u16) -> (CreateTransferResult, Phase) {
    let (ledger, operator) = deployed(chain);
    let first = chain.time_ms();
    let pend = Transfer { timeout_ms: 100_000, ..transfer(3, 5, PENDING) };
    assert_eq!(chain.call(&operator, ledger.create_transfers(vec![pend])), Ok(vec![CreateTransferResult::Ok]));
    let now = chain.time_ms();
    chain.advance_ms((first + 100_000 - now).checked_add_signed(-left_ms).expect("later than now"));
    let second = Transfer { pending_id: id(3), ..transfer(4, u128::from(flags == POST) * u128::MAX, flags) };
    let results = chain.call(&operator, ledger.create_transfers(vec![second])).expect("answered");
    (results[0], chain.query(ledger.transfer(id(3))).expect("answered").expect("recorded").phase)
}

#[contract_test]
fn a_pending_transfer_can_be_posted_1_ms_before_its_time_is_over(chain: &mut Chain) {
    assert_eq!(resolved(chain, 1, POST), (CreateTransferResult::Ok, Phase::Posted));
}

#[contract_test]
fn a_pending_transfer_is_expired_at_the_very_moment_its_time_is_over(chain: &mut Chain) {
    assert_eq!(resolved(chain, 0, POST), (CreateTransferResult::PendingTransferExpired, Phase::Expired));
}

#[contract_test]
fn a_pending_transfer_stays_expired_1_ms_later(chain: &mut Chain) {
    assert_eq!(resolved(chain, -1, VOID), (CreateTransferResult::PendingTransferExpired, Phase::Expired));
}

#[contract_test]
fn expiry_is_for_anybody_and_gives_both_sides_back(chain: &mut Chain) {
    let (ledger, operator) = deployed(chain);
    let stranger = chain.account("stranger");
    let pend = |number| Transfer { timeout_ms: 1_000, ..transfer(number, 5, PENDING) };
    chain.call(&operator, ledger.create_transfers(vec![pend(3), pend(4), pend(5)])).expect("pending");
    assert_eq!(chain.query(ledger.account(id(1))).expect("answered").expect("there").debits_pending, 15);
    chain.advance_ms(1_000);
    assert_eq!(chain.call(&stranger, ledger.expire(2)), Ok(2));
    assert_eq!(chain.events().len(), 2);
    assert_eq!(chain.call(&stranger, ledger.expire(u32::MAX)), Ok(1));
    assert_eq!(chain.call(&stranger, ledger.expire(u32::MAX)), Ok(0));
    let (one, two) = (chain.query(ledger.account(id(1))), chain.query(ledger.account(id(2))));
    let sums = [one, two].map(|account| account.expect("answered").expect("there"));
    assert!(sums.iter().all(|sum| (sum.debits_pending, sum.credits_pending) == (0, 0)), "{sums:?}");
}

#[contract_test]
fn pending_transfers_that_are_not_due_make_no_batch_dearer(chain: &mut Chain) {
    let (ledger, operator) = deployed(chain);
    let mut gas = |number: u8| {
        chain.call(&operator, ledger.create_transfers(vec![transfer(number, 1, 0)])).expect("answered");
        let used = chain.receipts().last().expect("a receipt").gas_used;
        let pend = |number| Transfer { timeout_ms: 1_000_000, ..transfer(number, 5, PENDING) };
        let pending = (number + 1..number + 60).map(pend).collect();
        chain.call(&operator, ledger.create_transfers(pending)).expect("answered");
        used
    };
    assert_eq!(gas(3), gas(100));
}

#[contract_test]
fn only_the_operator_creates_and_batches_are_bounded(chain: &mut Chain) {
    let (ledger, operator) = deployed(chain);
    let stranger = chain.account("stranger");
    let unauthorized = Failure::Reverted { contract: ledger.address, code: 0xFFFF_0005 };
    assert_eq!(chain.call(&stranger, ledger.create_accounts(vec![account(3, 0)])), Err(unauthorized.clone()));
    assert_eq!(chain.call(&stranger, ledger.create_transfers(Vec::new())), Err(unauthorized));
    let many: Vec<_> = (3..68).map(|number| account(number, 0)).collect();
    let refused = chain.call(&operator, ledger.create_accounts(many.clone()));
    assert_eq!(refused, Err(Failure::Error(LedgerError::BatchTooLarge { limit: 64 })));
    let created = chain.call(&operator, ledger.create_accounts(many[..64].to_vec()));
    assert_eq!(created, Ok(vec![CreateAccountResult::Ok; 64]));
    let many = vec![transfer(9, 1, 0); 65];
    let refused = chain.call(&operator, ledger.create_transfers(many));
    assert_eq!(refused, Err(Failure::Error(LedgerError::BatchTooLarge { limit: 64 })));
}

#[contract_test]
fn the_operator_changes_in_two_steps(chain: &mut Chain) {
    let (ledger, operator) = deployed(chain);
    let (next, stranger) = (chain.account("next"), chain.account("stranger"));
    assert_eq!(chain.call(&next, ledger.accept_operator()), Err(Failure::Error(LedgerError::NotProposed)));
    chain.call(&operator, ledger.propose_operator(next.address)).expect("proposed");
    assert_eq!(chain.query(ledger.operator()), Ok(operator.address));
    assert_eq!(chain.call(&stranger, ledger.accept_operator()), Err(Failure::Error(LedgerError::NotProposed)));
    chain.call(&next, ledger.accept_operator()).expect("accepted");
    assert_eq!(chain.query(ledger.operator()), Ok(next.address));
    // A proposal serves once.
    assert_eq!(chain.call(&next, ledger.accept_operator()), Err(Failure::Error(LedgerError::NotProposed)));
}

#[test]
fn the_wasm_is_smaller_than_64_kib() {
    let size = Subject::new("double-entry", native_ledger()).wasm().len();
    assert!(size <= 64 * 1024, "{size} bytes");
}
