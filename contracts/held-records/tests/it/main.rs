//! Every test of the contract and of its policy in one binary: most of the time of a small one is its linking.

mod policy;
mod records;
mod setting;
mod stateful;
