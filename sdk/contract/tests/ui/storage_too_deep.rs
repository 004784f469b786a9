use counterpart_sdk::prelude::*;

#[storage]
pub struct One {
    number: Item<u32>,
}

#[storage]
pub struct Two {
    one: One,
}

#[storage]
pub struct Three {
    two: Two,
}

#[storage]
pub struct Four {
    three: Three,
}

#[storage]
pub struct Five {
    four: Four,
}

fn main() {
    let _ = Five::default();
}
