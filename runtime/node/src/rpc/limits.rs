//! What one server takes: bytes, connections, requests of a batch, requests a second, and time for each.

use super::error::RpcError;
use jsonrpsee::core::middleware::{Batch, BatchEntry, BatchEntryErr, Notification, RpcServiceT};
use jsonrpsee::server::MethodResponse;
use jsonrpsee::types::{ErrorObjectOwned, Request};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tower::Layer;

/// What a server takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Most bytes of a request: a transaction at its maximum, in hex, with room for the rest.
    pub request_bytes: u32,
    /// Most bytes of an answer.
    pub response_bytes: u32,
    /// Most requests of a batch.
    pub batch: u32,
    /// Most connections at once.
    pub connections: u32,
    /// Most subscriptions of a connection.
    pub subscriptions: u32,
    /// Requests a second over all connections; twice as many in a burst.
    pub requests_per_second: u32,
    /// Longest time for one request.
    pub duration: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 4 << 20,
            response_bytes: 64 << 20,
            batch: 100,
            connections: 256,
            subscriptions: 64,
            requests_per_second: 20_000,
            duration: Duration::from_secs(30),
        }
    }
}

/// Tokens that requests take and time gives back.
struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

/// Refuses what is too much.
#[derive(Clone)]
pub(super) struct LimitLayer {
    limits: Limits,
    bucket: Arc<Mutex<Bucket>>,
}

impl LimitLayer {
    pub fn new(limits: Limits) -> Self {
        let tokens = f64::from(limits.requests_per_second) * 2.0;
        Self { limits, bucket: Arc::new(Mutex::new(Bucket { tokens, filled_at: Instant::now() })) }
    }

    /// Takes tokens, if there are so many.
    fn take(&self, count: usize) -> Result<(), ErrorObjectOwned> {
        let rate = f64::from(self.limits.requests_per_second);
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        bucket.tokens = (bucket.tokens + now.duration_since(bucket.filled_at).as_secs_f64() * rate).min(rate * 2.0);
        bucket.filled_at = now;
        if bucket.tokens < count as f64 {
            let message = format!("more than {} requests a second", self.limits.requests_per_second);
            return Err(RpcError::new("too_many_requests", message).hint("wait a second and ask again").into());
        }
        bucket.tokens -= count as f64;
        Ok(())
    }
}

impl<S> Layer<S> for LimitLayer {
    type Service = Limited<S>;

    fn layer(&self, service: S) -> Limited<S> {
        Limited { service, limit: self.clone() }
    }
}

#[derive(Clone)]
pub(super) struct Limited<S> {
    service: S,
    limit: LimitLayer,
}

impl<S> RpcServiceT for Limited<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let (service, limit) = (self.service.clone(), self.limit.clone());
        async move {
            if let Err(error) = limit.take(1) {
                return MethodResponse::error(request.id, error);
            }
            let id = request.id.clone().into_owned();
            match tokio::time::timeout(limit.limits.duration, service.call(request)).await {
                Ok(response) => response,
                Err(_) => {
                    let message = format!("this took longer than {} s", limit.limits.duration.as_secs());
                    MethodResponse::error(id, ErrorObjectOwned::from(RpcError::new("timeout", message)))
                }
            }
        }
    }

    fn batch<'a>(&self, mut batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let (service, limit) = (self.service.clone(), self.limit.clone());
        async move {
            if let Err(error) = limit.take(batch.len()) {
                for entry in batch.iter_mut() {
                    if let Ok(BatchEntry::Call(call)) = entry {
                        *entry = Err(BatchEntryErr::new(call.id.clone(), error.clone()));
                    }
                }
            }
            service.batch(batch).await
        }
    }

    fn notification<'a>(&self, notification: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let service = self.service.clone();
        async move { service.notification(notification).await }
    }
}
