//! Devices that sign what they measure, items from deposit to product, mass that has to add up, and rewards.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod types;

use counterpart_contracts::roles::{AdminChanged, AdminProposed, Roles};
use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;
pub use types::{
    Device, DeviceChanged, GapDeclared, Ingested, ItemChanged, Reading, Record, Recorded, RecyclingError, Rewarded,
    Stage, Submission, Terms, YieldFlagged,
};

/// Readings in a message, at most.
pub const MAX_READINGS: u32 = 50;
/// Items that a step takes or makes, at most.
pub const MAX_ITEMS: usize = 20;
/// Events in a page, at most.
const MAX_PAGE: u32 = 100;
const MILLION: u128 = 1_000_000;
/// The role of gateways, and of recyclers.
const GATEWAY: u8 = 0;
const RECYCLER: u8 = 1;

/// What the register keeps.
#[storage]
pub struct Recycling {
    terms: Item<Terms>,
    roles: Roles,
    devices: Map<u64, Device>,
    next_device: Item<u64>,
    events: Map<u64, Recorded>,
    next_event: Item<u64>,
    items: Map<Hash, Record>,
    budget: Item<u128>,
    rewards: Map<Address, u128>,
}

#[contract(events(
    DeviceChanged,
    Ingested,
    GapDeclared,
    ItemChanged,
    YieldFlagged,
    Rewarded,
    AdminProposed,
    AdminChanged
))]
impl Recycling {
    /// Makes a register; whoever deploys it is the admin, who admits gateways and recyclers.
    pub fn new(terms: Terms) -> Result<Self, RecyclingError> {
        if u128::from(terms.tolerance_ppm) > MILLION || terms.skew_ms == 0 {
            return Err(RecyclingError::BadTerms);
        }
        let mut this = Self::default();
        this.terms.set(&terms);
        this.roles.begin(&env::caller(), terms.admin_delay_ms);
        Ok(this)
    }

    /// What holds for all.
    pub fn terms(&self) -> Option<Terms> {
        self.terms.get()
    }

    /// Who admits gateways and recyclers.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// A device.
    pub fn device(&self, device: u64) -> Option<Device> {
        self.devices.get(&device)
    }

    /// Events so far: the number of the next one.
    pub fn count(&self) -> u64 {
        self.next_event.get_or_default()
    }

    /// An event.
    pub fn event(&self, event: u64) -> Option<Recorded> {
        self.events.get(&event)
    }

    /// Events from a number on, so many at most: 100 and fewer.
    pub fn page(&self, from: u64, limit: u32) -> Vec<Recorded> {
        let until = self.count().min(from.saturating_add(limit.min(MAX_PAGE).into()));
        (from..until).filter_map(|event| self.event(event)).collect()
    }

    /// Who gets the revenue of an event, if its key may be sold now: its device is not revoked, its owner sells, and has not taken the
    /// event off the market.
    pub fn seller(&self, event: u64) -> Option<Address> {
        let recorded = self.event(event).filter(|recorded| !recorded.withdrawn)?;
        let device = self.device(recorded.reading.device)?;
        (!device.revoked && device.on_sale).then_some(device.owner)
    }

    /// An item.
    pub fn item(&self, item: Hash) -> Option<Record> {
        self.items.get(&item)
    }

    /// Units that rewards can be paid from.
    pub fn budget(&self) -> u128 {
        self.budget.get_or_default()
    }

    /// Units that an account can take out.
    pub fn reward_of(&self, account: Address) -> u128 {
        self.rewards.get_or_default(&account)
    }

    /// The 32 bytes that a device signs for a reading: for this contract on this chain alone.
    pub fn digest(&self, reading: Reading) -> Hash {
        env::sha3_256(&reading_text(env::chain_id(), &env::self_address(), &reading))
    }

    /// The 32 bytes that a device signs for numbers that it skipped.
    pub fn gap_digest(&self, device: u64, from: u64, until: u64) -> Hash {
        env::sha3_256(&gap_text(env::chain_id(), &env::self_address(), device, from, until))
    }

