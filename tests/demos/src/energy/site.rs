//! The plant with its meters, and the link over which their word comes to the ledger.

use crate::stage::{Contract, Stage, hex, outcome_error};
use counterpart_cli::output::{Exit, OrFail};
use counterpart_client::Signer;
use counterpart_ledger::Action;
use counterpart_sdk::Address;
use energy_site::{Batch, Key, Reading};
use plant::gas::{dry, z_ppm};
use plant::{Gateway, Ledger, LedgerError, Log, Meter, Plant, Queue, Random};
use serde_json::{Value, json};
use std::path::Path;

pub const DAY_MS: u64 = 86_400_000;
const MINUTES: u64 = 24 * 60;
/// Minutes between two readings.
const EVERY: u64 = 15;
/// In so many of a hundred a message is lost, on its way there and on its way back.
const LOSES: u64 = 11;
/// The state of the gas in the pipe: 2.1 bar, 17 degrees Celsius.
pub const PASCAL: u64 = 210_000;
pub const MILLIKELVIN: u64 = 290_150;
/// The state in which a cubic foot is standard.
const BASE_PASCAL: u64 = 101_560;
const BASE_MILLIKELVIN: u64 = 288_706;
/// What the plant's meters measure: gas, the panel, and both centres.
const KINDS: [&str; 4] = ["Gas", "Generator", "Centre", "Centre"];
/// The most that they can measure in an hour.
const PER_HOUR: [u64; 4] = [10_000_000, 400_000, 150_000, 150_000];

/// The seed of a meter's key.
pub fn seed(device: u64) -> [u8; 32] {
    [device as u8 + 101; 32]
}

/// What a meter signs: a batch, its signature, and its readings.
pub type Signed = (Batch, [u8; 64], Vec<Reading>);

/// The terms of sites whose revenue comes in an asset.
pub fn terms(asset: &Value) -> Value {
    json!({
        "asset": asset, "skew_ms": 600_000, "store_ms": 10 * DAY_MS, "tolerance_ppm": 0, "hold_score": 50,
        "admin_delay_ms": 0,
    })
}

/// What gas is converted with.
pub fn factors() -> Value {
    json!({
        "name": "40 CFR 98, tables C-1 and C-2", "btu_per_kscf": 1_026_000, "co2_grams_per_mmbtu": 53_060,
        "avoided_grams_per_mmbtu": 11_000, "base_pascal": BASE_PASCAL, "base_millikelvin": BASE_MILLIKELVIN,
        "least_z_ppm": 700_000, "most_z_ppm": 1_100_000, "least_btu_per_kwh": 6_000, "most_btu_per_kwh": 15_000,
        "most_hashes_per_wh": "1000000000",
    })
}

/// The actions by which an inspector registers the meters of the first site.
pub fn register_meters(sites: &Contract, inspector: &str) -> anyhow::Result<Vec<Action>> {
    let mut meters = Vec::new();
    for (device, (kind, per_hour)) in KINDS.iter().zip(PER_HOUR).enumerate() {
        let Key::Ed25519(key) = Meter::public_key(seed(device as u64)) else { continue };
        let meter = json!({
            "site": 0, "kind": kind, "key": { "Ed25519": hex(&key) }, "calibration": hex(&[0; 32]),
            "per_hour": per_hour, "totaliser": 0, "next": 0,
        });
        meters.push(sites.call("register_device", json!({ "inspector": inspector, "meter": meter }))?);
    }
    Ok(meters)
}

/// The plant and its meters.
pub struct Site {
    plant: Plant,
    meters: Vec<Meter>,
    pub z_ppm: u32,
    pub minutes: u64,
    pub readings: u64,
    pub batches: u64,
}

impl Site {
    pub fn new(chain: u64, contract: Address) -> anyhow::Result<Self> {
        let meters = (0..4).map(|device| Meter::new(seed(device), device, chain, contract)).collect();
        let z_ppm = z_ppm(&dry(), PASCAL, MILLIKELVIN).or_fail(Exit::Bug, "demo", "the gas has no state")?;
        Ok(Self { plant: Plant::new(2_026), meters, z_ppm, minutes: 0, readings: 0, batches: 0 })
    }

