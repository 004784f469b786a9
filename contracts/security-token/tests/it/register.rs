//! What the register of a security does: freezes, force, recovery, pausing, the end, allowances and roles.

use counterpart_sdk::Hash;
use counterpart_testing::{Account as Key, Chain, Failure, Subject, contract_test};
use security_token::{
    ADMIN_DELAY_MS, Allowance, AllowanceError, Holding, MAX_LOCKUPS, Ratio, Reason, Role, RoleError, Scope,
    SecurityTokenRef, TokenError, native_securitytoken,
};

struct Setting {
    token: SecurityTokenRef,
    issuer: Key,
    alice: Key,
    bob: Key,
    carol: Key,
}

impl Setting {
    /// A token of which alice has 100 units and bob 50.
    fn new(chain: &mut Chain) -> Self {
        let [issuer, alice, bob, carol] = ["issuer", "alice", "bob", "carol"].map(|name| chain.account(name));
        let subject = Subject::new("security-token", native_securitytoken());
        let constructor = SecurityTokenRef::new("Acme".into(), "ACME".into(), 0);
        let token = SecurityTokenRef::at(chain.deploy(&issuer, &subject, constructor).expect("deployed"));
        chain.call(&issuer, token.issue(alice.address, 100)).expect("issued");
        chain.call(&issuer, token.issue(bob.address, 50)).expect("issued");
        Self { token, issuer, alice, bob, carol }
    }

    fn transfer(&self, chain: &mut Chain, from: &Key, to: &Key, units: u128) -> Result<(), Vec<Reason>> {
        let told = chain.query(self.token.can_transfer(from.address, to.address, units)).expect("answered");
        let result = chain.call(from, self.token.transfer(from.address, to.address, units));
        let result = match result {
            Ok(()) => Ok(()),
            Err(Failure::Error(TokenError::TransferRefused { reasons })) => Err(reasons),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(result.clone().err().unwrap_or_default(), told);
        result
    }

    fn units(&self, chain: &Chain, key: &Key) -> u128 {
        chain.query(self.token.balance_of(key.address)).expect("answered")
    }

    fn holding(&self, chain: &Chain, key: &Key) -> Holding {
        chain.query(self.token.holding(key.address)).expect("answered")
    }
}

fn error<T>(result: Result<T, Failure<TokenError>>) -> TokenError {
    match result {
        Err(Failure::Error(error)) => error,
        Err(other) => panic!("refused in another way: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

fn refused(reasons: &[Reason]) -> TokenError {
    TokenError::TransferRefused { reasons: reasons.to_vec() }
}

#[contract_test]
fn frozen_units_stay_and_may_be_more_than_there_are(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let freeze = |units| setting.token.set_frozen_units(setting.alice.address, units);
    chain.call(&setting.issuer, freeze(30)).expect("frozen");
    let free = Reason::UnitsFrozen { free: 70, want: 71 };
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 71), Err(vec![free]));
    setting.transfer(chain, &setting.alice, &setting.bob, 70).expect("all that is free");
    chain.call(&setting.issuer, freeze(1_000)).expect("frozen, and what comes too");
    setting.transfer(chain, &setting.bob, &setting.alice, 5).expect("received");
    let none = Reason::UnitsFrozen { free: 0, want: 1 };
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 1), Err(vec![none]));
    chain.call(&setting.issuer, freeze(0)).expect("released");
    setting.transfer(chain, &setting.alice, &setting.bob, 35).expect("all");
    assert_eq!(setting.units(chain, &setting.bob), 150);
}

