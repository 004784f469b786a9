//! What a gateway's process is started with.

use counterpart_sdk::Address;
use counterpart_service::Process;
use std::ffi::OsString;
use std::path::PathBuf;

/// A gateway that is to run in a process of its own.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Where its readings and secret lie.
    pub store: PathBuf,
    /// The node's JSON-RPC.
    pub rpc: String,
    /// The register of readings.
    pub register: Address,
    /// The market of keys.
    pub market: Address,
    /// The gateway's account.
    pub from: String,
}

impl Launch {
    /// Starts the `sensor-gateway` that lies beside the present program.
    ///
    /// # Errors
    /// When it does not start; what it says about that is on stderr.
    pub fn start(&self) -> std::io::Result<Process> {
        let Self { store, rpc, register, market, from } = self;
        let [register, market] = [register, market].map(|address| hex::encode(address.0));
        let arguments =
            ["--every-ms", "50", "--from", from, "--rpc", rpc, "--register", &register, "--market", &market];
        let arguments = arguments.iter().map(OsString::from).chain(["--store".into(), store.into()]);
        Process::start(&Process::beside("sensor-gateway")?, arguments)
    }
}
