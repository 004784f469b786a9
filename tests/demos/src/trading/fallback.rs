//! Where nothing carries proofs: escrows on both chains under one hash. One secret moves both, and without it both go back.

use super::chains::{held, token};
use crate::stage::{Contract, Stage, hex, now_ms};
use counterpart_client::Signer;
use counterpart_ledger::{Action, Address};
use serde_json::json;
use sha2::{Digest, Sha256};

const GIVEN: u64 = 1_000;
const WANTED: u64 = 700;
/// Units of native currency for whoever ends an escrow in another's place.
const REWARD: u128 = 1_000;
const HOUR_MS: u64 = 3_600_000;

/// How both exchanges ended.
pub struct Ending {
    /// Units that the solver got on the first chain for the secret.
    pub paid: u64,
    /// Units that the maker got on the second.
    pub delivered: u64,
    /// Units that came back to maker and solver of the second exchange.
    pub back: [u64; 2],
    /// The escrows, one on each chain.
    pub escrows: [Address; 2],
}

impl Ending {
    /// Whether the first moved both and the second neither.
    pub fn holds(&self) -> bool {
        (self.paid, self.delivered, self.back) == (GIVEN, WANTED, [GIVEN, WANTED])
    }
}

/// One chain of the two, with the escrow there.
struct Side<'a, 'b> {
    stage: &'a mut Stage<'b>,
    token: &'a Contract,
    escrow: Contract,
    units: u64,
    /// When the units may go back, in hours from now: later on the first chain, so that whoever sees the secret on the second has
    /// time to use it; and long enough that other parts of the story, which move the clocks, do not matter.
    hours: u64,
}

impl Side<'_, '_> {
    fn lock(&mut self, title: &str, [from, to]: [&Signer; 2], secret: &[u8; 32]) -> anyhow::Result<()> {
        let due_ms = now_ms() + self.hours * HOUR_MS;
        let terms = json!({
            "depositor": from.address().to_string(), "receiver": to.address().to_string(), "asset": token(self.token),
            "units": self.units, "reward": REWARD.to_string(), "hash": hex(&Sha256::digest(secret)),
            "public_ms": due_ms - HOUR_MS / 2, "cancel_ms": due_ms, "public_cancel_ms": due_ms + HOUR_MS,
        });
        let lock = self.escrow.pay("lock", json!({ "terms": terms }), REWARD)?;
        self.stage.act(title, &[(from, vec![lock])])
    }

    fn withdraw(&mut self, title: &str, who: &Signer, escrow: u64, secret: &[u8; 32]) -> anyhow::Result<()> {
        let withdraw = self.escrow.call("withdraw", json!({ "escrow": escrow, "secret": hex(secret) }))?;
        self.stage.act(title, &[(who, vec![withdraw])])
    }

    /// Lets the time of the lock pass and takes the units back.
    fn cancel(&mut self, title: &str, who: &Signer, escrow: u64) -> anyhow::Result<u64> {
        let before = held(self.stage, self.token, who)?;
        self.stage.advance_ms((self.hours + 1) * HOUR_MS)?;
        let nothing = Action::Transfer { to: who.address(), amount: 1 };
        self.stage.act("Time goes on past the end of the lock", &[(who, vec![nothing])])?;
        let cancel = self.escrow.call("cancel", json!({ "escrow": escrow }))?;
        self.stage.act(title, &[(who, vec![cancel])])?;
        Ok(held(self.stage, self.token, who)? - before)
    }
}

/// Plays both.
pub fn play(
    (first, grain): (&mut Stage<'_>, &Contract),
    (second, copper): (&mut Stage<'_>, &Contract),
    [maker, solver]: [&Signer; 2],
) -> anyhow::Result<Ending> {
    let here = first.deploy("Chain A: deploy escrows", maker, "hash-escrow", "new", json!({}))?;
    let there = second.deploy("Chain B: deploy escrows", maker, "hash-escrow", "new", json!({}))?;
    let escrows = [here.address, there.address];
    let mut a = Side { stage: first, token: grain, escrow: here, units: GIVEN, hours: 10 };
    let mut b = Side { stage: second, token: copper, escrow: there, units: WANTED, hours: 8 };
    let (secret, other) = ([0x5e; 32], [0x5f; 32]);

    a.lock("Chain A: the maker locks grain under the hash of a secret", [maker, solver], &secret)?;
    b.lock("Chain B: the solver locks copper under the same hash", [solver, maker], &secret)?;
    let before = [held(a.stage, a.token, solver)?, held(b.stage, b.token, maker)?];
    b.withdraw("Chain B: the secret takes the copper, for all to see", maker, 0, &secret)?;
    a.withdraw("Chain A: the same secret takes the grain", solver, 0, &secret)?;
    let paid = held(a.stage, a.token, solver)? - before[0];
    let delivered = held(b.stage, b.token, maker)? - before[1];

    a.lock("Chain A: the maker locks again", [maker, solver], &other)?;
    b.lock("Chain B: so does the solver, and is gone", [solver, maker], &other)?;
    let copper_back = b.cancel("Chain B: the copper goes back", solver, 1)?;
    let grain_back = a.cancel("Chain A: the grain goes back", maker, 1)?;
    Ok(Ending { paid, delivered, back: [grain_back, copper_back], escrows })
}
