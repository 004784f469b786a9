//! Every outcome of a provider at every leg: the merchant has all of it or nothing, and nobody's units are stuck.

use crate::setting::{ANSWER_MS, HOUR_MS, PLENTY, Setting};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Mode, Subject};
use instruments::{Failure, HoldStatus, InstrumentKind};
use payments::{Instrument, LegStatus, PaymentStatus, Reason};
use scripted::{ScriptedRef, native_scripted};

/// A provider that does what the token's first byte says: native code in the place of another contract.
mod scripted {
    use counterpart_sdk::prelude::*;
    use instruments::{Failure, Hold, HoldStatus, ProviderError};
    use trading::Asset;

    #[storage]
    pub struct Scripted {
        charger: Item<Address>,
        asset: Item<Asset>,
        holds: Map<Hash, (Hold, HoldStatus)>,
    }

    #[contract(events())]
    impl Scripted {
        /// A provider with units of its own.
        pub fn new(charger: Address, asset: Asset) -> Self {
            let mut this = Self::default();
            this.charger.set(&charger);
            this.asset.set(&asset);
            this
        }

        /// In what it pays.
        pub fn asset(&self) -> Asset {
            self.asset.get().unwrap_or(Asset::Token(Address::ZERO))
        }

        /// What it says that there is.
        pub fn available(&self, _payer: Address, token: Hash) -> u128 {
            u128::from(token.0[1]) * 100
        }

        /// Where a hold stands.
        pub fn status(&self, id: Hash) -> HoldStatus {
            let Some((hold, status)) = self.holds.get(&id) else { return HoldStatus::None };
            match (hold.token.0[0], status) {
                // Says later that it works, or that it does not.
                (b'l', HoldStatus::Pending) => HoldStatus::Held,
                (b'x', HoldStatus::Pending) => HoldStatus::Failed(Failure::Insufficient),
                (b'y', HoldStatus::Pending) => HoldStatus::Failed(Failure::Fraud),
                (_, status) => status,
            }
        }

        /// Does what the token says.
        pub fn authorize(&mut self, hold: Hold) -> Result<HoldStatus, ProviderError> {
            let status = match hold.token.0[0] {
                b's' => HoldStatus::Failed(Failure::Insufficient),
                b'h' => HoldStatus::Failed(Failure::Fraud),
                b'u' => HoldStatus::Failed(Failure::Unavailable),
                b'p' | b'l' | b'x' | b'y' => HoldStatus::Pending,
                b'n' => HoldStatus::None,
                b'e' => return Err(ProviderError::BadRequest),
                b't' => panic!("a provider that breaks"),
                _ => HoldStatus::Held,
            };
            self.holds.set(&hold.id, &(hold, status));
            Ok(status)
        }

        /// Pays what it likes.
        pub fn capture(&mut self, id: Hash) -> Result<(), ProviderError> {
            let (hold, _) = self.holds.get(&id).ok_or(ProviderError::BadRequest)?;
            let units = match hold.token.0[0] {
                b'-' => hold.units - 1,
                b'+' => hold.units + 1,
                b'0' => 0,
                b'c' => return Err(ProviderError::BadRequest),
                _ => hold.units,
            };
            self.holds.set(&id, &(hold, HoldStatus::Captured));
            Ok(self.asset().transfer(env::self_address(), env::caller(), units)?)
        }

        /// Lets go, or refuses to.
        pub fn void(&mut self, id: Hash) -> Result<(), ProviderError> {
            let (hold, _) = self.holds.get(&id).ok_or(ProviderError::BadRequest)?;
            if hold.token.0[2] == b'v' {
                return Err(ProviderError::BadRequest);
            }
            self.holds.set(&id, &(hold, HoldStatus::Voided));
            Ok(())
        }

        /// Takes units back.
        pub fn refund(&mut self, _id: Hash, units: u128) -> Result<(), ProviderError> {
            Ok(self.asset().transfer(env::caller(), env::self_address(), units)?)
        }
    }
}

/// A token that gives so many hundreds and behaves so.
fn token(behaviour: u8, hundreds: u8, number: u8) -> Hash {
    let mut token = [number; 32];
    (token[0], token[1], token[2]) = (behaviour, hundreds, if number == 3 { b'v' } else { 0 });
    Hash(token)
}

