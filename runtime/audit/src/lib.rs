//! Replay of a ledger on any engine to the first divergence, and bundles that replay a block anywhere.
//!
//! A replay uses nothing of the stored state: it begins with the genesis document, executes every block and compares
//! what comes out with what the chain certified. A [`Bundle`] is one block with all that its execution reads, proved
//! against the root that its header carries, so that it needs no ledger.

mod bundle;
mod explain;
#[cfg(feature = "store")]
mod extract;
mod flame;
#[cfg(feature = "store")]
mod formats;
mod locate;
mod profile;
#[cfg(feature = "store")]
mod rehearse;
#[cfg(feature = "store")]
mod replay;
mod reprice;
mod source;
mod timeline;

pub use bundle::{Bundle, BundleError, Executed, Successor};
pub use explain::{Abis, ExplainedCall, ExplainedChange, ExplainedStep, explain};
#[cfg(feature = "store")]
pub use extract::{ExtractError, extract, trace};
pub use flame::Flame;
pub use locate::{Cause, Compute, Effect, Place, locate};
pub use profile::{CodeUse, FunctionUse, HostUse, InstanceUse, LineUse, Names, Profile, Profiler, Use};
#[cfg(feature = "store")]
pub use rehearse::{RehearsalError, Rehearsed, rehearse};
#[cfg(feature = "store")]
pub use replay::{
    AuditError, Difference, Divergence, Report, Span, Touch, join, plan, replay, replay_blocks, replay_span,
    replay_spans, touches,
};
pub use reprice::{Repriced, Schedule};
pub use source::{Line, SourceError, SourceMap};
pub use timeline::{Event, FrameFacts, Inputs, Timeline};