#[contract_test]
fn force_moves_what_is_frozen_and_locked_and_thaws_what_is_gone(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (token, alice) = (&setting.token, setting.alice.address);
    chain.call(&setting.issuer, token.set_frozen(alice, true)).expect("frozen");
    chain.call(&setting.issuer, token.set_frozen_units(alice, 80)).expect("frozen");
    chain.call(&setting.issuer, token.lock_until(alice, u64::MAX)).expect("locked");
    chain.call(&setting.issuer, token.set_paused(Scope::Transfers, true)).expect("paused");
    let force = |units| token.forced_transfer(alice, setting.carol.address, units);
    chain.call(&setting.issuer, force(10)).expect("of what is free");
    assert_eq!(setting.holding(chain, &setting.alice).frozen_units, 80);
    chain.call(&setting.issuer, force(40)).expect("of what is frozen too");
    let holding = setting.holding(chain, &setting.alice);
    assert_eq!((holding.units, holding.frozen_units, setting.units(chain, &setting.carol)), (50, 50, 50));
    let short = Reason::InsufficientBalance { have: 50, want: 51 };
    assert_eq!(error(chain.call(&setting.issuer, force(51))), refused(&[short]));
    assert_eq!(error(chain.call(&setting.issuer, force(0))), refused(&[Reason::NoUnits]));
    // From and to the same would change nothing, and is refused.
    let same = token.forced_transfer(alice, alice, 1);
    assert_eq!(error(chain.call(&setting.issuer, same)), refused(&[Reason::SameHolder]));
    assert_eq!(error(chain.call(&setting.alice, force(1))), TokenError::MissingRole { role: Role::Agent });
    assert_eq!(chain.query(token.holder_count()), Ok(3));
}

#[contract_test]
fn recovery_moves_all_that_is_known(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (token, alice, bob) = (&setting.token, setting.alice.address, setting.bob.address);
    chain.call(&setting.issuer, token.set_frozen_units(alice, 80)).expect("frozen");
    chain.call(&setting.issuer, token.lock_until(alice, 5)).expect("locked");
    chain.call(&setting.issuer, token.set_frozen_units(bob, 3)).expect("frozen");
    assert_eq!(chain.call(&setting.issuer, token.recover(alice, bob)), Ok(100));
    let joined = Holding { units: 150, locked_until_ms: 5, frozen_units: 83, ..Holding::default() };
    assert_eq!(
        (setting.holding(chain, &setting.bob), setting.holding(chain, &setting.alice)),
        (joined, Holding { locked_until_ms: 5, ..Holding::default() })
    );
    assert_eq!((chain.query(token.holder_count()), chain.query(token.total_supply())), (Ok(1), Ok(150)));
    chain.call(&setting.issuer, token.set_frozen(setting.carol.address, true)).expect("frozen");
    let to_frozen = token.recover(bob, setting.carol.address);
    assert_eq!(error(chain.call(&setting.issuer, to_frozen)), refused(&[Reason::ReceiverFrozen]));
    assert_eq!(error(chain.call(&setting.issuer, token.recover(bob, bob))), refused(&[Reason::SameHolder]));
    assert_eq!(
        error(chain.call(&setting.bob, token.recover(bob, alice))),
        TokenError::MissingRole { role: Role::Agent }
    );
}

#[contract_test]
fn units_that_are_given_back_are_no_supply(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (token, alice) = (&setting.token, setting.alice.address);
    chain.call(&setting.issuer, token.set_frozen_units(alice, 40)).expect("frozen");
    let free = Reason::UnitsFrozen { free: 60, want: 61 };
    assert_eq!(error(chain.call(&setting.alice, token.redeem(alice, 61))), refused(&[free]));
    let unauthorized = Failure::Reverted { contract: token.address, code: 0xFFFF_0005 };
    assert_eq!(chain.call(&setting.bob, token.redeem(alice, 1)), Err(unauthorized));
    chain.call(&setting.issuer, token.set_paused(Scope::Transfers, true)).expect("paused");
    chain.call(&setting.alice, token.redeem(alice, 60)).expect("an exit is never paused");
    assert_eq!((chain.query(token.total_supply()), setting.units(chain, &setting.alice)), (Ok(90), 40));
    chain.call(&setting.issuer, token.lock_until(alice, u64::MAX)).expect("locked");
    chain.call(&setting.issuer, token.set_frozen_units(alice, 0)).expect("released");
    let locked = Reason::LockedUntil { time_ms: u64::MAX };
    assert_eq!(error(chain.call(&setting.alice, token.redeem(alice, 1))), refused(&[locked]));
}

