//! Contracts by the types of their own crates: questions, and calls that are final when they answer.

use crate::client::{Client, Queried};
use crate::transaction::{Signer, TransactionRequest};
use counterpart_consensus::CommitRule;
use counterpart_ledger::{Action, Address, Outcome};
use counterpart_sdk::{Address as ContractAddress, Message};
use parity_scale_codec::{Decode, DecodeAll};
use std::time::Duration;

/// An account that acts at a node.
pub struct Account {
    client: Client,
    signer: Signer,
    rule: CommitRule,
    patience: Duration,
}

/// Why a question or a call brought nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CallError<E> {
    /// The contract refuses with an error of its own.
    #[error("refused: {0:?}")]
    Refused(E),
    /// It ended in another way.
    #[error("it ended otherwise: {0}")]
    Ended(String),
    /// Nobody knows whether it was done.
    #[error("the node does not answer: {0}")]
    Unreachable(String),
}

impl<E> CallError<E> {
    fn away(error: impl ToString) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl Account {
    /// An account at a node; what it does is final for it under a rule, within some time.
    pub fn new(client: Client, signer: Signer, rule: CommitRule, patience: Duration) -> Self {
        Self { client, signer, rule, patience }
    }

    /// The node.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The account's address.
    pub fn address(&self) -> ContractAddress {
        ContractAddress(self.signer.address().0)
    }

    /// Asks a contract.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn ask<T: Decode, E: Decode>(&self, message: &Message<T, E>) -> Result<T, CallError<E>> {
        let contract = Address(message.contract.0);
        let answer = self.client.query(&contract, &Address::ZERO, &message.input).map_err(CallError::away)?;
        let Queried { outcome, output, .. } = answer;
        if outcome["status"] != "success" {
            return Err(CallError::Ended(outcome.to_string()));
        }
        T::decode_all(&mut &output[..]).map_err(|error| CallError::Ended(error.to_string()))
    }

    /// Calls a contract and waits until that is final. What it would refuse is not sent.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn act<T, E: Decode>(&self, message: Message<T, E>) -> Result<(), CallError<E>> {
        let contract = Address(message.contract.0);
        self.send(vec![Action::Call { contract, input: message.input, value: message.value }])
    }

    /// Sends actions in one transaction and waits until it is final.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn send<E: Decode>(&self, actions: Vec<Action>) -> Result<(), CallError<E>> {
        let request = TransactionRequest::new(&self.signer, actions);
        let signed = match self.client.prepare(&request).map_err(CallError::away)? {
            Ok(signed) => signed,
            Err(simulated) => return Err(read(&simulated.receipt.outcome)),
        };
        let hash = self.client.send(&signed).map_err(CallError::away)?;
        let confirmed = self.client.wait(&hash, &self.rule, self.patience).map_err(CallError::away)?;
        match &confirmed.receipt.outcome {
            Outcome::Success => Ok(()),
            outcome => Err(read(outcome)),
        }
    }
}

fn read<E: Decode>(outcome: &Outcome) -> CallError<E> {
    let error = match outcome {
        Outcome::Revert { data, .. } => E::decode_all(&mut &data[..]).ok(),
        _ => None,
    };
    error.map_or_else(|| CallError::Ended(format!("{outcome:?}")), CallError::Refused)
}
