//! Rules for units of a security: who may hold, how much, how many, and how fast.
//!
//! A token asks before it moves units, and tells when it did. It brings what the rules need to know of both sides, so that nothing is
//! asked back. Units are counted by identity, whatever accounts and versions of the token they lie in: all versions of a token share
//! one contract of rules.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod books;
mod types;

pub use counterpart_contracts::roles::{AdminChanged, AdminProposed, RoleChanged, RoleError};
pub use types::{ComplianceError, Countries, HolderChanged, Kind, Movement, Pace, Party, Refusal, Rules, RulesSet};

use books::{Books, Holder};
use core::ops::Bound;
use counterpart_contracts::roles::Roles;
use counterpart_sdk::prelude::*;
use identity_registry::{Entry, IdentityRegistryRef};

/// Countries that rules name, at most.
pub const MAX_COUNTRIES: u32 = 64;
/// The role of those who set rules.
const OFFICER: u8 = 0;
/// The role of tokens.
const TOKEN: u8 = 1;

/// Both sides of a movement: as who they are counted, and what the registry knows of them.
struct Parties {
    from: Option<Holder>,
    from_entry: Option<Entry>,
    to: Option<Holder>,
    to_entry: Option<Entry>,
    /// An account above one of both in the chain of custody that is frozen.
    frozen_custodian: Option<Address>,
}

/// What the contract keeps.
#[storage]
pub struct Compliance {
    registry: Item<Address>,
    roles: Roles,
    rules: Item<Rules>,
    books: Books,
    /// Accounts that a token has frozen: whoever is below them in the chain of custody moves nothing.
    frozen: Set<Address>,
    /// The token whose units are being split, and since when.
    splitting: Item<(Address, u64)>,
    /// When units were being split, by the last ms of it: from when.
    splits: OrdMap<u64, u64>,
}

#[contract(events(RulesSet, HolderChanged, RoleChanged, AdminProposed, AdminChanged))]
impl Compliance {
    /// Makes a contract without rules, for tokens whose holders a registry knows; whoever deploys it is the admin, who appoints
    /// officers and admits tokens. Another admin waits for so many ms.
    pub fn new(registry: Address, admin_delay_ms: u64) -> Self {
        let mut compliance = Self::default();
        compliance.registry.set(&registry);
        compliance.roles.begin(&env::caller(), admin_delay_ms);
        compliance
    }

    /// The registry of identities.
    pub fn registry(&self) -> Address {
        self.registry.get_or_default()
    }

    /// The rules.
    pub fn rules(&self) -> Rules {
        self.rules.get_or_default()
    }

    /// Units of an identity, in all accounts and versions.
    pub fn units_of(&self, identity: Hash) -> u128 {
        self.books.units(&identity)
    }

    /// All units.
    pub fn supply(&self) -> u128 {
        self.books.supply()
    }

    /// Units of an identity at the end of a ms since 1970, in all accounts and versions. A ms that is not over may still change. Refused
    /// for a time in which units were being split: some were, and some were not.
    pub fn units_at(&self, identity: Hash, time_ms: u64) -> Result<u128, ComplianceError> {
        self.require_countable(time_ms)?;
        Ok(self.books.units_at(&identity, time_ms))
    }

    /// All units at the end of a ms since 1970; refused for a time in which units were being split.
    pub fn supply_at(&self, time_ms: u64) -> Result<u128, ComplianceError> {
        self.require_countable(time_ms)?;
        Ok(self.books.supply_at(time_ms))
    }

    /// Identities that hold units; and those of them that were not accredited when they began to.
    pub fn holders(&self) -> (u32, u32) {
        self.books.holders()
    }

    /// Who appoints officers and admits tokens.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// Whether an account may set rules.
    pub fn is_officer(&self, account: Address) -> bool {
        self.roles.has(OFFICER, &account)
    }

    /// Whether a contract is a token that these rules are for.
    pub fn is_token(&self, token: Address) -> bool {
        self.roles.has(TOKEN, &token)
    }

    /// Every rule that a movement breaks: all at once, none if it may happen.
    pub fn refusals(&self, movement: Movement) -> Result<Vec<Refusal>, ComplianceError> {
        self.require_no_split()?;
        Ok(self.judge(&self.rules(), &movement, &self.parties(&movement)?))
    }

    /// Notes that units move; a token. Refused if the movement breaks rules.
    pub fn moved(&mut self, movement: Movement) -> Result<(), ComplianceError> {
        self.require_token()?;
        self.require_no_split()?;
        let parties = self.parties(&movement)?;
        let rules = self.rules();
        let refusals = self.judge(&rules, &movement, &parties);
        if !refusals.is_empty() {
            return Err(ComplianceError::Refused { refusals });
        }
        let Parties { from, to, .. } = parties;
        for holder in [&from, &to].into_iter().flatten() {
            self.books.rebook(holder)?;
        }
        let paced = matches!(movement.kind, Kind::Transfer | Kind::Redeem);
        let pace = rules.pace.filter(|_| paced);
        self.books.note(from.as_ref(), to.as_ref(), movement.units, pace)
    }

