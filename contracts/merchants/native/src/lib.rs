//! Finds the merchant that a terminal stands at and lets it pay there: radius, beacons, a challenge, a terminal.

pub mod beacon_id;
pub mod beacons;
pub mod map;
pub mod place;
pub mod service;
pub mod simulator;
pub mod terminal;
pub mod vector;
