//! Which period of which schedule is paid when, to whom, and how often.

use crate::town::{Town, person, terms};
use counterpart_testing::{Account as Key, Chain, Failure, Subject, contract_test};
use currency::{Class, CurrencyRef, Policies, Registration, Role, Scope, Terms, native_currency};
use grant_desk::{DeskError, GrantDeskRef, GroupAmount, Payment, RoleError, Schedule, native_grantdesk};
use identity_registry::{IdentityRegistryRef, native_identityregistry};

const PERIOD_MS: u64 = 100_000;

fn schedule(chain: &Chain) -> Schedule {
    Schedule {
        start_ms: chain.time_ms(),
        cliff_ms: 0,
        period_ms: PERIOD_MS,
        end_ms: chain.time_ms() + 10 * PERIOD_MS,
        backlog: 3,
        claimed: false,
        amounts: vec![GroupAmount { group: 0, units: 100 }, GroupAmount { group: 1, units: 40 }],
    }
}

fn desk(chain: &mut Chain, mayor: &Key, currency: &CurrencyRef) -> GrantDeskRef {
    let constructor = GrantDeskRef::new(currency.address, 0);
    let address = chain.deploy(mayor, &Subject::new("grant-desk", native_grantdesk()), constructor).expect("deployed");
    chain.call(mayor, currency.set_role(Role::Granter, address, true)).expect("appointed");
    GrantDeskRef::at(address)
}

/// Without recovery, so that balances are sums of grants.
fn opened(chain: &mut Chain) -> (Town, GrantDeskRef) {
    let town = Town::founded(chain, Terms { grant_policies: Policies::default(), ..terms() });
    let desk = desk(chain, &town.mayor, &town.currency);
    (town, desk)
}

fn error<T>(result: Result<T, Failure<DeskError>>) -> DeskError {
    match result {
        Err(Failure::Error(error)) => error,
        _ => panic!("not refused with an error of the contract"),
    }
}

fn advance_to(chain: &mut Chain, time_ms: u64) {
    chain.advance_ms(time_ms - chain.time_ms());
}

#[contract_test]
fn each_period_is_paid_once_pushed_or_claimed(chain: &mut Chain) {
    let (town, desk) = opened(chain);
    let (alice, bob) = (town.alice.address, town.bob.address);
    let terms = schedule(chain);
    assert_eq!(chain.call(&town.mayor, desk.set_schedule(terms.clone())), Ok(0));
    let paid = Payment::Paid { units: 100 };
    assert_eq!(chain.query(desk.can_claim(alice, 0, 0)), Ok(paid));
    let everybody = vec![alice, bob, town.shop.address, town.mayor.address, alice];
    let pushed = chain.call(&town.bakery, desk.push(0, 0, everybody));
    let no = [Payment::NotGrantee, Payment::NoAccount, Payment::AlreadyPaid];
    assert_eq!(pushed, Ok(vec![paid, paid, no[0], no[1], no[2]]));
    assert_eq!(chain.query(desk.can_claim(alice, 0, 0)), Ok(Payment::AlreadyPaid));
    let again = error(chain.call(&town.alice, desk.claim(alice, 0, 0)));
    assert_eq!(again, DeskError::NotPaid { payment: Payment::AlreadyPaid });
    advance_to(chain, terms.start_ms + PERIOD_MS);
    assert_eq!(chain.call(&town.alice, desk.claim(alice, 0, 1)), Ok(100));
    assert_eq!(chain.call(&town.bob, desk.push(0, 1, vec![alice])), Ok(vec![Payment::AlreadyPaid]));
    assert_eq!(town.balance(chain, &town.alice), 200);
    assert_eq!(town.check_books(chain).granted, 300);
    // Claiming for somebody else needs them.
    let other = chain.call(&town.bob, desk.claim(alice, 0, 1));
    assert_eq!(other, Err(Failure::Reverted { contract: desk.address, code: 0xFFFF_0005 }));
}

#[contract_test]
fn a_period_begins_at_its_ms(chain: &mut Chain) {
    let (town, desk) = opened(chain);
    let terms = schedule(chain);
    chain.call(&town.mayor, desk.set_schedule(terms.clone())).expect("set");
    let ask = |chain: &Chain, period| chain.query(desk.can_claim(town.alice.address, 0, period)).expect("answered");
    advance_to(chain, terms.start_ms + 2 * PERIOD_MS - 1);
    assert_eq!(ask(chain, 2), Payment::NotDue);
    chain.advance_ms(1);
    assert_eq!(ask(chain, 2), Payment::Paid { units: 100 });
    // The first of three periods of the backlog, to its last ms.
    assert_eq!(ask(chain, 0), Payment::Paid { units: 100 });
    chain.advance_ms(PERIOD_MS - 1);
    assert_eq!(ask(chain, 0), Payment::Paid { units: 100 });
    chain.advance_ms(1);
    assert_eq!(ask(chain, 0), Payment::Over);
    // Nothing begins at the end or later, what began is paid.
    advance_to(chain, terms.end_ms + PERIOD_MS);
    assert_eq!(ask(chain, 10), Payment::Over);
    assert_eq!(ask(chain, 9), Payment::Paid { units: 100 });
    assert_eq!(ask(chain, u64::MAX), Payment::Over);
}

