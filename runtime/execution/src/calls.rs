//! From frame to frame: calls, deployments, code, native currency.

use crate::ExecutionFault;
use crate::engine::{End, Entry, Invocation, Run};
use crate::frame::{Call, Frame};
use crate::gas::{charge, instance, per_byte};
use crate::memory::Memory;
use crate::records::{self, ContractRecord, contract_key};
use crate::work::{Active, Work, answer};
use counterpart_host_functions::{CallStatus, HostError, HostFunction, Stop, TrapCode, call_flags, limits};
use counterpart_ledger::{Address, Hash, contract_address, encode};
use counterpart_module::PreparedModule;
use std::any::Any;
use std::sync::Arc;

/// How a frame ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum FrameEnd {
    Success(Vec<u8>),
    Revert { contract: Address, code: u32, data: Vec<u8> },
    OutOfGas,
    StackExhausted,
    Trap { contract: Address, code: TrapCode },
    NoContract(Address),
    NoCode(Hash),
    AddressTaken(Address),
    InsufficientBalance,
}

/// The work is lost with the engine when it fails; the node stops.
pub(crate) type Ran = Result<(Box<Work>, FrameEnd), ExecutionFault>;

/// Calls the contract at an address.
pub(crate) fn call_contract(mut work: Box<Work>, call: Call, gas: &mut i64) -> Ran {
    let contract = call.contract;
    let Some(module) = work.contract_module(&contract)? else {
        return Ok((work, FrameEnd::NoContract(contract)));
    };
    if work.active.iter().any(|active| active.contract == contract && !active.reentrancy) {
        return Ok((work, FrameEnd::Trap { contract, code: TrapCode::Reentrancy }));
    }
    enter(work, call, Entry::Call, &module, gas, false).map(|(work, end, _)| (work, end))
}

/// What a deployment is made of.
pub(crate) struct Deployment {
    pub creator: Address,
    pub code_hash: Hash,
    pub salt: Hash,
    pub input: Vec<u8>,
    pub value: u128,
    pub depth: u32,
}

/// Makes a contract and runs its constructor; answers its address, made or not.
pub(crate) fn deploy_contract(
    mut work: Box<Work>,
    deployment: Deployment,
    gas: &mut i64,
) -> Result<(Box<Work>, FrameEnd, Address), ExecutionFault> {
    let Deployment { creator, code_hash, salt, input, value, depth } = deployment;
    let address = contract_address(&creator, &code_hash, &salt);
    if records::contract(&work.view, &address)?.is_some() {
        return Ok((work, FrameEnd::AddressTaken(address), address));
    }
    let Some(module) = work.module(&code_hash)? else {
        return Ok((work, FrameEnd::NoCode(code_hash), address));
    };
    let mark = work.mark();
    let record = ContractRecord { code_hash, creator, deployed_at: work.block.height };
    work.view.set(contract_key(&address), Some(encode(&record)));
    let call = Call { contract: address, caller: creator, input, value, read_only: false, depth };
    let (mut work, end, _) = enter(work, call, Entry::Deploy, &module, gas, false)?;
    if !matches!(end, FrameEnd::Success(_)) {
        work.undo_to(&mark);
    }
    Ok((work, end, address))
}

/// Runs a frame; answers what the engine said, too, unless the frame could not begin.
pub(crate) fn enter(
    mut work: Box<Work>,
    call: Call,
    entry: Entry<'_>,
    module: &Arc<PreparedModule>,
    gas: &mut i64,
    hash_memory: bool,
) -> Result<(Box<Work>, FrameEnd, Option<Run>), ExecutionFault> {
    if let Some(trace) = &mut work.trace {
        trace.enter(&call, matches!(entry, Entry::Deploy), module, *gas);
    }
    let (mut work, end, run) = run_frame(work, call, entry, module, gas, hash_memory)?;
    if let Some(trace) = &mut work.trace {
        trace.leave(&end, *gas);
    }
    Ok((work, end, run))
}