    /// What the gas meter shows of standard cubic feet: actual ones.
    fn actual(&self, standard: u64) -> u64 {
        let by_state =
            u128::from(standard) * u128::from(BASE_PASCAL) * u128::from(MILLIKELVIN) * u128::from(self.z_ppm);
        (by_state / (u128::from(PASCAL) * u128::from(BASE_MILLIKELVIN) * 1_000_000)) as u64
    }

    /// A day from a time on, minute by minute. Answers what its meters sign at the end, and the controller's log.
    pub fn day(&mut self, from_ms: u64) -> (Vec<Signed>, Log) {
        for minute in 1..=MINUTES {
            self.plant.minute();
            self.minutes += 1;
            if minute % EVERY == 0 {
                let at_ms = from_ms + minute * 60_000;
                let shown = [
                    self.actual(self.plant.gas()),
                    self.plant.generated_wh(),
                    self.plant.used_wh(0),
                    self.plant.used_wh(1),
                ];
                for (meter, totaliser) in self.meters.iter_mut().zip(shown) {
                    meter.read(at_ms, totaliser);
                }
            }
        }
        let signed: Vec<_> = self.meters.iter_mut().filter_map(Meter::sign).collect();
        self.batches += signed.len() as u64;
        self.readings += signed.iter().map(|(batch, ..)| u64::from(batch.count)).sum::<u64>();
        (signed, self.plant.next_log())
    }
}

/// A batch as it stands in documents.
pub fn batch_json(batch: &Batch) -> Value {
    json!({
        "device": batch.device, "from": batch.from, "count": batch.count, "root": hex(&batch.root.0),
        "at_ms": batch.at_ms, "totaliser": batch.totaliser,
    })
}

/// The ledger behind a link that loses things.
struct Link<'a, 'b> {
    stage: &'a mut Stage<'b>,
    contract: &'a Contract,
    carrier: &'a Signer,
    random: &'a mut Random,
    lost: &'a mut u64,
}

impl Link<'_, '_> {
    fn loses(&mut self) -> bool {
        let loses = self.random.below(100) < LOSES;
        *self.lost += u64::from(loses);
        loses
    }
}

impl Ledger for Link<'_, '_> {
    fn submit(&mut self, batch: &Batch, signature: &[u8; 64]) -> Result<(), LedgerError> {
        if self.loses() {
            return Err(LedgerError::Lost);
        }
        let arguments = json!({ "batch": batch_json(batch), "signature": hex(signature) });
        let action = self.contract.call("submit", arguments).map_err(|_| LedgerError::Refused)?;
        let done = self.stage.quietly(self.carrier, action).map_err(|_| LedgerError::Lost)?;
        if self.loses() {
            return Err(LedgerError::Lost);
        }
        let next = done["error"]["WrongCounter"]["next"].as_u64().or(done["error"]["fields"]["next"].as_u64());
        match outcome_error(&done).as_deref() {
            None => Ok(()),
            Some("WrongCounter") => Err(LedgerError::WrongCounter { next: next.unwrap_or(batch.from + 1) }),
            Some(_) => Err(LedgerError::Refused),
        }
    }
}

/// Keeps what was signed, and brings it to the ledger until all of it is there.
pub fn bring(
    stage: &mut Stage<'_>,
    (contract, carrier): (&Contract, &Signer),
    folder: &Path,
    signed: &[Signed],
    random: &mut Random,
) -> anyhow::Result<u64> {
    let queue = Queue::open(folder).or_fail(Exit::Bug, "demo", "the gateway's queue does not open")?;
    for (batch, signature, _) in signed {
        queue.put(batch, signature).or_fail(Exit::Bug, "demo", "the gateway's queue keeps nothing")?;
    }
    let mut lost = 0;
    let mut gateway = Gateway::new(queue, Link { stage, contract, carrier, random, lost: &mut lost });
    while !gateway.queue().is_empty().or_fail(Exit::Bug, "demo", "the gateway's queue cannot be read")? {
        gateway.tick().or_fail(Exit::Bug, "demo", "the gateway does not get further")?;
    }
    drop(gateway);
    Ok(lost)
}
