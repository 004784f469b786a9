//! Random messages over up to four versions, against a table of holders kept in another way.
//!
//! After each message: every balance is what the table says; the parent has parked at a child what came there; the rules count what
//! there is, by identity; nothing traps. COUNTERPART_STEPS sets the number of messages; 250 without it.

use crate::setting::{Setting, deploy};
use counterpart_sdk::codec::Decode;
use counterpart_sdk::{Address, Hash, Message};
use counterpart_testing::{Account as Key, Chain, Failure, Mode, Random, from_environment};
use identity_registry::{Entry, Kind as CustodyKind};
use security_token::{Ratio, Reason, SecurityTokenRef, TokenError};
use security_token_v2::{SecurityTokenV2Ref, native_securitytokenv2};
use std::collections::BTreeMap;

/// Messages of one line of versions.
const STEPS: u64 = 250;

/// What a holder has in one version.
#[derive(Clone, Copy, Default)]
struct Has {
    units: u128,
    frozen_units: u128,
}

/// The table: holders by version, what applies to each, and splits by version.
struct Line {
    setting: Setting,
    holders: Vec<Key>,
    versions: Vec<Address>,
    tables: Vec<BTreeMap<Address, Has>>,
    /// What came into each version, in units of the one before.
    came: Vec<u128>,
    ratios: Vec<Vec<Ratio>>,
    frozen: BTreeMap<Address, bool>,
    allowed: BTreeMap<(Address, Address), u128>,
    paused: bool,
}

fn split(units: u128, ratio: Ratio) -> u128 {
    units * u128::from(ratio.new) / u128::from(ratio.old)
}

