//! Meters that sign, gas that becomes power and work, revenue split to the unit, and certificates that are issued once.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod periods;
mod readings;
mod record;
mod types;

use counterpart_contracts::roles::{AdminChanged, AdminProposed, Roles};
use counterpart_sdk::prelude::*;
pub use readings::{batch_text, gap_text, leaf, node};
pub use record::{Parsed, parse};
use trading::fee;
pub use types::{
    Batch, Certificate, CertificateChanged, Conditions, Device, DeviceChanged, Factors, GapDeclared, Key, Kind, Meter,
    Period, PeriodChanged, PeriodStatus, Reading, Recorded, Site, SiteError, Split, Terms,
};

/// Who gets a part of a site's revenue, at most.
pub const MAX_SPLIT: usize = 8;
/// Devices of a site, at most.
pub const MAX_DEVICES: u32 = 32;
/// Readings in a batch, at most.
pub const MAX_READINGS: u32 = 4_096;
/// Bytes of a signed record, at most.
pub const MAX_RECORD: usize = 4_096;
/// Btu that are in a kilowatt hour, rounded down.
pub const BTU_PER_KWH: u128 = 3_412;
/// The role of inspectors.
const INSPECTOR: u8 = 0;

/// Whose work is held against a site's energy.
#[interface]
pub trait Workshop {
    /// Hashes that were found for a site in all, as far as their shares tell.
    fn hashes_of(&self, site: u64) -> u128;
}

/// What the contract keeps.
#[storage]
pub struct EnergySites {
    terms: Item<Terms>,
    roles: Roles,
    sites: Map<u64, Site>,
    next_site: Item<u64>,
    devices: Map<u64, Device>,
    next_device: Item<u64>,
    of_site: Map<(u64, u32), u64>,
    device_counts: Map<u64, u32>,
    /// Which device a key is of, or was.
    of_key: Map<Hash, u64>,
    batches: Map<(u64, u64), Batch>,
    factors: Map<u32, Factors>,
    versions: Item<u32>,
    periods: Map<u64, Period>,
    next_period: Item<u64>,
    /// Hashes of a site that periods have counted.
    counted_hashes: Map<u64, u128>,
    certificates: Map<u64, Certificate>,
    next_certificate: Item<u64>,
    outside: Map<Hash, u64>,
}

