//! Static files on the port of JSON-RPC: GET is answered from the page, everything else goes on to the methods.
//!
//! Pages of other origins may ask only where the operator has named them.

use super::backend::Backend;
use jsonrpsee::core::BoxError;
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// A file that browsers may ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageFile {
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub content: &'static [u8],
}

/// The files of a page and what browsers are allowed to do with it.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The file at a path.
    pub file: fn(&str) -> Option<PageFile>,
    /// The content-security policy.
    pub policy: &'static str,
}

/// Answers GET from a page, if there is one, and for monitors; tells browsers which other origins may ask.
#[derive(Clone)]
pub(super) struct PageLayer {
    pub backend: Arc<dyn Backend>,
    pub page: Option<Page>,
    pub origins: Arc<[String]>,
}

impl<S> Layer<S> for PageLayer {
    type Service = PageService<S>;

    fn layer(&self, inner: S) -> PageService<S> {
        PageService { inner, layer: self.clone() }
    }
}

#[derive(Clone)]
pub(super) struct PageService<S> {
    inner: S,
    layer: PageLayer,
}

impl<S, B> Service<HttpRequest<B>> for PageService<S>
where
    S: Service<HttpRequest<B>, Response = HttpResponse>,
    S::Error: Into<BoxError> + 'static,
    S::Future: Send + 'static,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        // A WebSocket begins as a GET too and belongs to the methods.
        let upgrade = request.headers().contains_key("upgrade");
        if let Some(response) =
            self.layer.monitor(request.uri().path()).filter(|_| request.method() == "GET" && !upgrade)
        {
            return Box::pin(std::future::ready(Ok(response)));
        }
        if let Some(page) = self.layer.page.filter(|_| request.method() == "GET" && !upgrade) {
            let response = answer(&page, request.uri().path());
            return Box::pin(std::future::ready(Ok(response)));
        }
        let asking = request.headers().get("origin").and_then(|origin| origin.to_str().ok());
        let origin =
            asking.filter(|asking| self.layer.origins.iter().any(|allowed| allowed == asking)).map(str::to_owned);
        if let Some(origin) = origin.as_deref().filter(|_| request.method() == "OPTIONS") {
            return Box::pin(std::future::ready(Ok(preflight(origin))));
        }
        let response = self.inner.call(request);
        Box::pin(async move {
            let mut response = response.await.map_err(Into::into)?;
            if let Some(origin) = origin.and_then(|origin| origin.parse().ok()) {
                response.headers_mut().insert("access-control-allow-origin", origin);
            }
            Ok(response)
        })
    }
}

impl PageLayer {
    /// What monitors ask for: `/health` is 200 or 503, `/metrics` the counters in the text format of Prometheus.
    fn monitor(&self, path: &str) -> Option<HttpResponse> {
        let (status, text) = match path {
            "/health" => match self.backend.fault() {
                None => (200, "ok\n".to_owned()),
                Some(fault) => (503, format!("{fault}\n")),
            },
            "/metrics" => (200, self.backend.metrics()),
            _ => return None,
        };
        let response = HttpResponse::builder().status(status).header("content-type", "text/plain; version=0.0.4");
        Some(response.body(HttpBody::from(text.into_bytes())).expect("status and header are well formed"))
    }
}

/// What a browser asks before it sends JSON to another origin.
fn preflight(origin: &str) -> HttpResponse {
    let response = HttpResponse::builder()
        .status(204)
        .header("access-control-allow-origin", origin)
        .header("access-control-allow-methods", "POST")
        .header("access-control-allow-headers", "content-type")
        .header("vary", "origin");
    response.body(HttpBody::default()).expect("an origin that was a header is one again")
}

fn answer(page: &Page, path: &str) -> HttpResponse {
    let file = (page.file)(path);
    let (status, media_type, content) = match file {
        Some(file) => (200, file.media_type, file.content),
        None => (404, "text/plain; charset=utf-8", &b"there is no such file\n"[..]),
    };
    let response = HttpResponse::builder()
        .status(status)
        .header("content-type", media_type)
        .header("content-security-policy", page.policy)
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        .header("cache-control", "no-cache");
    response.body(HttpBody::from(content.to_vec())).expect("status and headers are well formed")
}
