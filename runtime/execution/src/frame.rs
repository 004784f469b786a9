//! One frame: the host that a running contract talks to.

use crate::calls::FrameEnd;
use crate::gas::{charge, per_byte};
use crate::memory::Memory;
use crate::trace::Ended;
use crate::work::{AuthorizationRequest, Work, answer, spend};
use crate::{arithmetic, crypto};
use counterpart_host_functions::{Host, HostError, HostFunction, Stop, TrapCode, limits};
use counterpart_ledger::{Address, Event, Hash};
use counterpart_module::PROBE;
use sha3::{Digest, Sha3_256};
use std::collections::BTreeMap;

/// What a frame is called with.
pub(crate) struct Call {
    pub contract: Address,
    pub caller: Address,
    pub input: Vec<u8>,
    pub value: u128,
    pub read_only: bool,
    pub depth: u32,
}

/// A range iterator.
pub(crate) struct Cursor {
    pub start: Vec<u8>,
    pub end: Vec<u8>,
    pub descending: bool,
}

pub(crate) struct Frame {
    /// `None` while a nested frame has it.
    pub work: Option<Box<Work>>,
    pub call: Call,
    /// Index in the chain of active contracts.
    pub active: usize,
    pub returned: Vec<u8>,
    pub revert: Option<(u32, Vec<u8>)>,
    /// How a nested call failed whose failure this frame passes on.
    pub passed_on: Option<FrameEnd>,
    /// What the last nested call answered.
    pub nested: Vec<u8>,
    pub cursors: BTreeMap<u32, Cursor>,
    pub next_cursor: u32,
    /// Consents to what the next nested call does.
    pub consents: Vec<AuthorizationRequest>,
    /// Who has been found to consent to this call.
    pub granted: Vec<Address>,
    /// Whether the module has probes.
    pub probed: bool,
}

impl Frame {
    pub fn new(work: Box<Work>, call: Call, probed: bool) -> Self {
        let active = work.active.len().saturating_sub(1);
        Self {
            work: Some(work),
            call,
            active,
            returned: Vec::new(),
            revert: None,
            passed_on: None,
            nested: Vec::new(),
            cursors: BTreeMap::new(),
            next_cursor: 0,
            consents: Vec::new(),
            granted: Vec::new(),
            probed,
        }
    }

    pub fn work(&mut self) -> Result<&mut Work, Stop> {
        self.work.as_deref_mut().ok_or(Stop::Fault)
    }

    /// Refuses in a read-only call.
    pub fn writes(&self) -> Result<(), Stop> {
        if self.call.read_only { Err(Stop::Trap(TrapCode::ReadOnly)) } else { Ok(()) }
    }

    fn dispatch(
        &mut self,
        function: HostFunction,
        a: &[u64],
        memory: &mut Memory<'_>,
        gas: &mut i64,
    ) -> Result<i64, Stop> {
        use HostFunction::*;
        match function {
            self_address => done(memory.write(a[0], &self.call.contract.0)),
            caller => done(memory.write(a[0], &self.call.caller.0)),
            origin => done(memory.write(a[0], &self.work()?.origin.0)),
            chain_id => Ok(self.work()?.block.chain.0 as i64),
            block_height => Ok(self.work()?.block.height.0 as i64),
            block_time_ms => Ok(self.work()?.block.time_ms as i64),
            parent_hash => done(memory.write(a[0], &self.work()?.block.parent.0)),
            gas_left => Ok(*gas),
            call_depth => Ok(i64::from(self.call.depth)),
            is_read_only => Ok(i64::from(self.call.read_only)),
            value => done(memory.write(a[0], &self.call.value.to_le_bytes())),

            input => {
                let rest = self.call.input.get(a[1] as usize..).unwrap_or_default();
                charge(gas, per_byte(function, a[2].min(rest.len() as u64)))?;
                memory.write_at_most(a[0], a[2], rest)?;
                Ok(self.call.input.len() as i64)
            }
            set_return | finish => {
                charge(gas, per_byte(function, a[1]))?;
                self.returned = memory.read_at_most(a[0], a[1], limits::MAX_RETURN_BYTES)?.to_vec();
                if function == finish { Err(Stop::Finished) } else { Ok(0) }
            }
            revert => {
                charge(gas, per_byte(function, a[2]))?;
                let data = memory.read_at_most(a[1], a[2], limits::MAX_RETURN_BYTES)?.to_vec();
                self.revert = Some((a[0] as u32, data));
                Err(Stop::Reverted)
            }

            storage_get | storage_set | storage_remove | storage_has | storage_length | storage_range
            | storage_next | storage_close | storage_add | transient_get | transient_set => {
                self.storage(function, a, memory, gas)
            }

            call | call_result | deploy | upload_code | code_hash | allow_reentrancy | balance | transfer => {
                self.outside(function, a, memory, gas)
            }

            require_auth => self.require_auth(memory.address(a[0])?, gas),
            authorize_call => {
                charge(gas, per_byte(function, a[2]))?;
                let contract = memory.address(a[0])?;
                let bytes = memory.read_at_most(a[1], a[2], limits::MAX_INPUT_BYTES)?;
                let input_hash = Hash(Sha3_256::digest(bytes).into());
                let address = self.call.contract;
                spend(&mut self.work()?.budgets.events, 96)?;
                self.consents.push(AuthorizationRequest { address, contract, input_hash });
                Ok(0)
            }
            emit => self.emit(a, memory, gas),
            debug_log => {
                charge(gas, per_byte(function, a[1]))?;
                memory.read_at_most(a[0], a[1], limits::MAX_EVENT_BYTES).map(|_| 0)
            }
            sha3_256 | keccak_256 | sha2_256 | blake3 | ed25519_verify | secp256k1_verify | secp256k1_recover
            | p256_verify => crypto::call(function, a, memory, gas),
            mul_div | u256_add | u256_sub | u256_mul | u256_mul_div => arithmetic::call(function, a, memory),
        }
    }

