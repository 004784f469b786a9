use counterpart_sdk::prelude::*;

#[derive(Abi)]
pub enum Nothing {}

fn main() {}
