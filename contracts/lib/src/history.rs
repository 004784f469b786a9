//! Amounts as they were at any time.

use counterpart_sdk::prelude::*;

/// An amount, and since when it has been that.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// When, in ms since 1970.
    pub time_ms: u64,
    /// How much.
    pub amount: u128,
}

/// Amounts by what they belong to, with a point for each ms in which they changed.
#[storage]
pub struct History {
    points: Map<(Hash, u32), Point>,
    counts: Map<Hash, u32>,
}

impl History {
    /// Notes an amount from now on.
    pub fn note(&mut self, of: &Hash, amount: u128) {
        let count = self.counts.get_or_default(of);
        let point = Point { time_ms: env::block_time_ms(), amount };
        let last = count.checked_sub(1).and_then(|last| Some((last, self.points.get(&(*of, last))?)));
        if let Some((number, _)) = last.filter(|(_, last)| last.time_ms == point.time_ms) {
            self.points.set(&(*of, number), &point);
        } else {
            self.points.set(&(*of, count), &point);
            self.counts.set(of, &(count + 1));
        }
    }

    /// The amount at the end of a ms; nothing before the first point. A ms that is not over may still change.
    pub fn amount_at(&self, of: &Hash, time_ms: u64) -> u128 {
        // The points that are not later are the first ones: how many they are, by halves.
        let (mut least, mut most) = (0, self.counts.get_or_default(of));
        let mut amount = 0;
        while least < most {
            let middle = least + (most - least) / 2;
            match self.points.get(&(*of, middle)) {
                Some(point) if point.time_ms <= time_ms => (least, amount) = (middle + 1, point.amount),
                _ => most = middle,
            }
        }
        amount
    }
}
