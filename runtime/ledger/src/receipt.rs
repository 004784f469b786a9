//! Receipts: what became of a transaction.

use crate::{Address, Event, Gas, Hash, crypto::hash, encoding::encode, merkle_root};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_host_functions::TrapCode;

/// Why a transaction in a block was not run at all. It costs the sender nothing and changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum RejectCode {
    /// A signature does not verify.
    Signature,
    /// It is for another chain.
    Chain,
    /// Its height of expiry has passed.
    Expired,
    /// Its nonce is not the sender's next.
    Nonce,
    /// The sender cannot pay for the gas limit.
    Balance,
    /// The gas limit is below the transaction's own cost, or above the block's.
    GasLimit,
    /// It has no actions, too many, or too many bytes.
    Size,
    /// The gas price is below the chain's minimum.
    GasPrice,
    /// An authorisation has expired or its nonce was used before.
    Authorization,
}

impl RejectCode {
    /// The stable name for machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "bad_signature",
            Self::Chain => "wrong_chain",
            Self::Expired => "expired",
            Self::Nonce => "wrong_nonce",
            Self::Balance => "insufficient_balance",
            Self::GasLimit => "gas_limit",
            Self::Size => "size",
            Self::GasPrice => "gas_price",
            Self::Authorization => "authorization",
        }
    }
}

/// How the actions ended. All of them take effect, or none.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// Every action succeeded.
    Success,
    /// A contract reverted.
    Revert {
        /// Index of the action.
        action: u16,
        /// The contract that reverted first.
        contract: Address,
        /// The contract's own error code.
        code: u32,
        /// SCALE-encoded error.
        data: Vec<u8>,
    },
    /// The gas limit was reached.
    OutOfGas {
        /// Index of the action.
        action: u16,
    },
    /// The contract's stack was used up.
    StackExhausted {
        /// Index of the action.
        action: u16,
    },
    /// A rule was broken.
    Trap {
        /// Index of the action.
        action: u16,
        /// The contract that trapped.
        contract: Address,
        /// Which rule.
        code: TrapCode,
    },
    /// There is no contract at the address called.
    NoContract {
        /// Index of the action.
        action: u16,
        /// The address.
        contract: Address,
    },
    /// There is no code with the hash.
    NoCode {
        /// Index of the action.
        action: u16,
        /// The hash.
        code_hash: Hash,
    },
    /// A contract with this address exists already.
    AddressTaken {
        /// Index of the action.
        action: u16,
        /// The address.
        contract: Address,
    },
    /// The native balance is too small for an amount to send.
    InsufficientBalance {
        /// Index of the action.
        action: u16,
    },
    /// The uploaded code is not accepted; the number is the module error's stable code.
    BadModule {
        /// Index of the action.
        action: u16,
        /// Stable code of the module error.
        code: u32,
    },
    /// The transaction was not run: no fee, no nonce.
    Rejected(RejectCode),
    /// The system refuses an action about validators.
    Refused {
        /// Index of the action.
        action: u16,
        /// Why: the number of a [`crate::SystemRefusal`].
        code: u16,
    },
}

/// What became of one transaction.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// The transaction.
    pub transaction: Hash,
    /// How it ended.
    pub outcome: Outcome,
    /// Gas charged, whatever the outcome.
    pub gas_used: Gas,
    /// Native atomic units taken from the sender.
    pub fee: u128,
    /// What each action returned; empty unless all succeeded.
    pub outputs: Vec<Vec<u8>>,
    /// In order of emission; empty unless all succeeded.
    pub events: Vec<Event>,
    /// Fold of every host call with its arguments, result and gas.
    pub evidence: Hash,
}

impl Receipt {
    /// The leaf of this receipt in its block's receipts tree.
    pub fn hash(&self) -> Hash {
        hash("counterpart/receipt/1", &[&encode(self)])
    }

    /// The root over a block's receipts.
    pub fn root(receipts: &[Receipt]) -> Hash {
        merkle_root(receipts.iter().map(Receipt::hash))
    }
}
