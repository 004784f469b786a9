use counterpart_sdk::prelude::*;

#[derive(Event)]
pub struct Happened(u32);

fn main() {}
