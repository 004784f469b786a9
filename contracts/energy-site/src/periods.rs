//! Periods: what was measured, converted; whether it adds up; who gets what of it; the certificate.

use crate::types::{Certificate, Conditions, Device, Factors, Kind, Period, PeriodStatus, SiteError, Split};
use crate::{BTU_PER_KWH, EnergySites, WorkshopRef};
use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;
use trading::fee;

const MILLION: u128 = fee::MILLION as u128;
/// What each thing that is unusual adds to a period's score.
const UNUSUAL: u32 = 50;

/// What was measured since the last period.
#[derive(Default)]
struct Measured {
    actual: u128,
    generated_wh: u128,
    used_wh: u128,
}

impl EnergySites {
    /// What a site's devices have measured since the last period; it is counted with this, once.
    fn count(&mut self, site: u64) -> Measured {
        let mut measured = Measured::default();
        for place in 0..self.device_counts.get_or_default(&site) {
            let Some(device) = self.of_site.get(&(site, place)) else { continue };
            let Some(found) = self.devices.get(&device) else { continue };
            let new = found.total - found.counted;
            match found.kind {
                Kind::Gas => measured.actual += new,
                Kind::Generator => measured.generated_wh += new,
                Kind::Centre => measured.used_wh += new,
            }
            if new > 0 {
                self.set_device(device, &Device { counted: found.total, ..found });
            }
        }
        measured
    }

    pub(crate) fn close(
        &mut self,
        site: u64,
        conditions: &Conditions,
        version: u32,
        setpoints: Hash,
    ) -> Result<u64, SiteError> {
        let found = self.operated(site)?;
        let factors = self.factors(version).ok_or(SiteError::NoFactors)?;
        let Measured { actual, generated_wh, used_wh } = self.count(site);
        if actual == 0 && generated_wh == 0 && used_wh == 0 {
            return Err(SiteError::Nothing);
        }
        let standard = factors.standard(actual, conditions).ok_or(SiteError::BadConditions)?;
        let btu = factors.btu(standard).ok_or(SiteError::BadConditions)?;
        // Nothing makes energy: not even an inspector lets that pass.
        let needed = generated_wh.saturating_mul(BTU_PER_KWH) / 1_000;
        if needed > btu {
            return Err(SiteError::Impossible { have: btu, claimed: needed });
        }
        let tolerance = u128::from(self.known_terms()?.tolerance_ppm);
        let most = env::mul_div(generated_wh, MILLION + tolerance, MILLION, rounding::FLOOR);
        if most.is_some_and(|most| used_wh > most) {
            return Err(SiteError::Impossible { have: generated_wh, claimed: used_wh });
        }
        let all_hashes = match found.pool {
            Some(pool) => WorkshopRef::at(pool).hashes_of(site).code_only().try_call().ok().and_then(Result::ok),
            None => Some(0),
        };
        let counted = self.counted_hashes.get_or_default(&site);
        let hashes = all_hashes.unwrap_or(counted).saturating_sub(counted);
        self.counted_hashes.set(&site, &(counted + hashes));
        let score = factors.score(btu, generated_wh, used_wh, hashes);
        let held = score >= self.known_terms()?.hold_score;
        let period = self.next_period.get_or_default();
        self.next_period.set(&(period + 1));
        let made = Period {
            site,
            at_ms: env::block_time_ms(),
            factors: version,
            actual,
            standard,
            btu,
            generated_wh,
            used_wh,
            hashes,
            score,
            setpoints,
            certificate: None,
            status: if held { PeriodStatus::Held } else { PeriodStatus::Closed },
        };
        self.set_period(period, &made);
        Ok(period)
    }

