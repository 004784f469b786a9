//! Random messages.

use super::*;
use crate::town::id;
use currency::{Grant, GrantOutcome, Registration};

/// Whether a message moved something, or was refused because there is too little or it may not.
fn moved(result: Result<(), Failure<CurrencyError>>) -> bool {
    match result {
        Ok(()) => true,
        Err(Failure::Error(CurrencyError::TransferRefused { .. } | CurrencyError::NoPosition)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

impl Run<'_> {
    /// One message, and what it changes in the model.
    pub fn step(&mut self) {
        self.number += 1;
        if self.random.one_in(3) {
            let most = if self.random.one_in(10) { 30 } else { 2 };
            self.chain.advance_ms(self.random.below(most * EPOCH_MS));
        }
        self.settle_model();
        let [one, other] = [0, 1].map(|_| self.random.pick(&self.keys).clone());
        let have = self.model.holdings[&(one.address, one.address)].sum().to_integer();
        let units = u128::from(1 + self.random.below(u64::try_from(have).expect("small") + 2));
        match self.random.below(14) {
            0 | 1 => self.grant(&one),
            2..=5 => self.transfer(&one, &other, units),
            6 => self.deposit(&one, units),
            7 => self.release(&one, &other, units),
            8 => {
                let money = self.money();
                assert_eq!(self.call(&other, &[], money.settle(one.address)), Ok(true));
                self.call_infallible(&other, money.settle_page(None, 50));
            }
            9 => self.take_out(&one, units),
            10 => self.leave_or_come_back(&one),
            11 => self.change_class(&one),
            12 if self.random.one_in(3) => self.close(&one, &other),
            _ => self.change_policy(),
        }
    }

    fn money(&self) -> CurrencyRef {
        CurrencyRef::at(self.town.currency.address)
    }

    fn mayor(&self) -> Key {
        self.town.mayor.clone()
    }

    fn call_infallible<T: Decode>(
        &mut self,
        sender: &Key,
        message: counterpart_sdk::Message<T, counterpart_sdk::NoError>,
    ) {
        self.settle_model();
        self.chain.call(sender, message).expect("never refused");
        self.chain.events().iter().for_each(|event| self.books.read(event));
    }

    fn give(&mut self, key: &Key, units: u128) {
        let holding = self.model.holdings.get_mut(&(key.address, key.address)).expect("registered");
        self.model.policy.give(holding, units);
    }

    fn grant(&mut self, to: &Key) {
        let units = u128::from(1 + self.random.below(5_000));
        let grant = Grant { id: id(1_000_000 + self.number), to: to.address, units };
        let outcomes = self.call(&self.mayor(), &[], self.money().grant(vec![grant], vec![])).expect("answered");
        if self.class(to.address) == Some(Class::NonGrant) {
            assert_eq!(outcomes, [GrantOutcome::NotGrantee]);
        } else {
            assert_eq!(outcomes, [GrantOutcome::Granted]);
            self.give(to, units);
        }
    }

    fn transfer(&mut self, one: &Key, other: &Key, units: u128) {
        let (from, to) = ((one.address, one.address), (other.address, other.address));
        let done = moved(self.call(one, &[], self.money().transfer(one.address, other.address, units, vec![])));
        if from == to || self.class(other.address) == Some(Class::Exempt) {
            assert!(!done, "a transfer to oneself or into a pool");
            return;
        }
        self.check_outcome(from, units, done);
        if done {
            self.shift(from, to, units);
            let real = self.class(other.address) == Some(Class::NonGrant) && units >= 10;
            if real && self.model.partners.get(&one.address) != Some(&other.address) {
                self.model.partners.insert(one.address, other.address);
                let spender = self.model.holdings.get_mut(&from).expect("there");
                spender.active = spender.epoch;
            }
        }
    }

    fn deposit(&mut self, one: &Key, units: u128) {
        let pool = self.town.pool.address;
        if one.address == pool {
            return;
        }
        let (from, place) = ((one.address, one.address), (pool, one.address));
        let done = moved(self.call(one, &[], self.money().deposit(one.address, pool, units)));
        self.check_outcome(from, units, done);
        if done {
            self.touch_position(place);
            self.shift(from, place, units);
        }
    }

    fn release(&mut self, one: &Key, other: &Key, units: u128) {
        let pool = self.town.pool.clone();
        if one.address == pool.address {
            return;
        }
        let place = (pool.address, one.address);
        let release = self.money().release(pool.address, one.address, other.address, units);
        let done = moved(self.call(&pool, &[], release));
        self.check_outcome(place, units, done);
        if done {
            self.touch_position(place);
            self.shift(place, (other.address, other.address), units);
        }
    }

    fn take_out(&mut self, one: &Key, units: u128) {
        let from = (one.address, one.address);
        let done = moved(self.call(&self.mayor(), &[one], self.money().take_out(one.address, units)));
        self.check_outcome(from, units, done);
        if done {
            self.model.holdings.get_mut(&from).expect("there").take(whole(units));
            self.model.leaving += units;
        }
    }

    fn leave_or_come_back(&mut self, one: &Key) {
        let some = self.model.leaving / 2;
        if self.random.one_in(2) {
            self.call(&self.mayor(), &[], self.money().leave(one.address, some, some / 10)).expect("left");
        } else {
            self.call(&self.mayor(), &[], self.money().put_back(one.address, some)).expect("put back");
            self.give(one, some);
        }
        self.model.leaving -= some;
    }

    fn change_class(&mut self, one: &Key) {
        let class = *self.random.pick(&[Class::Grant, Class::NonGrant]);
        if one.address == self.town.pool.address {
            return;
        }
        self.call(&self.mayor(), &[], self.money().set_class(one.address, class, 0)).expect("changed");
        let holding = self.model.holdings.get_mut(&(one.address, one.address)).expect("there");
        if holding.class != class {
            holding.class = class;
            self.model.policy.join(holding);
        }
    }

    fn close(&mut self, one: &Key, other: &Key) {
        let pool = self.town.pool.address;
        if one.address == pool {
            return;
        }
        let class = self.class(one.address).expect("registered");
        self.call(one, &[], self.money().close_account(one.address)).expect("closed");
        let settled = self.call(other, &[], self.money().settle_position(pool, one.address));
        assert!(matches!(settled, Ok(()) | Err(Failure::Error(CurrencyError::NoPosition))), "{settled:?}");
        self.model.holdings.remove(&(pool, one.address));
        let again = Registration { account: one.address, class, group: 0 };
        let again = self.money().register_accounts(vec![again]);
        assert_eq!(self.call(&self.mayor(), &[], again), Ok(1));
        let epoch = self.model.holdings[&(pool, pool)].epoch;
        let mut holding = Holding::new(class, epoch);
        self.model.policy.join(&mut holding);
        self.model.holdings.insert((one.address, one.address), holding);
        self.model.partners.remove(&one.address);
    }

    fn change_policy(&mut self) {
        // Nobody falls so many changes behind that one settlement would not do.
        self.changes += 1;
        if self.changes.is_multiple_of(4) {
            self.call_infallible(&self.mayor(), self.money().settle_page(None, 50));
            let pool = self.town.pool.address;
            for key in self.keys.clone() {
                if self.call(&key, &[], self.money().settle_position(pool, key.address)).is_ok() {
                    self.touch_position((pool, key.address));
                }
            }
        }
        let class = *self.random.pick(&[Class::Grant, Class::NonGrant]);
        let policies = random_policies(self.random);
        let from_epoch = self.epoch() + 2 + self.random.below(3);
        let propose = self.money().propose_policy(class, policies.clone(), from_epoch);
        match self.call(&self.mayor(), &[], propose) {
            Ok(()) => {}
            Err(Failure::Error(CurrencyError::Notice { .. })) => return,
            Err(other) => panic!("{other:?}"),
        }
        let began = from_epoch.max(self.epoch() + 1);
        self.call(&self.mayor(), &[], self.money().apply_policy(class)).expect("applied");
        let policy = &mut self.model.policy;
        let all = if class == Class::Grant { &mut policy.grant } else { &mut policy.non_grant };
        all.push((began, policies));
    }
}