#[contract_test]
fn pausing_stops_what_it_names(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (token, alice) = (&setting.token, setting.alice.address);
    let pause = |scope, paused| token.set_paused(scope, paused);
    assert_eq!(
        error(chain.call(&setting.alice, pause(Scope::Transfers, true))),
        TokenError::MissingRole { role: Role::Pauser }
    );
    chain.call(&setting.issuer, pause(Scope::Transfers, true)).expect("paused");
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 1), Err(vec![Reason::Paused]));
    chain.call(&setting.alice, token.approve(alice, setting.bob.address, 0, 5, u64::MAX)).expect("approved");
    let spend = token.transfer_from(setting.bob.address, alice, setting.carol.address, 5);
    assert_eq!(error(chain.call(&setting.bob, spend.clone())), refused(&[Reason::Paused]));
    chain.call(&setting.issuer, token.issue(alice, 1)).expect("issued");
    chain.call(&setting.issuer, pause(Scope::Issuance, true)).expect("paused");
    let paused = TokenError::Paused { scope: Scope::Issuance };
    assert_eq!(error(chain.call(&setting.issuer, token.issue(alice, 1))), paused);
    chain.call(&setting.issuer, pause(Scope::Transfers, false)).expect("goes on");
    assert_eq!(
        (chain.query(token.is_paused(Scope::Transfers)), chain.query(token.is_paused(Scope::Issuance))),
        (Ok(false), Ok(true))
    );
    chain.call(&setting.bob, spend).expect("spent");
}

#[contract_test]
fn a_deactivated_token_refuses_everything_for_good(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (token, alice, bob) = (&setting.token, setting.alice.address, setting.bob.address);
    let not_admin = TokenError::Admin { error: RoleError::NotAdmin };
    assert_eq!(error(chain.call(&setting.alice, token.deactivate())), not_admin);
    chain.call(&setting.issuer, token.deactivate()).expect("deactivated");
    assert_eq!(chain.query(token.is_deactivated()), Ok(true));
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 1), Err(vec![Reason::Deactivated]));
    let by_issuer = [
        token.issue(alice, 1),
        token.finish_issuance(),
        token.set_compliance(alice),
        token.forced_transfer(alice, bob, 1),
        token.set_frozen(alice, true),
        token.set_frozen_units(alice, 1),
        token.lock_until(alice, 1),
        token.set_paused(Scope::Transfers, true),
        token.publish_document("terms".into(), Hash::ZERO),
        token.set_role(Role::Agent, alice, true),
        token.propose_admin(Some(alice)),
        token.accept_admin(),
        token.propose_upgrade(alice),
        token.cancel_upgrade(),
        token.set_upgraded_address(alice),
        token.lock_up(alice, 1, 1),
        token.deactivate(),
    ];
    for message in by_issuer {
        assert_eq!(error(chain.call(&setting.issuer, message)), TokenError::Deactivated);
    }
    assert_eq!(error(chain.call(&setting.issuer, token.recover(alice, bob))), TokenError::Deactivated);
    assert_eq!(error(chain.call(&setting.issuer, token.upgrade_page(vec![]))), TokenError::Deactivated);
    let split = token.begin_split(Ratio { new: 2, old: 1 });
    assert_eq!(error(chain.call(&setting.issuer, split)), TokenError::Deactivated);
    assert_eq!(error(chain.call(&setting.alice, token.split_page(vec![alice]))), TokenError::Deactivated);
    assert_eq!(error(chain.call(&setting.issuer, token.upgrade_for(alice))), TokenError::Deactivated);
    let by_alice = [token.redeem(alice, 1), token.approve(alice, bob, 0, 1, u64::MAX)];
    for message in by_alice {
        assert_eq!(error(chain.call(&setting.alice, message)), TokenError::Deactivated);
    }
    assert_eq!(error(chain.call(&setting.alice, token.upgrade(alice))), TokenError::Deactivated);
    assert_eq!((setting.units(chain, &setting.alice), chain.query(token.total_supply())), (100, Ok(150)));
}

