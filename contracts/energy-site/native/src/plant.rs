//! The plant: a well whose flow wanders, generators on a parallel panel, a transformer, and two centres of units.

use crate::controller::{Log, Rules, Setpoints};
use crate::random::Random;

/// Btu of a standard cubic foot of its gas.
pub const BTU_PER_SCF: u64 = 1_026;
/// Generators, and what each gives at most, in watts.
pub const GENERATORS: u64 = 3;
const GENERATOR_W: u64 = 120_000;
/// What the transformer lets through, in parts of a million.
const TRANSFORMER_PPM: u64 = 985_000;
/// What a generator takes at full load, in Btu for a kilowatt hour, and how much more at none.
const FULL_BTU: u64 = 9_000;
const MORE_BTU: u64 = 2_500;

/// The rules of the plant's controller: forty units of 3 250 watts in each centre.
pub const RULES: Rules =
    Rules { unit_w: 3_250, units: [40, 40], ramp: 4, reserve_ppm: 50_000, least_w: 36_000, rest: 5 };

/// What happened in a minute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Minute {
    /// Watts that there could be behind the transformer.
    pub available_w: u64,
    /// What ran.
    pub set: Setpoints,
    /// Watts that the centres took.
    pub demand_w: u64,
    /// Generators that ran.
    pub generators: u64,
}

/// The plant.
pub struct Plant {
    random: Random,
    /// Standard cubic feet that come in a minute, in thousandths.
    flow: u64,
    /// What decided in this period.
    pub log: Log,
    /// Thousandths of a standard cubic foot that were burnt, in all; millionths beyond that.
    gas_micro: u128,
    generated_mwh: u128,
    used_mwh: [u128; 2],
}

impl Plant {
    /// A plant of a seed.
    pub fn new(seed: u64) -> Self {
        let log = Log::new(RULES, Setpoints::default());
        Self { random: Random::new(seed), flow: 45_000, log, gas_micro: 0, generated_mwh: 0, used_mwh: [0; 2] }
    }

    /// Lets a minute pass.
    pub fn minute(&mut self) -> Minute {
        // The flow wanders, and at times a slug of liquid stops half of it.
        let step = self.random.below(1_601);
        self.flow = (self.flow + step).saturating_sub(800).clamp(8_000, 60_000);
        let flow = if self.random.below(600) == 0 { self.flow / 2 } else { self.flow };
        let available_w = available(flow);
        let set = self.log.step(available_w);
        let demand_w = set.demand_w(&RULES);
        let generated_w = (u128::from(demand_w) * 1_000_000).div_ceil(TRANSFORMER_PPM.into()) as u64;
        let generators = generated_w.div_ceil(GENERATOR_W);
        // Thousandths of a watt hour in a minute; what is generated is rounded up, what is used down.
        self.generated_mwh += (u128::from(generated_w) * 1_000).div_ceil(60);
        for (used, running) in self.used_mwh.iter_mut().zip(set.running) {
            *used += u128::from(running) * u128::from(RULES.unit_w) * 1_000 / 60;
        }
        let btu_per_kwh = heat_rate(generated_w, generators);
        // Millionths of a cubic foot: watts / 60 are watt hours, times Btu for a kWh over Btu for a cubic foot.
        self.gas_micro +=
            (u128::from(generated_w) * u128::from(btu_per_kwh) * 1_000).div_ceil(60 * u128::from(BTU_PER_SCF));
        Minute { available_w, set, demand_w, generators }
    }

    /// Thousandths of a standard cubic foot that were burnt.
    pub fn gas(&self) -> u64 {
        (self.gas_micro.div_ceil(1_000)) as u64
    }

    /// Watt hours that were generated.
    pub fn generated_wh(&self) -> u64 {
        (self.generated_mwh / 1_000) as u64
    }

    /// Watt hours that a centre took.
    pub fn used_wh(&self, centre: usize) -> u64 {
        (self.used_mwh[centre] / 1_000) as u64
    }

    /// Begins another log where this one ends; answers this one.
    pub fn next_log(&mut self) -> Log {
        let next = Log::new(RULES, self.log.last());
        std::mem::replace(&mut self.log, next)
    }
}

/// Watts behind the transformer that a flow of thousandths of a cubic foot in a minute can give: by generators that are near their
/// full load.
fn available(flow: u64) -> u64 {
    let btu_per_hour = u128::from(flow) * 60 * u128::from(BTU_PER_SCF) / 1_000;
    // A tenth of the span above the best rate is what generators take in the worst case of three that share the load.
    let watts = btu_per_hour * 1_000 / u128::from(FULL_BTU + MORE_BTU / 2);
    let watts = watts.min(u128::from(GENERATORS * GENERATOR_W));
    (watts * u128::from(TRANSFORMER_PPM) / 1_000_000) as u64
}

/// Btu for a kilowatt hour when so many generators share a load: the less of it, the more.
fn heat_rate(generated_w: u64, generators: u64) -> u64 {
    let full = generators * GENERATOR_W;
    let free_ppm = full.saturating_sub(generated_w).saturating_mul(1_000_000).checked_div(full).unwrap_or(0);
    FULL_BTU + MORE_BTU * free_ppm / 1_000_000
}
