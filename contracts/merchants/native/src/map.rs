//! Merchants by cell, so that a search looks at those around and not at all.

use crate::place::Place;
use std::collections::{BTreeMap, BTreeSet};

/// Rows and columns of cells.
const ROWS: i64 = 1_801;
const COLUMNS: i64 = 3_600;
/// A tenth of a degree of latitude is at least so many mm long.
const ROW_MM: u64 = 11_119_000;

/// Merchants and where they are.
#[derive(Default)]
pub struct Map {
    places: BTreeMap<u64, Place>,
    cells: BTreeMap<u64, BTreeSet<u64>>,
}

impl Map {
    /// Puts a merchant at a place.
    pub fn put(&mut self, merchant: u64, place: Place) {
        self.remove(merchant);
        self.places.insert(merchant, place);
        self.cells.entry(place.cell()).or_default().insert(merchant);
    }

    /// Takes a merchant off.
    pub fn remove(&mut self, merchant: u64) {
        if let Some(place) = self.places.remove(&merchant) {
            let cell = place.cell();
            if let Some(merchants) = self.cells.get_mut(&cell) {
                merchants.remove(&merchant);
                if merchants.is_empty() {
                    self.cells.remove(&cell);
                }
            }
        }
    }

    /// Merchants no farther away than so many mm, the nearest first, then by number, with their distances.
    pub fn near(&self, place: &Place, radius_mm: u64) -> Vec<(u64, u64)> {
        let mut found: Vec<(u64, u64)> = self
            .around(place, radius_mm)
            .filter_map(|merchant| Some((merchant, self.places.get(&merchant)?)))
            .filter(|(_, at)| place.is_within(at, radius_mm))
            .map(|(merchant, at)| (place.distance_mm(at), merchant))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(distance, merchant)| (merchant, distance)).collect()
    }

    /// Merchants of all cells that the circle may touch.
    fn around(&self, place: &Place, radius_mm: u64) -> impl Iterator<Item = u64> {
        let rows = i64::try_from(radius_mm / ROW_MM + 1).unwrap_or(ROWS).min(ROWS);
        let cell = place.cell() as i64;
        let (row, column) = (cell / COLUMNS, cell % COLUMNS);
        let (first, last) = ((row - rows).max(0), (row + rows).min(ROWS - 1));
        let columns = columns(first, last, radius_mm);
        let mut merchants = BTreeSet::new();
        for row in first..=last {
            if columns * 2 + 1 >= COLUMNS {
                let all = (row * COLUMNS) as u64..((row + 1) * COLUMNS) as u64;
                merchants.extend(self.cells.range(all).flat_map(|(_, merchants)| merchants));
                continue;
            }
            for offset in -columns..=columns {
                let cell = row * COLUMNS + (column + offset).rem_euclid(COLUMNS);
                merchants.extend(self.cells.get(&(cell as u64)).into_iter().flatten());
            }
        }
        merchants.into_iter()
    }
}

/// Columns to each side that hold everything within the radius, for the row of these that lies nearest to a pole; all of them if
/// the circle may hold the pole.
fn columns(first: i64, last: i64, radius_mm: u64) -> i64 {
    let from_pole = first.min(ROWS - 1 - last);
    if from_pole <= 1 {
        return COLUMNS;
    }
    // On a circle so many rows away from a pole, a tenth of a degree is at least this part of one of latitude: the sine is above
    // two thirds of the angle up to a right one.
    let radians_per_row = 17_453; // a tenth of a degree, in ten-millionths
    let sine = (from_pole * radians_per_row * 2 / 3).min(10_000_000);
    let column_mm = ROW_MM as i64 / 10_000_000 * sine + ROW_MM as i64 % 10_000_000 * sine / 10_000_000;
    i64::try_from(radius_mm).map_or(COLUMNS, |radius| radius / column_mm.max(1) * 2 + 2).min(COLUMNS)
}
