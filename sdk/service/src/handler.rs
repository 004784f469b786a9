//! What a service does.

use crate::ServiceError;
use serde_json::Value;

/// What a service does, method by method.
pub trait Handler: Send + Sync + 'static {
    /// Answers a call. It runs on a thread of its own and may wait.
    ///
    /// # Errors
    /// [`ServiceError`]: a stable word, why, and what helps.
    fn call(&self, method: &str, parameters: Value) -> Result<Value, ServiceError>;
}

impl<H: Handler> Handler for std::sync::Arc<H> {
    fn call(&self, method: &str, parameters: Value) -> Result<Value, ServiceError> {
        (**self).call(method, parameters)
    }
}
