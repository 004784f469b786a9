//! Transactions with known ends: what every part of an audit is shown on.

use crate::ledger::{Maker, address};
use counterpart_execution::code_hash;
use counterpart_ledger::{Action, Address, Hash, Height, contract_address};

/// The conformance contract.
///
/// # Panics
/// When its text is not well formed.
pub fn conformance() -> Vec<u8> {
    wat::parse_str(include_str!("conformance.wat")).expect("the text is well formed")
}

/// Two copies of the conformance contract and what was done with them.
pub struct Story {
    /// Where the copies are.
    pub contracts: [Address; 2],
    /// Height at which they were made.
    pub made: Height,
    /// Heights of blocks with calls.
    pub calls: Vec<Height>,
}

/// Names of what the transactions of [`tell`] do, in their order.
pub const CALLS: [&str; 24] = [
    "nothing",
    "write_and_read",
    "revert",
    "trap",
    "out_of_gas",
    "stack_exhausted",
    "event",
    "nested",
    "nested_revert_taken",
    "nested_revert_passed_on",
    "nested_trap_taken",
    "reentry",
    "bulk_memory",
    "range",
    "branches",
    "indirect",
    "indirect_trap",
    "addition",
    "host_facts",
    "bad_pointer",
    "two_actions",
    "second_action_fails",
    "no_contract",
    "native_transfer",
];

/// Makes two copies of the conformance contract and does everything with them, a few transactions to a block.
pub fn tell(maker: &mut Maker) -> Story {
    let code = conformance();
    let hash = code_hash(&code);
    let deploy = |salt: u8| Action::Deploy { code_hash: hash, salt: Hash([salt; 32]), input: vec![0], value: 0 };
    let upload = maker.signed("ada", 50_000_000, vec![Action::Upload { code }]);
    maker.block(vec![upload]);
    let first = maker.signed("ada", 5_000_000, vec![deploy(1)]);
    let second = maker.signed("ada", 5_000_000, vec![deploy(2)]);
    let made = maker.block(vec![first, second]);
    let [one, two] = [1, 2].map(|salt| contract_address(&address("ada"), &hash, &Hash([salt; 32])));
    let call = |contract: Address, input: Vec<u8>| Action::Call { contract, input, value: 0 };
    let nested = |how: u8, what: u8| call(one, [&[how][..], &two.0, &[what]].concat());
    let mut calls = Vec::new();
    let actions: [Vec<Action>; 24] = [
        vec![call(one, vec![0])],
        vec![call(one, vec![1])],
        vec![call(one, vec![2])],
        vec![call(one, vec![3])],
        vec![call(one, vec![4])],
        vec![call(one, vec![5])],
        vec![call(one, vec![6])],
        vec![nested(8, 1)],
        vec![nested(7, 2)],
        vec![nested(8, 2)],
        vec![nested(7, 3)],
        vec![call(one, [&[8][..], &one.0, &[0]].concat())],
        vec![call(two, vec![9])],
        vec![call(two, vec![10])],
        vec![call(one, vec![11, 40])],
        vec![call(one, vec![12, 1])],
        vec![call(one, vec![12, 2])],
        vec![call(one, vec![13])],
        vec![call(two, vec![14])],
        vec![call(two, vec![15])],
        vec![call(one, vec![1]), call(two, vec![1])],
        vec![call(one, vec![6]), call(two, vec![2])],
        vec![call(Address([9; 32]), vec![0])],
        vec![Action::Transfer { to: address("grace"), amount: 1_000 }],
    ];
    for chunk in actions.chunks(3) {
        let transactions = chunk.iter().map(|actions| maker.signed("grace", 3_000_000, actions.clone())).collect();
        calls.push(maker.block(transactions));
    }
    // The last results are certified by a block more.
    maker.block(Vec::new());
    Story { contracts: [one, two], made, calls }
}
