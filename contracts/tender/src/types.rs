//! What a tender is opened with, what is answered, kept, reported and refused.

use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// What an initiator asks for, and by when what has to be done.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Who asks, and gets the funds.
    pub initiator: Address,
    /// In what.
    pub asset: Asset,
    /// Units asked for.
    pub target: u128,
    /// The least that will do, in parts of a million of the target; rounded up.
    pub threshold_ppm: u32,
    /// The X25519 key for which parameters are sealed; the other half stays with the initiator. One for each tender.
    pub key: [u8; 32],
    /// The referee's committee for whom responses are sealed once more, so that the initiator cannot look before they are closed; its
    /// keys are shown between `close_ms` and `select_ms`. Nobody if there is none.
    pub committee: Option<u64>,
    /// Whether the lowest parameter is the best, such as a rate; else the highest is.
    pub lowest_first: bool,
    /// Parameters below this are invalid.
    pub min_parameter: u64,
    /// Parameters above this are invalid.
    pub max_parameter: u64,
    /// The fewest units of a response.
    pub min_partial: u128,
    /// Responses, at most; 40 or fewer.
    pub max_responses: u32,
    /// Until when responses come, in ms since 1970.
    pub close_ms: u64,
    /// Until when the initiator selects, in ms since 1970.
    pub select_ms: u64,
    /// How long a round of validation lasts, in ms.
    pub validate_ms: u64,
    /// Rounds, at most.
    pub max_rounds: u32,
    /// Units that the initiator loses if it selects nothing, or lies about a response.
    pub initiator_bond: u128,
    /// Units that each responder adds, and loses if it is selected and does not validate.
    pub responder_bond: u128,
}

/// What became of a response.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Its funds are locked.
    Locked,
    /// Taken back before the tender closed.
    Withdrawn,
    /// The initiator says that it does not open to what was committed to, or is out of range.
    Invalid,
    /// It was selected and did not validate.
    Dropped,
    /// Its funds went to the initiator.
    Spent,
    /// Its funds went back.
    Returned,
}

/// A response.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// Whose.
    pub responder: Address,
    /// Units offered, for all to see.
    pub partial: u128,
    /// The encapsulated key of the sealed parameter.
    pub enc: [u8; 32],
    /// The sealed parameter and salt.
    pub ciphertext: Vec<u8>,
    /// SHA-256 over the place of the response, the parameter and the salt.
    pub commitment: Hash,
    /// The parameter, once it is open.
    pub parameter: Option<u64>,
    /// What became of it.
    pub status: Status,
}

/// What opens a response.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The response.
    pub response: u32,
    /// Its parameter.
    pub parameter: u64,
    /// Its salt.
    pub salt: [u8; 16],
}

/// Where a tender stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Responses come.
    Open,
    /// The initiator opens them.
    Selecting,
    /// The selected validate.
    Validating,
    /// The funds went to the initiator.
    Done,
    /// Nothing came of it: everything goes back.
    Failed,
}

/// Who is selected, and who has validated.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    /// The round, from 1.
    pub round: u32,
    /// Until when they validate, in ms since 1970.
    pub until_ms: u64,
    /// Responses, the best first.
    pub selected: Vec<u32>,
    /// Units of all of them.
    pub sum: u128,
    /// Hash of what each of them validates: all partials and parameters.
    pub bundle: Hash,
    /// Those of them that have.
    pub validated: Vec<u32>,
}

/// One line of what the selected validate.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Disclosed {
    /// The response.
    pub response: u32,
    /// Whose.
    pub responder: Address,
    /// Units.
    pub partial: u128,
    /// The parameter.
    pub parameter: u64,
}

/// A tender.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Tender {
    /// What it was opened with.
    pub terms: Terms,
    /// Where it stands.
    pub phase: Phase,
    /// Responses that came.
    pub responses: u32,
    /// The selection of the round that goes on, or of the last one.
    pub selection: Option<Selection>,
    /// What is left of the initiator's bond.
    pub bond: u128,
}

/// Why a tender refuses.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum TenderError {
    /// The terms make no sense together.
    BadTerms,
    /// There is no such tender.
    NoTender {
        /// Its number.
        tender: u64,
    },
    /// There is no such response, or it is not in that state.
    NoResponse {
        /// Its number.
        response: u32,
    },
    /// Not in this phase.
    WrongPhase {
        /// The phase.
        phase: Phase,
    },
    /// Too few or too many units, or too many bytes.
    BadResponse,
    /// The referee has no such committee.
    NoCommittee {
        /// Its number.
        committee: u64,
    },
    /// There are as many responses as there can be.
    Full,
    /// The parameter and salt are not what was committed to.
    NotCommitted {
        /// The response.
        response: u32,
    },
    /// The parameter is out of range: the response is invalid.
    OutOfRange {
        /// The response.
        response: u32,
    },
    /// Every response is either opened or called invalid, once.
    NotAll {
        /// The response.
        response: u32,
    },
    /// The hash is not that of what is disclosed.
    OtherBundle {
        /// That hash.
        bundle: Hash,
    },
    /// The response is not selected, or has validated.
    NotSelected {
        /// The response.
        response: u32,
    },
    /// Somebody has time left.
    NotYet {
        /// Until when, in ms since 1970.
        until_ms: u64,
    },
    /// What was sealed is something else.
    NotSealed {
        /// The response.
        response: u32,
    },
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for TenderError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

/// A tender was opened.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct TenderOpened {
    /// Its number.
    #[topic]
    pub tender: u64,
    /// By whom.
    #[topic]
    pub initiator: Address,
    /// Units asked for.
    pub target: u128,
}

/// A response came.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Responded {
    /// To which.
    #[topic]
    pub tender: u64,
    /// Whose.
    #[topic]
    pub responder: Address,
    /// Its number.
    pub response: u32,
    /// Units offered.
    pub partial: u128,
}

/// A response is out: taken back, invalid, dropped, or valid again after a dispute.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ResponseChanged {
    /// Of which tender.
    #[topic]
    pub tender: u64,
    /// Which.
    pub response: u32,
    /// What it is now.
    pub status: Status,
}

/// A round of validation began.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Selected {
    /// Of which tender.
    #[topic]
    pub tender: u64,
    /// The selection.
    pub selection: Selection,
}

/// A selected responder validated.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Validated {
    /// Of which tender.
    #[topic]
    pub tender: u64,
    /// Which response.
    pub response: u32,
}

/// A tender came to its end.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Which.
    #[topic]
    pub tender: u64,
    /// Units that went to the initiator; none if nothing came of it.
    pub sum: Option<u128>,
}

/// A bond, or a part of it, was lost.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Slashed {
    /// Of which tender.
    #[topic]
    pub tender: u64,
    /// Whose bond.
    pub from: Address,
    /// Units.
    pub units: u128,
}
