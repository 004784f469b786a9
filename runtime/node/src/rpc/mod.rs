//! JSON-RPC: methods with object parameters, errors with a stable name and a hint.
//!
//! Values of the chain travel twice: as JSON for people, and as `raw`, the hex of their canonical encoding, from which
//! clients verify hashes and signatures.

mod error;
mod json;
mod methods;
mod page;

pub use error::RpcError;
pub use json::{certificate_json, outcome_json, receipt_json};
pub use page::{Page, PageFile};

use crate::devnet::Devnet;
use anyhow::Context;
use jsonrpsee::server::{RpcModule, Server, ServerConfig, ServerHandle};
use page::PageLayer;
use std::net::SocketAddr;
use std::sync::Arc;

/// Most bytes of a request: a transaction at its maximum, in hex, with room for the rest.
const MAX_REQUEST_BYTES: u32 = 4 << 20;

/// A running server.
pub struct RpcServer {
    handle: ServerHandle,
    address: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
}

impl RpcServer {
    /// Serves a devnet at an address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn start(devnet: Arc<Devnet>, address: SocketAddr) -> anyhow::Result<Self> {
        Self::start_with_page(devnet, address, None)
    }

    /// Serves a devnet at an address, and a page of static files to browsers.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn start_with_page(devnet: Arc<Devnet>, address: SocketAddr, page: Option<Page>) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (handle, address) = runtime.block_on(async {
            let config = ServerConfig::builder().max_request_body_size(MAX_REQUEST_BYTES).build();
            let files = tower::ServiceBuilder::new().layer(PageLayer(page));
            let server = Server::builder().set_config(config).set_http_middleware(files).build(address).await;
            let server = server.with_context(|| format!("cannot listen at {address}"))?;
            let address = server.local_addr()?;
            let mut module = RpcModule::new(devnet);
            methods::register(&mut module)?;
            anyhow::Ok((server.start(module), address))
        })?;
        Ok(Self { handle, address, runtime: Some(runtime) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL that clients use.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for RpcServer {
    fn drop(&mut self) {
        // An error says that it has stopped already.
        let _ = self.handle.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.block_on(self.handle.clone().stopped());
        }
    }
}
