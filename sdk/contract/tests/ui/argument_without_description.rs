use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing {
    number: Item<u32>,
}

pub struct Secret;

#[contract]
impl Thing {
    pub fn set(&mut self, _secret: Secret) {}
}

fn main() {}
