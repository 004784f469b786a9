//! Services a loan that a tender made: instalments, late fees, pull payouts by share, and an auction after default.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod shares;
mod types;

use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;
use tender::{Phase, TendersRef};
use trading::{Asset, fee};
pub use types::{
    Bid, BidMade, Due, InstalmentPaid, Line, Loan, LoanError, Originated, Schedule, Share, ShareMoved, Status,
    StatusChanged, YEAR_MS,
};

/// Instalments, at most: ten years of months.
const MAX_INSTALMENTS: u32 = 120;
/// Parts of a million, which rates are in.
const MILLION: u128 = fee::MILLION as u128;

/// What the contract keeps.
#[storage]
pub struct Loans {
    loans: Map<u64, Loan>,
    lines: Map<(u64, u32), Line>,
    line_counts: Map<u64, u32>,
    of_tenders: Map<(Address, u64), u64>,
    shares: Map<(u64, u32, Address), Share>,
    claims: Map<(Address, Asset), u128>,
    next: Item<u64>,
}

#[contract(events(Originated, InstalmentPaid, ShareMoved, StatusChanged, BidMade))]
impl Loans {
    /// Makes a contract without loans.
    pub fn new() -> Self {
        Self::default()
    }

    /// A loan.
    pub fn loan(&self, loan: u64) -> Option<Loan> {
        self.loans.get(&loan)
    }

    /// The loan of a tender.
    pub fn loan_of(&self, tenders: Address, tender: u64) -> Option<u64> {
        self.of_tenders.get(&(tenders, tender))
    }

    /// Who lent how much at which rate, the best rate first.
    pub fn lines(&self, loan: u64) -> Vec<Line> {
        (0..self.line_counts.get_or_default(&loan)).filter_map(|line| self.lines.get(&(loan, line))).collect()
    }

    /// The rate of all lines together, in parts of a million a year; rounded down.
    pub fn blended_rate_ppm(&self, loan: u64) -> Option<u128> {
        self.loan(loan).map(|found| found.weight / found.principal)
    }

    /// What is due next; none if all is paid.
    pub fn due(&self, loan: u64) -> Option<Due> {
        self.loan(loan).and_then(|found| found.due().ok().flatten())
    }

    /// Shares of a line that somebody holds.
    pub fn share(&self, loan: u64, line: u32, holder: Address) -> Share {
        self.shares.get_or_default(&(loan, line, holder))
    }

    /// What an account can take out, without what its shares have earned since they were credited last.
    pub fn claim_of(&self, account: Address, asset: Asset) -> u128 {
        self.claims.get_or_default(&(account, asset))
    }

    /// Begins the loan of a tender that is done; the tender's initiator, who pays back. Once for each tender.
    pub fn originate(&mut self, tenders: Address, tender: u64, schedule: Schedule) -> Result<u64, LoanError> {
        let sized = (1..=MAX_INSTALMENTS).contains(&schedule.instalments) && schedule.period_ms > 0;
        let waits = schedule.default_ms >= schedule.grace_ms && schedule.auction_ms > 0;
        if !sized || !waits || schedule.late_ppm > fee::MILLION {
            return Err(LoanError::BadSchedule);
        }
        let known = TendersRef::at(tenders);
        let found = known.tender(tender).try_call().ok().and_then(Result::ok).flatten();
        let found = found.filter(|found| found.phase == Phase::Done && !self.of_tenders.contains(&(tenders, tender)));
        let found = found.ok_or(LoanError::BadTender)?;
        let borrower = found.terms.initiator;
        env::require_auth(&borrower);
        let disclosed = known.disclosed(tender).try_call().ok().and_then(Result::ok).ok_or(LoanError::BadTender)?;
        let loan = self.next.get_or_default();
        self.next.set(&(loan + 1));
        let (mut principal, mut weight, mut line) = (0_u128, 0_u128, 0_u32);
        for part in disclosed {
            let rate_ppm = part.parameter;
            let (lender, units) = (part.responder, part.partial);
            let weighed = units.checked_mul(rate_ppm.into()).and_then(|weighed| weight.checked_add(weighed));
            weight = weighed.ok_or(LoanError::Overflow)?;
            principal = principal.checked_add(units).ok_or(LoanError::Overflow)?;
            self.lines.set(&(loan, line), &Line { lender, principal: units, rate_ppm });
            self.shares.set(&(loan, line, lender), &Share { units, ..Share::default() });
            line += 1;
        }
        if principal == 0 {
            return Err(LoanError::BadTender);
        }
        self.line_counts.set(&loan, &line);
        self.of_tenders.set(&(tenders, tender), &loan);
        let begun = Loan {
            tenders,
            tender,
            borrower,
            asset: found.terms.asset,
            schedule,
            since_ms: env::block_time_ms(),
            principal,
            weight,
            paid: 0,
            returned: 0,
            interest: 0,
            status: Status::Running,
            bids_until_ms: 0,
            bid: None,
            owner: None,
        };
        self.loans.set(&loan, &begun);
        Originated { loan, borrower, principal }.emit();
        Ok(loan)
    }

