//! Work that is paid: shares of double SHA-256 bound to who found them, and jobs whose results agree.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod paying;
mod types;
pub mod work;

use counterpart_contracts::roles::{AdminChanged, AdminProposed, Roles};
use counterpart_sdk::prelude::*;
pub use types::{
    Answer, Job, JobChanged, Payout, PoolError, Rewarded, Share, ShareFound, Task, TaskChanged, TaskOrder, Terms, Unit,
    UnitChanged,
};

/// Bytes of a coinbase's head or tail, at most.
const MAX_COINBASE: usize = 256;
/// Hashes on the way to a root, at most.
const MAX_BRANCH: usize = 16;
/// Bytes of a result, at most.
const MAX_RESULT: usize = 64;
/// Units that compute a task, at most.
pub const MAX_REPLICAS: u32 = 16;

/// What the pool keeps.
#[storage]
pub struct ComputePool {
    terms: Item<Terms>,
    roles: Roles,
    units: Map<u64, Unit>,
    next_unit: Item<u64>,
    jobs: Map<u64, Job>,
    next_job: Item<u64>,
    seen: Map<Hash, ()>,
    /// Shares by their number: whose, and of which difficulty.
    shares: OrdMap<u64, (Address, u64)>,
    next_share: Item<u64>,
    hashes: Map<u64, u128>,
    fund: Item<u128>,
    claims: Map<Address, u128>,
    tasks: Map<u64, Task>,
    next_task: Item<u64>,
}

