//! Every test of the plant in one binary.

mod controller;
mod gas;
mod gateway;
mod ocmf;
mod work;
