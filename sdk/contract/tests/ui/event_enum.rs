use counterpart_sdk::prelude::*;

#[derive(Event)]
pub enum Happened {
    Once,
}

fn main() {}
