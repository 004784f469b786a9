//! The HTTP side: routes, bounds, and how refusals look.

use crate::{Envelope, Handler, ServiceError};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use counterpart_sealing::SecretKey;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

/// What a server takes at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of a request.
    pub body: usize,
    /// Requests that are worked on at a time; others are told to come again.
    pub at_a_time: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 256 * 1024, at_a_time: 64 }
    }
}

/// A service that answers until it is dropped.
pub struct Server {
    address: SocketAddr,
    key: Option<[u8; 32]>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared<H> {
    handler: H,
    key: Option<SecretKey>,
    slots: Semaphore,
}

impl Server {
    /// Listens on an address of this machine, port 0 for any; with a key it takes sealed requests too.
    ///
    /// # Errors
    /// When the address is not of this machine alone, or cannot be listened on.
    pub fn start(
        address: SocketAddr,
        handler: impl Handler,
        key: Option<SecretKey>,
        limits: Limits,
    ) -> std::io::Result<Self> {
        if !address.ip().is_loopback() {
            let refused = "a service listens on this machine alone; put a proxy in front of it";
            return Err(std::io::Error::new(std::io::ErrorKind::AddrNotAvailable, refused));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(address))?;
        let address = listener.local_addr()?;
        let public = key.as_ref().map(SecretKey::public_key);
        let shared = Arc::new(Shared { handler, key, slots: Semaphore::new(limits.at_a_time) });
        // A handler may hold what must not end inside of the runtime, such as another one: it ends after it.
        let handler_ends_last = Arc::clone(&shared);
        let router = Router::new()
            .route("/key", get(own_key))
            .route("/call/{method}", post(call))
            .route("/sealed", post(sealed))
            .layer(DefaultBodyLimit::max(limits.body))
            .with_state(shared);
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(async {
                let _ = stopped.await;
            });
            let _ = served.await;
        };
        let thread = std::thread::Builder::new().name("service".into()).spawn(move || {
            runtime.block_on(serve);
            drop(runtime);
            drop(handler_ends_last);
        })?;
        Ok(Self { address, key: public, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The key that requests are sealed for.
    pub const fn key(&self) -> Option<[u8; 32]> {
        self.key
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn own_key<H: Handler>(State(shared): State<Arc<Shared<H>>>) -> Response {
    match &shared.key {
        Some(key) => Json(json!({ "key": hex::encode(key.public_key()) })).into_response(),
        None => refuse(&ServiceError::new("no_key", "this service takes no sealed requests").with_status(404)),
    }
}

async fn call<H: Handler>(
    State(shared): State<Arc<Shared<H>>>,
    Path(method): Path<String>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let parameters = match body {
        Ok(body) if body.is_empty() => Ok(Value::Null),
        Ok(body) => serde_json::from_slice(&body).map_err(ServiceError::bad_request),
        Err(error) => Err(too_large(&error)),
    };
    match parameters {
        Ok(parameters) => match work(&shared, method, parameters).await {
            Ok(answer) => Json(answer).into_response(),
            Err(error) => refuse(&error),
        },
        Err(error) => refuse(&error),
    }
}

async fn sealed<H: Handler>(
    State(shared): State<Arc<Shared<H>>>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let opened = body.map_err(|error| too_large(&error)).and_then(|body| {
        let key = shared.key.as_ref();
        let key = key.ok_or_else(|| ServiceError::new("no_key", "this service takes no sealed requests"))?;
        let envelope: Envelope = serde_json::from_slice(&body).map_err(ServiceError::bad_request)?;
        envelope.open(key).map_err(|error| ServiceError::new("not_opened", error).with_status(400))
    });
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => return refuse(&error),
    };
    let answer = match work(&shared, opened.method.clone(), opened.parameters.clone()).await {
        Ok(answer) => json!({ "ok": answer }),
        Err(error) => json!({ "refused": error }),
    };
    match opened.answer(&answer) {
        Ok(envelope) => Json(envelope).into_response(),
        Err(error) => refuse(&ServiceError::new("not_sealed", error).with_status(400)),
    }
}

async fn work<H: Handler>(shared: &Arc<Shared<H>>, method: String, parameters: Value) -> Result<Value, ServiceError> {
    let Ok(_slot) = shared.slots.try_acquire() else {
        let busy = ServiceError::new("busy", "too many requests at a time").with_status(503);
        return Err(busy.hint("the same request may be sent again in a moment"));
    };
    let working = Arc::clone(shared);
    let answer = tokio::task::spawn_blocking(move || working.handler.call(&method, parameters)).await;
    answer.unwrap_or_else(|_| Err(ServiceError::new("bug", "the service failed at this request").with_status(500)))
}

fn too_large(error: &axum::extract::rejection::BytesRejection) -> ServiceError {
    ServiceError::new("too_large", error).with_status(error.status().as_u16())
}

fn refuse(error: &ServiceError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let mut response = (status, Json(error)).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    response
}
