//! What sites keep, report and refuse.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// What holds for all sites.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// In what revenue is split.
    pub asset: Asset,
    /// How far a device's time may be ahead of a block's, in ms.
    pub skew_ms: u64,
    /// How long readings may be stored before they are brought, in ms.
    pub store_ms: u64,
    /// How much more may be used than was generated, in parts of a million: what meters may be off.
    pub tolerance_ppm: u32,
    /// From this score on a period is held for an inspector.
    pub hold_score: u32,
    /// How long another admin waits, in ms.
    pub admin_delay_ms: u64,
}

/// What a device measures.
#[derive(Abi, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Gas, in thousandths of an actual cubic foot.
    Gas,
    /// What generators give, in watt hours.
    Generator,
    /// What a data centre takes, in watt hours.
    Centre,
}

/// A device's key.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// Ed25519.
    Ed25519([u8; 32]),
    /// ECDSA over P-256, compressed: what many meters have.
    P256([u8; 33]),
    /// ECDSA over secp256k1, compressed.
    Secp256k1([u8; 33]),
}

/// A meter that an inspector has seen.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Meter {
    /// Where it is.
    pub site: u64,
    /// What it measures.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// Hash of its calibration record.
    pub calibration: Hash,
    /// The most that it can measure in an hour.
    pub per_hour: u64,
    /// What its totaliser shows now.
    pub totaliser: u64,
    /// The number that its next reading has: real meters have counted before.
    pub next: u64,
}

/// A device.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Device {
    /// Where it is.
    pub site: u64,
    /// What it measures.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// Hash of its calibration record.
    pub calibration: Hash,
    /// The most that it can measure in an hour.
    pub per_hour: u64,
    /// The number of its next reading.
    pub next: u64,
    /// What its totaliser shows.
    pub totaliser: u64,
    /// What it has measured in all, through every replacement.
    pub total: u128,
    /// Of that, what periods have counted.
    pub counted: u128,
    /// When its last reading was, in ms since 1970.
    pub last_ms: u64,
    /// Whether it still counts.
    pub active: bool,
}

/// A reading: a leaf of a batch's tree.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Which device.
    pub device: u64,
    /// Its number.
    pub counter: u64,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// What the totaliser showed.
    pub totaliser: u64,
}

/// Readings that a device signs together.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Batch {
    /// Which device.
    pub device: u64,
    /// The number of the first.
    pub from: u64,
    /// How many.
    pub count: u32,
    /// The root of their tree.
    pub root: Hash,
    /// The last of them: when, in ms since 1970,
    pub at_ms: u64,
    /// and what the totaliser showed.
    pub totaliser: u64,
}

/// A site.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// Who runs it: closes periods and settles them.
    pub operator: Address,
    /// Who gets how much of its revenue, in parts of a million; together all of it.
    pub split: Vec<(Address, u32)>,
    /// Whose work is held against its energy: a pool of computing, if there is one.
    pub pool: Option<Address>,
}

/// Factors that gas is converted with. They are data: a newer set is another version.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Factors {
    /// Where they are from.
    pub name: String,
    /// Btu of a thousand standard cubic feet.
    pub btu_per_kscf: u64,
    /// Grams of carbon dioxide of a million Btu.
    pub co2_grams_per_mmbtu: u64,
    /// Grams of CO2 equivalents that are avoided with a million Btu that would have been flared.
    pub avoided_grams_per_mmbtu: u64,
    /// Pressure at which a cubic foot is standard, in pascals.
    pub base_pascal: u64,
    /// Temperature at which it is, in thousandths of a kelvin.
    pub base_millikelvin: u64,
    /// The least compressibility that is believed, in parts of a million.
    pub least_z_ppm: u32,
    /// The largest.
    pub most_z_ppm: u32,
    /// Fewer Btu than this for a kilowatt hour are not believed: 3 412 are all that is in one.
    pub least_btu_per_kwh: u64,
    /// More are not usual.
    pub most_btu_per_kwh: u64,
    /// The most hashes of a watt hour that are believed.
    pub most_hashes_per_wh: u128,
}

