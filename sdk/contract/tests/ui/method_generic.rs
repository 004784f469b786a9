use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing {
    number: Item<u32>,
}

#[contract]
impl Thing {
    pub fn set<T>(&mut self, _value: T) {}
}

fn main() {}
