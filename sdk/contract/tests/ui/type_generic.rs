use counterpart_sdk::prelude::*;

#[derive(Abi)]
pub struct Pair<T> {
    one: T,
}

fn main() {}
