//! Each rule at its bound, all broken rules at once, and books by identity.

use compliance::{
    ComplianceError, ComplianceRef, Countries, Kind, Movement, Pace, Party, Refusal, RoleError, Rules,
    native_compliance,
};
use counterpart_sdk::{Address, Hash};
use counterpart_testing::{Account as Key, Chain, Failure, Subject, contract_test};
use identity_registry::{Entry, IdentityRegistryRef, Kind as CustodyKind, native_identityregistry};

const JAPAN: u16 = 392;
const FRANCE: u16 = 250;

struct Setting {
    registry: IdentityRegistryRef,
    compliance: ComplianceRef,
    /// Admin, registrar, officer, and token: an account that calls as a token does.
    office: Key,
}

fn account(name: &str) -> Address {
    counterpart_testing::Account::named(name).address
}

fn entry(name: &str, identity: u8, country: u16, accredited: bool) -> Entry {
    Entry {
        account: account(name),
        identity: Hash([identity; 32]),
        country,
        accredited,
        kind: CustodyKind::Investor,
        custodian: None,
        valid_until_ms: u64::MAX,
    }
}

impl Setting {
    fn new(chain: &mut Chain) -> Self {
        let office = chain.account("office");
        let subject = Subject::new("identity-registry", native_identityregistry());
        let registry = chain.deploy(&office, &subject, IdentityRegistryRef::new(0)).expect("deployed");
        let registry = IdentityRegistryRef::at(registry);
        let subject = Subject::new("compliance", native_compliance());
        let constructor = ComplianceRef::new(registry.address, 0);
        let compliance = ComplianceRef::at(chain.deploy(&office, &subject, constructor).expect("deployed"));
        chain.call(&office, registry.set_registrar(office.address, true)).expect("appointed");
        chain.call(&office, compliance.set_officer(office.address, true)).expect("appointed");
        chain.call(&office, compliance.set_token(office.address, true)).expect("admitted");
        let entries = vec![
            entry("alice", 1, JAPAN, true),
            entry("alice at the bank", 1, JAPAN, true),
            entry("bob", 2, FRANCE, false),
            entry("carol", 3, JAPAN, false),
        ];
        chain.call(&office, registry.register(entries)).expect("registered");
        Self { registry, compliance, office }
    }

    fn rules(&self, chain: &mut Chain, rules: Rules) {
        chain.call(&self.office, self.compliance.set_rules(rules)).expect("set");
    }

    fn ask(&self, chain: &Chain, movement: Movement) -> Vec<Refusal> {
        chain.query(self.compliance.refusals(movement)).expect("answered")
    }

