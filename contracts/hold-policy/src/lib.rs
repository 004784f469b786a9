//! How long a record is held, by what is in it and by who wants it: bands, novelty, velocity, time of day.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use held_records::{Items, Reason, Ruling, Seen};

const HOUR_MS: u64 = 3_600_000;
const MAX_BANDS: usize = 16;

/// A band of amounts.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Band {
    /// Amounts up to this one, itself included.
    pub up_to: u128,
    /// How long they are held, in ms.
    pub ms: u64,
    /// The weight that has to want them.
    pub quorum: u32,
}

/// What a delay is made of: the parts are added.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// By amount, the smallest first; larger amounts are in the last band.
    pub bands: Vec<Band>,
    /// Ms more for a class.
    pub classes: Vec<(u8, u64)>,
    /// Ms more when a subject has no record to this destination yet.
    pub novelty_ms: u64,
    /// From so many records of a subject within the window on,
    pub many: u32,
    /// or when their amounts and this one's are more than this,
    pub much: u128,
    /// so many ms more.
    pub velocity_ms: u64,
    /// From this hour of the day (UTC),
    pub night_from: u8,
    /// until this one,
    pub night_until: u8,
    /// so many ms more.
    pub night_ms: u64,
    /// Ms less for each who wants it beyond the first.
    pub less_ms: u64,
    /// How long it is held when it may pass sooner.
    pub expedited_ms: u64,
}

/// What the contract refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum PolicyError {
    /// No bands, too many, or not in their order; or hours that no day has.
    BadRules,
}

/// What the contract keeps: it never changes. Another policy is another contract.
#[storage]
pub struct HoldPolicy {
    rules: Item<Rules>,
}

#[contract]
impl HoldPolicy {
    /// Makes a policy.
    pub fn new(rules: Rules) -> Result<Self, PolicyError> {
        let rising = rules.bands.windows(2).all(|pair| pair[0].up_to < pair[1].up_to);
        let sized = (1..=MAX_BANDS).contains(&rules.bands.len()) && rules.classes.len() <= MAX_BANDS;
        if !rising || !sized || rules.night_from > 23 || rules.night_until > 23 {
            return Err(PolicyError::BadRules);
        }
        let mut this = Self::default();
        this.rules.set(&rules);
        Ok(this)
    }

    /// What a delay is made of.
    pub fn rules(&self) -> Option<Rules> {
        self.rules.get()
    }

    /// What this policy says about a record.
    pub fn ruling(&self, items: Items, seen: Seen) -> Ruling {
        // Without rules nothing passes: a policy is never made without.
        let never = Ruling { delay_ms: u64::MAX, expedited_ms: u64::MAX, quorum: u32::MAX, reasons: Vec::new() };
        let Some(rules) = self.rules() else { return never };
        let band = rules.bands.iter().find(|band| items.amount <= band.up_to).or(rules.bands.last());
        let Some(band) = band else { return never };
        let mut reasons = vec![Reason::Amount { ms: band.ms }];
        if let Some((_, ms)) = rules.classes.iter().find(|(class, _)| *class == items.class) {
            reasons.push(Reason::Class { ms: *ms });
        }
        if !seen.destination {
            reasons.push(Reason::Novelty { ms: rules.novelty_ms });
        }
        if seen.count >= rules.many || seen.amount.saturating_add(items.amount) > rules.much {
            reasons.push(Reason::Velocity { ms: rules.velocity_ms });
        }
        let hour = (seen.at_ms / HOUR_MS % 24) as u8;
        let night = match rules.night_from <= rules.night_until {
            true => (rules.night_from..rules.night_until).contains(&hour),
            false => hour >= rules.night_from || hour < rules.night_until,
        };
        if night {
            reasons.push(Reason::Night { ms: rules.night_ms });
        }
        let more = u64::from(seen.signals.saturating_sub(1));
        let less = rules.less_ms.saturating_mul(more);
        if less > 0 {
            reasons.push(Reason::Signals { ms: less });
        }
        let whole = reasons.iter().fold(0_u64, |sum, reason| match reason {
            Reason::Amount { ms }
            | Reason::Class { ms }
            | Reason::Novelty { ms }
            | Reason::Velocity { ms }
            | Reason::Night { ms } => sum.saturating_add(*ms),
            Reason::Signals { .. } => sum,
        });
        let delay_ms = whole.saturating_sub(less);
        Ruling { delay_ms, expedited_ms: rules.expedited_ms, quorum: band.quorum, reasons }
    }
}
