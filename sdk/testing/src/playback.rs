//! One frame of a contract as native code, on host calls that were recorded: for debuggers.
//!
//! A recording is made from a transaction of a ledger. The contract's native code runs as it did on the chain, but every
//! question to the host is answered from the recording, so that nothing of the chain is needed and each run is the same.

use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_host_functions::{Host, HostFunction, Stop, TrapCode};
use counterpart_sdk::{NativeContract, NativeEnd, run_native};
use std::any::Any;
use std::fmt;

/// Format of the encoding.
const FORMAT: u8 = 1;

/// A frame's questions and the host's answers.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Recording {
    format: u8,
    /// Whether it is a constructor.
    pub deploy: bool,
    /// Gas at its beginning.
    pub gas: i64,
    /// In order.
    pub calls: Vec<RecordedCall>,
}

/// A host call.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct RecordedCall {
    /// The host function's name.
    pub function: String,
    /// What the host answered; none when it stopped the frame.
    pub answer: Option<i64>,
    /// Gas that it left.
    pub gas: i64,
    /// What it read of the frame's memory.
    pub reads: Vec<Part>,
    /// What it wrote there.
    pub writes: Vec<Part>,
}

/// Bytes in a frame's memory, by the pointer of a parameter.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Part {
    /// Index of the parameter.
    pub parameter: u8,
    /// Bytes behind its pointer.
    pub offset: u32,
    /// What is there.
    pub bytes: Vec<u8>,
}

/// How a playback ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Played {
    /// Every host call was as recorded.
    Equal {
        /// How many.
        calls: usize,
        /// How the native code ended.
        end: NativeEnd,
    },
    /// The native code asked for something else.
    Differs {
        /// The number of the host call.
        call: usize,
        /// What was recorded, and what was asked.
        why: String,
    },
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal { calls, end } => {
                write!(f, "{calls} host calls were as recorded; the native code ended with {end:?}")
            }
            Self::Differs { call, why } => write!(f, "host call {call} is not as recorded: {why}"),
        }
    }
}

impl Recording {
    /// A recording of host calls.
    pub fn new(deploy: bool, gas: i64, calls: Vec<RecordedCall>) -> Self {
        Self { format: FORMAT, deploy, gas, calls }
    }

    /// Its encoding.
    ///
    /// # Panics
    /// Never: memory takes any bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("a recording can be encoded")
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        match bytes.first() {
            Some(&FORMAT) => borsh::from_slice(bytes).map_err(|error| format!("the recording cannot be read: {error}")),
            other => Err(format!("the recording has format {other:?}; this version reads format {FORMAT}")),
        }
    }

    /// Runs the contract's native code on it.
    pub fn play(&self, contract: NativeContract) -> Played {
        let entry = if self.deploy { contract.deploy } else { contract.call };
        let player = Player { calls: self.calls.clone(), next: 0, differs: None };
        let run = run_native(entry, Box::new(player), self.gas);
        let host: Box<dyn Any> = run.host;
        let lost = || Played::Differs { call: 0, why: "the host was lost".into() };
        let Ok(player) = host.downcast::<Player>() else { return lost() };
        if let Some((call, why)) = player.differs {
            return Played::Differs { call, why };
        }
        if player.next < self.calls.len() {
            let next = &self.calls[player.next].function;
            return Played::Differs {
                call: player.next,
                why: format!("recorded {next}, the native code ended before"),
            };
        }
        Played::Equal { calls: player.next, end: run.end }
    }
}

/// Runs a contract's native code on the recording that the program's first argument names, and says how it ended: the `main`
/// of what `counterpart debug --native` builds.
pub fn main(contract: NativeContract) -> std::process::ExitCode {
    let path = std::env::args_os().nth(1).unwrap_or_default();
    let read = std::fs::read(&path).map_err(|error| error.to_string());
    match read.and_then(|bytes| Recording::from_bytes(&bytes)) {
        Ok(recording) => {
            let played = recording.play(contract);
            println!("{played}");
            if matches!(played, Played::Equal { .. }) { std::process::ExitCode::SUCCESS } else { 1.into() }
        }
        Err(error) => {
            eprintln!("error: {}: {error}", path.display());
            2.into()
        }
    }
}

/// Answers from a recording.
struct Player {
    calls: Vec<RecordedCall>,
    next: usize,
    differs: Option<(usize, String)>,
}

impl Host for Player {
    fn call(
        &mut self,
        function: HostFunction,
        arguments: &[u64],
        memory: &mut [u8],
        gas: &mut i64,
    ) -> Result<i64, Stop> {
        let number = self.next;
        let stop = Err(Stop::Trap(TrapCode::HostPanic));
        let Some(recorded) = self.calls.get(number) else {
            self.differs.get_or_insert((number, format!("nothing was recorded, {} is asked", function.name())));
            return stop;
        };
        if let Err(why) = compare(recorded, function, arguments, memory) {
            self.differs.get_or_insert((number, why));
            return stop;
        }
        for part in &recorded.writes {
            if let Some(place) = place(part, arguments).and_then(|range| memory.get_mut(range)) {
                place.copy_from_slice(&part.bytes);
            }
        }
        self.next += 1;
        *gas = recorded.gas;
        match recorded.answer {
            Some(answer) => Ok(answer),
            None => Err(match function {
                HostFunction::finish => Stop::Finished,
                HostFunction::revert => Stop::Reverted,
                _ if recorded.gas < 0 => Stop::OutOfGas,
                _ => Stop::Trap(TrapCode::Wasm),
            }),
        }
    }
}

fn place(part: &Part, arguments: &[u64]) -> Option<std::ops::Range<usize>> {
    let start =
        usize::try_from(*arguments.get(usize::from(part.parameter))?).ok()?.checked_add(part.offset as usize)?;
    Some(start..start.checked_add(part.bytes.len())?)
}

fn compare(recorded: &RecordedCall, function: HostFunction, arguments: &[u64], memory: &[u8]) -> Result<(), String> {
    if recorded.function != function.name() {
        return Err(format!("recorded {}, the native code asks {}", recorded.function, function.name()));
    }
    for part in &recorded.reads {
        let found = place(part, arguments).and_then(|range| memory.get(range));
        if found != Some(part.bytes.as_slice()) {
            let parameter = function.params().get(usize::from(part.parameter)).map_or("?", |(name, _)| *name);
            return Err(format!(
                "{} was given {:02x?} as `{parameter}`, the native code gives {:02x?}",
                function.name(),
                part.bytes,
                found.unwrap_or_default()
            ));
        }
    }
    Ok(())
}
