//! Every test of the contract in one binary: most of the time of a small one is its linking.

mod apps;
mod edges;
mod matrix;
mod payments;
mod setting;
mod stateful;
