//! Flexible BFT as pure rules: what a replica may sign, and how a client decides what is final.
//!
//! Replicas know one quorum R. On R first votes for a block each replica *certifies* it to clients by a final; nobody
//! commits for others. Each client decides by its own rule over the growing set of finals.
//!
//! No clock, disk, network or randomness: whoever drives these types brings events in and carries effects out.

mod evidence;
mod rules;
mod tally;
mod voter;

pub use evidence::{Evidence, EvidenceError};
pub use rules::{CommitRule, Decision, RuleError, Strength, strength};
pub use tally::{Tally, TallyError};
pub use voter::{Record, Refusal, Voter, leader};