#[contract_test]
fn an_allowance_ends_and_a_frozen_spender_has_none(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (token, alice, bob) = (&setting.token, setting.alice.address, setting.bob.address);
    let expires_ms = chain.time_ms() + 100_000;
    let approve = |expected, units, expires_ms| token.approve(alice, bob, expected, units, expires_ms);
    let spend = |units| token.transfer_from(bob, alice, setting.carol.address, units);
    let of_allowance = |error| TokenError::Allowance { error };
    chain.call(&setting.alice, approve(0, 50, expires_ms)).expect("approved");
    chain.call(&setting.bob, spend(20)).expect("spent");
    assert_eq!(chain.query(token.allowance(alice, bob)), Ok(Allowance { units: 30, expires_ms }));
    let changed = of_allowance(AllowanceError::Changed { have: 30 });
    assert_eq!(error(chain.call(&setting.alice, approve(50, 10, expires_ms))), changed);
    let short = of_allowance(AllowanceError::Insufficient { have: 30, want: 31 });
    assert_eq!(error(chain.call(&setting.bob, spend(31))), short);
    chain.call(&setting.issuer, token.set_frozen(bob, true)).expect("frozen");
    assert_eq!(error(chain.call(&setting.bob, spend(1))), refused(&[Reason::SpenderFrozen]));
    chain.call(&setting.issuer, token.set_frozen(bob, false)).expect("released");
    chain.advance_ms(expires_ms - chain.time_ms() - 1);
    chain.call(&setting.bob, spend(1)).expect("in the last ms");
    let over = of_allowance(AllowanceError::Insufficient { have: 0, want: 1 });
    assert_eq!(error(chain.call(&setting.bob, spend(1))), over);
    assert_eq!(error(chain.call(&setting.alice, approve(0, 1, 1))), of_allowance(AllowanceError::Expired));
}

#[contract_test]
fn roles_are_separate_and_the_admin_changes_slowly(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (token, alice, issuer) = (&setting.token, setting.alice.address, setting.issuer.address);
    for role in [Role::Issuer, Role::Agent, Role::Pauser] {
        assert_eq!(chain.query(token.has_role(role, issuer)), Ok(true));
        chain.call(&setting.issuer, token.set_role(role, issuer, false)).expect("given up");
    }
    chain.call(&setting.issuer, token.set_role(Role::Agent, alice, true)).expect("appointed");
    chain.call(&setting.alice, token.set_frozen(setting.bob.address, true)).expect("an agent");
    let missing = |role| TokenError::MissingRole { role };
    assert_eq!(error(chain.call(&setting.alice, token.issue(alice, 1))), missing(Role::Issuer));
    assert_eq!(error(chain.call(&setting.issuer, token.set_frozen(alice, true))), missing(Role::Agent));
    assert_eq!(
        error(chain.call(&setting.issuer, token.publish_document("a".into(), Hash::ZERO))),
        missing(Role::Issuer)
    );
    let not_admin = TokenError::Admin { error: RoleError::NotAdmin };
    assert_eq!(error(chain.call(&setting.alice, token.set_role(Role::Issuer, alice, true))), not_admin);
    chain.call(&setting.alice, token.set_role(Role::Agent, alice, false)).expect("their own");
    chain.call(&setting.issuer, token.propose_admin(Some(alice))).expect("proposed");
    let early = error(chain.call(&setting.alice, token.accept_admin()));
    assert!(matches!(early, TokenError::Admin { error: RoleError::TooEarly { .. } }), "{early:?}");
    chain.advance_ms(ADMIN_DELAY_MS);
    chain.call(&setting.alice, token.accept_admin()).expect("accepted");
    assert_eq!(chain.query(token.issuer()), Ok(alice));
    chain.call(&setting.alice, token.set_role(Role::Issuer, alice, true)).expect("appointed by the new admin");
    chain.call(&setting.alice, token.publish_document("terms".into(), Hash([7; 32]))).expect("published");
    assert_eq!(chain.query(token.document("terms".into())), Ok(Some(Hash([7; 32]))));
    assert_eq!(chain.query(token.document("other".into())), Ok(None));
}

