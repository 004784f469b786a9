//! One side of the book: orders by price, and by number where prices are equal.

use crate::types::{Resting, Side};
use core::ops::Bound;
use counterpart_sdk::prelude::*;

/// Orders of one side, the best first. Bids are kept under the price turned over, so that the highest comes first.
#[storage]
pub struct Orders {
    orders: OrdMap<(u64, u64), Resting>,
    count: Item<u32>,
}

/// Where an order is kept: rank of the price, and number.
pub type Spot = (u64, u64);

/// The rank of a price: better prices have smaller ranks.
pub const fn rank(side: Side, price: u64) -> u64 {
    match side {
        Side::Buy => u64::MAX - price,
        Side::Sell => price,
    }
}

impl Orders {
    /// How many rest.
    pub fn count(&self) -> u32 {
        self.count.get_or_default()
    }

    /// An order.
    pub fn get(&self, spot: &Spot) -> Option<Resting> {
        self.orders.get(spot)
    }

    /// Orders after one, or from the best.
    pub fn page(&self, after: Option<&Spot>, limit: u32) -> Vec<(Spot, Resting)> {
        self.orders.page(after, limit)
    }

    /// Orders of one rank after one, or from its first.
    pub fn at_rank(&self, rank: u64, after: Option<&Spot>, limit: u32) -> Vec<(Spot, Resting)> {
        let (first, end) = ((rank, 0), (rank, u64::MAX));
        let from = after.map_or(Bound::Included(&first), Bound::Excluded);
        self.orders.range(from, Bound::Included(&end), limit)
    }

    /// The worst order.
    pub fn worst(&self) -> Option<(Spot, Resting)> {
        self.orders.last()
    }

    /// Puts a new order in.
    pub fn insert(&mut self, spot: &Spot, order: &Resting) {
        self.orders.set(spot, order);
        self.count.set(&(self.count() + 1));
    }

    /// Changes an order.
    pub fn update(&mut self, spot: &Spot, order: &Resting) {
        self.orders.set(spot, order);
    }

    /// Takes orders out.
    pub fn remove(&mut self, spots: &[Spot]) {
        for spot in spots {
            self.orders.remove(spot);
        }
        self.count.set(&(self.count() - spots.len() as u32));
    }
}
