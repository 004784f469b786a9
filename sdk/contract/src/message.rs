//! Calls to other contracts.

use crate::buffer::Buffer;
use crate::data::NoError;
use crate::sys::host_call;
use alloc::vec::Vec;
use core::marker::PhantomData;
use counterpart_host_functions::{Address, CallStatus, Hash, call_flags};
use parity_scale_codec::Decode;

/// Why a call did not come back with an answer or an error of the contract's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallFailure {
    /// It reverted with a code that its interface does not know.
    Reverted(u32),
    /// It used up the gas that it was given.
    OutOfGas,
    /// It used up its stack.
    StackExhausted,
    /// It trapped.
    Trapped,
    /// There is no contract at the address.
    NoContract,
    /// There is too little native currency.
    InsufficientBalance,
    /// A contract with this address exists already.
    AddressTaken,
    /// There is no code with this hash.
    NoCode,
    /// Its answer does not decode.
    BadAnswer,
}

impl CallFailure {
    /// The code that it reverted with, if it did.
    pub const fn code(&self) -> Option<u32> {
        match self {
            Self::Reverted(code) => Some(*code),
            _ => None,
        }
    }
}

/// A call, ready to be made by a contract or a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message<T, E> {
    /// The callee.
    pub contract: Address,
    /// Selector and arguments.
    pub input: Vec<u8>,
    /// Native amount to send.
    pub value: u128,
    /// The most gas it may use; 0 for all but 1/64 of what is left.
    pub gas: u64,
    /// Whether the method only answers.
    pub query: bool,
    answer: PhantomData<fn() -> (T, E)>,
}

impl<T: Decode, E: Decode> Message<T, E> {
    /// A message with encoded input.
    pub const fn new(contract: Address, input: Vec<u8>, query: bool) -> Self {
        Self { contract, input, value: 0, gas: 0, query, answer: PhantomData }
    }

    /// Sends native currency along.
    #[must_use]
    pub fn with_value(mut self, amount: u128) -> Self {
        self.value = amount;
        self
    }

    /// Bounds the gas.
    #[must_use]
    pub fn with_gas(mut self, gas: u64) -> Self {
        self.gas = gas;
        self
    }

    /// The same call, of whose error only the code is looked at: [`CallFailure::Reverted`]. A caller that does nothing with the
    /// rest need not carry the code that reads it.
    #[must_use]
    pub fn code_only(self) -> Message<T, NoError> {
        let Self { contract, input, value, gas, query, answer: _ } = self;
        Message { contract, input, value, gas, query, answer: PhantomData }
    }

    /// Calls; a failure of the callee is this contract's failure.
    pub fn call(self) -> T {
        self.invoke(0);
        let data = result();
        match T::decode(&mut &*data) {
            Ok(value) => value,
            Err(_) => crate::dispatch::revert_shared(crate::abi::shared_errors::BAD_ARGUMENTS, &[]),
        }
    }

    /// Calls; answers the callee's value or its error.
    ///
    /// # Errors
    /// [`CallFailure`] when it ended in any other way.
    pub fn try_call(self) -> Result<Result<T, E>, CallFailure> {
        let status = self.invoke(call_flags::TRY);
        let data = result();
        match CallStatus::from_number(status) {
            Some(CallStatus::Success) => T::decode(&mut &*data).map(Ok).map_err(|_| CallFailure::BadAnswer),
            Some(CallStatus::Revert) => {
                let (code, error) = data.split_first_chunk::<4>().ok_or(CallFailure::BadAnswer)?;
                let code = u32::from_le_bytes(*code);
                E::decode(&mut &*error).map(Err).map_err(|_| CallFailure::Reverted(code))
            }
            status => Err(failure(status)),
        }
    }

    /// Whatever `T` is decoded from; for tests.
    ///
    /// # Errors
    /// When the bytes are not exactly one `T`.
    pub fn decode_answer(&self, mut bytes: &[u8]) -> Result<T, parity_scale_codec::Error> {
        let value = T::decode(&mut bytes)?;
        if bytes.is_empty() { Ok(value) } else { Err("bytes left over".into()) }
    }

    fn invoke(&self, flags: u32) -> i64 {
        let flags = if self.query { flags | call_flags::READ_ONLY } else { flags };
        let input = &self.input;
        if self.value == 0 {
            return host_call!(call(
                read self.contract.0, read input, length input, number 0u32, number self.gas, number flags
            ));
        }
        let value = self.value.to_le_bytes();
        host_call!(call(read self.contract.0, read input, length input, read value, number self.gas, number flags))
    }
}

/// A constructor's call data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constructor {
    /// Selector and arguments.
    pub input: Vec<u8>,
    /// Native amount to send.
    pub value: u128,
}

impl Constructor {
    /// From encoded input.
    pub const fn from_input(input: Vec<u8>) -> Self {
        Self { input, value: 0 }
    }

    /// Sends native currency along.
    #[must_use]
    pub fn with_value(mut self, amount: u128) -> Self {
        self.value = amount;
        self
    }

    /// Makes a contract from uploaded code.
    ///
    /// # Errors
    /// [`CallFailure`] when the constructor failed or the code or address cannot be used.
    pub fn deploy(self, code_hash: &Hash, salt: &Hash) -> Result<Address, CallFailure> {
        let mut address = [0; 32];
        let input = &self.input;
        let status = if self.value == 0 {
            host_call!(deploy(
                read code_hash.0, read salt.0, read input, length input, number 0u32, number 0u64,
                number call_flags::TRY, write address
            ))
        } else {
            let value = self.value.to_le_bytes();
            host_call!(deploy(
                read code_hash.0, read salt.0, read input, length input, read value, number 0u64,
                number call_flags::TRY, write address
            ))
        };
        match CallStatus::from_number(status) {
            Some(CallStatus::Success) => Ok(Address(address)),
            Some(CallStatus::Revert) => {
                let data = result();
                let code = data.first_chunk::<4>().map_or(0, |code| u32::from_le_bytes(*code));
                Err(CallFailure::Reverted(code))
            }
            status => Err(failure(status)),
        }
    }
}

fn failure(status: Option<CallStatus>) -> CallFailure {
    match status {
        Some(CallStatus::OutOfGas) => CallFailure::OutOfGas,
        Some(CallStatus::StackExhausted) => CallFailure::StackExhausted,
        Some(CallStatus::Trap) => CallFailure::Trapped,
        Some(CallStatus::NoContract) => CallFailure::NoContract,
        Some(CallStatus::InsufficientBalance) => CallFailure::InsufficientBalance,
        Some(CallStatus::AddressTaken) => CallFailure::AddressTaken,
        Some(CallStatus::NoCode) => CallFailure::NoCode,
        _ => CallFailure::BadAnswer,
    }
}

/// What the last nested call answered.
#[inline(never)]
fn result() -> Buffer {
    Buffer::received(&mut |room, size| host_call!(call_result(write room, number 0u32, number size)))
        .unwrap_or_default()
}
