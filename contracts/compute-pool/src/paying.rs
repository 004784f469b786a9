//! What counts, and who is paid for it.

use crate::ComputePool;
use crate::types::{Payout, PoolError, Rewarded, Share, ShareFound, Task, TaskChanged, Unit};
use crate::work::{self, HASHES};
use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;

/// Shares after which a unit's difficulty is looked at.
const LOOK_AFTER: u32 = 8;
/// Shares that a reward is split over, at most.
const MAX_SHARES: u32 = 200;

impl ComputePool {
    pub(crate) fn take_share(&mut self, share: &Share) -> Result<bool, PoolError> {
        let unit = self.unit(share.unit).ok_or(PoolError::NoUnit)?;
        let job = self.job(share.job).filter(|job| job.live).ok_or(PoolError::Stale)?;
        if !(job.from_s..=job.until_s).contains(&share.time_s) {
            return Err(PoolError::WrongTime);
        }
        if share.difficulty != unit.difficulty && share.difficulty != unit.before {
            return Err(PoolError::WrongDifficulty { difficulty: unit.difficulty });
        }
        let hash = work::twice(&work::header_of(&job, &unit, share));
        if !work::is_share(&hash, share.difficulty) {
            return Err(PoolError::AboveTarget);
        }
        if self.seen.contains(&hash) {
            return Err(PoolError::Duplicate);
        }
        self.seen.set(&hash, &());
        let difficulty = share.difficulty;
        let number = self.next_share.get_or_default();
        self.next_share.set(&(number + 1));
        self.shares.set(&number, &(unit.owner, difficulty));
        let found = self.hashes_of(unit.site) + u128::from(difficulty) * HASHES;
        self.hashes.set(&unit.site, &found);
        let paid = match self.known()?.payout {
            Payout::PerShare { units } => units.saturating_mul(difficulty.into()).min(self.fund()),
            Payout::LastShares { .. } => 0,
        };
        self.fund.set(&(self.fund() - paid));
        self.credit(unit.owner, paid);
        let credit = unit.credit + u128::from(difficulty);
        let looked_at = self.vary(Unit { credit, shares: unit.shares + 1, ..unit })?;
        self.set_unit(share.unit, &looked_at);
        let block = work::is_block(&hash, job.bits);
        ShareFound { unit: share.unit, difficulty, hash, block, paid }.emit();
        Ok(block)
    }

    /// A unit that finds shares faster than it shall has harder ones, and the other way round.
    fn vary(&self, unit: Unit) -> Result<Unit, PoolError> {
        if unit.shares < LOOK_AFTER {
            return Ok(unit);
        }
        let (terms, now) = (self.known()?, env::block_time_ms());
        let (took, shall) = (now.saturating_sub(unit.since_ms), terms.every_ms.saturating_mul(LOOK_AFTER.into()));
        let difficulty = if took < shall / 2 {
            unit.difficulty.saturating_mul(2).min(terms.most)
        } else if took > shall.saturating_mul(2) {
            (unit.difficulty / 2).max(terms.least)
        } else {
            unit.difficulty
        };
        Ok(Unit { before: unit.difficulty, difficulty, shares: 0, since_ms: now, ..unit })
    }

    /// Splits a reward over the last shares, by difficulty; what rounding leaves is the newest one's.
    pub(crate) fn split_reward(&mut self, units: u128) -> Result<(), PoolError> {
        let Payout::LastShares { window } = self.known()?.payout else { return Err(PoolError::BadTerms) };
        let mut parts: Vec<(Address, u64)> = Vec::new();
        let mut left = window;
        for (_, (owner, difficulty)) in
            self.shares.range_back(core::ops::Bound::Unbounded, core::ops::Bound::Unbounded, MAX_SHARES)
        {
            // The last one counts as far as the window goes.
            let counts = difficulty.min(left);
            parts.push((owner, counts));
            left -= counts;
            if left == 0 {
                break;
            }
        }
        let Some((newest, _)) = parts.first().copied() else { return Err(PoolError::Nothing) };
        let all = u128::from(window - left);
        let mut rest = units;
        for (owner, counts) in &parts {
            let part = env::mul_div(units, u128::from(*counts), all, rounding::FLOOR).ok_or(PoolError::BadTerms)?;
            rest -= part;
            self.credit(*owner, part);
        }
        self.credit(newest, rest);
        Rewarded { units, shares: parts.len() as u32 }.emit();
        Ok(())
    }

    pub(crate) fn settle(&mut self, task: u64) -> Result<u32, PoolError> {
        let found = self.open_task(task)?;
        let all_shown = found.answers.len() == found.order.replicas as usize
            && found.answers.iter().all(|answer| answer.result.is_some());
        if !all_shown && env::block_time_ms() < found.order.show_ms {
            return Err(PoolError::NoTask);
        }
        let count = |result: &Vec<u8>| {
            found.answers.iter().filter(|answer| answer.result.as_ref() == Some(result)).count() as u32
        };
        let shown = found.answers.iter().filter_map(|answer| answer.result.as_ref());
        let agreed = shown.map(|result| (count(result), result)).find(|(count, _)| *count >= found.order.quorum);
        let (number, result) = agreed.map_or((0, None), |(count, result)| (count, Some(result.clone())));
        let mut back = found.order.pay * u128::from(found.order.replicas);
        for answer in found.answers.iter().filter(|answer| result.is_some() && answer.result == result) {
            if let Some(unit) = self.unit(answer.unit) {
                self.credit(unit.owner, found.order.pay);
                back -= found.order.pay;
            }
        }
        self.credit(found.poster, back);
        self.tasks.set(&task, &Task { result, settled: true, ..found });
        TaskChanged { task, agreed: Some(number) }.emit();
        Ok(number)
    }

    fn credit(&mut self, account: Address, units: u128) {
        if units > 0 {
            self.claims.set(&account, &(self.claim_of(account) + units));
        }
    }
}
