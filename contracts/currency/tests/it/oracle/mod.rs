//! Random messages against the currency kept in another way, and against its own events.
//!
//! After each message: issued is depository, circulating, leaving and redeemed, to the unit; what every account and position
//! has is what the policies say; everything can be told from the events alone; nothing traps. COUNTERPART_STEPS sets the
//! number of messages; 750 without it.

mod ledger;
mod steps;
use crate::town::{EPOCH_MS, Town, terms};
use counterpart_sdk::codec::Decode;
use counterpart_sdk::{Address, Event};
use counterpart_testing::{Account as Key, Chain, Failure, Mode, Random, from_environment};
use currency::{
    Class, Closed, CurrencyError, CurrencyRef, Deposited, Expiry, Granted, Idle, Policies, PutBack, Recovered,
    Released, TakenOut, Terms, Tier, Transferred,
};
use ledger::{Holding, Policy, ratio, whole};
use std::collections::BTreeMap;

/// Messages of one chain.
const RUN: u64 = 250;
/// Where units are: in an account, or in a pool for one.
type Place = (Address, Address);

/// The currency kept in another way.
struct Model {
    policy: Policy,
    holdings: BTreeMap<Place, Holding>,
    partners: BTreeMap<Address, Address>,
    leaving: u128,
}

/// Units of each place, from the events alone.
#[derive(Default)]
struct Books {
    units: BTreeMap<Place, u128>,
    recovered: u128,
}

fn random_policies(random: &mut Random) -> Policies {
    let mut bounds: Vec<u128> = (0..random.below(4)).map(|_| u128::from(random.below(3_000))).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let mut rates: Vec<u32> = bounds.iter().map(|_| random.below(200_000_000) as u32).collect();
    rates.sort_unstable();
    let tiers = bounds.into_iter().zip(rates).map(|(above, rate)| Tier { above, rate }).collect();
    let idle = Idle { after_epochs: 1 + random.below(4) as u32, rate: random.below(200_000_000) as u32 };
    let expiry = Expiry { after_epochs: 1 + random.below(12) as u32, keep_age: random.one_in(2) };
    Policies {
        tiers,
        idle: random.one_in(3).then_some(idle),
        expiry: random.one_in(3).then_some(expiry),
        sweep: random.one_in(12),
    }
}

struct Run<'a> {
    chain: Chain,
    town: Town,
    keys: Vec<Key>,
    model: Model,
    books: Books,
    random: &'a mut Random,
    number: u64,
    changes: u64,
}

