use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing {
    number: Item<u32>,
}

#[contract]
impl Thing {
    pub fn number() -> u32 {
        1
    }
}

fn main() {}
