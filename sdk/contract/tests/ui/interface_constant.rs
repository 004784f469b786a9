use counterpart_sdk::prelude::*;

#[interface]
pub trait Other {
    const NUMBER: u32;
}

fn main() {}
