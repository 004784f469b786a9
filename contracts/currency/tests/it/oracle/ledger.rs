//! The currency in another way: big rationals, taken down epoch by epoch, with the age of everything.

use currency::{Class, Policies};
use num_bigint::BigInt;
use num_rational::BigRational;

/// Rationals are cut to so many bits after the point once an epoch, or they would grow without end.
const BITS: usize = 200;

pub fn ratio(number: impl Into<BigInt>, of: impl Into<BigInt>) -> BigRational {
    BigRational::new(number.into(), of.into())
}

pub fn whole(units: u128) -> BigRational {
    ratio(units, 1)
}

fn part(amount: &BigRational, rate: u32) -> BigRational {
    amount * ratio(rate, 1_000_000_000)
}

/// What an account has somewhere: lots by the epoch of which they are, the oldest first.
#[derive(Clone)]
pub struct Holding {
    pub class: Class,
    pub lots: Vec<(u64, BigRational)>,
    pub epoch: u64,
    pub active: u64,
}

impl Holding {
    pub fn new(class: Class, epoch: u64) -> Self {
        Self { class, lots: Vec::new(), epoch, active: epoch }
    }

    pub fn sum(&self) -> BigRational {
        self.lots.iter().map(|(_, amount)| amount).fold(whole(0), |sum, amount| sum + amount)
    }

    /// Takes the oldest.
    pub fn take(&mut self, mut amount: BigRational) -> Vec<(u64, BigRational)> {
        let mut taken = Vec::new();
        while amount > whole(0) && !self.lots.is_empty() {
            let some = self.lots[0].1.clone().min(amount.clone());
            amount -= &some;
            self.lots[0].1 -= &some;
            taken.push((self.lots[0].0, some));
            if self.lots[0].1 == whole(0) {
                self.lots.remove(0);
            }
        }
        taken
    }

    pub fn add(&mut self, lots: Vec<(u64, BigRational)>) {
        self.lots.extend(lots);
        self.lots.sort_by_key(|(epoch, _)| *epoch);
    }
}

/// Policies of each class by their first epoch.
pub struct Policy {
    pub grant: Vec<(u64, Policies)>,
    pub non_grant: Vec<(u64, Policies)>,
}

impl Policy {
    fn all(&self, class: Class) -> &[(u64, Policies)] {
        match class {
            Class::Grant => &self.grant,
            Class::NonGrant => &self.non_grant,
            Class::Exempt => &[],
        }
    }

    pub fn of(&self, class: Class, epoch: u64) -> Policies {
        let began = self.all(class).iter().rev().find(|(from, _)| *from <= epoch);
        began.map(|(_, policies)| policies.clone()).unwrap_or_default()
    }

    /// Charges a holding for all epochs before one.
    pub fn settle(&self, holding: &mut Holding, to_epoch: u64) {
        while holding.epoch < to_epoch {
            let epoch = holding.epoch;
            let policies = self.of(holding.class, epoch);
            holding.take(charge(&policies, &holding.sum(), epoch, holding.active));
            holding.epoch += 1;
            if let Some(expiry) = policies.expiry {
                holding.lots.retain(|(lot, _)| lot.saturating_add(expiry.after_epochs.into()) > epoch + 1);
            }
            if let Some((_, next)) = self.all(holding.class).iter().find(|(from, _)| *from == epoch + 1) {
                if next.sweep {
                    holding.lots.clear();
                }
                self.join(holding);
            }
            for (_, amount) in &mut holding.lots {
                let one = BigInt::from(1) << BITS;
                *amount = ratio((&*amount * &one).to_integer(), one);
            }
        }
    }

    /// Forgets age where no policy looks at it: it begins when one does.
    pub fn join(&self, holding: &mut Holding) {
        let ages = self.of(holding.class, holding.epoch).expiry.is_some();
        // A lot of the epoch u64::MAX stands for value without age.
        if !ages {
            let sum = holding.sum();
            holding.lots = vec![(u64::MAX, sum)];
        } else if holding.lots.iter().all(|(epoch, _)| *epoch == u64::MAX) {
            let sum = holding.sum();
            holding.lots = vec![(holding.epoch, sum)];
        }
    }

    /// Adds new units to a settled holding.
    pub fn give(&self, holding: &mut Holding, units: u128) {
        let lots = self.moved(vec![(u64::MAX, whole(units))], holding, holding);
        holding.add(lots);
    }

    /// Lots as they enter a settled holding: with their age if both sides know one.
    pub fn moved(&self, lots: Vec<(u64, BigRational)>, from: &Holding, to: &Holding) -> Vec<(u64, BigRational)> {
        let keeps = self.of(from.class, from.epoch).expiry.is_some_and(|expiry| expiry.keep_age);
        let ages = self.of(to.class, to.epoch).expiry.is_some();
        let epoch_of = |epoch: u64| match (ages, keeps && epoch != u64::MAX) {
            (false, _) => u64::MAX,
            (true, true) => epoch,
            (true, false) => to.epoch,
        };
        lots.into_iter().map(|(epoch, amount)| (epoch_of(epoch), amount)).collect()
    }
}

/// What the policies take of an amount in an epoch.
fn charge(policies: &Policies, amount: &BigRational, epoch: u64, active: u64) -> BigRational {
    let mut taken = whole(0);
    for (index, tier) in policies.tiers.iter().enumerate() {
        let top = policies.tiers.get(index + 1).map_or(amount.clone(), |next| whole(next.above).min(amount.clone()));
        if top > whole(tier.above) {
            taken += part(&(top - whole(tier.above)), tier.rate);
        }
    }
    match policies.idle {
        Some(idle) if epoch >= active + u64::from(idle.after_epochs) => {
            let left = amount - &taken;
            taken + part(&left, idle.rate)
        }
        _ => taken,
    }
}