    /// Admits a gateway, or shuts it out; the admin.
    pub fn set_gateway(&mut self, gateway: Address, admitted: bool) -> Result<(), RecyclingError> {
        self.roles.require_admin()?;
        self.roles.set(GATEWAY, &gateway, admitted);
        Ok(())
    }

    /// Admits a recycler, or shuts it out; the admin.
    pub fn set_recycler(&mut self, recycler: Address, admitted: bool) -> Result<(), RecyclingError> {
        self.roles.require_admin()?;
        self.roles.set(RECYCLER, &recycler, admitted);
        Ok(())
    }

    /// Registers a device; its owner. Answers its number.
    pub fn register_device(
        &mut self,
        owner: Address,
        key: [u8; 32],
        cell: u64,
        calibration: Hash,
    ) -> Result<u64, RecyclingError> {
        env::require_auth(&owner);
        let device = self.next_device.get_or_default();
        self.next_device.set(&(device + 1));
        let made = Device { owner, key, cell, calibration, next: 0, last_ms: 0, revoked: false, on_sale: true };
        self.set_device(device, &made);
        Ok(device)
    }

    /// Gives a device another key and calibration; its owner. Numbers go on.
    pub fn rotate_device(&mut self, device: u64, key: [u8; 32], calibration: Hash) -> Result<(), RecyclingError> {
        let found = self.owned(device)?;
        self.set_device(device, &Device { key, calibration, ..found });
        Ok(())
    }

    /// Revokes a device for good; its owner or the admin.
    pub fn revoke_device(&mut self, by: Address, device: u64) -> Result<(), RecyclingError> {
        env::require_auth(&by);
        let found = self.known_device(device)?;
        if by != found.owner && by != self.admin() {
            return Err(RecyclingError::Stranger);
        }
        self.set_device(device, &Device { revoked: true, ..found });
        Ok(())
    }

    /// Lets a device's readings be sold, or no more; its owner.
    pub fn set_on_sale(&mut self, device: u64, on_sale: bool) -> Result<(), RecyclingError> {
        let found = self.owned(device)?;
        self.set_device(device, &Device { on_sale, ..found });
        Ok(())
    }

    /// Takes one event off the market, for good; its device's owner.
    pub fn withdraw_event(&mut self, event: u64) -> Result<(), RecyclingError> {
        let recorded = self.event(event).ok_or(RecyclingError::NoEvent { event })?;
        self.owned(recorded.reading.device)?;
        self.events.set(&event, &Recorded { withdrawn: true, ..recorded });
        Ok(())
    }

    /// Says, with the device's signature, that numbers are missing: after power was lost, for example. Anybody may bring it.
    pub fn declare_gap(&mut self, device: u64, until: u64, signature: [u8; 64]) -> Result<(), RecyclingError> {
        let found = self.known_device(device)?;
        let from = found.next;
        if until <= from {
            return Err(RecyclingError::WrongCounter { device, next: from });
        }
        let digest = self.gap_digest(device, from, until);
        if found.revoked {
            return Err(RecyclingError::Revoked { device });
        }
        if !env::ed25519_verify(&found.key, &digest.0, &signature) {
            return Err(RecyclingError::BadSignature { device });
        }
        self.set_device(device, &Device { next: until, ..found });
        GapDeclared { device, from, until }.emit();
        Ok(())
    }

    /// Records readings, all or none; a gateway. Answers the number of the first one.
    pub fn submit(&mut self, gateway: Address, readings: Vec<Submission>) -> Result<u64, RecyclingError> {
        env::require_auth(&gateway);
        if !self.roles.has(GATEWAY, &gateway) {
            return Err(RecyclingError::Stranger);
        }
        if readings.is_empty() || readings.len() > MAX_READINGS as usize {
            return Err(RecyclingError::TooMany { limit: MAX_READINGS });
        }
        let (terms, first) = (self.known()?, self.count());
        for (event, submission) in (first..).zip(&readings) {
            self.ingest(&terms, event, gateway, submission)?;
        }
        self.next_event.set(&(first + readings.len() as u64));
        Ok(first)
    }

