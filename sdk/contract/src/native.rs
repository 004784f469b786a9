//! Contracts as native code: the same source, the same host, no engine.

use crate::abi::Interface;
use crate::dispatch::Contract;
use counterpart_host_functions::{Host, HostFunction, Stop, TrapCode};
use std::any::Any;
use std::boxed::Box;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::vec::Vec;

/// A contract whose entry points are native functions.
#[derive(Clone, Copy, Debug)]
pub struct NativeContract {
    /// Its interface.
    pub interface: &'static Interface,
    /// Runs a constructor.
    pub deploy: fn(),
    /// Runs a method.
    pub call: fn(),
}

impl NativeContract {
    /// The native code of a contract.
    pub fn of<C: Contract>() -> Self {
        Self { interface: C::INTERFACE, deploy: C::deploy, call: C::call }
    }
}

/// How native code ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NativeEnd {
    /// The entry point returned.
    Returned,
    /// The host stopped it.
    Stopped(Stop),
    /// It panicked, which is a trap in Wasm.
    Panicked,
}

/// What is left after native code ran.
pub struct NativeRun {
    /// How it ended.
    pub end: NativeEnd,
    /// Gas left; native instructions cost nothing.
    pub gas: i64,
    /// The host, given back.
    pub host: Box<dyn Host>,
}

struct Frame {
    host: Box<dyn Host>,
    gas: i64,
    stop: Option<Stop>,
}

thread_local! {
    static FRAME: RefCell<Option<Frame>> = const { RefCell::new(None) };
}

/// Unwinds native code when the host says stop.
struct Unwind;

/// Runs an entry point against a host.
///
/// # Panics
/// If the host was lost, which only a panic inside the SDK itself can cause.
pub fn run_native(entry: fn(), host: Box<dyn Host>, gas: i64) -> NativeRun {
    let outer = FRAME.replace(Some(Frame { host, gas, stop: None }));
    let result = catch_unwind(AssertUnwindSafe(entry));
    let frame = FRAME.replace(outer).expect("the frame is put back after each host call");
    let end = match (frame.stop, result) {
        (Some(stop), _) => NativeEnd::Stopped(stop),
        (None, Ok(())) => NativeEnd::Returned,
        (None, Err(_)) => NativeEnd::Panicked,
    };
    NativeRun { end, gas: frame.gas, host: frame.host }
}

/// An argument of a host call.
pub(crate) enum Argument<'a> {
    Number(u64),
    Read(&'a [u8]),
    Write(&'a mut [u8]),
}

/// Carries out a host call: lays the slices out in a memory made for this call.
pub(crate) fn invoke(function: HostFunction, arguments: &mut [Argument<'_>]) -> i64 {
    let Some(mut frame) = FRAME.take() else {
        panic!("{} needs a host: run the contract on a chain of counterpart_testing", function.name());
    };
    // Address 0 stays unused: 0 means "none" where a pointer may be left out.
    let mut memory = std::vec![0; 8];
    let mut values: Vec<u64> = Vec::with_capacity(arguments.len());
    for argument in arguments.iter() {
        let bytes: &[u8] = match argument {
            Argument::Number(number) => {
                values.push(*number);
                continue;
            }
            Argument::Read(bytes) => bytes,
            Argument::Write(bytes) => bytes,
        };
        values.push(memory.len() as u64);
        memory.extend_from_slice(bytes);
    }
    let answer = catch_unwind(AssertUnwindSafe(|| frame.host.call(function, &values, &mut memory, &mut frame.gas)));
    let answer = answer.unwrap_or(Err(Stop::Trap(TrapCode::HostPanic)));
    if let Err(stop) = answer {
        frame.stop = Some(stop);
    }
    FRAME.set(Some(frame));
    for (argument, value) in arguments.iter_mut().zip(&values) {
        if let Argument::Write(bytes) = argument {
            let start = *value as usize;
            bytes.copy_from_slice(&memory[start..start + bytes.len()]);
        }
    }
    answer.unwrap_or_else(|_| resume_unwind(Box::new(Unwind) as Box<dyn Any + Send>))
}
