//! Calls a service.

use crate::{Envelope, EnvelopeError, ServiceError};
use serde_json::{Value, json};
use std::time::Duration;
use ureq::Agent;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The service refuses.
    #[error("{}: {}", .0.error, .0.message)]
    Refused(ServiceError),
    /// It cannot be reached, or does not answer in time: whether it did anything is not known.
    #[error("{url} does not answer: {reason}")]
    Unreachable {
        /// Where it is.
        url: String,
        /// Why.
        reason: String,
    },
    /// The answer is none.
    #[error("{url} answers what is no answer")]
    NoAnswer {
        /// Where it is.
        url: String,
    },
    /// A request or answer cannot be sealed or opened.
    #[error("{0}")]
    Envelope(#[from] EnvelopeError),
}

/// A service, from outside.
#[derive(Clone, Debug)]
pub struct Client {
    url: String,
    agent: Agent,
    key: Option<[u8; 32]>,
}

fn agent(patience: Duration) -> Agent {
    Agent::config_builder().timeout_global(Some(patience)).http_status_as_error(false).build().into()
}

impl Client {
    /// A service at a URL.
    pub fn new(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), agent: agent(PATIENCE), key: None }
    }

    /// The same with another time that an answer may take; half a minute otherwise.
    pub fn patience(self, patience: Duration) -> Self {
        Self { agent: agent(patience), ..self }
    }

    /// The same, with everything sealed for its key: known beforehand, not asked on the way.
    pub fn sealed(url: &str, key: [u8; 32]) -> Self {
        Self { key: Some(key), ..Self::new(url) }
    }

    /// Calls a method.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn call(&self, method: &str, parameters: &Value) -> Result<Value, ClientError> {
        let Some(key) = &self.key else { return self.post(&format!("/call/{method}"), parameters) };
        let (request, own) = Envelope::request(key, method, parameters)?;
        let answer = self.post("/sealed", &json!(request))?;
        let answer: Envelope = serde_json::from_value(answer).map_err(|_| self.no_answer())?;
        let mut answer = answer.open_answer(&own, &request)?;
        match (answer.get_mut("ok").map(Value::take), answer.get_mut("refused").map(Value::take)) {
            (Some(value), None) => Ok(value),
            (None, Some(refused)) => {
                Err(ClientError::Refused(serde_json::from_value(refused).map_err(|_| self.no_answer())?))
            }
            _ => Err(self.no_answer()),
        }
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        let unreachable =
            |reason: ureq::Error| ClientError::Unreachable { url: self.url.clone(), reason: reason.to_string() };
        let sent = self.agent.post(format!("{}{path}", self.url)).content_type("application/json");
        let mut response = sent.send(body.to_string()).map_err(unreachable)?;
        let status = response.status();
        let text = response.body_mut().read_to_string().map_err(unreachable)?;
        let answer: Value = serde_json::from_str(&text).map_err(|_| self.no_answer())?;
        if status.is_success() {
            return Ok(answer);
        }
        let refused: ServiceError = serde_json::from_value(answer).map_err(|_| self.no_answer())?;
        Err(ClientError::Refused(refused.with_status(status.as_u16())))
    }

    fn no_answer(&self) -> ClientError {
        ClientError::NoAnswer { url: self.url.clone() }
    }
}
