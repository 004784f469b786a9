//! Which merchant's beacon a terminal is nearest to: a pure function of what it heard.
//!
//! Strengths jump by several decibels from one packet to the next, so a distance is not made of them. The middle one of a window
//! says which beacon is the strongest, and the choice changes only when another is stronger by a margin.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Packets that are looked at, at most, the newest first: a flood of them makes nothing slower.
pub const MAX_PACKETS: usize = 2_000;

/// A packet that a terminal heard, after its identity was resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Heard {
    /// Whose beacon it is.
    pub merchant: u64,
    /// Which of its beacons.
    pub beacon: u32,
    /// Strength in dBm; what is not below zero was not measured.
    pub rssi: i16,
    /// When, in ms of the terminal's own clock.
    pub at_ms: u64,
}

/// How the choice is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rules {
    /// How far back packets count, in ms.
    pub window_ms: u64,
    /// Packets of a beacon without which it does not count.
    pub min_packets: usize,
    /// Decibels by which another beacon has to be stronger to take over.
    pub margin_db: i16,
    /// Without a packet for so long, the present choice is dropped, in ms.
    pub stale_ms: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { window_ms: 3_000, min_packets: 3, margin_db: 4, stale_ms: 5_000 }
    }
}

/// The beacon that is chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// Whose.
    pub merchant: u64,
    /// Which.
    pub beacon: u32,
    /// The middle of its strengths in the window, in half decibels so that the middle of two is whole.
    pub twice_dbm: i32,
}

impl Rules {
    /// The strongest beacon of the candidates, given the choice before; nobody if none counts. Of equals, the smaller numbers.
    pub fn strongest(
        &self,
        heard: &[Heard],
        candidates: &[u64],
        before: Option<Choice>,
        now_ms: u64,
    ) -> Option<Choice> {
        let counts =
            |packet: &&Heard| packet.rssi < 0 && packet.at_ms <= now_ms && candidates.contains(&packet.merchant);
        let mut newest: Vec<&Heard> = heard.iter().filter(counts).collect();
        newest.sort_unstable_by_key(|packet| (u64::MAX - packet.at_ms, packet.merchant, packet.beacon, packet.rssi));
        newest.truncate(MAX_PACKETS);
        let mut windows: BTreeMap<(u64, u32), Vec<i16>> = BTreeMap::new();
        for packet in newest.iter().filter(|packet| now_ms - packet.at_ms < self.window_ms) {
            windows.entry((packet.merchant, packet.beacon)).or_default().push(packet.rssi);
        }
        let enough = windows.into_iter().filter(|(_, strengths)| strengths.len() >= self.min_packets.max(1));
        let ranked: Vec<Choice> = enough
            .map(|((merchant, beacon), strengths)| Choice { merchant, beacon, twice_dbm: middle(strengths) })
            .collect();
        // Strictly stronger: the first of equals stays.
        let best =
            ranked.iter().copied().reduce(|best, next| if next.twice_dbm > best.twice_dbm { next } else { best });
        let Some(before) = before else { return best };
        let same = |merchant: u64, beacon: u32| (merchant, beacon) == (before.merchant, before.beacon);
        let fresh =
            newest.iter().any(|packet| same(packet.merchant, packet.beacon) && now_ms - packet.at_ms < self.stale_ms);
        if !fresh {
            return best;
        }
        // Too few packets for a new middle: it keeps its last one for as long as it is heard at all.
        let kept = ranked.iter().copied().find(|choice| same(choice.merchant, choice.beacon)).unwrap_or(before);
        match best {
            Some(best) if best.twice_dbm > kept.twice_dbm + 2 * i32::from(self.margin_db) => Some(best),
            _ => Some(kept),
        }
    }
}

/// Twice the middle of a list that is not empty; of two middles, their sum.
fn middle(mut strengths: Vec<i16>) -> i32 {
    strengths.sort_unstable();
    let (low, high) = ((strengths.len() - 1) / 2, strengths.len() / 2);
    i32::from(strengths[low]) + i32::from(strengths[high])
}