fn run_frame(
    mut work: Box<Work>,
    call: Call,
    entry: Entry<'_>,
    module: &Arc<PreparedModule>,
    gas: &mut i64,
    hash_memory: bool,
) -> Result<(Box<Work>, FrameEnd, Option<Run>), ExecutionFault> {
    let (contract, caller, value) = (call.contract, call.caller, call.value);
    if call.depth > limits::MAX_CALL_DEPTH {
        return Ok((work, FrameEnd::Trap { contract, code: TrapCode::CallDepth }, None));
    }
    if charge(gas, instance(module)).is_err() {
        return Ok((work, FrameEnd::OutOfGas, None));
    }
    let mark = work.mark();
    if value > 0 && !work.transfer(&caller, &contract, value)? {
        return Ok((work, FrameEnd::InsufficientBalance, None));
    }
    work.active.push(Active { contract, reentrancy: false });
    if let Some(trace) = &mut work.trace {
        trace.begin(*gas);
    }
    let (engine, stack) = (work.engine.clone(), i64::from(work.modules.profile().stack_slots));
    let invocation = Invocation { module, entry, gas: *gas, stack, hash_memory };
    let (run, host) = engine.run(invocation, Box::new(Frame::new(work, call, module.probes.is_some())))?;
    let host: Box<dyn Any> = host;
    let mut frame = host.downcast::<Frame>().map_err(|_| ExecutionFault("the engine gave another host back".into()))?;
    let work = frame.work.take();
    let mut work = work.ok_or_else(|| ExecutionFault("a nested frame was lost".into()))?;
    work.active.pop();
    *gas = run.gas.max(0);
    let end = match run.end {
        End::Host(Stop::Fault) => {
            return Err(ExecutionFault(work.fault.take().unwrap_or_else(|| "a nested frame failed".into())));
        }
        End::Returned | End::Host(Stop::Finished) => FrameEnd::Success(std::mem::take(&mut frame.returned)),
        _ if frame.passed_on.is_some() => frame.passed_on.take().unwrap_or(FrameEnd::OutOfGas),
        End::Host(Stop::Reverted) => {
            let (code, data) = frame.revert.take().unwrap_or_default();
            FrameEnd::Revert { contract, code, data }
        }
        End::OutOfGas | End::Host(Stop::OutOfGas) => {
            *gas = 0;
            FrameEnd::OutOfGas
        }
        End::StackExhausted => FrameEnd::StackExhausted,
        End::Host(Stop::Trap(code)) => FrameEnd::Trap { contract, code },
        End::Trapped => FrameEnd::Trap { contract, code: TrapCode::Wasm },
        End::NoEntry => FrameEnd::Trap { contract, code: TrapCode::NoEntry },
    };
    if !matches!(end, FrameEnd::Success(_)) {
        work.undo_to(&mark);
    }
    Ok((work, end, Some(run)))
}

impl FrameEnd {
    /// The status that a caller with `TRY` sees, and the data for `call_result`.
    fn into_status(self) -> (CallStatus, Vec<u8>) {
        match self {
            Self::Success(data) => (CallStatus::Success, data),
            Self::Revert { code, data, .. } => (CallStatus::Revert, [&code.to_le_bytes()[..], &data].concat()),
            Self::OutOfGas => (CallStatus::OutOfGas, Vec::new()),
            Self::StackExhausted => (CallStatus::StackExhausted, Vec::new()),
            Self::Trap { .. } => (CallStatus::Trap, Vec::new()),
            Self::NoContract(_) => (CallStatus::NoContract, Vec::new()),
            Self::NoCode(_) => (CallStatus::NoCode, Vec::new()),
            Self::AddressTaken(_) => (CallStatus::AddressTaken, Vec::new()),
            Self::InsufficientBalance => (CallStatus::InsufficientBalance, Vec::new()),
        }
    }
}

impl Frame {
    /// Host functions that reach outside the running contract.
    pub(crate) fn outside(
        &mut self,
        function: HostFunction,
        a: &[u64],
        memory: &mut Memory<'_>,
        gas: &mut i64,
    ) -> Result<i64, Stop> {
        use HostFunction::{allow_reentrancy, balance, call, call_result, code_hash, deploy, upload_code};
        match function {
            call => self.call_from_contract(a, memory, gas),
            deploy => self.deploy_from_contract(a, memory, gas),
            call_result => {
                let rest = self.nested.get(a[1] as usize..).unwrap_or_default();
                charge(gas, per_byte(function, a[2].min(rest.len() as u64)))?;
                memory.write_at_most(a[0], a[2], rest)?;
                Ok(self.nested.len() as i64)
            }
            upload_code => {
                self.writes()?;
                charge(gas, per_byte(function, a[1]))?;
                let code = memory.read(a[0], a[1])?;
                let work = self.work()?;
                let module = work.upload(code).map_err(|fault| work.fault(fault))?;
                let module = module.map_err(|_| Stop::Trap(TrapCode::BadModule))?;
                memory.write(a[2], &module.original_hash.0)?;
                Ok(0)
            }
            code_hash => {
                let address = memory.address(a[0])?;
                let work = self.work()?;
                let record = records::contract(&work.view, &address).map_err(|fault| work.fault(fault))?;
                match record {
                    Some(record) => memory.write(a[1], &record.code_hash.0).map(|()| 0),
                    None => Ok(answer(HostError::NotFound)),
                }
            }
            allow_reentrancy => {
                if a[0] > 1 {
                    return Err(Stop::Trap(TrapCode::BadArgument));
                }
                let index = self.active;
                if let Some(active) = self.work()?.active.get_mut(index) {
                    active.reentrancy = a[0] == 1;
                }
                Ok(0)
            }
            balance => {
                let address = memory.address(a[0])?;
                let work = self.work()?;
                let account = work.account(&address).map_err(|fault| work.fault(fault))?;
                memory.write(a[1], &account.balance.to_le_bytes())?;
                Ok(0)
            }
            _ => {
                self.writes()?;
                let (to, amount) = (memory.address(a[0])?, memory.u128(a[1])?);
                let from = self.call.contract;
                let work = self.work()?;
                let sent = work.transfer(&from, &to, amount).map_err(|fault| work.fault(fault))?;
                Ok(if sent { 0 } else { answer(HostError::InsufficientBalance) })
            }
        }
    }