    /// Registers an item or batch, once; a recycler.
    pub fn register_item(&mut self, recycler: Address, item: Hash, grams: u64) -> Result<(), RecyclingError> {
        self.require_recycler(&recycler)?;
        if self.items.contains(&item) || grams == 0 {
            return Err(RecyclingError::NoItem { item });
        }
        let (stage, parents, flagged) = (Stage::Registered, Vec::new(), false);
        self.set_item(item, &Record { stage, custodian: recycler, grams, parents, flagged });
        Ok(())
    }

    /// Moves an item to its next stage, into somebody's hands; whoever has it. What was made of it is told by `process`.
    pub fn move_item(&mut self, item: Hash, stage: Stage, custodian: Address) -> Result<(), RecyclingError> {
        let found = self.items.get(&item).ok_or(RecyclingError::NoItem { item })?;
        env::require_auth(&found.custodian);
        let next = match found.stage {
            Stage::Registered => Some(Stage::Deposited),
            Stage::Deposited => Some(Stage::Collected),
            Stage::Collected => Some(Stage::Sorted),
            Stage::Sorted | Stage::Processed => None,
        };
        if next != Some(stage) {
            return Err(RecyclingError::WrongStage { item, stage: found.stage });
        }
        self.set_item(item, &Record { stage, custodian, ..found });
        Ok(())
    }

    /// Makes new items of sorted ones, whose end this is; the recycler that has all of them. Answers whether more came out than went
    /// in, beyond what scales may be off: the new items are flagged then, and theirs too.
    pub fn process(
        &mut self,
        recycler: Address,
        inputs: Vec<Hash>,
        outputs: Vec<(Hash, u64)>,
    ) -> Result<bool, RecyclingError> {
        self.require_recycler(&recycler)?;
        if inputs.is_empty() || inputs.len() > MAX_ITEMS || outputs.len() > MAX_ITEMS {
            return Err(RecyclingError::TooMany { limit: MAX_ITEMS as u32 });
        }
        let (mut grams_in, mut grams_out, mut flagged) = (0_u64, 0_u64, false);
        for item in &inputs {
            let found = self.items.get(item).ok_or(RecyclingError::NoItem { item: *item })?;
            if found.stage != Stage::Sorted {
                return Err(RecyclingError::WrongStage { item: *item, stage: found.stage });
            }
            if found.custodian != recycler {
                return Err(RecyclingError::Stranger);
            }
            grams_in = grams_in.saturating_add(found.grams);
            flagged |= found.flagged;
            self.set_item(*item, &Record { stage: Stage::Processed, ..found });
        }
        for (_, grams) in &outputs {
            grams_out = grams_out.saturating_add(*grams);
        }
        let tolerance = u128::from(self.known()?.tolerance_ppm);
        let most = env::mul_div(grams_in.into(), MILLION + tolerance, MILLION, rounding::FLOOR);
        let too_much = most.is_none_or(|most| u128::from(grams_out) > most);
        if too_much {
            YieldFlagged { recycler, grams_in, grams_out }.emit();
        }
        flagged |= too_much;
        for (item, grams) in outputs {
            if self.items.contains(&item) || grams == 0 {
                return Err(RecyclingError::NoItem { item });
            }
            let (stage, parents) = (Stage::Registered, inputs.clone());
            self.set_item(item, &Record { stage, custodian: recycler, grams, parents, flagged });
        }
        Ok(flagged)
    }

    /// Brings units that rewards are paid from; whoever gives them consents to their transfer.
    pub fn fund(&mut self, from: Address, units: u128) -> Result<(), RecyclingError> {
        env::require_auth(&from);
        self.budget.set(&self.budget().checked_add(units).ok_or(RecyclingError::BadTerms)?);
        Ok(self.known()?.asset.transfer(from, env::self_address(), units)?)
    }

