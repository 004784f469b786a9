use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing {
    number: Item<u32>,
}

#[contract(errors(Oops))]
impl Thing {}

fn main() {}
