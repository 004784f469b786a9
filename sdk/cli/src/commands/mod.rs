//! One module for each verb.

pub mod build;
pub mod keys;
pub mod module;
