use counterpart_macros::contract_test;

#[contract_test]
fn nothing() {}

fn main() {}
