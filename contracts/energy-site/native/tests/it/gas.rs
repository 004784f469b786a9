//! Reference states of AGA Report No. 8.

use aga8::composition::Composition;
use plant::gas::{BASE, GasError, dry, state, z_ppm};

#[test]
fn the_published_state_comes_out() {
    // NIST's AGA8 repository (usnistgov/AGA8), the example at the end of the DETAIL code: 400 K and 50 000 kPa.
    let gas = Composition {
        methane: 0.778_24,
        nitrogen: 0.02,
        carbon_dioxide: 0.06,
        ethane: 0.08,
        propane: 0.03,
        isobutane: 0.001_5,
        n_butane: 0.003,
        isopentane: 0.000_5,
        n_pentane: 0.001_65,
        hexane: 0.002_15,
        heptane: 0.000_88,
        octane: 0.000_24,
        nonane: 0.000_15,
        decane: 0.000_09,
        hydrogen: 0.004,
        oxygen: 0.005,
        carbon_monoxide: 0.002,
        water: 0.000_1,
        hydrogen_sulfide: 0.002_5,
        helium: 0.007,
        argon: 0.001,
    };
    let found = state(&gas, 50_000.0, 400.0).expect("a state");
    assert!((found.z - 1.173_801_364_147_326).abs() < 1e-9, "{found:?}");
    assert!((found.density - 12.807_924_036_488_01).abs() < 1e-9, "{found:?}");
    assert!((found.molar_mass - 20.543_330_51).abs() < 1e-9, "{found:?}");
}

#[test]
fn gas_is_standard_at_base_conditions_and_denser_beyond() {
    let base = (BASE.0 * 1_000.0) as u64;
    assert_eq!(z_ppm(&dry(), base, 288_706), Ok(1_000_000));
    // The higher the pressure, the more gas is in a cubic foot than an ideal one would be, at these pressures.
    let by_pressure: Vec<u32> =
        [1, 5, 20, 50].iter().map(|times| z_ppm(&dry(), base * times, 288_706).expect("a state")).collect();
    assert!(by_pressure.windows(2).all(|pair| pair[1] < pair[0]), "{by_pressure:?}");
    assert!(by_pressure[3] > 800_000, "{by_pressure:?}");
    let half = Composition { methane: 0.5, ..Default::default() };
    assert_eq!(z_ppm(&half, base, 288_706), Err(GasError::Composition));
}
