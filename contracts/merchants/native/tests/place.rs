//! Distances against floats, radii at their edges, and a map that misses nobody.

use merchant_service::map::Map;
use merchant_service::place::{EARTH_MM, NoPlace, Place};

const DEGREE: i64 = 10_000_000;

/// Haversine in f64, in mm.
fn float_mm(one: (i64, i64), two: (i64, i64)) -> f64 {
    let radians = |units: i64| (units as f64 / DEGREE as f64).to_radians();
    let (a, b) = (radians(one.0), radians(two.0));
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let inner = half(b - a) + a.cos() * b.cos() * half(radians(two.1 - one.1));
    2.0 * EARTH_MM as f64 * inner.sqrt().min(1.0).asin()
}

fn place(at: (i64, i64)) -> Place {
    Place::new(at.0, at.1).expect("on the earth")
}

/// Pseudo-random numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 1) as i64).rem_euclid(bound)
    }

    fn place(&mut self) -> (i64, i64) {
        (self.below(180 * DEGREE + 1) - 90 * DEGREE, self.below(360 * DEGREE + 1) - 180 * DEGREE)
    }
}

#[test]
fn distances_are_those_of_floats_to_half_a_metre() {
    let mut random = Random(7);
    for _ in 0..20_000 {
        let one = random.place();
        // Far apart, and within kilometres, and within metres.
        let reach = [180 * DEGREE, DEGREE / 10, 1_000][random.below(3) as usize];
        let near = |value: i64, random: &mut Random, most: i64| {
            (value + random.below(2 * reach + 1) - reach).clamp(-most * DEGREE, most * DEGREE)
        };
        let two = (near(one.0, &mut random, 90), near(one.1, &mut random, 180));
        let (exact, float) = (place(one).distance_mm(&place(two)), float_mm(one, two));
        assert!((exact as f64 - float).abs() < 500.0, "{one:?} {two:?}: {exact} and {float}");
        assert_eq!(exact, place(two).distance_mm(&place(one)), "the same both ways");
    }
}

#[test]
fn known_distances_come_out() {
    // A quarter of a great circle, half of one, and a degree of the equator, on the sphere of the mean radius.
    let quarter = (EARTH_MM as f64 * std::f64::consts::FRAC_PI_2) as u64;
    assert!(place((0, 0)).distance_mm(&place((90 * DEGREE, 77 * DEGREE))).abs_diff(quarter) <= 1);
    // Where a little more way hardly lengthens the straight line, the last places are lost.
    assert!(place((0, 0)).distance_mm(&place((0, 180 * DEGREE))).abs_diff(2 * quarter) <= 20);
    assert!(place((0, 0)).distance_mm(&place((0, DEGREE))).abs_diff(quarter / 90) <= 1);
    // Across the antimeridian and the pole.
    let (east, west) = (place((0, 1_799_995_000)), place((0, -1_799_995_000)));
    assert!(east.distance_mm(&west).abs_diff(quarter / 90 / 1_000) <= 1);
    let (one, other) = (place((899_995_000, 0)), place((899_995_000, 180 * DEGREE)));
    assert!(one.distance_mm(&other).abs_diff(quarter / 90 / 1_000) <= 1);
    assert_eq!(place((90 * DEGREE, 0)).distance_mm(&place((90 * DEGREE, 123 * DEGREE))), 0, "one pole");
    assert_eq!(Place::new(90 * DEGREE + 1, 0), Err(NoPlace));
    assert_eq!(Place::new(0, -180 * DEGREE - 1), Err(NoPlace));
    assert_eq!(format!("{:?}", place((1, 2))), "Place(..)", "no coordinate in a log");
}

#[test]
fn the_radius_itself_is_inside() {
    let mut random = Random(3);
    for _ in 0..500 {
        let (one, two) = (place(random.place()), place(random.place()));
        let distance = one.distance_mm(&two);
        assert!(!one.is_within(&two, distance.saturating_sub(1)) || distance == 0);
        assert!(one.is_within(&two, distance + 1));
    }
    let here = place((500_000_000, 80_000_000));
    assert!(here.is_within(&here, 0) && here.is_within(&place((-500_000_000, -1_720_000_000)), u64::MAX));
}

#[test]
fn the_map_finds_whom_looking_at_all_finds() {
    let mut random = Random(11);
    let mut map = Map::default();
    let mut all = Vec::new();
    for merchant in 0..3_000 {
        // Everywhere, and crowded at poles and antimeridian.
        let at = match random.below(4) {
            0 => (899_000_000 + random.below(1_000_001), random.below(360 * DEGREE) - 180 * DEGREE),
            1 => (random.below(2 * DEGREE) - DEGREE, 180 * DEGREE * (random.below(2) * 2 - 1) / 1_000_000 * 999_999),
            2 => (480_000_000 + random.below(DEGREE), 110_000_000 + random.below(DEGREE)),
            _ => random.place(),
        };
        map.put(merchant, place(at));
        all.push((merchant, place(at)));
    }
    map.put(5, place((0, 0)));
    all[5].1 = place((0, 0));
    map.remove(6);
    all.retain(|(merchant, _)| *merchant != 6);
    for _ in 0..150 {
        let from = match random.below(4) {
            0 => (899_500_000, random.below(360 * DEGREE) - 180 * DEGREE),
            1 => (0, 1_799_999_000),
            2 => (485_000_000, 115_000_000),
            _ => random.place(),
        };
        let radius = [1_000_000, 20_000_000, 300_000_000, 9_000_000_000][random.below(4) as usize];
        let from = place(from);
        let mut expected: Vec<(u64, u64)> = all
            .iter()
            .filter(|(_, at)| from.is_within(at, radius))
            .map(|(merchant, at)| (*merchant, from.distance_mm(at)))
            .collect();
        expected.sort_unstable_by_key(|(merchant, distance)| (*distance, *merchant));
        assert_eq!(map.near(&from, radius), expected);
    }
}
