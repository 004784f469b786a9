//! What the token reports. Every change of the table of holders can be told from these.

use crate::holding::Ratio;
use counterpart_sdk::prelude::*;

/// Units were issued.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Issued {
    /// The holder.
    #[topic]
    pub to: Address,
    /// In this partition; 0 is the common one.
    pub partition: u32,
    /// How many.
    pub units: u128,
}

/// Units moved.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Transferred {
    /// From this holder.
    #[topic]
    pub from: Address,
    /// To this holder.
    #[topic]
    pub to: Address,
    /// In this partition; 0 is the common one.
    pub partition: u32,
    /// How many.
    pub units: u128,
}

/// A holder was frozen or released.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Frozen {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// Which of both.
    pub frozen: bool,
}

/// A holder's units were locked.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Locked {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// Until when, in ms since 1970.
    pub time_ms: u64,
}

/// So many of a holder's units are frozen.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct UnitsFrozen {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// How many.
    pub units: u128,
}

/// An agent moved units whatever their holder said.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Forced {
    /// From this holder.
    #[topic]
    pub from: Address,
    /// To this holder.
    #[topic]
    pub to: Address,
    /// How many.
    pub units: u128,
    /// Units that are frozen no more, because they are not there any more.
    pub thawed: u128,
}

/// A holder got another account.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// The account that was lost.
    #[topic]
    pub lost: Address,
    /// The one that took over, with all that was known.
    #[topic]
    pub new: Address,
    /// With so many units.
    pub units: u128,
}

/// Units left the register.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Redeemed {
    /// Whose they were.
    #[topic]
    pub holder: Address,
    /// In this partition; 0 is the common one.
    pub partition: u32,
    /// How many.
    pub units: u128,
}

/// A holder set what somebody may spend.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Approved {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// Who may spend.
    #[topic]
    pub spender: Address,
    /// How many units.
    pub units: u128,
    /// Until when, in ms since 1970.
    pub expires_ms: u64,
}

/// A document was published or replaced.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct DocumentPublished {
    /// Its name.
    pub name: String,
    /// SHA3-256 of its content.
    pub hash: Hash,
}

/// The token was deactivated.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Deactivated {}

/// A contract of rules was chosen.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ComplianceSet {
    /// It.
    #[topic]
    pub compliance: Address,
}

/// The child was named.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct UpgradedAddressSet {
    /// The child.
    #[topic]
    pub child: Address,
}

/// A holder's units moved to the child.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Upgraded {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// How many.
    pub units: u128,
    /// The child.
    #[topic]
    pub child: Address,
}

/// Units of a holder were locked up.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct LockedUp {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// How many.
    pub units: u128,
    /// Until when, in ms since 1970.
    pub until_ms: u64,
}

/// A next version was proposed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct UpgradeProposed {
    /// The child.
    #[topic]
    pub child: Address,
    /// The hash of its code.
    pub code_hash: Hash,
    /// From when it can be named, in ms since 1970.
    pub from_ms: u64,
}

/// A proposal was taken back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct UpgradeCancelled {
    /// The child.
    #[topic]
    pub child: Address,
}

/// The child did not take a holder, who stays.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct UpgradeRefused {
    /// The holder.
    #[topic]
    pub holder: Address,
}

/// A holder came over from the parent.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Migrated {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// With so many units of the parent.
    pub parent_units: u128,
    /// Which are so many of this version.
    pub units: u128,
}

/// A split has begun.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct SplitBegun {
    /// Its number.
    #[topic]
    pub split: u32,
    /// Its ratio.
    pub ratio: Ratio,
}

/// Units of a holder were split.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct UnitsSplit {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// Units before, in this version and those before it.
    pub before: u128,
    /// Units after.
    pub after: u128,
    /// What remains, in parts of the ratio's old units.
    pub remains: u128,
}

/// All units are split.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct SplitEnded {
    /// Its number.
    #[topic]
    pub split: u32,
    /// Units before.
    pub before: u128,
    /// Units after.
    pub after: u128,
    /// What remains of all, in parts of the ratio's old units.
    pub remains: u128,
}
