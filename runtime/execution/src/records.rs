//! What the system itself keeps in the state, under the zero address.

use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_ledger::{Address, Hash, Height, StateFault, StateKey, StateRead, decode, system_key};

/// An account's or a contract's native balance, and an account's next nonce.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// The number that its next transaction must carry.
    pub nonce: u64,
    /// Native atomic units.
    pub balance: u128,
}

/// What an address runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct ContractRecord {
    /// Hash of the uploaded code.
    pub code_hash: Hash,
    /// Who made it: an account or a contract.
    pub creator: Address,
    /// When.
    pub deployed_at: Height,
}

/// Code that can be deployed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct CodeRecord {
    /// Bytes as uploaded.
    pub length: u32,
    /// The profile under which it was accepted.
    pub profile: Hash,
    /// Hash of the metered module.
    pub metered: Hash,
}

pub(crate) fn account_key(address: &Address) -> StateKey {
    system_key("account", &[&address.0])
}

pub(crate) fn contract_key(address: &Address) -> StateKey {
    system_key("contract", &[&address.0])
}

pub(crate) fn code_key(hash: &Hash) -> StateKey {
    system_key("code", &[&hash.0])
}

pub(crate) fn authorization_key(signer: &Address, nonce: u64) -> StateKey {
    system_key("authorization", &[&signer.0, &nonce.to_be_bytes()])
}

fn read<T: BorshSerialize + BorshDeserialize>(
    state: &dyn StateRead,
    name: &'static str,
    key: &[u8],
) -> Result<Option<T>, StateFault> {
    let parse = |bytes: Vec<u8>| decode(name, &bytes).map_err(|error| StateFault(error.to_string()));
    state.get(key)?.map(parse).transpose()
}

/// The account at an address; one that never was used has nothing and starts with nonce 0.
///
/// # Errors
/// [`StateFault`] when the store fails.
pub fn account(state: &dyn StateRead, address: &Address) -> Result<Account, StateFault> {
    Ok(read(state, "account", &account_key(address))?.unwrap_or_default())
}

/// The contract at an address, if there is one.
///
/// # Errors
/// [`StateFault`] when the store fails.
pub fn contract(state: &dyn StateRead, address: &Address) -> Result<Option<ContractRecord>, StateFault> {
    read(state, "contract", &contract_key(address))
}

/// What is known of uploaded code.
///
/// # Errors
/// [`StateFault`] when the store fails.
pub fn code_record(state: &dyn StateRead, hash: &Hash) -> Result<Option<CodeRecord>, StateFault> {
    read(state, "code record", &code_key(hash))
}
