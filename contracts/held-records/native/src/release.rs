//! What the gatekeeper does by itself: anchors, says what is owed, releases what is ready. Wherever it is stopped, it goes on there.

use crate::gatekeeper::{Gatekeeper, away};
use crate::journal::{Held, State};
use crate::ledger::{Ledger, LedgerError};
use crate::receipts::What;
use counterpart_sdk::Hash;
use counterpart_service::ServiceError;
use held_records::Status;

/// How long a record that the ledger does not take now waits, in ms.
const AGAIN_MS: u64 = 1_000;

/// What one turn did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tick {
    /// Records that were anchored.
    pub anchored: usize,
    /// Withdrawals and the like that were said on the ledger.
    pub said: usize,
    /// Records that are on the ledger.
    pub recorded: usize,
    /// Records whose time was over, or that the ledger refuses for good.
    pub ended: usize,
}

impl<L: Ledger> Gatekeeper<L> {
    /// One turn. A record that the ledger does not take holds up no other.
    ///
    /// # Errors
    /// [`ServiceError`]: the ledger is away, or the disk fails. The next turn goes on from there.
    pub fn tick(&self) -> Result<Tick, ServiceError> {
        let mut tick = Tick::default();
        // Those that are withdrawn before they were anchored too, in their order: their tombstones need a place to stand.
        let bare = |held: &Held| held.anchored.is_none() && (held.state == State::Received || !held.owed.is_empty());
        for (record, held) in self.some(bare) {
            tick.anchored += usize::from(self.anchor(record, held)?);
        }
        for (record, held) in self.some(|held| !held.owed.is_empty()) {
            tick.said += self.say(record, held)?;
        }
        let now_ms = self.now_ms(&self.kept());
        let due = |held: &Held| match held.state {
            State::Held(ready_ms) => ready_ms <= now_ms,
            state => state == State::Releasing,
        };
        for (record, _) in self.some(due) {
            match self.release(record)? {
                Some(State::Recorded) => tick.recorded += 1,
                Some(State::Expired | State::Rejected) => tick.ended += 1,
                _ => {}
            }
        }
        Ok(tick)
    }

    /// Records of a kind, those that are ready first in the front, and of the same time the older ones.
    fn some(&self, which: impl Fn(&Held) -> bool) -> Vec<(Hash, Held)> {
        let kept = self.kept();
        let found = kept.records.iter().filter(|(_, held)| which(held));
        let mut found: Vec<(Hash, Held)> = found.map(|(record, held)| (*record, held.clone())).collect();
        found.sort_by_key(|(_, held)| match held.state {
            State::Held(ready_ms) => (ready_ms, held.place),
            // What is said of a place comes before what is said of the one that follows it.
            _ => (0, held.place),
        });
        found
    }

    /// Anchors a record, or finds that it is: an answer may have been lost.
    fn anchor(&self, record: Hash, held: Held) -> Result<bool, ServiceError> {
        let mut found = self.ledger.commitment(&record).map_err(|error| away(&error))?;
        if found.is_none() {
            match self.ledger.anchor(&record) {
                // Somebody may have been faster: then it is there too.
                Ok(()) | Err(LedgerError::Refused(_)) => {}
                Err(error) => return Err(away(&error)),
            }
            found = self.ledger.commitment(&record).map_err(|error| away(&error))?;
        }
        let Some(found) = found else { return Ok(false) };
        let anchored = Held { anchored: Some((found.at_ms, found.version)), ..held };
        let ready_ms = self.ready_ms(&anchored).map_err(|error| away(&error))?.unwrap_or(u64::MAX);
        let mut kept = self.kept();
        let Some(mut now) = kept.records.get(&record).cloned() else { return Ok(false) };
        now.anchored = anchored.anchored;
        let mut told = Vec::new();
        // It may have been withdrawn meanwhile.
        if now.state == State::Received {
            now.state = State::Held(ready_ms.max(now.until_ms));
            told.push((record, What::Held(ready_ms)));
        }
        let now_ms = self.now_ms(&kept).max(found.at_ms);
        self.decide(&mut kept, vec![(record, now)], Vec::new(), &told, now_ms)?;
        Ok(true)
    }

    /// Says on the ledger what is owed there: the tombstones.
    fn say(&self, record: Hash, held: Held) -> Result<usize, ServiceError> {
        let mut said = 0;
        for (verb, signed) in &held.owed {
            match self.ledger.say(&record, verb, signed) {
                Ok(()) => {}
                // Its successor is not anchored yet: the next turn.
                Err(LedgerError::NotNow(_)) => continue,
                Err(error @ LedgerError::Unreachable(_)) => return Err(away(&error)),
                // It was said before, and the answer was lost.
                Err(_) => {}
            }
            let mut kept = self.kept();
            let Some(mut now) = kept.records.get(&record).cloned() else { continue };
            now.owed.retain(|(_, owed)| owed != signed);
            let now_ms = self.now_ms(&kept);
            self.decide(&mut kept, vec![(record, now)], Vec::new(), &[], now_ms)?;
            said += 1;
        }
        Ok(said)
    }

    /// Releases a record that is ready, once: whether it is there already is asked first when an answer may have been lost.
    fn release(&self, record: Hash) -> Result<Option<State>, ServiceError> {
        let (held, again) = {
            let mut kept = self.kept();
            let now_ms = self.now_ms(&kept);
            let Some(mut held) = kept.records.get(&record).cloned() else { return Ok(None) };
            let again = held.state == State::Releasing;
            match held.state {
                State::Held(ready_ms) if ready_ms <= now_ms => {
                    // From here on it is too late to withdraw it. This is on the disk before the ledger hears of it.
                    held.state = State::Releasing;
                    self.decide(&mut kept, vec![(record, held.clone())], Vec::new(), &[], now_ms)?;
                }
                State::Releasing => {}
                _ => return Ok(None),
            }
            (held, again)
        };
        let there = if again { self.ledger.commitment(&record).map_err(|error| away(&error))? } else { None };
        let state = match there.map(|found| found.status) {
            Some(Status::Recorded) => State::Recorded,
            Some(Status::Cancelled) => State::Cancelled,
            Some(Status::Superseded(by)) => State::Superseded(by),
            Some(Status::Held) | None => match self.ledger.record(&held.opening, &held.wanted, &held.sooner) {
                Ok(()) => State::Recorded,
                Err(LedgerError::TooEarly { ready_ms }) => State::Held(ready_ms),
                Err(LedgerError::NotNow(_)) => State::Held(self.now_ms(&self.kept()).saturating_add(AGAIN_MS)),
                Err(LedgerError::Expired) => State::Expired,
                Err(LedgerError::Refused(_)) => State::Rejected,
                Err(error @ LedgerError::Unreachable(_)) => return Err(away(&error)),
            },
        };
        let told = match state {
            State::Recorded => Some(What::Recorded),
            State::Expired => Some(What::Expired),
            State::Rejected => Some(What::Rejected),
            State::Held(ready_ms) => Some(What::Held(ready_ms)),
            State::Cancelled => Some(What::Cancelled),
            State::Superseded(by) => Some(What::Superseded(by)),
            State::Received | State::Releasing => None,
        };
        let told: Vec<(Hash, What)> = told.into_iter().map(|what| (record, what)).collect();
        let mut kept = self.kept();
        let now_ms = self.now_ms(&kept);
        self.decide(&mut kept, vec![(record, Held { state, ..held })], Vec::new(), &told, now_ms)?;
        Ok(Some(state))
    }
}
