//! Every test of the contract in one binary: most of the time of a small one is its linking.

mod hostile;
mod invariants;
mod lineage;
mod migration;
mod partitions;
mod prices;
mod rules;
mod setting;
mod splits;