#[contract(events(
    DeviceChanged,
    Recorded,
    GapDeclared,
    PeriodChanged,
    Split,
    CertificateChanged,
    AdminProposed,
    AdminChanged
))]
impl EnergySites {
    /// Makes a contract without sites; whoever deploys it is the admin, who names inspectors and factors.
    pub fn new(terms: Terms) -> Result<Self, SiteError> {
        if terms.store_ms == 0 || terms.hold_score == 0 || terms.tolerance_ppm > fee::MILLION {
            return Err(SiteError::BadTerms);
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

    /// Who names inspectors and factors.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// A site.
    pub fn site(&self, site: u64) -> Option<Site> {
        self.sites.get(&site)
    }

    /// A device.
    pub fn device(&self, device: u64) -> Option<Device> {
        self.devices.get(&device)
    }

    /// A batch of a device, by the number of its first reading.
    pub fn batch(&self, device: u64, from: u64) -> Option<Batch> {
        self.batches.get(&(device, from))
    }

    /// Factors of a version; the newest is the last one.
    pub fn factors(&self, version: u32) -> Option<Factors> {
        self.factors.get(&version)
    }

    /// A period.
    pub fn period(&self, period: u64) -> Option<Period> {
        self.periods.get(&period)
    }

    /// Grams of carbon dioxide of a period's gas, by its factors; rounded down.
    pub fn emitted(&self, period: u64) -> Option<u128> {
        let found = self.period(period)?;
        let rate = u128::from(self.factors(found.factors)?.co2_grams_per_mmbtu);
        env::mul_div(found.btu, rate, fee::MILLION.into(), counterpart_sdk::rounding::FLOOR)
    }

    /// A certificate.
    pub fn certificate(&self, certificate: u64) -> Option<Certificate> {
        self.certificates.get(&certificate)
    }

    /// The 32 bytes that a device signs for a batch.
    pub fn batch_digest(&self, batch: Batch) -> Hash {
        env::sha2_256(&batch_text(env::chain_id(), &env::self_address(), &batch))
    }

    /// The 32 bytes that a device signs for numbers that it skipped.
    pub fn gap_digest(&self, device: u64, from: u64, until: u64) -> Hash {
        env::sha2_256(&gap_text(env::chain_id(), &env::self_address(), device, from, until))
    }

    /// Whether a reading is in a recorded batch: its place there, and the path to the root.
    pub fn proves(&self, from: u64, index: u32, reading: Reading, path: Vec<Hash>) -> bool {
        self.is_proved(from, index, &reading, &path).is_ok()
    }

    /// Names an inspector, or takes the role away; the admin.
    pub fn set_inspector(&mut self, inspector: Address, named: bool) -> Result<(), SiteError> {
        self.roles.require_admin()?;
        self.roles.set(INSPECTOR, &inspector, named);
        Ok(())
    }

    /// Adds factors; the admin. Answers their version.
    pub fn add_factors(&mut self, factors: Factors) -> Result<u32, SiteError> {
        self.roles.require_admin()?;
        let sized = factors.btu_per_kscf > 0
            && factors.base_pascal > 0
            && factors.base_millikelvin > 0
            && factors.least_z_ppm > 0
            && factors.least_z_ppm <= factors.most_z_ppm
            && u128::from(factors.least_btu_per_kwh) >= BTU_PER_KWH
            && factors.least_btu_per_kwh <= factors.most_btu_per_kwh;
        if !sized {
            return Err(SiteError::BadTerms);
        }
        let version = self.versions.get_or_default();
        self.versions.set(&(version + 1));
        self.factors.set(&version, &factors);
        Ok(version)
    }

    /// Registers a site; its operator. Answers its number.
    pub fn register_site(&mut self, site: Site) -> Result<u64, SiteError> {
        env::require_auth(&site.operator);
        require_whole(&site.split)?;
        let number = self.next_site.get_or_default();
        self.next_site.set(&(number + 1));
        self.sites.set(&number, &site);
        Ok(number)
    }

    /// Splits a site's revenue otherwise from now on; its operator.
    pub fn set_split(&mut self, site: u64, split: Vec<(Address, u32)>) -> Result<(), SiteError> {
        let found = self.operated(site)?;
        require_whole(&split)?;
        self.sites.set(&site, &Site { split, ..found });
        Ok(())
    }

    /// Registers a device of a site; an inspector, who has seen it. Answers its number.
    pub fn register_device(&mut self, inspector: Address, meter: Meter) -> Result<u64, SiteError> {
        let Meter { site, kind, key, calibration, per_hour, totaliser, next } = meter;
        self.require_inspector(&inspector)?;
        self.known_site(site)?;
        let count = self.device_counts.get_or_default(&site);
        if per_hour == 0 || count >= MAX_DEVICES {
            return Err(SiteError::BadTerms);
        }
        let device = self.next_device.get_or_default();
        self.claim_key(&key, device)?;
        self.next_device.set(&(device + 1));
        self.of_site.set(&(site, count), &device);
        self.device_counts.set(&site, &(count + 1));
        let (total, counted, active) = (0, 0, true);
        let last_ms = env::block_time_ms();
        let made = Device { site, kind, key, calibration, per_hour, next, totaliser, total, counted, last_ms, active };
        self.set_device(device, &made);
        Ok(device)
    }

    /// Puts another meter in a device's place, whose totaliser begins elsewhere: what was measured goes on; an inspector.
    pub fn replace_device(
        &mut self,
        inspector: Address,
        device: u64,
        key: Key,
        calibration: Hash,
        totaliser: u64,
    ) -> Result<(), SiteError> {
        self.require_inspector(&inspector)?;
        let found = self.devices.get(&device).ok_or(SiteError::NoDevice { device })?;
        self.claim_key(&key, device)?;
        self.set_device(device, &Device { key, calibration, totaliser, active: true, ..found });
        Ok(())
    }

    /// Lets a device count no more; an inspector.
    pub fn retire_device(&mut self, inspector: Address, device: u64) -> Result<(), SiteError> {
        self.require_inspector(&inspector)?;
        let found = self.known_device(device)?;
        self.set_device(device, &Device { active: false, ..found });
        Ok(())
    }

    /// Records a batch that its device has signed; anybody brings it.
    pub fn submit(&mut self, batch: Batch, signature: [u8; 64]) -> Result<(), SiteError> {
        let digest = self.batch_digest(batch);
        self.take_batch(&batch, &digest, &signature)
    }

    /// Records one reading that a meter signed as an OCMF record: the text between the bars, and the signature over it. Its
    /// pagination is the counter, its last value the totaliser.
    pub fn submit_record(
        &mut self,
        device: u64,
        record: Vec<u8>,
        at_ms: u64,
        signature: [u8; 64],
    ) -> Result<(), SiteError> {
        self.take_record(device, &record, at_ms, &signature)
    }

    /// Says, with the device's signature, that numbers are missing; anybody brings it.
    pub fn report_gap(&mut self, device: u64, until: u64, signature: [u8; 64]) -> Result<(), SiteError> {
        let found = self.known_device(device)?;
        if until <= found.next {
            return Err(SiteError::WrongCounter { next: found.next });
        }
        self.require_signed(&found, &self.gap_digest(device, found.next, until), &signature)?;
        GapDeclared { device, from: found.next, until }.emit();
        self.set_device(device, &Device { next: until, ..found });
        Ok(())
    }

    /// Shows that two readings of one batch contradict each other: a later one shows less, or an earlier time. The device counts no
    /// more, and every period of its site that is not settled is held; anybody.
    pub fn challenge(
        &mut self,
        from: u64,
        earlier: (u32, Reading, Vec<Hash>),
        later: (u32, Reading, Vec<Hash>),
        period: Option<u64>,
    ) -> Result<(), SiteError> {
        self.show_contradiction(from, &earlier, &later, period)
    }

    /// Closes a period: what all devices of a site have measured since the last one, converted; the operator. Answers its number.
    pub fn close_period(
        &mut self,
        site: u64,
        conditions: Conditions,
        version: u32,
        setpoints: Hash,
    ) -> Result<u64, SiteError> {
        self.close(site, &conditions, version, setpoints)
    }

    /// Lets a held period go on, or throws it out; an inspector.
    pub fn inspect(&mut self, inspector: Address, period: u64, good: bool) -> Result<(), SiteError> {
        self.require_inspector(&inspector)?;
        let found = self.in_status(period, PeriodStatus::Held)?;
        let status = if good { PeriodStatus::Closed } else { PeriodStatus::Rejected };
        self.set_period(period, &Period { status, ..found });
        Ok(())
    }

    /// Splits the revenue of a period to the unit; whoever pays it consents to the transfers.
    pub fn settle_period(&mut self, period: u64, payer: Address, revenue: u128) -> Result<(), SiteError> {
        self.settle(period, payer, revenue)
    }

    /// Issues the certificate of a period that adds up, once; the site's operator. An id of a register outside is locked with it.
    pub fn issue_certificate(&mut self, period: u64, outside: Option<Hash>) -> Result<u64, SiteError> {
        self.issue(period, outside)
    }

    /// Hands a certificate over; its owner.
    pub fn transfer_certificate(&mut self, certificate: u64, to: Address) -> Result<(), SiteError> {
        let found = self.owned(certificate)?;
        self.set_certificate(certificate, &Certificate { owner: to, ..found });
        Ok(())
    }

    /// Uses a certificate up; its owner.
    pub fn retire_certificate(&mut self, certificate: u64) -> Result<(), SiteError> {
        let found = self.owned(certificate)?;
        self.set_certificate(certificate, &Certificate { retired: true, ..found });
        Ok(())
    }

    /// Proposes another admin, or takes the proposal back; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), SiteError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), SiteError> {
        Ok(self.roles.accept_admin()?)
    }

    fn known_terms(&self) -> Result<Terms, SiteError> {
        self.terms.get().ok_or(SiteError::BadTerms)
    }

    fn known_site(&self, site: u64) -> Result<Site, SiteError> {
        self.site(site).ok_or(SiteError::NoSite)
    }

    fn operated(&self, site: u64) -> Result<Site, SiteError> {
        let found = self.known_site(site)?;
        env::require_auth(&found.operator);
        Ok(found)
    }

    fn known_device(&self, device: u64) -> Result<Device, SiteError> {
        self.device(device).filter(|found| found.active).ok_or(SiteError::NoDevice { device })
    }

    fn owned(&self, certificate: u64) -> Result<Certificate, SiteError> {
        let found = self.certificate(certificate).filter(|found| !found.retired).ok_or(SiteError::NoCertificate)?;
        env::require_auth(&found.owner);
        Ok(found)
    }

    fn require_inspector(&self, inspector: &Address) -> Result<(), SiteError> {
        env::require_auth(inspector);
        if self.roles.has(INSPECTOR, inspector) { Ok(()) } else { Err(SiteError::Stranger) }
    }

    /// A key is of one device for ever: a meter that counted at two sites would be paid twice for what it signed once.
    fn claim_key(&mut self, key: &Key, device: u64) -> Result<(), SiteError> {
        let hash = env::sha2_256(&key.encode());
        match self.of_key.get(&hash) {
            Some(other) if other != device => Err(SiteError::KeyTaken { device: other }),
            _ => {
                self.of_key.set(&hash, &device);
                Ok(())
            }
        }
    }

    fn in_status(&self, period: u64, status: PeriodStatus) -> Result<Period, SiteError> {
        let found = self.period(period).ok_or(SiteError::NoPeriod)?;
        if found.status == status { Ok(found) } else { Err(SiteError::WrongStatus { status: found.status }) }
    }

    fn set_device(&mut self, device: u64, now: &Device) {
        self.devices.set(&device, now);
        DeviceChanged { device, now: *now }.emit();
    }

    fn set_period(&mut self, period: u64, now: &Period) {
        self.periods.set(&period, now);
        PeriodChanged { period, site: now.site, now: *now }.emit();
    }

    fn set_certificate(&mut self, certificate: u64, now: &Certificate) {
        self.certificates.set(&certificate, now);
        CertificateChanged { certificate, now: *now }.emit();
    }
}

/// Parts that together are all of it.
fn require_whole(split: &[(Address, u32)]) -> Result<(), SiteError> {
    let whole: u64 = split.iter().map(|(_, ppm)| u64::from(*ppm)).sum();
    if !split.is_empty() && split.len() <= MAX_SPLIT && whole == u64::from(fee::MILLION) {
        Ok(())
    } else {
        Err(SiteError::BadTerms)
    }
}