#[contract_test]
fn a_cliff_holds_back_what_is_due_before_it(chain: &mut Chain) {
    let (town, desk) = opened(chain);
    let terms = Schedule { cliff_ms: 150_000, ..schedule(chain) };
    chain.call(&town.mayor, desk.set_schedule(terms.clone())).expect("set");
    let ask = |chain: &Chain, period| chain.query(desk.can_claim(town.alice.address, 0, period)).expect("answered");
    advance_to(chain, terms.start_ms + 149_999);
    assert_eq!((ask(chain, 0), ask(chain, 1)), (Payment::NotDue, Payment::NotDue));
    chain.advance_ms(1);
    let paid = Payment::Paid { units: 100 };
    assert_eq!((ask(chain, 0), ask(chain, 1), ask(chain, 2)), (paid, paid, Payment::NotDue));
}

#[contract_test]
fn groups_have_amounts_of_their_own_and_newcomers_no_past(chain: &mut Chain) {
    let (town, desk) = opened(chain);
    let terms = schedule(chain);
    chain.call(&town.mayor, desk.set_schedule(terms.clone())).expect("set");
    advance_to(chain, terms.start_ms + 2 * PERIOD_MS);
    let [child, cousin] = ["child", "cousin"].map(|name| chain.account(name));
    let newcomers = [(&child, 1), (&cousin, 2)].map(|(key, group)| Registration {
        account: key.address,
        class: Class::Grant,
        group,
    });
    chain.call(&town.mayor, town.currency.register_accounts(newcomers.to_vec())).expect("registered");
    let both = vec![child.address, cousin.address];
    let before = chain.call(&town.bob, desk.push(0, 1, both.clone()));
    assert_eq!(before, Ok(vec![Payment::BeforeRegistration, Payment::NotGrantee]));
    let now = chain.call(&town.bob, desk.push(0, 2, both));
    assert_eq!(now, Ok(vec![Payment::Paid { units: 40 }, Payment::NotGrantee]));
    // Another group is another amount, but a period is paid once.
    chain.call(&town.mayor, town.currency.set_class(child.address, Class::Grant, 0)).expect("grown up");
    assert_eq!(chain.call(&town.bob, desk.push(0, 2, vec![child.address])), Ok(vec![Payment::AlreadyPaid]));
    assert_eq!(town.balance(chain, &child), 40);
}

#[contract_test]
fn a_person_is_paid_once_with_however_many_accounts(chain: &mut Chain) {
    let mayor = chain.account("mayor");
    let gate = chain.deploy(
        &mayor,
        &Subject::new("identity-registry", native_identityregistry()),
        IdentityRegistryRef::new(0),
    );
    let registry = IdentityRegistryRef::at(gate.expect("deployed"));
    chain.call(&mayor, registry.set_registrar(mayor.address, true)).expect("appointed");
    let terms = Terms { identity_gate: Some(registry.address), ..terms() };
    let constructor = CurrencyRef::new("Tala".into(), "TAL".into(), 2, terms);
    let address = chain.deploy(&mayor, &Subject::new("currency", native_currency()), constructor);
    let currency = CurrencyRef::at(address.expect("deployed"));
    for role in [Role::Issuer, Role::Registrar] {
        chain.call(&mayor, currency.set_role(role, mayor.address, true)).expect("appointed");
    }
    chain.call(&mayor, currency.fund_depository(10_000)).expect("funded");
    let desk = desk(chain, &mayor, &currency);
    let terms = schedule(chain);
    chain.call(&mayor, desk.set_schedule(terms)).expect("set");
    let [one, two] = ["one", "two"].map(|name| chain.account(name));
    let entries = [&one, &two].map(person);
    chain.call(&mayor, registry.register(entries.to_vec())).expect("known");
    let register = |key: &Key| {
        currency.register_accounts(vec![Registration { account: key.address, class: Class::Grant, group: 0 }])
    };
    chain.call(&mayor, register(&one)).expect("registered");
    assert_eq!(chain.call(&one, desk.claim(one.address, 0, 0)), Ok(100));
    chain.call(&one, currency.close_account(one.address)).expect("closed");
    chain.call(&mayor, register(&two)).expect("registered");
    let second = error(chain.call(&two, desk.claim(two.address, 0, 0)));
    assert_eq!(second, DeskError::NotPaid { payment: Payment::AlreadyPaid });
    chain.call(&mayor, registry.revoke(two.address)).expect("revoked");
    chain.advance_ms(PERIOD_MS);
    let revoked = chain.call(&mayor, desk.push(0, 1, vec![two.address])).expect("answered");
    assert!(matches!(revoked[..], [Payment::Refused { .. }]), "{revoked:?}");
}

