use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing {
    number: Item<u32>,
}

#[contract]
impl Thing {
    pub fn m4021(&mut self) {}

    pub fn m39217(&mut self) {}
}

fn main() {}
