//! A pool with units, and a miner that really looks.

use compute_pool::{ComputePoolRef, Job, Payout, PoolError, Share, Terms, Unit, native_computepool};
use counterpart_sdk::Hash;
use counterpart_testing::{Account, Chain, Failure, Subject};
use token::{TokenRef, native_token};
use trading::Asset;

pub const PLENTY: u128 = 1_000_000;
pub const EVERY_MS: u64 = 10_000;
pub const SITE: u64 = 4;

pub struct Setting {
    pub pool: ComputePoolRef,
    pub money: TokenRef,
    pub admin: Account,
    pub payer: Account,
    pub owners: [Account; 3],
}

/// A block that nobody on this machine finds, with shares that it does.
pub fn job() -> Job {
    Job {
        version: 0x2000_0000,
        before: Hash([7; 32]),
        head: b"head of a coinbase".to_vec(),
        tail: b"and its tail".to_vec(),
        branch: vec![Hash([1; 32]), Hash([2; 32])],
        from_s: 1_700_000_000,
        until_s: 1_700_000_100,
        bits: 0x1b04_04cb,
        live: false,
    }
}

/// Looks for a share as a miner does, without the contract's code. Answers the next one from a nonce on.
pub fn mine(job: &Job, owner: &Account, share: Share) -> Share {
    plant::miner::mine(job, &owner.address, share).expect("four thousand million nonces hold a share")
}

impl Setting {
    pub fn new(chain: &mut Chain, payout: Payout) -> Self {
        let [admin, payer] = ["admin", "payer"].map(|name| chain.account(name));
        let owners = ["ann", "bob", "cid"].map(|name| chain.account(name));
        let subject = Subject::new("token", native_token());
        let money = chain.deploy(&admin, &subject, TokenRef::new("Money".into(), "MNY".into(), 2)).expect("deployed");
        let money = TokenRef::at(money);
        chain.call(&admin, money.mint(payer.address, PLENTY)).expect("minted");
        let asset = Asset::Token(money.address);
        let terms = Terms { asset, payout, least: 1, most: 8, every_ms: EVERY_MS, admin_delay_ms: 0 };
        let subject = Subject::new("compute-pool", native_computepool());
        let pool = chain.deploy(&admin, &subject, ComputePoolRef::new(terms)).expect("deployed");
        let pool = ComputePoolRef::at(pool);
        for owner in &owners {
            chain.call(owner, pool.register_unit(owner.address, SITE)).expect("registered");
        }
        chain.call(&admin, pool.set_job(job())).expect("said");
        Self { pool, money, admin, payer, owners }
    }

    pub fn unit(&self, chain: &Chain, unit: u64) -> Unit {
        chain.query(self.pool.unit(unit)).expect("answered").expect("there")
    }

    /// The next share of a unit.
    pub fn found(&self, chain: &Chain, number: u64, unit: u64, extra: u64) -> Share {
        let job = chain.query(self.pool.job(number)).expect("answered").expect("there");
        let difficulty = self.unit(chain, unit).difficulty;
        let share = Share { job: number, unit, difficulty, extra, time_s: job.from_s, nonce: 0 };
        mine(&job, &self.owners[unit as usize], share)
    }

    pub fn submit(&self, chain: &mut Chain, share: Share) -> Result<bool, Failure<PoolError>> {
        chain.call(&self.payer, self.pool.submit_share(share))
    }

    pub fn claim_of(&self, chain: &Chain, who: &Account) -> u128 {
        chain.query(self.pool.claim_of(who.address)).expect("answered")
    }

    pub fn held(&self, chain: &Chain, who: counterpart_sdk::Address) -> u128 {
        chain.query(self.money.balance_of(who)).expect("answered")
    }
}

pub fn error<T: std::fmt::Debug>(result: Result<T, Failure<PoolError>>) -> PoolError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}
