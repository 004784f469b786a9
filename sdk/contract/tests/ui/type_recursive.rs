use counterpart_sdk::prelude::*;

#[derive(Abi)]
pub struct Node {
    next: Option<Vec<Node>>,
}

fn main() {}
