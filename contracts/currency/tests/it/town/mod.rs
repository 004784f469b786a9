//! A currency with people, shops and a pool, for tests.

use counterpart_sdk::prelude::Hash;
use counterpart_testing::{Account as Key, Chain, Failure, Subject};
use currency::{
    Class, CurrencyError, CurrencyRef, Grant, GrantOutcome, Policies, Reason, Registration, Role, Terms,
    native_currency,
};
use identity_registry::{Entry, Kind};

pub const EPOCH_MS: u64 = 1_000_000;
/// A tenth, in parts of 10^9.
pub const TENTH: u32 = 100_000_000;

pub fn terms() -> Terms {
    Terms {
        epoch_ms: EPOCH_MS,
        max_supply: 1_000_000_000,
        rate_cap: 500_000_000,
        notice_epochs: 2,
        sweep_notice_epochs: 5,
        policy_delay_ms: 100_000,
        admin_delay_ms: 200_000,
        min_activity: 10,
        grant_policies: Policies::proportional(TENTH),
        non_grant_policies: Policies::default(),
        identity_gate: None,
    }
}

/// The currency and those who take part.
pub struct Town {
    pub currency: CurrencyRef,
    /// Has every role.
    pub mayor: Key,
    pub alice: Key,
    pub bob: Key,
    pub shop: Key,
    pub bakery: Key,
    pub pool: Key,
}

impl Town {
    pub fn founded(chain: &mut Chain, terms: Terms) -> Self {
        let [mayor, alice, bob, shop, bakery, pool] =
            ["mayor", "alice", "bob", "shop", "bakery", "pool"].map(|name| chain.account(name));
        let constructor = CurrencyRef::new("Tala".into(), "TAL".into(), 2, terms);
        let address = chain.deploy(&mayor, &Subject::new("currency", native_currency()), constructor);
        let currency = CurrencyRef::at(address.expect("deployed"));
        let roles = [Role::Issuer, Role::Granter, Role::PolicyMaker, Role::Registrar, Role::Pauser, Role::Redeemer];
        for role in roles {
            chain.call(&mayor, currency.set_role(role, mayor.address, true)).expect("the admin");
        }
        let town = Self { currency, mayor, alice, bob, shop, bakery, pool };
        let registrations = [
            (&town.alice, Class::Grant),
            (&town.bob, Class::Grant),
            (&town.shop, Class::NonGrant),
            (&town.bakery, Class::NonGrant),
            (&town.pool, Class::Exempt),
        ];
        let registrations = registrations.map(|(key, class)| Registration { account: key.address, class, group: 0 });
        assert_eq!(chain.call(&town.mayor, town.currency.register_accounts(registrations.to_vec())), Ok(5));
        chain.call(&town.mayor, town.currency.fund_depository(1_000_000)).expect("funded");
        town
    }

    /// With the usual terms.
    pub fn new(chain: &mut Chain) -> Self {
        Self::founded(chain, terms())
    }

    /// Grants units, with an id made from a number.
    pub fn grant(&self, chain: &mut Chain, number: u64, to: &Key, units: u128) -> GrantOutcome {
        let grant = Grant { id: id(number), to: to.address, units };
        chain.call(&self.mayor, self.currency.grant(vec![grant], Vec::new())).expect("answered")[0]
    }

    pub fn pay(&self, chain: &mut Chain, from: &Key, to: &Key, units: u128) -> Result<(), Vec<Reason>> {
        match chain.call(from, self.currency.transfer(from.address, to.address, units, Vec::new())) {
            Ok(()) => Ok(()),
            Err(Failure::Error(CurrencyError::TransferRefused { reasons })) => Err(reasons),
            Err(other) => panic!("{other:?}"),
        }
    }

    pub fn balance(&self, chain: &Chain, key: &Key) -> u128 {
        chain.query(self.currency.balance_of(key.address)).expect("answered")
    }

    /// Advances to the first moment of an epoch, less so many ms.
    pub fn advance_to_epoch(&self, chain: &mut Chain, epoch: u64, before_ms: u64) {
        let start = chain.query(self.currency.pace()).expect("answered").start_ms;
        chain.advance_ms(start + epoch * EPOCH_MS - before_ms - chain.time_ms());
    }

    /// The sums, checked against all accounts and positions.
    pub fn check_books(&self, chain: &Chain) -> currency::Totals {
        let totals = chain.query(self.currency.totals()).expect("answered");
        let (mut circulating, mut after) = (0, None);
        loop {
            let page = chain.query(self.currency.accounts(after, 50)).expect("answered");
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            circulating += page.iter().map(|(_, account)| account.holding.held.units_begun()).sum::<u128>();
        }
        let mut after = None;
        loop {
            let page = chain.query(self.currency.positions(after, 50)).expect("answered");
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            circulating += page.iter().map(|(_, position)| position.holding.held.units_begun()).sum::<u128>();
        }
        assert_eq!(totals.circulating, circulating, "{totals:?}");
        assert_eq!(totals.issued, totals.depository + circulating + totals.leaving + totals.redeemed, "{totals:?}");
        totals
    }
}

/// What a registry knows of a key: the first person.
pub fn person(key: &Key) -> Entry {
    Entry {
        account: key.address,
        identity: id(1),
        country: 392,
        accredited: false,
        kind: Kind::Investor,
        custodian: None,
        valid_until_ms: u64::MAX,
    }
}

pub fn id(number: u64) -> Hash {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Hash(bytes)
}
