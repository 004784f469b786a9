use counterpart_sdk::prelude::*;

#[interface]
pub trait Other {
    fn new() -> Self;
}

fn main() {}
