//! Every test of the contract in one binary: most of the time of a small one is its linking.

mod committee;
mod rounds;
mod setting;
mod stateful;
mod words;
