//! Every test of the contract in one binary: most of the time of a small one is its linking.

mod servicing;
#[allow(dead_code, reason = "the tender's tests use the rest")]
#[path = "../../../tender/tests/it/setting.rs"]
mod setting;
mod stateful;
