//! What is fixed while a block is executed, and the limits of a transaction.

use counterpart_ledger::{Address, ChainId, Gas, Genesis, Hash, Header, Height};

/// The block in execution, as contracts see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// The chain.
    pub chain: ChainId,
    /// Height of the block.
    pub height: Height,
    /// Its time, in ms since 1970.
    pub time_ms: u64,
    /// Hash of its parent.
    pub parent: Hash,
    /// Who receives the fees, once, at the end of the block.
    pub fee_collector: Address,
    /// Least gas price accepted.
    pub min_gas_price: u64,
    /// Hash of the validators that certify the block.
    pub validator_set: Hash,
}

impl BlockContext {
    /// What contracts see of a block with this header, on the chain that begins with this document.
    pub fn new(genesis: &Genesis, header: &Header) -> Self {
        Self {
            chain: genesis.chain,
            height: header.height,
            time_ms: header.time_ms,
            parent: header.parent,
            fee_collector: genesis.fee_collector,
            min_gas_price: genesis.min_gas_price,
            validator_set: header.validator_set,
        }
    }
}

/// Most gas that a transaction may ask for.
pub const MAX_TRANSACTION_GAS: u64 = 1_000_000_000;
/// Most bytes of an encoded transaction.
pub const MAX_TRANSACTION_BYTES: usize = 1024 * 1024;
/// Most actions of a transaction.
pub const MAX_ACTIONS: usize = 64;
/// Most authorisations that a transaction carries.
pub const MAX_AUTHORIZATIONS: usize = 64;

/// Most bytes that a transaction reads from the state.
pub(crate) const READ_BUDGET: u64 = 16 << 20;
/// Most bytes that a transaction writes to the state.
pub(crate) const WRITE_BUDGET: u64 = 4 << 20;
/// Most bytes of events.
pub(crate) const EVENT_BUDGET: u64 = 1 << 20;

/// A signature that is checked, and what a transaction takes besides.
const TRANSACTION_GAS: u64 = 450_000;
/// A byte is hashed, sent and stored.
const TRANSACTION_BYTE_GAS: u64 = 64;
/// A signature that is checked.
const AUTHORIZATION_GAS: u64 = 400_000;

/// Gas that a transaction costs before its first action: signatures, nonce, bytes.
pub fn intrinsic_gas(bytes: usize, authorizations: usize) -> Gas {
    let bytes = bytes as u64 * TRANSACTION_BYTE_GAS;
    Gas(TRANSACTION_GAS + bytes + authorizations as u64 * AUTHORIZATION_GAS)
}

/// Gas of an upload of `length` bytes: validation, metering, storage and later compilation.
pub fn upload_gas(length: usize) -> Gas {
    Gas(crate::gas::cost(counterpart_host_functions::HostFunction::upload_code, length as u64))
}
