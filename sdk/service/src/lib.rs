//! What native services of the suite share: JSON over HTTP with coded errors, bounds, and requests sealed for the service.

mod client;
mod envelope;
mod error;
mod handler;
mod process;
mod secret;
mod server;

pub use client::{Client, ClientError};
pub use envelope::{Envelope, EnvelopeError};
pub use error::ServiceError;
pub use handler::Handler;
pub use process::Process;
pub use secret::secret_file;
pub use server::{Limits, Server};