impl Run<'_> {
    fn start(random: &mut Random) -> Run<'_> {
        let mut chain = Chain::new(Mode::Native);
        let first =
            [random_policies(random), random_policies(random)].map(|policies| Policies { sweep: false, ..policies });
        let terms = Terms {
            grant_policies: first[0].clone(),
            non_grant_policies: first[1].clone(),
            notice_epochs: 1,
            sweep_notice_epochs: 1,
            policy_delay_ms: 0,
            ..terms()
        };
        let town = Town::founded(&mut chain, terms);
        let keys = [&town.alice, &town.bob, &town.shop, &town.bakery, &town.pool].map(Clone::clone).to_vec();
        let classes = [Class::Grant, Class::Grant, Class::NonGrant, Class::NonGrant, Class::Exempt];
        let [grant, non_grant] = first.map(|policies| vec![(0, policies)]);
        let policy = Policy { grant, non_grant };
        let mut holdings = BTreeMap::new();
        for (key, class) in keys.iter().zip(classes) {
            let mut holding = Holding::new(class, 0);
            policy.join(&mut holding);
            holdings.insert((key.address, key.address), holding);
        }
        let model = Model { policy, holdings, partners: BTreeMap::new(), leaving: 0 };
        Run { chain, town, keys, model, books: Books::default(), random, number: 0, changes: 0 }
    }

    fn epoch(&self) -> u64 {
        let pace = self.chain.query(self.town.currency.pace()).expect("answered");
        (self.chain.time_ms() - pace.start_ms) / EPOCH_MS
    }

    fn class(&self, address: Address) -> Option<Class> {
        self.model.holdings.get(&(address, address)).map(|holding| holding.class)
    }

    /// Settles all that the model has.
    fn settle_model(&mut self) {
        let epoch = self.epoch();
        let Model { policy, holdings, .. } = &mut self.model;
        holdings.values_mut().for_each(|holding| policy.settle(holding, epoch));
    }

    /// Sends a message that other accounts consent to, and reads its events.
    fn call<T: Decode>(
        &mut self,
        sender: &Key,
        signers: &[&Key],
        message: counterpart_sdk::Message<T, CurrencyError>,
    ) -> Result<T, Failure<CurrencyError>> {
        self.settle_model();
        let result = self.chain.call_with(sender, signers, message);
        if result.is_ok() {
            self.chain.events().iter().for_each(|event| self.books.read(event));
        }
        result
    }

    /// Moves units in the model, as the contract says that it did.
    fn shift(&mut self, from: Place, to: Place, units: u128) {
        if !self.model.holdings.contains_key(&to) {
            let class = self.class(to.1).expect("registered");
            let epoch = self.model.holdings[&from].epoch;
            self.model.holdings.insert(to, Holding::new(class, epoch));
        }
        let mut source = self.model.holdings.remove(&from).expect("there is something");
        let lots = source.take(whole(units));
        let target = self.model.holdings.get_mut(&to).expect("there or made");
        target.add(self.model.policy.moved(lots, &source, target));
        self.model.holdings.insert(from, source);
    }

    /// A position that was touched is charged as its account is from then on.
    fn touch_position(&mut self, place: Place) {
        let class = self.class(place.1).expect("registered");
        if let Some(holding) = self.model.holdings.get_mut(&place)
            && holding.class != class
        {
            holding.class = class;
            self.model.policy.join(holding);
        }
    }

    /// Whether the contract may have moved so many units out of a place, or refused to.
    fn check_outcome(&self, place: Place, units: u128, done: bool) {
        let have = self.model.holdings.get(&place).map_or(whole(0), Holding::sum);
        let near = ratio(1, 1_000);
        if done {
            assert!(whole(units) <= &have + &near, "{units} moved of {have}");
        } else {
            assert!(whole(units) > &have - near, "{units} refused of {have}");
        }
    }

    fn check(&mut self) {
        let totals = self.town.check_books(&self.chain);
        assert_eq!(totals.recovered, self.books.recovered, "recovered, by the events");
        assert_eq!(totals.leaving, self.model.leaving, "leaving");
        self.settle_model();
        let money = &self.town.currency;
        let told = |place: Place| self.books.units.get(&place).copied().unwrap_or(0);
        for (address, account) in self.chain.query(money.accounts(None, 50)).expect("answered") {
            let place = (address, address);
            assert_eq!(account.holding.held.units_begun(), told(place), "{place:?} by the events");
            assert!(account.holding.lots.len() <= 64, "{} lots", account.holding.lots.len());
            self.check_near(place, self.chain.query(money.balance_of(address)).expect("answered"));
        }
        let positions = self.chain.query(money.positions(None, 50)).expect("answered");
        for ((pool, address), position) in &positions {
            let (pool, address) = (*pool, *address);
            let place = (pool, address);
            assert_eq!(position.holding.held.units_begun(), told(place), "{place:?} by the events");
            self.check_near(place, self.chain.query(money.position_of(pool, address)).expect("answered"));
        }
        // A position without anything is gone, and its age with it.
        self.model.holdings.retain(|place, holding| {
            let there = place.0 == place.1 || positions.iter().any(|(other, _)| other == place);
            assert!(there || holding.sum() <= ratio(1, 1_000), "{place:?} is gone");
            there
        });
    }

    /// What can be spent is the whole units of what the model has; each epoch and tier may take 2^-29 units more.
    fn check_near(&self, place: Place, units: u128) {
        let have = self.model.holdings.get(&place).map_or(whole(0), Holding::sum);
        let near = ratio(1, 1_000);
        let (least, most) = (&have - whole(1) - &near, &have + &near);
        assert!((least..=most).contains(&whole(units)), "{units} of {have} in {place:?}");
    }
}

impl Books {
    fn read(&mut self, event: &counterpart_ledger::Event) {
        fn decoded<E: Event + Decode>(event: &counterpart_ledger::Event) -> Option<E> {
            let named = event.topics.first().is_some_and(|topic| topic.0 == E::EVENT.topic);
            named.then(|| E::decode(&mut event.data.as_slice()).expect("an event of its name"))
        }
        let own = |account: Address| (account, account);
        if let Some(event) = decoded::<Granted>(event) {
            self.add(own(event.account), event.units);
        } else if let Some(event) = decoded::<Transferred>(event) {
            self.subtract(own(event.from), event.units);
            self.add(own(event.to), event.units);
        } else if let Some(event) = decoded::<Recovered>(event) {
            self.subtract((event.pool.unwrap_or(event.account), event.account), event.units);
            self.recovered += event.units;
        } else if let Some(event) = decoded::<Deposited>(event) {
            self.subtract(own(event.account), event.units);
            self.add((event.pool, event.account), event.units);
        } else if let Some(event) = decoded::<Released>(event) {
            self.subtract((event.pool, event.account), event.units);
            self.add(own(event.to), event.units);
        } else if let Some(event) = decoded::<TakenOut>(event) {
            self.subtract(own(event.account), event.units);
        } else if let Some(event) = decoded::<PutBack>(event) {
            self.add(own(event.account), event.units);
        } else if let Some(event) = decoded::<Closed>(event) {
            self.subtract(own(event.account), event.residue);
        }
    }

    fn add(&mut self, place: Place, units: u128) {
        *self.units.entry(place).or_default() += units;
    }

    fn subtract(&mut self, place: Place, units: u128) {
        let left = self.units.get(&place).copied().unwrap_or(0).checked_sub(units);
        self.units.insert(place, left.unwrap_or_else(|| panic!("{units} more than {place:?} has")));
    }
}

#[test]
fn the_currency_is_what_its_policies_and_its_events_say() {
    let steps = from_environment("COUNTERPART_STEPS").unwrap_or(750);
    let seed = from_environment("COUNTERPART_SEED").unwrap_or(1);
    for first in (0..steps).step_by(RUN as usize) {
        eprintln!("steps from {first}, COUNTERPART_SEED={}", seed + first);
        let mut random = Random::new(seed + first);
        let mut run = Run::start(&mut random);
        for _ in first..steps.min(first + RUN) {
            run.step();
            run.check();
        }
    }
}
