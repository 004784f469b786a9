//! Who is paid what, once, for what was held at the record time.

use compliance::{ComplianceRef, Kind, Movement, Party, native_compliance};
use counterpart_sdk::{Address, Hash};
use counterpart_testing::{Account as Key, Chain, Failure, Subject, contract_test};
use dividend_desk::{DeskError, DividendDeskRef, Payment, RoleError, native_dividenddesk};
use identity_registry::{Entry, IdentityRegistryRef, Kind as CustodyKind, native_identityregistry};

/// A security of which alice has 60 units and bob 30, in two accounts of hers.
struct Setting {
    registry: IdentityRegistryRef,
    compliance: ComplianceRef,
    desk: DividendDeskRef,
    office: Key,
    alice: Key,
    second: Key,
    bob: Key,
}

impl Setting {
    fn new(chain: &mut Chain) -> Self {
        let [office, alice, second, bob] =
            ["office", "alice", "alice at the bank", "bob"].map(|name| chain.account(name));
        let subject = Subject::new("identity-registry", native_identityregistry());
        let registry = chain.deploy(&office, &subject, IdentityRegistryRef::new(0)).expect("deployed");
        let registry = IdentityRegistryRef::at(registry);
        let subject = Subject::new("compliance", native_compliance());
        let compliance = chain.deploy(&office, &subject, ComplianceRef::new(registry.address, 0)).expect("deployed");
        let compliance = ComplianceRef::at(compliance);
        let subject = Subject::new("dividend-desk", native_dividenddesk());
        let desk = chain.deploy(&office, &subject, DividendDeskRef::new(compliance.address, 0)).expect("deployed");
        chain.call(&office, registry.set_registrar(office.address, true)).expect("appointed");
        chain.call(&office, compliance.set_token(office.address, true)).expect("admitted");
        let setting = Self { registry, compliance, desk: DividendDeskRef::at(desk), office, alice, second, bob };
        let entries = [(&setting.alice, 1), (&setting.second, 1), (&setting.bob, 2)];
        let entries = entries.map(|(key, identity)| entry(key.address, identity));
        chain.call(&setting.office, setting.registry.register(entries.to_vec())).expect("registered");
        setting.moved(chain, Kind::Issue, None, Some((&setting.alice, 0)), 50);
        setting.moved(chain, Kind::Issue, None, Some((&setting.second, 0)), 10);
        setting.moved(chain, Kind::Issue, None, Some((&setting.bob, 0)), 30);
        setting
    }

    fn moved(&self, chain: &mut Chain, kind: Kind, from: Option<(&Key, u128)>, to: Option<(&Key, u128)>, units: u128) {
        let party = |side: Option<(&Key, u128)>| side.map(|(key, units)| Party { account: key.address, units });
        let movement = Movement { kind, from: party(from), to: party(to), units };
        chain.call(&self.office, self.compliance.moved(movement)).expect("moved");
    }

    /// Declares a dividend for the last ms, that is paid for 1 000 s.
    fn declare(&self, chain: &mut Chain, amount: u128) -> u32 {
        let now = chain.time_ms();
        let declare = self.desk.declare(now - 1, now + 1_000_000).with_value(amount);
        chain.call(&self.office, declare).expect("declared")
    }
}

fn entry(account: Address, identity: u8) -> Entry {
    Entry {
        account,
        identity: Hash([identity; 32]),
        country: 392,
        accredited: false,
        kind: CustodyKind::Investor,
        custodian: None,
        valid_until_ms: u64::MAX,
    }
}

fn error<T>(result: Result<T, Failure<DeskError>>) -> DeskError {
    match result {
        Err(Failure::Error(error)) => error,
        _ => panic!("not refused with an error of the contract"),
    }
}

fn not_paid(payment: Payment) -> DeskError {
    DeskError::NotPaid { payment }
}

#[contract_test]
fn each_identity_is_paid_once_for_what_it_held_then(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let desk = &setting.desk;
    assert_eq!(setting.declare(chain, 1_000), 0);
    // What moves after the record time changes nothing, whoever it goes to.
    setting.moved(chain, Kind::Transfer, Some((&setting.bob, 30)), Some((&setting.alice, 50)), 30);
    assert_eq!(chain.query(desk.can_claim(setting.alice.address, 0)), Ok(Payment::Paid { amount: 666 }));
    let before = chain.balance(&setting.second.address);
    assert_eq!(chain.call(&setting.second, desk.claim(setting.second.address, 0)), Ok(666));
    assert_eq!(chain.balance(&setting.second.address), before + 666);
    let again = chain.call(&setting.alice, desk.claim(setting.alice.address, 0));
    assert_eq!(error(again), not_paid(Payment::AlreadyPaid));
    let accounts = vec![setting.alice.address, setting.bob.address, setting.office.address, setting.bob.address];
    let pushed = chain.call(&setting.office, desk.push(0, accounts));
    let paid = Payment::Paid { amount: 333 };
    assert_eq!(pushed, Ok(vec![Payment::AlreadyPaid, paid, Payment::Unknown, Payment::AlreadyPaid]));
    assert_eq!(chain.query(desk.dividend(0)).expect("answered").expect("there").paid, 999);
    // One unit is left of rounding, for who declared it, when the time is over.
    let until_ms = chain.query(desk.dividend(0)).expect("answered").expect("there").until_ms;
    assert_eq!(error(chain.call(&setting.office, desk.take_back(0))), DeskError::NotOver { until_ms });
    chain.advance_ms(until_ms - chain.time_ms());
    assert_eq!(chain.call(&setting.office, desk.take_back(0)), Ok(1));
    assert_eq!(chain.call(&setting.office, desk.take_back(0)), Ok(0));
    assert_eq!(chain.balance(&desk.address), 0);
}