    /// Takes out what an account is owed; the account.
    pub fn claim_reward(&mut self, account: Address) -> Result<u128, RecyclingError> {
        env::require_auth(&account);
        let units = self.reward_of(account);
        self.rewards.remove(&account);
        self.known()?.asset.transfer(env::self_address(), account, units)?;
        Ok(units)
    }

    /// Proposes another admin, or takes the proposal back; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), RecyclingError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), RecyclingError> {
        Ok(self.roles.accept_admin()?)
    }

    fn known(&self) -> Result<Terms, RecyclingError> {
        self.terms.get().ok_or(RecyclingError::BadTerms)
    }

    fn known_device(&self, device: u64) -> Result<Device, RecyclingError> {
        self.device(device).ok_or(RecyclingError::NoDevice { device })
    }

    fn owned(&self, device: u64) -> Result<Device, RecyclingError> {
        let found = self.known_device(device)?;
        env::require_auth(&found.owner);
        Ok(found)
    }

    fn require_recycler(&self, recycler: &Address) -> Result<(), RecyclingError> {
        env::require_auth(recycler);
        if self.roles.has(RECYCLER, recycler) { Ok(()) } else { Err(RecyclingError::Stranger) }
    }

    fn ingest(
        &mut self,
        terms: &Terms,
        event: u64,
        gateway: Address,
        submission: &Submission,
    ) -> Result<(), RecyclingError> {
        let Submission { reading, signature, body, key_commitment } = *submission;
        let Reading { device, counter, at_ms, .. } = reading;
        let found = self.known_device(device)?;
        if found.revoked {
            return Err(RecyclingError::Revoked { device });
        }
        if counter != found.next {
            return Err(RecyclingError::WrongCounter { device, next: found.next });
        }
        if at_ms < found.last_ms || at_ms.abs_diff(env::block_time_ms()) > terms.skew_ms {
            return Err(RecyclingError::WrongTime { device });
        }
        if !env::ed25519_verify(&found.key, &self.digest(reading).0, &signature) {
            return Err(RecyclingError::BadSignature { device });
        }
        self.set_device(device, &Device { next: counter + 1, last_ms: at_ms, ..found });
        self.events.set(&event, &Recorded { reading, gateway, body, key_commitment, withdrawn: false });
        Ingested { event, device, hash: reading.hash }.emit();
        if let Some(account) = reading.depositor {
            self.reward(terms, event, account, reading.grams);
        }
        Ok(())
    }

    /// A deposit is rewarded as far as the budget goes.
    fn reward(&mut self, terms: &Terms, event: u64, account: Address, grams: u64) {
        let wished = terms.reward_per_gram.saturating_mul(grams.into());
        let budget = self.budget();
        let units = wished.min(budget);
        if units > 0 {
            self.budget.set(&(budget - units));
            self.rewards.set(&account, &(self.reward_of(account) + units));
            Rewarded { account, event, units }.emit();
        }
    }

    fn set_device(&mut self, device: u64, now: &Device) {
        self.devices.set(&device, now);
        DeviceChanged { device, now: *now }.emit();
    }

    fn set_item(&mut self, item: Hash, now: &Record) {
        self.items.set(&item, now);
        ItemChanged { item, stage: now.stage, custodian: now.custodian }.emit();
    }
}

/// What a device signs the SHA3-256 of for a reading: SCALE of tag, chain, contract and reading.
pub fn reading_text(chain: u64, contract: &Address, reading: &Reading) -> Vec<u8> {
    (*b"counterpart/device-reading/1", chain, *contract, reading).encode()
}

/// The same for numbers that it skipped.
pub fn gap_text(chain: u64, contract: &Address, device: u64, from: u64, until: u64) -> Vec<u8> {
    (*b"counterpart/device-skipped/1", chain, *contract, (device, from, until)).encode()
}
