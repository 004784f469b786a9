//! Who may end an escrow, when, and who gets what (T9 of the suite).

use counterpart_sdk::Hash;
use counterpart_testing::{Account, Chain, Failure, Subject, contract_test};
use hash_escrow::{EscrowError, HashEscrowRef, Terms, native_hashescrow};
use sha2::{Digest, Sha256};
use token::{TokenRef, native_token};
use trading::Asset;

const SECRET: [u8; 32] = [7; 32];
const REWARD: u128 = 55;

struct Setting {
    escrow: HashEscrowRef,
    token: TokenRef,
    giver: Account,
    taker: Account,
    anybody: Account,
    begun_ms: u64,
}

impl Setting {
    fn new(chain: &mut Chain) -> Self {
        let [giver, taker, anybody] = ["giver", "taker", "anybody"].map(|name| chain.account(name));
        let subject = Subject::new("token", native_token());
        let token = chain.deploy(&giver, &subject, TokenRef::new("Acorn".into(), "ACN".into(), 0)).expect("deployed");
        let token = TokenRef::at(token);
        chain.call(&giver, token.mint(giver.address, 1_000)).expect("minted");
        let subject = Subject::new("hash-escrow", native_hashescrow());
        let escrow = chain.deploy(&giver, &subject, HashEscrowRef::new()).expect("deployed");
        let begun_ms = chain.time_ms();
        Self { escrow: HashEscrowRef::at(escrow), token, giver, taker, anybody, begun_ms }
    }

    fn terms(&self) -> Terms {
        Terms {
            depositor: self.giver.address,
            receiver: self.taker.address,
            asset: Asset::Token(self.token.address),
            units: 100,
            reward: REWARD,
            hash: Hash(Sha256::digest(SECRET).into()),
            public_ms: self.begun_ms + 100_000,
            cancel_ms: self.begun_ms + 200_000,
            public_cancel_ms: self.begun_ms + 300_000,
        }
    }

    fn lock(&self, chain: &mut Chain, terms: Terms) -> Result<u64, Failure<EscrowError>> {
        let lock = self.escrow.lock(terms).with_value(terms.reward);
        chain.call_consenting(&self.giver, lock)
    }

    /// Moves the clock to so many ms after the beginning.
    fn at(&self, chain: &mut Chain, after_ms: u64) {
        chain.advance_ms((self.begun_ms + after_ms).saturating_sub(chain.time_ms()));
        assert_eq!(chain.time_ms(), self.begun_ms + after_ms);
    }

    fn held(&self, chain: &Chain, who: &Account) -> u128 {
        chain.query(self.token.balance_of(who.address)).expect("answered")
    }
}

fn error<T: std::fmt::Debug>(result: Result<T, Failure<EscrowError>>) -> EscrowError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}

#[contract_test]
fn the_secret_opens_it_once_for_the_receiver(chain: &mut Chain) {
    let setting = Setting::new(chain);
    assert_eq!(setting.lock(chain, setting.terms()), Ok(0));
    let escrow = setting.escrow;
    assert_eq!(chain.query(escrow.escrow(0)), Ok(Some(setting.terms())));
    assert_eq!(chain.query(escrow.escrow(1)), Ok(None));
    assert_eq!(error(chain.call(&setting.taker, escrow.withdraw(0, [8; 32]))), EscrowError::WrongSecret);
    let next_ms = setting.terms().public_ms;
    assert_eq!(error(chain.call(&setting.anybody, escrow.withdraw(0, SECRET))), EscrowError::WrongTime { next_ms });
    let before = chain.balance(&escrow.address);
    assert_eq!(before, REWARD);
    chain.call(&setting.taker, escrow.withdraw(0, SECRET)).expect("in time");
    assert_eq!((setting.held(chain, &setting.taker), chain.balance(&escrow.address)), (100, 0));
    assert_eq!(error(chain.call(&setting.taker, escrow.withdraw(0, SECRET))), EscrowError::NoEscrow { escrow: 0 });
    setting.at(chain, 400_000);
    assert_eq!(error(chain.call(&setting.giver, escrow.cancel(0))), EscrowError::NoEscrow { escrow: 0 });
}

#[contract_test]
fn each_ms_belongs_to_somebody(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (escrow, terms) = (setting.escrow, setting.terms());
    for _ in 0..3 {
        setting.lock(chain, terms).expect("locked");
    }
    setting.at(chain, 100_000);
    chain.call(&setting.anybody, escrow.withdraw(0, SECRET)).expect("anybody, from now on");
    assert_eq!(setting.held(chain, &setting.taker), 100, "for the receiver all the same");
    let early = chain.call(&setting.giver, escrow.cancel(1));
    assert_eq!(error(early), EscrowError::WrongTime { next_ms: terms.cancel_ms });
    setting.at(chain, 200_000);
    let late = chain.call(&setting.taker, escrow.withdraw(1, SECRET));
    assert_eq!(error(late), EscrowError::WrongTime { next_ms: terms.public_cancel_ms });
    let other = chain.call(&setting.anybody, escrow.cancel(1));
    assert_eq!(error(other), EscrowError::WrongTime { next_ms: terms.public_cancel_ms });
    chain.call(&setting.giver, escrow.cancel(1)).expect("the depositor");
    assert_eq!(setting.held(chain, &setting.giver), 800);
    setting.at(chain, 300_000);
    chain.call(&setting.anybody, escrow.cancel(2)).expect("anybody, from now on");
    assert_eq!(setting.held(chain, &setting.giver), 900);
    assert_eq!((setting.held(chain, &setting.anybody), chain.balance(&escrow.address)), (0, 0));
}

#[contract_test]
fn terms_make_sense_or_nothing_is_locked(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let good = setting.terms();
    for wrong in [
        Terms { units: 0, ..good },
        Terms { public_ms: setting.begun_ms, ..good },
        Terms { cancel_ms: good.public_ms, ..good },
        Terms { public_cancel_ms: good.cancel_ms, ..good },
    ] {
        assert_eq!(error(setting.lock(chain, wrong)), EscrowError::BadTerms, "{wrong:?}");
    }
    let unpaid = chain.call(&setting.giver, setting.escrow.lock(good).with_value(REWARD - 1));
    assert_eq!(error(unpaid), EscrowError::BadTerms);
    assert!(matches!(error(setting.lock(chain, Terms { units: 1_001, ..good })), EscrowError::Asset { .. }));
    assert!(chain.call(&setting.taker, setting.escrow.lock(good).with_value(REWARD)).is_err(), "somebody else's units");
}
