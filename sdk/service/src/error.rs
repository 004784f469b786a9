//! How a service refuses.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a service refuses: a stable word, why, and what helps.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ServiceError {
    /// A stable word for machines, in small letters.
    pub error: String,
    /// Why, for people.
    pub message: String,
    /// What helps, if anything is known to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The HTTP status that goes with it.
    #[serde(skip, default = "refused")]
    pub status: u16,
}

const fn refused() -> u16 {
    422
}

impl ServiceError {
    /// The service understands and refuses (422).
    pub fn new(error: &str, message: impl ToString) -> Self {
        Self { error: error.to_owned(), message: message.to_string(), hint: None, status: refused() }
    }

    /// The same with another HTTP status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same with what helps.
    pub fn hint(mut self, hint: impl ToString) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// The request makes no sense (400).
    pub fn bad_request(message: impl ToString) -> Self {
        Self::new("bad_request", message).with_status(400)
    }

    /// There is no such method (404).
    pub fn unknown_method(method: &str) -> Self {
        Self::new("unknown_method", format!("there is no method `{method}`")).with_status(404)
    }

    /// The service itself, or what stands behind it, failed (503): the same request may succeed later.
    pub fn unavailable(message: impl ToString) -> Self {
        Self::new("unavailable", message).with_status(503)
    }

    /// Reads parameters.
    ///
    /// # Errors
    /// [`ServiceError::bad_request`] with what is wrong.
    pub fn parameters<T: DeserializeOwned>(parameters: Value) -> Result<T, Self> {
        serde_json::from_value(parameters).map_err(Self::bad_request)
    }
}
