//! Any value of a contract's types, for property tests: derived beside `Abi`.

use counterpart_sdk::codec::{DecodeAll, Encode};
use counterpart_sdk::prelude::*;
use counterpart_testing::proptest::prelude::*;
use proptest_derive::Arbitrary;

#[derive(Abi, Arbitrary, Clone, PartialEq, Eq, Debug)]
enum Order {
    Cancel,
    Limit { owner: Address, units: u128, memo: Option<String> },
    Batch(Vec<Line>),
}

#[derive(Abi, Arbitrary, Clone, PartialEq, Eq, Debug)]
struct Line {
    hash: Hash,
    amounts: (i64, u8),
}

proptest! {
    #[test]
    fn what_a_contract_encodes_it_decodes(order: Order) {
        prop_assert_eq!(Order::decode_all(&mut order.encode().as_slice()).expect("its own encoding"), order);
    }
}