/// Whether a message was accepted; what is refused has to be so with an error of the contract.
fn accepted<T: Decode>(result: Result<T, Failure<TokenError>>) -> bool {
    match result {
        Ok(_) => true,
        Err(Failure::Error(_)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

impl Line {
    fn new(chain: &mut Chain) -> Self {
        let setting = Setting::new(chain);
        let holders: Vec<Key> = (0..6).map(|number| chain.account(&format!("holder {number}"))).collect();
        // Two accounts for each of three identities.
        let entry = |(number, key): (u8, &Key)| Entry {
            account: key.address,
            identity: Hash([100 + number / 2; 32]),
            country: 392,
            accredited: false,
            kind: CustodyKind::Investor,
            custodian: None,
            valid_until_ms: u64::MAX,
        };
        let entries = (0..).zip(&holders).map(entry).collect();
        chain.call(&setting.issuer, setting.registry.register(entries)).expect("registered");
        Self {
            versions: vec![setting.parent.address],
            setting,
            tables: vec![BTreeMap::new()],
            came: vec![0],
            ratios: vec![Vec::new()],
            frozen: holders.iter().map(|holder| (holder.address, false)).collect(),
            holders,
            allowed: BTreeMap::new(),
            paused: false,
        }
    }

    /// Two accounts belong to one person.
    fn identity_of(&self, holder: &Address) -> usize {
        self.holders.iter().position(|key| key.address == *holder).map_or(0, |place| place / 2)
    }

    fn newest(&self) -> usize {
        self.versions.len() - 1
    }

    fn has(&self, version: usize, holder: &Address) -> Has {
        self.tables[version].get(holder).copied().unwrap_or_default()
    }

    fn call<T: Decode>(&self, chain: &mut Chain, by: &Key, message: Message<T, TokenError>) -> bool {
        accepted(chain.call(by, message))
    }

    /// Units of a holder in the newest version's units, wherever they lie: each version's by themselves.
    fn everywhere(&self, holder: &Address) -> u128 {
        let units = |version: usize| {
            let after = self.ratios[version + 1..].iter().flatten();
            after.fold(self.has(version, holder).units, |units, ratio| split(units, *ratio))
        };
        (0..self.versions.len()).map(units).sum()
    }

    /// Why a transfer has to be refused, as far as the table knows.
    fn may_leave(&self, version: usize, from: &Address, units: u128) -> bool {
        let has = self.has(version, from);
        let free = has.units.saturating_sub(has.frozen_units);
        version == self.newest() && units > 0 && units <= free && !self.frozen[from]
    }

    fn move_units(&mut self, version: usize, from: &Address, to: &Address, units: u128) {
        self.tables[version].entry(*from).or_default().units -= units;
        self.tables[version].entry(*to).or_default().units += units;
    }

    /// A holder goes from a version to the newest, with what is known of it in those between.
    fn arrive(&mut self, from: usize, holder: &Address) {
        for version in from..self.newest() {
            self.arrive_from(version, holder);
        }
    }

    fn arrive_from(&mut self, from: usize, holder: &Address) {
        let mut has = self.tables[from].remove(holder).unwrap_or_default();
        for version in from + 1..=self.newest() {
            self.came[version] += has.units;
            for ratio in &self.ratios[version] {
                has = Has { units: split(has.units, *ratio), frozen_units: split(has.frozen_units, *ratio) };
            }
        }
        let newest = self.newest();
        let there = self.tables[newest].entry(*holder).or_default();
        there.units += has.units;
        there.frozen_units += has.frozen_units;
    }

    fn step(&mut self, chain: &mut Chain, random: &mut Random) {
        let [from, to, other] = [(); 3].map(|()| self.holders[random.below(6) as usize].clone());
        let units = u128::from(random.below(60));
        let version = random.below(self.versions.len() as u64) as usize;
        let here = SecurityTokenV2Ref::at(self.versions[version]);
        let issuer = self.setting.issuer.clone();
        let newest = version == self.newest();
        match random.below(17) {
            0..=2 => {
                let issued = if version == 0 {
                    let message = SecurityTokenRef::at(here.address).issue(to.address, units);
                    self.call(chain, &issuer, message)
                } else {
                    self.call(chain, &issuer, here.issue(to.address, 0, units))
                };
                assert_eq!(issued, newest, "units are new in the newest version only");
                if issued {
                    self.tables[version].entry(to.address).or_default().units += units;
                }
            }
            3..=5 => {
                let may = self.may_leave(version, &from.address, units)
                    && !self.paused
                    && from.address != to.address
                    && !self.frozen[&to.address];
                let told = chain.query(here.can_transfer(from.address, to.address, units)).expect("answered");
                let message = here.transfer(from.address, to.address, units);
                assert_eq!((self.call(chain, &from, message), told.is_empty()), (may, may), "{told:?}");
                if may {
                    self.move_units(version, &from.address, &to.address, units);
                }
            }
            6 => {
                let pair = (from.address, other.address);
                let (expected, until) = (self.allowed.get(&pair).copied().unwrap_or(0), u64::MAX);
                let message = here.approve(from.address, other.address, expected, units, until);
                assert_eq!(self.call(chain, &from, message), newest);
                if newest {
                    self.allowed.insert(pair, units);
                }
            }
            7 => {
                let pair = (from.address, other.address);
                let allowed = self.allowed.get(&pair).copied().unwrap_or(0);
                let may = self.may_leave(version, &from.address, units)
                    && !self.paused
                    && from.address != to.address
                    && !self.frozen[&to.address]
                    && !self.frozen[&other.address]
                    && units <= allowed;
                let message = here.transfer_from(other.address, from.address, to.address, units);
                assert_eq!(self.call(chain, &other, message), may);
                if may {
                    self.move_units(version, &from.address, &to.address, units);
                    self.allowed.insert(pair, allowed - units);
                }
            }
            8 => {
                let may = self.may_leave(version, &from.address, units);
                let redeemed = if version == 0 {
                    let message = SecurityTokenRef::at(here.address).redeem(from.address, units);
                    self.call(chain, &from, message)
                } else {
                    self.call(chain, &from, here.redeem(from.address, 0, units))
                };
                assert_eq!(redeemed, may);
                if may {
                    self.tables[version].entry(from.address).or_default().units -= units;
                }
            }
            9 => {
                let frozen = random.below(3) == 0;
                assert_eq!(self.call(chain, &issuer, here.set_frozen(from.address, frozen)), newest);
                if newest {
                    self.frozen.insert(from.address, frozen);
                }
            }
            10 => {
                assert_eq!(self.call(chain, &issuer, here.set_frozen_units(from.address, units / 2)), newest);
                if newest {
                    self.tables[version].entry(from.address).or_default().frozen_units = units / 2;
                }
            }
            11 => {
                // From somebody to themselves nothing moves.
                let has = self.has(version, &from.address);
                let may = newest && units > 0 && units <= has.units && from.address != to.address;
                let message = here.forced_transfer(from.address, to.address, units);
                assert_eq!(self.call(chain, &issuer, message), may);
                if may {
                    self.move_units(version, &from.address, &to.address, units);
                    let left = self.tables[version].entry(from.address).or_default();
                    left.frozen_units = left.frozen_units.min(left.units);
                }
            }
            12 => {
                self.paused = random.below(3) == 0;
                let message = here.set_paused(security_token::Scope::Transfers, self.paused);
                // Each version is paused by itself; the newest is the one that matters.
                let message = if newest {
                    message
                } else {
                    let newest = SecurityTokenV2Ref::at(self.versions[self.newest()]);
                    newest.set_paused(security_token::Scope::Transfers, self.paused)
                };
                assert!(self.call(chain, &issuer, message));
            }
            13 => {
                let may = !newest && self.tables[version].contains_key(&from.address) && {
                    let has = self.has(version, &from.address);
                    has.units + has.frozen_units > 0
                };
                // Whoever is frozen in the version before comes too.
                let moved = self.call(chain, &from, here.upgrade(from.address));
                assert!(moved || !may, "a holder has to come over");
                if moved {
                    self.arrive(version, &from.address);
                }
            }
            14 if self.versions.len() < 4 && random.below(4) == 0 => {
                let parent = self.versions[self.newest()];
                let constructor = SecurityTokenV2Ref::successor(parent);
                let native = native_securitytokenv2();
                let child = deploy(chain, &issuer, "security-token-v2", native, constructor);
                chain.call(&issuer, self.setting.compliance.set_token(child, true)).expect("admitted");
                let named = SecurityTokenV2Ref::at(parent).set_upgraded_address(child);
                assert!(self.call(chain, &issuer, named));
                let again = SecurityTokenV2Ref::at(parent).set_upgraded_address(child);
                assert!(!self.call(chain, &issuer, again), "a child is named once");
                self.versions.push(child);
                self.tables.push(BTreeMap::new());
                self.came.push(0);
                self.ratios.push(Vec::new());
                self.allowed.clear();
                self.paused = false;
            }
            15 if random.below(3) == 0 => self.split(chain, random),
            16 => {
                let same = self.identity_of(&from.address) == self.identity_of(&to.address);
                let may = newest && same && from.address != to.address && !self.frozen[&to.address];
                assert_eq!(self.call(chain, &issuer, here.recover(from.address, to.address)), may);
                if may {
                    let lost = self.tables[version].remove(&from.address).unwrap_or_default();
                    let new = self.tables[version].entry(to.address).or_default();
                    new.units += lost.units;
                    new.frozen_units += lost.frozen_units;
                    // The lost account stays as frozen as it was.
                    self.frozen.insert(to.address, self.frozen[&from.address]);
                }
            }
            _ => chain.advance_ms(1 + random.below(5_000)),
        }
    }

    fn split(&mut self, chain: &mut Chain, random: &mut Random) {
        let newest = SecurityTokenV2Ref::at(self.versions[self.newest()]);
        let ratio = Ratio { new: 1 + random.below(5) as u32, old: 1 + random.below(5) as u32 };
        let issuer = self.setting.issuer.clone();
        let number = chain.query(newest.splits()).expect("answered").0;
        let begun = self.call(chain, &issuer, newest.begin_split(ratio));
        assert_eq!(begun, ratio.new != ratio.old && number < security_token::MAX_SPLITS);
        if !begun {
            return;
        }
        let units = |line: &Self| line.holders.iter().map(|holder| line.everywhere(&holder.address)).sum::<u128>();
        let before = units(self);
        for pair in self.holders.chunks(2) {
            let splitting = newest.transfer(pair[0].address, pair[1].address, 1);
            let refused = chain.call(&pair[0], splitting);
            let reasons = match refused {
                Err(Failure::Error(TokenError::TransferRefused { reasons })) => reasons,
                other => panic!("{other:?}"),
            };
            assert!(reasons.contains(&Reason::Splitting) || before == 0, "{reasons:?}");
            let addresses = pair.iter().map(|key| key.address).collect();
            if !self.call(chain, &pair[0], newest.split_page(addresses)) {
                panic!("a page is for anybody");
            }
            if chain.query(newest.splits()).expect("answered").0 > number {
                break;
            }
        }
        let version = self.newest();
        let done = chain.query(newest.split(number)).expect("answered").expect("there is one");
        // Who was not named before the split had ended has nothing to split.
        for holder in self.holders.clone() {
            let went = chain.query(newest.holding(holder.address)).expect("answered").frozen_units;
            let has = self.tables[version].entry(holder.address).or_default();
            let frozen = split(has.frozen_units, ratio);
            assert!(went == frozen || (went == has.frozen_units && has.units == 0));
            *has = Has { units: split(has.units, ratio), frozen_units: went };
        }
        self.ratios[version].push(ratio);
        assert_eq!((done.before, done.after), (before, units(self)));
        assert_eq!(done.before * u128::from(ratio.new), done.after * u128::from(ratio.old) + done.remains);
        let parts: u128 = self
            .holders
            .iter()
            .map(|key| chain.query(newest.split_remains(number, key.address)).expect("answered"))
            .sum();
        assert_eq!(parts, done.remains);
        self.allowed.clear();
    }

    /// Deactivates the newest version: it refuses everything, and all is as it was.
    fn end(&self, chain: &mut Chain) {
        let newest = SecurityTokenV2Ref::at(self.versions[self.newest()]);
        let issuer = self.setting.issuer.clone();
        let [one, other] = [&self.holders[0], &self.holders[1]];
        chain.call(&issuer, newest.deactivate()).expect("deactivated");
        assert!(!self.call(chain, &issuer, newest.set_frozen(one.address, true)));
        assert!(!self.call(chain, &issuer, newest.set_frozen_units(one.address, 1)));
        assert!(!self.call(chain, &issuer, newest.lock_up(one.address, 1, u64::MAX)));
        assert!(!self.call(chain, &issuer, newest.forced_transfer(one.address, other.address, 1)));
        assert!(!self.call(chain, &issuer, newest.recover(one.address, other.address)));
        assert!(!self.call(chain, &issuer, newest.begin_split(Ratio { new: 2, old: 1 })));
        assert!(!self.call(chain, &issuer, newest.propose_upgrade(one.address)));
        assert!(!self.call(chain, one, newest.split_page(vec![one.address])));
        for holder in &self.holders {
            assert!(!self.call(chain, holder, newest.transfer(holder.address, one.address, 1)));
            assert!(!self.call(chain, holder, newest.approve(holder.address, one.address, 0, 1, u64::MAX)));
            if self.newest() > 0 {
                assert!(!self.call(chain, holder, newest.redeem(holder.address, 0, 1)));
                let parent = SecurityTokenV2Ref::at(self.versions[self.newest() - 1]);
                assert!(!self.call(chain, holder, parent.upgrade(holder.address)));
            }
        }
        self.check(chain);
    }

    fn check(&self, chain: &Chain) {
        for (version, address) in self.versions.iter().enumerate() {
            let token = SecurityTokenV2Ref::at(*address);
            for holder in &self.holders {
                let (there, has) = (chain.query(token.balance_of(holder.address)), self.has(version, &holder.address));
                assert_eq!(there, Ok(has.units), "version {version}");
            }
            let child = self.versions.get(version + 1);
            assert_eq!(chain.query(token.upgraded_address()), Ok(child.copied()));
            if let Some(child) = child {
                let came = self.came[version + 1];
                let parked = chain.query(token.balance_of(*child));
                let migrated = chain.query(SecurityTokenV2Ref::at(*child).migrated_in());
                assert_eq!((parked, migrated), (Ok(came), Ok(came)), "version {version}");
            }
        }
        let everything = self.holders.iter().map(|holder| self.everywhere(&holder.address)).sum::<u128>();
        let newest = SecurityTokenV2Ref::at(self.versions[self.newest()]);
        // Freezes move along, whole.
        for holder in &self.holders {
            let there = chain.query(newest.holding(holder.address)).expect("answered");
            let has = self.has(self.newest(), &holder.address);
            let frozen = self.frozen[&holder.address];
            assert_eq!((there.frozen_units, there.frozen), (has.frozen_units, frozen));
        }
        assert_eq!(chain.query(newest.outstanding()), Ok(everything));
        let compliance = &self.setting.compliance;
        assert_eq!(chain.query(compliance.supply()), Ok(everything));
        // A record time just over: the same however many have moved.
        assert_eq!(chain.query(compliance.supply_at(chain.time_ms() - 1)), Ok(everything));
        let identities: Vec<u128> =
            self.holders.chunks(2).map(|pair| pair.iter().map(|key| self.everywhere(&key.address)).sum()).collect();
        for (number, units) in (100..).zip(&identities) {
            assert_eq!(chain.query(compliance.units_of(Hash([number; 32]))), Ok(*units));
        }
        let holding = identities.iter().filter(|units| **units > 0).count() as u32;
        assert_eq!(chain.query(compliance.holders()), Ok((holding, holding)));
    }
}

#[test]
fn every_version_is_what_the_table_says() {
    let steps = from_environment("COUNTERPART_STEPS").unwrap_or(250);
    for mode in [Mode::Native, Mode::Wasm] {
        let mut random = Random::from_environment();
        for _ in 0..steps.div_ceil(STEPS) {
            let mut chain = Chain::new(mode);
            let mut line = Line::new(&mut chain);
            for _ in 0..STEPS {
                line.step(&mut chain, &mut random);
                line.check(&chain);
            }
            line.end(&mut chain);
        }
    }
}
