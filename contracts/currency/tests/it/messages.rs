//! Messages: what each does, and every way in which it is refused.

use crate::town::{EPOCH_MS, Town, id, person, terms};
use counterpart_ledger::Outcome;
use counterpart_sdk::codec::Decode;
use counterpart_testing::{Account as Key, Chain, Failure, contract_test};
use currency::{
    Allowance, AllowanceError, Class, CurrencyError, CurrencyRef, Grant, GrantOutcome, Policies, PolicyError, Reason,
    Registration, Role, RoleError, Scope, Term, Terms, native_currency,
};
use identity_registry::{Entry, IdentityRegistryRef, native_identityregistry};

/// What `require_auth` refuses with.
const UNAUTHORIZED: u32 = 0xFFFF_0005;

fn error<T>(result: Result<T, Failure<CurrencyError>>) -> CurrencyError {
    match result {
        Err(Failure::Error(error)) => error,
        Err(other) => panic!("refused in another way: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

fn unauthorized<T: std::fmt::Debug + PartialEq>(town: &Town, result: Result<T, Failure<CurrencyError>>) {
    assert_eq!(result, Err(Failure::Reverted { contract: town.currency.address, code: UNAUTHORIZED }));
}

#[contract_test]
fn every_role_is_needed_for_its_messages_and_the_admin_has_none(chain: &mut Chain) {
    let town = Town::new(chain);
    let (money, alice) = (&town.currency, town.alice.address);
    let admin = chain.account("admin");
    for role in [Role::Issuer, Role::Granter, Role::PolicyMaker, Role::Registrar, Role::Pauser, Role::Redeemer] {
        chain.call(&town.mayor, money.set_role(role, town.mayor.address, false)).expect("their own, or the admin");
        assert_eq!(chain.query(money.has_role(role, town.mayor.address)), Ok(false));
    }
    let missing = |role| CurrencyError::MissingRole { role };
    let mayor = &town.mayor;
    assert_eq!(error(chain.call(mayor, money.fund_depository(1))), missing(Role::Issuer));
    assert_eq!(error(chain.call(mayor, money.grant(Vec::new(), Vec::new()))), missing(Role::Granter));
    assert_eq!(error(chain.call(mayor, money.register_accounts(Vec::new()))), missing(Role::Registrar));
    assert_eq!(error(chain.call(mayor, money.set_class(alice, Class::Exempt, 0))), missing(Role::Registrar));
    assert_eq!(error(chain.call(mayor, money.close_account(alice))), missing(Role::Registrar));
    let propose = money.propose_policy(Class::Grant, Policies::default(), 9);
    assert_eq!(error(chain.call(mayor, propose)), missing(Role::PolicyMaker));
    assert_eq!(error(chain.call(mayor, money.set_paused(Scope::Grants, true))), missing(Role::Pauser));
    assert_eq!(error(chain.call(mayor, money.leave(alice, 0, 0))), missing(Role::Redeemer));
    assert_eq!(error(chain.call(mayor, money.put_back(alice, 0))), missing(Role::Redeemer));
    assert_eq!(error(chain.call(&town.alice, money.take_out(alice, 1))), missing(Role::Redeemer));
    let not_admin = CurrencyError::Admin { error: RoleError::NotAdmin };
    assert_eq!(error(chain.call(&admin, money.set_role(Role::Issuer, admin.address, true))), not_admin);
    assert_eq!(error(chain.call(&admin, money.set_role(Role::Issuer, alice, false))), not_admin);
    assert_eq!(error(chain.call(&admin, money.cancel_policy(Class::Grant))), missing(Role::PolicyMaker));
    assert_eq!(error(chain.call(&admin, money.propose_admin(None))), not_admin);
}

#[contract_test]
fn another_admin_accepts_after_the_delay(chain: &mut Chain) {
    let town = Town::new(chain);
    let (money, alice) = (&town.currency, &town.alice);
    let not_proposed = CurrencyError::Admin { error: RoleError::NotProposed };
    assert_eq!(error(chain.call(alice, money.accept_admin())), not_proposed);
    chain.call(&town.mayor, money.propose_admin(Some(alice.address))).expect("proposed");
    let early = error(chain.call(alice, money.accept_admin()));
    let CurrencyError::Admin { error: RoleError::TooEarly { from_ms } } = early else { panic!("{early:?}") };
    assert_eq!(error(chain.call(&town.bob, money.accept_admin())), not_proposed);
    chain.advance_ms(from_ms - chain.time_ms() - 1);
    let early = CurrencyError::Admin { error: RoleError::TooEarly { from_ms } };
    assert_eq!(error(chain.call(alice, money.accept_admin())), early);
    chain.call(&town.mayor, money.propose_admin(Some(alice.address))).expect("proposed anew");
    let later = error(chain.call(alice, money.accept_admin()));
    let CurrencyError::Admin { error: RoleError::TooEarly { from_ms } } = later else { panic!("{later:?}") };
    chain.advance_ms(from_ms - chain.time_ms());
    chain.call(alice, money.accept_admin()).expect("accepted");
    assert_eq!(chain.query(money.admin()), Ok(alice.address));
    assert_eq!(error(chain.call(alice, money.accept_admin())), not_proposed);
    // A proposal can be taken back.
    chain.call(alice, money.propose_admin(Some(town.bob.address))).expect("proposed");
    chain.call(alice, money.propose_admin(None)).expect("taken back");
    chain.advance_ms(terms().admin_delay_ms);
    assert_eq!(error(chain.call(&town.bob, money.accept_admin())), not_proposed);
}

#[contract_test]
fn pausing_stops_what_it_names_and_no_exit(chain: &mut Chain) {
    let town = Town::new(chain);
    let (money, alice) = (&town.currency, town.alice.address);
    town.grant(chain, 1, &town.alice, 1_000);
    chain.call(&town.alice, money.deposit(alice, town.pool.address, 100)).expect("deposited");
    for scope in [Scope::Transfers, Scope::Grants, Scope::Administration, Scope::Policies] {
        assert_eq!(chain.query(money.is_paused(scope)), Ok(false));
        chain.call(&town.mayor, money.set_paused(scope, true)).expect("paused");
        assert_eq!(chain.query(money.is_paused(scope)), Ok(true));
        assert_eq!(chain.query(money.is_paused(scope)), Ok(true));
    }
    assert_eq!(town.pay(chain, &town.alice, &town.shop, 1), Err(vec![Reason::Paused]));
    let transfers = CurrencyError::Paused { scope: Scope::Transfers };
    assert_eq!(error(chain.call(&town.alice, money.deposit(alice, town.pool.address, 1))), transfers);
    let grants = CurrencyError::Paused { scope: Scope::Grants };
    assert_eq!(error(chain.call(&town.mayor, money.grant(Vec::new(), Vec::new()))), grants);
    let administration = CurrencyError::Paused { scope: Scope::Administration };
    assert_eq!(error(chain.call(&town.mayor, money.fund_depository(1))), administration);
    assert_eq!(error(chain.call(&town.mayor, money.register_accounts(Vec::new()))), administration);
    assert_eq!(error(chain.call(&town.mayor, money.set_class(alice, Class::NonGrant, 0))), administration);
    chain.call(&town.pool, money.release(town.pool.address, alice, alice, 100)).expect("out of the pool");
    chain.call(&town.bob, money.settle(alice)).expect("settled");
    chain.call_with(&town.mayor, &[&town.alice], money.take_out(alice, 10)).expect("taken out");
    chain.call(&town.mayor, money.put_back(alice, 4)).expect("put back");
    chain.call(&town.mayor, money.leave(alice, 6, 1)).expect("left");
    assert_eq!(chain.call(&town.alice, money.close_account(alice)), Ok(994));
    chain.call(&town.mayor, money.set_paused(Scope::Administration, false)).expect("goes on");
    chain.call(&town.mayor, money.fund_depository(1)).expect("funded");
    assert_eq!(town.check_books(chain).redeemed, 5);
}

#[contract_test]
fn a_transfer_is_refused_for_all_reasons_at_once(chain: &mut Chain) {
    let town = Town::new(chain);
    let stranger = chain.account("stranger");
    town.grant(chain, 1, &town.alice, 100);
    assert_eq!(town.pay(chain, &town.alice, &town.alice, 0), Err(vec![Reason::NoUnits, Reason::SameAccount]));
    assert_eq!(town.pay(chain, &stranger, &town.bob, 1), Err(vec![Reason::NoSender]));
    let short = Reason::InsufficientBalance { have: 100, want: 101 };
    assert_eq!(town.pay(chain, &town.alice, &stranger, 101), Err(vec![Reason::NoReceiver, short]));
    assert_eq!(town.pay(chain, &town.alice, &town.pool, 1), Err(vec![Reason::ReceiverExempt]));
    let memo = town.currency.transfer(town.alice.address, town.bob.address, 1, vec![0; 129]);
    let refused = CurrencyError::TransferRefused { reasons: vec![Reason::MemoTooLong] };
    assert_eq!(error(chain.call(&town.alice, memo)), refused);
    let asked = town.currency.can_transfer(town.alice.address, stranger.address, 101, vec![0; 129]);
    assert_eq!(chain.query(asked), Ok(vec![Reason::NoReceiver, short, Reason::MemoTooLong]));
    let longest = town.currency.transfer(town.alice.address, town.bob.address, 100, vec![0; 128]);
    chain.call(&town.alice, longest).expect("all of it, with the longest memo");
    unauthorized(&town, chain.call(&town.bob, town.currency.transfer(town.alice.address, town.bob.address, 1, vec![])));
    // What the sender signs, anybody brings, once.
    let signed = town.currency.transfer(town.bob.address, town.shop.address, 60, b"bread".to_vec());
    chain.call_with(&stranger, &[&town.bob], signed).expect("brought");
    assert_eq!((town.balance(chain, &town.bob), town.balance(chain, &town.shop)), (40, 60));
}

#[contract_test]
fn an_allowance_ends_at_its_ms_is_spent_once_and_changed_knowingly(chain: &mut Chain) {
    let town = Town::new(chain);
    let (money, alice, shop) = (&town.currency, town.alice.address, town.shop.address);
    town.grant(chain, 1, &town.alice, 1_000);
    let expires_ms = chain.time_ms() + 100_000;
    let approve = |expected, units, expires_ms| money.approve(alice, shop, expected, units, expires_ms);
    let spend = |units| money.transfer_from(shop, alice, shop, units, vec![]);
    chain.call(&town.alice, approve(0, 50, expires_ms)).expect("approved");
    unauthorized(&town, chain.call(&town.shop, approve(50, 60, expires_ms)));
    chain.call(&town.shop, spend(20)).expect("spent");
    unauthorized(&town, chain.call(&town.bob, spend(20)));
    // A change that crosses the spending is refused, so that both cannot be spent.
    let of_allowance = |error| CurrencyError::Allowance { error };
    let crossing = error(chain.call(&town.alice, approve(50, 10, expires_ms)));
    assert_eq!(crossing, of_allowance(AllowanceError::Changed { have: 30 }));
    let insufficient = AllowanceError::Insufficient { have: 30, want: 31 };
    assert_eq!(error(chain.call(&town.shop, spend(31))), of_allowance(insufficient));
    assert_eq!(chain.query(money.allowance(alice, shop)), Ok(Allowance { units: 30, expires_ms }));
    chain.advance_ms(expires_ms - chain.time_ms() - 1);
    chain.call(&town.shop, spend(10)).expect("in the last ms");
    assert_eq!(chain.query(money.allowance(alice, shop)), Ok(Allowance { units: 0, expires_ms: 0 }));
    let over = AllowanceError::Insufficient { have: 0, want: 1 };
    assert_eq!(error(chain.call(&town.shop, spend(1))), of_allowance(over.clone()));
    // What has expired is nothing, and is expected to be.
    let past = error(chain.call(&town.alice, approve(0, 5, chain.time_ms())));
    assert_eq!(past, of_allowance(AllowanceError::Expired));
    chain.call(&town.alice, approve(0, 5, chain.time_ms() + 9_000_000)).expect("approved anew");
    chain.call(&town.alice, approve(5, 0, 0)).expect("taken back");
    assert_eq!(error(chain.call(&town.shop, spend(1))), of_allowance(over));
}

#[contract_test]
fn a_grant_pays_once_for_each_id_of_a_granter(chain: &mut Chain) {
    let town = Town::new(chain);
    assert_eq!(town.grant(chain, 1, &town.alice, 100), GrantOutcome::Granted);
    assert_eq!(town.grant(chain, 1, &town.alice, 100), GrantOutcome::AlreadyGranted);
    assert_eq!(town.grant(chain, 1, &town.alice, 101), GrantOutcome::IdUsed);
    assert_eq!(town.grant(chain, 1, &town.bob, 100), GrantOutcome::IdUsed);
    assert_eq!(town.grant(chain, 2, &town.shop, 100), GrantOutcome::NotGrantee);
    assert_eq!(town.grant(chain, 3, &town.mayor, 100), GrantOutcome::NoAccount);
    assert_eq!(town.grant(chain, 4, &town.alice, 999_901), GrantOutcome::DepositoryShort);
    assert_eq!(town.grant(chain, 4, &town.alice, 999_900), GrantOutcome::Granted);
    assert_eq!(chain.query(town.currency.is_granted(town.mayor.address, id(4))), Ok(true));
    assert_eq!(chain.query(town.currency.is_granted(town.mayor.address, id(2))), Ok(false));
    // Another granter's ids are its own.
    chain.call(&town.mayor, town.currency.fund_depository(10)).expect("funded");
    chain.call(&town.mayor, town.currency.set_role(Role::Granter, town.shop.address, true)).expect("appointed");
    let other = Grant { id: id(1), to: town.bob.address, units: 10 };
    let twice = town.currency.grant(vec![other, other], b"for helping".to_vec());
    assert_eq!(chain.call(&town.shop, twice), Ok(vec![GrantOutcome::Granted, GrantOutcome::AlreadyGranted]));
    let many = vec![Grant { id: id(9), to: town.bob.address, units: 1 }; 51];
    let refused = chain.call(&town.mayor, town.currency.grant(many, vec![]));
    assert_eq!(error(refused), CurrencyError::TooMany { limit: 50 });
    let long = chain.call(&town.mayor, town.currency.grant(vec![], vec![0; 129]));
    assert_eq!(error(long), CurrencyError::TooMany { limit: 128 });
    assert_eq!(town.check_books(chain).granted, 1_000_010);
}

#[contract_test]
fn no_more_is_issued_than_the_terms_say(chain: &mut Chain) {
    let town = Town::founded(chain, Terms { max_supply: 1_000_010, ..terms() });
    let exceeded = CurrencyError::SupplyExceeded { max_supply: 1_000_010 };
    for units in [11, u128::MAX] {
        assert_eq!(error(chain.call(&town.mayor, town.currency.fund_depository(units))), exceeded);
    }
    chain.call(&town.mayor, town.currency.fund_depository(10)).expect("funded");
    // What was redeemed is not issued anew.
    town.grant(chain, 1, &town.alice, 100);
    chain.call_with(&town.mayor, &[&town.alice], town.currency.take_out(town.alice.address, 100)).expect("taken out");
    chain.call(&town.mayor, town.currency.leave(town.alice.address, 100, 0)).expect("left");
    assert_eq!(error(chain.call(&town.mayor, town.currency.fund_depository(1))), exceeded);
}

#[contract_test]
fn units_that_were_taken_out_leave_or_come_back_and_are_never_more(chain: &mut Chain) {
    let town = Town::new(chain);
    let (money, alice) = (&town.currency, town.alice.address);
    town.grant(chain, 1, &town.alice, 1_000);
    unauthorized(&town, chain.call(&town.mayor, money.take_out(alice, 1)));
    let short =
        CurrencyError::TransferRefused { reasons: vec![Reason::InsufficientBalance { have: 1_000, want: 1_001 }] };
    chain.call(&town.mayor, money.set_role(Role::Redeemer, alice, true)).expect("appointed");
    assert_eq!(error(chain.call(&town.alice, money.take_out(alice, 1_001))), short);
    let none = CurrencyError::TransferRefused { reasons: vec![Reason::NoUnits] };
    assert_eq!(error(chain.call(&town.alice, money.take_out(alice, 0))), none);
    chain.call(&town.alice, money.take_out(alice, 500)).expect("taken out");
    // Nothing is recovered of what was taken out.
    chain.advance_ms(5 * EPOCH_MS);
    let too_many = CurrencyError::NotTakenOut { have: 500, want: 501 };
    assert_eq!(error(chain.call(&town.mayor, money.leave(alice, 501, 0))), too_many);
    assert_eq!(error(chain.call(&town.mayor, money.put_back(alice, 501))), too_many);
    assert_eq!(error(chain.call(&town.mayor, money.leave(alice, 10, 11))), CurrencyError::FeeTooHigh);
    chain.call(&town.mayor, money.leave(alice, 300, 30)).expect("left");
    chain.call(&town.mayor, money.put_back(alice, 200)).expect("put back");
    let totals = town.check_books(chain);
    assert_eq!((totals.leaving, totals.redeemed), (0, 270));
}

#[contract_test]
fn terms_that_mean_nothing_are_refused(chain: &mut Chain) {
    let mayor = chain.account("mayor");
    let town = Town::new(chain);
    let told =
        (chain.query(town.currency.name()), chain.query(town.currency.symbol()), chain.query(town.currency.decimals()));
    assert_eq!(told, (Ok("Tala".into()), Ok("TAL".into()), Ok(2)));
    assert_eq!(chain.query(town.currency.terms()), Ok(terms()));
    let refused = |chain: &mut Chain, terms: Terms| {
        let constructor = CurrencyRef::new("Tala".into(), "TAL".into(), 2, terms);
        let subject = counterpart_testing::Subject::new("currency", native_currency());
        match chain.deploy(&mayor, &subject, constructor) {
            Ok(_) => None,
            Err(Outcome::Revert { data, .. }) => CurrencyError::decode(&mut data.as_slice()).ok(),
            Err(other) => panic!("{other:?}"),
        }
    };
    let wrong = [
        (Term::EpochMs, Terms { epoch_ms: 0, ..terms() }),
        (Term::MaxSupply, Terms { max_supply: (1 << 94) + 1, ..terms() }),
        (Term::RateCap, Terms { rate_cap: 1_000_000_001, ..terms() }),
        (Term::NoticeEpochs, Terms { notice_epochs: 0, ..terms() }),
        (Term::NoticeEpochs, Terms { sweep_notice_epochs: 1, ..terms() }),
    ];
    for (term, terms) in wrong {
        assert_eq!(refused(chain, terms), Some(CurrencyError::InvalidTerms { term }));
    }
    let too_much = Terms { grant_policies: Policies::proportional(500_000_001), ..terms() };
    let error = PolicyError::RateAboveCap { cap: 500_000_000 };
    assert_eq!(refused(chain, too_much), Some(CurrencyError::InvalidPolicies { error }));
    assert_eq!(refused(chain, Terms { max_supply: 1 << 94, rate_cap: 1_000_000_000, ..terms() }), None);
}

#[contract_test]
fn closing_gives_what_is_left_to_the_depository(chain: &mut Chain) {
    let town = Town::new(chain);
    let (money, alice, pool) = (&town.currency, town.alice.address, town.pool.address);
    town.grant(chain, 1, &town.alice, 1_001);
    chain.call(&town.alice, money.deposit(alice, pool, 101)).expect("deposited");
    town.advance_to_epoch(chain, 1, 0);
    assert_eq!(chain.call(&town.alice, money.close_account(alice)), Ok(810));
    assert_eq!(town.pay(chain, &town.shop, &town.alice, 0), Err(vec![Reason::NoUnits, Reason::NoReceiver]));
    let closed = CurrencyError::NoAccount { account: alice };
    assert_eq!(error(chain.call(&town.alice, money.close_account(alice))), closed);
    assert_eq!(error(chain.call(&town.alice, money.settle(alice))), closed);
    // What lies in a pool follows when somebody says so.
    chain.call(&town.bob, money.settle_position(pool, alice)).expect("settled");
    let totals = town.check_books(chain);
    assert_eq!((totals.circulating, totals.depository), (0, 1_000_000));
    assert_eq!(error(chain.call(&town.bob, money.settle_position(pool, alice))), CurrencyError::NoPosition);
    // And the account can be registered anew.
    let anew = Registration { account: alice, class: Class::Grant, group: 0 };
    assert_eq!(chain.call(&town.mayor, money.register_accounts(vec![anew, anew])), Ok(1));
    assert_eq!(town.grant(chain, 2, &town.alice, 10), GrantOutcome::Granted);
}

#[contract_test]
fn pools_are_exempt_and_give_out_what_they_were_given(chain: &mut Chain) {
    let town = Town::new(chain);
    let (money, alice, pool, shop) = (&town.currency, town.alice.address, town.pool.address, town.shop.address);
    town.grant(chain, 1, &town.alice, 1_000);
    assert_eq!(error(chain.call(&town.alice, money.deposit(alice, shop, 1))), CurrencyError::NotExempt);
    unauthorized(&town, chain.call(&town.bob, money.deposit(alice, pool, 1)));
    chain.call(&town.alice, money.deposit(alice, pool, 600)).expect("deposited");
    chain.call(&town.alice, money.deposit(alice, pool, 100)).expect("and more");
    unauthorized(&town, chain.call(&town.alice, money.release(pool, alice, alice, 1)));
    let other_pool: Key = chain.account("other pool");
    let exempt = Registration { account: other_pool.address, class: Class::Exempt, group: 0 };
    chain.call(&town.mayor, money.register_accounts(vec![exempt])).expect("registered");
    let refused = CurrencyError::TransferRefused { reasons: vec![Reason::ReceiverExempt] };
    assert_eq!(error(chain.call(&town.pool, money.release(pool, alice, other_pool.address, 1))), refused);
    chain.call(&town.pool, money.release(pool, alice, pool, 50)).expect("its own fee");
    chain.call(&town.pool, money.release(pool, alice, town.bob.address, 600)).expect("to somebody else");
    assert_eq!(chain.query(money.position_of(pool, alice)), Ok(50));
    chain.call(&town.pool, money.release(pool, alice, alice, 50)).expect("all of it");
    assert_eq!(error(chain.call(&town.pool, money.release(pool, alice, alice, 1))), CurrencyError::NoPosition);
    assert_eq!(chain.query(money.positions(None, 50)), Ok(Vec::new()));
    assert_eq!((town.balance(chain, &town.pool), town.balance(chain, &town.bob)), (50, 600));
    town.check_books(chain);
}

#[contract_test]
fn a_person_has_one_grant_account_while_the_gate_says_so(chain: &mut Chain) {
    let (mayor, alice, twin) = (chain.account("mayor"), chain.account("alice"), chain.account("twin"));
    let subject = counterpart_testing::Subject::new("identity-registry", native_identityregistry());
    let gate = chain.deploy(&mayor, &subject, IdentityRegistryRef::new(0)).expect("deployed");
    let registry = IdentityRegistryRef::at(gate);
    chain.call(&mayor, registry.set_registrar(mayor.address, true)).expect("appointed");
    let constructor = CurrencyRef::new("Tala".into(), "TAL".into(), 2, Terms { identity_gate: Some(gate), ..terms() });
    let subject = counterpart_testing::Subject::new("currency", native_currency());
    let money = CurrencyRef::at(chain.deploy(&mayor, &subject, constructor).expect("deployed"));
    for role in [Role::Issuer, Role::Granter, Role::Registrar] {
        chain.call(&mayor, money.set_role(role, mayor.address, true)).expect("appointed");
    }
    chain.call(&mayor, money.fund_depository(10_000)).expect("funded");
    let register =
        |key: &Key, class| money.register_accounts(vec![Registration { account: key.address, class, group: 0 }]);
    assert_eq!(error(chain.call(&mayor, register(&alice, Class::Grant))), CurrencyError::NoIdentity);
    let entry = |key: &Key, valid_until_ms| Entry { valid_until_ms, ..person(key) };
    let until = chain.time_ms() + 1_000_000;
    chain.call(&mayor, registry.register(vec![entry(&alice, until), entry(&twin, u64::MAX)])).expect("known");
    chain.call(&mayor, register(&alice, Class::Grant)).expect("registered");
    let taken = CurrencyError::IdentityTaken { account: alice.address };
    assert_eq!(error(chain.call(&mayor, register(&twin, Class::Grant))), taken);
    // Others need none.
    chain.call(&mayor, register(&twin, Class::NonGrant)).expect("registered");
    assert_eq!(error(chain.call(&mayor, money.set_class(twin.address, Class::Grant, 0))), taken);
    let grant = |number| money.grant(vec![Grant { id: id(number), to: alice.address, units: 100 }], vec![]);
    assert_eq!(chain.call(&mayor, grant(1)), Ok(vec![GrantOutcome::Granted]));
    assert_eq!(error(chain.call(&twin, money.revoke(alice.address))), CurrencyError::IdentityHolds);
    chain.advance_ms(until - chain.time_ms());
    assert_eq!(chain.call(&mayor, grant(2)), Ok(vec![GrantOutcome::IdentityRevoked]));
    assert_eq!(chain.call(&twin, money.revoke(alice.address)), Ok(90));
    assert_eq!(chain.query(money.totals()).expect("answered").circulating, 0);
    chain.call(&mayor, money.set_class(twin.address, Class::Grant, 0)).expect("the identity is free again");
}

#[contract_test]
fn a_gate_that_does_not_answer_lets_nobody_in_and_closes_nobody(chain: &mut Chain) {
    let mayor = chain.account("mayor");
    let nowhere = Some(mayor.address);
    let constructor = CurrencyRef::new("Tala".into(), "TAL".into(), 2, Terms { identity_gate: nowhere, ..terms() });
    let subject = counterpart_testing::Subject::new("currency", native_currency());
    let money = CurrencyRef::at(chain.deploy(&mayor, &subject, constructor).expect("deployed"));
    chain.call(&mayor, money.set_role(Role::Registrar, mayor.address, true)).expect("appointed");
    let person = Registration { account: mayor.address, class: Class::Grant, group: 0 };
    assert_eq!(error(chain.call(&mayor, money.register_accounts(vec![person]))), CurrencyError::GateFailed);
    let shop = Registration { class: Class::NonGrant, ..person };
    chain.call(&mayor, money.register_accounts(vec![shop])).expect("registered");
    assert_eq!(error(chain.call(&mayor, money.revoke(mayor.address))), CurrencyError::IdentityHolds);
}