    /// Pays the next instalment, with what being late costs; anybody who authorises the transfer. Answers what was paid.
    pub fn repay(&mut self, loan: u64, payer: Address) -> Result<Due, LoanError> {
        env::require_auth(&payer);
        let mut found = self.found(loan)?;
        if found.status == Status::Auctioned {
            return Err(LoanError::WrongStatus { status: found.status });
        }
        let due = found.due()?.ok_or(LoanError::WrongStatus { status: found.status })?;
        let interest = due.interest.checked_add(due.late).ok_or(LoanError::Overflow)?;
        let units = due.principal.checked_add(interest).ok_or(LoanError::Overflow)?;
        found.asset.transfer(payer, env::self_address(), units)?;
        found.paid += 1;
        match found.owner {
            Some(owner) => self.credit(owner, found.asset, units),
            None => {
                found.returned += due.principal;
                found.interest += interest;
            }
        }
        if found.paid == found.schedule.instalments {
            found.status = Status::Repaid;
            StatusChanged { loan, status: Status::Repaid }.emit();
        }
        self.loans.set(&loan, &found);
        InstalmentPaid { loan, due }.emit();
        Ok(due)
    }

    /// Credits what shares of a line have earned; anybody. Answers the units.
    pub fn credit_share(&mut self, loan: u64, line: u32, holder: Address) -> Result<u128, LoanError> {
        let found = self.found(loan)?;
        self.settle(&found, loan, line, holder)
    }

    /// Takes out what an account has here; the account.
    pub fn claim(&mut self, account: Address, asset: Asset) -> Result<u128, LoanError> {
        env::require_auth(&account);
        let units = self.claim_of(account, asset);
        self.claims.remove(&(account, asset));
        asset.transfer(env::self_address(), account, units)?;
        Ok(units)
    }

    /// Hands shares of a line on; what they have earned so far stays with who had them.
    pub fn transfer_share(
        &mut self,
        loan: u64,
        line: u32,
        from: Address,
        to: Address,
        units: u128,
    ) -> Result<(), LoanError> {
        env::require_auth(&from);
        let found = self.found(loan)?;
        self.settle(&found, loan, line, from)?;
        self.settle(&found, loan, line, to)?;
        let have = self.share(loan, line, from).units;
        let left = have.checked_sub(units).ok_or(LoanError::TooFewShares { have, want: units })?;
        self.set_share(&found, loan, line, from, left)?;
        let held = self.share(loan, line, to).units;
        self.set_share(&found, loan, line, to, held + units)?;
        ShareMoved { loan, line, from, to, units }.emit();
        Ok(())
    }

    /// Says that the borrower does not pay; anybody, when an instalment is late enough. Bids come from now on.
    pub fn declare_default(&mut self, loan: u64) -> Result<(), LoanError> {
        let mut found = self.running(loan)?;
        let due = found.due()?.ok_or(LoanError::WrongStatus { status: found.status })?;
        let until_ms = due.due_ms.saturating_add(found.schedule.default_ms);
        if env::block_time_ms() <= until_ms {
            return Err(LoanError::NotYet { until_ms });
        }
        found.status = Status::Auctioned;
        found.bids_until_ms = env::block_time_ms().saturating_add(found.schedule.auction_ms);
        self.loans.set(&loan, &found);
        StatusChanged { loan, status: Status::Auctioned }.emit();
        Ok(())
    }

