//! What the `counterpart` command is made of; demonstrations use the same parts.

pub mod arguments;
pub mod chain;
pub mod commands;
pub mod config;
pub mod coverage;
pub mod gas;
pub mod keystore;
pub mod ledger;
pub mod output;
mod remote;

use output::Output;
use std::path::PathBuf;

/// What every command gets.
pub struct Context {
    /// Where results go.
    pub output: Output,
    /// Where keys and names are kept.
    pub home: PathBuf,
}

/// The folder of keys and names of whoever runs this.
pub fn default_home() -> PathBuf {
    std::env::var_os("HOME")
        .map_or_else(|| PathBuf::from(".counterpart"), |home| PathBuf::from(home).join(".counterpart"))
}

/// Sends logs to stderr; `COUNTERPART_LOG` says which.
pub fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("COUNTERPART_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
