//! A host that records what it is asked and answers from that alone.

use counterpart_host_functions::{Host, HostFunction, Param, Stop, TrapCode};

/// Calls that one frame may make before the host stops it.
const MAX_CALLS: usize = 2_000;

/// One host call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostCall {
    /// The row of the table.
    pub function: HostFunction,
    /// Its arguments.
    pub arguments: Vec<u64>,
    /// The gas when it came in.
    pub gas: i64,
    /// The memory's length.
    pub memory_bytes: usize,
}

/// Records calls; charges each one's base cost, writes to memory, answers and stops as a pure function of the call.
#[derive(Default, Debug)]
pub struct Recorder {
    /// The calls so far.
    pub calls: Vec<HostCall>,
    /// The function whose next call panics.
    pub panics: Option<HostFunction>,
}

impl Host for Recorder {
    fn call(
        &mut self,
        function: HostFunction,
        arguments: &[u64],
        memory: &mut [u8],
        gas: &mut i64,
    ) -> Result<i64, Stop> {
        let call = HostCall { function, arguments: arguments.to_vec(), gas: *gas, memory_bytes: memory.len() };
        self.calls.push(call);
        *gas -= function.cost().base as i64;
        if *gas < 0 {
            return Err(Stop::OutOfGas);
        }
        assert!(self.panics != Some(function), "the test asked {} to panic", function.name());
        if self.calls.len() >= MAX_CALLS {
            return Err(Stop::Trap(TrapCode::Budget));
        }
        match function {
            HostFunction::finish => return Err(Stop::Finished),
            HostFunction::revert => return Err(Stop::Reverted),
            _ => {}
        }
        let pointers = function.params().iter().zip(arguments).filter(|((_, kind), _)| *kind == Param::U32);
        for ((name, _), argument) in pointers {
            if name.contains("out") {
                let end = argument.checked_add(8).filter(|end| *end <= memory.len() as u64);
                let end = end.ok_or(Stop::Trap(TrapCode::BadPointer))?;
                memory[*argument as usize..end as usize].copy_from_slice(&(self.calls.len() as u64).to_le_bytes());
            }
        }
        Ok(arguments
            .iter()
            .fold(self.calls.len() as i64, |sum, argument| sum.wrapping_mul(31).wrapping_add(*argument as i64)))
    }
}
