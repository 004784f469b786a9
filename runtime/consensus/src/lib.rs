//! Flexible BFT as pure rules: what a replica may sign, and how a client decides what is final.
//!
//! Replicas know one quorum R. On R first votes for a block each replica *certifies* it to clients by a final; nobody
//! commits for others. Each client decides by its own rule over the growing set of finals.
//!
//! No clock, disk, network or randomness: whoever drives these types brings events in and carries effects out.
//!
//! - `core`: the replica's part of the protocol, which a model checker runs too,
//! - `voter`: the guard over a replica's own key,
//! - `collector`, `tally`: counting signatures and catching contradictions,
//! - `rules`, `observer`: what clients conclude,
//! - `message`: what replicas send each other,

mod collector;
mod core;
mod message;
mod observer;
mod rules;
mod tally;
mod voter;

pub use collector::{CollectError, Collected, Collector};
pub use core::{Core, Effect, Event, Ground, Proposed, Said};
pub use counterpart_ledger::{Evidence, EvidenceError};
pub use message::{Message, Proposal};
pub use observer::{Observer, Sight};
pub use rules::{CommitRule, Decision, RuleError, Strength, strength};
pub use tally::{Tally, TallyError};
pub use voter::{Record, Refusal, Voter, leader};
