//! What contracts that trade share: units of any kind of contract, and how an exchange is asked.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod asset;
pub mod fee;
mod handler;

pub use asset::{Asset, AssetError};
pub use handler::{HandlerError, HandlerRef, Kind, Order, Quote, answered};
