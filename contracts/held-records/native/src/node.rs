//! The ledger behind a node's JSON-RPC.

use crate::ledger::{Ledger, LedgerError};
use counterpart_client::{Account, CallError, Client, Signer as Key};
use counterpart_consensus::CommitRule;
use counterpart_sdk::{Address, Hash};
use held_records::{Commitment, HeldRecordsRef, HoldError, Items, Opening, Ruling, Signed, Signer, Verb};
use std::time::Duration;

/// How long a transaction may take to be final.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node, and the account that pays for what the gatekeeper does there.
pub struct Node {
    account: Account,
    records: HeldRecordsRef,
}

impl Node {
    /// A node at a URL.
    ///
    /// # Errors
    /// [`LedgerError::Unreachable`].
    pub fn connect(url: &str, key: Key, records: Address, rule: CommitRule) -> Result<Self, LedgerError> {
        let client = Client::connect(url).map_err(|error| LedgerError::Unreachable(error.to_string()))?;
        Ok(Self { account: Account::new(client, key, rule, PATIENCE), records: HeldRecordsRef::at(records) })
    }
}

fn read(error: CallError<HoldError>) -> LedgerError {
    match error {
        CallError::Refused(HoldError::TooEarly { ready_ms }) => LedgerError::TooEarly { ready_ms },
        CallError::Refused(HoldError::Expired { .. }) => LedgerError::Expired,
        CallError::Refused(error @ (HoldError::After { .. } | HoldError::Quota { .. } | HoldError::NotHeld)) => {
            LedgerError::NotNow(format!("{error:?}"))
        }
        CallError::Refused(error) => LedgerError::Refused(format!("{error:?}")),
        CallError::Ended(reason) => LedgerError::Refused(reason),
        CallError::Unreachable(reason) => LedgerError::Unreachable(reason),
    }
}

fn ask<E: std::fmt::Debug>(error: CallError<E>) -> LedgerError {
    LedgerError::Unreachable(error.to_string())
}

impl Ledger for Node {
    fn domain(&self) -> (u64, Address) {
        (self.account.client().chain().0, self.records.address)
    }

    fn now_ms(&self) -> Result<u64, LedgerError> {
        // Not that of the newest block: an idle chain makes none.
        self.account.ask(&self.records.time_ms()).map_err(ask)
    }

    fn signer(&self, key: &[u8; 32]) -> Result<Option<Signer>, LedgerError> {
        self.account.ask(&self.records.signer(*key)).map_err(ask)
    }

    fn version(&self) -> Result<u32, LedgerError> {
        Ok(self.account.ask(&self.records.policy()).map_err(ask)?.0)
    }

    fn ruling(&self, items: &Items, signals: u32, at_ms: u64, version: u32) -> Result<Ruling, LedgerError> {
        self.account.ask(&self.records.ruling(*items, signals, at_ms, version)).map_err(ask)
    }

    fn expedite_quorum(&self) -> Result<u32, LedgerError> {
        let terms = self.account.ask(&self.records.terms()).map_err(ask)?;
        Ok(terms.map_or(u32::MAX, |terms| terms.expedite_quorum))
    }

    fn commitment(&self, commitment: &Hash) -> Result<Option<Commitment>, LedgerError> {
        self.account.ask(&self.records.commitment(*commitment)).map_err(ask)
    }

    fn anchor(&self, commitment: &Hash) -> Result<(), LedgerError> {
        self.account.act(self.records.anchor(*commitment)).map_err(read)
    }

    fn say(&self, commitment: &Hash, verb: &Verb, signed: &Signed) -> Result<(), LedgerError> {
        let said = match verb {
            Verb::Cancel => self.account.act(self.records.cancel(*commitment, *signed)),
            Verb::Supersede { by } => self.account.act(self.records.supersede(*commitment, *by, *signed)),
            Verb::Extend { until_ms } => self.account.act(self.records.extend(*commitment, *until_ms, *signed)),
            Verb::Instruct | Verb::Expedite => return Ok(()),
        };
        said.map_err(read)
    }

    fn record(&self, opening: &Opening, wanted: &[Signed], sooner: &[Signed]) -> Result<(), LedgerError> {
        self.account.act(self.records.record(*opening, wanted.to_vec(), sooner.to_vec())).map_err(read)
    }
}