#[contract_test]
fn units_are_locked_up_each_until_its_own_time(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (token, alice) = (&setting.token, setting.alice.address);
    let early = chain.time_ms() + 100_000;
    let late = early + 100_000;
    let lock_up = |units, until_ms| token.lock_up(alice, units, until_ms);
    let missing = TokenError::MissingRole { role: Role::Agent };
    assert_eq!(error(chain.call(&setting.alice, lock_up(1, late))), missing);
    chain.call(&setting.issuer, lock_up(30, early)).expect("locked up");
    chain.call(&setting.issuer, lock_up(50, late)).expect("locked up");
    let locked = |free, want| Err(vec![Reason::UnitsLocked { free, want }]);
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 21), locked(20, 21));
    assert_eq!(
        error(chain.call(&setting.alice, token.redeem(alice, 21))),
        refused(&[Reason::UnitsLocked { free: 20, want: 21 }])
    );
    // Frozen and locked up are told apart, and may be the same units.
    chain.call(&setting.issuer, token.set_frozen_units(alice, 90)).expect("frozen");
    let both = vec![Reason::UnitsFrozen { free: 10, want: 21 }, Reason::UnitsLocked { free: 20, want: 21 }];
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 21), Err(both));
    chain.call(&setting.issuer, token.set_frozen_units(alice, 0)).expect("released");
    // A lock-up ends in its ms.
    chain.advance_ms(early - chain.time_ms() - 1);
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 21), locked(20, 21));
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 50), Ok(()));
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 1), locked(0, 1));
    // A force takes what is locked up; what is not there any more cannot be locked.
    chain.call(&setting.issuer, token.forced_transfer(alice, setting.bob.address, 40)).expect("forced");
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 1), locked(0, 1));
    chain.advance_ms(late - chain.time_ms());
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 10), Ok(()));
    assert_eq!(chain.query(token.holding(alice)).expect("answered").lockups.len(), 2);
    // Those that have ended make room; so many run at a time.
    for _ in 0..MAX_LOCKUPS {
        chain.call(&setting.issuer, lock_up(1, u64::MAX)).expect("locked up");
    }
    let most = TokenError::TooMany { most: MAX_LOCKUPS as u32 };
    assert_eq!(error(chain.call(&setting.issuer, lock_up(1, u64::MAX))), most);
    // They go along to another account, and become stricter when they would be too many.
    chain.call(&setting.issuer, token.lock_up(setting.carol.address, 7, late + 1_000_000)).expect("locked up");
    assert_eq!(chain.call(&setting.issuer, token.recover(alice, setting.carol.address)), Ok(0));
    let lockups = setting.holding(chain, &setting.carol).lockups;
    let sum: u128 = lockups.iter().map(|lockup| lockup.units).sum();
    assert_eq!((lockups.len(), sum, lockups[MAX_LOCKUPS - 1].until_ms), (MAX_LOCKUPS, 23, u64::MAX));
}

#[contract_test]
fn a_lock_ends_in_its_ms_and_is_never_shortened(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (token, alice) = (&setting.token, setting.alice.address);
    assert_eq!(chain.query(token.version()), Ok(1));
    let until = chain.time_ms() + 100_000;
    for same in [until, until] {
        chain.call(&setting.issuer, token.lock_until(alice, same)).expect("locked");
    }
    let shorter = TokenError::LockShortened { locked_until_ms: until };
    assert_eq!(error(chain.call(&setting.issuer, token.lock_until(alice, until - 1))), shorter);
    chain.advance_ms(until - chain.time_ms() - 1);
    let locked = Err(vec![Reason::LockedUntil { time_ms: until }]);
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 1), locked);
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 1), Ok(()));
    // Exactly at the time.
    let until = chain.time_ms() + 50_000;
    chain.call(&setting.issuer, token.lock_until(alice, until)).expect("locked again");
    chain.advance_ms(until - chain.time_ms());
    assert_eq!(setting.transfer(chain, &setting.alice, &setting.bob, 1), Ok(()));
}
