//! Children and rules that mean ill. They exist as native code only, in the place of a contract whose code they are not.

use crate::setting::error;
use counterpart_testing::{Account as Key, Chain, Failure, Mode, Subject};
use security_token::{Reason, SecurityTokenRef, TokenError, native_securitytoken};
use thief::{ThiefRef, native_thief};
use tyrant::{TyrantRef, native_tyrant};

mod thief {
    use counterpart_sdk::prelude::*;
    use security_token::{Holding, SecurityTokenRef};

    /// A child that comes back to its parent while it is given a holder, and takes nobody who has 13 units.
    #[storage]
    pub struct Thief {
        parent: Item<Address>,
        /// Whether a call back was let through.
        let_in: Item<bool>,
    }

    #[contract(events())]
    impl Thief {
        /// Names any parent.
        pub fn new(parent: Address) -> Self {
            let mut thief = Self::default();
            thief.parent.set(&parent);
            thief
        }

        /// The parent.
        pub fn parent(&self) -> Option<Address> {
            self.parent.get()
        }

        /// Whether a call back was let through.
        pub fn was_let_in(&self) -> bool {
            self.let_in.get_or_default()
        }

        /// Takes a holder, and tries to take more.
        pub fn on_upgrade_from_parent(&mut self, holder: Address, holding: Holding, to_come: u128) {
            assert!(holding.units != 13, "nobody with {to_come} to come");
            let parent = SecurityTokenRef::at(self.parent.get_or_default());
            let answers = [
                parent.upgrade(holder).try_call().is_ok(),
                parent.upgrade_page(vec![holder]).try_call().is_ok(),
                parent.forced_transfer(holder, env::self_address(), 1).try_call().is_ok(),
                parent.balance_of(holder).try_call().is_ok(),
            ];
            self.let_in.set(&answers.contains(&true));
        }
    }
}

mod tyrant {
    use compliance::{ComplianceError, Movement, Refusal};
    use counterpart_sdk::prelude::*;

    /// Rules that panic when they are asked, or say yes and mean another token.
    #[storage]
    pub struct Tyrant {
        panics: Item<bool>,
    }

    #[contract(events())]
    impl Tyrant {
        /// Rules that panic or not.
        pub fn new(panics: bool) -> Self {
            let mut tyrant = Self::default();
            tyrant.panics.set(&panics);
            tyrant
        }

        /// What would be broken.
        pub fn refusals(&self, movement: Movement) -> Result<Vec<Refusal>, ComplianceError> {
            assert!(!self.panics.get_or_default(), "{movement:?}");
            Err(ComplianceError::NotToken)
        }

        /// What moves.
        pub fn moved(&mut self, movement: Movement) -> Result<(), ComplianceError> {
            assert!(!self.panics.get_or_default(), "{movement:?}");
            Err(ComplianceError::NotToken)
        }
    }
}

fn token(chain: &mut Chain, issuer: &Key) -> SecurityTokenRef {
    let subject = Subject::new("security-token", native_securitytoken());
    let constructor = SecurityTokenRef::new("Acme".into(), "ACME".into(), 0);
    SecurityTokenRef::at(chain.deploy(issuer, &subject, constructor).expect("deployed"))
}

#[test]
fn a_child_that_calls_back_gets_each_holder_once_and_whom_it_refuses_stays() {
    let mut chain = Chain::new(Mode::Native);
    let [issuer, alice, bob] = ["issuer", "alice", "bob"].map(|name| chain.account(name));
    let parent = token(&mut chain, &issuer);
    for (holder, units) in [(&alice, 100), (&bob, 13)] {
        chain.call(&issuer, parent.issue(holder.address, units)).expect("issued");
    }
    let subject = Subject::new("empty", native_thief());
    let thief = chain.deploy(&issuer, &subject, ThiefRef::new(parent.address)).expect("deployed");
    let thief = ThiefRef::at(thief);
    chain.call(&issuer, parent.set_upgraded_address(thief.address)).expect("it names its parent");
    assert_eq!(chain.call(&alice, parent.upgrade(alice.address)), Ok(100));
    assert_eq!(chain.query(thief.was_let_in()), Ok(false), "nothing of the parent is open meanwhile");
    assert_eq!(chain.query(parent.balance_of(thief.address)), Ok(100));
    let failed = TokenError::ChildFailed { child: thief.address, code: 0 };
    assert_eq!(error(chain.call(&bob, parent.upgrade(bob.address))), failed);
    assert_eq!(chain.call(&issuer, parent.upgrade_page(vec![bob.address, alice.address])), Ok(0));
    assert_eq!((chain.query(parent.balance_of(bob.address)), chain.query(parent.total_supply())), (Ok(13), Ok(113)));
    // Units of the parent are not made by whoever it has named.
    let forged = chain.call(&issuer, parent.issue(alice.address, 1));
    assert_eq!(error(forged), TokenError::IssuanceFinished);
}

#[test]
fn rules_that_panic_or_answer_nonsense_let_nothing_move() {
    for panics in [true, false] {
        let mut chain = Chain::new(Mode::Native);
        let [issuer, alice] = ["issuer", "alice"].map(|name| chain.account(name));
        let parent = token(&mut chain, &issuer);
        let subject = Subject::new("empty", native_tyrant());
        let rules = chain.deploy(&issuer, &subject, TyrantRef::new(panics)).expect("deployed");
        chain.call(&issuer, parent.set_compliance(rules)).expect("chosen");
        let failed = TokenError::TransferRefused { reasons: vec![Reason::RulesFailed] };
        assert_eq!(error(chain.call(&issuer, parent.issue(alice.address, 1))), failed);
        assert_eq!(chain.call(&issuer, parent.set_frozen(alice.address, true)), Err(Failure::Error(failed)));
        let split = parent.begin_split(security_token::Ratio { new: 2, old: 1 });
        assert!(matches!(error(chain.call(&issuer, split)), TokenError::TransferRefused { .. }));
        let told = chain.query(parent.can_transfer(issuer.address, alice.address, 1)).expect("answered");
        assert!(told.contains(&Reason::RulesFailed), "{told:?}");
        assert_eq!(chain.query(parent.total_supply()), Ok(0));
    }
}
