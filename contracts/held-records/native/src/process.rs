//! What a gatekeeper's process is started with.

use counterpart_sdk::Address;
use counterpart_service::Process;
use std::ffi::OsString;
use std::path::PathBuf;

/// A gatekeeper that is to run in a process of its own.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Where its journal and key lie.
    pub store: PathBuf,
    /// The node's JSON-RPC.
    pub rpc: String,
    /// The contract that takes records.
    pub records: Address,
    /// The account that pays for what it does.
    pub from: String,
}

impl Launch {
    /// Starts the `gatekeeper` that lies beside the present program.
    ///
    /// # Errors
    /// When it does not start; what it says about that is on stderr.
    pub fn start(&self) -> std::io::Result<Process> {
        let Self { store, rpc, records, from } = self;
        let records = hex::encode(records.0);
        let arguments = ["--every-ms", "20", "--from", from, "--rpc", rpc, "--records", &records];
        let arguments = arguments.iter().map(OsString::from).chain(["--store".into(), store.into()]);
        Process::start(&Process::beside("gatekeeper")?, arguments)
    }
}
