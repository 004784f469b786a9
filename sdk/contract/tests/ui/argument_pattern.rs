use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing {
    number: Item<u32>,
}

#[contract]
impl Thing {
    pub fn set(&mut self, (_a, _b): (u32, u32)) {}
}

fn main() {}
