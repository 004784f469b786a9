use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing {
    number: Item<u32>,
}

#[contract]
impl Thing {
    #[payable]
    pub fn number(&self) -> u32 {
        1
    }
}

fn main() {}