#[contract(events(UnitChanged, JobChanged, ShareFound, Rewarded, TaskChanged, AdminProposed, AdminChanged))]
impl ComputePool {
    /// Makes a pool; whoever deploys it is the admin, who says what is mined on.
    pub fn new(terms: Terms) -> Result<Self, PoolError> {
        let window = !matches!(terms.payout, Payout::LastShares { window: 0 });
        if terms.least == 0 || terms.least > terms.most || terms.every_ms == 0 || !window {
            return Err(PoolError::BadTerms);
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

    /// Who says what is mined on.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// A unit.
    pub fn unit(&self, unit: u64) -> Option<Unit> {
        self.units.get(&unit)
    }

    /// What is mined on.
    pub fn job(&self, job: u64) -> Option<Job> {
        self.jobs.get(&job)
    }

    /// A task.
    pub fn task(&self, task: u64) -> Option<Task> {
        self.tasks.get(&task)
    }

    /// Units that shares are paid from at once.
    pub fn fund(&self) -> u128 {
        self.fund.get_or_default()
    }

    /// Units that an account can take out.
    pub fn claim_of(&self, account: Address) -> u128 {
        self.claims.get_or_default(&account)
    }

    /// Hashes that were found for a site in all, as far as their shares tell.
    pub fn hashes_of(&self, site: u64) -> u128 {
        self.hashes.get_or_default(&site)
    }

    /// The hash of a header of eighty bytes, and whether it is below its own target.
    pub fn check_header(&self, header: Vec<u8>) -> Option<(Hash, bool)> {
        let bits = header.get(72..76).filter(|_| header.len() == 80)?.try_into().map(u32::from_le_bytes).ok()?;
        let hash = work::twice(&header);
        Some((hash, work::is_block(&hash, bits)))
    }

    /// Registers a unit of a site; whoever is paid for it. Answers its number.
    pub fn register_unit(&mut self, owner: Address, site: u64) -> Result<u64, PoolError> {
        env::require_auth(&owner);
        let least = self.known()?.least;
        let unit = self.next_unit.get_or_default();
        self.next_unit.set(&(unit + 1));
        let since_ms = env::block_time_ms();
        let made = Unit { owner, site, difficulty: least, before: least, credit: 0, shares: 0, since_ms };
        self.set_unit(unit, &made);
        Ok(unit)
    }

    /// Says what is mined on from now on; the admin. What was before is stale. Answers its number.
    pub fn set_job(&mut self, job: Job) -> Result<u64, PoolError> {
        self.roles.require_admin()?;
        let sized = job.head.len() <= MAX_COINBASE
            && job.tail.len() <= MAX_COINBASE
            && job.branch.len() <= MAX_BRANCH
            && job.from_s <= job.until_s
            && work::target(job.bits).is_some();
        if !sized {
            return Err(PoolError::BadTerms);
        }
        let number = self.next_job.get_or_default();
        if let Some(before) = number.checked_sub(1) {
            self.end_job(before);
        }
        self.next_job.set(&(number + 1));
        self.jobs.set(&number, &Job { live: true, ..job });
        JobChanged { job: number, live: true }.emit();
        Ok(number)
    }

    /// Ends a job: its shares count no more; the admin.
    pub fn retire_job(&mut self, job: u64) -> Result<(), PoolError> {
        self.roles.require_admin()?;
        self.end_job(job);
        Ok(())
    }

    /// Takes a share, once; anybody brings it, and who found it stands in it. Answers whether it makes a block.
    pub fn submit_share(&mut self, share: Share) -> Result<bool, PoolError> {
        self.take_share(&share)
    }

    /// Brings units that shares are paid from at once; whoever gives them consents to their transfer.
    pub fn put_fund(&mut self, from: Address, units: u128) -> Result<(), PoolError> {
        env::require_auth(&from);
        self.fund.set(&self.fund().checked_add(units).ok_or(PoolError::BadTerms)?);
        Ok(self.known()?.asset.transfer(from, env::self_address(), units)?)
    }

    /// Splits a reward over the last shares; whoever brings it consents to its transfer.
    pub fn reward(&mut self, from: Address, units: u128) -> Result<(), PoolError> {
        env::require_auth(&from);
        self.split_reward(units)?;
        Ok(self.known()?.asset.transfer(from, env::self_address(), units)?)
    }

    /// Posts a task with the pay of all that compute it; the poster, which consents to the transfer. Answers its number.
    pub fn post_task(&mut self, poster: Address, order: TaskOrder) -> Result<u64, PoolError> {
        env::require_auth(&poster);
        let TaskOrder { pay, replicas, quorum, commit_ms, show_ms, .. } = order;
        // Fewer than half could agree on something else.
        let sized = (1..=MAX_REPLICAS).contains(&replicas) && quorum <= replicas && quorum > replicas / 2;
        if !sized || pay == 0 || commit_ms <= env::block_time_ms() || show_ms <= commit_ms {
            return Err(PoolError::BadTerms);
        }
        let escrow = pay.checked_mul(replicas.into()).ok_or(PoolError::BadTerms)?;
        let task = self.next_task.get_or_default();
        self.next_task.set(&(task + 1));
        self.tasks.set(&task, &Task { poster, order, answers: Vec::new(), result: None, settled: false });
        TaskChanged { task, agreed: None }.emit();
        Ok(self.known()?.asset.transfer(poster, env::self_address(), escrow).map(|()| task)?)
    }

    /// Commits a unit to a result that nobody sees yet; its owner.
    pub fn commit_result(&mut self, task: u64, unit: u64, commitment: Hash) -> Result<(), PoolError> {
        let owner = self.unit(unit).ok_or(PoolError::NoUnit)?.owner;
        env::require_auth(&owner);
        let mut found = self.open_task(task)?;
        let full = found.answers.len() >= found.order.replicas as usize;
        if full || found.answers.iter().any(|answer| answer.unit == unit) {
            return Err(PoolError::Answered);
        }
        if env::block_time_ms() >= found.order.commit_ms {
            return Err(PoolError::NoTask);
        }
        found.answers.push(Answer { unit, commitment, result: None });
        self.tasks.set(&task, &found);
        Ok(())
    }

    /// Shows a result, once all have committed or may no more; anybody who knows it.
    pub fn show_result(&mut self, task: u64, unit: u64, result: Vec<u8>, salt: [u8; 32]) -> Result<(), PoolError> {
        let mut found = self.open_task(task)?;
        let all = found.answers.len() == found.order.replicas as usize;
        let now = env::block_time_ms();
        if (now < found.order.commit_ms && !all) || now >= found.order.show_ms || result.len() > MAX_RESULT {
            return Err(PoolError::NoTask);
        }
        let commitment = env::sha2_256(&(unit, &result, salt).encode());
        let answer = found.answers.iter_mut().find(|answer| answer.unit == unit && answer.commitment == commitment);
        answer.ok_or(PoolError::WrongResult)?.result = Some(result);
        self.tasks.set(&task, &found);
        Ok(())
    }

    /// Pays those that agree, if they are enough, and gives the rest back; anybody, once all have shown or may no more.
    pub fn settle_task(&mut self, task: u64) -> Result<u32, PoolError> {
        self.settle(task)
    }

    /// Takes out what an account has earned; the account.
    pub fn claim(&mut self, account: Address) -> Result<u128, PoolError> {
        env::require_auth(&account);
        let units = self.claim_of(account);
        self.claims.remove(&account);
        self.known()?.asset.transfer(env::self_address(), account, units)?;
        Ok(units)
    }

    /// Proposes another admin, or takes the proposal back; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), PoolError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), PoolError> {
        Ok(self.roles.accept_admin()?)
    }

    fn known(&self) -> Result<Terms, PoolError> {
        self.terms.get().ok_or(PoolError::BadTerms)
    }

    fn end_job(&mut self, job: u64) {
        if let Some(found) = self.job(job).filter(|found| found.live) {
            self.jobs.set(&job, &Job { live: false, ..found });
            JobChanged { job, live: false }.emit();
        }
    }

    fn open_task(&self, task: u64) -> Result<Task, PoolError> {
        self.task(task).filter(|found| !found.settled).ok_or(PoolError::NoTask)
    }

    fn set_unit(&mut self, unit: u64, now: &Unit) {
        self.units.set(&unit, now);
        UnitChanged { unit, now: *now }.emit();
    }
}
