use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing {
    number: Item<u32>,
}

#[contract]
impl Thing {
    pub fn new(&self) -> Self {
        Self::default()
    }
}

fn main() {}
