//! Every test of the contract in one binary: most of the time of a small one is its linking.

mod assets;
mod hostile;
mod market;
mod stateful;
mod trades;