/// In what state gas was measured: means over a period.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conditions {
    /// Absolute pressure, in pascals.
    pub pascal: u64,
    /// Temperature, in thousandths of a kelvin.
    pub millikelvin: u64,
    /// Its compressibility over that at base conditions, in parts of a million.
    pub z_ppm: u32,
}

/// Where a period stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeriodStatus {
    /// It adds up.
    Closed,
    /// It does not quite: an inspector looks at it.
    Held,
    /// Its revenue was split.
    Settled,
    /// An inspector has thrown it out.
    Rejected,
}

/// What a site's devices measured in a time, converted.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Period {
    /// Of which site.
    pub site: u64,
    /// When it was closed, in ms since 1970.
    pub at_ms: u64,
    /// Which version of the factors.
    pub factors: u32,
    /// Thousandths of an actual cubic foot.
    pub actual: u128,
    /// Thousandths of a standard cubic foot.
    pub standard: u128,
    /// Btu.
    pub btu: u128,
    /// Watt hours that were generated.
    pub generated_wh: u128,
    /// Watt hours that were used.
    pub used_wh: u128,
    /// Hashes that were found in it.
    pub hashes: u128,
    /// How little it adds up; 0 if it does.
    pub score: u32,
    /// The controller's log of it.
    pub setpoints: Hash,
    /// The certificate that was issued for it.
    pub certificate: Option<u64>,
    /// Where it stands.
    pub status: PeriodStatus,
}

/// A certificate that gas was not flared.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// For which period.
    pub period: u64,
    /// Whose it is.
    pub owner: Address,
    /// Grams of CO2 equivalents that were avoided.
    pub grams: u128,
    /// Its id in a register outside, which has it alone.
    pub outside: Option<Hash>,
    /// Whether it was used up.
    pub retired: bool,
}

/// What is refused with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum SiteError {
    /// Terms or fields make no sense.
    BadTerms,
    /// There is no such site.
    NoSite,
    /// There is no such device, or it counts no more.
    NoDevice {
        /// Its number.
        device: u64,
    },
    /// The number is not the next.
    WrongCounter {
        /// The next.
        next: u64,
    },
    /// The totaliser goes back, or shows more than the device can measure.
    WrongTotaliser {
        /// The least that it can show.
        least: u64,
        /// The most.
        most: u64,
    },
    /// Before the last reading, ahead of the block, or stored for too long.
    WrongTime,
    /// The signature is not the device's.
    BadSignature,
    /// A signed record is none that can be read.
    BadRecord,
    /// There is no such batch, or no path from a reading to it.
    NoProof,
    /// Two readings do not contradict each other.
    NoContradiction,
    /// There is no such version of factors.
    NoFactors,
    /// Conditions are beyond what the factors believe.
    BadConditions,
    /// Nothing was measured since the last period.
    Nothing,
    /// It cannot be: more energy comes out than went in.
    Impossible {
        /// What there was, in Btu or watt hours.
        have: u128,
        /// What is claimed.
        claimed: u128,
    },
    /// There is no such period.
    NoPeriod,
    /// Not where the period stands.
    WrongStatus {
        /// Where it does.
        status: PeriodStatus,
    },
    /// There is a certificate for this period, or this id.
    Certified,
    /// There is no such certificate, or it was used up.
    NoCertificate,
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
    /// The key is another device's, or was.
    KeyTaken {
        /// Which.
        device: u64,
    },
}

impl From<AssetError> for SiteError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

impl From<RoleError> for SiteError {
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

/// Readings are there.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// Of which device.
    #[topic]
    pub device: u64,
    /// The number of the first.
    pub from: u64,
    /// How many.
    pub count: u32,
    /// What was measured.
    pub delta: u64,
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

/// A period is there, or stands elsewhere.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct PeriodChanged {
    /// Its number.
    #[topic]
    pub period: u64,
    /// Of which site.
    #[topic]
    pub site: u64,
    /// As it is now.
    pub now: Period,
}

/// Revenue was split.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Split {
    /// Of which period.
    #[topic]
    pub period: u64,
    /// Who got how much.
    pub parts: Vec<(Address, u128)>,
}

/// A certificate is there, or changed hands, or was used up.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct CertificateChanged {
    /// Its number.
    #[topic]
    pub certificate: u64,
    /// As it is now.
    pub now: Certificate,
}