    /// Moves units as a token does; what is refused is what was told before.
    fn moved(&self, chain: &mut Chain, movement: Movement) -> Result<(), Vec<Refusal>> {
        let told = self.ask(chain, movement);
        match chain.call(&self.office, self.compliance.moved(movement)) {
            Ok(()) => {
                assert_eq!(told, []);
                Ok(())
            }
            Err(Failure::Error(ComplianceError::Refused { refusals })) => {
                assert_eq!(told, refusals);
                Err(refusals)
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn holders(&self, chain: &Chain) -> (u32, u32) {
        chain.query(self.compliance.holders()).expect("answered")
    }

    fn units(&self, chain: &Chain, identity: u8) -> u128 {
        chain.query(self.compliance.units_of(Hash([identity; 32]))).expect("answered")
    }
}

fn movement(kind: Kind, from: Option<(&str, u128)>, to: Option<(&str, u128)>, units: u128) -> Movement {
    let party = |party: Option<(&str, u128)>| party.map(|(name, units)| Party { account: account(name), units });
    Movement { kind, from: party(from), to: party(to), units }
}

fn issue(to: &str, has: u128, units: u128) -> Movement {
    movement(Kind::Issue, None, Some((to, has)), units)
}

fn transfer(from: &str, has: u128, to: &str, to_has: u128, units: u128) -> Movement {
    movement(Kind::Transfer, Some((from, has)), Some((to, to_has)), units)
}

#[contract_test]
fn units_are_counted_by_identity_and_not_by_account(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.moved(chain, issue("alice", 0, 100)).expect("issued");
    setting.moved(chain, issue("bob", 0, 50)).expect("issued");
    assert_eq!(setting.holders(chain), (2, 1));
    setting.moved(chain, transfer("alice", 100, "alice at the bank", 0, 100)).expect("her own");
    assert_eq!((setting.units(chain, 1), setting.holders(chain)), (100, (2, 1)));
    setting.moved(chain, transfer("alice at the bank", 100, "carol", 0, 100)).expect("sold");
    assert_eq!((setting.units(chain, 1), setting.units(chain, 3), setting.holders(chain)), (0, 100, (2, 2)));
    setting.moved(chain, movement(Kind::Redeem, Some(("bob", 50)), None, 50)).expect("redeemed");
    assert_eq!((setting.holders(chain), chain.query(setting.compliance.supply())), ((1, 1), Ok(100)));
}

#[contract_test]
fn holdings_are_known_as_they_were_at_any_time(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let mut times = Vec::new();
    let mut step = |chain: &mut Chain, movement| {
        let before = chain.time_ms();
        setting.moved(chain, movement).expect("moved");
        chain.advance_ms(10_000);
        times.push(before);
    };
    step(chain, issue("alice", 0, 100));
    step(chain, issue("bob", 0, 40));
    step(chain, transfer("alice", 100, "bob", 40, 30));
    step(chain, transfer("alice", 70, "alice at the bank", 0, 70));
    step(chain, movement(Kind::Redeem, Some(("bob", 70)), None, 70));
    let expected = [(100, 0), (100, 40), (70, 70), (70, 70), (70, 0)];
    let at = |chain: &Chain, time_ms| {
        let units = [1, 2].map(|identity| chain.query(setting.compliance.units_at(Hash([identity; 32]), time_ms)));
        (
            units.map(|units| units.expect("answered")),
            chain.query(setting.compliance.supply_at(time_ms)).expect("answered"),
        )
    };
    assert_eq!(at(chain, times[0] - 1), ([0, 0], 0));
    for (index, (alice, bob)) in expected.into_iter().enumerate() {
        for time_ms in [times[index], times[index] + 1, times[index] + 9_999] {
            assert_eq!(at(chain, time_ms), ([alice, bob], alice + bob), "movement {index}");
        }
    }
    assert_eq!(at(chain, u64::MAX), ([70, 0], 70));
}

#[contract_test]
fn any_hash_may_be_an_identity(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let nobody = Entry { identity: Hash::ZERO, ..entry("dora", 0, JAPAN, true) };
    chain.call(&setting.office, setting.registry.register(vec![nobody])).expect("registered");
    setting.moved(chain, issue("alice", 0, 100)).expect("issued");
    setting.moved(chain, issue("dora", 0, 1)).expect("issued");
    assert_eq!(chain.query(setting.compliance.units_at(Hash::ZERO, u64::MAX)), Ok(1));
    assert_eq!(chain.query(setting.compliance.supply_at(u64::MAX)), Ok(101));
}

#[contract_test]
fn all_broken_rules_are_told_at_once(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.moved(chain, issue("alice", 0, 100)).expect("issued");
    setting.rules(
        chain,
        Rules {
            countries: Countries { only: true, named: vec![JAPAN] },
            accredited_only: true,
            contracts: false,
            max_units: 10,
            max_supply: 0,
            max_holders: 1,
            max_unaccredited: 0,
            lot: 10,
            pace: Some(Pace { window_ms: 1_000, units: 10 }),
        },
    );
    let all = setting.moved(chain, transfer("alice", 100, "bob", 0, 11)).expect_err("refused");
    assert_eq!(all[0], Refusal::Lot { lot: 10 });
    assert!(matches!(all[1], Refusal::Pace { left: 10, .. }), "{all:?}");
    let rest = [
        Refusal::Country { country: FRANCE },
        Refusal::NotAccredited,
        Refusal::MaxUnits { would_have: 11, most: 10 },
        Refusal::MaxHolders { most: 1 },
    ];
    assert_eq!(all[2..], rest);
    let strangers = setting.moved(chain, transfer("nobody", 5, "no one", 0, 5)).expect_err("refused");
    assert_eq!(strangers, [Refusal::SenderUnknown, Refusal::Lot { lot: 10 }, Refusal::ReceiverUnknown]);
}

#[contract_test]
fn every_limit_holds_at_its_bound(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let limits = Rules { max_units: 100, max_supply: 150, max_holders: 2, max_unaccredited: 1, ..Rules::default() };
    setting.rules(chain, limits);
    setting.moved(chain, issue("alice", 0, 99)).expect("issued");
    let most = Refusal::MaxUnits { would_have: 101, most: 100 };
    assert_eq!(setting.moved(chain, issue("alice at the bank", 0, 2)), Err(vec![most]));
    setting.moved(chain, issue("alice at the bank", 0, 1)).expect("all that she may have");
    assert_eq!(setting.moved(chain, issue("bob", 0, 51)), Err(vec![Refusal::MaxSupply { most: 150 }]));
    setting.moved(chain, issue("bob", 0, 50)).expect("all that there may be");
    // A third holder, and a second that is not accredited.
    let third = setting.moved(chain, transfer("alice", 99, "carol", 0, 1));
    assert_eq!(third, Err(vec![Refusal::MaxHolders { most: 2 }, Refusal::MaxUnaccredited { most: 1 }]));
    // Who gives all that it has makes room.
    setting.moved(chain, transfer("bob", 50, "carol", 0, 50)).expect("one for another");
    assert_eq!(setting.holders(chain), (2, 1));
    let part = setting.moved(chain, transfer("carol", 50, "bob", 0, 49));
    assert_eq!(part, Err(vec![Refusal::MaxHolders { most: 2 }, Refusal::MaxUnaccredited { most: 1 }]));
}

#[contract_test]
fn countries_are_named_to_hold_or_not_to(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let rules =
        |only, named: &[u16]| Rules { countries: Countries { only, named: named.to_vec() }, ..Rules::default() };
    let refused = Err(vec![Refusal::Country { country: FRANCE }]);
    for (rules, holds) in [
        (rules(false, &[]), true),
        (rules(false, &[JAPAN]), true),
        (rules(false, &[FRANCE]), false),
        (rules(true, &[FRANCE, JAPAN]), true),
        (rules(true, &[JAPAN]), false),
        (rules(true, &[]), false),
    ] {
        setting.rules(chain, rules.clone());
        let result = setting.moved(chain, issue("bob", 0, 1));
        assert_eq!(result, if holds { Ok(()) } else { refused.clone() }, "{rules:?}");
    }
    let many = Rules { countries: Countries { only: true, named: vec![1; 65] }, ..Rules::default() };
    let many = chain.call(&setting.office, setting.compliance.set_rules(many));
    assert_eq!(many, Err(Failure::Error(ComplianceError::TooMany { limit: 64 })));
    setting.rules(chain, Rules { countries: Countries { only: true, named: vec![1; 64] }, ..Rules::default() });
}

#[contract_test]
fn a_window_ends_at_its_ms(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.moved(chain, issue("alice", 0, 1_000)).expect("issued");
    setting.rules(chain, Rules { pace: Some(Pace { window_ms: 100_000, units: 100 }), ..Rules::default() });
    setting.moved(chain, transfer("alice", 1_000, "bob", 0, 60)).expect("in the window");
    let refused = setting.moved(chain, transfer("alice", 940, "bob", 60, 41)).expect_err("too many");
    let [Refusal::Pace { left: 40, until_ms }] = refused[..] else { panic!("{refused:?}") };
    setting.moved(chain, transfer("alice", 940, "alice at the bank", 0, 500)).expect("her own do not count");
    setting.moved(chain, transfer("alice", 440, "bob", 60, 40)).expect("the rest");
    chain.advance_ms(until_ms - chain.time_ms() - 1);
    let refused = setting.ask(chain, transfer("alice", 400, "bob", 100, 1));
    assert_eq!(refused, [Refusal::Pace { left: 0, until_ms }]);
    chain.advance_ms(1);
    setting.moved(chain, transfer("alice", 400, "bob", 100, 100)).expect("in the next window");
    setting.moved(chain, movement(Kind::Forced, Some(("alice", 300)), Some(("bob", 200)), 300)).expect("forced");
}

#[contract_test]
fn what_is_forced_or_recovered_is_asked_less(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.moved(chain, issue("alice", 0, 100)).expect("issued");
    setting.rules(chain, Rules { lot: 10, max_units: 5, ..Rules::default() });
    let forced = |to| movement(Kind::Forced, Some(("alice", 100)), Some((to, 0)), 7);
    assert_eq!(setting.moved(chain, forced("nobody")), Err(vec![Refusal::ReceiverUnknown]));
    setting.moved(chain, forced("bob")).expect("neither lot nor limit is asked for");
    assert_eq!(setting.units(chain, 2), 7);
    // Who was revoked can still be taken from, and counts as who it was.
    chain.call(&setting.office, setting.registry.revoke(account("alice"))).expect("revoked");
    let refused = setting.moved(chain, transfer("alice", 93, "bob", 7, 10)).expect_err("refused");
    assert_eq!(refused[0], Refusal::SenderUnknown);
    let recovery = |to| movement(Kind::Recovery, Some(("alice", 93)), Some((to, 0)), 93);
    assert_eq!(setting.moved(chain, recovery("bob")), Err(vec![Refusal::OtherIdentity]));
    assert_eq!(setting.moved(chain, recovery("nobody")), Err(vec![Refusal::ReceiverUnknown]));
    setting.moved(chain, recovery("alice at the bank")).expect("the same person");
    assert_eq!(setting.units(chain, 1), 93);
}

#[contract_test]
fn an_account_that_changed_hands_is_counted_as_its_new_owner(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.moved(chain, issue("bob", 0, 30)).expect("issued");
    chain.call(&setting.office, setting.registry.revoke(account("bob"))).expect("revoked");
    let sold = entry("bob", 9, JAPAN, true);
    chain.call(&setting.office, setting.registry.register(vec![sold])).expect("registered anew");
    setting.moved(chain, transfer("bob", 30, "carol", 0, 10)).expect("moved");
    assert_eq!([2, 9, 3].map(|identity| setting.units(chain, identity)), [0, 20, 10]);
    assert_eq!(setting.holders(chain), (2, 1));
}

#[contract_test]
fn contracts_hold_only_where_they_may(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let contract = Entry { account: setting.registry.address, ..entry("", 8, JAPAN, true) };
    chain.call(&setting.office, setting.registry.register(vec![contract])).expect("registered");
    let to = Party { account: contract.account, units: 0 };
    let issue = Movement { kind: Kind::Issue, from: None, to: Some(to), units: 1 };
    assert_eq!(setting.moved(chain, issue), Err(vec![Refusal::Contract]));
    setting.rules(chain, Rules { contracts: true, ..Rules::default() });
    setting.moved(chain, issue).expect("issued");
}

#[contract_test]
fn only_tokens_move_only_officers_rule_and_a_dead_registry_stops_all(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let stranger = chain.account("stranger");
    let error = |result: Result<(), Failure<ComplianceError>>| match result {
        Err(Failure::Error(error)) => error,
        other => panic!("{other:?}"),
    };
    let compliance = &setting.compliance;
    let moved = compliance.moved(issue("alice", 0, 1));
    assert_eq!(error(chain.call(&stranger, moved.clone())), ComplianceError::NotToken);
    let rules = compliance.set_rules(Rules::default());
    assert_eq!(error(chain.call(&stranger, rules)), ComplianceError::NotOfficer);
    let not_admin = ComplianceError::Admin { error: RoleError::NotAdmin };
    assert_eq!(error(chain.call(&stranger, compliance.set_token(stranger.address, true))), not_admin);
    assert_eq!(error(chain.call(&stranger, compliance.set_officer(stranger.address, true))), not_admin);
    let more = movement(Kind::Redeem, Some(("alice", 0)), None, 1);
    chain.call(&setting.office, moved).expect("issued");
    chain.call(&setting.office, compliance.moved(more)).expect("redeemed");
    assert_eq!(error(chain.call(&setting.office, compliance.moved(more))), ComplianceError::Books);
    let subject = Subject::new("compliance", native_compliance());
    let constructor = ComplianceRef::new(stranger.address, 0);
    let lost = ComplianceRef::at(chain.deploy(&setting.office, &subject, constructor).expect("deployed"));
    let asked = chain.query(lost.refusals(issue("alice", 0, 1)));
    assert_eq!(asked, Err(Failure::Error(ComplianceError::RegistryFailed)));
}

#[contract_test]
fn who_makes_room_makes_it_for_its_own_kind_and_nothing_counts_for_nothing(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.rules(chain, Rules { max_unaccredited: 1, ..Rules::default() });
    // Nothing is issued: nobody holds.
    setting.moved(chain, issue("carol", 0, 0)).expect("nothing");
    setting.moved(chain, movement(Kind::Redeem, Some(("carol", 0)), None, 0)).expect("nothing");
    assert_eq!(setting.holders(chain), (0, 0));
    setting.moved(chain, issue("alice", 0, 10)).expect("accredited");
    setting.moved(chain, issue("bob", 0, 10)).expect("not accredited");
    // Alice leaves, and was counted as accredited: there is no room for another who is not.
    let another = setting.moved(chain, transfer("alice", 10, "carol", 0, 10));
    assert_eq!(another, Err(vec![Refusal::MaxUnaccredited { most: 1 }]));
    setting.moved(chain, transfer("bob", 10, "carol", 0, 10)).expect("one for another");
    assert_eq!(setting.holders(chain), (2, 1));
}
