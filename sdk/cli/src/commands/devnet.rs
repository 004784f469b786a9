//! `counterpart devnet`.

use crate::Context;
use crate::output::{Exit, Failure, OrFail};
use counterpart_ledger::ChainId;
use counterpart_node::rpc::{Page, PageFile, RpcServer, ServerOptions};
use counterpart_node::{Devnet, DevnetConfig, DevnetError};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Run a network of replicas in this process, with JSON-RPC on loopback, until Ctrl-C.
///
/// Every replica has a store of its own; every block is voted on, executed by each and certified. All data lie in one
/// folder and are found again at the next start. Development accounts (`dev:NAME`) have keys that everyone knows;
/// `dev:faucet` has all native currency.
#[derive(clap::Args)]
pub struct Arguments {
    /// Where the data lie.
    #[arg(long, default_value = "devnet", value_name = "DIR")]
    dir: PathBuf,
    /// Port of the JSON-RPC; 0 takes a free one.
    #[arg(long, default_value_t = 7545)]
    port: u16,
    /// Number of replicas of a new network.
    #[arg(long, default_value_t = 4)]
    replicas: u16,
    /// Votes that certify in a new network.
    #[arg(long, default_value_t = 3)]
    quorum: u16,
    /// Number of a new chain.
    #[arg(long, default_value_t = 1337)]
    chain: u64,
    /// Serve the auditor's page to browsers, on the same port.
    #[arg(long)]
    explorer: bool,
    /// An origin, such as http://localhost:8000, whose pages may ask this node too; can be given again.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = DevnetConfig {
        replicas: arguments.replicas,
        quorum: arguments.quorum,
        chain: ChainId(arguments.chain),
        ..DevnetConfig::new(arguments.dir)
    };
    let devnet = start(&config)?;
    serve(context, &devnet, arguments.port, arguments.explorer, arguments.allow_origin)
}

/// Starts a devnet, telling what is wrong with its folder.
pub fn start(config: &DevnetConfig) -> anyhow::Result<Arc<Devnet>> {
    let devnet = Devnet::start(config).map_err(|error| {
        let failure = Failure::new(Exit::Input, "devnet", &error);
        match error {
            DevnetError::Quorum { .. } => failure,
            _ => failure.hint("is another devnet running on this folder? name another with --dir"),
        }
    })?;
    Ok(Arc::new(devnet))
}

/// The auditor's page.
pub fn page() -> Page {
    let file = |path: &str| {
        let counterpart_explorer::File { media_type, content } = counterpart_explorer::file(path)?;
        Some(PageFile { media_type, content })
    };
    Page { file, policy: counterpart_explorer::CONTENT_SECURITY_POLICY }
}

/// Serves until Ctrl-C or until the devnet fails.
pub fn serve(
    context: &Context,
    devnet: &Arc<Devnet>,
    port: u16,
    explorer: bool,
    origins: Vec<String>,
) -> anyhow::Result<ExitCode> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let options = ServerOptions { page: explorer.then(page), origins, ..ServerOptions::new(address) };
    let server = RpcServer::start_with(devnet.clone(), options);
    let server = server.or_fail(Exit::Network, "port", "JSON-RPC cannot be served")?;
    let head = devnet.first().store().head();
    let document = json!({
        "rpc": server.url(), "height": head.height.0, "replicas": devnet.validators().size(),
        "quorum": devnet.validators().quorum,
    });
    let text = format!(
        "{} replicas, quorum {}, block {}; JSON-RPC{} at {}; Ctrl-C stops",
        devnet.validators().size(),
        devnet.validators().quorum,
        head.height,
        if explorer { " and the auditor's page" } else { "" },
        server.url()
    );
    context.output.result(&document, &text);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let fault = runtime.block_on(async {
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return None,
                () = tokio::time::sleep(std::time::Duration::from_millis(200)) => {}
            }
            if let Some(fault) = devnet.fault() {
                return Some(fault);
            }
        }
    });
    drop(server);
    match fault {
        None => {
            devnet.settle().or_fail(Exit::Bug, "ledger", "the ledgers cannot be written out")?;
            Ok(ExitCode::SUCCESS)
        }
        Some(fault) => Err(Failure::new(Exit::Bug, "devnet_stopped", fault).into()),
    }
}
