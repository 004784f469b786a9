//! Every test of the contract in one binary: most of the time of a small one is its linking.

mod disputes;
mod requests;
mod setting;
mod stateful;
