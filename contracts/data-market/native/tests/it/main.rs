//! Every test of the gateway in one binary.

mod epcis;
mod gateway;
mod store;
