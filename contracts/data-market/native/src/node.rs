//! The ledger behind a node's JSON-RPC.

use crate::gateway::Place;
use crate::ledger::{KnownDevice, Ledger, LedgerError};
use counterpart_client::{Account, CallError, Client, Signer};
use counterpart_consensus::CommitRule;
use counterpart_sdk::Address;
use data_market::{DataMarketRef, Request, Wrapped};
use recycling::{Recorded, RecyclingError, RecyclingRef, Submission};
use std::fmt::Debug;
use std::time::Duration;

/// How long a transaction may take to be final.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node, and the account that acts there.
pub struct Node {
    account: Account,
    register: RecyclingRef,
    market: DataMarketRef,
}

impl Node {
    /// A node at a URL.
    ///
    /// # Errors
    /// [`LedgerError::Unreachable`].
    pub fn connect(
        url: &str,
        signer: Signer,
        register: Address,
        market: Address,
        rule: CommitRule,
    ) -> Result<Self, LedgerError> {
        let client = Client::connect(url).map_err(|error| LedgerError::Unreachable(error.to_string()))?;
        let account = Account::new(client, signer, rule, PATIENCE);
        Ok(Self { account, register: RecyclingRef::at(register), market: DataMarketRef::at(market) })
    }

    /// Where a gateway with this account works.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn place(&self) -> Result<Place, LedgerError> {
        let terms = self.account.ask(&self.register.terms()).map_err(plain)?;
        let none = || LedgerError::Refused { device: None, reason: "the register has no terms".into() };
        Ok(Place {
            chain: self.account.client().chain().0,
            register: self.register.address,
            market: self.market.address,
            account: self.account.address(),
            skew_ms: terms.ok_or_else(none)?.skew_ms,
        })
    }
}

/// An error that is about no device.
fn plain<E: Debug>(error: CallError<E>) -> LedgerError {
    match error {
        CallError::Refused(error) => LedgerError::Refused { device: None, reason: format!("{error:?}") },
        CallError::Ended(reason) => LedgerError::Refused { device: None, reason },
        CallError::Unreachable(reason) => LedgerError::Unreachable(reason),
    }
}

/// The register's error, with the device that it is about.
fn about_device(error: CallError<RecyclingError>) -> LedgerError {
    let device = match &error {
        CallError::Refused(
            RecyclingError::WrongCounter { device, .. }
            | RecyclingError::WrongTime { device }
            | RecyclingError::BadSignature { device }
            | RecyclingError::Revoked { device }
            | RecyclingError::NoDevice { device },
        ) => Some(*device),
        _ => None,
    };
    match plain(error) {
        LedgerError::Refused { reason, .. } => LedgerError::Refused { device, reason },
        unreachable => unreachable,
    }
}

impl Ledger for Node {
    fn device(&self, device: u64) -> Result<Option<KnownDevice>, LedgerError> {
        let found = self.account.ask(&self.register.device(device)).map_err(plain)?;
        Ok(found.map(|found| KnownDevice {
            key: found.key,
            next: found.next,
            last_ms: found.last_ms,
            revoked: found.revoked,
        }))
    }

    fn submit(&self, readings: Vec<Submission>) -> Result<(), LedgerError> {
        self.account.act(self.register.submit(self.account.address(), readings)).map_err(about_device)
    }

    fn declare_gap(&self, device: u64, until: u64, signature: [u8; 64]) -> Result<(), LedgerError> {
        self.account.act(self.register.declare_gap(device, until, signature)).map_err(about_device)
    }

    fn event(&self, event: u64) -> Result<Option<Recorded>, LedgerError> {
        self.account.ask(&self.register.event(event)).map_err(plain)
    }

    fn requests(&self) -> Result<u64, LedgerError> {
        self.account.ask(&self.market.count()).map_err(plain)
    }

    fn request(&self, request: u64) -> Result<Option<Request>, LedgerError> {
        self.account.ask(&self.market.request(request)).map_err(plain)
    }

    fn deliver(&self, request: u64, keys: Vec<Wrapped>) -> Result<(), LedgerError> {
        self.account.act(self.market.deliver(request, keys)).map_err(plain)
    }
}
