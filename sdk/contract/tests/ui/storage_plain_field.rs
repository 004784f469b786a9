use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing {
    number: u32,
}

fn main() {}
