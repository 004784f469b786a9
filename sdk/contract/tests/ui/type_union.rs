use counterpart_sdk::prelude::*;

#[derive(Abi)]
pub union Either {
    one: u32,
    two: i32,
}

fn main() {}