#[contract_test]
fn what_the_depository_cannot_pay_is_paid_later(chain: &mut Chain) {
    let (town, desk) = opened(chain);
    let terms = schedule(chain);
    chain.call(&town.mayor, desk.set_schedule(Schedule { claimed: true, ..terms.clone() })).expect("set");
    chain.call(&town.mayor, desk.set_schedule(terms)).expect("set");
    let rest = chain.query(town.currency.totals()).expect("answered").depository - 150;
    chain.call(&town.mayor, town.currency.set_role(Role::Granter, town.mayor.address, true)).expect("appointed");
    town.grant(chain, 1, &town.pool, rest);
    let both = vec![town.alice.address, town.bob.address];
    let short = Payment::Refused { outcome: currency::GrantOutcome::DepositoryShort };
    let paid = Payment::Paid { units: 100 };
    assert_eq!(chain.call(&town.shop, desk.push(1, 0, both.clone())), Ok(vec![paid, short]));
    chain.call(&town.mayor, town.currency.fund_depository(50)).expect("funded");
    assert_eq!(chain.call(&town.shop, desk.push(1, 0, both.clone())), Ok(vec![Payment::AlreadyPaid, paid]));
    // A schedule that is claimed is not pushed.
    assert_eq!(error(chain.call(&town.shop, desk.push(0, 0, both))), DeskError::HasToBeClaimed);
    chain.call(&town.mayor, town.currency.fund_depository(1_000)).expect("funded");
    chain.call(&town.alice, desk.claim(town.alice.address, 0, 0)).expect("claimed");
    chain.call(&town.mayor, town.currency.set_paused(Scope::Grants, true)).expect("paused");
    let paused = currency::CurrencyError::Paused { scope: Scope::Grants };
    let refused = error(chain.call(&town.bob, desk.claim(town.bob.address, 0, 0)));
    assert_eq!(refused, DeskError::Currency { error: paused });
}

#[contract_test]
fn schedules_are_the_admins_and_end_for_what_has_not_begun(chain: &mut Chain) {
    let (town, desk) = opened(chain);
    let terms = schedule(chain);
    let not_admin = DeskError::Admin { error: RoleError::NotAdmin };
    assert_eq!(error(chain.call(&town.alice, desk.set_schedule(terms.clone()))), not_admin);
    assert_eq!(error(chain.call(&town.alice, desk.end_schedule(0))), not_admin);
    assert_eq!(error(chain.call(&town.mayor, desk.end_schedule(0))), DeskError::NoSchedule);
    assert_eq!(error(chain.call(&town.alice, desk.push(0, 0, vec![]))), DeskError::NoSchedule);
    let wrong = [
        Schedule { period_ms: 0, ..terms.clone() },
        Schedule { end_ms: terms.start_ms, ..terms.clone() },
        Schedule { backlog: 0, ..terms.clone() },
        Schedule { amounts: vec![], ..terms.clone() },
        Schedule { amounts: vec![GroupAmount { group: 0, units: 0 }], ..terms.clone() },
        Schedule { amounts: vec![GroupAmount { group: 0, units: 1 }; 17], ..terms.clone() },
    ];
    for schedule in wrong {
        assert_eq!(error(chain.call(&town.mayor, desk.set_schedule(schedule))), DeskError::InvalidSchedule);
    }
    chain.call(&town.mayor, desk.set_schedule(terms.clone())).expect("set");
    let too_many = vec![town.alice.address; 51];
    assert_eq!(error(chain.call(&town.alice, desk.push(0, 0, too_many))), DeskError::TooMany { limit: 50 });
    advance_to(chain, terms.start_ms + PERIOD_MS + 50_000);
    chain.call(&town.mayor, desk.end_schedule(0)).expect("ended");
    assert_eq!(chain.call(&town.alice, desk.claim(town.alice.address, 0, 1)), Ok(100));
    advance_to(chain, terms.start_ms + 2 * PERIOD_MS);
    assert_eq!(chain.query(desk.can_claim(town.alice.address, 0, 2)), Ok(Payment::Over));
    // A schedule lies in the future as well as in the past: it cannot be ended twice.
    let end_ms = chain.query(desk.schedule(0)).expect("answered").expect("there").end_ms;
    chain.call(&town.mayor, desk.end_schedule(0)).expect("ended");
    assert_eq!(chain.query(desk.schedule(0)).expect("answered").expect("there").end_ms, end_ms);
}