    fn call_from_contract(&mut self, a: &[u64], memory: &Memory<'_>, gas: &mut i64) -> Result<i64, Stop> {
        let flags = known_flags(a[5])?;
        charge(gas, per_byte(HostFunction::call, a[2]))?;
        let value = if a[3] == 0 { 0 } else { memory.u128(a[3])? };
        if value > 0 {
            self.writes()?;
        }
        let call = Call {
            contract: memory.address(a[0])?,
            caller: self.call.contract,
            input: memory.read_at_most(a[1], a[2], limits::MAX_INPUT_BYTES)?.to_vec(),
            value,
            read_only: self.call.read_only || flags & call_flags::READ_ONLY != 0,
            depth: self.call.depth + 1,
        };
        if call.read_only && value > 0 {
            return Err(Stop::Trap(TrapCode::ReadOnly));
        }
        self.nest(gas, a[4], flags, |work, gas| call_contract(work, call, gas))
    }

    fn deploy_from_contract(&mut self, a: &[u64], memory: &mut Memory<'_>, gas: &mut i64) -> Result<i64, Stop> {
        self.writes()?;
        let flags = known_flags(a[6])?;
        charge(gas, per_byte(HostFunction::deploy, a[3]))?;
        let deployment = Deployment {
            creator: self.call.contract,
            code_hash: memory.hash(a[0])?,
            salt: memory.hash(a[1])?,
            input: memory.read_at_most(a[2], a[3], limits::MAX_INPUT_BYTES)?.to_vec(),
            value: if a[4] == 0 { 0 } else { memory.u128(a[4])? },
            depth: self.call.depth + 1,
        };
        let address = contract_address(&deployment.creator, &deployment.code_hash, &deployment.salt);
        memory.write(a[7], &address.0)?;
        self.nest(gas, a[5], flags, |work, gas| {
            deploy_contract(work, deployment, gas).map(|(work, end, _)| (work, end))
        })
    }

    /// Runs a nested frame within a gas budget.
    fn nest(
        &mut self,
        gas: &mut i64,
        asked: u64,
        flags: u32,
        run: impl FnOnce(Box<Work>, &mut i64) -> Ran,
    ) -> Result<i64, Stop> {
        // What stays with the caller lets it handle a callee that used everything.
        let most = *gas - *gas / 64;
        let budget = if asked == 0 { most } else { most.min(i64::try_from(asked).unwrap_or(i64::MAX)) };
        let depth = self.call.depth;
        let mut work = self.work.take().ok_or(Stop::Fault)?;
        work.consents.extend(self.consents.drain(..).map(|consent| (depth, consent)));
        let mut left = budget;
        let (mut work, end) = match run(work, &mut left) {
            Ok(ran) => ran,
            // The work is gone; the frame around this one answers for the fault.
            Err(_) => return Err(Stop::Fault),
        };
        work.consents.retain(|(level, _)| *level != depth);
        self.work = Some(work);
        *gas -= budget - left;
        if flags & call_flags::TRY == 0 && !matches!(end, FrameEnd::Success(_)) {
            self.passed_on = Some(end);
            return Err(Stop::Trap(TrapCode::Callee));
        }
        let (status, data) = end.into_status();
        self.nested = data;
        Ok(status.number())
    }
}

fn known_flags(flags: u64) -> Result<u32, Stop> {
    let flags = flags as u32;
    if flags & !call_flags::ALL == 0 { Ok(flags) } else { Err(Stop::Trap(TrapCode::BadArgument)) }
}
