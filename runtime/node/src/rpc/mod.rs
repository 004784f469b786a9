//! JSON-RPC: methods with object parameters, subscriptions, errors with a stable name and a hint.
//!
//! Values of the chain travel twice: as JSON for people, and as `raw`, the hex of their canonical encoding, from which
//! clients verify hashes and signatures. [`document`] describes the whole interface from its types.

mod answers;
mod backend;
mod discover;
mod error;
mod limits;
mod methods;
mod page;
mod parameters;
mod registry;
mod subscriptions;

pub use answers::{CertificateJson, OutcomeJson, ReceiptJson, certificate_json, outcome_json, receipt_json};
pub use backend::{Backend, Development};
pub use error::{CATALOGUE, ErrorEntry, RpcError};
pub use limits::Limits;
pub use page::{Page, PageFile};

use anyhow::Context;
use jsonrpsee::core::middleware::RpcServiceBuilder;
use jsonrpsee::server::{BatchRequestConfig, RpcModule, Server, ServerConfig, ServerHandle};
use jsonrpsee::types::{ErrorObjectOwned, Params};
use limits::LimitLayer;
use page::PageLayer;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Static files for browsers.
    pub page: Option<Page>,
    /// Origins, such as `http://localhost:8000`, whose pages may ask too.
    pub origins: Vec<String>,
    /// What it takes.
    pub limits: Limits,
}

impl ServerOptions {
    /// At an address, without a page, with the usual limits.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, page: None, origins: Vec::new(), limits: Limits::default() }
    }
}

/// A running server.
pub struct RpcServer {
    handle: ServerHandle,
    address: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
}

impl RpcServer {
    /// Serves a node at an address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn start(backend: Arc<dyn Backend>, address: SocketAddr) -> anyhow::Result<Self> {
        Self::start_with(backend, ServerOptions::new(address))
    }

    /// Serves a node.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn start_with(backend: Arc<dyn Backend>, options: ServerOptions) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (handle, address) = runtime.block_on(async {
            let limits = options.limits;
            let config = ServerConfig::builder()
                .max_request_body_size(limits.request_bytes)
                .max_response_body_size(limits.response_bytes)
                .set_batch_request_config(BatchRequestConfig::Limit(limits.batch))
                .max_connections(limits.connections)
                .max_subscriptions_per_connection(limits.subscriptions)
                .build();
            let (page, origins) = (options.page, options.origins.into());
            let files = tower::ServiceBuilder::new().layer(PageLayer { backend: backend.clone(), page, origins });
            let limited = RpcServiceBuilder::new().layer(LimitLayer::new(limits));
            let server = Server::builder().set_config(config).set_http_middleware(files).set_rpc_middleware(limited);
            let server = server.build(options.address).await;
            let server = server.with_context(|| format!("cannot listen at {}", options.address))?;
            let address = server.local_addr()?;
            anyhow::Ok((server.start(module(backend)?), address))
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

/// The interface as an OpenRPC document.
pub fn document(development: bool) -> Value {
    discover::document(&methods::methods(development))
}

fn module(backend: Arc<dyn Backend>) -> anyhow::Result<RpcModule<Arc<dyn Backend>>> {
    let development = backend.development().is_some();
    let mut module = RpcModule::new(backend);
    for method in methods::methods(development) {
        let (name, method) = (method.name, Arc::new(method));
        module.register_blocking_method(name, move |params, backend, _| {
            answer(&params, |object| method.call(&**backend, object))
        })?;
    }
    let described = document(development);
    module.register_method("rpc.discover", move |_, _, _| described.clone())?;
    subscriptions::register(&mut module)?;
    Ok(module)
}

/// Calls with the one object that parameters are.
fn answer(params: &Params<'_>, call: impl FnOnce(Value) -> Result<Value, RpcError>) -> Result<Value, ErrorObjectOwned> {
    let object = match params.parse::<Value>() {
        Ok(Value::Array(list)) if list.is_empty() => Value::Object(Default::default()),
        Ok(Value::Null) => Value::Object(Default::default()),
        Ok(value @ Value::Object(_)) => value,
        _ => return Err(RpcError::new("bad_parameters", "parameters are one JSON object").into()),
    };
    Ok(call(object)?)
}