    /// Each part is rounded down, and what is left over is the last one's: together they are the revenue, to the unit.
    pub(crate) fn settle(&mut self, period: u64, payer: Address, revenue: u128) -> Result<(), SiteError> {
        env::require_auth(&payer);
        let found = self.in_status(period, PeriodStatus::Closed)?;
        let split = self.known_site(found.site)?.split;
        self.set_period(period, &Period { status: PeriodStatus::Settled, ..found });
        let mut left = revenue;
        let mut parts = Vec::with_capacity(split.len());
        for (at, (who, ppm)) in split.iter().enumerate() {
            let last = at + 1 == split.len();
            let part = if last { left } else { fee::down(revenue, *ppm).ok_or(SiteError::BadTerms)? };
            left -= part;
            parts.push((*who, part));
        }
        Split { period, parts: parts.clone() }.emit();
        let asset = self.known_terms()?.asset;
        // The payer consents to one transfer; the parts go on from here.
        let here = env::self_address();
        asset.transfer(payer, here, revenue)?;
        for (who, part) in parts.into_iter().filter(|(_, part)| *part > 0) {
            asset.transfer(here, who, part)?;
        }
        Ok(())
    }

    pub(crate) fn issue(&mut self, period: u64, outside: Option<Hash>) -> Result<u64, SiteError> {
        let found = self.period(period).ok_or(SiteError::NoPeriod)?;
        let operator = self.operated(found.site)?.operator;
        if !matches!(found.status, PeriodStatus::Closed | PeriodStatus::Settled) {
            return Err(SiteError::WrongStatus { status: found.status });
        }
        let taken = outside.is_some_and(|id| self.outside.contains(&id));
        if found.certificate.is_some() || taken {
            return Err(SiteError::Certified);
        }
        let factors = self.factors(found.factors).ok_or(SiteError::NoFactors)?;
        let rate = u128::from(factors.avoided_grams_per_mmbtu);
        let grams = env::mul_div(found.btu, rate, MILLION, rounding::FLOOR).ok_or(SiteError::BadConditions)?;
        let certificate = self.next_certificate.get_or_default();
        self.next_certificate.set(&(certificate + 1));
        if let Some(id) = outside {
            self.outside.set(&id, &certificate);
        }
        self.set_period(period, &Period { certificate: Some(certificate), ..found });
        self.set_certificate(certificate, &Certificate { period, owner: operator, grams, outside, retired: false });
        Ok(certificate)
    }
}

impl Factors {
    /// Thousandths of a standard cubic foot: actual ones at their pressure, temperature and compressibility, rounded down.
    fn standard(&self, actual: u128, conditions: &Conditions) -> Option<u128> {
        let Conditions { pascal, millikelvin, z_ppm } = *conditions;
        if millikelvin == 0 || !(self.least_z_ppm..=self.most_z_ppm).contains(&z_ppm) {
            return None;
        }
        let by_pressure = env::mul_div(actual, pascal.into(), self.base_pascal.into(), rounding::FLOOR)?;
        let by_heat = env::mul_div(by_pressure, self.base_millikelvin.into(), millikelvin.into(), rounding::FLOOR)?;
        env::mul_div(by_heat, MILLION, z_ppm.into(), rounding::FLOOR)
    }

    /// Btu of thousandths of a standard cubic foot, rounded down.
    fn btu(&self, standard: u128) -> Option<u128> {
        env::mul_div(standard, self.btu_per_kscf.into(), MILLION, rounding::FLOOR)
    }

    /// How unusual a period is: its heat rate, what is used of what is generated, and the work for it.
    fn score(&self, btu: u128, generated_wh: u128, used_wh: u128, hashes: u128) -> u32 {
        let mut score = 0;
        let rate = btu.saturating_mul(1_000).checked_div(generated_wh).unwrap_or(0);
        let usual = u128::from(self.least_btu_per_kwh)..=u128::from(self.most_btu_per_kwh);
        if generated_wh > 0 && !usual.contains(&rate) {
            score += UNUSUAL;
        }
        // Less than half of what was generated is used: where is the rest?
        if used_wh.saturating_mul(2) < generated_wh {
            score += UNUSUAL;
        }
        if hashes > used_wh.saturating_mul(self.most_hashes_per_wh) {
            score += 2 * UNUSUAL;
        }
        score
    }
}
