//! The ledger behind a node's JSON-RPC.

use crate::gateway::Place;
use crate::ledger::{KnownDevice, Ledger, LedgerError};
use counterpart_client::{Client, Signer, TransactionRequest};
use counterpart_consensus::CommitRule;
use counterpart_ledger::{Action, Address as LedgerAddress, Outcome};
use counterpart_sdk::{Address, Message};
use data_market::{DataMarketRef, Request, Wrapped};
use parity_scale_codec::{Decode, DecodeAll};
use recycling::{Recorded, RecyclingError, RecyclingRef, Submission};
use std::time::Duration;

/// How long a transaction may take to be final.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node, and the account that acts there.
pub struct Node {
    client: Client,
    signer: Signer,
    register: RecyclingRef,
    market: DataMarketRef,
    rule: CommitRule,
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
        let client = Client::connect(url).map_err(away)?;
        Ok(Self { client, signer, register: RecyclingRef::at(register), market: DataMarketRef::at(market), rule })
    }

    /// Where a gateway with this account works.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn place(&self) -> Result<Place, LedgerError> {
        let terms = self.ask(self.register.terms())?.ok_or_else(|| refused("the register has no terms"))?;
        Ok(Place {
            chain: self.client.chain().0,
            register: self.register.address,
            market: self.market.address,
            account: Address(self.signer.address().0),
            skew_ms: terms.skew_ms,
        })
    }

    fn ask<T: Decode, E>(&self, message: Message<T, E>) -> Result<T, LedgerError> {
        let contract = LedgerAddress(message.contract.0);
        let answer = self.client.query(&contract, &LedgerAddress::ZERO, &message.input).map_err(away)?;
        if answer.outcome["status"] != "success" {
            return Err(refused(&answer.outcome.to_string()));
        }
        T::decode_all(&mut &answer.output[..]).map_err(|_| refused("the contract answers what cannot be read"))
    }

    fn act<T, E>(&self, message: Message<T, E>) -> Result<(), LedgerError> {
        let contract = LedgerAddress(message.contract.0);
        let action = Action::Call { contract, input: message.input, value: 0 };
        let request = TransactionRequest::new(&self.signer, vec![action]);
        let signed = match self.client.prepare(&request).map_err(away)? {
            Ok(signed) => signed,
            Err(simulated) => return Err(read(&simulated.receipt.outcome)),
        };
        let hash = self.client.send(&signed).map_err(away)?;
        let confirmed = self.client.wait(&hash, &self.rule, PATIENCE).map_err(away)?;
        match &confirmed.receipt.outcome {
            Outcome::Success => Ok(()),
            outcome => Err(read(outcome)),
        }
    }
}

fn away(error: impl std::fmt::Display) -> LedgerError {
    LedgerError::Unreachable(error.to_string())
}

fn refused(reason: &str) -> LedgerError {
    LedgerError::Refused { device: None, reason: reason.to_owned() }
}

/// What a transaction's end says.
fn read(outcome: &Outcome) -> LedgerError {
    let Outcome::Revert { data, .. } = outcome else {
        return refused(&format!("{outcome:?}"));
    };
    let Ok(error) = RecyclingError::decode_all(&mut &data[..]) else { return refused("by a contract") };
    let device = match &error {
        RecyclingError::WrongCounter { device, .. }
        | RecyclingError::WrongTime { device }
        | RecyclingError::BadSignature { device }
        | RecyclingError::Revoked { device }
        | RecyclingError::NoDevice { device } => Some(*device),
        _ => None,
    };
    LedgerError::Refused { device, reason: format!("{error:?}") }
}

impl Ledger for Node {
    fn device(&self, device: u64) -> Result<Option<KnownDevice>, LedgerError> {
        let found = self.ask(self.register.device(device))?;
        Ok(found.map(|found| KnownDevice {
            key: found.key,
            next: found.next,
            last_ms: found.last_ms,
            revoked: found.revoked,
        }))
    }

    fn submit(&self, readings: Vec<Submission>) -> Result<(), LedgerError> {
        self.act(self.register.submit(Address(self.signer.address().0), readings))
    }

    fn declare_gap(&self, device: u64, until: u64, signature: [u8; 64]) -> Result<(), LedgerError> {
        self.act(self.register.declare_gap(device, until, signature))
    }

    fn event(&self, event: u64) -> Result<Option<Recorded>, LedgerError> {
        self.ask(self.register.event(event))
    }

    fn requests(&self) -> Result<u64, LedgerError> {
        self.ask(self.market.count())
    }

    fn request(&self, request: u64) -> Result<Option<Request>, LedgerError> {
        self.ask(self.market.request(request))
    }

    fn deliver(&self, request: u64, keys: Vec<Wrapped>) -> Result<(), LedgerError> {
        self.act(self.market.deliver(request, keys))
    }
}
