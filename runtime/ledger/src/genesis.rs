//! The first block's content: who has what, who votes, which rules hold.

use crate::{Address, ChainId, Hash, ValidatorSet, crypto::hash, encoding::encode};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// An account that exists from the start.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct GenesisAccount {
    /// Its address.
    pub address: Address,
    /// Native atomic units.
    pub balance: u128,
}

/// Everything that two nodes must agree on before the first block.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    /// The chain's number.
    pub chain: ChainId,
    /// ms since 1970.
    pub time_ms: u64,
    /// The rules of execution.
    pub profile: Hash,
    /// Who votes, and the quorum.
    pub validators: ValidatorSet,
    /// Who receives the fees.
    pub fee_collector: Address,
    /// Least gas price accepted.
    pub min_gas_price: u64,
    /// First balances, by address, each address once.
    pub accounts: Vec<GenesisAccount>,
}

impl Genesis {
    /// The hash that names the chain's beginning.
    pub fn hash(&self) -> Hash {
        hash("counterpart/genesis/1", &[&encode(self)])
    }
}
