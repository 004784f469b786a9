//! Every test of the gateway in one binary.

mod chain;
mod epcis;
mod fuzz;
mod gateway;
mod store;
