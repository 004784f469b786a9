//! Beacons in the place of hardware: how strong a terminal hears them, by distance and noise that come of one seed.

use crate::beacon_id::IdentityKey;
use crate::place::Place;
use crate::service::Packet;
use crate::vector::Choices;

/// A beacon that sends.
pub struct Sender {
    /// Where it stands.
    pub place: Place,
    /// How strong it is heard at one metre, in dBm.
    pub at_metre_dbm: i16,
    /// What it sends.
    pub key: IdentityKey,
    /// When its counter was zero, in seconds since 1970.
    pub since_s: u64,
    /// A beacon that sends what another sent at that time, again and again, in ms since 1970.
    pub replays_ms: Option<u64>,
}

/// Log-distance path loss in the open: ten decibels for each doubling and a half, noise of up to six either way.
const LOSS_DB_PER_DOUBLING: f64 = 6.6;
const NOISE_DB: u64 = 6;
/// Between two packets of a beacon, in ms.
const INTERVAL_MS: u64 = 300;

impl Sender {
    /// What a terminal hears of it in a span of time.
    pub fn packets(&self, terminal: &Place, from_ms: u64, until_ms: u64, choices: &mut Choices) -> Vec<Packet> {
        let metres = (terminal.distance_mm(&self.place) as f64 / 1_000.0).max(0.1);
        let strength = f64::from(self.at_metre_dbm) - metres.log2() * LOSS_DB_PER_DOUBLING;
        let mut packets = Vec::new();
        for at_ms in (from_ms..until_ms).step_by(INTERVAL_MS as usize) {
            let noise = choices.below(2 * NOISE_DB + 1) as f64 - NOISE_DB as f64;
            let seconds = self.replays_ms.unwrap_or(at_ms) / 1_000;
            let counter = u32::try_from(seconds.saturating_sub(self.since_s)).unwrap_or(u32::MAX);
            let rssi = (strength + noise).round() as i16;
            packets.push(Packet { id: hex::encode(self.key.identity(counter)), rssi: rssi.clamp(-127, -1), at_ms });
        }
        packets
    }
}
