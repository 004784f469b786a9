//! Places on the earth and distances between them, in whole numbers: every machine finds the same merchants.
//!
//! A place is turned into a point of the unit sphere by sine and cosine in fixed point; the straight line between two points says
//! how far they are apart, also across the poles and the antimeridian.

use serde::{Deserialize, Serialize};

/// Ten-millionths of a degree.
const DEGREE: i64 = 10_000_000;
/// Radius of the sphere in mm: the mean radius of the earth (IUGG), 6 371 008.8 m.
pub const EARTH_MM: i64 = 6_371_008_800;
/// Bits after the point.
const BITS: u32 = 60;
const ONE: i128 = 1 << BITS;
/// Pi with 60 bits after the point.
const PI: i128 = 3_622_009_729_038_561_421;

/// A place, in ten-millionths of a degree. `Debug` does not show it: no user's place reaches a log.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(i64, i64)", into = "(i64, i64)")]
pub struct Place {
    latitude: i64,
    longitude: i64,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Place(..)")
    }
}

/// A latitude beyond a pole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a latitude is between -90 and 90 degrees, a longitude between -180 and 180, in ten-millionths of a degree")]
pub struct NoPlace;

impl TryFrom<(i64, i64)> for Place {
    type Error = NoPlace;

    fn try_from((latitude, longitude): (i64, i64)) -> Result<Self, NoPlace> {
        let inside = latitude.unsigned_abs() <= 90 * DEGREE as u64 && longitude.unsigned_abs() <= 180 * DEGREE as u64;
        if inside { Ok(Self { latitude, longitude }) } else { Err(NoPlace) }
    }
}

impl From<Place> for (i64, i64) {
    fn from(place: Place) -> Self {
        (place.latitude, place.longitude)
    }
}

impl Place {
    /// Latitude and longitude in ten-millionths of a degree.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub fn new(latitude: i64, longitude: i64) -> Result<Self, NoPlace> {
        (latitude, longitude).try_into()
    }

    /// The cell of the map, a tenth of a degree wide, that may be told to everybody: row by row from the south-west.
    pub const fn cell(&self) -> u64 {
        let row = (self.latitude + 90 * DEGREE) / (DEGREE / 10);
        let column = (self.longitude + 180 * DEGREE) % (360 * DEGREE) / (DEGREE / 10);
        (row * 3_600 + column) as u64
    }

    /// The great-circle distance in mm, rounded down.
    pub fn distance_mm(&self, other: &Self) -> u64 {
        let chord = self.chord_squared(other);
        // The largest distance whose chord is no longer: chords grow with distances up to half the way around.
        let (mut fits, mut beyond) = (0_u64, EARTH_MM as u64 * 4);
        while beyond - fits > 1 {
            let middle = fits.midpoint(beyond);
            if chord_of(middle).is_some_and(|limit| limit <= chord) { fits = middle } else { beyond = middle }
        }
        fits
    }

    /// Whether another place is no farther away than so many mm: at the distance itself it still is.
    pub fn is_within(&self, other: &Self, radius_mm: u64) -> bool {
        match chord_of(radius_mm) {
            Some(limit) => self.chord_squared(other) <= limit,
            // Farther than anything on the sphere.
            None => true,
        }
    }

    /// The square of the straight line between the two, for a sphere of radius one, with 120 bits after the point: with fewer, what is
    /// a centimetre apart would be at one place.
    fn chord_squared(&self, other: &Self) -> i128 {
        let (one, two) = (self.point(), other.point());
        one.iter().zip(two).map(|(one, two)| (one - two) * (one - two)).sum()
    }

    fn point(&self) -> [i128; 3] {
        let (latitude, longitude) = (angle(self.latitude), angle(self.longitude));
        let flat = cosine(latitude);
        [times(flat, cosine(longitude)), times(flat, sine(longitude)), sine(latitude)]
    }
}

/// The square of the chord of an arc of so many mm, with 120 bits after the point; none beyond half the way around.
fn chord_of(arc_mm: u64) -> Option<i128> {
    let half = i128::from(arc_mm) * ONE / (2 * i128::from(EARTH_MM));
    if half > PI / 2 {
        return None;
    }
    let half_chord = sine(half);
    Some(4 * half_chord * half_chord)
}

fn times(one: i128, other: i128) -> i128 {
    (one * other) >> BITS
}

/// An angle in radians.
const fn angle(units: i64) -> i128 {
    units as i128 * PI / (180 * DEGREE as i128)
}

fn sine(angle: i128) -> i128 {
    cosine_or_sine(angle, 1)
}

fn cosine(angle: i128) -> i128 {
    cosine_or_sine(angle, 0)
}

/// Taylor's series, from the first power on by two; up to half the way around its terms vanish below the last place.
fn cosine_or_sine(angle: i128, first: i128) -> i128 {
    let square = times(angle, angle);
    let mut term = if first == 0 { ONE } else { angle };
    let (mut sum, mut power) = (term, first);
    while term != 0 {
        term = -times(term, square) / ((power + 1) * (power + 2));
        power += 2;
        // A negative product rounds away from zero: it would never vanish.
        if term == -1 {
            term = 0;
        }
        sum += term;
    }
    sum
}
