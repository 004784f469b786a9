//! A ledger as tables, for analysts: blocks, transactions, actions, events and state, decoded by the contracts' interfaces.
//!
//! Tables are written as Parquet or CSV while the ledger is read, a few thousand rows at a time, so that their size is bounded
//! by the disk alone. Numbers below 2^64 are numbers; amounts, which can be larger, are decimal digits.

mod rows;
mod table;
mod words;

pub use rows::{ExportError, What, export_blocks, export_state};
pub use table::{Cell, Format, Kind, Table, TableError};