    fn emit(&mut self, a: &[u64], memory: &Memory<'_>, gas: &mut i64) -> Result<i64, Stop> {
        self.writes()?;
        let (count, length) = (a[1], a[3]);
        if count > u64::from(limits::MAX_TOPICS) {
            return Err(Stop::Trap(TrapCode::TooLong));
        }
        charge(gas, per_byte(HostFunction::emit, length + 32 * count))?;
        let data = memory.read_at_most(a[2], length, limits::MAX_EVENT_BYTES)?.to_vec();
        let topics = (0..count).map(|index| memory.hash(a[0] + 32 * index)).collect::<Result<Vec<_>, _>>()?;
        let contract = self.call.contract;
        let work = self.work()?;
        spend(&mut work.budgets.events, 64 + data.len() + 32 * topics.len())?;
        work.events.push(Event { contract, topics, data });
        Ok(0)
    }

    /// Whether an address consents to this very call.
    fn require_auth(&mut self, address: Address, gas: &mut i64) -> Result<i64, Stop> {
        if address == self.call.caller || self.granted.contains(&address) {
            return Ok(0);
        }
        // The input is hashed below, and it may be long.
        charge(gas, per_byte(HostFunction::require_auth, self.call.input.len() as u64))?;
        let contract = self.call.contract;
        let input_hash = Hash(Sha3_256::digest(&self.call.input).into());
        let read_only = self.call.read_only;
        let work = self.work()?;
        let request = AuthorizationRequest { address, contract, input_hash };
        let consent = work.consents.iter().position(|(_, consent)| *consent == request);
        if let Some(index) = consent {
            work.consents.remove(index);
        } else if read_only || !work.use_carried(&address, &contract, &input_hash)? {
            let Some(requests) = &mut work.requests else { return Ok(answer(HostError::Unauthorized)) };
            requests.push(request);
        }
        self.granted.push(address);
        Ok(0)
    }
}

impl Host for Frame {
    fn call(
        &mut self,
        function: HostFunction,
        arguments: &[u64],
        memory: &mut [u8],
        gas: &mut i64,
    ) -> Result<i64, Stop> {
        if self.probed && function == HostFunction::debug_log && arguments.get(1) == Some(&u64::from(PROBE)) {
            let trace = self.work()?.trace.as_mut();
            return trace.map_or(Ok(0), |trace| trace.point(arguments[0] as u32, *gas, memory));
        }
        let before = *gas;
        let recorded = self.work.as_ref().and_then(|work| work.trace.as_ref().map(|_| work.mark()));
        let mut memory = Memory::new(memory, recorded.is_some());
        let answer =
            charge(gas, function.cost().base).and_then(|()| self.dispatch(function, arguments, &mut memory, gas));
        // Not for a fault, after which there is no work and no receipt.
        if let Some(work) = &mut self.work {
            work.evidence.add(function, arguments, answer, *gas);
            if let Some(mark) = recorded {
                let gas = (before, *gas);
                work.record(
                    &mark,
                    Ended { function, arguments, answer, gas, accesses: memory.into_accesses(), changes: Vec::new() },
                )?;
            }
        }
        answer
    }
}

/// A call that answers 0.
fn done(result: Result<(), Stop>) -> Result<i64, Stop> {
    result.map(|()| 0)
}
