use counterpart_sdk::prelude::*;

#[derive(Abi)]
pub enum Level {
    Low = 3,
}

fn main() {}
