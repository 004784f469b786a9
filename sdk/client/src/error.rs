//! Why a request did not succeed.

/// An error of the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The node cannot be reached.
    #[error("the node at {url} cannot be reached: {cause}")]
    Unreachable {
        /// Where.
        url: String,
        /// What the transport says.
        cause: String,
    },
    /// The node says no.
    #[error("{message}")]
    Refused {
        /// The stable name.
        name: String,
        /// In words.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The node's answer is not what it should be, or does not verify.
    #[error("the node's answer to {method} cannot be used: {cause}")]
    Answer {
        /// The method.
        method: String,
        /// What is wrong.
        cause: String,
    },
    /// It took too long.
    #[error("{what} is not final under {rule} after {seconds} s")]
    Timeout {
        /// What was waited for.
        what: String,
        /// The rule.
        rule: String,
        /// How long.
        seconds: u64,
    },
    /// Somebody has to consent whose key is not here.
    #[error("{address} has to consent to this call and its key was not given")]
    Consent {
        /// The address.
        address: String,
    },
}

impl ClientError {
    /// The stable name for machines.
    pub fn name(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Refused { name, .. } => name,
            Self::Answer { .. } => "bad_answer",
            Self::Timeout { .. } => "timeout",
            Self::Consent { .. } => "unauthorized",
        }
    }
}
