use counterpart_sdk::prelude::*;

#[storage]
pub struct Thing(Item<u32>);

fn main() {}