    /// Bids for what is still owed; the bidder authorises the transfer. Who is outbid takes its units out.
    pub fn bid_default(&mut self, loan: u64, bidder: Address, units: u128) -> Result<(), LoanError> {
        env::require_auth(&bidder);
        let mut found = self.found(loan)?;
        let open = found.status == Status::Auctioned && env::block_time_ms() < found.bids_until_ms;
        let best = found.bid.map_or(0, |bid| bid.units);
        if !open || units <= best {
            return Err(LoanError::LowBid { best });
        }
        found.asset.transfer(bidder, env::self_address(), units)?;
        if let Some(outbid) = found.bid {
            self.credit(outbid.bidder, found.asset, outbid.units);
        }
        let bid = Bid { bidder, units };
        found.bid = Some(bid);
        self.loans.set(&loan, &found);
        BidMade { loan, bid }.emit();
        Ok(())
    }

    /// Ends the auction; anybody. The best bid goes to the lenders in place of their principal, and what is still paid to who
    /// bid; without bids the lenders wait for it.
    pub fn close_auction(&mut self, loan: u64) -> Result<Option<Bid>, LoanError> {
        let mut found = self.found(loan)?;
        if found.status != Status::Auctioned {
            return Err(LoanError::WrongStatus { status: found.status });
        }
        if env::block_time_ms() < found.bids_until_ms {
            return Err(LoanError::NotYet { until_ms: found.bids_until_ms });
        }
        found.status = Status::Defaulted;
        if let Some(Bid { bidder, units }) = found.bid {
            found.returned = found.returned.checked_add(units).ok_or(LoanError::Overflow)?;
            found.owner = Some(bidder);
        }
        self.loans.set(&loan, &found);
        StatusChanged { loan, status: Status::Defaulted }.emit();
        Ok(found.bid)
    }

    fn found(&self, loan: u64) -> Result<Loan, LoanError> {
        self.loans.get(&loan).ok_or(LoanError::NoLoan { loan })
    }

    fn running(&self, loan: u64) -> Result<Loan, LoanError> {
        let found = self.found(loan)?;
        match found.status {
            Status::Running => Ok(found),
            status => Err(LoanError::WrongStatus { status }),
        }
    }
}

impl Loan {
    /// What is due next: an even share of the principal, to the unit over all instalments, and the interest of one period on
    /// what is outstanding, rounded up.
    fn due(&self) -> Result<Option<Due>, LoanError> {
        let Schedule { instalments, period_ms, grace_ms, late_ppm, .. } = self.schedule;
        if self.paid == instalments {
            return Ok(None);
        }
        let instalment = self.paid + 1;
        let until = |count: u32| {
            let part = env::mul_div(self.principal, count.into(), instalments.into(), rounding::FLOOR);
            part.ok_or(LoanError::Overflow)
        };
        let principal = until(instalment)? - until(self.paid)?;
        // weight / 10^6 is a year's interest on everything; what is outstanding is an even part of it.
        let whole = u128::from(YEAR_MS).checked_mul(MILLION * u128::from(instalments)).ok_or(LoanError::Overflow)?;
        let outstanding = u128::from(period_ms) * u128::from(instalments - self.paid);
        let interest = env::mul_div(self.weight, outstanding, whole, rounding::CEIL).ok_or(LoanError::Overflow)?;
        let due_ms = self.since_ms.saturating_add(period_ms.saturating_mul(instalment.into()));
        let late = env::block_time_ms() > due_ms.saturating_add(grace_ms);
        let late = if late { fee::up(principal + interest, late_ppm).ok_or(LoanError::Overflow)? } else { 0 };
        Ok(Some(Due { instalment, due_ms, principal, interest, late }))
    }
}
