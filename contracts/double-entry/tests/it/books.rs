//! Random batches against books that are kept in another way: a list of entries, summed anew for each question.
//!
//! COUNTERPART_STEPS sets the number of batches; 300 without it.

use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Mode, Random, Subject, from_environment};
use double_entry::{CreateTransferResult as R, LedgerRef, NewAccount, Transfer, native_ledger};
use std::collections::BTreeMap;

const ACCOUNTS: u8 = 6;
// Flags of transfers.
const LINKED: u16 = 1;
const PENDING: u16 = 2;
const POST: u16 = 4;
const VOID: u16 = 8;
// Flags of accounts.
const NO_OVERDRAFT: u16 = 2;
const NO_SURPLUS: u16 = 4;

/// What was carried out, in its order.
#[derive(Clone, Default)]
struct Books {
    entries: Vec<(Transfer, u64)>,
}

impl Books {
    /// The pending transfers that are open at a time.
    fn open(&self, now_ms: u64) -> BTreeMap<Hash, &Transfer> {
        let is_over = |event: &Transfer, at_ms: u64| event.timeout_ms > 0 && at_ms + event.timeout_ms <= now_ms;
        let pending =
            self.entries.iter().filter(|(event, at_ms)| event.flags & PENDING != 0 && !is_over(event, *at_ms));
        let mut open: BTreeMap<_, _> = pending.map(|(event, _)| (event.id, event)).collect();
        self.entries.iter().filter(|(event, _)| event.flags & (POST | VOID) != 0).for_each(|(event, _)| {
            open.remove(&event.pending_id);
        });
        open
    }

    /// Debits and credits of an account: pending and posted of each.
    fn sums(&self, account: Hash, now_ms: u64) -> [u128; 4] {
        let mut sums = [0; 4];
        let mut add = |event: &Transfer, column: usize| {
            sums[column] += if event.debit_account == account { event.amount } else { 0 };
            sums[column + 2] += if event.credit_account == account { event.amount } else { 0 };
        };
        self.open(now_ms).values().for_each(|event| add(event, 0));
        let moved = self.entries.iter().filter(|(event, _)| event.flags & (PENDING | VOID) == 0);
        moved.for_each(|(event, _)| add(event, 1));
        sums
    }
}

fn id(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[31] = 1;
    Hash(bytes)
}

fn flags(account: u8) -> u16 {
    [0, 0, NO_OVERDRAFT, NO_OVERDRAFT, NO_SURPLUS, NO_SURPLUS][usize::from(account)]
}

fn random_event(random: &mut Random, number: u64, pending: &[Hash]) -> Transfer {
    let debit = random.below(u64::from(ACCOUNTS));
    let credit = (debit + 1 + random.below(u64::from(ACCOUNTS) - 1)) % u64::from(ACCOUNTS);
    let mut event = Transfer {
        id: id(number),
        debit_account: id(1_000_000 + debit),
        credit_account: id(1_000_000 + credit),
        amount: u128::from(random.below(100)),
        pending_id: Hash::ZERO,
        user_data: 0,
        timeout_ms: 0,
        ledger: 1,
        code: 1,
        flags: if random.below(4) == 0 { LINKED } else { 0 },
    };
    match random.below(3) {
        0 if !pending.is_empty() => {
            let post = random.below(2) == 0;
            event.pending_id = pending[random.below(pending.len() as u64) as usize];
            (event.debit_account, event.credit_account, event.ledger, event.code) = (Hash::ZERO, Hash::ZERO, 0, 0);
            event.amount = if post { u128::MAX } else { 0 };
            event.flags |= if post { POST } else { VOID };
        }
        1 => {
            event.flags |= PENDING;
            event.timeout_ms = random.below(3) * 20_000;
        }
        _ => {}
    }
    event
}

#[test]
fn balances_are_the_sums_of_what_was_carried_out() {
    let seed = from_environment("COUNTERPART_SEED").unwrap_or(1);
    let mut random = Random::new(seed);
    let mut chain = Chain::new(Mode::Native);
    let operator = chain.account("operator");
    let subject = Subject::new("double-entry", native_ledger());
    let ledger = LedgerRef::at(chain.deploy(&operator, &subject, LedgerRef::new()).expect("deployed"));
    let accounts = (0..ACCOUNTS).map(|account| NewAccount {
        id: id(1_000_000 + u64::from(account)),
        user_data: 0,
        ledger: 1,
        code: 1,
        flags: flags(account),
    });
    chain.call(&operator, ledger.create_accounts(accounts.collect())).expect("created");
    let (mut books, mut next, mut carried_out, mut refused) = (Books::default(), 0, 0, 0);
    for step in 0..from_environment("COUNTERPART_STEPS").unwrap_or(300) {
        let now_ms = chain.time_ms();
        let pending: Vec<Hash> = books.open(now_ms).keys().copied().collect();
        let events: Vec<Transfer> = (0..1 + random.below(5))
            .map(|_| {
                next += 1;
                random_event(&mut random, next, &pending)
            })
            .collect();
        let results = chain.call(&operator, ledger.create_transfers(events.clone())).expect("answered");
        for (event, result) in events.iter().zip(&results) {
            if *result == R::Ok {
                let mut event = event.clone();
                if let Some(first) = books.open(now_ms).get(&event.pending_id) {
                    (event.debit_account, event.credit_account) = (first.debit_account, first.credit_account);
                    event.amount = first.amount;
                }
                books.entries.push((event, now_ms));
            }
        }
        carried_out += results.iter().filter(|result| **result == R::Ok).count();
        refused += results.iter().filter(|result| **result != R::Ok).count();
        chains_hold(&events, &results, seed, step);
        for account in 0..ACCOUNTS {
            let id = id(1_000_000 + u64::from(account));
            let kept = chain.query(ledger.account(id)).expect("answered").expect("there");
            let got = [kept.debits_pending, kept.debits_posted, kept.credits_pending, kept.credits_posted];
            assert_eq!(got, books.sums(id, now_ms), "account {account} after step {step}, COUNTERPART_SEED={seed}");
            let [debits_pending, debits, credits_pending, credits] = got;
            assert!(flags(account) != NO_OVERDRAFT || debits_pending + debits <= credits);
            assert!(flags(account) != NO_SURPLUS || credits_pending + credits <= debits);
        }
        chain.advance_ms(random.below(3) * 10_000);
    }
    // Runs in which everything is refused, or nothing, show little.
    assert!(carried_out > refused / 4 && refused > carried_out / 10, "{carried_out} carried out, {refused} refused");
}

/// Linked events happened together or not at all.
fn chains_hold(events: &[Transfer], results: &[R], seed: u64, step: u64) {
    let mut chain: Vec<R> = Vec::new();
    for (event, result) in events.iter().zip(results) {
        chain.push(*result);
        if event.flags & LINKED == 0 {
            let done = chain.iter().filter(|result| **result == R::Ok).count();
            assert!(done == 0 || done == chain.len(), "{chain:?} in step {step}, COUNTERPART_SEED={seed}");
            chain.clear();
        }
    }
    assert!(chain.iter().all(|result| *result != R::Ok), "an open chain, step {step}, COUNTERPART_SEED={seed}");
}
