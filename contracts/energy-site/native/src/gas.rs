//! Compressibility of gas by AGA Report No. 8 (DETAIL), with the crate that ports NIST's own code.

use aga8::composition::Composition;
use aga8::detail::Detail;

/// The state in which a cubic foot is standard: 14.73 psia and 60 degrees Fahrenheit, in kPa and K.
pub const BASE: (f64, f64) = (101.560, 288.706);

/// Why there is no compressibility.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GasError {
    /// The parts are not all of it.
    #[error("the parts of a gas together are not one")]
    Composition,
    /// No density belongs to this state.
    #[error("the equation has no density for this pressure and temperature")]
    State,
}

/// What a state is like.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct State {
    /// Compressibility.
    pub z: f64,
    /// Moles of a litre.
    pub density: f64,
    /// Grams of a mole.
    pub molar_mass: f64,
}

/// Solves the equation for a gas at a pressure in kPa and a temperature in K.
///
/// # Errors
/// [`GasError`].
pub fn state(gas: &Composition, kilopascal: f64, kelvin: f64) -> Result<State, GasError> {
    let mut detail = Detail::new();
    detail.set_composition(gas).map_err(|_| GasError::Composition)?;
    (detail.p, detail.t) = (kilopascal, kelvin);
    detail.density().map_err(|_| GasError::State)?;
    detail.properties();
    Ok(State { z: detail.z, density: detail.d, molar_mass: detail.molar_mass() })
}

/// Compressibility over that at base conditions, in parts of a million: what a period's conditions name.
///
/// # Errors
/// [`GasError`].
pub fn z_ppm(gas: &Composition, pascal: u64, millikelvin: u64) -> Result<u32, GasError> {
    let here = state(gas, pascal as f64 / 1_000.0, millikelvin as f64 / 1_000.0)?;
    let base = state(gas, BASE.0, BASE.1)?;
    Ok((here.z / base.z * 1e6).round() as u32)
}

/// A dry gas as it comes from a well.
pub fn dry() -> Composition {
    Composition {
        methane: 0.93,
        nitrogen: 0.015,
        carbon_dioxide: 0.01,
        ethane: 0.03,
        propane: 0.01,
        n_butane: 0.005,
        ..Default::default()
    }
}
