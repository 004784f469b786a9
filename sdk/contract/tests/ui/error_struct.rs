use counterpart_sdk::prelude::*;

#[derive(ContractError)]
pub struct Oops;

fn main() {}