    /// Notes that a token has frozen an account or released it; the token.
    pub fn account_frozen(&mut self, account: Address, frozen: bool) -> Result<(), ComplianceError> {
        self.require_token()?;
        if frozen {
            self.frozen.insert(&account);
        } else {
            self.frozen.remove(&account);
        }
        Ok(())
    }

    /// Notes that a token begins to split its units; the token. Nothing moves until it ends.
    pub fn begin_split(&mut self) -> Result<(), ComplianceError> {
        self.require_token()?;
        self.require_no_split()?;
        self.splitting.set(&(env::caller(), env::block_time_ms()));
        Ok(())
    }

    /// Counts an account's units after a split instead of those before; the token that splits.
    pub fn resized(&mut self, account: Address, before: u128, after: u128) -> Result<(), ComplianceError> {
        self.require_splitting()?;
        self.books.resize(&account, before, after)
    }

    /// Notes that all units are split; the token that does it. Limits in units hold on as they are: an officer sets them anew.
    pub fn end_split(&mut self) -> Result<(), ComplianceError> {
        let from_ms = self.require_splitting()?;
        // Two splits may end within one ms.
        let now = env::block_time_ms();
        let from_ms = self.splits.get(&now).map_or(from_ms, |other| other.min(from_ms));
        self.splits.set(&now, &from_ms);
        self.splitting.remove();
        Ok(())
    }

    /// Sets all rules; an officer. Who holds already keeps what it has.
    pub fn set_rules(&mut self, rules: Rules) -> Result<(), ComplianceError> {
        if !self.is_officer(env::caller()) {
            return Err(ComplianceError::NotOfficer);
        }
        if rules.countries.named.len() > MAX_COUNTRIES as usize {
            return Err(ComplianceError::TooMany { limit: MAX_COUNTRIES });
        }
        self.rules.set(&rules);
        RulesSet { rules }.emit();
        Ok(())
    }

    /// Appoints an officer or dismisses one; the admin.
    pub fn set_officer(&mut self, account: Address, is: bool) -> Result<(), ComplianceError> {
        self.require_admin()?;
        self.roles.set(OFFICER, &account, is);
        Ok(())
    }

    /// Admits a token or a next version of one, or no more; the admin.
    pub fn set_token(&mut self, token: Address, is: bool) -> Result<(), ComplianceError> {
        self.require_admin()?;
        self.roles.set(TOKEN, &token, is);
        Ok(())
    }

