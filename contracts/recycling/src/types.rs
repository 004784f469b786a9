//! What the register keeps, reports and refuses.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// What holds for all.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// How far a device's time may be off a block's, in ms.
    pub skew_ms: u64,
    /// How much more may come out of a step than went in before it is flagged, in parts of a million.
    pub tolerance_ppm: u32,
    /// In what rewards are paid.
    pub asset: Asset,
    /// Units for a gram that is deposited.
    pub reward_per_gram: u128,
    /// How long another admin waits, in ms.
    pub admin_delay_ms: u64,
}

/// A device.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Device {
    /// Whose it is: revenue is its owner's.
    pub owner: Address,
    /// Its Ed25519 key.
    pub key: [u8; 32],
    /// Where it stands, as a cell of a map.
    pub cell: u64,
    /// Hash of its calibration record.
    pub calibration: Hash,
    /// The number that its next event has.
    pub next: u64,
    /// When its last event was, in ms since 1970.
    pub last_ms: u64,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Whether its owner lets new readings be sold.
    pub on_sale: bool,
}

/// What a device signs.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Which device.
    pub device: u64,
    /// Its number: one more than the last, or than the end of a declared gap.
    pub counter: u64,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// Its class, which says what it costs.
    pub class: u8,
    /// The EPCIS event hash of its body.
    pub hash: Hash,
    /// Grams that were deposited, if it is a deposit.
    pub grams: u64,
    /// Whose account is rewarded, if it is a deposit.
    pub depositor: Option<Address>,
}

/// A reading with its signature, and what the gateway commits to.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Submission {
    /// The reading.
    pub reading: Reading,
    /// The device's signature.
    pub signature: [u8; 64],
    /// SHA-256 of the encrypted body.
    pub body: Hash,
    /// SHA-256 of the key's commitment text: see `key_commitment`.
    pub key_commitment: Hash,
}

/// An event, as the register keeps it.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// What the device signed.
    pub reading: Reading,
    /// Which gateway brought it.
    pub gateway: Address,
    /// SHA-256 of the encrypted body.
    pub body: Hash,
    /// The commitment to its key.
    pub key_commitment: Hash,
    /// Whether its device's owner took it off the market.
    pub withdrawn: bool,
}

/// Where an item stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// It is known.
    Registered,
    /// It was given back.
    Deposited,
    /// It was fetched.
    Collected,
    /// It was sorted.
    Sorted,
    /// Something else was made of it: its end.
    Processed,
}

/// An item or batch.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Where it stands.
    pub stage: Stage,
    /// Who has it.
    pub custodian: Address,
    /// Its grams.
    pub grams: u64,
    /// What it was made of.
    pub parents: Vec<Hash>,
    /// More came out of the step that made it than went in.
    pub flagged: bool,
}

/// What the register refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum RecyclingError {
    /// Terms or fields make no sense.
    BadTerms,
    /// There is no such device.
    NoDevice {
        /// Its number.
        device: u64,
    },
    /// The device was revoked.
    Revoked {
        /// Its number.
        device: u64,
    },
    /// The number is not the next: it was there, or others are missing.
    WrongCounter {
        /// The device.
        device: u64,
        /// The next number.
        next: u64,
    },
    /// Too far from the block's time, or before the device's last event.
    WrongTime {
        /// The device.
        device: u64,
    },
    /// The signature is not the device's for this contract and chain.
    BadSignature {
        /// The device.
        device: u64,
    },
    /// As many as one message takes.
    TooMany {
        /// That many.
        limit: u32,
    },
    /// There is no such event.
    NoEvent {
        /// Its number.
        event: u64,
    },
    /// There is no such item, or one too many.
    NoItem {
        /// Its id.
        item: Hash,
    },
    /// The item is not where it would have to be.
    WrongStage {
        /// Its id.
        item: Hash,
        /// Where it is.
        stage: Stage,
    },
    /// Not for this caller.
    Stranger,
    /// Not for this caller.
    Role {
        /// Why.
        error: RoleError,
    },
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for RecyclingError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

impl From<RoleError> for RecyclingError {
    fn from(error: RoleError) -> Self {
        Self::Role { error }
    }
}

/// A device is there, or changed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct DeviceChanged {
    /// Its number.
    #[topic]
    pub device: u64,
    /// As it is now.
    pub now: Device,
}

/// An event was recorded.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Ingested {
    /// Its number.
    #[topic]
    pub event: u64,
    /// By which device.
    #[topic]
    pub device: u64,
    /// Its EPCIS event hash.
    pub hash: Hash,
}

/// Numbers that a device skipped, as it says itself.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct GapDeclared {
    /// Which device.
    #[topic]
    pub device: u64,
    /// The first that is missing.
    pub from: u64,
    /// The first that is not.
    pub until: u64,
}

/// An item is somewhere else.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ItemChanged {
    /// Its id.
    #[topic]
    pub item: Hash,
    /// Where.
    pub stage: Stage,
    /// Who has it.
    pub custodian: Address,
}

/// More came out of a step than went in.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct YieldFlagged {
    /// By whom.
    #[topic]
    pub recycler: Address,
    /// Grams that went in.
    pub grams_in: u64,
    /// Grams that came out.
    pub grams_out: u64,
}

/// Somebody is owed a reward.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Rewarded {
    /// Who.
    #[topic]
    pub account: Address,
    /// For which event.
    pub event: u64,
    /// Units.
    pub units: u128,
}
