use counterpart_sdk::prelude::*;

#[derive(Event)]
pub struct Happened {
    #[topic]
    a: u32,
    #[topic]
    b: u32,
    #[topic]
    c: u32,
    #[topic]
    d: u32,
}

fn main() {}
