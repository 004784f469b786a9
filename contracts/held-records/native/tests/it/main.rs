//! Every test of the gatekeeper in one binary.

mod chain;
mod crash;
mod gatekeeper;
mod journal;
mod stateful;
