//! Every test of the contract in one binary: most of the time of a small one is its linking.

mod periods;
mod readings;
mod setting;
mod stateful;