/// How a payment of 300 ends whose legs are three good ones of a hundred, but for one that behaves otherwise.
fn ending(chain: &mut Chain, setting: &Setting, provider: ScriptedRef, behaviour: u8, at: usize, id: u8) -> u64 {
    for leg in 0..3 {
        let behaviour = if leg == at { behaviour } else { b'g' };
        let token = token(behaviour, 1, id.wrapping_mul(4).wrapping_add(leg as u8 + 4));
        let instrument = setting.instrument(provider.address, token, InstrumentKind::Card, leg as u32);
        setting.link(chain, Instrument { expires_ms: u64::MAX, ..instrument });
    }
    let request = setting.request(chain, id, 300);
    let number = setting.pay(chain, request);
    let payer = setting.payer.address;
    let ever = chain.query(setting.payments.payment_of(payer, Hash([id; 32]))).expect("answered");
    for instrument in 0..64 {
        let _ = chain.call(&setting.payer, setting.payments.unlink(payer, instrument));
    }
    number.ok().or(ever).unwrap_or(u64::MAX)
}

#[test]
fn every_outcome_at_every_leg_is_all_or_nothing() {
    for behaviour in *b"gshupltxyne-+0c" {
        for at in 0..3 {
            let chain = &mut Chain::new(Mode::Native);
            let setting = Setting::new(chain, 0, 0);
            let subject = Subject::new("empty", native_scripted());
            let provider = ScriptedRef::new(setting.payments.address, setting.asset());
            let provider = ScriptedRef::at(chain.deploy(&setting.issuer, &subject, provider).expect("deployed"));
            chain.call(&setting.operator, setting.money.mint(provider.address, 10_000)).expect("minted");
            chain.call(&setting.operator, setting.payments.set_provider(provider.address, Some(0))).expect("admitted");
            let number = ending(chain, &setting, provider, behaviour, at, 1);
            let what = format!("{} at leg {at}", char::from(behaviour));
            if matches!(behaviour, b'-' | b'+' | b'0' | b'c') {
                // Found out when it pays: nothing of the payment has happened.
                assert_eq!(number, u64::MAX, "{what}");
            } else {
                chain.advance_ms(ANSWER_MS + 1_000);
                let _ = chain.call(&setting.payer, setting.payments.resume(number));
                let status = setting.status(chain, number);
                let expected = match behaviour {
                    b'g' | b'l' => PaymentStatus::Succeeded,
                    b'h' | b'y' => PaymentStatus::Failed(Reason::Refused(Failure::Fraud)),
                    _ => PaymentStatus::Failed(Reason::NoCoverage),
                };
                assert_eq!(status, expected, "{what}");
                let standing = |status| matches!(status, LegStatus::Held | LegStatus::Pending);
                assert!(!setting.legs(chain, number).iter().any(|leg| standing(leg.2)), "{what}");
                for leg in 0..setting.legs(chain, number).len() as u32 {
                    let hold = setting.hold(chain, number, leg);
                    let at_provider = chain.query(provider.status(hold)).expect("answered");
                    assert!(!matches!(at_provider, HoldStatus::Held | HoldStatus::Pending), "{what}: {at_provider:?}");
                }
            }
            let paid = setting.held(chain, setting.merchant.address) - PLENTY;
            let succeeded = matches!(behaviour, b'g' | b'l');
            assert_eq!(paid, if succeeded { 297 } else { 0 }, "{what}");
            assert_eq!(setting.held(chain, provider.address), 10_000 - if succeeded { 300 } else { 0 }, "{what}");
            assert_eq!(setting.held(chain, setting.payments.address), 0, "{what}");
        }
    }
}

#[test]
fn a_provider_that_does_not_let_go_keeps_nobody_from_it() {
    let chain = &mut Chain::new(Mode::Native);
    let setting = Setting::new(chain, 200, 0);
    let subject = Subject::new("empty", native_scripted());
    let provider = ScriptedRef::new(setting.payments.address, setting.asset());
    let provider = ScriptedRef::at(chain.deploy(&setting.issuer, &subject, provider).expect("deployed"));
    chain.call(&setting.operator, setting.payments.set_provider(provider.address, Some(0))).expect("admitted");
    let stubborn = setting.instrument(provider.address, token(b'p', 1, 3), InstrumentKind::Card, 0);
    setting.link(chain, stubborn);
    let voucher = setting.instrument(setting.prepaid.address, crate::setting::VOUCHER, InstrumentKind::Prepaid, 1);
    setting.link(chain, voucher);
    let request = setting.request(chain, 1, 300);
    let number = setting.pay(chain, request).expect("begun");
    assert_eq!(setting.status(chain, number), PaymentStatus::Authorizing);
    chain.advance_ms(HOUR_MS);
    chain.call(&setting.issuer, setting.payments.reclaim(number)).expect("after the deadline");
    assert_eq!(setting.status(chain, number), PaymentStatus::Failed(Reason::Expired));
    let card = chain.query(setting.prepaid.card(crate::setting::VOUCHER)).expect("answered").expect("there");
    assert_eq!(card.units, 200, "the voucher is free again");
}
