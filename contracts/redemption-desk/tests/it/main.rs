//! Every test of the contract in one binary: most of the time of a small one is its linking.

mod prices;
mod redemption;
#[allow(dead_code, reason = "the currency's tests use the rest")]
#[path = "../../../currency/tests/it/town/mod.rs"]
mod town;