#[contract_test]
fn two_dividends_are_for_two_times(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let desk = &setting.desk;
    setting.declare(chain, 90);
    setting.moved(chain, Kind::Transfer, Some((&setting.alice, 50)), Some((&setting.bob, 30)), 50);
    chain.advance_ms(10);
    setting.declare(chain, 900);
    let claim = |key: &Key, dividend| desk.claim(key.address, dividend);
    assert_eq!(chain.call(&setting.alice, claim(&setting.alice, 0)), Ok(60));
    assert_eq!(chain.call(&setting.alice, claim(&setting.alice, 1)), Ok(100));
    assert_eq!(chain.call(&setting.bob, claim(&setting.bob, 0)), Ok(30));
    assert_eq!(chain.call(&setting.bob, claim(&setting.bob, 1)), Ok(800));
    assert_eq!((chain.balance(&desk.address), chain.query(desk.count())), (0, Ok(2)));
}

#[contract_test]
fn a_dividend_ends_at_its_ms_and_who_is_known_no_more_waits(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let desk = &setting.desk;
    setting.declare(chain, 90);
    chain.call(&setting.office, setting.registry.revoke(setting.bob.address)).expect("revoked");
    let bob = desk.claim(setting.bob.address, 0);
    assert_eq!(error(chain.call(&setting.bob, bob.clone())), not_paid(Payment::Unknown));
    chain.call(&setting.office, setting.registry.register(vec![entry(setting.bob.address, 2)])).expect("registered");
    chain.call(&setting.bob, bob).expect("known again");
    let until_ms = chain.query(desk.dividend(0)).expect("answered").expect("there").until_ms;
    chain.advance_ms(until_ms - chain.time_ms() - 1);
    assert_eq!(chain.query(desk.can_claim(setting.alice.address, 0)), Ok(Payment::Paid { amount: 60 }));
    chain.advance_ms(1);
    assert_eq!(error(chain.call(&setting.alice, desk.claim(setting.alice.address, 0))), DeskError::Over);
    assert_eq!(chain.call(&setting.office, desk.take_back(0)), Ok(60));
}

#[contract_test]
fn what_cannot_be_declared_is_told(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let desk = &setting.desk;
    let now = chain.time_ms() + 1_000_000;
    chain.advance_ms(1_000_000);
    let declare = |record_ms, until_ms, amount| desk.declare(record_ms, until_ms).with_value(amount);
    let mut refused = |message| error(chain.call(&setting.office, message));
    // Messages are a second apart: a time in the future stays one for a while.
    assert_eq!(refused(declare(now + 60_000, now + 900_000, 1)), DeskError::RecordInFuture);
    assert_eq!(refused(declare(now - 1, now - 1, 1)), DeskError::Over);
    assert_eq!(refused(declare(now - 1, now + 900_000, 0)), DeskError::NoAmount);
    assert_eq!(refused(declare(1, now + 900_000, 1)), DeskError::NoHolders);
    let not_admin = DeskError::Admin { error: RoleError::NotAdmin };
    assert_eq!(error(chain.call(&setting.bob, declare(now - 1, now + 900_000, 1))), not_admin);
    assert_eq!(error(chain.call(&setting.bob, desk.push(0, vec![]))), not_admin);
    assert_eq!(error(chain.call(&setting.bob, desk.take_back(0))), not_admin);
    assert_eq!(error(chain.call(&setting.office, desk.push(0, vec![]))), DeskError::NoDividend);
    setting.declare(chain, 1);
    assert_eq!(chain.query(desk.can_claim(setting.bob.address, 0)), Ok(Payment::Nothing));
    let many = desk.push(0, vec![setting.bob.address; 51]);
    assert_eq!(error(chain.call(&setting.office, many)), DeskError::TooMany { limit: 50 });
    let subject = Subject::new("dividend-desk", native_dividenddesk());
    assert!(chain.deploy(&setting.office, &subject, DividendDeskRef::new(setting.bob.address, 0)).is_err());
}