    /// Proposes another admin, or nobody any more; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), ComplianceError> {
        self.roles.propose_admin(admin).map_err(|error| ComplianceError::Admin { error })
    }

    /// Becomes admin; who was proposed, when the delay is over.
    pub fn accept_admin(&mut self) -> Result<(), ComplianceError> {
        self.roles.accept_admin().map_err(|error| ComplianceError::Admin { error })
    }

    fn require_admin(&self) -> Result<(), ComplianceError> {
        self.roles.require_admin().map_err(|error| ComplianceError::Admin { error })
    }

    fn require_token(&self) -> Result<(), ComplianceError> {
        if self.is_token(env::caller()) { Ok(()) } else { Err(ComplianceError::NotToken) }
    }

    fn require_no_split(&self) -> Result<(), ComplianceError> {
        if self.splitting.get().is_some() { Err(ComplianceError::Splitting) } else { Ok(()) }
    }

    /// Refuses unless the caller is splitting its units. Answers since when, in ms since 1970.
    fn require_splitting(&self) -> Result<u64, ComplianceError> {
        let by_caller = self.splitting.get().filter(|(token, _)| *token == env::caller());
        by_caller.map(|(_, from_ms)| from_ms).ok_or(ComplianceError::NotSplitting)
    }

    /// Refuses a time in which units were being split. At the end of the ms in which a split has ended, all are.
    fn require_countable(&self, time_ms: u64) -> Result<(), ComplianceError> {
        let next = self.splits.range(Bound::Excluded(&time_ms), Bound::Unbounded, 1).into_iter().next();
        let running = self.splitting.get().map(|(_, from_ms)| (u64::MAX, from_ms));
        let inside = |window: Option<(u64, u64)>| window.is_some_and(|(_, from_ms)| from_ms <= time_ms);
        if inside(next) || inside(running) { Err(ComplianceError::Splitting) } else { Ok(()) }
    }

    /// What the registry knows of both sides. A registry that fails lets nothing move.
    fn parties(&self, movement: &Movement) -> Result<Parties, ComplianceError> {
        let registry = IdentityRegistryRef::at(self.registry());
        let ask = |party: &Option<Party>| match party {
            None => Ok(None),
            Some(party) => {
                let answer = registry.investor(party.account).try_call();
                answer.ok().and_then(Result::ok).ok_or(ComplianceError::RegistryFailed)
            }
        };
        let (from_entry, to_entry) = (ask(&movement.from)?, ask(&movement.to)?);
        let mut frozen_custodian = None;
        for (party, entry) in [(movement.from, from_entry), (movement.to, to_entry)] {
            let (Some(party), Some(Entry { custodian: Some(_), .. })) = (party, entry) else { continue };
            let above = registry.custodians(party.account).try_call().ok().and_then(Result::ok);
            let mut above = above.ok_or(ComplianceError::RegistryFailed)?.into_iter();
            frozen_custodian = frozen_custodian.or_else(|| above.find(|custodian| self.frozen.contains(custodian)));
        }
        let from = self.counted(movement.from.as_ref(), from_entry.as_ref());
        let to = self.counted(movement.to.as_ref(), to_entry.as_ref());
        Ok(Parties { from, from_entry, to, to_entry, frozen_custodian })
    }

    /// By whom units of a side are counted: by who is known now, else by who was when they came.
    fn counted(&self, party: Option<&Party>, entry: Option<&Entry>) -> Option<Holder> {
        let Party { account, units } = *party?;
        let identity = entry.map(|entry| entry.identity).or_else(|| self.books.identity_of(&account))?;
        Some(Holder { account, units, identity, accredited: entry.is_some_and(|entry| entry.accredited) })
    }

    /// Every rule that a movement breaks.
    fn judge(&self, rules: &Rules, movement: &Movement, parties: &Parties) -> Vec<Refusal> {
        let from = parties.from.as_ref();
        let (mut refusals, free) = (Vec::new(), matches!(movement.kind, Kind::Issue | Kind::Transfer | Kind::Redeem));
        let mut check = |breaks: bool, refusal: Refusal| {
            if breaks {
                refusals.push(refusal);
            }
        };
        if movement.kind == Kind::Transfer {
            check(parties.from_entry.is_none(), Refusal::SenderUnknown);
        }
        if let Some(custodian) = parties.frozen_custodian.filter(|_| free) {
            check(true, Refusal::CustodianFrozen { custodian });
        }
        if free {
            check(rules.lot > 1 && !movement.units.is_multiple_of(rules.lot), Refusal::Lot { lot: rules.lot });
        }
        let same = from.is_some_and(|from| parties.to_entry.is_some_and(|to| from.identity == to.identity));
        if let (Some(from), Some(pace), Kind::Transfer | Kind::Redeem, false) = (from, rules.pace, movement.kind, same)
        {
            let (left, until_ms) = self.books.left_in_window(&from.identity, pace);
            check(movement.units > left, Refusal::Pace { left, until_ms });
        }
        if movement.kind == Kind::Issue {
            let supply = self.books.supply().saturating_add(movement.units);
            check(rules.max_supply > 0 && supply > rules.max_supply, Refusal::MaxSupply { most: rules.max_supply });
        }
        let Some(party) = movement.to else { return refusals };
        let Some(to) = parties.to_entry else {
            check(true, Refusal::ReceiverUnknown);
            return refusals;
        };
        if movement.kind == Kind::Recovery {
            check(!same, Refusal::OtherIdentity);
            return refusals;
        }
        if movement.kind == Kind::Forced {
            return refusals;
        }
        let named = rules.countries.named.contains(&to.country);
        check(named != rules.countries.only, Refusal::Country { country: to.country });
        check(rules.accredited_only && !to.accredited, Refusal::NotAccredited);
        check(!rules.contracts && env::code_hash(&party.account).is_some(), Refusal::Contract);
        if same {
            return refusals;
        }
        let has = self.books.units(&to.identity);
        let would_have = has.saturating_add(movement.units);
        let most = rules.max_units;
        check(most > 0 && would_have > most, Refusal::MaxUnits { would_have, most });
        let (holders, unaccredited) = self.books.holders();
        // Who gives all that it has makes room.
        let leaves = from.filter(|from| self.books.units(&from.identity) == movement.units);
        let room = u32::from(leaves.is_some());
        let most = rules.max_holders;
        check(has == 0 && most > 0 && holders + 1 > most + room, Refusal::MaxHolders { most });
        let room = u32::from(leaves.is_some_and(|from| self.books.is_unaccredited(&from.identity)));
        let most = rules.max_unaccredited;
        let counts = has == 0 && !to.accredited && most > 0;
        check(counts && unaccredited + 1 > most + room, Refusal::MaxUnaccredited { most });
        refusals
    }
}
