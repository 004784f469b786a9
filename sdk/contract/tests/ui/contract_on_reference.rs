use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing {
    number: Item<u32>,
}

#[contract]
impl &Thing {}

fn main() {}
